#include "kept_blocks.h"

#include "checked.h"
#include "pattern_types.h"

#include <math.h>

void tb_kept_init(tb_kept *kept, int64_t tokens)
{
    kept->tokens = tokens;
    kept->block_q = tb_min(kept->block_q, tokens);
    kept->block_kv = tb_min(kept->block_kv, tokens);
    kept->rows = tb_ceil_div(tokens, kept->block_q);
    kept->columns = tb_ceil_div(tokens, kept->block_kv);
    kept->sink = tb_min(kept->sink, kept->columns);
    kept->local = tb_min(kept->local, kept->columns);
    kept->keep = tb_min(kept->keep, kept->columns);
}

void tb_kept_row_make(const tb_kept *kept, int64_t row, tb_kept_row *out)
{
    tb_kept_row r = {.row = row, .begin = row * kept->block_q};
    r.end = tb_min(r.begin + kept->block_q, kept->tokens);
    r.own_begin = r.begin / kept->block_kv;
    r.own_end = (r.end - 1) / kept->block_kv + 1;
    r.available = kept->causal ? r.own_end : kept->columns;
    r.sink_end = tb_min(kept->sink, r.available);
    r.local_begin = r.local_end = r.sink_end;
    if (kept->local > 0) {
        r.local_begin = tb_max(r.own_begin - kept->local + 1, r.sink_end);
        r.local_end = tb_max(tb_min(r.own_end + kept->local - 1, r.available), r.local_begin);
    }
    int64_t always = r.sink_end + r.local_end - r.local_begin;
    r.candidates = r.available - always;
    r.drawn = kept->keep_more ? kept->keep : tb_max(kept->keep - always, 0);
    r.drawn = tb_min(r.drawn, r.candidates);
    *out = r;
}

int64_t tb_kept_always_count(const tb_kept_row *row, int64_t begin, int64_t end)
{
    int64_t sink = tb_max(tb_min(end, row->sink_end) - begin, 0);
    int64_t local = tb_min(end, row->local_end) - tb_max(begin, row->local_begin);
    return sink + tb_max(local, 0);
}

double tb_kept_probability(const tb_kept *kept, int64_t distance)
{
    return kept->decay < 1 ? kept->density * pow(kept->decay, (double)distance) : kept->density;
}

/* Candidates are numbered from left to right, past the columns that are always kept. */
static int64_t candidate_column(const tb_kept_row *row, int64_t candidate)
{
    int64_t column = row->sink_end + candidate;
    return column < row->local_begin ? column : column + row->local_end - row->local_begin;
}

static int64_t candidate_of(const tb_kept_row *row, int64_t column)
{
    int64_t before = row->sink_end;
    return column - before - (column < row->local_begin ? 0 : row->local_end - row->local_begin);
}

int64_t tb_kept_pairs(const tb_kept *kept, int64_t column, int64_t begin, int64_t end)
{
    int64_t first = column * kept->block_kv;
    int64_t last = tb_min(first + kept->block_kv, kept->tokens);
    return kept->causal ? tb_causal_pairs(first, last, begin, end) : (last - first) * (end - begin);
}

/* Whether columns of one row are kept. */
typedef struct row_draw {
    const tb_kept *kept;
    const tb_kept_row *row;
    uint64_t start;     /* density */
    tb_shuffle shuffle; /* by count, where there is a choice */
} row_draw;

static bool has_choice(const tb_kept *kept, const tb_kept_row *row)
{
    return kept->by_count && row->drawn > 0 && row->drawn < row->candidates;
}

static void start_draw(row_draw *draw, const tb_kept *kept, const tb_kept_row *row)
{
    draw->kept = kept;
    draw->row = row;
    draw->start = tb_instance_start(kept->seed, (uint64_t)row->row);
    if (has_choice(kept, row)) {
        tb_shuffle_make(&draw->shuffle, row->candidates, kept->seed, (uint64_t)row->row);
    }
}

static bool is_kept(const row_draw *draw, int64_t column)
{
    const tb_kept_row *row = draw->row;
    if (tb_kept_always(row, column)) {
        return true;
    }
    if (!draw->kept->by_count) {
        double p = tb_kept_probability(draw->kept, tb_kept_distance(row, column));
        return tb_instance_below(tb_instance_at(draw->start, (uint64_t)column),
                                 tb_instance_threshold(p));
    }
    return has_choice(draw->kept, row)
               ? tb_shuffle_rank(&draw->shuffle, candidate_of(row, column)) < row->drawn
               : row->drawn > 0;
}

void tb_kept_emit(const tb_kept *kept, int64_t query, tb_interval_fn *emit, void *user)
{
    tb_kept_row row;
    row_draw draw;
    tb_kept_row_make(kept, query / kept->block_q, &row);
    start_draw(&draw, kept, &row);
    int64_t limit = kept->causal ? query + 1 : kept->tokens;
    int64_t begin = 0;
    bool is_open = false;
    for (int64_t c = 0; c < row.available && c * kept->block_kv < limit; c++) {
        bool keeps = is_kept(&draw, c);
        if (keeps && !is_open) {
            begin = c * kept->block_kv;
        } else if (!keeps && is_open) {
            emit(begin, c * kept->block_kv, user);
        }
        is_open = keeps;
    }
    if (is_open) {
        emit(begin, tb_min(row.available * kept->block_kv, limit), user);
    }
}

