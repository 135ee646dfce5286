/* The two kinds of tile view; internal to sim. */
#ifndef TB_TILE_VIEW_PARTS_H
#define TB_TILE_VIEW_PARTS_H

#include "closed_form.h"
#include "tile_view.h"

/** Tokens of a KV tile that share a word of a set over tokens. */
typedef struct tb_tile_word {
    int64_t word;
    uint64_t mask;
} tb_tile_word;

struct tb_tile_view {
    tb_problem problem;
    tb_pattern pattern;
    tb_tiling tiling;
    bool is_closed;
    tb_closed_form form;       /* of a closed view; borrows the copies above */
    int64_t q_tiles, kv_tiles; /* of the layout's own tokens */
    int64_t extra_q_tiles, extra_kv_tiles;
    int64_t kv_capacity;         /* |U| */
    int64_t *keys;               /* real keys a KV tile, without extra tokens */
    int64_t groups;              /* closed: dilation groups, and the first tile of each */
    int64_t *q_first, *kv_first; /* groups + 1 entries */
    int64_t *q_tokens, *q_begin; /* rows: tokens by query tile, ascending; NULL = row-major runs */
    int64_t *word_begin;         /* rows: each KV tile's entries in words, kv_tiles + 1 */
    tb_tile_word *words;
};

struct tb_tile_scratch {
    uint64_t *visited, *full; /* bits over KV tiles */
    tb_row_sets sets;         /* rows: bits over tokens */
    tb_spans spans;           /* rows: what `sets` unites by */
};

/** Fill the fields of a closed view. */
TB_NODISCARD tb_status tb_tile_view_closed_init(tb_tile_view *view, tb_error *err);

/** Set the bits of query tile q of the layout's own tokens; the sets start empty. */
void tb_tile_view_closed_row(const tb_tile_view *view, int64_t q, tb_tile_scratch *scratch,
                             tb_tile_row *row);

/** The same for a view that goes through rows. */
TB_NODISCARD tb_status tb_tile_view_rows_init(tb_tile_view *view, tb_error *err);
void tb_tile_view_rows_row(const tb_tile_view *view, int64_t q, tb_tile_scratch *scratch,
                           tb_tile_row *row);

/** `count` zeroed integers, or NULL with TB_ENOMEM / TB_EOVERFLOW in *status. */
int64_t *tb_tile_view_integers(int64_t count, tb_status *status, tb_error *err);

#endif
