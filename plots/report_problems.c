#include "report_problems.h"

#include "case_words.h"
#include "clock_label.h"
#include "report_command.h"
#include "tile_choice.h"
#include "units.h"

#include <math.h>

static void cell_dims(tb_page *page, const int64_t *values, int count)
{
    char dims[96];
    tb_page_cell_text(page, "%s", tb_view_dims(values, count, dims));
}

static void cell_tiles(tb_page *page, const tb_prediction *p)
{
    int dims = tb_tiling_dims(&p->tiling, &p->problem.layout);
    cell_dims(page, p->tiling.q_tile, dims);
    cell_dims(page, p->tiling.kv_tile, dims);
}

static void cell_pattern(tb_page *page, const tb_pattern *pattern, int rank)
{
    char text[256];
    tb_page_cell_text(page, "%s", tb_view_pattern(pattern, rank, text));
}

static const char *yes_no(bool given, bool value)
{
    return !given ? "-" : value ? "yes" : "no";
}

static void put_bound(tb_page *page, const tb_suite_item *item, const tb_prediction *p)
{
    const tb_published *published = &item->published;
    const tb_bound *bound = &p->bound;
    tb_page_cell_text(page, "%s", item->name);
    cell_dims(page, p->problem.layout.extent, p->problem.layout.rank);
    cell_pattern(page, &p->pattern, p->problem.layout.rank);
    cell_tiles(page, p);
    tb_page_cell_number(page, 2, bound->flop_speedup);
    tb_page_cell_number(page, 1, published->has_flop_speedup ? published->flop_speedup : nan(""));
    tb_page_cell_number(page, 2, bound->tile_speedup);
    tb_page_cell_number(page, 2, bound->tile_speedup_worst);
    tb_page_cell_number(
        page, 1, published->has_tile_speedup_worst ? published->tile_speedup_worst : nan(""));
    tb_page_cell_text(page, "%s", yes_no(true, bound->fully_block_sparse));
    tb_page_cell_text(page, "%s",
                      yes_no(published->has_fully_block_sparse, published->fully_block_sparse));
    tb_page_cell_text(page, "%s", published->source != NULL ? published->source : "-");
}

tb_status tb_report_put_bounds(tb_report_draft *draft, tb_error *err)
{
    const tb_report_input *input = draft->input;
    tb_page *page = draft->page;
    static const char *const heads[] = {"problem",
                                        "layout",
                                        "pattern",
                                        "query tile",
                                        "KV tile",
                                        "by FLOPs",
                                        "published",
                                        "by tiles",
                                        "by worst tile",
                                        "published worst",
                                        "block-sparse",
                                        "published block-sparse",
                                        "source of the published"};
    tb_page_begin_table(
        page, "bounds",
        "Upper bounds on the speedup over dense self attention, computed here, beside the "
        "published ones (as printed there, rounded).",
        tb_report_command(page, "predict", "--suite", &input->suite_name, 1), "lllllrrrrrlll",
        heads);
    for (size_t i = 0; i < input->suite->count; i++) {
        const tb_suite_item *item = &input->suite->items[i];
        tb_prediction p;
        tb_kernel *kernel = NULL;
        tb_status status =
            item->kernel != NULL ? tb_kernel_load(item->kernel, &kernel, err) : TB_OK;
        if (status == TB_OK) {
            status = tb_predict(&item->item, kernel, &p, err);
        }
        if (status == TB_OK) {
            put_bound(page, item, &p);
            tb_prediction_release(&p);
        }
        tb_kernel_destroy(kernel);
        if (status != TB_OK) {
            return status;
        }
    }
    return TB_OK;
}

/* Measured speedups; NaN where there is none. */
typedef struct measured {
    double attention, with_permutation;
} measured;

static measured measured_speedups(const tb_report_row *row)
{
    measured out = {nan(""), nan("")};
    if (row->dense == NULL) {
        return out;
    }
    const tb_run *run = row->compared->run;
    double dense = row->dense->time.median_us, time = run->time.median_us;
    if (run->includes == TB_INCLUDES_PERMUTATION) {
        out.with_permutation = dense / time;
        return out;
    }
    out.attention = dense / time;
    if (run->permute_us.given) {
        out.with_permutation = dense / (time + run->permute_us.value);
    }
    return out;
}

static void put_speedup(tb_page *page, const tb_report_rows *rows, const tb_report_row *row)
{
    const tb_prediction *p = &row->prediction;
    const tb_timing *timing = &row->timing;
    measured speedups = measured_speedups(row);
    double none = nan("");
    tb_page_cell_text(page, "%s", rows->problems[row->problem].name);
    tb_page_cell_text(page, "%s", row->device_name);
    tb_page_cell_text(page, "%s", row->kernel->name);
    cell_tiles(page, p);
    tb_page_cell_number(page, 2, p->bound.flop_speedup);
    tb_page_cell_number(page, 2, p->bound.tile_speedup);
    tb_page_cell_number(page, 2, timing->has_dense ? timing->speedup : none);
    tb_page_cell_number(page, 2, speedups.attention);
    tb_page_cell_number(page, 2, timing->has_dense ? timing->speedup_total : none);
    tb_page_cell_number(page, 2, speedups.with_permutation);
    tb_page_cell_text(page, "%s%s", row->compared != NULL ? row->compared->run->id : "-",
                      row->compared != NULL ? tb_clock_label(row->compared->run) : "");
}

