/* What a report is about: problems, the measured runs that are of them, and a prediction beside
 * each. Nothing is measured. */
#ifndef TB_REPORT_ROWS_H
#define TB_REPORT_ROWS_H

#include "compare.h"
#include "explain.h"
#include "suite.h"

#include <stddef.h>

/** What a report is made from; borrowed. */
typedef struct tb_report_input {
    const tb_suite *suite; /* or NULL: the problems are those of the profiles' sparse runs */
    const tb_profile *const *profiles;
    size_t profile_count;
    const tb_device *const *devices; /* predictions for them, beside the measured runs */
    size_t device_count;
    /* as they were asked for, for the commands that the report prints */
    const char *suite_name;
    const char *const *profile_names;
    const char *const *device_names;
} tb_report_input;

/** One layout with one pattern. */
typedef struct tb_report_problem {
    const char *name;
    const tb_case *item;        /* of the suite or of a run; borrowed */
    const tb_suite_item *first; /* of the suite's items that are this problem; NULL without */
} tb_report_problem;

/** A prediction, and where there is one the run that it stands beside. */
typedef struct tb_report_row {
    size_t problem;
    const tb_compared_run *compared; /* NULL: predicted only, and the next two too */
    const tb_run *dense;             /* measured baseline, or NULL */
    const char *profile_name;        /* as asked for */
    const char *device_name;         /* as asked for, or the model's */
    tb_case item;                    /* as predicted; borrows its mask */
    const tb_kernel *kernel;         /* the models belong to the tb_report_rows */
    const tb_kernel *baseline;       /* or NULL */
    const tb_device *device;
    tb_prediction prediction; /* owned */
    tb_timing timing;
    bool has_explanation;
    tb_explanation explanation;
} tb_report_row;

typedef struct tb_report_rows {
    tb_comparison *comparison; /* owned; NULL without profiles */
    tb_models *models;         /* of the comparison, or `own_models` */
    tb_models *own_models;     /* owned */
    tb_report_problem *problems;
    size_t problem_count;
    tb_report_row *rows; /* problem by problem */
    size_t row_count;
    tb_arena *arena; /* owned */
} tb_report_rows;

/** Does a profile hold a run of one of the suite's problems, one of a whole network included? */
bool tb_report_concerns(const tb_suite *suite, const tb_profile *profile);

/**
 * Compare, predict and explain.
 *
 * @param[out] out  free with tb_report_rows_free() in any event
 * @return TB_OK; what tb_compare(), tb_predict() and tb_predict_time() return; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_report_rows_make(const tb_report_input *input, tb_report_rows *out,
                                           tb_error *err);

void tb_report_rows_free(tb_report_rows *rows);

#endif
