#include "checked.h"
#include "network.h"
#include "predict.h"
#include "predict_lists.h"
#include "predict_time.h"
#include "predict_view.h"
#include "table.h"
#include "timing_view.h"
#include "units.h"
#include "version.h"
#include "whole_network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sums over the layers of one case, for its mean bounds. */
typedef struct case_totals {
    double layers, baseline_pairs, visible_pairs, baseline_tiles, visited_tiles;
    tb_forward_time forward; /* with a device: its attention */
    tb_problem problem;      /* of all heads, with the options on top */
    tb_whole_network whole;  /* likewise */
} case_totals;

typedef struct network_printer {
    const tb_predict_request *request;
    const tb_network *network;
    int64_t layer; /* < 0: all */
    tb_document *doc;
    tb_table table;
    tb_problem problem;   /* of the latest layer: with the options on top */
    tb_messages warnings; /* each once, not once a layer */
    double least;
} network_printer;

/* The network's case with the options on top: they win over what the network says. */
static tb_status make_case(const network_printer *printer, const tb_layer_group *group,
                           tb_case *item, tb_error *err)
{
    *item = tb_case_default();
    item->problem.layout = printer->network->layout;
    item->problem.heads = group->heads;
    item->problem.heads_kv = group->heads;
    item->problem.dim = printer->network->dim;
    item->problem.dim_value = printer->network->dim;
    item->pattern = group->pattern;
    item->baseline = printer->request->baseline;
    if (group->heads != printer->network->heads &&
        (printer->request->args->heads.given || printer->request->args->heads_kv.given)) {
        return tb_fail(err, TB_EINVAL,
                       "--heads beside pattern '%s', which %lld of %lld heads have; leave it out",
                       group->pattern_name, (long long)group->heads,
                       (long long)printer->network->heads);
    }
    return tb_case_apply(printer->request->args, item, err);
}

static void add_totals(case_totals *totals, const tb_layer_group *group, const tb_prediction *p,
                       double layers)
{
    double heads = layers * (double)group->heads;
    totals->layers += group->is_first ? layers : 0;
    totals->baseline_pairs += heads * (double)p->bound.baseline_pairs;
    totals->visible_pairs += heads * (double)p->census.visible_pairs;
    totals->baseline_tiles += heads * (double)p->bound.baseline_tiles;
    totals->visited_tiles += heads * (double)p->census.visited;
}

/* The problem of whole layers, whichever heads this group has. */
static tb_problem whole_problem(const network_printer *printer, const tb_layer_group *group,
                                const tb_problem *problem)
{
    tb_problem whole = *problem;
    if (group->heads != printer->network->heads) {
        whole.heads = whole.heads_kv = printer->network->heads;
    }
    return whole;
}

static void keep_warnings(network_printer *printer, const tb_messages *warnings)
{
    for (size_t i = 0; i < warnings->count; i++) {
        bool known = false;
        for (size_t k = 0; k < printer->warnings.count; k++) {
            known = known || strcmp(printer->warnings.text[k], warnings->text[i]) == 0;
        }
        if (!known) {
            tb_messages_add(&printer->warnings, "%s", warnings->text[i]);
        }
    }
}

static void put_assumed(tb_document *doc, const tb_network *network)
{
    tb_document_open_array(doc, "assumed");
    for (size_t i = 0; i < 4; i++) {
        if (network->facts[i].is_assumed) {
            tb_document_text(doc, NULL, network->facts[i].name);
        }
    }
    tb_document_close(doc);
}

/* Time a layer and its speedup; nothing without a device. */
static void cell_times(const network_printer *printer, tb_table *table, double total_us,
                       double speedup)
{
    char time[48];
    if (printer->request->device == NULL) {
        return;
    }
    tb_table_cell(table, "%s", tb_units_time_us(total_us, time));
    tb_table_cell(table, speedup > 0 ? "%.2f" : "-", speedup);
}

