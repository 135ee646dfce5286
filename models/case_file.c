#include "case_file.h"

#include "yaml_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const file_keys[] = {"schema", "problem", "pattern", "tiling", NULL};
static const char *const problem_keys[] = {"layout",   "batch",     "heads", "heads_kv",
                                           "dim",      "dim_value", "dtype", "pass",
                                           "extra_kv", "extra_q",   NULL};
static const char *const pattern_keys[] = {"kind", "window", "stride", "dilation",   "causal",
                                           "left", "right",  "mask",   "mask_block", NULL};
static const char *const tiling_keys[] = {"kind", "kv_tiling", "order", "q_tile", "kv_tile", NULL};

/* A name under `key`, if it is there; *found says so. */
static tb_status read_choice(const tb_yaml_node *map, const char *key, const char *const *names,
                             size_t count, size_t *out, bool *found, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, key);
    *found = node != NULL;
    return node == NULL ? TB_OK : tb_yaml_choice(node, names, count, out, err);
}

static tb_status read_layout(const tb_yaml_node *map, tb_layout *layout, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, "layout");
    if (node == NULL) {
        return TB_OK;
    }
    size_t rank = 0;
    tb_status status =
        tb_yaml_int_list(node, TB_MAX_RANK, 1, INT64_MAX, layout->extent, &rank, err);
    if (status == TB_OK && rank == 0) {
        return tb_yaml_fail(node, err, "an empty layout; it needs 1 to %d extents", TB_MAX_RANK);
    }
    layout->rank = (int)rank;
    return status;
}

static tb_status read_problem(const tb_yaml_node *map, tb_problem *problem, tb_error *err)
{
    bool found;
    size_t which = 0;
    tb_status status = tb_yaml_check_keys(map, problem_keys, err);
    if (status == TB_OK) {
        status = read_layout(map, &problem->layout, err);
    }
    int64_t heads_kv = 0, dim_value = 0;
    const struct {
        const char *key;
        int64_t min, *out;
    } integers[] = {
        {"batch", 1, &problem->batch},     {"heads", 1, &problem->heads},
        {"heads_kv", 1, &heads_kv},        {"dim", 1, &problem->dim},
        {"dim_value", 1, &dim_value},      {"extra_kv", 0, &problem->extra_kv},
        {"extra_q", 0, &problem->extra_q},
    };
    for (size_t i = 0; status == TB_OK && i < sizeof integers / sizeof *integers; i++) {
        status = tb_field_int(map, integers[i].key, integers[i].min, integers[i].out, err);
    }
    problem->heads_kv = heads_kv > 0 ? heads_kv : problem->heads;
    problem->dim_value = dim_value > 0 ? dim_value : problem->dim;
    if (status == TB_OK) {
        status = read_choice(map, "dtype", tb_dtype_names, TB_DTYPE_COUNT, &which, &found, err);
        problem->dtype = status == TB_OK && found ? (tb_dtype)which : problem->dtype;
    }
    if (status == TB_OK) {
        status = read_choice(map, "pass", tb_pass_names, TB_PASS_COUNT, &which, &found, err);
        problem->pass = status == TB_OK && found ? (tb_pass)which : problem->pass;
    }
    return status;
}

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

/* A mask path as the file means it: relative to the file's own folder. */
static char *mask_path(const char *file, const char *mask)
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
    char *path = mask_path(file, text);
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