void tb_report_put_speedups(tb_report_draft *draft)
{
    const tb_report_rows *rows = draft->rows;
    tb_page *page = draft->page;
    static const char *const heads[] = {"problem",
                                        "device",
                                        "kernel",
                                        "query tile",
                                        "KV tile",
                                        "by FLOPs",
                                        "by tiles",
                                        "predicted",
                                        "measured",
                                        "predicted with permutation",
                                        "measured with permutation",
                                        "run"};
    tb_page_begin_table(page, "speedups",
                        "Speedups over dense attention: what the FLOPs promise, what the tiles "
                        "allow, what is predicted, and what was measured (runs of the profiles "
                        "below). Without a run: predicted only.",
                        page->command, "lllllrrrrrrl", heads);
    for (size_t i = 0; i < rows->row_count; i++) {
        put_speedup(page, rows, &rows->rows[i]);
    }
}

static void put_time(tb_page *page, const tb_report_row *row)
{
    const tb_compared_run *compared = row->compared;
    const tb_run *run = compared != NULL ? compared->run : NULL;
    const tb_time *time = &row->timing.time;
    double none = nan("");
    tb_page_cell_text(page, "%s%s", run != NULL ? run->id : "(predicted only)",
                      run != NULL ? tb_clock_label(run) : "");
    tb_page_cell_text(page, "%s", row->device_name);
    tb_page_cell_text(page, "%s", row->kernel->name);
    cell_tiles(page, &row->prediction);
    tb_page_cell_time(page, compared != NULL && compared->has_bound ? compared->bound_us : none);
    tb_page_cell_time(page, compared != NULL ? compared->predicted_us : time->attention_us);
    tb_page_cell_time(page, run != NULL ? run->time.median_us : none);
    tb_page_cell_percent(page, run != NULL ? compared->error_percent : none);
    tb_page_cell_text(page, "%s", run != NULL ? tb_verdict_names[compared->verdict] : "-");
    tb_page_cell_time(page, time->permute_us > 0 ? time->permute_us : none);
    tb_page_cell_time(page, run != NULL && run->permute_us.given ? run->permute_us.value : none);
    tb_page_cell_text(page, "%s", tb_limiter_names[time->limiter]);
    tb_page_cell_text(page, "%s", tb_basis_names[time->basis]);
}

static void put_times(const tb_report_draft *draft, size_t problem)
{
    const tb_report_rows *rows = draft->rows;
    tb_page *page = draft->page;
    static const char *const heads[] = {"run",
                                        "device",
                                        "kernel",
                                        "query tile",
                                        "KV tile",
                                        "bound",
                                        "predicted",
                                        "measured",
                                        "error",
                                        "verdict",
                                        "permuting, predicted",
                                        "permuting, measured",
                                        "limiter",
                                        "basis"};
    bool any_measured = false;
    for (size_t i = 0; i < rows->row_count; i++) {
        any_measured =
            any_measured || (rows->rows[i].problem == problem && rows->rows[i].compared != NULL);
    }
    tb_page_begin_table(
        page, tb_page_say(page, "times-%zu", problem + 1),
        "Times. bound: the measured dense time over the speedup that the tiles allow; error = 100 "
        "(predicted / measured - 1); verdict: do the 95 % intervals meet?",
        any_measured ? tb_report_command(page, "compare", "", draft->input->profile_names,
                                         draft->input->profile_count)
                     : page->command,
        "llllltttrlttll", heads);
    for (size_t i = 0; i < rows->row_count; i++) {
        if (rows->rows[i].problem == problem) {
            put_time(page, &rows->rows[i]);
        }
    }
}

/* Steps below this factor cost something, and have their advice printed. */
#define WORTH_ADVICE 0.995

static void put_step(tb_page *page, const char *name, double factor, double speedup,
                     const char *advice)
{
    tb_page_cell_text(page, "%s", name);
    tb_page_cell_number(page, 3, factor);
    tb_page_cell_number(page, 2, speedup);
    tb_page_cell_text(page, "%s", advice);
}

