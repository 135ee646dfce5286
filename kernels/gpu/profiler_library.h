/* CUPTI's profiler: its calls, as its headers declare them. The one place that includes those; only
 * builds that have them compile what includes this. */
#ifndef TB_PROFILER_LIBRARY_H
#define TB_PROFILER_LIBRARY_H

#include "library.h"

#include <cupti_profiler_host.h>
#include <cupti_profiler_target.h>
#include <cupti_range_profiler.h>
#include <cupti_target.h>

/* Every call takes one struct, which says how large it is. */
#define TB_PROFILER_PARAMS(type)                                                                   \
    {                                                                                              \
        .structSize = type##_STRUCT_SIZE                                                           \
    }

typedef struct tb_profiler_calls {
    /* needs a driver */
    CUptiResult (*initialize)(CUpti_Profiler_Initialize_Params *params);
    CUptiResult (*chip_name)(CUpti_Device_GetChipName_Params *params); /* may be NULL */
    CUptiResult (*availability)(CUpti_Profiler_GetCounterAvailability_Params *params);
    CUptiResult (*enable)(CUpti_RangeProfiler_Enable_Params *params);
    CUptiResult (*disable)(CUpti_RangeProfiler_Disable_Params *params);
    CUptiResult (*set_config)(CUpti_RangeProfiler_SetConfig_Params *params);
    CUptiResult (*start)(CUpti_RangeProfiler_Start_Params *params);
    CUptiResult (*stop)(CUpti_RangeProfiler_Stop_Params *params);
    CUptiResult (*push)(CUpti_RangeProfiler_PushRange_Params *params);
    CUptiResult (*pop)(CUpti_RangeProfiler_PopRange_Params *params);
    CUptiResult (*decode)(CUpti_RangeProfiler_DecodeData_Params *params);
    CUptiResult (*data_size)(CUpti_RangeProfiler_GetCounterDataSize_Params *params);
    CUptiResult (*data_begin)(CUpti_RangeProfiler_CounterDataImage_Initialize_Params *params);
    CUptiResult (*data_info)(CUpti_RangeProfiler_GetCounterDataInfo_Params *params);
    /* needs none */
    CUptiResult (*host_begin)(CUpti_Profiler_Host_Initialize_Params *params);
    CUptiResult (*host_end)(CUpti_Profiler_Host_Deinitialize_Params *params);
    CUptiResult (*metric)(CUpti_Profiler_Host_GetMetricProperties_Params *params);
    CUptiResult (*add_metrics)(CUpti_Profiler_Host_ConfigAddMetrics_Params *params);
    CUptiResult (*image_size)(CUpti_Profiler_Host_GetConfigImageSize_Params *params);
    CUptiResult (*image)(CUpti_Profiler_Host_GetConfigImage_Params *params);
    CUptiResult (*passes)(CUpti_Profiler_Host_GetNumOfPasses_Params *params);
    CUptiResult (*evaluate)(CUpti_Profiler_Host_EvaluateToGpuValues_Params *params);
} tb_profiler_calls;

/** Open libcupti, the same that records kernels, and find the profiler's calls. TB_OK;
 *  TB_EUNAVAILABLE; TB_ENOMEM. */
TB_NODISCARD tb_status tb_profiler_library_open(tb_profiler_calls *out, tb_library *library,
                                                tb_error *err);

/** TB_OK for CUPTI's success; else a message with the call and tb_cupti_explain()'s sentence:
 *  TB_ENOMEM, or TB_EUNAVAILABLE. */
TB_NODISCARD tb_status tb_profiler_check(CUptiResult result, const char *call, tb_error *err);

#endif
