#include "study_query.h"

#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a view of a study");
}

tb_status tb_study_view_prepare(tb_study_view *view, tb_buffer *sql, tb_statement **out,
                                tb_error *err)
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
        return tb_fail_at(err, TB_EFILE, view->path, 0, 0,
                          "holds no studies of tilebound; a sweep makes them");
    }
    return status == TB_OK && !has_row ? refuse_study(view, err) : status;
}

static tb_status read_names(tb_study_view *view, tb_error *err)
{
    tb_buffer sql = {0};
    tb_statement *statement = NULL;
    tb_buffer_text(&sql, "SELECT * FROM ");
    tb_sql_name(view->study, &sql);
    tb_status status = tb_study_view_prepare(view, &sql, &statement, err);
    if (status == TB_OK) {
        view->name_count = tb_statement_columns(statement);
        view->names = tb_arena_array(view->arena, view->name_count, sizeof *view->names);
        view->is_text = tb_arena_array(view->arena, view->name_count, sizeof *view->is_text);
        status = view->names != NULL && view->is_text != NULL ? TB_OK : no_memory(err);
    }
    for (size_t c = 0; status == TB_OK && c < view->name_count; c++) {
        const char *name = tb_statement_name(statement, c);
        view->names[c] = tb_arena_text(view->arena, name, strlen(name));
        view->is_text[c] = tb_statement_is_text(statement, c);
        status = view->names[c] != NULL ? TB_OK : no_memory(err);
    }
    tb_statement_destroy(statement);
    return status;
}

/* What is wrong with the SQL is wrong with the condition: the rest is ours. A name that is not
 * known gets the nearest that is. */
static tb_status blame_where(const tb_study_view *view, tb_error *err)
{
    static const char unknown[] = "no such column: ";
    char why[sizeof err->message];
    (void)snprintf(why, sizeof why, "%s", err->message);
    if (strncmp(why, unknown, sizeof unknown - 1) != 0) {
        return tb_fail(err, TB_EINVAL,
                       "--where: %s; give a condition of SQL, as \"tile_speedup > 4\"", why);
    }
    const char *name = why + sizeof unknown - 1;
    const char *nearest = tb_text_nearest(name, view->names, view->name_count);
    if (nearest != NULL) {
        return tb_fail(err, TB_EINVAL, "--where: the study has no column '%s'; did you mean '%s'?",
                       name, nearest);
    }
    return tb_fail(err, TB_EINVAL,
                   "--where: the study has no column '%s'; --format csv shows them all (a text "
                   "stands in single quotes)",
                   name);
}

static tb_status prepare_where(tb_study_view *view, tb_buffer *sql, const char *where,
                               tb_error *err)
{
    tb_error why = {0};
    tb_status status = tb_study_view_prepare(view, sql, &view->statement, &why);
    if (status == TB_OK && tb_statement_has_parameters(view->statement)) {
        status = tb_fail(&why, TB_EINVAL, "a parameter of SQL");
    }
    if (status == TB_EINVAL && where != NULL) {
        (void)blame_where(view, &why);
    }
    if (status != TB_OK && err != NULL) {
        *err = why;
    }
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
    view->path = path;
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
        status = tb_study_query_print(view, options, &sql, err);
    }
    if (status == TB_OK) {
        status = prepare_where(view, &sql, options->where, err);
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

/* How many rows have a text in a column, and the first of these texts. */
static tb_status count_texts(tb_study_view *view, const char *column, int64_t *count,
                             const char **first, tb_error *err)
{
    tb_buffer sql = {0};
    tb_statement *statement = NULL;
    bool has_row = false;
    tb_buffer_printf(&sql, "SELECT count(*), min(point), %s FROM ", column);
    tb_sql_name(view->study, &sql);
    tb_buffer_printf(&sql, " WHERE %s IS NOT NULL", column);
    tb_status status = tb_study_view_prepare(view, &sql, &statement, err);
    if (status == TB_OK) {
        status = tb_statement_step(statement, &has_row, err);
    }
    if (status == TB_OK && has_row) {
        tb_cell text = tb_statement_cell(statement, 2); /* of the row with the least point */
        *count = tb_statement_cell(statement, 0).integer;
        if (text.type == TB_CELL_TEXT) {
            *first = tb_arena_text(view->arena, text.text, strlen(text.text));
        }
    }
    tb_statement_destroy(statement);
    return status;
}

tb_status tb_study_view_counts(tb_study_view *view, tb_study_counts *out, tb_error *err)
{
    tb_study_counts *counts = &view->counts;
    tb_status status = count_texts(view, "error", &counts->refused, &counts->first_error, err);
    if (status == TB_OK) {
        status = count_texts(view, "warning", &counts->warned, &counts->first_warning, err);
    }
    *out = *counts;
    return status;
}
