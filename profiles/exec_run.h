/* Runs a program with the collector in it. */
#ifndef TB_EXEC_RUN_H
#define TB_EXEC_RUN_H

#include "exec_records.h"

/**
 * Find libtilebound_inject.so: in lib/tilebound beside the executable (a build folder), else in the
 * library folder of the installation that the executable is of, else in the configured one.
 *
 * @param[out] out  of the arena
 * @return TB_OK; TB_EUNAVAILABLE saying where it was looked for; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_exec_find_collector(tb_arena *arena, const char **out, tb_error *err);

/**
 * Run a command line in the shell with the collector named to CUDA's driver, and read what was
 * collected, whatever became of the program.
 *
 * @param[in]  collector  path of tb_exec_find_collector()
 * @param[in]  records    of tb_exec_records_create(): the kernels are added
 * @param[out] code       exit code, or 128 + the signal that ended it
 * @return TB_OK; TB_EIO; TB_EFILE; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_exec_run(const char *command, const char *collector,
                                   tb_exec_records *records, int *code, tb_error *err);

#endif
