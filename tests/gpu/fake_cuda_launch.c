/* Launches: checked as by a driver, run on the emulator, timed by the model. */
#include "fake_cuda.h"

#include "fake_calls.h"

#include <stdio.h>
#include <string.h>

#define THREADS_MAX 1024
#define GRID_YZ_MAX 65535

static bool is_grid(const unsigned grid[3])
{
    return grid[0] > 0 && grid[1] > 0 && grid[2] > 0 && grid[0] <= INT32_MAX &&
           grid[1] <= GRID_YZ_MAX && grid[2] <= GRID_YZ_MAX;
}

static tb_cu_result check_shape(const tb_cu_launch_config *config, const struct CUfunc_st *function)
{
    const unsigned *cta = config->cta;
    uint64_t threads = (uint64_t)cta[0] * cta[1] * cta[2];
    if (!is_grid(config->grid) || threads == 0 || cta[0] > THREADS_MAX || cta[1] > THREADS_MAX ||
        cta[2] > 64 || threads > THREADS_MAX || threads > (uint64_t)function->threads) {
        return FAKE_INVALID_VALUE;
    }
    if (cta[1] != 1 || cta[2] != 1 || cta[0] % 32 != 0) {
        tb_fake_say("%s: the emulator runs CTAs of whole warps in one dimension", function->name);
        return FAKE_NOT_SUPPORTED;
    }
    int64_t registers = (int64_t)function->registers * (int64_t)threads;
    return (double)registers > tb_device_get(tb_fake.model, TB_DEVICE_REGISTERS_PER_SM, 65536)
               ? FAKE_OUT_OF_RESOURCES
               : FAKE_SUCCESS;
}

static tb_cu_result check(const tb_fake_gpu *gpu, const tb_cu_launch_config *config,
                          tb_cu_function function, void **params, void **extra)
{
    if (config == NULL || params == NULL || params[0] == NULL || extra != NULL) {
        return FAKE_INVALID_VALUE;
    }
    if (!tb_fake_is_function(gpu, function) ||
        (config->stream != NULL && !tb_fake_owns(gpu, TB_FAKE_STREAM, config->stream))) {
        return FAKE_INVALID_HANDLE;
    }
    if (config->attribute_count > 0) {
        tb_fake_say("%s: no attributes of a launch are known", function->name);
        return FAKE_NOT_SUPPORTED;
    }
    if (config->shared_bytes > function->dynamic_bytes) {
        return FAKE_INVALID_VALUE;
    }
    return check_shape(config, function);
}

/* What a driver would say of a fault. */
static tb_cu_result error_of(const tb_emu_fault *fault)
{
    switch (fault->kind) {
    case TB_EMU_OUT_OF_BOUNDS:
        return FAKE_ILLEGAL_ADDRESS;
    case TB_EMU_MISALIGNED:
        return FAKE_MISALIGNED_ADDRESS;
    default:
        return FAKE_LAUNCH_FAILED;
    }
}

static double touched(const tb_fake_gpu *gpu, const tb_fake_allocation *allocation,
                      const void *user)
{
    (void)user;
    return (double)tb_emu_touched(gpu->memory, allocation->data);
}

/* Run it now; when it has run on the GPU is another matter. */
static tb_status run(tb_fake_gpu *gpu, const tb_cu_launch_config *config,
                     const struct CUfunc_st *function, const void *params,
                     tb_emu_counters *counters, tb_emu_fault *fault, tb_error *err)
{
    tb_emu_launch launch = {
        .kernel = function->name,
        .entry = function->entry,
        .grid = {(int)config->grid[0], (int)config->grid[1], (int)config->grid[2]},
        .threads = (int)config->cta[0],
        .shared_bytes = config->shared_bytes,
        .params = params,
        .params_bytes = function->params_bytes,
        .schedule = TB_EMU_FORWARD};
    return tb_emu_run(gpu->memory, &launch, counters, fault, err);
}

