#include "report_rows.h"

#include "case_words.h"
#include "measured_speedup.h"
#include "tile_choice.h"

#include <stdio.h>
#include <string.h>

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a report");
}

static bool is_of(const tb_run *run, const tb_case *item)
{
    return run->has_case && tb_case_same_pattern(&run->item, item);
}

bool tb_report_concerns(const tb_suite *suite, const tb_profile *profile)
{
    for (size_t r = 0; !profile->holds_bounds && r < profile->count; r++) {
        for (size_t i = 0; i < suite->count; i++) {
            if (is_of(&profile->runs[r], &suite->items[i].item)) {
                return true;
            }
        }
    }
    return false;
}

/* Problems. */

static tb_report_problem *find_problem(const tb_report_rows *rows, const tb_case *item)
{
    for (size_t i = 0; i < rows->problem_count; i++) {
        if (tb_case_same_pattern(rows->problems[i].item, item)) {
            return &rows->problems[i];
        }
    }
    return NULL;
}

/* Items of a suite that differ in their tiles only are one problem, by all their names. */
static tb_status join_name(tb_report_rows *rows, tb_report_problem *problem, const char *more,
                           tb_error *err)
{
    size_t length = strlen(problem->name) + strlen(more) + sizeof ", ";
    char *name = tb_arena_alloc(rows->arena, length);
    if (name == NULL) {
        return no_memory(err);
    }
    (void)snprintf(name, length, "%s, %s", problem->name, more);
    problem->name = name;
    return TB_OK;
}

static tb_status add_problem(tb_report_rows *rows, const tb_case *item, const tb_suite_item *of,
                             tb_error *err)
{
    char name[400], layout[96], pattern[256];
    int rank = item->problem.layout.rank;
    tb_report_problem *known = find_problem(rows, item);
    if (known != NULL) {
        return of != NULL ? join_name(rows, known, of->name, err) : TB_OK;
    }
    (void)snprintf(name, sizeof name, "%s over %s%s",
                   tb_view_pattern(&item->pattern, rank, pattern),
                   tb_view_dims(item->problem.layout.extent, rank, layout),
                   item->problem.pass == TB_PASS_BACKWARD ? ", backward" : "");
    const char *said = of != NULL ? of->name : name;
    tb_report_problem *problem = &rows->problems[rows->problem_count++];
    *problem = (tb_report_problem){.item = item, .first = of};
    problem->name = tb_arena_text(rows->arena, said, strlen(said));
    return problem->name != NULL ? TB_OK : no_memory(err);
}

static tb_status add_suite(tb_report_rows *rows, const tb_suite *suite, tb_error *err)
{
    tb_status status = TB_OK;
    rows->problems = tb_arena_array(rows->arena, suite->count, sizeof *rows->problems);
    if (rows->problems == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; status == TB_OK && i < suite->count; i++) {
        status = add_problem(rows, &suite->items[i].item, &suite->items[i], err);
    }
    return status;
}

/* Is it a run that problems and rows are made of? Dense runs are what others are compared with. */
static bool is_shown(const tb_compared_run *compared)
{
    return compared->why_not == NULL && compared->run->kind != TB_RUN_DENSE;
}

static tb_status add_profiles(tb_report_rows *rows, tb_error *err)
{
    const tb_comparison *from = rows->comparison;
    tb_status status = TB_OK;
    rows->problems = tb_arena_array(rows->arena, from->count + 1, sizeof *rows->problems);
    if (rows->problems == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; status == TB_OK && i < from->count; i++) {
        if (is_shown(&from->runs[i])) {
            status = add_problem(rows, &from->runs[i].run->item, NULL, err);
        }
    }
    return status;
}

/* Rows. */

/* The kernel of a dense baseline, or NULL where none has a time. */
static tb_status find_baseline(tb_models *models, const char *name, const tb_kernel **out,
                               tb_error *err)
{
    *out = NULL;
    if (name == NULL) {
        return TB_OK;
    }
    tb_status status = tb_models_kernel(models, name, out, err);
    if (status == TB_EINVAL || (status == TB_OK && !(*out)->time.given)) {
        *out = NULL;
        return TB_OK;
    }
    return status;
}

