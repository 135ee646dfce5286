#include "study_axes.h"

#include "checked.h"
#include "suite_axes.h"
#include "yaml_fields.h"

#include <math.h>
#include <string.h>

#define MOST_POINTS       ((int64_t)1 << 52)
#define MOST_COMBINATIONS 1000000 /* that so many are drawn from, one by one */

static const char *const roots[] = {"problem.", "pattern.", "tiling.", "set.", "parallel."};
static const char *const names[] = {
    "device",         "kernel",        "baseline_kernel", "mechanism",   "baseline", "tiles",
    "mechanism_seed", "whole_network", "network_case",    "dense_steps", "schedule"};
static const char *const range_keys[] = {"from", "to", "step", "scale", NULL};
static const char *const sample_keys[] = {"kind", "count", "seed", NULL};

static bool is_path(const char *text)
{
    for (size_t r = 0; r < sizeof roots / sizeof *roots; r++) {
        size_t length = strlen(roots[r]);
        if (strncmp(text, roots[r], length) == 0 && text[length] != '\0') {
            return true;
        }
    }
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        if (strcmp(text, names[n]) == 0) {
            return true;
        }
    }
    return false;
}

/* The type that holds every value of a list: numbers where all are numbers. */
static tb_cell_type type_of_list(const tb_yaml_node *values)
{
    tb_cell_type type = TB_CELL_INTEGER;
    for (size_t i = 0; i < tb_yaml_count(values); i++) {
        const tb_yaml_node *value = tb_yaml_item(values, i);
        int64_t integer;
        double real;
        if (tb_yaml_is_null(value)) { /* leaves the key out */
            continue;
        }
        if (tb_yaml_int(value, INT64_MIN, INT64_MAX, &integer, NULL) == TB_OK) {
            continue;
        }
        if (tb_yaml_double(value, -HUGE_VAL, HUGE_VAL, &real, NULL) != TB_OK) {
            return TB_CELL_TEXT;
        }
        type = TB_CELL_REAL;
    }
    return type;
}

static bool is_integer(const tb_yaml_node *node, int64_t *out)
{
    return tb_yaml_int(node, -MOST_POINTS, MOST_POINTS, out, NULL) == TB_OK;
}

static tb_status read_scale(const tb_yaml_node *map, tb_study_axis *axis, tb_error *err)
{
    static const char *const scales[] = {"linear", "log"};
    const tb_yaml_node *node = tb_yaml_get(map, "scale");
    size_t which = 0;
    tb_status status = node != NULL ? tb_yaml_choice(node, scales, 2, &which, err) : TB_OK;
    axis->is_log = which == 1;
    if (status == TB_OK && axis->is_log && axis->low <= 0) {
        return tb_yaml_fail(node, err, "a logarithmic range begins above 0");
    }
    if (status == TB_OK && axis->is_log && tb_yaml_get(map, "step") != NULL) {
        return tb_yaml_fail(node, err, "step beside scale: log; a logarithmic range has no steps");
    }
    return status;
}

