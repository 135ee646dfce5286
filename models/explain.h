/* Why the speedup is below the sparsity: factors from the FLOP-wise speedup down to the predicted
 * one, each with what would remove it. */
#ifndef TB_EXPLAIN_H
#define TB_EXPLAIN_H

#include "predict_time.h"

#define TB_EXPLAIN_STEPS 9

typedef struct tb_explain_step {
    const char *name;
    double factor;    /* above 1 = this helps the sparse kernel */
    char advice[240]; /* one sentence, or empty */
} tb_explain_step;

typedef struct tb_explanation {
    double from;                                 /* FLOP-wise speedup */
    double to;                                   /* predicted speedup with permutation */
    tb_explain_step steps[TB_EXPLAIN_STEPS + 1]; /* room for `unexplained` */
    size_t count;
} tb_explanation;

/**
 * Factor a predicted speedup.
 *
 *   from x product of factors = dense_us / total_us, exactly:
 *   masked pairs in tiles     visible / real pairs in visited tiles
 *   padding                   real pairs / visited |T| |U|, over the same of the dense baseline
 *   baseline tiles and dims   tensor cycles of the dense kernel over those of its bound
 *   exp and MMA in turn       tensor / tile cycles, over the same of the dense kernel
 *   masking                   plain / plain and masked tile cycles
 *   prologue                  tile cycles / CTA cycles, over the same of the dense kernel
 *   waves and tail            use of the slots, over the same of the dense kernel
 *   clock, HBM and launch     clock x makespan / time, over the same of the dense kernel
 *   permutation               attention / total time
 *
 * @param[in] timing  of the prediction, with a dense baseline
 * @return TB_OK; TB_EINVAL without a dense baseline
 */
TB_NODISCARD tb_status tb_explain(const tb_prediction *prediction, const tb_kernel *kernel,
                                  const tb_timing *timing, tb_explanation *out, tb_error *err);

/** What was measured of the launch and of its dense baseline, in microseconds. */
typedef struct tb_explain_measured {
    double attention_us;
    double dense_us;
    bool with_permutation; /* attention_us includes permuting tokens */
} tb_explain_measured;

/**
 * The predicted speedup that a measured one is compared with.
 *
 *   with_permutation: dense / total time; else dense / attention time (before the last step)
 */
double tb_explain_compared_with(const tb_timing *timing, const tb_explain_measured *measured);

/**
 * Append the step `unexplained`.
 *
 *   factor = (dense_us / attention_us measured) / tb_explain_compared_with()
 *
 * @param[in,out] out  from tb_explain() of the same timing, without this step yet
 */
void tb_explain_add_measured(const tb_timing *timing, const tb_explain_measured *measured,
                             tb_explanation *out);

#endif
