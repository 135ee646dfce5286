/* Runs a mechanism: its stages one after another, against dense attention. */
#include "mechanism_parts.h"

#include "arena.h"
#include "decode.h"
#include "predict.h"
#include "predict_time.h"
#include "stage_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_SAMPLES 16

const char *const tb_problem_names[TB_PROBLEM_NAME_COUNT] = {
    "N", "N0", "N1", "N2", "B", "H", "Hkv", "G", "D", "Dv", "bytes", "causal"};

static void problem_values(const tb_mechanism *mechanism, const tb_problem *problem, double *out)
{
    const tb_layout *layout = &problem->layout;
    const double values[TB_PROBLEM_NAME_COUNT] = {
        (double)tb_layout_tokens(layout),
        (double)layout->extent[0],
        layout->rank > 1 ? (double)layout->extent[1] : 1,
        layout->rank > 2 ? (double)layout->extent[2] : 1,
        (double)problem->batch,
        (double)problem->heads,
        (double)problem->heads_kv,
        (double)problem->heads / (double)problem->heads_kv,
        (double)problem->dim,
        (double)problem->dim_value,
        (double)tb_dtype_bytes(problem->dtype),
        mechanism->baseline == TB_BASELINE_CAUSAL,
    };
    memcpy(out, values, sizeof values);
}

tb_status tb_mechanism_names(const tb_mechanism *mechanism, const tb_problem *problem,
                             tb_arena *arena, tb_names *out, tb_error *err)
{
    size_t derived = mechanism->derived == NULL ? 0 : tb_yaml_count(mechanism->derived);
    size_t all = TB_PROBLEM_NAME_COUNT + mechanism->parameter_count + derived, count = 0;
    const char **names = tb_arena_array(arena, all, sizeof *names);
    double *values = tb_arena_array(arena, all, sizeof *values);
    if (names == NULL || values == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a mechanism's names");
    }
    problem_values(mechanism, problem, values);
    for (; count < TB_PROBLEM_NAME_COUNT; count++) {
        names[count] = tb_problem_names[count];
    }
    for (size_t i = 0; i < mechanism->parameter_count; i++, count++) {
        names[count] = mechanism->parameters[i].name;
        values[count] = mechanism->parameters[i].value;
    }
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < derived; i++, count++) {
        tb_names before = {.name = names, .value = values, .count = count};
        names[count] = tb_yaml_key(mechanism->derived, i);
        status =
            tb_expression_value(tb_yaml_item(mechanism->derived, i), &before, &values[count], err);
    }
    *out = (tb_names){.name = names, .value = values, .count = all};
    return status;
}

tb_status tb_mechanism_make_dense(tb_mechanism *mechanism, const tb_problem *problem, bool *out,
                                  tb_error *err)
{
    const tb_yaml_node *map = mechanism->dense_when;
    tb_names names;
    *out = map != NULL;
    tb_status status =
        map != NULL ? tb_mechanism_names(mechanism, problem, mechanism->arena, &names, err) : TB_OK;
    for (size_t i = 0; status == TB_OK && map != NULL && i < tb_yaml_count(map); i++) {
        for (size_t p = 0; p < mechanism->parameter_count; p++) {
            tb_mechanism_parameter *parameter = &mechanism->parameters[p];
            if (strcmp(parameter->name, tb_yaml_key(map, i)) == 0) {
                parameter->is_set = true;
                status = tb_expression_value(tb_yaml_item(map, i), &names, &parameter->value, err);
            }
        }
    }
    return status;
}

/* Q, K, V read and the output written: what is live beside what stages need. */
static double operand_bytes(const tb_problem *problem)
{
    double n = (double)tb_layout_tokens(&problem->layout), batch = (double)problem->batch;
    double dims = (double)problem->dim + (double)problem->dim_value;
    double keys = (n + (double)problem->extra_kv) * (double)problem->heads_kv;
    double queries = (n + (double)problem->extra_q) * (double)problem->heads;
    return (keys + queries) * dims * batch * (double)tb_dtype_bytes(problem->dtype);
}

/* One query against the whole cache, divided as FlashDecoding does. */
static tb_status dense_decode(const tb_problem *problem, const tb_mechanism_options *options,
                              tb_mechanism_result *out, tb_error *err)
{
    tb_decode_time time;
    tb_decode_problem dense = tb_decode_default(problem);
    dense.cache = dense.kept = tb_layout_tokens(&problem->layout);
    tb_status status = tb_decode_predict(&dense, options->device, &time, err);
    if (status != TB_OK) {
        return status;
    }
    double rows = (double)problem->batch * (double)problem->heads;
    double dims = (double)problem->dim + (double)problem->dim_value;
    out->dense_us = time.time_us;
    out->dense_least_us = time.least_us;
    out->dense_peak_bytes = time.cache_bytes + rows * dims * (double)tb_dtype_bytes(problem->dtype);
    return TB_OK;
}

