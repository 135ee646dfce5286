#include "exec_view.h"

#include "kernel_name.h"
#include "sampling.h"
#include "table.h"
#include "units.h"

#include <stddef.h>

#define MOST_ROWS  15
#define NAME_BYTES 72

static tb_status add_run(tb_table *table, const tb_profile *profile, const tb_run *run,
                         tb_error *err)
{
    tb_series_summary summary = {0};
    char time[48];
    tb_status status =
        tb_series_summarise(run->time.samples_us, (size_t)run->time.n, &summary, err);
    tb_table_cell(table, "%s", run->id);
    tb_table_cell(table, "%s", tb_units_time_us(run->time.median_us, time));
    if (summary.has_interval) {
        tb_table_cell(table, "%.1f %%", 100 * summary.spread);
    } else {
        tb_table_cell(table, "-");
    }
    tb_table_cell(table, "%lld", (long long)run->time.n);
    if (run->has_baseline) {
        tb_table_cell(table, "%.2f",
                      profile->runs[run->baseline].time.median_us / run->time.median_us);
    } else {
        tb_table_cell(table, "-");
    }
    tb_table_cell(table, "%s", run->kernel_text);
    return status;
}

static tb_status print_runs(tb_buffer *out, const tb_profile *profile, tb_error *err)
{
    static const char *const heads[] = {"run", "time", "+-", "samples", "speedup", "kernel"};
    tb_table table = tb_table_begin("lrrrrl");
    tb_status status = TB_OK;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    for (size_t i = 0; status == TB_OK && i < profile->count; i++) {
        status = add_run(&table, profile, &profile->runs[i], err);
    }
    tb_table_print(&table, out);
    tb_buffer_text(out, "\ntime: median of the launches that count, by CUPTI; +- half its 95 % "
                        "interval\n");
    tb_buffer_text(out, profile->runs[0].emulated ? "emulated: these times say nothing of a GPU\n\n"
                                                  : "\n");
    return status;
}

static double percent(const tb_exec_match *match, double time_us)
{
    return match->time_us > 0 ? 100 * time_us / match->time_us : 0;
}

static void print_shares(tb_buffer *out, const tb_exec_facts *facts)
{
    static const char *const heads[] = {"share", "time", "launches", "", "kernel"};
    const tb_exec_match *match = facts->match;
    tb_table table = tb_table_begin("rrrll");
    char name[NAME_BYTES], time[48];
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    for (size_t i = 0; i < match->share_count && i < MOST_ROWS; i++) {
        const tb_exec_share *share = &match->shares[i];
        tb_kernel_short_name(facts->records->names[share->name].text, name, sizeof name);
        tb_table_cell(&table, "%.1f %%", percent(match, share->time_us));
        tb_table_cell(&table, "%s", tb_units_time_us(share->time_us, time));
        tb_table_cell(&table, "%lld", (long long)share->launches);
        tb_table_cell(&table, "%s", share->is_matched ? "matches" : "");
        tb_table_cell(&table, "%s", name);
    }
    tb_table_print(&table, out);
    if (match->share_count > MOST_ROWS) {
        tb_buffer_printf(out, "and %zu names more: --format csv has them all\n",
                         match->share_count - MOST_ROWS);
    }
}

tb_status tb_view_exec_text(tb_buffer *out, const tb_exec_facts *facts, const tb_profile *profile,
                            tb_error *err)
{
    tb_status status = profile->count > 0 ? print_runs(out, profile, err) : TB_OK;
    if (status == TB_OK && facts->match->share_count > 0) {
        print_shares(out, facts);
    }
    return status;
}

static tb_status put_run(tb_document *doc, const tb_profile *profile, const tb_run *run,
                         tb_error *err)
{
    tb_series_summary summary = {0};
    tb_status status =
        tb_series_summarise(run->time.samples_us, (size_t)run->time.n, &summary, err);
    tb_document_open_object(doc, NULL);
    tb_document_text(doc, "id", run->id);
    tb_document_text(doc, "kind", tb_run_kind_names[run->kind]);
    tb_document_text(doc, "kernel", run->kernel_text);
    tb_document_text(doc, "baseline", run->has_baseline ? profile->runs[run->baseline].id : NULL);
    tb_document_double(doc, "median_us", run->time.median_us);
    tb_document_double(doc, "low_us", summary.quartiles.low);
    tb_document_double(doc, "high_us", summary.quartiles.high);
    tb_document_int(doc, "samples", run->time.n);
    tb_document_bool(doc, "emulated", run->emulated);
    tb_document_close(doc);
    return status;
}

tb_status tb_view_exec_document(tb_document *doc, const tb_exec_facts *facts,
                                const tb_profile *profile, tb_error *err)
{
    tb_status status = TB_OK;
    tb_document_open_array(doc, "runs");
    for (size_t i = 0; status == TB_OK && i < profile->count; i++) {
        status = put_run(doc, profile, &profile->runs[i], err);
    }
    tb_document_close(doc);
    tb_document_open_array(doc, "kernels");
    for (size_t i = 0; i < facts->match->share_count; i++) {
        const tb_exec_share *share = &facts->match->shares[i];
        const tb_exec_name *name = &facts->records->names[share->name];
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "name", name->text);
        tb_document_text(doc, "mangled", name->mangled);
        tb_document_bool(doc, "matches", share->is_matched);
        tb_document_int(doc, "launches", share->launches);
        tb_document_int(doc, "untimed", share->untimed);
        tb_document_double(doc, "time_us", share->time_us);
        tb_document_double(doc, "share_percent", percent(facts->match, share->time_us));
        tb_document_close(doc);
    }
    tb_document_close(doc);
    return status;
}
