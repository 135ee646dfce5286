/* How far predictions are from measurements, in one set of numbers: of `compare`, and of the
 * training and left-out runs of a fit. */
#ifndef TB_ERROR_SUMMARY_H
#define TB_ERROR_SUMMARY_H

#include "statistics.h"

#include <stddef.h>

/** NaN where a number is undefined. error = 100 (predicted / measured - 1). */
typedef struct tb_error_summary {
    size_t n;
    double mape_percent;         /* mean absolute error */
    tb_bootstrap mape_interval;  /* 95 % */
    double bias_percent;         /* mean error: above 0 = predicted too slow */
    double rmse_percent;         /* root of the mean squared error */
    double max_error_percent;    /* largest absolute error */
    double median_error_percent; /* of absolute errors: the 50th percentile */
    double p90_error_percent;    /* the 90th */
    double pearson;              /* of log times */
    double spearman;
    double kendall; /* tau-b */
    size_t groups;  /* groups of at least two runs of one problem on one device */
    double top1_regret_percent;
    double top1_regret_max_percent;
} tb_error_summary;

/** 100 (predicted / measured - 1). */
double tb_error_percent(double predicted_us, double measured_us);

/**
 * Summarise predictions.
 *
 *   regret of a group = 100 (measured time of the run predicted fastest / fastest measured - 1);
 *   runs predicted equally fast count with the mean of their times
 *   top1_regret = mean over groups, _max = the largest
 *
 * @param[in] predicted_us, measured_us  `count` times each, > 0
 * @param[in] group  of each run, any numbers: runs of a group are alternatives; NULL = no groups
 * @return TB_OK; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_error_summary_of(const double *predicted_us, const double *measured_us,
                                           const size_t *group, size_t count, tb_error_summary *out,
                                           tb_error *err);

#endif
