#include "chart_render.h"

#include "chart_caption.h"
#include "chart_style.h"
#include "file.h"
#include "gnuplot.h"
#include "scratch_folder.h"

#include <stdio.h>
#include <string.h>

#define MOST_PICTURE_BYTES ((size_t)256 << 20)
#define PIXELS_AN_INCH     96.0
#define TEXT_COLUMNS       80
#define TEXT_ROWS          24

const char *const tb_chart_format_names[TB_CHART_FORMAT_COUNT] = {"svg", "png", "pdf", "tex",
                                                                  "txt"};

tb_status tb_chart_format_of(const char *path, tb_chart_format *out, tb_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash != NULL ? slash : path, '.');
    for (int format = 0; dot != NULL && format < TB_CHART_FORMAT_COUNT; format++) {
        if (strcmp(dot + 1, tb_chart_format_names[format]) == 0) {
            *out = (tb_chart_format)format;
            return TB_OK;
        }
    }
    return tb_fail(err, TB_EINVAL,
                   "'%s' does not say what to draw; end it in .svg, .png, .pdf, .tex or .txt",
                   path);
}

/* The target's size, or what suits the chart. */
static void choose_size(const tb_chart_target *target, const tb_chart_data *data, int64_t *width,
                        int64_t *height)
{
    bool is_text = target->format == TB_CHART_TEXT;
    *width = target->width > 0 ? target->width : is_text ? TEXT_COLUMNS : data->width;
    *height = target->height > 0 ? target->height : is_text ? TEXT_ROWS : data->height;
}

/* `block` draws with sub-characters of a terminal; gnuplot has it from version 6. */
static void print_text_terminal(const tb_chart_target *target, int64_t width, int64_t height,
                                tb_buffer *out)
{
    if (target->in_colour) {
        tb_buffer_printf(out,
                         "if (strstrt(GPVAL_TERMINALS, ' block ') > 0) {\n"
                         "  set terminal block quadrants noenhanced ansi256 size %lld, %lld\n"
                         "} else {\n"
                         "  set terminal dumb noenhanced ansi256 size %lld, %lld\n"
                         "}\n",
                         (long long)width, (long long)height, (long long)width, (long long)height);
    } else {
        tb_buffer_printf(out, "set terminal dumb noenhanced mono size %lld, %lld\n",
                         (long long)width, (long long)height);
    }
}

static void print_terminal(const tb_chart_target *target, int64_t width, int64_t height,
                           tb_buffer *out)
{
    double inches[] = {(double)width / PIXELS_AN_INCH, (double)height / PIXELS_AN_INCH};
    switch (target->format) {
    case TB_CHART_SVG:
        tb_buffer_printf(
            out,
            "set terminal svg noenhanced size %lld,%lld font 'Arial,9' fontscale 1.3333 "
            "background rgb 'white'\n",
            (long long)width, (long long)height);
        break;
    case TB_CHART_PNG:
        tb_buffer_printf(out,
                         "set terminal pngcairo noenhanced size %lld,%lld font 'Arial,9' "
                         "background rgb 'white'\n",
                         (long long)width, (long long)height);
        break;
    case TB_CHART_PDF:
        tb_buffer_printf(out,
                         "set terminal pdfcairo noenhanced size %.3fin,%.3fin font 'Arial,9' "
                         "background rgb 'white'\n",
                         inches[0], inches[1]);
        break;
    case TB_CHART_TEX:
        tb_buffer_printf(out, "set terminal tikz size %.3fin,%.3fin\n", inches[0], inches[1]);
        break;
    default:
        print_text_terminal(target, width, height, out);
    }
}

static tb_status make_script(const tb_chart *chart, const tb_chart_target *target,
                             const tb_chart_data *data, tb_buffer *out, tb_error *err)
{
    int64_t width, height;
    choose_size(target, data, &width, &height);
    tb_buffer_printf(out, "# gnuplot %s.gp\n", chart->name);
    print_terminal(target, width, height, out);
    tb_buffer_printf(out, "set output '%s.%s'\n", chart->name,
                     tb_chart_format_names[target->format]);
    tb_chart_style(data, width, height, out);
    tb_buffer_append(out, data->script.data, data->script.length);
    return tb_buffer_check(out, err);
}

