/* Decode: one query against a long KV cache. The keys of each item (decode_params.h) are split into
 * parts; a second kernel merges them. */
#include "checked.h"
#include "cuda_decode_division.h"
#include "cuda_program_parts.h"

#include <string.h>

/* The keys that the query sees: a run of tokens after another. */
typedef struct key_runs {
    tb_decode_interval *runs; /* NULL: only count */
    int64_t count, keys;
    int64_t end; /* of the last run */
} key_runs;

static void add_run(int64_t begin, int64_t end, void *user)
{
    key_runs *seen = user;
    if (seen->count == 0 || begin != seen->end) {
        if (seen->runs != NULL) {
            seen->runs[seen->count] = (tb_decode_interval){(tb_i32)seen->keys, (tb_i32)begin};
        }
        seen->count++;
    }
    seen->keys += end - begin;
    seen->end = end;
}

static void find_runs(const tb_launch *launch, key_runs *seen)
{
    const tb_layout *layout = &launch->problem.layout;
    int64_t n = tb_layout_tokens(layout);
    seen->count = seen->keys = seen->end = 0;
    tb_pattern_row(&launch->pattern, layout, n - 1, add_run, seen);
    if (launch->problem.extra_kv > 0) {
        add_run(n, n + launch->problem.extra_kv, seen);
    }
}

/* What both kernels are told, and the buffers. */
typedef struct decode_plan {
    const tb_cuda_variant *attend, *reduce;
    tb_decode_params params;
    tb_decode_sequence sequence; /* that all items see */
    tb_decode_division division;
    int sequence_buffer, interval_buffer, part_buffer, cta_buffer, item_buffer;
    int partial_o, partial_sums;
} decode_plan;

/* Add a constant that holds `count` elements of `from`. */
static tb_status add_table(tb_cuda_plan *plan, const char *name, const void *from, int64_t count,
                           size_t bytes, int *buffer, tb_error *err)
{
    void *room = NULL;
    tb_status status = tb_cuda_add_constant(plan, name, count, bytes, buffer, &room, err);
    if (status == TB_OK) {
        memcpy(room, from, (size_t)count * bytes);
    }
    return status;
}

/* All items see the same keys. */
static tb_status add_keys(tb_cuda_plan *plan, decode_plan *decode, tb_error *err)
{
    key_runs seen = {0};
    void *room = NULL;
    find_runs(plan->launch, &seen);
    decode->sequence =
        (tb_decode_sequence){.intervals = (tb_i32)seen.count, .keys = (tb_i32)seen.keys};
    tb_status status = add_table(plan, "sequences", &decode->sequence, 1, sizeof decode->sequence,
                                 &decode->sequence_buffer, err);
    if (status == TB_OK) {
        status = tb_cuda_add_constant(plan, "intervals", seen.count + 1, sizeof(tb_decode_interval),
                                      &decode->interval_buffer, &room, err);
    }
    if (status == TB_OK) {
        seen.runs = room;
        find_runs(plan->launch, &seen);
        seen.runs[seen.count] = (tb_decode_interval){.position = (tb_i32)seen.keys};
    }
    return status;
}

/* As many splits as the launch asks for, a key each at least; or, as it asks for none, a CTA for
 * each that the device runs at a time, by stream-K. */
static tb_status divide(const tb_cuda_plan *plan, decode_plan *decode, tb_error *err)
{
    const tb_problem *p = &plan->launch->problem;
    tb_decode_work work = {.batch = p->batch,
                           .heads = p->heads,
                           .heads_kv = p->heads_kv,
                           .sequences = &decode->sequence};
    int64_t keys = tb_max(decode->sequence.keys, 1);
    if (plan->launch->splits > 0) {
        return tb_decode_split(&work, tb_min(plan->launch->splits, keys), &decode->division, err);
    }
    int64_t slots = (int64_t)plan->device.sms * decode->attend->min_ctas, most = slots;
    int64_t sets = TB_DECODE_ROW_SETS(p->heads / p->heads_kv);
    if (tb_mul_ok(p->batch * p->heads_kv, sets * tb_ceil_div(keys, TB_DECODE_KV_TILE), &most)) {
        most = tb_min(most, slots);
    }
    return tb_decode_stream(&work, most, &decode->division, err);
}

static tb_status add_parts(tb_cuda_plan *plan, decode_plan *decode, tb_error *err)
{
    const tb_decode_division *division = &decode->division;
    tb_status status = add_table(plan, "parts", division->part, division->parts,
                                 sizeof *division->part, &decode->part_buffer, err);
    if (status == TB_OK) {
        status = add_table(plan, "cta_first", division->cta_first, division->ctas + 1,
                           sizeof(tb_i32), &decode->cta_buffer, err);
    }
    if (status == TB_OK) {
        status = add_table(plan, "item_first", division->item_first, division->items + 1,
                           sizeof(tb_i32), &decode->item_buffer, err);
    }
    return status;
}

static tb_status add_partials(tb_cuda_plan *plan, decode_plan *decode, tb_error *err)
{
    const int64_t sums[4] = {decode->division.parts, TB_DECODE_WARPS, decode->params.rows, 1};
    const int64_t o[4] = {decode->division.parts, TB_DECODE_WARPS, decode->params.rows,
                          decode->params.dim_value};
    tb_status status = tb_cuda_add_tensor(plan, TB_CUDA_SCRATCH, "partial o", o, sizeof(float),
                                          &decode->partial_o, err);
    return status == TB_OK ? tb_cuda_add_tensor(plan, TB_CUDA_SCRATCH, "partial sums", sums,
                                                sizeof(tb_decode_sum), &decode->partial_sums, err)
                           : status;
}

