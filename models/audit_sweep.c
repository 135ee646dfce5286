#include "audit_sweep.h"

#include "checked.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const int64_t tb_audit_lengths[TB_AUDIT_LENGTHS] = {4096, 16384, 65536, 262144, 1048576};
const int64_t tb_audit_dims[TB_AUDIT_DIMS] = {64, 128};
const char *const tb_audit_devices[TB_AUDIT_DEVICES] = {"a100-80", "h100-sxm", "b200", "rtx-4090"};

/* One run of the sweep. */
typedef struct audit_point {
    int64_t tokens, dim;
    const tb_device *device;
    const char *device_name;
    tb_status status;
    tb_error error;
    double bound, speedup;
    bool has_assumed;
} audit_point;

/* What a sweep runs over. */
typedef struct audit_plan {
    tb_mechanism mechanism; /* with parameters of its own: the claim's `set` applied */
    const tb_claim *claim;
    tb_device *devices[TB_AUDIT_DEVICES]; /* owned */
    const char *names[TB_AUDIT_DEVICES];
    size_t device_count, count;
    audit_point points[TB_AUDIT_LENGTHS * TB_AUDIT_DIMS * TB_AUDIT_DEVICES];
} audit_plan;

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool tb_audit_same_sweep(const tb_claim *a, const tb_claim *b)
{
    bool same_layout = a->layout.rank == b->layout.rank;
    for (int d = 0; same_layout && d < a->layout.rank; d++) {
        same_layout = a->layout.extent[d] == b->layout.extent[d];
    }
    return same_layout && a->tokens == b->tokens && a->dim == b->dim && a->heads == b->heads &&
           a->set == b->set && same_text(a->device_name, b->device_name);
}

/* The mechanism is not ours to change: its parameters are copied. */
static tb_status copy_mechanism(const tb_mechanism *mechanism, audit_plan *plan, tb_error *err)
{
    size_t count = mechanism->parameter_count;
    plan->mechanism = *mechanism;
    plan->mechanism.parameters = calloc(count + 1, sizeof *mechanism->parameters);
    if (plan->mechanism.parameters == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for an audit");
    }
    if (count > 0) {
        memcpy(plan->mechanism.parameters, mechanism->parameters,
               count * sizeof *mechanism->parameters);
    }
    return tb_mechanism_set_claim(&plan->mechanism, plan->claim, err);
}

static tb_status load_devices(audit_plan *plan, tb_error *err)
{
    const char *only = plan->claim->device_name;
    size_t count = only != NULL ? 1 : TB_AUDIT_DEVICES;
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        plan->names[i] = only != NULL ? only : tb_audit_devices[i];
        status = tb_device_load(plan->names[i], &plan->devices[i], err);
        plan->device_count += status == TB_OK;
    }
    return status;
}

/* The longest first: threads share them out. */
static void list_points(audit_plan *plan)
{
    const tb_claim *claim = plan->claim;
    int lengths = claim->tokens > 0 ? 1 : TB_AUDIT_LENGTHS;
    int dims = claim->dim > 0 ? 1 : TB_AUDIT_DIMS;
    for (int n = lengths - 1; n >= 0; n--) {
        for (int d = 0; d < dims; d++) {
            for (size_t i = 0; i < plan->device_count; i++) {
                plan->points[plan->count++] = (audit_point){
                    .tokens = claim->tokens > 0 ? claim->tokens : tb_audit_lengths[n],
                    .dim = claim->dim > 0 ? claim->dim : tb_audit_dims[d],
                    .device = plan->devices[i],
                    .device_name = plan->names[i],
                };
            }
        }
    }
}