/* folder/name, in a buffer of its own. */
static tb_status join(const char *folder, const char *name, const char *ending, tb_buffer *out,
                      tb_error *err)
{
    out->length = 0;
    tb_buffer_printf(out, "%s/%s%s", folder, name, ending);
    return tb_buffer_check(out, err);
}

static tb_status write_files(const tb_chart *chart, const tb_chart_data *data,
                             const tb_buffer *script, const char *folder, tb_error *err)
{
    tb_buffer path = {0};
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < data->file_count; i++) {
        const tb_buffer *text = &data->files[i].text;
        status = join(folder, data->files[i].name, "", &path, err);
        if (status == TB_OK) {
            status = tb_file_replace(path.data, text->data, text->length, err);
        }
    }
    if (status == TB_OK) {
        status = join(folder, chart->name, ".gp", &path, err);
    }
    if (status == TB_OK) {
        status = tb_file_replace(path.data, script->data, script->length, err);
    }
    tb_buffer_free(&path);
    return status;
}

static tb_status read_picture(const tb_chart *chart, tb_chart_format format, const char *folder,
                              tb_buffer *out, tb_error *err)
{
    tb_buffer path = {0};
    tb_file_bytes bytes = {0};
    char ending[8];
    (void)snprintf(ending, sizeof ending, ".%s", tb_chart_format_names[format]);
    tb_status status = join(folder, chart->name, ending, &path, err);
    if (status == TB_OK) {
        status = tb_file_read(path.data, MOST_PICTURE_BYTES, &bytes, err);
    }
    if (status == TB_OK) {
        /* the dumb terminal begins a page */
        size_t skip = format == TB_CHART_TEXT && bytes.length > 0 && bytes.data[0] == '\f';
        tb_buffer_append(out, bytes.data + skip, bytes.length - skip);
        status = tb_buffer_check(out, err);
    }
    tb_file_release(&bytes);
    tb_buffer_free(&path);
    return status;
}

static tb_status draw(const tb_chart *chart, const tb_chart_target *target,
                      const tb_chart_data *data, const tb_buffer *script, tb_buffer *out,
                      tb_error *err)
{
    tb_scratch_folder *scratch = NULL;
    char name[64];
    (void)snprintf(name, sizeof name, "%s.gp", chart->name);
    tb_status status = tb_scratch_folder_make(&scratch, err);
    if (status != TB_OK) {
        return status;
    }
    const char *path = tb_scratch_folder_path(scratch);
    status = write_files(chart, data, script, path, err);
    if (status == TB_OK) {
        status = tb_gnuplot_run(name, path, err);
    }
    if (status == TB_OK) {
        status = read_picture(chart, target->format, path, out, err);
    }
    tb_scratch_folder_remove(scratch);
    return status;
}

static tb_status keep_script(const tb_chart *chart, const tb_chart_data *data,
                             const tb_buffer *script, const char *folder, tb_error *err)
{
    tb_status status = tb_file_make_directory(folder, err);
    return status == TB_OK ? write_files(chart, data, script, folder, err) : status;
}

tb_status tb_chart_render(const tb_chart *chart, const tb_chart_input *input,
                          const tb_chart_target *target, tb_buffer *out, tb_error *err)
{
    tb_buffer script = {0};
    tb_chart_data data = tb_chart_data_begin();
    data.is_tex = target->format == TB_CHART_TEX;
    data.is_text = target->format == TB_CHART_TEXT;
    tb_status status = tb_chart_check(chart, input, err);
    if (status == TB_OK) {
        status = chart->fill(input, &data, err);
    }
    if (status == TB_OK) {
        tb_chart_say_clocks(input, &data);
    }
    if (status == TB_OK) {
        status = tb_chart_data_check(&data, err);
    }
    if (status == TB_OK) {
        status = make_script(chart, target, &data, &script, err);
    }
    if (status == TB_OK && target->script_folder != NULL) {
        status = keep_script(chart, &data, &script, target->script_folder, err);
    }
    if (status == TB_OK) {
        status = draw(chart, target, &data, &script, out, err);
    }
    tb_buffer_free(&script);
    tb_chart_data_free(&data);
    return status;
}
