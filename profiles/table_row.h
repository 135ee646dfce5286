/* Rows of tables that programs draw for terminals, with | or box characters between cells. */
#ifndef TB_TABLE_ROW_H
#define TB_TABLE_ROW_H

#include <stdbool.h>
#include <stddef.h>

#define TB_TABLE_MAX_CELLS  8
#define TB_TABLE_CELL_BYTES 128

/** The cells of a row, without the spaces around them; longer ones are cut. */
typedef struct tb_table_row {
    char cells[TB_TABLE_MAX_CELLS][TB_TABLE_CELL_BYTES];
    size_t count;
} tb_table_row;

/** Take the escape sequences of colours off a line, in place. */
void tb_text_strip_colours(char *line);

/** Cut a line into cells; false for a line that is no row. */
bool tb_table_row_split(const char *line, tb_table_row *out);

/** Where the cell of this text is; false where there is none. */
bool tb_table_row_find(const tb_table_row *row, const char *text, size_t *out);

/** Append to each cell the one below it. */
void tb_table_row_append(tb_table_row *to, const tb_table_row *from);

#endif