static void explain(tb_report_row *row)
{
    tb_error unused;
    row->has_explanation = tb_explain(&row->prediction, row->kernel, &row->timing,
                                      &row->explanation, &unused) == TB_OK;
    if (row->has_explanation && row->dense != NULL) {
        const tb_run *run = row->compared->run;
        tb_explain_measured measured = {
            .attention_us = run->time.median_us,
            .dense_us = row->dense->time.median_us,
            .with_permutation = run->includes == TB_INCLUDES_PERMUTATION,
        };
        tb_explain_add_measured(&row->timing, &measured, &row->explanation);
    }
}

/* Predict a row whose item, kernel and device are set. */
static tb_status predict(tb_report_rows *rows, tb_report_row *row, tb_error *err)
{
    const char *dense = row->dense != NULL && row->dense->kernel != NULL
                            ? row->dense->kernel
                            : row->device->dense_kernel;
    tb_status status = find_baseline(rows->models, dense, &row->baseline, err);
    if (status == TB_OK) {
        status = tb_predict(&row->item, row->kernel, &row->prediction, err);
    }
    if (status == TB_OK) {
        status = tb_predict_time(&row->prediction, row->kernel, row->device, row->baseline,
                                 &row->timing, err);
    }
    if (status == TB_OK) {
        explain(row);
    }
    return status;
}

static const char *asked_name(const tb_report_input *input, const tb_profile *profile)
{
    for (size_t i = 0; i < input->profile_count; i++) {
        if (input->profiles[i] == profile) {
            return input->profile_names[i];
        }
    }
    return profile->name;
}

static tb_status add_run(const tb_report_input *input, tb_report_rows *rows, size_t problem,
                         const tb_compared_run *compared, tb_error *err)
{
    const tb_run *run = compared->run;
    tb_report_row *row = &rows->rows[rows->row_count++];
    *row = (tb_report_row){.problem = problem,
                           .compared = compared,
                           .device_name = compared->device,
                           .dense = tb_run_dense_baseline(compared->profile, run),
                           .profile_name = asked_name(input, compared->profile)};
    tb_status status = tb_models_kernel(rows->models, run->kernel, &row->kernel, err);
    if (status == TB_OK) {
        status = tb_models_device(rows->models, run->device, &row->device, err);
    }
    if (status != TB_OK) {
        return status;
    }
    row->item = tb_run_case(run, row->kernel);
    if (row->dense != NULL && row->dense->item.pattern.kind == TB_PATTERN_CAUSAL) {
        row->item.baseline = TB_BASELINE_CAUSAL;
    }
    status = predict(rows, row, err);
    if (status == TB_EINVAL && row->item.baseline == TB_BASELINE_CAUSAL) { /* no such bound */
        tb_prediction_release(&row->prediction);
        row->item.baseline = TB_BASELINE_SELF;
        status = predict(rows, row, err);
    }
    return status;
}

/* The problem as a kernel of a device would run it: in the suite's tiles where it has them, else in
 * its best. */
static tb_case as_kernel_runs(const tb_report_problem *problem, const tb_kernel *kernel)
{
    tb_run run = {.item = *problem->item};
    tb_case own = tb_run_case(&run, kernel);
    tb_tiling tiling;
    bool fits = problem->first != NULL && tb_tiling_resolve(&own, kernel, &tiling, NULL) == TB_OK &&
                tiling.kind == kernel->tiling && tb_kernel_has_tiles(kernel, &own.problem, &tiling);
    if (!fits) {
        own.tiling = (tb_tiling_request){.wants_best = true};
    }
    return own;
}

/* A device whose kernel cannot run the problem has no row. */
static tb_status add_device(tb_report_rows *rows, size_t problem, const tb_device *device,
                            const char *name, tb_error *err)
{
    const tb_report_problem *of = &rows->problems[problem];
    const char *kernel_name =
        of->first != NULL && of->first->kernel != NULL ? of->first->kernel : device->default_kernel;
    const tb_kernel *kernel;
    if (kernel_name == NULL) {
        return TB_OK;
    }
    tb_status status = tb_models_kernel(rows->models, kernel_name, &kernel, err);
    if (status != TB_OK || !kernel->time.given) {
        return status;
    }
    tb_report_row *row = &rows->rows[rows->row_count];
    *row = (tb_report_row){.problem = problem,
                           .device_name = name,
                           .item = as_kernel_runs(of, kernel),
                           .kernel = kernel,
                           .device = device};
    status = predict(rows, row, err);
    if (status == TB_EINVAL) {
        tb_prediction_release(&row->prediction);
        return TB_OK;
    }
    rows->row_count++;
    return status;
}

