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

CUptiResult cuptiProfilerHostInitialize(CUpti_Profiler_Host_Initialize_Params *pParams)
{
    TB_FAKE_CALL("cuptiProfilerHostInitialize");
    TB_FAKE_PARAMS(pParams, CUpti_Profiler_Host_Initialize_Params);
    if (pParams->pChipName == NULL || pParams->profilerType != CUPTI_PROFILER_TYPE_RANGE_PROFILER) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    if (!tb_fake_chip_is_known(pParams->pChipName)) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_CHIP_NAME);
    }
    CUpti_Profiler_Host_Object *host = calloc(1, sizeof *host);
    if (host == NULL) {
        return tb_fake_cupti_result(CUPTI_ERROR_OUT_OF_MEMORY);
    }
    host->config.magic = TB_FAKE_CONFIG;
    pParams->pHostObject = host;
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

CUptiResult cuptiProfilerHostDeinitialize(CUpti_Profiler_Host_Deinitialize_Params *pParams)
{
    TB_FAKE_PARAMS(pParams, CUpti_Profiler_Host_Deinitialize_Params);
    if (pParams->pHostObject == NULL) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    free(pParams->pHostObject);
    TB_FAKE_CALL("cuptiProfilerHostDeinitialize"); /* it is gone even so */
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

CUptiResult
cuptiProfilerHostGetMetricProperties(CUpti_Profiler_Host_GetMetricProperties_Params *pParams)
{
    TB_FAKE_CALL("cuptiProfilerHostGetMetricProperties");
    TB_FAKE_PARAMS(pParams, CUpti_Profiler_Host_GetMetricProperties_Params);
    if (pParams->pHostObject == NULL || pParams->pMetricName == NULL) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    int metric = tb_fake_metric(pParams->pMetricName);
    if (metric < 0) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_METRIC_NAME);
    }
    pParams->pDescription = "counted by the emulator";
    pParams->pHwUnit = tb_fake_metric_unit(metric);
    pParams->pDimUnit = "";
    pParams->metricType =
        tb_fake_metric_is_ratio(metric) ? CUPTI_METRIC_TYPE_RATIO : CUPTI_METRIC_TYPE_COUNTER;
    return tb_fake_cupti_result(CUPTI_SUCCESS);
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

CUptiResult cuptiProfilerHostConfigAddMetrics(CUpti_Profiler_Host_ConfigAddMetrics_Params *pParams)
{
    TB_FAKE_CALL("cuptiProfilerHostConfigAddMetrics");
    TB_FAKE_PARAMS(pParams, CUpti_Profiler_Host_ConfigAddMetrics_Params);
    if (pParams->pHostObject == NULL || pParams->ppMetricNames == NULL) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    tb_fake_config_image *config = &pParams->pHostObject->config;
    for (size_t i = 0; i < pParams->numMetrics; i++) {
        int metric = tb_fake_metric(pParams->ppMetricNames[i]);
        if (metric < 0) {
            return tb_fake_cupti_result(CUPTI_ERROR_INVALID_METRIC_NAME);
        }
        if (!has_metric(config, metric)) {
            config->metric[config->count++] = (uint32_t)metric;
        }
    }
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

CUptiResult
cuptiProfilerHostGetConfigImageSize(CUpti_Profiler_Host_GetConfigImageSize_Params *pParams)
{
    TB_FAKE_CALL("cuptiProfilerHostGetConfigImageSize");
    TB_FAKE_PARAMS(pParams, CUpti_Profiler_Host_GetConfigImageSize_Params);
    if (pParams->pHostObject == NULL) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    if (pParams->pHostObject->config.count == 0) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_OPERATION);
    }
    pParams->configImageSize = sizeof(tb_fake_config_image);
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

CUptiResult cuptiProfilerHostGetConfigImage(CUpti_Profiler_Host_GetConfigImage_Params *pParams)
{
    TB_FAKE_CALL("cuptiProfilerHostGetConfigImage");
    TB_FAKE_PARAMS(pParams, CUpti_Profiler_Host_GetConfigImage_Params);
    if (pParams->pHostObject == NULL || pParams->pConfigImage == NULL) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    if (pParams->configImageSize < sizeof(tb_fake_config_image)) {
        return tb_fake_cupti_result(CUPTI_ERROR_PARAMETER_SIZE_NOT_SUFFICIENT);
    }
    memcpy(pParams->pConfigImage, &pParams->pHostObject->config, sizeof(tb_fake_config_image));
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

CUptiResult cuptiProfilerHostGetNumOfPasses(CUpti_Profiler_Host_GetNumOfPasses_Params *pParams)
{
    TB_FAKE_CALL("cuptiProfilerHostGetNumOfPasses");
    TB_FAKE_PARAMS(pParams, CUpti_Profiler_Host_GetNumOfPasses_Params);
    tb_fake_config_image config;
    if (!tb_fake_config_is_good(pParams->pConfigImage, pParams->configImageSize, &config)) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    pParams->numOfPasses = tb_fake_passes(&config);
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

CUptiResult
cuptiProfilerHostEvaluateToGpuValues(CUpti_Profiler_Host_EvaluateToGpuValues_Params *pParams)
{
    TB_FAKE_CALL("cuptiProfilerHostEvaluateToGpuValues");
    TB_FAKE_PARAMS(pParams, CUpti_Profiler_Host_EvaluateToGpuValues_Params);
    tb_fake_data_image data;
    if (pParams->pHostObject == NULL || pParams->ppMetricNames == NULL ||
        pParams->pMetricValues == NULL ||
        !tb_fake_data_is_good(pParams->pCounterDataImage, pParams->counterDataImageSize, &data) ||
        pParams->rangeIndex >= data.ranges) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    for (size_t i = 0; i < pParams->numMetrics; i++) {
        int metric = tb_fake_metric(pParams->ppMetricNames[i]);
        if (metric < 0) {
            return tb_fake_cupti_result(CUPTI_ERROR_INVALID_METRIC_NAME);
        }
        pParams->pMetricValues[i] = data.has[metric] ? data.value[metric] : nan("");
    }
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}
