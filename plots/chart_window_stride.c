/* How much of what a window saves do tiles let through, over windows and strides? */
#include "chart_caption.h"
#include "chart_list.h"
#include "chart_stride.h"
#include "chart_style.h"

#include "case_words.h"
#include "checked.h"

#define MOST_WINDOWS 12
#define MOST_STRIDES 32
#define DARK_BELOW   0.55 /* a cell's number is white there */
#define WHITE        0xffffff

typedef struct map_size {
    int64_t strides, windows;
} map_size;

/* A line a cell: column, row, part, bound, colour of the number. */
static tb_status print_cell(const tb_chart_input *input, int64_t window, int64_t stride,
                            map_size at, tb_buffer *out, tb_error *err)
{
    tb_case item = *input->item;
    tb_prediction p;
    const tb_layout *layout = &item.problem.layout;
    for (int d = tb_chart_first_varied(layout); d < layout->rank; d++) {
        item.pattern.window[d] = tb_min(window, layout->extent[d] / item.pattern.dilation[d]);
    }
    tb_chart_set_stride(&item, stride);
    tb_status status = tb_predict(&item, input->kernel, &p, err);
    if (status != TB_OK) {
        return status;
    }
    double part = p.bound.tile_speedup / p.bound.flop_speedup;
    tb_buffer_printf(out, "%lld\t%lld\t%.9g\t%.3g\t%d\n", (long long)at.strides,
                     (long long)at.windows, part, p.bound.tile_speedup,
                     part < DARK_BELOW ? WHITE : 0);
    tb_prediction_release(&p);
    return TB_OK;
}

/* The least power of two that is no less. */
static int64_t power_of_two_from(int64_t value)
{
    int64_t power = 1;
    while (power < value) {
        power *= 2;
    }
    return power;
}

static int64_t longest_varied(const tb_case *item)
{
    int64_t longest = 1;
    const tb_layout *layout = &item->problem.layout;
    for (int d = tb_chart_first_varied(layout); d < layout->rank; d++) {
        longest = tb_max(longest, layout->extent[d] / item->pattern.dilation[d]);
    }
    return longest;
}

static tb_status print_data(const tb_chart_input *input, tb_chart_data *data, map_size *size,
                            tb_error *err)
{
    int64_t longest = longest_varied(input->item);
    int64_t step = power_of_two_from(tb_ceil_div(longest, MOST_WINDOWS));
    tb_buffer *cells = tb_chart_data_file(data, "cells.dat");
    tb_buffer *rows = tb_chart_data_file(data, "windows.dat");
    tb_buffer *columns = tb_chart_data_file(data, "strides.dat");
    tb_status status = TB_OK;
    tb_buffer_text(cells, "# column\trow\tbound by tiles over bound by FLOPs\tbound by tiles\t"
                          "colour\n");
    tb_buffer_text(rows, "# row\twindow\n");
    tb_buffer_text(columns, "# column\tstride\n");
    for (int64_t window = step; status == TB_OK && window <= longest; window += step) {
        map_size at = {0, size->windows++};
        tb_buffer_printf(rows, "%lld\t%lld\n", (long long)at.windows, (long long)window);
        for (int64_t stride = 1; status == TB_OK && stride <= window && at.strides < MOST_STRIDES;
             stride *= 2, at.strides++) {
            status = print_cell(input, window, stride, at, cells, err);
        }
        size->strides = tb_max(size->strides, at.strides);
    }
    for (int64_t i = 0; i < size->strides; i++) {
        tb_buffer_printf(columns, "%lld\t%lld\n", (long long)i, 1LL << i);
    }
    return status;
}

static void print_script(const tb_chart_input *input, map_size size, tb_chart_data *data)
{
    const char *words = tb_chart_varied_words(&input->item->problem.layout);
    const char *space = words[0] != '\0' ? " " : "";
    if (data->is_text) { /* characters have no palette */
        tb_buffer_text(&data->script, "unset colorbox\n");
    }
    tb_buffer_printf(
        &data->script,
        "set xrange [-0.5:%lld.5]\nset yrange [-0.5:%lld.5]\nunset grid\nunset key\n"
        "set tics scale 0\nset xlabel 'stride%s%s, tokens'\n"
        "set ylabel 'window%s%s, tokens'\nset cbrange [0:1]\n"
        "set cblabel 'bound by tiles over bound by FLOPs'\n"
        /* viridis (S. van der Walt, N. Smith): even in brightness, so that grey keeps the order */
        "set palette defined (0 '#440154', 0.25 '#3b528b', 0.5 '#21918c', 0.75 '#5ec962', "
        "1 '#fde725')\n"
        "plot 'cells.dat' using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):3 with boxxyerror "
        "dt 1 lw 1 lc palette fs solid border lc rgb 'white', \\\n"
        "  'cells.dat' using 1:2:4:5 with labels tc rgb variable, \\\n"
        "  'windows.dat' using (-10):1:(0):ytic(2) with labels, \\\n"
        "  'strides.dat' using 1:(-10):(0):xtic(2) with labels\n",
        (long long)size.strides - 1, (long long)size.windows - 1, space, words, space, words);
}

static void say(const tb_chart_input *input, const tb_prediction *p, tb_chart_data *data)
{
    const tb_layout *layout = &p->problem.layout;
    char dims[96], outer[96];
    tb_chart_say(data, "Layout %s, batch %lld, %lld %s, dim %lld, %s, %s.",
                 tb_view_dims(layout->extent, layout->rank, dims), (long long)p->problem.batch,
                 (long long)p->problem.heads, p->problem.heads == 1 ? "head" : "heads",
                 (long long)p->problem.dim, tb_dtype_names[p->problem.dtype],
                 tb_pass_names[p->problem.pass]);
    int fixed = tb_chart_first_varied(layout);
    if (fixed > 0) {
        tb_chart_say(data, "Window %s and stride %s in the dimensions before.",
                     tb_view_dims(p->pattern.window, fixed, outer),
                     tb_view_dims(p->pattern.stride, fixed, dims));
    }
    tb_chart_say_tiles(p, data);
    tb_chart_say(data, "In a cell: the bound by tiles over dense attention, counted exactly%s%s.",
                 input->kernel != NULL ? "; tiles of " : "",
                 input->kernel != NULL ? input->kernel->name : "");
    tb_chart_say_version(data);
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    map_size size = {0, 0};
    tb_prediction here;
    tb_status status = tb_chart_need_gna(input->item, "window-stride", err);
    if (status == TB_OK) {
        status = tb_predict(input->item, input->kernel, &here, err);
    }
    if (status != TB_OK) {
        return status;
    }
    status = print_data(input, data, &size, err);
    if (status == TB_OK) {
        print_script(input, size, data);
        tb_chart_title(input, data, "What tiles let through of a window's saving");
        say(input, &here, data);
    }
    tb_prediction_release(&here);
    return status;
}

const tb_chart tb_chart_window_stride = {
    .name = "window-stride",
    .summary = "heat map over window and stride: the bound by tiles, of what FLOPs promise",
    .needs = TB_CHART_NEEDS_PROBLEM | TB_CHART_MAY_DEVICE,
    .fill = fill,
};
