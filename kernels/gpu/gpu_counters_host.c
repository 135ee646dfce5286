#include "gpu_counters_host.h"

#include "gpu_metrics.h"
#include "profiler_library.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct tb_counters_host {
    tb_profiler_calls calls;
    tb_library library;
    char chip[32];
    const uint8_t *availability; /* borrowed */
    CUpti_Profiler_Host_Object *object;
    uint8_t *image; /* owned */
};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for hardware counters");
}

static CUptiResult begin(const tb_counters_host *host, CUpti_Profiler_Host_Object **out)
{
    CUpti_Profiler_Host_Initialize_Params params =
        TB_PROFILER_PARAMS(CUpti_Profiler_Host_Initialize_Params);
    params.profilerType = CUPTI_PROFILER_TYPE_RANGE_PROFILER;
    params.pChipName = host->chip;
    params.pCounterAvailabilityImage = host->availability;
    CUptiResult result = host->calls.host_begin(&params);
    *out = result == CUPTI_SUCCESS ? params.pHostObject : NULL;
    return result;
}

static void end(const tb_counters_host *host, CUpti_Profiler_Host_Object *object)
{
    CUpti_Profiler_Host_Deinitialize_Params params =
        TB_PROFILER_PARAMS(CUpti_Profiler_Host_Deinitialize_Params);
    params.pHostObject = object;
    if (object != NULL) {
        (void)host->calls.host_end(&params);
    }
}

tb_status tb_counters_host_open(const char *chip, const uint8_t *availability,
                                tb_counters_host **out, tb_error *err)
{
    tb_counters_host *host = calloc(1, sizeof *host);
    if (host == NULL) {
        return no_memory(err);
    }
    host->availability = availability;
    (void)snprintf(host->chip, sizeof host->chip, "%s", chip);
    tb_status status = tb_profiler_library_open(&host->calls, &host->library, err);
    if (status == TB_OK) {
        CUptiResult result = begin(host, &host->object);
        status =
            result == CUPTI_ERROR_INVALID_CHIP_NAME
                ? tb_fail(err, TB_EUNAVAILABLE, "%s knows no chip %s; install a newer CUDA toolkit",
                          host->library.path, host->chip)
                : tb_profiler_check(result, "cuptiProfilerHostInitialize", err);
    }
    if (status != TB_OK) {
        tb_counters_host_close(host);
        return status;
    }
    *out = host;
    return TB_OK;
}

void tb_counters_host_close(tb_counters_host *host)
{
    if (host == NULL) {
        return;
    }
    end(host, host->object);
    free(host->image);
    free(host);
}

static CUptiResult add(const tb_counters_host *host, CUpti_Profiler_Host_Object *object,
                       const char **metrics, size_t count)
{
    CUpti_Profiler_Host_ConfigAddMetrics_Params params =
        TB_PROFILER_PARAMS(CUpti_Profiler_Host_ConfigAddMetrics_Params);
    params.pHostObject = object;
    params.ppMetricNames = metrics;
    params.numMetrics = count;
    return host->calls.add_metrics(&params);
}

static CUptiResult size_of_image(const tb_counters_host *host, CUpti_Profiler_Host_Object *object,
                                 size_t *out)
{
    CUpti_Profiler_Host_GetConfigImageSize_Params params =
        TB_PROFILER_PARAMS(CUpti_Profiler_Host_GetConfigImageSize_Params);
    params.pHostObject = object;
    CUptiResult result = host->calls.image_size(&params);
    *out = params.configImageSize;
    return result;
}

/* Adding a metric that cannot be collected spoils an object: asked of one of its own. */
bool tb_counters_host_knows(const tb_counters_host *host, const char *metric)
{
    CUpti_Profiler_Host_GetMetricProperties_Params params =
        TB_PROFILER_PARAMS(CUpti_Profiler_Host_GetMetricProperties_Params);
    CUpti_Profiler_Host_Object *trial = NULL;
    size_t bytes = 0;
    params.pHostObject = host->object;
    params.pMetricName = metric;
    bool is_known = host->calls.metric(&params) == CUPTI_SUCCESS &&
                    begin(host, &trial) == CUPTI_SUCCESS &&
                    add(host, trial, &metric, 1) == CUPTI_SUCCESS &&
                    size_of_image(host, trial, &bytes) == CUPTI_SUCCESS && bytes > 0;
    end(host, trial);
    return is_known;
}

