/* One point of a study: its problem from the suite's tree, its prediction, its row. */
#include "bound.h"
#include "case_file.h"
#include "study_columns.h"
#include "study_measure.h"
#include "study_models.h"
#include "study_network.h"
#include "study_point.h"
#include "study_results.h"
#include "yaml_fields.h"

#include <stdlib.h>

tb_status tb_study_worker_create(const tb_study *study, tb_study_worker **out, tb_error *err)
{
    tb_study_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a study");
    }
    worker->study = study;
    tb_status status = tb_study_sampler_create(&worker->sampler, err);
    if (status != TB_OK) {
        tb_study_worker_destroy(worker);
        return status;
    }
    *out = worker;
    return TB_OK;
}

void tb_study_worker_destroy(tb_study_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    tb_study_sampler_destroy(&worker->sampler);
    tb_yaml_destroy(worker->tree);
    tb_buffer_free(&worker->device_key);
    tb_buffer_free(&worker->mechanism_key);
    tb_buffer_free(&worker->wanted);
    tb_buffer_free(&worker->warnings);
    tb_device_destroy(worker->device);
    tb_device_destroy(worker->mechanism_device);
    tb_mechanism_destroy(worker->mechanism);
    free(worker);
}

/* The option, else what the entry says. */
static tb_status read_name(const tb_yaml_node *node, const char *key, const char *option,
                           const char **out, tb_error *err)
{
    *out = option;
    return option != NULL ? TB_OK : tb_field_text(node, key, false, out, err);
}

static tb_status read_names(const tb_study *study, tb_point_case *point, tb_error *err)
{
    const tb_study_options *options = &study->options;
    tb_status status = read_name(point->node, "device", options->device, &point->device, err);
    if (status == TB_OK) {
        status = read_name(point->node, "kernel", options->kernel, &point->kernel, err);
    }
    if (status == TB_OK) {
        status = read_name(point->node, "baseline_kernel", options->baseline_kernel,
                           &point->baseline_kernel, err);
    }
    return status == TB_OK ? read_name(point->node, "mechanism", NULL, &point->mechanism, err)
                           : status;
}

/* What a mechanism leaves to say. Its problem is read again when its own heads and dims are known.
 */
static tb_status check_mechanism(const tb_point_case *point, tb_error *err)
{
    const tb_yaml_node *pattern = tb_yaml_get(point->node, "pattern");
    const tb_yaml_node *problem = tb_yaml_get(point->node, "problem");
    if (pattern != NULL || tb_yaml_get(point->node, "tiling") != NULL) {
        return tb_yaml_fail(point->node, err,
                            "a mechanism has its own patterns and tiles; leave pattern and tiling "
                            "out");
    }
    if (point->item.problem.pass == TB_PASS_BACKWARD) {
        return tb_yaml_fail(tb_yaml_get(problem, "pass"), err,
                            "mechanisms are run forward; leave pass out");
    }
    return TB_OK;
}

/* Everything that is the suite's to say. */
static tb_status read_point(const tb_study *study, tb_point_case *point, tb_error *err)
{
    tb_status status = read_names(study, point, err);
    if (status == TB_OK) {
        status = tb_point_choices_read(point->node, &point->choices, err);
    }
    if (status == TB_OK) {
        tb_point_network_begin(study, &point->choices, &point->item.problem);
        status = tb_case_read_objects(point->node, study->path, &point->item, err);
    }
    if (status == TB_OK) {
        status = tb_point_network_check(study, point, err);
    }
    if (status == TB_OK && point->mechanism != NULL) {
        status = check_mechanism(point, err);
    }
    if (status == TB_OK && point->item.problem.layout.rank == 0) {
        status =
            tb_yaml_fail(point->node, err, "problem.layout is missing; give the layout's extents");
    }
    if (status == TB_OK && point->choices.parallel.devices > 0 && point->device == NULL) {
        status = tb_yaml_fail(tb_yaml_get(point->node, "parallel"), err,
                              "parallel of which devices? give device");
    }
    if (status == TB_OK && point->choices.has_schedule && point->device == NULL) {
        status = tb_yaml_fail(tb_yaml_get(point->node, "schedule"), err,
                              "schedule on what? give device");
    }
    if (status == TB_OK && point->mechanism == NULL) {
        point->item.baseline = point->choices.baseline;
        point->item.tiling.wants_best = point->choices.wants_best;
        tb_case_normalize(&point->item);
    }
    return status;
}

tb_status tb_study_check(const tb_study *study, tb_error *err)
{
    tb_study_worker *worker = NULL;
    tb_study_row row = {0};
    tb_status status = tb_study_worker_create(study, &worker, err);
    for (size_t e = 0; status == TB_OK && e < study->entry_count; e++) {
        tb_point_case point = {.item = tb_case_default()};
        const tb_study_entry *entry = &study->entries[e];
        status = tb_point_place(worker, entry, entry->first, &row, &point.node, err);
        if (status == TB_OK) {
            status = read_point(study, &point, err);
        }
        tb_case_release(&point.item);
    }
    tb_study_worker_destroy(worker);
    return status;
}

