/* Tables for people: columns as wide as their widest cell. */
#ifndef TB_TABLE_H
#define TB_TABLE_H

#include "buffer.h"

#include <stddef.h>

#define TB_TABLE_COLUMNS_MAX 16

/** A table being filled; start with tb_table_begin(), add cells row by row. */
typedef struct tb_table {
    size_t columns;
    char align[TB_TABLE_COLUMNS_MAX]; /* 'l' or 'r' */
    tb_buffer cells;                  /* NUL-separated */
    size_t cell_count;
} tb_table;

/** `align`: one letter a column, 'l' or 'r'. The first row is the header. */
tb_table tb_table_begin(const char *align);

/** The next cell. */
void tb_table_cell(tb_table *table, const char *format, ...) TB_PRINTF(2, 3);

/** Print the table, header underlined, and free it. */
void tb_table_print(tb_table *table, tb_buffer *out);

#endif
