#include "natten_table.h"

#include "arena.h"
#include "file.h"
#include "natten_values.h"
#include "table_row.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES   ((size_t)4 << 20)
#define COLUMNS     6
#define MAX_COMMAND 4096

/* The columns of results, in the order of `cells` below. */
static const char *const heads[COLUMNS] = {"Framework", "Kernel category", "Arch",
                                           "Operation", "# calls",         "Runtime"};
enum { FRAMEWORK, CATEGORY, ARCH, OPERATION, CALLS, RUNTIME };

typedef enum section { SECTION_NONE, SECTION_RESULTS, SECTION_BEST } section;

typedef struct parse {
    tb_natten_output *out;
    tb_natten_table *tables; /* grown with realloc */
    tb_natten_op *ops;       /* of the table at hand, likewise */
    size_t op_count;
    section section;
    size_t column[COLUMNS]; /* where each column is in the table at hand */
    tb_table_row pending;   /* its last row, which the next line may go on with */
    int pending_line;
    tb_natten_table next; /* what is known of the table to come */
    bool saw_dry_run;
    int line;
    tb_error *err;
} parse;

static tb_status TB_PRINTF(3, 4) fail_line(const parse *p, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tb_status status = tb_fail_at_v(p->err, TB_EFILE, p->out->name, line, 1, format, arguments);
    va_end(arguments);
    return status;
}

static tb_status no_memory(const parse *p)
{
    return tb_fail(p->err, TB_ENOMEM, "no memory for the tables of %s", p->out->name);
}

static const char *cell(const parse *p, const tb_table_row *from, size_t column)
{
    return p->column[column] < from->count ? from->cells[p->column[column]] : "";
}

static tb_status add_op(parse *p, const tb_table_row *from, int line)
{
    tb_natten_op *ops = realloc(p->ops, (p->op_count + 1) * sizeof *ops);
    if (ops == NULL) {
        return no_memory(p);
    }
    p->ops = ops;
    tb_natten_op op = {.line = line};
    if (!tb_text_int(cell(p, from, CALLS), &op.calls) || op.calls < 1) {
        return fail_line(p, line, "'%s' is no number of calls", cell(p, from, CALLS));
    }
    if (!tb_natten_time(cell(p, from, RUNTIME), &op.time_us) || !(op.time_us > 0)) {
        return fail_line(p, line, "'%s' is no time; it needs one as 79.043ms, in us, ms or s",
                         cell(p, from, RUNTIME));
    }
    const char **texts[] = {[FRAMEWORK] = &op.framework,
                            [CATEGORY] = &op.category,
                            [ARCH] = &op.arch,
                            [OPERATION] = &op.operation};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = cell(p, from, i);
        *texts[i] = tb_arena_text(p->out->arena, text, strlen(text));
        if (*texts[i] == NULL) {
            return no_memory(p);
        }
    }
    p->ops[p->op_count++] = op;
    return TB_OK;
}

/* The tb_table_row that is complete now. */
static tb_status flush(parse *p)
{
    if (p->pending.count == 0) {
        return TB_OK;
    }
    tb_status status = add_op(p, &p->pending, p->pending_line);
    p->pending.count = 0;
    return status;
}

static tb_status check_total(const parse *p, double total_us)
{
    double sum = 0, slack = tb_natten_rounding_us(total_us);
    for (size_t i = 0; i < p->op_count; i++) {
        sum += p->ops[i].time_us;
        slack += tb_natten_rounding_us(p->ops[i].time_us);
    }
    if (fabs(sum - total_us) <= slack * (1 + 1e-9)) {
        return TB_OK;
    }
    return fail_line(p, p->line,
                     "the rows add up to %.3f us, the total says %.3f us; is the table "
                     "whole?",
                     sum, total_us);
}

static tb_status end_table(parse *p, const tb_table_row *total)
{
    double total_us = 0;
    if (!tb_natten_time(cell(p, total, RUNTIME), &total_us)) {
        return fail_line(p, p->line, "'%s' is no time", cell(p, total, RUNTIME));
    }
    tb_status status = check_total(p, total_us);
    if (status != TB_OK) {
        return status;
    }
    size_t count = p->out->count;
    tb_natten_table *tables = realloc(p->tables, (count + 1) * sizeof *tables);
    tb_natten_op *ops = tb_arena_array(p->out->arena, p->op_count, sizeof *ops);
    if (tables != NULL) {
        p->tables = tables;
    }
    if (tables == NULL || ops == NULL) {
        return no_memory(p);
    }
    memcpy(ops, p->ops, p->op_count * sizeof *ops);
    p->next.ops = ops;
    p->next.count = p->op_count;
    tables[count] = p->next;
    p->out->count++;
    p->next = (tb_natten_table){0};
    p->op_count = 0;
    p->section = SECTION_NONE;
    return TB_OK;
}

