/* Expectations of kept mask blocks, in closed form. */
#include "expected_kept.h"
#include "checked.h"

#include <math.h>
#include <stdlib.h>

/* Logarithms of 0 are cut off here; e^FLOOR is nothing. */
#define FLOOR (-800.0)

static tb_distance_sums *sum_distances(const tb_kept *kept)
{
    tb_distance_sums *from = calloc((size_t)kept->columns + 1, sizeof *from);
    for (int64_t d = kept->columns - 1; from != NULL && d >= 0; d--) {
        double p = fmin(tb_kept_probability(kept, d), 1);
        from[d] = (tb_distance_sums){
            .miss = from[d + 1].miss + (p < 1 ? fmax(log1p(-p), FLOOR) : FLOOR),
            .hit = from[d + 1].hit + (p > 0 ? fmax(log(p), FLOOR) : FLOOR),
            .p = from[d + 1].p + p,
            .spread = from[d + 1].spread + p * (1 - p),
        };
    }
    return from;
}

static void add_distances(const tb_kept_form *f, int64_t nearest, int64_t count,
                          tb_distance_sums *sums)
{
    if (count > 0) {
        const tb_distance_sums *a = &f->from[nearest], *b = &f->from[nearest + count];
        sums->miss += a->miss - b->miss;
        sums->hit += a->hit - b->hit;
        sums->p += a->p - b->p;
        sums->spread += a->spread - b->spread;
    }
}

/* Over columns [begin, end) of a row, none of which is always kept. */
void tb_kept_add_columns(const tb_kept_form *f, const tb_kept_row *row, int64_t begin, int64_t end,
                         tb_distance_sums *sums)
{
    int64_t left = tb_min(end, row->own_begin), right = tb_max(begin, row->own_end);
    if (begin < left) {
        add_distances(f, row->own_begin - left + 1, left - begin, sums);
    }
    for (int64_t c = tb_max(begin, row->own_begin); c < tb_min(end, row->own_end); c++) {
        add_distances(f, 0, 1, sums);
    }
    if (right < end) {
        add_distances(f, right - row->own_end + 1, end - right, sums);
    }
}

/* The same without those that are always kept. */
static void add_candidates(const tb_kept_form *f, const tb_kept_row *row, int64_t begin,
                           int64_t end, tb_distance_sums *sums)
{
    int64_t left = tb_max(begin, row->sink_end), right = tb_max(begin, row->local_end);
    int64_t left_end = tb_min(end, row->local_begin);
    if (left < left_end) {
        tb_kept_add_columns(f, row, left, left_end, sums);
    }
    right = tb_max(right, row->sink_end);
    if (right < end) {
        tb_kept_add_columns(f, row, right, end, sums);
    }
}

/* Logarithms of the probabilities that nothing, and that all, of a row's part of a tile is kept. */
typedef struct tile_logs {
    double none, all;
} tile_logs;

static void add_row(const tb_kept_form *f, const tb_kept_row *row, int64_t begin, int64_t end,
                    tile_logs *logs)
{
    int64_t always = tb_kept_always_count(row, begin, end), x = end - begin - always;
    if (always > 0) {
        logs->none = -HUGE_VAL;
    }
    if (f->kept->by_count) {
        if (logs->none > -HUGE_VAL) {
            logs->none += tb_log_none(row->candidates, row->drawn, x);
        }
        if (logs->all > -HUGE_VAL) {
            logs->all += tb_log_none(row->candidates, row->candidates - row->drawn, x);
        }
        return;
    }
    tb_distance_sums sums = {0};
    add_candidates(f, row, begin, end, &sums);
    logs->none += sums.miss;
    logs->all += sums.hit;
}

/* Tile u of the query tile at hand, any kind of it. */
static tile_logs logs_of(const tb_kept_form *f, int64_t u)
{
    const tb_kept *kept = f->kept;
    int64_t begin = u * f->form->kv_tile, end = begin + f->form->kv_tile;
    bool may_be_full = end <= kept->tokens && (!kept->causal || end <= f->begin + 1);
    tile_logs logs = {.all = may_be_full ? 0 : -HUGE_VAL};
    end = tb_min(end, kept->tokens);
    for (int64_t r = 0; r < f->row_count; r++) {
        const tb_kept_row *row = &f->rows[r];
        int64_t last = tb_min(row->end, f->end); /* one past the row's last query in the tile */
        int64_t to = kept->causal ? tb_min(end, last) : end;
        if (begin < to) {
            add_row(f, row, begin / kept->block_kv, (to - 1) / kept->block_kv + 1, &logs);
        }
    }
    return logs;
}

