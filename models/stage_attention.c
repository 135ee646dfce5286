/* Fused attention over tiles: a pattern's census, and the time model's time. */
#include "stage_parts.h"

#include "arena.h"
#include "checked.h"
#include "expected_census.h"
#include "predict.h"
#include "tile_choice.h"
#include "timed_prediction.h"

#include <math.h>
#include <string.h>

static const char *const keys[] = {
    "pattern",  "tokens",          "layout",      "queries",  "keys",
    "batch",    "heads",           "dim",         "heads_kv", "dim_value",
    "extra_kv", "kernel",          "q_tile",      "kv_tile",  "rate",
    "kv_bytes", "operand_density", "index_bytes", "softmax",  "loop",
    "group",    "min_rows",        "batch_rows",  NULL};

/* The layout: the problem's, or as many tokens, or a list of extents. */
static tb_status read_layout(const tb_stage *stage, const tb_stage_context *context,
                             tb_layout *layout, tb_error *err)
{
    const tb_yaml_node *list = tb_yaml_get(stage->node, "layout");
    int64_t tokens = tb_layout_tokens(&context->problem->layout);
    if (list != NULL &&
        (!tb_yaml_is_list(list) || tb_yaml_count(list) == 0 || tb_yaml_count(list) > TB_MAX_RANK)) {
        return tb_yaml_fail(list, err, "a layout is a list of 1 to %d extents", TB_MAX_RANK);
    }
    if (list == NULL) {
        bool same = tb_yaml_get(stage->node, "tokens") == NULL &&
                    tb_yaml_get(stage->node, "queries") == NULL;
        tb_status status = tb_stage_integer(stage, context, "tokens", tokens, 1, &tokens, err);
        if (status == TB_OK) {
            status = tb_stage_integer(stage, context, "queries", tokens, 1, &tokens, err);
        }
        *layout = same ? context->problem->layout : (tb_layout){.rank = 1, .extent = {tokens}};
        return status;
    }
    *layout = (tb_layout){.rank = (int)tb_yaml_count(list)};
    tb_status status = TB_OK;
    for (size_t d = 0; status == TB_OK && d < tb_yaml_count(list); d++) {
        status = tb_stage_integer_of(tb_yaml_item(list, d), "layout", &context->names, 1,
                                     &layout->extent[d], err);
    }
    return status;
}

tb_status tb_stage_case(const tb_stage *stage, const tb_stage_context *context, tb_case *item,
                        tb_error *err)
{
    const tb_yaml_node *pattern = tb_yaml_get(stage->node, "pattern");
    *item = tb_case_default();
    tb_status status = tb_stage_shape(stage, context, &item->problem, err);
    if (status == TB_OK) {
        status = read_layout(stage, context, &item->problem.layout, err);
    }
    if (status == TB_OK) {
        status = tb_stage_integer(stage, context, "extra_kv", context->problem->extra_kv, 0,
                                  &item->problem.extra_kv, err);
    }
    if (status == TB_OK) {
        item->problem.extra_q = context->problem->extra_q;
        item->pattern.kind = context->is_causal && item->problem.layout.rank == 1
                                 ? TB_PATTERN_CAUSAL
                                 : TB_PATTERN_DENSE;
        status = tb_stage_tiles(stage, context, &item->tiling, err);
    }
    if (status == TB_OK && pattern != NULL) {
        status = tb_stage_pattern(pattern, context, item, err);
    }
    if (status != TB_OK) {
        return status;
    }
    item->pattern.seed = context->seed;
    tb_case_normalize(item);
    tb_error inner = {0};
    status = tb_problem_check(&item->problem, &inner);
    if (status == TB_OK) {
        status = tb_pattern_check(&item->pattern, &item->problem.layout, &inner);
    }
    return status == TB_OK || status == TB_ENOMEM
               ? status
               : tb_yaml_fail(pattern != NULL ? pattern : stage->node, err, "stage %s: %s",
                              stage->name, inner.message);
}

/* Tiles of dense (or causal) attention over the same tokens with tiles of these sizes. */
static tb_status dense_tiles(const tb_stage_context *context, const tb_prediction *p, double *out,
                             tb_error *err)
{
    tb_case item = tb_case_default();
    tb_prediction dense = {0};
    item.problem = p->problem;
    item.problem.layout = (tb_layout){.rank = 1, .extent = {tb_layout_tokens(&p->problem.layout)}};
    item.pattern.kind = context->is_causal ? TB_PATTERN_CAUSAL : TB_PATTERN_DENSE;
    item.tiling.q_dims = item.tiling.kv_dims = 1;
    item.tiling.q_tile[0] = tb_tiling_q_tokens(&p->tiling, &p->problem.layout);
    item.tiling.kv_tile[0] = tb_tiling_kv_tokens(&p->tiling, &p->problem.layout);
    tb_status status = tb_predict(&item, NULL, &dense, err);
    *out = (double)dense.census.visited;
    tb_prediction_release(&dense);
    return status;
}

