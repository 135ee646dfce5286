/* Softmax of a row that is seen a tile of keys at a time (Milakov and Gimelshein,
 * arXiv 1805.02867), in powers of two.
 *
 * With t_j = scale log2(e) q.k_j, a row keeps a number top near max t_j, and sum = sum of
 * 2^(t_j - top) over the keys so far; its output so far is not yet divided by the sum. When top
 * rises, what was summed before shrinks by 2^(old top - new top).
 *
 *     weight = 2^(s (scale log2 e) - top)      one FMA and one ex2 a score
 *
 * top need not be the maximum: any number does that keeps weights from overflowing. So it rises
 * only when a score passes it by more than TB_TOP_SLACK powers of two, which after a few tiles is
 * rare, and most tiles leave the output alone (FlashAttention-4's idea, arXiv 2603.05451). Weights
 * are at most 2^8 then, far below what fp16 holds, and sums are fp32.
 *
 * top is a product rounded once, and both the weights and the shrinking use this number: its
 * rounding error cancels in the quotient, however large the logits.
 *
 * A row whose keys are all masked so far has top = -inf, where -inf - -inf would be NaN: the number
 * subtracted is then 0, so that each weight is 2^-inf = 0. (A sentinel like -1e30 instead of -inf
 * makes it 2^0 = 1.) Where a row ends so, its sum is 0, its output 0, its log-sum-exp -inf.
 */
#ifndef TB_FMHA_SOFTMAX_H
#define TB_FMHA_SOFTMAX_H

#include "ptx.h"

/* The maximum of a row, which four neighbouring lanes share. */
TB_FN float tb_quad_max(float x)
{
    x = tb_max(x, tb_shfl_xor(x, 1));
    return tb_max(x, tb_shfl_xor(x, 2));
}

TB_FN float tb_quad_sum(float x)
{
    x += tb_shfl_xor(x, 1);
    return x + tb_shfl_xor(x, 2);
}

#define TB_TOP_SLACK 8.0f

/* Greatest t of a row in a tile. `scores` are an m16 tile's accumulators of TB_KV_TILE columns, of
 * which row `half` is meant. */
TB_FN float tb_tile_top(float scores[TB_KV_TILE / 8][4], int half, float scale_log2)
{
    float most = TB_MINUS_INFINITY;
    TB_UNROLL
    for (int n = 0; n < TB_KV_TILE / 8; n++) {
        most = tb_max(most, tb_max(scores[n][half * 2], scores[n][half * 2 + 1]));
    }
    return tb_quad_max(most) * scale_log2;
}

/* What is subtracted from each t of a row. */
TB_FN float tb_base(float top)
{
    return top > TB_MINUS_INFINITY ? top : 0.0f;
}

/* Two scores of a row become weights, which are added to the lane's sum and rounded to 16 bits. */
TB_FN tb_u32 tb_weigh(const float *pair, float scale_log2, float base, float *sum)
{
    const float even = tb_exp2(tb_fma(pair[0], scale_log2, -base));
    const float odd = tb_exp2(tb_fma(pair[1], scale_log2, -base));
    *sum += even + odd;
    return tb_pack(even, odd);
}

#endif
