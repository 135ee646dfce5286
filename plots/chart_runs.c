#include "chart_runs.h"

#include "chart_caption.h"
#include "measured_speedup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_wanted(const tb_compared_run *run, bool with_baseline)
{
    return run->why_not == NULL &&
           (!with_baseline || (run->has_bound && run->run->kind != TB_RUN_DENSE));
}

tb_status tb_chart_runs_make(const tb_chart_input *input, bool with_baseline, tb_chart_runs *out,
                             tb_error *err)
{
    tb_compare_options options = {0};
    *out = (tb_chart_runs){0};
    tb_status status =
        tb_compare(input->profiles, input->profile_count, &options, &out->comparison, err);
    if (status != TB_OK) {
        return status;
    }
    const tb_comparison *from = out->comparison;
    out->runs = calloc(from->count + 1, sizeof *out->runs);
    if (out->runs == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the runs of a chart");
    }
    for (size_t i = 0; i < from->count; i++) {
        if (is_wanted(&from->runs[i], with_baseline)) {
            out->runs[out->count++] = &from->runs[i];
        }
    }
    if (out->count > 0) {
        return TB_OK;
    }
    return tb_fail(err, TB_EINVAL,
                   with_baseline ? "no sparse run with a measured dense baseline in the profiles; "
                                   "'tilebound compare' says why"
                                 : "no run of the profiles can be compared with a prediction; "
                                   "'tilebound compare' says why");
}

void tb_chart_runs_release(tb_chart_runs *runs)
{
    free(runs->runs);
    tb_comparison_destroy(runs->comparison);
    *runs = (tb_chart_runs){0};
}

size_t tb_chart_names_put(tb_chart_names *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->names[i], name) == 0) {
            return i;
        }
    }
    if (list->count == TB_CHART_SERIES) { /* the last stands for the rest */
        list->names[TB_CHART_SERIES - 1] = "others";
        return TB_CHART_SERIES - 1;
    }
    list->names[list->count] = name;
    return list->count++;
}

const char *tb_chart_names_get(const tb_chart_names *list, size_t number)
{
    return list->names[number];
}

static void say_names(tb_buffer *out, const tb_chart_names *list)
{
    for (size_t i = 0; i < list->count; i++) {
        tb_buffer_printf(out, "%s%s", i > 0 ? ", " : "", list->names[i]);
    }
}

void tb_chart_say_runs(const tb_chart_runs *runs, tb_chart_data *data)
{
    tb_chart_names profiles = {0}, devices = {0};
    tb_buffer of = {0}, on = {0};
    for (size_t i = 0; i < runs->count; i++) {
        (void)tb_chart_names_put(&profiles, runs->runs[i]->profile->name);
        (void)tb_chart_names_put(&devices, runs->runs[i]->device);
    }
    say_names(&of, &profiles);
    say_names(&on, &devices);
    tb_chart_say(data, "Measured: %zu runs of %s%s, on %s; predicted by tilebound's time model.",
                 runs->count, profiles.count == 1 ? "profile " : "profiles ",
                 of.data != NULL ? of.data : "", on.data != NULL ? on.data : "");
    tb_buffer_free(&of);
    tb_buffer_free(&on);
}

double tb_chart_measured_speedup(const tb_compared_run *compared, bool with_permutation)
{
    const tb_run *run = compared->run;
    const tb_run *dense = tb_run_dense_baseline(compared->profile, run);
    bool includes = run->includes == TB_INCLUDES_PERMUTATION;
    if (dense == NULL || (includes && !with_permutation) ||
        (!includes && with_permutation && !run->permute_us.given)) {
        return nan("");
    }
    double permute_us = with_permutation && !includes ? run->permute_us.value : 0;
    return dense->time.median_us / (run->time.median_us + permute_us);
}
