#include "tile_window.h"

#include "checked.h"
#include "tile_view.h"

/* Slices lie side by side, with room for a label over each. */
#define GAP_PART   8 /* of a slice's width: the gap right of it */
#define LABEL_PART 3 /* of a slice's height: the room over it */

/* The grids of tiles, as three dimensions: over two the first has one tile. */
typedef struct grids {
    int64_t extent[3], q_size[3], kv_size[3];
    int64_t q[3], kv[3];           /* tiles */
    int64_t columns;               /* of slices */
    int64_t column_step, row_step; /* tokens */
} grids;

bool tb_tile_window_is_drawable(const tb_prediction *prediction)
{
    const tb_layout *layout = &prediction->problem.layout;
    bool dilated = false;
    for (int d = 0; d < layout->rank; d++) {
        dilated = dilated || tb_pattern_dilation(&prediction->pattern, d) > 1;
    }
    return (layout->rank == 2 || layout->rank == 3) && !dilated &&
           prediction->tiling.kind == TB_TILING_MULTI_DIM &&
           prediction->tiling.kv_tiling == TB_KV_STATIC;
}

static grids grids_of(const tb_prediction *p, tb_tile_window *window)
{
    grids g = {.extent = {1, 1, 1}, .q_size = {1, 1, 1}, .kv_size = {1, 1, 1}};
    int rank = p->problem.layout.rank;
    for (int d = 0; d < 3; d++) {
        int from = d - (3 - rank);
        if (from >= 0) {
            g.extent[d] = p->problem.layout.extent[from];
            g.q_size[d] = p->tiling.q_tile[from];
            g.kv_size[d] = p->tiling.kv_tile[from];
        }
        g.q[d] = tb_ceil_div(g.extent[d], g.q_size[d]);
        g.kv[d] = tb_ceil_div(g.extent[d], g.kv_size[d]);
        window->q_tile[d] = g.q[d] / 2;
    }
    window->slice_step = tb_ceil_div(g.kv[0], TB_MOST_SLICES);
    window->slices = tb_ceil_div(g.kv[0], window->slice_step);
    for (g.columns = 1; g.columns * g.columns < window->slices; g.columns++) {
    }
    bool alone = window->slices == 1;
    g.column_step = g.extent[2] + (alone ? 0 : tb_max(g.extent[2] / GAP_PART, 1));
    g.row_step = g.extent[1] + (alone ? 0 : tb_max(g.extent[1] / LABEL_PART, 1));
    window->width = g.columns * g.column_step;
    window->height = tb_ceil_div(window->slices, g.columns) * g.row_step;
    return g;
}

/* Where a slice begins. */
static int64_t left_of(const grids *g, int64_t slice)
{
    return slice % g->columns * g->column_step;
}

static int64_t top_of(const grids *g, int64_t slice)
{
    return slice / g->columns * g->row_step + (g->row_step - g->extent[1]);
}

/* A box of tokens [from, to) of dimensions 1 and 2 in a slice; cut off at the layout's end. */
static void print_box(const grids *g, int64_t slice, const int64_t from[2], const int64_t size[2],
                      tb_buffer *out)
{
    int64_t left = left_of(g, slice), top = top_of(g, slice);
    tb_buffer_printf(out, "%lld\t%lld\t%lld\t%lld\n", (long long)(left + from[1]),
                     (long long)(left + tb_min(from[1] + size[1], g->extent[2])),
                     (long long)(top + from[0]),
                     (long long)(top + tb_min(from[0] + size[0], g->extent[1])));
}

static void print_slice(const grids *g, const tb_tile_window *window, int64_t slice,
                        const tb_tile_window_files *files)
{
    int64_t kv = slice * window->slice_step, first = kv * g->kv_size[0];
    int64_t end = tb_min(first + g->kv_size[0], g->extent[0]);
    int64_t q_first = window->q_tile[0] * g->q_size[0], q_end = q_first + g->q_size[0];
    const int64_t none[2] = {0, 0},
                  at[2] = {window->q_tile[1] * g->q_size[1], window->q_tile[2] * g->q_size[2]};
    print_box(g, slice, none, &g->extent[1], files->frames);
    if (first < q_end && end > q_first) { /* the query tile reaches into this slice */
        print_box(g, slice, at, &g->q_size[1], files->query);
    }
    if (window->slices > 1) {
        tb_buffer_printf(files->labels, "%lld\t%lld\t", (long long)left_of(g, slice),
                         (long long)top_of(g, slice));
        if (end - first > 1) {
            tb_buffer_printf(files->labels, "%lld-%lld\n", (long long)first, (long long)end - 1);
        } else {
            tb_buffer_printf(files->labels, "%lld\n", (long long)first);
        }
    }
}

static void print_tiles(const grids *g, const tb_tile_row *row, const tb_tile_window_files *files,
                        tb_tile_window *window)
{
    int64_t plane = g->kv[1] * g->kv[2];
    for (int64_t slice = 0; slice < window->slices; slice++) {
        print_slice(g, window, slice, files);
        for (int64_t i = 0; i < plane; i++) {
            int64_t k = slice * window->slice_step * plane + i;
            const int64_t at[2] = {i / g->kv[2] * g->kv_size[1], i % g->kv[2] * g->kv_size[2]};
            bool full = tb_bits_get(row->full, k);
            if (tb_bits_get(row->visited, k)) {
                print_box(g, slice, at, &g->kv_size[1], full ? files->full : files->partial);
                window->full += full;
                window->partial += !full;
            }
        }
    }
}

tb_status tb_tile_window_draw(const tb_prediction *prediction, const tb_tile_window_files *files,
                              tb_tile_window *out, tb_error *err)
{
    tb_tile_view *view = NULL;
    tb_tile_window window = {0};
    tb_status status = tb_tile_view_create(&prediction->problem, &prediction->pattern,
                                           &prediction->tiling, &view, err);
    if (status != TB_OK) {
        return status;
    }
    tb_tile_scratch *scratch = tb_tile_scratch_create(view);
    if (scratch == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory for a window");
    } else {
        grids g = grids_of(prediction, &window);
        int64_t q = (window.q_tile[0] * g.q[1] + window.q_tile[1]) * g.q[2] + window.q_tile[2];
        tb_tile_row row = tb_tile_view_row(view, q, scratch);
        print_tiles(&g, &row, files, &window);
        *out = window;
    }
    tb_tile_scratch_destroy(scratch);
    tb_tile_view_destroy(view);
    return status;
}