/* {from, to, step, scale}: integers where from and to are. */
static tb_status read_range(const tb_yaml_node *map, tb_study_axis *axis, tb_error *err)
{
    const tb_yaml_node *from = NULL, *to = NULL, *step = tb_yaml_get(map, "step");
    int64_t last = 0;
    tb_status status = tb_yaml_check_keys(map, range_keys, err);
    if (status == TB_OK) {
        status = tb_yaml_need(map, "from", &from, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_need(map, "to", &to, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_double(from, -1e300, 1e300, &axis->low, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_double(to, axis->low, 1e300, &axis->high, err);
    }
    if (status != TB_OK) {
        return status;
    }
    axis->step = 1;
    if (is_integer(from, &axis->from) && is_integer(to, &last)) {
        axis->kind = TB_AXIS_INTEGER;
        axis->type = TB_CELL_INTEGER;
        status = step != NULL ? tb_yaml_int(step, 1, MOST_POINTS, &axis->step, err) : TB_OK;
        axis->count = (last - axis->from) / axis->step + 1;
    } else {
        axis->kind = TB_AXIS_REAL;
        axis->type = TB_CELL_REAL;
        if (step != NULL) {
            return tb_yaml_fail(step, err,
                                "step of a range of real numbers; list its values, or "
                                "sample without step");
        }
    }
    return status == TB_OK ? read_scale(map, axis, err) : status;
}

static tb_status read_values(const tb_axis *from, size_t which, void *user, tb_error *err)
{
    tb_study_axis *axis = &((tb_study_axes *)user)->axis[which];
    const tb_yaml_node *values = from->values;
    *axis = (tb_study_axis){.key = from->key, .path = from->path, .values = values};
    if (tb_yaml_is_map(values)) {
        return read_range(values, axis, err);
    }
    if (!tb_yaml_is_list(values) || tb_yaml_count(values) == 0) {
        return tb_yaml_fail(tb_yaml_is_null(values) ? axis->key : values, err,
                            "a list of the values that %s takes, or a range {from, to}, is needed "
                            "here",
                            axis->path);
    }
    axis->kind = TB_AXIS_LIST;
    axis->count = (int64_t)tb_yaml_count(values);
    axis->type = type_of_list(values);
    return TB_OK;
}

static const tb_axis_rules rules = {
    .is_path = is_path,
    .paths = "begins with problem., pattern., tiling., parallel. or set., or is device, kernel, "
             "baseline_kernel, baseline, tiles, schedule, mechanism, mechanism_seed, "
             "whole_network, network_case or dense_steps",
    .values = "their values",
    .read_values = read_values};

static tb_status read_axes(const tb_yaml_node *entry, tb_study_axes *out, tb_error *err)
{
    tb_axis_list list = {0};
    tb_status status = tb_axis_list_read(entry, &rules, &list, out, err);
    out->count = list.count;
    out->zip_count = list.zip_count;
    return status;
}

static bool samples_freely(const tb_study_axes *axes)
{
    return axes->sample == TB_SAMPLE_RANDOM || axes->sample == TB_SAMPLE_LATIN;
}

/* Axes of zip are as long as the first that has a length; what is not a list of combinations needs
 * a sample. */
static tb_status check_axes(const tb_study_axes *axes, tb_error *err)
{
    tb_status status = TB_OK;
    int64_t first = 0;
    for (size_t a = 0; status == TB_OK && a < axes->count; a++) {
        const tb_study_axis *axis = &axes->axis[a];
        bool needs_sample = axis->kind == TB_AXIS_REAL || axis->is_log;
        if (needs_sample && !samples_freely(axes)) {
            return tb_yaml_fail(axis->values, err,
                                "a range of %s has no list of values; add sample: {kind: random or "
                                "latin, count: N}, or list them",
                                axis->is_log ? "logarithmic scale" : "real numbers");
        }
        if (a < axes->zip_count && axis->kind != TB_AXIS_REAL) {
            first = first == 0 ? axis->count : first;
            status = tb_axis_check_zip(axis->values, axis->count, first, err);
        }
    }
    return status;
}

static tb_status count_combinations(const tb_yaml_node *entry, tb_study_axes *axes, tb_error *err)
{
    int64_t total = axes->zip_count > 0 ? axes->axis[0].count : 1;
    for (size_t a = axes->zip_count; a < axes->count; a++) {
        if (!tb_mul_ok(total, axes->axis[a].count, &total) || total > MOST_POINTS) {
            if (samples_freely(axes)) {
                return TB_OK; /* they are never counted */
            }
            return tb_yaml_fail(entry, err, "more than 2^52 points; use fewer values, or sample");
        }
    }
    axes->total = total;
    return TB_OK;
}

/* sample: {kind, count, seed}, or as suites have it: sample: N, seed: S. */
static tb_status read_sample(const tb_yaml_node *entry, tb_study_axes *axes, tb_error *err)
{
    static const char *const kinds[] = {"random", "latin"};
    const tb_yaml_node *node = tb_yaml_get(entry, "sample"), *kind = NULL;
    int64_t seed = 1;
    size_t which = 0;
    const tb_yaml_node *beside = tb_yaml_get(entry, "seed");
    if (beside != NULL && (node == NULL || tb_yaml_is_map(node))) {
        return tb_yaml_fail(beside, err, "%s",
                            node == NULL ? "seed without sample; leave it out"
                                         : "seed beside sample; put it into sample's braces");
    }
    if (node == NULL) {
        return TB_OK;
    }
    if (axes->count == 0) {
        return tb_yaml_fail(node, err, "sample without axes; give cross or zip, or leave it out");
    }
    bool is_map = tb_yaml_is_map(node);
    tb_status status = is_map ? tb_yaml_check_keys(node, sample_keys, err)
                              : tb_yaml_int(node, 1, MOST_POINTS, &axes->points, err);
    if (status == TB_OK) {
        status = tb_field_int(is_map ? node : entry, "seed", 0, &seed, err);
    }
    axes->seed = (uint64_t)seed;
    axes->sample = TB_SAMPLE_COMBINATIONS;
    if (status != TB_OK || !is_map) {
        return status;
    }
    status = tb_yaml_need(node, "kind", &kind, err);
    if (status == TB_OK) {
        status = tb_yaml_choice(kind, kinds, 2, &which, err);
    }
    axes->sample = which == 0 ? TB_SAMPLE_RANDOM : TB_SAMPLE_LATIN;
    const tb_yaml_node *count = NULL;
    if (status == TB_OK) {
        status = tb_yaml_need(node, "count", &count, err);
    }
    return status == TB_OK ? tb_yaml_int(count, 1, UINT32_MAX, &axes->points, err) : status;
}

static tb_status draw_combinations(const tb_yaml_node *entry, tb_arena *arena, tb_study_axes *axes,
                                   tb_error *err)
{
    if (axes->points >= axes->total) {
        axes->points = axes->total;
        return TB_OK;
    }
    if (axes->total > MOST_COMBINATIONS) {
        return tb_yaml_fail(entry, err,
                            "%lld combinations are too many to draw %lld different ones from; use "
                            "sample: {kind: random, count: %lld}",
                            (long long)axes->total, (long long)axes->points,
                            (long long)axes->points);
    }
    return tb_suite_axes_draw((size_t)axes->total, (size_t)axes->points, axes->seed, arena,
                              &axes->drawn, err);
}

static tb_status draw_keys(tb_study_axes *axes, tb_error *err)
{
    tb_random *random = tb_random_create();
    if (random == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a sample");
    }
    tb_random_seed(random, axes->seed);
    for (size_t c = 0; c < TB_AXES_MAX; c++) {
        for (size_t r = 0; r < TB_LATIN_ROUNDS; r++) {
            axes->keys[c][r] = tb_random_bits(random);
        }
    }
    tb_random_destroy(random);
    return TB_OK;
}

tb_status tb_study_axes_read(const tb_yaml_node *entry, tb_arena *arena, tb_study_axes *out,
                             tb_error *err)
{
    tb_study_axes axes = {.seed = 1};
    tb_status status = read_axes(entry, &axes, err);
    if (status == TB_OK) {
        status = read_sample(entry, &axes, err);
    }
    if (status == TB_OK) {
        status = check_axes(&axes, err);
    }
    if (status == TB_OK) {
        status = count_combinations(entry, &axes, err);
    }
    if (status == TB_OK && axes.sample == TB_SAMPLE_NONE) {
        axes.points = axes.total;
    } else if (status == TB_OK && axes.sample == TB_SAMPLE_COMBINATIONS) {
        status = draw_combinations(entry, arena, &axes, err);
    } else if (status == TB_OK) {
        status = draw_keys(&axes, err);
    }
    if (status == TB_OK) {
        *out = axes;
    }
    return status;
}
