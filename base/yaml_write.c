#include "yaml_write.h"

#include "text.h"
#include "yaml_print.h"
#include "yaml_tree.h"

#include <string.h>

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
        !tb_yaml_is_printable(text)) {
        return false;
    }
    size_t length = strlen(text);
    return text[length - 1] != ' ' && text[length - 1] != ':' &&
           strpbrk(text, ",[]{}\"'`") == NULL && strstr(text, ": ") == NULL &&
           strstr(text, " #") == NULL;
}

static void print_text(tb_buffer *out, const char *text)
{
    if (is_plain(text)) {
        tb_buffer_text(out, text);
    } else {
        tb_yaml_print_text(out, text);
    }
}

static void print_scalar(tb_buffer *out, const tb_yaml_node *node)
{
    if (node->kind == TB_YAML_NULL) {
        tb_buffer_text(out, "null");
    } else if (node->plain) {
        print_text(out, node->as.text);
    } else {
        tb_yaml_print_text(out, node->as.text);
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
