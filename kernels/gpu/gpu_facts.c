#include "gpu_facts.h"

#include "gpu_bench.h"
#include "gpu_parts.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#define SAMPLES    TB_GPU_BENCH_SAMPLES
#define TARGET_US  500.0
#define LOAD_US    5000.0 /* a launch of the sustained load, which runs for */
#define LOAD_NS    2000000000
#define LOAD_LEAST 3
#define LOAD_MOST  4096 /* launches, whatever the clocks say */
#define LOAD_LAST  32   /* of them: those that the sustained clock is of */
#define L2_SHARE   4    /* of the L2: what the near part of a divided one holds too */
#define PER_S      1e6  /* of something a microsecond */

/* A rate of what the SMs do by themselves, in its two units. */
typedef struct rate_fact {
    tb_microbench_kind kind;
    const char *name, *per_clk; /* the other NULL where it says no more */
    const char *summary, *per_clk_summary;
} rate_fact;

static double amount_of(const tb_microbench_work *work, tb_microbench_kind kind)
{
    return kind == TB_MICROBENCH_EXP2     ? (double)work->exp2
           : kind == TB_MICROBENCH_SHARED ? (double)work->shared_bytes
                                          : (double)work->flop;
}

static const rate_fact rates[] = {
    {TB_MICROBENCH_MMA_BF16, "mma_bf16_flop_per_s", "mma_bf16_flop_per_clk_per_sm",
     "mma.sync m16n8k16 of bf16 into fp32: 16 warps an SM, 8 chains each, operands not zero",
     "the same, over the SMs and the clocks that they counted"},
    {TB_MICROBENCH_MMA_FP16, "mma_fp16_flop_per_s", NULL,
     "mma.sync m16n8k16 of fp16 into fp32, likewise", NULL},
    {TB_MICROBENCH_EXP2, "exp2_per_s", "exp2_per_clk_per_sm",
     "ex2.approx: 512 threads an SM, 8 chains each",
     "the same, over the SMs and the clocks that they counted"},
    {TB_MICROBENCH_FMA, "fma_flop_per_s", "fma_flop_per_clk_per_sm",
     "fp32 multiply-adds, two flop each: 512 threads an SM, 8 chains each",
     "the same, over the SMs and the clocks that they counted"},
    {TB_MICROBENCH_SHARED, "shared_read_bytes_per_s", "shared_read_bytes_per_clk_per_sm",
     "reads of shared memory, 16 bytes a thread, without bank conflicts",
     "the same, over the SMs and the clocks that they counted"},
};

/* The clock of short launches is that of the multiply-adds. */
static tb_status measure_rate(tb_gpu_bench *on, const rate_fact *fact, tb_device_facts *out,
                              tb_error *err)
{
    tb_gpu_bench_sample samples[SAMPLES];
    double per_s[SAMPLES], per_clk[SAMPLES], mhz[SAMPLES];
    tb_microbench_params params = tb_gpu_bench_params(on, fact->kind);
    tb_status status = tb_gpu_bench_set_turns(on, &params, TARGET_US, err);
    if (status == TB_OK) {
        status = tb_gpu_bench_take(on, &params, on->ctas, samples, err);
    }
    for (int i = 0; status == TB_OK && i < on->samples; i++) {
        double amount = amount_of(&samples[i].work, fact->kind);
        per_s[i] = amount / samples[i].work_us * PER_S;
        per_clk[i] = amount / (samples[i].clocks * (double)tb_gpu_info_of(on->gpu)->sms);
        mhz[i] = samples[i].clocks / samples[i].work_us;
    }
    if (status != TB_OK) {
        return status;
    }
    tb_device_facts_add(out, fact->name, fact->summary, per_s, on->samples);
    if (fact->per_clk != NULL) {
        tb_device_facts_add(out, fact->per_clk, fact->per_clk_summary, per_clk, on->samples);
    }
    if (fact->kind == TB_MICROBENCH_FMA) {
        tb_device_facts_add(out, "clock_mhz",
                            "clocks that SMs counted over time, in launches of half a millisecond",
                            mhz, on->samples);
    }
    return TB_OK;
}

