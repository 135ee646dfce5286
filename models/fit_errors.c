#include "fit_errors.h"

#include <math.h>

/* An error this close to the prior's spread says that the runs told nothing. */
#define UNDETERMINED 0.8

static int64_t count_times(const tb_fit_request *request, const bool *skip)
{
    int64_t times = 0;
    for (size_t r = 0; r < request->count; r++) {
        times += (skip != NULL && skip[r]) ? 0 : request->runs[r].measured_permute_us > 0 ? 2 : 1;
    }
    return times;
}

void tb_fit_set_errors(const tb_fit_request *request, const bool *skip, double squares,
                       const double *covariance, tb_fit_result *result)
{
    size_t p = result->count;
    double widen[TB_FIT_PARAMETERS_MAX];
    /* priors count as observations, one a parameter, so that these are the times */
    result->degrees_of_freedom = count_times(request, skip);
    double scale = fmax(1, sqrt(squares / (double)result->degrees_of_freedom));
    result->scatter = scale * request->noise;
    for (size_t i = 0; i < p; i++) {
        tb_fit_parameter *parameter = &result->parameters[i];
        parameter->is_determined =
            sqrt(covariance[i * p + i]) < UNDETERMINED * parameter->prior_spread;
    }
    for (size_t i = 0; i < p; i++) {
        result->parameters[i].error = sqrt(covariance[i * p + i]);
        widen[i] = result->parameters[i].is_determined ? scale : 1; /* else the prior holds it */
        result->parameters[i].error *= widen[i];
    }
    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j < p; j++) {
            result->covariance[i][j] = widen[i] * widen[j] * covariance[i * p + j];
        }
    }
}
