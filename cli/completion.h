/* Scripts that complete commands, options and their values in a shell, made from the tables. */
#ifndef TB_COMPLETION_H
#define TB_COMPLETION_H

#include "buffer.h"
#include "options.h"

/** The kind (plural, of tb_catalogue) whose known names are the option's values, or NULL. */
const char *tb_completion_option_kind(const tb_option *option);

/** The kind whose names follow the command (also "charts"), or NULL. */
const char *tb_completion_positional_kind(const tb_command *command);

/** Is the option's value the path of a file or folder? */
bool tb_completion_option_is_path(const tb_option *option);

/** Append the fixed words that can follow the command, each after a space. */
void tb_completion_words(const tb_command *command, tb_buffer *out);

/** Can files follow the command? */
bool tb_completion_positional_is_file(const tb_command *command);

/** Append the script of one shell. */
void tb_completion_bash(tb_buffer *out);
void tb_completion_zsh(tb_buffer *out);

#endif
