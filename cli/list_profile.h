/* `list profiles NAME`: the measured runs of a source. */
#ifndef TB_LIST_PROFILE_H
#define TB_LIST_PROFILE_H

#include "output.h"
#include "profile.h"

TB_NODISCARD tb_status tb_list_profile(const tb_output_args *output, const char *name,
                                       tb_error *err);

/** The same of a profile that is at hand. */
TB_NODISCARD tb_status tb_list_profile_runs(const tb_output_args *output, const tb_profile *profile,
                                            tb_error *err);

#endif
