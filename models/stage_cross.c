/* Dense attention of queries against other keys: pooled, coarse, latent or sampled ones.
 *
 *   tiles = ceil(M / |T|) ceil(K / |U|), of which a fraction is visited where it is causal
 *
 * Its CTAs are equal but for causal fractions below 1, which are spread evenly over them. Time: as
 * attention's, with K's bytes. */
#include "stage_parts.h"

#include "arena.h"

#include "checked.h"
#include "predict.h"
#include "tile_choice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const keys[] = {
    "queries",         "keys",        "batch",   "heads",           "heads_kv", "dim",
    "dim_value",       "kernel",      "q_tile",  "kv_tile",         "rate",     "kv_bytes",
    "operand_density", "index_bytes", "softmax", "causal_fraction", NULL};

tb_status tb_stage_spread(tb_census *census, double visited, tb_q_tile_count **out, tb_error *err)
{
    tb_q_tile_count *ctas = calloc((size_t)census->q_tiles, sizeof *ctas);
    if (ctas == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld CTAs", (long long)census->q_tiles);
    }
    double each = visited / (double)census->q_tiles;
    int64_t before = 0;
    census->min = INT64_MAX;
    for (int64_t i = 0; i < census->q_tiles; i++) {
        int64_t until = (int64_t)ceil(each * (double)(i + 1) - 1e-9);
        ctas[i].visited = ctas[i].full = tb_max(until - before, 1);
        census->visited += ctas[i].visited;
        census->min = tb_min(census->min, ctas[i].visited);
        census->max = tb_max(census->max, ctas[i].visited);
        before = until;
    }
    census->full = census->visited;
    *out = ctas;
    return TB_OK;
}

/* The census of M queries x K keys, by a product. */
static tb_status census_of(const tb_case *item, const tb_tiling *tiling, int64_t all_keys,
                           double fraction, tb_census *census, tb_q_tile_count **ctas,
                           tb_error *err)
{
    int64_t m = tb_layout_tokens(&item->problem.layout);
    *census = (tb_census){.closed_form = true};
    census->q_tiles = census->launched_q_tiles = tb_ceil_div(m, tiling->q_tile[0]);
    census->kv_tiles = tb_ceil_div(all_keys, tiling->kv_tile[0]);
    int64_t all = 0;
    if (!tb_mul_ok(census->q_tiles, census->kv_tiles, &all) ||
        !tb_mul_ok(m, all_keys, &census->dense_pairs)) {
        return tb_fail(err, TB_EOVERFLOW, "the tiles of a stage pass 2^63 - 1; make it smaller");
    }
    census->real_pairs = census->dense_pairs;
    census->visible_pairs = (int64_t)((double)census->dense_pairs * fraction);
    return tb_stage_spread(census, (double)all * fraction, ctas, err);
}

static tb_status time_it(const tb_stage_context *context, const tb_case *item,
                         const tb_kernel *kernel, const tb_attention_traits *traits,
                         int64_t all_keys, const tb_q_tile_count *ctas, tb_stage_result *out,
                         tb_error *err)
{
    tb_time_case launch_item = {.problem = &item->problem,
                                .pattern = &item->pattern,
                                .tiling = &out->tiling,
                                .census = &out->census,
                                .kernel = kernel,
                                .device = context->device,
                                .ctas = ctas,
                                .cta_count = out->census.q_tiles};
    tb_attention_launch launch = {.item = &launch_item, .traits = traits, .keys = (double)all_keys};
    if (!kernel->time.given) {
        return tb_fail(err, TB_EINVAL, "kernel %s has no time model; give another", kernel->name);
    }
    return tb_attention_time(&launch, out, err);
}

static tb_status count(const tb_stage *stage, const tb_stage_context *context, const tb_case *item,
                       int64_t all_keys, double fraction, tb_stage_result *out, tb_error *err)
{
    tb_attention_traits traits;
    tb_kernel *owned = NULL;
    const tb_kernel *kernel = NULL;
    tb_q_tile_count *ctas = NULL;
    tb_status status = tb_stage_traits(stage, context, &traits, err);
    if (status == TB_OK) {
        status = tb_stage_kernel(stage, context, true, &owned, &kernel, err);
    }
    if (status == TB_OK) {
        status = tb_tiling_resolve(item, kernel, &out->tiling, err);
    }
    if (status == TB_OK) {
        status = census_of(item, &out->tiling, all_keys, fraction, &out->census, &ctas, err);
    }
    if (status == TB_OK) {
        double pairs = (double)out->tiling.q_tile[0] * (double)out->tiling.kv_tile[0];
        out->visited = out->visited_low = out->visited_high = (double)out->census.visited;
        out->dense_tiles = (double)out->census.q_tiles * (double)out->census.kv_tiles;
        out->work =
            tb_attention_work(&item->problem, out->visited * pairs, (double)all_keys, &traits);
        if (kernel != NULL) {
            out->kernel = tb_arena_text(context->arena, kernel->name, strlen(kernel->name));
        }
    }
    if (status == TB_OK && context->device != NULL) {
        status = time_it(context, item, kernel, &traits, all_keys, ctas, out, err);
    }
    free(ctas);
    tb_kernel_destroy(owned);
    return status;
}

tb_status tb_stage_cross_of(const tb_stage *stage, const tb_stage_context *context, int64_t queries,
                            int64_t all_keys, double fraction, tb_stage_result *out, tb_error *err)
{
    tb_case item = tb_case_default();
    tb_status status = tb_stage_shape(stage, context, &item.problem, err);
    item.problem.layout = (tb_layout){.rank = 1, .extent = {queries}};
    if (status == TB_OK) {
        status = tb_stage_tiles(stage, context, &item.tiling, err);
    }
    if (status == TB_OK) {
        status = tb_problem_check(&item.problem, err);
    }
    if (status == TB_OK) {
        status = count(stage, context, &item, all_keys, fraction, out, err);
    }
    if (status == TB_OK) {
        out->item = item;
        out->has_census = true;
    }
    return status;
}

static tb_status evaluate(const tb_stage *stage, const tb_stage_context *context,
                          tb_stage_result *out, tb_error *err)
{
    int64_t queries = tb_layout_tokens(&context->problem->layout), all_keys = 0;
    double fraction = 1;
    tb_status status = tb_stage_need(stage, "keys", err);
    if (status == TB_OK) {
        status = tb_stage_integer(stage, context, "queries", queries, 1, &queries, err);
    }
    if (status == TB_OK) {
        status = tb_stage_integer(stage, context, "keys", 0, 1, &all_keys, err);
    }
    if (status == TB_OK) {
        status = tb_stage_fraction(stage, context, "causal_fraction", 1, &fraction, err);
    }
    return status == TB_OK
               ? tb_stage_cross_of(stage, context, queries, all_keys, fraction, out, err)
               : status;
}

const tb_stage_kind tb_stage_cross = {
    .name = "cross",
    .summary = "dense attention of queries against other keys",
    .keys = keys,
    .evaluate = evaluate,
};
