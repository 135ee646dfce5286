#include "mechanism.h"

#include "arena.h"
#include "catalogue.h"
#include "mechanism_parts.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a mechanism");
}

tb_status tb_mechanism_load(const char *name, tb_mechanism **out, tb_error *err)
{
    tb_mechanism *mechanism = calloc(1, sizeof *mechanism);
    if (mechanism == NULL) {
        return no_memory(err);
    }
    mechanism->arena = tb_arena_create();
    tb_status status = mechanism->arena == NULL ? no_memory(err) : TB_OK;
    if (status == TB_OK) {
        status = tb_catalogue_find(TB_CATALOGUE_MECHANISM, name, mechanism->arena, &mechanism->path,
                                   err);
    }
    if (status == TB_OK) {
        status = tb_yaml_read(mechanism->path, &mechanism->file, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_check_schema(mechanism->file, "mechanism", err);
    }
    if (status == TB_OK) {
        status = tb_mechanism_read(tb_yaml_root(mechanism->file), mechanism, err);
    }
    if (status != TB_OK) {
        tb_mechanism_destroy(mechanism);
        return status;
    }
    *out = mechanism;
    return TB_OK;
}

void tb_mechanism_destroy(tb_mechanism *mechanism)
{
    if (mechanism != NULL) {
        tb_yaml_destroy(mechanism->file);
        tb_arena_destroy(mechanism->arena);
        free(mechanism);
    }
}

static tb_status unknown(const tb_mechanism *mechanism, const char *name, tb_error *err)
{
    const char **names =
        tb_arena_array(mechanism->arena, mechanism->parameter_count + 1, sizeof *names);
    if (names == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < mechanism->parameter_count; i++) {
        names[i] = mechanism->parameters[i].name;
    }
    const char *nearest = tb_text_nearest(name, names, mechanism->parameter_count);
    return nearest != NULL
               ? tb_fail(err, TB_EINVAL, "mechanism %s has no parameter '%s'; did you mean '%s'?",
                         mechanism->name, name, nearest)
               : tb_fail(err, TB_EINVAL,
                         "mechanism %s has no parameter '%s'; 'tilebound list mechanisms %s' "
                         "shows those it has",
                         mechanism->name, name, mechanism->name);
}

tb_status tb_mechanism_set(tb_mechanism *mechanism, const char *assignment, tb_error *err)
{
    const char *sign = strchr(assignment, '=');
    double value = 0;
    if (sign == NULL || sign == assignment) {
        return tb_fail(err, TB_EINVAL, "'%s' sets nothing; give name=number", assignment);
    }
    char *name = tb_arena_text(mechanism->arena, assignment, (size_t)(sign - assignment));
    if (name == NULL) {
        return no_memory(err);
    }
    if (!tb_text_double(sign + 1, &value)) {
        return tb_fail(err, TB_EINVAL, "'%s' is no number; give %s=number", sign + 1, name);
    }
    for (size_t i = 0; i < mechanism->parameter_count; i++) {
        tb_mechanism_parameter *parameter = &mechanism->parameters[i];
        if (strcmp(parameter->name, name) == 0) {
            parameter->value = value;
            parameter->is_set = true;
            return TB_OK;
        }
    }
    return unknown(mechanism, name, err);
}

/* The divisor of n nearest to its root-th root from below. */
static int64_t nearest_divisor(int64_t n, int root)
{
    int64_t wanted = (int64_t)floor(pow((double)n, 1.0 / root) + 1e-9);
    while (wanted > 1 && n % wanted != 0) {
        wanted--;
    }
    return wanted < 1 ? 1 : wanted;
}

/* The most nearly cubic factorisation a <= b <= c: the least longest edge, then the least sum. */
static tb_layout cubic(int64_t n)
{
    tb_layout best = {.rank = 3, .extent = {1, 1, n}};
    int64_t cube = (int64_t)floor(cbrt((double)n) + 1e-9);
    for (int64_t a = 1; a <= cube; a++) {
        int64_t rest = n % a == 0 ? n / a : 0;
        int64_t b = rest > 0 ? nearest_divisor(rest, 2) : 0;
        if (b > 0 &&
            (rest / b < best.extent[2] || (rest / b == best.extent[2] && a > best.extent[0]))) {
            best = (tb_layout){.rank = 3, .extent = {a, b, rest / b}};
        }
    }
    return best;
}

tb_status tb_mechanism_layout(const tb_mechanism *mechanism, tb_layout *layout, bool *changed,
                              tb_error *err)
{
    *changed = layout->rank != mechanism->rank;
    if (!*changed) {
        return TB_OK;
    }
    if (layout->rank != 1) {
        return tb_fail(err, TB_EINVAL,
                       "a layout of %d dimensions; mechanism %s takes %d, or a number of tokens",
                       layout->rank, mechanism->name, mechanism->rank);
    }
    int64_t n = layout->extent[0];
    if (n < 1) {
        return tb_fail(err, TB_EINVAL, "a layout of %lld tokens; it must be at least 1",
                       (long long)n);
    }
    int64_t first = nearest_divisor(n, 2);
    *layout =
        mechanism->rank == 2 ? (tb_layout){.rank = 2, .extent = {first, n / first}} : cubic(n);
    return TB_OK;
}
