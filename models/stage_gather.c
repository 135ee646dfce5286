/* Attention that gathers mask blocks instead of visiting unions of them: NSA's loop over queries,
 * whose rows are a group's heads, padded to what a matrix instruction has at least; and Flash
 * Sparse Attention's loop over KV blocks, which batches the queries that chose them and adds up
 * partial outputs.
 *
 *   rows x columns R of tb_gather_count(), of each KV head
 *   FLOP   2 (D + Dv) R; exponentials R
 *   bytes  q, k, v, o once; query-outer: keys as often as rows load them, where a head's keys do
 * not fit L2; KV-outer: q gathered, and partial outputs in fp32 with their log-sum, written and
 *          read
 *   time   of R / (|T| |U|) tiles of the kernel, evenly over its query tiles
 *
 * Source: NSA (arXiv 2502.11089) sec. 3.4; Flash Sparse Attention (arXiv 2508.18224) sec. 3. */
#include "stage_parts.h"

#include "arena.h"
#include "checked.h"
#include "gather_cost.h"
#include "tile_choice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FP32_BYTES   4.0
#define BYTES_IN_MIB 1048576.0
#define MMA_ROWS     16 /* of mma.sync */
#define USUAL_BATCH  64

typedef enum loop_order { LOOP_Q_OUTER, LOOP_KV_OUTER } loop_order;

static const char *const loop_names[] = {"query-outer", "kv-outer"};
#define LOOP_COUNT 2

static tb_status read_kernel(const tb_stage *stage, const tb_stage_context *context,
                             const tb_problem *problem, tb_gather_kernel *out, loop_order *loop,
                             tb_error *err)
{
    size_t which = 0;
    tb_status status = tb_stage_word(stage, "loop", loop_names, LOOP_COUNT, &which, err);
    if (status == TB_OK) {
        status = tb_stage_integer(stage, context, "group", problem->heads / problem->heads_kv, 1,
                                  &out->group, err);
    }
    if (status == TB_OK) {
        status = tb_stage_integer(stage, context, "min_rows", MMA_ROWS, 1, &out->min_rows, err);
    }
    if (status == TB_OK) {
        int64_t usual = tb_ceil_div(USUAL_BATCH, out->min_rows) * out->min_rows;
        status = tb_stage_integer(stage, context, "batch_rows", usual, 1, &out->batch_rows, err);
    }
    *loop = (loop_order)which;
    return status;
}

/* Bytes beside operands and outputs once. */
static double more_bytes(const tb_stage_context *context, const tb_problem *problem,
                         const tb_gather_cost *cost, loop_order loop, double kv_bytes)
{
    double heads = (double)problem->heads_kv * (double)problem->batch;
    double dims = (double)problem->dim + (double)problem->dim_value;
    double n = (double)tb_layout_tokens(&problem->layout);
    double element = (double)tb_dtype_bytes(problem->dtype);
    double l2 = context->device == NULL
                    ? 0
                    : tb_device_get(context->device, TB_DEVICE_L2_SIZE_MIB, 0) * BYTES_IN_MIB;
    if (loop == LOOP_Q_OUTER) {
        double again = fmax(cost->keys_loaded - n, 0);
        return n * dims * kv_bytes <= l2 ? 0 : again * dims * kv_bytes * heads;
    }
    double partial = 2 * ((double)problem->dim_value + 1) * FP32_BYTES;
    return cost->rows_moved * ((double)problem->dim * element + partial) * heads;
}

