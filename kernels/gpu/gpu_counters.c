#include "gpu_counters.h"

#include "gpu_counters_host.h"
#include "gpu_metrics.h"
#include "profiler_library.h"

#include <stdlib.h>

/* CUPTI may want a pass more than it foretold, but not for ever. */
#define MOST_PASSES(planned) (2 * (planned) + 8)

/* All that a collection owns. */
typedef struct collection {
    tb_gpu *gpu;
    const tb_driver *driver;
    tb_profiler_calls calls;
    tb_library library;
    tb_cu_device device;
    tb_cu_context context; /* the primary one, held once more */
    uint8_t *availability; /* owned */
    tb_counters_host *host;
    tb_counters_plan plan;
    CUpti_RangeProfiler_Object *profiler;
    uint8_t *data; /* owned: what was counted */
    size_t data_bytes;
} collection;

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for hardware counters");
}

static tb_status hold_context(collection *c, tb_error *err)
{
    const tb_driver_calls *calls = &c->driver->calls;
    tb_cu_result result = calls->device_get(&c->device, tb_gpu_info_of(c->gpu)->index);
    if (result != 0) {
        return tb_driver_failed(c->driver, "cuDeviceGet", result, err);
    }
    result = calls->context_retain(&c->context, c->device);
    if (result != 0) {
        c->context = NULL;
        return tb_driver_failed(c->driver, "cuDevicePrimaryCtxRetain", result, err);
    }
    result = calls->context_set(c->context);
    return result == 0 ? TB_OK : tb_driver_failed(c->driver, "cuCtxSetCurrent", result, err);
}

static tb_status initialize(collection *c, tb_error *err)
{
    CUpti_Profiler_Initialize_Params params = TB_PROFILER_PARAMS(CUpti_Profiler_Initialize_Params);
    return tb_profiler_check(c->calls.initialize(&params), "cuptiProfilerInitialize", err);
}

/* The chip as CUPTI calls it; by the compute capability where it does not say. */
static tb_status find_chip(const collection *c, const char **out, tb_error *err)
{
    CUpti_Device_GetChipName_Params params = TB_PROFILER_PARAMS(CUpti_Device_GetChipName_Params);
    const tb_gpu_info *info = tb_gpu_info_of(c->gpu);
    params.deviceIndex = (size_t)info->index;
    *out = tb_gpu_chip_of(info->sm);
    if (c->calls.chip_name != NULL && c->calls.chip_name(&params) == CUPTI_SUCCESS &&
        params.pChipName != NULL) {
        *out = params.pChipName;
    }
    return *out != NULL
               ? TB_OK
               : tb_fail(err, TB_EUNAVAILABLE,
                         "CUPTI does not say which chip %s is, so that its counters cannot "
                         "be chosen; install a newer CUDA toolkit",
                         info->name);
}

/* Which counters this GPU lets out. Here a lack of permission shows. */
static tb_status read_availability(collection *c, tb_error *err)
{
    static const char call[] = "cuptiProfilerGetCounterAvailability";
    CUpti_Profiler_GetCounterAvailability_Params params =
        TB_PROFILER_PARAMS(CUpti_Profiler_GetCounterAvailability_Params);
    params.ctx = (CUcontext)c->context;
    tb_status status = tb_profiler_check(c->calls.availability(&params), call, err);
    if (status != TB_OK) {
        return status;
    }
    c->availability = calloc(params.counterAvailabilityImageSize + 1, 1);
    if (c->availability == NULL) {
        return no_memory(err);
    }
    params.pCounterAvailabilityImage = c->availability;
    return tb_profiler_check(c->calls.availability(&params), call, err);
}

static tb_status plan(collection *c, tb_error *err)
{
    const char *chip = NULL;
    tb_status status = initialize(c, err);
    if (status == TB_OK) {
        status = find_chip(c, &chip, err);
    }
    if (status == TB_OK) {
        status = read_availability(c, err);
    }
    if (status == TB_OK) {
        status = tb_counters_host_open(chip, c->availability, &c->host, err);
    }
    return status == TB_OK ? tb_counters_host_plan(c->host, &c->plan, err) : status;
}

static tb_status enable(collection *c, tb_error *err)
{
    CUpti_RangeProfiler_Enable_Params params =
        TB_PROFILER_PARAMS(CUpti_RangeProfiler_Enable_Params);
    params.ctx = (CUcontext)c->context;
    tb_status status = tb_profiler_check(c->calls.enable(&params), "cuptiRangeProfilerEnable", err);
    c->profiler = status == TB_OK ? params.pRangeProfilerObject : NULL;
    return status;
}

