/* list links NAME. */
#ifndef TB_LIST_LINK_H
#define TB_LIST_LINK_H

#include "output.h"

TB_NODISCARD tb_status tb_list_link(const tb_output_args *output, const char *name, tb_error *err);

#endif
