/* Where a study's rows are kept: a SQLite database with a table a study, the table
 * tilebound_studies that says where each came from, and tilebound_finished, the runs of points that
 * are there. Rows and runs are committed together, so that whatever interrupts a study, it goes on
 * with exactly the points that are missing. */
#ifndef TB_STUDY_STORE_H
#define TB_STUDY_STORE_H

#include "database.h"
#include "point_runs.h"
#include "study.h"

typedef struct tb_study_store tb_study_store;

/**
 * Open a study's table, or make it.
 *
 * @param[in] study    borrowed
 * @param[in] command  noted with a new study
 * @param[in] restart  drop what is there of the study
 * @return TB_OK; TB_EINVAL for a study that is there and was another, saying what differs; TB_EIO;
 *         TB_EFILE for a file that is no database; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_study_store_open(const char *path, const tb_study *study,
                                           const char *command, bool restart, tb_study_store **out,
                                           tb_error *err);

/** Close; what was not committed is undone. NULL is allowed. */
void tb_study_store_close(tb_study_store *store);

/** Points that are there, added ones too. */
int64_t tb_study_store_finished(const tb_study_store *store);

/** The first range of missing points from `from` on; false when there is none. */
bool tb_study_store_missing(const tb_study_store *store, int64_t from, tb_point_range *out);

/**
 * Add the rows of consecutive points, in any order of calls, each point once.
 *
 * @param[in] rows  packed, as of tb_study_evaluate()
 * @return TB_OK; TB_EIO; TB_ENOMEM; TB_EINTERNAL for bytes that are no rows. After a failure
 *         everything since the last commit is undone, and the store is only to be closed.
 */
TB_NODISCARD tb_status tb_study_store_add(tb_study_store *store, tb_point_range points,
                                          const char *rows, size_t length, tb_error *err);

/** Make what was added last. As above. */
TB_NODISCARD tb_status tb_study_store_commit(tb_study_store *store, tb_error *err);

#endif
