#include "q_tile_counts.h"

#include "checked.h"
#include "closed_form.h"
#include "dim_census.h"
#include "loop_threads.h"
#include "span_tiles.h"
#include "tile_view.h"

#include <stdlib.h>

/* The query tiles of one dimension in dilation groups of one length. */
typedef struct line_counts {
    int64_t q_tiles, kv_tiles, whole_kv_tiles;
    tb_q_tile_count *tiles; /* owned */
} line_counts;

/* The lines of all dimensions for one dilation group. */
typedef struct group_lines {
    int dims;
    const line_counts *line[TB_MAX_RANK];
} group_lines;

static tb_status fill_line(const tb_closed_form *form, int d, int64_t length, line_counts *out,
                           tb_error *err)
{
    tb_dim_rule rule = tb_closed_form_rule(form, d, length);
    tb_dim_tiles tiles = {.q_tile = form->dim[d].q_tile,
                          .kv_tile = form->dim[d].kv_tile,
                          .kv_tiling = form->tiling->kv_tiling};
    *out = (line_counts){.q_tiles = tb_ceil_div(length, tiles.q_tile),
                         .kv_tiles = tb_ceil_div(length, tiles.kv_tile),
                         .whole_kv_tiles = length / tiles.kv_tile};
    out->tiles = calloc((size_t)out->q_tiles, sizeof *out->tiles);
    if (out->tiles == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld query tiles", (long long)out->q_tiles);
    }
    for (int64_t q = 0; q < out->q_tiles; q++) {
        tb_dim_tile tile = tb_dim_tile_at(&rule, &tiles, q);
        out->tiles[q] = (tb_q_tile_count){.visited = tile.end - tile.begin,
                                          .full = tile.full_end - tile.full_begin};
    }
    return TB_OK;
}

/* Append the tiles of a dilation group, row-major; false when they would pass the end. */
static bool append_group(const group_lines *group, tb_q_tile_count *out, int64_t *used,
                         int64_t q_tiles)
{
    int64_t tiles = 1;
    for (int d = 0; d < group->dims; d++) {
        tiles *= group->line[d]->q_tiles; /* the census checked the product */
    }
    if (tiles > q_tiles - *used) {
        return false;
    }
    for (int64_t t = 0; t < tiles; t++) {
        tb_q_tile_count product = {.visited = 1, .full = 1};
        int64_t rest = t;
        for (int d = group->dims - 1; d >= 0; d--) {
            const tb_q_tile_count *tile = &group->line[d]->tiles[rest % group->line[d]->q_tiles];
            rest /= group->line[d]->q_tiles;
            product.visited *= tile->visited;
            product.full *= tile->full;
        }
        out[(*used)++] = product;
    }
    return true;
}

/* Dilation groups in order, residues row-major; the first extent % dilation residues are longer. */
static bool append_groups(const tb_closed_form *form, line_counts lines[][2], tb_q_tile_count *out,
                          int64_t *used, int64_t q_tiles)
{
    int64_t groups = 1;
    for (int d = 0; d < form->dims; d++) {
        groups *= form->dim[d].dilation;
    }
    for (int64_t g = 0; g < groups; g++) {
        group_lines group = {.dims = form->dims};
        int64_t rest = g;
        for (int d = form->dims - 1; d >= 0; d--) {
            int64_t residue = rest % form->dim[d].dilation;
            int64_t longer = form->dim[d].extent % form->dim[d].dilation;
            rest /= form->dim[d].dilation;
            group.line[d] = &lines[d][longer > 0 && residue >= longer];
        }
        if (!append_group(&group, out, used, q_tiles)) {
            return false;
        }
    }
    return true;
}

static void free_lines(const tb_closed_form *form, line_counts lines[][2])
{
    for (int d = 0; d < form->dims; d++) {
        free(lines[d][0].tiles);
        free(lines[d][1].tiles);
    }
}

static tb_status fill_closed(const tb_closed_form *form, int64_t q_tiles, tb_q_tile_count *out,
                             int64_t *used, tb_error *err)
{
    line_counts lines[TB_MAX_RANK][2] = {0};
    tb_status status = TB_OK;
    for (int d = 0; status == TB_OK && d < form->dims; d++) {
        tb_group_class classes[2];
        int count = tb_group_classes(&form->dim[d], classes);
        for (int c = 0; status == TB_OK && c < count; c++) {
            status = fill_line(form, d, classes[c].length, &lines[d][c], err);
        }
    }
    if (status == TB_OK && !append_groups(form, lines, out, used, q_tiles)) {
        status = tb_fail(err, TB_EINTERNAL, "internal check failed: query tiles of the census");
    }
    free_lines(form, lines);
    return status;
}

