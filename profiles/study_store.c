#include "study_store.h"

#include "study_table.h"

#include <stdlib.h>
#include <string.h>

struct tb_study_store {
    const tb_study *study;
    tb_database *database;
    tb_statement *insert, *forget, *note; /* a row; runs that a new one takes in; that run */
    tb_point_runs finished;
    bool is_open; /* a transaction */
};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a study's table");
}

static tb_status read_runs(tb_study_store *store, tb_error *err)
{
    tb_statement *statement = NULL;
    bool has_row = false;
    tb_status status = tb_database_prepare(
        store->database,
        "SELECT first, last FROM tilebound_finished WHERE study = ? ORDER BY first", &statement,
        err);
    if (status == TB_OK) {
        status = tb_statement_bind_text(statement, 1, store->study->name, err);
    }
    if (status == TB_OK) {
        status = tb_statement_step(statement, &has_row, err);
    }
    while (status == TB_OK && has_row) {
        tb_point_range joined;
        tb_point_range run = {tb_statement_cell(statement, 0).integer,
                              tb_statement_cell(statement, 1).integer};
        status = tb_point_runs_add(&store->finished, run, &joined)
                     ? tb_statement_step(statement, &has_row, err)
                     : no_memory(err);
    }
    tb_statement_destroy(statement);
    return status;
}

static tb_status prepare(tb_study_store *store, tb_error *err)
{
    tb_buffer sql = {0};
    tb_buffer_text(&sql, "INSERT INTO ");
    tb_sql_name(store->study->name, &sql);
    tb_buffer_text(&sql, " VALUES (?");
    for (size_t c = 0; c < store->study->column_count; c++) {
        tb_buffer_text(&sql, ", ?");
    }
    tb_buffer_text(&sql, ")");
    tb_status status = tb_buffer_check(&sql, err);
    if (status == TB_OK) {
        status = tb_database_prepare(store->database, sql.data, &store->insert, err);
    }
    tb_buffer_free(&sql);
    if (status == TB_OK) {
        status = tb_database_prepare(
            store->database,
            "DELETE FROM tilebound_finished WHERE study = ? AND first BETWEEN ? AND ?",
            &store->forget, err);
    }
    return status == TB_OK ? tb_database_prepare(store->database,
                                                 "INSERT INTO tilebound_finished VALUES (?, ?, ?)",
                                                 &store->note, err)
                           : status;
}

tb_status tb_study_store_open(const char *path, const tb_study *study, const char *command,
                              bool restart, tb_study_store **out, tb_error *err)
{
    tb_study_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return no_memory(err);
    }
    store->study = study;
    tb_status status = tb_database_open(path, true, &store->database, err);
    if (status == TB_OK) {
        status = tb_study_table_make(store->database, study, command, restart, err);
    }
    if (status == TB_OK) {
        status = read_runs(store, err);
    }
    if (status == TB_OK) {
        status = prepare(store, err);
    }
    if (status != TB_OK) {
        tb_study_store_close(store);
        return status;
    }
    *out = store;
    return TB_OK;
}

void tb_study_store_close(tb_study_store *store)
{
    if (store == NULL) {
        return;
    }
    tb_statement_destroy(store->insert);
    tb_statement_destroy(store->forget);
    tb_statement_destroy(store->note);
    if (store->database != NULL) {
        tb_database_undo(store->database);
    }
    tb_database_close(store->database);
    tb_point_runs_release(&store->finished);
    free(store);
}

int64_t tb_study_store_finished(const tb_study_store *store)
{
    return store->finished.points;
}

bool tb_study_store_missing(const tb_study_store *store, int64_t from, tb_point_range *out)
{
    return tb_point_runs_missing(&store->finished, from, store->study->points, out);
}

/* Note that points are finished, joined with the runs that they touch. */
static tb_status note_run(tb_study_store *store, tb_point_range points, tb_error *err)
{
    tb_point_range run;
    if (!tb_point_runs_add(&store->finished, points, &run)) {
        return no_memory(err);
    }
    tb_statement *const both[] = {store->forget, store->note};
    tb_status status = TB_OK;
    for (int i = 0; status == TB_OK && i < 2; i++) {
        bool has_row;
        status = tb_statement_bind_text(both[i], 1, store->study->name, err);
        status = status == TB_OK ? tb_statement_bind_integer(both[i], 2, run.first, err) : status;
        status = status == TB_OK ? tb_statement_bind_integer(both[i], 3, run.last, err) : status;
        status = status == TB_OK ? tb_statement_step(both[i], &has_row, err) : status;
    }
    return status;
}

static tb_status insert_row(tb_study_store *store, int64_t point, const tb_study_row *row,
                            tb_error *err)
{
    bool has_row;
    tb_status status = tb_statement_bind_integer(store->insert, 1, point, err);
    for (size_t c = 0; status == TB_OK && c < store->study->column_count; c++) {
        status = tb_statement_bind(store->insert, (int)c + 2, &row->cell[c], err);
    }
    return status == TB_OK ? tb_statement_step(store->insert, &has_row, err) : status;
}

static tb_status begin(tb_study_store *store, tb_error *err)
{
    if (store->is_open) {
        return TB_OK;
    }
    tb_status status = tb_database_run(store->database, "BEGIN IMMEDIATE", err);
    store->is_open = status == TB_OK;
    return status;
}

tb_status tb_study_store_add(tb_study_store *store, tb_point_range points, const char *rows,
                             size_t length, tb_error *err)
{
    const char *at = rows, *end = rows + length;
    tb_study_row row;
    tb_status status = begin(store, err);
    for (int64_t point = points.first; status == TB_OK && point <= points.last; point++) {
        status = tb_row_unpack(&at, end, store->study->column_count, &row)
                     ? insert_row(store, point, &row, err)
                     : tb_fail(err, TB_EINTERNAL, "the rows of points %lld to %lld are cut short",
                               (long long)points.first, (long long)points.last);
    }
    if (status == TB_OK && at != end) {
        status = tb_fail(err, TB_EINTERNAL, "more than the rows of points %lld to %lld",
                         (long long)points.first, (long long)points.last);
    }
    if (status == TB_OK) {
        status = note_run(store, points, err);
    }
    if (status != TB_OK) {
        tb_database_undo(store->database);
        store->is_open = false;
    }
    return status;
}

tb_status tb_study_store_commit(tb_study_store *store, tb_error *err)
{
    if (!store->is_open) {
        return TB_OK;
    }
    tb_status status = tb_database_run(store->database, "COMMIT", err);
    if (status != TB_OK) {
        tb_database_undo(store->database);
    }
    store->is_open = false;
    return status;
}
