/* What attention and cross stages share: their kernel, their traits, and the time of a launch that
 * is not quite the kernel's own. */
#include "stage_parts.h"
#include "time_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_IN_MIB  1048576.0
#define LOG_SUM_BYTES 4.0 /* of a query row: what merging and the backward pass need */

tb_status tb_stage_traits(const tb_stage *stage, const tb_stage_context *context,
                          tb_attention_traits *out, tb_error *err)
{
    double density = 1, index = 0;
    tb_attention_traits traits = {.softmax = 1};
    tb_status status = tb_stage_rate(stage, context, &traits.rate, err);
    if (status == TB_OK) {
        status = tb_stage_fraction(stage, context, "operand_density", 1, &density, err);
    }
    if (status == TB_OK) {
        status = tb_stage_number(stage, context, "index_bytes", 0, 0, &index, err);
    }
    if (status == TB_OK) {
        status = tb_stage_number(stage, context, "softmax", 1, 0, &traits.softmax, err);
    }
    if (status == TB_OK) {
        double element = tb_matrix_rate_bytes(traits.rate, context->problem->dtype);
        status = tb_stage_number(stage, context, "kv_bytes", element, 0, &element, err);
        traits.kv_bytes = element * density + index;
    }
    if (status == TB_OK) {
        *out = traits;
    }
    return status;
}

tb_work tb_attention_work(const tb_problem *problem, double tile_pairs, double keys,
                          const tb_attention_traits *traits)
{
    double n = (double)tb_layout_tokens(&problem->layout) + (double)problem->extra_q;
    double copies = (double)problem->batch * (double)problem->heads;
    double dims = (double)problem->dim + (double)problem->dim_value;
    double kv = keys * (double)problem->batch * (double)problem->heads_kv * dims;
    return (tb_work){.matrix_flop = 2 * dims * tile_pairs * copies,
                     .rate = traits->rate,
                     .special = tile_pairs * copies * fmin(traits->softmax, 1),
                     .hbm_bytes = n * copies * dims * (double)tb_dtype_bytes(problem->dtype) +
                                  kv * traits->kv_bytes,
                     .launches = 1,
                     .live_bytes = n * copies * LOG_SUM_BYTES};
}

/* The kernel's parameters, with what the stage changes. */
static tb_status values_of(const tb_attention_launch *launch, tb_time_values *out, tb_error *err)
{
    const tb_time_case *item = launch->item;
    double own = 1, wanted = 1;
    tb_matrix_rate rate = tb_dtype_rate(item->problem->dtype);
    tb_time_values values = tb_time_values_of(item->kernel, item->device);
    tb_status status = TB_OK;
    if (launch->traits->rate != rate) {
        status = tb_matrix_peak(item->device, rate, &own, err);
    }
    if (status == TB_OK && launch->traits->rate != rate) {
        status = tb_matrix_peak(item->device, launch->traits->rate, &wanted, err);
    }
    const struct {
        tb_time_parameter parameter;
        double factor;
    } changed[] = {{TB_TIME_TENSOR_FRACTION, wanted / own},
                   {TB_TIME_SOFTMAX_FACTOR, launch->traits->softmax}};
    for (size_t i = 0; status == TB_OK && i < 2; i++) {
        double value = 0;
        status = tb_time_need(item, &values, changed[i].parameter, &value, err);
        values.known[changed[i].parameter] = true;
        values.value[changed[i].parameter] = value * changed[i].factor;
    }
    *out = values;
    return status;
}

/* HBM bytes with K and V as the stage has them: as many tokens, bytes an element, and reads. */
static double hbm_bytes(const tb_attention_launch *launch, const tb_schedule *schedule)
{
    const tb_time_case *item = launch->item;
    const tb_problem *problem = item->problem;
    double dims = (double)problem->dim + (double)problem->dim_value;
    double element = (double)tb_dtype_bytes(problem->dtype);
    double layout = (double)tb_layout_tokens(&problem->layout) + (double)problem->extra_kv;
    double heads_kv = (double)problem->heads_kv * (double)problem->batch;
    double all = tb_time_hbm_bytes(item, schedule);
    double rows = (double)tb_layout_tokens(&problem->layout) + (double)problem->extra_q;
    double q = rows * (double)problem->heads * (double)problem->batch * dims * element;
    if (launch->keys == layout) {
        return q + (all - q) * launch->traits->kv_bytes / element;
    }
    double l2 = tb_device_get(item->device, TB_DEVICE_L2_SIZE_MIB, 0) * BYTES_IN_MIB;
    double head = launch->keys * dims * launch->traits->kv_bytes;
    double waves = (double)item->cta_count / (double)schedule->slots;
    return q + head * heads_kv * (head > l2 ? fmax(waves, 1) : 1);
}

tb_status tb_attention_time(const tb_attention_launch *launch, tb_stage_result *result,
                            tb_error *err)
{
    const tb_time_case *item = launch->item;
    tb_time_values values;
    tb_time time;
    double bandwidth = 0;
    tb_basis basis;
    tb_limiter limiter;
    double least = 0, roofline = 0;
    tb_work work = result->work;
    work.special *= 1 - tb_time_exp_fma_fraction(item);
    tb_status status = values_of(launch, &values, err);
    if (status == TB_OK) {
        status = tb_time_predict(item, &values, &time, err);
    }
    if (status == TB_OK) {
        status = tb_device_need(item->device, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, &bandwidth, err);
    }
    if (status == TB_OK) {
        status = tb_work_time(&work, item->device, &least, &roofline, &limiter, &basis, err);
    }
    if (status != TB_OK) {
        return status;
    }
    double makespan = time.schedule.makespan / time.clock_mhz;
    double before = tb_time_launch_us(&time, makespan);
    double bytes = hbm_bytes(launch, &time.schedule) + launch->more_bytes;
    time.hbm_us = bytes / (bandwidth * TB_BYTES_PER_GB) * TB_US_PER_S;
    bool by_hbm = time.hbm_us > makespan + time.exposed_us;
    result->least_us = least;
    result->time_us = time.total_us - before + tb_time_launch_us(&time, makespan);
    result->limiter = by_hbm                           ? TB_LIMITER_HBM
                      : time.limiter == TB_LIMITER_HBM ? TB_LIMITER_LATENCY
                                                       : time.limiter;
    result->basis = time.basis > basis ? time.basis : basis;
    return TB_OK;
}

tb_status tb_stage_kernel(const tb_stage *stage, const tb_stage_context *context, bool sees_all,
                          tb_kernel **owned, const tb_kernel **out, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(stage->node, "kernel");
    const char *name = NULL;
    tb_status status = TB_OK;
    *owned = NULL;
    *out = sees_all ? context->dense_kernel : context->kernel;
    if (node != NULL) {
        status = tb_yaml_text(node, &name, err);
        if (status == TB_OK) {
            tb_error inner = {0};
            status = tb_kernel_load(name, owned, &inner);
            *out = *owned;
            if (status == TB_EINVAL) {
                return tb_yaml_fail(node, err, "%s", inner.message);
            }
            if (status != TB_OK && err != NULL) {
                *err = inner;
            }
        }
    }
    if (status == TB_OK && *out == NULL && context->device != NULL) {
        return tb_fail(err, TB_EINVAL, "device %s has no default kernel; give --kernel",
                       context->device->name);
    }
    return status;
}