/* Room for one range, in the form that CUPTI gives it. */
static tb_status make_data(collection *c, tb_error *err)
{
    CUpti_RangeProfiler_GetCounterDataSize_Params size =
        TB_PROFILER_PARAMS(CUpti_RangeProfiler_GetCounterDataSize_Params);
    CUpti_RangeProfiler_CounterDataImage_Initialize_Params data =
        TB_PROFILER_PARAMS(CUpti_RangeProfiler_CounterDataImage_Initialize_Params);
    size.pRangeProfilerObject = c->profiler;
    size.pMetricNames = c->plan.metric;
    size.numMetrics = c->plan.count;
    size.maxNumOfRanges = 1;
    size.maxNumRangeTreeNodes = 1;
    tb_status status =
        tb_profiler_check(c->calls.data_size(&size), "cuptiRangeProfilerGetCounterDataSize", err);
    if (status != TB_OK) {
        return status;
    }
    c->data_bytes = size.counterDataSize;
    c->data = calloc(c->data_bytes + 1, 1);
    if (c->data == NULL) {
        return no_memory(err);
    }
    data.pRangeProfilerObject = c->profiler;
    data.counterDataSize = c->data_bytes;
    data.pCounterData = c->data;
    return tb_profiler_check(c->calls.data_begin(&data),
                             "cuptiRangeProfilerCounterDataImageInitialize", err);
}

/* One range over all launches, made again by us: CUPTI's own replay would save and restore all
 * memory around every kernel. */
static tb_status configure(collection *c, tb_error *err)
{
    CUpti_RangeProfiler_SetConfig_Params params =
        TB_PROFILER_PARAMS(CUpti_RangeProfiler_SetConfig_Params);
    params.pRangeProfilerObject = c->profiler;
    params.configSize = c->plan.image_bytes;
    params.pConfig = c->plan.image;
    params.counterDataImageSize = c->data_bytes;
    params.pCounterDataImage = c->data;
    params.range = CUPTI_UserRange;
    params.replayMode = CUPTI_UserReplay;
    params.maxRangesPerPass = 1;
    params.numNestingLevels = 1;
    params.minNestingLevel = 1;
    params.passIndex = 0;
    params.targetNestingLevel = 1;
    return tb_profiler_check(c->calls.set_config(&params), "cuptiRangeProfilerSetConfig", err);
}

static tb_status start(const collection *c, tb_error *err)
{
    CUpti_RangeProfiler_Start_Params begin = TB_PROFILER_PARAMS(CUpti_RangeProfiler_Start_Params);
    CUpti_RangeProfiler_PushRange_Params push =
        TB_PROFILER_PARAMS(CUpti_RangeProfiler_PushRange_Params);
    begin.pRangeProfilerObject = c->profiler;
    push.pRangeProfilerObject = c->profiler;
    push.pRangeName = "attention";
    tb_status status = tb_profiler_check(c->calls.start(&begin), "cuptiRangeProfilerStart", err);
    return status == TB_OK
               ? tb_profiler_check(c->calls.push(&push), "cuptiRangeProfilerPushRange", err)
               : status;
}

static tb_status stop(const collection *c, bool *is_last, tb_error *err)
{
    CUpti_RangeProfiler_PopRange_Params pop =
        TB_PROFILER_PARAMS(CUpti_RangeProfiler_PopRange_Params);
    CUpti_RangeProfiler_Stop_Params finish = TB_PROFILER_PARAMS(CUpti_RangeProfiler_Stop_Params);
    pop.pRangeProfilerObject = c->profiler;
    finish.pRangeProfilerObject = c->profiler;
    tb_status status = tb_profiler_check(c->calls.pop(&pop), "cuptiRangeProfilerPopRange", err);
    if (status == TB_OK) {
        status = tb_profiler_check(c->calls.stop(&finish), "cuptiRangeProfilerStop", err);
    }
    *is_last = finish.isAllPassSubmitted != 0;
    return status;
}

/* The launches, counted once: what they do must lie within the range, so it is waited for. */
static tb_status run_pass(const collection *c, tb_gpu_launches_fn *launches, void *user,
                          bool *is_last, tb_error *err)
{
    tb_status status = start(c, err);
    if (status == TB_OK) {
        status = launches(user, err);
    }
    if (status == TB_OK) {
        tb_cu_result result = c->driver->calls.synchronize();
        status = result == 0 ? TB_OK : tb_driver_failed(c->driver, "cuCtxSynchronize", result, err);
    }
    if (status != TB_OK) { /* what failed is the message; the range must not stay open */
        (void)stop(c, is_last, NULL);
        return status;
    }
    return stop(c, is_last, err);
}

