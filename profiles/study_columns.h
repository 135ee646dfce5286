/* Columns of a study's axes. Internal to profiles/study*. */
#ifndef TB_STUDY_COLUMNS_H
#define TB_STUDY_COLUMNS_H

#include "study.h"

/** Add the columns of an entry's axes that no other column shows: pattern.window.0 is window_0,
 *  set.hbm_bandwidth is set_hbm_bandwidth. TB_OK; TB_EFILE; TB_ENOMEM. */
TB_NODISCARD tb_status tb_study_columns_add(tb_study *study, tb_study_entry *entry, tb_error *err);

/** See that the first point of each entry can be read: what is misspelt is in all of them. TB_OK;
 *  TB_EFILE with the position; TB_ENOMEM. */
TB_NODISCARD tb_status tb_study_check(const tb_study *study, tb_error *err);

#endif
