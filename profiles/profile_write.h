/* Writes profiles that `measure` made: schema tilebound/profile/1, as profile.h reads it. */
#ifndef TB_PROFILE_WRITE_H
#define TB_PROFILE_WRITE_H

#include "buffer.h"
#include "profile.h"

/** Print a profile as YAML. Times are written as samples where the run has them; every run's case
 *  must be of our words (has_case). */
void tb_profile_print(const tb_profile *profile, tb_buffer *out);

/** Print it to a file, whole or not at all. TB_OK; TB_EIO; TB_ENOMEM. */
TB_NODISCARD tb_status tb_profile_write(const tb_profile *profile, const char *path, tb_error *err);

#endif
