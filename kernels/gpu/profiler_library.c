#include "profiler_library.h"

#include "cupti.h"

static const char *const names[] = {"libcupti.so.13", "libcupti.so.12", NULL};
static const char *const beside[] = {"libnvperf_host.so", NULL};

static const tb_library_wanted wanted = {
    .what = "CUPTI's profiler",
    .names = names,
    .beside = beside,
    .is_of_toolkit = true,
    .remedy = "install the CUDA toolkit, 12.6 or newer, or name its folder in CUDA_HOME",
};

#define CALL(member, name)                                                                         \
    {                                                                                              \
        name, offsetof(tb_profiler_calls, member), false                                           \
    }

static const tb_library_call calls[] = {
    CALL(initialize, "cuptiProfilerInitialize"),
    {"cuptiDeviceGetChipName", offsetof(tb_profiler_calls, chip_name), true},
    CALL(availability, "cuptiProfilerGetCounterAvailability"),
    CALL(enable, "cuptiRangeProfilerEnable"),
    CALL(disable, "cuptiRangeProfilerDisable"),
    CALL(set_config, "cuptiRangeProfilerSetConfig"),
    CALL(start, "cuptiRangeProfilerStart"),
    CALL(stop, "cuptiRangeProfilerStop"),
    CALL(push, "cuptiRangeProfilerPushRange"),
    CALL(pop, "cuptiRangeProfilerPopRange"),
    CALL(decode, "cuptiRangeProfilerDecodeData"),
    CALL(data_size, "cuptiRangeProfilerGetCounterDataSize"),
    CALL(data_begin, "cuptiRangeProfilerCounterDataImageInitialize"),
    CALL(data_info, "cuptiRangeProfilerGetCounterDataInfo"),
    CALL(host_begin, "cuptiProfilerHostInitialize"),
    CALL(host_end, "cuptiProfilerHostDeinitialize"),
    CALL(metric, "cuptiProfilerHostGetMetricProperties"),
    CALL(add_metrics, "cuptiProfilerHostConfigAddMetrics"),
    CALL(image_size, "cuptiProfilerHostGetConfigImageSize"),
    CALL(image, "cuptiProfilerHostGetConfigImage"),
    CALL(passes, "cuptiProfilerHostGetNumOfPasses"),
    CALL(evaluate, "cuptiProfilerHostEvaluateToGpuValues"),
};

tb_status tb_profiler_library_open(tb_profiler_calls *out, tb_library *library, tb_error *err)
{
    return tb_library_open(&wanted, calls, sizeof calls / sizeof *calls, out, library, err);
}

tb_status tb_profiler_check(CUptiResult result, const char *call, tb_error *err)
{
    char why[400];
    if (result == CUPTI_SUCCESS) {
        return TB_OK;
    }
    tb_cupti_explain((int)result, NULL, why, sizeof why);
    return tb_fail(err, result == CUPTI_ERROR_OUT_OF_MEMORY ? TB_ENOMEM : TB_EUNAVAILABLE, "%s: %s",
                   call, why);
}
