/* CTAs that an SM holds: CUDA's occupancy rules. */
#include "checked.h"
#include "time_parts.h"

#include <math.h>

#define WARP         32
#define BYTES_IN_KIB 1024.0

static double round_up(double value, double unit)
{
    return ceil(value / unit) * unit;
}

/* Bytes of a CTA's tiles: as many query rows as it computes, head dims as the kernel pads them. */
static double smem_bytes(const tb_kernel *kernel, const tb_problem *problem,
                         const tb_tiling *tiling)
{
    const tb_kernel_resources *resources = &kernel->time.resources;
    double q = (double)tb_tiling_q_tokens(tiling, &problem->layout) *
               (double)tb_kernel_packed_heads(kernel, problem, tiling->kind);
    double kv = (double)tb_tiling_kv_tokens(tiling, &problem->layout), d = 0, dv = 0;
    tb_time_padded_dims(kernel, problem, &d, &dv);
    return (resources->smem_q * q * d + resources->smem_kv * kv * (d + dv)) *
               (double)tb_dtype_bytes(problem->dtype) +
           (double)resources->smem_bytes;
}

/* What an SM has; the first unknown value is reported. */
typedef struct sm_limits {
    double warps, ctas, registers, register_unit, smem_kib, smem_unit, smem_reserved, partitions;
} sm_limits;

static tb_status limits_of(const tb_device *device, sm_limits *out, tb_error *err)
{
    const struct {
        tb_device_key key;
        double *to;
    } wanted[] = {
        {TB_DEVICE_MAX_WARPS_PER_SM, &out->warps},
        {TB_DEVICE_MAX_BLOCKS_PER_SM, &out->ctas},
        {TB_DEVICE_REGISTERS_PER_SM, &out->registers},
        {TB_DEVICE_REGISTER_ALLOC_GRANULARITY_REGS_PER_WARP, &out->register_unit},
        {TB_DEVICE_SMEM_PER_SM_KIB, &out->smem_kib},
        {TB_DEVICE_SMEM_ALLOC_GRANULARITY_BYTES, &out->smem_unit},
        {TB_DEVICE_RESERVED_SMEM_PER_BLOCK_BYTES, &out->smem_reserved},
        {TB_DEVICE_SUB_PARTITIONS_PER_SM, &out->partitions},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        tb_status status = tb_device_need(device, wanted[i].key, wanted[i].to, err);
        if (status != TB_OK) {
            return status;
        }
    }
    return TB_OK;
}

/* Warps are dealt to the SM's partitions whole; a warp's registers and a CTA's shared memory come
 * in units. Source: cuda_occupancy.h, CUDA 13.0. */
static double ctas_per_sm(const tb_kernel_resources *resources, const sm_limits *sm, double smem)
{
    double warps = ceil((double)resources->threads / WARP);
    double warp_registers = round_up((double)resources->registers * WARP, sm->register_unit);
    double warps_by_registers =
        floor(sm->registers / sm->partitions / warp_registers) * sm->partitions;
    double by_smem =
        floor(sm->smem_kib * BYTES_IN_KIB / round_up(smem + sm->smem_reserved, sm->smem_unit));
    double by_warps = fmin(floor(sm->warps / warps), floor(warps_by_registers / warps));
    return fmin(fmin(sm->ctas, by_warps), by_smem);
}

tb_status tb_time_occupancy(const tb_kernel *kernel, const tb_problem *problem,
                            const tb_tiling *tiling, const tb_device *device, int64_t *out,
                            tb_error *err)
{
    const tb_kernel_resources *resources = &kernel->time.resources;
    if (!resources->given) {
        *out = kernel->time.occupancy;
        return TB_OK;
    }
    sm_limits sm = {0};
    tb_status status = limits_of(device, &sm, err);
    if (status != TB_OK) {
        return status;
    }
    double smem = smem_bytes(kernel, problem, tiling);
    double ctas = ctas_per_sm(resources, &sm, smem);
    if (ctas < 1) {
        return tb_fail(err, TB_EINVAL,
                       "a CTA of kernel %s with these tiles takes %.1f KiB of shared memory, %lld "
                       "threads and %lld registers a thread; an SM of %s cannot hold it; give "
                       "smaller tiles",
                       kernel->name, smem / BYTES_IN_KIB, (long long)resources->threads,
                       (long long)resources->registers, device->name);
    }
    *out = (int64_t)ctas;
    return TB_OK;
}
