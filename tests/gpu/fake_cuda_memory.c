/* Device memory: the emulator's. */
#include "fake_cuda.h"

#include "fake_calls.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The allocation that begins at an address, or NULL. */
static tb_fake_allocation *find(const tb_fake_gpu *gpu, tb_cu_address address)
{
    for (tb_fake_object *at = gpu->objects; at != NULL; at = at->next) {
        tb_fake_allocation *allocation = (tb_fake_allocation *)at;
        if (at->kind == TB_FAKE_ALLOCATION && (uintptr_t)allocation->data == address) {
            return allocation;
        }
    }
    return NULL;
}

/* Device addresses are addresses of the emulator's memory. */
static void *pointer(tb_cu_address address)
{
    return (void *)(uintptr_t)address; // NOLINT(performance-no-int-to-ptr)
}

static tb_cu_result allocate(tb_fake_gpu *gpu, size_t bytes, tb_cu_address *address)
{
    void *data = NULL;
    char name[64];
    if (bytes == 0 || address == NULL) {
        return FAKE_INVALID_VALUE;
    }
    if (bytes > (size_t)(tb_fake.memory_bytes - gpu->used_bytes)) {
        return TB_CU_OUT_OF_MEMORY;
    }
    tb_fake_allocation *made = calloc(1, sizeof *made);
    (void)snprintf(name, sizeof name, "a buffer of %zu bytes", bytes);
    if (made == NULL || tb_emu_alloc(gpu->memory, name, (int64_t)bytes, &data, NULL) != TB_OK) {
        free(made);
        return TB_CU_OUT_OF_MEMORY;
    }
    made->data = data;
    made->bytes = bytes;
    gpu->used_bytes += (int64_t)bytes;
    tb_fake_own(gpu, TB_FAKE_ALLOCATION, &made->object);
    *address = (uintptr_t)data;
    return FAKE_SUCCESS;
}

tb_cu_result cuMemAlloc_v2(tb_cu_address *address, size_t bytes)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuMemAlloc", TB_FAKE_CONTEXT, &gpu);
    return result == FAKE_SUCCESS ? tb_fake_leave(allocate(gpu, bytes, address)) : result;
}

tb_cu_result cuMemFree_v2(tb_cu_address address)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuMemFree", TB_FAKE_CONTEXT, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    result = tb_fake_wait(gpu);
    tb_fake_allocation *allocation = find(gpu, address);
    if (allocation == NULL && address != 0) {
        tb_fake_say("cuMemFree: no allocation begins at 0x%llx", (unsigned long long)address);
        return tb_fake_leave(FAKE_INVALID_VALUE);
    }
    if (allocation != NULL) {
        tb_fake_disown(gpu, &allocation->object);
        tb_fake_destroy(gpu, &allocation->object);
    }
    return tb_fake_leave(result);
}

tb_cu_result cuMemGetInfo_v2(size_t *free_bytes, size_t *total_bytes)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuMemGetInfo", TB_FAKE_CONTEXT, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    *total_bytes = (size_t)tb_fake.memory_bytes;
    *free_bytes = (size_t)(tb_fake.memory_bytes - gpu->used_bytes);
    return tb_fake_leave(FAKE_SUCCESS);
}

/* Bytes [at, at + bytes) of one allocation. */
typedef struct range {
    tb_cu_address at;
    size_t bytes;
} range;

static double touched(const tb_fake_gpu *gpu, const tb_fake_allocation *allocation,
                      const void *user)
{
    const range *of = user;
    (void)gpu;
    uint64_t from = of->at - (uintptr_t)allocation->data;
    return from < allocation->bytes ? (double)of->bytes : 0;
}

/* A copy or memset takes its time, and leaves its data in L2. */
static void move(tb_fake_gpu *gpu, tb_cu_address at, size_t bytes, double bytes_per_s)
{
    const range of = {at, bytes};
    (void)tb_fake_from_hbm(gpu, (double)bytes, touched, &of);
    (void)tb_fake_work(gpu, (double)bytes / bytes_per_s * 1e9);
}

static tb_cu_result refused(const char *call, const tb_error *err)
{
    tb_fake_say("%s: %s", call, err->message);
    return err->code == TB_ENOMEM ? TB_CU_OUT_OF_MEMORY : FAKE_INVALID_VALUE;
}

tb_cu_result cuMemcpyHtoD_v2(tb_cu_address to, const void *from, size_t bytes)
{
    tb_fake_gpu *gpu = NULL;
    tb_error err;
    tb_cu_result result = tb_fake_enter("cuMemcpyHtoD", TB_FAKE_CONTEXT, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    if (tb_emu_upload(gpu->memory, pointer(to), from, (int64_t)bytes, &err) != TB_OK) {
        return tb_fake_leave(refused("cuMemcpyHtoD", &err));
    }
    move(gpu, to, bytes, tb_fake.rates.pcie_bytes_per_s);
    return tb_fake_leave(tb_fake_wait(gpu));
}

tb_cu_result cuMemcpyDtoH_v2(void *to, tb_cu_address from, size_t bytes)
{
    tb_fake_gpu *gpu = NULL;
    tb_error err;
    tb_cu_result result = tb_fake_enter("cuMemcpyDtoH", TB_FAKE_CONTEXT, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    if (tb_emu_download(gpu->memory, pointer(from), to, (int64_t)bytes, &err) != TB_OK) {
        return tb_fake_leave(refused("cuMemcpyDtoH", &err));
    }
    move(gpu, from, bytes, tb_fake.rates.pcie_bytes_per_s);
    return tb_fake_leave(tb_fake_wait(gpu));
}

static tb_cu_result fill(tb_fake_gpu *gpu, tb_cu_address to, unsigned char value, size_t bytes,
                         tb_cu_stream stream)
{
    tb_error err;
    if (stream != NULL && !tb_fake_owns(gpu, TB_FAKE_STREAM, stream)) {
        return FAKE_INVALID_HANDLE;
    }
    if (tb_emu_fill(gpu->memory, pointer(to), value, (int64_t)bytes, &err) != TB_OK) {
        return refused("cuMemsetD8", &err);
    }
    move(gpu, to, bytes, tb_fake.rates.hbm_bytes_per_s);
    return FAKE_SUCCESS;
}

tb_cu_result cuMemsetD8Async(tb_cu_address to, unsigned char value, size_t bytes,
                             tb_cu_stream stream)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuMemsetD8Async", TB_FAKE_CONTEXT, &gpu);
    return result == FAKE_SUCCESS ? tb_fake_leave(fill(gpu, to, value, bytes, stream)) : result;
}

tb_cu_result cuMemsetD8_v2(tb_cu_address to, unsigned char value, size_t bytes)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuMemsetD8", TB_FAKE_CONTEXT, &gpu);
    return result == FAKE_SUCCESS ? tb_fake_leave(fill(gpu, to, value, bytes, NULL)) : result;
}
