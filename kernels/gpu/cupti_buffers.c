#include "cupti_buffers.h"

#include <pthread.h>
#include <stdlib.h>

/* Every buffer is in one of these lists, or with who took it from `ready`. */
static struct {
    pthread_mutex_t lock;
    tb_cupti_dropped_fn *dropped; /* NULL: closed */
    tb_cupti_buffer *unused;
    tb_cupti_buffer *lent;
    tb_cupti_buffer *ready, **ready_end;
    int count;
    tb_cupti_seen seen;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void lock(void)
{
    (void)pthread_mutex_lock(&pool.lock); /* fails for mutexes of other kinds alone */
}

static void unlock(void)
{
    (void)pthread_mutex_unlock(&pool.lock);
}

static void push(tb_cupti_buffer **list, tb_cupti_buffer *buffer)
{
    buffer->next = *list;
    *list = buffer;
}

static tb_cupti_buffer *pop(tb_cupti_buffer **list)
{
    tb_cupti_buffer *buffer = *list;
    if (buffer != NULL) {
        *list = buffer->next;
        buffer->next = NULL;
    }
    return buffer;
}

static void release(tb_cupti_buffer *buffer)
{
    free(buffer);
    pool.count--;
}

void tb_cupti_buffers_open(tb_cupti_dropped_fn *dropped)
{
    lock();
    pool.dropped = dropped;
    pool.ready_end = &pool.ready;
    pool.seen = (tb_cupti_seen){0};
    unlock();
}

void tb_cupti_buffers_close(void)
{
    tb_cupti_buffer *buffer;
    lock();
    pool.dropped = NULL;
    while ((buffer = pop(&pool.unused)) != NULL || (buffer = pop(&pool.ready)) != NULL) {
        release(buffer);
    }
    pool.ready_end = &pool.ready;
    unlock();
}

static tb_cupti_buffer *make(void)
{
    tb_cupti_buffer *buffer =
        pool.count < TB_CUPTI_BUFFERS_MAX ? malloc(sizeof(tb_cupti_buffer)) : NULL;
    pool.count += buffer != NULL;
    return buffer;
}

void tb_cupti_buffers_request(uint8_t **buffer, size_t *bytes, size_t *records_max)
{
    tb_cupti_buffer *given = NULL;
    lock();
    if (pool.dropped != NULL) {
        given = pop(&pool.unused);
        given = given != NULL ? given : make();
    }
    if (given != NULL) {
        push(&pool.lent, given);
    } else {
        pool.seen.refused++;
    }
    unlock();
    *buffer = given == NULL ? NULL : given->bytes;
    *bytes = given == NULL ? 0 : sizeof given->bytes;
    *records_max = 0; /* as many as fit */
}

/* NULL for one that was not lent. */
static tb_cupti_buffer *take_lent(const uint8_t *bytes)
{
    for (tb_cupti_buffer **at = &pool.lent; *at != NULL; at = &(*at)->next) {
        if ((*at)->bytes == bytes) {
            return pop(at);
        }
    }
    return NULL;
}

static void queue(tb_cupti_buffer *buffer, size_t valid)
{
    pool.seen.odd += valid > sizeof buffer->bytes;
    buffer->valid = valid > sizeof buffer->bytes ? sizeof buffer->bytes : valid;
    *pool.ready_end = buffer;
    pool.ready_end = &buffer->next;
}

void tb_cupti_buffers_complete(tb_cu_context context, uint32_t stream, uint8_t *buffer,
                               size_t bytes, size_t valid)
{
    (void)context; /* "deprecated, always NULL", as is the stream */
    (void)stream;
    (void)bytes;
    lock();
    tb_cupti_dropped_fn *ask = pool.dropped;
    unlock();
    size_t dropped = 0; /* asked without the lock: CUPTI has locks of its own */
    bool is_known = ask == NULL || ask(NULL, 0, &dropped) == 0;
    lock();
    tb_cupti_buffer *back = take_lent(buffer);
    pool.seen.dropped += is_known ? (int64_t)dropped : 0;
    pool.seen.odd += !is_known;
    if (back == NULL) {
        pool.seen.odd += buffer != NULL;
    } else if (pool.dropped == NULL) {
        release(back);
    } else {
        queue(back, valid);
    }
    unlock();
}

tb_cupti_buffer *tb_cupti_buffers_take(tb_cupti_seen *seen)
{
    lock();
    tb_cupti_buffer *all = pool.ready;
    pool.ready = NULL;
    pool.ready_end = &pool.ready;
    *seen = pool.seen;
    pool.seen = (tb_cupti_seen){0};
    unlock();
    return all;
}

void tb_cupti_buffers_give(tb_cupti_buffer *buffer)
{
    lock();
    if (pool.dropped == NULL) {
        release(buffer);
    } else {
        push(&pool.unused, buffer);
    }
    unlock();
}
