/* How a kernel cuts tokens into query tiles and KV tiles. */
#ifndef TB_TILING_H
#define TB_TILING_H

#include "pattern.h"
#include "problem.h"

typedef enum tb_tiling_kind {
    TB_TILING_MULTI_DIM, /* tokens permuted so that a tile is a box, per dilation group */
    TB_TILING_SINGLE_DIM /* a tile is a run of the flattened order; dilation is part of the mask */
} tb_tiling_kind;

typedef enum tb_kv_tiling {
    TB_KV_STATIC, /* KV tiles lie on a grid */
    TB_KV_DYNAMIC /* KV tiles start at the first key that the query tile sees */
} tb_kv_tiling;

typedef enum tb_token_order {
    TB_ORDER_ROW_MAJOR,
    TB_ORDER_MORTON, /* bits interleaved, last dimension least significant */
    TB_ORDER_HILBERT /* over the smallest enclosing power-of-two cube, absent tokens skipped */
} tb_token_order;

#define TB_TILING_KIND_COUNT 2
#define TB_KV_TILING_COUNT   2
#define TB_TOKEN_ORDER_COUNT 3

extern const char *const tb_tiling_kind_names[TB_TILING_KIND_COUNT];
extern const char *const tb_kv_tiling_names[TB_KV_TILING_COUNT];
extern const char *const tb_token_order_names[TB_TOKEN_ORDER_COUNT];

typedef struct tb_tiling {
    tb_tiling_kind kind;
    tb_kv_tiling kv_tiling;
    tb_token_order order;        /* of single-dim tiling */
    int64_t q_tile[TB_MAX_RANK]; /* tokens a dimension; of single-dim only the first entry */
    int64_t kv_tile[TB_MAX_RANK];
} tb_tiling;

/** Entries of q_tile and kv_tile: the rank, or 1 for single-dim tiling. */
int tb_tiling_dims(const tb_tiling *tiling, const tb_layout *layout);

/** Tokens of a query tile, |T|, and of a KV tile, |U|; of a tiling that tb_tiling_check() passed.
 */
int64_t tb_tiling_q_tokens(const tb_tiling *tiling, const tb_layout *layout);
int64_t tb_tiling_kv_tokens(const tb_tiling *tiling, const tb_layout *layout);

/** May the KV tiles be dynamic? In multi-dim tiling, the forward pass, and for patterns with a
 * window in each dimension. */
bool tb_tiling_may_be_dynamic(const tb_tiling *tiling, const tb_problem *problem,
                              const tb_pattern *pattern);

/**
 * Validate a tiling for a problem and a pattern that passed their checks.
 *
 * @return TB_OK; TB_EINVAL for an extent < 1, dynamic KV tiles of a pattern without per-dimension
 *         windows or in the backward pass or in single-dim tiling, an order without single-dim
 *         tiling; TB_EOVERFLOW where |T| |U| passes 2^63 - 1
 */
TB_NODISCARD tb_status tb_tiling_check(const tb_tiling *tiling, const tb_problem *problem,
                                       const tb_pattern *pattern, tb_error *err);

#endif
