#include "sampling.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const tb_sampling_end_names[TB_SAMPLING_END_COUNT] = {"interrupted", "precision",
                                                                  "time", "samples"};

#define MOST_SAMPLES 100000 /* of one run: more would only fill a file */
#define US_PER_S     1e6

struct tb_sampling {
    tb_sampling_options options;
    tb_series *series;
    size_t count;
    size_t *order; /* of the round */
    size_t at;     /* in it */
    size_t rounds;
    size_t visited; /* configuration of the visit */
    int64_t visit_launches;
};

tb_sampling_options tb_sampling_default(void)
{
    return (tb_sampling_options){.warm_up = 1,
                                 .per_visit = 4,
                                 .min_samples = 12,
                                 .max_samples = 400,
                                 .precision = 0.01,
                                 .max_time_us = 2 * US_PER_S,
                                 .seed = 1};
}

tb_sampling_options tb_sampling_of_gpu(void)
{
    tb_sampling_options options = tb_sampling_default();
    options.warm_up = 3;
    options.per_visit = 10;
    options.min_samples = 20;
    options.max_time_us = US_PER_S;
    return options;
}

tb_status tb_sampling_check(const tb_sampling_options *options, tb_error *err)
{
    if (options->warm_up < 0 || options->per_visit < 1) {
        return tb_fail(err, TB_EINVAL,
                       "%lld launches of warm-up and %lld samples a visit; they must be at least 0 "
                       "and 1",
                       (long long)options->warm_up, (long long)options->per_visit);
    }
    if (options->min_samples < 1 || options->max_samples < options->min_samples ||
        options->max_samples > MOST_SAMPLES) {
        return tb_fail(err, TB_EINVAL,
                       "%lld to %lld samples; the least is 1, the most %d, and the one not above "
                       "the other",
                       (long long)options->min_samples, (long long)options->max_samples,
                       MOST_SAMPLES);
    }
    if (!(options->precision > 0 && options->precision < 1) || !(options->max_time_us > 0)) {
        return tb_fail(err, TB_EINVAL,
                       "a precision of %g and %g s a run; the one is between 0 and 1, the other "
                       "above 0",
                       options->precision, options->max_time_us / US_PER_S);
    }
    return TB_OK;
}

tb_status tb_series_summarise(const double *times_us, size_t count, tb_series_summary *out,
                              tb_error *err)
{
    assert(count > 0);
    double *sorted = calloc(count, sizeof *sorted);
    if (sorted == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %zu samples", count);
    }
    memcpy(sorted, times_us, count * sizeof *sorted);
    tb_sort_doubles(sorted, count);
    tb_series_summary summary = {.count = count, .spread = nan("")};
    summary.quartiles = (tb_quartiles){.low = tb_sorted_quantile(sorted, count, 0.25),
                                       .median = tb_sorted_quantile(sorted, count, 0.5),
                                       .high = tb_sorted_quantile(sorted, count, 0.75)};
    summary.has_interval = tb_median_interval_of(sorted, count, &summary.interval);
    double median = summary.quartiles.median;
    if (summary.has_interval) {
        summary.spread = (summary.interval.high - summary.interval.low) / 2 / median;
    }
    summary.dispersion = (summary.quartiles.high - summary.quartiles.low) / median;
    free(sorted);
    *out = summary;
    return TB_OK;
}

tb_status tb_sampling_create(const tb_sampling_options *options, size_t count, tb_sampling **out,
                             tb_error *err)
{
    tb_sampling *sampling = calloc(1, sizeof *sampling);
    if (sampling != NULL) {
        sampling->options = *options;
        sampling->series = calloc(count + 1, sizeof *sampling->series);
        sampling->order = calloc(count + 1, sizeof *sampling->order);
    }
    if (sampling == NULL || sampling->series == NULL || sampling->order == NULL) {
        tb_sampling_destroy(sampling);
        return tb_fail(err, TB_ENOMEM, "no memory for %zu configurations", count);
    }
    sampling->count = sampling->at = count;
    *out = sampling;
    return TB_OK;
}

void tb_sampling_destroy(tb_sampling *sampling)
{
    if (sampling == NULL) {
        return;
    }
    for (size_t i = 0; sampling->series != NULL && i < sampling->count; i++) {
        free(sampling->series[i].times_us);
        free(sampling->series[i].is_disturbed);
    }
    free(sampling->series);
    free(sampling->order);
    free(sampling);
}

void tb_sampling_close(tb_sampling *sampling, size_t configuration, tb_sampling_end end)
{
    assert(configuration < sampling->count);
    sampling->series[configuration].end = end;
}

size_t tb_sampling_open_count(const tb_sampling *sampling)
{
    size_t open = 0;
    for (size_t i = 0; i < sampling->count; i++) {
        open += sampling->series[i].end == TB_SAMPLING_OPEN;
    }
    return open;
}