static void put_warnings(tb_study_worker *worker, const tb_messages *warnings, tb_study_row *row)
{
    tb_buffer *text = &worker->warnings;
    text->length = 0;
    for (size_t i = 0; i < warnings->count; i++) {
        tb_buffer_printf(text, "%s%s", i > 0 ? "; " : "", warnings->text[i]);
    }
    tb_row_text(row, TB_COLUMN_WARNING, text->length > 0 ? text->data : NULL);
}

static const tb_kernel *dense_kernel(const tb_study_models *models, const tb_point_case *point,
                                     const tb_device *device)
{
    return tb_study_models_kernel(models, point->baseline_kernel != NULL ? point->baseline_kernel
                                                                         : device->dense_kernel);
}

/* The prediction's time, on one device and on several. */
static tb_status time_it(const tb_study_models *models, const tb_point_case *point,
                         const tb_kernel *kernel, const tb_device *device, tb_prediction *p,
                         tb_study_row *row, tb_error *err)
{
    tb_timing timing;
    tb_parallel_result shared = {.steps = NULL};
    if (!tb_kernel_runs_on(kernel, device)) {
        tb_messages_add(&p->warnings,
                        "kernel %s does not run on %s; its time there is hypothetical",
                        kernel->name, device->name);
    }
    tb_status status =
        tb_predict_time(p, kernel, device, dense_kernel(models, point, device), &timing, err);
    if (status == TB_OK) {
        tb_results_timing(&timing, row);
    }
    if (status == TB_OK && point->choices.parallel.devices > 0) {
        tb_parallel_single single = {.problem = &p->problem,
                                     .pattern = &p->pattern,
                                     .tiling = &p->tiling,
                                     .census = &p->census,
                                     .kernel = kernel,
                                     .device = device,
                                     .attention_us = timing.time.attention_us};
        status = tb_parallel_predict(&point->choices.parallel, &single, &shared, err);
        if (status == TB_OK) {
            tb_results_parallel(&shared.time, row);
            tb_parallel_result_release(&shared);
        }
    }
    return status;
}

/* The kernel under the point's schedule: *kernel itself, or a copy of it in `other`. */
static tb_status set_schedule(const tb_point_case *point, tb_kernel *other,
                              const tb_kernel **kernel, tb_error *err)
{
    if (!point->choices.has_schedule) {
        return TB_OK;
    }
    if (!(*kernel)->time.given) {
        return tb_fail(err, TB_EINVAL, "kernel %s has no time model, and so no schedule",
                       (*kernel)->name);
    }
    *other = **kernel;
    other->time.schedule = point->choices.schedule;
    *kernel = other;
    return TB_OK;
}

static tb_status predict(tb_study_worker *worker, const tb_point_case *point, tb_row_texts *texts,
                         tb_study_row *row, tb_error *err)
{
    const tb_study_models *models = worker->study->models;
    const tb_device *device = NULL;
    tb_prediction p = {0};
    tb_results_problem(&point->item.problem, texts, row);
    if (point->choices.network_case == NULL) { /* whose layers have patterns of their own */
        tb_results_pattern(&point->item.pattern, point->item.problem.layout.rank, texts, row);
    }
    tb_status status = tb_point_device(worker, point, &device, err);
    const char *kernel_name =
        point->kernel != NULL || device == NULL ? point->kernel : device->default_kernel;
    const tb_kernel *kernel = tb_study_models_kernel(models, kernel_name);
    tb_row_text(row, TB_COLUMN_KERNEL, kernel_name);
    tb_row_text(row, TB_COLUMN_BASELINE, tb_baseline_names[point->item.baseline]);
    if (status == TB_OK && device != NULL && kernel == NULL) {
        status =
            tb_fail(err, TB_EINVAL, "device %s has no default kernel; give kernel", device->name);
    }
    const tb_kernel *own = kernel;
    tb_kernel scheduled;
    if (status == TB_OK) {
        status = set_schedule(point, &scheduled, &kernel, err);
    }
    if (status == TB_OK && point->choices.network != NULL) {
        tb_point_models on = {device, kernel, dense_kernel(models, point, device)};
        return tb_point_network_predict(worker->study, point, &on, row, err);
    }
    if (status == TB_OK) {
        status = tb_predict(&point->item, kernel, &p, err);
    }
    if (status == TB_OK) {
        tb_results_prediction(&p, texts, row);
    }
    if (status == TB_OK && kernel != NULL && kernel->time.schedule != own->time.schedule) {
        tb_messages_add(&p.warnings, "kernel %s is scheduled %s; its time %s is hypothetical",
                        own->name, tb_schedule_policy_names[own->time.schedule],
                        tb_schedule_policy_names[kernel->time.schedule]);
    }
    if (status == TB_OK && device != NULL) {
        status = time_it(models, point, kernel, device, &p, row, err);
    }
    if (status == TB_OK) {
        put_warnings(worker, &p.warnings, row);
    }
    tb_prediction_release(&p);
    return status;
}

