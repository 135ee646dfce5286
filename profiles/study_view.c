#include "study_view.h"

#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LISTED 128

struct tb_study_view {
    char *study;
    tb_database *database;
    tb_statement *statement;
    tb_arena *arena;
    const char **names; /* the table's columns */
    size_t name_count;
    tb_study_counts counts;
};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a view of a study");
}

static tb_status prepare(tb_study_view *view, tb_buffer *sql, tb_statement **out, tb_error *err)
{
    tb_status status = tb_buffer_check(sql, err);
    if (status == TB_OK) {
        status = tb_database_prepare(view->database, sql->data, out, err);
    }
    tb_buffer_free(sql);
    return status;
}

/* The studies there are, for who named none of them. */
static tb_status refuse_study(tb_study_view *view, tb_error *err)
{
    tb_statement *statement = NULL;
    tb_buffer names = {0};
    bool has_row = false;
    tb_status status = tb_database_prepare(
        view->database, "SELECT name FROM tilebound_studies ORDER BY name", &statement, err);
    if (status == TB_OK) {
        status = tb_statement_step(statement, &has_row, err);
    }
    while (status == TB_OK && has_row) {
        tb_buffer_printf(&names, "%s%s", names.length > 0 ? ", " : "",
                         tb_statement_cell(statement, 0).text);
        status = tb_statement_step(statement, &has_row, err);
    }
    tb_statement_destroy(statement);
    if (status == TB_OK) {
        status = tb_fail(err, TB_EINVAL, "the database has no study '%s'; it has: %s", view->study,
                         names.data != NULL ? names.data : "none");
    }
    tb_buffer_free(&names);
    return status;
}

static tb_status find_study(tb_study_view *view, tb_error *err)
{
    tb_statement *statement = NULL;
    bool has_row = false;
    tb_status status = tb_database_prepare(
        view->database,
        "SELECT points, (SELECT coalesce(sum(last - first + 1), 0) FROM tilebound_finished WHERE "
        "study = name) FROM tilebound_studies WHERE name = ?",
        &statement, err);
    if (status == TB_OK) {
        status = tb_statement_bind_text(statement, 1, view->study, err);
    }
    if (status == TB_OK) {
        status = tb_statement_step(statement, &has_row, err);
    }
    if (status == TB_OK && has_row) {
        view->counts.points = tb_statement_cell(statement, 0).integer;
        view->counts.finished = tb_statement_cell(statement, 1).integer;
    }
    tb_statement_destroy(statement);
    if (status == TB_EINVAL) { /* there is no such table */
        return tb_fail(err, TB_EFILE, "this database holds no studies of tilebound");
    }
    return status == TB_OK && !has_row ? refuse_study(view, err) : status;
}

static tb_status read_names(tb_study_view *view, tb_error *err)
{
    tb_buffer sql = {0};
    tb_statement *statement = NULL;
    tb_buffer_text(&sql, "SELECT * FROM ");
    tb_sql_name(view->study, &sql);
    tb_status status = prepare(view, &sql, &statement, err);
    if (status == TB_OK) {
        view->name_count = tb_statement_columns(statement);
        view->names = tb_arena_array(view->arena, view->name_count, sizeof *view->names);
        status = view->names != NULL ? TB_OK : no_memory(err);
    }
    for (size_t c = 0; status == TB_OK && c < view->name_count; c++) {
        const char *name = tb_statement_name(statement, c);
        view->names[c] = tb_arena_text(view->arena, name, strlen(name));
        status = view->names[c] != NULL ? TB_OK : no_memory(err);
    }
    tb_statement_destroy(statement);
    return status;
}

