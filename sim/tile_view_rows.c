/* Tile views of patterns that are known by their rows only. */
#include "checked.h"
#include "tile_view_parts.h"
#include "token_order.h"

#include <stdlib.h>
#include <string.h>

static int compare_tokens(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Single-dim tiling: tiles are runs of positions in the order that q_tokens holds; NULL is
 * row-major, where a position is a token. */
static void cut_order(tb_tile_view *view, int64_t n, int64_t *kv_tile_of)
{
    int64_t q_size = view->tiling.q_tile[0], kv_size = view->tiling.kv_tile[0];
    for (int64_t position = 0; position < n; position++) {
        int64_t token = view->q_tokens == NULL ? position : view->q_tokens[position];
        kv_tile_of[token] = position / kv_size;
    }
    for (int64_t q = 0; view->q_tokens != NULL && q < view->q_tiles; q++) {
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
static void cut_boxes(tb_tile_view *view, int64_t n, int64_t *kv_tile_of)
{
    const tb_layout *layout = &view->problem.layout;
    for (int64_t token = 0; token < n; token++) {
        kv_tile_of[token] = box_of(layout, view->tiling.kv_tile, token);
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

/* List each KV tile's tokens by words of a token set, so that a tile is tested word by word. Tokens
 * ascend, so that a word's tokens of one tile meet in its latest entry. */
static tb_status list_words(tb_tile_view *view, int64_t n, const int64_t *kv_tile_of, tb_error *err)
{
    tb_status status = TB_OK;
    view->word_begin = tb_tile_view_integers(view->kv_tiles, &status, err);
    int64_t *latest = tb_tile_view_integers(view->kv_tiles, &status, err); /* word + 1 */
    view->words = calloc((size_t)n, sizeof *view->words); /* at most one entry a token */
    if (status == TB_OK && view->words == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory for the tiles of %lld tokens", (long long)n);
    }
    for (int64_t t = 0; status == TB_OK && t < n; t++) {
        int64_t k = kv_tile_of[t];
        view->word_begin[k + 1] += latest[k] != t / 64 + 1;
        latest[k] = t / 64 + 1;
        view->keys[k]++;
    }
    for (int64_t k = 0; status == TB_OK && k < view->kv_tiles; k++) {
        view->word_begin[k + 1] += view->word_begin[k];
        latest[k] = view->word_begin[k]; /* from here: one past the tile's latest entry */
    }
    for (int64_t t = 0; status == TB_OK && t < n; t++) {
        int64_t k = kv_tile_of[t];
        bool is_new = latest[k] == view->word_begin[k] || view->words[latest[k] - 1].word != t / 64;
        latest[k] += is_new;
        view->words[latest[k] - 1].word = t / 64;
        view->words[latest[k] - 1].mask |= UINT64_C(1) << (t % 64);
    }
    free(latest);
    return status;
}

static tb_status list_queries(tb_tile_view *view, int64_t n, tb_error *err)
{
    tb_status status = TB_OK;
    view->q_tokens = tb_tile_view_integers(n, &status, err);
    view->q_begin = tb_tile_view_integers(view->q_tiles, &status, err);
    if (status != TB_OK || view->tiling.kind == TB_TILING_MULTI_DIM) {
        return status;
    }
    return tb_token_order_fill(&view->problem.layout, view->tiling.order, view->q_tokens, err);
}

tb_status tb_tile_view_rows_init(tb_tile_view *view, tb_error *err)
{
    const tb_layout *layout = &view->problem.layout;
    int64_t n = tb_layout_tokens(layout);
    int dims = tb_tiling_dims(&view->tiling, layout);
    bool is_row_major = view->tiling.order == TB_ORDER_ROW_MAJOR && dims == 1;
    tb_status status = TB_OK;
    view->q_tiles = tiles_of(layout, view->tiling.q_tile, dims, n);
    view->kv_tiles = tiles_of(layout, view->tiling.kv_tile, dims, n);
    view->keys = tb_tile_view_integers(view->kv_tiles, &status, err);
    int64_t *kv_tile_of = tb_tile_view_integers(n, &status, err);
    if (status == TB_OK && !is_row_major) {
        status = list_queries(view, n, err);
    }
    if (status == TB_OK) {
        if (dims == 1) {
            cut_order(view, n, kv_tile_of);
        } else {
            cut_boxes(view, n, kv_tile_of);
        }
        status = list_words(view, n, kv_tile_of, err);
    }
    free(kv_tile_of);
    return status;
}

/* Unite what the queries of a tile see, run by run of consecutive tokens. */
static void unite_tile(const tb_tile_view *view, int64_t q, tb_row_sets *sets, tb_tile_row *row)
{
    const tb_layout *layout = &view->problem.layout;
    int64_t n = tb_layout_tokens(layout);
    memset(sets->any, 0, (size_t)sets->words * sizeof(uint64_t));
    tb_bits_set_range(sets->all, 0, n);
    sets->none_for_all = false;
    if (view->q_tokens == NULL) {
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

static bool meets_any(const tb_tile_view *view, int64_t k, const uint64_t *set)
{
    for (int64_t i = view->word_begin[k]; i < view->word_begin[k + 1]; i++) {
        if ((set[view->words[i].word] & view->words[i].mask) != 0) {
            return true;
        }
    }
    return false;
}

static bool lies_in(const tb_tile_view *view, int64_t k, const uint64_t *set)
{
    for (int64_t i = view->word_begin[k]; i < view->word_begin[k + 1]; i++) {
        if ((~set[view->words[i].word] & view->words[i].mask) != 0) {
            return false;
        }
    }
    return true;
}

void tb_tile_view_rows_row(const tb_tile_view *view, int64_t q, tb_tile_scratch *scratch,
                           tb_tile_row *row)
{
    const tb_row_sets *sets = &scratch->sets;
    unite_tile(view, q, &scratch->sets, row);
    for (int64_t k = 0; k < view->kv_tiles; k++) {
        if (!meets_any(view, k, sets->any)) {
            continue;
        }
        tb_bits_set(scratch->visited, k);
        bool is_whole = view->keys[k] == view->kv_capacity; /* a ragged tile is never full */
        if (is_whole && !sets->none_for_all && lies_in(view, k, sets->all)) {
            tb_bits_set(scratch->full, k);
        }
    }
}
