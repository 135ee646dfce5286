/* Boxes of axial patterns: tiles are products over dimensions, and what they see is a sum of such.
 */
#include "checked.h"
#include "pattern_types.h"
#include "span_tiles.h"

bool tb_axial_form_of(const tb_problem *problem, const tb_pattern *pattern, const tb_tiling *tiling,
                      tb_span_form *form)
{
    const tb_layout *layout = &problem->layout;
    if (pattern->kind != TB_PATTERN_AXIAL || tiling->kind != TB_TILING_MULTI_DIM ||
        tiling->kv_tiling != TB_KV_STATIC) {
        return false;
    }
    *form = (tb_span_form){.is_axial = true,
                           .pattern = pattern,
                           .layout = layout,
                           .tiling = tiling,
                           .tokens = tb_layout_tokens(layout),
                           .q_tile = tb_tiling_q_tokens(tiling, layout),
                           .kv_tile = tb_tiling_kv_tokens(tiling, layout),
                           .q_tiles = 1,
                           .kv_tiles = 1,
                           .whole_kv_tiles = 1};
    for (int d = 0; d < layout->rank; d++) { /* of each no more than there are tokens */
        form->q_tiles *= tb_ceil_div(layout->extent[d], tiling->q_tile[d]);
        form->kv_tiles *= tb_ceil_div(layout->extent[d], tiling->kv_tile[d]);
        form->whole_kv_tiles *= layout->extent[d] / tiling->kv_tile[d];
    }
    return true;
}

/* One dimension of a box, against the grid of the other side's tiles. */
typedef struct side {
    int64_t length;  /* real tokens of the box */
    int64_t tiles;   /* other tiles along the whole axis */
    int64_t overlap; /* those that have tokens in common with the box */
    int64_t keys;    /* real tokens of these */
} side;

/* Box number `number` of tiles of `own` tokens, against tiles of `other`. */
static void cut_sides(const tb_layout *layout, const int64_t *own, const int64_t *other,
                      int64_t number, side *out)
{
    for (int d = layout->rank - 1; d >= 0; d--) {
        int64_t extent = layout->extent[d], grid = tb_ceil_div(extent, own[d]);
        int64_t begin = number % grid * own[d], end = tb_min(begin + own[d], extent);
        int64_t first = begin / other[d], past = (end - 1) / other[d] + 1;
        number /= grid;
        out[d] = (side){.length = end - begin,
                        .tiles = tb_ceil_div(extent, other[d]),
                        .overlap = past - first,
                        .keys = tb_min(past * other[d], extent) - first * other[d]};
    }
}

/* Tiles and keys that a box of these sides visits. */
static void count_visited(const tb_span_form *form, const side *s, int64_t *visited, int64_t *keys)
{
    int rank = form->layout->rank;
    int64_t common = 1, common_keys = 1;
    int axes = 0;
    *visited = *keys = 0;
    for (int d = 0; d < rank; d++) {
        common *= s[d].overlap;
        common_keys *= s[d].keys;
    }
    for (int a = 0; a < rank; a++) {
        if (tb_axial_has_axis(form->pattern, a)) {
            axes++;
            *visited += common / s[a].overlap * s[a].tiles;
            *keys += common_keys / s[a].keys * form->layout->extent[a];
        }
    }
    *visited -= (axes - 1) * common;
    *keys -= (axes - 1) * common_keys;
}

/* Whole KV tiles along an axis, if a tile of this box can be full at all. */
static int64_t count_full(const tb_span_form *form, const side *s, int64_t visited)
{
    int wide = 0, axis = -1; /* dimensions in which some query and key of the tiles differ */
    for (int d = 0; d < form->layout->rank; d++) {
        if (s[d].length > 1 || form->tiling->kv_tile[d] > 1) {
            wide++;
            axis = d;
        }
    }
    if (wide == 0) {
        return visited; /* of one token each */
    }
    bool is_along = wide == 1 && tb_axial_has_axis(form->pattern, axis);
    return is_along ? form->layout->extent[axis] / form->tiling->kv_tile[axis] : 0;
}

tb_span_tile tb_axial_tile_at(const tb_span_form *form, int64_t q)
{
    side s[TB_MAX_RANK];
    tb_span_tile tile = {.queries = 1};
    int64_t seen = 1; /* keys of a query */
    cut_sides(form->layout, form->tiling->q_tile, form->tiling->kv_tile, q, s);
    for (int d = 0; d < form->layout->rank; d++) {
        tile.queries *= s[d].length;
        seen += tb_axial_has_axis(form->pattern, d) ? form->layout->extent[d] - 1 : 0;
    }
    count_visited(form, s, &tile.visited, &tile.keys);
    tile.full = count_full(form, s, tile.visited);
    tile.pairs = tile.queries * seen;
    return tile;
}

int64_t tb_axial_visitors(const tb_span_form *form, int64_t k)
{
    side s[TB_MAX_RANK];
    int64_t visitors, queries;
    cut_sides(form->layout, form->tiling->kv_tile, form->tiling->q_tile, k, s);
    count_visited(form, s, &visitors, &queries);
    return visitors;
}
