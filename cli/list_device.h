/* `list devices NAME`: one device with every value, its origin and its sources. */
#ifndef TB_LIST_DEVICE_H
#define TB_LIST_DEVICE_H

#include "output.h"

TB_NODISCARD tb_status tb_list_device(const tb_output_args *output, const char *name,
                                      tb_error *err);

#endif
