#include "pattern_file.h"

#include "arena.h"
#include "yaml_fields.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const field_keys[] = {"kind", "window", "stride", "dilation",   "causal",
                                         "left", "right",  "mask",   "mask_block", NULL};

/* A list of `rank` integers under `key`, if it is there. */
static tb_status read_dims(const tb_yaml_node *map, const char *key, int rank, int64_t min,
                           int64_t *out, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, key);
    if (node == NULL) {
        return TB_OK;
    }
    size_t count = 0;
    tb_status status = tb_yaml_int_list(node, TB_MAX_RANK, min, INT64_MAX, out, &count, err);
    if (status == TB_OK && (int)count != rank) {
        return tb_yaml_fail(node, err, "%s has %zu %s; one a dimension of the layout: %d", key,
                            count, count == 1 ? "entry" : "entries", rank);
    }
    return status;
}

tb_status tb_pattern_read_gna(const tb_yaml_node *map, int rank, tb_pattern *pattern, tb_error *err)
{
    pattern->kind = TB_PATTERN_GNA;
    tb_status status = read_dims(map, "window", rank, TB_WHOLE_AXIS, pattern->window, err);
    if (status == TB_OK) {
        status = read_dims(map, "stride", rank, 1, pattern->stride, err);
    }
    if (status == TB_OK) {
        status = read_dims(map, "dilation", rank, 1, pattern->dilation, err);
    }
    const tb_yaml_node *causal = tb_yaml_get(map, "causal");
    if (status == TB_OK && causal != NULL) {
        size_t count = 0;
        status = tb_yaml_bool_list(causal, TB_MAX_RANK, pattern->causal, &count, err);
        if (status == TB_OK && (int)count != rank) {
            return tb_yaml_fail(causal, err, "causal has %zu %s; one a dimension of the layout: %d",
                                count, count == 1 ? "entry" : "entries", rank);
        }
    }
    return status;
}

char *tb_pattern_mask_path(const char *file, const char *mask)
{
    const char *slash = strrchr(file, '/');
    size_t folder = slash == NULL || mask[0] == '/' ? 0 : (size_t)(slash - file) + 1;
    size_t length = folder + strlen(mask) + 1;
    char *path = malloc(length);
    if (path != NULL) {
        (void)snprintf(path, length, "%.*s%s", (int)folder, file, mask);
    }
    return path;
}

static tb_status read_explicit(const tb_yaml_node *map, const char *file, tb_case *item,
                               tb_error *err)
{
    const tb_yaml_node *mask = NULL, *block = tb_yaml_get(map, "mask_block");
    const char *text = NULL;
    int64_t sizes[2] = {1, 1};
    size_t count = 2;
    tb_status status = tb_yaml_need(map, "mask", &mask, err);
    if (status == TB_OK) {
        status = tb_yaml_text(mask, &text, err);
    }
    if (status == TB_OK && block != NULL) {
        status = tb_yaml_int_list(block, 2, 1, INT64_MAX, sizes, &count, err);
    }
    if (status == TB_OK && count != 2) {
        return tb_yaml_fail(block, err, "mask_block has %zu %s; it needs two", count,
                            count == 1 ? "entry" : "entries");
    }
    if (status != TB_OK) {
        return status;
    }
    char *path = tb_pattern_mask_path(file, text);
    if (path == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a path");
    }
    status = tb_case_set_mask(item, path, sizes[0], sizes[1], err);
    free(path);
    return status;
}

/* Keys of one kind in a pattern of another would be ignored: refuse them. */
static tb_status refuse_keys(const tb_yaml_node *map, const char *kind, const char *const *allowed,
                             tb_error *err)
{
    for (size_t i = 0; i < tb_yaml_count(map); i++) {
        bool known = strcmp(tb_yaml_key(map, i), "kind") == 0;
        for (const char *const *key = allowed; *key != NULL; key++) {
            known = known || strcmp(*key, tb_yaml_key(map, i)) == 0;
        }
        if (!known) {
            return tb_yaml_fail(tb_yaml_key_node(map, i), err,
                                "a %s pattern has no %s; leave it out", kind, tb_yaml_key(map, i));
        }
    }
    return TB_OK;
}

