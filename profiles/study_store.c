#include "study_store.h"

#include "study_changes.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct tb_study_store {
    const tb_study *study;
    tb_database *database;
    tb_statement *insert, *forget, *note; /* a row; runs that a new one takes in; that run */
    tb_point_range *runs;                 /* finished, in order, none touching the next */
    size_t run_count, run_capacity;
    int64_t finished;
    bool is_open; /* a transaction */
};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a study's table");
}

/* Run SQL that was put together in a buffer, and free it. */
static tb_status run_buffer(tb_database *database, tb_buffer *sql, tb_error *err)
{
    tb_status status = tb_buffer_check(sql, err);
    if (status == TB_OK) {
        status = tb_database_run(database, sql->data, err);
    }
    tb_buffer_free(sql);
    return status;
}

static tb_status make_tables(tb_database *database, tb_error *err)
{
    return tb_database_run(
        database,
        "CREATE TABLE IF NOT EXISTS tilebound_studies (name TEXT PRIMARY KEY, summary TEXT, "
        "points INTEGER, suite TEXT, suite_checksum TEXT, settings TEXT, version TEXT, "
        "command TEXT, begun TEXT);"
        "CREATE TABLE IF NOT EXISTS tilebound_finished (study TEXT, first INTEGER, last INTEGER, "
        "PRIMARY KEY (study, first)) WITHOUT ROWID",
        err);
}

static tb_status make_study_table(tb_study_store *store, tb_error *err)
{
    static const char *const types[] = {"", "INTEGER", "REAL", "TEXT"};
    const tb_study *study = store->study;
    tb_buffer sql = {0};
    tb_buffer_text(&sql, "CREATE TABLE ");
    tb_sql_name(study->name, &sql);
    tb_buffer_text(&sql, " (point INTEGER PRIMARY KEY");
    for (size_t c = 0; c < study->column_count; c++) {
        tb_buffer_text(&sql, ", ");
        tb_sql_name(study->column[c].name, &sql);
        tb_buffer_printf(&sql, " %s", types[study->column[c].type]);
    }
    tb_buffer_text(&sql, ")");
    return run_buffer(store->database, &sql, err);
}

static tb_status note_study(tb_study_store *store, const char *command, tb_error *err)
{
    const tb_study *study = store->study;
    char checksum[17];
    (void)tb_study_checksum(study->text, strlen(study->text), checksum);
    const tb_cell cells[] = {
        {.type = TB_CELL_TEXT, .text = study->name},
        {.type = study->summary != NULL ? TB_CELL_TEXT : TB_CELL_NULL, .text = study->summary},
        {.type = TB_CELL_INTEGER, .integer = study->points},
        {.type = TB_CELL_TEXT, .text = study->text},
        {.type = TB_CELL_TEXT, .text = checksum},
        {.type = TB_CELL_TEXT, .text = study->settings},
        {.type = TB_CELL_TEXT, .text = TB_VERSION},
        {.type = TB_CELL_TEXT, .text = command}};
    tb_statement *statement = NULL;
    bool has_row;
    tb_status status = tb_database_prepare(store->database,
                                           "INSERT INTO tilebound_studies VALUES (?, ?, ?, ?, ?, "
                                           "?, ?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
                                           &statement, err);
    for (int i = 0; status == TB_OK && i < (int)(sizeof cells / sizeof *cells); i++) {
        status = tb_statement_bind(statement, i + 1, &cells[i], err);
    }
    if (status == TB_OK) {
        status = tb_statement_step(statement, &has_row, err);
    }
    tb_statement_destroy(statement);
    return status;
}

static tb_status delete_from(tb_study_store *store, const char *sql, tb_error *err)
{
    tb_statement *statement = NULL;
    bool has_row;
    tb_status status = tb_database_prepare(store->database, sql, &statement, err);
    if (status == TB_OK) {
        status = tb_statement_bind_text(statement, 1, store->study->name, err);
    }
    if (status == TB_OK) {
        status = tb_statement_step(statement, &has_row, err);
    }
    tb_statement_destroy(statement);
    return status;
}

static tb_status drop(tb_study_store *store, tb_error *err)
{
    tb_buffer sql = {0};
    tb_buffer_text(&sql, "DROP TABLE IF EXISTS ");
    tb_sql_name(store->study->name, &sql);
    tb_status status = run_buffer(store->database, &sql, err);
    if (status == TB_OK) {
        status = delete_from(store, "DELETE FROM tilebound_studies WHERE name = ?", err);
    }
    return status == TB_OK
               ? delete_from(store, "DELETE FROM tilebound_finished WHERE study = ?", err)
               : status;
}

