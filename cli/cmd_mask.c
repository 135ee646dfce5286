/* tilebound mask: draw a pattern in the terminal, or export its tile lists. */
#include "block_mask.h"
#include "case_options.h"
#include "commands.h"
#include "kernel.h"
#include "mask_picture.h"
#include "mechanism_options.h"
#include "output.h"
#include "predict_view.h"
#include "terminal.h"
#include "tile_choice.h"
#include "version.h"

#include <stddef.h>
#include <string.h>

typedef enum mask_show { SHOW_TILES, SHOW_TOKENS, SHOW_WINDOW } mask_show;

static const char *const show_names[] = {"tiles", "tokens", "window"};

typedef struct mask_args {
    tb_case_args item;
    tb_output_args output;
    tb_arg_choice show;
    tb_arg_list query, slice;
    tb_arg_int width, height;
    bool ascii;
    const char *export_path;
    const char *mechanism, *stage;
    tb_arg_texts set;
    tb_arg_int seed;
} mask_args;

#define AT(field) offsetof(mask_args, field)

#define MAX_CELLS 4096 /* of a picture in either direction */

static const tb_option what_options[] = {
    {"show", '\0', TB_OPTION_CHOICE, NULL, "the tile map (default), the token map, one window",
     AT(show), 0, 0, show_names, 3},
    {"query", 'q', TB_OPTION_LIST, "4,10,20", "whose window to show (default: the middle)",
     AT(query), 0, INT64_MAX, NULL, 0},
    {"slice", '\0', TB_OPTION_LIST, "N", "coordinates before the last two (default: the query's)",
     AT(slice), 0, INT64_MAX, NULL, 0},
    {"ascii", '\0', TB_OPTION_FLAG, NULL, "ASCII characters only", AT(ascii), 0, 0, NULL, 0},
    {"width", '\0', TB_OPTION_INT, "N", "at most N columns (default: the terminal's)", AT(width), 1,
     MAX_CELLS, NULL, 0},
    {"height", '\0', TB_OPTION_INT, "N", "at most N rows (default: as fits the picture)",
     AT(height), 1, MAX_CELLS, NULL, 0},
    {"mechanism", '\0', TB_OPTION_TEXT, "NAME",
     "the pattern of a whole method's attention, by name or YAML file", AT(mechanism), 0, 0, NULL,
     0},
    {"stage", '\0', TB_OPTION_TEXT, "NAME",
     "which stage of the mechanism (default: the first of attention)", AT(stage), 0, 0, NULL, 0},
    {"set", '\0', TB_OPTION_TEXTS, "NAME=NUMBER",
     "change a parameter of the mechanism; may be repeated", AT(set), 0, 0, NULL, 0},
    {"seed", '\0', TB_OPTION_INT, "N",
     "which instance of a mechanism's random patterns (default 0)", AT(seed), 0, INT64_MAX, NULL,
     0},
    {"export", '\0', TB_OPTION_TEXT, "PATH",
     "write tile lists instead: PATH.json, or a folder of .npy", AT(export_path), 0, 0, NULL, 0},
};

/* What the command draws, filled in. */
typedef struct mask_request {
    tb_case item;
    tb_tiling tiling;
    mask_show show;
    int64_t query[TB_MAX_RANK], slice[TB_MAX_RANK];
    int64_t width, height;
    bool ascii;
} mask_request;

static tb_status fill_coordinates(const mask_args *args, mask_request *request, tb_error *err)
{
    const tb_layout *layout = &request->item.problem.layout;
    int planes = layout->rank > 2 ? layout->rank - 2 : 0;
    for (int d = 0; d < layout->rank; d++) {
        request->query[d] = args->query.count > 0 ? args->query.values[d] : layout->extent[d] / 2;
        request->slice[d] = args->slice.count > 0 ? args->slice.values[d] : request->query[d];
    }
    if (args->query.count > 0 && (int)args->query.count != layout->rank) {
        return tb_fail(err, TB_EINVAL,
                       "--query has %zu %s for a layout of %d %s; give one a dimension",
                       args->query.count, args->query.count == 1 ? "entry" : "entries",
                       layout->rank, layout->rank == 1 ? "dimension" : "dimensions");
    }
    if (args->slice.count > 0 && (int)args->slice.count != planes) {
        return tb_fail(err, TB_EINVAL, "--slice has %zu %s; a layout of %d %s needs %d",
                       args->slice.count, args->slice.count == 1 ? "entry" : "entries",
                       layout->rank, layout->rank == 1 ? "dimension" : "dimensions", planes);
    }
    if ((args->query.count > 0 || args->slice.count > 0) && request->show != SHOW_WINDOW) {
        return tb_fail(err, TB_EINVAL, "--query and --slice choose a window; leave --show %s out",
                       show_names[request->show]);
    }
    return TB_OK;
}

