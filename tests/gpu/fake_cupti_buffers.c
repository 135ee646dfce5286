/* CUPTI's buffers: asked of the client, filled, and given back by a thread of the library's own, as
 * CUPTI does. */
#include "fake_cupti.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ALIGNMENT 8

typedef struct filled {
    uint8_t *bytes;
    size_t size, used, records, records_max;
    uint64_t done_ns; /* all its records are complete from then on */
    bool is_cut, is_forced;
    struct filled *next;
} filled;

typedef struct late_record {
    struct late_record *next;
    size_t bytes;
    CUpti_ActivityKernel10 record; /* the largest */
} late_record;

static struct {
    pthread_mutex_t lock; /* of what follows; not held where the client takes a buffer back */
    pthread_cond_t changed;
    CUpti_BuffersCallbackRequestFunc request;
    CUpti_BuffersCallbackCompleteFunc complete;
    filled *filling;
    filled *full; /* to be given back, the oldest first */
    bool is_giving;
    late_record *late; /* the oldest first */
    pid_t process;     /* where the thread runs: it does not live on in a fork's child */
    pthread_t thread;
    uint32_t period_ms;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* Not under the lock: the client asks for it while it takes a buffer back. */
static atomic_size_t dropped;

void tb_fake_buffers_drop(size_t records)
{
    dropped += records;
}

uint64_t tb_fake_monotonic_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool tb_fake_buffers_ready(void)
{
    (void)pthread_mutex_lock(&state.lock);
    bool is_ready = state.complete != NULL;
    (void)pthread_mutex_unlock(&state.lock);
    return is_ready;
}

static bool is_complete(const filled *b)
{
    return b->is_forced || b->done_ns <= tb_fake_monotonic_ns();
}

/* The first of the full buffers that can be given back, taken out of the list, or NULL. */
static filled *take_complete(void)
{
    for (filled **at = &state.full; *at != NULL; at = &(*at)->next) {
        if (is_complete(*at)) {
            filled *b = *at;
            *at = b->next;
            return b;
        }
    }
    return NULL;
}

static void give(filled *b)
{
    size_t valid = b->is_cut && b->used >= ALIGNMENT ? b->used - ALIGNMENT : b->used;
    CUpti_BuffersCallbackCompleteFunc complete = state.complete;
    state.is_giving = true;
    (void)pthread_mutex_unlock(&state.lock);
    complete(NULL, 0, b->bytes, b->size, valid);
    free(b);
    (void)pthread_mutex_lock(&state.lock);
    state.is_giving = false;
    (void)pthread_cond_broadcast(&state.changed);
}

static void wait_for_work(void)
{
    if (state.period_ms == 0) {
        (void)pthread_cond_wait(&state.changed, &state.lock);
        return;
    }
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + state.period_ms * UINT64_C(1000000);
    until.tv_sec += (time_t)(ns / 1000000000u);
    until.tv_nsec = (long)(ns % 1000000000u);
    (void)pthread_cond_timedwait(&state.changed, &state.lock, &until);
}

static void *give_back(void *unused)
{
    (void)unused;
    (void)pthread_mutex_lock(&state.lock);
    for (;;) {
        filled *b = take_complete();
        if (b != NULL) {
            give(b);
        } else {
            wait_for_work();
        }
    }
    return NULL;
}

/* Is the thread there that gives buffers back? */
static bool start_thread(void)
{
    if (state.process != getpid()) {
        if (pthread_create(&state.thread, NULL, give_back, NULL) != 0) {
            return false;
        }
        (void)pthread_detach(state.thread);
        state.process = getpid();
    }
    return true;
}

static void end_filling(void)
{
    if (state.filling != NULL) {
        filled **last = &state.full;
        while (*last != NULL) {
            last = &(*last)->next;
        }
        *last = state.filling;
        state.filling = NULL;
        (void)pthread_cond_broadcast(&state.changed);
    }
}

static void begin_filling(void)
{
    filled *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return;
    }
    state.request(&b->bytes, &b->size, &b->records_max);
    if (b->bytes == NULL) {
        free(b);
    } else {
        state.filling = b;
    }
}

