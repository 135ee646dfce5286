/* The values of a stage: numbers that are expressions, words, and what they default to. */
#include "stage_parts.h"

#include "yaml_fields.h"

#include <math.h>
#include <string.h>

#define LARGEST_INTEGER 9.0e15 /* doubles hold every whole number up to here */

static tb_status value_of(const tb_yaml_node *node, const char *key, const tb_names *names,
                          double least, double most, double *out, tb_error *err)
{
    double value = 0;
    tb_status status = tb_expression_value(node, names, &value, err);
    if (status != TB_OK) {
        return status;
    }
    if (value < least) {
        return tb_yaml_fail(node, err, "%s is %.10g; it must be at least %g", key, value, least);
    }
    if (value > most) {
        return tb_yaml_fail(node, err, "%s is %.10g; it must be at most %g", key, value, most);
    }
    *out = value;
    return TB_OK;
}

tb_status tb_stage_number(const tb_stage *stage, const tb_stage_context *context, const char *key,
                          double otherwise, double least, double *out, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(stage->node, key);
    *out = otherwise;
    return node == NULL ? TB_OK : value_of(node, key, &context->names, least, HUGE_VAL, out, err);
}

tb_status tb_stage_fraction(const tb_stage *stage, const tb_stage_context *context, const char *key,
                            double otherwise, double *out, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(stage->node, key);
    *out = otherwise;
    return node == NULL ? TB_OK : value_of(node, key, &context->names, 0, 1, out, err);
}

tb_status tb_stage_integer_of(const tb_yaml_node *node, const char *key, const tb_names *names,
                              int64_t least, int64_t *out, tb_error *err)
{
    double value = 0;
    tb_status status = value_of(node, key, names, (double)least, LARGEST_INTEGER, &value, err);
    if (status != TB_OK) {
        return status;
    }
    if (fabs(value - nearbyint(value)) > 1e-9 * fmax(1, fabs(value))) {
        return tb_yaml_fail(node, err, "%s is %.10g; it must be whole: write ceil() or floor()",
                            key, value);
    }
    *out = (int64_t)nearbyint(value);
    return TB_OK;
}

tb_status tb_stage_integer(const tb_stage *stage, const tb_stage_context *context, const char *key,
                           int64_t otherwise, int64_t least, int64_t *out, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(stage->node, key);
    *out = otherwise;
    return node == NULL ? TB_OK : tb_stage_integer_of(node, key, &context->names, least, out, err);
}

tb_status tb_stage_word(const tb_stage *stage, const char *key, const char *const *names,
                        size_t count, size_t *out, tb_error *err)
{
    const tb_yaml_node *node = tb_yaml_get(stage->node, key);
    return node == NULL ? TB_OK : tb_yaml_choice(node, names, count, out, err);
}

tb_matrix_rate tb_dtype_rate(tb_dtype dtype)
{
    return dtype == TB_DTYPE_FP32                             ? TB_RATE_FP32
           : dtype == TB_DTYPE_E4M3 || dtype == TB_DTYPE_E5M2 ? TB_RATE_FP8
                                                              : TB_RATE_FP16;
}

tb_status tb_stage_rate(const tb_stage *stage, const tb_stage_context *context, tb_matrix_rate *out,
                        tb_error *err)
{
    size_t which = tb_dtype_rate(context->problem->dtype);
    tb_status status =
        tb_stage_word(stage, "rate", tb_matrix_rate_names, TB_MATRIX_RATE_COUNT, &which, err);
    *out = (tb_matrix_rate)which;
    return status;
}

tb_status tb_stage_need(const tb_stage *stage, const char *key, tb_error *err)
{
    const tb_yaml_node *node = NULL;
    return tb_yaml_need(stage->node, key, &node, err);
}

/* KV heads of a part of the heads. */
static int64_t part_of_heads_kv(const tb_problem *problem, int64_t heads)
{
    int64_t group = problem->heads / problem->heads_kv;
    return heads == problem->heads ? problem->heads_kv
           : heads % group == 0    ? heads / group
           : group % heads == 0    ? 1
                                   : heads;
}

tb_status tb_stage_shape(const tb_stage *stage, const tb_stage_context *context, tb_problem *out,
                         tb_error *err)
{
    tb_problem problem = *context->problem;
    problem.extra_kv = problem.extra_q = 0;
    const struct {
        const char *key;
        int64_t *out, otherwise;
    } integers[] = {{"batch", &problem.batch, problem.batch},
                    {"heads", &problem.heads, problem.heads},
                    {"dim", &problem.dim, problem.dim},
                    {"dim_value", &problem.dim_value, problem.dim_value}};
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < sizeof integers / sizeof *integers; i++) {
        status = tb_stage_integer(stage, context, integers[i].key, integers[i].otherwise, 1,
                                  integers[i].out, err);
    }
    if (status == TB_OK) {
        status = tb_stage_integer(stage, context, "heads_kv",
                                  part_of_heads_kv(context->problem, problem.heads), 1,
                                  &problem.heads_kv, err);
    }
    if (status == TB_OK && problem.heads % problem.heads_kv != 0) {
        return tb_yaml_fail(stage->node, err,
                            "stage %s has %lld heads and %lld KV heads, which do not divide them",
                            stage->name, (long long)problem.heads, (long long)problem.heads_kv);
    }
    if (status == TB_OK) {
        *out = problem;
    }
    return status;
}

tb_status tb_stage_tiles(const tb_stage *stage, const tb_stage_context *context,
                         tb_tiling_request *out, tb_error *err)
{
    const struct {
        const char *key;
        int64_t *tile;
        int *dims;
    } tiles[] = {{"q_tile", out->q_tile, &out->q_dims}, {"kv_tile", out->kv_tile, &out->kv_dims}};
    tb_status status = TB_OK;
    for (size_t t = 0; status == TB_OK && t < 2; t++) {
        const tb_yaml_node *node = tb_yaml_get(stage->node, tiles[t].key);
        size_t count = tb_yaml_is_list(node) ? tb_yaml_count(node) : node != NULL;
        if (node != NULL && (count == 0 || count > TB_MAX_RANK)) {
            return tb_yaml_fail(node, err, "%s needs 1 to %d extents", tiles[t].key, TB_MAX_RANK);
        }
        for (size_t i = 0; status == TB_OK && i < count; i++) {
            const tb_yaml_node *entry = tb_yaml_is_list(node) ? tb_yaml_item(node, i) : node;
            status = tb_stage_integer_of(entry, tiles[t].key, &context->names, 1, &tiles[t].tile[i],
                                         err);
        }
        *tiles[t].dims = (int)count;
    }
    return status;
}
