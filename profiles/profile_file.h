/* Reads the entries of profile files: one run, with positions. Used by profile.c. */
#ifndef TB_PROFILE_FILE_H
#define TB_PROFILE_FILE_H

#include "arena.h"
#include "profile.h"
#include "yaml_doc.h"

/**
 * Read one entry of `runs` or `bounds`; `baseline` is left for the caller to resolve.
 *
 * @param[in]  profile  source, path and holds_bounds are set
 * @param[out] out      zeroed; release out->item in any event
 * @return TB_OK; TB_EFILE with the position; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_run_read(const tb_yaml_node *node, const tb_profile *profile, tb_run *out,
                                   tb_error *err);

/** Read `time_us`: {median, n[, low, high][, derived_from]} or {samples}. TB_OK; TB_EFILE with the
 *  position; TB_ENOMEM. */
TB_NODISCARD tb_status tb_run_time_read(const tb_yaml_node *node, tb_arena *arena, tb_run_time *out,
                                        tb_error *err);

#endif
