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

static tb_status read_axis(const tb_yaml_node *map, size_t i, tb_suite_axes *out, tb_error *err)
{
    static const char *const roots[] = {"problem.", "pattern.", "tiling."};
    const tb_yaml_node *key = tb_yaml_key_node(map, i), *values = tb_yaml_item(map, i);
    const char *text = tb_yaml_key(map, i);
    bool known = false;
    for (size_t r = 0; r < sizeof roots / sizeof *roots; r++) {
        known = known || strncmp(text, roots[r], strlen(roots[r])) == 0;
    }
    if (!known) {
        return tb_yaml_fail(key, err,
                            "'%s' is no axis; it begins with problem., pattern. or tiling.", text);
    }
    if (!tb_yaml_is_list(values) || tb_yaml_count(values) == 0) {
        return tb_yaml_fail(tb_yaml_is_null(values) ? key : values, err,
                            "a list of the values that %s takes is needed here%s", text,
                            tb_yaml_is_map(values) ? "; ranges are read by sweep alone" : "");
    }
    for (size_t a = 0; a < out->count; a++) { /* zip and cross may name the same */
        const char *other = NULL;
        if (tb_yaml_text(out->axis[a].key, &other, NULL) == TB_OK && strcmp(other, text) == 0) {
            return tb_yaml_fail(key, err, "a second axis %s; a value varies along one", text);
        }
    }
    if (out->count == TB_AXES_MAX) {
        return tb_yaml_fail(key, err, "more than %d axes", TB_AXES_MAX);
    }
    out->axis[out->count++] = (tb_suite_axis){.key = key, .values = values};
    return TB_OK;
}

static tb_status read_axes(const tb_yaml_node *entry, const char *name, tb_suite_axes *out,
                           tb_error *err)
{
    const tb_yaml_node *map = tb_yaml_get(entry, name);
    if (map == NULL) {
        return TB_OK;
    }
    if (!tb_yaml_is_map(map)) {
        return tb_yaml_fail(map, err,
                            "a mapping from paths such as pattern.window to lists of "
                            "values is needed here");
    }
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(map); i++) {
        status = read_axis(map, i, out, err);
    }
    return status;
}

static tb_status count_combinations(const tb_yaml_node *entry, tb_suite_axes *out, tb_error *err)
{
    out->total = out->zip_count > 0 ? tb_yaml_count(out->axis[0].values) : 1;
    for (size_t a = 1; a < out->zip_count; a++) {
        if (tb_yaml_count(out->axis[a].values) != out->total) {
            return tb_yaml_fail(out->axis[a].values, err,
                                "%zu values, and %zu of the first axis of zip; they must be as "
                                "many",
                                tb_yaml_count(out->axis[a].values), out->total);
        }
    }
    for (size_t a = out->zip_count; a < out->count; a++) {
        out->total *= tb_yaml_count(out->axis[a].values);
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
    tb_status status = read_axes(entry, "zip", &axes, err);
    axes.zip_count = axes.count;
    if (status == TB_OK) {
        status = read_axes(entry, "cross", &axes, err);
    }
    if (status == TB_OK) {
        status = count_combinations(entry, &axes, err);
    }
    const tb_yaml_node *sample = tb_yaml_get(entry, "sample"), *seed = tb_yaml_get(entry, "seed");
    if (status == TB_OK && sample != NULL && axes.count == 0) {
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
static tb_status name_value(const tb_suite_axis *axis, const tb_yaml_node *value, tb_buffer *name,
                            tb_error *err)
{
    const char *path = NULL, *text = NULL;
    tb_status status = tb_yaml_text(axis->key, &path, err);
    if (status != TB_OK) {
        return status;
    }
    tb_buffer_printf(name, "/%s=", strrchr(path, '.') + 1);
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
    size_t index = axes->drawn != NULL ? axes->drawn[which] : which;
    size_t at[TB_AXES_MAX] = {0};
    for (size_t a = axes->count; a > axes->zip_count; a--) { /* the last axis moves fastest */
        size_t values = tb_yaml_count(axes->axis[a - 1].values);
        at[a - 1] = index % values;
        index /= values;
    }
    for (size_t a = 0; a < axes->zip_count; a++) {
        at[a] = index;
    }
    const tb_yaml_node *made = entry;
    tb_buffer text = {0};
    tb_status status = TB_OK;
    tb_buffer_text(&text, name);
    for (size_t a = 0; status == TB_OK && a < axes->count; a++) {
        const tb_yaml_node *value = tb_yaml_item(axes->axis[a].values, at[a]);
        const char *path = NULL;
        status = name_value(&axes->axis[a], value, &text, err);
        if (status == TB_OK) {
            status = tb_yaml_text(axes->axis[a].key, &path, err);
        }
        if (status == TB_OK) {
            status = tb_yaml_overlay(doc, made, axes->axis[a].key, path, value, &made, err);
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