static bool has_room(const filled *b, size_t bytes)
{
    bool is_small = tb_fake_cupti_has(TB_FAKE_SMALL, 0);
    return b != NULL && (uintptr_t)b->bytes % ALIGNMENT == 0 && b->size - b->used >= bytes &&
           (b->records_max == 0 || b->records < b->records_max) &&
           (!is_small || b->records < tb_fake_cupti_fault_number());
}

/* Under the lock. */
static void put(const void *record, size_t bytes, uint64_t done_ns)
{
    if (state.complete == NULL) {
        dropped++;
        return;
    }
    if (!has_room(state.filling, bytes)) {
        end_filling();
        begin_filling();
    }
    filled *b = state.filling;
    if (!has_room(b, bytes)) {
        dropped++;
        return;
    }
    memcpy(b->bytes + b->used, record, bytes);
    b->used += bytes;
    b->records++;
    b->done_ns = done_ns > b->done_ns ? done_ns : b->done_ns;
}

void tb_fake_buffers_put(const void *record, size_t bytes, uint64_t done_ns)
{
    (void)pthread_mutex_lock(&state.lock);
    put(record, bytes, done_ns);
    (void)pthread_mutex_unlock(&state.lock);
}

void tb_fake_buffers_put_late(const void *record, size_t bytes)
{
    late_record *late = calloc(1, sizeof *late);
    if (late == NULL || bytes > sizeof late->record) {
        free(late);
        dropped++;
        return;
    }
    late->bytes = bytes;
    memcpy(&late->record, record, bytes);
    (void)pthread_mutex_lock(&state.lock);
    late_record **last = &state.late;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = late;
    (void)pthread_mutex_unlock(&state.lock);
}

void tb_fake_buffers_cut(void)
{
    (void)pthread_mutex_lock(&state.lock);
    if (state.filling != NULL) {
        state.filling->is_cut = true;
    }
    (void)pthread_mutex_unlock(&state.lock);
}

static bool is_all_given(void)
{
    for (const filled *b = state.full; b != NULL; b = b->next) {
        if (is_complete(b)) {
            return false;
        }
    }
    return !state.is_giving;
}

static void put_late_records(void)
{
    while (state.late != NULL) {
        late_record *late = state.late;
        state.late = late->next;
        put(&late->record, late->bytes, 0);
        free(late);
    }
}

/* Under the lock: until the client has all buffers that are complete. */
static void flush(bool is_forced)
{
    filled *b = state.filling;
    if (b != NULL && (is_forced || (b->used > 0 && is_complete(b)))) {
        end_filling();
    }
    for (b = state.full; is_forced && b != NULL; b = b->next) {
        b->is_forced = true;
    }
    (void)pthread_cond_broadcast(&state.changed);
    while (!is_all_given()) {
        (void)pthread_cond_wait(&state.changed, &state.lock);
    }
    put_late_records();
}

CUptiResult cuptiActivityFlushAll(uint32_t flag)
{
    TB_FAKE_CALL("cuptiActivityFlushAll");
    (void)pthread_mutex_lock(&state.lock);
    /* a callback that flushes would wait for itself */
    bool is_wrong = state.complete == NULL || (state.process == getpid() && state.is_giving &&
                                               pthread_equal(state.thread, pthread_self()));
    bool has_thread = !is_wrong && start_thread();
    if (has_thread) {
        flush((flag & CUPTI_ACTIVITY_FLAG_FLUSH_FORCED) != 0);
    }
    (void)pthread_mutex_unlock(&state.lock);
    return tb_fake_cupti_result(is_wrong      ? CUPTI_ERROR_INVALID_OPERATION
                                : !has_thread ? CUPTI_ERROR_OUT_OF_MEMORY
                                              : CUPTI_SUCCESS);
}