static void add_tiles(tb_tile_sums *sums, double tiles, tile_logs logs)
{
    double empty = exp(logs.none), full = exp(logs.all);
    sums->visited.mean += tiles * (1 - empty);
    sums->visited.variance += tiles * empty * (1 - empty);
    sums->full.mean += tiles * full;
    sums->full.variance += tiles * full * (1 - full);
}

/* Runs of KV tiles of which every row sees all keys and keeps none for sure. */
typedef struct plain_tiles {
    int64_t left_begin, left_end, right_begin, right_end;
} plain_tiles;

static plain_tiles find_plain(const tb_kept_form *f)
{
    const tb_kept *kept = f->kept;
    int64_t kv = f->form->kv_tile, sink = 0, local_begin = INT64_MAX, local_end = 0;
    for (int64_t r = 0; r < f->row_count; r++) {
        const tb_kept_row *row = &f->rows[r];
        sink = tb_max(sink, row->sink_end);
        if (row->local_begin < row->local_end) {
            local_begin = tb_min(local_begin, row->local_begin);
            local_end = tb_max(local_end, row->local_end);
        }
    }
    int64_t visible = kept->causal ? f->begin + 1 : kept->tokens;
    int64_t limit = visible;
    if (local_end > 0) {
        limit = tb_min(limit, local_begin * kept->block_kv);
    }
    plain_tiles plain = {.left_begin = tb_ceil_div(sink * kept->block_kv, kv),
                         .left_end = limit / kv};
    plain.left_end = tb_max(plain.left_begin, plain.left_end);
    plain.right_begin = plain.right_end = plain.left_end;
    if (local_end > 0 && !kept->causal) {
        plain.right_begin = tb_max(tb_ceil_div(local_end * kept->block_kv, kv), plain.left_end);
        plain.right_end = tb_max(visible / kv, plain.right_begin);
    }
    return plain;
}

/* So many tiles that each overlap x columns; by count their number is hypergeometric: two of them
 * are empty as one of 2 x columns is. */
static void add_plain_by_count(const tb_kept_form *f, double tiles, int64_t x, tb_tile_sums *sums)
{
    tile_logs logs = {0};
    double both = 0;
    for (int64_t r = 0; r < f->row_count; r++) {
        const tb_kept_row *row = &f->rows[r];
        logs.none += tb_log_none(row->candidates, row->drawn, x);
        if (logs.all > -HUGE_VAL) {
            logs.all += tb_log_none(row->candidates, row->candidates - row->drawn, x);
        }
        if (tiles > 1 && both > -HUGE_VAL) {
            both += 2 * x <= row->candidates ? tb_log_none(row->candidates, row->drawn, 2 * x)
                                             : -HUGE_VAL;
        }
    }
    add_tiles(sums, tiles, logs);
    if (tiles > 1) {
        sums->visited.variance += tiles * (tiles - 1) * (exp(both) - exp(2 * logs.none));
    }
}

