/* What a study's table says: its rows, or groups of them with mean, least and most; read from the
 * database, one row at a time. */
#ifndef TB_STUDY_VIEW_H
#define TB_STUDY_VIEW_H

#include "database.h"

typedef struct tb_study_view_options {
    const char *where;    /* a condition of SQL, or NULL */
    const char *group_by; /* columns, by commas, or NULL */
    const char *columns;  /* likewise: what to show, or NULL: all rows' columns; of groups
                             tile_speedup, bound, total_us, speedup and network_speedup, those that
                             are known */
    bool is_summary;      /* without group_by: all rows as one group */
} tb_study_view_options;

typedef struct tb_study_view tb_study_view;

/**
 * Open a view on a study.
 *
 *   rows:   point and columns, by point
 *   groups: the columns of the group, rows, and NAME_mean, NAME_min, NAME_max of each number, in
 *           the order of their first points
 *
 * @param[in] study  a study's name in the database
 * @return TB_OK; TB_EINVAL for an unknown study or column (naming the nearest) and for a condition
 *         that is no SQL; TB_EIO; TB_EFILE; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_study_view_open(const char *path, const char *study,
                                          const tb_study_view_options *options, tb_study_view **out,
                                          tb_error *err);
void tb_study_view_close(tb_study_view *view);

/** Go to the next row. */
TB_NODISCARD tb_status tb_study_view_next(tb_study_view *view, bool *has_row, tb_error *err);

/** The study's name. */
const char *tb_study_view_study(const tb_study_view *view);

/** Its columns, and cells (borrowed until the next row); from 0. */
size_t tb_study_view_columns(const tb_study_view *view);
const char *tb_study_view_name(const tb_study_view *view, size_t column);
tb_cell tb_study_view_cell(const tb_study_view *view, size_t column);

/** How many points the study has, how many are there, how many of these make no sense, and how many
 *  have a warning. */
typedef struct tb_study_counts {
    int64_t points, finished, refused, warned;
    const char *first_error, *first_warning; /* or NULL; borrowed from the view */
} tb_study_counts;

TB_NODISCARD tb_status tb_study_view_counts(tb_study_view *view, tb_study_counts *out,
                                            tb_error *err);

/** Write the view's rows as CSV, or as JSON (an object with `schema`, `tilebound`, `study`,
 * `points`, `finished` and `rows`), to a file or (NULL) to standard output, bit by bit. TB_OK;
 * TB_EIO; ... */
TB_NODISCARD tb_status tb_study_view_write(tb_study_view *view, bool is_json, const char *path,
                                           tb_error *err);

#endif
