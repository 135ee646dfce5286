/* Libraries of ours that are opened when they are needed. */
#ifndef TB_OWN_LIBRARY_H
#define TB_OWN_LIBRARY_H

#include "arena.h"
#include "status.h"

/** The path of lib/tilebound/NAME beside our executable, or where it is installed.
 *  TB_OK; TB_EUNAVAILABLE, saying where it would be and `what` it is for; TB_ENOMEM. */
TB_NODISCARD tb_status tb_own_library_find(const char *name, const char *what, tb_arena *arena,
                                           const char **out, tb_error *err);

#endif
