#include "compare.h"

#include "compare_run.h"
#include "emulated.h"
#include "measured_speedup.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a comparison");
}

/* Runs whose times are alternatives: one problem on one device, timed alike. */
static bool are_alternatives(const tb_compared_run *a, const tb_compared_run *b)
{
    const tb_layout *p = &a->run->item.problem.layout, *q = &b->run->item.problem.layout;
    bool same = p->rank == q->rank && a->run->includes == b->run->includes &&
                strcmp(a->device, b->device) == 0 &&
                tb_run_same_work(&a->run->item.problem, &b->run->item.problem);
    for (int d = 0; same && d < p->rank; d++) {
        same = p->extent[d] == q->extent[d];
    }
    return same;
}

/* Columns of the runs that a summary counts. */
typedef struct columns {
    double *predicted_us, *measured_us;
    size_t *group;
    size_t count;
} columns;

/* Does a summary by device or kernel (the other NULL; both NULL: of all) count this run? */
static bool is_in(const tb_compared_run *run, const char *device, const char *kernel)
{
    return run->counted && (device == NULL || strcmp(run->device, device) == 0) &&
           (kernel == NULL || strcmp(run->kernel, kernel) == 0);
}

static void fill_columns(const tb_comparison *from, const char *device, const char *kernel,
                         columns *out)
{
    for (size_t i = 0; i < from->count; i++) {
        const tb_compared_run *run = &from->runs[i];
        if (!is_in(run, device, kernel)) {
            continue;
        }
        size_t group = 0;
        while (group < i && !(is_in(&from->runs[group], device, kernel) &&
                              are_alternatives(&from->runs[group], run))) {
            group++;
        }
        out->predicted_us[out->count] = run->predicted_us;
        out->measured_us[out->count] = run->run->time.median_us;
        out->group[out->count++] = group;
    }
}

static tb_status summarise(const tb_comparison *from, const char *device, const char *kernel,
                           tb_error_summary *out, tb_error *err)
{
    size_t room = from->count > 0 ? from->count : 1;
    columns runs = {.predicted_us = calloc(room, sizeof(double)),
                    .measured_us = calloc(room, sizeof(double)),
                    .group = calloc(room, sizeof(size_t))};
    tb_status status = TB_OK;
    if (runs.predicted_us == NULL || runs.measured_us == NULL || runs.group == NULL) {
        status = no_memory(err);
    } else {
        fill_columns(from, device, kernel, &runs);
        status = tb_error_summary_of(runs.predicted_us, runs.measured_us, runs.group, runs.count,
                                     out, err);
    }
    free(runs.predicted_us);
    free(runs.measured_us);
    free(runs.group);
    return status;
}

/* Add the part of a device or kernel unless it is there. */
static tb_status add_part(const tb_comparison *from, const char *name, bool is_device,
                          tb_compare_part *parts, size_t *count, tb_error *err)
{
    assert(name != NULL); /* of a run that was compared */
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(parts[i].name, name) == 0) {
            return TB_OK;
        }
    }
    tb_compare_part *part = &parts[(*count)++];
    part->name = name;
    return summarise(from, is_device ? name : NULL, is_device ? NULL : name, &part->errors, err);
}

static tb_status summarise_all(tb_comparison *to, tb_error *err)
{
    to->by_device = tb_arena_array(to->arena, to->count, sizeof *to->by_device);
    to->by_kernel = tb_arena_array(to->arena, to->count, sizeof *to->by_kernel);
    if (to->by_device == NULL || to->by_kernel == NULL) {
        return no_memory(err);
    }
    tb_status status = summarise(to, NULL, NULL, &to->summary, err);
    for (size_t i = 0; status == TB_OK && i < to->count; i++) {
        const tb_compared_run *run = &to->runs[i];
        if (!run->counted) {
            continue;
        }
        to->verdicts[run->verdict]++;
        to->bases[run->basis]++;
        status = add_part(to, run->device, true, to->by_device, &to->device_count, err);
        if (status == TB_OK) {
            status = add_part(to, run->kernel, false, to->by_kernel, &to->kernel_count, err);
        }
    }
    return status;
}

static bool has_run_of(const tb_comparison *of, const char *device, const char *kernel)
{
    for (size_t i = 0; i < of->count; i++) {
        const tb_compared_run *run = &of->runs[i];
        if ((device != NULL && run->device != NULL && strcmp(run->device, device) == 0) ||
            (kernel != NULL && run->kernel != NULL && strcmp(run->kernel, kernel) == 0)) {
            return true;
        }
    }
    return false;
}

static tb_status given_in_vain(const char *what, const char *name, tb_error *err)
{
    return tb_fail(err, TB_EINVAL,
                   "no run that can be compared is of %s '%s'; a model stands in for those of its "
                   "name",
                   what, name);
}

