/* Work to time: the roofline of a device. */
#include "stage_parts.h"
#include "time_parts.h"

#include <math.h>

const char *const tb_matrix_rate_names[TB_MATRIX_RATE_COUNT] = {"fp16", "fp8", "int8", "fp4",
                                                                "fp32"};

#define FLOP_PER_FMA         2.0
#define FLOP_PER_US_OF_TERA  1e6
#define GB_PER_S_IN_BYTES_US 1e3
#define BOTH_DIRECTIONS      2.0
/* As of side launches: H200 2.5 us, A100 2.7 us (RRZE gpu-benches, gpu-small-kernels). */
#define SMALL_LAUNCH_US 2.5
#define LAST_WITH_INT4  89 /* compute capability; mma.sync has s4 up to there at full rate */

/* Where each rate's peak stands in device files. */
static const struct rate_keys {
    tb_device_key peak, per_clk;
} rate_keys[TB_MATRIX_RATE_COUNT] = {
    [TB_RATE_FP16] = {TB_DEVICE_PEAK_FP16_TFLOPS, TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM},
    [TB_RATE_FP8] = {TB_DEVICE_PEAK_FP8_TFLOPS, TB_DEVICE_TENSOR_FP8_FLOP_PER_CLK_PER_SM},
    [TB_RATE_INT8] = {TB_DEVICE_PEAK_INT8_TOPS, TB_DEVICE_TENSOR_INT8_OP_PER_CLK_PER_SM},
    [TB_RATE_FP4] = {TB_DEVICE_PEAK_FP4_TFLOPS, TB_DEVICE_TENSOR_FP4_FLOP_PER_CLK_PER_SM},
    [TB_RATE_FP32] = {TB_DEVICE_PEAK_FP32_TFLOPS, TB_DEVICE_FP32_FMA_LANES_PER_SM},
};

static bool knows(const tb_device *device, tb_device_key key)
{
    return device->values[key].origin != TB_VALUE_UNKNOWN;
}

tb_status tb_matrix_peak(const tb_device *device, tb_matrix_rate rate, double *out, tb_error *err)
{
    const struct rate_keys *keys = &rate_keys[rate];
    if (rate == TB_RATE_FP4 && !knows(device, keys->peak) && !knows(device, keys->per_clk)) {
        tb_status status = tb_matrix_peak(device, TB_RATE_INT8, out, err);
        *out *= device->compute_capability <= LAST_WITH_INT4 ? 2 : 1;
        return status;
    }
    double sms = tb_device_get(device, TB_DEVICE_SM_COUNT, 0);
    double mhz = tb_device_get(device, TB_DEVICE_CLOCK_BOOST_MHZ, 0);
    double per_clk = tb_device_get(device, keys->per_clk, 0);
    double by_clock = sms * mhz * per_clk * (rate == TB_RATE_FP32 ? FLOP_PER_FMA : 1);
    double peak = tb_device_get(device, keys->peak, 0) * FLOP_PER_US_OF_TERA;
    if (!(fmax(peak, by_clock) > 0)) {
        return tb_device_need(device, keys->peak, out, err);
    }
    *out = fmax(peak, by_clock);
    return TB_OK;
}

double tb_matrix_rate_bytes(tb_matrix_rate rate, tb_dtype dtype)
{
    static const double bytes[TB_MATRIX_RATE_COUNT] = {
        [TB_RATE_FP8] = 1, [TB_RATE_INT8] = 1, [TB_RATE_FP4] = 0.5, [TB_RATE_FP32] = 4};
    return rate == TB_RATE_FP16 ? (double)tb_dtype_bytes(dtype) : bytes[rate];
}

/* What GEMMs reach of a rate's peak, 0 where it was not measured. */
static double measured_part(const tb_device *device, tb_matrix_rate rate, tb_device_key key)
{
    double peak = 0;
    return knows(device, key) && tb_matrix_peak(device, rate, &peak, NULL) == TB_OK
               ? fmin(tb_device_get(device, key, 0) * FLOP_PER_US_OF_TERA / peak, 1)
               : 0;
}

/* As measured; BF16's part where the format was not. */
static double gemm_part(const tb_device *device, tb_matrix_rate rate)
{
    double bf16 = measured_part(device, TB_RATE_FP16, TB_DEVICE_MEASURED_GEMM_BF16_TFLOPS);
    double fp8 = measured_part(device, TB_RATE_FP8, TB_DEVICE_MEASURED_GEMM_FP8_TFLOPS);
    double part = rate == TB_RATE_FP8 && fp8 > 0 ? fp8 : bf16;
    return rate == TB_RATE_FP32 || !(part > 0) ? 1 : part;
}

/* What each unit takes, in microseconds. */
typedef struct unit_times {
    double matrix, fma, special, hbm, pcie, link, launch;
} unit_times;

/* A rate of a device, needed only where there is something to do. */
static tb_status rate_of(const tb_device *device, double amount, tb_device_key key, double *out,
                         tb_error *err)
{
    *out = 1;
    return amount > 0 ? tb_device_need(device, key, out, err) : TB_OK;
}

static tb_status time_matrix(const tb_work *work, const tb_device *device, unit_times *out,
                             tb_error *err)
{
    double peak = 1, fp32 = 1;
    double fma = work->fma_flop + (work->rate == TB_RATE_FP32 ? work->matrix_flop : 0);
    double matrix = work->rate == TB_RATE_FP32 ? 0 : work->matrix_flop;
    tb_status status = matrix > 0 ? tb_matrix_peak(device, work->rate, &peak, err) : TB_OK;
    if (status == TB_OK && fma > 0) {
        status = tb_matrix_peak(device, TB_RATE_FP32, &fp32, err);
    }
    out->matrix = matrix / peak;
    out->fma = fma / fp32;
    return status;
}

