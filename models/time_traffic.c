/* What crosses HBM: in the attention launch, and in the launches beside it. */
#include "checked.h"
#include "processor_terms.h"
#include "time_parts.h"

#include <math.h>

#define FP32_BYTES   4.0
#define BYTES_IN_MIB 1048576.0
/* Between back-to-back launches of small kernels: H200 2.5 us, A100 2.7 us (RRZE gpu-benches,
 * gpu-small-kernels); for devices where it was not measured. */
#define SMALL_LAUNCH_US 2.5

const char *const tb_side_launch_names[TB_SIDE_COUNT] = {
    "extra-kv", "merge", "pack", "expand", "delta", "convert", "reduce", "scores", "permute"};

/* Sizes of a problem, all heads and batch entries. */
typedef struct sizes {
    double q_rows, kv_rows; /* tokens x heads x batch */
    double d, dv;
    double element; /* bytes */
} sizes;

static sizes sizes_of(const tb_problem *problem)
{
    double n = (double)tb_layout_tokens(&problem->layout), batch = (double)problem->batch;
    return (sizes){.q_rows = (n + (double)problem->extra_q) * (double)problem->heads * batch,
                   .kv_rows = (n + (double)problem->extra_kv) * (double)problem->heads_kv * batch,
                   .d = (double)problem->dim,
                   .dv = (double)problem->dim_value,
                   .element = (double)tb_dtype_bytes(problem->dtype)};
}

/* Bytes that the waves read of what `other` tiles of each head hold: once if it fits L2, else the
 * different tiles that a wave visits for every wave. */
static double reread_bytes(const tb_time_case *item, const tb_schedule *schedule, double per_head,
                           double tile)
{
    double l2 = tb_device_get(item->device, TB_DEVICE_L2_SIZE_MIB, 0) * BYTES_IN_MIB;
    if (per_head <= l2) {
        return per_head;
    }
    double ctas = (double)item->cta_count, slots = (double)schedule->slots;
    double wave = item->wave_kv_tiles > 0 ? (double)item->wave_kv_tiles
                                          : slots * (double)item->census->visited / ctas;
    return fmax(per_head, ctas / slots * fmin(per_head, wave * tile));
}

static double forward_bytes(const tb_time_case *item, const tb_schedule *schedule)
{
    const tb_problem *problem = item->problem;
    sizes s = sizes_of(problem);
    double heads_kv = (double)problem->heads_kv * (double)problem->batch;
    double kv_token = (s.d + s.dv) * s.element;
    double tile = (double)tb_tiling_kv_tokens(item->tiling, &problem->layout) * kv_token;
    double per_head = reread_bytes(item, schedule, s.kv_rows / heads_kv * kv_token, tile);
    double copies = item->kernel->gqa == TB_GQA_EXPANDED
                        ? (double)problem->heads * (double)problem->batch
                        : heads_kv;
    return s.q_rows * (s.d + s.dv) * s.element + per_head * copies;
}

/* K, V once with their gradients, Q and dO as often as waves read them, dQ written. */
static double backward_bytes(const tb_time_case *item, const tb_schedule *schedule)
{
    const tb_problem *problem = item->problem;
    sizes s = sizes_of(problem);
    double heads = (double)problem->heads * (double)problem->batch;
    double q_token = (s.d + s.dv) * s.element;
    double tile = (double)tb_tiling_q_tokens(item->tiling, &problem->layout) * q_token;
    double per_head = reread_bytes(item, schedule, s.q_rows / heads * q_token, tile);
    double dq = s.q_rows * s.d * (item->kernel->time.dq_atomic ? FP32_BYTES : s.element);
    return 2 * s.kv_rows * (s.d + s.dv) * s.element + per_head * heads + dq;
}

/* Attention weights in memory, one element a visible pair. */
static double score_bytes(const tb_time_case *item)
{
    const tb_problem *problem = item->problem;
    return (double)item->census->visible_pairs * (double)problem->heads * (double)problem->batch *
           (double)tb_dtype_bytes(problem->dtype);
}

double tb_time_hbm_bytes(const tb_time_case *item, const tb_schedule *schedule)
{
    double bytes = item->problem->pass == TB_PASS_FORWARD ? forward_bytes(item, schedule)
                                                          : backward_bytes(item, schedule);
    bool has_scores = item->kernel->time.kind != TB_CLASS_FUSED; /* written, then read */
    return bytes + (has_scores ? 2 * score_bytes(item) : 0);
}

double tb_time_exposed_bytes(const tb_time_case *item)
{
    sizes s = sizes_of(item->problem);
    if (item->kernel->is_for_cpus) { /* caches hold it */
        return 0;
    }
    return item->problem->pass == TB_PASS_FORWARD ? s.q_rows * (s.d + s.dv) * s.element
                                                  : 2 * s.kv_rows * (s.d + s.dv) * s.element;
}

/* A launch that only moves bytes. */
static double copy_us(const tb_time_case *item, double bytes)
{
    double nominal = tb_device_get(item->device, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, 0);
    double rate = tb_device_get(item->device, TB_DEVICE_MEASURED_DRAM_READ_GB_PER_S, nominal);
    double start = tb_device_get(item->device, TB_DEVICE_MEASURED_LAUNCH_US, SMALL_LAUNCH_US);
    return bytes / (rate * TB_BYTES_PER_GB) * TB_US_PER_S + start;
}

