/* What gathering mask blocks costs a tensor core: loops over queries or over KV first, and padding
 * to the least rows of a matrix product. */
#ifndef TB_GATHER_COST_H
#define TB_GATHER_COST_H

#include "pattern.h"

/** How a kernel gathers. */
typedef struct tb_gather_kernel {
    int64_t group;      /* query heads that share a KV head and what is kept, G */
    int64_t min_rows;   /* of a matrix product, M: 16 for mma.sync, 64 for wgmma */
    int64_t batch_rows; /* rows that the KV-outer loop gathers at a time, a multiple of M */
} tb_gather_kernel;

/** Of one KV head and batch entry, in expectation over instances. */
typedef struct tb_gather_cost {
    double useful;      /* rows x columns that were asked for, whole mask blocks */
    double q_outer;     /* rows x columns computed, queries in the outer loop */
    double kv_outer;    /* the same, KV in the outer loop */
    double keys_loaded; /* query-outer: keys (and values) that are loaded */
    double rows_moved;  /* KV-outer: query rows that are gathered, and rows of partial outputs that
                           are written and then summed */
} tb_gather_cost;

/**
 * Count the rows and columns of both loop orders, for kept mask blocks (block-sparse, topk).
 *
 *   query-outer:  sum over rows r of mask blocks of  pad(q_r G, M) E[kept_r] block_kv
 *   KV-outer:     sum over columns c of  E[pad(X_c, B)] block_kv,   X_c = sum of q_r G over the
 * rows that keep c,  pad(x, B) = ceil(x / B) B
 *
 * with q_r the queries of a row (block_q; 1 where each query has its own). Rows keep a column
 * independently of each other, with probability 1 (sink, local), m / n (top-k) or p (density), so
 * that the distribution of X_c mod B follows row by row, exactly.
 *
 * NSA's kernel is query-outer: one query token and its G heads are a product's rows, padded to M
 * where G is less. Flash Sparse Attention is KV-outer: the queries that selected a mask block are
 * batched, so that only the last batch of each is padded, and each pair costs a row of a partial
 * output that a second kernel sums.
 *
 * Source: NSA (arXiv 2502.11089) sec. 3.4; Flash Sparse Attention (2508.18224) sec. 3.
 * Not modelled: causal masking inside of mask blocks, which both orders compute.
 *
 * @param[in] pattern  block-sparse or topk, valid per tb_pattern_check(); borrowed
 * @return TB_OK; TB_EINVAL for other kinds, for a density that falls with the distance, and for a
 *         kernel that makes no sense; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_gather_count(const tb_pattern *pattern, const tb_layout *layout,
                                       const tb_gather_kernel *kernel, tb_gather_cost *out,
                                       tb_error *err);

#endif
