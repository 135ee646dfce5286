/* The window rule of one dimension: which run of positions each position sees.
 *
 * Starts and ends never decrease with the position, and windows of neighbors overlap or touch: the
 * closed forms of dim_census.c rest on both. */
#ifndef TB_DIM_RULE_H
#define TB_DIM_RULE_H

#include "checked.h"

#include <stdint.h>

typedef enum tb_dim_kind {
    TB_DIM_BIDIRECTIONAL, /* gna: the window shifts back into the axis at its ends */
    TB_DIM_CAUSAL,        /* gna, causal */
    TB_DIM_LOCAL          /* the window is cut off at the ends */
} tb_dim_kind;

typedef struct tb_dim_rule {
    tb_dim_kind kind;
    int64_t length; /* n: tokens of the dilation group, >= 1 */
    int64_t window; /* w, 1 to n; not of local */
    int64_t stride; /* s, 1 to w; not of local */
    int64_t left;   /* local: positions seen before and after, 0 to n - 1 */
    int64_t right;
} tb_dim_rule;

/** The query that decides the window of position i: the same for a whole stride group. */
static inline int64_t tb_dim_leader(const tb_dim_rule *rule, int64_t i)
{
    int64_t offset = rule->kind == TB_DIM_CAUSAL ? rule->stride - 1 : rule->stride / 2;
    return tb_min(i / rule->stride * rule->stride + offset, rule->length - 1);
}

/**
 * First position that position i sees.
 *
 *   bidirectional: leader = min(floor(i/s) s + floor(s/2), n-1); start = clamp(leader - floor(w/2),
 * 0, n-w) causal:        leader = min(floor(i/s) s + s - 1, n-1);      start = max(leader - w + 1,
 * 0) local:         start = max(i - left, 0)
 *
 * Source: GNA (arXiv 2504.16922) sec. 3 and NATTEN's reference mask; local as FlashAttention's
 * window_size.
 */
static inline int64_t tb_dim_start(const tb_dim_rule *rule, int64_t i)
{
    switch (rule->kind) {
    case TB_DIM_BIDIRECTIONAL: {
        int64_t start = tb_dim_leader(rule, i) - rule->window / 2;
        return tb_max(tb_min(start, rule->length - rule->window), 0);
    }
    case TB_DIM_CAUSAL:
        return tb_max(tb_dim_leader(rule, i) - rule->window + 1, 0);
    default:
        return tb_max(i - rule->left, 0);
    }
}

/** One past the last position that position i sees: start + w, i + 1, or min(i + right, n-1) + 1.
 */
static inline int64_t tb_dim_end(const tb_dim_rule *rule, int64_t i)
{
    switch (rule->kind) {
    case TB_DIM_BIDIRECTIONAL:
        return tb_dim_start(rule, i) + rule->window;
    case TB_DIM_CAUSAL:
        return i + 1;
    default:
        return rule->length - 1 - i <= rule->right ? rule->length : i + rule->right + 1;
    }
}

#endif
