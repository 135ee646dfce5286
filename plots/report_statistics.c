#include "report_statistics.h"

#include "report_command.h"

#include <math.h>
#include <stdlib.h>

#define WORST_RUNS 10

static const char *compare_command(const tb_report_draft *draft, const char *words)
{
    return tb_report_command(draft->page, words, "", draft->input->profile_names,
                             draft->input->profile_count);
}

static void put_errors(tb_page *page, const char *of, const char *name,
                       const tb_error_summary *errors)
{
    tb_page_cell_text(page, "%s", of);
    tb_page_cell_text(page, "%s", name);
    tb_page_cell_number(page, 0, (double)errors->n);
    tb_page_cell_number(page, 1, errors->mape_percent);
    tb_page_cell_number(page, 1, errors->mape_interval.low);
    tb_page_cell_number(page, 1, errors->mape_interval.high);
    tb_page_cell_percent(page, errors->bias_percent);
    tb_page_cell_number(page, 1, errors->rmse_percent);
    tb_page_cell_number(page, 1, errors->median_error_percent);
    tb_page_cell_number(page, 1, errors->p90_error_percent);
    tb_page_cell_number(page, 1, errors->max_error_percent);
    tb_page_cell_number(page, 3, errors->pearson);
    tb_page_cell_number(page, 3, errors->spearman);
    tb_page_cell_number(page, 3, errors->kendall);
    tb_page_cell_number(page, 1, errors->top1_regret_percent);
}

static void put_summary(const tb_report_draft *draft)
{
    static const char *const heads[] = {"runs of", "name",    "runs",     "MAPE, %",   "from, %",
                                        "to, %",   "bias",    "RMSE, %",  "median, %", "p90, %",
                                        "max, %",  "Pearson", "Spearman", "Kendall",   "regret, %"};
    const tb_comparison *from = draft->rows->comparison;
    tb_page_begin_table(
        draft->page, "statistics",
        "Errors of the predicted times, dense runs left out. MAPE: mean absolute error, with its "
        "95 % interval (bootstrap); bias: mean error, above 0 = predicted too slow; correlations: "
        "Pearson of log times, Spearman and Kendall of ranks; regret: what following the "
        "prediction loses where runs are alternatives.",
        compare_command(draft, "compare"), "llrrrrrrrrrrrrr", heads);
    put_errors(draft->page, "all", "-", &from->summary);
    for (size_t i = 0; i < from->device_count; i++) {
        put_errors(draft->page, "device", from->by_device[i].name, &from->by_device[i].errors);
    }
    for (size_t i = 0; i < from->kernel_count; i++) {
        put_errors(draft->page, "kernel", from->by_kernel[i].name, &from->by_kernel[i].errors);
    }
}

static void put_verdicts(const tb_report_draft *draft)
{
    const tb_comparison *from = draft->rows->comparison;
    tb_page *page = draft->page;
    tb_page_add(page, TB_PAGE_TEXT,
                "Verdicts: %zu same, %zu measured faster, %zu measured slower, %zu unsure, by "
                "whether measurement and prediction agree within their 95 %% intervals. "
                "Predictions: %zu calibrated, %zu uncalibrated, %zu resting on assumed values. "
                "Calibrated means fitted on that device, perhaps to these very runs.",
                from->verdicts[TB_VERDICT_SAME], from->verdicts[TB_VERDICT_FAST],
                from->verdicts[TB_VERDICT_SLOW], from->verdicts[TB_VERDICT_UNSURE],
                from->bases[TB_BASIS_CALIBRATED], from->bases[TB_BASIS_UNCALIBRATED],
                from->bases[TB_BASIS_ASSUMED]);
}

static void put_worst(const tb_report_draft *draft)
{
    static const char *const heads[] = {"run",      "profile",   "device", "kernel",
                                        "measured", "predicted", "error",  "verdict"};
    const tb_comparison *from = draft->rows->comparison;
    const tb_compared_run **worst = calloc(from->count + 1, sizeof *worst);
    tb_page *page = draft->page;
    if (worst == NULL) {
        page->failed = true;
        return;
    }
    size_t count = tb_compare_worst(from, WORST_RUNS, worst);
    tb_page_begin_table(page, "worst", "The runs with the largest errors.",
                        compare_command(draft, "compare --worst 10"), "llllttrl", heads);
    for (size_t i = 0; i < count; i++) {
        tb_page_cell_text(page, "%s", worst[i]->run->id);
        tb_page_cell_text(page, "%s", worst[i]->profile->name);
        tb_page_cell_text(page, "%s", worst[i]->device);
        tb_page_cell_text(page, "%s", worst[i]->kernel);
        tb_page_cell_time(page, worst[i]->run->time.median_us);
        tb_page_cell_time(page, worst[i]->predicted_us);
        tb_page_cell_percent(page, worst[i]->error_percent);
        tb_page_cell_text(page, "%s", tb_verdict_names[worst[i]->verdict]);
    }
    free(worst);
}

static void draw(tb_report_draft *draft, const char *chart)
{
    tb_chart_input input = {.profiles = draft->input->profiles,
                            .profile_count = draft->input->profile_count};
    const char *words = tb_page_say(draft->page, "plot %s -o %s.svg", chart, chart);
    (void)tb_report_draw(draft, chart, tb_page_say(draft->page, "figure-%s", chart), &input,
                         tb_report_command(draft->page, words, "--profile",
                                           draft->input->profile_names,
                                           draft->input->profile_count));
}

/* Runs that lack what a comparison needs, by reason; whole networks stand elsewhere. */
static void put_missing(const tb_report_draft *draft)
{
    const tb_comparison *from = draft->rows->comparison;
    size_t missing = 0;
    for (size_t i = 0; i < from->count; i++) {
        const tb_compared_run *run = &from->runs[i];
        missing += run->why_not != NULL && run->run->network.name == NULL;
    }
    if (missing > 0) {
        tb_page_add(draft->page, TB_PAGE_TEXT, "Not compared: %zu runs of %zu.", missing,
                    from->count);
    }
    for (size_t i = 0; i < from->count; i++) {
        const tb_compared_run *run = &from->runs[i];
        if (run->why_not != NULL && run->run->network.name == NULL) {
            tb_page_add(draft->page, TB_PAGE_NOTE, "%s: %s", run->run->id, run->why_not);
        }
    }
}

void tb_report_put_statistics(tb_report_draft *draft)
{
    tb_page_add(draft->page, TB_PAGE_SECTION, "How far to trust the predictions");
    tb_page_add(draft->page, TB_PAGE_TEXT, "%s",
                "Every run of the profiles that can be simulated, against its prediction.");
    put_summary(draft);
    put_verdicts(draft);
    draw(draft, "scatter");
    draw(draft, "errors");
    put_worst(draft);
    tb_page_add(draft->page, TB_PAGE_FOLD, "Runs that are not compared");
    put_missing(draft);
    tb_page_add(draft->page, TB_PAGE_UNFOLD, "%s", "");
}