/* Dense (or causal) attention over the flattened layout, by the dense kernel: as predict does. */
static tb_status dense_attention(const tb_mechanism *mechanism, const tb_problem *problem,
                                 const tb_mechanism_options *options, const tb_kernel *kernel,
                                 double *flop, tb_mechanism_result *out, tb_error *err)
{
    tb_case item = tb_case_default();
    tb_prediction p = {0};
    tb_timing timing;
    tb_limiter limiter;
    tb_basis basis;
    double roofline = 0;
    item.problem = *problem;
    item.problem.layout = (tb_layout){.rank = 1, .extent = {tb_layout_tokens(&problem->layout)}};
    item.pattern.kind =
        mechanism->baseline == TB_BASELINE_CAUSAL ? TB_PATTERN_CAUSAL : TB_PATTERN_DENSE;
    tb_status status = tb_predict(&item, kernel, &p, err);
    if (status != TB_OK) {
        return status;
    }
    tb_attention_traits traits = {.rate = tb_dtype_rate(problem->dtype),
                                  .kv_bytes = (double)tb_dtype_bytes(problem->dtype),
                                  .softmax = 1};
    double tile = (double)tb_tiling_q_tokens(&p.tiling, &item.problem.layout) *
                  (double)tb_tiling_kv_tokens(&p.tiling, &item.problem.layout);
    double keys = (double)tb_layout_tokens(&problem->layout) + (double)problem->extra_kv;
    tb_work work = tb_attention_work(&item.problem, (double)p.census.visited * tile, keys, &traits);
    *flop = work.matrix_flop;
    out->dense_peak_bytes = operand_bytes(problem) + work.live_bytes;
    if (options->device != NULL && kernel != NULL) {
        status = tb_predict_time(&p, kernel, options->device, NULL, &timing, err);
        if (status == TB_OK) {
            out->dense_us = timing.time.attention_us;
            status = tb_work_time(&work, options->device, &out->dense_least_us, &roofline, &limiter,
                                  &basis, err);
        }
    }
    tb_prediction_release(&p);
    return status;
}

/* Of a decode mechanism the inputs are the cache and one query, which its stages count. */
static void add_up(const tb_mechanism *mechanism, double dense_flop, tb_mechanism_result *out)
{
    double live = 0, attention = 0;
    out->basis = TB_BASIS_CALIBRATED;
    for (size_t i = 0; i < out->stage_count; i++) {
        const tb_stage_result *stage = &out->stages[i];
        out->total_us += stage->time_us;
        out->least_us += stage->least_us;
        out->basis = stage->basis > out->basis ? stage->basis : out->basis;
        attention += stage->has_census ? stage->work.matrix_flop : 0;
        live = fmax(live, stage->work.live_bytes);
    }
    double inputs =
        mechanism->phase == TB_PHASE_DECODE ? out->dense_peak_bytes : operand_bytes(&out->problem);
    out->peak_bytes = inputs + live;
    bool timed = out->total_us > 0 && out->dense_us > 0;
    out->speedup = timed ? out->dense_us / out->total_us : nan("");
    out->bound = timed           ? out->dense_least_us / out->least_us
                 : attention > 0 ? dense_flop / attention
                                 : nan("");
}

/* One sentence for each kernel and kind of pattern that it does not run. */
static void remark_kernels(tb_mechanism_result *out)
{
    for (size_t i = 0; i < out->stage_count; i++) {
        const tb_stage_result *stage = &out->stages[i];
        bool is_first = stage->is_hypothetical;
        for (size_t j = 0; j < i && is_first; j++) {
            is_first = !(out->stages[j].is_hypothetical &&
                         out->stages[j].item.pattern.kind == stage->item.pattern.kind);
        }
        if (is_first) {
            tb_messages_add(&out->notes,
                            "kernel %s does not run %s patterns; what they take is what its tiles "
                            "would; --kernel names another",
                            stage->kernel, tb_pattern_types[stage->item.pattern.kind]->name);
        }
    }
}

static void remark(const tb_mechanism *mechanism, tb_mechanism_result *out)
{
    for (size_t i = 0; i < mechanism->parameter_count; i++) {
        const tb_mechanism_parameter *parameter = &mechanism->parameters[i];
        if (parameter->is_assumed && !parameter->is_set) {
            out->has_assumed = true;
            tb_messages_add(&out->notes, "%s = %.10g is %s; --set %s=... changes it",
                            parameter->name, parameter->value, parameter->from, parameter->name);
        }
    }
    if (out->speedup > out->bound * (1 + 1e-9)) {
        tb_messages_add(&out->notes,
                        "the speedup passes the bound: the dense baseline is farther from its "
                        "roofline than these stages are from theirs");
    }
    remark_kernels(out);
    for (size_t i = 0; i < out->stage_count; i++) {
        const tb_stage_result *stage = &out->stages[i];
        if (stage->has_census && stage->visited_high > stage->visited_low) {
            tb_messages_add(&out->notes,
                            "stage %s visits %.6g tiles in the mean, %.6g to %.6g in 95 %% of the "
                            "instances",
                            stage->name, stage->visited, stage->visited_low, stage->visited_high);
        }
    }
}

