#include "profile_csv_columns.h"

#include "text.h"

#include <string.h>

const tb_csv_column tb_csv_known_columns[TB_CSV_COLUMN_COUNT] = {
    {"id", TB_CELL_SCALAR},
    {"device", TB_CELL_SCALAR},
    {"device_text", TB_CELL_SCALAR},
    {"kernel", TB_CELL_SCALAR},
    {"kernel_text", TB_CELL_SCALAR},
    {"kind", TB_CELL_SCALAR},
    {"problem.layout", TB_CELL_INTS},
    {"problem.batch", TB_CELL_SCALAR},
    {"problem.heads", TB_CELL_SCALAR},
    {"problem.heads_kv", TB_CELL_SCALAR},
    {"problem.dim", TB_CELL_SCALAR},
    {"problem.dim_value", TB_CELL_SCALAR},
    {"problem.dtype", TB_CELL_SCALAR},
    {"problem.pass", TB_CELL_SCALAR},
    {"problem.extra_kv", TB_CELL_SCALAR},
    {"problem.extra_q", TB_CELL_SCALAR},
    {"pattern.kind", TB_CELL_SCALAR},
    {"pattern.window", TB_CELL_INTS},
    {"pattern.stride", TB_CELL_INTS},
    {"pattern.dilation", TB_CELL_INTS},
    {"pattern.causal", TB_CELL_BOOLS},
    {"pattern.left", TB_CELL_SCALAR},
    {"pattern.right", TB_CELL_SCALAR},
    {"pattern.mask", TB_CELL_SCALAR},
    {"pattern.mask_block", TB_CELL_INTS},
    {"pattern.text", TB_CELL_SCALAR},
    {"tiling.kind", TB_CELL_SCALAR},
    {"tiling.kv_tiling", TB_CELL_SCALAR},
    {"tiling.order", TB_CELL_SCALAR},
    {"tiling.q_tile", TB_CELL_INTS},
    {"tiling.kv_tile", TB_CELL_INTS},
    {"time_us", TB_CELL_US},
    {"time_us.median", TB_CELL_US},
    {"time_us.n", TB_CELL_SCALAR},
    {"time_us.low", TB_CELL_US},
    {"time_us.high", TB_CELL_US},
    {"time_us.samples", TB_CELL_SAMPLES},
    {"time_us.derived_from", TB_CELL_SCALAR},
    {"time_ms", TB_CELL_MS},
    {"time_ms.median", TB_CELL_MS},
    {"time_ms.n", TB_CELL_SCALAR},
    {"time_ms.low", TB_CELL_MS},
    {"time_ms.high", TB_CELL_MS},
    {"time_ms.samples", TB_CELL_SAMPLES_MS},
    {"time_ms.derived_from", TB_CELL_SCALAR},
    {"tflops", TB_CELL_SCALAR},
    {"speedup", TB_CELL_SCALAR},
    {"permute_us", TB_CELL_SCALAR},
    {"includes", TB_CELL_SCALAR},
    {"baseline", TB_CELL_SCALAR},
    {"quality", TB_CELL_SCALAR},
    {"source", TB_CELL_SCALAR},
    {"notes", TB_CELL_SCALAR},
    {"emulated", TB_CELL_SCALAR},
    {"clock", TB_CELL_SCALAR},
};

tb_status tb_csv_unknown_column(const tb_csv *csv, const tb_csv_cell *cell, tb_error *err)
{
    const char *names[TB_CSV_COLUMN_COUNT];
    for (size_t i = 0; i < TB_CSV_COLUMN_COUNT; i++) {
        names[i] = tb_csv_known_columns[i].name;
    }
    const char *nearest = tb_text_nearest(cell->text, names, TB_CSV_COLUMN_COUNT);
    if (strpbrk(cell->text, ";\t") != NULL) {
        return tb_csv_fail(csv, cell, err, "unknown column '%.60s'; commas separate cells here",
                           cell->text);
    }
    if (nearest != NULL) {
        return tb_csv_fail(csv, cell, err, "unknown column '%.60s'; did you mean '%s'?", cell->text,
                           nearest);
    }
    return tb_csv_fail(csv, cell, err,
                       "unknown column '%.60s'; columns are the keys of a profile, as "
                       "problem.layout or time_us, and extra.ANYTHING",
                       cell->text);
}
