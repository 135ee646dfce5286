#include "compare_run.h"

#include "measured_speedup.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const tb_verdict_names[TB_VERDICT_COUNT] = {"SAME", "FAST", "SLOW", "UNSURE"};

#define SURE_OF_MEDIAN 3 /* launches from which a median without a spread is taken at its word */

tb_verdict tb_compare_verdict(const tb_run_time *measured, double low_us, double high_us)
{
    double low = measured->has_spread ? measured->low_us : measured->median_us;
    double high = measured->has_spread ? measured->high_us : measured->median_us;
    double middle = sqrt(low_us * high_us);
    if (high >= low_us && low <= high_us) {
        return TB_VERDICT_SAME;
    }
    double off = fabs(log(measured->median_us / middle));
    if (!measured->has_spread && measured->n < SURE_OF_MEDIAN && off <= log(high_us / low_us)) {
        return TB_VERDICT_UNSURE;
    }
    return low > middle ? TB_VERDICT_SLOW : TB_VERDICT_FAST;
}

/* A text of the comparison's; NULL when memory is exhausted. */
static const char *TB_PRINTF(2, 3) say(tb_arena *arena, const char *format, ...)
{
    char text[900];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return tb_arena_text(arena, text, strlen(text));
}

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a comparison");
}

/* TB_OK with the reason set, or TB_ENOMEM. */
static tb_status give_up(tb_compared_run *out, const char *why, tb_error *err)
{
    out->why_not = why;
    return why == NULL ? no_memory(err) : TB_OK;
}

/* What a run lacks before any model is asked. */
static tb_status check_run(tb_arena *arena, tb_compared_run *out, tb_error *err)
{
    const tb_run *run = out->run;
    if (!run->simulable) {
        return give_up(out, run->why_not, err);
    }
    if (!run->time.given) {
        return give_up(out, "no time is stated", err);
    }
    if (run->device == NULL) {
        return give_up(out, say(arena, "no device model for '%s'", run->device_text), err);
    }
    if (run->kernel == NULL) {
        return give_up(out, say(arena, "no kernel model for '%s'", run->kernel_text), err);
    }
    return TB_OK;
}

static tb_status find_models(tb_models *models, tb_arena *arena, tb_compared_run *out,
                             const tb_kernel **kernel, const tb_device **device, tb_error *err)
{
    const tb_run *run = out->run;
    tb_status status = tb_models_device(models, run->device, device, err);
    if (status == TB_EINVAL) {
        return give_up(out, say(arena, "no device model '%s'", run->device), err);
    }
    if (status == TB_OK) {
        out->device = (*device)->name;
        status = tb_models_kernel(models, run->kernel, kernel, err);
    }
    if (status == TB_EINVAL) {
        return give_up(out, say(arena, "no kernel model '%s'", run->kernel), err);
    }
    if (status != TB_OK) {
        return status;
    }
    out->kernel = (*kernel)->name;
    if (!(*kernel)->time.given) {
        return give_up(out, say(arena, "kernel %s has no time model", (*kernel)->name), err);
    }
    return TB_OK;
}

/* Why a run is faster than its bound; NULL when memory is exhausted. */
static const char *explain_above(tb_arena *arena, const tb_run *run, const tb_run *baseline)
{
    if (baseline->kernel == NULL || strcmp(baseline->kernel, run->kernel) != 0) {
        return say(arena, "the baseline ran another kernel: %s",
                   baseline->kernel != NULL ? baseline->kernel : baseline->kernel_text);
    }
    if (strcmp(baseline->kernel_text, run->kernel_text) != 0) {
        return say(arena, "the baseline ran another implementation: %s", baseline->kernel_text);
    }
    return "the baseline reached less of the device: waves, a lower clock under a long load, or "
           "other tiles";
}

static tb_status set_bound(tb_arena *arena, const tb_run *baseline, double tile_speedup,
                           tb_compared_run *out, tb_error *err)
{
    double measured = out->run->time.median_us;
    out->has_bound = true;
    out->tile_speedup = tile_speedup;
    out->bound_us = baseline->time.median_us / tile_speedup;
    out->measured_speedup = baseline->time.median_us / measured;
    if (measured < out->bound_us) {
        out->above_bound = explain_above(arena, out->run, baseline);
        return out->above_bound == NULL ? no_memory(err) : TB_OK;
    }
    return TB_OK;
}