/* Bytes read and written a second, and their sum over the samples. */
static tb_status sample_bytes(tb_gpu_bench *on, const tb_microbench_params *params, int64_t ctas,
                              double *rate, double *sum, tb_error *err)
{
    tb_gpu_bench_sample samples[SAMPLES];
    tb_status status = tb_gpu_bench_take(on, params, ctas, samples, err);
    *sum = 0;
    for (int i = 0; status == TB_OK && i < on->samples; i++) {
        const tb_microbench_work *work = &samples[i].work;
        rate[i] = (double)(work->read_bytes + work->write_bytes) / samples[i].work_us * PER_S;
        *sum += rate[i];
    }
    return status;
}

/* By launches of one and of two times as many CTAs: the better. */
static tb_status measure_bytes(tb_gpu_bench *on, const tb_microbench_params *params,
                               const char *name, const char *summary, tb_device_facts *out,
                               tb_error *err)
{
    double few[SAMPLES], many[SAMPLES], sum_few = 0, sum_many = 0;
    tb_status status = sample_bytes(on, params, on->ctas, few, &sum_few, err);
    if (status == TB_OK) {
        status = sample_bytes(on, params, 2 * on->ctas, many, &sum_many, err);
    }
    if (status == TB_OK) {
        tb_device_facts_add(out, name, summary, sum_few > sum_many ? few : many, on->samples);
    }
    return status;
}

static tb_status measure_memory(tb_gpu_bench *on, tb_device_facts *out, tb_error *err)
{
    tb_microbench_params l2 = tb_gpu_bench_params(on, TB_MICROBENCH_READ);
    tb_microbench_params hbm = tb_gpu_bench_params(on, TB_MICROBENCH_READ);
    tb_microbench_params copy = tb_gpu_bench_params(on, TB_MICROBENCH_COPY);
    l2.bytes = out->l2_bytes / L2_SHARE / 16 * 16;
    l2.bytes = l2.bytes > on->bytes || l2.bytes == 0 ? on->bytes : l2.bytes;
    l2.step = (tb_i32)(on->ctas / 2 + 1); /* to the other side of a divided L2, and round */
    hbm.bytes = copy.bytes = on->bytes;
    tb_status status = tb_gpu_bench_set_turns(on, &l2, TARGET_US, err);
    if (status == TB_OK) {
        status = measure_bytes(on, &l2, "l2_read_bytes_per_s",
                               "reads past L1 of a buffer of a quarter of the L2, again and again, "
                               "by every SM of every part",
                               out, err);
    }
    if (status == TB_OK) {
        status = measure_bytes(on, &hbm, "hbm_read_bytes_per_s",
                               "reads past L1 of a buffer of many times the L2, once", out, err);
    }
    return status == TB_OK ? measure_bytes(on, &copy, "hbm_copy_bytes_per_s",
                                           "a copy of the same buffer: bytes read and bytes "
                                           "written together",
                                           out, err)
                           : status;
}

static tb_status measure_launch(tb_gpu_bench *on, tb_device_facts *out, tb_error *err)
{
    tb_gpu_bench_sample samples[SAMPLES];
    double time_us[SAMPLES], overhead_us[SAMPLES];
    tb_microbench_params params = tb_gpu_bench_params(on, TB_MICROBENCH_EMPTY);
    tb_status status = tb_gpu_bench_take(on, &params, on->ctas, samples, err);
    if (status != TB_OK) {
        return status;
    }
    for (int i = 0; i < on->samples; i++) {
        time_us[i] = samples[i].time_us;
        overhead_us[i] = samples[i].overhead_us;
    }
    tb_device_facts_add(out, "empty_kernel_us", "a kernel that returns at once, two CTAs an SM",
                        time_us, on->samples);
    tb_device_facts_add(out, "launch_overhead_us",
                        "what the host waits beyond the kernel's own time, from the launch until "
                        "it knows that all is done",
                        overhead_us, on->samples);
    on->empty_us = tb_device_facts_find(out, "empty_kernel_us")->median;
    return TB_OK;
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + (int64_t)now.tv_nsec;
}

/* Tensor-core work for two seconds; the clocks of its last launches go to `mhz`, `*count` of them.
 */
static tb_status run_load(tb_gpu_bench *on, double *mhz, int *count, tb_error *err)
{
    tb_microbench_params params = tb_gpu_bench_params(on, TB_MICROBENCH_MMA_BF16);
    bool is_emulated = tb_gpu_info_of(on->gpu)->is_emulated;
    tb_status status = tb_gpu_bench_set_turns(on, &params, LOAD_US, err);
    int64_t end_ns = now_ns() + (is_emulated ? 0 : LOAD_NS);
    int most = is_emulated ? LOAD_LEAST : LOAD_MOST, launches = 0;
    do {
        tb_gpu_bench_sample took = {0};
        status = status == TB_OK ? tb_gpu_bench_launch(on, &params, on->ctas, &took, err) : status;
        if (status != TB_OK) {
            return status;
        }
        mhz[launches++ % LOAD_LAST] = took.clocks / took.work_us;
    } while (launches < LOAD_LEAST || (launches < most && now_ns() < end_ns));
    *count = launches < LOAD_LAST ? launches : LOAD_LAST;
    return TB_OK;
}