/* The case of a mechanism's attention stage: the named one, or the first. */
static tb_status take_stage(const mask_args *args, tb_mechanism_result *result,
                            mask_request *request, tb_error *err)
{
    for (size_t i = 0; i < result->stage_count; i++) {
        tb_stage_result *stage = &result->stages[i];
        bool is_wanted = args->stage == NULL || strcmp(args->stage, stage->name) == 0;
        if (is_wanted && stage->has_census && strcmp(stage->kind, "attention") == 0) {
            request->item = stage->item; /* owned from here on */
            request->tiling = stage->tiling;
            stage->has_census = false;
            return TB_OK;
        }
    }
    return args->stage != NULL
               ? tb_fail(err, TB_EINVAL,
                         "'%s' is no attention stage of mechanism %s; 'tilebound list mechanisms "
                         "%s' shows its stages",
                         args->stage, args->mechanism, args->mechanism)
               : tb_fail(err, TB_EINVAL, "mechanism %s has no attention stage to draw",
                         args->mechanism);
}

static tb_status fill_from_mechanism(const mask_args *args, mask_request *request, tb_error *err)
{
    tb_mechanism_ask ask;
    tb_mechanism_result result = {0};
    tb_status status =
        tb_mechanism_ask_of(args->mechanism, &args->item, NULL, &args->set, &args->seed, &ask, err);
    if (status == TB_OK) {
        status = tb_mechanism_ask_run(&ask, &result, err);
    }
    if (status == TB_OK) {
        status = take_stage(args, &result, request, err);
    }
    tb_mechanism_result_release(&result);
    tb_mechanism_ask_release(&ask);
    return status;
}

static tb_status fill_case(const mask_args *args, const tb_kernel *kernel, mask_request *request,
                           tb_error *err)
{
    if (args->mechanism != NULL) {
        return fill_from_mechanism(args, request, err);
    }
    if (args->stage != NULL || args->set.count > 0 || args->seed.given) {
        return tb_fail(err, TB_EINVAL,
                       "--stage, --set and --seed belong to a mechanism; give --mechanism");
    }
    tb_status status = tb_case_apply(&args->item, &request->item, err);
    return status == TB_OK ? tb_tiling_resolve(&request->item, kernel, &request->tiling, err)
                           : status;
}

static tb_status fill_request(const mask_args *args, const tb_kernel *kernel, mask_request *request,
                              tb_error *err)
{
    tb_status status = fill_case(args, kernel, request, err);
    if (status != TB_OK) {
        return status;
    }
    bool has_query = args->query.count > 0 || args->slice.count > 0;
    request->show = args->show.given ? (mask_show)args->show.index
                    : has_query      ? SHOW_WINDOW
                                     : SHOW_TILES;
    request->ascii = args->ascii;
    request->width = args->width.given ? args->width.value : tb_terminal_columns();
    /* maps are square, and a character twice as high as wide; windows are as high as the layout */
    request->height = args->height.given             ? args->height.value
                      : request->show == SHOW_WINDOW ? MAX_CELLS
                                                     : (request->width + 1) / 2;
    return fill_coordinates(args, request, err);
}

static tb_status draw(const mask_request *request, tb_mask_picture *picture, tb_error *err)
{
    const tb_problem *problem = &request->item.problem;
    const tb_pattern *pattern = &request->item.pattern;
    switch (request->show) {
    case SHOW_TOKENS:
        return tb_mask_picture_tokens(problem, pattern, request->height, request->width, picture,
                                      err);
    case SHOW_WINDOW:
        return tb_mask_picture_window(problem, pattern, request->query, request->slice,
                                      request->height, request->width, picture, err);
    default:
        return tb_mask_picture_tiles(problem, pattern, &request->tiling, request->height,
                                     request->width, picture, err);
    }
}

