/* The two kinds of masker; internal to sim. */
#ifndef TB_TILE_MASK_PARTS_H
#define TB_TILE_MASK_PARTS_H

#include "closed_form.h"
#include "tile_mask.h"

/* What the queries of a tile see along one axis: a line is one coordinate that some of them have.
 */
typedef struct tb_mask_axis {
    int64_t lines;
    int64_t *begin, *end; /* by line: positions of its residue that are seen, */
    int64_t *residue;     /* and the residue, modulo the dilation */
    int64_t *line_of;     /* by query slot */
} tb_mask_axis;

/* A pair is visible iff it is along every axis. An axis has a set of KV slots ("line") for each
 * coordinate that a query of the tile has. Boxes know these by offsets; the tokens of other tiles
 * are looked at one by one, the queries once for all visits of their tile. */
struct tb_tile_masker {
    const tb_tile_list *list;
    bool is_closed;
    tb_closed_form form;
    int axes;
    int64_t words;           /* of a row */
    uint64_t *bits;          /* the answer: |T| rows */
    uint64_t *lines;         /* |T| rows for each axis */
    uint64_t *below;         /* boxes: for axis d and offset u, the slots whose offset is < u;
                                tokens: of one axis at a time, see fill_below_axis() */
    int64_t *below_row;      /* the rows of `below` where each axis begins */
    int64_t *queries, *keys; /* tokens by slot */
    int64_t q;               /* whose queries these are; -1 = none yet */
    tb_mask_axis axis[TB_MAX_RANK];
    int64_t *position, *residue; /* of each KV slot along an axis */
    int64_t *line_at;            /* by coordinate: 1 + its line; else 0 */
};

/** What tiles that are no boxes need; false when memory is exhausted. */
bool tb_tile_mask_allocate_axes(tb_tile_masker *masker);
void tb_tile_mask_free_axes(tb_tile_masker *masker);

/** Fill masker->bits for query tile q and a KV tile, token by token. */
void tb_tile_mask_tokens(tb_tile_masker *masker, int64_t q, int64_t kv_tile);

#endif
