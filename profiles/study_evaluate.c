/* One point of a study: its problem from the suite's tree, its prediction, its row. */
#include "case_file.h"
#include "study_columns.h"
#include "study_measure.h"
#include "study_models.h"
#include "study_point.h"
#include "study_results.h"
#include "text.h"
#include "yaml_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_OF_A_TREE 64 /* that one document holds before it is dropped */

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
    tb_device_destroy(worker->device);
    tb_device_destroy(worker->mechanism_device);
    tb_mechanism_destroy(worker->mechanism);
    free(worker);
}

/* The document is dropped now and then, so that its memory stays bounded. */
static tb_status renew_tree(tb_study_worker *worker, tb_error *err)
{
    if (worker->tree != NULL && worker->tree_uses++ < POINTS_OF_A_TREE) {
        return TB_OK;
    }
    tb_yaml_destroy(worker->tree);
    worker->tree = NULL;
    worker->tree_uses = 0;
    return tb_yaml_parse("{}", 2, "study", &worker->tree, err);
}

/* The value as a node, and in the row where it has a column. */
static tb_status put_value(tb_study_worker *worker, const tb_study_axis *axis,
                           const tb_axis_value *value, size_t column, char text[static 160],
                           tb_study_row *row, const tb_yaml_node **out, tb_error *err)
{
    if (value->node == NULL) {
        char number[32];
        if (value->is_real) {
            (void)tb_text_shortest(value->real, number);
            tb_row_real(row, column, value->real);
        } else {
            (void)snprintf(number, sizeof number, "%lld", (long long)value->integer);
            tb_row_integer(row, column, value->integer);
        }
        return tb_yaml_scalar(worker->tree, axis->values, number, out, err);
    }
    *out = value->node;
    int64_t integer = 0;
    double real = 0;
    if (tb_yaml_int(*out, INT64_MIN, INT64_MAX, &integer, NULL) == TB_OK) {
        tb_row_integer(row, column, integer);
    } else if (tb_yaml_double(*out, -1e308, 1e308, &real, NULL) == TB_OK) {
        tb_row_real(row, column, real);
    } else {
        bool is_list = tb_yaml_is_list(*out);
        size_t count = is_list ? tb_yaml_count(*out) : 1, length = 0;
        for (size_t i = 0; i < count && length < 128; i++) {
            const char *part = "";
            tb_status status = tb_yaml_text(is_list ? tb_yaml_item(*out, i) : *out, &part, err);
            if (status != TB_OK) {
                return status;
            }
            length +=
                (size_t)snprintf(text + length, 160 - length, "%s%.24s", i > 0 ? "x" : "", part);
        }
        tb_row_text(row, column, text);
    }
    return TB_OK;
}