static bool has_row(const tb_report_rows *rows, size_t problem, const char *device)
{
    for (size_t i = 0; i < rows->row_count; i++) {
        if (rows->rows[i].problem == problem && strcmp(rows->rows[i].device_name, device) == 0) {
            return true;
        }
    }
    return false;
}

/* Predictions beside the runs: on the devices asked for, else on those that runs of the suite are
 * of, so that a problem without a run on them has a prediction. */
static tb_status add_devices(const tb_report_input *input, tb_report_rows *rows, size_t problem,
                             const char *const *seen, size_t seen_count, tb_error *err)
{
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < input->device_count; i++) {
        status = add_device(rows, problem, input->devices[i], input->device_names[i], err);
    }
    for (size_t i = 0; status == TB_OK && input->device_count == 0 && i < seen_count; i++) {
        const tb_device *device;
        status = tb_models_device(rows->models, seen[i], &device, err);
        if (status == TB_OK && !has_row(rows, problem, device->name)) {
            status = add_device(rows, problem, device, device->name, err);
        }
    }
    return status;
}

/* Devices of the suite's runs that have a measured dense baseline, each once. */
static size_t list_seen(const tb_report_rows *rows, const char **seen)
{
    size_t count = 0;
    const tb_comparison *from = rows->comparison;
    for (size_t i = 0; from != NULL && i < from->count; i++) {
        const tb_compared_run *run = &from->runs[i];
        bool is_new =
            is_shown(run) && run->has_bound && find_problem(rows, &run->run->item) != NULL;
        for (size_t k = 0; is_new && k < count; k++) {
            is_new = strcmp(seen[k], run->device) != 0;
        }
        if (is_new) {
            seen[count++] = run->device;
        }
    }
    return count;
}

static tb_status add_rows(const tb_report_input *input, tb_report_rows *rows, tb_error *err)
{
    const tb_comparison *from = rows->comparison;
    size_t runs = from != NULL ? from->count : 0;
    const char **seen = tb_arena_array(rows->arena, runs + 1, sizeof *seen);
    if (seen == NULL) {
        return no_memory(err);
    }
    size_t seen_count = input->suite != NULL ? list_seen(rows, seen) : 0;
    size_t room = runs + rows->problem_count * (seen_count + input->device_count) + 1;
    rows->rows = tb_arena_array(rows->arena, room, sizeof *rows->rows);
    if (rows->rows == NULL) {
        return no_memory(err);
    }
    tb_status status = TB_OK;
    for (size_t p = 0; status == TB_OK && p < rows->problem_count; p++) {
        for (size_t i = 0; status == TB_OK && i < runs; i++) {
            if (is_shown(&from->runs[i]) && is_of(from->runs[i].run, rows->problems[p].item)) {
                status = add_run(input, rows, p, &from->runs[i], err);
            }
        }
        if (status == TB_OK) {
            status = add_devices(input, rows, p, seen, seen_count, err);
        }
    }
    return status;
}

static tb_status compare(const tb_report_input *input, tb_report_rows *rows, tb_error *err)
{
    if (input->profile_count == 0) {
        rows->models = rows->own_models = tb_models_create(NULL, NULL);
        return rows->models != NULL ? TB_OK : no_memory(err);
    }
    tb_compare_options options = {0};
    tb_status status =
        tb_compare(input->profiles, input->profile_count, &options, &rows->comparison, err);
    rows->models = status == TB_OK ? rows->comparison->models : NULL;
    return status;
}

tb_status tb_report_rows_make(const tb_report_input *input, tb_report_rows *out, tb_error *err)
{
    *out = (tb_report_rows){.arena = tb_arena_create()};
    tb_status status = out->arena != NULL ? compare(input, out, err) : no_memory(err);
    if (status == TB_OK) {
        status = input->suite != NULL ? add_suite(out, input->suite, err) : add_profiles(out, err);
    }
    return status == TB_OK ? add_rows(input, out, err) : status;
}

void tb_report_rows_free(tb_report_rows *rows)
{
    for (size_t i = 0; i < rows->row_count; i++) {
        tb_prediction_release(&rows->rows[i].prediction);
    }
    tb_comparison_destroy(rows->comparison);
    tb_models_destroy(rows->own_models);
    tb_arena_destroy(rows->arena);
    *rows = (tb_report_rows){0};
}