static tb_status need_layout(const tb_yaml_node *map, const tb_problem *problem, tb_error *err)
{
    if (problem->layout.rank > 0) {
        return TB_OK;
    }
    return tb_yaml_fail(map, err, "this needs problem.layout before it; give the layout's extents");
}

/* Kinds whose parameters are fields. */
static tb_status read_fields(const tb_yaml_node *map, const char *file, tb_case *item,
                             tb_pattern *pattern, tb_error *err)
{
    static const char *const gna_keys[] = {"window", "stride", "dilation", "causal", NULL};
    static const char *const local_keys[] = {"left", "right", NULL};
    static const char *const explicit_keys[] = {"mask", "mask_block", NULL};
    static const char *const no_keys[] = {NULL};
    static const char *const *const keys[TB_PATTERN_FIELD_KINDS] = {
        [TB_PATTERN_DENSE] = no_keys,          [TB_PATTERN_CAUSAL] = no_keys,
        [TB_PATTERN_GNA] = gna_keys,           [TB_PATTERN_LOCAL] = local_keys,
        [TB_PATTERN_EXPLICIT] = explicit_keys,
    };
    tb_status status = tb_yaml_check_keys(map, field_keys, err);
    if (status == TB_OK) {
        status = refuse_keys(map, tb_pattern_name(pattern->kind), keys[pattern->kind], err);
    }
    if (status != TB_OK) {
        return status;
    }
    switch (pattern->kind) {
    case TB_PATTERN_EXPLICIT:
        if (pattern != &item->pattern) {
            return tb_yaml_fail(map, err, "a mask file as a part of a pattern; combine the files");
        }
        return read_explicit(map, file, item, err);
    case TB_PATTERN_LOCAL:
        status = tb_field_int(map, "left", TB_UNLIMITED, &pattern->left, err);
        return status == TB_OK ? tb_field_int(map, "right", TB_UNLIMITED, &pattern->right, err)
                               : status;
    case TB_PATTERN_GNA:
        status = need_layout(map, &item->problem, err);
        return status == TB_OK ? tb_pattern_read_gna(map, item->problem.layout.rank, pattern, err)
                               : status;
    default:
        return TB_OK;
    }
}

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a pattern");
}

/* The memory of a case's lists and parts; NULL when exhausted. */
static tb_arena *arena_of(tb_case *item)
{
    if (item->arena == NULL) {
        item->arena = tb_arena_create();
    }
    return item->arena;
}

static tb_status read_list(const tb_yaml_node *node, const tb_pattern_parameter *parameter,
                           tb_case *item, tb_parameter_value *value, tb_error *err)
{
    size_t count = tb_yaml_is_list(node) ? tb_yaml_count(node) : 1;
    int64_t *list =
        arena_of(item) == NULL ? NULL : tb_arena_array(item->arena, count + 1, sizeof *list);
    if (list == NULL) {
        return no_memory(err);
    }
    value->list = list;
    value->count = count;
    return tb_yaml_is_scalar(node) /* one entry need be no list */
               ? tb_yaml_int(node, parameter->least, parameter->most, list, err)
               : tb_yaml_int_list(node, count, parameter->least, parameter->most, list,
                                  &value->count, err);
}

static tb_status read_value(const tb_yaml_node *node, const tb_pattern_parameter *parameter,
                            tb_case *item, tb_parameter_value *value, tb_error *err)
{
    bool flag = false;
    tb_status status = TB_OK;
    value->given = true;
    switch (parameter->kind) {
    case TB_PARAMETER_REAL:
        return tb_yaml_double(node, 0, 1, &value->real, err);
    case TB_PARAMETER_FLAG:
        status = tb_yaml_bool(node, &flag, err);
        value->integer = flag;
        return status;
    case TB_PARAMETER_LIST:
        return read_list(node, parameter, item, value, err);
    default:
        return tb_yaml_int(node, parameter->least, parameter->most, &value->integer, err);
    }
}

static bool has_parts(tb_pattern_kind kind)
{
    return kind == TB_PATTERN_UNION || kind == TB_PATTERN_INTERSECTION;
}

