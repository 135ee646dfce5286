/* Visible pairs of kept mask blocks: row by row, hypergeometric or independent. */
#include "checked.h"
#include "expected_kept.h"
#include "pattern_types.h"

#include <math.h>

/* Sums over some columns of one row: how many, their pairs, and the pairs squared; by density,
 * weighted. */
typedef struct column_sums {
    double count, pairs, squares;
    double expected, variance; /* by density */
} column_sums;

static void add_one_column(const tb_kept_form *f, const tb_kept_row *row, int64_t column,
                           column_sums *sums)
{
    double pairs = (double)tb_kept_pairs(f->kept, column, row->begin, row->end);
    sums->count++;
    sums->pairs += pairs;
    sums->squares += pairs * pairs;
    if (!f->kept->by_count) {
        tb_distance_sums d = {0};
        tb_kept_add_columns(f, row, column, column + 1, &d);
        sums->expected += d.p * pairs;
        sums->variance += d.spread * pairs * pairs;
    }
}

/* Columns [begin, end) that every query of the row sees whole, and none of its own. */
static void add_whole_columns(const tb_kept_form *f, const tb_kept_row *row, int64_t begin,
                              int64_t end, column_sums *sums)
{
    if (begin >= end) {
        return;
    }
    double pairs = (double)f->kept->block_kv * (double)(row->end - row->begin);
    double count = (double)(end - begin);
    sums->count += count;
    sums->pairs += count * pairs;
    sums->squares += count * pairs * pairs;
    if (!f->kept->by_count) {
        tb_distance_sums d = {0};
        tb_kept_add_columns(f, row, begin, end, &d);
        sums->expected += d.p * pairs;
        sums->variance += d.spread * pairs * pairs;
    }
}

/* Candidates [begin, end): the row's own and a ragged last one by themselves. */
static void add_gap(const tb_kept_form *f, const tb_kept_row *row, int64_t begin, int64_t end,
                    column_sums *sums)
{
    int64_t whole = f->kept->tokens / f->kept->block_kv;
    int64_t own_begin = tb_max(tb_min(row->own_begin, end), begin);
    int64_t own_end = tb_max(tb_min(row->own_end, end), begin);
    int64_t right = tb_max(begin, own_end), right_end = tb_min(end, whole);
    add_whole_columns(f, row, begin, own_begin, sums);
    for (int64_t c = own_begin; c < own_end; c++) {
        add_one_column(f, row, c, sums);
    }
    add_whole_columns(f, row, right, right_end, sums);
    for (int64_t c = tb_max(right, right_end); c < end; c++) {
        add_one_column(f, row, c, sums);
    }
}

static double always_pairs(const tb_kept *kept, const tb_kept_row *row, int64_t begin, int64_t end)
{
    if (begin >= end) {
        return 0;
    }
    int64_t first = begin * kept->block_kv, last = tb_min(end * kept->block_kv, kept->tokens);
    return kept->causal ? (double)tb_causal_pairs(first, last, row->begin, row->end)
                        : (double)(last - first) * (double)(row->end - row->begin);
}

static tb_moments pairs_of_row(const tb_kept_form *f, const tb_kept_row *row)
{
    const tb_kept *kept = f->kept;
    column_sums sums = {0};
    tb_moments moments = {.mean = always_pairs(kept, row, 0, row->sink_end) +
                                  always_pairs(kept, row, row->local_begin, row->local_end)};
    add_gap(f, row, row->sink_end, row->local_begin, &sums);
    add_gap(f, row, row->local_end, row->available, &sums);
    if (!kept->by_count) {
        moments.mean += sums.expected;
        moments.variance = sums.variance;
    } else if (sums.count > 0) {
        double part = (double)row->drawn / sums.count, mean = sums.pairs / sums.count;
        moments.mean += part * sums.pairs;
        if (sums.count > 1) {
            double spread = fmax(sums.squares / sums.count - mean * mean, 0);
            moments.variance =
                (double)row->drawn * (1 - part) * spread * sums.count / (sums.count - 1);
        }
    }
    return moments;
}

tb_moments tb_kept_expect_pairs(const tb_kept_form *f)
{
    tb_moments sums = {0};
    for (int64_t r = 0; r < f->kept->rows; r++) {
        tb_kept_row row;
        tb_kept_row_make(f->kept, r, &row);
        tb_moments one = pairs_of_row(f, &row);
        sums.mean += one.mean;
        sums.variance += one.variance;
    }
    return sums;
}
