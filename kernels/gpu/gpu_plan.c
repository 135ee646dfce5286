#include "gpu_plan.h"

#include "gpu.h"
#include "gpu_counters.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_PER_GIB 1073741824.0
#define FLUSH_TIMES   2 /* the L2 */

struct tb_plan_state {
    tb_gpu *gpu;
    const tb_tile_list *tiles; /* borrowed; NULL without */
    tb_problem problem;
    tb_cuda_program *program;
    tb_cu_address *address; /* by buffer of the program; 0 = none yet */
    tb_gpu_kernel *kernel;  /* by step */
    unsigned char *params;  /* by step, TB_CUDA_PARAMS_BYTES each */
    tb_gpu_launch *launch;  /* by step */
    tb_gpu_seen *seen;      /* by step, of the last run */
    bool has_seen;
    tb_cu_address flush;
    int64_t flush_bytes;
    bool has_run;
};

void tb_gpu_plan_destroy(tb_plan_state *state)
{
    if (state == NULL) {
        return;
    }
    for (int i = 0; state->address != NULL && i < state->program->buffers; i++) {
        tb_gpu_free(state->gpu, state->address[i]);
    }
    tb_gpu_free(state->gpu, state->flush);
    tb_cuda_program_destroy(state->program);
    free(state->address);
    free(state->kernel);
    free(state->params);
    free(state->launch);
    free(state->seen);
    free(state);
}

/* Refused before anything is allocated. */
static tb_status check_room(const tb_plan_state *state, tb_error *err)
{
    const tb_driver *driver = tb_gpu_driver(state->gpu);
    size_t free_bytes = 0, total = 0;
    tb_cu_result result = driver->calls.memory_info(&free_bytes, &total);
    if (result != 0) {
        return tb_driver_failed(driver, "cuMemGetInfo", result, err);
    }
    int64_t needed = state->program->device_bytes;
    if ((uint64_t)needed <= free_bytes) {
        return TB_OK;
    }
    return tb_fail(err, TB_EUNAVAILABLE,
                   "the problem takes %.3g GiB of GPU memory, and %.3g of %.3g GiB are free; take "
                   "fewer heads, a smaller batch or layout, or another GPU (--gpu)",
                   (double)needed / BYTES_PER_GIB, (double)free_bytes / BYTES_PER_GIB,
                   (double)total / BYTES_PER_GIB);
}

static tb_status upload(const tb_plan_state *state, int buffer, const void *data, tb_error *err)
{
    const tb_driver *driver = tb_gpu_driver(state->gpu);
    size_t bytes = (size_t)state->program->buffer[buffer].bytes;
    if (bytes == 0) {
        return TB_OK;
    }
    tb_cu_result result = driver->calls.upload(state->address[buffer], data, bytes);
    return result == 0 ? TB_OK : tb_driver_failed(driver, "cuMemcpyHtoD", result, err);
}

static tb_status download(const tb_plan_state *state, int buffer, void *data, tb_error *err)
{
    const tb_driver *driver = tb_gpu_driver(state->gpu);
    size_t bytes = (size_t)state->program->buffer[buffer].bytes;
    if (bytes == 0 || data == NULL) {
        return TB_OK;
    }
    tb_cu_result result = driver->calls.download(data, state->address[buffer], bytes);
    return result == 0 ? TB_OK : tb_driver_failed(driver, "cuMemcpyDtoH", result, err);
}

static tb_status make_buffers(tb_plan_state *state, tb_error *err)
{
    tb_status status = check_room(state, err);
    for (int i = 0; status == TB_OK && i < state->program->buffers; i++) {
        const tb_cuda_buffer *buffer = &state->program->buffer[i];
        status = tb_gpu_alloc(state->gpu, buffer->name, buffer->bytes, &state->address[i], err);
        if (status == TB_OK && buffer->role == TB_CUDA_CONSTANT) {
            status = upload(state, i, buffer->data, err);
        }
    }
    return status;
}

static tb_status make_launches(tb_plan_state *state, tb_error *err)
{
    tb_status status = TB_OK;
    for (int i = 0; status == TB_OK && i < state->program->steps; i++) {
        const tb_cuda_step *step = &state->program->step[i];
        unsigned char *params = state->params + (size_t)i * TB_CUDA_PARAMS_BYTES;
        status = tb_gpu_load(state->gpu, step->variant, &state->kernel[i], err);
        tb_cuda_step_bind(step, state->address, params);
        state->launch[i] = (tb_gpu_launch){.group = (int)step->stage,
                                           .kernel = &state->kernel[i],
                                           .threads = step->variant->threads,
                                           .shared_bytes = step->variant->shared_bytes,
                                           .params = params,
                                           .params_bytes = (size_t)step->params_bytes};
        memcpy(state->launch[i].grid, step->grid, sizeof step->grid);
    }
    return status;
}

static tb_status make(tb_plan_state *state, const tb_launch *launch, tb_error *err)
{
    tb_cuda_device device = tb_gpu_device(state->gpu);
    tb_status status = tb_cuda_program_create(launch, &device, &state->program, err);
    if (status != TB_OK) {
        return status;
    }
    size_t steps = (size_t)state->program->steps;
    state->address = calloc((size_t)state->program->buffers + 1, sizeof *state->address);
    state->kernel = calloc(steps, sizeof *state->kernel);
    state->params = calloc(steps, TB_CUDA_PARAMS_BYTES);
    state->launch = calloc(steps, sizeof *state->launch);
    state->seen = calloc(steps, sizeof *state->seen);
    if (state->address == NULL || state->kernel == NULL || state->params == NULL ||
        state->launch == NULL || state->seen == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a plan");
    }
    status = make_buffers(state, err);
    return status == TB_OK ? make_launches(state, err) : status;
}

