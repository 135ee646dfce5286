#include "study_table.h"

#include "study_changes.h"
#include "version.h"

#include <string.h>

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

static tb_status make_study_table(tb_database *database, const tb_study *study, tb_error *err)
{
    static const char *const types[] = {"", "INTEGER", "REAL", "TEXT"};
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
    return run_buffer(database, &sql, err);
}

static tb_status note_study(tb_database *database, const tb_study *study, const char *command,
                            tb_error *err)
{
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
    tb_status status = tb_database_prepare(database,
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

/* Prepare SQL with one parameter, the study's name, and go to its first row. */
static tb_status ask(tb_database *database, const tb_study *study, const char *sql,
                     tb_statement **out, bool *has_row, tb_error *err)
{
    *out = NULL;
    *has_row = false;
    tb_status status = tb_database_prepare(database, sql, out, err);
    if (status == TB_OK) {
        status = tb_statement_bind_text(*out, 1, study->name, err);
    }
    return status == TB_OK ? tb_statement_step(*out, has_row, err) : status;
}

static tb_status delete_from(tb_database *database, const tb_study *study, const char *sql,
                             tb_error *err)
{
    tb_statement *statement = NULL;
    bool has_row;
    tb_status status = ask(database, study, sql, &statement, &has_row, err);
    tb_statement_destroy(statement);
    return status;
}

static tb_status drop(tb_database *database, const tb_study *study, tb_error *err)
{
    tb_buffer sql = {0};
    tb_buffer_text(&sql, "DROP TABLE IF EXISTS ");
    tb_sql_name(study->name, &sql);
    tb_status status = run_buffer(database, &sql, err);
    if (status == TB_OK) {
        status = delete_from(database, study, "DELETE FROM tilebound_studies WHERE name = ?", err);
    }
    return status == TB_OK
               ? delete_from(database, study, "DELETE FROM tilebound_finished WHERE study = ?", err)
               : status;
}

/* Is the study noted, and if so, is it this one? */
static tb_status find_study(tb_database *database, const tb_study *study, bool accepts_changes,
                            bool *is_there, tb_error *err)
{
    tb_statement *statement = NULL;
    tb_status status = ask(database, study,
                           "SELECT suite, settings, version FROM tilebound_studies WHERE name = ?",
                           &statement, is_there, err);
    if (status == TB_OK && *is_there && !accepts_changes) {
        status = tb_study_refuse_changes(study, tb_statement_cell(statement, 0).text,
                                         tb_statement_cell(statement, 1).text,
                                         tb_statement_cell(statement, 2).text, err);
    }
    tb_statement_destroy(statement);
    return status;
}

/* A table that is not this study's, of a name that SQL does not tell from its own. */
static tb_status refuse_namesake(tb_database *database, const tb_study *study, tb_error *err)
{
    tb_statement *statement = NULL;
    bool is_taken = false;
    tb_status status =
        ask(database, study, "SELECT name FROM sqlite_master WHERE name = ? COLLATE NOCASE",
            &statement, &is_taken, err);
    if (status == TB_OK && is_taken) {
        status = tb_fail(err, TB_EINVAL,
                         "the database has a table '%s', which is not of study '%s'; give another "
                         "--database, or name the suite otherwise",
                         tb_statement_cell(statement, 0).text, study->name);
    }
    tb_statement_destroy(statement);
    return status;
}

static tb_status make_anew(tb_database *database, const tb_study *study, const char *command,
                           tb_error *err)
{
    tb_status status = refuse_namesake(database, study, err);
    if (status == TB_OK) {
        status = make_study_table(database, study, err);
    }
    return status == TB_OK ? note_study(database, study, command, err) : status;
}

tb_status tb_study_table_make(tb_database *database, const tb_study *study, const char *command,
                              bool restart, tb_error *err)
{
    bool is_there = false;
    tb_status status = tb_database_run(database, "BEGIN IMMEDIATE", err);
    if (status == TB_OK) {
        status = make_tables(database, err);
    }
    if (status == TB_OK) {
        status = find_study(database, study, restart, &is_there, err);
    }
    if (status == TB_OK && is_there && restart) {
        status = drop(database, study, err);
        is_there = false;
    }
    if (status == TB_OK && !is_there) {
        status = make_anew(database, study, command, err);
    }
    return status == TB_OK ? tb_database_run(database, "COMMIT", err) : status;
}
