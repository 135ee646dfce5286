/* Golden tables: CSV files in tests/golden with a header line and no quoted cells. */
#ifndef TB_GOLDEN_TABLE_H
#define TB_GOLDEN_TABLE_H

#include "problem.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct tb_golden_table {
    char *text; /* the file, cut into cells by NULs */
    char **cells;
    int rows; /* without the header */
    int columns;
} tb_golden_table;

/** Read a table of tests/golden; a file that is absent or has ragged rows fails the test. */
tb_golden_table *tb_golden_read(const char *name);
void tb_golden_free(tb_golden_table *table);

/** The cell of a column; an unknown column fails the test. */
const char *tb_golden_cell(const tb_golden_table *table, int row, const char *column);

/** An integer cell, and a number; the whole cell must be one. */
int64_t tb_golden_integer(const tb_golden_table *table, int row, const char *column);
double tb_golden_number(const tb_golden_table *table, int row, const char *column);

/** A cell such as 30x48x80; returns how many extents, 0 for an empty cell. */
int tb_golden_sizes(const tb_golden_table *table, int row, const char *column,
                    int64_t sizes[TB_MAX_RANK]);

/** Which of `names` a cell is; none of them fails the test. */
int tb_golden_name(const tb_golden_table *table, int row, const char *column,
                   const char *const *names, int count);

/** Is TB_UPDATE_GOLDEN=1 set? Then write tables anew instead of comparing. */
bool tb_golden_is_update(void);

#endif
