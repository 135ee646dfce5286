/* Hardware counters beside the model's terms, in a comparison. */
#include "compare_view.h"
#include "run_counters.h"
#include "table.h"
#include "units.h"

#include <math.h>
#include <stdio.h>

static void put(tb_document *doc, const char *key, bool given, double value)
{
    if (given && isfinite(value)) {
        tb_document_double(doc, key, value);
    } else {
        tb_document_null(doc, key);
    }
}

void tb_view_counters_document(tb_document *doc, const tb_compared_run *item)
{
    const tb_hardware_counters *counters = &item->run->counters;
    tb_document_open_object(doc, "counters");
    if (counters->passes > 0) {
        tb_document_int(doc, "passes", counters->passes);
    } else {
        tb_document_null(doc, "passes");
    }
    tb_document_double(doc, "model_flop", item->work.flop);
    for (int c = 0; c < TB_HARDWARE_COUNTER_COUNT; c++) {
        tb_counter_pair pair = tb_counter_pair_of(counters, &item->work, (tb_hardware_counter)c);
        tb_document_open_object(doc, tb_hardware_counter_names[c]);
        put(doc, "counted", pair.has_counted, pair.counted);
        put(doc, "model", pair.has_model, pair.model);
        put(doc, "ratio", pair.has_ratio, pair.ratio);
        tb_document_close(doc);
    }
    tb_document_close(doc);
}

/* How a counter is called and printed for people. */
static const struct {
    const char *name;
    const char *unit;
} views[TB_HARDWARE_COUNTER_COUNT] = {
    [TB_HARDWARE_TENSOR_PERCENT] = {"tensor pipe active", "%"},
    [TB_HARDWARE_TENSOR_INSTRUCTIONS] = {"tensor instructions", ""},
    [TB_HARDWARE_XU_INSTRUCTIONS] = {"special-function instructions", ""},
    [TB_HARDWARE_DRAM_BYTES] = {"DRAM", "B"},
    [TB_HARDWARE_L2_BYTES] = {"L2", "B"},
    [TB_HARDWARE_SHARED_CONFLICTS] = {"shared-memory conflicts", ""},
    [TB_HARDWARE_OCCUPANCY_PERCENT] = {"occupancy", "%"},
};

static void add_value(tb_table *table, const char *unit, bool given, double value)
{
    char text[48];
    if (!given) {
        tb_table_cell(table, "-");
    } else if (unit[0] == '%') {
        tb_table_cell(table, "%.1f %%", value);
    } else if (unit[0] == 'B') {
        tb_table_cell(table, "%s", tb_units_decimal(value, unit, text));
    } else {
        tb_table_cell(table, "%.5g", value);
    }
}

static void add_run(tb_table *table, const tb_compared_run *item)
{
    for (int c = 0; c < TB_HARDWARE_COUNTER_COUNT; c++) {
        tb_counter_pair pair =
            tb_counter_pair_of(&item->run->counters, &item->work, (tb_hardware_counter)c);
        if (pair.has_counted || pair.has_model) {
            tb_table_cell(table, "%s", item->run->id);
            tb_table_cell(table, "%s", views[c].name);
            add_value(table, views[c].unit, pair.has_counted, pair.counted);
            add_value(table, views[c].unit, pair.has_model, pair.model);
            if (pair.has_ratio) {
                tb_table_cell(table, "%.3f", pair.ratio);
            } else {
                tb_table_cell(table, "-");
            }
        }
    }
}

void tb_view_counters_text(tb_buffer *out, const tb_compare_view *view)
{
    static const char *const head[] = {"run", "counter", "counted", "model", "counted/model"};
    tb_table table = tb_table_begin("llrrr");
    bool has_any = false;
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) {
        tb_table_cell(&table, "%s", head[i]);
    }
    for (size_t i = 0; i < view->row_count; i++) {
        add_run(&table, view->rows[i]);
        has_any = has_any || view->rows[i]->run->counters.passes > 0;
    }
    tb_buffer_text(out, view->row_count > 0 ? "\n" : "");
    tb_table_print(&table, out);
    if (!has_any) {
        tb_buffer_text(out, "\n(no run has counters: 'tilebound measure --backend cuda --counters' "
                            "reads them)\n");
    }
}
