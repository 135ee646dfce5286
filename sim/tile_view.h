/* The tiles themselves, one query tile at a time: which KV tiles it visits and which are full.
 *
 * Query tiles and KV tiles are numbered: dilation group by dilation group (residues row-major), in
 * a group row-major over its grid of tiles; in single-dim tiling along the order; tiles of extra
 * queries and extra KV tokens come last. Static KV tiling only: dynamic KV tiles have no numbers.
 */
#ifndef TB_TILE_VIEW_H
#define TB_TILE_VIEW_H

#include "pattern.h"
#include "problem.h"
#include "tiling.h"

typedef struct tb_tile_view tb_tile_view;
typedef struct tb_tile_scratch tb_tile_scratch;

/** One query tile. The bit sets belong to the scratch and hold until its next use. */
typedef struct tb_tile_row {
    const uint64_t *visited; /* bit k = KV tile k */
    const uint64_t *full;    /* subset of visited */
    int64_t queries;         /* real ones */
    int64_t visible_pairs;   /* 0 where the closed form counts them instead */
} tb_tile_row;

/**
 * Open a view.
 *
 * @param[in]  problem, pattern, tiling  validated here; the pattern's mask is borrowed, all else
 * copied
 * @return TB_OK; TB_EINVAL (also for dynamic KV tiling); TB_EOVERFLOW; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_tile_view_create(const tb_problem *problem, const tb_pattern *pattern,
                                           const tb_tiling *tiling, tb_tile_view **out,
                                           tb_error *err);

/** Free a view; NULL is allowed. */
void tb_tile_view_destroy(tb_tile_view *view);

/** Tiles, with those of extra tokens. */
int64_t tb_tile_view_q_tiles(const tb_tile_view *view);
int64_t tb_tile_view_kv_tiles(const tb_tile_view *view);

/** Real keys of KV tile k. */
int64_t tb_tile_view_keys(const tb_tile_view *view, int64_t k);

/** Working memory for one thread; NULL when exhausted. */
tb_tile_scratch *tb_tile_scratch_create(const tb_tile_view *view);
void tb_tile_scratch_destroy(tb_tile_scratch *scratch);

/** Query tile q. Safe from several threads, each with its own scratch. */
tb_tile_row tb_tile_view_row(const tb_tile_view *view, int64_t q, tb_tile_scratch *scratch);

#endif
