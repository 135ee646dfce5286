/* Pictures of patterns in a terminal: the tile map, the token map, or one query's window. */
#ifndef TB_MASK_PICTURE_H
#define TB_MASK_PICTURE_H

#include "buffer.h"
#include "pattern.h"
#include "problem.h"
#include "tiling.h"

#include <stdbool.h>

/** What a cell of a picture shows. */
typedef enum tb_cell {
    TB_CELL_EMPTY,   /* nothing visible */
    TB_CELL_PARTIAL, /* something visible, something not */
    TB_CELL_FULL,    /* all visible */
    TB_CELL_QUERY,   /* the query itself */
    TB_CELL_OUTSIDE  /* nothing there */
} tb_cell;

#define TB_CELL_COUNT 5

extern const char *const tb_cell_names[TB_CELL_COUNT];

/** A picture; large maps are scaled down so that a cell stands for several rows and columns. */
typedef struct tb_mask_picture {
    int64_t rows, cols;           /* of cells */
    int64_t cell_rows, cell_cols; /* that a cell stands for; 1 = to scale */
    int64_t all_rows, all_cols;   /* of what is drawn */
    unsigned char *cells;         /* owned; rows x cols of tb_cell */
} tb_mask_picture;

/** Free a picture's cells. */
void tb_mask_picture_free(tb_mask_picture *picture);

/**
 * Draw which KV tiles each query tile visits: rows are query tiles, columns KV tiles.
 *
 * @param[in] max_rows, max_cols  largest picture, in cells; >= 1
 * @return TB_OK; what tb_tile_view_create() returns; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_mask_picture_tiles(const tb_problem *problem, const tb_pattern *pattern,
                                             const tb_tiling *tiling, int64_t max_rows,
                                             int64_t max_cols, tb_mask_picture *out, tb_error *err);

/** Draw which keys each query sees, tokens in row-major order; extra tokens are left out. */
TB_NODISCARD tb_status tb_mask_picture_tokens(const tb_problem *problem, const tb_pattern *pattern,
                                              int64_t max_rows, int64_t max_cols,
                                              tb_mask_picture *out, tb_error *err);

/**
 * Draw what one query sees of the layout: its last two dimensions, or its only one in lines of
 * max_cols tokens.
 *
 * @param[in] query  coordinates, one a dimension
 * @param[in] slice  coordinates in all dimensions but the last two (rank 3 and 4; else unused)
 * @return TB_OK; TB_EINVAL for coordinates outside the layout; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_mask_picture_window(const tb_problem *problem, const tb_pattern *pattern,
                                              const int64_t *query, const int64_t *slice,
                                              int64_t max_rows, int64_t max_cols,
                                              tb_mask_picture *out, tb_error *err);

/** The character of a cell: blocks, or one of ASCII's. */
const char *tb_cell_glyph(tb_cell cell, bool ascii);

/** Print a picture, one line a row. */
void tb_mask_picture_print(const tb_mask_picture *picture, bool ascii, tb_buffer *out);

#endif
