/* A study's view as CSV and JSON, part after part: it may have millions of rows. */
#include "study_view.h"

#include "csv.h"
#include "file.h"
#include "text.h"
#include "version.h"

#define PART ((size_t)1 << 18) /* bytes */

typedef struct writer {
    tb_study_view *view;
    tb_study_counts counts;
    bool is_json, has_begun, has_rows, has_ended;
    tb_buffer out;
} writer;

static void put_json_text(const char *text, tb_buffer *out)
{
    tb_buffer_text(out, "\"");
    while (*text != '\0') {
        size_t step = tb_text_utf8_step(text);
        unsigned char c = (unsigned char)*text;
        if (step == 0) { /* as documents have it */
            tb_buffer_text(out, "?");
            step = 1;
        } else if (c == '"' || c == '\\') {
            tb_buffer_printf(out, "\\%c", c);
        } else if (c < 0x20) {
            tb_buffer_printf(out, "\\u%04x", c);
        } else {
            tb_buffer_append(out, text, step);
        }
        text += step;
    }
    tb_buffer_text(out, "\"");
}

static void put_number(const tb_cell *cell, tb_buffer *out)
{
    char text[32];
    if (cell->type == TB_CELL_INTEGER) {
        tb_buffer_printf(out, "%lld", (long long)cell->integer);
    } else {
        tb_buffer_text(out, tb_text_shortest(cell->real, text));
    }
}

static void put_json_row(writer *to)
{
    size_t columns = tb_study_view_columns(to->view);
    tb_buffer_text(&to->out, to->has_rows ? ",\n    {" : "\n    {");
    for (size_t c = 0; c < columns; c++) {
        tb_cell cell = tb_study_view_cell(to->view, c);
        tb_buffer_text(&to->out, c > 0 ? ", " : "");
        put_json_text(tb_study_view_name(to->view, c), &to->out);
        tb_buffer_text(&to->out, ": ");
        if (cell.type == TB_CELL_TEXT) {
            put_json_text(cell.text, &to->out);
        } else if (cell.type == TB_CELL_NULL) {
            tb_buffer_text(&to->out, "null");
        } else {
            put_number(&cell, &to->out);
        }
    }
    tb_buffer_text(&to->out, "}");
}

static void put_csv_row(writer *to)
{
    size_t columns = tb_study_view_columns(to->view);
    for (size_t c = 0; c < columns; c++) {
        tb_cell cell = tb_study_view_cell(to->view, c);
        tb_buffer_text(&to->out, c > 0 ? "," : "");
        if (cell.type == TB_CELL_TEXT) {
            tb_csv_text(&to->out, cell.text);
        } else if (cell.type != TB_CELL_NULL) {
            put_number(&cell, &to->out);
        }
    }
    tb_buffer_text(&to->out, "\n");
}

static void put_head(writer *to, const char *study)
{
    if (to->is_json) {
        tb_buffer_text(&to->out,
                       "{\n  \"schema\": \"tilebound/sweep/1\",\n  \"tilebound\": \"" TB_VERSION
                       "\",\n  \"study\": ");
        put_json_text(study, &to->out);
        tb_buffer_printf(&to->out, ",\n  \"points\": %lld,\n  \"finished\": %lld,\n  \"rows\": [",
                         (long long)to->counts.points, (long long)to->counts.finished);
        return;
    }
    for (size_t c = 0; c < tb_study_view_columns(to->view); c++) {
        tb_buffer_text(&to->out, c > 0 ? "," : "");
        tb_csv_text(&to->out, tb_study_view_name(to->view, c));
    }
    tb_buffer_text(&to->out, "\n");
}

/* tb_file_more_fn */
static tb_status next_part(void *user, const void **data, size_t *length, tb_error *err)
{
    writer *to = user;
    tb_status status = TB_OK;
    to->out.length = 0;
    if (!to->has_begun) {
        put_head(to, tb_study_view_study(to->view));
        to->has_begun = true;
    }
    while (status == TB_OK && !to->has_ended && to->out.length < PART) {
        bool has_row = false;
        status = tb_study_view_next(to->view, &has_row, err);
        if (status == TB_OK && has_row) {
            if (to->is_json) {
                put_json_row(to);
            } else {
                put_csv_row(to);
            }
            to->has_rows = true;
        } else {
            to->has_ended = true;
            tb_buffer_text(&to->out, !to->is_json ? "" : to->has_rows ? "\n  ]\n}\n" : "]\n}\n");
        }
    }
    if (status == TB_OK) {
        status = tb_buffer_check(&to->out, err);
    }
    *data = to->out.data;
    *length = to->out.length;
    return status;
}

tb_status tb_study_view_write(tb_study_view *view, bool is_json, const char *path, tb_error *err)
{
    writer to = {.view = view, .is_json = is_json};
    tb_status status = tb_study_view_counts(view, &to.counts, err);
    if (status == TB_OK) {
        status = tb_file_replace_by_parts(path, next_part, &to, err);
    }
    tb_buffer_free(&to.out);
    return status;
}
