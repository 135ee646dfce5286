/* Measured speedups: which run of a profile is the case asked about, and over which dense run. */
#ifndef TB_MEASURED_SPEEDUP_H
#define TB_MEASURED_SPEEDUP_H

#include "device.h"
#include "profile.h"

/** A run and its dense baseline; both belong to the profile. */
typedef struct tb_measured_speedup {
    const tb_run *run;
    const tb_run *dense;
    double speedup; /* dense time over the run's time, both as measured */
} tb_measured_speedup;

/** The measured dense or causal run over the same work, on the same device and by the same clock,
 *  that a simulable run is compared with, or NULL. */
const tb_run *tb_run_dense_baseline(const tb_profile *profile, const tb_run *run);

/** Are the problems alike but for the layout of their tokens? */
bool tb_run_same_work(const tb_problem *a, const tb_problem *b);

/** Are both times of one clock, and both real or both emulated? Others are never put together. */
bool tb_run_same_clock(const tb_run *a, const tb_run *b);

/** Do the cases have the same layout, pass and pattern, whatever their tiles and their other sizes?
 *  An explicit mask is the same as itself only. */
bool tb_case_same_pattern(const tb_case *a, const tb_case *b);

/**
 * The measured speedup of one run, named by its id.
 *
 * @return TB_OK; TB_EINVAL for no such run, or one without a time, a device, a kernel, or a
 *         measured dense baseline
 */
TB_NODISCARD tb_status tb_measured_named(const tb_profile *profile, const char *id,
                                         tb_measured_speedup *out, tb_error *err);

/**
 * The measured speedup of the one run that is this case with this kernel on this device.
 *
 * Problem, pattern and resolved tiling must be the same; fp16 and bf16 stand for each other, as the
 * devices' values do.
 *
 * @param[in] item  normalized
 * @return TB_OK; TB_EINVAL where no run matches or several do, naming candidates; TB_EOVERFLOW;
 *         TB_ENOMEM
 */
TB_NODISCARD tb_status tb_measured_match(const tb_profile *profile, const tb_case *item,
                                         const tb_kernel *kernel, const tb_device *device,
                                         tb_measured_speedup *out, tb_error *err);

#endif
