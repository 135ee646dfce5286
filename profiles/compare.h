/* Simulated against measured: what the model predicts for every run of profiles, and how far off it
 * is. */
#ifndef TB_COMPARE_H
#define TB_COMPARE_H

#include "compare_network.h"
#include "compare_ratio.h"
#include "error_summary.h"
#include "models_in_use.h"
#include "predict_time.h"
#include "profile.h"
#include "work_counts.h"

/** A measurement against its prediction, by whether their intervals overlap. */
typedef enum tb_verdict {
    TB_VERDICT_SAME,  /* they do */
    TB_VERDICT_FAST,  /* measured clearly faster than predicted */
    TB_VERDICT_SLOW,  /* measured clearly slower */
    TB_VERDICT_UNSURE /* they do not, but the measurement has no spread and may have one that wide
                       */
} tb_verdict;

#define TB_VERDICT_COUNT 4

extern const char *const tb_verdict_names[TB_VERDICT_COUNT];

typedef struct tb_compare_options {
    /* models in the place of those that profiles name: NULL-terminated lists, or NULL; borrowed */
    const tb_kernel *const *kernels;
    const tb_device *const *devices;
    bool all;      /* count the dense runs in the summaries too */
    bool counters; /* work out what the GPU's hardware would count */
} tb_compare_options;

/** One run; what it points at belongs to its profile or to the comparison. */
typedef struct tb_compared_run {
    const tb_profile *profile;
    const tb_run *run;
    const char *device;     /* of the model, or NULL: none was found */
    const char *kernel;     /* likewise */
    const char *why_not;    /* it cannot be compared, and all below is unset; else NULL */
    double predicted_us;    /* what the run's time includes */
    double low_us, high_us; /* 95 % interval of it, for a single run */
    double predicted_permute_us;
    double error_percent;
    bool has_bound; /* the run that it is compared with was measured too */
    double tile_speedup;
    double bound_us;         /* measured baseline / tile_speedup */
    double measured_speedup; /* over the measured baseline */
    const char *above_bound; /* why it is faster than its bound; NULL when it is not */
    tb_verdict verdict;
    tb_basis basis;
    tb_limiter limiter;
    bool has_work; /* counters were asked for */
    tb_work_counts work;
    bool is_of_ratio; /* listed with those of which only a speedup is known */
    bool counted;     /* in the summaries */
    const char *const *notes;
    size_t note_count;
} tb_compared_run;

/** The summary of the runs of one device or kernel. */
typedef struct tb_compare_part {
    const char *name;
    tb_error_summary errors;
} tb_compare_part;

typedef struct tb_comparison {
    tb_compared_run *runs; /* of all profiles, in their order */
    size_t count;
    size_t compared;
    bool is_emulated; /* all measured times are of the tests' emulated GPU */
    tb_error_summary summary;
    size_t verdicts[TB_VERDICT_COUNT]; /* of the runs in the summary */
    size_t bases[TB_BASIS_COUNT];      /* likewise */
    tb_compare_part *by_device, *by_kernel;
    size_t device_count, kernel_count;
    tb_compared_network *networks; /* runs that name a network; in no summary */
    size_t network_count;
    tb_compared_ratio *ratios; /* runs of which only the speedup is stated; in no summary */
    size_t ratio_count;
    tb_models *models;      /* owned */
    struct tb_arena *arena; /* owned */
} tb_comparison;

/**
 * The verdict on one run.
 *
 *   SAME where [low, high] meets [low_us, high_us]; a run without a spread is its median
 *   UNSURE where it does not, n < 3 without a spread, and it lies within an interval twice as wide
 */
tb_verdict tb_compare_verdict(const tb_run_time *measured, double low_us, double high_us);

/**
 * Compare every run of some profiles with its prediction.
 *
 * A bound in time is the measured baseline over the run's tile_speedup: it holds where both run the
 * same code, so that a run above its bound says which difference explains it.
 *
 * @param[in]  profiles  `count` of them; borrowed for as long as the comparison lives
 * @param[out] out       free with tb_comparison_destroy()
 * @return TB_OK; TB_EINVAL for a profile of bounds, emulated runs beside real ones, or a model
 *         given that no run is of; TB_EFILE
 *         for a model file that is broken; TB_ENOMEM; TB_EINTERNAL
 */
TB_NODISCARD tb_status tb_compare(const tb_profile *const *profiles, size_t count,
                                  const tb_compare_options *options, tb_comparison **out,
                                  tb_error *err);

/** The counted runs with the largest absolute errors, worst first: at most `wanted` of them into
 *  `out`, which holds room for `count` of the comparison. Returns how many. */
size_t tb_compare_worst(const tb_comparison *comparison, size_t wanted,
                        const tb_compared_run **out);

/** Free a comparison; NULL is allowed. */
void tb_comparison_destroy(tb_comparison *comparison);

#endif
