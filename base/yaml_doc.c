#include "yaml_doc.h"

#include "file.h"
#include "yaml_tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Nodes of what is still open are stacked as they come: a list or mapping, then its entries. When
 * it ends, the entries move into one array of the arena and only the node stays. So each array is
 * exactly as large as it must be, and the parser never recurses. */
typedef struct builder {
    yaml_parser_t parser;
    tb_yaml *doc;
    tb_yaml_node *stack;
    size_t count;
    size_t capacity;
    size_t open[TB_YAML_MAX_DEPTH]; /* stack indices of the lists and mappings that are open */
    size_t depth;
    tb_error *err;
} builder;

static tb_status fail_memory(const builder *b)
{
    return tb_fail(b->err, TB_ENOMEM, "no memory for the tree of %s", b->doc->name);
}

static int position(size_t from_zero)
{
    return (int)from_zero + 1; /* fits: files are at most TB_YAML_MAX_BYTES long */
}

static tb_status TB_PRINTF(3, 4)
    fail_mark(const builder *b, yaml_mark_t mark, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tb_status status = tb_fail_at_v(b->err, TB_EFILE, b->doc->name, position(mark.line),
                                    position(mark.column), format, arguments);
    va_end(arguments);
    return status;
}

/* The position of a byte that is no text, which libyaml gives as an offset only. */
static yaml_mark_t mark_of_offset(const char *text, size_t length, size_t offset)
{
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset && i < length; i++) {
        if (text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else {
            mark.column += ((unsigned char)text[i] & 0xc0) != 0x80;
        }
    }
    return mark;
}

static tb_status fail_libyaml(const builder *b, const char *text, size_t length)
{
    const yaml_parser_t *p = &b->parser;
    const char *problem = p->problem == NULL ? "not YAML" : p->problem;
    if (p->error == YAML_MEMORY_ERROR) {
        return fail_memory(b);
    }
    if (p->error == YAML_READER_ERROR) {
        return fail_mark(b, mark_of_offset(text, length, p->problem_offset),
                         "not text: %s; the file must be UTF-8", problem);
    }
    if (p->context == NULL) {
        return fail_mark(b, p->problem_mark, "not valid YAML: %s", problem);
    }
    return fail_mark(b, p->problem_mark, "not valid YAML: %s (%s that begins at line %d)", problem,
                     p->context, position(p->context_mark.line));
}

static tb_yaml_node *push(builder *b)
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
static bool at_key(const builder *b)
{
    if (b->depth == 0) {
        return false;
    }
    size_t parent = b->open[b->depth - 1];
    return b->stack[parent].kind == TB_YAML_MAP && (b->count - parent - 1) % 2 == 0;
}

static bool is_null_text(const char *text)
{
    return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static tb_status refuse_marks(const builder *b, const yaml_event_t *event,
                              const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL) {
        return fail_mark(b, event->start_mark,
                         "an anchor; anchors and aliases are not read, write the value out");
    }
    if (tag != NULL) {
        return fail_mark(b, event->start_mark, "a tag; tags are not read, leave it out");
    }
    return TB_OK;
}