/* The mechanism's own problem at that place; of other heads, as many queries a KV head. */
static tb_status make_problem(const audit_plan *plan, const audit_point *point, tb_problem *out,
                              tb_error *err)
{
    const tb_claim *claim = plan->claim;
    bool changed;
    *out = plan->mechanism.problem;
    out->dim = out->dim_value = point->dim;
    if (claim->heads > 0) {
        int64_t group = out->heads / out->heads_kv;
        out->heads = claim->heads;
        out->heads_kv = claim->heads % group == 0 ? claim->heads / group : claim->heads;
    }
    if (claim->layout.rank > 0) {
        out->layout = claim->layout;
        return TB_OK;
    }
    out->layout = (tb_layout){.rank = 1, .extent = {point->tokens}};
    return tb_mechanism_layout(&plan->mechanism, &out->layout, &changed, err);
}

static void run_point(const audit_plan *plan, audit_point *point)
{
    tb_problem problem;
    tb_mechanism_result result = {0};
    tb_status status = make_problem(plan, point, &problem, &point->error);
    if (status == TB_OK) {
        status = tb_mechanism_run(&plan->mechanism, &problem, point->device, NULL, 0, &result,
                                  &point->error);
    }
    if (status == TB_OK && !(result.bound > 0)) {
        status = tb_fail(&point->error, TB_EINVAL, "%s has no dense attention to compare with",
                         point->device_name);
    }
    if (status == TB_OK) {
        point->bound = result.bound;
        point->speedup = result.speedup;
        point->has_assumed = result.has_assumed;
    }
    tb_mechanism_result_release(&result);
    point->status = status;
}

static void run_points(audit_plan *plan)
{
    int count = (int)plan->count;
#pragma omp parallel for schedule(dynamic, 1)
    for (int i = 0; i < count; i++) {
        run_point(plan, &plan->points[i]);
    }
}

static void widen(const audit_point *point, tb_audit_range *out)
{
    bool first = out->points == out->skipped;
    out->bound_min = first ? point->bound : fmin(out->bound_min, point->bound);
    out->speedup_min = first ? point->speedup : fmin(out->speedup_min, point->speedup);
    out->speedup_max = first ? point->speedup : fmax(out->speedup_max, point->speedup);
    if (first || point->bound > out->bound_max) {
        out->bound_max = point->bound;
        out->best_tokens = point->tokens;
        out->best_dim = point->dim;
        out->best_device = point->device_name;
    }
    out->has_assumed = out->has_assumed || point->has_assumed;
}

/* Places where a device lacks what the mechanism needs (FP8, a dense kernel) are left out, and
 * counted; anything else that goes wrong is wrong. */
static tb_status add_up(const audit_plan *plan, tb_audit_range *out, tb_error *err)
{
    const audit_point *failed = NULL, *first = &plan->points[0], *last = first;
    *out = (tb_audit_range){.device = plan->claim->device_name, .devices = plan->device_count};
    for (size_t i = 0; i < plan->count; i++) {
        const audit_point *point = &plan->points[i];
        if (point->status == TB_OK) {
            widen(point, out);
        } else if (point->status != TB_EINVAL) {
            failed = point;
            break;
        } else {
            failed = failed == NULL ? point : failed;
            out->skipped++;
        }
        out->points++;
        last = point;
    }
    if (failed != NULL && (failed->status != TB_EINVAL || out->skipped == out->points)) {
        if (err != NULL) {
            *err = failed->error;
        }
        return failed->status;
    }
    out->tokens_min = last->tokens; /* the longest came first, the shortest head dim too */
    out->tokens_max = first->tokens;
    out->dim_min = first->dim;
    out->dim_max = last->dim;
    return TB_OK;
}

tb_status tb_audit_sweep(const tb_mechanism *mechanism, const tb_claim *claim, tb_audit_range *out,
                         tb_error *err)
{
    audit_plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for an audit");
    }
    plan->claim = claim;
    tb_status status = copy_mechanism(mechanism, plan, err);
    if (status == TB_OK) {
        status = load_devices(plan, err);
    }
    if (status == TB_OK) {
        list_points(plan);
        run_points(plan);
        status = add_up(plan, out, err);
    }
    for (size_t i = 0; i < plan->device_count; i++) {
        tb_device_destroy(plan->devices[i]);
    }
    free(plan->mechanism.parameters);
    free(plan);
    return status;
}
