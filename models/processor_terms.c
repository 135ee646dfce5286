#include "processor_terms.h"

#include "time_parts.h"

#include <math.h>

#define BYTES_PER_KIB 1024.0

/* A parameter that only some kernels have, or what stands for it. */
static double optional(const tb_time_values *values, tb_time_parameter parameter)
{
    return values->known[parameter] ? values->value[parameter]
                                    : tb_time_parameters[parameter].otherwise;
}

/* How much larger a size is than the one that cycles are stated for; 1 where they do not grow. */
double tb_time_growth(double size, double stated)
{
    return stated > 0 ? size / stated : 1;
}

/* Rows of a query tile that are worked on: |T|, or the mean up to the last real row. In a box of
 * T_d that reaches past the layout r_d of them are real; the last real row is number (r_0 - 1) T_1
 * T_2 + (r_1 - 1) T_2 + r_2, whose mean over tiles is that of the mean r_d. */
double tb_time_worked_rows(const tb_time_case *item)
{
    const tb_layout *layout = &item->problem->layout;
    int dims = tb_tiling_dims(item->tiling, layout);
    double rows = 1;
    if (!item->kernel->time.trims_rows) {
        return (double)tb_tiling_q_tokens(item->tiling, layout);
    }
    for (int d = 0; d < dims; d++) {
        bool is_box = item->tiling->kind == TB_TILING_MULTI_DIM;
        double tokens = (double)(is_box ? layout->extent[d] : tb_layout_tokens(layout));
        double groups = is_box ? (double)tb_pattern_dilation(item->pattern, d) : 1;
        double tile = (double)item->tiling->q_tile[d], length = ceil(tokens / groups);
        rows = (rows - 1) * tile + length / ceil(length / tile);
    }
    return rows;
}

/* Bytes of all tensors of a launch, and of keys and values once more as fp32. */
static double footprint(const tb_problem *problem)
{
    double n = (double)tb_layout_tokens(&problem->layout);
    double queries = (n + (double)problem->extra_q) * (double)problem->heads;
    double keys = (n + (double)problem->extra_kv) * (double)problem->heads_kv;
    double bytes = (double)tb_dtype_bytes(problem->dtype);
    double dims = (double)(problem->dim + problem->dim_value) * (double)problem->batch;
    return dims * (queries * bytes + keys * (bytes + (double)sizeof(float)));
}

/* Time of work on memory over that of work on the last cache: the part of the data that fits the
 * cores' own caches takes cached_factor of it. */
static double slowness(const tb_time_case *item, const tb_time_values *values)
{
    const tb_device *device = item->device;
    double own = tb_device_get(device, TB_DEVICE_SMEM_PER_SM_KIB, 0) * BYTES_PER_KIB *
                 tb_device_get(device, TB_DEVICE_SM_COUNT, 0);
    double factor = optional(values, TB_TIME_CACHED_FACTOR);
    return 1 - fmin(own / footprint(item->problem), 1) * (1 - factor);
}

/* Keys and values read and written again, as fp32, for a kernel that packs them. */
double tb_time_pack_us(const tb_time_case *item, const tb_time_values *values, double bandwidth)
{
    const tb_problem *problem = item->problem;
    double fraction = optional(values, TB_TIME_PACK_FRACTION);
    double keys = (double)tb_layout_tokens(&problem->layout) + (double)problem->extra_kv;
    double elements = keys * (double)(problem->dim + problem->dim_value) *
                      (double)problem->heads_kv * (double)problem->batch;
    double bytes = elements * ((double)tb_dtype_bytes(problem->dtype) + (double)sizeof(float));
    bytes *= problem->heads_kv > 1 ? optional(values, TB_TIME_GAP_FACTOR) : 1;
    bytes *= slowness(item, values);
    return fraction > 0 ? bytes / (bandwidth * TB_BYTES_PER_GB * fraction) * TB_US_PER_S : 0;
}

tb_status tb_time_prologue(const tb_time_case *item, const tb_time_values *values, double *out,
                           tb_error *err)
{
    const tb_problem *problem = item->problem;
    const tb_time_traits *traits = &item->kernel->time;
    double stated = 0, rows = tb_time_worked_rows(item);
    double gaps = problem->heads > 1 ? optional(values, TB_TIME_GAP_FACTOR) : 1;
    double dims = (double)(problem->dim + problem->dim_value);
    tb_status status = tb_time_need(item, values, TB_TIME_PROLOGUE_CYCLES, &stated, err);
    *out = stated * gaps * slowness(item, values) * tb_time_growth(rows, traits->stated_rows) *
           tb_time_growth(dims, traits->stated_dims);
    return status;
}