/* Only the keys of the kind: its parameters, a seed where it has instances, parts. */
static tb_status check_table_keys(const tb_yaml_node *map, tb_pattern_kind kind, tb_error *err)
{
    const tb_pattern_type *type = tb_pattern_types[kind];
    const char *keys[TB_PATTERN_PARAMETERS_MAX + 4];
    int count = 0;
    keys[count++] = "kind";
    for (int i = 0; i < type->parameter_count; i++) {
        keys[count++] = type->parameters[i].name;
    }
    if (type->is_random || has_parts(kind) || kind == TB_PATTERN_GLOBAL_LOCAL) {
        keys[count++] = "seed";
    }
    if (has_parts(kind)) {
        keys[count++] = "parts";
    }
    keys[count] = NULL;
    return tb_yaml_check_keys(map, keys, err);
}

static tb_status read_into(const tb_yaml_node *map, const char *file, tb_case *item,
                           tb_pattern *pattern, tb_error *err);

static tb_status read_parts(const tb_yaml_node *map, const char *file, tb_case *item,
                            tb_pattern *pattern, tb_error *err)
{
    const tb_yaml_node *list = NULL;
    tb_status status = tb_yaml_need(map, "parts", &list, err);
    size_t count = status == TB_OK ? tb_yaml_count(list) : 0;
    if (status == TB_OK && (!tb_yaml_is_list(list) || count < 2 || count > TB_PATTERN_PARTS_MAX)) {
        return tb_yaml_fail(list, err, "parts is a list of 2 to %d patterns", TB_PATTERN_PARTS_MAX);
    }
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        tb_pattern *part =
            arena_of(item) == NULL ? NULL : tb_arena_alloc(item->arena, sizeof *part);
        if (part == NULL) {
            return no_memory(err);
        }
        status = read_into(tb_yaml_item(list, i), file, item, part, err);
        pattern->part[i] = part;
        pattern->parts = (int)i + 1;
    }
    return status;
}

/* Kinds whose parameters are in a table. */
static tb_status read_table(const tb_yaml_node *map, const char *file, tb_case *item,
                            tb_pattern *pattern, tb_error *err)
{
    const tb_pattern_type *type = tb_pattern_types[pattern->kind];
    int64_t seed = 0;
    tb_status status = check_table_keys(map, pattern->kind, err);
    for (int i = 0; status == TB_OK && i < type->parameter_count; i++) {
        const tb_pattern_parameter *parameter = &type->parameters[i];
        const tb_yaml_node *node = tb_yaml_get(map, parameter->name);
        if (node == NULL && parameter->is_needed) {
            return tb_yaml_fail(map, err, "a %s pattern needs %s: %s", type->name, parameter->name,
                                parameter->summary);
        }
        if (node != NULL) {
            status = read_value(node, parameter, item, &pattern->value[i], err);
        }
    }
    if (status == TB_OK) {
        status = tb_field_int(map, "seed", 0, &seed, err);
        pattern->seed = (uint64_t)seed;
    }
    return status == TB_OK && has_parts(pattern->kind) ? read_parts(map, file, item, pattern, err)
                                                       : status;
}

static tb_status read_kind(const tb_yaml_node *map, tb_pattern_kind *out, tb_error *err)
{
    const char *names[TB_PATTERN_COUNT];
    size_t kind = TB_PATTERN_GNA;
    if (!tb_yaml_is_map(map)) {
        return tb_yaml_check_keys(map, field_keys, err); /* tells that it is none */
    }
    for (size_t i = 0; i < TB_PATTERN_COUNT; i++) {
        names[i] = tb_pattern_name((tb_pattern_kind)i);
    }
    const tb_yaml_node *node = tb_yaml_get(map, "kind");
    tb_status status =
        node == NULL ? TB_OK : tb_yaml_choice(node, names, TB_PATTERN_COUNT, &kind, err);
    *out = (tb_pattern_kind)kind;
    return status;
}

static tb_status read_into(const tb_yaml_node *map, const char *file, tb_case *item,
                           tb_pattern *pattern, tb_error *err)
{
    *pattern = tb_pattern_default();
    tb_status status = read_kind(map, &pattern->kind, err);
    if (status != TB_OK) {
        return status;
    }
    return pattern->kind < TB_PATTERN_FIELD_KINDS ? read_fields(map, file, item, pattern, err)
                                                  : read_table(map, file, item, pattern, err);
}

tb_status tb_pattern_read(const tb_yaml_node *map, const char *path, tb_case *item, tb_error *err)
{
    tb_case_release(item);
    return read_into(map, path, item, &item->pattern, err);
}
