#include "measure_view.h"

#include "clock_label.h"
#include "environment.h"
#include "measured_speedup.h"
#include "table.h"
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A run with what follows from it. */
typedef struct measured {
    const tb_run *run;
    const tb_prediction *prediction;
    tb_series_summary summary;
    double flop_per_s; /* of the pairs that the pattern lets through */
    bool has_speedup;
    bool has_bound; /* the kernel works in tiles, as the baseline does */
    double speedup; /* over the measured baseline */
    double of_bound_percent;
} measured;

static tb_status work_out(const tb_measure *measure, const tb_profile *profile, const tb_run *run,
                          measured *out, tb_error *err)
{
    *out = (measured){.run = run, .prediction = tb_measure_prediction(measure, run->id)};
    tb_status status =
        tb_series_summarise(run->time.samples_us, (size_t)run->time.n, &out->summary, err);
    double median_us = run->time.median_us;
    out->flop_per_s = out->prediction->launch.visible_flop / (median_us * 1e-6);
    out->has_speedup = run->has_baseline && tb_run_same_clock(run, &profile->runs[run->baseline]);
    out->has_bound = out->has_speedup && run->kernel != NULL;
    if (out->has_speedup) {
        out->speedup = profile->runs[run->baseline].time.median_us / median_us;
        out->of_bound_percent = 100 * out->speedup / out->prediction->bound.tile_speedup;
    }
    return status;
}

static void add_row(tb_table *table, const measured *of)
{
    char time[48];
    tb_table_cell(table, "%s", of->run->id);
    tb_table_cell(table, "%s%s", tb_units_time_us(of->run->time.median_us, time),
                  tb_clock_label(of->run));
    if (of->summary.has_interval) {
        tb_table_cell(table, "%.1f %%", 100 * of->summary.spread);
    } else {
        tb_table_cell(table, "-");
    }
    tb_table_cell(table, "%zu", of->summary.count);
    tb_table_cell(table, "%.1f", of->flop_per_s * 1e-9);
    if (of->has_speedup) {
        tb_table_cell(table, "%.2f", of->speedup);
    } else {
        tb_table_cell(table, "-");
    }
    if (of->has_bound) {
        tb_table_cell(table, "%.2f", of->prediction->bound.tile_speedup);
        tb_table_cell(table, "%.1f %%", of->of_bound_percent);
    } else {
        tb_table_cell(table, "-");
        tb_table_cell(table, "-");
    }
    tb_table_cell(table, "%s",
                  of->run->permute_us.given ? tb_units_time_us(of->run->permute_us.value, time)
                                            : "-");
}

tb_status tb_view_measured_text(tb_buffer *out, const tb_measure *measure,
                                const tb_profile *profile, tb_error *err)
{
    static const char *const heads[] = {"run",     "time",  "+-",       "samples", "GFLOP/s",
                                        "speedup", "bound", "of bound", "permute"};
    tb_table table = tb_table_begin("lrrrrrrrr");
    tb_status status = TB_OK;
    bool has_events = false, has_emulated = false;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    for (size_t i = 0; status == TB_OK && i < profile->count; i++) {
        measured of;
        status = work_out(measure, profile, &profile->runs[i], &of, err);
        if (status == TB_OK) {
            add_row(&table, &of);
            has_events = has_events || of.run->clock == TB_CLOCK_EVENTS;
            has_emulated = has_emulated || of.run->emulated;
        }
    }
    tb_table_print(&table, out);
    tb_buffer_text(out, "\ntime: median of attention without permuting tokens, over samples that "
                        "no other program disturbed\nwhere there are enough; +- half its 95 % "
                        "interval;\nGFLOP/s: of visible pairs; bound: what tiles allow over the "
                        "dense baseline, which was measured too\n");
    tb_clock_label_print(has_events, has_emulated, "", out);
    return status;
}

static void put_optional(tb_document *doc, const char *key, bool is_there, double value)
{
    if (is_there) {
        tb_document_double(doc, key, value);
    } else {
        tb_document_null(doc, key);
    }
}

