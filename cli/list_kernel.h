/* `list kernels NAME`: one kernel with all its tile shapes. */
#ifndef TB_LIST_KERNEL_H
#define TB_LIST_KERNEL_H

#include "output.h"

TB_NODISCARD tb_status tb_list_kernel(const tb_output_args *output, const char *name,
                                      tb_error *err);

#endif
