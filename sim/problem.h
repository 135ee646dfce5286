/* What is attended over: the token layout, heads, head dims, dtype, extra tokens. */
#ifndef TB_PROBLEM_H
#define TB_PROBLEM_H

#include "status.h"

#include <stddef.h>
#include <stdint.h>

#define TB_MAX_RANK 4

/** Extents of a token layout, outermost dimension first; flattened row-major. */
typedef struct tb_layout {
    int rank; /* 1 to TB_MAX_RANK */
    int64_t extent[TB_MAX_RANK];
} tb_layout;

typedef enum tb_dtype {
    TB_DTYPE_FP32,
    TB_DTYPE_FP16,
    TB_DTYPE_BF16,
    TB_DTYPE_E4M3,
    TB_DTYPE_E5M2
} tb_dtype;

#define TB_DTYPE_COUNT 5

/** Names in the order of tb_dtype. */
extern const char *const tb_dtype_names[TB_DTYPE_COUNT];

/** Bytes of one element. */
int64_t tb_dtype_bytes(tb_dtype dtype);

typedef enum tb_pass { TB_PASS_FORWARD, TB_PASS_BACKWARD } tb_pass;

#define TB_PASS_COUNT 2

extern const char *const tb_pass_names[TB_PASS_COUNT];

/** One attention operation. Extra KV tokens are seen by every query; extra queries see everything.
 */
typedef struct tb_problem {
    tb_layout layout;
    int64_t batch;
    int64_t heads;    /* query heads */
    int64_t heads_kv; /* divides heads */
    int64_t dim;      /* of queries and keys */
    int64_t dim_value;
    int64_t extra_kv; /* tokens */
    int64_t extra_q;  /* tokens */
    tb_dtype dtype;
    tb_pass pass;
} tb_problem;

/** batch 1, heads 1, dim 128, bf16, forward, no extra tokens, no layout (rank 0). */
tb_problem tb_problem_default(void);

/** Tokens of a layout that tb_problem_check() passed. */
int64_t tb_layout_tokens(const tb_layout *layout);

/**
 * Validate a problem.
 *
 *   dense pairs = (N + extra queries) * (N + extra KV tokens) must fit in 2^63 - 1
 *
 * @return TB_OK; TB_EINVAL for a value that makes no sense; TB_EOVERFLOW for dense pairs past
 * 2^63-1
 */
TB_NODISCARD tb_status tb_problem_check(const tb_problem *problem, tb_error *err);

#endif
