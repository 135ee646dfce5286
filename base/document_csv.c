#include "document.h"

#include "csv.h"
#include "document_tree.h"
#include "text.h"

#include <assert.h>
#include <stdlib.h>

/* What is done with each value that is no object, found at `path` ("problem.layout"). */
typedef void visit_fn(void *context, const char *path, json_t *value);

/* Visit the leaves of an object in order. `path` holds the keys down to it and comes back as it
 * was. */
static void walk(json_t *object, tb_buffer *path, visit_fn *visit, void *context)
{
    const char *key;
    json_t *value;
    size_t length = path->length;
    json_object_foreach(object, key, value)
    {
        tb_buffer_text(path, length == 0 ? "" : ".");
        tb_buffer_text(path, key);
        if (path->failed) {
            return;
        }
        if (json_is_object(value)) {
            walk(value, path, visit, context);
        } else {
            visit(context, path->data, value);
        }
        path->length = length;
    }
}

static bool is_container(const json_t *value)
{
    return json_is_object(value) || json_is_array(value);
}

/* An array of objects or arrays has no cell. */
static bool has_cell(const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (is_container(json_array_get(value, i))) {
            return false;
        }
    }
    return true;
}

/* The columns: an object from the path to the column's index, which keeps the order too. */
typedef struct columns {
    json_t *index_by_path;
    bool failed;
} columns;

static void take_column(void *context, const char *path, json_t *value)
{
    columns *all = context;
    if (has_cell(value) && json_object_get(all->index_by_path, path) == NULL) {
        json_int_t next = (json_int_t)json_object_size(all->index_by_path);
        if (json_object_set_new(all->index_by_path, path, json_integer(next)) != 0) {
            all->failed = true;
        }
    }
}

typedef struct line {
    const columns *all;
    const json_t **cells; /* by column; NULL where the line has no such value */
} line;

static void take_cell(void *context, const char *path, json_t *value)
{
    const line *l = context;
    if (has_cell(value)) {
        l->cells[json_integer_value(json_object_get(l->all->index_by_path, path))] = value;
    }
}

static void print_scalar(const json_t *value, tb_buffer *out)
{
    char text[32];
    if (json_is_integer(value)) {
        tb_buffer_printf(out, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        tb_buffer_text(out, tb_text_shortest(json_real_value(value), text));
    } else if (json_is_string(value)) {
        tb_buffer_text(out, json_string_value(value));
    } else if (json_is_boolean(value)) {
        tb_buffer_text(out, json_is_true(value) ? "true" : "false");
    }
}

/* "30x48x80", "1x0x0", "first; second". */
static void print_joined(const json_t *array, tb_buffer *out)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *element = json_array_get(array, i);
        if (i > 0) {
            tb_buffer_text(out, json_is_string(json_array_get(array, 0)) ? "; " : "x");
        }
        if (json_is_boolean(element)) {
            tb_buffer_text(out, json_is_true(element) ? "1" : "0");
        } else {
            print_scalar(element, out);
        }
    }
}

static void print_cell(const json_t *value, tb_buffer *scratch, tb_buffer *out)
{
    if (json_is_string(value)) {
        tb_csv_text(out, json_string_value(value));
    } else if (json_is_string(json_array_get(value, 0))) {
        scratch->length = 0;
        print_joined(value, scratch);
        tb_csv_text(out, scratch->failed ? "" : scratch->data);
    } else if (json_is_array(value)) {
        print_joined(value, out);
    } else {
        print_scalar(value, out);
    }
}

static void print_header(const columns *all, tb_buffer *out)
{
    const char *path, *before = "";
    json_t *ignored;
    json_object_foreach(all->index_by_path, path, ignored)
    {
        tb_buffer_text(out, before);
        tb_csv_text(out, path);
        before = ",";
    }
    tb_buffer_text(out, "\n");
}

/* The objects that become lines: the elements of a top-level array, or the document itself. */
static size_t count_lines(const tb_document *doc, const char *rows)
{
    return rows == NULL ? 1 : json_array_size(json_object_get(doc->root, rows));
}

static json_t *line_object(const tb_document *doc, const char *rows, size_t i)
{
    return rows == NULL ? doc->root : json_array_get(json_object_get(doc->root, rows), i);
}

typedef struct csv_work {
    columns all;
    const json_t **cells; /* as many as columns */
    tb_buffer path;
    tb_buffer scratch;
} csv_work;

/* Find the columns and make room for a line's cells; false when memory ran out. */
static bool prepare(csv_work *work, const tb_document *doc, const char *rows)
{
    work->all.index_by_path = json_object();
    if (work->all.index_by_path == NULL) {
        return false;
    }
    for (size_t i = 0; i < count_lines(doc, rows); i++) {
        walk(line_object(doc, rows, i), &work->path, take_column, &work->all);
    }
    /* One more than needed: calloc(0) may give NULL. */
    work->cells = calloc(json_object_size(work->all.index_by_path) + 1, sizeof(const json_t *));
    return work->cells != NULL && !work->all.failed && !work->path.failed;
}

static void print_line(csv_work *work, json_t *object, tb_buffer *out)
{
    size_t count = json_object_size(work->all.index_by_path);
    for (size_t i = 0; i < count; i++) {
        work->cells[i] = NULL;
    }
    line l = {.all = &work->all, .cells = work->cells};
    walk(object, &work->path, take_cell, &l);
    for (size_t i = 0; i < count; i++) {
        tb_buffer_text(out, i == 0 ? "" : ",");
        if (work->cells[i] != NULL) {
            print_cell(work->cells[i], &work->scratch, out);
        }
    }
    tb_buffer_text(out, "\n");
    out->failed |= work->path.failed || work->scratch.failed;
}

tb_status tb_document_csv(const tb_document *doc, const char *rows, tb_buffer *out, tb_error *err)
{
    tb_status status = tb_document_check(doc, err);
    if (status != TB_OK) {
        return status;
    }
    assert(rows == NULL || json_is_array(json_object_get(doc->root, rows)));
    size_t length = out->length;
    csv_work work = {0};
    if (prepare(&work, doc, rows)) {
        print_header(&work.all, out);
        for (size_t i = 0; i < count_lines(doc, rows); i++) {
            print_line(&work, line_object(doc, rows, i), out);
        }
    } else {
        out->failed = true;
    }
    status = tb_document_check_printed(out, length, err);
    json_decref(work.all.index_by_path);
    free(work.cells);
    tb_buffer_free(&work.path);
    tb_buffer_free(&work.scratch);
    return status;
}
