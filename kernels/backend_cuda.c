/* CUDA's row of the backend table. */
#include "backend_types.h"
#include "gpu.h"
#include "gpu_facts.h"
#include "gpu_plan.h"

static tb_status available(tb_error *err)
{
    tb_gpu *gpu;
    return tb_gpu_get(&gpu, err);
}

static tb_status check(const tb_launch *launch, tb_error *err)
{
    tb_gpu *gpu;
    tb_status status = tb_gpu_get(&gpu, err);
    if (status != TB_OK) {
        return status;
    }
    if (launch->is_counting) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "the CUDA kernels do not count what they leave unmasked; the emulator does");
    }
    if (launch->threads > 0) {
        return tb_fail(err, TB_EINVAL, "--threads is for the CPU backend; a GPU runs all it has");
    }
    tb_cuda_device device = tb_gpu_device(gpu);
    return tb_cuda_program_check(launch, &device, err);
}

static void read_state(tb_gpu_state *out)
{
    tb_gpu *gpu;
    *out = (tb_gpu_state){0};
    if (tb_gpu_get(&gpu, NULL) == TB_OK) {
        tb_gpu_read_state(gpu, out);
    }
}

static bool is_emulated(void)
{
    tb_gpu *gpu;
    return tb_gpu_get(&gpu, NULL) == TB_OK && tb_gpu_info_of(gpu)->is_emulated;
}

const tb_backend tb_backend_cuda = {
    .name = "cuda",
    .summary = "CUDA kernels on an NVIDIA GPU, timed by CUPTI",
    .is_gpu = true,
    .available = available,
    .facts = tb_gpu_facts_read,
    .check = check,
    .prepare = tb_gpu_plan_prepare,
    .run = tb_gpu_plan_run,
    .counters = tb_gpu_plan_counters,
    .destroy = tb_gpu_plan_destroy,
    .repeat = tb_gpu_plan_repeat,
    .flush = tb_gpu_plan_flush,
    .read_state = read_state,
    .kernels = tb_gpu_plan_kernels,
    .hardware = tb_gpu_plan_hardware,
    .is_emulated = is_emulated,
    .close = tb_gpu_close,
};