static tb_status read_pattern(const tb_yaml_node *map, const char *file, tb_case *item,
                              tb_error *err)
{
    static const char *const gna_keys[] = {"window", "stride", "dilation", "causal", NULL};
    static const char *const local_keys[] = {"left", "right", NULL};
    static const char *const explicit_keys[] = {"mask", "mask_block", NULL};
    static const char *const no_keys[] = {NULL};
    static const char *const *const keys[TB_PATTERN_COUNT] = {
        [TB_PATTERN_DENSE] = no_keys,          [TB_PATTERN_CAUSAL] = no_keys,
        [TB_PATTERN_GNA] = gna_keys,           [TB_PATTERN_LOCAL] = local_keys,
        [TB_PATTERN_EXPLICIT] = explicit_keys,
    };
    const char *names[TB_PATTERN_COUNT];
    for (size_t i = 0; i < TB_PATTERN_COUNT; i++) {
        names[i] = tb_pattern_types[i]->name;
    }
    size_t kind = TB_PATTERN_GNA;
    bool found;
    tb_status status = tb_yaml_check_keys(map, pattern_keys, err);
    if (status == TB_OK) {
        status = read_choice(map, "kind", names, TB_PATTERN_COUNT, &kind, &found, err);
    }
    if (status == TB_OK) {
        status = refuse_keys(map, names[kind], keys[kind], err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_case_release(item);
    item->pattern = tb_pattern_default();
    item->pattern.kind = (tb_pattern_kind)kind;
    if (kind == TB_PATTERN_EXPLICIT) {
        return read_explicit(map, file, item, err);
    }
    if (kind == TB_PATTERN_LOCAL) {
        status = tb_field_int(map, "left", TB_UNLIMITED, &item->pattern.left, err);
        return status == TB_OK ? tb_field_int(map, "right", TB_UNLIMITED, &item->pattern.right, err)
                               : status;
    }
    if (kind == TB_PATTERN_GNA) {
        status = need_layout(map, &item->problem, err);
        return status == TB_OK
                   ? tb_pattern_read_gna(map, item->problem.layout.rank, &item->pattern, err)
                   : status;
    }
    return TB_OK;
}

static tb_status read_tile(const tb_yaml_node *map, const char *key, int64_t *tile, int *dims,
                           tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(map, key);
    if (node == NULL) {
        return TB_OK;
    }
    size_t count = 0;
    tb_status status = tb_yaml_int_list(node, TB_MAX_RANK, 1, INT64_MAX, tile, &count, err);
    if (status == TB_OK && count == 0) {
        return tb_yaml_fail(node, err, "an empty tile; it needs 1 to %d extents", TB_MAX_RANK);
    }
    *dims = (int)count;
    return status;
}

static tb_status read_tiling(const tb_yaml_node *map, tb_tiling_request *tiling, tb_error *err)
{
    size_t kind = tiling->kind, kv_tiling = tiling->kv_tiling, order = tiling->order;
    bool found_order;
    tb_status status = tb_yaml_check_keys(map, tiling_keys, err);
    if (status == TB_OK) {
        status = read_choice(map, "kind", tb_tiling_kind_names, TB_TILING_KIND_COUNT, &kind,
                             &tiling->has_kind, err);
    }
    if (status == TB_OK) {
        status = read_choice(map, "kv_tiling", tb_kv_tiling_names, TB_KV_TILING_COUNT, &kv_tiling,
                             &tiling->has_kv_tiling, err);
    }
    if (status == TB_OK) {
        status = read_choice(map, "order", tb_token_order_names, TB_TOKEN_ORDER_COUNT, &order,
                             &found_order, err);
    }
    tiling->kind = (tb_tiling_kind)kind;
    tiling->kv_tiling = (tb_kv_tiling)kv_tiling;
    tiling->order = (tb_token_order)order;
    if (status == TB_OK) {
        status = read_tile(map, "q_tile", tiling->q_tile, &tiling->q_dims, err);
    }
    return status == TB_OK ? read_tile(map, "kv_tile", tiling->kv_tile, &tiling->kv_dims, err)
                           : status;
}

tb_status tb_case_read_objects(const tb_yaml_node *map, const char *path, tb_case *item,
                               tb_error *err)
{
    const tb_yaml_node *problem = tb_yaml_get(map, "problem");
    const tb_yaml_node *pattern = tb_yaml_get(map, "pattern");
    const tb_yaml_node *tiling = tb_yaml_get(map, "tiling");
    tb_status status = TB_OK;
    if (problem != NULL) {
        status = read_problem(problem, &item->problem, err);
    }
    if (status == TB_OK && pattern != NULL) {
        status = read_pattern(pattern, path, item, err);
    }
    if (status == TB_OK && tiling != NULL) {
        status = read_tiling(tiling, &item->tiling, err);
    }
    return status;
}

/* Where the values of the objects do not fit together, if they do not. */
static void find_conflict(const tb_yaml_node *root, const tb_case *item, tb_error *out)
{
    tb_error inner = {0};
    tb_case normal = *item; /* borrows the mask */
    tb_case_normalize(&normal);
    *out = (tb_error){.code = TB_OK};
    const char *key = "problem";
    tb_status status = tb_problem_check(&normal.problem, &inner);
    if (status == TB_OK) {
        key = "pattern";
        status = tb_pattern_check(&normal.pattern, &normal.problem.layout, &inner);
    }
    const tb_yaml_node *node = tb_yaml_get(root, key);
    if (status != TB_OK) {
        (void)tb_yaml_fail(node != NULL ? node : root, out, "%s", inner.message);
    }
}

tb_status tb_case_read_file(const char *path, tb_case *item, tb_error *conflict, tb_error *err)
{
    tb_yaml *doc = NULL;
    tb_status status = tb_yaml_read(path, &doc, err);
    if (status != TB_OK) {
        return status;
    }
    const tb_yaml_node *root = tb_yaml_root(doc);
    status = tb_yaml_check_schema(doc, "problem", err);
    if (status == TB_OK) {
        status = tb_yaml_check_keys(root, file_keys, err);
    }
    if (status == TB_OK) {
        status = tb_case_read_objects(root, path, item, err);
    }
    if (status == TB_OK && item->problem.layout.rank == 0) {
        status = tb_yaml_fail(root, err, "problem.layout is missing; give the layout's extents");
    }
    if (status == TB_OK && conflict != NULL) {
        find_conflict(root, item, conflict);
    }
    tb_yaml_destroy(doc);
    return status;
}
