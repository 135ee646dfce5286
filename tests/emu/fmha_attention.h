/* A hand-built problem with random tensors: run on the emulator, and held against plain attention
 * in double precision. */
#ifndef TB_FMHA_ATTENTION_H
#define TB_FMHA_ATTENTION_H

#include "fmha_problem.h"
#include "kernel_run.h"

#include <stdatomic.h>

typedef struct tb_fmha_attention {
    const tb_kernel *kernel;
    tb_fmha_problem *problem;
    tb_dtype dtype;
    int dim, dim_value;
    double scale;
    int part; /* of the rows, which is compared */
    void *q, *k, *v, *o;
    double *q_exact, *k_exact, *v_exact; /* the same as numbers */
    float *lse, *lse_before;
    void *o_before;
    int64_t o_elements, lse_elements;
    _Atomic int64_t *unmasked; /* by entry and slot */
} tb_fmha_attention;

/** Tiles are the variant's, or of 48 and 96 slots where it takes any. */
tb_fmha_attention tb_fmha_attention_create(const tb_kernel *kernel, const tb_fmha_shape *shape);
void tb_fmha_attention_free(tb_fmha_attention *attention);

/** Run it under the three schedules; with is_inexact, sums and powers are as bad as a GPU's may be,
 *  and nothing is counted. Returns what the last run did. */
tb_emu_counters tb_fmha_attention_run(tb_fmha_attention *attention, bool is_inexact);

/** The largest error in units of its bound, of a third of the rows, which are others with each
 *  form; rows that no query tile has must be as they were. */
double tb_fmha_attention_worst(const tb_fmha_attention *attention);

#endif