static tb_status fill_rows(const tb_problem *problem, const tb_pattern *pattern,
                           const tb_tiling *tiling, int64_t q_tiles, tb_q_tile_count *out,
                           int64_t *used, tb_error *err)
{
    tb_tile_view *view = NULL;
    tb_status status = tb_tile_view_create(problem, pattern, tiling, &view, err);
    if (status != TB_OK) {
        return status;
    }
    tb_tile_scratch *scratch = tb_tile_scratch_create(view);
    int64_t kv_tiles = tb_tile_view_kv_tiles(view);
    if (scratch == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory for %lld query tiles", (long long)q_tiles);
    } else if (tb_tile_view_q_tiles(view) > q_tiles) {
        status = tb_fail(err, TB_EINTERNAL, "internal check failed: query tiles of the census");
    }
    for (int64_t q = 0; status == TB_OK && q < tb_tile_view_q_tiles(view); q++) {
        tb_tile_row row = tb_tile_view_row(view, q, scratch);
        out[(*used)++] = (tb_q_tile_count){.visited = tb_bits_count(row.visited, 0, kv_tiles),
                                           .full = tb_bits_count(row.full, 0, kv_tiles)};
    }
    tb_tile_scratch_destroy(scratch);
    tb_tile_view_destroy(view);
    return status;
}

/* The middle one of `every` neighbours is counted, and stands for them. */
static bool count_run(const tb_span_form *form, int64_t begin, int64_t every, tb_spans *spans,
                      tb_q_tile_count *out)
{
    tb_span_tile tile = {0};
    tb_error ignored;
    int64_t end = tb_min(begin + every, form->q_tiles);
    if (tb_span_tile_at(form, (begin + end - 1) / 2, spans, NULL, NULL, &tile, &ignored) != TB_OK) {
        return false;
    }
    for (int64_t q = begin; q < end; q++) {
        out[q] = (tb_q_tile_count){.visited = tile.visited, .full = tile.full};
    }
    return true;
}

static tb_status fill_spans(const tb_span_form *form, int64_t q_tiles, int64_t every,
                            tb_q_tile_count *out, int64_t *used, tb_error *err)
{
    int64_t runs = tb_ceil_div(form->q_tiles, every);
    int threads = (int)tb_min(tb_threads(), runs), failures = 0;
    if (form->q_tiles > q_tiles) {
        return tb_fail(err, TB_EINTERNAL, "internal check failed: query tiles of the census");
    }
    tb_spans *spans = calloc((size_t)threads, sizeof *spans);
    if (spans == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld query tiles", (long long)q_tiles);
    }
#pragma omp parallel for schedule(dynamic, 16) num_threads(threads) reduction(+ : failures)
    for (int64_t r = 0; r < runs; r++) {
        failures += !count_run(form, r * every, every, &spans[tb_thread_number()], out);
    }
    for (int t = 0; t < threads; t++) {
        tb_spans_free(&spans[t]);
    }
    free(spans);
    *used = form->q_tiles;
    return failures == 0
               ? TB_OK
               : tb_fail(err, TB_ENOMEM, "no memory for %lld query tiles", (long long)q_tiles);
}

/* Extra KV tiles join every query tile; extra query tiles visit all KV tiles, full where whole. */
static bool add_extra(const tb_problem *problem, const tb_tiling *tiling, int64_t kv_tiles,
                      int64_t whole, tb_q_tile_count *out, int64_t *used, int64_t q_tiles)
{
    int64_t q_size = tb_tiling_q_tokens(tiling, &problem->layout);
    int64_t kv_size = tb_tiling_kv_tokens(tiling, &problem->layout);
    int64_t extra = tb_ceil_div(problem->extra_kv, kv_size);
    int64_t extra_whole = problem->extra_kv / kv_size;
    for (int64_t q = 0; q < *used; q++) {
        out[q].visited += extra;
        out[q].full += extra_whole;
    }
    if (tb_ceil_div(problem->extra_q, q_size) > q_tiles - *used) {
        return false;
    }
    for (int64_t q = 0; q < tb_ceil_div(problem->extra_q, q_size); q++) {
        out[(*used)++] =
            (tb_q_tile_count){.visited = kv_tiles + extra, .full = whole + extra_whole};
    }
    return true;
}

/* KV tiles of all dilation groups, and those that reach past no end. */
static void count_kv_tiles(const tb_closed_form *form, int64_t *kv_tiles, int64_t *whole)
{
    *kv_tiles = *whole = 1;
    for (int d = 0; d < form->dims; d++) {
        tb_group_class classes[2];
        int count = tb_group_classes(&form->dim[d], classes);
        int64_t all = 0, unragged = 0;
        for (int c = 0; c < count; c++) {
            all += tb_ceil_div(classes[c].length, form->dim[d].kv_tile) * classes[c].times;
            unragged += classes[c].length / form->dim[d].kv_tile * classes[c].times;
        }
        *kv_tiles *= all;
        *whole *= unragged;
    }
}

