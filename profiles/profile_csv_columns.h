/* The columns that a CSV file of runs may have. Used by profile_csv.c. */
#ifndef TB_PROFILE_CSV_COLUMNS_H
#define TB_PROFILE_CSV_COLUMNS_H

#include "csv_doc.h"

typedef enum tb_csv_cell_kind {
    TB_CELL_SCALAR,
    TB_CELL_INTS,    /* 30x48x80 */
    TB_CELL_BOOLS,   /* 1x0x0 */
    TB_CELL_US,      /* a number */
    TB_CELL_MS,      /* a number, to be in microseconds */
    TB_CELL_SAMPLES, /* numbers: 2.1; 1.9 */
    TB_CELL_SAMPLES_MS
} tb_csv_cell_kind;

typedef struct tb_csv_column {
    const char *name;
    tb_csv_cell_kind kind;
} tb_csv_column;

#define TB_CSV_COLUMN_COUNT 55

/** In the order of a profile file, each group together. */
extern const tb_csv_column tb_csv_known_columns[TB_CSV_COLUMN_COUNT];

/** Complain of a column that is not among them, with the nearest; returns TB_EFILE. */
tb_status tb_csv_unknown_column(const tb_csv *csv, const tb_csv_cell *cell, tb_error *err);

#endif
