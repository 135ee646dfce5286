#include "cupti_library.h"

#ifdef TB_HAS_CUPTI_H
#include <cupti_activity.h>
#include <cupti_driver_cbid.h>
#include <cupti_version.h>
#endif

#define CALL(member, name)                                                                         \
    {                                                                                              \
        name, offsetof(tb_cupti_calls, member), false                                              \
    }
#define OPTIONAL(member, name)                                                                     \
    {                                                                                              \
        name, offsetof(tb_cupti_calls, member), true                                               \
    }

static const tb_library_call cupti_calls[] = {
    CALL(version, "cuptiGetVersion"),
    CALL(error_text, "cuptiGetResultString"),
    CALL(last_error, "cuptiGetLastError"),
    CALL(subscribe, "cuptiSubscribe"),
    OPTIONAL(subscribe_v2, "cuptiSubscribe_v2"),
    CALL(unsubscribe, "cuptiUnsubscribe"),
    CALL(set_buffers, "cuptiActivityRegisterCallbacks"),
    CALL(set_clock, "cuptiActivityRegisterTimestampCallback"),
    CALL(enable, "cuptiActivityEnable"),
    CALL(disable, "cuptiActivityDisable"),
    OPTIONAL(enable_driver_call, "cuptiActivityEnableDriverApi"),
    CALL(push, "cuptiActivityPushExternalCorrelationId"),
    CALL(pop, "cuptiActivityPopExternalCorrelationId"),
    CALL(flush, "cuptiActivityFlushAll"),
    CALL(next, "cuptiActivityGetNextRecord"),
    CALL(dropped, "cuptiActivityGetNumDroppedRecords"),
};

