#include "yaml_builder.h"

#include "yaml_tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Nodes of what is still open are stacked as they come: a list or mapping, then its entries. When
 * it ends, the entries move into one array of the arena and only the node stays. So each array is
 * exactly as large as it must be, and no parser recurses. */
struct tb_yaml_builder {
    tb_yaml *doc; /* NULL once it was taken */
    tb_yaml_node *stack;
    size_t count;
    size_t capacity;
    size_t open[TB_YAML_MAX_DEPTH]; /* stack indices of the lists and mappings that are open */
    size_t depth;
};

static tb_yaml *make_document(const char *name)
{
    tb_arena *arena = tb_arena_create();
    if (arena == NULL) {
        return NULL;
    }
    tb_yaml *doc = tb_arena_alloc(arena, sizeof *doc);
    char *copy = tb_arena_text(arena, name, strlen(name));
    if (doc == NULL || copy == NULL) {
        tb_arena_destroy(arena);
        return NULL;
    }
    *doc = (tb_yaml){.arena = arena, .name = copy};
    return doc;
}

tb_yaml_builder *tb_yaml_builder_create(const char *name)
{
    tb_yaml_builder *builder = calloc(1, sizeof *builder);
    if (builder == NULL) {
        return NULL;
    }
    builder->doc = make_document(name);
    if (builder->doc == NULL) {
        free(builder);
        return NULL;
    }
    return builder;
}

void tb_yaml_builder_destroy(tb_yaml_builder *builder)
{
    if (builder != NULL) {
        tb_yaml_destroy(builder->doc);
        free(builder->stack);
        free(builder);
    }
}

static tb_status fail_memory(const tb_yaml_builder *b, tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for the tree of %s", b->doc->name);
}

static tb_status TB_PRINTF(4, 5) fail_place(const tb_yaml_builder *b, tb_yaml_place place,
                                            tb_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tb_status status =
        tb_fail_at_v(err, TB_EFILE, b->doc->name, place.line, place.column, format, arguments);
    va_end(arguments);
    return status;
}

static tb_yaml_node *push(tb_yaml_builder *b)
{
    if (b->count == b->capacity) {
        size_t capacity = b->capacity == 0 ? 64 : b->capacity * 2;
        tb_yaml_node *stack = realloc(b->stack, capacity * sizeof *stack);
        if (stack == NULL) {
            return NULL;
        }
        b->stack = stack;
        b->capacity = capacity;
    }
    return &b->stack[b->count++];
}

/* Is the next node the key of a mapping? */
static bool at_key(const tb_yaml_builder *b)
{
    if (b->depth == 0) {
        return false;
    }
    size_t parent = b->open[b->depth - 1];
    return b->stack[parent].kind == TB_YAML_MAP && (b->count - parent - 1) % 2 == 0;
}

tb_status tb_yaml_add_scalar(tb_yaml_builder *b, tb_yaml_place place, const char *text,
                             size_t length, bool plain, tb_error *err)
{
    bool key = at_key(b);
    if (length > 0 && memchr(text, '\0', length) != NULL) {
        return fail_place(b, place, err, "a NUL character; write text without \\0");
    }
    if (key && length == 0) {
        return fail_place(b, place, err, "an empty key; write a name before the colon");
    }
    const char *copy = length == 0 ? "" : tb_arena_text(b->doc->arena, text, length);
    tb_yaml_node *node = push(b);
    if (copy == NULL || node == NULL) {
        return fail_memory(b, err);
    }
    bool null = plain && !key && tb_yaml_is_null_text(copy);
    *node = (tb_yaml_node){.doc = b->doc,
                           .as.text = copy,
                           .line = place.line,
                           .column = place.column,
                           .kind = null ? TB_YAML_NULL : TB_YAML_SCALAR,
                           .plain = plain};
    return TB_OK;
}

static tb_status open_collection(tb_yaml_builder *b, tb_yaml_place place, tb_yaml_kind kind,
                                 tb_error *err)
{
    if (at_key(b)) {
        return fail_place(b, place, err, "a list or mapping as a key; keys must be text");
    }
    if (b->depth == TB_YAML_MAX_DEPTH) {
        return fail_place(b, place, err, "nested too deeply; at most %d levels are read",
                          TB_YAML_MAX_DEPTH);
    }
    b->open[b->depth] = b->count;
    tb_yaml_node *node = push(b);
    if (node == NULL) {
        return fail_memory(b, err);
    }
    b->depth++;
    *node = (tb_yaml_node){
        .doc = b->doc, .line = place.line, .column = place.column, .kind = (unsigned char)kind};
    return TB_OK;
}

