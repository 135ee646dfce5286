#include "mask_picture.h"

#include "checked.h"
#include "tile_view.h"

#include <stdlib.h>
#include <string.h>

const char *const tb_cell_names[TB_CELL_COUNT] = {"empty", "partial", "full", "query", "outside"};

const char *tb_cell_glyph(tb_cell cell, bool ascii)
{
    static const char *const blocks[TB_CELL_COUNT] = {"·", "▒", "█", "Q", " "};
    static const char *const letters[TB_CELL_COUNT] = {".", "+", "#", "Q", " "};
    return ascii ? letters[cell] : blocks[cell];
}

void tb_mask_picture_free(tb_mask_picture *picture)
{
    free(picture->cells);
    *picture = (tb_mask_picture){0};
}

/* An empty picture of a map, scaled down to fit. */
static tb_status begin_picture(int64_t all_rows, int64_t all_cols, int64_t max_rows,
                               int64_t max_cols, tb_mask_picture *out, tb_error *err)
{
    tb_mask_picture picture = {
        .all_rows = all_rows,
        .all_cols = all_cols,
        .cell_rows = tb_ceil_div(all_rows, max_rows),
        .cell_cols = tb_ceil_div(all_cols, max_cols),
    };
    picture.rows = tb_ceil_div(all_rows, picture.cell_rows);
    picture.cols = tb_ceil_div(all_cols, picture.cell_cols);
    picture.cells = calloc((size_t)picture.rows, (size_t)picture.cols);
    if (picture.cells == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a picture of %lld x %lld cells",
                       (long long)picture.rows, (long long)picture.cols);
    }
    *out = picture;
    return TB_OK;
}

/* Merge `seen` of `size` entries, all of them full or not, into a cell. A cell starts empty; the
 * first row of a cell decides, the others can only make it partial. */
static void merge_cell(unsigned char *cell, bool is_first, int64_t seen, int64_t full, int64_t size)
{
    tb_cell now = seen == 0 ? TB_CELL_EMPTY : full == size ? TB_CELL_FULL : TB_CELL_PARTIAL;
    if (is_first) {
        *cell = (unsigned char)now;
    } else if (*cell != (unsigned char)now) {
        *cell = TB_CELL_PARTIAL;
    }
}

/* Add one row of the map, given as bits. */
static void add_row(tb_mask_picture *picture, int64_t row, const uint64_t *seen,
                    const uint64_t *full)
{
    unsigned char *cells = picture->cells + row / picture->cell_rows * picture->cols;
    for (int64_t c = 0; c < picture->cols; c++) {
        int64_t begin = c * picture->cell_cols;
        int64_t end = tb_min(begin + picture->cell_cols, picture->all_cols);
        merge_cell(&cells[c], row % picture->cell_rows == 0, tb_bits_count(seen, begin, end),
                   tb_bits_count(full, begin, end), end - begin);
    }
}

tb_status tb_mask_picture_tiles(const tb_problem *problem, const tb_pattern *pattern,
                                const tb_tiling *tiling, int64_t max_rows, int64_t max_cols,
                                tb_mask_picture *out, tb_error *err)
{
    tb_tile_view *view = NULL;
    tb_status status = tb_tile_view_create(problem, pattern, tiling, &view, err);
    if (status != TB_OK) {
        return status;
    }
    tb_mask_picture picture = {0};
    tb_tile_scratch *scratch = tb_tile_scratch_create(view);
    status = scratch == NULL
                 ? tb_fail(err, TB_ENOMEM, "no memory for a picture")
                 : begin_picture(tb_tile_view_q_tiles(view), tb_tile_view_kv_tiles(view), max_rows,
                                 max_cols, &picture, err);
    for (int64_t q = 0; status == TB_OK && q < picture.all_rows; q++) {
        tb_tile_row row = tb_tile_view_row(view, q, scratch);
        add_row(&picture, q, row.visited, row.full);
    }
    tb_tile_scratch_destroy(scratch);
    tb_tile_view_destroy(view);
    if (status == TB_OK) {
        *out = picture;
    }
    return status;
}

static void mark_interval(int64_t begin, int64_t end, void *user)
{
    tb_bits_set_range(user, begin, end);
}

tb_status tb_mask_picture_tokens(const tb_problem *problem, const tb_pattern *pattern,
                                 int64_t max_rows, int64_t max_cols, tb_mask_picture *out,
                                 tb_error *err)
{
    tb_status status = tb_problem_check(problem, err);
    if (status == TB_OK) {
        status = tb_pattern_check(pattern, &problem->layout, err);
    }
    if (status != TB_OK) {
        return status;
    }
    int64_t n = tb_layout_tokens(&problem->layout);
    size_t bytes = (size_t)tb_bits_words(n) * sizeof(uint64_t);
    uint64_t *bits = malloc(bytes);
    tb_mask_picture picture = {0};
    status = bits == NULL ? tb_fail(err, TB_ENOMEM, "no memory for a picture")
                          : begin_picture(n, n, max_rows, max_cols, &picture, err);
    for (int64_t q = 0; status == TB_OK && q < n; q++) {
        memset(bits, 0, bytes);
        tb_pattern_row(pattern, &problem->layout, q, mark_interval, bits);
        add_row(&picture, q, bits, bits);
    }
    free(bits);
    if (status == TB_OK) {
        *out = picture;
    }
    return status;
}

