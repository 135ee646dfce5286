/* The problem that a command line of natten.profiler asks for. */
#ifndef TB_NATTEN_COMMAND_H
#define TB_NATTEN_COMMAND_H

#include "attention_case.h"
#include "natten_table.h"

/**
 * Read the command line that stands before a table, as a shell would split it but without quotes;
 * what is not given has natten.profiler's defaults. Options that say how and not what to run are
 * passed over, and a redirection, a pipe or a comment ends the line.
 *
 * @param[in]  table     with a command
 * @param[out] item      normalized
 * @param[out] backprop  --backprop is given
 * @return TB_OK; TB_EFILE with the line, for an unknown option, a value that is none, or no
 *         --input-size
 */
TB_NODISCARD tb_status tb_natten_read_command(const tb_natten_output *output,
                                              const tb_natten_table *table, tb_case *item,
                                              bool *backprop, tb_error *err);

#endif
