/* Fitting kernel models to profiles: training, before and after, and what held-out runs say. */
#ifndef TB_CALIBRATE_H
#define TB_CALIBRATE_H

#include "error_summary.h"
#include "fit.h"
#include "profile.h"

/** Errors of one run, in percent. */
typedef struct tb_calibrated_run {
    const tb_fit_run *run;
    bool is_dense; /* a baseline: fitted, but not counted in the summaries */
    double before; /* by device facts and priors alone */
    double training;
    double leave_one_out;
    double leave_problem_out; /* without all runs of its problem, on every device */
    bool is_held_out;         /* not fitted: its `training` is NaN, as are the two above of all */
    double held_out;          /* NaN for a run that was fitted */
} tb_calibrated_run;

/** A parameter that the runs determine only with this one among them. */
typedef struct tb_lone_run {
    size_t run;
    size_t parameter;
} tb_lone_run;

typedef struct tb_calibration {
    tb_fit_request request;
    tb_fit_result fit;
    tb_calibrated_run *runs;
    size_t count;
    tb_lone_run *lone_runs;
    size_t lone_count;
    size_t skipped; /* runs of the profiles that could not be used */
    tb_error_summary before, training, leave_one_out, leave_problem_out;
    tb_error_summary held_out; /* of the runs that were not fitted; n = 0 without a split */
    bool is_emulated;          /* the runs are of the tests' emulated GPU */
    size_t events;             /* runs of the profiles that CUDA events timed, not CUPTI */
    double train_fraction;     /* as asked */
    uint64_t seed;
    struct tb_calibration_store *store; /* owned: kernels, devices, predictions */
} tb_calibration;

/** What a calibration is asked for. */
typedef struct tb_calibrate_options {
    bool shared[TB_TIME_PARAMETER_COUNT]; /* one value for all devices of a family of kernels */
    double noise;                         /* relative spread of measured times */
    const char *skip;      /* runs to leave out: globs of ids, separated by commas, or NULL */
    double train_fraction; /* of the runs, drawn by the seed, to fit, the rest to test the fit with;
                              1 = all, and each is left out once */
    uint64_t seed;
    const tb_kernel *const *kernels; /* NULL-terminated, for the runs of their names, or NULL;
                                        borrowed until the calibration is destroyed */
} tb_calibrate_options;

/** Called after each of `total` fits, for progress; may be NULL. */
typedef void tb_progress_fn(size_t done, size_t total, void *user);

/**
 * Fit the kernels and devices of some profiles.
 *
 * Every run is used that has a time of the attention alone, a pattern that can be simulated, a
 * device and a kernel with a time model.
 *
 * @param[in] options  0 < train_fraction <= 1
 * @return TB_OK; TB_EINVAL for emulated runs beside real ones, when no run can be used, or there
 * are fewer runs than parameters that they must determine; what the loaders and tb_fit_solve()
 * return
 */
TB_NODISCARD tb_status tb_calibrate(const tb_profile *const *profiles, size_t profile_count,
                                    const tb_calibrate_options *options, tb_progress_fn *progress,
                                    void *user, tb_calibration **out, tb_error *err);

/** Free a calibration; NULL is allowed. */
void tb_calibration_destroy(tb_calibration *calibration);

/**
 * Write the fitted kernels: the file of each kernel as it was, with its `fits` replaced for the
 * devices that were fitted.
 *
 * @param[in] path  a file for one kernel, a folder (made if needed) for several
 * @return TB_OK; TB_EIO; TB_EINVAL for several kernels and a path ending in .yaml; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_calibration_write(const tb_calibration *calibration, const char *path,
                                            tb_error *err);

#endif
