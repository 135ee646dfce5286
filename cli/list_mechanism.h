/* `list mechanisms`: all of them by family and phase, or one with its parameters, stages and
 * claims. */
#ifndef TB_LIST_MECHANISM_H
#define TB_LIST_MECHANISM_H

#include "output.h"

TB_NODISCARD tb_status tb_list_mechanisms(const tb_output_args *output, tb_error *err);
TB_NODISCARD tb_status tb_list_mechanism(const tb_output_args *output, const char *name,
                                         tb_error *err);

#endif