static void print_group(network_printer *printer, const tb_network_case *which,
                        const tb_layer_group *group, const tb_prediction *p,
                        const tb_timing *timing, size_t layers)
{
    int rank = p->problem.layout.rank, dims = tb_tiling_dims(&p->tiling, &p->problem.layout);
    char pattern[256], q[96], kv[96];
    if (printer->doc != NULL) {
        tb_document_open_object(printer->doc, NULL);
        tb_document_text(printer->doc, "case", which->name);
        tb_document_text(printer->doc, "pattern_name", group->pattern_name);
        if (printer->layer >= 0) {
            tb_document_ints(printer->doc, "layers", &printer->layer, 1);
        } else {
            tb_document_ints(printer->doc, "layers", group->layers, group->layer_count);
        }
        put_assumed(printer->doc, printer->network);
        tb_view_document(printer->doc, p, printer->request->kernel);
        tb_view_timing_document(printer->doc, timing, printer->request);
        tb_document_close(printer->doc);
        return;
    }
    tb_table *table = &printer->table;
    tb_table_cell(table, "%s", which->name);
    if (group->heads == printer->network->heads) {
        tb_table_cell(table, "%zu x %s", layers, group->pattern_name);
    } else {
        tb_table_cell(table, "%zu x %s (%lld of %lld heads)", layers, group->pattern_name,
                      (long long)group->heads, (long long)printer->network->heads);
    }
    tb_table_cell(table, "%s", tb_view_pattern(&p->pattern, rank, pattern));
    tb_table_cell(table, "%s / %s", tb_view_dims(p->tiling.q_tile, dims, q),
                  tb_view_dims(p->tiling.kv_tile, dims, kv));
    tb_table_cell(table, "%.1f %%", 100 * p->bound.sparsity);
    tb_table_cell(table, "%.2f", p->bound.flop_speedup);
    tb_table_cell(table, "%.2f", p->bound.tile_speedup);
    tb_table_cell(table, "%.2f", p->bound.tile_speedup_worst);
    tb_table_cell(table, "%s", p->bound.fully_block_sparse ? "yes" : "no");
    if (timing != NULL) {
        cell_times(printer, table, timing->time.total_us,
                   timing->has_dense ? timing->speedup_total : 0);
    }
}

static tb_status predict_group(network_printer *printer, const tb_network_case *which,
                               const tb_layer_group *group, case_totals *totals, tb_error *err)
{
    size_t layers = printer->layer >= 0 ? 1 : group->layer_count;
    tb_case item;
    tb_prediction p = {0};
    tb_timing timing;
    const tb_predict_request *request = printer->request;
    bool is_timed = request->device != NULL;
    tb_status status = make_case(printer, group, &item, err);
    if (status == TB_OK) {
        totals->problem = printer->problem = whole_problem(printer, group, &item.problem);
        status = tb_predict(&item, request->kernel, &p, err);
    }
    if (status == TB_OK && is_timed) {
        status = tb_predict_time(&p, request->kernel, request->device, request->baseline_kernel,
                                 &timing, err);
    }
    if (status == TB_OK) {
        print_group(printer, which, group, &p, is_timed ? &timing : NULL, layers);
        if (is_timed) {
            tb_forward_time_add(&totals->forward, &timing, (double)layers);
        }
        keep_warnings(printer, &p.warnings);
        add_totals(totals, group, &p, (double)layers);
    }
    tb_prediction_release(&p);
    tb_case_release(&item);
    return status;
}

/* The whole case: its attention's work, all layers added up. */
static void print_totals(network_printer *printer, const tb_network_case *which,
                         const case_totals *totals)
{
    double flop = totals->baseline_pairs / totals->visible_pairs;
    double tile = totals->baseline_tiles / totals->visited_tiles;
    double sparsity = 1 - totals->visible_pairs / totals->baseline_pairs;
    bool has_dense = totals->forward.dense_us > 0;
    printer->least = fmin(
        printer->least, has_dense ? totals->forward.dense_us / totals->forward.attention_us : tile);
    if (printer->doc != NULL || printer->layer >= 0) {
        return;
    }
    tb_table *table = &printer->table;
    tb_table_cell(table, "%s", which->name);
    tb_table_cell(table, "%.0f layers", totals->layers);
    tb_table_cell(table, "all attention added up");
    tb_table_cell(table, "-");
    tb_table_cell(table, "%.1f %%", 100 * sparsity);
    tb_table_cell(table, "%.2f", flop);
    tb_table_cell(table, "%.2f", tile);
    tb_table_cell(table, "-");
    tb_table_cell(table, "-");
    double total_us = totals->forward.attention_us + totals->forward.permute_us;
    cell_times(printer, table, total_us, totals->forward.dense_us / total_us);
}

static void put_totals(tb_document *doc, const network_printer *printer,
                       const tb_network_case *which, const case_totals *totals)
{
    tb_document_open_object(doc, NULL);
    tb_document_text(doc, "case", which->name);
    tb_document_int(doc, "layers", (int64_t)totals->layers);
    tb_document_double(doc, "flop_speedup", totals->baseline_pairs / totals->visible_pairs);
    tb_document_double(doc, "tile_speedup", totals->baseline_tiles / totals->visited_tiles);
    tb_document_double(doc, "sparsity", 1 - totals->visible_pairs / totals->baseline_pairs);
    if (totals->forward.attention_us > 0) {
        tb_document_double(doc, "attention_us", totals->forward.attention_us);
        tb_document_double(doc, "permute_us", totals->forward.permute_us);
        tb_document_double(doc, "dense_us", totals->forward.dense_us);
    }
    tb_whole_network_document(doc, printer->network, &totals->whole);
    tb_document_close(doc);
}

