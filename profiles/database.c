#include "database.h"

#include "file.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS      10000                 /* for another program that writes */
#define OPEN_TO_READ SQLITE_OPEN_READWRITE /* as far as a log must be read */

struct tb_database {
    sqlite3 *handle;
    char *path;
};

struct tb_statement {
    tb_database *database;
    sqlite3_stmt *handle;
};

const char *tb_database_library_version(void)
{
    return sqlite3_libversion();
}

static tb_status status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return TB_ENOMEM;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return TB_EFILE;
    case SQLITE_ERROR:
        return TB_EINVAL;
    default:
        return TB_EIO;
    }
}

static const char *advice_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
        return "; make room on the disk and run it again: what was finished is kept";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "; another program holds it: wait for its end";
    case SQLITE_CONSTRAINT:
        return "; does another sweep write this study?";
    case SQLITE_CANTOPEN:
        return "; is there such a folder, and may it be written?";
    case SQLITE_READONLY:
        return "; it may not be written: give another --database, or --view to read it";
    default:
        return "";
    }
}

static tb_status fail(const tb_database *database, int code, tb_error *err)
{
    const char *why =
        database->handle != NULL ? sqlite3_errmsg(database->handle) : sqlite3_errstr(code);
    return tb_fail_at(err, status_of(code), database->path, 0, 0, "%s%s", why, advice_of(code));
}

