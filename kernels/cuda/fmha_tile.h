/* What a warp of fmha_fwd computes of one tile: scores, weights, its rows of the output.
 *
 * `entry`, of the walk, makes addresses be computed anew in each of its turns (tile_copy.h).
 */
#ifndef TB_FMHA_TILE_H
#define TB_FMHA_TILE_H

#include "fmha_layout.h"
#include "fmha_mask.h"
#include "fmha_softmax.h"
#include "swizzle.h"
#include "tile_copy.h"

#define TB_M_TILES (TB_WARP_ROWS / 16) /* of 16 rows, a warp */
#define TB_ROW_DIM TB_FMHA_ROW_DIM(TB_DIM, TB_DIM_VALUE)
#define TB_AHEAD   (TB_KV_TILE / 32) /* operands of weights that are ready before P V begins */

/* scores = Q K^T, of the warp's rows and the K tile of a stage. */
TB_FN void tb_scores(tb_u32 q_tile, tb_u32 k_tile, int entry,
                     float scores[TB_M_TILES][TB_KV_TILE / 8][4])
{
    const tb_u32 thread = (tb_u32)tb_anew(tb_thread(), entry);
    const int lane = (int)(thread % 32), warp = (int)(thread / 32);
    const tb_u32 q = q_tile + tb_swizzle(warp * TB_WARP_ROWS + lane % 16, lane / 16, TB_ROW_DIM);
    const tb_u32 k = k_tile + tb_swizzle(lane % 8 + lane / 16 * 8, lane / 8 % 2, TB_DIM);
    TB_UNROLL
    for (int m = 0; m < TB_M_TILES; m++) {
        TB_UNROLL
        for (int n = 0; n < TB_KV_TILE / 8; n++) {
            scores[m][n][0] = scores[m][n][1] = scores[m][n][2] = scores[m][n][3] = 0.0f;
        }
    }
    TB_UNROLL
    for (int d = 0; d < TB_DIM / 16; d++) {
        tb_u32 a[TB_M_TILES][4];
        TB_UNROLL
        for (int m = 0; m < TB_M_TILES; m++) {
            tb_ldmatrix_x4(a[m],
                           tb_swizzle_step(q, d, TB_ROW_DIM) + (tb_u32)(m * 16 * TB_ROW_DIM * 2));
        }
        TB_UNROLL
        for (int n = 0; n < TB_KV_TILE / 16; n++) {
            tb_u32 b[4];
            tb_ldmatrix_x4(b, tb_swizzle_step(k, d, TB_DIM) + (tb_u32)(n * 16 * TB_DIM * 2));
            TB_UNROLL
            for (int m = 0; m < TB_M_TILES; m++) {
                tb_mma(scores[m][2 * n], a[m], b[0], b[1]);
                tb_mma(scores[m][2 * n + 1], a[m], b[2], b[3]);
            }
        }
    }
}

/* The output's rows so far, and what their softmax needs to know. */
typedef struct tb_rows {
    float out[TB_M_TILES][TB_DIM_VALUE / 8][4];
    float top[TB_LANE_ROWS], sum[TB_LANE_ROWS]; /* fmha_softmax.h */
} tb_rows;

TB_FN void tb_rows_begin(tb_rows *rows)
{
    TB_UNROLL
    for (int m = 0; m < TB_M_TILES; m++) {
        TB_UNROLL
        for (int d = 0; d < TB_DIM_VALUE / 8; d++) {
            rows->out[m][d][0] = rows->out[m][d][1] = rows->out[m][d][2] = rows->out[m][d][3] =
                0.0f;
        }
    }
    TB_UNROLL
    for (int row = 0; row < TB_LANE_ROWS; row++) {
        rows->top[row] = TB_MINUS_INFINITY;
        rows->sum[row] = 0.0f;
    }
}

/* Where a row's scores pass its top by too much, all tops of the warp rise to their scores. Returns
 * 1 if so: the output is then to be multiplied by `shrink`, which else is 1 (sums are, here). */
