#include "yaml_doc.h"

#include "file.h"
#include "yaml_builder.h"
#include "yaml_tree.h"

#include <string.h>
#include <yaml.h>

typedef struct parse {
    yaml_parser_t parser;
    tb_yaml_builder *tree;
    const char *name;
    tb_error *err;
} parse;

static tb_status fail_memory(const parse *p)
{
    return tb_fail(p->err, TB_ENOMEM, "no memory for the tree of %s", p->name);
}

static int position(size_t from_zero)
{
    return (int)from_zero + 1; /* fits: files are at most TB_YAML_MAX_BYTES long */
}

static tb_yaml_place place_of(yaml_mark_t mark)
{
    return (tb_yaml_place){position(mark.line), position(mark.column)};
}

static tb_status TB_PRINTF(3, 4)
    fail_mark(const parse *p, yaml_mark_t mark, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tb_status status = tb_fail_at_v(p->err, TB_EFILE, p->name, position(mark.line),
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

static tb_status fail_libyaml(const parse *in, const char *text, size_t length)
{
    const yaml_parser_t *p = &in->parser;
    const char *problem = p->problem == NULL ? "not YAML" : p->problem;
    if (p->error == YAML_MEMORY_ERROR) {
        return fail_memory(in);
    }
    if (p->error == YAML_READER_ERROR) {
        return fail_mark(in, mark_of_offset(text, length, p->problem_offset),
                         "not text: %s; the file must be UTF-8", problem);
    }
    if (p->context == NULL) {
        return fail_mark(in, p->problem_mark, "not valid YAML: %s", problem);
    }
    return fail_mark(in, p->problem_mark, "not valid YAML: %s (%s that begins at line %d)", problem,
                     p->context, position(p->context_mark.line));
}

static tb_status refuse_marks(const parse *p, const yaml_event_t *event, const yaml_char_t *anchor,
                              const yaml_char_t *tag)
{
    if (anchor != NULL) {
        return fail_mark(p, event->start_mark,
                         "an anchor; anchors and aliases are not read, write the value out");
    }
    if (tag != NULL) {
        return fail_mark(p, event->start_mark, "a tag; tags are not read, leave it out");
    }
    return TB_OK;
}

static tb_status add_scalar(parse *p, const yaml_event_t *event)
{
    tb_status status = refuse_marks(p, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (status != TB_OK) {
        return status;
    }
    return tb_yaml_add_scalar(p->tree, place_of(event->start_mark),
                              (const char *)event->data.scalar.value, event->data.scalar.length,
                              event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE, p->err);
}

static tb_status take_event(parse *p, const yaml_event_t *event)
{
    tb_status status;
    tb_yaml_place place = place_of(event->start_mark);
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return add_scalar(p, event);
    case YAML_SEQUENCE_START_EVENT:
        status = refuse_marks(p, event, event->data.sequence_start.anchor,
                              event->data.sequence_start.tag);
        return status == TB_OK ? tb_yaml_open_list(p->tree, place, p->err) : status;
    case YAML_MAPPING_START_EVENT:
        status =
            refuse_marks(p, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        return status == TB_OK ? tb_yaml_open_map(p->tree, place, p->err) : status;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return tb_yaml_close(p->tree, p->err);
    case YAML_ALIAS_EVENT:
        return fail_mark(p, event->start_mark,
                         "an alias; anchors and aliases are not read, write the value out");
    case YAML_DOCUMENT_START_EVENT:
        if (tb_yaml_builder_has_root(p->tree)) {
            return fail_mark(p, event->start_mark,
                             "a second document; a file must hold one document");
        }
        return TB_OK;
    default:
        return TB_OK;
    }
}

static tb_status take_all_events(parse *p, const char *text, size_t length)
{
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&p->parser, &event)) {
            return fail_libyaml(p, text, length);
        }
        tb_status status = take_event(p, &event);
        bool last = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (status != TB_OK || last) {
            return status;
        }
    }
}

tb_status tb_yaml_parse(const char *text, size_t length, const char *name, tb_yaml **out,
                        tb_error *err)
{
    if (length > TB_YAML_MAX_BYTES) {
        return tb_fail_at(err, TB_EFILE, name, 0, 0, "too large; at most %zu bytes are read",
                          TB_YAML_MAX_BYTES);
    }
    parse p = {.tree = tb_yaml_builder_create(name), .name = name, .err = err};
    if (p.tree == NULL || !yaml_parser_initialize(&p.parser)) {
        tb_yaml_builder_destroy(p.tree);
        return tb_fail(err, TB_ENOMEM, "no memory to parse %s", name);
    }
    const char *input = text == NULL ? "" : text;
    yaml_parser_set_input_string(&p.parser, (const yaml_char_t *)input, length);
    tb_status status = take_all_events(&p, input, length);
    yaml_parser_delete(&p.parser);
    if (status == TB_OK) {
        status = tb_yaml_builder_finish(p.tree, out, err);
    }
    tb_yaml_builder_destroy(p.tree);
    return status;
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
