#include "chart_data.h"

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

/* A byte that ends a line or does worse becomes a space. */
static char plain(char character)
{
    return (unsigned char)character < ' ' || character == 127 ? ' ' : character;
}

/* What TeX would take for a command, as what prints that character. */
static const char *tex_for(char character)
{
    switch (character) {
    case '\\':
        return "\\textbackslash{}";
    case '{':
        return "\\{";
    case '}':
        return "\\}";
    case '$':
        return "\\$";
    case '&':
        return "\\&";
    case '#':
        return "\\#";
    case '%':
        return "\\%";
    case '_':
        return "\\_";
    case '^':
        return "\\textasciicircum{}";
    case '~':
        return "\\textasciitilde{}";
    default:
        return NULL;
    }
}

/* `quote` in a text becomes `instead`. */
static void append(const tb_chart_data *data, tb_buffer *out, const char *text, char quote,
                   const char *instead)
{
    for (; *text != '\0'; text++) {
        const char *tex = data->is_tex ? tex_for(*text) : NULL;
        char character = plain(*text);
        if (*text == quote) {
            tb_buffer_text(out, instead);
        } else if (tex != NULL) {
            tb_buffer_text(out, tex);
        } else {
            tb_buffer_append(out, &character, 1);
        }
    }
}

void tb_chart_string(const tb_chart_data *data, tb_buffer *out, const char *text)
{
    tb_buffer_text(out, "'");
    append(data, out, text, '\'', "''");
    tb_buffer_text(out, "'");
}

void tb_chart_field(const tb_chart_data *data, tb_buffer *out, const char *text)
{
    append(data, out, text, '"', "''");
}
