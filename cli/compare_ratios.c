/* Runs of which only the speedup is published, in a comparison. */
#include "compare_view.h"
#include "table.h"
#include "units.h"

#include <math.h>

static void put_one(tb_document *doc, const tb_compared_ratio *item)
{
    tb_document_open_object(doc, NULL);
    tb_document_text(doc, "id", item->run->id);
    tb_document_text(doc, "profile", item->profile->name);
    tb_document_text(doc, "baseline", item->dense->id);
    tb_document_text(doc, "device", item->run->device);
    tb_document_text(doc, "kernel", item->run->kernel);
    tb_document_text(doc, "why_not", item->why_not);
    tb_document_double(doc, "measured_speedup", item->run->speedup.value);
    if (item->why_not == NULL) {
        tb_document_double(doc, "speedup", item->speedup);
        tb_document_double(doc, "error_percent", item->error_percent);
        tb_document_double(doc, "predicted_us", item->predicted_us);
        tb_document_double(doc, "predicted_dense_us", item->dense_us);
        tb_document_text(doc, "basis", tb_basis_names[item->basis]);
    }
    tb_document_close(doc);
}

void tb_view_ratios_document(tb_document *doc, const tb_comparison *comparison)
{
    tb_document_open_array(doc, "speedups");
    for (size_t i = 0; i < comparison->ratio_count; i++) {
        put_one(doc, &comparison->ratios[i]);
    }
    tb_document_close(doc);
}

static void add_one(tb_table *table, const tb_compared_ratio *item)
{
    char dense[48], sparse[48];
    tb_table_cell(table, "%s", item->run->id);
    tb_table_cell(table, "%s", item->run->device);
    tb_table_cell(table, "%s", item->run->kernel);
    tb_table_cell(table, "%s", item->dense->kernel);
    tb_table_cell(table, "%s", tb_units_time_us(item->dense_us, dense));
    tb_table_cell(table, "%s", tb_units_time_us(item->predicted_us, sparse));
    tb_table_cell(table, "%.2f", item->speedup);
    tb_table_cell(table, "%.2f", item->run->speedup.value);
    tb_table_cell(table, "%+.1f %%", item->error_percent);
}

/* "MAPE of 6 speedups 10.5 %, bias -10.5 %" */
static void print_mean(tb_buffer *out, const tb_comparison *comparison)
{
    double sum = 0, absolute = 0;
    size_t n = 0;
    for (size_t i = 0; i < comparison->ratio_count; i++) {
        const tb_compared_ratio *item = &comparison->ratios[i];
        if (item->why_not == NULL) {
            sum += item->error_percent;
            absolute += fabs(item->error_percent);
            n++;
        }
    }
    if (n > 0) {
        tb_buffer_printf(out, "MAPE of %zu %s %.1f %%, bias %+.1f %%\n", n,
                         n == 1 ? "speedup" : "speedups", absolute / (double)n, sum / (double)n);
    }
}

void tb_view_ratios_text(tb_buffer *out, const tb_comparison *comparison)
{
    static const char *const head[] = {
        "only its speedup", "device",    "kernel", "over", "dense time", "time",
        "speedup",          "published", "error"};
    if (comparison->ratio_count == 0) {
        return;
    }
    tb_table table = tb_table_begin("llllrrrrr");
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) {
        tb_table_cell(&table, "%s", head[i]);
    }
    for (size_t i = 0; i < comparison->ratio_count; i++) {
        if (comparison->ratios[i].why_not == NULL) {
            add_one(&table, &comparison->ratios[i]);
        }
    }
    tb_buffer_text(out, "\n");
    tb_table_print(&table, out);
    print_mean(out, comparison);
    for (size_t i = 0; i < comparison->ratio_count; i++) {
        const tb_compared_ratio *item = &comparison->ratios[i];
        if (item->why_not != NULL) {
            tb_buffer_printf(out, "%s was not predicted: %s\n", item->run->id, item->why_not);
        }
    }
}