static tb_status measure_load(tb_gpu_bench *on, tb_device_facts *out, tb_error *err)
{
    double mhz[LOAD_LAST], fraction[LOAD_LAST];
    int count = 0;
    tb_status status = run_load(on, mhz, &count, err);
    if (status != TB_OK) {
        return status;
    }
    double quick = tb_device_facts_find(out, "clock_mhz")->median;
    for (int i = 0; i < count; i++) {
        fraction[i] = fmin(mhz[i] / quick, 1);
    }
    tb_device_facts_add(out, "sustained_clock_mhz",
                        "clocks that SMs counted over time, after two seconds of mma.sync", mhz,
                        count);
    tb_device_facts_add(out, "sustained_clock_fraction", "that over the median of clock_mhz",
                        fraction, count);
    return TB_OK;
}

static tb_status measure(tb_gpu *gpu, tb_device_facts *out, tb_error *err)
{
    tb_gpu_bench on;
    tb_status status = tb_gpu_bench_open(gpu, &on, err);
    if (status == TB_OK) { /* first: all else is what lies beyond it */
        status = measure_launch(&on, out, err);
    }
    for (size_t i = 0; status == TB_OK && i < sizeof rates / sizeof *rates; i++) {
        status = measure_rate(&on, &rates[i], out, err);
    }
    if (status == TB_OK) {
        status = measure_memory(&on, out, err);
    }
    if (status == TB_OK) {
        status = measure_load(&on, out, err);
    }
    out->gpu.is_by_events = on.is_events;
    tb_gpu_bench_close(&on);
    return status;
}

static void name_gpu(const tb_gpu *gpu, tb_device_facts *out)
{
    const tb_gpu_info *info = tb_gpu_info_of(gpu);
    tb_nvml_limits limits = {0};
    if (gpu->nvml != NULL) {
        tb_nvml_read_limits(gpu->nvml, &limits);
    }
    *out = (tb_device_facts){
        .cores = info->sms,
        .l2_bytes = info->l2_bytes,
        .gpu = {.compute_capability = info->sm,
                .memory_bytes = info->memory_bytes,
                .shared_bytes_per_sm = info->shared_bytes_per_sm,
                .shared_bytes_per_cta = info->shared_bytes_per_cta,
                .registers_per_sm = info->registers_per_sm,
                .threads_per_sm = info->threads_per_sm,
                .clock_mhz = info->clock_mhz > 0 ? info->clock_mhz : limits.sm_clock_mhz,
                .memory_clock_mhz =
                    info->memory_clock_mhz > 0 ? info->memory_clock_mhz : limits.memory_clock_mhz,
                .memory_bus_bits = info->memory_bus_bits,
                .power_limit_w = limits.power_w,
                .is_emulated = info->is_emulated}};
    tb_gpu_facts *to = &out->gpu;
    (void)snprintf(out->name, sizeof out->name, "%s", info->name);
    (void)snprintf(out->isa, sizeof out->isa, "sm_%d", info->sm);
    (void)snprintf(to->uuid, sizeof to->uuid, "%s", info->uuid);
    (void)snprintf(to->driver, sizeof to->driver, "%s", info->driver_version);
    (void)snprintf(to->cuda, sizeof to->cuda, "%d.%d", info->cuda_version / 1000,
                   info->cuda_version % 1000 / 10);
    (void)snprintf(to->compiler, sizeof to->compiler, "NVRTC %s", info->compiler_version);
}

tb_status tb_gpu_facts_read(bool is_measuring, tb_device_facts *out, tb_error *err)
{
    tb_gpu *gpu = NULL;
    tb_device_facts facts;
    tb_status status = tb_gpu_get(&gpu, err);
    if (status != TB_OK) {
        return status;
    }
    name_gpu(gpu, &facts);
    if (is_measuring) {
        status = measure(gpu, &facts, err);
    }
    if (status == TB_OK) {
        *out = facts;
    }
    return status;
}
