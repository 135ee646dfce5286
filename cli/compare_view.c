/* A comparison as a document: schema tilebound/compare/1. Keys may be added, none renamed. */
#include "compare_view.h"

#include <math.h>

static void put(tb_document *doc, const char *key, double value)
{
    if (isnan(value)) {
        tb_document_null(doc, key);
    } else {
        tb_document_double(doc, key, value);
    }
}

static void put_stated(tb_document *doc, const char *key, bool given, double value)
{
    put(doc, key, given ? value : nan(""));
}

void tb_view_errors(tb_document *doc, const tb_error_summary *errors)
{
    const tb_bootstrap *interval = &errors->mape_interval;
    tb_document_int(doc, "n", (int64_t)errors->n);
    put(doc, "mape_percent", errors->mape_percent);
    put(doc, "mape_low_percent", interval->low);
    put(doc, "mape_high_percent", interval->high);
    put(doc, "bias_percent", errors->bias_percent);
    put(doc, "rmse_percent", errors->rmse_percent);
    put(doc, "max_error_percent", errors->max_error_percent);
    put(doc, "p50_error_percent", errors->median_error_percent);
    put(doc, "p90_error_percent", errors->p90_error_percent);
    put(doc, "pearson", errors->pearson);
    put(doc, "spearman", errors->spearman);
    put(doc, "kendall", errors->kendall);
    tb_document_int(doc, "groups", (int64_t)errors->groups);
    put(doc, "top1_regret_percent", errors->top1_regret_percent);
    put(doc, "top1_regret_max_percent", errors->top1_regret_max_percent);
    tb_document_int(doc, "bootstrap_resamples", interval->resamples);
    tb_document_int(doc, "bootstrap_seed", (int64_t)interval->seed);
}

static void put_texts(tb_document *doc, const char *key, const char *const *texts, size_t count)
{
    tb_document_open_array(doc, key);
    for (size_t i = 0; i < count; i++) {
        tb_document_text(doc, NULL, texts[i]);
    }
    tb_document_close(doc);
}

static void put_run(tb_document *doc, const tb_compared_run *item)
{
    const tb_run *run = item->run;
    const tb_run_time *time = &run->time;
    tb_document_open_object(doc, NULL);
    tb_document_text(doc, "id", run->id);
    tb_document_text(doc, "profile", item->profile->name);
    tb_document_text(doc, "kind", tb_run_kind_names[run->kind]);
    tb_document_text(doc, "device", item->device);
    tb_document_text(doc, "kernel", item->kernel);
    tb_document_text(doc, "includes", tb_run_includes_names[run->includes]);
    tb_document_double(doc, "measured_us", time->median_us);
    tb_document_int(doc, "samples", time->n);
    put_stated(doc, "measured_low_us", time->has_spread, time->low_us);
    put_stated(doc, "measured_high_us", time->has_spread, time->high_us);
    tb_document_double(doc, "predicted_us", item->predicted_us);
    tb_document_double(doc, "predicted_low_us", item->low_us);
    tb_document_double(doc, "predicted_high_us", item->high_us);
    put_stated(doc, "bound_us", item->has_bound, item->bound_us);
    tb_document_double(doc, "error_percent", item->error_percent);
    tb_document_text(doc, "verdict", tb_verdict_names[item->verdict]);
    tb_document_text(doc, "basis", tb_basis_names[item->basis]);
    tb_document_text(doc, "limiter", tb_limiter_names[item->limiter]);
    tb_document_bool(doc, "counted", item->counted);
    put_stated(doc, "measured_speedup", item->has_bound, item->measured_speedup);
    put_stated(doc, "tile_speedup", item->has_bound, item->tile_speedup);
    tb_document_bool(doc, "above_bound", item->above_bound != NULL);
    tb_document_text(doc, "above_bound_why", item->above_bound);
    put_stated(doc, "measured_permute_us", run->permute_us.given, run->permute_us.value);
    tb_document_double(doc, "predicted_permute_us", item->predicted_permute_us);
    tb_document_text(doc, "quality", run->quality);
    tb_document_text(doc, "clock",
                     run->is_processor_time        ? "processor"
                     : run->clock != TB_CLOCK_HOST ? tb_run_clock_names[run->clock]
                                                   : NULL);
    tb_document_bool(doc, "emulated", run->emulated);
    if (item->has_work) {
        tb_view_counters_document(doc, item);
    }
    put_texts(doc, "notes", item->notes, item->note_count);
    tb_document_close(doc);
}

