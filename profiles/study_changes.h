/* What differs between a study and one of its name that was begun before. Internal to
 * profiles/study*. */
#ifndef TB_STUDY_CHANGES_H
#define TB_STUDY_CHANGES_H

#include "study.h"

/** TB_OK when nothing does; TB_EINVAL naming the first line of suite or settings that does, or the
 *  version. */
TB_NODISCARD tb_status tb_study_refuse_changes(const tb_study *study, const char *suite,
                                               const char *settings, const char *version,
                                               tb_error *err);

#endif
