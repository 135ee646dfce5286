#include "kernel.h"
#include "predict.h"
#include "predict_lists.h"
#include "predict_view.h"
#include "suite.h"
#include "table.h"
#include "version.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct suite_printer {
    tb_document *doc; /* NULL: a table */
    tb_table table;
    tb_buffer said; /* the warnings so far, a line each */
} suite_printer;

/* "11.11 (11.1)": simulated here, and as published */
static void cell_speedup(tb_table *table, double simulated, bool has_published, double published)
{
    if (has_published) {
        tb_table_cell(table, "%.2f (%g)", simulated, published);
    } else {
        tb_table_cell(table, "%.2f", simulated);
    }
}

static void put_published(tb_document *doc, const tb_published *published)
{
    if (published->source == NULL) {
        tb_document_null(doc, "published");
        return;
    }
    tb_document_open_object(doc, "published");
    if (published->has_flop_speedup) {
        tb_document_double(doc, "flop_speedup", published->flop_speedup);
    }
    if (published->has_tile_speedup) {
        tb_document_double(doc, "tile_speedup", published->tile_speedup);
    }
    if (published->has_tile_speedup_worst) {
        tb_document_double(doc, "tile_speedup_worst", published->tile_speedup_worst);
    }
    if (published->has_fully_block_sparse) {
        tb_document_bool(doc, "fully_block_sparse", published->fully_block_sparse);
    }
    tb_document_text(doc, "source", published->source);
    tb_document_close(doc);
}

static void print_item(suite_printer *printer, const tb_suite_item *item, const tb_prediction *p,
                       const tb_kernel *kernel)
{
    const tb_published *published = &item->published;
    int rank = p->problem.layout.rank, dims = tb_tiling_dims(&p->tiling, &p->problem.layout);
    char layout[96], window[96], stride[96], q[96], kv[96];
    if (printer->doc != NULL) {
        tb_document_open_object(printer->doc, NULL);
        tb_document_text(printer->doc, "name", item->name);
        tb_document_text(printer->doc, "network", item->network);
        tb_view_document(printer->doc, p, kernel);
        put_published(printer->doc, published);
        tb_document_close(printer->doc);
        return;
    }
    tb_table *table = &printer->table;
    bool is_gna = p->pattern.kind == TB_PATTERN_GNA;
    tb_table_cell(table, "%s", item->network != NULL ? item->network : item->name);
    tb_table_cell(table, "%s", tb_view_dims(p->problem.layout.extent, rank, layout));
    tb_table_cell(table, "%s",
                  is_gna ? tb_view_dims(p->pattern.window, rank, window)
                         : tb_pattern_types[p->pattern.kind]->name);
    tb_table_cell(table, "%s", is_gna ? tb_view_dims(p->pattern.stride, rank, stride) : "-");
    tb_table_cell(table, "%s / %s", tb_view_dims(p->tiling.q_tile, dims, q),
                  tb_view_dims(p->tiling.kv_tile, dims, kv));
    cell_speedup(table, p->bound.flop_speedup, published->has_flop_speedup,
                 published->flop_speedup);
    cell_speedup(table, p->bound.tile_speedup, published->has_tile_speedup,
                 published->tile_speedup);
    cell_speedup(table, p->bound.tile_speedup_worst, published->has_tile_speedup_worst,
                 published->tile_speedup_worst);
    const char *fully = p->bound.fully_block_sparse ? "yes" : "no";
    if (published->has_fully_block_sparse) {
        tb_table_cell(table, "%s (%s)", fully, published->fully_block_sparse ? "yes" : "no");
    } else {
        tb_table_cell(table, "%s", fully);
    }
}

/* Each warning once, however many problems it is of. */
static void print_warnings(suite_printer *printer, const tb_messages *warnings)
{
    for (size_t i = 0; i < warnings->count; i++) {
        char line[sizeof warnings->text[0] + 2];
        tb_messages one = {.count = 1};
        (void)snprintf(line, sizeof line, "\n%s\n", warnings->text[i]);
        if (printer->said.data != NULL && strstr(printer->said.data, line) != NULL) {
            continue;
        }
        tb_buffer_text(&printer->said, line);
        (void)snprintf(one.text[0], sizeof one.text[0], "%s", warnings->text[i]);
        tb_output_warnings(&one);
    }
}

