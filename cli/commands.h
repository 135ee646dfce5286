/* The commands; one file each. */
#ifndef TB_COMMANDS_H
#define TB_COMMANDS_H

#include "options.h"

extern const tb_command tb_cmd_predict;
extern const tb_command tb_cmd_explain;
extern const tb_command tb_cmd_mask;
extern const tb_command tb_cmd_measure;
extern const tb_command tb_cmd_calibrate;
extern const tb_command tb_cmd_compare;
extern const tb_command tb_cmd_import;
extern const tb_command tb_cmd_plot;
extern const tb_command tb_cmd_report;
extern const tb_command tb_cmd_list;
extern const tb_command tb_cmd_doctor;
extern const tb_command tb_cmd_completion;

/** All of them, in the order of the help. */
extern const tb_command *const tb_commands[];
extern const size_t tb_command_count;

/** Run `tilebound` with these arguments (argv[0] is skipped); returns the exit code and prints what
 * is to be printed. */
int tb_cli_main(int argc, char *const *argv);

#endif
