/* Statistics of samples, of rankings, and of predictions against measurements. Home of GSL in
 * profiles/. NaN where a statistic is undefined. */
#ifndef TB_STATISTICS_H
#define TB_STATISTICS_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Median and quartiles of a sample. */
typedef struct tb_quartiles {
    double low, median, high;
} tb_quartiles;

/** A closed interval. */
typedef struct tb_interval {
    double low, high;
} tb_interval;

/**
 * Quartiles of `count` >= 1 values, by linear interpolation between order statistics (R's type 7).
 *
 * @return TB_OK; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_quartiles_of(const double *values, size_t count, tb_quartiles *out,
                                       tb_error *err);

/** The quantile (0 to 1) of `count` values sorted ascending, interpolated likewise; NaN for none.
 */
double tb_sorted_quantile(const double *sorted, size_t count, double fraction);

/** Sort ascending. */
void tb_sort_doubles(double *values, size_t count);

/**
 * Confidence interval of the median: the narrowest pair of order statistics, as far from either
 * end, that covers it in 95 % of samples of any continuous distribution.
 *
 *   [x_(k), x_(n+1-k)] with the largest k for which 1 - 2 P(Binomial(n, 1/2) < k) >= 0.95
 *
 * Source: Conover, Practical Nonparametric Statistics, 3rd ed., sec. 3.2.
 *
 * @param[in] sorted  `count` values, ascending
 * @return false, with *out unset, below 6 values: no pair covers as much
 */
bool tb_median_interval_of(const double *sorted, size_t count, tb_interval *out);

/** A random order of `count` indices, the same for the same seed on every machine. TB_OK;
 *  TB_ENOMEM. */
TB_NODISCARD tb_status tb_shuffle(size_t *indices, size_t count, uint64_t seed, tb_error *err);

/** Random numbers, the same for the same seed on every machine (Mersenne twister). */
typedef struct tb_random tb_random;

/** Make one; NULL when memory is exhausted. */
tb_random *tb_random_create(void);
void tb_random_destroy(tb_random *random);

/** Start anew; of the seed its lowest 32 bits count. */
void tb_random_seed(tb_random *random, uint64_t seed);

/** A number in [0, 1), of 32 bits; and one of 32 bits. */
double tb_random_uniform(tb_random *random);
uint32_t tb_random_bits(tb_random *random);

/** Pearson's correlation of log x and log y, all > 0; NaN below two values or where one of them
 *  does not vary. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_log_pearson(const double *x, const double *y, size_t count, double *out,
                                      tb_error *err);

/** Spearman's rank correlation, ties sharing their mean rank; NaN as above. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_spearman(const double *x, const double *y, size_t count, double *out,
                                   tb_error *err);

/**
 * Kendall's rank correlation with ties, in the order of count^2.
 *
 *   tau-b = (concordant - discordant) / sqrt((pairs - ties in x) (pairs - ties in y))
 *
 * Source: Kendall, Biometrika 33(3), 1945.
 *
 * @return tau-b, or NaN where one side does not vary
 */
double tb_kendall(const double *x, const double *y, size_t count);

/** An interval of a statistic, and how it came about. */
typedef struct tb_bootstrap {
    double low, high; /* NaN below two values */
    int64_t resamples;
    uint64_t seed;
} tb_bootstrap;

#define TB_BOOTSTRAP_RESAMPLES 2000
#define TB_BOOTSTRAP_SEED      20250422

/**
 * 95 % percentile bootstrap interval of the mean of `values`: the same seed gives the same interval
 * on every machine (Mersenne twister).
 *
 * Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13.
 *
 * @return TB_OK; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_bootstrap_mean(const double *values, size_t count, tb_bootstrap *out,
                                         tb_error *err);

#endif
