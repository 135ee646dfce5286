#include "output.h"

#include "file.h"

#include <stddef.h>
#include <stdio.h>

static const char *const format_choices[] = {"table", "json", "csv"};

const tb_option tb_output_options[TB_OUTPUT_OPTION_COUNT] = {
    {"format", '\0', TB_OPTION_CHOICE, NULL, "how to print (default table)",
     offsetof(tb_output_args, format), 0, 0, format_choices, 3},
    {"output", 'o', TB_OPTION_TEXT, "FILE", "write there instead of to standard output",
     offsetof(tb_output_args, path), 0, 0, NULL, 0},
};

tb_format tb_output_format(const tb_output_args *args)
{
    return args->format.given ? (tb_format)args->format.index : TB_FORMAT_TABLE;
}

tb_status tb_output_text(const tb_output_args *args, tb_buffer *text, tb_error *err)
{
    tb_status status = tb_buffer_check(text, err);
    if (status == TB_OK) {
        status = args->path != NULL ? tb_file_replace(args->path, text->data, text->length, err)
                                    : tb_file_write_stdout(text->data, text->length, err);
    }
    tb_buffer_free(text);
    return status;
}

tb_status tb_output_document(const tb_output_args *args, tb_document *doc, const char *rows,
                             tb_error *err)
{
    if (doc == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the result");
    }
    tb_buffer text = {0};
    tb_status status = tb_output_format(args) == TB_FORMAT_CSV
                           ? tb_document_csv(doc, rows, &text, err)
                           : tb_document_json(doc, &text, err);
    if (tb_document_nulled(doc) > 0) {
        (void)fprintf(stderr,
                      "tilebound: warning: %zu values were not finite and are printed as null\n",
                      tb_document_nulled(doc));
    }
    tb_document_destroy(doc);
    if (status != TB_OK) {
        tb_buffer_free(&text);
        return status;
    }
    return tb_output_text(args, &text, err);
}

void tb_output_warnings(const tb_messages *warnings)
{
    for (size_t i = 0; i < warnings->count; i++) {
        (void)fprintf(stderr, "tilebound: warning: %s\n", warnings->text[i]);
    }
}
