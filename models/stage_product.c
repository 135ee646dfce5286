/* A matrix product, as a GEMM of its own.
 *
 *   FLOP  = 2 rows columns inner x count x fraction
 *   bytes = (rows + columns) inner x count in the rate's format + rows columns x count x fraction
 *
 * Not modelled: waves and tiles of the GEMM; what the device's measured rate says of large ones is
 * taken of all. */
#include "stage_parts.h"

static const char *const keys[] = {"rows",     "columns", "inner", "count",   "rate",
                                   "fraction", "read",    "write", "special", "fma",
                                   "launches", "live",    NULL};

static tb_status evaluate(const tb_stage *stage, const tb_stage_context *context,
                          tb_stage_result *out, tb_error *err)
{
    double rows = 0, columns = 0, inner = 0, count = 1, fraction = 1, read = 0, write = 0;
    tb_work *work = &out->work;
    const struct {
        const char *key;
        double *out, otherwise;
        bool is_needed;
    } sizes[] = {{"rows", &rows, 0, true},
                 {"columns", &columns, 0, true},
                 {"inner", &inner, 0, true},
                 {"count", &count, 1, false},
                 {"special", &work->special, 0, false},
                 {"fma", &work->fma_flop, 0, false},
                 {"launches", &work->launches, 1, false},
                 {"live", &work->live_bytes, 0, false}};
    tb_status status = tb_stage_rate(stage, context, &work->rate, err);
    for (size_t i = 0; status == TB_OK && i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i].is_needed) {
            status = tb_stage_need(stage, sizes[i].key, err);
        }
        if (status == TB_OK) {
            status = tb_stage_number(stage, context, sizes[i].key, sizes[i].otherwise, 0,
                                     sizes[i].out, err);
        }
    }
    if (status == TB_OK) {
        status = tb_stage_fraction(stage, context, "fraction", 1, &fraction, err);
    }
    double element = tb_matrix_rate_bytes(work->rate, context->problem->dtype);
    double out_element = (double)tb_dtype_bytes(context->problem->dtype);
    if (status == TB_OK) {
        status = tb_stage_number(stage, context, "read", (rows + columns) * inner * count * element,
                                 0, &read, err);
    }
    if (status == TB_OK) {
        status = tb_stage_number(stage, context, "write",
                                 rows * columns * count * fraction * out_element, 0, &write, err);
    }
    if (status != TB_OK) {
        return status;
    }
    work->matrix_flop = 2 * rows * columns * inner * count * fraction;
    work->hbm_bytes = read + write;
    if (tb_yaml_get(stage->node, "live") == NULL) {
        work->live_bytes = write;
    }
    return tb_stage_time_work(context, out, err);
}

const tb_stage_kind tb_stage_product = {
    .name = "product",
    .summary = "a matrix product: rows x columns x inner",
    .keys = keys,
    .evaluate = evaluate,
};
