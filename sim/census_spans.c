/* The census of patterns whose query tiles are counted one by one (span_tiles.h). In tiles that are
 * runs of the row-major order, a KV tile is visited iff an interval of `any` reaches into it, and
 * full iff it lies in one of `all`. */
#include "census_parts.h"
#include "checked.h"
#include "loop_threads.h"
#include "span_tiles.h"

#include <stdlib.h>

/* Working memory of a census: spans a thread, and a count a tile. */
typedef struct spans_workspace {
    int threads;
    tb_spans *spans;
    int64_t *visited;    /* KV tiles a query tile */
    int64_t *difference; /* visitors of KV tile k less those of tile k - 1; backward only */
} spans_workspace;

static void free_workspace(spans_workspace *work)
{
    for (int t = 0; work->spans != NULL && t < work->threads; t++) {
        tb_spans_free(&work->spans[t]);
    }
    free(work->spans);
    free(work->visited);
    free(work->difference);
}

static tb_status make_workspace(const tb_span_form *form, spans_workspace *work, tb_error *err)
{
    *work = (spans_workspace){.threads = (int)tb_min(tb_threads(), form->q_tiles)};
    work->spans = calloc((size_t)work->threads, sizeof *work->spans);
    work->visited = calloc((size_t)form->q_tiles, sizeof *work->visited);
    work->difference = calloc((size_t)form->kv_tiles + 1, sizeof *work->difference);
    if (work->spans != NULL && work->visited != NULL && work->difference != NULL) {
        return TB_OK;
    }
    free_workspace(work);
    return tb_fail(err, TB_ENOMEM, "no memory for a census of %lld query tiles",
                   (long long)form->q_tiles);
}

static void note_visitor(int64_t begin, int64_t end, void *user)
{
    int64_t *difference = user;
#pragma omp atomic
    difference[begin]++;
#pragma omp atomic
    difference[end]--;
}

/* No sum here can pass tokens x tokens, but for tiles far larger than the layout. */
static bool count_all(const tb_span_form *form, bool is_backward, spans_workspace *work,
                      tb_census *sums)
{
    int64_t visited = 0, full = 0, visible_pairs = 0, real_pairs = 0;
    int failures = 0;
#pragma omp parallel for schedule(dynamic, 16) num_threads(work->threads) \
    reduction(+ : visited, full, visible_pairs, real_pairs, failures)
    for (int64_t q = 0; q < form->q_tiles; q++) {
        tb_span_tile tile = {0};
        tb_error ignored;
        tb_status status =
            tb_span_tile_at(form, q, &work->spans[tb_thread_number()],
                            is_backward ? note_visitor : NULL, work->difference, &tile, &ignored);
        failures += status != TB_OK;
        work->visited[q] = tile.visited;
        visited += tile.visited;
        full += tile.full;
        visible_pairs += tile.pairs;
        real_pairs += tile.keys * tile.queries;
    }
    sums->visited = visited;
    sums->full = full;
    sums->visible_pairs = visible_pairs;
    sums->real_pairs = real_pairs;
    return failures == 0;
}

static void count_visitors(const tb_span_form *form, const spans_workspace *work, tb_census *sums)
{
    int64_t visitors = 0;
    sums->kv_min = INT64_MAX;
    for (int64_t k = 0; k < form->kv_tiles; k++) {
        visitors = form->is_axial ? tb_axial_visitors(form, k) : visitors + work->difference[k];
        sums->kv_min = tb_min(sums->kv_min, visitors);
        sums->kv_max = tb_max(sums->kv_max, visitors);
    }
}

tb_status tb_census_spans(const tb_span_form *form, const tb_problem *problem,
                          tb_histogram *visited_tiles, tb_own_census *out, tb_error *err)
{
    spans_workspace work;
    tb_status status = make_workspace(form, &work, err);
    if (status != TB_OK) {
        return status;
    }
    bool is_backward = problem->pass == TB_PASS_BACKWARD;
    tb_own_census own = {.census = {.q_tiles = form->q_tiles,
                                    .launched_q_tiles = form->q_tiles,
                                    .kv_tiles = form->kv_tiles,
                                    .min = INT64_MAX},
                         .whole_kv_tiles = form->whole_kv_tiles};
    if (!count_all(form, is_backward, &work, &own.census)) {
        status = tb_fail(err, TB_ENOMEM, "no memory for a census of %lld query tiles",
                         (long long)form->q_tiles);
    }
    if (is_backward) {
        count_visitors(form, &work, &own.census);
    }
    for (int64_t q = 0; status == TB_OK && q < form->q_tiles; q++) {
        own.census.min = tb_min(own.census.min, work.visited[q]);
        own.census.max = tb_max(own.census.max, work.visited[q]);
        if (visited_tiles != NULL) {
            status = tb_histogram_add(visited_tiles, work.visited[q], 1, err);
        }
    }
    free_workspace(&work);
    if (status == TB_OK) {
        *out = own;
    }
    return status;
}