static bool is_known(const char *name, void *user)
{
    return tb_counters_host_knows(user, name);
}

static tb_status make_image(tb_counters_host *host, tb_counters_plan *plan, tb_error *err)
{
    CUpti_Profiler_Host_GetConfigImage_Params params =
        TB_PROFILER_PARAMS(CUpti_Profiler_Host_GetConfigImage_Params);
    tb_status status = tb_profiler_check(size_of_image(host, host->object, &plan->image_bytes),
                                         "cuptiProfilerHostGetConfigImageSize", err);
    if (status != TB_OK) {
        return status;
    }
    host->image = calloc(plan->image_bytes + 1, 1);
    if (host->image == NULL) {
        return no_memory(err);
    }
    params.pHostObject = host->object;
    params.configImageSize = plan->image_bytes;
    params.pConfigImage = host->image;
    plan->image = host->image;
    return tb_profiler_check(host->calls.image(&params), "cuptiProfilerHostGetConfigImage", err);
}

static tb_status count_passes(const tb_counters_host *host, tb_counters_plan *plan, tb_error *err)
{
    CUpti_Profiler_Host_GetNumOfPasses_Params params =
        TB_PROFILER_PARAMS(CUpti_Profiler_Host_GetNumOfPasses_Params);
    params.configImageSize = plan->image_bytes;
    params.pConfigImage = host->image;
    tb_status status =
        tb_profiler_check(host->calls.passes(&params), "cuptiProfilerHostGetNumOfPasses", err);
    plan->passes = (int)params.numOfPasses;
    return status;
}

tb_status tb_counters_host_plan(tb_counters_host *host, tb_counters_plan *out, tb_error *err)
{
    tb_hardware_counters chosen;
    tb_counters_plan plan = {0};
    assert(host->image == NULL);
    if (tb_gpu_metrics_choose(is_known, host, &chosen) == 0) {
        return tb_fail(err, TB_EUNAVAILABLE, "chip %s lets no hardware counter be read",
                       host->chip);
    }
    for (int c = 0; c < TB_HARDWARE_COUNTER_COUNT; c++) {
        if (chosen.of[c].metric != NULL) {
            plan.counter[plan.count] = (tb_hardware_counter)c;
            plan.metric[plan.count++] = chosen.of[c].metric;
        }
    }
    tb_status status = tb_profiler_check(add(host, host->object, plan.metric, plan.count),
                                         "cuptiProfilerHostConfigAddMetrics", err);
    if (status == TB_OK) {
        status = make_image(host, &plan, err);
    }
    if (status == TB_OK) {
        status = count_passes(host, &plan, err);
    }
    if (status == TB_OK) {
        *out = plan;
    }
    return status;
}

tb_status tb_counters_host_evaluate(const tb_counters_host *host, const tb_counters_plan *plan,
                                    const uint8_t *data, size_t bytes, size_t range,
                                    tb_hardware_counters *out, tb_error *err)
{
    CUpti_Profiler_Host_EvaluateToGpuValues_Params params =
        TB_PROFILER_PARAMS(CUpti_Profiler_Host_EvaluateToGpuValues_Params);
    const char *metrics[TB_HARDWARE_COUNTER_COUNT];
    double values[TB_HARDWARE_COUNTER_COUNT];
    for (size_t i = 0; i < plan->count; i++) {
        metrics[i] = plan->metric[i];
        values[i] = nan("");
    }
    params.pHostObject = host->object;
    params.pCounterDataImage = data;
    params.counterDataImageSize = bytes;
    params.rangeIndex = range;
    params.ppMetricNames = metrics;
    params.numMetrics = plan->count;
    params.pMetricValues = values;
    tb_status status = tb_profiler_check(host->calls.evaluate(&params),
                                         "cuptiProfilerHostEvaluateToGpuValues", err);
    if (status != TB_OK) {
        return status;
    }
    *out = (tb_hardware_counters){.passes = plan->passes};
    for (size_t i = 0; i < plan->count; i++) {
        tb_hardware_counter c = plan->counter[i];
        out->of[c].metric = plan->metric[i];
        out->of[c].has = isfinite(values[i]) && values[i] >= 0;
        out->of[c].value = out->of[c].has ? values[i] : 0;
    }
    return TB_OK;
}
