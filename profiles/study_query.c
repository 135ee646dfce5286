#include "study_query.h"

#include "text.h"

#include <stdio.h>
#include <string.h>

#define MOST_LISTED 128

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a view of a study");
}

static tb_status check_column(const tb_study_view *view, const char *name, bool of_numbers,
                              tb_error *err)
{
    for (size_t c = 0; c < view->name_count; c++) {
        if (strcmp(view->names[c], name) == 0) {
            return !of_numbers || !view->is_text[c]
                       ? TB_OK
                       : tb_fail(err, TB_EINVAL,
                                 "column '%s' is text, which has no mean; group by it, or have the "
                                 "rows with --format csv",
                                 name);
        }
    }
    const char *nearest = tb_text_nearest(name, view->names, view->name_count);
    return tb_fail(err, TB_EINVAL, "the study has no column '%s'%s%s%s", name,
                   nearest != NULL ? "; did you mean '" : "; --format csv shows them all",
                   nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

/* "a,b" as the names of columns that there are, each once. */
static tb_status split(tb_study_view *view, const char *list, bool of_numbers, const char **out,
                       size_t *count, tb_error *err)
{
    *count = 0;
    for (const char *at = list; at != NULL;) {
        at += strspn(at, " ");
        size_t length = strcspn(at, ","), kept = length;
        while (kept > 0 && at[kept - 1] == ' ') {
            kept--;
        }
        const char *name = tb_arena_text(view->arena, at, kept);
        if (name == NULL) {
            return no_memory(err);
        }
        if (*count == MOST_LISTED) {
            return tb_fail(err, TB_EINVAL, "more than %d columns", MOST_LISTED);
        }
        tb_status status = check_column(view, name, of_numbers, err);
        for (size_t i = 0; status == TB_OK && i < *count; i++) {
            if (strcmp(out[i], name) == 0) {
                status = tb_fail(err, TB_EINVAL, "column '%s' twice; name it once", name);
            }
        }
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
    tb_status status = tb_study_view_prepare(view, &sql, &statement, err);
    if (status == TB_OK) {
        status = tb_statement_step(statement, out, err);
    }
    tb_statement_destroy(statement);
    return status;
}

/* What a group shows where nobody said: the speedups and times that this study has. */
static tb_status usual_columns(tb_study_view *view, const char **out, size_t *count, tb_error *err)
{
    static const char *const usual[] = {"tile_speedup", "bound", "total_us", "speedup",
                                        "network_speedup"};
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
    tb_status status = split(view, options->group_by, false, groups, &group_count, err);
    if (status == TB_OK) {
        status = options->columns != NULL
                     ? split(view, options->columns, true, shown, &shown_count, err)
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
        options->columns != NULL ? split(view, options->columns, false, shown, &count, err) : TB_OK;
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

tb_status tb_study_query_print(tb_study_view *view, const tb_study_view_options *options,
                               tb_buffer *sql, tb_error *err)
{
    return options->group_by != NULL || options->is_summary ? put_groups(view, options, sql, err)
                                                            : put_rows(view, options, sql, err);
}
