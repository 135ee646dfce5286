#include "statistics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BOOTSTRAP_TAIL  0.025
#define MEDIAN_COVERAGE 0.95

static double *copy_of(const double *values, size_t count, tb_error *err)
{
    double *copy = calloc(count > 0 ? count : 1, sizeof *copy);
    if (copy == NULL) {
        (void)tb_fail(err, TB_ENOMEM, "no memory for statistics of %zu values", count);
        return NULL;
    }
    if (count > 0) {
        memcpy(copy, values, count * sizeof *copy);
    }
    return copy;
}

void tb_sort_doubles(double *values, size_t count)
{
    gsl_sort(values, 1, count);
}

double tb_sorted_quantile(const double *sorted, size_t count, double fraction)
{
    return count == 0 ? nan("") : gsl_stats_quantile_from_sorted_data(sorted, 1, count, fraction);
}

tb_status tb_quartiles_of(const double *values, size_t count, tb_quartiles *out, tb_error *err)
{
    double *sorted = copy_of(values, count, err);
    if (sorted == NULL) {
        return TB_ENOMEM;
    }
    tb_sort_doubles(sorted, count);
    *out = (tb_quartiles){.low = tb_sorted_quantile(sorted, count, 0.25),
                          .median = tb_sorted_quantile(sorted, count, 0.5),
                          .high = tb_sorted_quantile(sorted, count, 0.75)};
    free(sorted);
    return TB_OK;
}

bool tb_median_interval_of(const double *sorted, size_t count, tb_interval *out)
{
    size_t rank = 0; /* from 1 */
    while (rank < count / 2 &&
           1 - 2 * gsl_cdf_binomial_P((unsigned)rank, 0.5, (unsigned)count) >= MEDIAN_COVERAGE) {
        rank++;
    }
    if (rank == 0) {
        return false;
    }
    *out = (tb_interval){.low = sorted[rank - 1], .high = sorted[count - rank]};
    return true;
}

/* gsl_rng by another name, so that it stays at home here. */
tb_random *tb_random_create(void)
{
    return (tb_random *)gsl_rng_alloc(gsl_rng_mt19937);
}

void tb_random_destroy(tb_random *random)
{
    if (random != NULL) {
        gsl_rng_free((gsl_rng *)random);
    }
}

void tb_random_seed(tb_random *random, uint64_t seed)
{
    gsl_rng_set((gsl_rng *)random, (unsigned long)(seed & UINT32_MAX));
}

double tb_random_uniform(tb_random *random)
{
    return gsl_rng_uniform((gsl_rng *)random);
}

uint32_t tb_random_bits(tb_random *random)
{
    return (uint32_t)gsl_rng_get((gsl_rng *)random);
}

tb_status tb_shuffle(size_t *indices, size_t count, uint64_t seed, tb_error *err)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    if (random == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a random order");
    }
    gsl_rng_set(random, (unsigned long)seed);
    for (size_t i = 0; i < count; i++) {
        indices[i] = i;
    }
    if (count > 1) {
        gsl_ran_shuffle(random, indices, count, sizeof *indices);
    }
    gsl_rng_free(random);
    return TB_OK;
}

/* A correlation of something that does not vary is undefined. */
static bool varies(const double *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (values[i] != values[0]) {
            return true;
        }
    }
    return false;
}

tb_status tb_log_pearson(const double *x, const double *y, size_t count, double *out, tb_error *err)
{
    if (!varies(x, count) || !varies(y, count)) {
        *out = nan("");
        return TB_OK;
    }
    double *log_x = copy_of(x, count, err);
    double *log_y = log_x != NULL ? copy_of(y, count, err) : NULL;
    if (log_y == NULL) {
        free(log_x);
        return TB_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        log_x[i] = log(log_x[i]);
        log_y[i] = log(log_y[i]);
    }
    *out = gsl_stats_correlation(log_x, 1, log_y, 1, count);
    free(log_x);
    free(log_y);
    return TB_OK;
}

tb_status tb_spearman(const double *x, const double *y, size_t count, double *out, tb_error *err)
{
    if (!varies(x, count) || !varies(y, count)) {
        *out = nan("");
        return TB_OK;
    }
    double *work = calloc(2 * count, sizeof *work);
    if (work == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the ranks of %zu values", count);
    }
    *out = gsl_stats_spearman(x, 1, y, 1, count, work);
    free(work);
    return TB_OK;
}

static int sign_of(double value)
{
    return (value > 0) - (value < 0);
}

double tb_kendall(const double *x, const double *y, size_t count)
{
    double score = 0, untied_x = 0, untied_y = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            int dx = sign_of(x[j] - x[i]), dy = sign_of(y[j] - y[i]);
            score += dx * dy;
            untied_x += dx != 0;
            untied_y += dy != 0;
        }
    }
    return untied_x > 0 && untied_y > 0 ? score / sqrt(untied_x * untied_y) : nan("");
}

tb_status tb_bootstrap_mean(const double *values, size_t count, tb_bootstrap *out, tb_error *err)
{
    *out = (tb_bootstrap){.low = nan(""),
                          .high = nan(""),
                          .resamples = TB_BOOTSTRAP_RESAMPLES,
                          .seed = TB_BOOTSTRAP_SEED};
    if (count < 2) {
        return TB_OK;
    }
    double *means = calloc(TB_BOOTSTRAP_RESAMPLES, sizeof *means);
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    if (means == NULL || random == NULL) {
        free(means);
        if (random != NULL) {
            gsl_rng_free(random);
        }
        return tb_fail(err, TB_ENOMEM, "no memory for a bootstrap");
    }
    gsl_rng_set(random, TB_BOOTSTRAP_SEED);
    for (size_t r = 0; r < TB_BOOTSTRAP_RESAMPLES; r++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++) {
            sum += values[gsl_rng_uniform_int(random, count)];
        }
        means[r] = sum / (double)count;
    }
    tb_sort_doubles(means, TB_BOOTSTRAP_RESAMPLES);
    out->low = tb_sorted_quantile(means, TB_BOOTSTRAP_RESAMPLES, BOOTSTRAP_TAIL);
    out->high = tb_sorted_quantile(means, TB_BOOTSTRAP_RESAMPLES, 1 - BOOTSTRAP_TAIL);
    gsl_rng_free(random);
    free(means);
    return TB_OK;
}