/* Columns that tile u overlaps. */
static int64_t overlap(const tb_kept_form *f, int64_t u)
{
    int64_t kv = f->form->kv_tile, block = f->kept->block_kv;
    return (u * kv + kv - 1) / block - u * kv / block + 1;
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* How many of tiles [begin, end) overlap `least`, one more, two more columns; where tiles begin in
 * mask blocks repeats. */
static void count_overlaps(const tb_kept_form *f, int64_t begin, int64_t end, int64_t least,
                           double tiles[3])
{
    int64_t period = f->kept->block_kv / gcd(f->form->kv_tile, f->kept->block_kv);
    for (int64_t u = begin; u < tb_min(begin + period, end); u++) {
        tiles[overlap(f, u) - least] += (double)tb_ceil_div(end - u, period);
    }
}

/* Tiles that each overlap x columns, of even density. */
static void add_plain_by_density(const tb_kept_form *f, double tiles, int64_t x, tb_tile_sums *sums)
{
    tb_distance_sums one = {0};
    add_distances(f, 0, 1, &one);
    double columns = (double)(x * f->row_count);
    add_tiles(sums, tiles, (tile_logs){.none = columns * one.miss, .all = columns * one.hit});
}

/* Tiles that keep alike, but for how many columns they overlap. */
static void add_even_runs(const tb_kept_form *f, const plain_tiles *plain, tb_tile_sums *sums)
{
    double tiles[3] = {0};
    int64_t least = (f->form->kv_tile - 1) / f->kept->block_kv + 1;
    count_overlaps(f, plain->left_begin, plain->left_end, least, tiles);
    count_overlaps(f, plain->right_begin, plain->right_end, least, tiles);
    for (int i = 0; i < 3; i++) {
        if (tiles[i] > 0 && f->kept->by_count) {
            add_plain_by_count(f, tiles[i], least + i, sums);
        } else if (tiles[i] > 0) {
            add_plain_by_density(f, tiles[i], least + i, sums);
        }
    }
}

/* By falling density: from the nearest tile outwards, until what is left is nothing. */
static void add_falling_run(const tb_kept_form *f, int64_t begin, int64_t end, bool is_left,
                            tb_tile_sums *sums)
{
    for (int64_t i = 0; i < end - begin; i++) {
        tile_logs logs = logs_of(f, is_left ? end - 1 - i : begin + i);
        add_tiles(sums, 1, logs);
        if (logs.none > -1e-17) {
            return;
        }
    }
}

/* Where query tiles begin with mask blocks, what a tile keeps depends on how many columns it lies
 * before the query tile's first own one; entry d sums over tiles at d, d - step, ... columns. */
static tb_tile_sums *sum_falling(const tb_kept_form *f)
{
    int64_t step = f->form->kv_tile / f->kept->block_kv, rows = f->form->q_tile / f->kept->block_q;
    int64_t last = (rows - 1) * f->kept->block_q / f->kept->block_kv;
    tb_tile_sums *at = calloc((size_t)f->kept->columns + 1, sizeof *at);
    for (int64_t d = step; at != NULL && d + last < f->kept->columns; d++) {
        tb_distance_sums sums = {0};
        for (int64_t r = 0; r < rows; r++) {
            int64_t own = r * f->kept->block_q / f->kept->block_kv;
            add_distances(f, d + own - step + 1, step, &sums);
        }
        at[d] = at[d - step];
        add_tiles(&at[d], 1, (tile_logs){.none = sums.miss, .all = sums.hit});
    }
    return at;
}

static bool may_sum_falling(const tb_kept_form *f)
{
    return !f->kept->by_count && f->kept->decay < 1 && f->kept->causal &&
           f->form->q_tile <= f->kept->tokens && f->form->q_tile % f->kept->block_q == 0 &&
           f->form->q_tile % f->kept->block_kv == 0 && f->form->kv_tile % f->kept->block_kv == 0;
}

static void subtract(tb_moments *from, const tb_moments *less)
{
    from->mean -= less->mean;
    from->variance -= less->variance;
}

static void add_summed_run(const tb_kept_form *f, int64_t begin, int64_t end, tb_tile_sums *sums)
{
    int64_t step = f->form->kv_tile / f->kept->block_kv, own = f->rows[0].own_begin;
    if (begin >= end) {
        return;
    }
    tb_tile_sums run = f->falling[own - begin * step];
    const tb_tile_sums *nearer = &f->falling[own - end * step];
    subtract(&run.visited, &nearer->visited);
    subtract(&run.full, &nearer->full);
    sums->visited.mean += run.visited.mean;
    sums->visited.variance += run.visited.variance;
    sums->full.mean += run.full.mean;
    sums->full.variance += run.full.variance;
}

static void add_plain(const tb_kept_form *f, const plain_tiles *plain, tb_tile_sums *sums)
{
    if (f->kept->by_count || f->kept->decay >= 1) {
        add_even_runs(f, plain, sums);
    } else if (f->falling != NULL && f->end - f->begin == f->form->q_tile) {
        add_summed_run(f, plain->left_begin, plain->left_end, sums);
    } else {
        add_falling_run(f, plain->left_begin, plain->left_end, true, sums);
        add_falling_run(f, plain->right_begin, plain->right_end, false, sums);
    }
}

static void take_tile(tb_kept_form *f, int64_t q)
{
    f->begin = q * f->form->q_tile;
    f->end = tb_min(f->begin + f->form->q_tile, f->kept->tokens);
    int64_t first = f->begin / f->kept->block_q, last = (f->end - 1) / f->kept->block_q;
    f->row_count = last - first + 1;
    for (int64_t r = 0; r < f->row_count; r++) {
        tb_kept_row_make(f->kept, first + r, &f->rows[r]);
    }
}

static tb_tile_sums sum_tile(const tb_kept_form *f)
{
    tb_tile_sums sums = {0};
    plain_tiles plain = find_plain(f);
    int64_t tiles = f->kept->causal ? (f->end - 1) / f->form->kv_tile + 1 : f->form->kv_tiles;
    add_plain(f, &plain, &sums);
    for (int64_t u = 0; u < tiles; u++) {
        if (u == plain.left_begin && plain.left_end > u) {
            u = plain.left_end;
        }
        if (u == plain.right_begin && plain.right_end > u) {
            u = plain.right_end;
        }
        if (u < tiles) {
            add_tiles(&sums, 1, logs_of(f, u));
        }
    }
    return sums;
}

/* Are all whole query tiles alike? */
static bool is_even(const tb_kept_form *f)
{
    return !f->kept->causal && f->kept->local == 0 && f->kept->decay >= 1 &&
           f->form->q_tile % f->kept->block_q == 0;
}

static void add_query_tiles(tb_kept_form *f, tb_tile_moments *moments, int64_t *count,
                            tb_kept_moments *out)
{
    int64_t alike = is_even(f) ? f->kept->tokens / f->form->q_tile : 1;
    *count = 0;
    for (int64_t q = 0; q < f->form->q_tiles;) {
        int64_t same = q == 0 && alike > 1 ? alike : 1;
        take_tile(f, q);
        tb_tile_sums sums = sum_tile(f);
        double times = (double)same;
        out->visited.mean += times * sums.visited.mean;
        out->visited.variance += times * sums.visited.variance;
        out->full.mean += times * sums.full.mean;
        out->full.variance += times * sums.full.variance;
        moments[(*count)++] = (tb_tile_moments){.mean = sums.visited.mean,
                                                .deviation = sqrt(fmax(sums.visited.variance, 0)),
                                                .tiles = same};
        q += same;
    }
}

tb_status tb_kept_expect(const tb_kept *kept, const tb_span_form *form, tb_kept_moments *out,
                         tb_error *err)
{
    int64_t rows = tb_min(form->q_tile, kept->tokens) / kept->block_q + 2;
    tb_kept_form f = {.kept = kept, .form = form};
    f.from = kept->by_count ? NULL : sum_distances(kept);
    bool may_sum = f.from != NULL && may_sum_falling(&f);
    f.falling = may_sum ? sum_falling(&f) : NULL;
    f.rows = calloc((size_t)rows, sizeof *f.rows);
    tb_tile_moments *moments = calloc((size_t)form->q_tiles, sizeof *moments);
    tb_status status = TB_OK;
    if (f.rows == NULL || moments == NULL || (f.from == NULL && !kept->by_count) ||
        (may_sum && f.falling == NULL)) {
        status = tb_fail(err, TB_ENOMEM, "no memory to expect the census of %lld query tiles",
                         (long long)form->q_tiles);
    } else {
        int64_t count;
        *out = (tb_kept_moments){0};
        add_query_tiles(&f, moments, &count, out);
        out->pairs = tb_kept_expect_pairs(&f);
        out->max = tb_expect_max(moments, count, (double)form->kv_tiles);
        out->has_variance =
            form->q_tile % kept->block_q == 0 && form->kv_tile % kept->block_kv == 0;
    }
    free(f.from);
    free(f.falling);
    free(f.rows);
    free(moments);
    return status;
}
