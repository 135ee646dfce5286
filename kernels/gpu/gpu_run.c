/* Launches, timed by CUPTI's records, else by events. */
#include "gpu_parts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ATTEMPTS  4 /* before CUPTI is given up */
#define NS_PER_US 1e3
#define US_PER_MS 1e3

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static tb_status record(tb_gpu *gpu, int which, tb_error *err)
{
    tb_cu_result result = gpu->driver.calls.event_record(gpu->event[which], gpu->stream);
    return result == 0 ? TB_OK : tb_driver_failed(&gpu->driver, "cuEventRecord", result, err);
}

static tb_status launch_kernel(tb_gpu *gpu, const tb_gpu_launch *launch, tb_error *err)
{
    tb_cu_launch_config config = {
        .grid = {(unsigned)launch->grid[0], (unsigned)launch->grid[1], (unsigned)launch->grid[2]},
        .cta = {(unsigned)launch->threads, 1, 1},
        .shared_bytes = (unsigned)launch->shared_bytes,
        .stream = gpu->stream,
    };
    void *params[] = {(void *)(uintptr_t)launch->params}; /* the driver only reads them */
    tb_cu_result result = gpu->driver.calls.launch(&config, launch->kernel->function, params, NULL);
    return result == 0 ? TB_OK : tb_driver_failed(&gpu->driver, "cuLaunchKernelEx", result, err);
}

/* With a number of its own, where CUPTI listens. */
static tb_status launch_numbered(tb_gpu *gpu, const tb_gpu_launch *launch, tb_error *err)
{
    if (gpu->cupti == NULL) {
        return launch_kernel(gpu, launch, err);
    }
    tb_status status = tb_cupti_push(gpu->cupti, ++gpu->number, err);
    if (status != TB_OK) {
        return status;
    }
    status = launch_kernel(gpu, launch, err);
    tb_status popped = tb_cupti_pop(gpu->cupti, status == TB_OK ? err : NULL);
    return status == TB_OK ? popped : status;
}

tb_status tb_gpu_launch_group(tb_gpu *gpu, const tb_gpu_launch *launches, size_t count, int group,
                              tb_error *err)
{
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        status = launches[i].group == group ? launch_kernel(gpu, &launches[i], err) : TB_OK;
    }
    return status;
}

/* All launches, an event before the first and after each group. */
static tb_status launch_all(tb_gpu *gpu, const tb_gpu_launch *launches, size_t count, tb_error *err)
{
    tb_status status = record(gpu, 0, err);
    for (int group = 0; status == TB_OK && group < TB_GPU_GROUPS; group++) {
        for (size_t i = 0; status == TB_OK && i < count; i++) {
            if (launches[i].group == group) {
                status = launch_numbered(gpu, &launches[i], err);
            }
        }
        if (status == TB_OK) {
            status = record(gpu, group + 1, err);
        }
    }
    return status;
}

static tb_status wait_for_all(tb_gpu *gpu, tb_error *err)
{
    tb_cu_result result = gpu->driver.calls.stream_synchronize(gpu->stream);
    return result == 0 ? TB_OK : tb_driver_failed(&gpu->driver, "cuStreamSynchronize", result, err);
}

static tb_status elapsed_us(tb_gpu *gpu, int from, int to, double *out, tb_error *err)
{
    float ms = 0;
    tb_cu_result result = gpu->driver.calls.event_elapsed_ms(&ms, gpu->event[from], gpu->event[to]);
    *out = (double)ms * US_PER_MS;
    return result == 0 ? TB_OK : tb_driver_failed(&gpu->driver, "cuEventElapsedTime", result, err);
}

/* What the events say: spans from one to the next. */
static tb_status read_events(tb_gpu *gpu, const tb_gpu_launch *launches, size_t count,
                             tb_gpu_times *times, tb_error *err)
{
    times->is_cupti = false;
    tb_status status = elapsed_us(gpu, 0, TB_GPU_GROUPS, &times->span_us, err);
    for (int group = 0; status == TB_OK && group < TB_GPU_GROUPS; group++) {
        times->group_us[group] = 0;
        bool has_launches = false;
        for (size_t i = 0; i < count; i++) {
            has_launches = has_launches || launches[i].group == group;
        }
        if (has_launches) {
            status = elapsed_us(gpu, group, group + 1, &times->group_us[group], err);
        }
    }
    return status;
}

/* CUPTI must have seen the kernel that was launched. */
static tb_status check_seen(const tb_gpu_launch *launch, const tb_kernel_record *record,
                            tb_error *err)
{
    bool is_grid = launch->grid[0] == record->grid[0] && launch->grid[1] == record->grid[1] &&
                   launch->grid[2] == record->grid[2] && launch->threads == record->cta[0];
    if (is_grid && record->registers == launch->kernel->registers &&
        record->static_shared_bytes == launch->kernel->static_shared_bytes &&
        record->dynamic_shared_bytes == launch->shared_bytes) {
        return TB_OK;
    }
    return tb_fail(
        err, TB_EINTERNAL,
        "CUPTI saw another kernel than was launched: %.64s, grid %lldx%lldx%lld of %lld threads, "
        "%lld registers, %lld + %lld bytes of shared memory; launched were %lldx%lldx%lld of %d, "
        "%lld, %lld + %lld",
        record->name, (long long)record->grid[0], (long long)record->grid[1],
        (long long)record->grid[2], (long long)record->cta[0], (long long)record->registers,
        (long long)record->static_shared_bytes, (long long)record->dynamic_shared_bytes,
        (long long)launch->grid[0], (long long)launch->grid[1], (long long)launch->grid[2],
        launch->threads, (long long)launch->kernel->registers,
        (long long)launch->kernel->static_shared_bytes, (long long)launch->shared_bytes);
}

