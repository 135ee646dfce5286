/* `list patterns NAME`: one kind of pattern with its parameters. */
#ifndef TB_LIST_PATTERN_H
#define TB_LIST_PATTERN_H

#include "output.h"

TB_NODISCARD tb_status tb_list_pattern(const tb_output_args *output, const char *name,
                                       tb_error *err);

#endif