static tb_status predict_case(network_printer *printer, const tb_network_case *which,
                              case_totals *totals, tb_error *err)
{
    tb_status status = TB_OK;
    if (printer->layer >= 0) {
        const tb_layer_group *group = tb_network_layer(which, printer->layer);
        if (group == NULL) {
            return tb_fail(err, TB_EINVAL, "--layer %lld; network %s has layers 0 to %lld",
                           (long long)printer->layer, printer->network->name,
                           (long long)printer->network->layers - 1);
        }
        const tb_layer_group *end = which->groups + which->group_count;
        do { /* the groups of its heads */
            status = predict_group(printer, which, group++, totals, err);
        } while (status == TB_OK && group < end && !group->is_first);
    }
    for (size_t g = 0; printer->layer < 0 && status == TB_OK && g < which->group_count; g++) {
        status = predict_group(printer, which, &which->groups[g], totals, err);
    }
    if (status == TB_OK) {
        print_totals(printer, which, totals);
    }
    if (status == TB_OK && printer->layer < 0 && totals->forward.dense_us > 0) {
        status = tb_whole_network_find(printer->network, printer->request, &totals->problem,
                                       &totals->forward, &totals->whole, err);
    }
    return status;
}

static void print_facts(const tb_network *network, tb_buffer *text)
{
    bool any = false;
    for (size_t i = 0; i < 4; i++) { /* layout, heads, dim, layers */
        if (network->facts[i].is_assumed) {
            tb_buffer_printf(text, "%s%s",
                             any ? ", " : "\nassumed, without a source: ", network->facts[i].name);
            any = true;
        }
    }
    tb_buffer_text(text, any ? "\n" : "");
}

static void begin_table(tb_table *table, bool is_timed)
{
    static const char *const heads[] = {"case",  "layers",   "pattern",
                                        "tiles", "sparsity", "FLOP-wise",
                                        "tile",  "worst",    "fully block-sparse"};
    *table = tb_table_begin(is_timed ? "lrllrrrrrrr" : "lrllrrrrr");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(table, "%s", heads[i]);
    }
    if (is_timed) {
        tb_table_cell(table, "time a layer");
        tb_table_cell(table, "speedup");
    }
}

static tb_status print_network(network_printer *printer, const case_totals *totals, tb_error *err)
{
    const tb_output_args *output = printer->request->output;
    if (printer->doc != NULL) {
        tb_document *doc = printer->doc;
        printer->doc = NULL;
        return tb_output_document(output, doc, "results", err);
    }
    tb_buffer text = {0};
    char layout[96];
    const tb_network *network = printer->network;
    tb_buffer_printf(
        &text, "%s: %s\n%s tokens, %lld heads, dim %lld, %lld layers\n\n", network->name,
        network->summary,
        tb_view_dims(printer->problem.layout.extent, printer->problem.layout.rank, layout),
        (long long)printer->problem.heads, (long long)printer->problem.dim,
        (long long)network->layers);
    tb_table_print(&printer->table, &text);
    print_facts(network, &text);
    if (printer->request->device != NULL) {
        tb_buffer_printf(&text,
                         "\nattention and permutation on %s, predicted; the last row of a case "
                         "is the sum over its layers\n",
                         printer->request->device->name);
    }
    for (size_t c = 0; c < network->case_count; c++) {
        tb_whole_network_text(&text, network, network->cases[c].name, &totals[c].whole);
    }
    return tb_output_text(output, &text, err);
}

tb_status tb_predict_network(const tb_predict_request *request, const char *name, int64_t layer,
                             double *least, tb_error *err)
{
    tb_network *network = NULL;
    tb_status status = tb_network_load(name, &network, err);
    if (status != TB_OK) {
        return status;
    }
    network_printer printer = {
        .request = request, .network = network, .layer = layer, .least = *least};
    begin_table(&printer.table, request->device != NULL);
    if (tb_output_format(request->output) != TB_FORMAT_TABLE) {
        printer.doc = tb_document_create("predict-network", TB_VERSION);
        tb_document_text(printer.doc, "network", network->name);
    }
    case_totals *totals = calloc(network->case_count, sizeof *totals);
    if (totals == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory for %zu cases", network->case_count);
    }
    tb_document_open_array(printer.doc, "results");
    for (size_t c = 0; status == TB_OK && c < network->case_count; c++) {
        status = predict_case(&printer, &network->cases[c], &totals[c], err);
    }
    tb_document_close(printer.doc);
    tb_document_open_array(printer.doc, "cases");
    for (size_t c = 0; status == TB_OK && c < network->case_count; c++) {
        put_totals(printer.doc, &printer, &network->cases[c], &totals[c]);
    }
    tb_document_close(printer.doc);
    if (status == TB_OK) {
        tb_output_warnings(&printer.warnings);
        *least = printer.least;
        status = print_network(&printer, totals, err);
    }
    free(totals);
    tb_buffer_free(&printer.table.cells);
    tb_document_destroy(printer.doc);
    tb_network_destroy(network);
    return status;
}
