/* `list networks NAME`: one network with every value, its source, and the parts of its layers. */
#ifndef TB_LIST_NETWORK_H
#define TB_LIST_NETWORK_H

#include "output.h"

TB_NODISCARD tb_status tb_list_network(const tb_output_args *output, const char *name,
                                       tb_error *err);

#endif
