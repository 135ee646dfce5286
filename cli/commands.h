/* The commands; one file each. */
#ifndef TB_COMMANDS_H
#define TB_COMMANDS_H

#include "options.h"

extern const tb_command tb_cmd_predict;
extern const tb_command tb_cmd_explain;
extern const tb_command tb_cmd_search;
extern const tb_command tb_cmd_sweep;
extern const tb_command tb_cmd_mask;
extern const tb_command tb_cmd_audit;
extern const tb_command tb_cmd_measure;
extern const tb_command tb_cmd_calibrate;
extern const tb_command tb_cmd_compare;
extern const tb_command tb_cmd_import;
extern const tb_command tb_cmd_plot;
extern const tb_command tb_cmd_report;
extern const tb_command tb_cmd_list;
extern const tb_command tb_cmd_doctor;
extern const tb_command tb_cmd_completion;
extern const tb_command tb_cmd_manual;

/** All of them, in the order of the help. */
extern const tb_command *const tb_commands[];
extern const size_t tb_command_count;

/** The command of this name. TB_OK; TB_EINVAL naming the nearest. */
TB_NODISCARD tb_status tb_command_find(const char *name, const tb_command **out, tb_error *err);

/** What the process exits with, and why. */
typedef struct tb_exit_code {
    int code;
    const char *meaning;
} tb_exit_code;

extern const tb_exit_code tb_exit_codes[];
extern const size_t tb_exit_code_count;

/** Run `tilebound` with these arguments (argv[0] is skipped); returns the exit code and prints what
 * is to be printed. */
int tb_cli_main(int argc, char *const *argv);

#endif
