#include "csv_doc.h"

#include "arena.h"
#include "file.h"
#include "text.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct tb_csv {
    tb_arena *arena; /* owns all else, this struct included */
    const char *name;
    const tb_csv_cell *cells; /* row by row, the header first */
    size_t columns, rows;
};

/* Cells are cut out of a copy of the text, in place: each ends where its comma was, or before. */
typedef struct reader {
    tb_csv *doc;
    char *at; /* what is read next; NUL-terminated */
    int line, column;
    tb_csv_cell *cells; /* grown with realloc */
    size_t count, capacity;
    size_t columns; /* of the header; 0 while it is read */
    tb_error *err;
} reader;

static tb_status TB_PRINTF(4, 5)
    fail_at(const reader *r, int line, int column, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tb_status status =
        tb_fail_at_v(r->err, TB_EFILE, r->doc->name, line, column, format, arguments);
    va_end(arguments);
    return status;
}

static tb_status no_memory(tb_error *err, const char *name)
{
    return tb_fail(err, TB_ENOMEM, "no memory for the cells of %s", name);
}

static bool at_line_end(const reader *r)
{
    return *r->at == '\n' || *r->at == '\r' || *r->at == '\0';
}

static void step(reader *r)
{
    if (*r->at == '\n' || (*r->at == '\r' && r->at[1] != '\n')) {
        r->line++;
        r->column = 1;
    } else {
        r->column += ((unsigned char)*r->at & 0xc0) != 0x80;
    }
    r->at++;
}

static tb_status add_cell(reader *r, tb_csv_cell cell)
{
    if (r->count == r->capacity) {
        size_t capacity = r->capacity == 0 ? 64 : r->capacity * 2;
        tb_csv_cell *cells = realloc(r->cells, capacity * sizeof *cells);
        if (cells == NULL) {
            return no_memory(r->err, r->doc->name);
        }
        r->cells = cells;
        r->capacity = capacity;
    }
    r->cells[r->count++] = cell;
    return TB_OK;
}

/* "a ""quoted"" cell": moved to its own beginning, quotes undoubled. *end is where it ends. */
static tb_status read_quoted(reader *r, tb_csv_cell *cell, char **end)
{
    char *to = r->at;
    cell->text = to;
    step(r);
    for (;;) {
        if (*r->at == '\0') {
            return fail_at(r, cell->line, cell->column,
                           "a quoted cell that does not end; its closing quote is missing");
        }
        if (*r->at == '"' && r->at[1] != '"') {
            step(r);
            break;
        }
        if (*r->at == '"') {
            step(r);
        }
        *to++ = *r->at;
        step(r);
    }
    *end = to;
    if (*r->at != ',' && !at_line_end(r)) {
        return fail_at(r, r->line, r->column,
                       "text after a closing quote; double the quotes inside a quoted cell");
    }
    return TB_OK;
}

static tb_status read_bare(reader *r, tb_csv_cell *cell, char **end)
{
    cell->text = r->at;
    while (*r->at != ',' && !at_line_end(r)) {
        if (*r->at == '"') {
            return fail_at(
                r, r->line, r->column,
                "a quote inside a cell; enclose the cell in quotes, and double this one");
        }
        step(r);
    }
    *end = r->at;
    return TB_OK;
}

static void skip_line_end(reader *r)
{
    if (*r->at == '\r' && r->at[1] == '\n') {
        step(r);
    }
    if (*r->at != '\0') {
        step(r);
    }
}

static tb_status read_line(reader *r)
{
    size_t first = r->count, most = r->columns > 0 ? r->columns : TB_CSV_MAX_COLUMNS;
    char stop = ',';
    while (stop == ',') {
        tb_csv_cell cell = {.line = r->line, .column = r->column};
        char *end = NULL;
        if (r->count - first == most) {
            return fail_at(r, r->line, r->column, "a cell beyond the %zu columns that %s", most,
                           r->columns > 0 ? "the first line names" : "are read");
        }
        tb_status status = *r->at == '"' ? read_quoted(r, &cell, &end) : read_bare(r, &cell, &end);
        if (status == TB_OK) {
            status = add_cell(r, cell);
        }
        if (status != TB_OK) {
            return status;
        }
        stop = *r->at;
        if (stop == ',') {
            step(r);
        } else {
            skip_line_end(r);
        }
        *end = '\0'; /* only now, for it may have stood there */
    }
    if (r->count - first < r->columns) {
        return fail_at(r, r->cells[first].line, r->cells[first].column,
                       "%zu cells for the %zu columns that the first line names", r->count - first,
                       r->columns);
    }
    return TB_OK;
}

static tb_status check_header(const reader *r)
{
    for (size_t i = 0; i < r->columns; i++) {
        const tb_csv_cell *cell = &r->cells[i];
        if (cell->text[0] == '\0') {
            return fail_at(r, cell->line, cell->column, "a column without a name; name it");
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(r->cells[j].text, cell->text) == 0) {
                return fail_at(r, cell->line, cell->column,
                               "column '%.60s' is named twice; name it once", cell->text);
            }
        }
    }
    return TB_OK;
}

