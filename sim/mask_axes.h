/* A pattern as a product over axes, for kernels that compute its masks: along each axis, a query's
 * coordinate sees an interval of coordinates, and a pair is visible iff it is along every axis.
 *
 * A coordinate is an index in the axis' own numbering, dilation residue after residue, so that a
 * dilated window is an interval too. Axes are the dimensions of the layout, or one axis of token
 * numbers where the pattern is a rule over the flattened order.
 */
#ifndef TB_MASK_AXES_H
#define TB_MASK_AXES_H

#include "tile_list.h"

#include <stdbool.h>

/** Borrows pattern and layout. */
typedef struct tb_mask_axes {
    const tb_pattern *pattern;
    const tb_layout *layout;
    int count;    /* axes; 0 = the pattern has no rules */
    bool is_flat; /* one axis: its positions are token numbers */
    bool is_box;  /* of a list: every tile of the layout is a box of coordinates, slots row-major */
    int64_t extent[TB_MAX_RANK]; /* coordinates of an axis */
    int64_t dilation[TB_MAX_RANK];
    int64_t q_tile[TB_MAX_RANK], kv_tile[TB_MAX_RANK]; /* extents of the boxes; else 0 */
} tb_mask_axes;

/** Coordinates begin ... end - 1. */
typedef struct tb_mask_interval {
    int64_t begin, end;
} tb_mask_interval;

/** The axes of a pattern, and those that fit the tiles of a list. Both are validated; borrowed. */
tb_mask_axes tb_mask_axes_of_pattern(const tb_pattern *pattern, const tb_layout *layout);
tb_mask_axes tb_mask_axes_of_list(const tb_tile_list *list);

/** Where a token of the layout lies along an axis: its coordinate. */
int64_t tb_mask_axes_coordinate(const tb_mask_axes *axes, int axis, int64_t token);

/** From a position along the layout's dimension (or a token number) to its coordinate, and back. */
int64_t tb_mask_axes_from_position(const tb_mask_axes *axes, int axis, int64_t position);
int64_t tb_mask_axes_to_position(const tb_mask_axes *axes, int axis, int64_t coordinate);

/** What coordinate 0 <= c < extent sees along an axis: coordinates of its own residue. */
tb_mask_interval tb_mask_axes_window(const tb_mask_axes *axes, int axis, int64_t coordinate);

/** Boxes: along an axis, from the coordinate of a tile's first slot to the end of its dilation
 *  group; slots past it hold no token. The tile is one of the layout, not of extra tokens. */
tb_mask_interval tb_mask_axes_place(const tb_mask_axes *axes, int axis, const tb_tile_place *place);

#endif