/* The launch as one of KV heads, whose rows are those of a group. */
static tb_status time_it(const tb_stage_context *context, const tb_kernel *kernel,
                         const tb_case *item, int64_t group, const tb_attention_traits *traits,
                         double more, tb_stage_result *out, tb_error *err)
{
    tb_problem rows = item->problem;
    tb_q_tile_count *ctas = NULL;
    tb_census census = {.closed_form = true};
    rows.heads = rows.heads_kv;
    rows.layout = (tb_layout){.rank = 1};
    if (!tb_mul_ok(tb_layout_tokens(&item->problem.layout), group, &rows.layout.extent[0])) {
        return tb_fail(err, TB_EOVERFLOW, "the rows of a stage pass 2^63 - 1; make it smaller");
    }
    census.q_tiles = census.launched_q_tiles =
        tb_ceil_div(rows.layout.extent[0], out->tiling.q_tile[0]);
    census.kv_tiles = out->census.kv_tiles;
    tb_pattern dense = tb_pattern_default();
    tb_status status = tb_stage_spread(&census, out->visited, &ctas, err);
    if (status == TB_OK && !kernel->time.given) {
        status = tb_fail(err, TB_EINVAL, "kernel %s has no time model; give another", kernel->name);
    }
    if (status == TB_OK) {
        tb_time_case timed = {.problem = &rows,
                              .pattern = &dense,
                              .tiling = &out->tiling,
                              .census = &census,
                              .kernel = kernel,
                              .device = context->device,
                              .ctas = ctas,
                              .cta_count = census.q_tiles};
        tb_attention_launch launch = {.item = &timed,
                                      .traits = traits,
                                      .keys = (double)tb_layout_tokens(&item->problem.layout),
                                      .more_bytes = more};
        status = tb_attention_time(&launch, out, err);
    }
    free(ctas);
    return status;
}

static tb_status need_blocks(const tb_stage *stage, const tb_case *item, tb_error *err)
{
    if (item->pattern.kind == TB_PATTERN_BLOCK_SPARSE || item->pattern.kind == TB_PATTERN_TOPK) {
        return TB_OK;
    }
    return tb_yaml_fail(tb_yaml_get(stage->node, "loop"), err,
                        "only block-sparse and topk patterns are gathered, no %s one; leave loop "
                        "out",
                        tb_pattern_types[item->pattern.kind]->name);
}

tb_status tb_stage_gather_of(const tb_stage *stage, const tb_stage_context *context,
                             const tb_case *item, tb_stage_result *out, tb_error *err)
{
    tb_gather_kernel gather = {0};
    tb_gather_cost cost;
    tb_attention_traits traits;
    loop_order loop = LOOP_Q_OUTER;
    tb_kernel *owned = NULL;
    const tb_kernel *kernel = NULL;
    tb_case rows = {
        .problem = item->problem, .pattern = tb_pattern_default(), .tiling = item->tiling};
    tb_status status = need_blocks(stage, item, err);
    if (status == TB_OK) {
        status = read_kernel(stage, context, &item->problem, &gather, &loop, err);
    }
    if (status == TB_OK) {
        status = tb_stage_traits(stage, context, &traits, err);
    }
    if (status == TB_OK) {
        status = tb_stage_kernel(stage, context, false, &owned, &kernel, err);
    }
    if (status == TB_OK) {
        status = tb_tiling_resolve(&rows, kernel, &out->tiling, err);
    }
    if (status == TB_OK) {
        tb_error inner = {0};
        status = tb_gather_count(&item->pattern, &item->problem.layout, &gather, &cost, &inner);
        if (status == TB_EINVAL) {
            status = tb_yaml_fail(stage->node, err, "stage %s: %s", stage->name, inner.message);
        } else if (status != TB_OK) {
            status = tb_fail(err, status, "%s", inner.message);
        }
    }
    if (status == TB_OK) {
        double tile = (double)out->tiling.q_tile[0] * (double)out->tiling.kv_tile[0];
        double pairs = loop == LOOP_Q_OUTER ? cost.q_outer : cost.kv_outer;
        double group = (double)gather.group, n = (double)tb_layout_tokens(&item->problem.layout);
        double more = more_bytes(context, &item->problem, &cost, loop, traits.kv_bytes);
        out->visited = out->visited_low = out->visited_high = pairs / tile;
        out->census.kv_tiles = (int64_t)ceil(n / (double)out->tiling.kv_tile[0]);
        out->dense_tiles = n * group * n / tile / (context->is_causal ? 2 : 1);
        /* of rows of KV heads: pairs / group of every query head */
        out->work = tb_attention_work(&item->problem, pairs / group, n, &traits);
        out->work.hbm_bytes += more;
        out->work.launches = loop == LOOP_KV_OUTER ? 2 : 1;
        out->work.live_bytes += loop == LOOP_KV_OUTER ? more : 0;
        if (kernel != NULL) {
            out->kernel = tb_arena_text(context->arena, kernel->name, strlen(kernel->name));
        }
        status = context->device == NULL
                     ? TB_OK
                     : time_it(context, kernel, item, gather.group, &traits, more, out, err);
    }
    tb_kernel_destroy(owned);
    return status;
}
