/* libcupti.so.13 of the emulated GPU: its activity interface, with record layouts by the toolkit's
 * own headers. What goes wrong on demand stands in fake_cupti_faults.c. */
#include "fake_cupti.h"
#include "fake_profiler.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PUSHED_MAX 64

const int tilebound_emulated = 1;

struct CUpti_Subscriber_st {
    bool is_taken;
    char name[CUPTI_OLD_SUBSCRIBER_NAME_MIN_LEN];
};

static struct {
    pthread_mutex_t lock;
    bool is_enabled[CUPTI_ACTIVITY_KIND_COUNT];
    bool driver_calls[CUPTI_DRIVER_TRACE_CBID_SIZE];
    bool is_listening;
    uint64_t launches; /* since kernels were enabled */
    CUpti_TimestampCallbackFunc clock;
    uint64_t clock_ahead_ns; /* of CLOCK_MONOTONIC, modulo 2^64 */
    struct CUpti_Subscriber_st subscriber;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local CUptiResult last_result;

/* External numbers of this thread, by kind. */
static _Thread_local struct {
    uint64_t ids[PUSHED_MAX];
    int count;
} pushed[CUPTI_EXTERNAL_CORRELATION_KIND_SIZE];

CUptiResult tb_fake_cupti_result(CUptiResult result)
{
    if (result != CUPTI_SUCCESS) {
        last_result = result;
    }
    return result;
}

CUptiResult cuptiGetLastError(void)
{
    TB_FAKE_CALL("cuptiGetLastError");
    CUptiResult result = last_result;
    last_result = CUPTI_SUCCESS;
    return result;
}

CUptiResult cuptiGetVersion(uint32_t *version)
{
    TB_FAKE_CALL("cuptiGetVersion");
    if (version == NULL) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    *version = CUPTI_API_VERSION;
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

#define RESULT(name)                                                                               \
    case name:                                                                                     \
        return #name;

static const char *result_name(CUptiResult result)
{
    switch ((unsigned)result) {
        RESULT(CUPTI_SUCCESS)
        RESULT(CUPTI_ERROR_INVALID_PARAMETER)
        RESULT(CUPTI_ERROR_INVALID_DEVICE)
        RESULT(CUPTI_ERROR_INVALID_CONTEXT)
        RESULT(CUPTI_ERROR_INVALID_OPERATION)
        RESULT(CUPTI_ERROR_OUT_OF_MEMORY)
        RESULT(CUPTI_ERROR_HARDWARE)
        RESULT(CUPTI_ERROR_MAX_LIMIT_REACHED)
        RESULT(CUPTI_ERROR_NOT_READY)
        RESULT(CUPTI_ERROR_NOT_COMPATIBLE)
        RESULT(CUPTI_ERROR_NOT_INITIALIZED)
        RESULT(CUPTI_ERROR_INVALID_METRIC_NAME)
        RESULT(CUPTI_ERROR_QUEUE_EMPTY)
        RESULT(CUPTI_ERROR_INVALID_KIND)
        RESULT(CUPTI_ERROR_HARDWARE_BUSY)
        RESULT(CUPTI_ERROR_NOT_SUPPORTED)
        RESULT(CUPTI_ERROR_VIRTUALIZED_DEVICE_NOT_SUPPORTED)
        RESULT(CUPTI_ERROR_INSUFFICIENT_PRIVILEGES)
        RESULT(CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED)
        RESULT(CUPTI_ERROR_VIRTUALIZED_DEVICE_INSUFFICIENT_PRIVILEGES)
        RESULT(CUPTI_ERROR_CONFIDENTIAL_COMPUTING_NOT_SUPPORTED)
        RESULT(CUPTI_ERROR_CMP_DEVICE_NOT_SUPPORTED)
        RESULT(CUPTI_ERROR_MIG_DEVICE_NOT_SUPPORTED)
        RESULT(CUPTI_ERROR_SLI_DEVICE_NOT_SUPPORTED)
        RESULT(CUPTI_ERROR_WSL_DEVICE_NOT_SUPPORTED)
        RESULT(CUPTI_ERROR_INVALID_CHIP_NAME)
        RESULT(CUPTI_ERROR_UNKNOWN)
    default:
        return NULL;
    }
}

CUptiResult cuptiGetResultString(CUptiResult result, const char **str)
{
    TB_FAKE_CALL("cuptiGetResultString");
    const char *name = result_name(result);
    if (str == NULL || name == NULL) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    *str = name;
    return CUPTI_SUCCESS;
}

static uint64_t realtime_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t tb_fake_cupti_now(void)
{
    (void)pthread_mutex_lock(&state.lock);
    CUpti_TimestampCallbackFunc now = state.clock;
    (void)pthread_mutex_unlock(&state.lock);
    return now != NULL ? now() : realtime_ns();
}

/* How far a clock is ahead of CLOCK_MONOTONIC: the one between two readings that lie closest
 * together. For the same clock that is exactly 0, as CUPTI's fit of two clocks would be. */
static uint64_t ahead_of_monotonic(CUpti_TimestampCallbackFunc now)
{
    uint64_t ahead = 0, closest = UINT64_MAX;
    for (int i = 0; i < 8; i++) {
        uint64_t before = tb_fake_monotonic_ns();
        uint64_t read = now();
        uint64_t after = tb_fake_monotonic_ns();
        if (after - before < closest) {
            closest = after - before;
            ahead = read >= before && read <= after ? 0 : read - (before + closest / 2);
        }
    }
    return ahead;
}

uint64_t tb_fake_cupti_stamp(uint64_t monotonic_ns)
{
    (void)pthread_mutex_lock(&state.lock);
    bool has_clock = state.clock != NULL;
    uint64_t ahead = state.clock_ahead_ns;
    (void)pthread_mutex_unlock(&state.lock);
    return monotonic_ns + (has_clock ? ahead : realtime_ns() - tb_fake_monotonic_ns());
}

CUptiResult cuptiActivityRegisterTimestampCallback(CUpti_TimestampCallbackFunc funcTimestamp)
{
    TB_FAKE_CALL("cuptiActivityRegisterTimestampCallback");
    if (funcTimestamp == NULL) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    uint64_t ahead = ahead_of_monotonic(funcTimestamp);
    (void)pthread_mutex_lock(&state.lock);
    state.clock = funcTimestamp;
    state.clock_ahead_ns = ahead;
    (void)pthread_mutex_unlock(&state.lock);
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

CUptiResult cuptiGetTimestamp(uint64_t *timestamp)
{
    TB_FAKE_CALL("cuptiGetTimestamp");
    if (timestamp == NULL) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    *timestamp = tb_fake_cupti_now();
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

static void on_launch(const tb_fake_launch *launch, void *user)
{
    (void)user;
    tb_fake_cupti_record(launch);
    tb_fake_profiler_count(launch);
}

void tb_fake_cupti_listen(void)
{
    (void)pthread_mutex_lock(&state.lock);
    bool is_new = !state.is_listening;
    state.is_listening = true;
    (void)pthread_mutex_unlock(&state.lock);
    if (is_new) {
        tilebound_fake_listen(on_launch, NULL);
    }
}

tb_fake_wish tb_fake_cupti_wish(void)
{
    (void)pthread_mutex_lock(&state.lock);
    const bool *kinds = state.is_enabled;
    tb_fake_wish wish = {.kernels = kinds[CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL],
                         .externals = kinds[CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION],
                         .driver_api = state.driver_calls[CUPTI_DRIVER_TRACE_CBID_cuLaunchKernelEx],
                         .launch = ++state.launches};
    (void)pthread_mutex_unlock(&state.lock);
    return wish;
}

bool tb_fake_cupti_records_kernels(void)
{
    (void)pthread_mutex_lock(&state.lock);
    bool is = state.is_enabled[CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL];
    (void)pthread_mutex_unlock(&state.lock);
    return is;
}

/* Those that are written here. KERNEL would run kernels one at a time, which nobody wants to
 * measure. */
static CUptiResult check_kind(CUpti_ActivityKind kind)
{
    switch ((unsigned)kind) {
    case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
    case CUPTI_ACTIVITY_KIND_DRIVER:
    case CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION:
        return CUPTI_SUCCESS;
    default:
        return (unsigned)kind > CUPTI_ACTIVITY_KIND_INVALID &&
                       (unsigned)kind < CUPTI_ACTIVITY_KIND_COUNT
                   ? CUPTI_ERROR_NOT_SUPPORTED
                   : CUPTI_ERROR_INVALID_KIND;
    }
}

static void set_kind(CUpti_ActivityKind kind, bool is_enabled)
{
    (void)pthread_mutex_lock(&state.lock);
    state.is_enabled[kind] = is_enabled;
    if (kind == CUPTI_ACTIVITY_KIND_DRIVER) { /* it overrules what was said of each call */
        for (int i = 0; i < CUPTI_DRIVER_TRACE_CBID_SIZE; i++) {
            state.driver_calls[i] = is_enabled;
        }
    }
    if (kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL && is_enabled) {
        state.launches = 0;
    }
    (void)pthread_mutex_unlock(&state.lock);
}

CUptiResult cuptiActivityEnable(CUpti_ActivityKind kind)
{
    TB_FAKE_CALL("cuptiActivityEnable");
    CUptiResult result = check_kind(kind);
    if (result == CUPTI_SUCCESS && tb_fake_cupti_has(TB_FAKE_HELD, 0)) {
        result = CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED;
    } else if (result == CUPTI_SUCCESS && tb_fake_cupti_has(TB_FAKE_PERMITTED, 0)) {
        result = CUPTI_ERROR_INSUFFICIENT_PRIVILEGES;
    } else if (result == CUPTI_SUCCESS && !tb_fake_buffers_ready()) {
        result = CUPTI_ERROR_INVALID_OPERATION; /* it would not know where records go */
    }
    if (result == CUPTI_SUCCESS) {
        set_kind(kind, true);
        tb_fake_cupti_listen();
    }
    return tb_fake_cupti_result(result);
}

CUptiResult cuptiActivityDisable(CUpti_ActivityKind kind)
{
    TB_FAKE_CALL("cuptiActivityDisable");
    CUptiResult result = check_kind(kind);
    if (result == CUPTI_SUCCESS) {
        set_kind(kind, false);
    }
    return tb_fake_cupti_result(result);
}

CUptiResult cuptiActivityEnableDriverApi(CUpti_CallbackId cbid, uint8_t enable)
{
    TB_FAKE_CALL("cuptiActivityEnableDriverApi");
    if (cbid == CUPTI_DRIVER_TRACE_CBID_INVALID || cbid >= CUPTI_DRIVER_TRACE_CBID_SIZE) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    (void)pthread_mutex_lock(&state.lock);
    state.driver_calls[cbid] = enable != 0;
    (void)pthread_mutex_unlock(&state.lock);
    tb_fake_cupti_listen();
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

static bool is_external(CUpti_ExternalCorrelationKind kind)
{
    return kind > CUPTI_EXTERNAL_CORRELATION_KIND_INVALID &&
           kind < CUPTI_EXTERNAL_CORRELATION_KIND_SIZE;
}

CUptiResult cuptiActivityPushExternalCorrelationId(CUpti_ExternalCorrelationKind kind, uint64_t id)
{
    TB_FAKE_CALL("cuptiActivityPushExternalCorrelationId");
    if (!is_external(kind)) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    if (pushed[kind].count == PUSHED_MAX) {
        return tb_fake_cupti_result(CUPTI_ERROR_OUT_OF_MEMORY);
    }
    pushed[kind].ids[pushed[kind].count++] = id;
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

CUptiResult cuptiActivityPopExternalCorrelationId(CUpti_ExternalCorrelationKind kind,
                                                  uint64_t *lastId)
{
    TB_FAKE_CALL("cuptiActivityPopExternalCorrelationId");
    if (!is_external(kind)) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    if (pushed[kind].count == 0) {
        return tb_fake_cupti_result(CUPTI_ERROR_QUEUE_EMPTY);
    }
    uint64_t id = pushed[kind].ids[--pushed[kind].count];
    if (lastId != NULL) {
        *lastId = id;
    }
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

void tb_fake_cupti_put_externals(uint32_t correlation)
{
    for (int kind = 1; kind < CUPTI_EXTERNAL_CORRELATION_KIND_SIZE; kind++) {
        if (pushed[kind].count == 0) {
            continue;
        }
        CUpti_ActivityExternalCorrelation external;
        memset(&external, 0, sizeof external);
        external.kind = CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION;
        external.externalKind = (CUpti_ExternalCorrelationKind)kind;
        external.externalId = pushed[kind].ids[pushed[kind].count - 1];
        external.correlationId = correlation;
        tb_fake_buffers_put(&external, sizeof external, 0);
    }
}

/* The one subscriber. `holder` is told who has it where it is taken. */
static CUptiResult subscribe(CUpti_SubscriberHandle *out, const char *name, char *holder,
                             size_t capacity)
{
    (void)pthread_mutex_lock(&state.lock);
    struct CUpti_Subscriber_st *s = &state.subscriber;
    bool is_other = tb_fake_cupti_has(TB_FAKE_HELD, 0);
    bool is_free = !is_other && !s->is_taken;
    if (is_free) {
        s->is_taken = true;
        (void)snprintf(s->name, sizeof s->name, "CUPTI for %.*s", CUPTI_SUBSCRIBER_NAME_MAX_LEN,
                       name != NULL ? name : "");
        *out = s;
    } else if (holder != NULL && capacity > 0) {
        (void)snprintf(holder, capacity, "%s", is_other ? "Nsight Systems" : s->name);
    }
    (void)pthread_mutex_unlock(&state.lock);
    return is_free ? CUPTI_SUCCESS : CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED;
}

CUptiResult cuptiSubscribe(CUpti_SubscriberHandle *subscriber, CUpti_CallbackFunc callback,
                           void *userdata)
{
    (void)callback; /* no callback of it is ever enabled here */
    (void)userdata;
    TB_FAKE_CALL("cuptiSubscribe");
    return tb_fake_cupti_result(subscriber == NULL ? CUPTI_ERROR_INVALID_PARAMETER
                                                   : subscribe(subscriber, NULL, NULL, 0));
}

CUptiResult cuptiSubscribe_v2(CUpti_SubscriberHandle *subscriber, CUpti_CallbackFunc callback,
                              void *userdata, CUpti_SubscriberParams *pParams)
{
    (void)callback;
    (void)userdata;
    TB_FAKE_CALL("cuptiSubscribe_v2");
    if (subscriber == NULL ||
        (pParams != NULL && pParams->structSize != CUpti_SubscriberParams_STRUCT_SIZE)) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    return tb_fake_cupti_result(pParams == NULL ? subscribe(subscriber, NULL, NULL, 0)
                                                : subscribe(subscriber, pParams->subscriberName,
                                                            pParams->oldSubscriberName,
                                                            pParams->oldSubscriberSize));
}

CUptiResult cuptiUnsubscribe(CUpti_SubscriberHandle subscriber)
{
    TB_FAKE_CALL("cuptiUnsubscribe");
    (void)pthread_mutex_lock(&state.lock);
    bool is_known = subscriber == &state.subscriber && state.subscriber.is_taken;
    if (is_known) {
        state.subscriber.is_taken = false;
    }
    (void)pthread_mutex_unlock(&state.lock);
    return tb_fake_cupti_result(is_known ? CUPTI_SUCCESS : CUPTI_ERROR_INVALID_PARAMETER);
}