static void put_parts(tb_document *doc, const char *key, const char *name,
                      const tb_compare_part *parts, size_t count)
{
    tb_document_open_array(doc, key);
    for (size_t i = 0; i < count; i++) {
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, name, parts[i].name);
        tb_view_errors(doc, &parts[i].errors);
        tb_document_close(doc);
    }
    tb_document_close(doc);
}

static void put_summary(tb_document *doc, const tb_comparison *from)
{
    static const char *const keys[TB_VERDICT_COUNT] = {"same", "fast", "slow", "unsure"};
    tb_document_open_object(doc, "summary");
    tb_view_errors(doc, &from->summary);
    for (size_t v = 0; v < TB_VERDICT_COUNT; v++) {
        tb_document_int(doc, keys[v], (int64_t)from->verdicts[v]);
    }
    for (size_t b = 0; b < TB_BASIS_COUNT; b++) {
        tb_document_int(doc, tb_basis_names[b], (int64_t)from->bases[b]);
    }
    tb_document_close(doc);
    put_parts(doc, "by_device", "device", from->by_device, from->device_count);
    put_parts(doc, "by_kernel", "kernel", from->by_kernel, from->kernel_count);
}

static void put_not_compared(tb_document *doc, const tb_comparison *from)
{
    tb_document_open_array(doc, "not_compared");
    for (size_t i = 0; i < from->count; i++) {
        if (tb_compare_is_missing(&from->runs[i])) {
            tb_document_open_object(doc, NULL);
            tb_document_text(doc, "id", from->runs[i].run->id);
            tb_document_text(doc, "profile", from->runs[i].profile->name);
            tb_document_text(doc, "why", from->runs[i].why_not);
            tb_document_close(doc);
        }
    }
    tb_document_close(doc);
}

static void put_against(tb_document *doc, const tb_compare_view *view)
{
    if (view->old == NULL) {
        return;
    }
    const tb_stated *mape = &view->old->mape_percent;
    tb_document_open_object(doc, "against");
    tb_document_text(doc, "file", view->old->path);
    tb_document_int(doc, "n", (int64_t)view->old->n);
    put_stated(doc, "mape_percent", mape->given, mape->value);
    tb_document_bool(doc, "worse", tb_compare_is_worse(view->comparison, view->old));
    tb_document_open_array(doc, "changes");
    for (size_t i = 0; i < view->change_count; i++) {
        const tb_change *change = &view->changes[i];
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "id", change->id);
        tb_document_text(doc, "profile", change->profile);
        tb_document_text(doc, "change", tb_change_kind_names[change->kind]);
        put_stated(doc, "old_error_percent", change->kind != TB_CHANGE_NEW,
                   change->old_error_percent);
        put_stated(doc, "error_percent", change->kind != TB_CHANGE_GONE, change->error_percent);
        tb_document_close(doc);
    }
    tb_document_close(doc);
    tb_document_close(doc);
}

void tb_view_compare_document(tb_document *doc, const tb_compare_view *view)
{
    tb_document_open_array(doc, "runs");
    for (size_t i = 0; i < view->row_count; i++) {
        put_run(doc, view->rows[i]);
    }
    tb_document_close(doc);
    tb_document_open_object(doc, "prediction_interval");
    tb_document_double(doc, "level", 0.95);
    tb_document_text(doc, "basis", "errors of the parameters, and the scatter of single runs");
    tb_document_close(doc);
    put_summary(doc, view->comparison);
    tb_view_networks_document(doc, view->comparison);
    tb_view_ratios_document(doc, view->comparison);
    put_not_compared(doc, view->comparison);
    put_against(doc, view);
}
