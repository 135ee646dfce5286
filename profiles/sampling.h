/* When to measure what: configurations in turn, each until its median is known well enough. Samples
 * that other programs disturbed do not count where there are enough others. Pure: whoever asks runs
 * the launches and reports their times. */
#ifndef TB_SAMPLING_H
#define TB_SAMPLING_H

#include "statistics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tb_sampling_options {
    int64_t warm_up;     /* launches at the start of each visit that do not count */
    int64_t per_visit;   /* samples that a configuration takes before the next one's turn */
    int64_t min_samples; /* of each configuration, whatever its spread */
    int64_t max_samples;
    double precision;   /* half width of the median's interval over the median that is enough */
    double max_time_us; /* of one configuration, warm-up and preparing it included */
    uint64_t seed;      /* of the order within each round */
} tb_sampling_options;

/** warm-up 1, 4 samples a visit, 12 to 400 samples, 1 %, 2 s. */
tb_sampling_options tb_sampling_default(void);

/** Of a GPU, whose launches take microseconds: warm-up 3, 10 samples a visit, 20 to 400 samples,
 *  1 %, 1 s. */
tb_sampling_options tb_sampling_of_gpu(void);

/** See that the options make sense. TB_OK, TB_EINVAL. */
TB_NODISCARD tb_status tb_sampling_check(const tb_sampling_options *options, tb_error *err);

/** Why a configuration takes no more samples. */
typedef enum tb_sampling_end {
    TB_SAMPLING_OPEN,    /* it does take more */
    TB_SAMPLING_PRECISE, /* its median is known well enough */
    TB_SAMPLING_TIME,    /* its time is used up */
    TB_SAMPLING_COUNT    /* it has all samples that it may take */
} tb_sampling_end;

#define TB_SAMPLING_END_COUNT 4

/** "interrupted" for TB_SAMPLING_OPEN: what it says of a series that ended there. */
extern const char *const tb_sampling_end_names[TB_SAMPLING_END_COUNT];

/** The samples of one configuration. */
typedef struct tb_series {
    double *times_us;   /* in the order measured; owned */
    bool *is_disturbed; /* of each; owned */
    size_t count, capacity;
    size_t disturbed; /* of them */
    double spent_us;  /* by all launches and what prepared them */
    tb_sampling_end end;
} tb_series;

/** What samples say of a time. */
typedef struct tb_series_summary {
    size_t count;
    tb_quartiles quartiles;
    bool has_interval;    /* six samples or more */
    tb_interval interval; /* 95 %, of the median */
    double spread;        /* half the interval's width over the median; NaN without one */
    double dispersion;    /* the interquartile range over the median */
} tb_series_summary;

/**
 * The samples that count: those that nothing disturbed, where they are as many as are wanted; else
 * all, for a median of a few would depend on which were spared.
 *
 * @param[out] kept       room for series->count times; in the order measured
 * @param[out] set_aside  likewise: the others
 */
void tb_series_choose(const tb_series *series, const tb_sampling_options *options, double *kept,
                      size_t *kept_count, double *set_aside, size_t *set_aside_count);

/** Summarise `count` >= 1 times. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_series_summarise(const double *times_us, size_t count,
                                           tb_series_summary *out, tb_error *err);

typedef struct tb_sampling tb_sampling;

/**
 * Plan the sampling of `count` configurations: rounds in which each that takes more samples has one
 * visit, in an order drawn anew for each round, so that a drift of the machine meets them alike.
 *
 * @param[in] options  that pass tb_sampling_check()
 * @return TB_OK; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_sampling_create(const tb_sampling_options *options, size_t count,
                                          tb_sampling **out, tb_error *err);

void tb_sampling_destroy(tb_sampling *sampling);

/** Take a configuration out: it was measured before, or cannot be. */
void tb_sampling_close(tb_sampling *sampling, size_t configuration, tb_sampling_end end);

/** The next configuration to visit; *is_done when all have what they need. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_sampling_next(tb_sampling *sampling, size_t *configuration, bool *is_done,
                                        tb_error *err);

/**
 * A launch of the visited configuration was run: a sample, or warm-up.
 *
 * @param[in]  time_us       what was measured
 * @param[in]  is_disturbed  something else ran meanwhile
 * @param[in]  spent_us      what it took in all, with preparing it
 * @param[out] more          the visit goes on
 * @return TB_OK; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_sampling_add(tb_sampling *sampling, double time_us, bool is_disturbed,
                                       double spent_us, bool *is_warm_up, bool *more,
                                       tb_error *err);

/**
 * Forget the samples of the visited configuration, and the time that they took: it starts anew,
 * with warm-up, as when its clock has become another one.
 *
 * @return how many they were
 */
size_t tb_sampling_restart(tb_sampling *sampling);

const tb_series *tb_sampling_series(const tb_sampling *sampling, size_t configuration);

/** Rounds begun, and configurations that take more samples. */
size_t tb_sampling_round(const tb_sampling *sampling);
size_t tb_sampling_open_count(const tb_sampling *sampling);

#endif