static tb_status run_passes(collection *c, tb_gpu_launches_fn *launches, void *user, tb_error *err)
{
    bool is_last = false;
    int passes = 0;
    while (!is_last && passes < MOST_PASSES(c->plan.passes)) {
        tb_status status = run_pass(c, launches, user, &is_last, err);
        if (status != TB_OK) {
            return status;
        }
        passes++;
    }
    c->plan.passes = passes;
    return is_last
               ? TB_OK
               : tb_fail(err, TB_EINTERNAL,
                         "CUPTI asks for more passes than it foretold: %d are not enough", passes);
}

static tb_status decode(const collection *c, tb_error *err)
{
    CUpti_RangeProfiler_DecodeData_Params params =
        TB_PROFILER_PARAMS(CUpti_RangeProfiler_DecodeData_Params);
    CUpti_RangeProfiler_GetCounterDataInfo_Params info =
        TB_PROFILER_PARAMS(CUpti_RangeProfiler_GetCounterDataInfo_Params);
    params.pRangeProfilerObject = c->profiler;
    info.pCounterDataImage = c->data;
    info.counterDataImageSize = c->data_bytes;
    tb_status status =
        tb_profiler_check(c->calls.decode(&params), "cuptiRangeProfilerDecodeData", err);
    if (status == TB_OK) {
        status = tb_profiler_check(c->calls.data_info(&info),
                                   "cuptiRangeProfilerGetCounterDataInfo", err);
    }
    if (status != TB_OK || (params.numOfRangeDropped == 0 && info.numTotalRanges == 1)) {
        return status;
    }
    return tb_fail(err, TB_EINTERNAL, "CUPTI counted %zu ranges and dropped %zu, where one was run",
                   info.numTotalRanges, params.numOfRangeDropped);
}

static tb_status collect(collection *c, tb_gpu_launches_fn *launches, void *user,
                         tb_hardware_counters *out, tb_error *err)
{
    tb_status status = hold_context(c, err);
    if (status == TB_OK) {
        status = plan(c, err);
    }
    if (status == TB_OK) {
        status = enable(c, err);
    }
    if (status == TB_OK) {
        status = make_data(c, err);
    }
    if (status == TB_OK) {
        status = configure(c, err);
    }
    if (status == TB_OK) {
        status = run_passes(c, launches, user, err);
    }
    if (status == TB_OK) {
        status = decode(c, err);
    }
    return status == TB_OK
               ? tb_counters_host_evaluate(c->host, &c->plan, c->data, c->data_bytes, 0, out, err)
               : status;
}

/* A profiler that stays on would disturb all that follows: tried twice. */
static void disable(const collection *c)
{
    CUpti_RangeProfiler_Disable_Params params =
        TB_PROFILER_PARAMS(CUpti_RangeProfiler_Disable_Params);
    params.pRangeProfilerObject = c->profiler;
    if (c->calls.disable(&params) != CUPTI_SUCCESS) {
        (void)c->calls.disable(&params);
    }
}

/* In the order opposite to how they were made; CUPTI writes to the data until it is disabled. */
static void release(collection *c)
{
    if (c->profiler != NULL) {
        disable(c);
    }
    tb_counters_host_close(c->host);
    free(c->data);
    free(c->availability);
    if (c->context != NULL) {
        (void)c->driver->calls.context_release(c->device);
    }
}

/* Where records do not come back, events time what follows. */
static void resume(tb_gpu *gpu, tb_cupti *records)
{
    tb_error why = {0};
    if (records != NULL && tb_cupti_resume(records, &why) != TB_OK) {
        tb_gpu_drop_cupti(gpu, why.message);
    }
}

tb_status tb_gpu_counters_run(tb_gpu *gpu, tb_gpu_launches_fn *launches, void *user,
                              tb_hardware_counters *out, tb_error *err)
{
    collection c = {.gpu = gpu, .driver = tb_gpu_driver(gpu)};
    tb_hardware_counters counted;
    tb_cupti *records = tb_gpu_cupti(gpu, NULL);
    tb_status status = tb_profiler_library_open(&c.calls, &c.library, err);
    if (status != TB_OK) {
        return status;
    }
    if (records != NULL) {
        tb_cupti_pause(records);
    }
    status = collect(&c, launches, user, &counted, err);
    release(&c);
    resume(gpu, records);
    if (status == TB_OK) {
        *out = counted;
    }
    return status;
}
