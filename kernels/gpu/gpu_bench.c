#include "gpu_bench.h"

#include <math.h>
#include <stdlib.h>

#define EMULATED_SAMPLES 3
#define CTAS_PER_SM      2
#define TRIALS           3
#define LEAST_SHARE      0.1 /* of a time that is work, whatever an empty kernel took */
#define MOST_TURNS       (1 << 24)
#define HBM_TIMES        20 /* the L2: what stays in it from launch to launch is a twentieth */
#define LEAST_HBM_BYTES  (INT64_C(512) << 20)
/* Of an emulated GPU, so that it takes seconds: only one of a few SMs and a small L2 is given
 * enough to do for its rates to be those of its device file. */
#define EMULATED_SM_US     120.0 /* a launch, over the SMs */
#define EMULATED_HBM_BYTES (INT64_C(32) << 20)
#define EMULATED_BYTES     (INT64_C(1) << 20) /* where it would take more than that */
#define BLOCK_BYTES        (INT64_C(4) << 20) /* of random words, laid side by side */

/* The most clocks of any CTA; both they and the time must be above 0, for rates are over them. */
static tb_status read_clocks(const tb_gpu_bench *on, int64_t ctas, tb_gpu_bench_sample *out,
                             tb_error *err)
{
    const tb_driver *driver = tb_gpu_driver(on->gpu);
    const tb_gpu_info *info = tb_gpu_info_of(on->gpu);
    tb_cu_result result =
        driver->calls.download(on->clocks, on->cycles, (size_t)ctas * sizeof *on->clocks);
    if (result != 0) {
        return tb_driver_failed(driver, "cuMemcpyDtoH", result, err);
    }
    for (int64_t i = 0; i < ctas; i++) {
        out->clocks = fmax(out->clocks, (double)on->clocks[i]);
    }
    out->clocks = info->is_emulated ? out->work_us * info->clock_mhz : out->clocks;
    return out->clocks > 0 && out->time_us > 0
               ? TB_OK
               : tb_fail(err, TB_EINTERNAL, "a microbenchmark took %g clocks and %g us",
                         out->clocks, out->time_us);
}

tb_status tb_gpu_bench_launch(tb_gpu_bench *on, const tb_microbench_params *params, int64_t ctas,
                              tb_gpu_bench_sample *out, tb_error *err)
{
    tb_gpu_times times;
    tb_gpu_launch launch = {.kernel = &on->kernel,
                            .grid = {ctas, 1, 1},
                            .threads = on->variant->threads,
                            .shared_bytes = on->variant->shared_bytes,
                            .params = params,
                            .params_bytes = sizeof *params};
    tb_status status = tb_gpu_run(on->gpu, &launch, 1, NULL, &times, err);
    if (status != TB_OK) {
        return status;
    }
    on->is_events = on->is_events || !times.is_cupti;
    *out = (tb_gpu_bench_sample){
        .work = tb_microbench_work_of(params, ctas),
        .time_us = times.span_us,
        .work_us = fmax(times.span_us - on->empty_us, LEAST_SHARE * times.span_us),
        .overhead_us = fmax(times.host_us - times.span_us, 0)};
    return params->kind == TB_MICROBENCH_EMPTY ? TB_OK : read_clocks(on, ctas, out, err);
}

tb_microbench_params tb_gpu_bench_params(const tb_gpu_bench *on, tb_microbench_kind kind)
{
    return (tb_microbench_params){.in = (const void *)(uintptr_t)on->in,
                                  .out = (void *)(uintptr_t)on->out,
                                  .cycles = (tb_i64 *)(uintptr_t)on->cycles,
                                  .kind = (tb_i32)kind,
                                  .turns = 1,
                                  .a = 0.5f,
                                  .b = 0.25f};
}

