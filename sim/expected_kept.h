/* Kept mask blocks in closed form: tiles (expected_kept.c) and pairs (expected_pairs.c). Internal
 * to sim. */
#ifndef TB_EXPECTED_KEPT_H
#define TB_EXPECTED_KEPT_H

#include "expected_parts.h"

/* Sums over the distances d, d + 1, ... of what concerns one mask block at that distance; by
 * density. Logarithms of 0 are cut off at FLOOR, e^FLOOR being nothing. */
typedef struct tb_distance_sums {
    double miss;      /* ln(1 - p) */
    double hit;       /* ln p */
    double p, spread; /* p, p (1 - p) */
} tb_distance_sums;

/* Sums over the KV tiles of a query tile. */
typedef struct tb_tile_sums {
    tb_moments visited, full;
} tb_tile_sums;

typedef struct tb_kept_form {
    const tb_kept *kept;
    const tb_span_form *form;
    tb_distance_sums *from; /* columns + 1 entries; NULL by count */
    tb_tile_sums *falling;  /* NULL, or sum_falling() */
    tb_kept_row *rows;      /* of the query tile at hand */
    int64_t row_count;
    int64_t begin, end; /* its queries */
} tb_kept_form;

/** Sums over columns [begin, end) of a row, none of which is always kept; by density. */
void tb_kept_add_columns(const tb_kept_form *f, const tb_kept_row *row, int64_t begin, int64_t end,
                         tb_distance_sums *sums);

/** Visible pairs. */
tb_moments tb_kept_expect_pairs(const tb_kept_form *f);

#endif
