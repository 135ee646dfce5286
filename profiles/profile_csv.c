#include "profile_csv.h"

#include "profile_csv_columns.h"
#include "text.h"
#include "yaml_builder.h"

#include <stdio.h>
#include <string.h>

#define EXTRA "extra."

typedef struct table {
    const tb_csv *csv;
    tb_yaml_builder *tree;
    int index[TB_CSV_COLUMN_COUNT]; /* of each known column in the file; -1 = not there */
    size_t row;
    tb_error *err;
} table;

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool tb_profile_is_csv(const char *path)
{
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".csv") == 0;
}

void tb_profile_stem(const char *path, char out[static 128])
{
    if (strcmp(path, "-") == 0) {
        (void)snprintf(out, 128, "stdin");
        return;
    }
    const char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(base, '.');
    size_t length = dot == NULL || dot == base ? strlen(base) : (size_t)(dot - base);
    (void)snprintf(out, 128, "%.*s", (int)(length > 120 ? 120 : length), base);
}

static tb_status find_columns(table *t)
{
    for (size_t i = 0; i < TB_CSV_COLUMN_COUNT; i++) {
        t->index[i] = -1;
    }
    for (size_t c = 0; c < tb_csv_columns(t->csv); c++) {
        const tb_csv_cell *cell = tb_csv_header(t->csv, c);
        bool known = starts_with(cell->text, EXTRA);
        for (size_t i = 0; i < TB_CSV_COLUMN_COUNT; i++) {
            if (strcmp(tb_csv_known_columns[i].name, cell->text) == 0) {
                t->index[i] = (int)c;
                known = true;
            }
        }
        if (!known) {
            return tb_csv_unknown_column(t->csv, cell, t->err);
        }
    }
    return TB_OK;
}

/* The cell of known column `i` in the row at hand, or NULL where there is nothing. */
static const tb_csv_cell *cell_of(const table *t, size_t i)
{
    if (t->index[i] < 0) {
        return NULL;
    }
    const tb_csv_cell *cell = tb_csv_at(t->csv, t->row, (size_t)t->index[i]);
    return cell->text[0] == '\0' ? NULL : cell;
}

static size_t column_named(const char *name)
{
    size_t i = 0;
    while (strcmp(tb_csv_known_columns[i].name, name) != 0) {
        i++;
    }
    return i;
}

static const tb_csv_cell *cell_named(const table *t, const char *name)
{
    return cell_of(t, column_named(name));
}

static tb_yaml_place place_of(const tb_csv_cell *cell)
{
    return (tb_yaml_place){cell->line, cell->column};
}

static tb_yaml_place row_place(const table *t)
{
    return place_of(tb_csv_at(t->csv, t->row, 0));
}

static tb_status add_text(const table *t, tb_yaml_place place, const char *text, size_t length)
{
    return tb_yaml_add_scalar(t->tree, place, text, length, true, t->err);
}

static tb_status add_pair(const table *t, tb_yaml_place place, const char *key, const char *value)
{
    tb_status status = add_text(t, place, key, strlen(key));
    return status == TB_OK ? add_text(t, place, value, strlen(value)) : status;
}

/* "79.043" ms in us, exactly: 79043. False for what is no number. */
static bool scale_ms(const char *text, size_t length, char out[static 32])
{
    char copy[64];
    double value;
    if (length + 3 > sizeof copy) {
        return false;
    }
    (void)snprintf(copy, sizeof copy, "%.*s", (int)length, text);
    if (!tb_text_double(copy, &value)) {
        return false;
    }
    value *= 1000;
    if (strpbrk(copy, "eE") == NULL) { /* as a decimal shift, which rounds once */
        (void)snprintf(copy + length, sizeof copy - length, "e3");
        (void)tb_text_double(copy, &value);
    }
    (void)tb_text_shortest(value, out);
    return true;
}

/* What is no number stays as it is, for the reader to refuse. */
static tb_status add_number(const table *t, tb_yaml_place place, const char *text, size_t length,
                            bool ms)
{
    char scaled[32];
    if (ms && scale_ms(text, length, scaled)) {
        return add_text(t, place, scaled, strlen(scaled));
    }
    return add_text(t, place, text, length);
}

static tb_status add_entry(const table *t, tb_csv_cell_kind kind, tb_yaml_place place,
                           const char *text, size_t length)
{
    if (kind == TB_CELL_BOOLS && length == 1 && (text[0] == '0' || text[0] == '1')) {
        return text[0] == '1' ? add_text(t, place, "true", 4) : add_text(t, place, "false", 5);
    }
    return add_number(t, place, text, length, kind == TB_CELL_SAMPLES_MS);
}

/* Entries between the joints of the kind; spaces around them do not count. */
static tb_status add_list(const table *t, tb_csv_cell_kind kind, const tb_csv_cell *cell)
{
    const char *joints = kind == TB_CELL_INTS || kind == TB_CELL_BOOLS ? "x," : ";";
    tb_yaml_place place = place_of(cell);
    const char *text = cell->text;
    tb_status status = tb_yaml_open_list(t->tree, place, t->err);
    while (status == TB_OK) {
        size_t length = strcspn(text, joints), skipped = strspn(text, " ");
        size_t kept = length > skipped ? length - skipped : 0;
        while (kept > 0 && text[skipped + kept - 1] == ' ') {
            kept--;
        }
        status = add_entry(t, kind, place, text + skipped, kept);
        if (text[length] == '\0') {
            break;
        }
        text += length + 1;
    }
    return status == TB_OK ? tb_yaml_close(t->tree, t->err) : status;
}

