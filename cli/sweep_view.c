#include "sweep_view.h"

#include "study_view.h"
#include "table.h"

#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(tb_sweep_view_args, field)

const tb_option tb_sweep_view_options[TB_SWEEP_VIEW_OPTION_COUNT] = {
    {"where", '\0', TB_OPTION_TEXT, "SQL", "only rows of which this holds: \"tile_speedup > 4\"",
     AT(where), 0, 0, NULL, 0},
    {"group-by", '\0', TB_OPTION_TEXT, "COLUMNS",
     "mean, min and max for each value of these columns", AT(group_by), 0, 0, NULL, 0},
    {"columns", '\0', TB_OPTION_TEXT, "COLUMNS", "which columns, by commas", AT(columns), 0, 0,
     NULL, 0},
};

static void put_cell(tb_table *table, const tb_cell *cell)
{
    switch (cell->type) {
    case TB_CELL_INTEGER:
        tb_table_cell(table, "%lld", (long long)cell->integer);
        break;
    case TB_CELL_REAL:
        tb_table_cell(table, "%.5g", cell->real);
        break;
    case TB_CELL_TEXT:
        tb_table_cell(table, "%s", cell->text);
        break;
    default:
        tb_table_cell(table, "-");
        break;
    }
}

static tb_status print_table(tb_study_view *view, tb_buffer *out, tb_error *err)
{
    char align[TB_TABLE_COLUMNS_MAX + 1] = "";
    size_t columns = tb_study_view_columns(view);
    bool has_row = false;
    memset(align, 'r', columns);
    tb_table table = tb_table_begin(align);
    for (size_t c = 0; c < columns; c++) {
        tb_table_cell(&table, "%s", tb_study_view_name(view, c));
    }
    tb_status status = tb_study_view_next(view, &has_row, err);
    while (status == TB_OK && has_row) {
        for (size_t c = 0; c < columns; c++) {
            tb_cell cell = tb_study_view_cell(view, c);
            put_cell(&table, &cell);
        }
        status = tb_study_view_next(view, &has_row, err);
    }
    tb_table_print(&table, out);
    return status;
}

static tb_status print_text(const tb_sweep_view_args *args, tb_study_view *view, const char *path,
                            tb_error *err)
{
    tb_study_counts counts;
    tb_buffer text = {0};
    tb_status status = tb_study_view_counts(view, &counts, err);
    if (status == TB_OK) {
        tb_buffer_printf(&text, "%s: %lld of %lld points in %s\n", tb_study_view_study(view),
                         (long long)counts.finished, (long long)counts.points, path);
        if (counts.refused > 0) {
            tb_buffer_printf(&text, "%lld of them make no sense, the first: %s\n",
                             (long long)counts.refused,
                             counts.first_error != NULL ? counts.first_error : "");
        }
        if (counts.warned > 0) {
            tb_buffer_printf(&text, "%lld have a warning, the first: %s\n",
                             (long long)counts.warned,
                             counts.first_warning != NULL ? counts.first_warning : "");
        }
        tb_buffer_text(&text, "\n");
        status = print_table(view, &text, err);
    }
    if (status != TB_OK) {
        tb_buffer_free(&text);
        return status;
    }
    return tb_output_text(&args->output, &text, err);
}

static tb_status open_view(const tb_sweep_view_args *args, const char *path, const char *study,
                           tb_study_view **out, tb_error *err)
{
    bool is_table = tb_output_format(&args->output) == TB_FORMAT_TABLE;
    tb_study_view_options options = {.where = args->where,
                                     .group_by = args->group_by,
                                     .columns = args->columns,
                                     .is_summary = is_table};
    tb_study_view *view = NULL;
    tb_status status = tb_study_view_open(path, study, &options, &view, err);
    size_t columns = status == TB_OK ? tb_study_view_columns(view) : 0;
    if (status == TB_OK && is_table && columns > TB_TABLE_COLUMNS_MAX) {
        status = tb_fail(err, TB_EINVAL,
                         "%zu columns are too wide for a table; choose with --columns, or give "
                         "--format csv",
                         columns);
    }
    if (status != TB_OK) {
        tb_study_view_close(view);
        return status;
    }
    *out = view;
    return TB_OK;
}

tb_status tb_sweep_check(const tb_sweep_view_args *args, const char *path, const char *study,
                         tb_error *err)
{
    tb_study_view *view = NULL;
    tb_status status = open_view(args, path, study, &view, err);
    tb_study_view_close(view);
    return status;
}

tb_status tb_sweep_show(const tb_sweep_view_args *args, const char *path, const char *study,
                        tb_error *err)
{
    tb_format format = tb_output_format(&args->output);
    tb_study_view *view = NULL;
    tb_status status = open_view(args, path, study, &view, err);
    if (status == TB_OK && format == TB_FORMAT_TABLE) {
        status = print_text(args, view, path, err);
    } else if (status == TB_OK) {
        status = tb_study_view_write(view, format == TB_FORMAT_JSON, args->output.path, err);
    }
    tb_study_view_close(view);
    return status;
}
