/* Studies: every point of a suite's axes, predicted, as rows. `tilebound sweep`. A suite file may
 * hold, for a study alone, ranges and samples (study_axes.h), and entries with a device, a
 * mechanism, and values to set. */
#ifndef TB_STUDY_H
#define TB_STUDY_H

#include "study_row.h"

#include <stdint.h>

struct tb_backend;
struct tb_ranks;

/** What the command line says for all points; NULL where it does not. */
typedef struct tb_study_options {
    const char *device, *kernel, *baseline_kernel;
    const char *const *set; /* "key=number" */
    size_t set_count;
    const struct tb_backend *backend; /* NULL: nothing is measured */
    double max_time_s;                /* of what is measured, each; 0: as `measure` has it */
} tb_study_options;

typedef struct tb_study_entry {
    const tb_yaml_node *node;
    const char *name;
    tb_study_axes axes;
    int64_t first;              /* its points are first to first + axes.points - 1 */
    size_t column[TB_AXES_MAX]; /* of each axis */
} tb_study_entry;

typedef struct tb_study {
    const char *name, *summary;
    const char *path;     /* of the suite's file */
    const char *text;     /* its text */
    const char *settings; /* what else decides the rows: options, and model files by checksum */
    tb_study_options options;
    tb_study_entry *entries;
    size_t entry_count;
    int64_t points;
    tb_study_column column[TB_STUDY_COLUMNS_MAX]; /* the first of them tb_study_columns[] */
    size_t column_count;
    struct tb_study_models *models;     /* owned: devices and kernels by name */
    struct tb_study_measurer *measurer; /* owned; NULL: nothing is measured, or not yet */
    struct tb_yaml *file;               /* owned */
    struct tb_arena *arena;             /* owned */
} tb_study;

/**
 * Load a suite as a study, and see that the first point of each entry can be read.
 *
 * @param[in]  options  borrowed
 * @param[out] out      to be freed with tb_study_destroy()
 * @return TB_OK; TB_EINVAL for an unknown name; TB_EFILE with the position; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_study_load(const char *name, const tb_study_options *options,
                                     tb_study **out, tb_error *err);

/** Free; NULL is allowed. */
void tb_study_destroy(tb_study *study);

/** Make a study ready whose options have a backend; others are already. What
 *  tb_study_measurer_create() returns. */
TB_NODISCARD tb_status tb_study_prepare(tb_study *study, const struct tb_ranks *ranks,
                                        tb_error *err);

/** The entry that a point belongs to. */
const tb_study_entry *tb_study_entry_of(const tb_study *study, int64_t point);

/** A 64-bit checksum (FNV-1a) of text, in hexadecimal: it tells files apart, nothing more. */
const char *tb_study_checksum(const char *text, size_t length, char out[static 17]);

/** What one thread needs to evaluate points; to be reused from point to point. */
typedef struct tb_study_worker tb_study_worker;

TB_NODISCARD tb_status tb_study_worker_create(const tb_study *study, tb_study_worker **out,
                                              tb_error *err);
void tb_study_worker_destroy(tb_study_worker *worker);

/**
 * Predict a point. Its row depends on the study and the point alone. A point that makes no sense (a
 * window larger than its layout) has a row too, whose `error` says why.
 *
 * @param[out] out  the row is appended, packed (tb_row_unpack())
 * @return TB_OK; TB_ENOMEM; TB_EINTERNAL
 */
TB_NODISCARD tb_status tb_study_evaluate(tb_study_worker *worker, int64_t point, tb_buffer *out,
                                         tb_error *err);

#endif