static tb_status check_column(const tb_study_view *view, const char *name, tb_error *err)
{
    for (size_t c = 0; c < view->name_count; c++) {
        if (strcmp(view->names[c], name) == 0) {
            return TB_OK;
        }
    }
    const char *nearest = tb_text_nearest(name, view->names, view->name_count);
    return tb_fail(err, TB_EINVAL, "the study has no column '%s'%s%s%s", name,
                   nearest != NULL ? "; did you mean '" : "; --format csv shows them all",
                   nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

/* "a,b" as the names of columns that there are. */
static tb_status split(tb_study_view *view, const char *list, const char **out, size_t *count,
                       tb_error *err)
{
    *count = 0;
    for (const char *at = list; at != NULL;) {
        size_t length = strcspn(at, ",");
        const char *name = tb_arena_text(view->arena, at, length);
        if (name == NULL) {
            return no_memory(err);
        }
        if (*count == MOST_LISTED) {
            return tb_fail(err, TB_EINVAL, "more than %d columns", MOST_LISTED);
        }
        tb_status status = check_column(view, name, err);
        if (status != TB_OK) {
            return status;
        }
        out[(*count)++] = name;
        at = at[length] == ',' ? at + length + 1 : NULL;
    }
    return TB_OK;
}

static tb_status is_known(tb_study_view *view, const char *name, bool *out, tb_error *err)
{
    tb_buffer sql = {0};
    tb_statement *statement = NULL;
    tb_buffer_text(&sql, "SELECT 1 FROM ");
    tb_sql_name(view->study, &sql);
    tb_buffer_printf(&sql, " WHERE %s IS NOT NULL LIMIT 1", name);
    tb_status status = prepare(view, &sql, &statement, err);
    if (status == TB_OK) {
        status = tb_statement_step(statement, out, err);
    }
    tb_statement_destroy(statement);
    return status;
}

/* What a group shows where nobody said: the speedups and times that this study has. */
static tb_status usual_columns(tb_study_view *view, const char **out, size_t *count, tb_error *err)
{
    static const char *const usual[] = {"tile_speedup", "bound", "total_us", "speedup"};
    tb_status status = TB_OK;
    *count = 0;
    for (size_t i = 0; status == TB_OK && i < sizeof usual / sizeof *usual; i++) {
        bool known = false;
        status = is_known(view, usual[i], &known, err);
        if (known) {
            out[(*count)++] = usual[i];
        }
    }
    return status;
}

static void put_names(const char *const *names, size_t count, tb_buffer *sql)
{
    for (size_t i = 0; i < count; i++) {
        tb_buffer_text(sql, i > 0 ? ", " : "");
        tb_sql_name(names[i], sql);
    }
}

static void put_from(const tb_study_view *view, const char *where, tb_buffer *sql)
{
    tb_buffer_text(sql, " FROM ");
    tb_sql_name(view->study, sql);
    if (where != NULL) {
        tb_buffer_printf(sql, " WHERE (%s\n)", where);
    }
}

static void put_statistics(const char *name, tb_buffer *sql)
{
    static const char *const functions[][2] = {{"avg", "mean"}, {"min", "min"}, {"max", "max"}};
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        char column[200]; /* of the table's columns none is half as long */
        tb_buffer_printf(sql, ", %s(", functions[f][0]);
        tb_sql_name(name, sql);
        (void)snprintf(column, sizeof column, "%s_%s", name, functions[f][1]);
        tb_buffer_text(sql, ") AS ");
        tb_sql_name(column, sql);
    }
}

static tb_status put_groups(tb_study_view *view, const tb_study_view_options *options,
                            tb_buffer *sql, tb_error *err)
{
    const char *groups[MOST_LISTED], *shown[MOST_LISTED];
    size_t group_count = 0, shown_count = 0;
    tb_status status = split(view, options->group_by, groups, &group_count, err);
    if (status == TB_OK) {
        status = options->columns != NULL ? split(view, options->columns, shown, &shown_count, err)
                                          : usual_columns(view, shown, &shown_count, err);
    }
    tb_buffer_text(sql, "SELECT ");
    put_names(groups, group_count, sql);
    tb_buffer_printf(sql, "%scount(*) AS rows", group_count > 0 ? ", " : "");
    for (size_t i = 0; i < shown_count; i++) {
        put_statistics(shown[i], sql);
    }
    put_from(view, options->where, sql);
    if (group_count > 0) {
        tb_buffer_text(sql, " GROUP BY ");
        put_names(groups, group_count, sql);
        tb_buffer_text(sql, " ORDER BY min(point)");
    }
    return status;
}

static tb_status put_rows(tb_study_view *view, const tb_study_view_options *options, tb_buffer *sql,
                          tb_error *err)
{
    const char *shown[MOST_LISTED];
    size_t count = 0;
    tb_status status =
        options->columns != NULL ? split(view, options->columns, shown, &count, err) : TB_OK;
    tb_buffer_text(sql, "SELECT ");
    if (options->columns != NULL) {
        put_names(shown, count, sql);
    } else {
        tb_buffer_text(sql, "*");
    }
    put_from(view, options->where, sql);
    tb_buffer_text(sql, " ORDER BY point");
    return status;
}

tb_status tb_study_view_open(const char *path, const char *study,
                             const tb_study_view_options *options, tb_study_view **out,
                             tb_error *err)
{
    tb_study_view *view = calloc(1, sizeof *view);
    tb_buffer sql = {0};
    if (view == NULL) {
        return no_memory(err);
    }
    view->study = strdup(study);
    view->arena = tb_arena_create();
    tb_status status = view->study != NULL && view->arena != NULL ? TB_OK : no_memory(err);
    if (status == TB_OK) {
        status = tb_database_open(path, false, &view->database, err);
    }
    if (status == TB_OK) {
        status = find_study(view, err);
    }
    if (status == TB_OK) {
        status = read_names(view, err);
    }
    if (status == TB_OK) {
        status = options->group_by != NULL || options->is_summary
                     ? put_groups(view, options, &sql, err)
                     : put_rows(view, options, &sql, err);
    }
    if (status == TB_OK) {
        status = prepare(view, &sql, &view->statement, err);
    }
    tb_buffer_free(&sql);
    if (status != TB_OK) {
        tb_study_view_close(view);
        return status;
    }
    *out = view;
    return TB_OK;
}

void tb_study_view_close(tb_study_view *view)
{
    if (view == NULL) {
        return;
    }
    tb_statement_destroy(view->statement);
    tb_database_close(view->database);
    tb_arena_destroy(view->arena);
    free(view->study);
    free(view);
}

tb_status tb_study_view_next(tb_study_view *view, bool *has_row, tb_error *err)
{
    return tb_statement_step(view->statement, has_row, err);
}

const char *tb_study_view_study(const tb_study_view *view)
{
    return view->study;
}

size_t tb_study_view_columns(const tb_study_view *view)
{
    return tb_statement_columns(view->statement);
}

const char *tb_study_view_name(const tb_study_view *view, size_t column)
{
    return tb_statement_name(view->statement, column);
}

tb_cell tb_study_view_cell(const tb_study_view *view, size_t column)
{
    return tb_statement_cell(view->statement, column);
}

tb_status tb_study_view_counts(tb_study_view *view, tb_study_counts *out, tb_error *err)
{
    tb_buffer sql = {0};
    tb_statement *statement = NULL;
    bool has_row = false;
    tb_buffer_text(&sql, "SELECT count(error), min(point), error FROM ");
    tb_sql_name(view->study, &sql);
    tb_buffer_text(&sql, " WHERE error IS NOT NULL");
    tb_status status = prepare(view, &sql, &statement, err);
    if (status == TB_OK) {
        status = tb_statement_step(statement, &has_row, err);
    }
    if (status == TB_OK && has_row) {
        tb_cell error = tb_statement_cell(statement, 2); /* of the row with the least point */
        view->counts.refused = tb_statement_cell(statement, 0).integer;
        if (error.type == TB_CELL_TEXT) {
            view->counts.first_error = tb_arena_text(view->arena, error.text, strlen(error.text));
        }
    }
    tb_statement_destroy(statement);
    *out = view->counts;
    return status;
}