tb_status tb_yaml_open_map(tb_yaml_builder *b, tb_yaml_place place, tb_error *err)
{
    return open_collection(b, place, TB_YAML_MAP, err);
}

tb_status tb_yaml_open_list(tb_yaml_builder *b, tb_yaml_place place, tb_error *err)
{
    return open_collection(b, place, TB_YAML_LIST, err);
}

static int by_key(const void *a, const void *b)
{
    const tb_yaml_node *left = *(const tb_yaml_node *const *)a;
    const tb_yaml_node *right = *(const tb_yaml_node *const *)b;
    int order = strcmp(left->as.text, right->as.text);
    return order != 0 ? order : (left > right) - (left < right);
}

/* Complain of a key that occurs twice, the first such in the file. Sorted, for a hostile file may
 * have millions of keys. */
static tb_status refuse_duplicates(const tb_yaml_builder *b, const tb_yaml_node *items,
                                   size_t pairs, tb_error *err)
{
    const tb_yaml_node **keys = malloc((pairs + 1) * sizeof *keys);
    if (keys == NULL) {
        return fail_memory(b, err);
    }
    for (size_t i = 0; i < pairs; i++) {
        keys[i] = &items[2 * i];
    }
    qsort(keys, pairs, sizeof *keys, by_key);
    const tb_yaml_node *first = NULL, *again = NULL;
    for (size_t i = 1; i < pairs; i++) {
        if (strcmp(keys[i - 1]->as.text, keys[i]->as.text) == 0 &&
            (again == NULL || keys[i] < again)) {
            first = keys[i - 1];
            again = keys[i];
        }
    }
    free(keys);
    if (again == NULL) {
        return TB_OK;
    }
    return tb_yaml_fail(again, err, "key '%.60s' is already at line %d, column %d; write it once",
                        again->as.text, first->line, first->column);
}

tb_status tb_yaml_close(tb_yaml_builder *b, tb_error *err)
{
    assert(b->depth > 0);
    size_t parent = b->open[--b->depth];
    size_t count = b->count - parent - 1;
    tb_yaml_node *items = NULL;
    if (count > 0) {
        items = tb_arena_array(b->doc->arena, count, sizeof *items);
        if (items == NULL) {
            return fail_memory(b, err);
        }
        memcpy(items, &b->stack[parent + 1], count * sizeof *items);
    }
    tb_yaml_node *node = &b->stack[parent];
    bool map = node->kind == TB_YAML_MAP;
    node->as.items = items;
    node->count = (int)(map ? count / 2 : count);
    b->count = parent + 1;
    return map && count > 2 ? refuse_duplicates(b, items, count / 2, err) : TB_OK;
}

tb_status tb_yaml_add_copy(tb_yaml_builder *b, const tb_yaml_node *node, tb_error *err)
{
    tb_yaml_place place = {node->line, node->column};
    if (node->kind == TB_YAML_SCALAR || node->kind == TB_YAML_NULL) {
        return tb_yaml_add_scalar(b, place, node->as.text, strlen(node->as.text), node->plain, err);
    }
    bool map = node->kind == TB_YAML_MAP;
    size_t items = (size_t)node->count * (map ? 2 : 1);
    tb_status status = open_collection(b, place, (tb_yaml_kind)node->kind, err);
    for (size_t i = 0; status == TB_OK && i < items; i++) {
        status = tb_yaml_add_copy(b, &node->as.items[i], err); /* at most TB_YAML_MAX_DEPTH deep */
    }
    return status == TB_OK ? tb_yaml_close(b, err) : status;
}

bool tb_yaml_builder_has_root(const tb_yaml_builder *b)
{
    return b->count > 0;
}

tb_status tb_yaml_builder_finish(tb_yaml_builder *b, tb_yaml **out, tb_error *err)
{
    assert(b->depth == 0);
    if (b->count == 0) {
        return tb_fail_at(err, TB_EFILE, b->doc->name, 1, 1,
                          "an empty document; the file must hold one mapping");
    }
    tb_yaml_node *root = tb_arena_alloc(b->doc->arena, sizeof *root);
    if (root == NULL) {
        return fail_memory(b, err);
    }
    *root = b->stack[0]; /* the only node left on the stack */
    b->doc->root = root;
    *out = b->doc;
    b->doc = NULL;
    return TB_OK;
}