/* Is the study noted, and if so, is it this one? */
static tb_status find_study(tb_study_store *store, bool *is_there, tb_error *err)
{
    tb_statement *statement = NULL;
    tb_status status = tb_database_prepare(
        store->database, "SELECT suite, settings, version FROM tilebound_studies WHERE name = ?",
        &statement, err);
    if (status == TB_OK) {
        status = tb_statement_bind_text(statement, 1, store->study->name, err);
    }
    if (status == TB_OK) {
        status = tb_statement_step(statement, is_there, err);
    }
    if (status == TB_OK && *is_there) {
        status = tb_study_refuse_changes(store->study, tb_statement_cell(statement, 0).text,
                                         tb_statement_cell(statement, 1).text,
                                         tb_statement_cell(statement, 2).text, err);
    }
    tb_statement_destroy(statement);
    return status;
}

/* The study's table and its note come to be together, or not at all. */
static tb_status make_study(tb_study_store *store, const char *command, bool restart, tb_error *err)
{
    bool is_there = false;
    tb_status status = tb_database_run(store->database, "BEGIN IMMEDIATE", err);
    if (status == TB_OK) {
        status = make_tables(store->database, err);
    }
    if (status == TB_OK && restart) {
        status = drop(store, err);
    }
    if (status == TB_OK) {
        status = find_study(store, &is_there, err);
    }
    if (status == TB_OK && !is_there) {
        status = make_study_table(store, err);
        status = status == TB_OK ? note_study(store, command, err) : status;
    }
    if (status == TB_OK) {
        status = tb_database_run(store->database, "COMMIT", err);
    }
    return status;
}

static bool insert_run(tb_study_store *store, size_t at, tb_point_range run)
{
    if (store->run_count == store->run_capacity) {
        size_t capacity = 2 * store->run_capacity + 16;
        tb_point_range *runs = realloc(store->runs, capacity * sizeof *runs);
        if (runs == NULL) {
            return false;
        }
        store->runs = runs;
        store->run_capacity = capacity;
    }
    memmove(&store->runs[at + 1], &store->runs[at], (store->run_count - at) * sizeof run);
    store->runs[at] = run;
    store->run_count++;
    return true;
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
        tb_point_range run = {tb_statement_cell(statement, 0).integer,
                              tb_statement_cell(statement, 1).integer};
        store->finished += run.last - run.first + 1;
        status = insert_run(store, store->run_count, run)
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

static tb_status check_name(const tb_study *study, tb_error *err)
{
    if (strncasecmp(study->name, "tilebound_", 10) == 0 ||
        strncasecmp(study->name, "sqlite_", 7) == 0 || study->name[0] == '\0') {
        return tb_fail(err, TB_EINVAL,
                       "'%s' is no name for a study's table; name the suite otherwise",
                       study->name);
    }
    return TB_OK;
}

tb_status tb_study_store_open(const char *path, const tb_study *study, const char *command,
                              bool restart, tb_study_store **out, tb_error *err)
{
    tb_status status = check_name(study, err);
    if (status != TB_OK) {
        return status;
    }
    tb_study_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return no_memory(err);
    }
    store->study = study;
    status = tb_database_open(path, true, &store->database, err);
    if (status == TB_OK) {
        status = make_study(store, command, restart, err);
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
    free(store->runs);
    free(store);
}

int64_t tb_study_store_finished(const tb_study_store *store)
{
    return store->finished;
}

/* The first run that ends at `point` or later. */
static size_t run_from(const tb_study_store *store, int64_t point)
{
    size_t low = 0, high = store->run_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (store->runs[middle].last < point) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool tb_study_store_missing(const tb_study_store *store, int64_t from, tb_point_range *out)
{
    size_t at = run_from(store, from);
    if (at < store->run_count && store->runs[at].first <= from) {
        from = store->runs[at++].last + 1;
    }
    *out = (tb_point_range){from, at < store->run_count ? store->runs[at].first - 1
                                                        : store->study->points - 1};
    return out->first <= out->last;
}

/* Note that points are finished, joined with the runs that they touch. */
static tb_status note_run(tb_study_store *store, tb_point_range points, tb_error *err)
{
    size_t at = run_from(store, points.first > 0 ? points.first - 1 : 0), end = at;
    tb_point_range run = points;
    while (end < store->run_count && store->runs[end].first <= points.last + 1) {
        run.first = store->runs[end].first < run.first ? store->runs[end].first : run.first;
        run.last = store->runs[end].last > run.last ? store->runs[end].last : run.last;
        end++;
    }
    if (end > at) {
        memmove(&store->runs[at], &store->runs[end],
                (store->run_count - end) * sizeof store->runs[0]);
        store->run_count -= end - at;
    }
    if (!insert_run(store, at, run)) {
        return no_memory(err);
    }
    store->finished += points.last - points.first + 1;
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
