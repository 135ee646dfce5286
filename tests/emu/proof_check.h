/* One problem of the proof: planned, run on the emulator under every schedule, and held against the
 * reference, the census and the model. Any failure fails the test with the case printed. */
#ifndef TB_PROOF_CHECK_H
#define TB_PROOF_CHECK_H

#include "emu_run.h"
#include "proof_case.h"

/* What was proved so far. */
typedef struct tb_proof_totals {
    int problems[TB_PROOF_KERNELS];
    int runs, inexact;
    double worst[TB_PROOF_KERNELS]; /* errors in units of their bound */
    int64_t mma, unmasked;
    int whole;                                /* problems of fmha_fwd whose tiles are all full: */
    int64_t load_sectors, load_sectors_ideal; /* what they load */
    int64_t shared_transactions, shared_conflicts; /* of fmha_fwd */
    /* what was drawn, so that none is missing */
    int dtypes[3], ranks[4], kinds[TB_PATTERN_COUNT], orders[3], boxes, permuted, dilated, strided,
        causal, extra_kv, extra_q, grouped, batched, padded, other_value, mask_kinds[3];
} tb_proof_totals;

/** Check one case. fmha_fwd is to be served by `variant`; returns false, having done nothing, where
 *  another form does. */
bool tb_proof_check(const tb_proof_case *item, const tb_cuda_variant *variant, uint64_t seed,
                    tb_proof_totals *totals);

#endif