/* Flattened token number of coordinates; -1 when they are outside the layout. */
static int64_t token_of(const tb_layout *layout, const int64_t *at)
{
    int64_t token = 0;
    for (int d = 0; d < layout->rank; d++) {
        if (at[d] < 0 || at[d] >= layout->extent[d]) {
            return -1;
        }
        token = token * layout->extent[d] + at[d];
    }
    return token;
}

/* The plane that a window picture shows: `rows` lines of `cols` tokens from token `first`. */
typedef struct plane {
    int64_t first, rows, cols;
    int64_t tokens; /* of it; a rank-1 layout may end within a line */
} plane;

static tb_status find_plane(const tb_layout *layout, const int64_t *slice, int64_t max_cols,
                            plane *out, tb_error *err)
{
    if (layout->rank == 1) {
        int64_t n = layout->extent[0], cols = tb_min(n, max_cols);
        *out = (plane){.rows = tb_ceil_div(n, cols), .cols = cols, .tokens = n};
        return TB_OK;
    }
    int64_t at[TB_MAX_RANK] = {0};
    for (int d = 0; d < layout->rank - 2; d++) {
        at[d] = slice[d];
    }
    int64_t first = token_of(layout, at);
    if (first < 0) {
        return tb_fail(err, TB_EINVAL,
                       "the slice is outside the layout; its coordinates count from 0");
    }
    int64_t rows = layout->extent[layout->rank - 2], cols = layout->extent[layout->rank - 1];
    *out = (plane){.first = first, .rows = rows, .cols = cols, .tokens = rows * cols};
    return TB_OK;
}

/* Copy line r of the plane out of the layout's bits. */
static void copy_line(const plane *shown, int64_t r, const uint64_t *bits, uint64_t *line)
{
    int64_t end = tb_min(shown->cols, shown->tokens - r * shown->cols);
    memset(line, 0, (size_t)tb_bits_words(shown->cols) * sizeof *line);
    for (int64_t c = 0; c < end; c++) {
        if (tb_bits_get(bits, shown->first + r * shown->cols + c)) {
            tb_bits_set(line, c);
        }
    }
}

static void mark_query(tb_mask_picture *picture, const plane *shown, int64_t query)
{
    int64_t at = query - shown->first;
    if (at >= 0 && at < shown->tokens) {
        int64_t row = at / shown->cols / picture->cell_rows;
        int64_t col = at % shown->cols / picture->cell_cols;
        picture->cells[row * picture->cols + col] = TB_CELL_QUERY;
    }
    for (int64_t past = shown->tokens; past < shown->rows * shown->cols; past++) {
        picture->cells[(shown->rows - 1) * picture->cols + past % shown->cols] = TB_CELL_OUTSIDE;
    }
}

tb_status tb_mask_picture_window(const tb_problem *problem, const tb_pattern *pattern,
                                 const int64_t *query, const int64_t *slice, int64_t max_rows,
                                 int64_t max_cols, tb_mask_picture *out, tb_error *err)
{
    const tb_layout *layout = &problem->layout;
    plane shown = {0};
    tb_status status = tb_problem_check(problem, err);
    if (status == TB_OK) {
        status = tb_pattern_check(pattern, layout, err);
    }
    int64_t token = status == TB_OK ? token_of(layout, query) : 0;
    if (status == TB_OK && token < 0) {
        status = tb_fail(err, TB_EINVAL,
                         "the query is outside the layout; its coordinates count from 0");
    }
    if (status == TB_OK) {
        status = find_plane(layout, slice, max_cols, &shown, err);
    }
    if (status != TB_OK) {
        return status;
    }
    uint64_t *bits = calloc((size_t)tb_bits_words(tb_layout_tokens(layout)), sizeof *bits);
    uint64_t *line = calloc((size_t)tb_bits_words(shown.cols), sizeof *line);
    tb_mask_picture picture = {0};
    /* lines of a rank-1 layout are not scaled: there would be no telling which tokens are where */
    int64_t rows = layout->rank == 1 ? shown.rows : max_rows;
    status = bits == NULL || line == NULL
                 ? tb_fail(err, TB_ENOMEM, "no memory for a picture")
                 : begin_picture(shown.rows, shown.cols, rows, max_cols, &picture, err);
    if (status == TB_OK) {
        tb_pattern_row(pattern, layout, token, mark_interval, bits);
        for (int64_t r = 0; r < shown.rows; r++) {
            copy_line(&shown, r, bits, line);
            add_row(&picture, r, line, line);
        }
        mark_query(&picture, &shown, token);
        *out = picture;
    }
    free(bits);
    free(line);
    return status;
}

void tb_mask_picture_print(const tb_mask_picture *picture, bool ascii, tb_buffer *out)
{
    for (int64_t r = 0; r < picture->rows; r++) {
        for (int64_t c = 0; c < picture->cols; c++) {
            tb_buffer_text(out,
                           tb_cell_glyph((tb_cell)picture->cells[r * picture->cols + c], ascii));
        }
        tb_buffer_text(out, "\n");
    }
}
