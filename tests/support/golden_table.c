#include "golden_table.h"

#include "test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cells of the text, one after another; `columns` gets those of the first line. */
static int cut(char *text, char **cells, int *columns)
{
    int count = 0;
    *columns = 0;
    for (char *at = text; *at != '\0';) {
        cells[count++] = at;
        at += strcspn(at, ",\n");
        bool is_line_end = *at == '\n';
        *at++ = '\0';
        if (is_line_end) {
            *columns = *columns == 0 ? count : *columns;
            assert_int_equal(count % *columns, 0);
        }
    }
    return count;
}

tb_golden_table *tb_golden_read(const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/tests/golden/%s", TB_SOURCE_DIR, name);
    tb_golden_table *table = calloc(1, sizeof *table);
    assert_non_null(table);
    size_t length;
    table->text = tb_test_read(path, &length);
    assert_true(length > 0 && table->text[length - 1] == '\n');
    table->cells = calloc(length + 1, sizeof *table->cells);
    assert_non_null(table->cells);
    int count = cut(table->text, table->cells, &table->columns);
    table->rows = count / table->columns - 1;
    return table;
}

void tb_golden_free(tb_golden_table *table)
{
    free(table->cells);
    free(table->text);
    free(table);
}

const char *tb_golden_cell(const tb_golden_table *table, int row, const char *column)
{
    for (int c = 0; c < table->columns; c++) {
        if (strcmp(table->cells[c], column) == 0) {
            return table->cells[(row + 1) * table->columns + c];
        }
    }
    fail_msg("no column '%s'", column);
    return NULL;
}

int64_t tb_golden_integer(const tb_golden_table *table, int row, const char *column)
{
    const char *cell = tb_golden_cell(table, row, column);
    char *end;
    long long value = strtoll(cell, &end, 10);
    if (end == cell || *end != '\0') {
        fail_msg("row %d, column '%s': '%s' is no integer", row + 2, column, cell);
    }
    return value;
}

double tb_golden_number(const tb_golden_table *table, int row, const char *column)
{
    const char *cell = tb_golden_cell(table, row, column);
    char *end;
    double value = strtod(cell, &end);
    if (end == cell || *end != '\0') {
        fail_msg("row %d, column '%s': '%s' is no number", row + 2, column, cell);
    }
    return value;
}

int tb_golden_sizes(const tb_golden_table *table, int row, const char *column,
                    int64_t sizes[TB_MAX_RANK])
{
    const char *at = tb_golden_cell(table, row, column);
    int count = 0;
    while (*at != '\0') {
        char *end;
        assert_true(count < TB_MAX_RANK);
        sizes[count++] = strtoll(at, &end, 10);
        assert_true(end != at && (*end == 'x' || *end == '\0'));
        at = *end == 'x' ? end + 1 : end;
    }
    return count;
}

int tb_golden_name(const tb_golden_table *table, int row, const char *column,
                   const char *const *names, int count)
{
    const char *cell = tb_golden_cell(table, row, column);
    for (int i = 0; i < count; i++) {
        if (strcmp(cell, names[i]) == 0) {
            return i;
        }
    }
    fail_msg("row %d, column '%s': '%s' is unknown", row + 2, column, cell);
    return -1;
}

bool tb_golden_is_update(void)
{
    const char *set = getenv("TB_UPDATE_GOLDEN");
    return set != NULL && strcmp(set, "1") == 0;
}
