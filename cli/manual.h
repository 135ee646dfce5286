/* Pages of the manual, made from the tables of commands and options: for man, and for docs/. */
#ifndef TB_MANUAL_H
#define TB_MANUAL_H

#include "buffer.h"
#include "options.h"

/** Something named and what it means: exit codes, environment variables. */
typedef struct tb_manual_term {
    const char *name;
    const char *meaning;
} tb_manual_term;

extern const tb_manual_term tb_manual_environment[];
extern const size_t tb_manual_environment_count;

/** Length of the paragraph that starts `text`, without the empty line that ends it; *verbatim when
 *  its lines are to stay as they are (some are indented). */
size_t tb_manual_paragraph(const char *text, bool *verbatim);

/** Append the page of a command, or of tilebound itself for NULL: roff with the man macros. */
void tb_manual_man(const tb_command *command, tb_buffer *out);

/** The same in Markdown, without a title: what follows the words of docs/commands/NAME.md, or for
 *  NULL of docs/README.md. */
void tb_manual_markdown(const tb_command *command, tb_buffer *out);

#endif