#ifdef TB_HAS_CUPTI_H
/* Pointers of two types make no conditional expression: a warning where ours differ. */
#define TB_IS_TYPED(member, call)                                                                  \
    _Static_assert(sizeof(1 ? ((tb_cupti_calls *)0)->member : (call)) > 0, #call)
TB_IS_TYPED(version, cuptiGetVersion);
TB_IS_TYPED(error_text, cuptiGetResultString);
TB_IS_TYPED(last_error, cuptiGetLastError);
TB_IS_TYPED(subscribe, cuptiSubscribe);
TB_IS_TYPED(unsubscribe, cuptiUnsubscribe);
TB_IS_TYPED(set_buffers, cuptiActivityRegisterCallbacks);
TB_IS_TYPED(set_clock, cuptiActivityRegisterTimestampCallback);
TB_IS_TYPED(enable, cuptiActivityEnable);
TB_IS_TYPED(disable, cuptiActivityDisable);
TB_IS_TYPED(push, cuptiActivityPushExternalCorrelationId);
TB_IS_TYPED(pop, cuptiActivityPopExternalCorrelationId);
TB_IS_TYPED(flush, cuptiActivityFlushAll);
TB_IS_TYPED(dropped, cuptiActivityGetNumDroppedRecords);
/* CUDA's structs that have no tag are no type of ours: these calls take what ours take, at least.
 */
_Static_assert(sizeof cuptiActivityGetNextRecord((uint8_t *)0, (size_t)0, (CUpti_Activity **)0) ==
                   sizeof(tb_cupti_result),
               "cuptiActivityGetNextRecord");

#define TB_IS_VALUE(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #theirs)
TB_IS_VALUE(TB_CUPTI_INVALID_OPERATION, CUPTI_ERROR_INVALID_OPERATION);
TB_IS_VALUE(TB_CUPTI_OUT_OF_MEMORY, CUPTI_ERROR_OUT_OF_MEMORY);
TB_IS_VALUE(TB_CUPTI_NO_MORE_RECORDS, CUPTI_ERROR_MAX_LIMIT_REACHED);
TB_IS_VALUE(TB_CUPTI_NOT_COMPATIBLE, CUPTI_ERROR_NOT_COMPATIBLE);
TB_IS_VALUE(TB_CUPTI_NOT_INITIALIZED, CUPTI_ERROR_NOT_INITIALIZED);
TB_IS_VALUE(TB_CUPTI_HARDWARE_BUSY, CUPTI_ERROR_HARDWARE_BUSY);
TB_IS_VALUE(TB_CUPTI_NOT_SUPPORTED, CUPTI_ERROR_NOT_SUPPORTED);
TB_IS_VALUE(TB_CUPTI_VIRTUAL_DEVICE, CUPTI_ERROR_VIRTUALIZED_DEVICE_NOT_SUPPORTED);
TB_IS_VALUE(TB_CUPTI_NOT_PERMITTED, CUPTI_ERROR_INSUFFICIENT_PRIVILEGES);
TB_IS_VALUE(TB_CUPTI_OTHER_TOOL, CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED);
TB_IS_VALUE(TB_CUPTI_VIRTUAL_NOT_PERMITTED, CUPTI_ERROR_VIRTUALIZED_DEVICE_INSUFFICIENT_PRIVILEGES);
TB_IS_VALUE(TB_CUPTI_CONFIDENTIAL, CUPTI_ERROR_CONFIDENTIAL_COMPUTING_NOT_SUPPORTED);
TB_IS_VALUE(TB_CUPTI_CMP_DEVICE, CUPTI_ERROR_CMP_DEVICE_NOT_SUPPORTED);
TB_IS_VALUE(TB_CUPTI_MIG_DEVICE, CUPTI_ERROR_MIG_DEVICE_NOT_SUPPORTED);
TB_IS_VALUE(TB_CUPTI_SLI_DEVICE, CUPTI_ERROR_SLI_DEVICE_NOT_SUPPORTED);
TB_IS_VALUE(TB_CUPTI_WSL_DEVICE, CUPTI_ERROR_WSL_DEVICE_NOT_SUPPORTED);
TB_IS_VALUE(TB_CUPTI_UNKNOWN, CUPTI_ERROR_UNKNOWN);
TB_IS_VALUE(TB_CUPTI_KIND_DRIVER, CUPTI_ACTIVITY_KIND_DRIVER);
TB_IS_VALUE(TB_CUPTI_KIND_KERNEL, CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
TB_IS_VALUE(TB_CUPTI_KIND_EXTERNAL, CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION);
TB_IS_VALUE(TB_CUPTI_EXTERNAL_CUSTOM0, CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0);
TB_IS_VALUE(TB_CUPTI_FLUSH_FORCED, CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
TB_IS_VALUE(TB_CUPTI_CALL_LAUNCH_EX, CUPTI_DRIVER_TRACE_CBID_cuLaunchKernelEx);
TB_IS_VALUE(TB_CUPTI_CALL_LAUNCH_EX_PTSZ, CUPTI_DRIVER_TRACE_CBID_cuLaunchKernelEx_ptsz);
TB_IS_VALUE(TB_CUPTI_ALIGNMENT, ACTIVITY_RECORD_ALIGNMENT);

/* A member lies where CUDA's of that name does, and has its size. */
#define TB_IS_PLACED(ours, theirs, member)                                                         \
    _Static_assert(offsetof(ours, member) == offsetof(theirs, member) &&                           \
                       sizeof(((ours *)0)->member) == sizeof(((theirs *)0)->member),               \
                   #theirs "." #member)
#define TB_IS_KERNEL(theirs)                                                                       \
    TB_IS_PLACED(tb_cupti_kernel, theirs, kind);                                                   \
    TB_IS_PLACED(tb_cupti_kernel, theirs, registersPerThread);                                     \
    TB_IS_PLACED(tb_cupti_kernel, theirs, start);                                                  \
    TB_IS_PLACED(tb_cupti_kernel, theirs, end);                                                    \
    TB_IS_PLACED(tb_cupti_kernel, theirs, deviceId);                                               \
    TB_IS_PLACED(tb_cupti_kernel, theirs, streamId);                                               \
    TB_IS_PLACED(tb_cupti_kernel, theirs, gridX);                                                  \
    TB_IS_PLACED(tb_cupti_kernel, theirs, gridY);                                                  \
    TB_IS_PLACED(tb_cupti_kernel, theirs, gridZ);                                                  \
    TB_IS_PLACED(tb_cupti_kernel, theirs, blockX);                                                 \
    TB_IS_PLACED(tb_cupti_kernel, theirs, blockY);                                                 \
    TB_IS_PLACED(tb_cupti_kernel, theirs, blockZ);                                                 \
    TB_IS_PLACED(tb_cupti_kernel, theirs, staticSharedMemory);                                     \
    TB_IS_PLACED(tb_cupti_kernel, theirs, dynamicSharedMemory);                                    \
    TB_IS_PLACED(tb_cupti_kernel, theirs, correlationId);                                          \
    TB_IS_PLACED(tb_cupti_kernel, theirs, name)
TB_IS_KERNEL(CUpti_ActivityKernel9);
TB_IS_PLACED(tb_cupti_external, CUpti_ActivityExternalCorrelation, externalKind);
TB_IS_PLACED(tb_cupti_external, CUpti_ActivityExternalCorrelation, externalId);
TB_IS_PLACED(tb_cupti_external, CUpti_ActivityExternalCorrelation, correlationId);
TB_IS_VALUE(sizeof(CUpti_ActivityKernel9), TB_CUPTI_KERNEL_12);
TB_IS_VALUE(sizeof(CUpti_ActivityAPI), TB_CUPTI_API_BYTES);
TB_IS_VALUE(sizeof(CUpti_ActivityExternalCorrelation), sizeof(tb_cupti_external));

#if CUPTI_API_VERSION >= 130000
TB_IS_KERNEL(CUpti_ActivityKernel10);
TB_IS_VALUE(sizeof(CUpti_ActivityKernel10), TB_CUPTI_KERNEL_13);
TB_IS_TYPED(enable_driver_call, cuptiActivityEnableDriverApi);
TB_IS_VALUE(TB_CUPTI_OTHER_MIN, CUPTI_OLD_SUBSCRIBER_NAME_MIN_LEN);
TB_IS_VALUE(sizeof(CUpti_SubscriberParams), sizeof(tb_cupti_subscriber_params));
TB_IS_VALUE(CUpti_SubscriberParams_STRUCT_SIZE, sizeof(tb_cupti_subscriber_params));
TB_IS_VALUE(offsetof(CUpti_SubscriberParams, subscriberName),
            offsetof(tb_cupti_subscriber_params, name));
TB_IS_VALUE(offsetof(CUpti_SubscriberParams, oldSubscriberName),
            offsetof(tb_cupti_subscriber_params, other));
TB_IS_VALUE(offsetof(CUpti_SubscriberParams, oldSubscriberSize),
            offsetof(tb_cupti_subscriber_params, other_capacity));
_Static_assert(sizeof cuptiSubscribe_v2((CUpti_SubscriberHandle *)0, (tb_cupti_callback_fn *)0,
                                        (void *)0,
                                        (CUpti_SubscriberParams *)0) == sizeof(tb_cupti_result),
               "cuptiSubscribe_v2");
#endif
#endif

tb_status tb_cupti_library_open(tb_cupti_calls *calls, tb_library *out, tb_error *err)
{
    static const char *const names[] = {"libcupti.so.13", "libcupti.so.12", NULL};
    static const char *const beside[] = {"libnvperf_host.so", NULL};
    static const tb_library_wanted wanted = {
        .what = "CUPTI",
        .names = names,
        .beside = beside,
        .is_of_toolkit = true,
        .remedy = "install the CUDA toolkit (its package cuda-cupti-13-0 is enough), or "
                  "name its folder in CUDA_HOME",
    };
    return tb_library_open(&wanted, cupti_calls, sizeof cupti_calls / sizeof *cupti_calls, calls,
                           out, err);
}
