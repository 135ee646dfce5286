/* Random tensors of a launch, and what the emulator computed of them against double precision. */
#ifndef TB_EMU_ATTENTION_H
#define TB_EMU_ATTENTION_H

#include "backend.h"

#include <gsl/gsl_rng.h>

typedef struct tb_emu_attention {
    tb_launch launch;
    void *q, *k, *v;
    void *o; /* to be filled with the result */
    float *lse;
    int64_t q_bytes, k_bytes, v_bytes, o_bytes, lse_bytes;
} tb_emu_attention;

/** Tensors of a launch, of logits of about this size. */
tb_emu_attention tb_emu_attention_create(gsl_rng *random, const tb_launch *launch,
                                         double logit_size);
void tb_emu_attention_free(tb_emu_attention *attention);

/**
 * The largest error of o and lse in units of its bound (tb_reference_gpu_bound()); at most 1 is
 * right.
 *
 * @param[in]  are_weights_rounded  to the 16-bit type
 * @param[out] visible              pairs, of all heads and batch entries
 */
double tb_emu_attention_worst(const tb_emu_attention *attention, bool are_weights_rounded,
                              int64_t *visible);

#endif
