#include "chart_style.h"

#include "checked.h"

#include <stdlib.h>
#include <string.h>

#define TITLE_PX      20 /* height of a line */
#define CAPTION_PX    15
#define TITLE_CHAR_PX 8.0 /* mean width of a character, in Arial of that size */
#define CAPTION_CHAR  6.3
#define MARGIN_PX     10
#define FIRST_LABEL   9000 /* charts number theirs from 1 */
#define MOST_LINES    6

/* Lines differ in dashes as well as in colour, points in shape. */
static const char common[] =
    "set encoding utf8\n"
    "set datafile separator \"\\t\"\n"
    "set datafile missing '?'\n"
    "set linetype 1 lw 2 dt 1 pt 7 ps 0.9 lc rgb " TB_INK_BLUE "\n"
    "set linetype 2 lw 2 dt (10,4) pt 5 ps 0.9 lc rgb " TB_INK_ORANGE "\n"
    "set linetype 3 lw 2 dt (14,4,3,4) pt 9 ps 1.0 lc rgb " TB_INK_GREEN "\n"
    "set linetype 4 lw 2 dt (4,4) pt 13 ps 1.1 lc rgb " TB_INK_RED "\n"
    "set linetype 5 lw 2 dt (14,4,3,4,3,4) pt 6 ps 0.9 lc rgb " TB_INK_PURPLE "\n"
    "set linetype 6 lw 2 dt 1 pt 4 ps 0.9 lc rgb " TB_INK_SKY "\n"
    "set linetype 7 lw 2 dt (16,8) pt 8 ps 1.0 lc rgb " TB_INK_BLACK "\n"
    "set linetype 8 lw 2 dt (14,4,3,4) pt 12 ps 1.1 lc rgb " TB_INK_YELLOW "\n"
    "set linetype cycle 8\n"
    "set border 3 lw 1 lc rgb '#404040'\n"
    "set tics nomirror out textcolor rgb '#202020'\n"
    "set grid ytics lt 1 dt 1 lw 0.6 lc rgb '#dddddd'\n"
    "set key outside top center horizontal samplen 2 noautotitle\n"
    "set boxwidth 0.9 relative\n"
    "set style fill solid 1.0 border lc rgb '#202020'\n";

/* Bytes of the first line of `text` in `columns` characters: up to a space, or else cut between
 * UTF-8 characters. */
static size_t line_length(const char *text, int64_t columns)
{
    size_t length = 0, space = 0;
    for (int64_t column = 0; column < columns && text[length] != '\0'; column++) {
        if (text[length] == ' ') {
            space = length;
        }
        length++;
        while (((unsigned char)text[length] & 0xc0) == 0x80) {
            length++;
        }
    }
    return text[length] == '\0' || text[length] == ' ' || space == 0 ? length : space;
}

static int64_t count_lines(const char *text, int64_t columns)
{
    int64_t lines = 0;
    while (text != NULL && *text != '\0' && lines < MOST_LINES) {
        text += line_length(text, columns);
        text += strspn(text, " ");
        lines++;
    }
    return lines;
}

/* What title and caption leave to the plot, in parts of the picture's height. */
typedef struct text_area {
    double bottom, height;
} text_area;

/* Where lines of text stand, in the target's units. */
typedef struct text_place {
    int64_t columns;
    double x, top, step; /* of the screen, 0 to 1 */
    const char *look;    /* alignment, font and colour */
} text_place;

static void print_lines(const tb_chart_data *data, const char *text, const text_place *place,
                        int *label, tb_buffer *out)
{
    double y = place->top;
    for (int64_t line = 0; text != NULL && *text != '\0' && line < MOST_LINES; line++) {
        size_t length = line_length(text, place->columns);
        tb_buffer one = {0};
        tb_buffer_append(&one, text, length);
        tb_buffer_printf(out, "set label %d ", (*label)++);
        tb_chart_string(data, out, one.data != NULL ? one.data : "");
        tb_buffer_printf(out, " at screen %.4f, screen %.4f %s\n", place->x, y, place->look);
        tb_buffer_free(&one);
        text += length;
        text += strspn(text, " ");
        y -= place->step;
    }
}

/* What a line of the title and of the caption takes, in pixels or characters. */
typedef struct text_sizes {
    double title, caption; /* heights */
    double margin;
    int64_t title_columns, caption_columns;
} text_sizes;

static text_sizes sizes_of(const tb_chart_data *data, int64_t width)
{
    if (data->is_text) {
        int64_t columns = tb_max(width - 2, 1);
        return (text_sizes){1, 1, 0.5, columns, columns};
    }
    double room = (double)(width - 2 * MARGIN_PX);
    return (text_sizes){TITLE_PX, CAPTION_PX, MARGIN_PX, tb_max((int64_t)(room / TITLE_CHAR_PX), 8),
                        tb_max((int64_t)(room / CAPTION_CHAR), 8)};
}

static text_area area_of(const tb_chart_data *data, int64_t width, int64_t height)
{
    text_sizes sizes = sizes_of(data, width);
    double titles = (double)count_lines(data->title.data, sizes.title_columns);
    double captions = (double)count_lines(data->caption.data, sizes.caption_columns);
    double all = (double)height;
    double top = (titles * sizes.title + sizes.margin) / all;
    double bottom = (captions * sizes.caption + sizes.margin) / all;
    return (text_area){.bottom = bottom, .height = 1 - top - bottom};
}

void tb_chart_grid(tb_chart_data *data, const char *axes)
{
    if (!data->is_text) {
        tb_buffer_printf(&data->script,
                         "unset grid\nset grid %s lt 1 dt 1 lw 0.6 lc rgb '#dddddd'\n", axes);
    }
}

void tb_chart_style(const tb_chart_data *data, int64_t width, int64_t height, tb_buffer *out)
{
    text_sizes sizes = sizes_of(data, width);
    text_area area = area_of(data, width, height);
    double all = (double)height,
           lines = (double)count_lines(data->caption.data, sizes.caption_columns);
    int label = FIRST_LABEL;
    text_place title = {.columns = sizes.title_columns,
                        .x = 0.5,
                        .top = 1 - (sizes.margin / 2 + sizes.title / 2) / all,
                        .step = sizes.title / all,
                        .look = data->is_tex ? "center" : "center font ',15'"};
    text_place caption = {.columns = sizes.caption_columns,
                          .x = sizes.margin / (double)width,
                          .top = (sizes.margin / 2 + (lines - 0.5) * sizes.caption) / all,
                          .step = sizes.caption / all,
                          .look =
                              data->is_tex ? "left" : "left font ',10' textcolor rgb '#404040'"};
    tb_buffer_text(out, common);
    if (data->is_text) { /* the legend would stand on the plot */
        tb_buffer_text(out, "set tmargin 4\nunset grid\n");
    }
    print_lines(data, data->title.data, &title, &label, out);
    print_lines(data, data->caption.data, &caption, &label, out);
    tb_buffer_printf(out,
                     "area_height = %.4f\narea_bottom = %.4f\n"
                     "set size 1, area_height\nset origin 0, area_bottom\n",
                     area.height, area.bottom);
}
