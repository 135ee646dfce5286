/* One stage of a mechanism, evaluated on a device of round numbers: for hand-worked tests of the
 * kinds of stages. */
#ifndef TB_STAGE_CASE_H
#define TB_STAGE_CASE_H

#include "mechanism.h"

/** A device of round numbers: FP16 500 TFLOP/s (GEMM 400), FP8 1000, INT8 1000, FP32 50, special
 *  1e6 a microsecond (100 SMs x 1000 MHz x 10), HBM 2000 GB/s (measured 1600), PCIe 20 GB/s, NVLink
 *  600 GB/s both ways, launch 4 us. Destroy it. */
tb_device *tb_test_round_device(void);

/** A mechanism file of one stage "probe", whose other keys are `keys` ("kind: stream, read: N"),
 *  over parameters half 0.5 and block 96. `baseline` is self or causal. Its path. */
const char *tb_test_stage_file(const char *baseline, const char *keys);

/** Evaluate it on a problem; release the result. */
tb_mechanism_result tb_test_stage(const char *baseline, const char *keys, const tb_problem *problem,
                                  const tb_device *device, const tb_kernel *kernel);

/** 1000 tokens, batch 3, 6 heads, 2 KV heads, dims 64 and 96, bf16. */
tb_problem tb_test_stage_problem(void);

#endif
