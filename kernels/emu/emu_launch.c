/* A launch: its CTAs over the host's threads. */
#include "emu_place.h"
#include "emu_worker.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_GRID_YZ      65535
#define MAX_HOST_THREADS 256

const char *const tb_emu_fault_names[TB_EMU_BAD_LAUNCH + 1] = {
    "no fault",     "out of bounds", "misaligned", "uninitialised", "data race",
    "race of CTAs", "divergence",    "in flight",  "bad launch"};

/* What is wrong with a launch, or NULL. */
static const char *check_launch(const tb_emu_launch *launch)
{
    const int *grid = launch->grid;
    if (launch->entry == NULL) {
        return "there is no kernel";
    }
    if (grid[0] < 1 || grid[1] < 1 || grid[2] < 1 || grid[1] > MAX_GRID_YZ ||
        grid[2] > MAX_GRID_YZ) {
        return "the grid is from 1 x 1 x 1 to 2^31-1 x 65535 x 65535 CTAs";
    }
    if ((int64_t)grid[0] * grid[1] >= (int64_t)TB_EMU_MANY_CTAS / grid[2]) {
        return "the emulator runs up to 2^32-2 CTAs";
    }
    if (launch->threads < 32 || launch->threads > TB_EMU_MAX_THREADS || launch->threads % 32 != 0) {
        return "a CTA has 32 to 1024 threads, in whole warps";
    }
    if (launch->shared_bytes < 0 || launch->shared_bytes > TB_EMU_MAX_SHARED) {
        return "a CTA has 0 to 232448 bytes of shared memory";
    }
    if (launch->params_bytes > TB_EMU_PARAMS_BYTES ||
        (launch->params_bytes > 0 && launch->params == NULL)) {
        return "parameters are of up to 4096 bytes";
    }
    return NULL;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The order of the CTAs, as (start + i step) mod ctas. */
static void order_ctas(tb_emu_job *job)
{
    uint64_t ctas = (uint64_t)job->ctas, state = job->launch->seed;
    job->order_start = 0;
    job->order_step = 1;
    if (job->launch->schedule == TB_EMU_REVERSE) {
        job->order_start = job->order_step = ctas - 1;
    } else if (job->launch->schedule == TB_EMU_RANDOM) {
        job->order_start = tb_emu_random(&state) % ctas;
        do {
            job->order_step = tb_emu_random(&state) % ctas;
        } while (gcd(job->order_step, ctas) != 1);
    }
}

/* Once a thread; all share the job. */
static void *work(void *argument)
{
    tb_emu_worker *worker = argument;
    tb_emu_job *job = worker->job;
    for (;;) {
        int64_t i = atomic_fetch_add(&job->next, 1);
        if (i >= job->ctas || atomic_load(&job->is_stopped)) {
            return NULL;
        }
        uint64_t index = (job->order_start + (uint64_t)i * job->order_step) % (uint64_t)job->ctas;
        if (!tb_emu_cta_run(worker, (int64_t)index)) {
            atomic_store(&job->is_stopped, true);
            return NULL;
        }
    }
}

static int count_workers(const tb_emu_launch *launch, int64_t ctas)
{
    long all = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t count = launch->host_threads > 0 ? launch->host_threads : all > 0 ? all : 1;
    count = count > MAX_HOST_THREADS ? MAX_HOST_THREADS : count;
    return (int)(count > ctas ? ctas : count);
}

/* Fewer workers than wanted do too. */
static int take_workers(tb_emu_worker **workers, int wanted, tb_emu_job *job)
{
    int taken = 0;
    while (taken < wanted && (workers[taken] = tb_emu_worker_take(job)) != NULL) {
        taken++;
    }
    return taken;
}

static void run_workers(tb_emu_worker **workers, int count)
{
    pthread_t threads[MAX_HOST_THREADS];
    int started = 1;
    for (; started < count; started++) {
        if (pthread_create(&threads[started], NULL, work, workers[started]) != 0) {
            break; /* the others do its part */
        }
    }
    (void)work(workers[0]);
    for (int i = 1; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

/* The fault as users read it: with the kernel, and where. */
static tb_emu_fault describe(const tb_emu_worker *worker, const tb_emu_launch *launch)
{
    tb_emu_fault fault = worker->fault;
    const tb_emu_site *site = worker->fault_place.site;
    char text[sizeof fault.message];
    if (site != NULL) {
        const char *slash = strrchr(site->file, '/');
        (void)snprintf(fault.file, sizeof fault.file, "%s", slash ? slash + 1 : site->file);
        fault.line = site->line;
    } else if (worker->fault_place.pc != NULL) {
        tb_emu_place_find(worker->fault_place.pc, &fault);
    }
    (void)snprintf(text, sizeof text, "%s", fault.message);
    (void)snprintf(
        fault.message, sizeof fault.message, "%s: %s:%d: %s: CTA (%d, %d, %d), thread %d %.256s",
        launch->kernel != NULL ? launch->kernel : "kernel",
        fault.file[0] != '\0' ? fault.file : "?", fault.line, tb_emu_fault_names[fault.kind],
        fault.cta[0], fault.cta[1], fault.cta[2], fault.thread, text);
    return fault;
}

/* Sum up, and let the workers go. */
static tb_status finish(tb_emu_worker **workers, int count, const tb_emu_launch *launch,
                        tb_emu_counters *counters, tb_emu_fault *fault, tb_error *err)
{
    tb_emu_counters sum = {0};
    tb_emu_fault found = {.kind = TB_EMU_NO_FAULT};
    for (int i = 0; i < count; i++) {
        tb_emu_counters_add(&sum, &workers[i]->counters);
        if (found.kind == TB_EMU_NO_FAULT && workers[i]->fault.kind != TB_EMU_NO_FAULT) {
            found = describe(workers[i], launch);
        }
        tb_emu_worker_return(workers[i]);
    }
    if (fault != NULL) {
        *fault = found;
    }
    if (found.kind != TB_EMU_NO_FAULT) {
        tb_status code = found.kind == TB_EMU_BAD_LAUNCH ? TB_ENOMEM : TB_EINTERNAL;
        return tb_fail(err, code, "%s", found.message);
    }
    if (counters != NULL) {
        *counters = sum;
    }
    return TB_OK;
}

tb_status tb_emu_run(tb_emu_memory *memory, const tb_emu_launch *launch, tb_emu_counters *counters,
                     tb_emu_fault *fault, tb_error *err)
{
    const char *wrong = check_launch(launch);
    if (wrong != NULL) {
        if (fault != NULL) {
            *fault = (tb_emu_fault){.kind = TB_EMU_BAD_LAUNCH};
            (void)snprintf(fault->message, sizeof fault->message, "%s", wrong);
        }
        return tb_fail(err, TB_EINVAL, "%s: %s", launch->kernel ? launch->kernel : "kernel", wrong);
    }
    tb_emu_job job = {.launch = launch,
                      .memory = memory,
                      .run = memory != NULL ? ++memory->runs : 1,
                      .ctas = (int64_t)launch->grid[0] * launch->grid[1] * launch->grid[2]};
    tb_emu_worker *workers[MAX_HOST_THREADS];
    order_ctas(&job);
    int count = take_workers(workers, count_workers(launch, job.ctas), &job);
    if (count == 0) {
        return tb_fail(err, TB_ENOMEM, "no memory to emulate a CTA of %d threads", launch->threads);
    }
    run_workers(workers, count);
    return finish(workers, count, launch, counters, fault, err);
}
