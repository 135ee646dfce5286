/* The whole report: a folder with index.html, report.md, figures/ and data/. */
#ifndef TB_REPORT_H
#define TB_REPORT_H

#include "report_draft.h"

typedef struct tb_report_options {
    tb_report_input input;
    const char *command; /* that makes it; the reader is shown it */
    const char *version;
    tb_report_progress *progress; /* of the drawing; may be NULL */
    void *user;
} tb_report_options;

typedef struct tb_report_result {
    size_t problems, rows, tables;
    size_t figures;   /* drawn */
    size_t not_drawn; /* gnuplot refused them */
    bool has_gnuplot; /* else there is no figure */
} tb_report_result;

/** The file that makes a folder a report's. */
#define TB_REPORT_INDEX "index.html"

/**
 * May a report be written there? To a folder that is not there yet, is empty, or holds an earlier
 * report.
 *
 * @return TB_OK; TB_EINVAL for anything else; TB_EFILE for a folder that cannot be read; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_report_check_folder(const char *folder, tb_error *err);

/**
 * Make a report. Files are replaced one by one, each whole, index.html last; files of an earlier
 * report that this one does not have stay.
 *
 * @return TB_OK; what tb_report_check_folder() and tb_report_rows_make() return; TB_EINVAL where
 *         there is neither a suite nor a run to report on; TB_EIO
 */
TB_NODISCARD tb_status tb_report_write(const tb_report_options *options, const char *folder,
                                       tb_report_result *out, tb_error *err);

#endif
