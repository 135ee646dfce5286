/* How much work a launch of a microbenchmark is: rate = work / time. */
#ifndef TB_CUDA_MICROBENCH_H
#define TB_CUDA_MICROBENCH_H

#include "microbench_params.h"

#include <stdint.h>

/** Work of a launch, that of the loops: the one value of 4 bytes that each thread stores, and what
 * fills shared memory once, are left out. */
typedef struct tb_microbench_work {
    int64_t mma;          /* warp instructions m16n8k16 */
    int64_t exp2, fma;    /* of threads */
    int64_t flop;         /* of mma and fma: a multiply-add is two */
    int64_t shared_bytes; /* read */
    int64_t read_bytes;   /* from L2 or HBM */
    int64_t write_bytes;
} tb_microbench_work;

/**
 * Count the work of a launch.
 *
 *   mma   CTAs * warps * turns * chains * steps, 16 * 8 * 16 multiply-adds each
 *   exp2  CTAs * threads * turns * chains * steps; fma likewise
 *   shared  CTAs * threads * turns * pieces * 16 bytes
 *   read  turns * bytes;  copy  bytes read and as many written
 *
 * @param[in] params  of the kernel microbench; pointers are not read; bytes * turns < 2^63
 * @param[in] ctas    of the grid, < 2^31
 */
tb_microbench_work tb_microbench_work_of(const tb_microbench_params *params, int64_t ctas);

#endif
