/* Query tiles counted one by one, without sets of tokens; internal to sim. Two forms: tiles of
 * row-major runs of tokens, from what their queries see as intervals; boxes of axial patterns. */
#ifndef TB_SPAN_TILES_H
#define TB_SPAN_TILES_H

#include "pattern.h"
#include "problem.h"
#include "tiling.h"

/** A pattern whose query tiles are counted so. Borrows all. */
typedef struct tb_span_form {
    bool is_axial; /* else by spans */
    const tb_pattern *pattern;
    const tb_layout *layout;
    const tb_tiling *tiling;
    int64_t tokens, q_tile, kv_tile; /* of tiles, all dimensions together */
    int64_t q_tiles, kv_tiles;
    int64_t whole_kv_tiles; /* that do not reach past the end */
    int kv_shift;           /* log2 of kv_tile, or -1: divisions are most of the work */
} tb_span_form;

/** Fill *form and return true where KV tiles are static and tiles are runs of the row-major order
 *  and the kind unites its rows by spans, or boxes and the kind is axial. */
bool tb_span_form_of(const tb_problem *problem, const tb_pattern *pattern, const tb_tiling *tiling,
                     tb_span_form *form);

/** One query tile, counted. */
typedef struct tb_span_tile {
    int64_t queries;
    int64_t visited, full; /* KV tiles */
    int64_t keys;          /* real ones inside the visited tiles */
    int64_t pairs;         /* visible ones */
} tb_span_tile;

/** Takes a run of KV tiles [begin, end); called in order, runs are disjoint. */
typedef void tb_tile_run_fn(int64_t begin, int64_t end, void *user);

/** Count what spans let a query tile visit; `spans` are those of its queries. Each run of visited
 *  tiles goes to `emit`, which may be NULL. */
tb_span_tile tb_span_tile_count(const tb_span_form *form, int64_t queries, const tb_spans *spans,
                                tb_tile_run_fn *emit, void *user);

/** Query tile q of either form; axial ones emit no runs. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_span_tile_at(const tb_span_form *form, int64_t q, tb_spans *spans,
                                       tb_tile_run_fn *emit, void *user, tb_span_tile *out,
                                       tb_error *err);

/** The same of an axial pattern over boxes. */
bool tb_axial_form_of(const tb_problem *problem, const tb_pattern *pattern, const tb_tiling *tiling,
                      tb_span_form *form);

/**
 * Count a query tile of an axial pattern: a box of o_d KV tiles' extent in each dimension d.
 *
 *   visited = sum over axes a of n_a (product over d != a of o_d) - (axes - 1) (product of all o_d)
 *
 * for along axis a all n_a KV tiles are visited that overlap the box in the other dimensions, and
 * two axes have in common those that overlap it in all. A tile is full only where query and KV tile
 * have one and the same coordinate in every dimension but one axis.
 */
tb_span_tile tb_axial_tile_at(const tb_span_form *form, int64_t q);

/** Query tiles that visit KV tile k of an axial pattern: the same with the roles changed. */
int64_t tb_axial_visitors(const tb_span_form *form, int64_t k);

#endif
