/* The microbenchmarks' kernel on the process' GPU: its buffers, and launches of it. */
#ifndef TB_GPU_BENCH_H
#define TB_GPU_BENCH_H

#include "cuda_microbench.h"
#include "gpu.h"

#define TB_GPU_BENCH_SAMPLES 11

/** What is read and written, and the kernel. */
typedef struct tb_gpu_bench {
    tb_gpu *gpu;
    tb_gpu_kernel kernel;
    const tb_cuda_variant *variant;
    tb_cu_address in, out, cycles;
    int64_t bytes;   /* of in and of out: many times the L2 */
    int64_t ctas;    /* two an SM, which run all at once */
    tb_i64 *clocks;  /* by CTA, of the last launch; owned */
    int samples;     /* to take of each fact */
    bool is_events;  /* a launch was timed by CUDA events */
    double empty_us; /* time of a kernel that does nothing, once it is known: the time of work is
                        what lies beyond it */
} tb_gpu_bench;

/** One launch: what it did and how long it took. */
typedef struct tb_gpu_bench_sample {
    tb_microbench_work work;
    double time_us, overhead_us;
    double work_us; /* time_us without that of an empty kernel */
    double clocks;  /* the most of any CTA; 0 for an empty kernel */
} tb_gpu_bench_sample;

/** Make what is needed on `gpu`; an emulated one is given little to do. To be closed, also after a
 *  failure. TB_OK; TB_EUNAVAILABLE; TB_EINTERNAL; TB_ENOMEM. */
TB_NODISCARD tb_status tb_gpu_bench_open(tb_gpu *gpu, tb_gpu_bench *out, tb_error *err);
void tb_gpu_bench_close(tb_gpu_bench *on);

/** Parameters of one turn of a kind. */
tb_microbench_params tb_gpu_bench_params(const tb_gpu_bench *on, tb_microbench_kind kind);

/** Launch once, on at most twice on->ctas CTAs. An emulated GPU's CTAs count the emulator's steps:
 *  the driver's clock stands in. What tb_gpu_run() returns; TB_EINTERNAL for one that took no time.
 */
TB_NODISCARD tb_status tb_gpu_bench_launch(tb_gpu_bench *on, const tb_microbench_params *params,
                                           int64_t ctas, tb_gpu_bench_sample *out, tb_error *err);

/** Choose the turns that take about so long. */
TB_NODISCARD tb_status tb_gpu_bench_set_turns(tb_gpu_bench *on, tb_microbench_params *params,
                                              double target_us, tb_error *err);

/** Warm up once, then launch on->samples times. */
TB_NODISCARD tb_status tb_gpu_bench_take(tb_gpu_bench *on, const tb_microbench_params *params,
                                         int64_t ctas, tb_gpu_bench_sample *samples, tb_error *err);

#endif