static tb_status add_attention(tb_cuda_plan *plan, const decode_plan *decode, tb_error *err)
{
    const int64_t grid[3] = {decode->division.ctas, 1, 1};
    tb_cuda_step *step = NULL;
    tb_status status = tb_cuda_add_step(plan, decode->attend, TB_CUDA_ATTENTION, grid,
                                        &decode->params, sizeof decode->params, &step, err);
    if (status != TB_OK) {
        return status;
    }
    tb_cuda_point(step, offsetof(tb_decode_params, q), TB_CUDA_Q);
    tb_cuda_point(step, offsetof(tb_decode_params, k), TB_CUDA_K);
    tb_cuda_point(step, offsetof(tb_decode_params, v), TB_CUDA_V);
    tb_cuda_point(step, offsetof(tb_decode_params, parts), decode->part_buffer);
    tb_cuda_point(step, offsetof(tb_decode_params, cta_first), decode->cta_buffer);
    tb_cuda_point(step, offsetof(tb_decode_params, sequences), decode->sequence_buffer);
    tb_cuda_point(step, offsetof(tb_decode_params, intervals), decode->interval_buffer);
    tb_cuda_point(step, offsetof(tb_decode_params, partial_o), decode->partial_o);
    tb_cuda_point(step, offsetof(tb_decode_params, partial_sums), decode->partial_sums);
    return TB_OK;
}

static tb_status add_reduction(tb_cuda_plan *plan, const decode_plan *decode, tb_error *err)
{
    const tb_problem *p = &plan->launch->problem;
    const tb_decode_reduce_params params = {.heads = decode->params.heads,
                                            .heads_kv = decode->params.heads_kv,
                                            .row_sets = decode->params.row_sets,
                                            .rows = decode->params.rows,
                                            .dim_value = decode->params.dim_value,
                                            .is_bf16 = p->dtype == TB_DTYPE_BF16};
    const int64_t grid[3] = {p->heads, p->batch, 1};
    tb_cuda_step *step = NULL;
    tb_status status = tb_cuda_add_step(plan, decode->reduce, TB_CUDA_ATTENTION, grid, &params,
                                        sizeof params, &step, err);
    if (status != TB_OK) {
        return status;
    }
    tb_cuda_point(step, offsetof(tb_decode_reduce_params, o), TB_CUDA_O);
    tb_cuda_point(step, offsetof(tb_decode_reduce_params, lse), TB_CUDA_LSE);
    tb_cuda_point(step, offsetof(tb_decode_reduce_params, partial_o), decode->partial_o);
    tb_cuda_point(step, offsetof(tb_decode_reduce_params, partial_sums), decode->partial_sums);
    tb_cuda_point(step, offsetof(tb_decode_reduce_params, item_first), decode->item_buffer);
    return TB_OK;
}

static tb_status choose(const tb_cuda_plan *plan, decode_plan *decode, tb_error *err)
{
    const tb_problem *p = &plan->launch->problem;
    tb_cuda_wanted wanted = {.kernel = "fmha_decode",
                             .dtype = p->dtype,
                             .dim = p->dim,
                             .dim_value = p->dim_value,
                             .q_tile = TB_DECODE_ROWS,
                             .kv_tile = TB_DECODE_KV_TILE};
    tb_status status = tb_cuda_choose(plan, &wanted, &decode->attend, err);
    wanted.kernel = "fmha_decode_reduce";
    wanted.is_any_dtype = true;
    wanted.dim = 0;
    return status == TB_OK ? tb_cuda_choose(plan, &wanted, &decode->reduce, err) : status;
}

static tb_status add_steps(tb_cuda_plan *plan, decode_plan *decode, tb_error *err)
{
    tb_status status = add_parts(plan, decode, err);
    decode->params.row_sets = (tb_i32)decode->division.row_sets;
    decode->params.rows = (tb_i32)decode->division.rows;
    if (status == TB_OK) {
        status = add_partials(plan, decode, err);
    }
    if (status == TB_OK) {
        status = add_attention(plan, decode, err);
    }
    return status == TB_OK ? add_reduction(plan, decode, err) : status;
}

tb_status tb_cuda_plan_decode(tb_cuda_plan *plan, tb_error *err)
{
    const tb_launch *launch = plan->launch;
    const tb_problem *p = &launch->problem;
    decode_plan decode = {.params = {.kv_rows = tb_launch_kv_tokens(launch),
                                     .heads = (tb_i32)p->heads,
                                     .heads_kv = (tb_i32)p->heads_kv,
                                     .dim = (tb_i32)p->dim,
                                     .dim_value = (tb_i32)p->dim_value,
                                     .scale_log2 = tb_cuda_scale_log2(launch)}};
    tb_status status = choose(plan, &decode, err);
    if (status == TB_OK) {
        status = add_keys(plan, &decode, err);
    }
    if (status == TB_OK) {
        status = divide(plan, &decode, err);
    }
    if (status == TB_OK) {
        status = add_steps(plan, &decode, err);
    }
    tb_decode_division_release(&decode.division);
    return status;
}