static tb_status add_value(const table *t, tb_csv_cell_kind kind, const tb_csv_cell *cell)
{
    switch (kind) {
    case TB_CELL_INTS:
    case TB_CELL_BOOLS:
    case TB_CELL_SAMPLES:
    case TB_CELL_SAMPLES_MS:
        return add_list(t, kind, cell);
    case TB_CELL_MS:
        return add_number(t, place_of(cell), cell->text, strlen(cell->text), true);
    case TB_CELL_SCALAR:
    case TB_CELL_US:
        break;
    }
    return add_text(t, place_of(cell), cell->text, strlen(cell->text));
}

/* A key at the place of its value, so that complaints of either point at the cell. */
static tb_status add_cell(const table *t, const char *key, tb_csv_cell_kind kind,
                          const tb_csv_cell *cell)
{
    tb_status status = add_text(t, place_of(cell), key, strlen(key));
    return status == TB_OK ? add_value(t, kind, cell) : status;
}

/* The columns [from, to) that hold something, as keys of the mapping that is open. */
static tb_status add_columns(const table *t, const char *from, const char *to)
{
    tb_status status = TB_OK;
    for (size_t i = column_named(from); status == TB_OK; i++) {
        const char *dot = strchr(tb_csv_known_columns[i].name, '.');
        const tb_csv_cell *cell = cell_of(t, i);
        if (cell != NULL) {
            status = add_cell(t, dot == NULL ? tb_csv_known_columns[i].name : dot + 1,
                              tb_csv_known_columns[i].kind, cell);
        }
        if (strcmp(tb_csv_known_columns[i].name, to) == 0) {
            break;
        }
    }
    return status;
}

/* The first cell of a group of columns that holds something, or NULL. */
static const tb_csv_cell *first_of(const table *t, const char *group)
{
    for (size_t i = 0; i < TB_CSV_COLUMN_COUNT; i++) {
        const tb_csv_cell *cell =
            starts_with(tb_csv_known_columns[i].name, group) ? cell_of(t, i) : NULL;
        if (cell != NULL) {
            return cell;
        }
    }
    return NULL;
}

/* `key`: {columns [from, to]}, if any holds something. */
static tb_status add_group(const table *t, const char *key, const char *from, const char *to)
{
    const tb_csv_cell *first = NULL;
    for (size_t i = column_named(from); first == NULL; i++) {
        first = cell_of(t, i);
        if (strcmp(tb_csv_known_columns[i].name, to) == 0) {
            break;
        }
    }
    if (first == NULL) {
        return TB_OK;
    }
    tb_status status = add_text(t, place_of(first), key, strlen(key));
    if (status == TB_OK) {
        status = tb_yaml_open_map(t->tree, place_of(first), t->err);
    }
    if (status == TB_OK) {
        status = add_columns(t, from, to);
    }
    return status == TB_OK ? tb_yaml_close(t->tree, t->err) : status;
}

static tb_status add_pattern(const table *t)
{
    if (first_of(t, "pattern.") != NULL) {
        return add_group(t, "pattern", "pattern.kind", "pattern.text");
    }
    tb_status status = add_text(t, row_place(t), "pattern", 7);
    if (status == TB_OK) {
        status = tb_yaml_open_map(t->tree, row_place(t), t->err);
    }
    if (status == TB_OK) {
        status = add_pair(t, row_place(t), "kind", "dense");
    }
    return status == TB_OK ? tb_yaml_close(t->tree, t->err) : status;
}

/* What kind of run it is where the table does not say. */
static const char *derive_kind(const table *t)
{
    const tb_csv_cell *pattern = cell_named(t, "pattern.kind");
    if (pattern == NULL) {
        return first_of(t, "pattern.") == NULL ? "dense" : "sparse";
    }
    if (strcmp(pattern->text, "dense") == 0 || strcmp(pattern->text, "causal") == 0) {
        return "dense";
    }
    return strcmp(pattern->text, "local") == 0 ? "window" : "sparse";
}