static tb_status add_scalar(builder *b, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    bool key = at_key(b);
    tb_status status = refuse_marks(b, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (status != TB_OK) {
        return status;
    }
    if (memchr(text, '\0', length) != NULL) {
        return fail_mark(b, event->start_mark, "a NUL character; write text without \\0");
    }
    if (key && length == 0) {
        return fail_mark(b, event->start_mark, "an empty key; write a name before the colon");
    }
    const char *copy = length == 0 ? "" : tb_arena_text(b->doc->arena, text, length);
    tb_yaml_node *node = push(b);
    if (copy == NULL || node == NULL) {
        return fail_memory(b);
    }
    bool null = plain && !key && is_null_text(copy);
    *node = (tb_yaml_node){.doc = b->doc,
                           .as.text = copy,
                           .line = position(event->start_mark.line),
                           .column = position(event->start_mark.column),
                           .kind = null ? TB_YAML_NULL : TB_YAML_SCALAR,
                           .plain = plain};
    return TB_OK;
}

static tb_status open_collection(builder *b, const yaml_event_t *event, tb_yaml_kind kind)
{
    if (at_key(b)) {
        return fail_mark(b, event->start_mark, "a list or mapping as a key; keys must be text");
    }
    if (b->depth == TB_YAML_MAX_DEPTH) {
        return fail_mark(b, event->start_mark, "nested too deeply; at most %d levels are read",
                         TB_YAML_MAX_DEPTH);
    }
    b->open[b->depth] = b->count;
    tb_yaml_node *node = push(b);
    if (node == NULL) {
        return fail_memory(b);
    }
    b->depth++;
    *node = (tb_yaml_node){.doc = b->doc,
                           .line = position(event->start_mark.line),
                           .column = position(event->start_mark.column),
                           .kind = (unsigned char)kind};
    return TB_OK;
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
static tb_status refuse_duplicates(const builder *b, const tb_yaml_node *items, size_t pairs)
{
    const tb_yaml_node **keys = malloc((pairs + 1) * sizeof *keys);
    if (keys == NULL) {
        return fail_memory(b);
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
    return tb_yaml_fail(again, b->err,
                        "key '%.60s' is already at line %d, column %d; write it once",
                        again->as.text, first->line, first->column);
}

static tb_status close_collection(builder *b)
{
    assert(b->depth > 0);
    size_t parent = b->open[--b->depth];
    size_t count = b->count - parent - 1;
    tb_yaml_node *items = NULL;
    if (count > 0) {
        items = tb_arena_array(b->doc->arena, count, sizeof *items);
        if (items == NULL) {
            return fail_memory(b);
        }
        memcpy(items, &b->stack[parent + 1], count * sizeof *items);
    }
    tb_yaml_node *node = &b->stack[parent];
    bool map = node->kind == TB_YAML_MAP;
    node->as.items = items;
    node->count = (int)(map ? count / 2 : count);
    b->count = parent + 1;
    return map && count > 2 ? refuse_duplicates(b, items, count / 2) : TB_OK;
}

static tb_status take_event(builder *b, const yaml_event_t *event)
{
    tb_status status;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return add_scalar(b, event);
    case YAML_SEQUENCE_START_EVENT:
        status = refuse_marks(b, event, event->data.sequence_start.anchor,
                              event->data.sequence_start.tag);
        return status == TB_OK ? open_collection(b, event, TB_YAML_LIST) : status;
    case YAML_MAPPING_START_EVENT:
        status =
            refuse_marks(b, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        return status == TB_OK ? open_collection(b, event, TB_YAML_MAP) : status;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_collection(b);
    case YAML_ALIAS_EVENT:
        return fail_mark(b, event->start_mark,
                         "an alias; anchors and aliases are not read, write the value out");
    case YAML_DOCUMENT_START_EVENT:
        if (b->count > 0) {
            return fail_mark(b, event->start_mark,
                             "a second document; a file must hold one document");
        }
        return TB_OK;
    default:
        return TB_OK;
    }
}

static tb_status take_all_events(builder *b, const char *text, size_t length)
{
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&b->parser, &event)) {
            return fail_libyaml(b, text, length);
        }
        tb_status status = take_event(b, &event);
        bool last = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (status != TB_OK || last) {
            return status;
        }
    }
}

/* Move the root, the only node left on the stack, into the arena. */
static tb_status finish(builder *b)
{
    if (b->count == 0) {
        return tb_fail_at(b->err, TB_EFILE, b->doc->name, 1, 1,
                          "an empty document; the file must hold one mapping");
    }
    tb_yaml_node *root = tb_arena_alloc(b->doc->arena, sizeof *root);
    if (root == NULL) {
        return fail_memory(b);
    }
    *root = b->stack[0];
    b->doc->root = root;
    return TB_OK;
}

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

tb_status tb_yaml_parse(const char *text, size_t length, const char *name, tb_yaml **out,
                        tb_error *err)
{
    if (length > TB_YAML_MAX_BYTES) {
        return tb_fail_at(err, TB_EFILE, name, 0, 0, "too large; at most %zu bytes are read",
                          TB_YAML_MAX_BYTES);
    }
    builder b = {.doc = make_document(name), .err = err};
    if (b.doc == NULL || !yaml_parser_initialize(&b.parser)) {
        tb_yaml_destroy(b.doc);
        return tb_fail(err, TB_ENOMEM, "no memory to parse %s", name);
    }
    const char *input = text == NULL ? "" : text;
    yaml_parser_set_input_string(&b.parser, (const yaml_char_t *)input, length);
    tb_status status = take_all_events(&b, input, length);
    yaml_parser_delete(&b.parser);
    if (status == TB_OK) {
        status = finish(&b);
    }
    free(b.stack);
    if (status != TB_OK) {
        tb_yaml_destroy(b.doc);
        return status;
    }
    *out = b.doc;
    return TB_OK;
}

tb_status tb_yaml_read(const char *path, tb_yaml **out, tb_error *err)
{
    tb_file_bytes bytes;
    tb_status status = tb_file_read(path, TB_YAML_MAX_BYTES, &bytes, err);
    if (status != TB_OK) {
        return status;
    }
    status = tb_yaml_parse((const char *)bytes.data, bytes.length, tb_file_name(path), out, err);
    tb_file_release(&bytes);
    return status;
}

void tb_yaml_destroy(tb_yaml *doc)
{
    if (doc != NULL) {
        tb_arena_destroy(doc->arena); /* doc itself lives in it */
    }
}

size_t tb_yaml_bytes(const tb_yaml *doc)
{
    return tb_arena_bytes(doc->arena);
}

const char *tb_yaml_library_version(void)
{
    return yaml_get_version_string();
}
