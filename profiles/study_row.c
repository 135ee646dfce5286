#include "study_row.h"

#include <math.h>
#include <string.h>

#define INTEGER(name)                                                                              \
    {                                                                                              \
        name, TB_CELL_INTEGER                                                                      \
    }
#define REAL(name)                                                                                 \
    {                                                                                              \
        name, TB_CELL_REAL                                                                         \
    }
#define TEXT(name)                                                                                 \
    {                                                                                              \
        name, TB_CELL_TEXT                                                                         \
    }

const tb_study_column tb_study_columns[TB_COLUMN_COUNT] = {
    [TB_COLUMN_ENTRY] = TEXT("entry"),
    [TB_COLUMN_LAYOUT] = TEXT("layout"),
    [TB_COLUMN_BATCH] = INTEGER("batch"),
    [TB_COLUMN_HEADS] = INTEGER("heads"),
    [TB_COLUMN_HEADS_KV] = INTEGER("heads_kv"),
    [TB_COLUMN_DIM] = INTEGER("dim"),
    [TB_COLUMN_DIM_VALUE] = INTEGER("dim_value"),
    [TB_COLUMN_DTYPE] = TEXT("dtype"),
    [TB_COLUMN_PASS] = TEXT("pass"),
    [TB_COLUMN_EXTRA_KV] = INTEGER("extra_kv"),
    [TB_COLUMN_EXTRA_Q] = INTEGER("extra_q"),
    [TB_COLUMN_PATTERN] = TEXT("pattern"),
    [TB_COLUMN_WINDOW] = TEXT("window"),
    [TB_COLUMN_STRIDE] = TEXT("stride"),
    [TB_COLUMN_DILATION] = TEXT("dilation"),
    [TB_COLUMN_CAUSAL] = TEXT("causal"),
    [TB_COLUMN_TILING] = TEXT("tiling"),
    [TB_COLUMN_KV_TILING] = TEXT("kv_tiling"),
    [TB_COLUMN_Q_TILE] = TEXT("q_tile"),
    [TB_COLUMN_KV_TILE] = TEXT("kv_tile"),
    [TB_COLUMN_KERNEL] = TEXT("kernel"),
    [TB_COLUMN_BASELINE] = TEXT("baseline"),
    [TB_COLUMN_DEVICE] = TEXT("device"),
    [TB_COLUMN_MECHANISM] = TEXT("mechanism"),
    [TB_COLUMN_NETWORK] = TEXT("whole_network"),
    [TB_COLUMN_NETWORK_CASE] = TEXT("network_case"),
    [TB_COLUMN_ERROR] = TEXT("error"),
    [TB_COLUMN_WARNING] = TEXT("warning"),
    [TB_COLUMN_Q_TILES] = INTEGER("q_tiles"),
    [TB_COLUMN_DENSE_TILES] = INTEGER("dense_tiles"),
    [TB_COLUMN_VISITED] = INTEGER("visited"),
    [TB_COLUMN_FULL] = INTEGER("full_tiles"), /* FULL is a word of SQL */
    [TB_COLUMN_PARTIAL] = INTEGER("partial_tiles"),
    [TB_COLUMN_VISITED_MIN] = INTEGER("visited_min"),
    [TB_COLUMN_VISITED_MEAN] = REAL("visited_mean"),
    [TB_COLUMN_VISITED_MAX] = INTEGER("visited_max"),
    [TB_COLUMN_DENSE_PAIRS] = INTEGER("dense_pairs"),
    [TB_COLUMN_VISIBLE_PAIRS] = INTEGER("visible_pairs"),
    [TB_COLUMN_FLOP_SPEEDUP] = REAL("flop_speedup"),
    [TB_COLUMN_TILE_SPEEDUP] = REAL("tile_speedup"),
    [TB_COLUMN_TILE_SPEEDUP_WORST] = REAL("tile_speedup_worst"),
    [TB_COLUMN_SPARSITY] = REAL("sparsity"),
    [TB_COLUMN_FULLY_BLOCK_SPARSE] = INTEGER("fully_block_sparse"),
    [TB_COLUMN_PADDING_WASTE] = REAL("padding_waste"),
    [TB_COLUMN_MASK_WASTE] = REAL("mask_waste"),
    [TB_COLUMN_MASKED] = INTEGER("masked"),
    [TB_COLUMN_ATTENTION_US] = REAL("attention_us"),
    [TB_COLUMN_LOW_US] = REAL("low_us"),
    [TB_COLUMN_HIGH_US] = REAL("high_us"),
    [TB_COLUMN_PERMUTE_US] = REAL("permute_us"),
    [TB_COLUMN_TOTAL_US] = REAL("total_us"),
    [TB_COLUMN_DENSE_US] = REAL("dense_us"),
    [TB_COLUMN_SPEEDUP] = REAL("speedup"),
    [TB_COLUMN_SPEEDUP_TOTAL] = REAL("speedup_total"),
    [TB_COLUMN_PARALLEL_US] = REAL("parallel_us"),
    [TB_COLUMN_PARALLEL_SPEEDUP] = REAL("parallel_speedup"),
    [TB_COLUMN_PARALLEL_EFFICIENCY] = REAL("parallel_efficiency"),
    [TB_COLUMN_PARALLEL_IMBALANCE] = REAL("parallel_imbalance"),
    [TB_COLUMN_PARALLEL_EXPOSED_US] = REAL("parallel_exposed_us"),
    [TB_COLUMN_OCCUPANCY] = INTEGER("occupancy"),
    [TB_COLUMN_WAVES] = INTEGER("waves"),
    [TB_COLUMN_UTILISATION] = REAL("utilisation"),
    [TB_COLUMN_LIMITER] = TEXT("limiter"),
    [TB_COLUMN_BASIS] = TEXT("basis"),
    [TB_COLUMN_BOUND] = REAL("bound"),
    [TB_COLUMN_PEAK_BYTES] = REAL("peak_bytes"),
    [TB_COLUMN_DENSE_PEAK_BYTES] = REAL("dense_peak_bytes"),
    [TB_COLUMN_NETWORK_S] = REAL("network_s"),
    [TB_COLUMN_NETWORK_DENSE_S] = REAL("network_dense_s"),
    [TB_COLUMN_NETWORK_SPEEDUP] = REAL("network_speedup"),
    [TB_COLUMN_NETWORK_LIMIT] = REAL("network_limit"),
    [TB_COLUMN_NETWORK_SHARE_SPEEDUP] = REAL("network_share_speedup"),
    [TB_COLUMN_MEASURED_US] = REAL("measured_us"),
    [TB_COLUMN_MEASURED_DENSE_US] = REAL("measured_dense_us"),
    [TB_COLUMN_MEASURED_SPEEDUP] = REAL("measured_speedup"),
};