/* What limits the trust in one comparison: the prediction's warnings, and what the run lacks. */
static tb_status set_notes(tb_arena *arena, const tb_prediction *prediction, tb_compared_run *out,
                           tb_error *err)
{
    const tb_run *run = out->run;
    const tb_messages *warnings = &prediction->warnings;
    const char **notes = tb_arena_array(arena, warnings->count + 5, sizeof *notes);
    if (notes == NULL) {
        return no_memory(err);
    }
    size_t count = 0;
    for (size_t i = 0; i < warnings->count; i++) {
        notes[count++] = say(arena, "%s", warnings->text[i]);
    }
    if (run->defaults != NULL) {
        notes[count++] = say(arena, "not stated, so the defaults: %s", run->defaults);
    }
    if (run->time.derived_from != NULL) {
        notes[count++] = say(arena, "the time was worked out of %s", run->time.derived_from);
    }
    if (run->is_processor_time) {
        notes[count++] = "timed by the processor's clock: what other programs took is not in it";
    }
    if (run->clock == TB_CLOCK_EVENTS) {
        notes[count++] = "timed by CUDA events, not by CUPTI: with what lies between its kernels";
    }
    if (run->emulated) {
        notes[count++] = "emulated: no GPU ran; its time says nothing of one";
    }
    for (size_t i = 0; i < count; i++) {
        if (notes[i] == NULL) {
            return no_memory(err);
        }
    }
    out->notes = notes;
    out->note_count = count;
    return TB_OK;
}

/* The bound over a causal baseline, where the pattern may have one; else over dense attention,
 * without a bound. */
static tb_status predict(const tb_run *run, const tb_kernel *kernel, const tb_run **baseline,
                         tb_prediction *out, tb_error *err)
{
    tb_case item = tb_run_case(run, kernel);
    if (*baseline != NULL && (*baseline)->item.pattern.kind == TB_PATTERN_CAUSAL) {
        item.baseline = TB_BASELINE_CAUSAL;
        tb_status status = tb_predict(&item, kernel, out, err);
        if (status != TB_EINVAL) {
            return status;
        }
        item.baseline = TB_BASELINE_SELF;
        *baseline = NULL;
    }
    return tb_predict(&item, kernel, out, err);
}

static void set_prediction(const tb_timing *timing, tb_compared_run *out)
{
    const tb_run *run = out->run;
    double permute_us = run->includes == TB_INCLUDES_PERMUTATION ? timing->time.permute_us : 0;
    out->predicted_us = timing->time.attention_us + permute_us;
    out->low_us = timing->time.low_us + permute_us;
    out->high_us = timing->time.high_us + permute_us;
    out->predicted_permute_us = timing->time.permute_us;
    out->error_percent = tb_error_percent(out->predicted_us, run->time.median_us);
    out->verdict = tb_compare_verdict(&run->time, out->low_us, out->high_us);
    out->basis = timing->time.basis;
    out->limiter = timing->time.limiter;
}

static tb_status compare_models(const tb_kernel *kernel, const tb_device *device, tb_arena *arena,
                                bool has_counters, tb_compared_run *out, tb_error *err)
{
    const tb_run *baseline = tb_run_dense_baseline(out->profile, out->run);
    tb_prediction prediction = {0};
    tb_timing timing = {0};
    tb_status status = predict(out->run, kernel, &baseline, &prediction, err);
    if (status == TB_OK) {
        status = tb_predict_time(&prediction, kernel, device, NULL, &timing, err);
    }
    if (status == TB_OK) {
        set_prediction(&timing, out);
        status = set_notes(arena, &prediction, out, err);
    }
    if (status == TB_OK && has_counters) {
        out->has_work = true;
        status = tb_work_counts_of(&prediction, kernel, device, &timing.time, &out->work, err);
    }
    if (status == TB_OK && baseline != NULL) {
        status = set_bound(arena, baseline, prediction.bound.tile_speedup, out, err);
    }
    tb_prediction_release(&prediction);
    return status;
}

tb_status tb_compare_run(tb_models *models, tb_arena *arena, bool has_counters,
                         tb_compared_run *out, tb_error *err)
{
    tb_error inner = {0};
    const tb_kernel *kernel = NULL;
    const tb_device *device = NULL;
    tb_status status = check_run(arena, out, err);
    if (status == TB_OK && out->why_not == NULL) {
        status = find_models(models, arena, out, &kernel, &device, err);
    }
    if (status != TB_OK || out->why_not != NULL) {
        return status;
    }
    status = compare_models(kernel, device, arena, has_counters, out, &inner);
    if (status == TB_EINVAL || status == TB_EOVERFLOW) { /* its advice is for other commands */
        return give_up(out, say(arena, "%.*s", (int)strcspn(inner.message, ";"), inner.message),
                       err);
    }
    if (status != TB_OK) {
        return tb_fail(err, status, "run '%s': %s", out->run->id, inner.message);
    }
    if (!isfinite(out->predicted_us) || out->predicted_us <= 0) {
        return give_up(out, "the model gives no time", err);
    }
    return TB_OK;
}