/* Counters of a run of queries: in how many of its rows a column is kept, and by which query, of
 * the run, last. */
typedef struct run_counts {
    const tb_kept *kept;
    uint32_t *rows, *last;
    int64_t query;      /* the run's first */
    int64_t begin, end; /* queries of the row at hand */
    int64_t pairs;
} run_counts;

static void count_column(run_counts *counts, int64_t column)
{
    counts->rows[column]++;
    counts->last[column] = (uint32_t)(counts->end - counts->query);
    counts->pairs += tb_kept_pairs(counts->kept, column, counts->begin, counts->end);
}

static void count_by_density(run_counts *counts, const tb_kept_row *row, const uint64_t *bounds)
{
    uint64_t start = tb_instance_start(counts->kept->seed, (uint64_t)row->row);
    bool is_even = counts->kept->decay >= 1;
    for (int64_t c = row->sink_end; c < row->available; c++) {
        if (c == row->local_begin && row->local_end > c) {
            c = row->local_end - 1;
            continue;
        }
        uint64_t bound = bounds[is_even ? 0 : tb_kept_distance(row, c)];
        if (tb_instance_below(tb_instance_at(start, (uint64_t)c), bound)) {
            count_column(counts, c);
        }
    }
}

static void count_by_count(run_counts *counts, const tb_kept_row *row)
{
    if (!has_choice(counts->kept, row)) {
        for (int64_t i = 0; i < row->drawn; i++) {
            count_column(counts, candidate_column(row, i));
        }
        return;
    }
    tb_shuffle shuffle;
    tb_shuffle_make_first(&shuffle, row->candidates, counts->kept->seed, (uint64_t)row->row,
                          row->drawn);
    for (int64_t i = 0; i < row->drawn; i++) {
        count_column(counts, candidate_column(row, tb_shuffle_place(&shuffle, i)));
    }
}

static void count_row(run_counts *counts, const tb_kept_row *row, const uint64_t *bounds)
{
    for (int64_t c = 0; c < row->sink_end; c++) {
        count_column(counts, c);
    }
    for (int64_t c = row->local_begin; c < row->local_end; c++) {
        count_column(counts, c);
    }
    if (counts->kept->by_count) {
        count_by_count(counts, row);
    } else {
        count_by_density(counts, row, bounds);
    }
}

/* Counted columns become spans, and the counters zero again. */
static void emit_counts(run_counts *counts, int64_t columns, uint32_t rows, tb_spans *out)
{
    const tb_kept *kept = counts->kept;
    for (int64_t c = 0; c < columns; c++) {
        if (counts->rows[c] == 0) {
            continue;
        }
        int64_t begin = c * kept->block_kv, end = tb_min(begin + kept->block_kv, kept->tokens);
        int64_t any = kept->causal ? counts->query + (int64_t)counts->last[c] : end;
        tb_spans_any(out, begin, tb_min(end, any));
        if (counts->rows[c] == rows) {
            tb_spans_all(out, begin, kept->causal ? tb_min(end, counts->query + 1) : end);
        }
        counts->rows[c] = counts->last[c] = 0;
    }
}

void tb_kept_spans(const tb_kept *kept, int64_t query, int64_t count, tb_spans *out)
{
    tb_draws *draws = tb_spans_draws(out);
    uint32_t *counters = draws == NULL ? NULL : tb_draws_counts(draws, 2 * kept->columns);
    const uint64_t *bounds =
        counters == NULL || kept->by_count
            ? NULL
            : tb_draws_bounds(draws, kept->density, kept->decay, kept->columns);
    if (counters == NULL || (bounds == NULL && !kept->by_count)) {
        out->failed = true;
        return;
    }
    run_counts counts = {
        .kept = kept, .rows = counters, .last = counters + kept->columns, .query = query};
    int64_t first = query / kept->block_q, last = (query + count - 1) / kept->block_q;
    int64_t columns = 0;
    for (int64_t r = first; r <= last; r++) {
        tb_kept_row row;
        tb_kept_row_make(kept, r, &row);
        counts.begin = tb_max(row.begin, query);
        counts.end = tb_min(row.end, query + count);
        count_row(&counts, &row, bounds);
        columns = row.available;
    }
    emit_counts(&counts, columns, (uint32_t)(last - first + 1), out);
    out->pairs += counts.pairs;
}

static void note(int64_t begin, int64_t end, void *user)
{
    (void)begin;
    (void)end;
    *(bool *)user = true;
}

bool tb_kept_any(const tb_kept *kept)
{
    bool found = kept->by_count ? kept->keep > 0 : kept->density >= 1;
    found = found || kept->sink > 0 || kept->local > 0;
    for (int64_t r = kept->density > 0 || found ? 0 : kept->rows; !found && r < kept->rows; r++) {
        /* the row's last query sees what any query of it does */
        int64_t last = tb_min((r + 1) * kept->block_q, kept->tokens) - 1;
        tb_kept_emit(kept, last, note, &found);
    }
    return found;
}