/* From what some turns take; again, for the first trials are short and their clock may be low. */
tb_status tb_gpu_bench_set_turns(tb_gpu_bench *on, tb_microbench_params *params, double target_us,
                                 tb_error *err)
{
    const tb_gpu_info *info = tb_gpu_info_of(on->gpu);
    tb_status status = TB_OK;
    params->turns = 1;
    target_us = info->is_emulated ? EMULATED_SM_US / info->sms : target_us;
    for (int trial = 0; status == TB_OK && trial < TRIALS; trial++) {
        tb_gpu_bench_sample took = {0};
        status = tb_gpu_bench_launch(on, params, on->ctas, &took, err);
        double turns = params->turns * (took.time_us > 0 ? target_us / took.time_us : 1);
        params->turns = (tb_i32)fmin(fmax(turns, 1), MOST_TURNS);
    }
    return status;
}

tb_status tb_gpu_bench_take(tb_gpu_bench *on, const tb_microbench_params *params, int64_t ctas,
                            tb_gpu_bench_sample *samples, tb_error *err)
{
    tb_status status = tb_gpu_bench_launch(on, params, ctas, &samples[0], err);
    for (int i = 0; status == TB_OK && i < on->samples; i++) {
        status = tb_gpu_bench_launch(on, params, ctas, &samples[i], err);
    }
    return status;
}

/* Words that look random, as real data do to the wires. */
static tb_status fill(const tb_gpu_bench *on, tb_error *err)
{
    const tb_driver *driver = tb_gpu_driver(on->gpu);
    int64_t block = on->bytes < BLOCK_BYTES ? on->bytes : BLOCK_BYTES;
    uint32_t *words = malloc((size_t)block);
    if (words == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for microbenchmarks");
    }
    uint32_t word = 1;
    for (int64_t i = 0; i < block / 4; i++) {
        word = word * 1664525u + 1013904223u; /* Knuth's linear congruence */
        words[i] = word ^ word >> 16;
    }
    tb_cu_result result = 0;
    for (int64_t at = 0; result == 0 && at < on->bytes; at += block) {
        int64_t left = on->bytes - at;
        result = driver->calls.upload(on->in + (uint64_t)at, words,
                                      (size_t)(left < block ? left : block));
    }
    free(words);
    return result == 0 ? TB_OK : tb_driver_failed(driver, "cuMemcpyHtoD", result, err);
}

/* Bytes that the L2 does not hold. */
static int64_t hbm_bytes(const tb_gpu_info *info)
{
    int64_t bytes = HBM_TIMES * info->l2_bytes;
    if (info->is_emulated) {
        return bytes > 0 && bytes <= EMULATED_HBM_BYTES ? bytes / 16 * 16 : EMULATED_BYTES;
    }
    return bytes > LEAST_HBM_BYTES ? bytes / 16 * 16 : LEAST_HBM_BYTES;
}

tb_status tb_gpu_bench_open(tb_gpu *gpu, tb_gpu_bench *on, tb_error *err)
{
    const tb_gpu_info *info = tb_gpu_info_of(gpu);
    *on = (tb_gpu_bench){.gpu = gpu};
    on->bytes = hbm_bytes(info);
    on->samples = info->is_emulated ? EMULATED_SAMPLES : TB_GPU_BENCH_SAMPLES;
    on->ctas = (int64_t)info->sms * CTAS_PER_SM;
    on->variant = tb_cuda_variant_find("microbench");
    size_t clocks = 2 * (size_t)on->ctas; /* tb_gpu_bench_launch() takes as many */
    on->clocks = calloc(clocks, sizeof *on->clocks);
    if (on->clocks == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for microbenchmarks");
    }
    tb_status status = tb_gpu_load(on->gpu, on->variant, &on->kernel, err);
    if (status == TB_OK) {
        status = tb_gpu_alloc(on->gpu, "microbenchmarks", on->bytes, &on->in, err);
    }
    if (status == TB_OK) {
        status = tb_gpu_alloc(on->gpu, "microbenchmarks", on->bytes, &on->out, err);
    }
    if (status == TB_OK) {
        status = tb_gpu_alloc(on->gpu, "microbenchmarks", (int64_t)(clocks * sizeof *on->clocks),
                              &on->cycles, err);
    }
    return status == TB_OK ? fill(on, err) : status;
}

void tb_gpu_bench_close(tb_gpu_bench *on)
{
    tb_gpu_free(on->gpu, on->in);
    tb_gpu_free(on->gpu, on->out);
    tb_gpu_free(on->gpu, on->cycles);
    free(on->clocks);
}
