/* One dimension of the closed-form census: query tiles, the KV tiles they visit, what is full. */
#ifndef TB_DIM_CENSUS_H
#define TB_DIM_CENSUS_H

#include "dim_rule.h"
#include "status.h"
#include "tiling.h"

#include <stdbool.h>

/** Tile sizes of one dimension. */
typedef struct tb_dim_tiles {
    int64_t q_tile;
    int64_t kv_tile;
    tb_kv_tiling kv_tiling;
} tb_dim_tiles;

/** One query tile of one dimension. KV tile k covers [origin + k U, origin + (k+1) U). */
typedef struct tb_dim_tile {
    int64_t queries;    /* real ones */
    int64_t origin;     /* 0, or the first visible key for dynamic KV tiles */
    int64_t begin, end; /* visited KV tiles */
    int64_t full_begin, full_end;
    int64_t keys;   /* real keys inside the visited KV tiles */
    bool is_ragged; /* the last visited KV tile reaches past the axis */
} tb_dim_tile;

/**
 * Query tile q of a dimension: which KV tiles it visits, and which of them are full.
 *
 *   queries [qT, min((q+1)T, n)); a = min start, b = max end, A = max start, B = min end over them
 *   static:  visits floor(a/U) .. ceil(b/U) - 1;  k is full iff k U >= A and (k+1) U <= B
 *   dynamic: visits ceil((b-a)/U) tiles from a;   full by the same rule
 *
 * Source: GNA (arXiv 2504.16922) sec. 3.
 */
tb_dim_tile tb_dim_tile_at(const tb_dim_rule *rule, const tb_dim_tiles *tiles, int64_t q);

/** Totals over the query tiles of one dilation group of one dimension. */
typedef struct tb_dim_census {
    int64_t q_tiles;
    int64_t kv_tiles;       /* of the group: ceil(n/U) */
    int64_t whole_kv_tiles; /* that do not reach past the axis: floor(n/U) */
    int64_t visited;
    int64_t full;
    int64_t unragged;      /* visited tiles that do not reach past the axis */
    int64_t real_pairs;    /* real queries x real keys inside visited tiles */
    int64_t visible_pairs; /* sum over queries of end - start */
    int64_t min, max;      /* visited KV tiles a query tile */
} tb_dim_census;

/**
 * Count one dimension.
 *
 * Tiles whose windows touch no end of the axis repeat with period lcm(s, T, U) (dynamic: lcm(s, T))
 * and are counted once a period, so that the work does not grow with the axis for bidirectional and
 * bounded windows.
 *
 * @param[in]  rule   of one dilation group; valid
 * @param[in]  tiles  extents >= 1
 * @return TB_OK; TB_EOVERFLOW
 */
TB_NODISCARD tb_status tb_dim_census_count(const tb_dim_rule *rule, const tb_dim_tiles *tiles,
                                           tb_dim_census *out, tb_error *err);

/** Visible pairs of a rule in closed form: n w, or arithmetic series for causal and local. */
int64_t tb_dim_visible_pairs(const tb_dim_rule *rule);

/** Walks the query tiles of a dimension, repeated ones once: start with tb_dim_walk_begin(). */
typedef struct tb_dim_walk {
    const tb_dim_rule *rule;
    const tb_dim_tiles *tiles;
    int64_t q, q_tiles;
    int64_t period;       /* tiles; 0 = none, or all repeats are done */
    int64_t repeat_begin; /* the repeating tiles are [repeat_begin, repeat_end) */
    int64_t repeat_end;
} tb_dim_walk;

tb_dim_walk tb_dim_walk_begin(const tb_dim_rule *rule, const tb_dim_tiles *tiles);

/** The next query tile and how many tiles are like it; false at the end. */
bool tb_dim_walk_next(tb_dim_walk *walk, tb_dim_tile *tile, int64_t *times);

#endif
