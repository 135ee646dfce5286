/* Which KV tiles each query tile visits; and, over layouts of two and three dimensions, those of one
 * query tile where they lie. */
#include "chart_caption.h"
#include "chart_list.h"
#include "chart_style.h"
#include "mask_picture.h"

#define MOST_CELLS 240 /* of the map, in either direction */

static const char *const file_names[] = {[TB_CELL_PARTIAL] = "partial.dat",
                                         [TB_CELL_FULL] = "full.dat"};

/* One rectangle of equal cells in a row, in tiles. Returns how many there are. */
static int64_t print_runs(const tb_mask_picture *picture, tb_cell kind, tb_buffer *out)
{
    int64_t runs = 0;
    tb_buffer_text(out, "# first KV tile\tend\tfirst query tile\tend\n");
    for (int64_t r = 0; r < picture->rows; r++) {
        const unsigned char *row = picture->cells + r * picture->cols;
        for (int64_t c = 0, end; c < picture->cols; c = end) {
            for (end = c + 1; end < picture->cols && row[end] == row[c]; end++) {
            }
            if (row[c] == (unsigned char)kind) {
                tb_buffer_printf(out, "%lld\t%lld\t%lld\t%lld\n",
                                 (long long)(c * picture->cell_cols),
                                 (long long)(end * picture->cell_cols),
                                 (long long)(r * picture->cell_rows),
                                 (long long)((r + 1) * picture->cell_rows));
                runs++;
            }
        }
    }
    return runs;
}

/* A series of rectangles; `using` as of the files above. */
static void print_series(tb_buffer *script, bool first, const char *file, const char *ink,
                         const char *title)
{
    tb_buffer_printf(script,
                     "%s'%s' using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror "
                     "fs solid border lc rgb %s lw 0.4 %s%s%s",
                     first ? "" : ", \\\n  ", file, ink, title != NULL ? "title '" : "notitle",
                     title != NULL ? title : "", title != NULL ? "'" : "");
}

static void print_map(const tb_mask_picture *picture, tb_chart_data *data)
{
    static const struct {
        tb_cell kind;
        const char *ink;
        const char *title;
    } series[] = {{TB_CELL_PARTIAL, TB_INK_SKY, "partial (masked inside)"},
                  {TB_CELL_FULL, TB_INK_BLUE, "full"}};
    tb_buffer *script = &data->script;
    tb_buffer_printf(script,
                     "set xrange [0:%lld]\nset yrange [%lld:0]\nset xlabel 'KV tile, number'\n"
                     "set ylabel 'query tile, number'\nset border 15\nunset grid\n",
                     (long long)picture->all_cols, (long long)picture->all_rows);
    tb_buffer_text(script, "plot ");
    bool first = true;
    for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
        tb_buffer *file = tb_chart_data_file(data, file_names[series[i].kind]);
        if (print_runs(picture, series[i].kind, file) > 0) {
            print_series(script, first, file_names[series[i].kind], series[i].ink,
                         series[i].title);
            first = false;
        }
    }
    tb_buffer_printf(script, "%sNaN with boxes fs empty border lc rgb '#b0b0b0' title 'empty'\n",
                     first ? "" : ", \\\n  ");
}

static void say(const tb_chart_input *input, const tb_prediction *p, const tb_mask_picture *picture,
                tb_chart_data *data)
{
    (void)input;
    tb_chart_say_problem(p, data);
    tb_chart_say_tiles(p, data);
    tb_chart_say(data, "%lld of %lld tiles visited: %lld full, %lld partial (exact counts, a head).",
                 (long long)p->census.visited, (long long)(picture->all_rows * picture->all_cols),
                 (long long)p->census.full, (long long)tb_census_partial(&p->census));
    if (picture->cell_rows > 1 || picture->cell_cols > 1) {
        tb_chart_say(data, "A cell stands for %lld x %lld tiles.", (long long)picture->cell_rows,
                     (long long)picture->cell_cols);
    }
}

static tb_status draw(const tb_chart_input *input, const tb_prediction *p, tb_chart_data *data,
                      tb_error *err)
{
    tb_mask_picture picture = {0};
    tb_status status = tb_mask_picture_tiles(&p->problem, &p->pattern, &p->tiling, MOST_CELLS,
                                             MOST_CELLS, &picture, err);
    if (status != TB_OK) {
        return status;
    }
    tb_chart_title(input, data, "Tiles that each query tile visits");
    say(input, p, &picture, data);
    tb_chart_say_version(data);
    print_map(&picture, data);
    tb_mask_picture_free(&picture);
    return TB_OK;
}

static tb_status fill(const tb_chart_input *input, tb_chart_data *data, tb_error *err)
{
    tb_prediction prediction;
    tb_status status = tb_predict(input->item, input->kernel, &prediction, err);
    if (status != TB_OK) {
        return status;
    }
    status = draw(input, &prediction, data, err);
    tb_prediction_release(&prediction);
    return status;
}

const tb_chart tb_chart_tiles = {
    .name = "tiles",
    .summary = "which KV tiles each query tile visits: empty, partial, full",
    .needs = TB_CHART_NEEDS_PROBLEM | TB_CHART_MAY_DEVICE,
    .fill = fill,
};
