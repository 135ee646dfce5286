/* A comparison as text. */
#include "clock_label.h"
#include "compare_view.h"
#include "table.h"
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* "+1.2 %", or "-" for a number that is undefined; `out` holds 32 bytes. */
static const char *percent(double value, const char *format, char out[static 32])
{
    value = fabs(value) < 0.05 ? 0 : value; /* no "-0.0" */
    (void)snprintf(out, 32, isnan(value) ? "-" : format[0] == '+' ? "%+.1f %%" : "%.1f %%", value);
    return out;
}

static void add_head(tb_table *table, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tb_table_cell(table, "%s", names[i]);
    }
}

static void add_run(tb_table *table, const tb_compared_run *item)
{
    char time[48], error[32];
    const char *verdict = tb_verdict_names[item->verdict];
    tb_table_cell(table, "%s", item->run->id);
    tb_table_cell(table, "%s", item->device);
    tb_table_cell(table, "%s", item->kernel);
    tb_table_cell(table, "%s%s", tb_units_time_us(item->run->time.median_us, time),
                  tb_clock_label(item->run));
    tb_table_cell(table, "%s", tb_units_time_us(item->predicted_us, time));
    if (item->has_bound) {
        tb_table_cell(table, "%s%s", item->above_bound != NULL ? "*" : "",
                      tb_units_time_us(item->bound_us, time));
    } else {
        tb_table_cell(table, "-");
    }
    tb_table_cell(table, "%s", percent(item->error_percent, "+", error));
    tb_table_cell(table, item->counted ? "%s" : "(%s)", verdict);
}

static void print_runs(tb_buffer *out, const tb_compare_view *view)
{
    static const char *const head[] = {"run",       "device", "kernel", "measured",
                                       "predicted", "bound",  "error",  "verdict"};
    tb_table table = tb_table_begin("lllrrrrl");
    bool has_uncounted = false, has_events = false;
    add_head(&table, head, sizeof head / sizeof *head);
    for (size_t i = 0; i < view->row_count; i++) {
        add_run(&table, view->rows[i]);
        has_uncounted = has_uncounted || !view->rows[i]->counted;
        has_events = has_events || view->rows[i]->run->clock == TB_CLOCK_EVENTS;
    }
    tb_table_print(&table, out);
    if (has_uncounted) {
        tb_buffer_text(out, "\n(in parentheses: dense, not counted in the summary; --all counts "
                            "them)\n");
    }
    tb_clock_label_print(has_events, view->comparison->is_emulated, "\n", out);
}

static void print_above_bound(tb_buffer *out, const tb_compare_view *view)
{
    const char *before = "\n";
    for (size_t i = 0; i < view->row_count; i++) {
        const tb_compared_run *item = view->rows[i];
        if (item->above_bound != NULL) {
            tb_buffer_printf(
                out, "%s* %s: %.3gx faster than its baseline, above the bound of %.3gx: %s\n",
                before, item->run->id, item->measured_speedup, item->tile_speedup,
                item->above_bound);
            before = "";
        }
    }
}

/* Print a note with the one run that has it, or how many have: once, at its first run. */
static void print_note(tb_buffer *out, const tb_compare_view *view, size_t row, const char *note)
{
    size_t runs = 0;
    for (size_t i = 0; i < view->row_count; i++) {
        const tb_compared_run *item = view->rows[i];
        for (size_t n = 0; n < item->note_count; n++) {
            if (strcmp(item->notes[n], note) == 0) {
                if (i < row) {
                    return;
                }
                runs++;
            }
        }
    }
    if (runs == 1) {
        tb_buffer_printf(out, "note      %s: %s\n", view->rows[row]->run->id, note);
    } else {
        tb_buffer_printf(out, "note      %zu runs: %s\n", runs, note);
    }
}

static void print_notes(tb_buffer *out, const tb_compare_view *view)
{
    bool is_first = true;
    for (size_t i = 0; i < view->row_count; i++) {
        for (size_t n = 0; n < view->rows[i]->note_count; n++) {
            tb_buffer_text(out, is_first ? "\n" : "");
            print_note(out, view, i, view->rows[i]->notes[n]);
            is_first = false;
        }
    }
}

static void add_number(tb_table *table, double value)
{
    if (isnan(value)) {
        tb_table_cell(table, "-");
    } else {
        tb_table_cell(table, "%.3f", value);
    }
}

static void add_summary(tb_table *table, const char *name, const tb_error_summary *errors)
{
    const double percents[] = {errors->mape_percent, errors->rmse_percent,
                               errors->median_error_percent, errors->p90_error_percent,
                               errors->max_error_percent};
    char text[32];
    tb_table_cell(table, "%s", name);
    tb_table_cell(table, "%zu", errors->n);
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
        tb_table_cell(table, "%s", percent(percents[i], "", text));
    }
    tb_table_cell(table, "%s", percent(errors->bias_percent, "+", text));
    add_number(table, errors->pearson);
    add_number(table, errors->spearman);
    add_number(table, errors->kendall);
    tb_table_cell(table, "%s", percent(errors->top1_regret_percent, "", text));
}

