#include "compare_ratio.h"

#include "error_summary.h"
#include "predict_time.h"

#include <math.h>
#include <string.h>

bool tb_run_is_ratio(const tb_profile *profile, const tb_run *run)
{
    return run->kind != TB_RUN_END_TO_END && run->speedup.given && !run->time.given &&
           run->has_baseline && !profile->runs[run->baseline].time.given;
}

bool tb_run_is_of_ratio(const tb_profile *profile, const tb_run *run)
{
    bool found = tb_run_is_ratio(profile, run);
    for (size_t i = 0; !found && i < profile->count; i++) {
        const tb_run *other = &profile->runs[i];
        found = tb_run_is_ratio(profile, other) && &profile->runs[other->baseline] == run;
    }
    return found;
}

/* The time of one launch; TB_EINVAL says what is missing for it. */
static tb_status predict(tb_models *models, const tb_run *run, tb_time *out, tb_error *err)
{
    const tb_device *device = NULL;
    const tb_kernel *kernel = NULL;
    tb_prediction prediction = {0};
    tb_timing timing = {0};
    if (!run->simulable) {
        return tb_fail(err, TB_EINVAL, "%s", run->why_not);
    }
    if (run->device == NULL || run->kernel == NULL) {
        return tb_fail(err, TB_EINVAL, "no model for '%s' on '%s'", run->kernel_text,
                       run->device_text);
    }
    tb_status status = tb_models_device(models, run->device, &device, err);
    if (status == TB_OK) {
        status = tb_models_kernel(models, run->kernel, &kernel, err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_case item = tb_run_case(run, kernel);
    status = tb_predict(&item, kernel, &prediction, err);
    if (status == TB_OK) {
        status = tb_predict_time(&prediction, kernel, device, NULL, &timing, err);
    }
    tb_prediction_release(&prediction);
    if (status == TB_OK) {
        *out = timing.time;
    }
    return status;
}

static tb_status compare_one(tb_models *models, tb_arena *arena, tb_compared_ratio *out,
                             tb_error *err)
{
    tb_error inner = {0};
    tb_time sparse = {0}, dense = {0};
    tb_status status = predict(models, out->run, &sparse, &inner);
    if (status == TB_OK) {
        status = predict(models, out->dense, &dense, &inner);
    }
    if (status == TB_EINVAL || status == TB_EOVERFLOW) { /* its advice is for other commands */
        out->why_not = tb_arena_text(arena, inner.message, strcspn(inner.message, ";"));
        return out->why_not != NULL ? TB_OK : tb_fail(err, TB_ENOMEM, "no memory for a comparison");
    }
    if (status != TB_OK) {
        return tb_fail(err, status, "run '%s': %s", out->run->id, inner.message);
    }
    out->predicted_us = sparse.attention_us;
    out->dense_us = dense.attention_us;
    out->speedup = out->dense_us / out->predicted_us;
    out->error_percent = tb_error_percent(out->speedup, out->run->speedup.value);
    out->basis = sparse.basis > dense.basis ? sparse.basis : dense.basis;
    return TB_OK;
}

static size_t count_ratios(const tb_profile *const *profiles, size_t count)
{
    size_t total = 0;
    for (size_t p = 0; p < count; p++) {
        for (size_t i = 0; i < profiles[p]->count; i++) {
            total += tb_run_is_ratio(profiles[p], &profiles[p]->runs[i]);
        }
    }
    return total;
}

tb_status tb_compare_ratios(const tb_profile *const *profiles, size_t count, tb_models *models,
                            tb_arena *arena, tb_compared_ratio **out, size_t *out_count,
                            tb_error *err)
{
    tb_compared_ratio *ratios =
        tb_arena_array(arena, count_ratios(profiles, count) + 1, sizeof *ratios);
    if (ratios == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a comparison");
    }
    size_t used = 0;
    tb_status status = TB_OK;
    for (size_t p = 0; p < count; p++) {
        for (size_t i = 0; status == TB_OK && i < profiles[p]->count; i++) {
            const tb_run *run = &profiles[p]->runs[i];
            if (tb_run_is_ratio(profiles[p], run)) {
                ratios[used].profile = profiles[p];
                ratios[used].run = run;
                ratios[used].dense = &profiles[p]->runs[run->baseline];
                status = compare_one(models, arena, &ratios[used++], err);
            }
        }
    }
    if (status == TB_OK) {
        *out = ratios;
        *out_count = used;
    }
    return status;
}