/* When it ran, and what there is to tell of it. */
static tb_fake_launch describe(tb_fake_gpu *gpu, const tb_cu_launch_config *config,
                               const struct CUfunc_st *function, const tb_emu_counters *counters)
{
    double bytes = (double)(counters->load_sectors + counters->store_sectors) * 32;
    double hbm_bytes = tb_fake_from_hbm(gpu, bytes, touched, NULL);
    double ns = tb_fake_launch_ns(&tb_fake.rates, counters, hbm_bytes) *
                tb_fake_noise(tb_fake.launches ^ tb_fake.seed);
    uint64_t begin = tb_fake_work(gpu, ns);
    tb_fake_launch launch = {.name = function->name,
                             .start_ns = begin,
                             .end_ns = gpu->busy_until_ns,
                             .correlation = tb_fake.launches,
                             .registers = function->registers,
                             .dynamic_shared_bytes = config->shared_bytes,
                             .mma = counters->mma,
                             .exp2 = counters->exp2,
                             .fma = counters->fma,
                             .load_sectors = counters->load_sectors,
                             .store_sectors = counters->store_sectors,
                             .shared_transactions = counters->shared_transactions,
                             .shared_conflicts = counters->shared_conflicts};
    memcpy(launch.grid, config->grid, sizeof launch.grid);
    memcpy(launch.cta, config->cta, sizeof launch.cta);
    return launch;
}

static tb_cu_result launch_kernel(const char *name, const tb_cu_launch_config *config,
                                  tb_cu_function function, void **params, void **extra)
{
    tb_fake_gpu *gpu = NULL;
    tb_emu_counters counters = {0};
    tb_emu_fault fault = {0};
    tb_error err;
    tb_cu_result result = tb_fake_enter(name, TB_FAKE_CONTEXT, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    result = check(gpu, config, function, params, extra);
    if (result != FAKE_SUCCESS) {
        return tb_fake_leave(result);
    }
    tb_fake.launches++;
    tb_status status = run(gpu, config, function, params[0], &counters, &fault, &err);
    if (status != TB_OK) {
        tb_fake_say("%s", err.message);
        if (status != TB_EINTERNAL) {
            return tb_fake_leave(TB_CU_OUT_OF_MEMORY);
        }
        gpu->error = error_of(&fault); /* as on a GPU, whoever asks next is told */
        return tb_fake_leave(FAKE_SUCCESS);
    }
    tb_fake_launch launch = describe(gpu, config, function, &counters);
    tb_fake_on_launch_fn *on_launch = tb_fake.on_launch;
    void *user = tb_fake.user;
    (void)tb_fake_leave(FAKE_SUCCESS);
    if (on_launch != NULL) {
        on_launch(&launch, user);
    }
    return FAKE_SUCCESS;
}

tb_cu_result cuLaunchKernelEx(const tb_cu_launch_config *config, tb_cu_function function,
                              void **params, void **extra)
{
    return launch_kernel("cuLaunchKernelEx", config, function, params, extra);
}

tb_cu_result cuLaunchKernel(tb_cu_function function, unsigned grid_x, unsigned grid_y,
                            unsigned grid_z, unsigned cta_x, unsigned cta_y, unsigned cta_z,
                            unsigned shared_bytes, tb_cu_stream stream, void **params, void **extra)
{
    const tb_cu_launch_config config = {.grid = {grid_x, grid_y, grid_z},
                                        .cta = {cta_x, cta_y, cta_z},
                                        .shared_bytes = shared_bytes,
                                        .stream = stream};
    return launch_kernel("cuLaunchKernel", &config, function, params, extra);
}

void tilebound_fake_listen(tb_fake_on_launch_fn *fn, void *user)
{
    (void)pthread_mutex_lock(&tb_fake.lock);
    tb_fake.on_launch = fn;
    tb_fake.user = user;
    (void)pthread_mutex_unlock(&tb_fake.lock);
}