/* time_us: a mapping from either unit's columns, of which `whole` is the median too. */
static tb_status add_time(const table *t)
{
    const tb_csv_cell *us = first_of(t, "time_us"), *ms = first_of(t, "time_ms");
    if (us != NULL && ms != NULL) {
        return tb_csv_fail(t->csv, ms, t->err, "a time in ms beside one in us; give it once");
    }
    const tb_csv_cell *first = us != NULL ? us : ms;
    if (first == NULL) {
        return TB_OK;
    }
    const char *whole = us != NULL ? "time_us" : "time_ms";
    const tb_csv_cell *median = cell_named(t, whole);
    bool counted = cell_named(t, us != NULL ? "time_us.n" : "time_ms.n") != NULL ||
                   cell_named(t, us != NULL ? "time_us.samples" : "time_ms.samples") != NULL;
    tb_status status = add_text(t, place_of(first), "time_us", 7);
    if (status == TB_OK) {
        status = tb_yaml_open_map(t->tree, place_of(first), t->err);
    }
    if (status == TB_OK && median != NULL) {
        status = add_cell(t, "median", us != NULL ? TB_CELL_US : TB_CELL_MS, median);
    }
    if (status == TB_OK && !counted) {
        status = add_pair(t, place_of(first), "n", "1");
    }
    if (status == TB_OK) {
        status = us != NULL ? add_columns(t, "time_us.median", "time_us.derived_from")
                            : add_columns(t, "time_ms.median", "time_ms.derived_from");
    }
    return status == TB_OK ? tb_yaml_close(t->tree, t->err) : status;
}

static tb_status add_extra(const table *t)
{
    bool open = false;
    tb_status status = TB_OK;
    for (size_t c = 0; status == TB_OK && c < tb_csv_columns(t->csv); c++) {
        const char *name = tb_csv_header(t->csv, c)->text;
        const tb_csv_cell *cell = tb_csv_at(t->csv, t->row, c);
        if (!starts_with(name, EXTRA) || cell->text[0] == '\0') {
            continue;
        }
        if (!open) {
            status = add_text(t, place_of(cell), "extra", 5);
            status = status == TB_OK ? tb_yaml_open_map(t->tree, place_of(cell), t->err) : status;
            open = true;
        }
        if (status == TB_OK) {
            status = add_cell(t, name + strlen(EXTRA), TB_CELL_SCALAR, cell);
        }
    }
    return status == TB_OK && open ? tb_yaml_close(t->tree, t->err) : status;
}

static tb_status add_row(const table *t)
{
    tb_status status = tb_yaml_open_map(t->tree, row_place(t), t->err);
    if (status == TB_OK) {
        status = add_columns(t, "id", "kind");
    }
    if (status == TB_OK && cell_named(t, "kind") == NULL) {
        status = add_pair(t, row_place(t), "kind", derive_kind(t));
    }
    if (status == TB_OK) {
        status = add_group(t, "problem", "problem.layout", "problem.extra_q");
    }
    if (status == TB_OK) {
        status = add_pattern(t);
    }
    if (status == TB_OK) {
        status = add_group(t, "tiling", "tiling.kind", "tiling.kv_tile");
    }
    if (status == TB_OK) {
        status = add_time(t);
    }
    if (status == TB_OK && cell_named(t, "includes") == NULL) {
        status = add_pair(t, row_place(t), "includes", "attention");
    }
    if (status == TB_OK) {
        status = add_columns(t, "tflops", "clock");
    }
    if (status == TB_OK) {
        status = add_extra(t);
    }
    return status == TB_OK ? tb_yaml_close(t->tree, t->err) : status;
}

static tb_status add_head(const table *t, const char *path)
{
    tb_yaml_place top = place_of(tb_csv_header(t->csv, 0));
    char name[128], summary[160];
    tb_profile_stem(path, name);
    (void)snprintf(summary, sizeof summary, "runs of %s", tb_csv_name(t->csv));
    tb_status status = tb_yaml_open_map(t->tree, top, t->err);
    if (status == TB_OK) {
        status = add_pair(t, top, "schema", "tilebound/profile/1");
    }
    if (status == TB_OK) {
        status = add_pair(t, top, "name", name);
    }
    if (status == TB_OK) {
        status = add_pair(t, top, "summary", summary);
    }
    if (status == TB_OK) {
        status = add_text(t, top, "runs", 4);
    }
    return status == TB_OK ? tb_yaml_open_list(t->tree, top, t->err) : status;
}

static tb_status build(table *t, const char *path, tb_yaml **out)
{
    tb_status status = find_columns(t);
    if (status == TB_OK) {
        status = add_head(t, path);
    }
    for (t->row = 0; status == TB_OK && t->row < tb_csv_rows(t->csv); t->row++) {
        status = add_row(t);
    }
    if (status == TB_OK) {
        status = tb_yaml_close(t->tree, t->err);
    }
    if (status == TB_OK) {
        status = tb_yaml_close(t->tree, t->err);
    }
    return status == TB_OK ? tb_yaml_builder_finish(t->tree, out, t->err) : status;
}

tb_status tb_profile_csv_tree(const tb_csv *csv, const char *path, tb_yaml **out, tb_error *err)
{
    table t = {.csv = csv, .tree = tb_yaml_builder_create(tb_csv_name(csv)), .err = err};
    if (t.tree == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a profile");
    }
    tb_status status = build(&t, path, out);
    tb_yaml_builder_destroy(t.tree);
    return status;
}

tb_status tb_profile_csv_read(const char *path, tb_yaml **out, tb_error *err)
{
    tb_csv *csv = NULL;
    tb_status status = tb_csv_read(path, &csv, err);
    if (status == TB_OK) {
        status = tb_profile_csv_tree(csv, path, out, err);
    }
    tb_csv_destroy(csv);
    return status;
}
