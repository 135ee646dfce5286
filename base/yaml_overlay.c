/* Mappings with a value replaced: what an axis of problems makes of one problem. */
#include "yaml_doc.h"
#include "yaml_tree.h"

#include "text.h"

#include <string.h>

/* Index of the key that is the first `length` bytes of `path`; the count when there is none. */
static int find_key(const tb_yaml_node *map, const char *path, size_t length)
{
    int i = 0;
    while (i < map->count) {
        const char *key = map->as.items[2 * i].as.text;
        if (strlen(key) == length && memcmp(key, path, length) == 0) {
            break;
        }
        i++;
    }
    return i;
}

/* A mapping without entries, that stands where `at` does; memory is of `doc`. */
static tb_yaml_node *empty_map(tb_yaml *doc, const tb_yaml_node *at)
{
    tb_yaml_node *made = tb_arena_alloc(doc->arena, sizeof *made);
    if (made != NULL) {
        *made = (tb_yaml_node){
            .doc = at->doc, .line = at->line, .column = at->column, .kind = TB_YAML_MAP};
    }
    return made;
}

/* A copy of a list with entry "2" of "window.2" replaced. */
static tb_status overlay_entry(tb_yaml *doc, const tb_yaml_node *list, const tb_yaml_node *path,
                               const char *rest, const tb_yaml_node *value,
                               const tb_yaml_node **out, tb_error *err)
{
    int64_t at = -1;
    if (!tb_text_int(rest, &at) || at < 0 || at >= list->count) {
        return tb_yaml_fail(path, err,
                            "'%s' is no entry of a list of %d; they count from 0, and are plain "
                            "values",
                            path->as.text, list->count);
    }
    tb_yaml_node *made = tb_arena_alloc(doc->arena, sizeof *made);
    tb_yaml_node *items = tb_arena_array(doc->arena, (size_t)list->count, sizeof *items);
    if (made == NULL || items == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a value of '%s'", path->as.text);
    }
    memcpy(items, list->as.items, (size_t)list->count * sizeof *items);
    items[at] = *value;
    *made = *list;
    made->as.items = items;
    *out = made;
    return TB_OK;
}

tb_status tb_yaml_scalar(tb_yaml *doc, const tb_yaml_node *at, const char *text,
                         const tb_yaml_node **out, tb_error *err)
{
    tb_yaml_node *made = tb_arena_alloc(doc->arena, sizeof *made);
    char *kept = tb_arena_text(doc->arena, text, strlen(text));
    if (made == NULL || kept == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a value");
    }
    *made = (tb_yaml_node){.doc = at->doc,
                           .as.text = kept,
                           .line = at->line,
                           .column = at->column,
                           .kind = TB_YAML_SCALAR,
                           .plain = true};
    *out = made;
    return TB_OK;
}

tb_status tb_yaml_overlay(tb_yaml *doc, const tb_yaml_node *map, const tb_yaml_node *path,
                          const char *rest, const tb_yaml_node *value, const tb_yaml_node **out,
                          tb_error *err)
{
    size_t length = strcspn(rest, ".");
    if (map != NULL && map->kind == TB_YAML_LIST) {
        return overlay_entry(doc, map, path, rest, value, out, err);
    }
    if (map != NULL && map->kind != TB_YAML_MAP) {
        return tb_yaml_fail(path, err, "'%s' goes through what is no mapping", path->as.text);
    }
    if (length == 0) {
        return tb_yaml_fail(path, err, "'%s' is no path of keys, such as pattern.window",
                            path->as.text);
    }
    if (map == NULL && strspn(rest, "0123456789") == length) {
        return tb_yaml_fail(path, err,
                            "'%s' is an entry of a list that is not there; write the list out, or "
                            "leave the number out",
                            path->as.text);
    }
    tb_yaml_node *made = empty_map(doc, map != NULL ? map : path);
    int count = map != NULL ? map->count : 0;
    tb_yaml_node *items = tb_arena_array(doc->arena, 2 * ((size_t)count + 1), sizeof *items);
    char *key = tb_arena_text(doc->arena, rest, length);
    if (made == NULL || items == NULL || key == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a value of '%s'", path->as.text);
    }
    if (count > 0) {
        memcpy(items, map->as.items, 2 * (size_t)count * sizeof *items);
    }
    int at = map != NULL ? find_key(map, rest, length) : 0;
    bool is_new = at == count;
    const tb_yaml_node *inner = value;
    if (rest[length] == '.') {
        tb_status status = tb_yaml_overlay(doc, is_new ? NULL : &items[2 * at + 1], path,
                                           rest + length + 1, value, &inner, err);
        if (status != TB_OK) {
            return status;
        }
    }
    if (is_new) {
        items[2 * at] = *path;
        items[2 * at].as.text = key;
    }
    items[2 * at + 1] = *inner;
    made->as.items = items;
    made->count = count + is_new;
    *out = made;
    return TB_OK;
}