static bool permutes(const tb_time_case *item)
{
    const tb_layout *layout = &item->problem->layout;
    bool is_dilated = false;
    for (int d = 0; d < layout->rank; d++) {
        is_dilated = is_dilated || tb_pattern_dilation(item->pattern, d) > 1;
    }
    return item->kernel->permutation != TB_PERMUTE_NONE &&
           item->tiling->kind == TB_TILING_MULTI_DIM && (layout->rank > 1 || is_dilated);
}

/* Q, K, V before and O after; backward: O, dO and the three gradients besides. */
static double permuted_bytes(const tb_problem *problem)
{
    double n = (double)tb_layout_tokens(&problem->layout), batch = (double)problem->batch;
    double q = n * (double)problem->heads * (double)problem->dim;
    double o = n * (double)problem->heads * (double)problem->dim_value;
    double k = n * (double)problem->heads_kv * (double)problem->dim;
    double v = n * (double)problem->heads_kv * (double)problem->dim_value;
    double elements = problem->pass == TB_PASS_FORWARD ? q + k + v + o : 2 * (q + k + v + o);
    return 2 * elements * batch * (double)tb_dtype_bytes(problem->dtype);
}

/* Attention of every query to the extra KV tokens alone: equal CTAs, as many as the attention
 * launch has query tiles. */
static double extra_kv_us(const tb_time_case *item, const tb_time *time, double prologue,
                          double sms, double bandwidth)
{
    sizes s = sizes_of(item->problem);
    double copies = (double)time->schedule.ctas / ((double)item->cta_count * (double)time->splits);
    double tiles = (double)tb_time_extra_tiles(item);
    double slots = sms * (double)time->occupancy;
    double waves = ceil((double)item->cta_count * copies / slots);
    double cycles = waves * (prologue + tiles * time->tile.plain * (double)time->occupancy);
    double bytes = s.q_rows * (s.d + s.dv) * s.element; /* Q read and O written once more */
    double hbm_us = bytes / (bandwidth * TB_BYTES_PER_GB) * TB_US_PER_S;
    return cycles / time->clock_mhz + hbm_us + time->launch_us;
}

double tb_time_merge_us(const tb_time_case *item, int64_t splits)
{
    sizes s = sizes_of(item->problem);
    double o = s.q_rows * s.dv;
    return copy_us(item, 2 * (double)splits * (o + s.q_rows) * FP32_BYTES + o * s.element);
}

static void forward_sides(const tb_time_case *item, double prologue, double sms, double bandwidth,
                          tb_time *time)
{
    const tb_problem *problem = item->problem;
    sizes s = sizes_of(problem);
    double o = s.q_rows * s.dv;
    if (tb_time_extra_tiles(item) > 0) {
        time->side_us[TB_SIDE_EXTRA_KV] = extra_kv_us(item, time, prologue, sms, bandwidth);
        time->side_us[TB_SIDE_MERGE] =
            copy_us(item, 3 * o * s.element + 3 * s.q_rows * FP32_BYTES); /* two in, one out */
    }
    if (time->splits > 1) {
        time->side_us[TB_SIDE_MERGE] += tb_time_merge_us(item, time->splits);
    }
    if (item->kernel->gqa == TB_GQA_EXPANDED && problem->heads_kv < problem->heads) {
        double group = (double)problem->heads / (double)problem->heads_kv;
        time->side_us[TB_SIDE_EXPAND] =
            copy_us(item, s.kv_rows * (s.d + s.dv) * s.element * (1 + group));
    }
    if (item->kernel->time.kind != TB_CLASS_FUSED) {
        time->side_us[TB_SIDE_SCORES] = copy_us(item, 2 * score_bytes(item));
    }
}

static void backward_sides(const tb_time_case *item, tb_time *time)
{
    sizes s = sizes_of(item->problem);
    double o = s.q_rows * s.dv;
    time->side_us[TB_SIDE_DELTA] = copy_us(item, 2 * o * s.element + s.q_rows * FP32_BYTES);
    if (item->kernel->time.dq_atomic) {
        time->side_us[TB_SIDE_CONVERT] =
            copy_us(item, s.q_rows * s.d * (2 * FP32_BYTES + s.element));
    }
    if (item->problem->heads_kv <
        item->problem->heads) { /* written a query head, read, converted */
        double group = (double)item->problem->heads / (double)item->problem->heads_kv;
        time->side_us[TB_SIDE_REDUCE] =
            copy_us(item, s.kv_rows * (s.d + s.dv) * (2 * group * FP32_BYTES + s.element));
    }
}

tb_status tb_time_side_launches(const tb_time_case *item, const tb_time_values *values,
                                double prologue, tb_time *time, tb_error *err)
{
    double bandwidth = 0, sms = 0, fraction = 0;
    tb_status status =
        tb_device_need(item->device, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, &bandwidth, err);
    if (status == TB_OK) {
        status = tb_device_need(item->device, TB_DEVICE_SM_COUNT, &sms, err);
    }
    if (status == TB_OK && item->kernel->permutation != TB_PERMUTE_NONE) {
        status = tb_time_need(item, values, TB_TIME_PERMUTE_FRACTION, &fraction, err);
    }
    if (status != TB_OK) {
        return status;
    }
    if (item->problem->pass == TB_PASS_FORWARD) {
        forward_sides(item, prologue, sms, bandwidth, time);
        time->side_us[TB_SIDE_PACK] = tb_time_pack_us(item, values, bandwidth);
    } else {
        backward_sides(item, time);
    }
    if (permutes(item)) {
        time->permute_fraction = fraction;
        time->side_us[TB_SIDE_PERMUTE] =
            permuted_bytes(item->problem) / (bandwidth * TB_BYTES_PER_GB * fraction) * TB_US_PER_S;
    }
    return TB_OK;
}
