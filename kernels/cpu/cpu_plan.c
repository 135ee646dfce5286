#include "cpu_plan.h"

#include "cpu_threads.h"
#include "number.h"

#include <math.h>
#include <stdlib.h>

#define LN_2 0.693147180559945309417

const float *tb_cpu_row(const tb_cpu_isa *isa, const tb_cpu_tensor *tensor, int64_t batch,
                        int64_t token, int64_t head, float *room)
{
    int64_t at = tb_cpu_at(tensor, batch, token, head);
    if (tensor->dtype == TB_DTYPE_FP32) {
        return (const float *)tensor->data + at;
    }
    isa->widen((const uint16_t *)tensor->data + at, room, tensor->dim);
    return room;
}

void tb_cpu_store(tb_dtype dtype, void *data, int64_t at, const float *row, float factor,
                  int64_t count)
{
    if (dtype == TB_DTYPE_FP32) {
        float *to = (float *)data + at;
        for (int64_t i = 0; i < count; i++) {
            to[i] = row[i] * factor;
        }
        return;
    }
    uint16_t *to = (uint16_t *)data + at;
    for (int64_t i = 0; i < count; i++) {
        to[i] = tb_float_to_bf16(row[i] * factor);
    }
}

float tb_cpu_lse(float m, float l)
{
    return l > 0 ? (float)(((double)m + log2((double)l)) * LN_2) : -HUGE_VALF;
}

tb_cpu_tensor tb_cpu_q(const tb_plan_state *state, const tb_tensors *tensors)
{
    const tb_problem *p = &state->launch.problem;
    return (tb_cpu_tensor){.dtype = p->dtype,
                           .data = tensors->q,
                           .tokens = tb_launch_q_tokens(&state->launch),
                           .heads = p->heads,
                           .dim = p->dim};
}

tb_cpu_tensor tb_cpu_k(const tb_plan_state *state, const tb_tensors *tensors)
{
    const tb_problem *p = &state->launch.problem;
    return (tb_cpu_tensor){.dtype = p->dtype,
                           .data = tensors->k,
                           .tokens = tb_launch_kv_tokens(&state->launch),
                           .heads = p->heads_kv,
                           .dim = p->dim};
}

tb_cpu_tensor tb_cpu_v(const tb_plan_state *state, const tb_tensors *tensors)
{
    tb_cpu_tensor v = tb_cpu_k(state, tensors);
    v.data = tensors->v;
    v.dim = state->launch.problem.dim_value;
    return v;
}

tb_status tb_cpu_keys_create(const tb_launch *launch, tb_cpu_keys *out, tb_error *err)
{
    *out = (tb_cpu_keys){.capacity = tb_layout_tokens(&launch->problem.layout) / 2 + 2};
    out->intervals = calloc((size_t)out->capacity, sizeof *out->intervals);
    if (out->intervals == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the keys of a query");
    }
    return TB_OK;
}

static void add_interval(int64_t begin, int64_t end, void *user)
{
    tb_cpu_keys *keys = user;
    keys->total += end - begin;
    if (keys->count > 0 && keys->intervals[keys->count - 1][1] == begin) { /* touching: one */
        keys->intervals[keys->count - 1][1] = end;
        return;
    }
    keys->intervals[keys->count][0] = begin;
    keys->intervals[keys->count][1] = end;
    keys->count++;
}

void tb_cpu_keys_find(const tb_launch *launch, int64_t query, tb_cpu_keys *keys)
{
    int64_t n = tb_layout_tokens(&launch->problem.layout);
    keys->count = keys->total = 0;
    if (query < n) {
        tb_pattern_row(&launch->pattern, &launch->problem.layout, query, add_interval, keys);
    } else {
        add_interval(0, n, keys);
    }
    if (launch->problem.extra_kv > 0) {
        add_interval(n, n + launch->problem.extra_kv, keys);
    }
}