static tb_status predict_mechanism(tb_study_worker *worker, const tb_point_case *point,
                                   tb_row_texts *texts, tb_study_row *row, tb_error *err)
{
    const tb_study_models *models = worker->study->models;
    tb_case item = tb_case_default();
    tb_mechanism_options options = {0};
    tb_mechanism_result result = {0};
    bool changed = false;
    tb_status status = tb_point_mechanism(worker, point, &options.device, err);
    if (status == TB_OK) {
        item.problem = worker->mechanism->problem;
        status = tb_case_read_objects(point->node, worker->study->path, &item, err);
    }
    if (status == TB_OK) {
        status = tb_mechanism_layout(worker->mechanism, &item.problem.layout, &changed, err);
    }
    if (status == TB_OK) {
        tb_results_problem(&item.problem, texts, row);
        options.kernel = tb_study_models_kernel(models, point->kernel);
        options.baseline_kernel = tb_study_models_kernel(models, point->baseline_kernel);
        options.seed = point->choices.seed;
        tb_row_text(row, TB_COLUMN_KERNEL, point->kernel);
        tb_row_text(row, TB_COLUMN_BASELINE, tb_baseline_names[worker->mechanism->baseline]);
        status = tb_mechanism_run_with(worker->mechanism, &item.problem, &options, &result, err);
        if (status == TB_OK) {
            tb_results_mechanism(&result, row);
            put_warnings(worker, &result.warnings, row);
            tb_mechanism_result_release(&result);
        }
    }
    tb_case_release(&item);
    return status;
}

/* Is the point itself at fault, rather than this run? */
static bool is_of_point(tb_status status)
{
    return status == TB_EINVAL || status == TB_EOVERFLOW || status == TB_EFILE ||
           status == TB_EUNAVAILABLE;
}

/* A point that the backend cannot run keeps what was predicted of it. */
static tb_status measure(const tb_study *study, const tb_point_case *point, tb_study_row *row,
                         tb_error *why)
{
    tb_status status =
        point->mechanism != NULL
            ? tb_fail(why, TB_EINVAL, "mechanisms are not measured; leave --backend out")
        : point->choices.network != NULL
            ? tb_fail(why, TB_EINVAL, "whole networks are not measured; leave --backend out")
        : point->choices.has_schedule
            ? tb_fail(why, TB_EINVAL,
                      "kernels are measured under their own schedule; leave --backend out")
            : tb_study_measure_point(study->measurer, &point->item, row, why);
    if (is_of_point(status)) {
        tb_row_text(row, TB_COLUMN_ERROR, why->message);
        return TB_OK;
    }
    return status;
}

/* What the point is of, where it came so far that this is known. */
static void put_names(const tb_point_case *point, tb_study_row *row)
{
    const struct {
        size_t column;
        const char *name;
    } names[] = {{TB_COLUMN_DEVICE, point->device},
                 {TB_COLUMN_MECHANISM, point->mechanism},
                 {TB_COLUMN_NETWORK, point->choices.network},
                 {TB_COLUMN_NETWORK_CASE, point->choices.network_case}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].name != NULL) {
            tb_row_text(row, names[i].column, names[i].name);
        }
    }
}

/* The row of a point that makes no sense: why, and what it is as far as that is known. */
static void refuse_point(const tb_error *why, tb_study_row *row)
{
    for (size_t c = TB_COLUMN_WARNING; c < TB_COLUMN_COUNT; c++) {
        row->cell[c] = (tb_cell){.type = TB_CELL_NULL};
    }
    tb_row_text(row, TB_COLUMN_ERROR, why->message);
}

tb_status tb_study_evaluate(tb_study_worker *worker, int64_t point, tb_buffer *out, tb_error *err)
{
    const tb_study *study = worker->study;
    const tb_study_entry *entry = tb_study_entry_of(study, point);
    tb_study_row row = {0};
    tb_row_texts texts;
    tb_error why = {0};
    tb_point_case at = {.item = tb_case_default()};
    tb_status status = tb_point_place(worker, entry, point, &row, &at.node, &why);
    tb_row_text(&row, TB_COLUMN_ENTRY, entry->name);
    if (status == TB_OK) {
        status = read_point(study, &at, &why);
    }
    put_names(&at, &row);
    if (status == TB_OK) {
        status = at.mechanism != NULL ? predict_mechanism(worker, &at, &texts, &row, &why)
                                      : predict(worker, &at, &texts, &row, &why);
    }
    if (is_of_point(status)) {
        refuse_point(&why, &row);
        status = TB_OK;
    }
    if (status == TB_OK && study->measurer != NULL && row.cell[TB_COLUMN_ERROR].text == NULL) {
        status = measure(study, &at, &row, &why);
    }
    if (status == TB_OK) {
        tb_row_pack(&row, study->column_count, out);
        status = tb_buffer_check(out, err);
    } else {
        (void)tb_fail(err, status, "point %lld, of entry '%s': %s", (long long)point, entry->name,
                      why.message);
    }
    tb_case_release(&at.item);
    return status;
}
