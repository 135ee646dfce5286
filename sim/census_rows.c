/* The general census: the windows of each query tile's queries are united. */
#include "census_parts.h"
#include "checked.h"
#include "loop_threads.h"
#include "tile_view.h"

#include <stdlib.h>

/* Working memory of a census: a scratch a thread, and a count a tile. */
typedef struct rows_workspace {
    int threads;
    tb_tile_scratch **scratch;
    int64_t *visited;  /* KV tiles a query tile */
    int64_t *visitors; /* query tiles a KV tile; backward only */
} rows_workspace;

static void free_workspace(rows_workspace *work)
{
    for (int t = 0; work->scratch != NULL && t < work->threads; t++) {
        tb_tile_scratch_destroy(work->scratch[t]);
    }
    free(work->scratch);
    free(work->visited);
    free(work->visitors);
}

static tb_status make_workspace(const tb_tile_view *view, rows_workspace *work, tb_error *err)
{
    int64_t q_tiles = tb_tile_view_q_tiles(view);
    *work = (rows_workspace){.threads = (int)tb_min(tb_threads(), q_tiles)};
    work->scratch = calloc((size_t)work->threads, sizeof(tb_tile_scratch *));
    work->visited = calloc((size_t)q_tiles, sizeof(int64_t));
    work->visitors = calloc((size_t)tb_tile_view_kv_tiles(view), sizeof(int64_t));
    bool complete = work->scratch != NULL && work->visited != NULL && work->visitors != NULL;
    for (int t = 0; complete && t < work->threads; t++) {
        work->scratch[t] = tb_tile_scratch_create(view);
        complete = work->scratch[t] != NULL;
    }
    if (complete) {
        return TB_OK;
    }
    free_workspace(work);
    return tb_fail(err, TB_ENOMEM, "no memory for a census of %lld query tiles",
                   (long long)q_tiles);
}

/* Sums over one query tile; no sum here can pass tokens x tokens. */
static void count_row(const tb_tile_view *view, const tb_tile_row *row, int64_t *visitors,
                      tb_census *sums, int64_t *visited)
{
    int64_t kv_tiles = tb_tile_view_kv_tiles(view);
    int64_t keys = 0;
    *visited = 0;
    for (int64_t k = tb_bits_next(row->visited, 0, kv_tiles); k < kv_tiles;
         k = tb_bits_next(row->visited, k + 1, kv_tiles)) {
        (*visited)++;
        keys += tb_tile_view_keys(view, k);
        if (visitors != NULL) {
#pragma omp atomic
            visitors[k]++;
        }
    }
    sums->visited += *visited;
    sums->full += tb_bits_count(row->full, 0, kv_tiles);
    sums->visible_pairs += row->visible_pairs;
    sums->real_pairs += keys * row->queries;
}

static void count_all(const tb_tile_view *view, bool is_backward, rows_workspace *work,
                      tb_census *sums)
{
    int64_t q_tiles = tb_tile_view_q_tiles(view);
    int64_t visited = 0, full = 0, visible_pairs = 0, real_pairs = 0;
#pragma omp parallel for schedule(dynamic, 4) num_threads(work->threads) \
    reduction(+ : visited, full, visible_pairs, real_pairs)
    for (int64_t q = 0; q < q_tiles; q++) {
        tb_tile_row row = tb_tile_view_row(view, q, work->scratch[tb_thread_number()]);
        tb_census one = {0};
        count_row(view, &row, is_backward ? work->visitors : NULL, &one, &work->visited[q]);
        visited += one.visited;
        full += one.full;
        visible_pairs += one.visible_pairs;
        real_pairs += one.real_pairs;
    }
    sums->visited = visited;
    sums->full = full;
    sums->visible_pairs = visible_pairs;
    sums->real_pairs = real_pairs;
}

static void spread(const int64_t *values, int64_t count, int64_t *min, int64_t *max)
{
    *min = *max = values[0];
    for (int64_t i = 1; i < count; i++) {
        *min = tb_min(*min, values[i]);
        *max = tb_max(*max, values[i]);
    }
}

tb_status tb_census_rows(const tb_problem *problem, const tb_pattern *pattern,
                         const tb_tiling *tiling, tb_histogram *visited_tiles, tb_own_census *out,
                         tb_error *err)
{
    tb_problem own_tokens = *problem;
    own_tokens.extra_kv = 0; /* census.c adds them, as to the closed form */
    own_tokens.extra_q = 0;
    tb_tile_view *view = NULL;
    tb_status status = tb_tile_view_create(&own_tokens, pattern, tiling, &view, err);
    if (status != TB_OK) {
        return status;
    }
    rows_workspace work;
    status = make_workspace(view, &work, err);
    if (status != TB_OK) {
        tb_tile_view_destroy(view);
        return status;
    }
    tb_own_census own = {.census = {.q_tiles = tb_tile_view_q_tiles(view),
                                    .launched_q_tiles = tb_tile_view_q_tiles(view),
                                    .kv_tiles = tb_tile_view_kv_tiles(view)}};
    tb_census *census = &own.census;
    bool is_backward = problem->pass == TB_PASS_BACKWARD;
    count_all(view, is_backward, &work, census);
    spread(work.visited, census->q_tiles, &census->min, &census->max);
    if (is_backward) {
        spread(work.visitors, census->kv_tiles, &census->kv_min, &census->kv_max);
    }
    for (int64_t k = 0; k < census->kv_tiles; k++) {
        own.whole_kv_tiles +=
            tb_tile_view_keys(view, k) == tb_tiling_kv_tokens(tiling, &problem->layout);
    }
    for (int64_t q = 0; status == TB_OK && visited_tiles != NULL && q < census->q_tiles; q++) {
        status = tb_histogram_add(visited_tiles, work.visited[q], 1, err);
    }
    free_workspace(&work);
    tb_tile_view_destroy(view);
    if (status == TB_OK) {
        *out = own;
    }
    return status;
}

int tb_census_threads(void)
{
    return tb_threads();
}