size_t tb_sampling_round(const tb_sampling *sampling)
{
    return sampling->rounds;
}

const tb_series *tb_sampling_series(const tb_sampling *sampling, size_t configuration)
{
    assert(configuration < sampling->count);
    return &sampling->series[configuration];
}

tb_status tb_sampling_next(tb_sampling *sampling, size_t *configuration, bool *is_done,
                           tb_error *err)
{
    *is_done = tb_sampling_open_count(sampling) == 0;
    while (!*is_done) {
        if (sampling->at == sampling->count) {
            tb_status status = tb_shuffle(sampling->order, sampling->count,
                                          sampling->options.seed + sampling->rounds, err);
            if (status != TB_OK) {
                return status;
            }
            sampling->at = 0;
            sampling->rounds++;
        }
        size_t next = sampling->order[sampling->at++];
        if (sampling->series[next].end == TB_SAMPLING_OPEN) {
            sampling->visited = *configuration = next;
            sampling->visit_launches = 0;
            break;
        }
    }
    return TB_OK;
}

static tb_status make_room(tb_series *series, tb_error *err)
{
    if (series->count < series->capacity) {
        return TB_OK;
    }
    size_t larger = series->capacity == 0 ? 16 : 2 * series->capacity;
    double *times = realloc(series->times_us, larger * sizeof *times);
    series->times_us = times != NULL ? times : series->times_us;
    bool *disturbed =
        times != NULL ? realloc(series->is_disturbed, larger * sizeof *disturbed) : NULL;
    if (disturbed == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %zu samples", larger);
    }
    series->is_disturbed = disturbed;
    series->capacity = larger;
    return TB_OK;
}

void tb_series_choose(const tb_series *series, const tb_sampling_options *options, double *kept,
                      size_t *kept_count, double *set_aside, size_t *set_aside_count)
{
    bool is_enough = series->count - series->disturbed >= (size_t)options->min_samples;
    *kept_count = *set_aside_count = 0;
    for (size_t i = 0; i < series->count; i++) {
        if (is_enough && series->is_disturbed[i]) {
            set_aside[(*set_aside_count)++] = series->times_us[i];
        } else {
            kept[(*kept_count)++] = series->times_us[i];
        }
    }
}

/* Is the median of the undisturbed samples known well enough? */
static tb_status judge_precision(const tb_sampling_options *options, tb_series *series,
                                 tb_error *err)
{
    size_t kept = 0, aside = 0;
    tb_series_summary summary = {0};
    double *room = calloc(2 * series->count, sizeof *room);
    if (room == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %zu samples", series->count);
    }
    tb_series_choose(series, options, room, &kept, room + series->count, &aside);
    tb_status status = tb_series_summarise(room, kept, &summary, err);
    free(room);
    if (status == TB_OK && summary.has_interval && summary.spread <= options->precision) {
        series->end = TB_SAMPLING_PRECISE;
    }
    return status;
}

static tb_status judge(const tb_sampling_options *options, tb_series *series, tb_error *err)
{
    if ((int64_t)series->count >= options->max_samples) {
        series->end = TB_SAMPLING_COUNT;
    } else if (series->spent_us >= options->max_time_us) {
        series->end = TB_SAMPLING_TIME;
    }
    bool is_enough = (int64_t)(series->count - series->disturbed) >= options->min_samples;
    return is_enough ? judge_precision(options, series, err) : TB_OK;
}

tb_status tb_sampling_add(tb_sampling *sampling, double time_us, bool is_disturbed, double spent_us,
                          bool *is_warm_up, bool *more, tb_error *err)
{
    const tb_sampling_options *options = &sampling->options;
    tb_series *series = &sampling->series[sampling->visited];
    assert(series->end == TB_SAMPLING_OPEN);
    *is_warm_up = sampling->visit_launches++ < options->warm_up;
    series->spent_us += spent_us;
    *more = true;
    if (*is_warm_up) {
        return TB_OK;
    }
    tb_status status = make_room(series, err);
    if (status == TB_OK) {
        series->times_us[series->count] = time_us;
        series->is_disturbed[series->count++] = is_disturbed;
        series->disturbed += is_disturbed;
        status = judge(options, series, err);
    }
    *more = series->end == TB_SAMPLING_OPEN &&
            sampling->visit_launches < options->warm_up + options->per_visit;
    return status;
}

size_t tb_sampling_restart(tb_sampling *sampling)
{
    tb_series *series = &sampling->series[sampling->visited];
    size_t forgotten = series->count;
    assert(series->end == TB_SAMPLING_OPEN);
    series->count = series->disturbed = 0;
    series->spent_us = 0;
    sampling->visit_launches = 0;
    return forgotten;
}
