/* Runs of whole networks in a comparison. */
#include "compare_view.h"
#include "table.h"
#include "units.h"

bool tb_compare_is_missing(const tb_compared_run *run)
{
    return run->why_not != NULL && run->run->network.name == NULL && !run->is_of_ratio;
}

static void put_one(tb_document *doc, const tb_compared_network *item)
{
    tb_document_open_object(doc, NULL);
    tb_document_text(doc, "id", item->run->id);
    tb_document_text(doc, "profile", item->profile->name);
    tb_document_text(doc, "network", item->run->network.name);
    tb_document_text(doc, "device", item->run->device);
    tb_document_text(doc, "kernel", item->run->kernel);
    tb_document_int(doc, "dense_steps", item->run->network.dense_steps);
    tb_document_text(doc, "why_not", item->why_not);
    if (item->why_not == NULL) {
        tb_document_double(doc, "measured_speedup", item->measured_speedup);
    }
    if (item->why_not == NULL && item->has_layers) {
        tb_document_double(doc, "speedup", item->speedup);
        tb_document_double(doc, "error_percent", item->error_percent);
        tb_document_double(doc, "predicted_us", item->predicted_us);
        tb_document_double(doc, "predicted_dense_us", item->dense_us);
        tb_document_bool(doc, "told_outside", item->is_told);
        tb_document_text(doc, "basis", tb_basis_names[item->basis]);
    }
    if (item->why_not == NULL && item->has_share) {
        tb_document_double(doc, "share_speedup", item->share_speedup);
        tb_document_double(doc, "share_error_percent", item->share_error_percent);
    }
    tb_document_close(doc);
}

void tb_view_networks_document(tb_document *doc, const tb_comparison *comparison)
{
    tb_document_open_array(doc, "networks");
    for (size_t i = 0; i < comparison->network_count; i++) {
        put_one(doc, &comparison->networks[i]);
    }
    tb_document_close(doc);
}

static void add_speedup(tb_table *table, bool given, double speedup, double error)
{
    tb_table_cell(table, given ? "%.2f" : "-", speedup);
    tb_table_cell(table, given ? "%+.1f %%" : "-", error);
}

static void add_one(tb_table *table, const tb_compared_network *item)
{
    char time[48];
    bool given = item->why_not == NULL, layers = given && item->has_layers;
    tb_table_cell(table, "%s%s", layers && item->is_told ? "*" : "", item->run->id);
    tb_table_cell(table, "%s", item->run->network.name);
    tb_table_cell(table, "%s", item->run->device_text);
    tb_table_cell(table, "%s",
                  item->run->time.given ? tb_units_time_us(item->run->time.median_us, time) : "-");
    tb_table_cell(table, "%s", layers ? tb_units_time_us(item->predicted_us, time) : "-");
    tb_table_cell(table, given ? "%.2f" : "-", item->measured_speedup);
    add_speedup(table, layers, item->speedup, item->error_percent);
    add_speedup(table, given && item->has_share, item->share_speedup, item->share_error_percent);
}

void tb_view_networks_text(tb_buffer *out, const tb_comparison *comparison)
{
    static const char *const head[] = {"whole network", "of",      "device",    "measured",
                                       "predicted",     "speedup", "by layers", "error",
                                       "by share",      "error"};
    bool has_told = false;
    if (comparison->network_count == 0) {
        return;
    }
    tb_table table = tb_table_begin("lllrrrrrrr");
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) {
        tb_table_cell(&table, "%s", head[i]);
    }
    for (size_t i = 0; i < comparison->network_count; i++) {
        add_one(&table, &comparison->networks[i]);
        has_told = has_told || comparison->networks[i].is_told;
    }
    tb_buffer_text(out, "\n");
    tb_table_print(&table, out);
    if (has_told) {
        tb_buffer_text(out, "\n* told what runs outside the layers: its time is as published by "
                            "construction, its speedup is not\n");
    }
    for (size_t i = 0; i < comparison->network_count; i++) {
        const tb_compared_network *item = &comparison->networks[i];
        if (item->why_not != NULL) {
            tb_buffer_printf(out, "%s was not predicted: %s\n", item->run->id, item->why_not);
        }
    }
}
