#include "predict_time.h"

#include <stdlib.h>

tb_status tb_time_wave_kv_tiles(const tb_prediction *prediction, const tb_kernel *kernel,
                                const tb_device *device, int64_t *out, tb_error *err)
{
    double sms = 0;
    tb_status status = tb_device_need(device, TB_DEVICE_SM_COUNT, &sms, err);
    return status == TB_OK
               ? tb_wave_kv_tiles(&prediction->problem, &prediction->pattern, &prediction->tiling,
                                  (int64_t)sms * kernel->time.occupancy, out, err)
               : status;
}

static tb_status time_one(const tb_prediction *prediction, const tb_kernel *kernel,
                          const tb_device *device, tb_time *out, tb_error *err)
{
    if (!kernel->time.given) {
        return tb_fail(
            err, TB_EINVAL,
            "kernel %s has no time model; give another --kernel, or write one into its file "
            "(docs/model.md)",
            kernel->name);
    }
    if (prediction->problem.pass != TB_PASS_FORWARD) {
        return tb_fail(err, TB_EINVAL,
                       "the time model is of the forward pass; a backward pass has its census "
                       "and bounds without a device");
    }
    int64_t q_tiles = prediction->census.q_tiles;
    tb_q_tile_count *counts = calloc((size_t)q_tiles, sizeof *counts);
    if (counts == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld query tiles", (long long)q_tiles);
    }
    tb_status status = tb_q_tile_counts_fill(&prediction->problem, &prediction->pattern,
                                             &prediction->tiling, q_tiles, counts, err);
    int64_t wave = 0;
    if (status == TB_OK) {
        status = tb_time_wave_kv_tiles(prediction, kernel, device, &wave, err);
    }
    if (status == TB_OK) {
        tb_time_case item = {.problem = &prediction->problem,
                             .pattern = &prediction->pattern,
                             .tiling = &prediction->tiling,
                             .census = &prediction->census,
                             .masks = prediction->has_masks ? &prediction->masks : NULL,
                             .kernel = kernel,
                             .device = device,
                             .q_tiles = counts,
                             .wave_kv_tiles = wave};
        tb_time_values values = tb_time_values_of(kernel, device);
        status = tb_time_predict(&item, &values, out, err);
    }
    free(counts);
    return status;
}

/* Dense (or causal) attention over the flattened layout with the baseline kernel's own tiles. */
static tb_status time_baseline(const tb_prediction *prediction, const tb_kernel *baseline,
                               const tb_device *device, tb_time *out, tb_error *err)
{
    tb_case item = tb_case_default();
    item.problem = prediction->problem;
    item.problem.layout =
        (tb_layout){.rank = 1, .extent = {tb_layout_tokens(&prediction->problem.layout)}};
    item.pattern.kind =
        prediction->bound.baseline == TB_BASELINE_CAUSAL ? TB_PATTERN_CAUSAL : TB_PATTERN_DENSE;
    tb_prediction dense = {0};
    tb_status status = tb_predict(&item, baseline, &dense, err);
    if (status == TB_OK) {
        status = time_one(&dense, baseline, device, out, err);
    }
    tb_prediction_release(&dense);
    return status;
}

tb_status tb_predict_time(const tb_prediction *prediction, const tb_kernel *kernel,
                          const tb_device *device, const tb_kernel *baseline, tb_timing *out,
                          tb_error *err)
{
    tb_timing timing = {.has_dense = baseline != NULL};
    tb_status status = time_one(prediction, kernel, device, &timing.time, err);
    if (status == TB_OK && baseline != NULL) {
        status = time_baseline(prediction, baseline, device, &timing.dense, err);
    }
    if (status != TB_OK) {
        return status;
    }
    if (baseline != NULL) {
        timing.speedup = timing.dense.attention_us / timing.time.attention_us;
        timing.speedup_total = timing.dense.attention_us / timing.time.total_us;
    }
    *out = timing;
    return TB_OK;
}