/* A suite's own kernel decides where none is asked for. */
static tb_status predict_item(const tb_predict_request *request, const tb_suite_item *item,
                              suite_printer *printer, double *least, tb_error *err)
{
    tb_kernel *own = NULL;
    tb_status status = TB_OK;
    if (request->kernel == NULL && item->kernel != NULL) {
        status = tb_kernel_load(item->kernel, &own, err);
    }
    const tb_kernel *kernel = request->kernel != NULL ? request->kernel : own;
    tb_case asked = item->item; /* borrows the mask */
    asked.baseline = request->baseline;
    tb_prediction p = {0};
    if (status == TB_OK) {
        status = tb_predict(&asked, kernel, &p, err);
    }
    if (status == TB_OK) {
        print_item(printer, item, &p, kernel);
        print_warnings(printer, &p.warnings);
        *least = fmin(*least, p.bound.tile_speedup);
    } else if (err != NULL && err->file[0] == '\0') {
        tb_error inner = *err;
        (void)tb_fail(err, status, "problem '%s': %s", item->name, inner.message);
    }
    tb_prediction_release(&p);
    tb_kernel_destroy(own);
    return status;
}

/* Is the source of item i one that an earlier item named already? */
static bool is_known_source(const tb_suite *suite, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        const char *other = suite->items[j].published.source;
        if (other != NULL && strcmp(other, suite->items[i].published.source) == 0) {
            return true;
        }
    }
    return false;
}

static void print_sources(const tb_suite *suite, tb_buffer *text)
{
    bool any = false;
    for (size_t i = 0; i < suite->count; i++) {
        const char *source = suite->items[i].published.source;
        if (source == NULL || is_known_source(suite, i)) {
            continue;
        }
        tb_buffer_printf(text, "%s  %s\n",
                         any ? "" : "\nSimulated here; in brackets as published, rounded there:\n",
                         source);
        any = true;
    }
}

static tb_status print_table(const tb_predict_request *request, const tb_suite *suite,
                             tb_table *table, tb_error *err)
{
    tb_buffer text = {0};
    tb_buffer_printf(&text, "%s: %s\n\n", suite->name, suite->summary);
    tb_table_print(table, &text);
    print_sources(suite, &text);
    return tb_output_text(request->output, &text, err);
}

tb_status tb_predict_suite(const tb_predict_request *request, const char *name, double *least,
                           tb_error *err)
{
    tb_suite *suite = NULL;
    tb_status status = tb_suite_load(name, &suite, err);
    if (status != TB_OK) {
        return status;
    }
    bool is_table = tb_output_format(request->output) == TB_FORMAT_TABLE;
    suite_printer printer = {.table = tb_table_begin("lrrrrrrrr")};
    if (is_table) {
        static const char *const heads[] = {"network", "layout", "window",
                                            "stride",  "tiles",  "FLOP-wise",
                                            "tile",    "worst",  "fully block-sparse"};
        for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
            tb_table_cell(&printer.table, "%s", heads[i]);
        }
    } else {
        printer.doc = tb_document_create("predict-suite", TB_VERSION);
        tb_document_text(printer.doc, "suite", suite->name);
        tb_document_open_array(printer.doc, "results");
    }
    for (size_t i = 0; status == TB_OK && i < suite->count; i++) {
        status = predict_item(request, &suite->items[i], &printer, least, err);
    }
    tb_document_close(printer.doc);
    if (status == TB_OK && is_table) {
        status = print_table(request, suite, &printer.table, err);
    } else if (status == TB_OK) {
        status = tb_output_document(request->output, printer.doc, "results", err);
        printer.doc = NULL;
    }
    tb_buffer_free(&printer.table.cells);
    tb_buffer_free(&printer.said);
    tb_document_destroy(printer.doc);
    tb_suite_destroy(suite);
    return status;
}