/* The entry with the point's values. */
static tb_status place(tb_study_worker *worker, const tb_study_entry *entry, int64_t point,
                       tb_row_texts *texts, tb_study_row *row, const tb_yaml_node **out,
                       tb_error *err)
{
    tb_axis_value values[TB_STUDY_AXES_MAX];
    tb_cell unseen = {.type = TB_CELL_NULL};
    *out = entry->node;
    tb_status status = renew_tree(worker, err);
    if (status == TB_OK) {
        tb_study_axes_at(&entry->axes, point - entry->first, &worker->sampler, values);
    }
    for (size_t a = 0; status == TB_OK && a < entry->axes.count; a++) {
        const tb_study_axis *axis = &entry->axes.axis[a];
        const tb_yaml_node *node = NULL;
        status =
            put_value(worker, axis, &values[a], entry->column[a], texts->axis[a], row, &node, err);
        if (status == TB_OK) {
            status = tb_yaml_overlay(worker->tree, *out, axis->key, axis->path, node, out, err);
        }
    }
    row->cell[0] = unseen; /* where axes went that another column shows */
    return status;
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

/* Everything that is the suite's to say. */
static tb_status read_point(const tb_study *study, tb_point_case *point, tb_error *err)
{
    tb_status status = read_names(study, point, err);
    if (status == TB_OK && point->mechanism != NULL) {
        const tb_yaml_node *pattern = tb_yaml_get(point->node, "pattern");
        if (pattern != NULL || tb_yaml_get(point->node, "tiling") != NULL) {
            return tb_yaml_fail(point->node, err,
                                "a mechanism has its own patterns and tiles; leave pattern and "
                                "tiling out");
        }
        return TB_OK; /* its problem is read when its own heads and dims are known */
    }
    if (status == TB_OK) {
        status = tb_case_read_objects(point->node, "", &point->item, err);
    }
    if (status == TB_OK && point->item.problem.layout.rank == 0) {
        status =
            tb_yaml_fail(point->node, err, "problem.layout is missing; give the layout's extents");
    }
    if (status == TB_OK) {
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
        tb_row_texts texts;
        tb_point_case point = {.item = tb_case_default()};
        const tb_study_entry *entry = &study->entries[e];
        status = place(worker, entry, entry->first, &texts, &row, &point.node, err);
        if (status == TB_OK) {
            status = read_point(study, &point, err);
        }
        tb_case_release(&point.item);
    }
    tb_study_worker_destroy(worker);
    return status;
}

static tb_status predict(tb_study_worker *worker, const tb_point_case *point, tb_row_texts *texts,
                         tb_study_row *row, tb_error *err)
{
    const tb_study_models *models = worker->study->models;
    const tb_device *device = NULL;
    tb_prediction p = {0};
    tb_timing timing;
    tb_results_problem(&point->item.problem, texts, row);
    tb_results_pattern(&point->item.pattern, point->item.problem.layout.rank, texts, row);
    tb_status status = tb_point_device(worker, point, &device, err);
    const char *kernel_name =
        point->kernel != NULL || device == NULL ? point->kernel : device->default_kernel;
    const char *dense = point->baseline_kernel != NULL || device == NULL ? point->baseline_kernel
                                                                         : device->dense_kernel;
    const tb_kernel *kernel = tb_study_models_kernel(models, kernel_name);
    tb_row_text(row, TB_COLUMN_KERNEL, kernel_name);
    if (status == TB_OK && device != NULL && kernel == NULL) {
        status =
            tb_fail(err, TB_EINVAL, "device %s has no default kernel; give kernel", device->name);
    }
    if (status == TB_OK) {
        status = tb_predict(&point->item, kernel, &p, err);
    }
    if (status == TB_OK) {
        tb_results_prediction(&p, texts, row);
    }
    if (status == TB_OK && device != NULL) {
        status = tb_predict_time(&p, kernel, device, tb_study_models_kernel(models, dense), &timing,
                                 err);
        if (status == TB_OK) {
            tb_results_timing(&timing, row);
        }
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
        status = tb_case_read_objects(point->node, "", &item, err);
    }
    if (status == TB_OK && item.problem.layout.rank == 0) {
        status = tb_fail(err, TB_EINVAL, "a mechanism on how many tokens? give problem.layout");
    }
    if (status == TB_OK) {
        status = tb_mechanism_layout(worker->mechanism, &item.problem.layout, &changed, err);
    }
    if (status == TB_OK) {
        tb_results_problem(&item.problem, texts, row);
        options.kernel = tb_study_models_kernel(models, point->kernel);
        options.baseline_kernel = tb_study_models_kernel(models, point->baseline_kernel);
        tb_row_text(row, TB_COLUMN_KERNEL, point->kernel);
        status = tb_mechanism_run_with(worker->mechanism, &item.problem, &options, &result, err);
        if (status == TB_OK) {
            tb_results_mechanism(&result, row);
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
            : tb_study_measure_point(study->measurer, &point->item, row, why);
    if (is_of_point(status)) {
        tb_row_text(row, TB_COLUMN_ERROR, why->message);
        return TB_OK;
    }
    return status;
}

tb_status tb_study_evaluate(tb_study_worker *worker, int64_t point, tb_buffer *out, tb_error *err)
{
    const tb_study *study = worker->study;
    const tb_study_entry *entry = tb_study_entry_of(study, point);
    tb_study_row row = {0};
    tb_row_texts texts;
    tb_error why = {0};
    tb_point_case at = {.item = tb_case_default()};
    tb_status status = place(worker, entry, point, &texts, &row, &at.node, &why);
    tb_row_text(&row, TB_COLUMN_ENTRY, entry->name);
    if (status == TB_OK) {
        status = read_point(study, &at, &why);
    }
    tb_row_text(&row, TB_COLUMN_DEVICE, at.device);
    tb_row_text(&row, TB_COLUMN_MECHANISM, at.mechanism);
    if (status == TB_OK) {
        status = at.mechanism != NULL ? predict_mechanism(worker, &at, &texts, &row, &why)
                                      : predict(worker, &at, &texts, &row, &why);
    }
    if (is_of_point(status)) {
        for (size_t c = TB_COLUMN_FIRST_RESULT; c < TB_COLUMN_COUNT; c++) {
            row.cell[c] = (tb_cell){.type = TB_CELL_NULL};
        }
        tb_row_text(&row, TB_COLUMN_ERROR, why.message);
        status = TB_OK;
    }
    if (status == TB_OK && study->measurer != NULL && row.cell[TB_COLUMN_ERROR].text == NULL) {
        status = measure(study, &at, &row, &why);
    }
    if (status == TB_OK) {
        tb_row_pack(&row, study->column_count, out);
        status = tb_buffer_check(out, err);
    } else if (err != NULL) {
        *err = why;
    }
    tb_case_release(&at.item);
    return status;
}
