/* predict --all-kernels: which kernel is fastest on this device? */
#include "arena.h"
#include "catalogue.h"
#include "predict_lists.h"
#include "predict_time.h"
#include "predict_view.h"
#include "table.h"
#include "timing_view.h"
#include "units.h"
#include "version.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One kernel's answer, or why it has none. */
typedef struct kernel_row {
    tb_kernel *kernel; /* owned */
    tb_prediction prediction;
    tb_timing timing;
    char why_not[320]; /* empty: it has an answer */
} kernel_row;

static int compare_rows(const void *left, const void *right)
{
    const kernel_row *a = left, *b = right;
    bool a_fails = a->why_not[0] != '\0', b_fails = b->why_not[0] != '\0';
    if (a_fails || b_fails) {
        return a_fails != b_fails ? a_fails - b_fails : strcmp(a->kernel->name, b->kernel->name);
    }
    double a_us = a->timing.time.total_us, b_us = b->timing.time.total_us;
    return (a_us > b_us) - (a_us < b_us);
}

static void refuse(kernel_row *row, const char *why)
{
    size_t length = strlen(why) < sizeof row->why_not - 1 ? strlen(why) : sizeof row->why_not - 1;
    memcpy(row->why_not, why, length);
    row->why_not[length] = '\0';
}

/* Kernels that cannot run this here are listed with the reason; only lack of memory ends the list.
 */
static tb_status fill_row(const tb_predict_request *request, const tb_case *item, kernel_row *row,
                          tb_error *err)
{
    tb_error reason = {0};
    if (!tb_kernel_runs_on(row->kernel, request->device)) {
        refuse(row, "does not run on this device");
        return TB_OK;
    }
    if (!row->kernel->patterns[item->pattern.kind]) {
        refuse(row, "does not run this pattern");
        return TB_OK;
    }
    tb_status status = tb_predict(item, row->kernel, &row->prediction, &reason);
    if (status == TB_OK && tb_prediction_lacks_a_mask(&row->prediction, row->kernel)) {
        refuse(row, "masks nothing, and some tiles are partial");
        return TB_OK;
    }
    if (status == TB_OK) {
        status = tb_predict_time(&row->prediction, row->kernel, request->device,
                                 request->baseline_kernel, &row->timing, &reason);
    }
    if (status == TB_EINVAL) {
        refuse(row, reason.message);
        return TB_OK;
    }
    return status == TB_OK ? TB_OK : tb_fail(err, status, "%s", reason.message);
}

static void cell_row(tb_table *table, const kernel_row *row)
{
    char q[96], kv[96], attention[48], total[48];
    const tb_prediction *p = &row->prediction;
    tb_table_cell(table, "%s", row->kernel->name);
    if (row->why_not[0] != '\0') {
        for (int i = 0; i < 5; i++) {
            tb_table_cell(table, "-");
        }
        tb_table_cell(table, "%s", row->why_not);
        return;
    }
    int dims = tb_tiling_dims(&p->tiling, &p->problem.layout);
    tb_table_cell(table, "%s / %s", tb_view_dims(p->tiling.q_tile, dims, q),
                  tb_view_dims(p->tiling.kv_tile, dims, kv));
    tb_table_cell(table, "%s", tb_units_time_us(row->timing.time.attention_us, attention));
    tb_table_cell(table, "%s", tb_units_time_us(row->timing.time.total_us, total));
    tb_table_cell(table, row->timing.has_dense ? "%.2f" : "-", row->timing.speedup_total);
    tb_table_cell(table, "%s", tb_limiter_names[row->timing.time.limiter]);
    tb_table_cell(table, "%s", tb_basis_names[row->timing.time.basis]);
}

static tb_status print_rows(const tb_predict_request *request, kernel_row *rows, size_t count,
                            tb_error *err)
{
    if (tb_output_format(request->output) != TB_FORMAT_TABLE) {
        tb_document *doc = tb_document_create("predict-kernels", TB_VERSION);
        tb_document_text(doc, "device", request->device->name);
        tb_document_open_array(doc, "results");
        for (size_t i = 0; i < count; i++) {
            tb_predict_request own = *request;
            own.kernel = rows[i].kernel;
            tb_document_open_object(doc, NULL);
            tb_document_text(doc, "name", rows[i].kernel->name);
            tb_document_text(doc, "why_not", rows[i].why_not[0] != '\0' ? rows[i].why_not : NULL);
            if (rows[i].why_not[0] == '\0') {
                tb_view_document(doc, &rows[i].prediction, rows[i].kernel);
                tb_view_timing_document(doc, &rows[i].timing, &own);
            }
            tb_document_close(doc);
        }
        tb_document_close(doc);
        return tb_output_document(request->output, doc, "results", err);
    }
    static const char *const heads[] = {"kernel",  "tiles",   "attention", "with permutation",
                                        "speedup", "limiter", "basis"};
    tb_table table = tb_table_begin("lrrrrll");
    tb_buffer text = {0};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    for (size_t i = 0; i < count; i++) {
        cell_row(&table, &rows[i]);
    }
    tb_buffer_printf(&text, "kernels on %s, fastest first\n\n", request->device->name);
    tb_table_print(&table, &text);
    return tb_output_text(request->output, &text, err);
}

static tb_status fill_rows(const tb_predict_request *request, const tb_case *item,
                           const char *const *names, kernel_row *rows, size_t count, tb_error *err)
{
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        status = tb_kernel_load(names[i], &rows[i].kernel, err);
        if (status == TB_OK) {
            status = fill_row(request, item, &rows[i], err);
        }
    }
    return status;
}

tb_status tb_predict_kernels(const tb_predict_request *request, const tb_case *item, double *least,
                             tb_error *err)
{
    const char *const *names = NULL;
    size_t count = 0;
    kernel_row *rows = NULL;
    tb_arena *arena = tb_arena_create();
    tb_status status = arena == NULL
                           ? tb_fail(err, TB_ENOMEM, "no memory for a list of kernels")
                           : tb_catalogue_names(TB_CATALOGUE_KERNEL, arena, &names, &count, err);
    if (status == TB_OK) {
        rows = calloc(count + 1, sizeof *rows);
        status = rows == NULL ? tb_fail(err, TB_ENOMEM, "no memory for a list of kernels")
                              : fill_rows(request, item, names, rows, count, err);
    }
    if (status == TB_OK) {
        qsort(rows, count, sizeof *rows, compare_rows);
        bool has_answer = count > 0 && rows[0].why_not[0] == '\0';
        *least = has_answer && rows[0].timing.has_dense ? rows[0].timing.speedup : 0;
        status = print_rows(request, rows, count, err);
    }
    for (size_t i = 0; rows != NULL && i < count; i++) {
        tb_prediction_release(&rows[i].prediction);
        tb_kernel_destroy(rows[i].kernel);
    }
    free(rows);
    tb_arena_destroy(arena);
    return status;
}
