/* The pattern of a stage: written as in problem files, but its numbers may be expressions. It is
 * written out with their values, and read as those are. */
#include "stage_parts.h"

#include "buffer.h"
#include "case_file.h"
#include "text.h"

#include <math.h>
#include <string.h>

/* Texts of a pattern that are no numbers. */
static bool is_word(const char *key, const char *text)
{
    return strcmp(key, "kind") == 0 || strcmp(key, "mask") == 0 || strcmp(text, "true") == 0 ||
           strcmp(text, "false") == 0;
}

/* Flags are written as flags, even where an expression gives them. */
static bool is_flag(const tb_yaml_node *pattern, const char *key)
{
    const tb_yaml_node *kind = tb_yaml_get(pattern, "kind");
    const char *name = NULL;
    if (strcmp(key, "causal") == 0) {
        return true;
    }
    if (kind == NULL || tb_yaml_text(kind, &name, NULL) != TB_OK) {
        return false;
    }
    for (size_t k = 0; k < TB_PATTERN_COUNT; k++) {
        const tb_pattern_type *type = tb_pattern_types[k];
        for (int i = 0; type != NULL && strcmp(type->name, name) == 0 && i < type->parameter_count;
             i++) {
            if (strcmp(type->parameters[i].name, key) == 0) {
                return type->parameters[i].kind == TB_PARAMETER_FLAG;
            }
        }
    }
    return false;
}

static void write_number(double value, bool flag, tb_buffer *out)
{
    char text[32];
    if (flag) {
        tb_buffer_text(out, value != 0 ? "true" : "false");
    } else if (value == floor(value) && fabs(value) < 9e15) {
        tb_buffer_printf(out, "%lld", (long long)value);
    } else {
        tb_buffer_text(out, tb_text_shortest(value, text));
    }
}

/* A node of a pattern with its expressions worked out, as YAML in one line. */
static tb_status write_node(const tb_yaml_node *pattern, const tb_yaml_node *node, const char *key,
                            const tb_names *names, tb_buffer *out, tb_error *err)
{
    const char *text = "";
    double value = 0;
    tb_status status = TB_OK;
    if (tb_yaml_is_map(node) || tb_yaml_is_list(node)) {
        bool map = tb_yaml_is_map(node);
        tb_buffer_text(out, map ? "{" : "[");
        for (size_t i = 0; status == TB_OK && i < tb_yaml_count(node); i++) {
            const char *name = map ? tb_yaml_key(node, i) : key;
            tb_buffer_text(out, i > 0 ? ", " : "");
            if (map) {
                tb_buffer_printf(out, "%s: ", name);
            }
            status = write_node(map ? node : pattern, tb_yaml_item(node, i), name, names, out, err);
        }
        tb_buffer_text(out, map ? "}" : "]");
        return status;
    }
    if (!tb_yaml_is_scalar(node)) {
        return tb_yaml_fail(node, err, "%s is null; leave it out", key);
    }
    status = tb_yaml_text(node, &text, err);
    if (status == TB_OK && is_word(key, text)) {
        tb_buffer_text(out, text);
        return TB_OK;
    }
    if (status == TB_OK) {
        status = tb_expression_value(node, names, &value, err);
    }
    if (status == TB_OK) {
        write_number(value, is_flag(pattern, key), out);
    }
    return status;
}

tb_status tb_stage_pattern(const tb_yaml_node *node, const tb_stage_context *context, tb_case *item,
                           tb_error *err)
{
    tb_buffer text = {0};
    tb_yaml *doc = NULL;
    tb_error inner = {0};
    tb_buffer_text(&text, "pattern: ");
    tb_status status = write_node(node, node, "pattern", &context->names, &text, err);
    if (status == TB_OK) {
        status = tb_buffer_check(&text, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_parse(text.data, text.length, "pattern", &doc, &inner);
        if (status == TB_OK) {
            status = tb_case_read_objects(tb_yaml_root(doc), context->path, item, &inner);
        }
        if (status == TB_EFILE) { /* its positions are of the text that was written out */
            status = tb_yaml_fail(node, err, "%s", inner.message);
        } else if (status != TB_OK) {
            status = tb_fail(err, status, "%s", inner.message);
        }
    }
    tb_yaml_destroy(doc);
    tb_buffer_free(&text);
    return status;
}
