/* What a calibration loads: kernels, devices, predictions of its runs. Internal to profiles. */
#ifndef TB_CALIBRATE_STORE_H
#define TB_CALIBRATE_STORE_H

#include "calibrate.h"
#include "models_in_use.h"

typedef struct tb_calibration_store {
    tb_models *models;
    const tb_kernel **kernels; /* that have runs; the models' */
    size_t kernel_count;
    const tb_device **devices;
    size_t device_count;
    tb_prediction *predictions; /* one a run */
    tb_cta_counts *counts;      /* one a run */
    char **problems;            /* text of each run's problem */
    tb_fit_run *runs;
    bool *is_dense;
    size_t run_count;
} tb_calibration_store;

/** Load what the usable runs of the profiles need, but for those whose ids match a glob of
 * options->skip (separated by commas, or NULL); *skipped counts the others. */
TB_NODISCARD tb_status tb_calibration_store_fill(const tb_profile *const *profiles, size_t count,
                                                 const tb_calibrate_options *options,
                                                 tb_calibration_store *store, size_t *skipped,
                                                 tb_error *err);

void tb_calibration_store_free(tb_calibration_store *store);

#endif
