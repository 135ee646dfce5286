/* libcupti's profiler host: which metrics there are, what to count for them, and their values. It
 * needs no GPU. */
#include "fake_profiler.h"

#include <cupti_profiler_host.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct CUpti_Profiler_Host_Object {
    tb_fake_config_image config;
};

static CUptiResult initialize(CUpti_Profiler_Host_Initialize_Params *params)
{
    if (params->pChipName == NULL || params->profilerType != CUPTI_PROFILER_TYPE_RANGE_PROFILER) {
        return CUPTI_ERROR_INVALID_PARAMETER;
    }
    if (!tb_fake_chip_is_known(params->pChipName)) {
        return CUPTI_ERROR_INVALID_CHIP_NAME;
    }
    CUpti_Profiler_Host_Object *host = calloc(1, sizeof *host);
    if (host == NULL) {
        return CUPTI_ERROR_OUT_OF_MEMORY;
    }
    host->config.magic = TB_FAKE_CONFIG;
    params->pHostObject = host;
    return CUPTI_SUCCESS;
}

CUptiResult cuptiProfilerHostDeinitialize(CUpti_Profiler_Host_Deinitialize_Params *params)
{
    TB_FAKE_PARAMS(params, CUpti_Profiler_Host_Deinitialize_Params);
    if (params->pHostObject == NULL) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    free(params->pHostObject);
    TB_FAKE_CALL("cuptiProfilerHostDeinitialize"); /* it is gone even so */
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

static CUptiResult describe_metric(CUpti_Profiler_Host_GetMetricProperties_Params *params)
{
    if (params->pHostObject == NULL || params->pMetricName == NULL) {
        return CUPTI_ERROR_INVALID_PARAMETER;
    }
    int metric = tb_fake_metric(params->pMetricName);
    if (metric < 0) {
        return CUPTI_ERROR_INVALID_METRIC_NAME;
    }
    params->pDescription = "counted by the emulator";
    params->pHwUnit = tb_fake_metric_unit(metric);
    params->pDimUnit = "";
    params->metricType =
        tb_fake_metric_is_ratio(metric) ? CUPTI_METRIC_TYPE_RATIO : CUPTI_METRIC_TYPE_COUNTER;
    return CUPTI_SUCCESS;
}

static bool has_metric(const tb_fake_config_image *config, int metric)
{
    for (uint32_t i = 0; i < config->count; i++) {
        if (config->metric[i] == (uint32_t)metric) {
            return true;
        }
    }
    return false;
}

static CUptiResult add_metrics(CUpti_Profiler_Host_ConfigAddMetrics_Params *params)
{
    if (params->pHostObject == NULL || params->ppMetricNames == NULL) {
        return CUPTI_ERROR_INVALID_PARAMETER;
    }
    tb_fake_config_image *config = &params->pHostObject->config;
    for (size_t i = 0; i < params->numMetrics; i++) {
        int metric = tb_fake_metric(params->ppMetricNames[i]);
        if (metric < 0) {
            return CUPTI_ERROR_INVALID_METRIC_NAME;
        }
        if (!has_metric(config, metric)) {
            config->metric[config->count++] = (uint32_t)metric;
        }
    }
    return CUPTI_SUCCESS;
}

static CUptiResult tell_image_size(CUpti_Profiler_Host_GetConfigImageSize_Params *params)
{
    if (params->pHostObject == NULL) {
        return CUPTI_ERROR_INVALID_PARAMETER;
    }
    if (params->pHostObject->config.count == 0) {
        return CUPTI_ERROR_INVALID_OPERATION;
    }
    params->configImageSize = sizeof(tb_fake_config_image);
    return CUPTI_SUCCESS;
}

static CUptiResult write_image(CUpti_Profiler_Host_GetConfigImage_Params *params)
{
    if (params->pHostObject == NULL || params->pConfigImage == NULL) {
        return CUPTI_ERROR_INVALID_PARAMETER;
    }
    if (params->configImageSize < sizeof(tb_fake_config_image)) {
        return CUPTI_ERROR_PARAMETER_SIZE_NOT_SUFFICIENT;
    }
    memcpy(params->pConfigImage, &params->pHostObject->config, sizeof(tb_fake_config_image));
    return CUPTI_SUCCESS;
}

static CUptiResult count_passes(CUpti_Profiler_Host_GetNumOfPasses_Params *params)
{
    tb_fake_config_image config;
    if (!tb_fake_config_is_good(params->pConfigImage, params->configImageSize, &config)) {
        return CUPTI_ERROR_INVALID_PARAMETER;
    }
    params->numOfPasses = tb_fake_passes(&config);
    return CUPTI_SUCCESS;
}

static CUptiResult evaluate(CUpti_Profiler_Host_EvaluateToGpuValues_Params *params)
{
    tb_fake_data_image data;
    if (params->pHostObject == NULL || params->ppMetricNames == NULL ||
        params->pMetricValues == NULL ||
        !tb_fake_data_is_good(params->pCounterDataImage, params->counterDataImageSize, &data) ||
        params->rangeIndex >= data.ranges) {
        return CUPTI_ERROR_INVALID_PARAMETER;
    }
    for (size_t i = 0; i < params->numMetrics; i++) {
        int metric = tb_fake_metric(params->ppMetricNames[i]);
        if (metric < 0) {
            return CUPTI_ERROR_INVALID_METRIC_NAME;
        }
        params->pMetricValues[i] = data.has[metric] ? data.value[metric] : nan("");
    }
    return CUPTI_SUCCESS;
}

TB_FAKE_PROFILER_CALL(cuptiProfilerHostInitialize, CUpti_Profiler_Host_Initialize_Params,
                      initialize(params))
TB_FAKE_PROFILER_CALL(cuptiProfilerHostGetMetricProperties,
                      CUpti_Profiler_Host_GetMetricProperties_Params, describe_metric(params))
TB_FAKE_PROFILER_CALL(cuptiProfilerHostConfigAddMetrics,
                      CUpti_Profiler_Host_ConfigAddMetrics_Params, add_metrics(params))
TB_FAKE_PROFILER_CALL(cuptiProfilerHostGetConfigImageSize,
                      CUpti_Profiler_Host_GetConfigImageSize_Params, tell_image_size(params))
TB_FAKE_PROFILER_CALL(cuptiProfilerHostGetConfigImage, CUpti_Profiler_Host_GetConfigImage_Params,
                      write_image(params))
TB_FAKE_PROFILER_CALL(cuptiProfilerHostGetNumOfPasses, CUpti_Profiler_Host_GetNumOfPasses_Params,
                      count_passes(params))
TB_FAKE_PROFILER_CALL(cuptiProfilerHostEvaluateToGpuValues,
                      CUpti_Profiler_Host_EvaluateToGpuValues_Params, evaluate(params))
