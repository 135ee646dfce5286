#include "yaml_write.h"

#include "text.h"
#include "yaml_tree.h"

#include <stdint.h>
#include <string.h>

/* The code point of a character that tb_text_utf8_step() gave `step` bytes. */
static uint32_t code_point(const char *text, size_t step)
{
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (unsigned char)text[0] & first_bits[step];
    for (size_t i = 1; i < step; i++) {
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    }
    return code;
}

/* May it stand in a quoted scalar as it is? YAML 1.1, c-printable, without its line breaks. */
static bool is_printable(uint32_t code)
{
    return (code >= 0x20 && code <= 0x7e) ||
           (code >= 0xa0 && code <= 0xd7ff && code != 0x2028 && code != 0x2029) ||
           (code >= 0xe000 && code <= 0xfffd && code != 0xfeff) || code >= 0x10000;
}

static bool all_printable(const char *text)
{
    size_t step;
    while ((step = tb_text_utf8_step(text)) != 0) {
        if (!is_printable(code_point(text, step))) {
            return false;
        }
        text += step;
    }
    return *text == '\0';
}

static void print_escaped(tb_buffer *out, const char *text)
{
    size_t step;
    tb_buffer_text(out, "\"");
    for (; *text != '\0'; text += step) {
        step = tb_text_utf8_step(text);
        if (step == 0) { /* no UTF-8; no reader of ours gives such text */
            tb_buffer_text(out, "\\ufffd");
            step = 1;
            continue;
        }
        uint32_t code = code_point(text, step);
        if (!is_printable(code)) {
            tb_buffer_printf(out, "\\u%04x", (unsigned)code);
        } else {
            tb_buffer_append(out, "\\", *text == '"' || *text == '\\' ? 1 : 0);
            tb_buffer_append(out, text, step);
        }
    }
    tb_buffer_text(out, "\"");
}

static void print_single_quoted(tb_buffer *out, const char *text)
{
    tb_buffer_text(out, "'");
    for (; *text != '\0'; text++) {
        tb_buffer_append(out, "''", *text == '\'' ? 2 : 0);
        tb_buffer_append(out, text, *text == '\'' ? 0 : 1);
    }
    tb_buffer_text(out, "'");
}

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '.' || c == '_' || c == '(';
}

/* Plain in every context: no indicator at its start, none that ends it, no line to fold. */
static bool is_plain(const char *text)
{
    bool number = text[0] == '-' && text[1] >= '0' && text[1] <= '9';
    if ((!is_word_start(text[0]) && !number) || tb_yaml_is_null_text(text) ||
        !all_printable(text)) {
        return false;
    }
    size_t length = strlen(text);
    return text[length - 1] != ' ' && text[length - 1] != ':' &&
           strpbrk(text, ",[]{}\"'`") == NULL && strstr(text, ": ") == NULL &&
           strstr(text, " #") == NULL;
}

static void print_quoted(tb_buffer *out, const char *text)
{
    if (all_printable(text)) {
        print_single_quoted(out, text);
    } else {
        print_escaped(out, text);
    }
}

static void print_text(tb_buffer *out, const char *text)
{
    if (is_plain(text)) {
        tb_buffer_text(out, text);
    } else {
        print_quoted(out, text);
    }
}

static void print_scalar(tb_buffer *out, const tb_yaml_node *node)
{
    if (node->kind == TB_YAML_NULL) {
        tb_buffer_text(out, "null");
    } else if (node->plain) {
        print_text(out, node->as.text);
    } else {
        print_quoted(out, node->as.text);
    }
}

static void print_flow(tb_buffer *out, const tb_yaml_node *node)
{
    bool map = node->kind == TB_YAML_MAP;
    if (!map && node->kind != TB_YAML_LIST) {
        print_scalar(out, node);
        return;
    }
    tb_buffer_text(out, map ? "{" : "[");
    for (size_t i = 0; i < tb_yaml_count(node); i++) {
        tb_buffer_text(out, i == 0 ? "" : ", ");
        if (map) {
            print_scalar(out, tb_yaml_key_node(node, i));
            tb_buffer_text(out, ": ");
        }
        print_flow(out, tb_yaml_item(node, i)); /* at most TB_YAML_MAX_DEPTH deep */
    }
    tb_buffer_text(out, map ? "}" : "]");
}

/* Each key in a line of its own; the first follows what is there already. */
static void print_lines(tb_buffer *out, const tb_yaml_node *map, size_t indent)
{
    for (size_t i = 0; i < tb_yaml_count(map); i++) {
        tb_buffer_repeat(out, ' ', i == 0 ? 0 : indent);
        print_scalar(out, tb_yaml_key_node(map, i));
        tb_buffer_text(out, ": ");
        print_flow(out, tb_yaml_item(map, i));
        tb_buffer_text(out, "\n");
    }
}

static void print_entries(tb_buffer *out, const tb_yaml_node *list)
{
    for (size_t i = 0; i < tb_yaml_count(list); i++) {
        const tb_yaml_node *entry = tb_yaml_item(list, i);
        tb_buffer_text(out, "  - ");
        if (tb_yaml_is_map(entry) && tb_yaml_count(entry) > 0) {
            print_lines(out, entry, 4);
        } else {
            print_flow(out, entry);
            tb_buffer_text(out, "\n");
        }
    }
}

void tb_yaml_write(tb_buffer *out, const tb_yaml *doc)
{
    const tb_yaml_node *root = tb_yaml_root(doc);
    for (size_t i = 0; tb_yaml_is_map(root) && i < tb_yaml_count(root); i++) {
        const tb_yaml_node *value = tb_yaml_item(root, i);
        print_scalar(out, tb_yaml_key_node(root, i));
        if (tb_yaml_is_list(value) && tb_yaml_count(value) > 0) {
            tb_buffer_text(out, ":\n");
            print_entries(out, value);
        } else {
            tb_buffer_text(out, ": ");
            print_flow(out, value);
            tb_buffer_text(out, "\n");
        }
    }
}