TB_FN int tb_raise_tops(float scale_log2, float scores[TB_M_TILES][TB_KV_TILE / 8][4],
                        tb_rows *rows, float shrink[TB_LANE_ROWS])
{
    float top[TB_LANE_ROWS];
    int is_passed = 0;
    TB_UNROLL
    for (int row = 0; row < TB_LANE_ROWS; row++) {
        top[row] = tb_tile_top(scores[row / 2], row % 2, scale_log2);
        is_passed |= top[row] > rows->top[row] + TB_TOP_SLACK;
    }
    const int is_raised = tb_ballot(is_passed) != 0;
    TB_UNROLL
    for (int row = 0; row < TB_LANE_ROWS; row++) {
        const float new_top = is_raised ? tb_max(rows->top[row], top[row]) : rows->top[row];
        shrink[row] = tb_exp2(rows->top[row] - tb_base(new_top));
        rows->top[row] = new_top;
        rows->sum[row] *= shrink[row];
    }
    return is_raised;
}

TB_FN void tb_shrink(tb_rows *rows, const float shrink[TB_LANE_ROWS])
{
    TB_UNROLL
    for (int row = 0; row < TB_LANE_ROWS; row++) {
        const int half = row % 2;
        TB_UNROLL
        for (int d = 0; d < TB_DIM_VALUE / 8; d++) {
            rows->out[row / 2][d][half * 2] *= shrink[row];
            rows->out[row / 2][d][half * 2 + 1] *= shrink[row];
        }
    }
}

/* Weights of 16 keys, as operands of an mma. */
TB_FN void tb_weights(float scale_log2, float scores[TB_M_TILES][TB_KV_TILE / 8][4], int j,
                      tb_rows *rows, tb_u32 a[TB_M_TILES][4])
{
    TB_UNROLL
    for (int m = 0; m < TB_M_TILES; m++) {
        TB_UNROLL
        for (int i = 0; i < 4; i++) {
            const int row = m * 2 + i % 2;
            a[m][i] = tb_weigh(scores[m][2 * j + i / 2] + i % 2 * 2, scale_log2,
                               tb_base(rows->top[row]), &rows->sum[row]);
        }
    }
}

/* out += P V. The weights of the first half of the keys are computed, then the output shrinks where
 * it must, then the weights of the second half while the tensor cores multiply the first.
 *
 * The branch in between is more than time saved: instructions are scheduled between branches, and
 * without this one the compiler mixes so much of the softmax into P V that registers spill. */
TB_FN void tb_add_values(float scale_log2, tb_u32 v_tile, int entry,
                         float scores[TB_M_TILES][TB_KV_TILE / 8][4], tb_rows *rows)
{
    const int lane = (int)((tb_u32)tb_anew(tb_thread(), entry) % 32);
    const tb_u32 v = v_tile + tb_swizzle(lane % 16, lane / 16, TB_DIM_VALUE);
    tb_u32 a[TB_KV_TILE / 16][TB_M_TILES][4];
    float shrink[TB_LANE_ROWS];
    const int is_raised = tb_raise_tops(scale_log2, scores, rows, shrink);
    TB_UNROLL
    for (int j = 0; j < TB_AHEAD; j++) {
        tb_weights(scale_log2, scores, j, rows, a[j]);
    }
    if (is_raised) {
        tb_shrink(rows, shrink);
    }
    TB_UNROLL
    for (int j = 0; j < TB_KV_TILE / 16; j++) {
        if (j + TB_AHEAD < TB_KV_TILE / 16) {
            tb_weights(scale_log2, scores, j + TB_AHEAD, rows, a[j + TB_AHEAD]);
        }
        TB_UNROLL
        for (int d = 0; d < TB_DIM_VALUE / 16; d++) {
            tb_u32 b[4];
            tb_ldmatrix_x4_trans(b, tb_swizzle_step(v, d, TB_DIM_VALUE) +
                                        (tb_u32)(j * 16 * TB_DIM_VALUE * 2));
            TB_UNROLL
            for (int m = 0; m < TB_M_TILES; m++) {
                tb_mma(rows->out[m][2 * d], a[j][m], b[0], b[1]);
                tb_mma(rows->out[m][2 * d + 1], a[j][m], b[2], b[3]);
            }
        }
    }
}

#endif
