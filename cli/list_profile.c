#include "list_profile.h"

#include "clock_label.h"
#include "predict_view.h"
#include "profile.h"
#include "table.h"
#include "units.h"
#include "version.h"

/* "gna window 80x80 stride 16x16", or why there are no such words. */
static const char *pattern_words(const tb_run *run, char out[static 256])
{
    return run->has_case ? tb_view_pattern(&run->item.pattern, run->item.problem.layout.rank, out)
                         : run->why_not;
}

static void add_row(tb_table *table, const tb_run *run)
{
    const tb_layout *layout = &run->item.problem.layout;
    char dims[96], pattern[256], time[48];
    tb_table_cell(table, "%s", run->id);
    tb_table_cell(table, "%s", run->device != NULL ? run->device : run->device_text);
    tb_table_cell(table, "%s", run->kernel != NULL ? run->kernel : run->kernel_text);
    tb_table_cell(table, "%s", tb_view_dims(layout->extent, layout->rank, dims));
    tb_table_cell(table, "%s", pattern_words(run, pattern));
    tb_table_cell(table, "%s%s",
                  run->time.given ? tb_units_time_us(run->time.median_us, time) : "-",
                  run->time.given ? tb_clock_label(run) : "");
}

static void put_stated(tb_document *doc, const char *key, const tb_stated *number)
{
    if (number->given) {
        tb_document_double(doc, key, number->value);
    } else {
        tb_document_null(doc, key);
    }
}

static void put_run(tb_document *doc, const tb_run *run)
{
    char pattern[256];
    const tb_layout *layout = &run->item.problem.layout;
    tb_stated time = {.given = run->time.given, .value = run->time.median_us};
    tb_document_open_object(doc, NULL);
    tb_document_text(doc, "id", run->id);
    tb_document_text(doc, "kind", tb_run_kind_names[run->kind]);
    tb_document_text(doc, "device", run->device);
    tb_document_text(doc, "device_text", run->device_text);
    tb_document_text(doc, "kernel", run->kernel);
    tb_document_text(doc, "kernel_text", run->kernel_text);
    tb_document_ints(doc, "layout", layout->extent, (size_t)layout->rank);
    tb_document_text(doc, "pattern", pattern_words(run, pattern));
    tb_document_bool(doc, "simulable", run->simulable);
    put_stated(doc, "measured_us", &time);
    put_stated(doc, "speedup", &run->speedup);
    put_stated(doc, "tflops", &run->tflops);
    put_stated(doc, "permute_us", &run->permute_us);
    tb_document_text(doc, "includes", tb_run_includes_names[run->includes]);
    tb_document_text(doc, "quality", run->quality);
    tb_document_bool(doc, "emulated", run->emulated);
    tb_document_text(doc, "source", run->source);
    tb_document_text(doc, "notes", run->notes);
    tb_document_close(doc);
}

static tb_document *profile_document(const tb_profile *profile)
{
    tb_document *doc = tb_document_create("list-profile", TB_VERSION);
    tb_document_text(doc, "name", profile->name);
    tb_document_text(doc, "summary", profile->summary);
    tb_document_text(doc, "source", profile->source);
    tb_document_bool(doc, "bounds", profile->holds_bounds);
    tb_document_open_array(doc, "runs");
    for (size_t i = 0; i < profile->count; i++) {
        put_run(doc, &profile->runs[i]);
    }
    tb_document_close(doc);
    return doc;
}

static void print_profile(const tb_profile *profile, tb_buffer *out)
{
    tb_table table = tb_table_begin("lllllr");
    static const char *const head[] = {"run", "device", "kernel", "layout", "pattern", "time"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) {
        tb_table_cell(&table, "%s", head[i]);
    }
    bool has_events = false, has_emulated = false;
    for (size_t i = 0; i < profile->count; i++) {
        const tb_run *run = &profile->runs[i];
        add_row(&table, run);
        has_events = has_events || (run->time.given && run->clock == TB_CLOCK_EVENTS);
        has_emulated = has_emulated || (run->time.given && run->emulated);
    }
    tb_buffer_printf(out, "%s: %s\n\n", profile->name, profile->summary);
    tb_table_print(&table, out);
    tb_clock_label_print(has_events, has_emulated, "\n", out);
    tb_buffer_text(out, "\n");
    for (size_t i = 0; i < profile->note_count; i++) {
        tb_buffer_printf(out, "note      %s\n", profile->notes[i]);
    }
    if (profile->source != NULL) {
        tb_buffer_printf(out, "source    %s\n", profile->source);
    }
}

tb_status tb_list_profile_runs(const tb_output_args *output, const tb_profile *profile,
                               tb_error *err)
{
    if (tb_output_format(output) != TB_FORMAT_TABLE) {
        return tb_output_document(output, profile_document(profile), "runs", err);
    }
    tb_buffer text = {0};
    print_profile(profile, &text);
    return tb_output_text(output, &text, err);
}

tb_status tb_list_profile(const tb_output_args *output, const char *name, tb_error *err)
{
    tb_profile *profile = NULL;
    tb_status status = tb_profile_load(name, &profile, err);
    if (status == TB_OK) {
        status = tb_list_profile_runs(output, profile, err);
    }
    tb_profile_destroy(profile);
    return status;
}
