#include "verdict_table.h"

#include "arena.h"
#include "csv.h"
#include "csv_doc.h"
#include "data_path.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TABLE "models/mechanisms/verdicts.csv"

enum { MECHANISM, CLAIM, METRIC, VERDICT, BOUND_MIN, BOUND_MAX, COLUMN_COUNT };

static const char *const columns[COLUMN_COUNT] = {"mechanism", "claim",     "metric",
                                                  "verdict",   "bound_min", "bound_max"};

static tb_status check_header(const tb_csv *file, tb_error *err)
{
    for (size_t c = 0; c < COLUMN_COUNT; c++) {
        if (c >= tb_csv_columns(file) || strcmp(tb_csv_header(file, c)->text, columns[c]) != 0) {
            return tb_csv_fail(file, tb_csv_header(file, c < tb_csv_columns(file) ? c : 0), err,
                               "column %zu of a table of verdicts is '%s'", c + 1, columns[c]);
        }
    }
    return TB_OK;
}

/* A bound, or nothing. */
static tb_status read_bound(const tb_csv *file, size_t row, size_t column, double *out,
                            tb_error *err)
{
    const tb_csv_cell *cell = tb_csv_at(file, row, column);
    *out = nan("");
    if (cell->text[0] != '\0' && !tb_text_double(cell->text, out)) {
        return tb_csv_fail(file, cell, err, "'%s' is no bound; a number or nothing is needed",
                           cell->text);
    }
    return TB_OK;
}

static tb_status read_row(const tb_csv *file, size_t row, tb_verdict_row *out, tb_error *err)
{
    const tb_csv_cell *number = tb_csv_at(file, row, CLAIM);
    const tb_csv_cell *verdict = tb_csv_at(file, row, VERDICT);
    size_t which = 0;
    out->mechanism = tb_csv_at(file, row, MECHANISM)->text;
    out->metric = tb_csv_at(file, row, METRIC)->text;
    if (!tb_text_int(number->text, &out->number) || out->number < 1) {
        return tb_csv_fail(file, number, err, "'%s' is no claim; they are numbered from 1",
                           number->text);
    }
    while (which < TB_CLAIM_VERDICT_COUNT &&
           strcmp(verdict->text, tb_claim_verdict_names[which]) != 0) {
        which++;
    }
    if (which == TB_CLAIM_VERDICT_COUNT) {
        return tb_csv_fail(file, verdict, err, "'%s' is no verdict; it is one of '%s', '%s', '%s'",
                           verdict->text, tb_claim_verdict_names[0], tb_claim_verdict_names[1],
                           tb_claim_verdict_names[2]);
    }
    out->verdict = (tb_claim_verdict)which;
    tb_status status = read_bound(file, row, BOUND_MIN, &out->bound_min, err);
    return status == TB_OK ? read_bound(file, row, BOUND_MAX, &out->bound_max, err) : status;
}

tb_status tb_verdict_table_read(const char *path, tb_verdict_table **out, tb_error *err)
{
    tb_verdict_table *table = calloc(1, sizeof *table);
    if (table == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a table of verdicts");
    }
    tb_status status = tb_csv_read(path, &table->file, err);
    if (status == TB_OK) {
        status = check_header(table->file, err);
    }
    if (status == TB_OK) {
        table->count = tb_csv_rows(table->file);
        table->rows = calloc(table->count + 1, sizeof *table->rows);
        if (table->rows == NULL) {
            status = tb_fail(err, TB_ENOMEM, "no memory for a table of verdicts");
        }
    }
    for (size_t i = 0; status == TB_OK && i < table->count; i++) {
        status = read_row(table->file, i, &table->rows[i], err);
    }
    if (status != TB_OK) {
        tb_verdict_table_destroy(table);
        return status;
    }
    *out = table;
    return TB_OK;
}

tb_status tb_verdict_table_load(tb_verdict_table **out, tb_error *err)
{
    const char *path = NULL;
    tb_arena *arena = tb_arena_create();
    if (arena == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a path");
    }
    tb_status status = tb_data_path(arena, TABLE, &path, err);
    if (status == TB_OK) {
        status = tb_verdict_table_read(path, out, err);
    }
    tb_arena_destroy(arena);
    return status;
}

void tb_verdict_table_destroy(tb_verdict_table *table)
{
    if (table != NULL) {
        tb_csv_destroy(table->file);
        free(table->rows);
        free(table);
    }
}

const tb_verdict_row *tb_verdict_table_find(const tb_verdict_table *table, const char *mechanism,
                                            int64_t number)
{
    for (size_t i = 0; i < table->count; i++) {
        const tb_verdict_row *row = &table->rows[i];
        if (row->number == number && strcmp(row->mechanism, mechanism) == 0) {
            return row;
        }
    }
    return NULL;
}

void tb_verdict_table_head(tb_buffer *out)
{
    for (size_t c = 0; c < COLUMN_COUNT; c++) {
        tb_buffer_printf(out, "%s%s", columns[c], c + 1 < COLUMN_COUNT ? "," : "\n");
    }
}

void tb_verdict_table_line(const char *mechanism, int64_t number, const tb_judgement *judgement,
                           tb_buffer *out)
{
    char low[32] = "", high[32] = "";
    if (judgement->has_bound) {
        (void)tb_text_shortest(judgement->range.bound_min, low);
        (void)tb_text_shortest(judgement->range.bound_max, high);
    }
    tb_buffer_printf(out, "%s,%lld,", mechanism, (long long)number);
    tb_csv_text(out, judgement->claim->metric);
    tb_buffer_printf(out, ",%s,%s,%s\n", tb_claim_verdict_names[judgement->verdict], low, high);
}
