/* One run against its prediction. Used by compare.c. */
#ifndef TB_COMPARE_RUN_H
#define TB_COMPARE_RUN_H

#include "arena.h"
#include "compare.h"
#include "models_in_use.h"

/**
 * Fill *out, whose profile and run are set, and whose `counted` is the caller's. A run that cannot
 * be compared gets its reason, and TB_OK.
 *
 * @param[in] has_counters  work out its work, too
 * @return TB_OK; TB_EFILE; TB_ENOMEM; TB_EINTERNAL
 */
TB_NODISCARD tb_status tb_compare_run(tb_models *models, tb_arena *arena, bool has_counters,
                                      tb_compared_run *out, tb_error *err);

#endif
