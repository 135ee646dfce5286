#include "census.h"

#include "census_parts.h"
#include "checked.h"

int64_t tb_census_partial(const tb_census *census)
{
    return census->visited - census->full;
}

bool tb_census_empty(const tb_census *census, int64_t *out)
{
    return tb_mul_ok(census->q_tiles, census->kv_tiles, out) &&
           tb_add_ok(*out, -census->visited, out);
}

static tb_status overflow(tb_error *err)
{
    return tb_fail(err, TB_EOVERFLOW, "the tiles of this problem pass 2^63 - 1; make it smaller");
}

/* Every query tile of the layout visits the tiles of the extra KV tokens. */
static bool add_extra_kv(tb_own_census *own, tb_histogram *visited_tiles, int64_t tokens,
                         int64_t extra_kv, int64_t kv_tile)
{
    tb_census *census = &own->census;
    int64_t tiles = tb_ceil_div(extra_kv, kv_tile), whole = extra_kv / kv_tile, pairs;
    if (visited_tiles != NULL) {
        tb_histogram_shift(visited_tiles, tiles);
    }
    if (census->kv_max > 0 && tiles > 0) { /* backward: these KV tiles have all query tiles */
        census->kv_max = census->q_tiles;
    }
    return tb_mul_add_ok(census->q_tiles, tiles, &census->visited) &&
           tb_mul_add_ok(census->q_tiles, whole, &census->full) &&
           tb_mul_ok(tokens, extra_kv, &pairs) &&
           tb_add_ok(census->visible_pairs, pairs, &census->visible_pairs) &&
           tb_add_ok(census->real_pairs, pairs, &census->real_pairs) &&
           tb_add_ok(census->kv_tiles, tiles, &census->kv_tiles) &&
           tb_add_ok(own->whole_kv_tiles, whole, &own->whole_kv_tiles) &&
           tb_add_ok(census->min, tiles, &census->min) &&
           tb_add_ok(census->max, tiles, &census->max);
}

/* The tiles of the extra queries visit every KV tile. */
static bool add_extra_q(tb_own_census *own, int64_t keys, int64_t extra_q, int64_t q_tile)
{
    tb_census *census = &own->census;
    int64_t tiles = tb_ceil_div(extra_q, q_tile), pairs;
    if (tiles == 0) {
        return true;
    }
    census->max = tb_max(census->max, census->kv_tiles);
    if (census->kv_max > 0) {
        census->kv_min += tiles;
        census->kv_max += tiles;
    }
    return tb_mul_add_ok(census->kv_tiles, tiles, &census->visited) &&
           tb_mul_add_ok(own->whole_kv_tiles, tiles, &census->full) &&
           tb_mul_ok(keys, extra_q, &pairs) &&
           tb_add_ok(census->visible_pairs, pairs, &census->visible_pairs) &&
           tb_add_ok(census->real_pairs, pairs, &census->real_pairs) &&
           tb_add_ok(census->q_tiles, tiles, &census->q_tiles) &&
           tb_add_ok(census->launched_q_tiles, tiles, &census->launched_q_tiles);
}

static tb_status add_extra_tokens(const tb_problem *problem, const tb_tiling *tiling,
                                  tb_own_census *own, tb_histogram *visited_tiles, tb_error *err)
{
    int64_t tokens = tb_layout_tokens(&problem->layout);
    int64_t q_tile = tb_tiling_q_tokens(tiling, &problem->layout);
    int64_t kv_tile = tb_tiling_kv_tokens(tiling, &problem->layout);
    if (!add_extra_kv(own, visited_tiles, tokens, problem->extra_kv, kv_tile) ||
        !add_extra_q(own, tokens + problem->extra_kv, problem->extra_q, q_tile)) {
        return overflow(err);
    }
    if (visited_tiles != NULL && problem->extra_q > 0) {
        return tb_histogram_add(visited_tiles, own->census.kv_tiles,
                                tb_ceil_div(problem->extra_q, q_tile), err);
    }
    return TB_OK;
}

/* What must hold of any census, whatever the pattern; a failure is our bug. */
static tb_status check_census(const tb_census *census, int64_t tile_pairs, tb_error *err)
{
    int64_t all_tiles = 0, pairs_in_tiles;
    bool all_fit = tb_mul_ok(census->q_tiles, census->kv_tiles, &all_tiles);
    if (!tb_mul_ok(census->visited, tile_pairs, &pairs_in_tiles)) {
        return overflow(err);
    }
    const char *broken = NULL;
    if (census->visible_pairs <= 0 || census->visible_pairs > census->dense_pairs) {
        broken = "0 < visible pairs <= dense pairs";
    } else if (census->visible_pairs > census->real_pairs || census->real_pairs > pairs_in_tiles) {
        broken = "visible pairs <= real pairs in visited tiles <= visited tiles x tile size";
    } else if (census->full < 0 || census->full > census->visited ||
               (all_fit && census->visited > all_tiles)) {
        broken = "0 <= full <= visited <= query tiles x KV tiles";
    } else if (census->min > census->max ||
               (double)census->min * (double)census->q_tiles >
                   (double)census->visited * (1 + 1e-12) ||
               (double)census->max * (double)census->q_tiles <
                   (double)census->visited * (1 - 1e-12)) {
        broken = "min <= mean <= max";
    } else if (census->q_tiles > census->launched_q_tiles) {
        broken = "query tiles <= launched query tiles";
    }
    if (broken == NULL) {
        return TB_OK;
    }
    return tb_fail(err, TB_EINTERNAL,
                   "internal check failed: %s; please report this command as a bug", broken);
}

tb_status tb_census_count(const tb_problem *problem, const tb_pattern *pattern,
                          const tb_tiling *tiling, tb_histogram *visited_tiles, tb_census *out,
                          tb_error *err)
{
    tb_status status = tb_problem_check(problem, err);
    if (status == TB_OK) {
        status = tb_pattern_check(pattern, &problem->layout, err);
    }
    if (status == TB_OK) {
        status = tb_tiling_check(tiling, problem, pattern, err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_own_census own;
    tb_closed_form form;
    tb_span_form span_form;
    if (tb_closed_form_of(problem, pattern, tiling, &form)) {
        status = tb_census_closed(&form, problem, visited_tiles, &own, err);
    } else if (tb_span_form_of(problem, pattern, tiling, &span_form)) {
        status = tb_census_spans(&span_form, problem, visited_tiles, &own, err);
    } else {
        status = tb_census_rows(problem, pattern, tiling, visited_tiles, &own, err);
    }
    if (status == TB_OK) {
        status = add_extra_tokens(problem, tiling, &own, visited_tiles, err);
    }
    if (status != TB_OK) {
        return status;
    }
    int64_t tokens = tb_layout_tokens(&problem->layout);
    own.census.dense_pairs = (tokens + problem->extra_q) * (tokens + problem->extra_kv);
    int64_t tile_pairs = tb_tiling_q_tokens(tiling, &problem->layout) *
                         tb_tiling_kv_tokens(tiling, &problem->layout);
    status = check_census(&own.census, tile_pairs, err);
    if (status == TB_OK) {
        *out = own.census;
    }
    return status;
}
