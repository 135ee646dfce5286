/* The entry of a study with the values that its axes have at a point. */
#include "study_point.h"

#include "text.h"

#include <stdio.h>
#include <string.h>

#define POINTS_OF_A_TREE 64 /* that one document holds before it is dropped */

/* The document is dropped now and then, so that its memory stays bounded. */
static tb_status renew_tree(tb_study_worker *worker, tb_error *err)
{
    if (worker->tree != NULL && worker->tree_uses++ < POINTS_OF_A_TREE) {
        return TB_OK;
    }
    tb_yaml_destroy(worker->tree);
    worker->tree = NULL;
    worker->tree_uses = 0;
    return tb_yaml_parse("{}", 2, "study", &worker->tree, err);
}

/* A number of a range. */
static tb_status put_number(tb_study_worker *worker, const tb_study_axis *axis,
                            const tb_axis_value *value, size_t column, tb_study_row *row,
                            const tb_yaml_node **out, tb_error *err)
{
    char number[32];
    if (value->is_real) {
        (void)tb_text_shortest(value->real, number);
        tb_row_real(row, column, value->real);
    } else {
        (void)snprintf(number, sizeof number, "%lld", (long long)value->integer);
        tb_row_integer(row, column, value->integer);
    }
    return tb_yaml_scalar(worker->tree, axis->values, number, out, err);
}

/* A list as "16x8", kept in the worker's tree until the row is packed. */
static tb_status put_list(tb_study_worker *worker, const tb_yaml_node *list, size_t column,
                          tb_study_row *row, tb_error *err)
{
    const tb_yaml_node *kept = NULL;
    const char *text = NULL;
    tb_buffer joined = {0};
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < tb_yaml_count(list); i++) {
        status = tb_yaml_text(tb_yaml_item(list, i), &text, err);
        if (status == TB_OK) {
            tb_buffer_printf(&joined, "%s%s", i > 0 ? "x" : "", text);
        }
    }
    if (status == TB_OK) {
        status = tb_buffer_check(&joined, err);
    }
    if (status == TB_OK) {
        status =
            tb_yaml_scalar(worker->tree, list, joined.data != NULL ? joined.data : "", &kept, err);
    }
    if (status == TB_OK) {
        status = tb_yaml_text(kept, &text, err);
        tb_row_text(row, column, text);
    }
    tb_buffer_free(&joined);
    return status;
}

/* A value of a list, as what it is. */
static tb_status put_node(tb_study_worker *worker, const tb_yaml_node *node, size_t column,
                          tb_study_row *row, tb_error *err)
{
    int64_t integer = 0;
    double real = 0;
    const char *text = NULL;
    if (tb_yaml_is_null(node)) {
        tb_row_text(row, column, NULL);
    } else if (tb_yaml_int(node, INT64_MIN, INT64_MAX, &integer, NULL) == TB_OK) {
        tb_row_integer(row, column, integer);
    } else if (tb_yaml_double(node, -1e308, 1e308, &real, NULL) == TB_OK) {
        tb_row_real(row, column, real);
    } else if (tb_yaml_is_list(node)) {
        return put_list(worker, node, column, row, err);
    } else {
        tb_status status = tb_yaml_text(node, &text, err);
        tb_row_text(row, column, status == TB_OK ? text : NULL);
        return status;
    }
    return TB_OK;
}

/* Columns that every study has take values of their type alone; what is wrong is told in `error`.
 */
static void keep_types(tb_study_row *row, size_t column)
{
    if (column < TB_COLUMN_COUNT && row->cell[column].type != tb_study_columns[column].type) {
        row->cell[column] = (tb_cell){.type = TB_CELL_NULL};
    }
}

tb_status tb_point_place(tb_study_worker *worker, const tb_study_entry *entry, int64_t point,
                         tb_study_row *row, const tb_yaml_node **out, tb_error *err)
{
    tb_axis_value values[TB_AXES_MAX];
    *out = entry->node;
    tb_status status = renew_tree(worker, err);
    if (status == TB_OK) {
        tb_study_axes_at(&entry->axes, point - entry->first, &worker->sampler, values);
    }
    for (size_t a = 0; status == TB_OK && a < entry->axes.count; a++) {
        const tb_study_axis *axis = &entry->axes.axis[a];
        const tb_yaml_node *node = values[a].node;
        size_t column = entry->column[a];
        status = node != NULL ? put_node(worker, node, column, row, err)
                              : put_number(worker, axis, &values[a], column, row, &node, err);
        keep_types(row, column);
        if (status == TB_OK) {
            status = tb_yaml_overlay(worker->tree, *out, axis->key, axis->path, node, out, err);
        }
    }
    return status;
}
