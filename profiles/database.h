/* SQLite databases: open, run, prepare, bind, step; by one thread at a time. Home of SQLite. */
#ifndef TB_DATABASE_H
#define TB_DATABASE_H

#include "status.h"
#include "study_row.h"

typedef struct tb_database tb_database;
typedef struct tb_statement tb_statement;

/** Version of SQLite in use, as "3.40.1". */
const char *tb_database_library_version(void);

/**
 * Open a database.
 *
 * @param[in] is_written  it is made where there is none, and its journal is a write-ahead log;
 *                        else it is only read
 * @return TB_OK; TB_EIO; TB_EFILE for a file that is no database; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_database_open(const char *path, bool is_written, tb_database **out,
                                        tb_error *err);

/** Close; NULL is allowed. What was not committed is undone. */
void tb_database_close(tb_database *database);

/** Run a statement that has no result. TB_OK; TB_EIO (the disk is full); TB_EFILE; TB_ENOMEM. */
TB_NODISCARD tb_status tb_database_run(tb_database *database, const char *sql, tb_error *err);

/** Undo an open transaction, as far as there is one. */
void tb_database_undo(tb_database *database);

/** Prepare one statement. As above, and TB_EINVAL for text that is not one statement of SQL. */
TB_NODISCARD tb_status tb_database_prepare(tb_database *database, const char *sql,
                                           tb_statement **out, tb_error *err);

/** Free a statement; NULL is allowed. */
void tb_statement_destroy(tb_statement *statement);

/** Bind a value to the parameter `at`, from 1; its text must live until the next step. */
TB_NODISCARD tb_status tb_statement_bind(tb_statement *statement, int at, const tb_cell *cell,
                                         tb_error *err);

/** Bind a text or an integer likewise. */
TB_NODISCARD tb_status tb_statement_bind_text(tb_statement *statement, int at, const char *text,
                                              tb_error *err);
TB_NODISCARD tb_status tb_statement_bind_integer(tb_statement *statement, int at, int64_t value,
                                                 tb_error *err);

/** Go to the next row; *has_row says whether there is one. At the end it can be bound and run
 *  again. As tb_database_run(). */
TB_NODISCARD tb_status tb_statement_step(tb_statement *statement, bool *has_row, tb_error *err);

/** Columns of the result, their names, and the cells of the row at hand (borrowed until the next
 *  step); from 0. */
size_t tb_statement_columns(const tb_statement *statement);
const char *tb_statement_name(const tb_statement *statement, size_t column);
/** Are there places to bind? */
bool tb_statement_has_parameters(const tb_statement *statement);

/** Is it a column of a table that was declared as TEXT? */
bool tb_statement_is_text(const tb_statement *statement, size_t column);
tb_cell tb_statement_cell(const tb_statement *statement, size_t column);

/** Append a name in double quotes, as SQL has them. */
void tb_sql_name(const char *name, tb_buffer *out);

#endif
