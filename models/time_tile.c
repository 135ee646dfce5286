/* Cycles of one visited tile. */
#include "checked.h"
#include "processor_terms.h"
#include "time_parts.h"

#include <math.h>

#define MASK_COLUMNS 128.0 /* keys that mask_cycles is stated for */
#define FLOP_PER_FMA 2.0
/* An exponential on FMA pipes: round, subtract, three steps of a cubic polynomial, add to the
 * exponent (FlashAttention-4, arXiv:2603.05451). */
#define POLYNOMIAL_OPS 6.0
#define RANK_OF_3D     3 /* from here on mask_3d_factor applies */

/* Rates of one SM, a clock. */
typedef struct sm_rates {
    double tensor; /* FLOP */
    double ex2;
    double lanes; /* FMA */
} sm_rates;

double tb_time_q_rows(const tb_time_case *item)
{
    return tb_time_worked_rows(item) *
           (double)tb_kernel_packed_heads(item->kernel, item->problem, item->tiling->kind);
}

tb_matrix_instruction tb_time_instructions(const tb_kernel *kernel, const tb_device *device)
{
    if (kernel->time.instructions != TB_MMA_NATIVE) {
        return kernel->time.instructions;
    }
    int64_t generation = device->compute_capability / 10;
    return generation == 9 ? TB_WGMMA : generation == 10 ? TB_TCGEN05 : TB_MMA_SYNC;
}

bool tb_time_has_tensor(const tb_time_case *item)
{
    return item->problem->dtype != TB_DTYPE_FP32 && item->kernel->time.kind != TB_CLASS_NAIVE;
}

tb_status tb_time_tensor_rate(const tb_time_case *item, double *out, tb_error *err)
{
    const tb_device *device = item->device;
    tb_device_key key = TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM;
    if (item->problem->dtype == TB_DTYPE_E4M3 || item->problem->dtype == TB_DTYPE_E5M2) {
        key = TB_DEVICE_TENSOR_FP8_FLOP_PER_CLK_PER_SM;
    }
    return tb_device_need(device, key, out, err);
}

/* FLOP that the device's matrix units do a clock and SM for this dtype and kernel. */
static tb_status tensor_rate(const tb_time_case *item, double *out, tb_error *err)
{
    const tb_device *device = item->device;
    if (!tb_time_has_tensor(item)) {
        tb_status status = tb_device_need(device, TB_DEVICE_FP32_FMA_LANES_PER_SM, out, err);
        *out *= FLOP_PER_FMA; /* CUDA cores */
        return status;
    }
    tb_status status = tb_time_tensor_rate(item, out, err);
    if (tb_time_instructions(item->kernel, device) == TB_MMA_SYNC) {
        *out *= tb_device_get(device, TB_DEVICE_MMA_SYNC_FRACTION, 1);
    }
    return status;
}

static tb_status rates_of(const tb_time_case *item, sm_rates *out, tb_error *err)
{
    tb_status status = tensor_rate(item, &out->tensor, err);
    out->tensor *= item->kernel->time.tensor_efficiency;
    if (status == TB_OK) {
        status = tb_device_need(item->device, TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM, &out->ex2, err);
    }
    return status == TB_OK
               ? tb_device_need(item->device, TB_DEVICE_FP32_FMA_LANES_PER_SM, &out->lanes, err)
               : status;
}

void tb_time_padded_dims(const tb_kernel *kernel, const tb_problem *problem, double *d, double *dv)
{
    int64_t to = tb_kernel_padded_to(kernel, problem->pass, problem->dim);
    int64_t value_to = tb_kernel_padded_to(kernel, problem->pass, problem->dim_value);
    *d = (double)tb_max(problem->dim, to);
    *dv = (double)tb_max(problem->dim_value, value_to);
}

double tb_time_exp_fma_fraction(const tb_time_case *item)
{
    const tb_time_traits *traits = &item->kernel->time;
    double here = 0;
    if (item->problem->pass == TB_PASS_BACKWARD) { /* 1,024 of 1,024 (FlashAttention-4) */
        return 0;
    }
    for (size_t i = 0; i < traits->exp_fma_on_count; i++) {
        if (traits->exp_fma_on[i] == item->device->compute_capability) {
            here = traits->exp_fma_fraction;
        }
    }
    return tb_device_get(item->device, TB_DEVICE_EX2_FMA_FRACTION, here);
}