/* A model that the user gave must be of some run. */
static tb_status check_used(const tb_comparison *of, const tb_compare_options *options,
                            tb_error *err)
{
    const tb_kernel *const *kernel = options->kernels;
    const tb_device *const *device = options->devices;
    for (; kernel != NULL && *kernel != NULL; kernel++) {
        if (!has_run_of(of, NULL, (*kernel)->name)) {
            return given_in_vain("kernel", (*kernel)->name, err);
        }
    }
    for (; device != NULL && *device != NULL; device++) {
        if (!has_run_of(of, (*device)->name, NULL)) {
            return given_in_vain("device", (*device)->name, err);
        }
    }
    return TB_OK;
}

static tb_status compare_all(tb_comparison *to, const tb_compare_options *options, tb_error *err)
{
    for (size_t i = 0; i < to->count; i++) {
        tb_compared_run *run = &to->runs[i];
        tb_status status = tb_compare_run(to->models, to->arena, options->counters, run, err);
        if (status != TB_OK) {
            return status;
        }
        bool is_compared = run->why_not == NULL;
        run->counted = is_compared && (options->all || run->run->kind != TB_RUN_DENSE);
        to->compared += is_compared;
    }
    return check_used(to, options, err);
}

static tb_status list_runs(const tb_profile *const *profiles, size_t count, tb_comparison *to,
                           tb_error *err)
{
    size_t total = 0;
    for (size_t p = 0; p < count; p++) {
        if (profiles[p]->holds_bounds) {
            return tb_fail(
                err, TB_EINVAL,
                "profile '%s' holds bounds of a simulator, not measured runs; 'tilebound "
                "predict' computes such bounds",
                profiles[p]->name);
        }
        total += profiles[p]->count;
    }
    to->runs = tb_arena_array(to->arena, total, sizeof *to->runs);
    if (to->runs == NULL) {
        return no_memory(err);
    }
    for (size_t p = 0; p < count; p++) {
        for (size_t i = 0; i < profiles[p]->count; i++) {
            to->runs[to->count].profile = profiles[p];
            to->runs[to->count].run = &profiles[p]->runs[i];
            to->runs[to->count++].is_of_ratio =
                tb_run_is_of_ratio(profiles[p], &profiles[p]->runs[i]);
        }
    }
    return TB_OK;
}

tb_status tb_compare(const tb_profile *const *profiles, size_t count,
                     const tb_compare_options *options, tb_comparison **out, tb_error *err)
{
    tb_comparison *comparison = calloc(1, sizeof *comparison);
    if (comparison == NULL) {
        return no_memory(err);
    }
    comparison->arena = tb_arena_create();
    comparison->models = tb_models_create(options->kernels, options->devices);
    tb_status status =
        comparison->arena == NULL || comparison->models == NULL ? no_memory(err) : TB_OK;
    for (size_t p = 0; status == TB_OK && p < count; p++) {
        status = tb_models_lend(comparison->models, profiles[p]->device, err);
    }
    if (status == TB_OK) {
        status = list_runs(profiles, count, comparison, err);
    }
    if (status == TB_OK) {
        status =
            tb_profiles_emulated(profiles, count, options->devices, &comparison->is_emulated, err);
    }
    if (status == TB_OK) {
        status = compare_all(comparison, options, err);
    }
    if (status == TB_OK) {
        status = tb_compare_networks(profiles, count, comparison->models, comparison->arena,
                                     &comparison->networks, &comparison->network_count, err);
    }
    if (status == TB_OK) {
        status = tb_compare_ratios(profiles, count, comparison->models, comparison->arena,
                                   &comparison->ratios, &comparison->ratio_count, err);
    }
    if (status == TB_OK) {
        status = summarise_all(comparison, err);
    }
    if (status != TB_OK) {
        tb_comparison_destroy(comparison);
        return status;
    }
    *out = comparison;
    return TB_OK;
}

static int larger_error_first(const void *a, const void *b)
{
    const tb_compared_run *const *left = a, *const *right = b;
    double p = fabs((*left)->error_percent), q = fabs((*right)->error_percent);
    if (p != q) {
        return p < q ? 1 : -1;
    }
    return *left < *right ? -1 : 1; /* both lie in one array */
}

size_t tb_compare_worst(const tb_comparison *comparison, size_t wanted, const tb_compared_run **out)
{
    size_t count = 0;
    for (size_t i = 0; i < comparison->count; i++) {
        if (comparison->runs[i].counted) {
            out[count++] = &comparison->runs[i];
        }
    }
    qsort(out, count, sizeof *out, larger_error_first);
    return count < wanted ? count : wanted;
}

void tb_comparison_destroy(tb_comparison *comparison)
{
    if (comparison == NULL) {
        return;
    }
    tb_models_destroy(comparison->models);
    tb_arena_destroy(comparison->arena);
    free(comparison);
}
