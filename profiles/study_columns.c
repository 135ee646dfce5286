#include "study_columns.h"

#include <string.h>
#include <strings.h>

#define LONGEST_NAME 120

static bool begins_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* "window_0" of pattern.window.0: what SQL takes without quotes. Those of set. and parallel. keep
 * the word. */
static void name_of(const char *path, bool whole, char out[static LONGEST_NAME + 1])
{
    const char *dot = strchr(path, '.');
    bool is_whole =
        whole || dot == NULL || begins_with(path, "set.") || begins_with(path, "parallel.");
    const char *from = is_whole ? path : dot + 1;
    size_t length = 0;
    for (; from[length] != '\0' && length < LONGEST_NAME; length++) {
        char c = from[length];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        out[length] = c;
        if (!is_plain) {
            out[length] = '_';
        }
    }
    out[length] = '\0';
}

/* Of a column; the count when there is none. SQL does not tell letters' cases apart. */
static size_t find(const tb_study *study, const char *name)
{
    size_t c = 0;
    while (c < study->column_count && strcasecmp(study->column[c].name, name) != 0) {
        c++;
    }
    return c;
}

/* The column that every study has and that shows the axis already; 0 when there is none. */
static size_t shown_in(const char *path, const char *name)
{
    if (strcmp(path, "pattern.kind") == 0) {
        return TB_COLUMN_PATTERN;
    }
    if (strcmp(path, "tiling.kind") == 0) {
        return TB_COLUMN_TILING;
    }
    for (size_t c = TB_COLUMN_LAYOUT; c < TB_COLUMN_ERROR; c++) {
        if (strcmp(tb_study_columns[c].name, name) == 0) {
            return c;
        }
    }
    return 0;
}

static tb_cell_type wider(tb_cell_type a, tb_cell_type b)
{
    return a > b ? a : b; /* integer, real, text */
}

static tb_status add(tb_study *study, const tb_study_axis *axis, size_t *out, tb_error *err)
{
    char name[LONGEST_NAME + 1];
    name_of(axis->path, false, name);
    *out = shown_in(axis->path, name);
    if (*out != 0) {
        return TB_OK;
    }
    if (find(study, name) < TB_COLUMN_COUNT) { /* pattern.error beside the column error */
        name_of(axis->path, true, name);
    }
    size_t column = find(study, name);
    if (column < study->column_count) {
        study->column[column].type = wider(study->column[column].type, axis->type);
        *out = column;
        return TB_OK;
    }
    if (column == TB_STUDY_COLUMNS_MAX) {
        return tb_yaml_fail(axis->key, err, "more than %zu different axes in a study",
                            (size_t)TB_STUDY_COLUMNS_MAX - TB_COLUMN_COUNT);
    }
    const char *kept = tb_arena_text(study->arena, name, strlen(name));
    if (kept == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a study's columns");
    }
    study->column[study->column_count++] = (tb_study_column){.name = kept, .type = axis->type};
    *out = column;
    return TB_OK;
}

tb_status tb_study_columns_add(tb_study *study, tb_study_entry *entry, tb_error *err)
{
    tb_status status = TB_OK;
    for (size_t a = 0; status == TB_OK && a < entry->axes.count; a++) {
        status = add(study, &entry->axes.axis[a], &entry->column[a], err);
    }
    return status;
}