static tb_status set_up(tb_database *database, bool is_written, tb_error *err)
{
    (void)sqlite3_busy_timeout(database->handle, WAIT_MS);
    /* "no_such_column" in double quotes would be a text, and no mistake */
    (void)sqlite3_db_config(database->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    return is_written ? tb_database_run(
                            database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", err)
                      : tb_database_run(database, "PRAGMA query_only = ON", err);
}

/* A path as SQLite means files: "file:" and ":memory:" are none of its own. With `is_fixed` a file
 * that nobody changes meanwhile. */
static void print_name(const char *path, bool is_fixed, tb_buffer *out)
{
    out->length = 0;
    tb_buffer_text(out, is_fixed ? "file:" : "");
    tb_buffer_text(out, path[0] == ':' || strncmp(path, "file:", 5) == 0 ? "./" : "");
    for (const char *c = path; *c != '\0'; c++) {
        if (is_fixed && strchr("%?#", *c) != NULL) {
            tb_buffer_printf(out, "%%%02X", (unsigned)(unsigned char)*c);
        } else {
            tb_buffer_append(out, c, 1);
        }
    }
    tb_buffer_text(out, is_fixed ? "?immutable=1" : "");
}

static int open_handle(tb_database *database, const char *name, int flags)
{
    (void)sqlite3_close(database->handle);
    database->handle = NULL;
    flags |= SQLITE_OPEN_NOMUTEX; /* one thread at a time is the caller's to see to */
    return sqlite3_open_v2(name, &database->handle, flags, NULL);
}

/* Can nothing be read, for want of files beside it that cannot be made? */
static bool needs_other_files(tb_database *database)
{
    int code =
        sqlite3_exec(database->handle, "SELECT 1 FROM sqlite_master LIMIT 1", NULL, NULL, NULL);
    return (code & 0xff) == SQLITE_READONLY || (code & 0xff) == SQLITE_CANTOPEN;
}

/* Is there a log of what its last writer did not put into it? */
static bool has_log(const char *path)
{
    tb_buffer log = {0};
    tb_buffer_printf(&log, "%s-wal", path);
    bool is_there = log.failed || tb_file_exists(log.data);
    tb_buffer_free(&log);
    return is_there;
}

tb_status tb_database_open(const char *path, bool is_written, tb_database **out, tb_error *err)
{
    tb_database *made = calloc(1, sizeof *made);
    tb_buffer name = {0};
    print_name(path, false, &name);
    if (made == NULL || name.failed || (made->path = strdup(path)) == NULL) {
        free(made);
        tb_buffer_free(&name);
        return tb_fail(err, TB_ENOMEM, "no memory for a database");
    }
    int code = open_handle(made, name.data,
                           is_written ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : OPEN_TO_READ);
    if (code != SQLITE_OK && !is_written) { /* a file that we may read only */
        code = open_handle(made, name.data, SQLITE_OPEN_READONLY);
    }
    if (code == SQLITE_OK && !is_written && needs_other_files(made) && !has_log(path)) {
        print_name(path, true, &name); /* in a folder that we may read only */
        code = name.failed ? SQLITE_NOMEM
                           : open_handle(made, name.data, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
    }
    tb_buffer_free(&name);
    tb_status status = code == SQLITE_OK ? set_up(made, is_written, err) : fail(made, code, err);
    if (status != TB_OK) {
        tb_database_close(made);
        return status;
    }
    *out = made;
    return TB_OK;
}

void tb_database_close(tb_database *database)
{
    if (database == NULL) {
        return;
    }
    (void)sqlite3_close(database->handle);
    free(database->path);
    free(database);
}

tb_status tb_database_run(tb_database *database, const char *sql, tb_error *err)
{
    int code = sqlite3_exec(database->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? TB_OK : fail(database, code, err);
}

void tb_database_undo(tb_database *database)
{
    if (sqlite3_get_autocommit(database->handle) == 0) {
        (void)sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
    }
}

tb_status tb_database_prepare(tb_database *database, const char *sql, tb_statement **out,
                              tb_error *err)
{
    tb_statement *made = calloc(1, sizeof *made);
    const char *rest = NULL;
    if (made == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a statement");
    }
    made->database = database;
    int code = sqlite3_prepare_v2(database->handle, sql, -1, &made->handle, &rest);
    tb_status status = code == SQLITE_OK ? TB_OK : fail(database, code, err);
    if (status == TB_OK && (made->handle == NULL || rest[strspn(rest, " \t\n;")] != '\0')) {
        status = tb_fail(err, TB_EINVAL, "more than one statement of SQL; give one condition");
    }
    if (status != TB_OK) {
        tb_statement_destroy(made);
        return status;
    }
    *out = made;
    return TB_OK;
}

void tb_statement_destroy(tb_statement *statement)
{
    if (statement != NULL) {
        (void)sqlite3_finalize(statement->handle);
        free(statement);
    }
}

tb_status tb_statement_bind(tb_statement *statement, int at, const tb_cell *cell, tb_error *err)
{
    int code = SQLITE_OK;
    switch (cell->type) {
    case TB_CELL_NULL:
        code = sqlite3_bind_null(statement->handle, at);
        break;
    case TB_CELL_INTEGER:
        code = sqlite3_bind_int64(statement->handle, at, cell->integer);
        break;
    case TB_CELL_REAL:
        code = sqlite3_bind_double(statement->handle, at, cell->real);
        break;
    case TB_CELL_TEXT:
        code = sqlite3_bind_text(statement->handle, at, cell->text, -1, SQLITE_STATIC);
        break;
    }
    return code == SQLITE_OK ? TB_OK : fail(statement->database, code, err);
}

tb_status tb_statement_bind_text(tb_statement *statement, int at, const char *text, tb_error *err)
{
    tb_cell cell = {.type = TB_CELL_TEXT, .text = text};
    return tb_statement_bind(statement, at, &cell, err);
}

tb_status tb_statement_bind_integer(tb_statement *statement, int at, int64_t value, tb_error *err)
{
    tb_cell cell = {.type = TB_CELL_INTEGER, .integer = value};
    return tb_statement_bind(statement, at, &cell, err);
}

tb_status tb_statement_step(tb_statement *statement, bool *has_row, tb_error *err)
{
    int code = sqlite3_step(statement->handle);
    *has_row = code == SQLITE_ROW;
    if (code == SQLITE_ROW) {
        return TB_OK;
    }
    tb_status status = code == SQLITE_DONE ? TB_OK : fail(statement->database, code, err);
    (void)sqlite3_reset(statement->handle);
    return status;
}

size_t tb_statement_columns(const tb_statement *statement)
{
    return (size_t)sqlite3_column_count(statement->handle);
}

const char *tb_statement_name(const tb_statement *statement, size_t column)
{
    return sqlite3_column_name(statement->handle, (int)column);
}

bool tb_statement_has_parameters(const tb_statement *statement)
{
    return sqlite3_bind_parameter_count(statement->handle) > 0;
}

bool tb_statement_is_text(const tb_statement *statement, size_t column)
{
    const char *declared = sqlite3_column_decltype(statement->handle, (int)column);
    return declared != NULL && strcmp(declared, "TEXT") == 0;
}

tb_cell tb_statement_cell(const tb_statement *statement, size_t column)
{
    sqlite3_stmt *handle = statement->handle;
    int at = (int)column;
    switch (sqlite3_column_type(handle, at)) {
    case SQLITE_INTEGER:
        return (tb_cell){.type = TB_CELL_INTEGER, .integer = sqlite3_column_int64(handle, at)};
    case SQLITE_FLOAT:
        return (tb_cell){.type = TB_CELL_REAL, .real = sqlite3_column_double(handle, at)};
    case SQLITE_NULL:
        return (tb_cell){.type = TB_CELL_NULL};
    default:
        return (tb_cell){.type = TB_CELL_TEXT,
                         .text = (const char *)sqlite3_column_text(handle, at)};
    }
}

void tb_sql_name(const char *name, tb_buffer *out)
{
    tb_buffer_text(out, "\"");
    for (; *name != '\0'; name++) {
        tb_buffer_append(out, name, 1);
        if (*name == '"') {
            tb_buffer_append(out, name, 1);
        }
    }
    tb_buffer_text(out, "\"");
}
