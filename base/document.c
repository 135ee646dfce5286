#include "document.h"

#include "document_tree.h"
#include "text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copy text with '?' for each byte that is not UTF-8, which jansson would refuse. malloc'd. */
static char *valid_copy(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    char *at = copy;
    while (copy != NULL && *text != '\0') {
        size_t step = tb_text_utf8_step(text);
        if (step == 0) {
            *at++ = '?';
            text++;
        } else {
            memcpy(at, text, step);
            at += step;
            text += step;
        }
    }
    if (copy != NULL) {
        *at = '\0';
    }
    return copy;
}

/* Put `value` (taken over) into the innermost open container; false when memory ran out. */
static bool put(tb_document *doc, const char *key, json_t *value)
{
    json_t *parent = doc->open[doc->depth - 1];
    assert((key == NULL) == json_is_array(parent));
    if (key == NULL) {
        doc->failed = json_array_append_new(parent, value) != 0;
        return !doc->failed;
    }
    char *name = valid_copy(key);
    if (name == NULL) {
        json_decref(value);
        doc->failed = true;
        return false;
    }
    assert(json_object_get(parent, name) == NULL);
    doc->failed = json_object_set_new(parent, name, value) != 0;
    free(name);
    return !doc->failed;
}

static bool usable(const tb_document *doc)
{
    return doc != NULL && !doc->failed;
}

tb_document *tb_document_create(const char *kind, const char *version)
{
    tb_document *doc = calloc(1, sizeof *doc);
    json_t *root = json_object();
    if (doc == NULL || root == NULL) {
        free(doc);
        json_decref(root);
        return NULL;
    }
    doc->root = doc->open[0] = root;
    doc->depth = 1;
    char schema[96];
    (void)snprintf(schema, sizeof schema, "tilebound/%s/1", kind);
    tb_document_text(doc, "schema", schema);
    tb_document_text(doc, "tilebound", version);
    return doc;
}

void tb_document_destroy(tb_document *doc)
{
    if (doc != NULL) {
        json_decref(doc->root);
        free(doc);
    }
}

static void open_container(tb_document *doc, const char *key, json_t *container)
{
    assert(doc->depth < TB_DOCUMENT_MAX_DEPTH);
    if (put(doc, key, container)) {
        doc->open[doc->depth++] = container;
    }
}

void tb_document_open_object(tb_document *doc, const char *key)
{
    if (usable(doc)) {
        open_container(doc, key, json_object());
    }
}

void tb_document_open_array(tb_document *doc, const char *key)
{
    if (usable(doc)) {
        open_container(doc, key, json_array());
    }
}

void tb_document_close(tb_document *doc)
{
    if (usable(doc)) {
        assert(doc->depth > 1);
        doc->depth--;
    }
}

void tb_document_int(tb_document *doc, const char *key, int64_t value)
{
    if (usable(doc)) {
        (void)put(doc, key, json_integer(value));
    }
}

void tb_document_double(tb_document *doc, const char *key, double value)
{
    if (!usable(doc)) {
        return;
    }
    if (isfinite(value)) {
        (void)put(doc, key, json_real(value));
    } else {
        doc->nulled++;
        (void)put(doc, key, json_null());
    }
}

void tb_document_bool(tb_document *doc, const char *key, bool value)
{
    if (usable(doc)) {
        (void)put(doc, key, json_boolean(value));
    }
}

void tb_document_text(tb_document *doc, const char *key, const char *value)
{
    if (!usable(doc)) {
        return;
    }
    if (value == NULL) {
        (void)put(doc, key, json_null());
        return;
    }
    char *copy = valid_copy(value);
    (void)put(doc, key, copy == NULL ? NULL : json_string(copy));
    free(copy);
}

void tb_document_null(tb_document *doc, const char *key)
{
    if (usable(doc)) {
        (void)put(doc, key, json_null());
    }
}

void tb_document_ints(tb_document *doc, const char *key, const int64_t *values, size_t count)
{
    tb_document_open_array(doc, key);
    for (size_t i = 0; i < count; i++) {
        tb_document_int(doc, NULL, values[i]);
    }
    tb_document_close(doc);
}

void tb_document_bools(tb_document *doc, const char *key, const bool *values, size_t count)
{
    tb_document_open_array(doc, key);
    for (size_t i = 0; i < count; i++) {
        tb_document_bool(doc, NULL, values[i]);
    }
    tb_document_close(doc);
}

size_t tb_document_nulled(const tb_document *doc)
{
    return doc == NULL ? 0 : doc->nulled;
}

tb_status tb_document_check(const tb_document *doc, tb_error *err)
{
    if (!usable(doc)) {
        return tb_fail(err, TB_ENOMEM, "no memory for the result");
    }
    assert(doc->depth == 1); /* every container was closed */
    return TB_OK;
}

tb_status tb_document_check_printed(tb_buffer *out, size_t length, tb_error *err)
{
    tb_status status = tb_buffer_check(out, err);
    if (status != TB_OK && out->data != NULL) {
        out->length = length;
        out->data[length] = '\0';
    }
    return status;
}

const char *tb_json_library_version(void)
{
    return jansson_version_str();
}
