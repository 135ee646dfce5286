#include "fit.h"

#include "fit_errors.h"
#include "least_squares.h"
#include "time_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The times of the runs are taken anew with schedules of their own until no parameter moves by more
 * than this, on its transformed scale, but no more often than MAX_ROUNDS. */
#define SETTLED    0.01
#define MAX_ROUNDS 4

/* The fit while it is being solved. */
typedef struct fit_state {
    const tb_fit_request *request;
    const bool *skip;
    tb_fit_result *result; /* its parameters say who owns which; values follow x */
    const tb_time *bases;  /* of each run, from which times are rescaled */
} fit_state;

static bool is_skipped(const fit_state *state, size_t run)
{
    return state->skip != NULL && state->skip[run];
}

/* Whose parameter it is: the family's where it is shared, else the kernel's. */
static const char *owner_of(const tb_fit_request *request, const tb_fit_run *run,
                            tb_time_parameter parameter)
{
    const char *family = run->kernel->time.family;
    return request->shared[parameter] && family != NULL ? family : run->kernel->name;
}

static bool same_text(const char *a, const char *b)
{
    return (a == NULL && b == NULL) || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static tb_fit_parameter *find_parameter(const tb_fit_request *request, const tb_fit_run *run,
                                        tb_time_parameter parameter, tb_fit_result *result)
{
    const char *owner = owner_of(request, run, parameter);
    const char *device = request->shared[parameter] ? NULL : run->device->name;
    for (size_t i = 0; i < result->count; i++) {
        tb_fit_parameter *known = &result->parameters[i];
        if (known->parameter == parameter && same_text(known->owner, owner) &&
            same_text(known->device, device)) {
            return known;
        }
    }
    return NULL;
}

/* Does this run's time depend on the parameter? */
static bool needs(const tb_fit_run *run, tb_time_parameter parameter)
{
    const tb_prediction *p = run->prediction;
    bool is_masked = p->has_masks ? p->masks.masked > 0 : tb_census_partial(&p->census) > 0;
    switch (parameter) {
    case TB_TIME_MASK_CYCLES:
        return is_masked;
    case TB_TIME_MASK_3D_FACTOR:
        return is_masked && tb_tiling_dims(&p->tiling, &p->problem.layout) >= 3;
    case TB_TIME_PERMUTE_FRACTION:
        return run->measured_permute_us > 0;
    case TB_TIME_OVERLAP: /* the backward pass has its own, where it has one */
        return p->problem.pass == TB_PASS_FORWARD ||
               !run->kernel->time.prior[TB_TIME_BACKWARD_OVERLAP].given;
    case TB_TIME_BACKWARD_OVERLAP:
        return p->problem.pass == TB_PASS_BACKWARD && run->kernel->time.prior[parameter].given;
    default:
        return !tb_time_parameters[parameter].is_optional ||
               run->kernel->time.prior[parameter].given;
    }
}

static tb_status add_parameter(const tb_fit_request *request, const tb_fit_run *run,
                               tb_time_parameter parameter, tb_fit_result *result, tb_error *err)
{
    const tb_prior *prior = &run->kernel->time.prior[parameter];
    if (find_parameter(request, run, parameter, result) != NULL) {
        return TB_OK;
    }
    bool is_clock = parameter == TB_TIME_SUSTAINED_CLOCK_FRACTION;
    const tb_device_value *clock = &run->device->values[TB_DEVICE_SUSTAINED_CLOCK_FRACTION];
    if ((prior->given && !(prior->spread > 0)) || (is_clock && clock->origin != TB_VALUE_UNKNOWN)) {
        return TB_OK; /* held at its sourced value */
    }
    if (!prior->given) {
        return tb_fail(err, TB_EINVAL, "kernel %s has no prior of %s to fit it from",
                       run->kernel->name, tb_time_parameters[parameter].name);
    }
    if (result->count == TB_FIT_PARAMETERS_MAX) {
        return tb_fail(err, TB_EINVAL,
                       "more than %d parameters; fit fewer kernels and devices at a "
                       "time",
                       TB_FIT_PARAMETERS_MAX);
    }
    result->parameters[result->count++] = (tb_fit_parameter){
        .parameter = parameter,
        .owner = owner_of(request, run, parameter),
        .device = request->shared[parameter] ? NULL : run->device->name,
        .value = prior->value,
        .prior_value = prior->value,
        .prior_spread = prior->spread,
    };
    return TB_OK;
}

static tb_status collect_parameters(fit_state *state, tb_error *err)
{
    const tb_fit_request *request = state->request;
    for (size_t r = 0; r < request->count; r++) {
        const tb_fit_run *run = &request->runs[r];
        if (is_skipped(state, r)) {
            continue;
        }
        if (!(run->measured_us > 0) || !isfinite(run->measured_us)) {
            return tb_fail(err, TB_EINVAL, "run %s measured %g us; a time must be above 0", run->id,
                           run->measured_us);
        }
        for (int p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
            if (!needs(run, (tb_time_parameter)p)) {
                continue;
            }
            tb_status status =
                add_parameter(request, run, (tb_time_parameter)p, state->result, err);
            if (status != TB_OK) {
                return status;
            }
        }
    }
    return state->result->count > 0 ? TB_OK
                                    : tb_fail(err, TB_EINVAL,
                                              "no run to fit; name profiles with "
                                              "runs of a kernel that has a time "
                                              "model");
}

tb_time_values tb_fit_values(const tb_fit_request *request, const tb_fit_result *result,
                             const tb_fit_run *run)
{
    tb_time_values values = tb_time_priors_of(run->kernel, run->device);
    for (size_t i = 0; i < result->count; i++) {
        const tb_fit_parameter *parameter = &result->parameters[i];
        bool is_owner = strcmp(parameter->owner, owner_of(request, run, parameter->parameter)) == 0;
        bool is_here =
            parameter->device == NULL || strcmp(parameter->device, run->device->name) == 0;
        if (is_owner && is_here) {
            values.known[parameter->parameter] = true;
            values.value[parameter->parameter] = parameter->value;
        }
    }
    return values;
}

tb_status tb_fit_predict(const tb_fit_request *request, const tb_fit_result *result,
                         const tb_fit_run *run, double *attention_us, double *permute_us,
                         tb_error *err)
{
    tb_time time;
    tb_time_case item = tb_time_case_of(run->prediction, run->kernel, run->device, run->counts);
    tb_time_values values = tb_fit_values(request, result, run);
    tb_status status = tb_time_predict(&item, &values, &time, err);
    if (status == TB_OK) {
        *attention_us = time.attention_us;
        if (permute_us != NULL) {
            *permute_us = time.permute_us;
        }
    }
    return status;
}

static void values_from_x(tb_fit_result *result, const double *x)
{
    for (size_t i = 0; i < result->count; i++) {
        tb_fit_parameter *parameter = &result->parameters[i];
        parameter->value = tb_parameter_backward(parameter->parameter, x[i]);
    }
}

#define PER_RUN 3 /* residuals */

/* How far a part of a run's time is off; 0 where it was not measured or has no term. */
static double part_residual(double predicted_us, double measured_us, double noise)
{
    return measured_us > 0 && predicted_us > 0 ? log(predicted_us / measured_us) / noise : 0;
}

/* Residuals: of each run its attention, permutation and packing, then one a prior. */
static tb_status fill(const double *x, double *residuals, void *user, tb_error *err)
{
    fit_state *state = user;
    const tb_fit_request *request = state->request;
    tb_fit_result *result = state->result;
    values_from_x(result, x);
    for (size_t r = 0; r < request->count; r++) {
        const tb_fit_run *run = &request->runs[r];
        double *of_run = residuals + PER_RUN * r;
        double attention_us = 0, permute_us = 0, pack_us = 0;
        of_run[0] = of_run[1] = of_run[2] = 0;
        if (is_skipped(state, r)) {
            continue;
        }
        tb_time_case item = tb_time_case_of(run->prediction, run->kernel, run->device, run->counts);
        tb_time_values values = tb_fit_values(request, result, run);
        tb_status status = tb_time_rescale(&item, &values, &state->bases[r], &attention_us,
                                           &permute_us, &pack_us, err);
        if (status != TB_OK) {
            return status;
        }
        of_run[0] = log(attention_us / run->measured_us) / request->noise;
        of_run[1] = part_residual(permute_us, run->measured_permute_us, request->noise);
        of_run[2] = part_residual(pack_us, run->measured_pack_us, request->noise);
    }
    for (size_t i = 0; i < result->count; i++) {
        const tb_fit_parameter *parameter = &result->parameters[i];
        double prior = tb_parameter_forward(parameter->parameter, parameter->prior_value);
        residuals[PER_RUN * request->count + i] = (x[i] - prior) / parameter->prior_spread;
    }
    return TB_OK;
}

static void start_from(const tb_fit_result *start, tb_fit_result *result)
{
    for (size_t i = 0; start != NULL && i < result->count; i++) {
        tb_fit_parameter *to = &result->parameters[i];
        for (size_t j = 0; j < start->count; j++) {
            const tb_fit_parameter *from = &start->parameters[j];
            if (from->parameter == to->parameter && same_text(from->owner, to->owner) &&
                same_text(from->device, to->device)) {
                to->value = from->value;
            }
        }
    }
}

/* Sum of the squared residuals, of the runs in units of the noise and of the priors. */
static tb_status sum_squares(fit_state *state, const double *x, double *out, tb_error *err)
{
    size_t all = PER_RUN * state->request->count + state->result->count;
    double *residuals = calloc(all, sizeof *residuals);
    if (residuals == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a fit of %zu runs", state->request->count);
    }
    tb_status status = fill(x, residuals, state, err);
    *out = 0;
    for (size_t i = 0; i < all; i++) {
        *out += residuals[i] * residuals[i];
    }
    free(residuals);
    return status;
}

/* Solve with every run's CTAs on the slots that they have in the bases. */
static tb_status solve(fit_state *state, tb_error *err)
{
    tb_fit_result *result = state->result;
    size_t p = result->count;
    double x[TB_FIT_PARAMETERS_MAX], squares = 0;
    double *covariance = calloc(p * p, sizeof *covariance);
    if (covariance == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a fit of %zu parameters", p);
    }
    for (size_t i = 0; i < p; i++) {
        x[i] = tb_parameter_forward(result->parameters[i].parameter, result->parameters[i].value);
    }
    tb_least_squares problem = {.parameters = p,
                                .residuals = PER_RUN * state->request->count + p,
                                .fill = fill,
                                .user = state};
    tb_status status = tb_least_squares_solve(&problem, x, covariance, &result->iterations, err);
    if (status == TB_OK) {
        values_from_x(result, x);
        status = sum_squares(state, x, &squares, err);
    }
    if (status == TB_OK) {
        tb_fit_set_errors(state->request, state->skip, squares, covariance, result);
    }
    free(covariance);
    return status;
}

tb_status tb_fit_bases(const tb_fit_request *request, const tb_fit_result *result, const bool *skip,
                       tb_time *out, tb_error *err)
{
    for (size_t r = 0; r < request->count; r++) {
        const tb_fit_run *run = &request->runs[r];
        if (skip != NULL && skip[r]) {
            continue;
        }
        tb_time_case item = tb_time_case_of(run->prediction, run->kernel, run->device, run->counts);
        tb_time_values values = tb_fit_values(request, result, run);
        tb_status status = tb_time_predict(&item, &values, &out[r], err);
        if (status != TB_OK) {
            return status;
        }
    }
    return TB_OK;
}

/* How far the parameters moved, on their transformed scales. */
static double largest_move(const tb_fit_result *from, const tb_fit_result *to)
{
    double largest = 0;
    for (size_t i = 0; i < to->count; i++) {
        tb_time_parameter parameter = to->parameters[i].parameter;
        double move = tb_parameter_forward(parameter, to->parameters[i].value) -
                      tb_parameter_forward(parameter, from->parameters[i].value);
        largest = fmax(largest, fabs(move));
    }
    return largest;
}

/* Solve, schedule anew under what was found, and again until it settles. */
static tb_status solve_in_rounds(fit_state *state, tb_error *err)
{
    tb_time *bases = calloc(state->request->count, sizeof *bases);
    tb_status status = bases == NULL ? tb_fail(err, TB_ENOMEM, "no memory for a fit of %zu runs",
                                               state->request->count)
                                     : TB_OK;
    state->bases = bases;
    double move = HUGE_VAL;
    for (int round = 0; status == TB_OK && round < MAX_ROUNDS && move > SETTLED; round++) {
        tb_fit_result before = *state->result;
        status = tb_fit_bases(state->request, state->result, state->skip, bases, err);
        if (status == TB_OK) {
            status = solve(state, err);
            move = largest_move(&before, state->result);
        }
    }
    free(bases);
    state->bases = NULL;
    return status;
}

tb_status tb_fit_solve(const tb_fit_request *request, const bool *skip, const tb_fit_result *start,
                       tb_fit_result *out, tb_error *err)
{
    tb_fit_result result = {0};
    fit_state state = {
        .request = request, .skip = skip, .result = &result, .bases = request->bases};
    tb_status status = collect_parameters(&state, err);
    if (status == TB_OK) {
        start_from(start, &result);
        status = request->bases != NULL ? solve(&state, err) : solve_in_rounds(&state, err);
    }
    if (status == TB_OK) {
        *out = result;
    }
    return status;
}
