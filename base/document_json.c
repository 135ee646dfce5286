#include "document.h"

#include "document_tree.h"
#include "text.h"

/* Numbers, booleans and null, in JSON's words. */
static void print_plain(const json_t *value, tb_buffer *out)
{
    char text[32];
    if (json_is_integer(value)) {
        tb_buffer_printf(out, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        tb_buffer_text(out, tb_text_shortest(json_real_value(value), text));
    } else {
        tb_buffer_text(out, json_is_null(value) ? "null" : json_is_true(value) ? "true" : "false");
    }
}

static int append_dump(const char *text, size_t length, void *out)
{
    tb_buffer_append(out, text, length);
    return 0;
}

static void print_text(const json_t *text, tb_buffer *out)
{
    if (json_dump_callback(text, append_dump, out, JSON_ENCODE_ANY) != 0) {
        out->failed = true;
    }
}

static void print_key(const char *key, tb_buffer *out)
{
    json_t *text = json_string(key);
    if (text == NULL) {
        out->failed = true;
        return;
    }
    print_text(text, out);
    tb_buffer_text(out, ": ");
    json_decref(text);
}

static bool fits_one_line(const json_t *array)
{
    size_t i = 0, count = json_array_size(array);
    while (i < count) {
        const json_t *element = json_array_get(array, i);
        if (json_is_object(element) || json_is_array(element) || json_is_string(element)) {
            return false;
        }
        i++;
    }
    return true;
}

static void print_value(json_t *value, size_t indent, tb_buffer *out);

static void print_array(const json_t *array, size_t indent, tb_buffer *out)
{
    bool one_line = fits_one_line(array);
    tb_buffer_text(out, "[");
    for (size_t i = 0; i < json_array_size(array); i++) {
        tb_buffer_text(out, i == 0 ? "" : one_line ? ", " : ",");
        if (!one_line) {
            tb_buffer_text(out, "\n");
            tb_buffer_repeat(out, ' ', indent + 2);
        }
        print_value(json_array_get(array, i), indent + 2, out);
    }
    if (!one_line) {
        tb_buffer_text(out, "\n");
        tb_buffer_repeat(out, ' ', indent);
    }
    tb_buffer_text(out, "]");
}

static void print_object(json_t *object, size_t indent, tb_buffer *out)
{
    const char *key;
    json_t *value;
    const char *before = "{\n";
    json_object_foreach(object, key, value)
    {
        tb_buffer_text(out, before);
        tb_buffer_repeat(out, ' ', indent + 2);
        print_key(key, out);
        print_value(value, indent + 2, out);
        before = ",\n";
    }
    if (json_object_size(object) == 0) {
        tb_buffer_text(out, "{}");
        return;
    }
    tb_buffer_text(out, "\n");
    tb_buffer_repeat(out, ' ', indent);
    tb_buffer_text(out, "}");
}

static void print_value(json_t *value, size_t indent, tb_buffer *out)
{
    if (json_is_object(value)) {
        print_object(value, indent, out);
    } else if (json_is_array(value)) {
        print_array(value, indent, out);
    } else if (json_is_string(value)) {
        print_text(value, out);
    } else {
        print_plain(value, out);
    }
}

tb_status tb_document_json(const tb_document *doc, tb_buffer *out, tb_error *err)
{
    tb_status status = tb_document_check(doc, err);
    if (status != TB_OK) {
        return status;
    }
    size_t length = out->length;
    print_value(doc->root, 0, out);
    tb_buffer_text(out, "\n");
    return tb_document_check_printed(out, length, err);
}
