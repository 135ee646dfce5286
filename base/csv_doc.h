/* Comma-separated values with positions: RFC 4180, read into cells.
 *
 * The first line names the columns. Lines end in LF, CRLF or CR; empty ones are skipped, as is a
 * byte order mark. Refused: a cell whose quotes do not enclose all of it, an unnamed or repeated
 * column, a line with more or fewer cells than columns, text that is not UTF-8, files over
 * TB_CSV_MAX_BYTES. Columns of positions count characters, from 1. */
#ifndef TB_CSV_DOC_H
#define TB_CSV_DOC_H

#include "status.h"

#include <stddef.h>

#define TB_CSV_MAX_BYTES   ((size_t)16 << 20)
#define TB_CSV_MAX_COLUMNS 256

/** One cell; quotes are taken off. */
typedef struct tb_csv_cell {
    const char *text; /* borrowed from the document; "" for nothing */
    int line, column; /* where it begins */
} tb_csv_cell;

typedef struct tb_csv tb_csv;

/** Read and parse a file ("-" = standard input). TB_OK; TB_EFILE with the position; TB_ENOMEM. */
TB_NODISCARD tb_status tb_csv_read(const char *path, tb_csv **out, tb_error *err);

/** Parse `length` bytes; `name` is the file name of messages. */
TB_NODISCARD tb_status tb_csv_parse(const char *text, size_t length, const char *name, tb_csv **out,
                                    tb_error *err);

/** Free a document; NULL is allowed. */
void tb_csv_destroy(tb_csv *doc);

/** File name of messages. */
const char *tb_csv_name(const tb_csv *doc);

/** Columns, at least one; rows below the header, perhaps none. */
size_t tb_csv_columns(const tb_csv *doc);
size_t tb_csv_rows(const tb_csv *doc);

/** The name of a column. */
const tb_csv_cell *tb_csv_header(const tb_csv *doc, size_t column);

/** A cell below it. */
const tb_csv_cell *tb_csv_at(const tb_csv *doc, size_t row, size_t column);

/** Complain at a cell's position; returns TB_EFILE. */
tb_status tb_csv_fail(const tb_csv *doc, const tb_csv_cell *cell, tb_error *err, const char *format,
                      ...) TB_PRINTF(4, 5);

#endif
