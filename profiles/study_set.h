/* Values that a study sets, of devices and mechanisms: names and numbers are checked before
 * anything runs. Internal to profiles/study*. */
#ifndef TB_STUDY_SET_H
#define TB_STUDY_SET_H

#include "study.h"

/** See that what options, entries and axes set has a name that is known, is a number, and is of a
 *  device or mechanism that the point has. TB_OK; TB_EINVAL of options; TB_EFILE with the position.
 */
TB_NODISCARD tb_status tb_study_set_check(const tb_study *study, tb_error *err);

#endif