static tb_status time_special(const tb_work *work, const tb_device *device, unit_times *out,
                              tb_error *err)
{
    double per_clk = 1, sms = 1, mhz = 1;
    tb_status status =
        rate_of(device, work->special, TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM, &per_clk, err);
    if (status == TB_OK) {
        status = rate_of(device, work->special, TB_DEVICE_SM_COUNT, &sms, err);
    }
    if (status == TB_OK) {
        status = rate_of(device, work->special, TB_DEVICE_CLOCK_BOOST_MHZ, &mhz, err);
    }
    out->special = work->special / (per_clk * sms * mhz);
    return status;
}

static tb_status time_bytes(const tb_work *work, const tb_device *device, unit_times *out,
                            tb_error *err)
{
    double hbm = 1, pcie = 1, link = 1;
    tb_status status =
        rate_of(device, work->hbm_bytes, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, &hbm, err);
    if (status == TB_OK) {
        status = rate_of(device, work->pcie_bytes, TB_DEVICE_PCIE_GB_PER_S, &pcie, err);
    }
    if (status == TB_OK) {
        status =
            rate_of(device, work->link_bytes, TB_DEVICE_NVLINK_TOTAL_BIDIR_GB_PER_S, &link, err);
    }
    out->hbm = work->hbm_bytes / (hbm * GB_PER_S_IN_BYTES_US);
    out->pcie = work->pcie_bytes / (pcie * GB_PER_S_IN_BYTES_US);
    out->link = work->link_bytes / (link / BOTH_DIRECTIONS * GB_PER_S_IN_BYTES_US);
    return status;
}

static double total_of(const unit_times *t)
{
    return fmax(fmax(t->matrix, t->fma), fmax(t->special, t->hbm)) + t->pcie + t->link + t->launch;
}

static tb_limiter limiter_of(const unit_times *t)
{
    const struct {
        double us;
        tb_limiter limiter;
    } parts[] = {{t->matrix, TB_LIMITER_TENSOR}, {t->fma, TB_LIMITER_ALU},
                 {t->special, TB_LIMITER_EXP},   {t->hbm, TB_LIMITER_HBM},
                 {t->pcie, TB_LIMITER_PCIE},     {t->link, TB_LIMITER_LINK},
                 {t->launch, TB_LIMITER_LAUNCH}};
    size_t largest = 0;
    for (size_t i = 1; i < sizeof parts / sizeof *parts; i++) {
        largest = parts[i].us > parts[largest].us ? i : largest;
    }
    return parts[largest].limiter;
}

/* Does a value that the work needs lack a source? */
static bool rests_on_assumed(const tb_work *work, const tb_device *device)
{
    const struct {
        double amount;
        tb_device_key key;
    } used[] = {{work->matrix_flop, rate_keys[work->rate].peak},
                {work->fma_flop, TB_DEVICE_PEAK_FP32_TFLOPS},
                {work->special, TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM},
                {work->hbm_bytes, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S},
                {work->pcie_bytes, TB_DEVICE_PCIE_GB_PER_S},
                {work->link_bytes, TB_DEVICE_NVLINK_TOTAL_BIDIR_GB_PER_S}};
    bool assumed = device->like != NULL || device->is_emulated;
    for (size_t i = 0; i < sizeof used / sizeof *used; i++) {
        assumed = assumed ||
                  (used[i].amount > 0 && device->values[used[i].key].origin == TB_VALUE_ASSUMED);
    }
    bool lacks_fp4 = work->rate == TB_RATE_FP4 && !knows(device, TB_DEVICE_PEAK_FP4_TFLOPS);
    return assumed || (lacks_fp4 && work->matrix_flop > 0);
}

tb_status tb_work_time(const tb_work *work, const tb_device *device, double *least_us,
                       double *time_us, tb_limiter *limiter, tb_basis *basis, tb_error *err)
{
    unit_times t = {0};
    tb_status status = time_matrix(work, device, &t, err);
    if (status == TB_OK) {
        status = time_special(work, device, &t, err);
    }
    if (status == TB_OK) {
        status = time_bytes(work, device, &t, err);
    }
    if (status != TB_OK) {
        return status;
    }
    *least_us = total_of(&t);
    double nominal = tb_device_get(device, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, 0);
    double measured = tb_device_get(device, TB_DEVICE_MEASURED_DRAM_READ_GB_PER_S, nominal);
    t.matrix /= gemm_part(device, work->rate);
    t.hbm *= measured > 0 && measured < nominal ? nominal / measured : 1;
    t.launch =
        work->launches * tb_device_get(device, TB_DEVICE_MEASURED_LAUNCH_US, SMALL_LAUNCH_US);
    *time_us = total_of(&t);
    *limiter = limiter_of(&t);
    *basis = rests_on_assumed(work, device) ? TB_BASIS_ASSUMED : TB_BASIS_UNCALIBRATED;
    return TB_OK;
}

tb_status tb_stage_time_work(const tb_stage_context *context, tb_stage_result *result,
                             tb_error *err)
{
    result->limiter = TB_LIMITER_HBM;
    result->basis = TB_BASIS_UNCALIBRATED;
    return context->device == NULL
               ? TB_OK
               : tb_work_time(&result->work, context->device, &result->least_us, &result->time_us,
                              &result->limiter, &result->basis, err);
}
