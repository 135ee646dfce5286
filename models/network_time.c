#include "network_time.h"

#include <math.h>

#define GEMM_FRACTION   0.79 /* header: medians of what devices reach */
#define MEMORY_FRACTION 0.95

tb_basis tb_basis_worst(tb_basis a, tb_basis b)
{
    return a > b ? a : b;
}

/* Add an origin to what a time rests on. */
static tb_basis basis_with(tb_basis basis, tb_value_origin origin)
{
    return tb_basis_worst(basis,
                          origin == TB_VALUE_ASSUMED ? TB_BASIS_ASSUMED : TB_BASIS_UNCALIBRATED);
}

static tb_status fraction_of(const tb_device *device, tb_device_key nominal, double fraction,
                             double *out, tb_basis *basis, tb_error *err)
{
    tb_status status = tb_device_need(device, nominal, out, err);
    if (status == TB_OK) {
        *out *= fraction;
        *basis = basis_with(*basis, device->values[nominal].origin);
    }
    return status;
}

/* The measured value unless it is unknown or the user set the nominal one alone. */
static tb_status achieved(const tb_device *device, tb_device_key measured, tb_device_key nominal,
                          double fraction, double *out, tb_basis *basis, tb_error *err)
{
    const tb_device_value *value = &device->values[measured];
    bool is_set = device->values[nominal].origin == TB_VALUE_SET && value->origin != TB_VALUE_SET;
    if (value->origin == TB_VALUE_UNKNOWN || is_set) {
        return fraction_of(device, nominal, fraction, out, basis, err);
    }
    *out = value->value;
    *basis = basis_with(*basis, value->origin);
    return TB_OK;
}

tb_status tb_network_gemm_rate(const tb_device *device, tb_dtype dtype, double *out,
                               tb_basis *basis, tb_error *err)
{
    tb_status status = TB_OK;
    double tflops = 0;
    switch (dtype) {
    case TB_DTYPE_FP32: /* PyTorch's matrix products in TF32; nobody measured them here */
        status =
            fraction_of(device, TB_DEVICE_PEAK_TF32_TFLOPS, GEMM_FRACTION, &tflops, basis, err);
        break;
    case TB_DTYPE_FP16:
    case TB_DTYPE_BF16:
        status = achieved(device, TB_DEVICE_MEASURED_GEMM_BF16_TFLOPS, TB_DEVICE_PEAK_FP16_TFLOPS,
                          GEMM_FRACTION, &tflops, basis, err);
        break;
    case TB_DTYPE_E4M3:
    case TB_DTYPE_E5M2:
        status = achieved(device, TB_DEVICE_MEASURED_GEMM_FP8_TFLOPS, TB_DEVICE_PEAK_FP8_TFLOPS,
                          GEMM_FRACTION, &tflops, basis, err);
        break;
    }
    if (status == TB_OK) {
        *out = 1e12 * tflops;
    }
    return status;
}

tb_status tb_network_bandwidth(const tb_device *device, double *out, tb_basis *basis, tb_error *err)
{
    double gb_per_s = 0;
    tb_status status =
        achieved(device, TB_DEVICE_MEASURED_DRAM_READ_GB_PER_S, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S,
                 MEMORY_FRACTION, &gb_per_s, basis, err);
    if (status == TB_OK) {
        *out = 1e9 * gb_per_s;
    }
    return status;
}

/* What the parts of one forward pass are timed with. */
typedef struct rest_rates {
    double flop_per_s, bytes_per_s, element_bytes;
    double layout_tokens; /* of all batch entries */
    double text_tokens;
} rest_rates;

static double part_tokens(const tb_rest_part *part, const rest_rates *rates)
{
    switch (part->on) {
    case TB_REST_LAYOUT:
        return rates->layout_tokens;
    case TB_REST_TEXT:
        return rates->text_tokens;
    case TB_REST_BOTH:
        return rates->layout_tokens + rates->text_tokens;
    case TB_REST_COUNT_GIVEN:
        break;
    }
    return (double)part->tokens;
}

static double linear_us(const tb_linear *linear, double tokens, const rest_rates *rates)
{
    double in = (double)linear->in, out = (double)linear->out;
    double compute = 2 * tokens * in * out / rates->flop_per_s;
    double memory = (tokens * (in + out) + in * out) * rates->element_bytes / rates->bytes_per_s;
    return 1e6 * fmax(compute, memory);
}

/* Dense attention of the layout's tokens to the prompt's, one layer. */
static tb_status cross_us(const tb_network *network, const tb_network_setup *setup, double tokens,
                          double *out, tb_basis *basis, tb_error *err)
{
    int64_t keys = network->rest.text_tokens;
    *out = 0;
    if (keys == 0) {
        return TB_OK;
    }
    if (setup->dense_kernel == NULL) {
        return tb_fail(err, TB_EINVAL,
                       "device %s has no kernel for dense attention to the prompt; give "
                       "--baseline-kernel",
                       setup->device->name);
    }
    tb_case item = tb_case_default();
    item.problem = *setup->problem;
    item.problem.layout = (tb_layout){.rank = 1, .extent = {keys}};
    item.problem.batch = (int64_t)ceil(tokens / (double)keys);
    item.problem.extra_kv = item.problem.extra_q = 0;
    tb_prediction prediction = {0};
    tb_timing timing;
    tb_status status = tb_predict(&item, setup->dense_kernel, &prediction, err);
    if (status == TB_OK) {
        status =
            tb_predict_time(&prediction, setup->dense_kernel, setup->device, NULL, &timing, err);
    }
    tb_prediction_release(&prediction);
    if (status == TB_OK) {
        *out = timing.time.attention_us;
        *basis = tb_basis_worst(*basis, timing.time.basis);
    }
    return status;
}

