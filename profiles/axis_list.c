#include "axis_list.h"

#include <string.h>

static tb_status read_axis(const tb_axis *axis, const tb_axis_rules *rules, tb_axis_list *out,
                           void *user, tb_error *err)
{
    if (!rules->is_path(axis->path)) {
        return tb_yaml_fail(axis->key, err, "'%s' is no axis; it %s", axis->path, rules->paths);
    }
    for (size_t a = 0; a < out->count; a++) { /* zip and cross may name the same */
        if (strcmp(out->axis[a].path, axis->path) == 0) {
            return tb_yaml_fail(axis->key, err, "a second axis %s; a value varies along one",
                                axis->path);
        }
    }
    if (out->count == TB_AXES_MAX) {
        return tb_yaml_fail(axis->key, err, "more than %d axes", TB_AXES_MAX);
    }
    out->axis[out->count] = *axis;
    return rules->read_values(axis, out->count++, user, err);
}

static tb_status read_axes(const tb_yaml_node *map, const tb_axis_rules *rules, tb_axis_list *out,
                           void *user, tb_error *err)
{
    if (map == NULL) {
        return TB_OK;
    }
    if (!tb_yaml_is_map(map)) {
        return tb_yaml_fail(map, err,
                            "a mapping from paths such as pattern.window to %s is needed here",
                            rules->values);
    }
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(map); i++) {
        tb_axis axis = {tb_yaml_key_node(map, i), tb_yaml_key(map, i), tb_yaml_item(map, i)};
        status = read_axis(&axis, rules, out, user, err);
    }
    return status;
}

tb_status tb_axis_list_read(const tb_yaml_node *entry, const tb_axis_rules *rules,
                            tb_axis_list *out, void *user, tb_error *err)
{
    tb_axis_list axes = {0};
    tb_status status = read_axes(tb_yaml_get(entry, "zip"), rules, &axes, user, err);
    axes.zip_count = axes.count;
    if (status == TB_OK) {
        status = read_axes(tb_yaml_get(entry, "cross"), rules, &axes, user, err);
    }
    if (status == TB_OK) {
        *out = axes;
    }
    return status;
}

tb_status tb_axis_check_zip(const tb_yaml_node *values, int64_t count, int64_t first, tb_error *err)
{
    return count == first
               ? TB_OK
               : tb_yaml_fail(
                     values, err,
                     "%lld values, and %lld of the first axis of zip; they must be as many",
                     (long long)count, (long long)first);
}
