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

/* The newest compute capability that a form is compiled for, up to the device's. */
static int64_t newest_up_to(const tb_kernel_resources *resources, int64_t compute_capability)
{
    int64_t newest = 0;
    for (size_t v = 0; v < resources->variant_count; v++) {
        const tb_kernel_variant *variant = &resources->variants[v];
        for (size_t i = 0; i < variant->compute_capability_count; i++) {
            int64_t there = variant->compute_capabilities[i];
            newest = there <= compute_capability ? tb_max(newest, there) : newest;
        }
    }
    return newest;
}

static bool is_compiled_for(const tb_kernel_variant *variant, int64_t compute_capability)
{
    for (size_t i = 0; i < variant->compute_capability_count; i++) {
        if (variant->compute_capabilities[i] == compute_capability) {
            return true;
        }
    }
    return false;
}

const tb_kernel_variant *tb_kernel_variant_find(const tb_kernel_resources *resources,
                                                const tb_problem *problem, int64_t q_tile,
                                                int64_t kv_tile, int64_t compute_capability)
{
    const tb_kernel_variant *best = NULL;
    int64_t newest = newest_up_to(resources, compute_capability);
    for (size_t i = 0; i < resources->variant_count; i++) {
        const tb_kernel_variant *v = &resources->variants[i];
        bool runs = v->dtype == problem->dtype && v->q_tile == q_tile && v->kv_tile == kv_tile &&
                    v->dim >= problem->dim && v->dim_value >= problem->dim_value &&
                    is_compiled_for(v, newest);
        if (runs && (best == NULL || v->dim + v->dim_value < best->dim + best->dim_value)) {
            best = v;
        }
    }
    return best;
}

/* What one CTA takes. */
typedef struct cta_needs {
    int64_t threads, registers;
    double smem_bytes;
} cta_needs;

/* By the compiled form of these tiles; else by rule: bytes of a CTA's tiles, as many query rows as
 * it computes, head dims as the kernel pads them. */
static cta_needs needs_of(const tb_kernel *kernel, const tb_problem *problem,
                          const tb_tiling *tiling, const tb_device *device)
{
    const tb_kernel_resources *resources = &kernel->time.resources;
    int64_t q = tb_tiling_q_tokens(tiling, &problem->layout) *
                tb_kernel_packed_heads(kernel, problem, tiling->kind);
    int64_t kv = tb_tiling_kv_tokens(tiling, &problem->layout);
    const tb_kernel_variant *variant =
        tb_kernel_variant_find(resources, problem, q, kv, device->compute_capability);
    if (variant != NULL) {
        return (cta_needs){variant->threads, variant->registers, (double)variant->smem_bytes};
    }
    double d = 0, dv = 0;
    tb_time_padded_dims(kernel, problem, &d, &dv);
    return (cta_needs){
        resources->threads, resources->registers,
        (resources->smem_q * (double)q * d + resources->smem_kv * (double)kv * (d + dv)) *
                (double)tb_dtype_bytes(problem->dtype) +
            (double)resources->smem_bytes};
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

static double warps_of(const cta_needs *cta)
{
    return ceil((double)cta->threads / WARP);
}

double tb_time_cta_warps(const tb_kernel *kernel, const tb_problem *problem,
                         const tb_tiling *tiling, const tb_device *device)
{
    cta_needs cta = needs_of(kernel, problem, tiling, device);
    return warps_of(&cta);
}

/* Warps are dealt to the SM's partitions whole; a warp's registers and a CTA's shared memory come
 * in units. Source: cuda_occupancy.h, CUDA 13.0. */
static double ctas_per_sm(const cta_needs *cta, const sm_limits *sm)
{
    double warps = warps_of(cta);
    double warp_registers = round_up((double)cta->registers * WARP, sm->register_unit);
    double warps_by_registers =
        floor(sm->registers / sm->partitions / warp_registers) * sm->partitions;
    double by_smem = floor(sm->smem_kib * BYTES_IN_KIB /
                           round_up(cta->smem_bytes + sm->smem_reserved, sm->smem_unit));
    double by_warps = fmin(floor(sm->warps / warps), floor(warps_by_registers / warps));
    return fmin(fmin(sm->ctas, by_warps), by_smem);
}

tb_status tb_time_occupancy(const tb_kernel *kernel, const tb_problem *problem,
                            const tb_tiling *tiling, const tb_device *device, int64_t *out,
                            tb_error *err)
{
    if (problem->pass == TB_PASS_BACKWARD) {
        *out = kernel->time.backward_occupancy;
        return TB_OK;
    }
    if (!kernel->time.resources.given) {
        *out = kernel->time.occupancy;
        return TB_OK;
    }
    sm_limits sm = {0};
    tb_status status = limits_of(device, &sm, err);
    if (status != TB_OK) {
        return status;
    }
    cta_needs cta = needs_of(kernel, problem, tiling, device);
    double ctas = ctas_per_sm(&cta, &sm);
    if (ctas < 1) {
        return tb_fail(err, TB_EINVAL,
                       "a CTA of kernel %s with these tiles takes %.1f KiB of shared memory, %lld "
                       "threads and %lld registers a thread; an SM of %s cannot hold it; give "
                       "smaller tiles",
                       kernel->name, cta.smem_bytes / BYTES_IN_KIB, (long long)cta.threads,
                       (long long)cta.registers, device->name);
    }
    *out = (int64_t)ctas;
    return TB_OK;
}
