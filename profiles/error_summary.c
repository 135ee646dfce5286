#include "error_summary.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

double tb_error_percent(double predicted_us, double measured_us)
{
    return 100 * (predicted_us / measured_us - 1);
}

/* The times of a group, as they are met. */
typedef struct group_times {
    size_t runs;
    double fastest_us;   /* measured */
    double predicted_us; /* the least predicted */
    double picked_us;    /* sum of measured times of the runs predicted as fast as that */
    size_t picked;
} group_times;

static group_times gather(const double *predicted, const double *measured, const size_t *group,
                          size_t count, size_t first)
{
    group_times times = {.fastest_us = HUGE_VAL, .predicted_us = HUGE_VAL};
    for (size_t i = first; i < count; i++) {
        if (group[i] != group[first]) {
            continue;
        }
        times.runs++;
        times.fastest_us = fmin(times.fastest_us, measured[i]);
        if (predicted[i] < times.predicted_us) {
            times.predicted_us = predicted[i];
            times.picked_us = 0;
            times.picked = 0;
        }
        if (predicted[i] == times.predicted_us) {
            times.picked_us += measured[i];
            times.picked++;
        }
    }
    return times;
}

static bool seen_before(const size_t *group, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (group[j] == group[i]) {
            return true;
        }
    }
    return false;
}

static void find_regret(const double *predicted, const double *measured, const size_t *group,
                        size_t count, tb_error_summary *out)
{
    double sum = 0, largest = 0;
    for (size_t i = 0; group != NULL && i < count; i++) {
        if (seen_before(group, i)) {
            continue;
        }
        group_times times = gather(predicted, measured, group, count, i);
        if (times.runs >= 2) {
            double regret =
                tb_error_percent(times.picked_us / (double)times.picked, times.fastest_us);
            sum += regret;
            largest = fmax(largest, regret);
            out->groups++;
        }
    }
    out->top1_regret_percent = out->groups > 0 ? sum / (double)out->groups : nan("");
    out->top1_regret_max_percent = out->groups > 0 ? largest : nan("");
}

/* Everything that follows from the errors alone; `absolute` holds room for them. */
static tb_status summarise_errors(const double *predicted, const double *measured, size_t count,
                                  double *absolute, tb_error_summary *out, tb_error *err)
{
    double sum = 0, squares = 0, total = 0;
    for (size_t i = 0; i < count; i++) {
        double error = tb_error_percent(predicted[i], measured[i]);
        absolute[i] = fabs(error);
        sum += error;
        total += absolute[i];
        squares += error * error;
    }
    tb_status status = tb_bootstrap_mean(absolute, count, &out->mape_interval, err);
    tb_sort_doubles(absolute, count);
    double n = (double)count;
    out->mape_percent = count > 0 ? total / n : nan("");
    out->bias_percent = count > 0 ? sum / n : nan("");
    out->rmse_percent = count > 0 ? sqrt(squares / n) : nan("");
    out->max_error_percent = count > 0 ? absolute[count - 1] : nan("");
    out->median_error_percent = tb_sorted_quantile(absolute, count, 0.5);
    out->p90_error_percent = tb_sorted_quantile(absolute, count, 0.9);
    return status;
}

tb_status tb_error_summary_of(const double *predicted_us, const double *measured_us,
                              const size_t *group, size_t count, tb_error_summary *out,
                              tb_error *err)
{
    tb_error_summary summary = {.n = count};
    double *absolute = calloc(count > 0 ? count : 1, sizeof *absolute);
    if (absolute == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %zu errors", count);
    }
    tb_status status = summarise_errors(predicted_us, measured_us, count, absolute, &summary, err);
    free(absolute);
    if (status == TB_OK) {
        status = tb_log_pearson(predicted_us, measured_us, count, &summary.pearson, err);
    }
    if (status == TB_OK) {
        status = tb_spearman(predicted_us, measured_us, count, &summary.spearman, err);
    }
    if (status != TB_OK) {
        return status;
    }
    summary.kendall = tb_kendall(predicted_us, measured_us, count);
    find_regret(predicted_us, measured_us, group, count, &summary);
    *out = summary;
    return TB_OK;
}