/* Query tiles of an instance of a random pattern that are counted at most; longer ones are sampled
 * for their times, for their totals are expected in any event. */
#define COUNTED_TILES 512

static void take_expected(const tb_expected_census *expected, tb_stage_result *out)
{
    out->visited = expected->visited.mean;
    out->visited_low = expected->visited.low;
    out->visited_high = expected->visited.high;
}

/* A prediction from what is expected instead of an instance's census. */
static tb_status predict_expected(const tb_case *item, const tb_stage_context *context,
                                  const tb_tiling *tiling, tb_prediction *p, tb_stage_result *out,
                                  tb_error *err)
{
    tb_expected_census expected;
    tb_status status =
        tb_census_expect(&item->problem, &item->pattern, tiling, context->samples, &expected, err);
    if (status != TB_OK) {
        return status;
    }
    int64_t n = tb_layout_tokens(&item->problem.layout);
    int64_t q = tb_tiling_q_tokens(tiling, &item->problem.layout);
    int64_t kv = tb_tiling_kv_tokens(tiling, &item->problem.layout);
    *p = (tb_prediction){.problem = item->problem, .pattern = item->pattern, .tiling = *tiling};
    p->census.q_tiles = p->census.launched_q_tiles =
        tb_ceil_div(n, q) + tb_ceil_div(item->problem.extra_q, q);
    p->census.kv_tiles = tb_ceil_div(n, kv) + tb_ceil_div(item->problem.extra_kv, kv);
    p->census.visited = (int64_t)nearbyint(expected.visited.mean);
    p->census.full = (int64_t)nearbyint(expected.full.mean);
    p->census.visible_pairs = (int64_t)nearbyint(expected.visible_pairs.mean);
    p->census.max = (int64_t)nearbyint(expected.max.mean);
    p->census.dense_pairs = (n + item->problem.extra_q) * (n + item->problem.extra_kv);
    take_expected(&expected, out);
    return TB_OK;
}

/* The case counted: by its census, or, where it is random and long, by what is expected of it.
 * *every: of so many query tiles one is counted for the time. */
static tb_status predict(const tb_case *item, const tb_kernel *kernel,
                         const tb_stage_context *context, tb_prediction *p, int64_t *every,
                         tb_stage_result *out, tb_error *err)
{
    tb_tiling tiling;
    bool is_random = tb_pattern_is_random(&item->pattern);
    tb_status status = tb_tiling_resolve(item, kernel, &tiling, err);
    if (status != TB_OK) {
        return status;
    }
    int64_t q_tiles = tb_layout_tokens(&item->problem.layout) /
                      tb_tiling_q_tokens(&tiling, &item->problem.layout);
    *every = is_random ? tb_max(q_tiles / COUNTED_TILES, 1) : 1;
    if (*every > 1) {
        return predict_expected(item, context, &tiling, p, out, err);
    }
    status = tb_predict(item, kernel, p, err);
    if (status != TB_OK) {
        return status;
    }
    out->visited = out->visited_low = out->visited_high = (double)p->census.visited;
    tb_expected_census expected;
    if (is_random) {
        status = tb_census_expect(&p->problem, &p->pattern, &p->tiling, context->samples, &expected,
                                  err);
    }
    if (status == TB_OK && is_random) {
        take_expected(&expected, out);
    }
    return status;
}

static tb_status time_it(const tb_stage_context *context, const tb_prediction *p,
                         const tb_kernel *kernel, const tb_attention_traits *traits, int64_t every,
                         tb_stage_result *out, tb_error *err)
{
    tb_cta_counts counts = {0};
    tb_status status = tb_cta_counts_sample(p, kernel, context->device, every, &counts, err);
    if (status == TB_OK) {
        tb_time_case item = tb_time_case_of(p, kernel, context->device, &counts);
        tb_attention_launch launch = {.item = &item,
                                      .traits = traits,
                                      .keys = (double)tb_layout_tokens(&p->problem.layout) +
                                              (double)p->problem.extra_kv};
        status = tb_attention_time(&launch, out, err);
    }
    tb_cta_counts_release(&counts);
    return status;
}

static tb_status keep_name(const tb_stage_context *context, const tb_kernel *kernel,
                           const char **out, tb_error *err)
{
    if (kernel == NULL) {
        return TB_OK;
    }
    *out = tb_arena_text(context->arena, kernel->name, strlen(kernel->name));
    return *out != NULL ? TB_OK : tb_fail(err, TB_ENOMEM, "no memory for a name");
}

