#include "chart_data.h"

#include "quote.h"

#include <assert.h>

#define CHART_WIDTH  800
#define CHART_HEIGHT 500

tb_chart_data tb_chart_data_begin(void)
{
    return (tb_chart_data){.width = CHART_WIDTH, .height = CHART_HEIGHT};
}

void tb_chart_data_free(tb_chart_data *data)
{
    for (size_t i = 0; i < data->file_count; i++) {
        tb_buffer_free(&data->files[i].text);
    }
    tb_buffer_free(&data->script);
    tb_buffer_free(&data->title);
    tb_buffer_free(&data->caption);
    *data = tb_chart_data_begin();
}

tb_status tb_chart_data_check(const tb_chart_data *data, tb_error *err)
{
    tb_status status = tb_buffer_check(&data->script, err);
    if (status == TB_OK) {
        status = tb_buffer_check(&data->title, err);
    }
    if (status == TB_OK) {
        status = tb_buffer_check(&data->caption, err);
    }
    for (size_t i = 0; status == TB_OK && i < data->file_count; i++) {
        status = tb_buffer_check(&data->files[i].text, err);
    }
    return status;
}

tb_buffer *tb_chart_data_file(tb_chart_data *data, const char *name)
{
    assert(data->file_count < TB_CHART_FILES);
    tb_chart_file *file = &data->files[data->file_count++];
    file->name = name;
    return &file->text;
}

/* The text as its reader takes it, in gnuplot's single quotes. */
static void quote(const tb_chart_data *data, tb_buffer *out, const char *text)
{
    tb_buffer tex = {0};
    if (!data->is_tex) {
        tb_quote_gnuplot(out, text);
        return;
    }
    tb_quote_tex(&tex, text);
    if (tex.failed) {
        out->failed = true;
    } else {
        tb_quote_gnuplot(out, tex.data != NULL ? tex.data : "");
    }
    tb_buffer_free(&tex);
}

void tb_chart_string(const tb_chart_data *data, tb_buffer *out, const char *text)
{
    quote(data, out, text);
}

void tb_chart_field(const tb_chart_data *data, tb_buffer *out, const char *text)
{
    tb_buffer quoted = {0};
    quote(data, &quoted, text);
    out->failed = out->failed || quoted.failed;
    for (size_t i = 1; !quoted.failed && i + 1 < quoted.length; i++) {
        char character = quoted.data[i];
        if (character == '"') {
            tb_buffer_text(out, "''");
            continue;
        }
        i += character == '\''; /* doubled in there */
        tb_buffer_append(out, &character, 1);
    }
    tb_buffer_free(&quoted);
}
