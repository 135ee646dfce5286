#include "bound.h"

#include "checked.h"

const char *const tb_baseline_names[TB_BASELINE_COUNT] = {"self", "causal"};

static tb_status overflow(tb_error *err)
{
    return tb_fail(err, TB_EOVERFLOW,
                   "the baseline's tiles pass 2^63 - 1; make the layout smaller");
}

static tb_status self_baseline(const tb_problem *problem, int64_t q_tile, int64_t kv_tile,
                               tb_bound *bound, tb_error *err)
{
    int64_t n = tb_layout_tokens(&problem->layout);
    int64_t q_tiles = tb_ceil_div(n, q_tile) + tb_ceil_div(problem->extra_q, q_tile);
    int64_t kv_tiles = tb_ceil_div(n, kv_tile) + tb_ceil_div(problem->extra_kv, kv_tile);
    if (!tb_mul_ok(q_tiles, kv_tiles, &bound->baseline_tiles)) {
        return overflow(err);
    }
    bound->baseline_pairs = (n + problem->extra_q) * (n + problem->extra_kv);
    return TB_OK;
}

static tb_status causal_baseline(const tb_problem *problem, const tb_pattern *pattern,
                                 int64_t q_tile, int64_t kv_tile, tb_bound *bound, tb_error *err)
{
    if (problem->layout.rank != 1) {
        return tb_fail(err, TB_EINVAL,
                       "a causal baseline needs a layout of one dimension, this one has %d",
                       problem->layout.rank);
    }
    if (!tb_pattern_types[pattern->kind]->is_causal(pattern, &problem->layout)) {
        return tb_fail(err, TB_EINVAL,
                       "a causal baseline for a pattern that sees later keys; make "
                       "the pattern causal, or use the self baseline");
    }
    tb_pattern causal = tb_pattern_default();
    causal.kind = TB_PATTERN_CAUSAL;
    tb_tiling tiling = {.kind = TB_TILING_SINGLE_DIM, .q_tile = {q_tile}, .kv_tile = {kv_tile}};
    tb_problem forward = *problem;
    forward.pass = TB_PASS_FORWARD;
    tb_census census;
    tb_status status = tb_census_count(&forward, &causal, &tiling, NULL, &census, err);
    if (status == TB_OK) {
        bound->baseline_tiles = census.visited;
        bound->baseline_pairs = census.visible_pairs;
    }
    return status;
}

static double ratio(int64_t numerator, int64_t denominator)
{
    return (double)numerator / (double)denominator;
}

tb_status tb_bound_compute(const tb_problem *problem, const tb_pattern *pattern,
                           const tb_tiling *tiling, const tb_census *census, tb_baseline baseline,
                           tb_bound *out, tb_error *err)
{
    int64_t q_tile = tb_tiling_q_tokens(tiling, &problem->layout);
    int64_t kv_tile = tb_tiling_kv_tokens(tiling, &problem->layout);
    tb_bound bound = {.baseline = baseline};
    tb_status status = baseline == TB_BASELINE_CAUSAL
                           ? causal_baseline(problem, pattern, q_tile, kv_tile, &bound, err)
                           : self_baseline(problem, q_tile, kv_tile, &bound, err);
    if (status != TB_OK) {
        return status;
    }
    int64_t tile_pairs = census->visited * (q_tile * kv_tile); /* the census checked that it fits */
    bound.flop_speedup = ratio(bound.baseline_pairs, census->visible_pairs);
    bound.tile_speedup = ratio(bound.baseline_tiles, census->visited);
    bound.tile_speedup_worst = ratio(census->kv_tiles, census->max);
    bound.sparsity = ratio(bound.baseline_pairs - census->visible_pairs, bound.baseline_pairs);
    bound.padding_waste = ratio(tile_pairs - census->real_pairs, tile_pairs);
    bound.mask_waste = ratio(census->real_pairs - census->visible_pairs, tile_pairs);
    bound.waste = ratio(tile_pairs - census->visible_pairs, tile_pairs);
    bound.fully_block_sparse = tb_census_partial(census) == 0;
    *out = bound;
    return TB_OK;
}
