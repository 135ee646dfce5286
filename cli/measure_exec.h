/* tilebound measure --exec: the kernels of another program, as CUPTI sees them, into a profile. */
#ifndef TB_MEASURE_EXEC_H
#define TB_MEASURE_EXEC_H

#include "measure_options.h"

/**
 * Run the program, assign its kernels, write the profile of what was seen, and print it.
 *
 * @param[in] args  with exec.command, exec.match and suite
 * @return TB_OK; TB_EINVAL for a bad pattern, or kernels that cannot be assigned; TB_EUNAVAILABLE
 *         where there is no CUDA or CUPTI; TB_EIO when the program itself failed; what the loaders
 *         return
 */
TB_NODISCARD tb_status tb_measure_exec(const tb_measure_args *args, tb_error *err);

#endif
