/* `list profiles NAME`: the measured runs of a source. */
#ifndef TB_LIST_PROFILE_H
#define TB_LIST_PROFILE_H

#include "output.h"

TB_NODISCARD tb_status tb_list_profile(const tb_output_args *output, const char *name,
                                       tb_error *err);

#endif
