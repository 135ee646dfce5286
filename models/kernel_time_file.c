#include "kernel_time_file.h"

#include "yaml_fields.h"

#include <math.h>

static const char *const time_keys[] = {
    "occupancy",   "tensor_efficiency", "alu_ops_per_score", "source", "stated_rows",
    "stated_dims", "trims_rows",        "parameters",        "family", NULL};
static const char *const prior_keys[] = {"value", "spread", "source", NULL};
static const char *const fit_keys[] = {"device", "date", "runs", "values", "errors", NULL};

/* The parameter that key i of a mapping names. */
static tb_status read_parameter(const tb_yaml_node *map, size_t i, size_t *parameter, tb_error *err)
{
    const char *names[TB_TIME_PARAMETER_COUNT];
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        names[p] = tb_time_parameters[p].name;
    }
    return tb_yaml_choice(tb_yaml_key_node(map, i), names, TB_TIME_PARAMETER_COUNT, parameter, err);
}

static double largest_value(size_t parameter)
{
    return tb_time_parameters[parameter].scale == TB_SCALE_LOGIT ? 1 : HUGE_VAL;
}

static tb_status need_number(const tb_yaml_node *map, const char *key, double max, double *out,
                             tb_error *err)
{
    const tb_yaml_node *node = NULL;
    tb_status status = tb_yaml_need(map, key, &node, err);
    return status == TB_OK ? tb_yaml_double(node, 0, max, out, err) : status;
}

static tb_status read_priors(const tb_yaml_node *map, tb_time_traits *out, tb_error *err)
{
    if (!tb_yaml_is_map(map)) {
        return tb_yaml_fail(map, err, "a mapping of parameters with their priors is needed here");
    }
    for (size_t i = 0; i < tb_yaml_count(map); i++) {
        const tb_yaml_node *entry = tb_yaml_item(map, i);
        size_t p = 0;
        tb_status status = read_parameter(map, i, &p, err);
        if (status == TB_OK) {
            status = tb_yaml_check_keys(entry, prior_keys, err);
        }
        if (status == TB_OK) {
            status = need_number(entry, "value", largest_value(p), &out->prior[p].value, err);
        }
        if (status == TB_OK) {
            status = need_number(entry, "spread", HUGE_VAL, &out->prior[p].spread, err);
        }
        if (status == TB_OK) {
            status = tb_field_text(entry, "source", true, &out->prior[p].source, err);
        }
        if (status != TB_OK) {
            return status;
        }
        out->prior[p].given = true;
    }
    return TB_OK;
}

static tb_status read_time(const tb_yaml_node *map, tb_time_traits *out, tb_error *err)
{
    const tb_yaml_node *parameters = NULL;
    tb_status status = tb_yaml_check_keys(map, time_keys, err);
    out->occupancy = 1;
    if (status == TB_OK) {
        const tb_yaml_node *node = tb_yaml_get(map, "occupancy"); /* no GPU runs 64 CTAs on an SM */
        status = node == NULL ? TB_OK : tb_yaml_int(node, 1, 64, &out->occupancy, err);
    }
    if (status == TB_OK) {
        status = need_number(map, "tensor_efficiency", 1, &out->tensor_efficiency, err);
    }
    if (status == TB_OK && out->tensor_efficiency < 0.01) {
        return tb_yaml_fail(tb_yaml_get(map, "tensor_efficiency"), err,
                            "tensor_efficiency is 0.01 to 1");
    }
    if (status == TB_OK) {
        status = need_number(map, "alu_ops_per_score", HUGE_VAL, &out->alu_ops_per_score, err);
    }
    if (status == TB_OK && tb_yaml_get(map, "stated_rows") != NULL) {
        status = need_number(map, "stated_rows", HUGE_VAL, &out->stated_rows, err);
    }
    const tb_yaml_node *trims = tb_yaml_get(map, "trims_rows");
    if (status == TB_OK && trims != NULL) {
        status = tb_yaml_bool(trims, &out->trims_rows, err);
    }
    if (status == TB_OK && tb_yaml_get(map, "stated_dims") != NULL) {
        status = need_number(map, "stated_dims", HUGE_VAL, &out->stated_dims, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(map, "source", true, &out->source, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(map, "family", false, &out->family, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_need(map, "parameters", &parameters, err);
    }
    if (status == TB_OK) {
        status = read_priors(parameters, out, err);
    }
    out->given = status == TB_OK;
    return status;
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
        tb_status status = read_parameter(map, i, &p, err);
        if (status == TB_OK) {
            status = tb_yaml_double(tb_yaml_item(map, i), 0, bounded ? largest_value(p) : HUGE_VAL,
                                    &values[p], err);
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
        status = tb_field_int(map, "runs", 1, &out->runs, err);
    }
    if (status == TB_OK) {
        status = read_numbers(tb_yaml_get(map, "values"), true, out->value, out->fitted, err);
    }
    return status == TB_OK ? read_numbers(tb_yaml_get(map, "errors"), false, out->error, NULL, err)
                           : status;
}

static tb_status read_fits(const tb_yaml_node *list, tb_arena *arena, tb_time_traits *out,
                           tb_error *err)
{
    if (!tb_yaml_is_list(list)) {
        return tb_yaml_fail(list, err, "a list of fits is needed here");
    }
    tb_fit *fits = tb_arena_array(arena, tb_yaml_count(list) + 1, sizeof *fits);
    if (fits == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a kernel");
    }
    for (size_t i = 0; i < tb_yaml_count(list); i++) {
        tb_status status = read_fit(tb_yaml_item(list, i), &fits[i], err);
        if (status != TB_OK) {
            return status;
        }
    }
    out->fits = fits;
    out->fit_count = tb_yaml_count(list);
    return TB_OK;
}

tb_status tb_kernel_read_time(const tb_yaml_node *root, tb_arena *arena, tb_time_traits *out,
                              tb_error *err)
{
    const tb_yaml_node *time = tb_yaml_get(root, "time"), *fits = tb_yaml_get(root, "fits");
    tb_status status = time != NULL ? read_time(time, out, err) : TB_OK;
    if (status == TB_OK && fits != NULL) {
        status = read_fits(fits, arena, out, err);
    }
    return status;
}
