/* What the implementations of the CPU backend share; internal to kernels/cpu. */
#ifndef TB_CPU_PLAN_H
#define TB_CPU_PLAN_H

#include "backend_types.h"
#include "cpu_isa.h"

#define TB_CPU_DIM_MAX 256 /* head dims */

/** One implementation: a row of a table in cpu_backend.c. prepare() sets state->own, destroy()
 * frees it (NULL is allowed). */
typedef struct tb_cpu_implementation {
    /** What only this implementation refuses; may be NULL. */
    tb_status (*check)(const tb_launch *launch, tb_error *err);
    tb_status (*prepare)(tb_plan_state *state, tb_error *err);
    tb_status (*run)(tb_plan_state *state, const tb_tensors *tensors, tb_run_times *times,
                     tb_error *err);
    void (*destroy)(tb_plan_state *state);
} tb_cpu_implementation;

struct tb_plan_state {
    tb_launch launch;
    const tb_cpu_isa *isa;
    const tb_cpu_implementation *implementation;
    int threads;
    float scale;   /* of the logits, times log2(e): exponentials are powers of two */
    int64_t group; /* query heads of a KV head */
    tb_run_counters counters;
    void *own;
};

extern const tb_cpu_implementation tb_cpu_fused;
extern const tb_cpu_implementation tb_cpu_naive;
extern const tb_cpu_implementation tb_cpu_unfused;
extern const tb_cpu_implementation tb_cpu_decode;

/** A tensor [batch][token][head][dim]. */
typedef struct tb_cpu_tensor {
    tb_dtype dtype;
    const void *data;
    int64_t tokens, heads, dim;
} tb_cpu_tensor;

static inline int64_t tb_cpu_at(const tb_cpu_tensor *tensor, int64_t batch, int64_t token,
                                int64_t head)
{
    return ((batch * tensor->tokens + token) * tensor->heads + head) * tensor->dim;
}

/** A token's row of one head as fp32: where it lies, or widened into `room`. */
const float *tb_cpu_row(const tb_cpu_isa *isa, const tb_cpu_tensor *tensor, int64_t batch,
                        int64_t token, int64_t head, float *room);

/** Store factor * row as the element type, from element `at`. */
void tb_cpu_store(tb_dtype dtype, void *data, int64_t at, const float *row, float factor,
                  int64_t count);

/** lse of a row whose largest logit is m and sum l, in powers of two; -inf where l is 0. */
float tb_cpu_lse(float m, float l);

/** The tensors of a launch. */
tb_cpu_tensor tb_cpu_q(const tb_plan_state *state, const tb_tensors *tensors);
tb_cpu_tensor tb_cpu_k(const tb_plan_state *state, const tb_tensors *tensors);
tb_cpu_tensor tb_cpu_v(const tb_plan_state *state, const tb_tensors *tensors);

/** The keys that a query sees, as intervals of tokens. */
typedef struct tb_cpu_keys {
    int64_t (*intervals)[2];
    int64_t count, capacity;
    int64_t total; /* keys */
} tb_cpu_keys;

/** Room for the keys of any query of this launch: an interval for every second token at most. */
TB_NODISCARD tb_status tb_cpu_keys_create(const tb_launch *launch, tb_cpu_keys *out, tb_error *err);

/** Those of query token `query` (N + e = extra query e): its row, and extra KV tokens. */
void tb_cpu_keys_find(const tb_launch *launch, int64_t query, tb_cpu_keys *keys);

#endif
