/* Tile views of patterns that are known by their rows only. */
#include "checked.h"
#include "tile_view_parts.h"
#include "token_order.h"

#include <stdlib.h>
#include <string.h>

/* Row-major runs need no tables: token t is in tile t / size. */
static bool is_row_major(const tb_tile_view *view)
{
    return view->kv_tile_of == NULL;
}

static int compare_tokens(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Single-dim tiling along an order: tiles are runs of positions. */
static void cut_order(tb_tile_view *view, int64_t n)
{
    int64_t q_size = view->tiling.q_tile[0], kv_size = view->tiling.kv_tile[0];
    for (int64_t position = 0; position < n; position++) {
        view->kv_tile_of[view->q_tokens[position]] = position / kv_size;
    }
    for (int64_t q = 0; q < view->q_tiles; q++) {
        int64_t begin = q * q_size, end = tb_min(begin + q_size, n);
        view->q_begin[q + 1] = end;
        qsort(view->q_tokens + begin, (size_t)(end - begin), sizeof(int64_t), compare_tokens);
    }
}

/* Number of the box that holds a token, for boxes of `tile` tokens a dimension. */
static int64_t box_of(const tb_layout *layout, const int64_t *tile, int64_t token)
{
    int64_t number = 0, pitch = 1;
    for (int d = layout->rank - 1; d >= 0; d--) {
        number += token % layout->extent[d] / tile[d] * pitch;
        pitch *= tb_ceil_div(layout->extent[d], tile[d]);
        token /= layout->extent[d];
    }
    return number;
}

/* Multi-dim tiling: tiles are boxes. Tokens are dealt to their query tile in ascending order. */
static void cut_boxes(tb_tile_view *view, int64_t n)
{
    const tb_layout *layout = &view->problem.layout;
    for (int64_t token = 0; token < n; token++) {
        view->kv_tile_of[token] = box_of(layout, view->tiling.kv_tile, token);
        view->q_begin[box_of(layout, view->tiling.q_tile, token) + 1]++;
    }
    for (int64_t q = 0; q < view->q_tiles; q++) {
        view->q_begin[q + 1] += view->q_begin[q];
    }
    for (int64_t token = 0; token < n; token++) { /* q_begin[q] moves to the end of q ... */
        view->q_tokens[view->q_begin[box_of(layout, view->tiling.q_tile, token)]++] = token;
    }
    for (int64_t q = view->q_tiles; q > 0; q--) { /* ... and is moved back */
        view->q_begin[q] = view->q_begin[q - 1];
    }
    view->q_begin[0] = 0;
}

static int64_t tiles_of(const tb_layout *layout, const int64_t *tile, int dims, int64_t n)
{
    if (dims == 1) {
        return tb_ceil_div(n, tile[0]);
    }
    int64_t tiles = 1;
    for (int d = 0; d < dims; d++) {
        tiles *= tb_ceil_div(layout->extent[d], tile[d]);
    }
    return tiles;
}

static tb_status make_tables(tb_tile_view *view, int64_t n, tb_error *err)
{
    tb_status status = TB_OK;
    view->q_tokens = tb_tile_view_integers(n, &status, err);
    view->q_begin = tb_tile_view_integers(view->q_tiles, &status, err);
    view->kv_tile_of = tb_tile_view_integers(n, &status, err);
    if (status != TB_OK) {
        return status;
    }
    if (view->tiling.kind == TB_TILING_MULTI_DIM) {
        cut_boxes(view, n);
        return TB_OK;
    }
    status = tb_token_order_fill(&view->problem.layout, view->tiling.order, view->q_tokens, err);
    if (status == TB_OK) {
        cut_order(view, n);
    }
    return status;
}

tb_status tb_tile_view_rows_init(tb_tile_view *view, tb_error *err)
{
    const tb_layout *layout = &view->problem.layout;
    int64_t n = tb_layout_tokens(layout);
    int dims = tb_tiling_dims(&view->tiling, layout);
    bool is_identity = view->tiling.order == TB_ORDER_ROW_MAJOR && dims == 1;
    tb_status status = TB_OK;
    view->q_tiles = tiles_of(layout, view->tiling.q_tile, dims, n);
    view->kv_tiles = tiles_of(layout, view->tiling.kv_tile, dims, n);
    view->keys = tb_tile_view_integers(view->kv_tiles, &status, err);
    if (status == TB_OK && !is_identity) {
        status = make_tables(view, n, err);
    }
    if (status != TB_OK) {
        return status;
    }
    for (int64_t token = 0; token < n; token++) {
        view->keys[is_identity ? token / view->kv_capacity : view->kv_tile_of[token]]++;
    }
    return TB_OK;
}

/* Unite what the queries of a tile see, run by run of consecutive tokens. */
static void unite_tile(const tb_tile_view *view, int64_t q, tb_row_sets *sets, tb_tile_row *row)
{
    const tb_layout *layout = &view->problem.layout;
    int64_t n = tb_layout_tokens(layout);
    memset(sets->any, 0, (size_t)sets->words * sizeof(uint64_t));
    memset(sets->all, 0, (size_t)sets->words * sizeof(uint64_t));
    tb_bits_set_range(sets->all, 0, n);
    if (is_row_major(view)) {
        int64_t size = view->tiling.q_tile[0];
        row->queries = tb_min(size, n - q * size);
        row->visible_pairs = tb_pattern_unite(&view->pattern, layout, q * size, row->queries, sets);
        return;
    }
    row->queries = view->q_begin[q + 1] - view->q_begin[q];
    for (int64_t i = view->q_begin[q]; i < view->q_begin[q + 1];) {
        int64_t run = 1;
        while (i + run < view->q_begin[q + 1] &&
               view->q_tokens[i + run] == view->q_tokens[i] + run) {
            run++;
        }
        row->visible_pairs +=
            tb_pattern_unite(&view->pattern, layout, view->q_tokens[i], run, sets);
        i += run;
    }
}

static void runs_to_tiles(const tb_tile_view *view, tb_tile_scratch *scratch)
{
    int64_t n = tb_layout_tokens(&view->problem.layout), size = view->kv_capacity;
    for (int64_t k = 0; k < view->kv_tiles; k++) {
        int64_t begin = k * size, end = tb_min(begin + size, n);
        if (!tb_bits_any(scratch->sets.any, begin, end)) {
            continue;
        }
        tb_bits_set(scratch->visited, k);
        if (end - begin == size && tb_bits_all(scratch->sets.all, begin, end)) {
            tb_bits_set(scratch->full, k);
        }
    }
}

static void tokens_to_tiles(const tb_tile_view *view, tb_tile_scratch *scratch)
{
    const tb_row_sets *sets = &scratch->sets;
    memset(scratch->seen_by_all, 0, (size_t)view->kv_tiles * sizeof(int64_t));
    for (int64_t w = 0; w < sets->words; w++) {
        for (uint64_t bits = sets->any[w]; bits != 0; bits &= bits - 1) {
            tb_bits_set(scratch->visited, view->kv_tile_of[w * 64 + __builtin_ctzll(bits)]);
        }
        for (uint64_t bits = sets->all[w]; bits != 0; bits &= bits - 1) {
            int64_t k = view->kv_tile_of[w * 64 + __builtin_ctzll(bits)];
            if (++scratch->seen_by_all[k] == view->kv_capacity) {
                tb_bits_set(scratch->full, k);
            }
        }
    }
}

void tb_tile_view_rows_row(const tb_tile_view *view, int64_t q, tb_tile_scratch *scratch,
                           tb_tile_row *row)
{
    unite_tile(view, q, &scratch->sets, row);
    if (is_row_major(view)) {
        runs_to_tiles(view, scratch);
    } else {
        tokens_to_tiles(view, scratch);
    }
}
