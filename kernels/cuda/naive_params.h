/* What na_naive is handed, for kernel and host alike.
 *
 * Tensors are the problem's own: [batch][token][head][dim], tokens of the layout in row-major
 * order, extra ones after them. No tile, no permutation.
 *
 * Which keys a query sees is a product over the axes of the layout. Along axis a, a query at
 * coordinate c sees the coordinates
 *
 *   start, start + dilation, start + 2 dilation, ... < end,   (start, end) = window[a][c]
 *
 * Every query also sees the extra keys; an extra query sees every key that there is.
 */
#ifndef TB_NAIVE_PARAMS_H
#define TB_NAIVE_PARAMS_H

#include "cuda_types.h"

#define TB_NAIVE_AXES    4
#define TB_NAIVE_DIM_MAX 256
#define TB_NAIVE_QUERIES 4 /* a CTA: one a warp */
#define TB_NAIVE_THREADS (32 * TB_NAIVE_QUERIES)

typedef struct tb_naive_window {
    tb_i32 start, end;
} tb_naive_window;

typedef struct tb_naive_params {
    const void *q, *k, *v;
    void *o;
    float *lse; /* natural logarithm, [batch][token][head]; may be null */
    /* Axes are aligned to the right: the layout's innermost is the last. Those that it lacks have
     * extent 1; windows of an axis of extent 1 are not read, its one coordinate sees itself. */
    const tb_naive_window *window[TB_NAIVE_AXES];
    tb_i32 extent[TB_NAIVE_AXES];
    tb_i32 dilation[TB_NAIVE_AXES];
    tb_i64 tokens;          /* product of the extents */
    tb_i64 q_rows, kv_rows; /* a batch entry: tokens, and extra ones */
    tb_i32 heads, heads_kv;
    tb_i32 dim, dim_value; /* multiples of 8, at most TB_NAIVE_DIM_MAX */
    float scale_log2;      /* of the logits, times log2(e) */
    tb_i32 unused;
} tb_naive_params;

/* Grid: ceil(q_rows / TB_NAIVE_QUERIES) x batch x heads. */

#endif