static void put_run(tb_document *doc, const measured *of, const tb_profile *profile)
{
    const tb_run *run = of->run;
    tb_document_open_object(doc, NULL);
    tb_document_text(doc, "id", run->id);
    tb_document_text(doc, "kind", tb_run_kind_names[run->kind]);
    tb_document_text(doc, "kernel", run->kernel_text);
    tb_document_text(doc, "baseline", run->has_baseline ? profile->runs[run->baseline].id : NULL);
    tb_document_double(doc, "median_us", run->time.median_us);
    tb_document_double(doc, "low_us", of->summary.quartiles.low);
    tb_document_double(doc, "high_us", of->summary.quartiles.high);
    put_optional(doc, "interval_low_us", of->summary.has_interval, of->summary.interval.low);
    put_optional(doc, "interval_high_us", of->summary.has_interval, of->summary.interval.high);
    tb_document_int(doc, "samples", run->time.n);
    tb_document_int(doc, "set_aside", run->time.set_aside);
    tb_document_double(doc, "tflops", of->flop_per_s * 1e-12);
    put_optional(doc, "speedup", of->has_speedup, of->speedup);
    put_optional(doc, "tile_speedup", of->has_bound, of->prediction->bound.tile_speedup);
    put_optional(doc, "of_bound_percent", of->has_bound, of->of_bound_percent);
    tb_document_double(doc, "permute_us", run->permute_us.given ? run->permute_us.value : 0);
    tb_document_double(doc, "pack_us", run->pack_us.given ? run->pack_us.value : 0);
    tb_document_int(doc, "checked_rows", run->check.rows);
    tb_document_double(doc, "worst_error_of_bound", run->check.worst);
    tb_document_int(doc, "disturbed", run->noise.disturbed);
    tb_document_text(doc, "clock",
                     run->is_processor_time        ? "processor"
                     : run->clock == TB_CLOCK_HOST ? "wall"
                                                   : tb_run_clock_names[run->clock]);
    tb_document_bool(doc, "emulated", run->emulated);
    put_optional(doc, "launch_overhead_us", run->launch_overhead_us.given,
                 run->launch_overhead_us.value);
    tb_document_int(doc, "power_capped", run->noise.power_capped);
    tb_document_int(doc, "retries", run->noise.retries);
    tb_document_int(doc, "discarded", run->noise.discarded);
    tb_document_text(doc, "ended", run->ended);
    tb_document_text(doc, "command", run->command);
    tb_document_close(doc);
}

tb_status tb_view_measured_document(tb_document *doc, const tb_measure *measure,
                                    const tb_profile *profile, tb_error *err)
{
    tb_status status = TB_OK;
    tb_document_open_array(doc, "runs");
    for (size_t i = 0; status == TB_OK && i < profile->count; i++) {
        measured of;
        status = work_out(measure, profile, &profile->runs[i], &of, err);
        if (status == TB_OK) {
            put_run(doc, &of, profile);
        }
    }
    tb_document_close(doc);
    return status;
}

void tb_view_measured_warnings(const tb_profile *profile, double precision, tb_messages *out)
{
    tb_noise total = {0};
    size_t imprecise = 0;
    char text[256];
    for (size_t i = 0; i < profile->count; i++) {
        const tb_run *run = &profile->runs[i];
        tb_noise_add(&total, &run->noise);
        imprecise += run->ended != NULL &&
                     strcmp(run->ended, tb_sampling_end_names[TB_SAMPLING_PRECISE]) != 0;
    }
    if (tb_noise_warning(&total, text, sizeof text)) {
        tb_messages_add(out, "%s; stop what else runs here and measure again", text);
    }
    if (imprecise > 0) {
        tb_messages_add(out,
                        "%zu of %zu runs ended before their median was known to %.2g %%; give them "
                        "more with --max-time",
                        imprecise, profile->count, 100 * precision);
    }
}
