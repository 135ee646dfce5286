/* A case as the options that ask for it. */
#ifndef TB_CASE_COMMAND_H
#define TB_CASE_COMMAND_H

#include "attention_case.h"
#include "buffer.h"

/** Append " -i 30x48x80 -w 18x24x24 ...": what tb_case_apply() makes this case of. */
void tb_case_print_options(const tb_case *item, tb_buffer *out);

/** Append a word, quoted for a shell where it has to be. */
void tb_print_shell_word(const char *word, tb_buffer *out);

#endif
