/* What a worker needs, and workers that wait for the next launch. */
#include "emu_worker.h"

#include <stdlib.h>
#include <string.h>

/* Of a thread. Kernels keep a few KiB there; our own functions run on it too. */
#define STACK_BYTES ((size_t)128 * 1024)

/* Addresses around shared memory that nothing else has. */
#define SHARED_GUARD ((size_t)1 << 16)

static bool create_stacks(tb_emu_worker *worker, int threads)
{
    size_t page = tb_emu_map_page();
    worker->stacks = tb_emu_map_create((size_t)threads * STACK_BYTES, STACK_BYTES);
    if (worker->stacks.data == NULL) {
        return false;
    }
    worker->threads = threads;
    for (int i = 0; i < threads; i++) {
        size_t at = (size_t)i * STACK_BYTES;
        if (!tb_emu_map_forbid(&worker->stacks, at, page)) {
            return false;
        }
        worker->fiber[i].stack = worker->stacks.data + at + page;
    }
    worker->stack_bytes = STACK_BYTES - page;
    return true;
}

/* For the largest CTA: what is not touched costs nothing. It begins 128 bytes into a page, so that
 * it is aligned to that and to nothing larger. */
static bool create_shared(tb_emu_worker *worker)
{
    worker->shared_map = tb_emu_map_create(TB_EMU_MAX_SHARED + 256, SHARED_GUARD);
    worker->shared = (uintptr_t)worker->shared_map.data + 128;
    return worker->shared_map.data != NULL &&
           tb_emu_shadow_create(&worker->shared_shadow, TB_EMU_MAX_SHARED, true);
}

static tb_emu_worker *create_worker(int threads)
{
    tb_emu_worker *worker = aligned_alloc(64, (sizeof *worker + 63) / 64 * 64);
    if (worker == NULL) {
        return NULL;
    }
    memset(worker, 0, sizeof *worker);
    worker->params = tb_emu_map_create(TB_EMU_PARAMS_BYTES, TB_EMU_PARAMS_BYTES);
    if (worker->params.data == NULL || !tb_emu_log_create(&worker->log) ||
        !create_stacks(worker, threads) || !create_shared(worker)) {
        tb_emu_worker_destroy(worker);
        return NULL;
    }
#ifdef __x86_64__
    worker->has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return worker;
}

void tb_emu_worker_destroy(tb_emu_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    for (int i = 0; i < TB_EMU_MAX_THREADS; i++) {
        free(worker->copies[i].copy);
        tb_emu_fiber_free(&worker->fiber[i]);
    }
    tb_emu_shadow_destroy(&worker->shared_shadow);
    tb_emu_map_destroy(&worker->shared_map);
    tb_emu_map_destroy(&worker->stacks);
    tb_emu_map_destroy(&worker->params);
    tb_emu_log_destroy(&worker->log);
    free(worker);
}

tb_emu_worker *tb_emu_worker_take(tb_emu_job *job)
{
    const tb_emu_launch *launch = job->launch;
    tb_emu_worker *worker = job->memory != NULL ? job->memory->idle : NULL;
    if (worker != NULL) {
        job->memory->idle = worker->next;
    }
    if (worker == NULL || worker->threads < launch->threads) {
        tb_emu_worker_destroy(worker);
        worker = create_worker(launch->threads);
    }
    if (worker == NULL) {
        return NULL;
    }
    if (launch->params_bytes > 0) {
        memcpy(worker->params.data, launch->params, launch->params_bytes);
    }
    worker->job = job;
    worker->shared_bytes = (size_t)launch->shared_bytes;
    worker->last_buffer[0] = worker->last_buffer[1] = NULL;
    worker->home = (tb_emu_fiber){0}; /* perhaps another host thread than before */
    worker->counters = (tb_emu_counters){0};
    worker->fault = (tb_emu_fault){.kind = TB_EMU_NO_FAULT};
    tb_emu_log_forget(&worker->log);
    return worker;
}

void tb_emu_worker_return(tb_emu_worker *worker)
{
    tb_emu_memory *memory = worker->job->memory;
    worker->job = NULL;
    if (memory == NULL) {
        tb_emu_worker_destroy(worker);
        return;
    }
    worker->next = memory->idle;
    memory->idle = worker;
}
