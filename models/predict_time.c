#include "predict_time.h"

#include "timed_prediction.h"

static tb_status time_one(const tb_prediction *prediction, const tb_kernel *kernel,
                          const tb_device *device, tb_time *out, tb_error *err)
{
    tb_cta_counts counts = {0};
    tb_status status = tb_cta_counts_fill(prediction, kernel, device, &counts, err);
    if (status == TB_OK) {
        tb_time_case item = tb_time_case_of(prediction, kernel, device, &counts);
        tb_time_values values = tb_time_values_of(kernel, device);
        status = tb_time_predict(&item, &values, out, err);
    }
    tb_cta_counts_release(&counts);
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
