/* --format and -o: a document or a table, to a file or to standard output. */
#ifndef TB_OUTPUT_H
#define TB_OUTPUT_H

#include "buffer.h"
#include "document.h"
#include "messages.h"
#include "options.h"

typedef enum tb_format { TB_FORMAT_TABLE, TB_FORMAT_JSON, TB_FORMAT_CSV } tb_format;

typedef struct tb_output_args {
    tb_arg_choice format;
    const char *path;
} tb_output_args;

#define TB_OUTPUT_OPTION_COUNT 2

/** --format and --output of a tb_output_args at offset 0 of the group. */
extern const tb_option tb_output_options[TB_OUTPUT_OPTION_COUNT];

tb_format tb_output_format(const tb_output_args *args);

/** Write text to -o or standard output. TB_OK; TB_EIO; TB_ENOMEM. Frees the text. */
TB_NODISCARD tb_status tb_output_text(const tb_output_args *args, tb_buffer *text, tb_error *err);

/** Write a document as --format json or csv says (see tb_document_csv() for `rows`), and destroy
 * it. A NULL document is TB_ENOMEM. */
TB_NODISCARD tb_status tb_output_document(const tb_output_args *args, tb_document *doc,
                                          const char *rows, tb_error *err);

/** Print warnings to standard error, one a line. */
void tb_output_warnings(const tb_messages *warnings);

#endif