void tb_row_integer(tb_study_row *row, size_t column, int64_t value)
{
    row->cell[column] = (tb_cell){.type = TB_CELL_INTEGER, .integer = value};
}

void tb_row_real(tb_study_row *row, size_t column, double value)
{
    row->cell[column] = isfinite(value) ? (tb_cell){.type = TB_CELL_REAL, .real = value}
                                        : (tb_cell){.type = TB_CELL_NULL};
}

void tb_row_text(tb_study_row *row, size_t column, const char *value)
{
    row->cell[column] = value != NULL ? (tb_cell){.type = TB_CELL_TEXT, .text = value}
                                      : (tb_cell){.type = TB_CELL_NULL};
}

/* A cell: its type in one byte; then eight bytes of a number, or a text with its NUL. */
void tb_row_pack(const tb_study_row *row, size_t columns, tb_buffer *out)
{
    for (size_t c = 0; c < columns; c++) {
        const tb_cell *cell = &row->cell[c];
        char type = (char)cell->type;
        tb_buffer_append(out, &type, 1);
        if (cell->type == TB_CELL_INTEGER) {
            tb_buffer_append(out, &cell->integer, sizeof cell->integer);
        } else if (cell->type == TB_CELL_REAL) {
            tb_buffer_append(out, &cell->real, sizeof cell->real);
        } else if (cell->type == TB_CELL_TEXT) {
            tb_buffer_append(out, cell->text, strlen(cell->text) + 1);
        }
    }
}

static bool take(const char **at, const char *end, void *out, size_t size)
{
    if ((size_t)(end - *at) < size) {
        return false;
    }
    memcpy(out, *at, size);
    *at += size;
    return true;
}

static bool unpack_cell(const char **at, const char *end, tb_cell *out)
{
    unsigned char type = 0;
    if (!take(at, end, &type, 1) || type > TB_CELL_TEXT) {
        return false;
    }
    *out = (tb_cell){.type = (tb_cell_type)type};
    if (out->type == TB_CELL_INTEGER) {
        return take(at, end, &out->integer, sizeof out->integer);
    }
    if (out->type == TB_CELL_REAL) {
        return take(at, end, &out->real, sizeof out->real);
    }
    if (out->type == TB_CELL_TEXT) {
        const char *nul = memchr(*at, '\0', (size_t)(end - *at));
        out->text = *at;
        *at = nul != NULL ? nul + 1 : end;
        return nul != NULL;
    }
    return true;
}

bool tb_row_unpack(const char **at, const char *end, size_t columns, tb_study_row *out)
{
    for (size_t c = 0; c < columns; c++) {
        if (!unpack_cell(at, end, &out->cell[c])) {
            return false;
        }
    }
    return true;
}