/* What rows and columns are. */
static void print_title(const mask_request *request, const tb_mask_picture *picture, tb_buffer *out)
{
    const tb_layout *layout = &request->item.problem.layout;
    int rank = layout->rank;
    char pattern[256], dims[96], q[96], kv[96];
    tb_buffer_printf(out, "%s over %s\n", tb_view_pattern(&request->item.pattern, rank, pattern),
                     tb_view_dims(layout->extent, rank, dims));
    if (request->show == SHOW_WINDOW) {
        tb_buffer_printf(out, "window of query %s", tb_view_dims(request->query, rank, dims));
        if (rank > 2) {
            tb_buffer_printf(out, ", slice %s", tb_view_dims(request->slice, rank - 2, dims));
        }
        tb_buffer_printf(out, ": %lld x %lld tokens", (long long)picture->all_rows,
                         (long long)picture->all_cols);
    } else if (request->show == SHOW_TOKENS) {
        tb_buffer_printf(out, "%lld queries (down) x %lld keys (across)",
                         (long long)picture->all_rows, (long long)picture->all_cols);
    } else {
        int count = tb_tiling_dims(&request->tiling, layout);
        tb_buffer_printf(
            out, "%lld query tiles of %s (down) x %lld KV tiles of %s (across)",
            (long long)picture->all_rows, tb_view_dims(request->tiling.q_tile, count, q),
            (long long)picture->all_cols, tb_view_dims(request->tiling.kv_tile, count, kv));
    }
    if (picture->cell_rows > 1 || picture->cell_cols > 1) {
        tb_buffer_printf(out, "; a character stands for %lld x %lld", (long long)picture->cell_rows,
                         (long long)picture->cell_cols);
    }
    tb_buffer_text(out, "\n\n");
}

static void print_legend(const mask_request *request, tb_buffer *out)
{
    bool ascii = request->ascii, is_window = request->show == SHOW_WINDOW;
    bool is_tiles = request->show == SHOW_TILES;
    tb_buffer_printf(out, "\n%s %s  %s %s  %s %s", tb_cell_glyph(TB_CELL_FULL, ascii),
                     is_tiles ? "full" : "visible", tb_cell_glyph(TB_CELL_PARTIAL, ascii),
                     is_tiles ? "partial" : "some of them visible",
                     tb_cell_glyph(TB_CELL_EMPTY, ascii), is_tiles ? "empty" : "masked");
    if (is_window) {
        tb_buffer_printf(out, "  %s the query", tb_cell_glyph(TB_CELL_QUERY, ascii));
    }
    tb_buffer_text(out, "\n");
}

static tb_document *picture_document(const mask_request *request, const tb_mask_picture *picture,
                                     bool by_cell)
{
    tb_document *doc = tb_document_create("mask", TB_VERSION);
    tb_document_text(doc, "show", show_names[request->show]);
    tb_document_int(doc, "rows", picture->all_rows);
    tb_document_int(doc, "cols", picture->all_cols);
    tb_document_int(doc, "cell_rows", picture->cell_rows);
    tb_document_int(doc, "cell_cols", picture->cell_cols);
    tb_document_open_array(doc, by_cell ? "cells" : "lines");
    for (int64_t r = 0; r < picture->rows; r++) {
        tb_buffer line = {0};
        for (int64_t c = 0; c < picture->cols; c++) {
            tb_cell cell = (tb_cell)picture->cells[r * picture->cols + c];
            tb_buffer_text(&line, tb_cell_glyph(cell, true));
            if (by_cell) {
                tb_document_open_object(doc, NULL);
                tb_document_int(doc, "row", r * picture->cell_rows);
                tb_document_int(doc, "col", c * picture->cell_cols);
                tb_document_text(doc, "state", tb_cell_names[cell]);
                tb_document_close(doc);
            }
        }
        if (!by_cell) {
            tb_document_text(doc, NULL, line.data);
        }
        tb_buffer_free(&line);
    }
    tb_document_close(doc);
    return doc;
}