static tb_status run_stages(const tb_mechanism *mechanism, const tb_stage_context *context,
                            tb_mechanism_result *out, tb_error *err)
{
    tb_status status = TB_OK;
    out->stages = calloc(mechanism->stage_count, sizeof *out->stages);
    if (out->stages == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a mechanism's stages");
    }
    for (size_t i = 0; status == TB_OK && i < mechanism->stage_count; i++) {
        status = tb_stage_evaluate(&mechanism->stages[i], context, &out->stages[i], err);
        out->stage_count += status == TB_OK;
    }
    return status;
}

/* The kernels that a device has by default. */
typedef struct default_kernels {
    tb_kernel *sparse, *dense; /* owned, or NULL */
} default_kernels;

static tb_status load_defaults(const tb_mechanism_options *options, default_kernels *out,
                               tb_error *err)
{
    const tb_device *device = options->device;
    tb_status status = TB_OK;
    *out = (default_kernels){0};
    if (device != NULL && options->kernel == NULL && device->default_kernel != NULL) {
        status = tb_kernel_load(device->default_kernel, &out->sparse, err);
    }
    if (status == TB_OK && device != NULL && device->dense_kernel != NULL) {
        status = tb_kernel_load(device->dense_kernel, &out->dense, err);
    }
    return status;
}

static tb_status run(const tb_mechanism *mechanism, const tb_mechanism_options *options,
                     const default_kernels *defaults, tb_mechanism_result *out, tb_error *err)
{
    const tb_kernel *asked = options->kernel;
    const tb_kernel *dense = options->baseline_kernel != NULL ? options->baseline_kernel
                             : defaults->dense != NULL        ? defaults->dense
                             : asked != NULL                  ? asked
                                                              : defaults->sparse;
    double dense_flop = 0;
    tb_stage_context context = {
        .problem = &out->problem,
        .device = options->device,
        .kernel = asked != NULL              ? asked
                  : defaults->sparse != NULL ? defaults->sparse
                                             : dense,
        .dense_kernel = asked != NULL ? asked : dense,
        .is_causal = mechanism->baseline == TB_BASELINE_CAUSAL,
        .path = mechanism->path,
        .seed = options->seed,
        .samples = options->samples > 0 ? options->samples : USUAL_SAMPLES,
        .arena = out->arena,
    };
    tb_status status = tb_problem_check(&out->problem, err);
    if (status == TB_OK) {
        status = tb_mechanism_names(mechanism, &out->problem, out->arena, &context.names, err);
    }
    if (status == TB_OK) {
        status = run_stages(mechanism, &context, out, err);
    }
    if (status == TB_OK) {
        status =
            mechanism->phase == TB_PHASE_DECODE
                ? dense_decode(&out->problem, options, out, err)
                : dense_attention(mechanism, &out->problem, options, dense, &dense_flop, out, err);
    }
    if (status == TB_OK) {
        add_up(mechanism, dense_flop, out);
        remark(mechanism, out);
    }
    return status;
}

tb_status tb_mechanism_run_with(const tb_mechanism *mechanism, const tb_problem *problem,
                                const tb_mechanism_options *options, tb_mechanism_result *out,
                                tb_error *err)
{
    default_kernels defaults = {0};
    tb_mechanism_result result = {.problem = *problem, .arena = tb_arena_create()};
    tb_status status = result.arena == NULL ? tb_fail(err, TB_ENOMEM, "no memory for a mechanism")
                                            : load_defaults(options, &defaults, err);
    if (status == TB_OK) {
        status = run(mechanism, options, &defaults, &result, err);
    }
    tb_kernel_destroy(defaults.sparse);
    tb_kernel_destroy(defaults.dense);
    if (status != TB_OK) {
        tb_mechanism_result_release(&result);
        return status;
    }
    *out = result;
    return TB_OK;
}

tb_status tb_mechanism_run(const tb_mechanism *mechanism, const tb_problem *problem,
                           const tb_device *device, const tb_kernel *kernel, uint64_t seed,
                           tb_mechanism_result *out, tb_error *err)
{
    tb_mechanism_options options = {.device = device, .kernel = kernel, .seed = seed};
    return tb_mechanism_run_with(mechanism, problem, &options, out, err);
}

void tb_mechanism_result_release(tb_mechanism_result *result)
{
    for (size_t i = 0; i < result->stage_count; i++) {
        tb_stage_result_release(&result->stages[i]);
    }
    free(result->stages);
    tb_arena_destroy(result->arena);
    *result = (tb_mechanism_result){0};
}
