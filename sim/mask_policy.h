/* Which visited tiles a kernel really masks: a property of its source, not of the pattern. */
#ifndef TB_MASK_POLICY_H
#define TB_MASK_POLICY_H

#include "census.h"
#include "dim_rule.h"

#include <stdbool.h>

typedef enum tb_mask_policy {
    TB_MASK_PARTIAL_ONLY, /* the partial tiles */
    TB_MASK_ALWAYS,       /* every visited tile */
    TB_MASK_NEVER,        /* none; right only where no tile is partial */
    TB_MASK_NATTEN        /* all or nothing for each dilation group, by NATTEN's rule */
} tb_mask_policy;

#define TB_MASK_POLICY_COUNT 4

extern const char *const tb_mask_policy_names[TB_MASK_POLICY_COUNT];

typedef struct tb_mask_count {
    int64_t masked; /* visited tiles whose pairs are masked one by one */
    int64_t
        bounds_masked; /* unmasked otherwise, but reaching past the layout: only a bounds mask */
} tb_mask_count;

/**
 * Does NATTEN's kernel leave a dilation group of one dimension unmasked?
 *
 *   with c = floor(s/2) and z = start of the window of query min(floor(n/s) s + c, n - 1):
 *   w = n, or T | s and U | w and (s | n or U | z)
 *             and (U | floor(w/2) - c, or (U | n and ceil(n/s) = 2 and s + c >= n - w))
 *
 * Never for a causal dimension. Not the same as having no partial tile.
 *
 * Source: SHI-Labs/NATTEN 8c8729f, the FNA fusion headers.
 */
bool tb_mask_natten_qualifies(const tb_dim_rule *rule, int64_t q_tile, int64_t kv_tile);

/** Is the policy defined for this pattern and tiling? (natten: gna, sliding-tile, dense and rank-1
 * causal patterns in multi-dim tiling; the others always.) */
bool tb_mask_policy_applies(tb_mask_policy policy, const tb_problem *problem,
                            const tb_pattern *pattern, const tb_tiling *tiling);

/**
 * Count the tiles that a kernel masks, per head and batch entry. Tiles of extra tokens are not
 * masked under natten (they are a launch of their own there).
 *
 * @param[in] census  of the same problem, pattern and tiling
 * @return TB_OK; TB_EINVAL where the policy does not apply; TB_EOVERFLOW
 */
TB_NODISCARD tb_status tb_mask_policy_count(tb_mask_policy policy, const tb_problem *problem,
                                            const tb_pattern *pattern, const tb_tiling *tiling,
                                            const tb_census *census, tb_mask_count *out,
                                            tb_error *err);

#endif
