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

/**
 * As above, but where query tiles are counted one by one by spans, of each `every` neighbours only
 * the middle one is counted, and stands for all: for random patterns, whose tiles differ by chance
 * anyway.
 *
 * @param[in] every  >= 1; 1 is tb_q_tile_counts_fill()
 */
TB_NODISCARD tb_status tb_q_tile_counts_sample(const tb_problem *problem, const tb_pattern *pattern,
                                               const tb_tiling *tiling, int64_t q_tiles,
                                               int64_t every, tb_q_tile_count *out, tb_error *err);

/**
 * Count the different KV tiles that a run of query tiles visits: what a wave of CTAs reads.
 *
 * @param[in]  wave  query tiles side by side in launch order; the run is taken from the middle
 * @param[out] out   KV tiles; 0 where they cannot be told apart (dynamic KV tiling)
 * @return TB_OK; what tb_tile_view_create() returns; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_wave_kv_tiles(const tb_problem *problem, const tb_pattern *pattern,
                                        const tb_tiling *tiling, int64_t wave, int64_t *out,
                                        tb_error *err);

#endif
