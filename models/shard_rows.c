#include "shard_rows.h"

#include "checked.h"

#include <stdlib.h>

tb_status tb_shard_rows_prepare(tb_shard_rows *rows, int64_t segments, tb_error *err)
{
    rows->mark = calloc((size_t)segments, sizeof *rows->mark);
    rows->seen = calloc((size_t)segments, sizeof *rows->seen);
    if (rows->mark == NULL || rows->seen == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the tokens of %lld devices",
                       (long long)segments);
    }
    return TB_OK;
}

void tb_shard_rows_free(tb_shard_rows *rows)
{
    tb_spans_free(&rows->spans);
    free(rows->run);
    free(rows->mark);
    free(rows->seen);
    *rows = (tb_shard_rows){0};
}

static void add_run(int64_t begin, int64_t end, void *user)
{
    tb_shard_rows *rows = user;
    rows->pairs += end - begin;
    if (rows->count > 0 && begin >= rows->run[rows->count - 1].begin &&
        begin <= rows->run[rows->count - 1].end) { /* mostly the next query sees almost the same */
        rows->run[rows->count - 1].end = tb_max(rows->run[rows->count - 1].end, end);
        return;
    }
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity == 0 ? 64 : 2 * rows->capacity;
        tb_span *run = realloc(rows->run, capacity * sizeof *run);
        if (run == NULL) {
            rows->failed = true;
            return;
        }
        rows->run = run;
        rows->capacity = capacity;
    }
    rows->run[rows->count++] = (tb_span){begin, end};
}

static int compare_runs(const void *left, const void *right)
{
    const tb_span *a = left, *b = right;
    return (a->begin > b->begin) - (a->begin < b->begin);
}

static void merge_runs(tb_shard_rows *rows)
{
    size_t kept = 0;
    if (rows->count > 1) {
        qsort(rows->run, rows->count, sizeof *rows->run, compare_runs);
    }
    for (size_t i = 0; i < rows->count; i++) {
        if (kept > 0 && rows->run[i].begin <= rows->run[kept - 1].end) {
            rows->run[kept - 1].end = tb_max(rows->run[kept - 1].end, rows->run[i].end);
        } else {
            rows->run[kept++] = rows->run[i];
        }
    }
    rows->count = kept;
}

/* Positions [begin, end) of segment s, where runs come in ascending order: tiles that the run
 * before it has counted are not counted again. */
static void visit(tb_shard_rows *rows, const tb_shards *shards, int64_t s, int64_t begin,
                  int64_t end, int64_t kv_tile, int64_t *tiles)
{
    if (begin >= end) {
        return;
    }
    int64_t from = tb_max(begin / kv_tile, rows->mark[s]), to = tb_ceil_div(end, kv_tile);
    if (from < to) {
        tiles[tb_segment_shard(shards, s)] += to - from;
        if (rows->mark[s] == 0) {
            rows->seen[rows->seen_count++] = s;
        }
        rows->mark[s] = to;
    }
}

static void visit_run(tb_shard_rows *rows, const tb_shards *shards, const tb_span *run,
                      int64_t kv_tile, int64_t *tiles)
{
    int64_t length = shards->length, step = shards->step;
    if (step == 1) {
        for (int64_t s = run->begin / length; s <= (run->end - 1) / length; s++) {
            visit(rows, shards, s, tb_max(run->begin - s * length, 0),
                  tb_min(run->end - s * length, length), kv_tile, tiles);
        }
        return;
    }
    int64_t count = tb_min(run->end - run->begin, step);
    for (int64_t i = 0; i < count; i++) {
        int64_t s = (run->begin + i) % step, before = run->end - s;
        visit(rows, shards, s, (run->begin + i) / step, tb_ceil_div(before, step), kv_tile, tiles);
    }
}

/* What queries first, first + step, ... (count of them) see, as ascending runs. */
static tb_status unite(tb_shard_rows *rows, const tb_pattern *pattern, const tb_layout *layout,
                       int64_t first, int64_t step, int64_t count, tb_error *err)
{
    rows->count = 0;
    for (int64_t q = 0; q < count; q++) {
        tb_pattern_row(pattern, layout, first + q * step, add_run, rows);
    }
    if (rows->failed) {
        return tb_fail(err, TB_ENOMEM, "no memory for what a query tile sees");
    }
    merge_runs(rows);
    return TB_OK;
}

/* The KV tiles of one query tile. */
static tb_status visit_tile(tb_shard_rows *rows, const tb_pattern *pattern, const tb_layout *layout,
                            const tb_shards *shards, int64_t first, int64_t count, int64_t kv_tile,
                            int64_t *tiles, tb_error *err)
{
    bool follow = shards->step == 1;
    tb_status status = follow ? tb_pattern_spans(pattern, layout, first, count, &rows->spans, err)
                              : unite(rows, pattern, layout, first, shards->step, count, err);
    if (status != TB_OK) {
        return status;
    }
    const tb_span *run = follow ? rows->spans.any : rows->run;
    size_t runs = follow ? rows->spans.any_count : rows->count;
    rows->pairs += follow ? rows->spans.pairs : 0; /* rows have counted theirs */
    for (size_t i = 0; i < runs; i++) {
        visit_run(rows, shards, &run[i], kv_tile, tiles);
    }
    for (int64_t i = 0; i < rows->seen_count; i++) {
        rows->mark[rows->seen[i]] = 0;
    }
    rows->seen_count = 0;
    return TB_OK;
}

tb_status tb_shard_rows_add(tb_shard_rows *rows, const tb_pattern *pattern, const tb_layout *layout,
                            const tb_shards *shards, int64_t s, int64_t q_tile, int64_t kv_tile,
                            int64_t *tiles, tb_error *err)
{
    int64_t first = tb_segment_first(shards, s), length = tb_segment_length(shards, s);
    tb_status status = TB_OK;
    for (int64_t p = 0; status == TB_OK && p < length; p += q_tile) {
        status = visit_tile(rows, pattern, layout, shards, first + p * shards->step,
                            tb_min(q_tile, length - p), kv_tile, tiles, err);
    }
    return status;
}