CUptiResult cuptiActivityFlushPeriod(uint32_t time)
{
    TB_FAKE_CALL("cuptiActivityFlushPeriod");
    (void)pthread_mutex_lock(&state.lock);
    state.period_ms = time;
    (void)pthread_cond_broadcast(&state.changed);
    (void)pthread_mutex_unlock(&state.lock);
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

CUptiResult cuptiActivityRegisterCallbacks(CUpti_BuffersCallbackRequestFunc funcBufferRequested,
                                           CUpti_BuffersCallbackCompleteFunc funcBufferCompleted)
{
    TB_FAKE_CALL("cuptiActivityRegisterCallbacks");
    if (funcBufferRequested == NULL || funcBufferCompleted == NULL) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    (void)pthread_mutex_lock(&state.lock);
    bool has_thread = start_thread();
    if (has_thread) {
        state.request = funcBufferRequested;
        state.complete = funcBufferCompleted;
    }
    (void)pthread_mutex_unlock(&state.lock);
    return tb_fake_cupti_result(has_thread ? CUPTI_SUCCESS : CUPTI_ERROR_OUT_OF_MEMORY);
}

CUptiResult cuptiActivityGetNumDroppedRecords(CUcontext context, uint32_t streamId, size_t *number)
{
    (void)context; /* both ignored since CUDA 6.0 */
    (void)streamId;
    TB_FAKE_CALL("cuptiActivityGetNumDroppedRecords");
    if (number == NULL) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    *number = atomic_exchange(&dropped, 0);
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}

/* Bytes of the record at `at`; 0 for a kind that is not written here. */
static size_t record_bytes(const uint8_t *at)
{
    CUpti_ActivityKind kind;
    memcpy(&kind, at, sizeof kind);
    switch (kind) {
    case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
        return sizeof(CUpti_ActivityKernel10);
    case CUPTI_ACTIVITY_KIND_DRIVER:
    case CUPTI_ACTIVITY_KIND_RUNTIME:
        return sizeof(CUpti_ActivityAPI);
    case CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION:
        return sizeof(CUpti_ActivityExternalCorrelation);
    default:
        return 0;
    }
}

/* Where the record after `record` begins; SIZE_MAX where that cannot be said. */
static size_t next_at(const uint8_t *buffer, size_t valid, const CUpti_Activity *record)
{
    if (record == NULL) {
        return 0;
    }
    const uint8_t *at = (const uint8_t *)record;
    if (at < buffer || at >= buffer + valid || record_bytes(at) == 0) {
        return SIZE_MAX;
    }
    return (size_t)(at - buffer) + record_bytes(at);
}

CUptiResult cuptiActivityGetNextRecord(uint8_t *buffer, size_t validBufferSizeBytes,
                                       CUpti_Activity **record)
{
    TB_FAKE_CALL("cuptiActivityGetNextRecord");
    if (buffer == NULL || record == NULL) {
        return tb_fake_cupti_result(CUPTI_ERROR_INVALID_PARAMETER);
    }
    size_t at = next_at(buffer, validBufferSizeBytes, *record);
    bool is_at_end = at >= validBufferSizeBytes;
    if (is_at_end && at != SIZE_MAX && tb_fake_cupti_has(TB_FAKE_OUTSIDE, 0)) {
        *record = (CUpti_Activity *)(void *)(buffer + validBufferSizeBytes);
        return tb_fake_cupti_result(CUPTI_SUCCESS);
    }
    if (is_at_end) {
        return tb_fake_cupti_result(CUPTI_ERROR_MAX_LIMIT_REACHED);
    }
    size_t left = validBufferSizeBytes - at;
    size_t bytes = left >= sizeof(CUpti_ActivityKind) ? record_bytes(buffer + at) : left + 1;
    if (bytes == 0 || bytes > left) { /* CUPTI 13.0 takes a record that is cut for the end */
        return tb_fake_cupti_result(bytes == 0 ? CUPTI_ERROR_INVALID_KIND
                                               : CUPTI_ERROR_MAX_LIMIT_REACHED);
    }
    *record = (CUpti_Activity *)(void *)(buffer + at);
    return tb_fake_cupti_result(CUPTI_SUCCESS);
}
