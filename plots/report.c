#include "report.h"

#include "emulated.h"
#include "gnuplot.h"
#include "report_command.h"
#include "report_files.h"
#include "report_problems.h"
#include "report_statistics.h"

#include <math.h>

static size_t count_measured(const tb_report_rows *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < rows->row_count; i++) {
        count += rows->rows[i].compared != NULL;
    }
    return count;
}

/* Has the profile a row with a measured dense baseline? */
static bool has_speedup(const tb_report_rows *rows, const tb_profile *profile)
{
    for (size_t i = 0; i < rows->row_count; i++) {
        const tb_report_row *row = &rows->rows[i];
        if (row->dense != NULL && row->compared->profile == profile) {
            return true;
        }
    }
    return false;
}

static void draw_speedups(tb_report_draft *draft, size_t index)
{
    const tb_report_input *input = draft->input;
    tb_chart_input of = {.profiles = &input->profiles[index], .profile_count = 1};
    if (has_speedup(draft->rows, input->profiles[index])) {
        (void)tb_report_draw(draft, "speedups",
                             tb_page_say(draft->page, "figure-speedups-%zu", index + 1), &of,
                             tb_report_command(draft->page, "plot speedups -o speedups.svg",
                                               "--profile", &input->profile_names[index], 1));
    }
}

static void draw_pareto(tb_report_draft *draft)
{
    const tb_report_input *input = draft->input;
    tb_chart_input of = {.profiles = input->profiles, .profile_count = input->profile_count};
    (void)tb_report_draw(draft, "pareto", "figure-pareto", &of,
                         tb_report_command(draft->page, "plot pareto -o pareto.svg", "--profile",
                                           input->profile_names, input->profile_count));
}

/* A device that was asked for and has no prediction. */
static void put_devices_in_vain(tb_report_draft *draft)
{
    const tb_report_input *input = draft->input;
    for (size_t d = 0; d < input->device_count; d++) {
        bool any = false;
        for (size_t i = 0; !any && i < draft->rows->row_count; i++) {
            any = draft->rows->rows[i].device == input->devices[d];
        }
        if (!any) {
            tb_page_add(draft->page, TB_PAGE_WARNING,
                        "Nothing is predicted for %s: no kernel of it is known that runs these "
                        "problems.",
                        input->device_names[d]);
        }
    }
}

static void put_summary(tb_report_draft *draft)
{
    const tb_report_rows *rows = draft->rows;
    const tb_comparison *from = rows->comparison;
    tb_page *page = draft->page;
    tb_page_add(page, TB_PAGE_SECTION, "Summary");
    if (page->is_emulated) {
        tb_page_add(page, TB_PAGE_WARNING, "%s",
                    "Emulated: no GPU ran. The measured times are of the tests' emulated GPU, and "
                    "say nothing of a real one.");
    }
    if (draft->without_figures) {
        tb_page_add(page, TB_PAGE_WARNING, "%s",
                    "gnuplot is not installed where this was made, so that there are tables only.");
    }
    tb_page_add(page, TB_PAGE_TEXT,
                "%zu problems, %zu measured runs of them from %zu profiles, %zu predictions. Every "
                "number is an exact count (bounds), measured or published (measured), or of the "
                "time model (predicted).",
                rows->problem_count, count_measured(rows), draft->input->profile_count,
                rows->row_count);
    if (from != NULL && isfinite(from->summary.mape_percent)) {
        tb_page_add(page, TB_PAGE_TEXT,
                    "Over the %zu runs of these profiles that are compared, predicted times are "
                    "off by %.1f %% on average (mean absolute error; %+.1f %% with the sign).",
                    from->summary.n, from->summary.mape_percent, from->summary.bias_percent);
    }
    put_devices_in_vain(draft);
    if (rows->row_count > 0) {
        tb_report_put_speedups(draft);
    }
    for (size_t i = 0; i < draft->input->profile_count; i++) {
        draw_speedups(draft, i);
    }
}

static tb_status put_all(tb_report_draft *draft, tb_error *err)
{
    tb_status status = TB_OK;
    put_summary(draft);
    if (draft->input->suite != NULL) {
        tb_page_add(draft->page, TB_PAGE_SECTION, "Bounds");
        status = tb_report_put_bounds(draft, err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_page_add(draft->page, TB_PAGE_SECTION, "Problem by problem");
    tb_report_put_problems(draft);
    if (draft->rows->comparison != NULL) {
        tb_report_put_networks(draft);
        tb_report_put_statistics(draft);
        draw_pareto(draft);
    }
    tb_report_put_provenance(draft);
    return tb_page_check(draft->page, err);
}

static void count_items(const tb_report_draft *draft, tb_report_result *out)
{
    *out = (tb_report_result){.problems = draft->rows->problem_count,
                              .rows = draft->rows->row_count,
                              .figures = draft->count - draft->not_drawn,
                              .not_drawn = draft->not_drawn,
                              .has_gnuplot = !draft->without_figures};
    for (const tb_page_item *item = draft->page->first; item != NULL; item = item->next) {
        out->tables += item->kind == TB_PAGE_TABLE;
    }
}

static const char *title_of(const tb_report_input *input, tb_page *page)
{
    const char *mark = page->is_emulated ? " (emulated)" : "";
    if (input->suite != NULL) {
        return tb_page_say(page, "Suite %s: %s%s", input->suite->name, input->suite->summary, mark);
    }
    if (input->profile_count == 1 && input->profiles[0]->summary != NULL) {
        return tb_page_say(page, "Profile %s: %s%s", input->profiles[0]->name,
                           input->profiles[0]->summary, mark);
    }
    return tb_page_say(page, "%zu profiles: bound, prediction, measurement%s", input->profile_count,
                       mark);
}

static tb_status make(const tb_report_options *options, const tb_report_rows *rows,
                      const char *folder, tb_report_result *out, tb_error *err)
{
    char version[128];
    tb_page page = tb_page_begin("", options->command, options->version);
    const tb_report_input *input = &options->input;
    page.is_emulated = tb_profiles_have_emulated(input->profiles, input->profile_count);
    page.title = title_of(input, &page);
    tb_report_draft draft = {.input = &options->input,
                             .rows = rows,
                             .page = &page,
                             .without_figures = !tb_gnuplot_version(version)};
    tb_status status = put_all(&draft, err);
    if (status == TB_OK) {
        status = tb_report_draw_all(&draft, options->progress, options->user, err);
    }
    if (status == TB_OK) {
        status = tb_report_write_files(&page, folder, err);
    }
    if (status == TB_OK) {
        count_items(&draft, out);
    }
    tb_report_draft_free(&draft);
    tb_page_free(&page);
    return status;
}

tb_status tb_report_write(const tb_report_options *options, const char *folder,
                          tb_report_result *out, tb_error *err)
{
    tb_report_rows rows = {0};
    tb_status status = tb_report_check_folder(folder, err);
    if (status == TB_OK) {
        status = tb_report_rows_make(&options->input, &rows, err);
    }
    if (status == TB_OK && options->input.suite == NULL && rows.problem_count == 0) {
        status = tb_fail(err, TB_EINVAL,
                         "no run of these profiles can be compared with a prediction; "
                         "'tilebound compare' says why");
    }
    if (status == TB_OK) {
        status = make(options, &rows, folder, out, err);
    }
    tb_report_rows_free(&rows);
    return status;
}
