/* Reads the `fits` of a kernel file. */
#include "kernel_fit_file.h"

#include "yaml_fields.h"

#include <math.h>
#include <string.h>

static const char *const fit_keys[] = {
    "device",  "compute_capability", "date",     "runs", "values", "errors", "covariance",
    "scatter", "degrees_of_freedom", "emulated", NULL};

tb_status tb_fit_file_parameter(const tb_yaml_node *map, size_t i, size_t *parameter, tb_error *err)
{
    const char *names[TB_TIME_PARAMETER_COUNT];
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        names[p] = tb_time_parameters[p].name;
    }
    return tb_yaml_choice(tb_yaml_key_node(map, i), names, TB_TIME_PARAMETER_COUNT, parameter, err);
}

double tb_fit_file_largest(size_t parameter)
{
    return tb_time_parameters[parameter].scale == TB_SCALE_LOGIT ? 1 : HUGE_VAL;
}

/* A mapping from parameters to numbers; `given` may be NULL. */
static tb_status read_numbers(const tb_yaml_node *map, bool bounded, double *values, bool *given,
                              tb_error *err)
{
    if (map == NULL) {
        return TB_OK;
    }
    if (!tb_yaml_is_map(map)) {
        return tb_yaml_fail(map, err, "a mapping from parameters to numbers is needed here");
    }
    for (size_t i = 0; i < tb_yaml_count(map); i++) {
        size_t p = 0;
        tb_status status = tb_fit_file_parameter(map, i, &p, err);
        if (status == TB_OK) {
            status = tb_yaml_double(tb_yaml_item(map, i), 0,
                                    bounded ? tb_fit_file_largest(p) : HUGE_VAL, &values[p], err);
        }
        if (status != TB_OK) {
            return status;
        }
        if (given != NULL) {
            given[p] = true;
        }
    }
    return TB_OK;
}

/* Row i of a lower triangle: i + 1 numbers. */
static tb_status read_triangle_row(const tb_yaml_node *row, size_t i, const size_t *order,
                                   tb_fit *out, tb_error *err)
{
    if (!tb_yaml_is_list(row) || tb_yaml_count(row) != i + 1) {
        return tb_yaml_fail(row, err, "row %zu of a lower triangle has %zu numbers", i + 1, i + 1);
    }
    for (size_t j = 0; j <= i; j++) {
        double value = 0;
        tb_status status = tb_yaml_double(tb_yaml_item(row, j), -HUGE_VAL, HUGE_VAL, &value, err);
        if (status != TB_OK) {
            return status;
        }
        out->covariance[order[i]][order[j]] = out->covariance[order[j]][order[i]] = value;
    }
    return TB_OK;
}

/* The covariance of the errors: a lower triangle, a row a parameter in the order of `values`;
 * without it the errors are taken as independent. */
static tb_status read_covariance(const tb_yaml_node *map, tb_fit *out, tb_error *err)
{
    const tb_yaml_node *values = tb_yaml_get(map, "values");
    const tb_yaml_node *rows = tb_yaml_get(map, "covariance");
    size_t order[TB_TIME_PARAMETER_COUNT] = {0}, count = values == NULL ? 0 : tb_yaml_count(values);
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        out->covariance[p][p] = out->error[p] * out->error[p];
    }
    if (rows == NULL) {
        return TB_OK;
    }
    if (!tb_yaml_is_list(rows) || tb_yaml_count(rows) != count) {
        return tb_yaml_fail(rows, err, "a lower triangle of %zu rows is needed here", count);
    }
    for (size_t i = 0; i < count; i++) {
        tb_status status = tb_fit_file_parameter(values, i, &order[i], err);
        if (status == TB_OK) {
            status = read_triangle_row(tb_yaml_item(rows, i), i, order, out, err);
        }
        if (status != TB_OK) {
            return status;
        }
    }
    return TB_OK;
}

/* How single runs scatter about the fit. */
static tb_status read_scatter(const tb_yaml_node *map, tb_fit *out, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, "scatter");
    tb_status status = node == NULL ? TB_OK : tb_yaml_double(node, 0, 10, &out->scatter, err);
    out->has_scatter = node != NULL && status == TB_OK;
    return status == TB_OK
               ? tb_field_int(map, "degrees_of_freedom", 1, &out->degrees_of_freedom, err)
               : status;
}

static tb_status read_fit(const tb_yaml_node *map, tb_fit *out, tb_error *err)
{
    tb_status status = tb_yaml_check_keys(map, fit_keys, err);
    if (status == TB_OK) {
        status = tb_field_text(map, "device", true, &out->device, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(map, "date", true, &out->date, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(map, "compute_capability", 1, &out->compute_capability, err);
    }
    if (status == TB_OK) {
        status = tb_field_int(map, "runs", 1, &out->runs, err);
    }
    const tb_yaml_node *emulated = tb_yaml_get(map, "emulated");
    if (status == TB_OK && emulated != NULL) {
        status = tb_yaml_bool(emulated, &out->is_emulated, err);
    }
    if (status == TB_OK) {
        status = read_numbers(tb_yaml_get(map, "values"), true, out->value, out->fitted, err);
    }
    if (status == TB_OK) {
        status = read_numbers(tb_yaml_get(map, "errors"), false, out->error, NULL, err);
    }
    if (status == TB_OK) {
        status = read_covariance(map, out, err);
    }
    return status == TB_OK ? read_scatter(map, out, err) : status;
}

static tb_status refuse_second(const tb_yaml_node *map, const tb_fit *fits, size_t i, tb_error *err)
{
    for (size_t j = 0; j < i; j++) {
        if (strcmp(fits[j].device, fits[i].device) == 0) {
            return tb_yaml_fail(tb_yaml_get(map, "device"), err,
                                "a second fit for %s; a kernel file has one a device",
                                fits[i].device);
        }
    }
    return TB_OK;
}

tb_status tb_fit_file_read(const tb_yaml_node *root, tb_arena *arena, tb_time_traits *out,
                           tb_error *err)
{
    const tb_yaml_node *list = tb_yaml_get(root, "fits");
    if (list == NULL) {
        return TB_OK;
    }
    if (!tb_yaml_is_list(list)) {
        return tb_yaml_fail(list, err, "a list of fits is needed here");
    }
    tb_fit *fits = tb_arena_array(arena, tb_yaml_count(list) + 1, sizeof *fits);
    if (fits == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a kernel");
    }
    for (size_t i = 0; i < tb_yaml_count(list); i++) {
        tb_status status = read_fit(tb_yaml_item(list, i), &fits[i], err);
        if (status == TB_OK) {
            status = refuse_second(tb_yaml_item(list, i), fits, i, err);
        }
        if (status != TB_OK) {
            return status;
        }
    }
    out->fits = fits;
    out->fit_count = tb_yaml_count(list);
    return TB_OK;
}