tb_status tb_q_tile_counts_sample(const tb_problem *problem, const tb_pattern *pattern,
                                  const tb_tiling *tiling, int64_t q_tiles, int64_t every,
                                  tb_q_tile_count *out, tb_error *err)
{
    tb_closed_form form;
    tb_span_form span_form;
    int64_t used = 0, kv_tiles = 0, whole = 0;
    tb_status status = TB_OK;
    bool has_extra = false;
    if (tb_closed_form_of(problem, pattern, tiling, &form)) {
        count_kv_tiles(&form, &kv_tiles, &whole);
        status = fill_closed(&form, q_tiles, out, &used, err);
    } else if (tb_span_form_of(problem, pattern, tiling, &span_form)) {
        kv_tiles = span_form.kv_tiles;
        whole = span_form.whole_kv_tiles;
        status = fill_spans(&span_form, q_tiles, every, out, &used, err);
    } else {
        status = fill_rows(problem, pattern, tiling, q_tiles, out, &used, err);
        has_extra = true;
    }
    if (status == TB_OK && !has_extra &&
        !add_extra(problem, tiling, kv_tiles, whole, out, &used, q_tiles)) {
        used = -1; /* no room for all */
    }
    if (status == TB_OK && used != q_tiles) {
        return tb_fail(err, TB_EINTERNAL, "internal check failed: query tiles of the census");
    }
    return status;
}

tb_status tb_q_tile_counts_fill(const tb_problem *problem, const tb_pattern *pattern,
                                const tb_tiling *tiling, int64_t q_tiles, tb_q_tile_count *out,
                                tb_error *err)
{
    return tb_q_tile_counts_sample(problem, pattern, tiling, q_tiles, 1, out, err);
}

static tb_status unite_wave(const tb_tile_view *view, int64_t wave, int64_t *out, tb_error *err)
{
    int64_t q_tiles = tb_tile_view_q_tiles(view), kv_tiles = tb_tile_view_kv_tiles(view);
    int64_t words = tb_bits_words(kv_tiles);
    uint64_t *seen = calloc((size_t)words, sizeof *seen);
    tb_tile_scratch *scratch = tb_tile_scratch_create(view);
    tb_status status = TB_OK;
    if (seen == NULL || scratch == NULL) {
        status =
            tb_fail(err, TB_ENOMEM, "no memory for a wave of %lld query tiles", (long long)wave);
    } else {
        int64_t count = tb_min(wave, q_tiles), first = (q_tiles - count) / 2;
        for (int64_t q = first; q < first + count; q++) {
            tb_tile_row row = tb_tile_view_row(view, q, scratch);
            for (int64_t w = 0; w < words; w++) {
                seen[w] |= row.visited[w];
            }
        }
        *out = tb_bits_count(seen, 0, kv_tiles);
    }
    tb_tile_scratch_destroy(scratch);
    free(seen);
    return status;
}

/* The middle query tiles' queries are a run, and so have spans of their own. */
static tb_status unite_wave_spans(const tb_problem *problem, const tb_tiling *tiling,
                                  const tb_span_form *form, int64_t wave, int64_t *out,
                                  tb_error *err)
{
    tb_spans spans = {0};
    int64_t extra_q = tb_ceil_div(problem->extra_q, form->q_tile);
    int64_t extra_kv =
        tb_ceil_div(problem->extra_kv, tb_tiling_kv_tokens(tiling, &problem->layout));
    int64_t q_tiles = form->q_tiles + extra_q, count = tb_min(wave, q_tiles);
    int64_t first = (q_tiles - count) / 2;
    if (first + count > form->q_tiles) { /* one of extra queries, which see everything */
        *out = form->kv_tiles + extra_kv;
        return TB_OK;
    }
    int64_t begin = first * form->q_tile;
    int64_t queries = tb_min(count * form->q_tile, form->tokens - begin);
    tb_status status = tb_pattern_spans(form->pattern, form->layout, begin, queries, &spans, err);
    if (status == TB_OK) {
        *out = tb_span_tile_count(form, queries, &spans, NULL, NULL).visited + extra_kv;
    }
    tb_spans_free(&spans);
    return status;
}

tb_status tb_wave_kv_tiles(const tb_problem *problem, const tb_pattern *pattern,
                           const tb_tiling *tiling, int64_t wave, int64_t *out, tb_error *err)
{
    if (tiling->kv_tiling == TB_KV_DYNAMIC) {
        *out = 0;
        return TB_OK;
    }
    tb_closed_form form;
    tb_span_form span_form;
    if (!tb_closed_form_of(problem, pattern, tiling, &form) &&
        tb_pattern_types[pattern->kind]->spans != NULL &&
        tb_span_form_of(problem, pattern, tiling, &span_form) && !span_form.is_axial) {
        return unite_wave_spans(problem, tiling, &span_form, wave, out, err);
    }
    tb_tile_view *view = NULL;
    tb_status status = tb_tile_view_create(problem, pattern, tiling, &view, err);
    if (status == TB_OK) {
        status = unite_wave(view, wave, out, err);
    }
    tb_tile_view_destroy(view);
    return status;
}
