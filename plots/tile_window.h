/* The KV tiles that one query tile visits, where they lie in a layout of two dimensions, or in
 * slices of one of three. */
#ifndef TB_TILE_WINDOW_H
#define TB_TILE_WINDOW_H

#include "buffer.h"
#include "predict.h"

#include <stdbool.h>

#define TB_MOST_SLICES 16

typedef struct tb_tile_window {
    int64_t q_tile[3];     /* coordinates of the query tile in its grid */
    int64_t slices;        /* that are drawn; 1 over two dimensions */
    int64_t slice_step;    /* KV tiles of dimension 0 from one slice to the next; 1 = all */
    int64_t width, height; /* of the drawing, in tokens */
    int64_t partial, full; /* tiles drawn of each kind */
} tb_tile_window;

/** Where a window is written to: lines of left, right, top, bottom with tabs between; labels have
 *  x, y and a text. */
typedef struct tb_tile_window_files {
    tb_buffer *partial, *full, *frames, *query, *labels;
} tb_tile_window_files;

/** Can it be drawn? Two or three dimensions in multi-dim tiling with static KV tiles and without
 *  dilation. */
bool tb_tile_window_is_drawable(const tb_prediction *prediction);

/** Draw the window of the query tile in the middle of a prediction that is drawable. TB_OK; what
 *  tb_tile_view_create() returns; TB_ENOMEM. */
TB_NODISCARD tb_status tb_tile_window_draw(const tb_prediction *prediction,
                                           const tb_tile_window_files *files, tb_tile_window *out,
                                           tb_error *err);

#endif
