#include "case_file.h"

#include "pattern_file.h"
#include "yaml_fields.h"

static const char *const file_keys[] = {"schema", "problem", "pattern", "tiling", NULL};
static const char *const problem_keys[] = {"layout",   "batch",     "heads", "heads_kv",
                                           "dim",      "dim_value", "dtype", "pass",
                                           "extra_kv", "extra_q",   NULL};
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

/* The KV side as it was given; else it follows its partner where that was given, and stays where
 * neither was. */
static void follow(const tb_yaml_node *map, const char *partner, int64_t value, int64_t given,
                   int64_t *out)
{
    if (given > 0) {
        *out = given;
    } else if (tb_yaml_get(map, partner) != NULL) {
        *out = value;
    }
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
    follow(map, "heads", problem->heads, heads_kv, &problem->heads_kv);
    follow(map, "dim", problem->dim, dim_value, &problem->dim_value);
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
        status = tb_pattern_read(pattern, path, item, err);
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
