/* Which KV tiles each query tile visits; beside it, over layouts of two and three dimensions, those
 * of the query tile in the middle where they lie. */
#include "chart_caption.h"
#include "chart_list.h"
#include "chart_style.h"
#include "tile_map.h"
#include "tile_window.h"

#define MOST_CELLS  240  /* of the map, in either direction */
#define MAP_PART    0.56 /* of the width, beside a window */
#define WIDE_PX     1000
#define INK_PARTIAL TB_INK_SKY
#define INK_FULL    TB_INK_BLUE

/* A series of rectangles out of a file of lines left, right, top, bottom. */
static void print_series(tb_buffer *script, const char *file, const char *look, const char *title)
{
    bool first = script->data[script->length - 1] == ' '; /* after "plot " */
    tb_buffer_printf(script,
                     "%s'%s' using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror %s title '%s'",
                     first ? "" : ", \\\n  ", file, look, title);
}

static void plot_map(const tb_tile_map *map, tb_chart_data *data)
{
    bool merged = map->cell_rows > 1 || map->cell_cols > 1;
    tb_buffer *partial = tb_chart_data_file(data, "partial.dat");
    tb_buffer *full = tb_chart_data_file(data, "full.dat");
    tb_buffer *script = &data->script;
    tb_buffer_text(partial, "# partial: KV tiles from, to\tquery tiles from, to\n");
    tb_buffer_text(full, "# full: KV tiles from, to\tquery tiles from, to\n");
    tb_buffer_printf(script,
                     "set xrange [0:%lld]\nset yrange [%lld:0]\nset xlabel 'KV tile, number'\n"
                     "set ylabel 'query tile, number'\nset border 15\nunset grid\nplot ",
                     (long long)map->kv_tiles, (long long)map->q_tiles);
    if (tb_tile_map_print(map, TB_CELL_FULL, full) > 0) {
        print_series(script, "full.dat", "lc rgb " INK_FULL " fs solid noborder",
                     merged ? "mostly full" : "full");
    }
    if (tb_tile_map_print(map, TB_CELL_PARTIAL, partial) > 0) {
        print_series(script, "partial.dat", "lc rgb " INK_PARTIAL " fs solid noborder",
                     merged ? "mostly partial" : "partial");
    }
    tb_buffer_text(script, script->data[script->length - 1] == ' ' ? "NaN notitle\n" : "\n");
}

static tb_status plot_window(const tb_prediction *p, tb_chart_data *data, tb_error *err)
{
    tb_tile_window window;
    tb_buffer *script = &data->script;
    tb_tile_window_files files = {.partial = tb_chart_data_file(data, "window-partial.dat"),
                                  .full = tb_chart_data_file(data, "window-full.dat"),
                                  .frames = tb_chart_data_file(data, "window-frames.dat"),
                                  .query = tb_chart_data_file(data, "window-query.dat"),
                                  .labels = tb_chart_data_file(data, "window-labels.dat")};
    tb_status status = tb_tile_window_draw(p, &files, &window, err);
    if (status != TB_OK) {
        return status;
    }
    tb_buffer_printf(script,
                     "set xrange [0:%lld]\nset yrange [%lld:0]\nunset ylabel\nunset xlabel\n"
                     "unset border\nset key outside top center horizontal\nplot ",
                     (long long)window.width, (long long)window.height);
    print_series(script, "window-frames.dat",
                 "dt 1 lc rgb '#f2f2f2' fs solid border lc rgb '#b0b0b0'", "layout");
    if (window.partial > 0) {
        print_series(script, "window-partial.dat",
                     "dt 1 lc rgb " INK_PARTIAL " fs solid border lc rgb 'white'", "partial");
    }
    if (window.full > 0) {
        print_series(script, "window-full.dat",
                     "dt 1 lc rgb " INK_FULL " fs solid border lc rgb 'white'", "full");
    }
    print_series(script, "window-query.dat", "dt 1 lw 2.5 lc rgb " TB_INK_RED " fs empty border",
                 "query tile");
    if (window.slices > 1) {
        tb_buffer_text(script, ", \\\n  'window-labels.dat' using 1:2:3 with labels left "
                               "offset 0,0.5 font ',9' notitle");
    }
    tb_buffer_text(script, "\n");
    return TB_OK;
}

static void say(const tb_prediction *p, const tb_tile_map *map, tb_chart_data *data)
{
    tb_chart_say_problem(p, data);
    tb_chart_say_tiles(p, data);
    tb_chart_say(data,
                 "Counted exactly, a head: %lld of %lld tiles visited, %lld full, %lld partial.",
                 (long long)p->census.visited, (long long)(map->q_tiles * map->kv_tiles),
                 (long long)p->census.full, (long long)tb_census_partial(&p->census));
    if (map->cell_rows > 1 || map->cell_cols > 1) {
        tb_chart_say(data, "A cell of the map stands for %lld x %lld tiles.",
                     (long long)map->cell_rows, (long long)map->cell_cols);
    }
}

/* Title and caption come first: the panels share what they leave. */
static tb_status draw(const tb_chart_input *input, const tb_prediction *p, const tb_tile_map *map,
                      tb_chart_data *data, tb_error *err)
{
    bool has_window = tb_tile_window_is_drawable(p) && !data->is_text;
    tb_chart_title(input, data, "Tiles that each query tile visits");
    say(p, map, data);
    if (has_window) {
        tb_chart_say(data,
                     p->problem.layout.rank == 3
                         ? "Right: the query tile in the middle, in slices of dimension 0; "
                           "dimension 1 down, 2 across."
                         : "Right: the query tile in the middle; dimension 0 down, 1 across.");
        data->width = WIDE_PX;
    }
    tb_chart_say_version(data);
    if (!has_window) {
        plot_map(map, data);
        return TB_OK;
    }
    tb_buffer_printf(&data->script,
                     "set multiplot\nset size %.2f, area_height\nset origin 0, area_bottom\n",
                     MAP_PART);
    plot_map(map, data);
    tb_buffer_printf(&data->script,
                     "unset label\nunset tics\nset size ratio -1 %.2f, area_height\n"
                     "set origin %.2f, area_bottom\n",
                     1 - MAP_PART, MAP_PART);
    tb_status status = plot_window(p, data, err);
    tb_buffer_text(&data->script, "unset multiplot\n");
    return status;
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    tb_prediction prediction;
    tb_tile_map map = {0};
    tb_status status = tb_predict(input->item, input->kernel, &prediction, err);
    if (status != TB_OK) {
        return status;
    }
    status = prediction.tiling.kv_tiling == TB_KV_STATIC
                 ? tb_tile_map_count(&prediction, MOST_CELLS, &map, err)
                 : tb_fail(err, TB_EINVAL,
                           "dynamic KV tiles lie on no map: they start where a query tile's keys "
                           "do; give --kv-tiling static to draw those");
    if (status == TB_OK) {
        status = draw(input, &prediction, &map, data, err);
    }
    tb_tile_map_free(&map);
    tb_prediction_release(&prediction);
    return status;
}

const tb_chart tb_chart_tiles = {
    .name = "tiles",
    .summary = "which KV tiles each query tile visits: empty, partial, full",
    .needs = TB_CHART_NEEDS_PROBLEM | TB_CHART_MAY_DEVICE,
    .fill = fill,
};
