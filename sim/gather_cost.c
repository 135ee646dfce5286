#include "gather_cost.h"

#include "checked.h"
#include "kept_blocks.h"

#include <stdlib.h>
#include <string.h>

static int64_t gcd(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static double pad(double rows, int64_t to)
{
    int64_t whole = (int64_t)rows;
    return (double)tb_ceil_div(whole, to) * (double)to;
}

/* The sum of what some rows bring to a column: its mean, and how probable each residue of it modulo
 * batch_rows is, in units of `unit`. */
typedef struct residues {
    double mean;
    double *of; /* `count` of them */
} residues;

typedef struct gather_form {
    tb_kept kept;
    const tb_gather_kernel *kernel;
    int64_t unit, count; /* count x unit = batch_rows */
    residues after;      /* of the rows after the local ones of a column */
    double *scratch;
    double *before; /* of those before, of each column: mean and residues; NULL where causal */
} gather_form;

static double probability(const tb_kept *kept, const tb_kept_row *row)
{
    if (!kept->by_count) {
        return kept->density;
    }
    return row->candidates > 0 ? (double)row->drawn / (double)row->candidates : 0;
}

static int64_t rows_of(const gather_form *f, const tb_kept_row *row)
{
    return (row->end - row->begin) * f->kernel->group;
}

/* A row more, which keeps the column with probability p. */
static void add_row(const gather_form *f, const tb_kept_row *row, residues *sum)
{
    double p = probability(&f->kept, row);
    int64_t rows = rows_of(f, row), turn = rows / f->unit % f->count;
    memcpy(f->scratch, sum->of, (size_t)f->count * sizeof *f->scratch);
    for (int64_t x = 0; x < f->count; x++) {
        int64_t from = x >= turn ? x - turn : x - turn + f->count;
        sum->of[x] = (1 - p) * f->scratch[x] + p * f->scratch[from];
    }
    sum->mean += p * (double)rows;
}

static void start(const gather_form *f, residues *sum)
{
    memset(sum->of, 0, (size_t)f->count * sizeof *sum->of);
    sum->of[0] = 1;
    sum->mean = 0;
}

/* Rows [begin, end) of mask blocks keep a column for sure. */
typedef struct sure_rows {
    int64_t begin, end;
} sure_rows;

/* Rows that hold a token within reach of the column; causal: none before it, of which a row begins
 * the available ones. */
static sure_rows find_sure(const gather_form *f, int64_t column)
{
    const tb_kept *kept = &f->kept;
    int64_t token = column * kept->block_kv, next = token + kept->block_kv; /* of the column */
    int64_t reach = kept->local > 0 ? (kept->local - 1) * kept->block_kv : 0;
    if (kept->causal) {
        /* rows with a query at or after the column's first key */
        sure_rows sure = {.begin = token / kept->block_q};
        sure.end = kept->local > 0 ? (next + reach - 1) / kept->block_q + 1 : sure.begin;
        sure.end = column < kept->sink ? kept->rows : tb_min(sure.end, kept->rows);
        return sure;
    }
    if (column < kept->sink) {
        return (sure_rows){.begin = 0, .end = kept->rows};
    }
    if (kept->local == 0) {
        return (sure_rows){.begin = 0, .end = 0};
    }
    return (sure_rows){.begin = tb_max(token - reach, 0) / kept->block_q,
                       .end = tb_min((next + reach - 1) / kept->block_q + 1, kept->rows)};
}

/* E[pad(sure + before + after, B)] of one column. */
static double padded(const gather_form *f, double sure, const double *before)
{
    int64_t batch = f->kernel->batch_rows;
    int64_t shift = (int64_t)sure % batch;
    double rows = sure + f->after.mean + (before == NULL ? 0 : before[0]);
    for (int64_t b = 0; b < (before == NULL ? 1 : f->count); b++) {
        double p = before == NULL ? 1 : before[1 + b];
        for (int64_t x = 0; p > 0 && x < f->count; x++) {
            int64_t over = ((x + b) * f->unit + shift) % batch;
            rows += p * f->after.of[x] * (double)((batch - over) % batch);
        }
    }
    return rows;
}

/* Where some rows lie before the local ones: their sums, column by column. */
static void sum_before(gather_form *f)
{
    residues sum = {.of = f->after.of};
    int64_t row = 0, stride = f->count + 1;
    start(f, &sum);
    for (int64_t c = f->kept.sink; f->before != NULL && c < f->kept.columns; c++) {
        for (int64_t end = find_sure(f, c).begin; row < end; row++) {
            tb_kept_row r;
            tb_kept_row_make(&f->kept, row, &r);
            add_row(f, &r, &sum);
        }
        f->before[c * stride] = sum.mean;
        memcpy(f->before + c * stride + 1, sum.of, (size_t)f->count * sizeof *sum.of);
    }
}

/* Query heads x queries of rows [begin, end) of mask blocks. */
static double sure_of(const gather_form *f, sure_rows sure)
{
    int64_t first = sure.begin * f->kept.block_q;
    int64_t last = tb_min(sure.end * f->kept.block_q, f->kept.tokens);
    return first < last ? (double)(last - first) * (double)f->kernel->group : 0;
}

static void sum_kv_outer(gather_form *f, tb_gather_cost *out)
{
    int64_t row = f->kept.rows; /* rows [row, rows) are summed up */
    double width = (double)f->kept.block_kv;
    sum_before(f);
    start(f, &f->after);
    for (int64_t c = f->kept.columns - 1; c >= 0; c--) {
        sure_rows sure = find_sure(f, c);
        double at_least = sure_of(f, sure);
        if (c < f->kept.sink) { /* sure rows alone */
            start(f, &f->after);
            row = sure.end;
        }
        for (; row > sure.end; row--) {
            tb_kept_row r;
            tb_kept_row_make(&f->kept, row - 1, &r);
            add_row(f, &r, &f->after);
        }
        const double *before =
            f->before == NULL || c < f->kept.sink ? NULL : f->before + c * (f->count + 1);
        out->kv_outer += padded(f, at_least, before) * width;
        out->rows_moved += at_least + f->after.mean + (before == NULL ? 0 : before[0]);
    }
}

static void sum_q_outer(const gather_form *f, tb_gather_cost *out)
{
    double width = (double)f->kept.block_kv;
    for (int64_t r = 0; r < f->kept.rows; r++) {
        tb_kept_row row;
        tb_kept_row_make(&f->kept, r, &row);
        double always = (double)(row.available - row.candidates);
        double keys = (always + probability(&f->kept, &row) * (double)row.candidates) * width;
        double rows = (double)rows_of(f, &row);
        out->useful += rows * keys;
        out->q_outer += pad(rows, f->kernel->min_rows) * keys;
        out->keys_loaded += keys;
    }
}

static tb_status check_kernel(const tb_gather_kernel *kernel, tb_error *err)
{
    const int64_t most = 1 << 20;
    if (kernel->group < 1 || kernel->group > most || kernel->min_rows < 1 ||
        kernel->min_rows > most) {
        return tb_fail(err, TB_EINVAL,
                       "a group of %lld heads and products of at least %lld rows; both from 1 to "
                       "%lld",
                       (long long)kernel->group, (long long)kernel->min_rows, (long long)most);
    }
    if (kernel->batch_rows < kernel->min_rows || kernel->batch_rows > most ||
        kernel->batch_rows % kernel->min_rows != 0) {
        return tb_fail(err, TB_EINVAL,
                       "batches of %lld rows; a multiple of the %lld rows that a product has at "
                       "least, up to %lld",
                       (long long)kernel->batch_rows, (long long)kernel->min_rows, (long long)most);
    }
    return TB_OK;
}

static tb_status make_form(const tb_pattern *pattern, const tb_layout *layout,
                           const tb_gather_kernel *kernel, gather_form *f, tb_error *err)
{
    if (!tb_kept_of(pattern, layout, &f->kept)) {
        return tb_fail(err, TB_EINVAL,
                       "loop orders of a %s pattern; they are counted for block-sparse and topk",
                       tb_pattern_name(pattern->kind));
    }
    if (!f->kept.by_count && f->kept.decay < 1) {
        return tb_fail(err, TB_EINVAL,
                       "loop orders of a density that falls with the distance; use an even one");
    }
    int64_t last = f->kept.tokens - (f->kept.rows - 1) * f->kept.block_q, size;
    if (!tb_mul_ok(f->kept.block_q, kernel->group, &size)) {
        return tb_fail(err, TB_EOVERFLOW, "rows of %lld queries of %lld heads",
                       (long long)f->kept.block_q, (long long)kernel->group);
    }
    f->unit = gcd(gcd(size, last * kernel->group), kernel->batch_rows);
    f->count = kernel->batch_rows / f->unit;
    f->after.of = calloc((size_t)f->count, sizeof(double));
    f->scratch = calloc((size_t)f->count, sizeof(double));
    bool has_before = !f->kept.causal && f->kept.local > 0;
    if (has_before && tb_mul_ok(f->kept.columns, f->count + 1, &size)) {
        f->before = calloc((size_t)size, sizeof(double));
    }
    if (f->after.of == NULL || f->scratch == NULL || (has_before && f->before == NULL)) {
        return tb_fail(err, TB_ENOMEM, "no memory for the loops over %lld mask blocks",
                       (long long)f->kept.columns);
    }
    return TB_OK;
}

tb_status tb_gather_count(const tb_pattern *pattern, const tb_layout *layout,
                          const tb_gather_kernel *kernel, tb_gather_cost *out, tb_error *err)
{
    gather_form f = {.kernel = kernel};
    tb_status status = check_kernel(kernel, err);
    if (status == TB_OK) {
        status = make_form(pattern, layout, kernel, &f, err);
    }
    if (status == TB_OK) {
        tb_gather_cost cost = {0};
        sum_q_outer(&f, &cost);
        sum_kv_outer(&f, &cost);
        *out = cost;
    }
    free(f.after.of);
    free(f.scratch);
    free(f.before);
    return status;
}
