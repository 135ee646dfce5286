#include "span_tiles.h"

#include "checked.h"

/* log2 of a power of two, else -1. */
static int shift_of(int64_t kv_tile)
{
    int shift = 0;
    while (shift < 62 && (INT64_C(1) << shift) < kv_tile) {
        shift++;
    }
    return (INT64_C(1) << shift) == kv_tile ? shift : -1;
}

/* The KV tile of a token >= 0. */
static inline int64_t tile_of(const tb_span_form *form, int64_t token)
{
    return form->kv_shift >= 0 ? token >> form->kv_shift : token / form->kv_tile;
}

bool tb_span_form_of(const tb_problem *problem, const tb_pattern *pattern, const tb_tiling *tiling,
                     tb_span_form *form)
{
    const tb_layout *layout = &problem->layout;
    if (tb_axial_form_of(problem, pattern, tiling, form)) {
        return true;
    }
    bool is_run = tb_tiling_dims(tiling, layout) == 1 &&
                  (tiling->order == TB_ORDER_ROW_MAJOR || layout->rank == 1);
    if (!is_run || tiling->kv_tiling != TB_KV_STATIC ||
        tb_pattern_types[pattern->kind]->unite != NULL) {
        return false;
    }
    int64_t n = tb_layout_tokens(layout);
    *form = (tb_span_form){.pattern = pattern,
                           .layout = layout,
                           .tiling = tiling,
                           .tokens = n,
                           .q_tile = tiling->q_tile[0],
                           .kv_tile = tiling->kv_tile[0],
                           .q_tiles = tb_ceil_div(n, tiling->q_tile[0]),
                           .kv_tiles = tb_ceil_div(n, tiling->kv_tile[0]),
                           .whole_kv_tiles = n / tiling->kv_tile[0],
                           .kv_shift = shift_of(tiling->kv_tile[0])};
    return true;
}

tb_span_tile tb_span_tile_count(const tb_span_form *form, int64_t queries, const tb_spans *spans,
                                tb_tile_run_fn *emit, void *user)
{
    tb_span_tile tile = {.queries = queries, .pairs = spans->pairs};
    int64_t past = 0; /* one past the last visited tile */
    for (size_t i = 0; i < spans->any_count; i++) {
        int64_t begin = tb_max(tile_of(form, spans->any[i].begin), past);
        int64_t end = tile_of(form, spans->any[i].end - 1) + 1;
        if (begin < end) {
            tile.visited += end - begin;
            tile.keys += (end - begin) * form->kv_tile;
            past = end;
            if (emit != NULL) {
                emit(begin, end, user);
            }
        }
    }
    if (past > form->whole_kv_tiles) { /* the last tile reaches past the end */
        tile.keys -= form->kv_tiles * form->kv_tile - form->tokens;
    }
    for (size_t i = 0; i < spans->all_count; i++) {
        int64_t begin = tile_of(form, spans->all[i].begin + form->kv_tile - 1); /* rounded up */
        tile.full += tb_max(tile_of(form, spans->all[i].end) - begin, 0);
    }
    return tile;
}

/* By the kind's closed form, where it has one for these tiles. */
static bool count_closed(const tb_span_form *form, int64_t first, int64_t queries,
                         tb_span_tile *out)
{
    tb_run_tiles tiles;
    const tb_pattern_type *type = tb_pattern_types[form->pattern->kind];
    if (type->tiles == NULL ||
        !type->tiles(form->pattern, form->layout, first, queries, form->kv_tile, &tiles)) {
        return false;
    }
    *out = (tb_span_tile){.queries = queries,
                          .visited = tiles.visited,
                          .full = tiles.full,
                          .keys = tiles.visited * form->kv_tile,
                          .pairs = tiles.pairs};
    if (tiles.past > form->whole_kv_tiles) { /* the last tile reaches past the end */
        out->keys -= form->kv_tiles * form->kv_tile - form->tokens;
    }
    return true;
}

tb_status tb_span_tile_at(const tb_span_form *form, int64_t q, tb_spans *spans,
                          tb_tile_run_fn *emit, void *user, tb_span_tile *out, tb_error *err)
{
    if (form->is_axial) {
        *out = tb_axial_tile_at(form, q);
        return TB_OK;
    }
    int64_t first = q * form->q_tile, queries = tb_min(form->q_tile, form->tokens - first);
    if (emit == NULL && count_closed(form, first, queries, out)) {
        return TB_OK;
    }
    tb_status status = tb_pattern_spans(form->pattern, form->layout, first, queries, spans, err);
    if (status == TB_OK) {
        *out = tb_span_tile_count(form, queries, spans, emit, user);
    }
    return status;
}