tb_status tb_network_rest_time(const tb_network *network, const tb_network_setup *setup,
                               tb_forward_time *out, tb_error *err)
{
    const tb_problem *problem = setup->problem;
    const tb_network_rest *rest = &network->rest;
    double batch = (double)problem->batch;
    rest_rates rates = {.element_bytes = (double)tb_dtype_bytes(problem->dtype),
                        .layout_tokens = batch * (double)tb_layout_tokens(&problem->layout),
                        .text_tokens = batch * (double)rest->text_tokens};
    tb_forward_time time = *out;
    time.linear_us = time.passes_us = time.cross_us = 0;
    tb_status status =
        tb_network_gemm_rate(setup->device, problem->dtype, &rates.flop_per_s, &time.basis, err);
    if (status == TB_OK) {
        status = tb_network_bandwidth(setup->device, &rates.bytes_per_s, &time.basis, err);
    }
    for (size_t i = 0; status == TB_OK && i < rest->part_count; i++) {
        const tb_rest_part *part = &rest->parts[i];
        double tokens = part_tokens(part, &rates), layers = (double)part->layers, cross = 0;
        for (size_t k = 0; k < part->linear_count; k++) {
            time.linear_us += layers * linear_us(&part->linear[k], tokens, &rates);
        }
        time.passes_us += 1e6 * layers * part->passes * tokens * (double)rest->width *
                          rates.element_bytes / rates.bytes_per_s;
        if (part->attends_text) {
            status = cross_us(network, setup, tokens, &cross, &time.basis, err);
        }
        time.cross_us += layers * cross;
    }
    if (status == TB_OK) {
        *out = time;
    }
    return status;
}

void tb_forward_time_add(tb_forward_time *sums, const tb_timing *timing, double layers)
{
    sums->attention_us += layers * timing->time.attention_us;
    sums->permute_us += layers * timing->time.permute_us;
    sums->basis = tb_basis_worst(sums->basis, timing->time.basis);
    if (timing->has_dense) {
        sums->dense_us += layers * timing->dense.attention_us;
        sums->basis = tb_basis_worst(sums->basis, timing->dense.basis);
    }
}

/* One group of layers, added to the sums. */
static tb_status add_group(const tb_layer_group *group, const tb_network_setup *setup,
                           tb_forward_time *sums, tb_error *err)
{
    tb_case item = tb_case_default();
    item.problem = *setup->problem;
    item.problem.heads = item.problem.heads_kv = group->heads;
    item.pattern = group->pattern;
    item.tiling = setup->tiling;
    tb_case_normalize(&item);
    tb_prediction prediction = {0};
    tb_timing timing;
    tb_status status = tb_predict(&item, setup->kernel, &prediction, err);
    if (status == TB_OK) {
        status = tb_predict_time(&prediction, setup->kernel, setup->device, setup->dense_kernel,
                                 &timing, err);
    }
    tb_prediction_release(&prediction);
    if (status == TB_OK) {
        tb_forward_time_add(sums, &timing, (double)group->layer_count);
    }
    return status;
}

tb_status tb_network_attention_time(const tb_network_case *which, const tb_network_setup *setup,
                                    tb_forward_time *out, tb_error *err)
{
    tb_forward_time sums = {.basis = TB_BASIS_CALIBRATED};
    tb_status status = TB_OK;
    for (size_t g = 0; status == TB_OK && g < which->group_count; g++) {
        status = add_group(&which->groups[g], setup, &sums, err);
    }
    if (status == TB_OK) {
        out->attention_us = sums.attention_us;
        out->permute_us = sums.permute_us;
        out->dense_us = sums.dense_us;
        out->basis = sums.basis;
    }
    return status;
}

bool tb_network_time_by_share(const tb_network *network, const tb_forward_time *forward,
                              bool permutes, int64_t dense_steps, tb_end_to_end *out)
{
    double share = 0;
    if (!tb_network_number(network, TB_SHARE_FACT, &share)) {
        return false;
    }
    double sparse = forward->attention_us + (permutes ? forward->permute_us : 0);
    *out =
        tb_end_to_end_of(share, forward->dense_us / sparse, dense_steps, tb_network_steps(network));
    return true;
}

tb_network_time tb_network_time_of(const tb_network_rest *rest, const tb_forward_time *forward,
                                   const tb_outside_time *outside, int64_t dense_steps,
                                   int64_t steps)
{
    double forwards = (double)rest->forwards, k = (double)dense_steps / (double)steps;
    double others = forward->linear_us + forward->passes_us + forward->cross_us;
    double sparse = forward->attention_us + (rest->permutes_once ? 0 : forward->permute_us);
    double fixed = outside->us + forwards * (others + k * forward->dense_us);
    tb_network_time time = {.forward = *forward, .outside = *outside};
    time.dense_us = outside->us + forwards * (others + forward->dense_us);
    time.sparse_us = fixed + forwards * (1 - k) * sparse;
    time.speedup = time.dense_us / time.sparse_us;
    time.attention_share = forwards * forward->dense_us / time.dense_us;
    time.amdahl_limit = time.dense_us / fixed;
    bool assumed = outside->is_scaled || outside->is_negative || tb_network_rest_is_assumed(rest);
    time.basis = assumed ? TB_BASIS_ASSUMED : forward->basis;
    return time;
}