/* Everything before this is known to be text. */
static tb_status check_text(reader *r, const char *text, size_t length)
{
    reader walk = *r;
    while (*walk.at != '\0') {
        size_t bytes = tb_text_utf8_step(walk.at);
        if (bytes == 0) {
            return fail_at(&walk, walk.line, walk.column, "not text; the file must be UTF-8");
        }
        for (; bytes > 0; bytes--) {
            step(&walk);
        }
    }
    if (walk.at != text + length) {
        return fail_at(&walk, walk.line, walk.column, "a NUL character; the file must be text");
    }
    return TB_OK;
}

static tb_status read_all(reader *r)
{
    tb_status status = TB_OK;
    while (status == TB_OK && *r->at != '\0') {
        if (at_line_end(r)) {
            skip_line_end(r);
            continue;
        }
        bool header = r->count == 0;
        status = read_line(r);
        if (status == TB_OK && header) {
            r->columns = r->count;
            status = check_header(r);
        }
    }
    if (status == TB_OK && r->columns == 0) {
        return fail_at(r, 1, 1, "an empty file; its first line must name the columns");
    }
    return status;
}

/* The cells, until here in a block that grew, into the arena. */
static tb_status keep(reader *r)
{
    tb_csv *doc = r->doc;
    tb_csv_cell *cells = tb_arena_array(doc->arena, r->count, sizeof *cells);
    if (cells == NULL) {
        return no_memory(r->err, doc->name);
    }
    memcpy(cells, r->cells, r->count * sizeof *cells);
    doc->cells = cells;
    doc->columns = r->columns;
    doc->rows = r->count / r->columns - 1;
    return TB_OK;
}

static tb_csv *make_document(const char *name)
{
    tb_arena *arena = tb_arena_create();
    if (arena == NULL) {
        return NULL;
    }
    tb_csv *doc = tb_arena_alloc(arena, sizeof *doc);
    char *copy = tb_arena_text(arena, name, strlen(name));
    if (doc == NULL || copy == NULL) {
        tb_arena_destroy(arena);
        return NULL;
    }
    *doc = (tb_csv){.arena = arena, .name = copy};
    return doc;
}

tb_status tb_csv_parse(const char *text, size_t length, const char *name, tb_csv **out,
                       tb_error *err)
{
    if (length > TB_CSV_MAX_BYTES) {
        return tb_fail_at(err, TB_EFILE, name, 0, 0, "too large; at most %zu bytes are read",
                          TB_CSV_MAX_BYTES);
    }
    tb_csv *doc = make_document(name);
    char *copy = doc == NULL ? NULL : tb_arena_text(doc->arena, text, length);
    if (copy == NULL) {
        tb_csv_destroy(doc);
        return no_memory(err, name);
    }
    bool marked = strncmp(copy, "\xef\xbb\xbf", 3) == 0; /* Excel's byte order mark */
    reader r = {.doc = doc, .at = copy + (marked ? 3 : 0), .line = 1, .column = 1, .err = err};
    tb_status status = check_text(&r, copy, length);
    if (status == TB_OK) {
        status = read_all(&r);
    }
    if (status == TB_OK) {
        status = keep(&r);
    }
    free(r.cells);
    if (status != TB_OK) {
        tb_csv_destroy(doc);
        return status;
    }
    *out = doc;
    return TB_OK;
}

tb_status tb_csv_read(const char *path, tb_csv **out, tb_error *err)
{
    tb_file_bytes bytes;
    tb_status status = tb_file_read(path, TB_CSV_MAX_BYTES, &bytes, err);
    if (status != TB_OK) {
        return status;
    }
    status = tb_csv_parse((const char *)bytes.data, bytes.length, tb_file_name(path), out, err);
    tb_file_release(&bytes);
    return status;
}

void tb_csv_destroy(tb_csv *doc)
{
    if (doc != NULL) {
        tb_arena_destroy(doc->arena); /* doc itself lives in it */
    }
}

const char *tb_csv_name(const tb_csv *doc)
{
    return doc->name;
}

size_t tb_csv_columns(const tb_csv *doc)
{
    return doc->columns;
}

size_t tb_csv_rows(const tb_csv *doc)
{
    return doc->rows;
}

const tb_csv_cell *tb_csv_header(const tb_csv *doc, size_t column)
{
    assert(column < doc->columns);
    return &doc->cells[column];
}

const tb_csv_cell *tb_csv_at(const tb_csv *doc, size_t row, size_t column)
{
    assert(row < doc->rows && column < doc->columns);
    return &doc->cells[(row + 1) * doc->columns + column];
}

tb_status tb_csv_fail(const tb_csv *doc, const tb_csv_cell *cell, tb_error *err, const char *format,
                      ...)
{
    va_list arguments;
    va_start(arguments, format);
    tb_status status =
        tb_fail_at_v(err, TB_EFILE, doc->name, cell->line, cell->column, format, arguments);
    va_end(arguments);
    return status;
}
