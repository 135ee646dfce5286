#include "problem.h"

#include "checked.h"

const char *const tb_dtype_names[TB_DTYPE_COUNT] = {"fp32", "fp16", "bf16", "e4m3", "e5m2"};

const char *const tb_pass_names[TB_PASS_COUNT] = {"forward", "backward"};

int64_t tb_dtype_bytes(tb_dtype dtype)
{
    static const int64_t bytes[TB_DTYPE_COUNT] = {4, 2, 2, 1, 1};
    return bytes[dtype];
}

tb_problem tb_problem_default(void)
{
    return (tb_problem){
        .batch = 1,
        .heads = 1,
        .heads_kv = 1,
        .dim = 128,
        .dim_value = 128,
        .dtype = TB_DTYPE_BF16,
        .pass = TB_PASS_FORWARD,
    };
}

int64_t tb_layout_tokens(const tb_layout *layout)
{
    int64_t tokens = 1;
    for (int d = 0; d < layout->rank; d++) {
        tokens *= layout->extent[d];
    }
    return tokens;
}

static tb_status check_at_least(const char *what, int64_t value, int64_t least, tb_error *err)
{
    if (value >= least) {
        return TB_OK;
    }
    return tb_fail(err, TB_EINVAL, "%s is %lld; it must be at least %lld", what, (long long)value,
                   (long long)least);
}

static tb_status check_layout(const tb_layout *layout, int64_t *tokens, tb_error *err)
{
    if (layout->rank < 1 || layout->rank > TB_MAX_RANK) {
        return tb_fail(err, TB_EINVAL, "a token layout of %d dimensions; it must have 1 to %d",
                       layout->rank, TB_MAX_RANK);
    }
    *tokens = 1;
    for (int d = 0; d < layout->rank; d++) {
        if (layout->extent[d] < 1) {
            return tb_fail(err, TB_EINVAL,
                           "extent %lld in dimension %d of the layout; it must be at least 1",
                           (long long)layout->extent[d], d + 1);
        }
        if (!tb_mul_ok(*tokens, layout->extent[d], tokens)) {
            return tb_fail(err, TB_EOVERFLOW,
                           "the layout has more than 2^63 - 1 tokens; make it smaller");
        }
    }
    return TB_OK;
}

tb_status tb_problem_check(const tb_problem *problem, tb_error *err)
{
    int64_t tokens = 0;
    tb_status status = check_layout(&problem->layout, &tokens, err);
    const struct {
        const char *what;
        int64_t value, least;
    } fields[] = {
        {"batch", problem->batch, 1},
        {"heads", problem->heads, 1},
        {"heads-kv", problem->heads_kv, 1},
        {"dim", problem->dim, 1},
        {"dim-value", problem->dim_value, 1},
        {"the number of extra KV tokens", problem->extra_kv, 0},
        {"the number of extra queries", problem->extra_q, 0},
    };
    for (size_t i = 0; status == TB_OK && i < sizeof fields / sizeof *fields; i++) {
        status = check_at_least(fields[i].what, fields[i].value, fields[i].least, err);
    }
    if (status != TB_OK) {
        return status;
    }
    if (problem->heads % problem->heads_kv != 0) {
        return tb_fail(err, TB_EINVAL,
                       "%lld heads and %lld KV heads; the KV heads must divide the heads",
                       (long long)problem->heads, (long long)problem->heads_kv);
    }
    int64_t queries, keys, pairs;
    if (!tb_add_ok(tokens, problem->extra_q, &queries) ||
        !tb_add_ok(tokens, problem->extra_kv, &keys) || !tb_mul_ok(queries, keys, &pairs)) {
        return tb_fail(err, TB_EOVERFLOW,
                       "the dense pairs of this layout pass 2^63 - 1; make it smaller");
    }
    return TB_OK;
}
