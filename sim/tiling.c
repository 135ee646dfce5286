#include "tiling.h"

#include "checked.h"
#include "closed_form.h"

const char *const tb_tiling_kind_names[TB_TILING_KIND_COUNT] = {"multi-dim", "single-dim"};
const char *const tb_kv_tiling_names[TB_KV_TILING_COUNT] = {"static", "dynamic"};
const char *const tb_token_order_names[TB_TOKEN_ORDER_COUNT] = {"row-major", "morton", "hilbert"};

int tb_tiling_dims(const tb_tiling *tiling, const tb_layout *layout)
{
    return tiling->kind == TB_TILING_SINGLE_DIM ? 1 : layout->rank;
}

static int64_t product(const int64_t *extents, int dims)
{
    int64_t tokens = 1;
    for (int d = 0; d < dims; d++) {
        tokens *= extents[d];
    }
    return tokens;
}

int64_t tb_tiling_q_tokens(const tb_tiling *tiling, const tb_layout *layout)
{
    return product(tiling->q_tile, tb_tiling_dims(tiling, layout));
}

int64_t tb_tiling_kv_tokens(const tb_tiling *tiling, const tb_layout *layout)
{
    return product(tiling->kv_tile, tb_tiling_dims(tiling, layout));
}

static tb_status check_extents(const tb_tiling *tiling, const tb_layout *layout, tb_error *err)
{
    int64_t pairs = 1;
    for (int d = 0; d < tb_tiling_dims(tiling, layout); d++) {
        if (tiling->q_tile[d] < 1 || tiling->kv_tile[d] < 1) {
            return tb_fail(
                err, TB_EINVAL,
                "a query tile of %lld and a KV tile of %lld in dimension %d; both must be "
                "at least 1",
                (long long)tiling->q_tile[d], (long long)tiling->kv_tile[d], d + 1);
        }
        if (!tb_mul_ok(pairs, tiling->q_tile[d], &pairs) ||
            !tb_mul_ok(pairs, tiling->kv_tile[d], &pairs)) {
            return tb_fail(err, TB_EOVERFLOW,
                           "the tiles are too large; a query tile times a KV tile "
                           "must be below 2^63 pairs");
        }
    }
    return TB_OK;
}

bool tb_tiling_may_be_dynamic(const tb_tiling *tiling, const tb_problem *problem,
                              const tb_pattern *pattern)
{
    tb_closed_form form;
    return tiling->kind == TB_TILING_MULTI_DIM && problem->pass == TB_PASS_FORWARD &&
           tb_closed_form_of(problem, pattern, tiling, &form);
}

tb_status tb_tiling_check(const tb_tiling *tiling, const tb_problem *problem,
                          const tb_pattern *pattern, tb_error *err)
{
    if (tiling->order != TB_ORDER_ROW_MAJOR && tiling->kind != TB_TILING_SINGLE_DIM) {
        return tb_fail(err, TB_EINVAL, "a %s order of tokens needs single-dim tiling",
                       tb_token_order_names[tiling->order]);
    }
    tb_status status = check_extents(tiling, &problem->layout, err);
    if (status != TB_OK || tiling->kv_tiling == TB_KV_STATIC) {
        return status;
    }
    if (tiling->kind == TB_TILING_SINGLE_DIM) {
        return tb_fail(err, TB_EINVAL,
                       "dynamic KV tiles in single-dim tiling; they need multi-dim "
                       "tiling");
    }
    if (problem->pass == TB_PASS_BACKWARD) {
        return tb_fail(
            err, TB_EINVAL,
            "dynamic KV tiles in the backward pass, whose KV tiles must lie on a grid; use "
            "static");
    }
    if (!tb_tiling_may_be_dynamic(tiling, problem, pattern)) {
        return tb_fail(err, TB_EINVAL,
                       "dynamic KV tiles need a window in each dimension, which this pattern over "
                       "this layout has not; use static");
    }
    return TB_OK;
}