tb_status tb_gpu_plan_prepare(const tb_launch *launch, tb_plan_state **out, tb_error *err)
{
    tb_gpu *gpu = NULL;
    tb_status status = tb_gpu_get(&gpu, err);
    if (status != TB_OK) {
        return status;
    }
    tb_plan_state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a plan");
    }
    *state = (tb_plan_state){.gpu = gpu, .tiles = launch->tiles, .problem = launch->problem};
    status = make(state, launch, err);
    if (status != TB_OK) {
        tb_gpu_plan_destroy(state);
        return status;
    }
    *out = state;
    return TB_OK;
}

tb_status tb_gpu_plan_repeat(tb_plan_state *state, tb_run_times *times, tb_error *err)
{
    tb_gpu_times took;
    tb_status status = tb_gpu_run(state->gpu, state->launch, (size_t)state->program->steps,
                                  state->seen, &took, err);
    if (status != TB_OK) {
        return status;
    }
    state->has_seen = took.is_cupti;
    *times = (tb_run_times){.clock = took.is_cupti ? TB_CLOCK_CUPTI : TB_CLOCK_EVENTS,
                            .host_us = took.host_us,
                            .retries = took.retries,
                            .permute_us = took.group_us[TB_CUDA_PERMUTE],
                            .attention_us = took.group_us[TB_CUDA_ATTENTION],
                            .unpermute_us = took.group_us[TB_CUDA_UNPERMUTE],
                            .total_us = took.span_us};
    return TB_OK;
}

tb_status tb_gpu_plan_run(tb_plan_state *state, const tb_tensors *tensors, tb_run_times *times,
                          tb_error *err)
{
    tb_status status = upload(state, TB_CUDA_Q, tensors->q, err);
    if (status == TB_OK) {
        status = upload(state, TB_CUDA_K, tensors->k, err);
    }
    if (status == TB_OK) {
        status = upload(state, TB_CUDA_V, tensors->v, err);
    }
    if (status == TB_OK) {
        status = tb_gpu_plan_repeat(state, times, err);
    }
    state->has_run = status == TB_OK;
    if (status == TB_OK) {
        status = download(state, TB_CUDA_O, tensors->o, err);
    }
    return status == TB_OK ? download(state, TB_CUDA_LSE, tensors->lse, err) : status;
}

tb_status tb_gpu_plan_flush(tb_plan_state *state, tb_error *err)
{
    const tb_driver *driver = tb_gpu_driver(state->gpu);
    if (state->flush == 0) {
        state->flush_bytes = FLUSH_TIMES * tb_gpu_info_of(state->gpu)->l2_bytes;
        tb_status status =
            tb_gpu_alloc(state->gpu, "flushing the L2", state->flush_bytes, &state->flush, err);
        if (status != TB_OK) {
            return status;
        }
    }
    tb_cu_stream stream = tb_gpu_stream(state->gpu);
    tb_cu_result result =
        driver->calls.fill(state->flush, 0x5a, (size_t)state->flush_bytes, stream);
    if (result != 0) {
        return tb_driver_failed(driver, "cuMemsetD8Async", result, err);
    }
    result = driver->calls.stream_synchronize(stream);
    return result == 0 ? TB_OK : tb_driver_failed(driver, "cuStreamSynchronize", result, err);
}

static tb_status launch_attention(void *user, tb_error *err)
{
    const tb_plan_state *state = user;
    return tb_gpu_launch_group(state->gpu, state->launch, (size_t)state->program->steps,
                               TB_CUDA_ATTENTION, err);
}

/* The inputs of attention are where the last run left them. */
tb_status tb_gpu_plan_hardware(tb_plan_state *state, tb_hardware_counters *out, tb_error *err)
{
    assert(state->has_run);
    return tb_gpu_counters_run(state->gpu, launch_attention, state, out, err);
}

int tb_gpu_plan_kernels(const tb_plan_state *state, tb_run_kernel *out)
{
    int count = 0;
    for (int i = 0; i < state->program->steps; i++) {
        const tb_cuda_step *step = &state->program->step[i];
        int at = 0;
        while (at < count && strcmp(out[at].name, step->variant->name) != 0) {
            at++;
        }
        if (at == TB_RUN_KERNELS_MAX) {
            continue;
        }
        if (at == count) {
            out[count++] =
                (tb_run_kernel){.name = step->variant->name,
                                .registers = state->kernel[i].registers,
                                .static_shared_bytes = state->kernel[i].static_shared_bytes,
                                .dynamic_shared_bytes = step->variant->shared_bytes,
                                .grid = {step->grid[0], step->grid[1], step->grid[2]},
                                .threads = step->variant->threads};
        }
        out[at].launches++;
        out[at].time_us += state->has_seen ? state->seen[i].time_us : 0;
    }
    return count;
}

/* The kernels run the list that they were given: these are its numbers. */
void tb_gpu_plan_counters(const tb_plan_state *state, tb_run_counters *out)
{
    *out = (tb_run_counters){0};
    if (state->has_run && state->tiles != NULL) {
        int64_t times = state->problem.batch * state->problem.heads;
        out->q_tiles = state->tiles->q_tiles * times;
        out->visited = state->tiles->visited * times;
        out->masked = (state->tiles->visited - state->tiles->full) * times;
    }
}
