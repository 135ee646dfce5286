/* Reads mechanism files (schema tilebound/mechanism/1): docs/mechanism-files.md. */
#include "arena.h"
#include "mechanism_parts.h"
#include "yaml_fields.h"

#include <math.h>
#include <string.h>

const char *const tb_phase_names[TB_PHASE_COUNT] = {"prefill", "decode", "both", "vision", "video"};

static const char *const file_keys[] = {
    "schema", "name",       "title",      "summary",    "family",  "phase",
    "rank",   "baseline",   "problem",    "parameters", "derived", "exceeds_bound",
    "stages", "dense_when", "complexity", "note",       "claims",  NULL};
static const char *const parameter_keys[] = {"value", "from", NULL};
static const char *const problem_keys[] = {"batch",     "heads", "heads_kv", "dim",
                                           "dim_value", "dtype", NULL};

#define ASSUMED "assumed"

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a mechanism");
}

static tb_status read_problem(const tb_yaml_node *map, tb_problem *problem, tb_error *err)
{
    int64_t heads_kv = 0, dim_value = 0;
    const struct {
        const char *key;
        int64_t *out;
    } integers[] = {{"batch", &problem->batch},
                    {"heads", &problem->heads},
                    {"heads_kv", &heads_kv},
                    {"dim", &problem->dim},
                    {"dim_value", &dim_value}};
    const tb_yaml_node *dtype = tb_yaml_get(map, "dtype");
    size_t which = problem->dtype;
    tb_status status = map != NULL ? tb_yaml_check_keys(map, problem_keys, err) : TB_OK;
    for (size_t i = 0; status == TB_OK && i < sizeof integers / sizeof *integers; i++) {
        status = tb_field_int(map, integers[i].key, 1, integers[i].out, err);
    }
    if (status == TB_OK && dtype != NULL) {
        status = tb_yaml_choice(dtype, tb_dtype_names, TB_DTYPE_COUNT, &which, err);
    }
    problem->heads_kv = heads_kv > 0 ? heads_kv : problem->heads;
    problem->dim_value = dim_value > 0 ? dim_value : problem->dim;
    problem->dtype = (tb_dtype)which;
    if (status == TB_OK && problem->heads % problem->heads_kv != 0) {
        return tb_yaml_fail(map, err, "%lld heads and %lld KV heads, which do not divide them",
                            (long long)problem->heads, (long long)problem->heads_kv);
    }
    return status;
}

/* A name of an expression: letters, digits and _, not a problem's. */
static tb_status check_name(const tb_yaml_node *key, const char *name, tb_error *err)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char *const taken[] = {"ceil", "floor", "sqrt", "log2", "exp",
                                        "min",  "max",   "true", "false"};
    size_t length = strlen(name);
    bool is_taken = false;
    for (size_t i = 0; i < TB_PROBLEM_NAME_COUNT; i++) {
        is_taken = is_taken || strcmp(name, tb_problem_names[i]) == 0;
    }
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        is_taken = is_taken || strcmp(name, taken[i]) == 0;
    }
    if (is_taken) {
        return tb_yaml_fail(key, err, "'%s' is the problem's or a function; take another name",
                            name);
    }
    if (length == 0 || length > 63 || strchr(first, name[0]) == NULL ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != length) {
        return tb_yaml_fail(key, err, "'%s' is no name for expressions; take letters, digits and _",
                            name);
    }
    return TB_OK;
}

static tb_status read_parameter(const tb_yaml_node *map, tb_mechanism_parameter *out, tb_error *err)
{
    const tb_yaml_node *value = NULL;
    tb_status status = tb_yaml_check_keys(map, parameter_keys, err);
    if (status == TB_OK) {
        status = tb_yaml_need(map, "value", &value, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_double(value, -HUGE_VAL, HUGE_VAL, &out->value, err);
    }
    if (status == TB_OK) {
        status = tb_field_text(map, "from", true, &out->from, err);
    }
    out->is_assumed = status == TB_OK && strncmp(out->from, ASSUMED, strlen(ASSUMED)) == 0;
    return status;
}

static tb_status read_parameters(const tb_yaml_node *map, tb_mechanism *mechanism, tb_error *err)
{
    size_t count = map == NULL ? 0 : tb_yaml_count(map);
    if (map != NULL && !tb_yaml_is_map(map)) {
        return tb_yaml_fail(map, err,
                            "a mapping of parameters is needed here: name: {value, from}");
    }
    mechanism->parameters =
        tb_arena_array(mechanism->arena, count + 1, sizeof *mechanism->parameters);
    if (mechanism->parameters == NULL) {
        return no_memory(err);
    }
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        mechanism->parameters[i].name = tb_yaml_key(map, i);
        status = check_name(tb_yaml_key_node(map, i), tb_yaml_key(map, i), err);
        if (status == TB_OK) {
            status = read_parameter(tb_yaml_item(map, i), &mechanism->parameters[i], err);
        }
    }
    mechanism->parameter_count = count;
    return status;
}

static const tb_mechanism_parameter *find_parameter(const tb_mechanism *mechanism, const char *name)
{
    for (size_t i = 0; i < mechanism->parameter_count; i++) {
        if (strcmp(mechanism->parameters[i].name, name) == 0) {
            return &mechanism->parameters[i];
        }
    }
    return NULL;
}

static tb_status check_derived(const tb_yaml_node *map, const tb_mechanism *mechanism,
                               tb_error *err)
{
    tb_status status = TB_OK;
    if (map != NULL && !tb_yaml_is_map(map)) {
        return tb_yaml_fail(map, err, "a mapping of names to expressions is needed here");
    }
    for (size_t i = 0; status == TB_OK && map != NULL && i < tb_yaml_count(map); i++) {
        status = check_name(tb_yaml_key_node(map, i), tb_yaml_key(map, i), err);
        if (status == TB_OK && find_parameter(mechanism, tb_yaml_key(map, i)) != NULL) {
            return tb_yaml_fail(tb_yaml_key_node(map, i), err, "'%s' is a parameter already",
                                tb_yaml_key(map, i));
        }
    }
    return status;
}

