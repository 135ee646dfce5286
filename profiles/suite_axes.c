#include "suite_axes.h"

#include "buffer.h"
#include "statistics.h"
#include "yaml_fields.h"

#include <string.h>

#define MOST_PROBLEMS 100000 /* of one entry */

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for the axes of a suite");
}

static bool is_path(const char *text)
{
    static const char *const roots[] = {"problem.", "pattern.", "tiling."};
    for (size_t r = 0; r < sizeof roots / sizeof *roots; r++) {
        if (strncmp(text, roots[r], strlen(roots[r])) == 0) {
            return true;
        }
    }
    return false;
}

static tb_status check_values(const tb_axis *axis, size_t which, void *user, tb_error *err)
{
    (void)which;
    (void)user;
    if (tb_yaml_is_list(axis->values) && tb_yaml_count(axis->values) > 0) {
        return TB_OK;
    }
    return tb_yaml_fail(tb_yaml_is_null(axis->values) ? axis->key : axis->values, err,
                        "a list of the values that %s takes is needed here%s", axis->path,
                        tb_yaml_is_map(axis->values) ? "; ranges are read by sweep alone" : "");
}

static const tb_axis_rules rules = {.is_path = is_path,
                                    .paths = "begins with problem., pattern. or tiling.",
                                    .values = "lists of values",
                                    .read_values = check_values};

static tb_status count_combinations(const tb_yaml_node *entry, tb_suite_axes *out, tb_error *err)
{
    const tb_axis_list *list = &out->list;
    out->total = list->zip_count > 0 ? tb_yaml_count(list->axis[0].values) : 1;
    for (size_t a = 1; a < list->zip_count; a++) {
        const tb_yaml_node *values = list->axis[a].values;
        tb_status status =
            tb_axis_check_zip(values, (int64_t)tb_yaml_count(values), (int64_t)out->total, err);
        if (status != TB_OK) {
            return status;
        }
    }
    for (size_t a = list->zip_count; a < list->count; a++) {
        out->total *= tb_yaml_count(list->axis[a].values);
        if (out->total > MOST_PROBLEMS) {
            return tb_yaml_fail(entry, err, "more than %d problems; use fewer values, or sample",
                                MOST_PROBLEMS);
        }
    }
    return TB_OK;
}

tb_status tb_suite_axes_draw(size_t total, size_t wanted, uint64_t seed, tb_arena *arena,
                             const size_t **out, tb_error *err)
{
    *out = NULL;
    if (wanted >= total) {
        return TB_OK;
    }
    size_t *order = tb_arena_array(arena, total, sizeof *order);
    size_t *drawn = tb_arena_array(arena, wanted, sizeof *drawn);
    bool *taken = tb_arena_array(arena, total, sizeof *taken);
    if (order == NULL || drawn == NULL || taken == NULL) {
        return no_memory(err);
    }
    tb_status status = tb_shuffle(order, total, seed, err);
    for (size_t i = 0; status == TB_OK && i < wanted; i++) {
        taken[order[i]] = true;
    }
    for (size_t i = 0, n = 0; i < total; i++) {
        if (taken[i]) {
            drawn[n++] = i;
        }
    }
    *out = drawn;
    return status;
}

/* `sample` combinations of all, in their order, drawn by `seed`. */
static tb_status draw(const tb_yaml_node *entry, tb_arena *arena, tb_suite_axes *out, tb_error *err)
{
    int64_t wanted = 0, seed = 1;
    tb_status status = tb_field_int(entry, "sample", 1, &wanted, err);
    if (status == TB_OK) {
        status = tb_field_int(entry, "seed", 0, &seed, err);
    }
    out->problems = out->total;
    if (status != TB_OK || wanted == 0 || (size_t)wanted >= out->total) {
        return status;
    }
    out->problems = (size_t)wanted;
    return tb_suite_axes_draw(out->total, out->problems, (uint64_t)seed, arena, &out->drawn, err);
}

tb_status tb_suite_axes_read(const tb_yaml_node *entry, tb_arena *arena, tb_suite_axes *out,
                             tb_error *err)
{
    tb_suite_axes axes = {0};
    tb_status status = tb_axis_list_read(entry, &rules, &axes.list, NULL, err);
    if (status == TB_OK) {
        status = count_combinations(entry, &axes, err);
    }
    const tb_yaml_node *sample = tb_yaml_get(entry, "sample"), *seed = tb_yaml_get(entry, "seed");
    if (status == TB_OK && sample != NULL && axes.list.count == 0) {
        return tb_yaml_fail(sample, err, "sample without axes; give cross or zip, or leave it out");
    }
    if (status == TB_OK && seed != NULL && sample == NULL) {
        return tb_yaml_fail(seed, err, "seed without sample; leave it out");
    }
    if (status == TB_OK) {
        status = draw(entry, arena, &axes, err);
    }
    if (status == TB_OK) {
        *out = axes;
    }
    return status;
}

/* Append "/window=16x8". */
static tb_status name_value(const tb_axis *axis, const tb_yaml_node *value, tb_buffer *name,
                            tb_error *err)
{
    const char *text = NULL;
    tb_status status = TB_OK;
    tb_buffer_printf(name, "/%s=", strrchr(axis->path, '.') + 1);
    size_t count = tb_yaml_is_list(value) ? tb_yaml_count(value) : 1;
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        status = tb_yaml_text(tb_yaml_is_list(value) ? tb_yaml_item(value, i) : value, &text, err);
        if (status == TB_OK) {
            tb_buffer_printf(name, "%s%s", i > 0 ? "x" : "", text);
        }
    }
    return status;
}

tb_status tb_suite_axes_problem(const tb_suite_axes *axes, tb_yaml *doc, const tb_yaml_node *entry,
                                const char *name, size_t which, tb_arena *arena,
                                const tb_yaml_node **out, const char **out_name, tb_error *err)
{
    const tb_axis_list *list = &axes->list;
    size_t index = axes->drawn != NULL ? axes->drawn[which] : which;
    size_t at[TB_AXES_MAX] = {0};
    for (size_t a = list->count; a > list->zip_count; a--) { /* the last axis moves fastest */
        size_t values = tb_yaml_count(list->axis[a - 1].values);
        at[a - 1] = index % values;
        index /= values;
    }
    for (size_t a = 0; a < list->zip_count; a++) {
        at[a] = index;
    }
    const tb_yaml_node *made = entry;
    tb_buffer text = {0};
    tb_status status = TB_OK;
    tb_buffer_text(&text, name);
    for (size_t a = 0; status == TB_OK && a < list->count; a++) {
        const tb_axis *axis = &list->axis[a];
        const tb_yaml_node *value = tb_yaml_item(axis->values, at[a]);
        status = name_value(axis, value, &text, err);
        if (status == TB_OK) {
            status = tb_yaml_overlay(doc, made, axis->key, axis->path, value, &made, err);
        }
    }
    if (status == TB_OK) {
        status = tb_buffer_check(&text, err);
    }
    const char *kept = status == TB_OK ? tb_arena_text(arena, text.data, text.length) : NULL;
    tb_buffer_free(&text);
    if (status == TB_OK && kept == NULL) {
        return no_memory(err);
    }
    *out = made;
    *out_name = kept;
    return status;
}
