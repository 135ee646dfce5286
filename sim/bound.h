/* Upper bounds on speedup over a dense baseline. */
#ifndef TB_BOUND_H
#define TB_BOUND_H

#include "census.h"

typedef enum tb_baseline {
    TB_BASELINE_SELF,  /* dense self attention in single-dim tiles of the same size */
    TB_BASELINE_CAUSAL /* causal attention likewise; rank 1 */
} tb_baseline;

#define TB_BASELINE_COUNT 2

extern const char *const tb_baseline_names[TB_BASELINE_COUNT];

typedef struct tb_bound {
    tb_baseline baseline;
    int64_t baseline_tiles;    /* (query tile, KV tile) pairs that the baseline visits */
    int64_t baseline_pairs;    /* query-key pairs that it sees */
    double flop_speedup;       /* baseline pairs / visible pairs */
    double tile_speedup;       /* baseline tiles / visited tiles */
    double tile_speedup_worst; /* KV tiles / most KV tiles that any query tile visits */
    double sparsity;           /* 1 - visible pairs / baseline pairs */
    double padding_waste;      /* of visited tiles' pairs, the part outside the layout */
    double mask_waste;         /* the part inside the layout that is masked */
    double waste;              /* their sum */
    bool fully_block_sparse;   /* no tile is partial */
} tb_bound;

/**
 * Bounds of a census over a baseline.
 *
 *   self:   (ceil(N/|T|) + ceil(B/|T|)) (ceil(N/|U|) + ceil(A/|U|)) tiles, (N + B)(N + A) pairs
 *   causal: causal attention's own census over the N tokens, plus the tiles and pairs of extra
 * tokens worst = (KV tiles of all dilation groups + those of extra KV) / max; query padding is left
 * out, so it may exceed tile_speedup padding_waste = 1 - real / (visited |T| |U|);  mask_waste =
 * (real - visible) / (visited |T| |U|)
 *
 * Source: GNA (arXiv 2504.16922) sec. 3 for FLOP-wise and worst; totals and waste are ours.
 * Not modelled: the time of a tile; a real kernel's dense baseline may have other tiles.
 *
 * @param[in] census  of the same problem, pattern and tiling
 * @return TB_OK; TB_EINVAL for a causal baseline of a layout of rank > 1 or of a pattern that sees
 *         later keys; TB_EOVERFLOW
 */
TB_NODISCARD tb_status tb_bound_compute(const tb_problem *problem, const tb_pattern *pattern,
                                        const tb_tiling *tiling, const tb_census *census,
                                        tb_baseline baseline, tb_bound *out, tb_error *err);

#endif