/* dense_when gives values to parameters that are there. */
static tb_status check_dense(const tb_yaml_node *map, const tb_mechanism *mechanism, tb_error *err)
{
    if (map != NULL && (!tb_yaml_is_map(map) || tb_yaml_count(map) == 0)) {
        return tb_yaml_fail(map, err, "a mapping of parameters to expressions is needed here");
    }
    for (size_t i = 0; map != NULL && i < tb_yaml_count(map); i++) {
        if (find_parameter(mechanism, tb_yaml_key(map, i)) == NULL) {
            return tb_yaml_fail(tb_yaml_key_node(map, i), err, "'%s' is no parameter",
                                tb_yaml_key(map, i));
        }
    }
    return TB_OK;
}

static tb_status read_stages(const tb_yaml_node *root, tb_mechanism *mechanism, tb_error *err)
{
    const tb_yaml_node *list = NULL;
    tb_status status = tb_yaml_need(root, "stages", &list, err);
    if (status != TB_OK) {
        return status;
    }
    size_t count = tb_yaml_count(list);
    if (!tb_yaml_is_list(list) || count == 0) {
        return tb_yaml_fail(list, err, "a list of stages is needed here");
    }
    mechanism->stages = tb_arena_array(mechanism->arena, count, sizeof *mechanism->stages);
    if (mechanism->stages == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        status = tb_stage_read(tb_yaml_item(list, i), &mechanism->stages[i], err);
        for (size_t j = 0; status == TB_OK && j < i; j++) {
            if (strcmp(mechanism->stages[j].name, mechanism->stages[i].name) == 0) {
                return tb_yaml_fail(tb_yaml_item(list, i), err, "a second stage named '%s'",
                                    mechanism->stages[i].name);
            }
        }
    }
    mechanism->stage_count = count;
    return status;
}

static tb_status read_kind(const tb_yaml_node *root, tb_mechanism *mechanism, tb_error *err)
{
    const tb_yaml_node *phase = NULL, *baseline = tb_yaml_get(root, "baseline");
    int64_t rank = 1;
    size_t which = 0;
    tb_status status = tb_yaml_need(root, "phase", &phase, err);
    if (status == TB_OK) {
        status = tb_yaml_choice(phase, tb_phase_names, TB_PHASE_COUNT, &which, err);
    }
    mechanism->phase = (tb_phase)which;
    if (status == TB_OK && tb_yaml_get(root, "rank") != NULL) {
        status = tb_yaml_int(tb_yaml_get(root, "rank"), 1, 3, &rank, err);
    }
    mechanism->rank = (int)rank;
    bool is_language = rank == 1 && which <= TB_PHASE_BOTH;
    which = is_language ? TB_BASELINE_CAUSAL : TB_BASELINE_SELF;
    if (status == TB_OK && baseline != NULL) {
        status = tb_yaml_choice(baseline, tb_baseline_names, TB_BASELINE_COUNT, &which, err);
        if (status == TB_OK && which == TB_BASELINE_CAUSAL && rank > 1) {
            return tb_yaml_fail(baseline, err, "a causal baseline has rank 1, this has rank %lld",
                                (long long)rank);
        }
    }
    mechanism->baseline = (tb_baseline)which;
    return status;
}

static tb_status read_texts(const tb_yaml_node *root, tb_mechanism *mechanism, tb_error *err)
{
    const struct {
        const char *key;
        bool is_needed;
        const char **out;
    } texts[] = {
        {"name", true, &mechanism->name},       {"title", true, &mechanism->title},
        {"summary", true, &mechanism->summary}, {"family", true, &mechanism->family},
        {"note", false, &mechanism->note},      {"complexity", false, &mechanism->complexity}};
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < sizeof texts / sizeof *texts; i++) {
        status = tb_field_text(root, texts[i].key, texts[i].is_needed, texts[i].out, err);
    }
    return status;
}

tb_status tb_mechanism_read(const tb_yaml_node *root, tb_mechanism *mechanism, tb_error *err)
{
    mechanism->problem = tb_problem_default();
    mechanism->derived = tb_yaml_get(root, "derived");
    mechanism->dense_when = tb_yaml_get(root, "dense_when");
    const tb_yaml_node *exceeds = tb_yaml_get(root, "exceeds_bound");
    tb_status status = tb_yaml_check_keys(root, file_keys, err);
    if (status == TB_OK && exceeds != NULL) {
        status = tb_yaml_bool(exceeds, &mechanism->exceeds_bound, err);
    }
    if (status == TB_OK) {
        status = read_texts(root, mechanism, err);
    }
    if (status == TB_OK) {
        status = read_kind(root, mechanism, err);
    }
    if (status == TB_OK) {
        status = read_problem(tb_yaml_get(root, "problem"), &mechanism->problem, err);
    }
    if (status == TB_OK) {
        status = read_parameters(tb_yaml_get(root, "parameters"), mechanism, err);
    }
    if (status == TB_OK) {
        status = check_derived(mechanism->derived, mechanism, err);
    }
    if (status == TB_OK) {
        status = check_dense(mechanism->dense_when, mechanism, err);
    }
    if (status == TB_OK) {
        status = read_stages(root, mechanism, err);
    }
    return status == TB_OK ? tb_mechanism_read_claims(tb_yaml_get(root, "claims"), mechanism, err)
                           : status;
}
