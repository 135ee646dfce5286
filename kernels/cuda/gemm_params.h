/* What na_gemm's three kernels are handed, for kernel and host alike: the same struct for all.
 *
 *   na_gemm_scores    scores[pair][entry][i][j] = q_i . k_j, -inf where masked
 *   na_gemm_softmax   scores become weights, exp2(scale_log2 (score - largest of the row)), of the
 *                     variant's 16-bit type; inverse[pair][row] = 1 / their sum; lse
 *   na_gemm_values    o = inverse * sum of weights * v
 *
 * The tiles, masks and tensors are those of fmha_fwd, with |T| = |U| = TB_GEMM_TILE. A pair is a
 * head of a batch entry, number batch entry * heads + head. Scores of all pairs seldom fit into
 * memory, so that a launch works on as many pairs as its grid says, from first_pair on; the three
 * kernels run for these before the next ones reuse the scratch memory.
 */
#ifndef TB_GEMM_PARAMS_H
#define TB_GEMM_PARAMS_H

#include "fmha_params.h"

#define TB_GEMM_TILE         64  /* slots of a query tile, and of a KV tile */
#define TB_GEMM_DIM_MAX      256 /* of dim and dim_value */
#define TB_GEMM_VALUE_SLICE  128 /* columns of o that na_gemm_values makes at a time */
#define TB_GEMM_THREADS      128
#define TB_GEMM_SQUARE_BYTES (TB_GEMM_TILE * TB_GEMM_TILE * 2)

/* Dynamic shared memory, all in squares of 64 x 64 16-bit elements. Scores: the query tile, and two
 * stages of K. Values: two stages of weights, and of V. Softmax: none. */
#define TB_GEMM_SCORES_SHARED_BYTES ((TB_GEMM_DIM_MAX / TB_GEMM_TILE + 2) * TB_GEMM_SQUARE_BYTES)
#define TB_GEMM_VALUES_SHARED_BYTES                                                                \
    (2 * (1 + TB_GEMM_VALUE_SLICE / TB_GEMM_TILE) * TB_GEMM_SQUARE_BYTES)

typedef struct tb_gemm_params {
    tb_fmha_params fmha;
    float *scores;  /* scratch: TB_GEMM_SCORE_BYTES a pair; 16-byte aligned */
    float *inverse; /* scratch: q_rows floats a pair */
    tb_i64 entries; /* of the whole list */
    tb_i32 first_pair;
    tb_i32 unused;
} tb_gemm_params;

/* Scratch of one pair. Weights overwrite scores: those of a row of a tile lie in the first half of
 * the bytes that its scores had. */
#define TB_GEMM_SCORE_BYTES(entries, q_tile, kv_tile) ((entries) * (q_tile) * (kv_tile)*4)

/* Grid of all three: query tiles x pairs. An mma is 2048 multiply-adds; they take visits x 64 x 64
 * x (dim and dim_value, each rounded up to a multiple of 16). */

#endif
