/* From a launch to CUPTI's records of it. */
#include "fake_cupti.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXT 1
#define STREAM  7 /* CUPTI's number of the first stream */
#define HOUR_NS UINT64_C(3600000000000)

/* Names of kernels outlive their modules: records point at them. */
typedef struct kept_name {
    struct kept_name *next;
    char text[];
} kept_name;

static const char *keep_name(const char *name)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static kept_name *all;
    (void)pthread_mutex_lock(&lock);
    kept_name *k = all;
    while (k != NULL && strcmp(k->text, name) != 0) {
        k = k->next;
    }
    size_t bytes = strlen(name) + 1;
    if (k == NULL && (k = malloc(sizeof *k + bytes)) != NULL) {
        memcpy(k->text, name, bytes);
        k->next = all;
        all = k;
    }
    (void)pthread_mutex_unlock(&lock);
    return k != NULL ? k->text : NULL;
}

static CUpti_ActivityKernel10 kernel_of(const tb_fake_launch *launch)
{
    CUpti_ActivityKernel10 k;
    memset(&k, 0, sizeof k);
    k.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
    k.registersPerThread = (uint16_t)launch->registers;
    k.start = tb_fake_cupti_stamp(launch->start_ns);
    k.end = tb_fake_cupti_stamp(launch->end_ns);
    k.completed = k.end;
    k.contextId = CONTEXT;
    k.streamId = STREAM;
    k.gridX = (int32_t)launch->grid[0];
    k.gridY = (int32_t)launch->grid[1];
    k.gridZ = (int32_t)launch->grid[2];
    k.blockX = (int32_t)launch->cta[0];
    k.blockY = (int32_t)launch->cta[1];
    k.blockZ = (int32_t)launch->cta[2];
    k.staticSharedMemory = (int32_t)launch->static_shared_bytes;
    k.dynamicSharedMemory = (int32_t)launch->dynamic_shared_bytes;
    k.sharedMemoryExecuted = (uint32_t)(launch->static_shared_bytes + launch->dynamic_shared_bytes);
    k.correlationId = launch->correlation;
    k.gridId = launch->correlation;
    k.name = keep_name(launch->name);
    k.launchType = CUPTI_ACTIVITY_LAUNCH_TYPE_REGULAR;
    return k;
}

/* What a fault changes in the record itself; `last_end` is of the launch before, 0 = there was
 * none. */
static void spoil(CUpti_ActivityKernel10 *k, uint64_t launch, uint64_t last_end)
{
    if (tb_fake_cupti_has(TB_FAKE_ZERO, launch)) {
        k->start = k->end = k->completed = 0;
    } else if (tb_fake_cupti_has(TB_FAKE_REVERSED, launch)) {
        uint64_t start = k->start;
        k->start = k->end;
        k->end = k->completed = start;
    } else if (tb_fake_cupti_has(TB_FAKE_OVERLAPPING, launch)) {
        k->start = last_end != 0 && last_end < k->start ? last_end - 1 : k->start;
    } else if (tb_fake_cupti_has(TB_FAKE_ENDLESS, launch)) {
        k->end += HOUR_NS;
        k->completed = k->end;
    } else if (tb_fake_cupti_has(TB_FAKE_NAMELESS, launch)) {
        k->name = NULL;
    } else if (tb_fake_cupti_has(TB_FAKE_NOWHERE, launch)) {
        k->name = (const char *)(uintptr_t)4096;
    } else if (tb_fake_cupti_has(TB_FAKE_OTHER, launch)) {
        k->gridX++;
        k->registersPerThread = (uint16_t)(k->registersPerThread + 8);
    } else if (tb_fake_cupti_has(TB_FAKE_CORRUPT, launch)) {
        k->kind = (CUpti_ActivityKind)0x5a5a;
    }
}

static void put_kernel(const tb_fake_launch *launch, uint64_t number)
{
    CUpti_ActivityKernel10 k = kernel_of(launch);
    static _Atomic uint64_t last_end;
    spoil(&k, number, atomic_exchange(&last_end, k.end));
    if (tb_fake_cupti_has(TB_FAKE_DROPPED, number)) {
        tb_fake_buffers_drop(1);
    } else if (tb_fake_cupti_has(TB_FAKE_LATE, number)) {
        tb_fake_buffers_put_late(&k, sizeof k);
    } else if (!tb_fake_cupti_has(TB_FAKE_MISSING, number)) {
        tb_fake_buffers_put(&k, sizeof k, launch->end_ns);
    }
    if (tb_fake_cupti_has(TB_FAKE_DUPLICATED, number)) {
        tb_fake_buffers_put(&k, sizeof k, launch->end_ns);
    }
    if (tb_fake_cupti_has(TB_FAKE_CUT, number)) {
        tb_fake_buffers_cut();
    }
}

/* The external numbers are written before an API record, and only there. */
static void put_api(const tb_fake_launch *launch, const tb_fake_wish *wish)
{
    if (!wish->driver_api) {
        return;
    }
    if (wish->externals && !tb_fake_cupti_has(TB_FAKE_UNNUMBERED, wish->launch)) {
        tb_fake_cupti_put_externals(launch->correlation);
    }
    CUpti_ActivityAPI api;
    memset(&api, 0, sizeof api);
    api.kind = CUPTI_ACTIVITY_KIND_DRIVER;
    api.cbid = CUPTI_DRIVER_TRACE_CBID_cuLaunchKernelEx;
    api.start = tb_fake_cupti_now();
    api.end = tb_fake_cupti_now();
    api.correlationId = launch->correlation;
    tb_fake_buffers_put(&api, sizeof api, 0);
}

void tb_fake_cupti_record(const tb_fake_launch *launch)
{
    tb_fake_wish wish = tb_fake_cupti_wish();
    bool is_early = tb_fake_cupti_has(TB_FAKE_EARLY, wish.launch);
    if (!is_early) {
        put_api(launch, &wish);
    }
    if (wish.kernels) {
        put_kernel(launch, wish.launch);
    }
    if (is_early) {
        put_api(launch, &wish);
    }
}
