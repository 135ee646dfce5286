/* Tile lists of dynamic KV tiling: a KV tile starts where its query tile's window does. */
#include "checked.h"
#include "dim_census.h"
#include "tile_list_parts.h"

#include <stdlib.h>

/* KV tiles are known by the token of their first slot, which is always there. */
typedef struct dynamic_fill {
    tb_tile_list *list;
    tb_closed_form form;
    int32_t *tile_of; /* 1 + the KV tile that starts at a token; 0 = none yet */
    int64_t entry_capacity, kv_capacity;
} dynamic_fill;

static int64_t first_token(const tb_tile_list *list, const tb_tile_place *place)
{
    const tb_layout *layout = &list->problem.layout;
    int64_t token = 0, pitch = 1, group = place->group;
    for (int d = layout->rank - 1; d >= 0; d--) {
        int64_t dilation = tb_pattern_dilation(&list->pattern, d);
        token += (group % dilation + place->origin[d] * dilation) * pitch;
        pitch *= layout->extent[d];
        group /= dilation;
    }
    return token;
}

/* The KV tile at a place, new or known. */
static tb_status place_tile(dynamic_fill *fill, const tb_tile_place *place, int64_t *out,
                            tb_error *err)
{
    tb_tile_list *list = fill->list;
    int32_t *known = place->group < 0 ? NULL : &fill->tile_of[first_token(list, place)];
    if (known != NULL && *known > 0) {
        *out = *known - 1;
        return TB_OK;
    }
    if (list->kv_tiles == fill->kv_capacity) {
        int64_t more = fill->kv_capacity < 64 ? 64 : 2 * fill->kv_capacity;
        tb_tile_place *grown = realloc(list->kv, (size_t)more * sizeof *grown);
        if (grown == NULL) {
            return tb_fail(err, TB_ENOMEM, "no memory for %lld KV tiles", (long long)more);
        }
        list->kv = grown;
        fill->kv_capacity = more;
    }
    *out = list->kv_tiles++;
    list->kv[*out] = *place;
    if (known != NULL) {
        *known = (int32_t)*out + 1;
    }
    return TB_OK;
}

/* Append the box of KV tiles that one query tile visits. */
static tb_status add_box(dynamic_fill *fill, int64_t group, const int64_t *length,
                         const tb_dim_tile *tile, tb_error *err)
{
    int dims = fill->form.dims;
    int64_t at[TB_MAX_RANK];
    for (int d = 0; d < dims; d++) {
        at[d] = tile[d].begin;
    }
    for (;;) {
        tb_tile_place place = {.group = group, .tokens = 1};
        bool is_full = true;
        for (int d = 0; d < dims; d++) {
            int64_t size = fill->form.dim[d].kv_tile;
            place.origin[d] = tile[d].origin + at[d] * size;
            place.tokens *= tb_min(size, length[d] - place.origin[d]);
            is_full = is_full && at[d] >= tile[d].full_begin && at[d] < tile[d].full_end;
        }
        int64_t kv_tile;
        tb_status status = place_tile(fill, &place, &kv_tile, err);
        if (status == TB_OK) {
            status = tb_tile_list_append(fill->list, kv_tile, is_full ? TB_TILE_FULL : TB_TILE_RULE,
                                         &fill->entry_capacity, err);
        }
        int d = dims - 1;
        while (d >= 0 && ++at[d] == tile[d].end) {
            at[d] = tile[d].begin;
            d--;
        }
        if (status != TB_OK || d < 0) {
            return status;
        }
    }
}

static tb_status add_own(dynamic_fill *fill, const tb_tile_place *q, tb_error *err)
{
    int64_t length[TB_MAX_RANK];
    tb_tile_group_lengths(fill->list, q->group, length);
    tb_dim_tile tile[TB_MAX_RANK];
    for (int d = 0; d < fill->form.dims; d++) {
        tb_dim_rule rule = tb_closed_form_rule(&fill->form, d, length[d]);
        tb_dim_tiles tiles = {.q_tile = fill->form.dim[d].q_tile,
                              .kv_tile = fill->form.dim[d].kv_tile,
                              .kv_tiling = TB_KV_DYNAMIC};
        tile[d] = tb_dim_tile_at(&rule, &tiles, q->origin[d] / tiles.q_tile);
    }
    return add_box(fill, q->group, length, tile, err);
}

/* Extra KV tiles of any query tile; `places` of the static grid, whose own tiles are visited by
 * extra queries only. */
static tb_status add_grid(dynamic_fill *fill, const tb_tile_place *places, int64_t begin,
                          int64_t end, int64_t *extra_tiles, tb_error *err)
{
    tb_status status = TB_OK;
    for (int64_t k = begin; status == TB_OK && k < end; k++) {
        bool is_extra = places[k].group < 0;
        int64_t number = is_extra ? places[k].origin[0] / fill->list->kv_capacity : 0;
        int64_t kv_tile = is_extra ? extra_tiles[number] : -1;
        if (kv_tile < 0) {
            status = place_tile(fill, &places[k], &kv_tile, err);
            if (status == TB_OK && is_extra) {
                extra_tiles[number] = kv_tile;
            }
        }
        bool is_full = places[k].tokens == fill->list->kv_capacity;
        if (status == TB_OK) {
            status = tb_tile_list_append(fill->list, kv_tile, is_full ? TB_TILE_FULL : TB_TILE_RULE,
                                         &fill->entry_capacity, err);
        }
    }
    return status;
}

static tb_status add_all(dynamic_fill *fill, const tb_tile_place *grid, int64_t grid_tiles,
                         int64_t *extra_tiles, tb_error *err)
{
    tb_tile_list *list = fill->list;
    int64_t extra = tb_ceil_div(list->problem.extra_kv, list->kv_capacity);
    tb_status status = TB_OK;
    for (int64_t e = 0; e < extra; e++) {
        extra_tiles[e] = -1;
    }
    for (int64_t q = 0; status == TB_OK && q < list->q_tiles; q++) {
        bool is_extra = list->q[q].group < 0;
        if (!is_extra) {
            status = add_own(fill, &list->q[q], err);
        }
        if (status == TB_OK) {
            status = add_grid(fill, grid, is_extra ? 0 : grid_tiles - extra, grid_tiles,
                              extra_tiles, err);
        }
        list->first[q + 1] = list->visited;
    }
    return status;
}

tb_status tb_tile_list_fill_dynamic(tb_tile_list *list, tb_error *err)
{
    dynamic_fill fill = {.list = list};
    tb_tile_place *grid = NULL;
    int64_t grid_tiles = 0, n = tb_layout_tokens(&list->problem.layout);
    bool is_closed = tb_closed_form_of(&list->problem, &list->pattern, &list->tiling, &fill.form);
    tb_status status =
        tb_tile_places(list, list->tiling.kv_tile, list->problem.extra_kv, &grid, &grid_tiles, err);
    if (status != TB_OK) {
        return status;
    }
    fill.tile_of = calloc((size_t)n, sizeof *fill.tile_of);
    int64_t *extra_tiles = calloc((size_t)grid_tiles, sizeof *extra_tiles);
    if (!is_closed) {
        status = tb_fail(err, TB_EINTERNAL, "internal check failed: dynamic tiles without windows");
    } else if (fill.tile_of == NULL || extra_tiles == NULL || n > INT32_MAX) {
        status = tb_fail(err, TB_ENOMEM, "no memory for the tiles of %lld tokens", (long long)n);
    } else {
        status = add_all(&fill, grid, grid_tiles, extra_tiles, err);
    }
    free(extra_tiles);
    free(fill.tile_of);
    free(grid);
    return status;
}
