/* What visits each KV tile: the schedule's input where CTAs own KV tiles (backward). */
#ifndef TB_KV_TILE_COUNTS_H
#define TB_KV_TILE_COUNTS_H

#include "q_tile_counts.h"

/**
 * Count every KV tile of one head and batch entry, in the order of their numbers (tile_view.h):
 * `visited` query tiles visit it, `full` of them with nothing to mask. Static KV tiling.
 *
 *   sum of visited = the census' visited; sum of full = its full
 *
 * @param[in]  kv_tiles  of the census: entries of `out`
 * @param[out] out       caller-owned
 * @return TB_OK; what tb_tile_view_create() returns; TB_ENOMEM; TB_EINTERNAL when kv_tiles is not
 *         what the tiling has
 */
TB_NODISCARD tb_status tb_kv_tile_counts_fill(const tb_problem *problem, const tb_pattern *pattern,
                                              const tb_tiling *tiling, int64_t kv_tiles,
                                              tb_q_tile_count *out, tb_error *err);

#endif
