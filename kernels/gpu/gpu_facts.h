/* What the process' GPU is and can do: the facts of the CUDA backend. */
#ifndef TB_GPU_FACTS_H
#define TB_GPU_FACTS_H

#include "backend.h"

/**
 * Name the GPU and, with is_measuring, run the microbenchmarks (some seconds).
 *
 *   rate = work of a launch (cuda_microbench.h) / its time beyond that of an empty kernel
 *   clock = the most clocks that a CTA counted / that time
 *   rate per clock and SM = work / (SMs * the most clocks that a CTA counted)
 *   sustained_clock_fraction = clock after two seconds of tensor-core work / clock of short
 * launches
 *
 * Facts: mma_bf16_flop_per_s, mma_fp16_flop_per_s, exp2_per_s, fma_flop_per_s,
 * shared_read_bytes_per_s, each of these but mma_fp16 also as ..._per_clk_per_sm;
 * l2_read_bytes_per_s, hbm_read_bytes_per_s, hbm_copy_bytes_per_s (read and written bytes
 * together), empty_kernel_us, launch_overhead_us, clock_mhz, sustained_clock_mhz,
 * sustained_clock_fraction.
 *
 * An emulated GPU is asked for as little as gives every fact; one of a few SMs for enough to give
 * back what it pretends to be.
 *
 * @return TB_OK; TB_EUNAVAILABLE with the reason, and for what its memory cannot hold;
 * TB_EINTERNAL; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_gpu_facts_read(bool is_measuring, tb_device_facts *out, tb_error *err);

#endif
