/* The CPU's row of the backend table. */
#include "cpu_facts.h"
#include "cpu_plan.h"
#include "cpu_threads.h"

#include <stdlib.h>

#define THREADS_MAX 1024
#define LOG2_E      1.44269504088896340736

static const tb_cpu_implementation *const implementations[TB_IMPLEMENTATION_COUNT] = {
    [TB_IMPLEMENTATION_FUSED] = &tb_cpu_fused,
    [TB_IMPLEMENTATION_NAIVE] = &tb_cpu_naive,
    [TB_IMPLEMENTATION_UNFUSED] = &tb_cpu_unfused,
    [TB_IMPLEMENTATION_DECODE] = &tb_cpu_decode,
};

/* Only a forced instruction set can be missing: portable kernels are always here. */
static tb_status available(tb_error *err)
{
    const tb_cpu_isa *isa;
    return tb_cpu_isa_here(&isa, err);
}

static tb_status check(const tb_launch *launch, tb_error *err)
{
    const tb_problem *p = &launch->problem;
    if (p->pass != TB_PASS_FORWARD) {
        return tb_fail(err, TB_EUNAVAILABLE, "the CPU backend has no backward pass");
    }
    if (p->dtype != TB_DTYPE_FP32 && p->dtype != TB_DTYPE_BF16) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "the CPU backend stores fp32 and bf16 (and computes in fp32), not %s",
                       tb_dtype_names[p->dtype]);
    }
    if (p->dim > TB_CPU_DIM_MAX || p->dim_value > TB_CPU_DIM_MAX) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "head dims %lld and %lld; the CPU backend has up to %d", (long long)p->dim,
                       (long long)p->dim_value, TB_CPU_DIM_MAX);
    }
    if (launch->threads > THREADS_MAX) {
        return tb_fail(err, TB_EINVAL, "%d threads; at most %d", launch->threads, THREADS_MAX);
    }
    const tb_cpu_implementation *implementation = implementations[launch->implementation];
    return implementation->check == NULL ? TB_OK : implementation->check(launch, err);
}

static void destroy(tb_plan_state *state)
{
    if (state != NULL) {
        state->implementation->destroy(state);
        free(state);
    }
}

static tb_status prepare(const tb_launch *launch, tb_plan_state **out, tb_error *err)
{
    const tb_cpu_isa *isa;
    tb_status status = tb_cpu_isa_here(&isa, err);
    if (status != TB_OK) {
        return status;
    }
    tb_plan_state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a plan");
    }
    state->launch = *launch;
    state->isa = isa;
    state->implementation = implementations[launch->implementation];
    state->threads = launch->threads > 0 ? launch->threads : tb_cpu_threads();
    state->scale = (float)(tb_launch_scale(launch) * LOG2_E);
    state->group = launch->problem.heads / launch->problem.heads_kv;
    status = state->implementation->prepare(state, err);
    if (status != TB_OK) {
        destroy(state);
        return status;
    }
    *out = state;
    return TB_OK;
}

static tb_status run(tb_plan_state *state, const tb_tensors *tensors, tb_run_times *times,
                     tb_error *err)
{
    return state->implementation->run(state, tensors, times, err);
}

static void counters(const tb_plan_state *state, tb_run_counters *out)
{
    *out = state->counters;
}

const tb_backend tb_backend_cpu = {
    .name = "cpu",
    .summary = "native kernels in C and OpenMP (AVX-512, AVX2, NEON or plain C)",
    .available = available,
    .facts = tb_cpu_facts,
    .check = check,
    .prepare = prepare,
    .run = run,
    .counters = counters,
    .destroy = destroy,
};
