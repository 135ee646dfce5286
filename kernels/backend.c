#include "backend.h"

#include "backend_types.h"
#include "checked.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const tb_implementation_names[TB_IMPLEMENTATION_COUNT] = {"fused", "naive", "unfused",
                                                                      "decode"};

const tb_backend *const tb_backends[TB_BACKEND_COUNT] = {&tb_backend_cpu, &tb_backend_cuda};

const char *const tb_run_clock_names[TB_RUN_CLOCK_COUNT] = {"host", "cupti", "cuda-events"};

struct tb_plan {
    const tb_backend *backend;
    tb_plan_state *state;
    tb_tensors tensors; /* of the last run */
    bool has_run;
};

tb_launch tb_launch_default(void)
{
    return (tb_launch){.problem = tb_problem_default(), .pattern = tb_pattern_default()};
}

int64_t tb_launch_q_tokens(const tb_launch *launch)
{
    return launch->implementation == TB_IMPLEMENTATION_DECODE
               ? 1
               : tb_layout_tokens(&launch->problem.layout) + launch->problem.extra_q;
}

int64_t tb_launch_kv_tokens(const tb_launch *launch)
{
    return tb_layout_tokens(&launch->problem.layout) + launch->problem.extra_kv;
}

double tb_launch_scale(const tb_launch *launch)
{
    return launch->scale > 0 ? launch->scale : 1 / sqrt((double)launch->problem.dim);
}

tb_status tb_backend_find(const char *name, const tb_backend **out, tb_error *err)
{
    for (size_t i = 0; i < TB_BACKEND_COUNT; i++) {
        if (strcmp(name, tb_backends[i]->name) == 0) {
            *out = tb_backends[i];
            return TB_OK;
        }
    }
    return tb_fail(err, TB_EINVAL, "no backend '%s'; there are cpu and cuda", name);
}

/* One of the tensors: do its elements, and their bytes, fit in 63 bits? */
static bool is_countable(int64_t batch, int64_t tokens, int64_t heads, int64_t dim)
{
    int64_t elements;
    return tb_mul_ok(batch, tokens, &elements) && tb_mul_ok(elements, heads, &elements) &&
           tb_mul_ok(elements, dim, &elements) && tb_mul_ok(elements, 8, &elements);
}

static tb_status check_sense(const tb_launch *launch, tb_error *err)
{
    const tb_problem *problem = &launch->problem;
    tb_status status = tb_problem_check(problem, err);
    if (status == TB_OK) {
        status = tb_pattern_check(&launch->pattern, &problem->layout, err);
    }
    if (status != TB_OK) {
        return status;
    }
    if (!isfinite(launch->scale) || launch->scale < 0 || launch->threads < 0 ||
        launch->splits < 0 || launch->workspace_bytes < 0) {
        return tb_fail(err, TB_EINVAL,
                       "a scale, number of threads or splits, or workspace below 0; 0 means the "
                       "usual one");
    }
    int64_t q = tb_launch_q_tokens(launch), kv = tb_launch_kv_tokens(launch);
    if (!is_countable(problem->batch, q, problem->heads, problem->dim) ||
        !is_countable(problem->batch, q, problem->heads, problem->dim_value) ||
        !is_countable(problem->batch, kv, problem->heads_kv, problem->dim) ||
        !is_countable(problem->batch, kv, problem->heads_kv, problem->dim_value)) {
        return tb_fail(err, TB_EOVERFLOW, "the tensors pass 2^63 bytes; make the problem smaller");
    }
    if (launch->implementation != TB_IMPLEMENTATION_FUSED) {
        return TB_OK;
    }
    if (launch->tiles == NULL) {
        return tb_fail(err, TB_EINVAL, "a fused launch without a tile list; give it one");
    }
    if (memcmp(&launch->tiles->problem.layout, &problem->layout, sizeof problem->layout) != 0 ||
        launch->tiles->problem.extra_kv != problem->extra_kv ||
        launch->tiles->problem.extra_q != problem->extra_q ||
        launch->tiles->pattern.kind != launch->pattern.kind) {
        return tb_fail(err, TB_EINVAL, "the tile list is of another problem than the launch");
    }
    return TB_OK;
}

tb_status tb_plan_create(const tb_backend *backend, const tb_launch *launch, tb_plan **out,
                         tb_error *err)
{
    tb_status status = backend->available(err);
    if (status == TB_OK) {
        status = check_sense(launch, err);
    }
    if (status == TB_OK) {
        status = backend->check(launch, err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a plan");
    }
    plan->backend = backend;
    status = backend->prepare(launch, &plan->state, err);
    if (status != TB_OK) {
        free(plan);
        return status;
    }
    *out = plan;
    return TB_OK;
}

tb_status tb_plan_run(tb_plan *plan, const tb_tensors *tensors, tb_run_times *times, tb_error *err)
{
    tb_run_times own;
    tb_status status = plan->backend->run(plan->state, tensors, times == NULL ? &own : times, err);
    plan->tensors = *tensors;
    plan->has_run = status == TB_OK;
    return status;
}

tb_status tb_plan_repeat(tb_plan *plan, tb_run_times *times, tb_error *err)
{
    const tb_backend *backend = plan->backend;
    tb_run_times own;
    times = times == NULL ? &own : times;
    assert(plan->has_run);
    return backend->repeat != NULL ? backend->repeat(plan->state, times, err)
                                   : backend->run(plan->state, &plan->tensors, times, err);
}

tb_plan_state *tb_plan_state_of(const tb_plan *plan)
{
    return plan->state;
}

void tb_backends_close(void)
{
    for (size_t i = 0; i < TB_BACKEND_COUNT; i++) {
        if (tb_backends[i]->close != NULL) {
            tb_backends[i]->close();
        }
    }
}

void tb_plan_counters(const tb_plan *plan, tb_run_counters *out)
{
    plan->backend->counters(plan->state, out);
}

void tb_plan_destroy(tb_plan *plan)
{
    if (plan == NULL) {
        return;
    }
    plan->backend->destroy(plan->state);
    free(plan);
}
