/* Parameters by table: looked up by name, checked by what their row says. */
#include "pattern_types.h"

#include <assert.h>
#include <string.h>

int tb_pattern_parameter_index(tb_pattern_kind kind, const char *name)
{
    const tb_pattern_type *type = tb_pattern_types[kind];
    for (int i = 0; i < type->parameter_count; i++) {
        if (strcmp(type->parameters[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

int64_t tb_parameter_integer(const tb_pattern *pattern, int index)
{
    const tb_parameter_value *value = &pattern->value[index];
    return value->given ? value->integer
                        : (int64_t)tb_pattern_types[pattern->kind]->parameters[index].initial;
}

double tb_parameter_real(const tb_pattern *pattern, int index)
{
    const tb_parameter_value *value = &pattern->value[index];
    return value->given ? value->real : tb_pattern_types[pattern->kind]->parameters[index].initial;
}

int64_t tb_pattern_integer(const tb_pattern *pattern, const char *name)
{
    int index = tb_pattern_parameter_index(pattern->kind, name);
    assert(index >= 0);
    return tb_parameter_integer(pattern, index);
}

double tb_pattern_real(const tb_pattern *pattern, const char *name)
{
    int index = tb_pattern_parameter_index(pattern->kind, name);
    assert(index >= 0);
    return tb_parameter_real(pattern, index);
}

static tb_status check_integer(const char *kind, const tb_pattern_parameter *parameter,
                               int64_t value, tb_error *err)
{
    if (value >= parameter->least && value <= parameter->most) {
        return TB_OK;
    }
    if (parameter->most == INT64_MAX) {
        return tb_fail(err, TB_EINVAL, "a %s pattern with %s %lld; it must be at least %lld", kind,
                       parameter->name, (long long)value, (long long)parameter->least);
    }
    return tb_fail(err, TB_EINVAL, "a %s pattern with %s %lld; it must be from %lld to %lld", kind,
                   parameter->name, (long long)value, (long long)parameter->least,
                   (long long)parameter->most);
}

static tb_status check_value(const char *kind, const tb_pattern_parameter *parameter,
                             const tb_parameter_value *value, tb_error *err)
{
    if (!value->given) {
        return !parameter->is_needed ? TB_OK
                                     : tb_fail(err, TB_EINVAL, "a %s pattern needs %s: %s", kind,
                                               parameter->name, parameter->summary);
    }
    tb_status status = TB_OK;
    switch (parameter->kind) {
    case TB_PARAMETER_TOKENS:
        return check_integer(kind, parameter, value->integer, err);
    case TB_PARAMETER_REAL:
        return value->real >= 0 && value->real <= 1
                   ? TB_OK
                   : tb_fail(err, TB_EINVAL, "a %s pattern with %s %g; it must be from 0 to 1",
                             kind, parameter->name, value->real);
    case TB_PARAMETER_LIST:
        for (size_t i = 0; status == TB_OK && i < value->count; i++) {
            status = check_integer(kind, parameter, value->list[i], err);
        }
        return status;
    default:
        return TB_OK;
    }
}

tb_status tb_parameters_check(const tb_pattern *pattern, tb_error *err)
{
    const tb_pattern_type *type = tb_pattern_types[pattern->kind];
    tb_status status = TB_OK;
    assert(type->parameter_count <= TB_PATTERN_PARAMETERS_MAX);
    for (int i = 0; status == TB_OK && i < type->parameter_count; i++) {
        status = check_value(type->name, &type->parameters[i], &pattern->value[i], err);
    }
    return status;
}

static bool same_value(const tb_pattern *a, const tb_pattern *b, int index)
{
    const tb_parameter_value *x = &a->value[index], *y = &b->value[index];
    switch (tb_pattern_types[a->kind]->parameters[index].kind) {
    case TB_PARAMETER_REAL:
        return tb_parameter_real(a, index) == tb_parameter_real(b, index);
    case TB_PARAMETER_LIST:
        return x->count == y->count &&
               (x->count == 0 || memcmp(x->list, y->list, x->count * sizeof *x->list) == 0);
    default:
        return tb_parameter_integer(a, index) == tb_parameter_integer(b, index);
    }
}

bool tb_pattern_same_values(const tb_pattern *a, const tb_pattern *b)
{
    bool same = a->kind == b->kind && a->parts == b->parts && a->seed == b->seed;
    for (int i = 0; same && i < tb_pattern_types[a->kind]->parameter_count; i++) {
        same = same_value(a, b, i);
    }
    return same;
}
