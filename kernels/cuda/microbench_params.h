/* What the microbenchmarks are handed: the one parameter of microbench, for kernel and host alike.
 * cuda_microbench.h says how much work a launch is. */
#ifndef TB_MICROBENCH_PARAMS_H
#define TB_MICROBENCH_PARAMS_H

#include "cuda_types.h"

#define TB_MICROBENCH_THREADS 256
/* Shared memory of microbench: 16 bytes a thread, TB_MICROBENCH_PIECES times. */
#define TB_MICROBENCH_PIECES       8
#define TB_MICROBENCH_SHARED_BYTES (TB_MICROBENCH_THREADS * 16 * TB_MICROBENCH_PIECES)

#define TB_MICROBENCH_CHAINS 8 /* independent ones, of mma, exp2 and fma, in a warp or thread */
#define TB_MICROBENCH_UNROLL 4 /* steps of each chain in one turn of the loop */
#define TB_MICROBENCH_LOADS  8 /* 16-byte loads of a thread that are in flight together */

typedef enum tb_microbench_kind {
    TB_MICROBENCH_MMA_BF16,
    TB_MICROBENCH_MMA_FP16,
    TB_MICROBENCH_EXP2,
    TB_MICROBENCH_FMA,
    TB_MICROBENCH_SHARED, /* reads of shared memory, 16 bytes a thread, without bank conflicts */
    TB_MICROBENCH_READ,   /* reads of `in`: of L2 where it fits, else of HBM */
    TB_MICROBENCH_COPY,   /* `in` to `out` */
    TB_MICROBENCH_EMPTY
} tb_microbench_kind;

#define TB_MICROBENCH_KINDS 8

typedef struct tb_microbench_params {
    const void *in; /* read, copy */
    void *out;      /* copy: as `in`; else 4 bytes a thread of the grid, see microbench.cu */
    tb_i64 *cycles; /* clocks of the SM that each CTA took, about; may be null */
    tb_i64 bytes;   /* of `in`: a multiple of 16 */
    tb_i32 kind;    /* tb_microbench_kind */
    tb_i32 turns;   /* of the loop; read: passes over `in`; copy: unused */
    tb_i32 step;    /* read: CTAs that a CTA's share moves on from pass to pass; 0 ... grid - 1 */
    float a, b;     /* fma: x = a x + b */
    tb_i32 unused;
} tb_microbench_params;

#endif