static double us_between(uint64_t from_ns, uint64_t to_ns)
{
    return (double)(to_ns - from_ns) / NS_PER_US;
}

/* From the records, which match the launches. */
static tb_status fill_from_records(const tb_gpu *gpu, const tb_gpu_launch *launches, size_t count,
                                   tb_gpu_seen *seen, tb_gpu_times *times, tb_error *err)
{
    uint64_t first_ns = gpu->matched[0]->start_ns;
    uint64_t begin_ns[TB_GPU_GROUPS] = {0}, end_ns[TB_GPU_GROUPS] = {0};
    for (size_t i = 0; i < count; i++) {
        const tb_kernel_record *record = gpu->matched[i];
        int group = launches[i].group;
        tb_status status = check_seen(&launches[i], record, err);
        if (status != TB_OK) {
            return status;
        }
        begin_ns[group] = begin_ns[group] == 0 ? record->start_ns : begin_ns[group];
        end_ns[group] = record->end_ns;
        if (seen != NULL) {
            seen[i] = (tb_gpu_seen){.start_us = us_between(first_ns, record->start_ns),
                                    .time_us = us_between(record->start_ns, record->end_ns),
                                    .registers = record->registers,
                                    .static_shared_bytes = record->static_shared_bytes,
                                    .dynamic_shared_bytes = record->dynamic_shared_bytes};
            memcpy(seen[i].grid, record->grid, sizeof seen[i].grid);
        }
    }
    for (int group = 0; group < TB_GPU_GROUPS; group++) {
        times->group_us[group] = us_between(begin_ns[group], end_ns[group]);
    }
    times->span_us = us_between(first_ns, gpu->matched[count - 1]->end_ns);
    times->is_cupti = true;
    return TB_OK;
}

static tb_status make_room(tb_gpu *gpu, size_t count, tb_error *err)
{
    if (count <= gpu->matched_capacity) {
        return TB_OK;
    }
    const tb_kernel_record **grown =
        realloc((void *)gpu->matched, count * sizeof(tb_kernel_record *));
    if (grown == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %zu records", count);
    }
    gpu->matched = grown;
    gpu->matched_capacity = count;
    return TB_OK;
}

/* One attempt; *is_good when it is timed. */
static tb_status attempt(tb_gpu *gpu, const tb_gpu_launch *launches, size_t count,
                         tb_gpu_seen *seen, tb_gpu_times *times, bool *is_good, tb_error *err)
{
    uint64_t first = gpu->number + 1, begun_ns = now_ns();
    tb_status status = launch_all(gpu, launches, count, err);
    if (status == TB_OK) {
        status = wait_for_all(gpu, err);
    }
    uint64_t host_ns = now_ns() - begun_ns;
    times->host_us = (double)host_ns / NS_PER_US;
    *is_good = false;
    if (status != TB_OK || gpu->cupti == NULL) {
        *is_good = gpu->cupti == NULL;
        return status == TB_OK ? read_events(gpu, launches, count, times, err) : status;
    }
    status = tb_cupti_collect(gpu->cupti, &gpu->records, err);
    if (status != TB_OK) {
        return status;
    }
    tb_record_fault fault =
        tb_kernel_records_match(&gpu->records, first, count, host_ns, gpu->matched);
    times->faults[fault] += fault != TB_RECORDS_GOOD;
    *is_good = fault == TB_RECORDS_GOOD;
    return *is_good ? fill_from_records(gpu, launches, count, seen, times, err) : TB_OK;
}

/* The faults that were met, as "dropped records, zero timestamps". */
static void give_up(tb_gpu *gpu, const tb_gpu_times *times)
{
    char why[512] = "CUPTI's records could not be trusted:";
    for (int fault = 1; fault < TB_RECORD_FAULT_COUNT; fault++) {
        size_t used = strlen(why);
        if (times->faults[fault] > 0) {
            (void)snprintf(why + used, sizeof why - used, " %lld times %s,",
                           (long long)times->faults[fault], tb_record_fault_names[fault]);
        }
    }
    why[strlen(why) - 1] = '\0';
    tb_gpu_drop_cupti(gpu, why);
}

tb_status tb_gpu_run(tb_gpu *gpu, const tb_gpu_launch *launches, size_t count, tb_gpu_seen *seen,
                     tb_gpu_times *times, tb_error *err)
{
    bool is_good = false;
    assert(count > 0);
    *times = (tb_gpu_times){0};
    tb_status status = make_room(gpu, count, err);
    for (int i = 0; status == TB_OK && !is_good && i < ATTEMPTS; i++) {
        tb_error inner = {0};
        times->retries = i;
        status = attempt(gpu, launches, count, seen, times, &is_good, &inner);
        if (status == TB_EUNAVAILABLE && gpu->cupti != NULL) { /* CUPTI itself fails */
            tb_gpu_drop_cupti(gpu, inner.message);
            status = TB_OK;
        } else if (status != TB_OK) {
            (void)tb_fail(err, status, "%s", inner.message);
        }
    }
    if (status == TB_OK && !is_good) {
        give_up(gpu, times);
        status = read_events(gpu, launches, count, times, err); /* of the last attempt */
    }
    return status;
}
