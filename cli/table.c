#include "table.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

tb_table tb_table_begin(const char *align)
{
    tb_table table = {.columns = strlen(align)};
    memcpy(table.align, align, table.columns);
    return table;
}

void tb_table_cell(tb_table *table, const char *format, ...)
{
    char cell[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(cell, sizeof cell, format, arguments);
    va_end(arguments);
    tb_buffer_append(&table->cells, cell, strlen(cell) + 1);
    table->cell_count++;
}

static void find_widths(const tb_table *table, size_t *widths)
{
    const char *cell = table->cells.data;
    for (size_t i = 0; i < table->cell_count; i++, cell += strlen(cell) + 1) {
        size_t width = tb_text_width(cell);
        size_t column = i % table->columns;
        widths[column] = width > widths[column] ? width : widths[column];
    }
}

/* End the line without the blanks that empty cells at its end leave. */
static void end_line(tb_buffer *out)
{
    while (!out->failed && out->length > 0 && out->data[out->length - 1] == ' ') {
        out->data[--out->length] = '\0';
    }
    tb_buffer_text(out, "\n");
}

static void print_cell(const tb_table *table, const char *cell, size_t column, size_t width,
                       tb_buffer *out)
{
    size_t gap = width - tb_text_width(cell);
    bool is_right = table->align[column] == 'r', is_last = column + 1 == table->columns;
    tb_buffer_repeat(out, ' ', is_right ? gap : 0);
    tb_buffer_text(out, cell);
    tb_buffer_repeat(out, ' ', is_right || is_last ? 0 : gap);
    if (is_last) {
        end_line(out);
    } else {
        tb_buffer_text(out, "  ");
    }
}

static void print_rule(const tb_table *table, const size_t *widths, tb_buffer *out)
{
    for (size_t column = 0; column < table->columns; column++) {
        tb_buffer_repeat(out, '-', widths[column]);
        tb_buffer_text(out, column + 1 == table->columns ? "\n" : "  ");
    }
}

void tb_table_print(tb_table *table, tb_buffer *out)
{
    size_t widths[TB_TABLE_COLUMNS_MAX] = {0};
    out->failed = out->failed || table->cells.failed;
    if (!out->failed && table->cell_count > 0) {
        find_widths(table, widths);
        const char *cell = table->cells.data;
        for (size_t i = 0; i < table->cell_count; i++, cell += strlen(cell) + 1) {
            if (i == table->columns) {
                print_rule(table, widths, out);
            }
            print_cell(table, cell, i % table->columns, widths[i % table->columns], out);
        }
    }
    tb_buffer_free(&table->cells);
}
