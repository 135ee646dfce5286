#include "emu_memory.h"

#include "emu_worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Around each buffer: a kernel that misses it by less touches nothing else. */
#define RED_ZONE ((size_t)1 << 20)

tb_status tb_emu_memory_create(tb_emu_memory **out, tb_error *err)
{
    tb_emu_memory *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for an emulated device");
    }
    *out = made;
    return TB_OK;
}

static void destroy_buffer(tb_emu_buffer *buffer)
{
    tb_emu_map_destroy(&buffer->map);
    tb_emu_shadow_destroy(&buffer->shadow);
    free(buffer);
}

void tb_emu_memory_destroy(tb_emu_memory *memory)
{
    if (memory == NULL) {
        return;
    }
    for (int i = 0; i < memory->count; i++) {
        destroy_buffer(memory->buffers[i]);
    }
    while (memory->idle != NULL) {
        tb_emu_worker *worker = memory->idle;
        memory->idle = worker->next;
        tb_emu_worker_destroy(worker);
    }
    free(memory->buffers);
    free(memory);
}

/* Number of buffers that begin at or before an address. */
static int count_before(const tb_emu_memory *memory, uintptr_t address)
{
    int low = 0, high = memory->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if ((uintptr_t)memory->buffers[middle]->data <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

tb_emu_buffer *tb_emu_buffer_before(const tb_emu_memory *memory, uintptr_t address)
{
    int count = memory == NULL ? 0 : count_before(memory, address);
    return count == 0 ? NULL : memory->buffers[count - 1];
}

static bool make_room(tb_emu_memory *memory)
{
    if (memory->count < memory->capacity) {
        return true;
    }
    int capacity = memory->capacity * 2 + 16;
    tb_emu_buffer **grown = realloc(memory->buffers, (size_t)capacity * sizeof(tb_emu_buffer *));
    if (grown == NULL) {
        return false;
    }
    memory->buffers = grown;
    memory->capacity = capacity;
    return true;
}

static tb_emu_buffer *create_buffer(const char *name, int64_t bytes)
{
    tb_emu_buffer *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return NULL;
    }
    (void)snprintf(made->name, sizeof made->name, "%s", name);
    made->bytes = bytes;
    made->map = tb_emu_map_create((size_t)bytes, RED_ZONE);
    if (made->map.data == NULL) {
        free(made);
        return NULL;
    }
    made->data = made->map.data;
    if (!tb_emu_shadow_create(&made->shadow, bytes, false)) {
        tb_emu_map_destroy(&made->map);
        free(made);
        return NULL;
    }
    return made;
}

tb_status tb_emu_alloc(tb_emu_memory *memory, const char *name, int64_t bytes, void **out,
                       tb_error *err)
{
    if (bytes < 0) {
        return tb_fail(err, TB_EINVAL, "a buffer of %lld bytes", (long long)bytes);
    }
    tb_emu_buffer *made = make_room(memory) ? create_buffer(name, bytes) : NULL;
    if (made == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the buffer %s of %lld bytes", name,
                       (long long)bytes);
    }
    int at = count_before(memory, (uintptr_t)made->data);
    memmove(memory->buffers + at + 1, memory->buffers + at,
            (size_t)(memory->count - at) * sizeof(tb_emu_buffer *));
    memory->buffers[at] = made;
    memory->count++;
    *out = made->data;
    return TB_OK;
}

void tb_emu_free(tb_emu_memory *memory, void *buffer)
{
    int at = count_before(memory, (uintptr_t)buffer) - 1;
    if (buffer == NULL || at < 0 || memory->buffers[at]->data != buffer) {
        return;
    }
    destroy_buffer(memory->buffers[at]);
    memory->count--;
    memmove(memory->buffers + at, memory->buffers + at + 1,
            (size_t)(memory->count - at) * sizeof(tb_emu_buffer *));
}

/* The buffer that has [at, at + bytes). */
static tb_status find(const tb_emu_memory *memory, const void *at, int64_t bytes,
                      tb_emu_buffer **out, tb_error *err)
{
    tb_emu_buffer *buffer = tb_emu_buffer_before(memory, (uintptr_t)at);
    if (bytes < 0 || buffer == NULL || !tb_emu_buffer_has(buffer, (uintptr_t)at, bytes)) {
        return tb_fail(err, TB_EINVAL, "a copy of %lld bytes is not inside one buffer",
                       (long long)bytes);
    }
    *out = buffer;
    return TB_OK;
}

tb_status tb_emu_upload(tb_emu_memory *memory, void *at, const void *data, int64_t bytes,
                        tb_error *err)
{
    tb_emu_buffer *buffer = NULL;
    tb_status status = find(memory, at, bytes, &buffer, err);
    if (status != TB_OK || bytes == 0) {
        return status;
    }
    memcpy(at, data, (size_t)bytes);
    return tb_emu_shadow_set(&buffer->shadow, (unsigned char *)at - buffer->data, bytes)
               ? TB_OK
               : tb_fail(err, TB_ENOMEM, "no memory to upload into %s", buffer->name);
}

tb_status tb_emu_fill(tb_emu_memory *memory, void *at, unsigned char value, int64_t bytes,
                      tb_error *err)
{
    tb_emu_buffer *buffer = NULL;
    tb_status status = find(memory, at, bytes, &buffer, err);
    if (status != TB_OK || bytes == 0) {
        return status;
    }
    memset(at, value, (size_t)bytes);
    return tb_emu_shadow_set(&buffer->shadow, (unsigned char *)at - buffer->data, bytes)
               ? TB_OK
               : tb_fail(err, TB_ENOMEM, "no memory to fill %s", buffer->name);
}

tb_status tb_emu_download(const tb_emu_memory *memory, const void *at, void *data, int64_t bytes,
                          tb_error *err)
{
    tb_emu_buffer *buffer = NULL;
    tb_status status = find(memory, at, bytes, &buffer, err);
    if (status != TB_OK || bytes == 0) {
        return status;
    }
    int64_t from = (const unsigned char *)at - buffer->data;
    int64_t unset = tb_emu_shadow_first_unset(&buffer->shadow, from, bytes);
    if (unset >= 0) {
        return tb_fail(err, TB_EINVAL, "byte %lld of %s was never written", (long long)unset,
                       buffer->name);
    }
    memcpy(data, at, (size_t)bytes);
    return TB_OK;
}

void tb_emu_forget(tb_emu_memory *memory, void *buffer)
{
    tb_emu_buffer *found = tb_emu_buffer_before(memory, (uintptr_t)buffer);
    if (found != NULL && found->data == buffer) {
        tb_emu_shadow_forget(&found->shadow);
    }
}

int64_t tb_emu_touched(const tb_emu_memory *memory, const void *buffer)
{
    const tb_emu_buffer *found = tb_emu_buffer_before(memory, (uintptr_t)buffer);
    return found != NULL && found->data == buffer
               ? tb_emu_shadow_touched(&found->shadow, memory->runs)
               : 0;
}
