/* The section of what a report rests on. */
#include "report_command.h"
#include "report_statistics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *or_dash(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : "-";
}

/* Where and when a profile of `measure` was measured; else "-": its source says so. */
static void cell_environment(tb_page *page, const tb_environment *environment)
{
    if (environment->date == NULL && environment->cpu == NULL) {
        tb_page_cell_text(page, "-");
        return;
    }
    tb_page_cell_text(page, "%s, %s, %lld threads, %s, tilebound %s", or_dash(environment->date),
                      or_dash(environment->cpu), (long long)environment->threads,
                      or_dash(environment->os), or_dash(environment->tilebound));
}

static void put_profiles(tb_report_draft *draft)
{
    static const char *const heads[] = {"profile", "runs", "what", "source", "measured on"};
    const tb_report_input *input = draft->input;
    tb_page *page = draft->page;
    if (input->profile_count == 0) {
        return;
    }
    tb_page_begin_table(page, "profiles", "The measured runs. None was measured for this report.",
                        tb_report_command(page, "list profiles", "", input->profile_names, 1),
                        "lrlll", heads);
    for (size_t i = 0; i < input->profile_count; i++) {
        const tb_profile *profile = input->profiles[i];
        tb_page_cell_text(page, "%s", input->profile_names[i]);
        tb_page_cell_number(page, 0, (double)profile->count);
        tb_page_cell_text(page, "%s", or_dash(profile->summary));
        tb_page_cell_text(page, "%s", or_dash(profile->source));
        cell_environment(page, &profile->environment);
    }
}

/* Is it the first row with this kernel (or, where `kernel` is NULL, this device)? */
static bool is_first(const tb_report_rows *rows, size_t index, bool of_kernel)
{
    for (size_t i = 0; i < index; i++) {
        if (of_kernel ? rows->rows[i].kernel == rows->rows[index].kernel
                      : rows->rows[i].device == rows->rows[index].device) {
            return false;
        }
    }
    return true;
}

static void put_fit(tb_page *page, const tb_kernel *kernel, const tb_fit *fit)
{
    tb_page_cell_text(page, "%s", kernel->name);
    tb_page_cell_text(page, "%s", fit != NULL ? fit->device : "not fitted: priors");
    tb_page_cell_number(page, 0, fit != NULL ? (double)fit->runs : nan(""));
    tb_page_cell_number(page, 1, fit != NULL && fit->has_scatter ? 100 * fit->scatter : nan(""));
    tb_page_cell_text(page, "%s", fit != NULL ? or_dash(fit->date) : "-");
    tb_page_cell_text(page, "%s", or_dash(kernel->source));
}

static void put_kernels(tb_report_draft *draft)
{
    static const char *const heads[] = {"kernel",     "fitted on", "runs",
                                        "scatter, %", "date",      "source of the kernel model"};
    const tb_report_rows *rows = draft->rows;
    tb_page_begin_table(draft->page, "kernels",
                        "The kernel models of the rows above, and what they were fitted to. "
                        "scatter: spread of single runs that the fit assumed.",
                        "tilebound list kernels", "llrrll", heads);
    for (size_t i = 0; i < rows->row_count; i++) {
        const tb_kernel *kernel = rows->rows[i].kernel;
        if (!is_first(rows, i, true)) {
            continue;
        }
        for (size_t f = 0; f < kernel->time.fit_count; f++) {
            put_fit(draft->page, kernel, &kernel->time.fits[f]);
        }
        if (kernel->time.fit_count == 0) {
            put_fit(draft->page, kernel, NULL);
        }
    }
}

static size_t count_assumed(const tb_device *device)
{
    size_t count = 0;
    for (size_t k = 0; k < TB_DEVICE_KEY_COUNT; k++) {
        count += device->values[k].origin == TB_VALUE_ASSUMED;
    }
    return count;
}

static void put_devices(tb_report_draft *draft)
{
    static const char *const heads[] = {"device", "what", "assumed values", "sources"};
    const tb_report_rows *rows = draft->rows;
    tb_page *page = draft->page;
    tb_page_begin_table(page, "devices", "The device models of the rows above.",
                        "tilebound list devices", "llrl", heads);
    for (size_t i = 0; i < rows->row_count; i++) {
        const tb_device *device = rows->rows[i].device;
        if (!is_first(rows, i, false)) {
            continue;
        }
        const char *sources = "";
        for (size_t s = 0; s < device->source_count; s++) {
            sources = tb_page_say(page, "%s%s%s", sources, s > 0 ? "; " : "", device->sources[s]);
        }
        tb_page_cell_text(page, "%s", device->name);
        tb_page_cell_text(page, "%s", or_dash(device->summary));
        tb_page_cell_number(page, 0, (double)count_assumed(device));
        tb_page_cell_text(page, "%s", or_dash(sources));
    }
}

static void put_notes(tb_report_draft *draft)
{
    const tb_report_input *input = draft->input;
    for (size_t i = 0; i < input->profile_count; i++) {
        for (size_t n = 0; n < input->profiles[i]->note_count; n++) {
            tb_page_add(draft->page, TB_PAGE_NOTE, "%s: %s", input->profile_names[i],
                        input->profiles[i]->notes[n]);
        }
    }
}

void tb_report_put_provenance(tb_report_draft *draft)
{
    tb_page *page = draft->page;
    tb_page_add(page, TB_PAGE_SECTION, "What this rests on");
    tb_page_add(page, TB_PAGE_TEXT, "Made by tilebound %s from saved results.", page->version);
    put_profiles(draft);
    if (draft->rows->row_count > 0) {
        put_kernels(draft);
        put_devices(draft);
    }
    tb_page_add(page, TB_PAGE_FOLD, "Notes of the profiles");
    put_notes(draft);
    tb_page_add(page, TB_PAGE_UNFOLD, "%s", "");
}
