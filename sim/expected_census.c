#include "expected_census.h"

#include "checked.h"
#include "expected_parts.h"

static void shift(tb_expectation *expectation, double by)
{
    expectation->mean += by;
    expectation->low += by;
    expectation->high += by;
}

/* What extra tokens add is no random count: as in census.c. */
static void add_extra_tokens(const tb_problem *problem, const tb_span_form *form,
                             tb_expected_census *out)
{
    double extra_kv = (double)problem->extra_kv, extra_q = (double)problem->extra_q;
    double tokens = (double)form->tokens, q_tiles = (double)form->q_tiles;
    double more_kv = (double)tb_ceil_div(problem->extra_kv, form->kv_tile);
    double whole_kv = (double)(problem->extra_kv / form->kv_tile);
    double more_q = (double)tb_ceil_div(problem->extra_q, form->q_tile);
    double kv_tiles = (double)form->kv_tiles + more_kv;
    shift(&out->visited, q_tiles * more_kv + more_q * kv_tiles);
    shift(&out->full, q_tiles * whole_kv + more_q * ((double)form->whole_kv_tiles + whole_kv));
    shift(&out->visible_pairs, tokens * extra_kv + extra_q * (tokens + extra_kv));
    shift(&out->max, more_kv);
    if (more_q > 0) {
        out->max = (tb_expectation){.mean = kv_tiles, .low = kv_tiles, .high = kv_tiles};
    }
}

static tb_status expect_kept(const tb_kept *kept, const tb_pattern *pattern,
                             const tb_span_form *form, int64_t samples, tb_expected_census *out,
                             tb_error *err)
{
    tb_kept_moments exact;
    tb_status status = tb_kept_expect(kept, form, &exact, err);
    if (status != TB_OK) {
        return status;
    }
    out->is_closed_form = true;
    if (!exact.has_variance) {
        out->is_interval_sampled = true;
        return tb_expect_by_samples(pattern, form, samples, &exact, out, err);
    }
    double tiles = (double)form->q_tiles * (double)form->kv_tiles;
    double pairs = (double)form->tokens * (double)form->tokens;
    out->q_tiles_counted = form->q_tiles;
    out->visited = tb_expect_normal(exact.visited.mean, exact.visited.variance, 0, tiles);
    out->full = tb_expect_normal(exact.full.mean, exact.full.variance, 0, tiles);
    out->visible_pairs = tb_expect_normal(exact.pairs.mean, exact.pairs.variance, 0, pairs);
    out->max = exact.max;
    return TB_OK;
}

static tb_status check(const tb_problem *problem, const tb_pattern *pattern,
                       const tb_tiling *tiling, int64_t samples, tb_error *err)
{
    tb_status status = tb_problem_check(problem, err);
    if (status == TB_OK) {
        status = tb_pattern_check(pattern, &problem->layout, err);
    }
    if (status == TB_OK) {
        status = tb_tiling_check(tiling, problem, pattern, err);
    }
    if (status == TB_OK && !tb_pattern_is_random(pattern)) {
        return tb_fail(err, TB_EINVAL,
                       "a %s pattern is the same for any content; count it by its census",
                       tb_pattern_name(pattern->kind));
    }
    if (status == TB_OK && (samples < 2 || samples > 1000000)) {
        return tb_fail(err, TB_EINVAL, "%lld samples; from 2 to 1000000", (long long)samples);
    }
    return status;
}

tb_status tb_census_expect(const tb_problem *problem, const tb_pattern *pattern,
                           const tb_tiling *tiling, int64_t samples, tb_expected_census *out,
                           tb_error *err)
{
    tb_status status = check(problem, pattern, tiling, samples, err);
    if (status != TB_OK) {
        return status;
    }
    tb_expected_census made = {.seed = pattern->seed};
    tb_span_form form;
    tb_kept kept;
    if (!tb_span_form_of(problem, pattern, tiling, &form)) {
        status = tb_expect_by_census(problem, pattern, tiling, samples, &made, err);
    } else if (tb_kept_of(pattern, &problem->layout, &kept)) {
        status = expect_kept(&kept, pattern, &form, samples, &made, err);
        add_extra_tokens(problem, &form, &made);
    } else {
        status = tb_expect_by_samples(pattern, &form, samples, NULL, &made, err);
        add_extra_tokens(problem, &form, &made);
    }
    if (status == TB_OK) {
        *out = made;
    }
    return status;
}