static void put_waterfall(const tb_report_row *row, size_t number, tb_page *page)
{
    static const char *const heads[] = {"step", "factor", "speedup", "what would remove it"};
    const tb_explanation *explanation = &row->explanation;
    double now = explanation->from;
    tb_page_begin_table(page, tb_page_say(page, "waterfall-%zu", number),
                        tb_page_say(page, "From the speedup by FLOPs down to the %s one on %s.",
                                    row->dense != NULL ? "measured" : "predicted",
                                    row->device_name),
                        tb_report_explain_command(page, row), "lrrl", heads);
    put_step(page, "by FLOPs", nan(""), now, "");
    for (size_t i = 0; i < explanation->count; i++) {
        const tb_explain_step *step = &explanation->steps[i];
        bool is_last = i >= TB_EXPLAIN_STEPS; /* from what the run's time includes */
        now = is_last ? row->dense->time.median_us / row->compared->run->time.median_us
                      : now * step->factor;
        put_step(page, step->name, step->factor, now,
                 is_last || step->factor < WORTH_ADVICE ? step->advice : "");
    }
}

static void put_remarks(const tb_report_row *row, tb_page *page)
{
    const tb_compared_run *compared = row->compared;
    if (compared != NULL && compared->above_bound != NULL) {
        tb_page_add(page, TB_PAGE_NOTE,
                    "%.3gx faster than its baseline, above the bound of %.3gx: %s",
                    compared->measured_speedup, compared->tile_speedup, compared->above_bound);
    }
    for (size_t i = 0; compared != NULL && i < compared->note_count; i++) {
        tb_page_add(page, TB_PAGE_NOTE, "%s", compared->notes[i]);
    }
    for (size_t i = 0; compared == NULL && i < row->prediction.warnings.count; i++) {
        tb_page_add(page, TB_PAGE_NOTE, "%s", row->prediction.warnings.text[i]);
    }
}

static void put_waterfall_figure(tb_report_draft *draft, const tb_report_row *row, size_t number)
{
    tb_chart_input input = {.item = &row->item,
                            .kernel = row->kernel,
                            .baseline = row->baseline,
                            .device = row->device};
    (void)tb_report_draw(draft, "waterfall",
                         tb_page_say(draft->page, "figure-waterfall-%zu", number), &input,
                         tb_report_plot_command(draft->page, "waterfall", row, true));
}

static void put_row(tb_report_draft *draft, const tb_report_row *row, size_t number)
{
    tb_page *page = draft->page;
    if (!row->has_explanation) {
        return;
    }
    tb_page_add(page, TB_PAGE_FOLD, "Where %.2f x by FLOPs goes: %s on %s%s%s",
                row->explanation.from, row->kernel->name, row->device_name,
                row->compared != NULL ? ", " : ", predicted only",
                row->compared != NULL ? row->compared->run->id : "");
    put_waterfall(row, number, page);
    put_waterfall_figure(draft, row, number);
    put_remarks(row, page);
    tb_page_add(page, TB_PAGE_UNFOLD, "%s", "");
}

/* The tiles of the first row that has not too many to draw. */
static void put_tiles_figure(tb_report_draft *draft, size_t problem)
{
    bool is_drawn = false;
    for (size_t i = 0; !is_drawn && i < draft->rows->row_count; i++) {
        const tb_report_row *row = &draft->rows->rows[i];
        if (row->problem == problem) {
            tb_chart_input input = {.item = &row->item, .kernel = row->kernel};
            is_drawn = tb_report_draw(
                draft, "tiles", tb_page_say(draft->page, "figure-tiles-%zu", problem + 1), &input,
                tb_report_plot_command(draft->page, "tiles", row, false));
        }
    }
}

static void put_problem(tb_report_draft *draft, size_t problem)
{
    const tb_report_rows *rows = draft->rows;
    tb_page *page = draft->page;
    const tb_case *item = rows->problems[problem].item;
    char pattern[256], layout[96];
    int rank = item->problem.layout.rank;
    bool any = false;
    tb_page_add(page, TB_PAGE_SUBSECTION, "%s", rows->problems[problem].name);
    tb_page_add(page, TB_PAGE_TEXT, "%s over %s, %lld tokens, %lld heads, dim %lld.",
                tb_view_pattern(&item->pattern, rank, pattern),
                tb_view_dims(item->problem.layout.extent, rank, layout),
                (long long)tb_layout_tokens(&item->problem.layout), (long long)item->problem.heads,
                (long long)item->problem.dim);
    for (size_t i = 0; i < rows->row_count; i++) {
        any = any || rows->rows[i].problem == problem;
    }
    if (!any) {
        tb_page_add(
            page, TB_PAGE_TEXT, "%s",
            "No run of it in the profiles, and no device to predict it for; give --device.");
        return;
    }
    put_times(draft, problem);
    put_tiles_figure(draft, problem);
    for (size_t i = 0; i < rows->row_count; i++) {
        if (rows->rows[i].problem == problem) {
            put_row(draft, &rows->rows[i], i + 1);
        }
    }
}

void tb_report_put_problems(tb_report_draft *draft)
{
    for (size_t i = 0; i < draft->rows->problem_count; i++) {
        put_problem(draft, i);
    }
}