tb_status tb_stage_attention_of(const tb_stage *stage, const tb_stage_context *context,
                                tb_case *item, tb_stage_result *out, tb_error *err)
{
    tb_attention_traits traits;
    tb_kernel *owned = NULL;
    const tb_kernel *kernel = NULL;
    tb_prediction p = {0};
    int64_t every = 1;
    bool sees_all =
        item->pattern.kind == TB_PATTERN_DENSE || item->pattern.kind == TB_PATTERN_CAUSAL;
    tb_status status = tb_stage_traits(stage, context, &traits, err);
    if (status == TB_OK) {
        status = tb_stage_kernel(stage, context, sees_all, &owned, &kernel, err);
    }
    if (status == TB_OK) {
        status = predict(item, kernel, context, &p, &every, out, err);
    }
    if (status == TB_OK) {
        double pairs = (double)tb_tiling_q_tokens(&p.tiling, &p.problem.layout) *
                       (double)tb_tiling_kv_tokens(&p.tiling, &p.problem.layout);
        double all_keys = (double)tb_layout_tokens(&p.problem.layout) + (double)p.problem.extra_kv;
        out->census = p.census;
        out->tiling = p.tiling;
        out->work = tb_attention_work(&p.problem, out->visited * pairs, all_keys, &traits);
        out->is_hypothetical = kernel != NULL && !kernel->patterns[item->pattern.kind];
        status = keep_name(context, kernel, &out->kernel, err);
    }
    if (status == TB_OK) {
        status = dense_tiles(context, &p, &out->dense_tiles, err);
    }
    if (status == TB_OK && context->device != NULL) {
        status = time_it(context, &p, kernel, &traits, every, out, err);
    }
    tb_prediction_release(&p);
    tb_kernel_destroy(owned);
    return status;
}

/* Queries of another number than keys: dense, hence cross attention. */
static tb_status is_cross(const tb_stage *stage, const tb_stage_context *context, bool *out,
                          int64_t *queries, int64_t *all_keys, tb_error *err)
{
    int64_t tokens = tb_layout_tokens(&context->problem->layout);
    tb_status status = tb_stage_integer(stage, context, "tokens", tokens, 1, &tokens, err);
    if (status == TB_OK) {
        status = tb_stage_integer(stage, context, "queries", tokens, 1, queries, err);
    }
    if (status == TB_OK) {
        status = tb_stage_integer(stage, context, "keys", *queries, 1, all_keys, err);
    }
    *out = status == TB_OK && *queries != *all_keys;
    return status;
}

/* What only gathering has. */
static tb_status refuse_gather_keys(const tb_stage *stage, tb_error *err)
{
    static const char *const gather_keys[] = {"group", "min_rows", "batch_rows"};
    for (size_t i = 0; i < sizeof gather_keys / sizeof *gather_keys; i++) {
        const tb_yaml_node *node = tb_yaml_get(stage->node, gather_keys[i]);
        if (node != NULL) {
            return tb_yaml_fail(node, err, "%s belongs to a stage that gathers; give loop too",
                                gather_keys[i]);
        }
    }
    return TB_OK;
}

static tb_status evaluate(const tb_stage *stage, const tb_stage_context *context,
                          tb_stage_result *out, tb_error *err)
{
    int64_t queries = 0, all_keys = 0;
    bool cross = false;
    tb_status status = is_cross(stage, context, &cross, &queries, &all_keys, err);
    if (status != TB_OK) {
        return status;
    }
    if (cross) {
        const tb_yaml_node *pattern = tb_yaml_get(stage->node, "pattern");
        const tb_yaml_node *kind = tb_yaml_get(pattern, "kind");
        const char *name = "dense";
        status = kind != NULL ? tb_yaml_text(kind, &name, err) : TB_OK;
        if (status == TB_OK && strcmp(name, "dense") != 0) {
            return tb_yaml_fail(kind, err,
                                "%lld queries and %lld keys under a %s pattern; where they differ "
                                "every query sees every key",
                                (long long)queries, (long long)all_keys, name);
        }
        return status == TB_OK ? tb_stage_cross_of(stage, context, queries, all_keys, 1, out, err)
                               : status;
    }
    status = tb_stage_case(stage, context, &out->item, err);
    out->has_census = true; /* the case is owned from here on */
    if (status != TB_OK) {
        return status;
    }
    if (tb_yaml_get(stage->node, "loop") != NULL) {
        return tb_stage_gather_of(stage, context, &out->item, out, err);
    }
    status = refuse_gather_keys(stage, err);
    return status == TB_OK ? tb_stage_attention_of(stage, context, &out->item, out, err) : status;
}

const tb_stage_kind tb_stage_attention = {
    .name = "attention",
    .summary = "fused attention over the tiles of a pattern",
    .keys = keys,
    .evaluate = evaluate,
};
