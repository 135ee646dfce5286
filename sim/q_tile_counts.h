/* What each query tile visits, in the order in which CTAs are launched: the schedule's input. */
#ifndef TB_Q_TILE_COUNTS_H
#define TB_Q_TILE_COUNTS_H

#include "pattern.h"
#include "problem.h"
#include "tiling.h"

/** Counts of one query tile. */
typedef struct tb_q_tile_count {
    int64_t visited;
    int64_t full;
} tb_q_tile_count;

/**
 * Count every query tile of one head and batch entry: innermost dimension first, then dilation
 * groups, then the tiles of extra queries.
 *
 * @param[in]  q_tiles  of the census: entries of `out`
 * @param[out] out      caller-owned
 * @return TB_OK; what tb_census_count() and tb_tile_view_create() return; TB_EINTERNAL when q_tiles
 * is not what the tiling has
 */
TB_NODISCARD tb_status tb_q_tile_counts_fill(const tb_problem *problem, const tb_pattern *pattern,
                                             const tb_tiling *tiling, int64_t q_tiles,
                                             tb_q_tile_count *out, tb_error *err);

#endif
