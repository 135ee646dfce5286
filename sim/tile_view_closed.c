/* Tile views of patterns that are products over dimensions. */
#include "checked.h"
#include "dim_census.h"
#include "tile_view_parts.h"

/* Tokens of dilation group `group` in each dimension; residues are numbered row-major. */
static void group_lengths(const tb_closed_form *form, int64_t group, int64_t *length)
{
    for (int d = form->dims - 1; d >= 0; d--) {
        int64_t residue = group % form->dim[d].dilation;
        length[d] = tb_ceil_div(form->dim[d].extent - residue, form->dim[d].dilation);
        group /= form->dim[d].dilation;
    }
}

static bool count_group(const tb_closed_form *form, const int64_t *length, int64_t *q_tiles,
                        int64_t *kv_tiles)
{
    int64_t q = 1, kv = 1;
    for (int d = 0; d < form->dims; d++) {
        if (!tb_mul_ok(q, tb_ceil_div(length[d], form->dim[d].q_tile), &q) ||
            !tb_mul_ok(kv, tb_ceil_div(length[d], form->dim[d].kv_tile), &kv)) {
            return false;
        }
    }
    return tb_add_ok(*q_tiles, q, q_tiles) && tb_add_ok(*kv_tiles, kv, kv_tiles);
}

/* Row-major index -> one index a dimension. */
static void unflatten(int64_t index, const int64_t *extent, int dims, int64_t *at)
{
    for (int d = dims - 1; d >= 0; d--) {
        at[d] = index % extent[d];
        index /= extent[d];
    }
}

static void fill_keys(tb_tile_view *view)
{
    const tb_closed_form *form = &view->form;
    for (int64_t g = 0; g < view->groups; g++) {
        int64_t length[TB_MAX_RANK], grid[TB_MAX_RANK], at[TB_MAX_RANK];
        group_lengths(form, g, length);
        for (int d = 0; d < form->dims; d++) {
            grid[d] = tb_ceil_div(length[d], form->dim[d].kv_tile);
        }
        for (int64_t k = view->kv_first[g]; k < view->kv_first[g + 1]; k++) {
            unflatten(k - view->kv_first[g], grid, form->dims, at);
            view->keys[k] = 1;
            for (int d = 0; d < form->dims; d++) {
                int64_t size = form->dim[d].kv_tile;
                view->keys[k] *= tb_min(size, length[d] - at[d] * size);
            }
        }
    }
}

tb_status tb_tile_view_closed_init(tb_tile_view *view, tb_error *err)
{
    const tb_closed_form *form = &view->form;
    tb_status status = TB_OK;
    view->groups = 1;
    for (int d = 0; d < form->dims; d++) {
        view->groups *= form->dim[d].dilation; /* at most the tokens */
    }
    view->q_first = tb_tile_view_integers(view->groups, &status, err);
    view->kv_first = tb_tile_view_integers(view->groups, &status, err);
    if (status != TB_OK) {
        return status;
    }
    for (int64_t g = 0; g < view->groups; g++) {
        int64_t length[TB_MAX_RANK];
        group_lengths(form, g, length);
        if (!count_group(form, length, &view->q_tiles, &view->kv_tiles)) {
            return tb_fail(err, TB_EOVERFLOW, "more tiles than 2^63 - 1; make the layout smaller");
        }
        view->q_first[g + 1] = view->q_tiles;
        view->kv_first[g + 1] = view->kv_tiles;
    }
    view->keys = tb_tile_view_integers(view->kv_tiles, &status, err);
    if (status == TB_OK) {
        fill_keys(view);
    }
    return status;
}

static int64_t group_of(const tb_tile_view *view, int64_t q)
{
    int64_t low = 0, high = view->groups;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (view->q_first[middle] <= q) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Set the bits of a box of KV tiles whose grid starts at number `first`. */
static void set_box(uint64_t *bits, int64_t first, const int64_t *grid, int dims,
                    const int64_t *begin, const int64_t *end)
{
    int64_t lines = 1, at[TB_MAX_RANK];
    for (int d = 0; d < dims; d++) {
        if (begin[d] >= end[d]) {
            return;
        }
        lines *= d + 1 < dims ? end[d] - begin[d] : 1;
        at[d] = begin[d];
    }
    for (int64_t line = 0; line < lines; line++) {
        int64_t number = 0;
        for (int d = 0; d < dims; d++) {
            number = number * grid[d] + at[d];
        }
        tb_bits_set_range(bits, first + number, first + number + end[dims - 1] - begin[dims - 1]);
        for (int d = dims - 2; d >= 0 && ++at[d] == end[d]; d--) {
            at[d] = begin[d];
        }
    }
}

void tb_tile_view_closed_row(const tb_tile_view *view, int64_t q, tb_tile_scratch *scratch,
                             tb_tile_row *row)
{
    const tb_closed_form *form = &view->form;
    int64_t group = group_of(view, q);
    int64_t length[TB_MAX_RANK], q_grid[TB_MAX_RANK], kv_grid[TB_MAX_RANK], at[TB_MAX_RANK];
    group_lengths(form, group, length);
    for (int d = 0; d < form->dims; d++) {
        q_grid[d] = tb_ceil_div(length[d], form->dim[d].q_tile);
        kv_grid[d] = tb_ceil_div(length[d], form->dim[d].kv_tile);
    }
    unflatten(q - view->q_first[group], q_grid, form->dims, at);
    int64_t begin[TB_MAX_RANK], end[TB_MAX_RANK];
    int64_t full_begin[TB_MAX_RANK], full_end[TB_MAX_RANK];
    row->queries = 1;
    for (int d = 0; d < form->dims; d++) {
        tb_dim_rule rule = tb_closed_form_rule(form, d, length[d]);
        tb_dim_tiles tiles = {.q_tile = form->dim[d].q_tile, .kv_tile = form->dim[d].kv_tile};
        tb_dim_tile tile = tb_dim_tile_at(&rule, &tiles, at[d]);
        begin[d] = tile.begin;
        end[d] = tile.end;
        full_begin[d] = tile.full_begin;
        full_end[d] = tile.full_end;
        row->queries *= tile.queries;
    }
    int64_t first = view->kv_first[group];
    set_box(scratch->visited, first, kv_grid, form->dims, begin, end);
    set_box(scratch->full, first, kv_grid, form->dims, full_begin, full_end);
}
