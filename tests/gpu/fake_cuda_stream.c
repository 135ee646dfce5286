/* Streams and events. All streams are one: what is queued runs in order. */
#include "fake_cuda.h"

#include "fake_calls.h"

#include <stdlib.h>

#define NON_BLOCKING   1U
#define DISABLE_TIMING 2U

tb_cu_result cuCtxSynchronize(void)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuCtxSynchronize", TB_FAKE_CONTEXT, &gpu);
    return result == FAKE_SUCCESS ? tb_fake_leave(tb_fake_wait(gpu)) : result;
}

tb_cu_result cuCtxSynchronize_v2(tb_cu_context context)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuCtxSynchronize", TB_FAKE_CONTEXT, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    return tb_fake_leave(context == NULL || context == gpu ? tb_fake_wait(gpu)
                                                           : FAKE_INVALID_CONTEXT);
}

tb_cu_result cuStreamCreate(tb_cu_stream *stream, unsigned flags)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuStreamCreate", TB_FAKE_CONTEXT, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    if (flags > NON_BLOCKING) {
        return tb_fake_leave(FAKE_INVALID_VALUE);
    }
    tb_cu_stream made = calloc(1, sizeof *made);
    if (made == NULL) {
        return tb_fake_leave(TB_CU_OUT_OF_MEMORY);
    }
    tb_fake_own(gpu, TB_FAKE_STREAM, &made->object);
    *stream = made;
    return tb_fake_leave(FAKE_SUCCESS);
}

/* Begin a call that is given a handle. */
static tb_cu_result enter_with(const char *name, tb_fake_kind kind, const void *handle,
                               tb_fake_gpu **gpu)
{
    tb_cu_result result = tb_fake_enter(name, TB_FAKE_CONTEXT, gpu);
    if (result == FAKE_SUCCESS && !tb_fake_owns(*gpu, kind, handle)) {
        return tb_fake_leave(FAKE_INVALID_HANDLE);
    }
    return result;
}

tb_cu_result cuStreamDestroy_v2(tb_cu_stream stream)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = enter_with("cuStreamDestroy", TB_FAKE_STREAM, stream, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    tb_fake_disown(gpu, &stream->object);
    tb_fake_destroy(gpu, &stream->object);
    return tb_fake_leave(FAKE_SUCCESS);
}

tb_cu_result cuStreamSynchronize(tb_cu_stream stream)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuStreamSynchronize", TB_FAKE_CONTEXT, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    return tb_fake_leave(stream == NULL || tb_fake_owns(gpu, TB_FAKE_STREAM, stream)
                             ? tb_fake_wait(gpu)
                             : FAKE_INVALID_HANDLE);
}

tb_cu_result cuEventCreate(tb_cu_event *event, unsigned flags)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuEventCreate", TB_FAKE_CONTEXT, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    tb_cu_event made = calloc(1, sizeof *made);
    if (made == NULL) {
        return tb_fake_leave(TB_CU_OUT_OF_MEMORY);
    }
    made->is_timed = (flags & DISABLE_TIMING) == 0;
    tb_fake_own(gpu, TB_FAKE_EVENT, &made->object);
    *event = made;
    return tb_fake_leave(FAKE_SUCCESS);
}

tb_cu_result cuEventDestroy_v2(tb_cu_event event)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = enter_with("cuEventDestroy", TB_FAKE_EVENT, event, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    tb_fake_disown(gpu, &event->object);
    tb_fake_destroy(gpu, &event->object);
    return tb_fake_leave(FAKE_SUCCESS);
}

tb_cu_result cuEventRecord(tb_cu_event event, tb_cu_stream stream)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = enter_with("cuEventRecord", TB_FAKE_EVENT, event, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    if (stream != NULL && !tb_fake_owns(gpu, TB_FAKE_STREAM, stream)) {
        return tb_fake_leave(FAKE_INVALID_HANDLE);
    }
    event->time_ns = tb_fake_work(gpu, 0);
    event->is_recorded = true;
    return tb_fake_leave(FAKE_SUCCESS);
}

tb_cu_result cuEventSynchronize(tb_cu_event event)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = enter_with("cuEventSynchronize", TB_FAKE_EVENT, event, &gpu);
    return result == FAKE_SUCCESS ? tb_fake_leave(tb_fake_wait(gpu)) : result;
}

/* An event whose time is known: recorded, and the host has waited for it. */
static tb_cu_result check(const tb_fake_gpu *gpu, tb_cu_event event)
{
    if (!tb_fake_owns(gpu, TB_FAKE_EVENT, event) || !event->is_timed || !event->is_recorded) {
        return FAKE_INVALID_HANDLE;
    }
    return event->time_ns <= gpu->seen_until_ns ? FAKE_SUCCESS : FAKE_NOT_READY;
}

tb_cu_result cuEventElapsedTime(float *ms, tb_cu_event from, tb_cu_event to)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuEventElapsedTime", TB_FAKE_CONTEXT, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    result = check(gpu, from);
    result = result == FAKE_SUCCESS ? check(gpu, to) : result;
    if (result == FAKE_SUCCESS) {
        *ms = (float)((double)(int64_t)(to->time_ns - from->time_ns) * 1e-6);
    }
    return tb_fake_leave(result);
}
