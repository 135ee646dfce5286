/* How far a predicted time can be off, by the errors of the parameters. */
#include "least_squares.h"
#include "time_parts.h"

#include <math.h>

#define LEVEL 0.95
/* Parameters are moved by this part of their error to see how the time answers. */
#define STEP_OF_ERROR 0.5
#define LARGEST_STEP  0.25 /* on the transformed scale, so that the answer stays near linear */

/* d log time / d parameter on its transformed scale, times the parameter's error. */
static tb_status gradient(const tb_time_case *item, const tb_time_values *values,
                          const tb_time *now, double *out, tb_error *err)
{
    double here = 0;
    tb_status status = tb_time_rescale(item, values, now, &here, NULL, NULL, err);
    for (size_t p = 0; status == TB_OK && p < TB_TIME_PARAMETER_COUNT; p++) {
        double error = sqrt(values->covariance[p][p]), there = 0;
        bool matters = values->known[p] && error > 0 && values->value[p] > 0;
        out[p] = 0;
        if (!matters || p == TB_TIME_PERMUTE_FRACTION) { /* which is not in attention_us */
            continue;
        }
        double step = fmin(STEP_OF_ERROR * error, LARGEST_STEP);
        tb_time_parameter parameter = (tb_time_parameter)p;
        tb_time_values moved = *values;
        double x = tb_parameter_forward(parameter, values->value[p]);
        moved.value[p] = tb_parameter_backward(parameter, x + step);
        status = tb_time_rescale(item, &moved, now, &there, NULL, NULL, err);
        out[p] = log(there / here) / step;
    }
    return status;
}

tb_status tb_time_interval(const tb_time_case *item, const tb_time_values *values, tb_time *time,
                           tb_error *err)
{
    double slope[TB_TIME_PARAMETER_COUNT] = {0}, variance = values->scatter * values->scatter;
    tb_status status = gradient(item, values, time, slope, err);
    if (status != TB_OK) {
        return status;
    }
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        for (size_t q = 0; q < TB_TIME_PARAMETER_COUNT; q++) {
            variance += slope[p] * values->covariance[p][q] * slope[q];
        }
    }
    double width = tb_student_quantile(LEVEL, values->degrees_of_freedom) * sqrt(fmax(variance, 0));
    time->relative_error = sqrt(fmax(variance, 0));
    time->low_us = time->attention_us * exp(-width);
    time->high_us = time->attention_us * exp(width);
    return TB_OK;
}