static double combine(double a, double b, double overlap)
{
    double larger = fmax(a, b), sum = a + b;
    return larger + (1 - overlap) * (sum - larger);
}

/* What crosses shared memory for a tile: operands, and scores that threads store there. */
typedef struct smem_work {
    double operands; /* cycles */
    double scores;
} smem_work;

static smem_work smem_cycles(const tb_time_case *item, double q, double kv)
{
    const tb_problem *problem = item->problem;
    const tb_time_traits *traits = &item->kernel->time;
    bool is_sync = tb_time_instructions(item->kernel, item->device) == TB_MMA_SYNC;
    const tb_smem_passes *passes = is_sync && traits->instructions == TB_MMA_NATIVE
                                       ? &traits->pass[problem->pass].sync_smem
                                       : &traits->pass[problem->pass].smem;
    double rate = tb_device_get(item->device, TB_DEVICE_SMEM_BANDWIDTH_BYTES_PER_CLK_PER_SM, 0);
    double d, dv;
    tb_time_padded_dims(item->kernel, problem, &d, &dv);
    double both = d + dv;
    double kv_width = problem->pass == TB_PASS_FORWARD ? both : both / 2;
    double element = (double)tb_dtype_bytes(problem->dtype);
    double kv_passes = passes->kv;
    if (passes->kv_per_warp > 0) {
        kv_passes += passes->kv_per_warp *
                     tb_time_cta_warps(item->kernel, problem, item->tiling, item->device);
    }
    if (!(rate > 0)) {
        return (smem_work){0};
    }
    return (smem_work){.operands = (passes->q * q * d + kv_passes * kv * kv_width) * element / rate,
                       .scores = passes->scores * q * kv * element / rate};
}

double tb_time_l2_tile_bytes(const tb_time_case *item, double q, double kv)
{
    const tb_problem *problem = item->problem;
    double element = (double)tb_dtype_bytes(problem->dtype), fp32 = 4;
    double d = (double)problem->dim, both = d + (double)problem->dim_value;
    return problem->pass == TB_PASS_FORWARD
               ? kv * both * element
               : q * both * element + (item->kernel->time.dq_atomic ? 2 * q * d * fp32 : 0);
}

static double l2_cycles(const tb_time_case *item, double q, double kv)
{
    const tb_device *device = item->device;
    double l2 = tb_device_get(device, TB_DEVICE_MEASURED_L2_READ_GB_PER_S, 0);
    double sms = tb_device_get(device, TB_DEVICE_SM_COUNT, 0);
    double clock = tb_device_get(device, TB_DEVICE_CLOCK_BOOST_MHZ, 0);
    double bytes = tb_time_l2_tile_bytes(item, q, kv);
    if (!(l2 > 0 && sms > 0 && clock > 0)) {
        return 0;
    }
    return bytes / (l2 * TB_BYTES_PER_GB / (clock * TB_US_PER_S) / sms);
}

/* Masking a tile: by the keys of the tile, dearer where three coordinates are compared. */
static tb_status mask_cycles(const tb_time_case *item, const tb_time_values *values, double q,
                             double kv, double *out, tb_error *err)
{
    double mask = 0, factor = 1;
    tb_status status = tb_time_need(item, values, TB_TIME_MASK_CYCLES, &mask, err);
    if (status == TB_OK && tb_tiling_dims(item->tiling, &item->problem->layout) >= RANK_OF_3D) {
        status = tb_time_need(item, values, TB_TIME_MASK_3D_FACTOR, &factor, err);
    }
    *out = mask * factor * kv / MASK_COLUMNS * tb_time_growth(q, item->kernel->time.stated_rows);
    return status;
}

/* A tile of a kernel whose scores stay on the SM. */
static void fused_tile(const tb_time_case *item, const sm_rates *rates, double q, double kv,
                       double overlap, tb_tile_cycles *cycles)
{
    const tb_time_traits *traits = &item->kernel->time;
    tb_pass pass = item->problem->pass;
    double d, dv, fma = tb_time_exp_fma_fraction(item);
    tb_time_padded_dims(item->kernel, item->problem, &d, &dv);
    double flop = pass == TB_PASS_FORWARD ? 2 * (d + dv) : 2 * (3 * d + 2 * dv);
    cycles->tensor = q * kv * flop / rates->tensor;
    cycles->exp = q * kv * (1 - fma) / rates->ex2;
    cycles->alu =
        q * kv * (traits->pass[pass].alu_ops_per_score + fma * POLYNOMIAL_OPS) / rates->lanes;
    smem_work smem = smem_cycles(item, q, kv);
    cycles->smem = smem.operands + smem.scores;
    cycles->l2 = l2_cycles(item, q, kv);
    bool adds_up = tb_time_instructions(item->kernel, item->device) == TB_MMA_SYNC;
    double matrix = adds_up ? combine(cycles->tensor, smem.operands, overlap) : cycles->tensor;
    double softmax = fmax(cycles->exp, cycles->alu) + smem.scores,
           memory = fmax(cycles->smem, cycles->l2);
    cycles->plain = fmax(combine(matrix, softmax, overlap), memory) + cycles->latency;
    cycles->masked =
        fmax(combine(matrix, softmax + cycles->mask, overlap), memory) + cycles->latency;
}