/* rich wraps long cells over lines of their own: what has neither calls nor a time goes on. */
static bool goes_on(const parse *p, const tb_table_row *cells)
{
    return p->pending.count > 0 && cell(p, cells, CALLS)[0] == '\0' &&
           cell(p, cells, RUNTIME)[0] == '\0';
}

static tb_status take_result(parse *p, const tb_table_row *cells)
{
    if (goes_on(p, cells)) {
        tb_table_row_append(&p->pending, cells);
        return TB_OK;
    }
    tb_status status = flush(p);
    if (status != TB_OK) {
        return status;
    }
    if (strcmp(cell(p, cells, OPERATION), "Total") == 0 && cell(p, cells, FRAMEWORK)[0] == '\0') {
        return end_table(p, cells);
    }
    p->pending = *cells;
    p->pending_line = p->line;
    return TB_OK;
}

static tb_status take_best(parse *p, const tb_table_row *cells)
{
    const struct {
        const char *name;
        int64_t *tile;
        int *dims;
    } shapes[] = {
        {"q_tile_shape", p->next.best[0].q_tile, &p->next.best[0].q_dims},
        {"kv_tile_shape", p->next.best[0].kv_tile, &p->next.best[0].kv_dims},
        {"backward_q_tile_shape", p->next.best[1].q_tile, &p->next.best[1].q_dims},
        {"backward_kv_tile_shape", p->next.best[1].kv_tile, &p->next.best[1].kv_dims},
    };
    for (size_t i = 0; cells->count >= 2 && i < sizeof shapes / sizeof *shapes; i++) {
        if (strcmp(cells->cells[0], shapes[i].name) == 0 &&
            !tb_natten_tuple(cells->cells[1], shapes[i].tile, shapes[i].dims)) {
            return fail_line(p, p->line, "'%s' is no tile shape; it needs one as (2, 8, 8)",
                             cells->cells[1]);
        }
    }
    return TB_OK;
}

static tb_status not_ended(const parse *p)
{
    return fail_line(p, p->next.line, "a table without its total; the text must hold all of it");
}

/* Does the tb_table_row begin a table? */
static tb_status take_header(parse *p, const tb_table_row *cells, bool *taken)
{
    size_t at[COLUMNS], ignored;
    size_t found = 0;
    while (found < COLUMNS && tb_table_row_find(cells, heads[found], &at[found])) {
        found++;
    }
    *taken = true;
    if (found == COLUMNS) {
        if (p->section == SECTION_RESULTS) {
            return not_ended(p);
        }
        memcpy(p->column, at, sizeof at);
        p->section = SECTION_RESULTS;
        p->next.line = p->line;
        return TB_OK;
    }
    if (tb_table_row_find(cells, "Parameter", &ignored) &&
        tb_table_row_find(cells, "Value", &ignored)) {
        p->section = SECTION_BEST;
    } else if (tb_table_row_find(cells, "q_tile_shape", &ignored) &&
               tb_table_row_find(cells, "kv_tile_shape", &ignored)) {
        p->section = SECTION_NONE;
        p->saw_dry_run = true;
    } else {
        *taken = false;
    }
    return TB_OK;
}

static tb_status take_row(parse *p, const tb_table_row *cells)
{
    bool taken = false;
    tb_status status = take_header(p, cells, &taken);
    if (status != TB_OK || taken) {
        return status;
    }
    return p->section == SECTION_RESULTS ? take_result(p, cells)
           : p->section == SECTION_BEST  ? take_best(p, cells)
                                         : TB_OK;
}

