#include "tile_view.h"

#include "checked.h"
#include "tile_view_parts.h"

#include <stdlib.h>
#include <string.h>

int64_t *tb_tile_view_integers(int64_t count, tb_status *status, tb_error *err)
{
    int64_t *made = count < 0 ? NULL : calloc((size_t)count + 1, sizeof *made);
    if (made == NULL) {
        *status = tb_fail(err, TB_ENOMEM, "no memory for %lld tile numbers", (long long)count);
    }
    return made;
}

static tb_status check_all(const tb_problem *problem, const tb_pattern *pattern,
                           const tb_tiling *tiling, tb_error *err)
{
    tb_status status = tb_problem_check(problem, err);
    if (status == TB_OK) {
        status = tb_pattern_check(pattern, &problem->layout, err);
    }
    if (status == TB_OK) {
        status = tb_tiling_check(tiling, problem, pattern, err);
    }
    if (status == TB_OK && tiling->kv_tiling == TB_KV_DYNAMIC) {
        return tb_fail(err, TB_EINVAL, "dynamic KV tiles have no numbers to list; use static ones");
    }
    return status;
}

tb_status tb_tile_view_create(const tb_problem *problem, const tb_pattern *pattern,
                              const tb_tiling *tiling, tb_tile_view **out, tb_error *err)
{
    tb_status status = check_all(problem, pattern, tiling, err);
    if (status != TB_OK) {
        return status;
    }
    tb_tile_view *view = calloc(1, sizeof *view);
    if (view == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a view of the tiles");
    }
    view->problem = *problem;
    view->pattern = *pattern;
    view->tiling = *tiling;
    view->kv_capacity = tb_tiling_kv_tokens(tiling, &problem->layout);
    view->extra_kv_tiles = tb_ceil_div(problem->extra_kv, view->kv_capacity);
    view->extra_q_tiles =
        tb_ceil_div(problem->extra_q, tb_tiling_q_tokens(tiling, &problem->layout));
    view->is_closed = tb_closed_form_of(&view->problem, &view->pattern, &view->tiling, &view->form);
    status =
        view->is_closed ? tb_tile_view_closed_init(view, err) : tb_tile_view_rows_init(view, err);
    if (status != TB_OK) {
        tb_tile_view_destroy(view);
        return status;
    }
    *out = view;
    return TB_OK;
}

void tb_tile_view_destroy(tb_tile_view *view)
{
    if (view == NULL) {
        return;
    }
    free(view->keys);
    free(view->q_first);
    free(view->kv_first);
    free(view->q_tokens);
    free(view->q_begin);
    free(view->word_begin);
    free(view->words);
    free(view);
}

int64_t tb_tile_view_q_tiles(const tb_tile_view *view)
{
    return view->q_tiles + view->extra_q_tiles;
}

int64_t tb_tile_view_kv_tiles(const tb_tile_view *view)
{
    return view->kv_tiles + view->extra_kv_tiles;
}

int64_t tb_tile_view_keys(const tb_tile_view *view, int64_t k)
{
    if (k < view->kv_tiles) {
        return view->keys[k];
    }
    int64_t before = (k - view->kv_tiles) * view->kv_capacity;
    return tb_min(view->kv_capacity, view->problem.extra_kv - before);
}

tb_tile_scratch *tb_tile_scratch_create(const tb_tile_view *view)
{
    tb_tile_scratch *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return NULL;
    }
    size_t tile_words = (size_t)tb_bits_words(tb_tile_view_kv_tiles(view)) + 1;
    made->visited = calloc(tile_words, sizeof(uint64_t));
    made->full = calloc(tile_words, sizeof(uint64_t));
    bool complete = made->visited != NULL && made->full != NULL;
    if (!view->is_closed) {
        made->sets.spans = &made->spans;
        made->sets.words = tb_bits_words(tb_layout_tokens(&view->problem.layout));
        size_t words = (size_t)made->sets.words;
        made->sets.any = calloc(words, sizeof(uint64_t));
        made->sets.all = calloc(words, sizeof(uint64_t));
        made->sets.scratch = calloc(words, sizeof(uint64_t));
        complete = complete && made->sets.any != NULL && made->sets.all != NULL &&
                   made->sets.scratch != NULL;
    }
    if (!complete) {
        tb_tile_scratch_destroy(made);
        return NULL;
    }
    return made;
}

void tb_tile_scratch_destroy(tb_tile_scratch *scratch)
{
    if (scratch == NULL) {
        return;
    }
    free(scratch->visited);
    free(scratch->full);
    free(scratch->sets.any);
    free(scratch->sets.all);
    free(scratch->sets.scratch);
    tb_spans_free(&scratch->spans);
    free(scratch);
}

/* Extra KV tiles are visited by every query tile, extra query tiles visit every KV tile; full where
 * no key is missing. */
static void add_extra_tiles(const tb_tile_view *view, bool is_extra_q, tb_tile_scratch *scratch)
{
    int64_t kv_tiles = tb_tile_view_kv_tiles(view);
    int64_t begin = is_extra_q ? 0 : view->kv_tiles;
    tb_bits_set_range(scratch->visited, begin, kv_tiles);
    for (int64_t k = begin; k < kv_tiles; k++) {
        if (tb_tile_view_keys(view, k) == view->kv_capacity) {
            tb_bits_set(scratch->full, k);
        }
    }
}

tb_tile_row tb_tile_view_row(const tb_tile_view *view, int64_t q, tb_tile_scratch *scratch)
{
    size_t bytes = (size_t)tb_bits_words(tb_tile_view_kv_tiles(view)) * sizeof(uint64_t);
    memset(scratch->visited, 0, bytes);
    memset(scratch->full, 0, bytes);
    tb_tile_row row = {.visited = scratch->visited, .full = scratch->full};
    bool is_extra_q = q >= view->q_tiles;
    if (is_extra_q) {
        int64_t size = tb_tiling_q_tokens(&view->tiling, &view->problem.layout);
        row.queries = tb_min(size, view->problem.extra_q - (q - view->q_tiles) * size);
    } else if (view->is_closed) {
        tb_tile_view_closed_row(view, q, scratch, &row);
    } else {
        tb_tile_view_rows_row(view, q, scratch, &row);
    }
    add_extra_tiles(view, is_extra_q, scratch);
    return row;
}
