/* Published runs of which only the speedup is known, against predictions of both times. Used by
 * compare.c. */
#ifndef TB_COMPARE_RATIO_H
#define TB_COMPARE_RATIO_H

#include "arena.h"
#include "models_in_use.h"
#include "profile.h"
#include "time_model.h"

/** A run without a time; what it points at belongs to its profile or to the comparison. */
typedef struct tb_compared_ratio {
    const tb_profile *profile;
    const tb_run *run, *dense; /* both without a time */
    const char *why_not;       /* it cannot be compared, and all below is unset; else NULL */
    double predicted_us, dense_us;
    double speedup, error_percent; /* predicted, and how far that is off the published one */
    tb_basis basis;                /* the weaker of the two */
} tb_compared_ratio;

/** Is only the speedup of this run stated, over a run of the profile without a time? */
bool tb_run_is_ratio(const tb_profile *profile, const tb_run *run);

/** Is this run such a one, or what one is over? */
bool tb_run_is_of_ratio(const tb_profile *profile, const tb_run *run);

/**
 * Predict the runs of profiles of which only the speedup is stated.
 *
 *   speedup = predicted time of the baseline run / predicted time of the run
 *
 * @param[in]  profiles  `count` of them; borrowed
 * @param[out] out       arena-owned; *out_count entries
 * @return TB_OK; TB_EFILE for a broken model file; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_compare_ratios(const tb_profile *const *profiles, size_t count,
                                         tb_models *models, tb_arena *arena,
                                         tb_compared_ratio **out, size_t *out_count, tb_error *err);

#endif
