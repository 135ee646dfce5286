/* Rows of a study: what is known of a point, in typed columns; and rows as bytes, the one form in
 * which threads and processes hand them over. */
#ifndef TB_STUDY_ROW_H
#define TB_STUDY_ROW_H

#include "buffer.h"
#include "study_axes.h"

/* Columns that every study has. Names: study_columns[]. */
typedef enum tb_study_column_id {
    TB_COLUMN_ENTRY, /* name of the suite's entry */
    TB_COLUMN_LAYOUT,
    TB_COLUMN_BATCH,
    TB_COLUMN_HEADS,
    TB_COLUMN_HEADS_KV,
    TB_COLUMN_DIM,
    TB_COLUMN_DIM_VALUE,
    TB_COLUMN_DTYPE,
    TB_COLUMN_PASS,
    TB_COLUMN_EXTRA_KV,
    TB_COLUMN_EXTRA_Q,
    TB_COLUMN_PATTERN,
    TB_COLUMN_WINDOW,
    TB_COLUMN_STRIDE,
    TB_COLUMN_DILATION,
    TB_COLUMN_CAUSAL,
    TB_COLUMN_TILING,
    TB_COLUMN_KV_TILING,
    TB_COLUMN_Q_TILE,
    TB_COLUMN_KV_TILE,
    TB_COLUMN_KERNEL,
    TB_COLUMN_BASELINE,
    TB_COLUMN_DEVICE,
    TB_COLUMN_MECHANISM,
    TB_COLUMN_NETWORK,
    TB_COLUMN_NETWORK_CASE,
    TB_COLUMN_ERROR,   /* why there is nothing more: the point makes no sense */
    TB_COLUMN_WARNING, /* of what is there */
    TB_COLUMN_FIRST_RESULT,
    TB_COLUMN_Q_TILES = TB_COLUMN_FIRST_RESULT,
    TB_COLUMN_DENSE_TILES,
    TB_COLUMN_VISITED,
    TB_COLUMN_FULL,
    TB_COLUMN_PARTIAL,
    TB_COLUMN_VISITED_MIN,
    TB_COLUMN_VISITED_MEAN,
    TB_COLUMN_VISITED_MAX,
    TB_COLUMN_DENSE_PAIRS,
    TB_COLUMN_VISIBLE_PAIRS,
    TB_COLUMN_FLOP_SPEEDUP,
    TB_COLUMN_TILE_SPEEDUP,
    TB_COLUMN_TILE_SPEEDUP_WORST,
    TB_COLUMN_SPARSITY,
    TB_COLUMN_FULLY_BLOCK_SPARSE,
    TB_COLUMN_PADDING_WASTE,
    TB_COLUMN_MASK_WASTE,
    TB_COLUMN_MASKED,
    TB_COLUMN_ATTENTION_US,
    TB_COLUMN_LOW_US,
    TB_COLUMN_HIGH_US,
    TB_COLUMN_PERMUTE_US,
    TB_COLUMN_TOTAL_US,
    TB_COLUMN_DENSE_US,
    TB_COLUMN_SPEEDUP,
    TB_COLUMN_SPEEDUP_TOTAL,
    TB_COLUMN_PARALLEL_US, /* on several devices */
    TB_COLUMN_PARALLEL_SPEEDUP,
    TB_COLUMN_PARALLEL_EFFICIENCY,
    TB_COLUMN_PARALLEL_IMBALANCE,
    TB_COLUMN_PARALLEL_EXPOSED_US,
    TB_COLUMN_OCCUPANCY,
    TB_COLUMN_WAVES,
    TB_COLUMN_UTILISATION,
    TB_COLUMN_LIMITER,
    TB_COLUMN_BASIS,
    TB_COLUMN_BOUND,      /* of a mechanism */
    TB_COLUMN_PEAK_BYTES, /* likewise */
    TB_COLUMN_DENSE_PEAK_BYTES,
    TB_COLUMN_NETWORK_S, /* of a whole network: a generation */
    TB_COLUMN_NETWORK_DENSE_S,
    TB_COLUMN_NETWORK_SPEEDUP, /* from its layers */
    TB_COLUMN_NETWORK_LIMIT,
    TB_COLUMN_NETWORK_SHARE_SPEEDUP, /* from the share of attention that a source states */
    TB_COLUMN_MEASURED_US,
    TB_COLUMN_MEASURED_DENSE_US,
    TB_COLUMN_MEASURED_SPEEDUP,
    TB_COLUMN_COUNT
} tb_study_column_id;

typedef struct tb_study_column {
    const char *name;
    tb_cell_type type;
} tb_study_column;

extern const tb_study_column tb_study_columns[TB_COLUMN_COUNT];

#define TB_STUDY_COLUMNS_MAX (TB_COLUMN_COUNT + 64) /* with those of axes */

typedef struct tb_cell {
    tb_cell_type type;
    int64_t integer;
    double real;
    const char *text; /* borrowed: from who fills the row, or from the bytes */
} tb_cell;

/** Cells of one row, all null at first. */
typedef struct tb_study_row {
    tb_cell cell[TB_STUDY_COLUMNS_MAX];
} tb_study_row;

void tb_row_integer(tb_study_row *row, size_t column, int64_t value);
void tb_row_real(tb_study_row *row, size_t column, double value);      /* NaN, infinite: null */
void tb_row_text(tb_study_row *row, size_t column, const char *value); /* NULL: null */

/** Append the first `columns` cells to `out` as bytes. */
void tb_row_pack(const tb_study_row *row, size_t columns, tb_buffer *out);

/**
 * Read a row from bytes; *at moves on behind it, and texts are borrowed from there.
 *
 * @return false when they end too early, or are none of tb_row_pack()
 */
bool tb_row_unpack(const char **at, const char *end, size_t columns, tb_study_row *out);

#endif