static tb_status draw_and_print(const mask_args *args, const mask_request *request, tb_error *err)
{
    tb_mask_picture picture = {0};
    tb_status status = draw(request, &picture, err);
    if (status != TB_OK) {
        return status;
    }
    tb_format format = tb_output_format(&args->output);
    if (format == TB_FORMAT_TABLE) {
        tb_buffer text = {0};
        print_title(request, &picture, &text);
        tb_mask_picture_print(&picture, request->ascii, &text);
        print_legend(request, &text);
        status = tb_output_text(&args->output, &text, err);
    } else {
        bool by_cell = format == TB_FORMAT_CSV;
        tb_document *doc = picture_document(request, &picture, by_cell);
        status = tb_output_document(&args->output, doc, "cells", err);
    }
    tb_mask_picture_free(&picture);
    return status;
}

static tb_status export_lists(const mask_args *args, const mask_request *request, tb_error *err)
{
    const char *path = args->export_path;
    size_t length = strlen(path);
    const tb_case *item = &request->item;
    bool draws = args->show.given || args->ascii || args->width.given || args->height.given ||
                 args->query.count > 0 || args->slice.count > 0;
    if (args->output.path != NULL || args->output.format.given || draws) {
        return tb_fail(err, TB_EINVAL,
                       "--export writes its own form; leave out --format, --output "
                       "and --show");
    }
    if (length < 5 || strcmp(path + length - 5, ".json") != 0) {
        return tb_block_mask_write_npy(&item->problem, &item->pattern, &request->tiling, path, err);
    }
    tb_buffer text = {0};
    tb_status status = tb_block_mask_json(&item->problem, &item->pattern, &request->tiling,
                                          TB_VERSION, &text, err);
    if (status != TB_OK) {
        tb_buffer_free(&text);
        return status;
    }
    tb_output_args to = {.path = path};
    return tb_output_text(&to, &text, err);
}

static tb_status run(const void *arguments, const char *const *positional, tb_error *err)
{
    const mask_args *args = arguments;
    (void)positional;
    tb_kernel *kernel = NULL;
    mask_request request = {.item = tb_case_default()};
    tb_status status = TB_OK;
    if (args->item.kernel != NULL) {
        status = tb_kernel_load(args->item.kernel, &kernel, err);
    }
    if (status == TB_OK) {
        status = fill_request(args, kernel, &request, err);
    }
    if (status == TB_OK && args->export_path != NULL) {
        status = export_lists(args, &request, err);
    } else if (status == TB_OK) {
        status = draw_and_print(args, &request, err);
    }
    tb_case_release(&request.item);
    tb_kernel_destroy(kernel);
    return status;
}

static const tb_option_group groups[] = {
    {"What to draw", what_options, sizeof what_options / sizeof *what_options, 0},
    TB_CASE_OPTION_GROUPS(AT(item)),
    {"Output", tb_output_options, TB_OUTPUT_OPTION_COUNT, AT(output)},
};

static const tb_example examples[] = {
    {"tilebound mask -i 1024 -w 256 --q-tile 32 --kv-tile 32", "the tile map of a sliding window"},
    {"tilebound mask -i 16 -w 5 -s 2 --show tokens --ascii", "every query and key of a small one"},
    {"tilebound mask -i 30x48x80 -w 18x24x24 --query 4,10,20 --slice 12",
     "one query's window, one slice of a video"},
    {"tilebound mask --mechanism minference -i 16384 --width 64",
     "the tiles that a whole method's attention visits"},
    {"tilebound mask -i 64x64 -w 24x24 --q-tile 8x8 --kv-tile 8x8 --export lists",
     "tile lists for FlexAttention's BlockMask"},
};

const tb_command tb_cmd_mask = {
    .name = "mask",
    .group = "ask",
    .summary = "draw a pattern in the terminal, as tiles, tokens or one window",
    .description =
        "Draws which KV tiles each query tile visits, which keys each query sees, or what\n"
        "one query sees of the layout. --export writes the tile lists that a kernel takes.",
    .groups = groups,
    .group_count = sizeof groups / sizeof *groups,
    .examples = examples,
    .example_count = sizeof examples / sizeof *examples,
    .args_size = sizeof(mask_args),
    .run = run,
};