/* Two products over a tile; the softmax is a launch of its own. A naive kernel computes the visible
 * pairs alone, each reading its key and value through L1. */
static void unfused_tile(const tb_time_case *item, const sm_rates *rates, double q, double kv,
                         tb_tile_cycles *cycles)
{
    double d = (double)item->problem->dim, dv = (double)item->problem->dim_value, pairs = q * kv;
    if (item->kernel->time.kind == TB_CLASS_NAIVE) {
        double l1 = tb_device_get(item->device, TB_DEVICE_SMEM_BANDWIDTH_BYTES_PER_CLK_PER_SM, 0);
        pairs = (double)item->census->visible_pairs / (double)item->census->visited;
        cycles->alu = pairs * 2 * (d + dv) / rates->tensor;
        cycles->smem =
            l1 > 0 ? pairs * (d + dv) * (double)tb_dtype_bytes(item->problem->dtype) / l1 : 0;
    } else {
        tb_time_padded_dims(item->kernel, item->problem, &d, &dv);
        cycles->tensor = pairs * 2 * (d + dv) / rates->tensor;
        cycles->smem = smem_cycles(item, q, kv).operands;
        cycles->l2 = l2_cycles(item, q, kv);
    }
    cycles->mask = 0;
    cycles->plain =
        fmax(fmax(cycles->tensor, cycles->alu), fmax(cycles->smem, cycles->l2)) + cycles->latency;
    cycles->masked = cycles->plain;
}

tb_status tb_time_tile_cycles(const tb_time_case *item, const tb_time_values *values,
                              tb_tile_cycles *out, tb_error *err)
{
    double q = tb_time_q_rows(item), overlap = 0;
    double kv = (double)tb_tiling_kv_tokens(item->tiling, &item->problem->layout);
    bool is_backward = item->problem->pass == TB_PASS_BACKWARD;
    bool has_own = is_backward && values->known[TB_TIME_BACKWARD_OVERLAP];
    sm_rates rates = {0};
    tb_tile_cycles cycles = {0};
    if (is_backward &&
        (!item->kernel->time.has_backward || item->kernel->time.kind != TB_CLASS_FUSED)) {
        return tb_fail(err, TB_EINVAL,
                       "kernel %s has no time model of the backward pass; add `backward` to the "
                       "time section of its file",
                       item->kernel->name);
    }
    double fraction = 0, factor = 0;
    tb_status status = rates_of(item, &rates, err);
    if (status == TB_OK) {
        status = tb_time_need(item, values, TB_TIME_TENSOR_FRACTION, &fraction, err);
    }
    if (status == TB_OK) {
        status = tb_time_need(item, values, TB_TIME_SOFTMAX_FACTOR, &factor, err);
    }
    if (status == TB_OK) {
        status = tb_time_need(item, values, has_own ? TB_TIME_BACKWARD_OVERLAP : TB_TIME_OVERLAP,
                              &overlap, err);
    }
    if (status == TB_OK) {
        status = tb_time_need(item, values, TB_TIME_TILE_LATENCY_CYCLES, &cycles.latency, err);
    }
    if (status == TB_OK) {
        status = mask_cycles(item, values, q, kv, &cycles.mask, err);
    }
    if (status != TB_OK) {
        return status;
    }
    rates.tensor *= fraction;
    rates.ex2 /= factor;
    rates.lanes /= factor;
    if (item->kernel->time.kind == TB_CLASS_FUSED) {
        fused_tile(item, &rates, q, kv, overlap, &cycles);
    } else {
        unfused_tile(item, &rates, q, kv, &cycles);
    }
    *out = cycles;
    return TB_OK;
}
