/* A study's table and the note that says where its rows come from. Internal to profiles/study*. */
#ifndef TB_STUDY_TABLE_H
#define TB_STUDY_TABLE_H

#include "database.h"
#include "study.h"

/**
 * Make a study's table and its note, unless they are there: both, or none.
 *
 * @param[in] restart  drop what is there of the study; nothing else is ever dropped
 * @return TB_OK; TB_EINVAL for a study that is there and was another, or a table of that name which
 *         is no study's; TB_EIO; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_study_table_make(tb_database *database, const tb_study *study,
                                           const char *command, bool restart, tb_error *err);

#endif
