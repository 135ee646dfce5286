/* libcupti's range profiler: what the launches between a push and a pop did, in the passes that the
 * metrics take. One session a process, ranges of the client's own, replayed by the client. */
#include "fake_profiler.h"

#include <cupti_profiler_target.h>
#include <cupti_range_profiler.h>
#include <cupti_target.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define AVAILABILITY "TBAVAIL"

struct CUpti_RangeProfiler_Object {
    tb_fake_config_image config;
    uint8_t *data; /* the client's tb_fake_data_image */
    bool is_configured, is_started, is_open, has_range;
    size_t pass;
    tb_fake_counts counts; /* of this pass */
    bool has[TB_FAKE_METRICS];
    double value[TB_FAKE_METRICS];
};

static struct {
    pthread_mutex_t lock;
    bool is_initialized;
    CUpti_RangeProfiler_Object *session; /* NULL: none */
    tb_fake_device device;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

void tb_fake_profiler_count(const tb_fake_launch *launch)
{
    (void)pthread_mutex_lock(&state.lock);
    if (state.session != NULL && state.session->is_open) {
        tb_fake_counts_add(&state.session->counts, launch, &state.device);
    }
    (void)pthread_mutex_unlock(&state.lock);
}

static bool is_permitted(void)
{
    return !tb_fake_cupti_has(TB_FAKE_PERMITTED, 0) && !tb_fake_cupti_has(TB_FAKE_COUNTERS, 0);
}

static CUptiResult initialize(void)
{
    (void)pthread_mutex_lock(&state.lock);
    state.is_initialized = true;
    (void)pthread_mutex_unlock(&state.lock);
    return CUPTI_SUCCESS;
}

static CUptiResult name_chip(CUpti_Device_GetChipName_Params *params)
{
    tb_fake_device device;
    if (!tilebound_fake_device((int)params->deviceIndex, &device)) {
        return CUPTI_ERROR_INVALID_DEVICE;
    }
    params->pChipName = tb_fake_chip_of(device.sm);
    return params->pChipName != NULL ? CUPTI_SUCCESS : CUPTI_ERROR_NOT_SUPPORTED;
}

static bool is_initialized(void)
{
    (void)pthread_mutex_lock(&state.lock);
    bool is = state.is_initialized;
    (void)pthread_mutex_unlock(&state.lock);
    return is;
}

static CUptiResult tell_availability(CUpti_Profiler_GetCounterAvailability_Params *params)
{
    if (!is_initialized()) {
        return CUPTI_ERROR_NOT_INITIALIZED;
    }
    if (!is_permitted()) {
        return CUPTI_ERROR_INSUFFICIENT_PRIVILEGES;
    }
    if (params->pCounterAvailabilityImage != NULL) {
        if (params->counterAvailabilityImageSize < sizeof AVAILABILITY) {
            return CUPTI_ERROR_PARAMETER_SIZE_NOT_SUFFICIENT;
        }
        memcpy(params->pCounterAvailabilityImage, AVAILABILITY, sizeof AVAILABILITY);
    }
    params->counterAvailabilityImageSize = sizeof AVAILABILITY;
    return CUPTI_SUCCESS;
}

/* Records of kernels and counters of the same launches are not both to be had. */
static CUptiResult begin_session(CUpti_RangeProfiler_Enable_Params *params)
{
    if (!state.is_initialized) {
        return CUPTI_ERROR_NOT_INITIALIZED;
    }
    if (params->ctx == NULL || !tilebound_fake_device(0, &state.device)) {
        return CUPTI_ERROR_INVALID_CONTEXT;
    }
    if (state.session != NULL) {
        return CUPTI_ERROR_INVALID_OPERATION;
    }
    if (tb_fake_cupti_records_kernels()) {
        return CUPTI_ERROR_NOT_COMPATIBLE;
    }
    state.session = calloc(1, sizeof *state.session);
    params->pRangeProfilerObject = state.session;
    return state.session != NULL ? CUPTI_SUCCESS : CUPTI_ERROR_OUT_OF_MEMORY;
}

static CUptiResult enable(CUpti_RangeProfiler_Enable_Params *params)
{
    if (!is_permitted()) {
        return CUPTI_ERROR_INSUFFICIENT_PRIVILEGES;
    }
    (void)pthread_mutex_lock(&state.lock);
    CUptiResult result = begin_session(params);
    (void)pthread_mutex_unlock(&state.lock);
    if (result == CUPTI_SUCCESS) {
        tb_fake_cupti_listen();
    }
    return result;
}

/* Run `change` on the session, where it is the one that there is. */
typedef CUptiResult change_fn(CUpti_RangeProfiler_Object *session, void *params);

static CUptiResult with_session(CUpti_RangeProfiler_Object *session, change_fn *change,
                                void *params)
{
    (void)pthread_mutex_lock(&state.lock);
    CUptiResult result = session == NULL || session != state.session ? CUPTI_ERROR_INVALID_PARAMETER
                                                                     : change(session, params);
    (void)pthread_mutex_unlock(&state.lock);
    return result;
}

static CUptiResult disable(CUpti_RangeProfiler_Object *session, void *params)
{
    (void)params;
    free(session);
    state.session = NULL;
    return CUPTI_SUCCESS;
}

CUptiResult cuptiRangeProfilerDisable(CUpti_RangeProfiler_Disable_Params *params)
{
    TB_FAKE_PARAMS(params, CUpti_RangeProfiler_Disable_Params);
    CUptiResult result = with_session(params->pRangeProfilerObject, disable, NULL);
    TB_FAKE_CALL("cuptiRangeProfilerDisable"); /* the session ends even so */
    return tb_fake_cupti_result(result);
}

static CUptiResult data_size(CUpti_RangeProfiler_Object *session, void *user)
{
    (void)session;
    CUpti_RangeProfiler_GetCounterDataSize_Params *params = user;
    if (params->pMetricNames == NULL || params->numMetrics == 0 || params->maxNumOfRanges == 0 ||
        params->maxNumRangeTreeNodes < params->maxNumOfRanges) {
        return CUPTI_ERROR_INVALID_PARAMETER;
    }
    for (size_t i = 0; i < params->numMetrics; i++) {
        if (tb_fake_metric(params->pMetricNames[i]) < 0) {
            return CUPTI_ERROR_INVALID_METRIC_NAME;
        }
    }
    params->counterDataSize = sizeof(tb_fake_data_image);
    return CUPTI_SUCCESS;
}

static CUptiResult begin_data(CUpti_RangeProfiler_Object *session, void *user)
{
    (void)session;
    CUpti_RangeProfiler_CounterDataImage_Initialize_Params *params = user;
    tb_fake_data_image data = {.magic = TB_FAKE_DATA, .ranges_max = 1};
    if (params->pCounterData == NULL || params->counterDataSize < sizeof data) {
        return CUPTI_ERROR_INVALID_PARAMETER;
    }
    memcpy(params->pCounterData, &data, sizeof data);
    return CUPTI_SUCCESS;
}

static CUptiResult configure(CUpti_RangeProfiler_Object *session, void *user)
{
    const CUpti_RangeProfiler_SetConfig_Params *params = user;
    tb_fake_data_image data;
    if (session->is_started) {
        return CUPTI_ERROR_INVALID_OPERATION;
    }
    if (!tb_fake_config_is_good(params->pConfig, params->configSize, &session->config) ||
        !tb_fake_data_is_good(params->pCounterDataImage, params->counterDataImageSize, &data) ||
        params->maxRangesPerPass == 0 || params->numNestingLevels == 0 ||
        params->minNestingLevel == 0) {
        return CUPTI_ERROR_INVALID_PARAMETER;
    }
    if (params->range != CUPTI_UserRange || params->replayMode != CUPTI_UserReplay) {
        return CUPTI_ERROR_NOT_SUPPORTED; /* the others are not needed here */
    }
    session->data = params->pCounterDataImage;
    session->pass = params->passIndex;
    session->is_configured = true;
    return CUPTI_SUCCESS;
}

static CUptiResult start(CUpti_RangeProfiler_Object *session, void *params)
{
    (void)params;
    if (!session->is_configured || session->is_started ||
        session->pass >= tb_fake_passes(&session->config)) {
        return CUPTI_ERROR_INVALID_OPERATION;
    }
    session->is_started = true;
    session->has_range = false;
    session->counts = (tb_fake_counts){0};
    return CUPTI_SUCCESS;
}

static CUptiResult push(CUpti_RangeProfiler_Object *session, void *user)
{
    const CUpti_RangeProfiler_PushRange_Params *params = user;
    if (params->pRangeName == NULL) {
        return CUPTI_ERROR_INVALID_PARAMETER;
    }
    if (!session->is_started || session->is_open || session->has_range) {
        return CUPTI_ERROR_INVALID_OPERATION; /* one range a pass: no room for more */
    }
    session->is_open = session->has_range = true;
    return CUPTI_SUCCESS;
}

static CUptiResult pop(CUpti_RangeProfiler_Object *session, void *params)
{
    (void)params;
    if (!session->is_open) {
        return CUPTI_ERROR_INVALID_OPERATION;
    }
    session->is_open = false;
    return CUPTI_SUCCESS;
}

/* The pass is over: what it counted is kept. */
static CUptiResult stop(CUpti_RangeProfiler_Object *session, void *user)
{
    CUpti_RangeProfiler_Stop_Params *params = user;
    if (!session->is_started || session->is_open) {
        return CUPTI_ERROR_INVALID_OPERATION;
    }
    for (size_t i = 0; session->has_range && i < session->config.count; i++) {
        if (tb_fake_is_of_pass(&session->config, session->pass, i)) {
            uint32_t metric = session->config.metric[i];
            session->has[metric] = true;
            session->value[metric] =
                tb_fake_metric_value((int)metric, &session->counts, &state.device);
        }
    }
    session->is_started = false;
    session->pass++;
    params->passIndex = session->pass;
    params->targetNestingLevel = 1;
    params->isAllPassSubmitted = session->pass == tb_fake_passes(&session->config);
    return CUPTI_SUCCESS;
}

static CUptiResult decode(CUpti_RangeProfiler_Object *session, void *user)
{
    CUpti_RangeProfiler_DecodeData_Params *params = user;
    if (!session->is_configured || session->is_started) {
        return CUPTI_ERROR_INVALID_OPERATION;
    }
    tb_fake_data_image data = {
        .magic = TB_FAKE_DATA, .ranges_max = 1, .ranges = session->has_range ? 1 : 0};
    memcpy(data.has, session->has, sizeof session->has);
    memcpy(data.value, session->value, sizeof session->value);
    memcpy(session->data, &data, sizeof data);
    params->numOfRangeDropped = 0;
    return CUPTI_SUCCESS;
}

static CUptiResult count_ranges(CUpti_RangeProfiler_GetCounterDataInfo_Params *params)
{
    tb_fake_data_image data;
    if (!tb_fake_data_is_good(params->pCounterDataImage, params->counterDataImageSize, &data)) {
        return CUPTI_ERROR_INVALID_PARAMETER;
    }
    params->numTotalRanges = data.ranges;
    return CUPTI_SUCCESS;
}

TB_FAKE_PROFILER_CALL(cuptiProfilerInitialize, CUpti_Profiler_Initialize_Params, initialize())
TB_FAKE_PROFILER_CALL(cuptiDeviceGetChipName, CUpti_Device_GetChipName_Params, name_chip(params))
TB_FAKE_PROFILER_CALL(cuptiProfilerGetCounterAvailability,
                      CUpti_Profiler_GetCounterAvailability_Params, tell_availability(params))
TB_FAKE_PROFILER_CALL(cuptiRangeProfilerEnable, CUpti_RangeProfiler_Enable_Params, enable(params))
TB_FAKE_PROFILER_CALL(cuptiRangeProfilerGetCounterDataInfo,
                      CUpti_RangeProfiler_GetCounterDataInfo_Params, count_ranges(params))

/* Calls that are of a session. */
#define SESSION_CALL(call, type, change)                                                           \
    TB_FAKE_PROFILER_CALL(call, type, with_session(params->pRangeProfilerObject, change, params))

SESSION_CALL(cuptiRangeProfilerGetCounterDataSize, CUpti_RangeProfiler_GetCounterDataSize_Params,
             data_size)
SESSION_CALL(cuptiRangeProfilerCounterDataImageInitialize,
             CUpti_RangeProfiler_CounterDataImage_Initialize_Params, begin_data)
SESSION_CALL(cuptiRangeProfilerSetConfig, CUpti_RangeProfiler_SetConfig_Params, configure)
SESSION_CALL(cuptiRangeProfilerStart, CUpti_RangeProfiler_Start_Params, start)
SESSION_CALL(cuptiRangeProfilerPushRange, CUpti_RangeProfiler_PushRange_Params, push)
SESSION_CALL(cuptiRangeProfilerPopRange, CUpti_RangeProfiler_PopRange_Params, pop)
SESSION_CALL(cuptiRangeProfilerStop, CUpti_RangeProfiler_Stop_Params, stop)
SESSION_CALL(cuptiRangeProfilerDecodeData, CUpti_RangeProfiler_DecodeData_Params, decode)