/* What comes after "natten.profiler"; lines that end in a backslash go on. */
static tb_status take_command(parse *p, const char *text)
{
    static const char mark[] = "-m natten.profiler";
    const char *at = strstr(text, mark);
    if (at != NULL && strchr(" \\", at[sizeof mark - 1]) == NULL) { /* a word that goes on */
        at = NULL;
    }
    bool more = p->next.command != NULL && p->next.command[0] != '\0' &&
                p->next.command[strlen(p->next.command) - 1] == '\\';
    if (at == NULL && !more) {
        return TB_OK;
    }
    const char *old = at != NULL || p->next.command == NULL ? "" : p->next.command;
    const char *added = at != NULL ? at + strlen(mark) : text;
    size_t kept = strlen(old) - (old[0] != '\0'), length = kept + strlen(added) + 1;
    if (length > MAX_COMMAND) {
        return fail_line(p, p->line, "a command line beyond %d characters", MAX_COMMAND);
    }
    char *joined = tb_arena_alloc(p->out->arena, length + 1);
    if (joined == NULL) {
        return no_memory(p);
    }
    (void)snprintf(joined, length + 1, "%.*s %s", (int)kept, old, added);
    length = strlen(joined);
    while (length > 0 && joined[length - 1] == ' ') {
        joined[--length] = '\0';
    }
    p->next.command = joined;
    p->next.command_line = at != NULL ? p->line : p->next.command_line;
    return TB_OK;
}

static tb_status take_line(parse *p, char *line)
{
    tb_table_row cells;
    tb_text_strip_colours(line);
    return tb_table_row_split(line, &cells) ? take_row(p, &cells) : take_command(p, line);
}

static tb_status take_lines(parse *p, char *text)
{
    tb_status status = TB_OK;
    for (p->line = 1; status == TB_OK && text != NULL; p->line++) {
        char *end = strchr(text, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        size_t length = strlen(text);
        if (length > 0 && text[length - 1] == '\r') {
            text[length - 1] = '\0';
        }
        status = take_line(p, text);
        text = end != NULL ? end + 1 : NULL;
    }
    if (status == TB_OK && p->section == SECTION_RESULTS) {
        status = not_ended(p);
    }
    if (status == TB_OK && p->out->count == 0) {
        status = fail_line(p, 1,
                           p->saw_dry_run
                               ? "a dry run of natten.profiler: it has tile shapes, but no times"
                               : "no table of natten.profiler's results; its columns are "
                                 "Framework, Kernel category, Arch, Operation, # calls, "
                                 "Runtime");
    }
    return status;
}

/* The text without NUL characters, for it is read as lines of text. */
static char *copy_text(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    for (size_t i = 0; copy != NULL && i < length; i++) {
        copy[i] = text[i] == '\0' ? ' ' : text[i];
    }
    if (copy != NULL) {
        copy[length] = '\0';
    }
    return copy;
}

static tb_natten_output *make_output(const char *name)
{
    tb_arena *arena = tb_arena_create();
    tb_natten_output *out = arena == NULL ? NULL : tb_arena_alloc(arena, sizeof *out);
    char *copy = out == NULL ? NULL : tb_arena_text(arena, name, strlen(name));
    if (copy == NULL) {
        tb_arena_destroy(arena);
        return NULL;
    }
    *out = (tb_natten_output){.name = copy, .arena = arena};
    return out;
}

static tb_status keep(parse *p)
{
    size_t count = p->out->count;
    tb_natten_table *tables = tb_arena_array(p->out->arena, count, sizeof *tables);
    if (tables == NULL) {
        return no_memory(p);
    }
    memcpy(tables, p->tables, count * sizeof *tables);
    p->out->tables = tables;
    return TB_OK;
}

tb_status tb_natten_parse(const char *text, size_t length, const char *name, tb_natten_output **out,
                          tb_error *err)
{
    parse p = {.out = make_output(name), .err = err};
    char *copy = copy_text(text, length);
    if (p.out == NULL || copy == NULL) {
        free(copy);
        tb_natten_output_destroy(p.out);
        return tb_fail(err, TB_ENOMEM, "no memory for the tables of %s", name);
    }
    tb_status status = take_lines(&p, copy);
    if (status == TB_OK) {
        status = keep(&p);
    }
    free(copy);
    free(p.tables);
    free(p.ops);
    if (status != TB_OK) {
        tb_natten_output_destroy(p.out);
        return status;
    }
    *out = p.out;
    return TB_OK;
}

tb_status tb_natten_read(const char *path, tb_natten_output **out, tb_error *err)
{
    tb_file_bytes bytes;
    tb_status status = tb_file_read(path, MAX_BYTES, &bytes, err);
    if (status != TB_OK) {
        return status;
    }
    status = tb_natten_parse((const char *)bytes.data, bytes.length, tb_file_name(path), out, err);
    tb_file_release(&bytes);
    return status;
}

void tb_natten_output_destroy(tb_natten_output *output)
{
    if (output != NULL) {
        tb_arena_destroy(output->arena); /* output itself lives in it */
    }
}