static void print_summary_table(tb_buffer *out, const tb_comparison *from)
{
    static const char *const head[] = {"summary", "runs",     "MAPE",    "RMSE",
                                       "median",  "p90",      "max",     "bias",
                                       "Pearson", "Spearman", "Kendall", "regret"};
    tb_table table = tb_table_begin("lrrrrrrrrrrr");
    add_head(&table, head, sizeof head / sizeof *head);
    add_summary(&table, from->is_emulated ? "all (emulated)" : "all", &from->summary);
    for (size_t i = 0; from->device_count > 1 && i < from->device_count; i++) {
        add_summary(&table, from->by_device[i].name, &from->by_device[i].errors);
    }
    for (size_t i = 0; from->kernel_count > 1 && i < from->kernel_count; i++) {
        add_summary(&table, from->by_kernel[i].name, &from->by_kernel[i].errors);
    }
    tb_buffer_text(out, "\n");
    tb_table_print(&table, out);
    tb_buffer_text(out, "\n");
}

/* "verdicts  SAME 3, SLOW 1": those that there are. */
static void print_counts(tb_buffer *out, const char *title, const char *const *names,
                         const size_t *counts, size_t count)
{
    const char *before = "";
    tb_buffer_printf(out, "%-9s ", title);
    for (size_t i = 0; i < count; i++) {
        if (counts[i] > 0) {
            tb_buffer_printf(out, "%s%s %zu", before, names[i], counts[i]);
            before = ", ";
        }
    }
}

static void print_summary(tb_buffer *out, const tb_comparison *from)
{
    const tb_error_summary *all = &from->summary;
    char low[32], high[32];
    if (all->n == 0) {
        tb_buffer_text(out, from->compared > 0 ? "\nno run counts: dense runs do with --all\n"
                            : from->network_count > 0 ? "no run of attention by itself\n"
                            : from->ratio_count > 0   ? "no run with a time can be compared\n"
                                                      : "no run can be compared\n");
        return;
    }
    print_summary_table(out, from);
    if (all->n > 1) {
        tb_buffer_printf(out, "MAPE      %s to %s (95 %%, bootstrap of the runs)\n",
                         percent(all->mape_interval.low, "", low),
                         percent(all->mape_interval.high, "", high));
    }
    if (all->groups > 0) {
        tb_buffer_printf(out,
                         "regret    at most %s in %zu %s of runs of one problem on one device\n",
                         percent(all->top1_regret_max_percent, "", high), all->groups,
                         all->groups == 1 ? "group" : "groups");
    }
    print_counts(out, "verdicts", tb_verdict_names, from->verdicts, TB_VERDICT_COUNT);
    tb_buffer_text(out, " (95 % intervals of single runs)\n");
    print_counts(out, "basis", tb_basis_names, from->bases, TB_BASIS_COUNT);
    if (from->bases[TB_BASIS_CALIBRATED] > 0) {
        tb_buffer_text(out, "\ncalibrated: fitted on that device, perhaps to these very runs; "
                            "'tilebound calibrate' shows held-out errors\n");
    }
    tb_buffer_text(out, "\n");
}

static void print_not_compared(tb_buffer *out, const tb_compare_view *view)
{
    const tb_comparison *from = view->comparison;
    size_t missing = 0;
    for (size_t i = 0; i < from->count; i++) {
        missing += tb_compare_is_missing(&from->runs[i]);
    }
    if (missing == 0) {
        return;
    }
    if (view->is_cut) {
        tb_buffer_printf(out, "\n%zu of %zu runs were not compared\n", missing, from->count);
        return;
    }
    tb_table table = tb_table_begin("ll");
    tb_table_cell(&table, "not compared");
    tb_table_cell(&table, "why");
    for (size_t i = 0; i < from->count; i++) {
        if (tb_compare_is_missing(&from->runs[i])) {
            tb_table_cell(&table, "%s", from->runs[i].run->id);
            tb_table_cell(&table, "%s", from->runs[i].why_not);
        }
    }
    tb_buffer_text(out, "\n");
    tb_table_print(&table, out);
}

static void print_changes(tb_buffer *out, const tb_compare_view *view)
{
    char was[32], is[32];
    if (view->old == NULL) {
        return;
    }
    const tb_stated *mape = &view->old->mape_percent;
    tb_buffer_printf(out, "\nagainst   %s: MAPE %s of %zu runs, now %s of %zu\n", view->old->path,
                     percent(mape->given ? mape->value : nan(""), "", was), view->old->n,
                     percent(view->comparison->summary.mape_percent, "", is),
                     view->comparison->summary.n);
    if (view->change_count == 0) {
        tb_buffer_text(out, "no error changed\n");
        return;
    }
    tb_table table = tb_table_begin("lrr");
    tb_table_cell(&table, "changed run");
    tb_table_cell(&table, "error was");
    tb_table_cell(&table, "is");
    for (size_t i = 0; i < view->change_count; i++) {
        const tb_change *change = &view->changes[i];
        bool had = change->kind != TB_CHANGE_NEW, has = change->kind != TB_CHANGE_GONE;
        tb_table_cell(&table, "%s", change->id);
        tb_table_cell(&table, "%s",
                      had ? percent(change->old_error_percent, "+", was) : "not there");
        tb_table_cell(&table, "%s", has ? percent(change->error_percent, "+", is) : "gone");
    }
    tb_buffer_text(out, "\n");
    tb_table_print(&table, out);
}

void tb_view_compare_text(tb_buffer *out, const tb_compare_view *view)
{
    if (view->row_count > 0) {
        print_runs(out, view);
        print_above_bound(out, view);
        print_notes(out, view);
    }
    if (view->has_counters) {
        tb_view_counters_text(out, view);
    }
    print_summary(out, view->comparison);
    tb_view_networks_text(out, view->comparison);
    tb_view_ratios_text(out, view->comparison);
    print_not_compared(out, view);
    print_changes(out, view);
}
