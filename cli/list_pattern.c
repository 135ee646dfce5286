#include "list_pattern.h"

#include "pattern.h"
#include "table.h"
#include "text.h"
#include "version.h"

#include <string.h>

static tb_status find(const char *name, const tb_pattern_type **out, tb_error *err)
{
    const char *names[TB_PATTERN_COUNT];
    for (int k = 0; k < TB_PATTERN_COUNT; k++) {
        names[k] = tb_pattern_name((tb_pattern_kind)k);
        if (strcmp(names[k], name) == 0) {
            *out = tb_pattern_types[k];
            return TB_OK;
        }
    }
    const char *nearest = tb_text_nearest(name, names, TB_PATTERN_COUNT);
    return nearest != NULL ? tb_fail(err, TB_EINVAL,
                                     "pattern '%s' is not known; did you mean '%s'?", name, nearest)
                           : tb_fail(err, TB_EINVAL,
                                     "pattern '%s' is not known; list patterns tells those that "
                                     "are",
                                     name);
}

static const char *what_it_takes(const tb_pattern_parameter *parameter)
{
    static const char *const kinds[] = {"integer", "0 to 1", "true or false", "integers"};
    return kinds[parameter->kind];
}

/* What holds where it is not given. */
static const char *default_of(const tb_pattern_parameter *parameter, char text[static 32])
{
    if (parameter->is_needed) {
        return "needed";
    }
    switch (parameter->kind) {
    case TB_PARAMETER_FLAG:
        return parameter->initial != 0 ? "true" : "false";
    case TB_PARAMETER_LIST:
        return "none";
    default:
        return parameter->initial < (double)parameter->least
                   ? "none"
                   : tb_text_shortest(parameter->initial, text);
    }
}

/* Patterns with options of their own. */
static const char *options_of(const tb_pattern_type *type)
{
    static const char *const options[TB_PATTERN_FIELD_KINDS] = {
        [TB_PATTERN_DENSE] = "no option: what holds where none is given",
        [TB_PATTERN_CAUSAL] = "-w -1 -c 1",
        [TB_PATTERN_GNA] = "--window-size, --stride, --dilation, --causal",
        [TB_PATTERN_LOCAL] = "--local LEFT,RIGHT",
        [TB_PATTERN_EXPLICIT] = "--mask FILE, --mask-block",
    };
    for (int k = 0; k < TB_PATTERN_FIELD_KINDS; k++) {
        if (tb_pattern_types[k] == type) {
            return options[k];
        }
    }
    return "--pattern";
}

static void print_pattern(const tb_pattern_type *type, tb_buffer *out)
{
    tb_buffer_printf(out, "%s: %s\noptions     %s\n", type->name, type->summary, options_of(type));
    if (type->is_random) {
        tb_buffer_text(out, "instance    seed=N: which of its random instances (default 0)\n");
    }
    if (type->parameter_count == 0) {
        return;
    }
    tb_buffer_text(out, "\n");
    tb_table table = tb_table_begin("lllr");
    static const char *const heads[] = {"parameter", "what it is", "takes", "default"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        tb_table_cell(&table, "%s", heads[i]);
    }
    for (int i = 0; i < type->parameter_count; i++) {
        char text[32];
        const tb_pattern_parameter *parameter = &type->parameters[i];
        tb_table_cell(&table, "%s", parameter->name);
        tb_table_cell(&table, "%s", parameter->summary);
        tb_table_cell(&table, "%s", what_it_takes(parameter));
        tb_table_cell(&table, "%s", default_of(parameter, text));
    }
    tb_table_print(&table, out);
}

tb_status tb_list_pattern(const tb_output_args *output, const char *name, tb_error *err)
{
    const tb_pattern_type *type = NULL;
    tb_status status = find(name, &type, err);
    if (status != TB_OK) {
        return status;
    }
    if (tb_output_format(output) == TB_FORMAT_TABLE) {
        tb_buffer text = {0};
        print_pattern(type, &text);
        return tb_output_text(output, &text, err);
    }
    tb_document *doc = tb_document_create("list-pattern", TB_VERSION);
    tb_document_text(doc, "name", type->name);
    tb_document_text(doc, "summary", type->summary);
    tb_document_text(doc, "options", options_of(type));
    tb_document_bool(doc, "is_random", type->is_random);
    tb_document_open_array(doc, "parameters");
    for (int i = 0; i < type->parameter_count; i++) {
        char text[32];
        const tb_pattern_parameter *parameter = &type->parameters[i];
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "name", parameter->name);
        tb_document_text(doc, "summary", parameter->summary);
        tb_document_text(doc, "takes", what_it_takes(parameter));
        tb_document_text(doc, "default", default_of(parameter, text));
        tb_document_close(doc);
    }
    tb_document_close(doc);
    return tb_output_document(output, doc, "parameters", err);
}
