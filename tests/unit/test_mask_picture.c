/* Pictures against the tiles and rows that they are pictures of, and small ones drawn by hand. */
#include "test_support.h"

#include "checked.h"
#include "mask_picture.h"
#include "sim_case.h"
#include "tile_view.h"

#include <stdlib.h>
#include <string.h>

#define ALL INT64_C(4096) /* more cells than any picture here has */

static tb_cell cell_at(const tb_mask_picture *picture, int64_t row, int64_t col)
{
    return (tb_cell)picture->cells[row * picture->cols + col];
}

/* What a cell must show of a map whose entries are 0 (empty), 1 (seen) and 2 (full). */
static tb_cell merged(const unsigned char *map, int64_t rows, int64_t cols,
                      const tb_mask_picture *picture, int64_t r, int64_t c)
{
    bool any = false, all = true;
    for (int64_t y = r * picture->cell_rows; y < tb_min(rows, (r + 1) * picture->cell_rows); y++) {
        for (int64_t x = c * picture->cell_cols; x < tb_min(cols, (c + 1) * picture->cell_cols);
             x++) {
            any = any || map[y * cols + x] > 0;
            all = all && map[y * cols + x] == 2;
        }
    }
    return all ? TB_CELL_FULL : any ? TB_CELL_PARTIAL : TB_CELL_EMPTY;
}

static void assert_picture(const tb_mask_picture *picture, const unsigned char *map, int64_t rows,
                           int64_t cols, int64_t max_rows, int64_t max_cols)
{
    assert_int_equal(picture->all_rows, rows);
    assert_int_equal(picture->all_cols, cols);
    assert_true(picture->rows <= max_rows && picture->cols <= max_cols);
    assert_int_equal(picture->rows, tb_ceil_div(rows, picture->cell_rows));
    assert_int_equal(picture->cols, tb_ceil_div(cols, picture->cell_cols));
    assert_true(rows > max_rows || picture->cell_rows == 1); /* scaled only where it must be */
    assert_true(cols > max_cols || picture->cell_cols == 1);
    for (int64_t r = 0; r < picture->rows; r++) {
        for (int64_t c = 0; c < picture->cols; c++) {
            assert_int_equal(cell_at(picture, r, c), merged(map, rows, cols, picture, r, c));
        }
    }
}

/* The map of a case's tiles from its tile view. */
static unsigned char *tile_map(const tb_sim_case *c, int64_t *rows, int64_t *cols)
{
    tb_tile_view *view = NULL;
    tb_error err;
    tb_assert_ok(tb_tile_view_create(&c->problem, &c->pattern, &c->tiling, &view, &err), &err);
    tb_tile_scratch *scratch = tb_tile_scratch_create(view);
    assert_non_null(scratch);
    *rows = tb_tile_view_q_tiles(view);
    *cols = tb_tile_view_kv_tiles(view);
    unsigned char *map = calloc((size_t)*rows, (size_t)*cols);
    assert_non_null(map);
    for (int64_t q = 0; q < *rows; q++) {
        tb_tile_row row = tb_tile_view_row(view, q, scratch);
        for (int64_t k = 0; k < *cols; k++) {
            map[q * *cols + k] =
                (unsigned char)(tb_bits_get(row.visited, k) + tb_bits_get(row.full, k));
        }
    }
    tb_tile_scratch_destroy(scratch);
    tb_tile_view_destroy(view);
    return map;
}

static void check_tiles(gsl_rng *random, const tb_sim_case *c)
{
    int64_t rows, cols;
    unsigned char *map = tile_map(c, &rows, &cols);
    for (int i = 0; i < 3; i++) { /* to scale, then scaled down */
        int64_t max_rows = i == 0 ? ALL : tb_test_between(random, 1, rows);
        int64_t max_cols = i == 0 ? ALL : tb_test_between(random, 1, cols);
        tb_mask_picture picture = {0};
        tb_error err;
        tb_assert_ok(tb_mask_picture_tiles(&c->problem, &c->pattern, &c->tiling, max_rows, max_cols,
                                           &picture, &err),
                     &err);
        assert_picture(&picture, map, rows, cols, max_rows, max_cols);
        tb_mask_picture_free(&picture);
        assert_null(picture.cells);
    }
    free(map);
}

static void mask_picture__tiles_are_those_of_the_tile_view(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int checked = 0;
    for (int i = 0; i < tb_test_cases(600); i++) {
        tb_sim_case c = i % 3 == 0   ? tb_sim_case_rows(random)
                        : i % 3 == 1 ? tb_sim_case_product(random)
                                     : tb_sim_case_thin(random);
        tb_census census;
        tb_error err;
        /* masks that show nothing have no tiles; dynamic KV tiles have no numbers */
        if (c.tiling.kv_tiling == TB_KV_STATIC &&
            tb_census_count(&c.problem, &c.pattern, &c.tiling, NULL, &census, &err) == TB_OK) {
            check_tiles(random, &c);
            checked++;
        }
        tb_sim_case_free(&c);
    }
    print_message("%d cases\n", checked);
    assert_true(checked > tb_test_cases(600) / 4);
    gsl_rng_free(random);
}

static void check_tokens(gsl_rng *random, const tb_sim_case *c)
{
    int64_t n = tb_layout_tokens(&c->problem.layout);
    unsigned char *map = calloc((size_t)n, (size_t)n);
    assert_non_null(map);
    for (int64_t q = 0; q < n; q++) {
        for (int64_t k = 0; k < n; k++) { /* by the oracle's predicate, not by rows */
            map[q * n + k] = tb_oracle_sees(&c->problem, &c->pattern, q, k) ? 2 : 0;
        }
    }
    for (int i = 0; i < 2; i++) {
        int64_t max_rows = i == 0 ? ALL : tb_test_between(random, 1, n);
        int64_t max_cols = i == 0 ? ALL : tb_test_between(random, 1, n);
        tb_mask_picture picture = {0};
        tb_error err;
        tb_assert_ok(
            tb_mask_picture_tokens(&c->problem, &c->pattern, max_rows, max_cols, &picture, &err),
            &err);
        assert_picture(&picture, map, n, n, max_rows, max_cols);
        tb_mask_picture_free(&picture);
    }
    free(map);
}

static void mask_picture__tokens_are_what_a_query_sees(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int checked = 0;
    for (int i = 0; i < tb_test_cases(150); i++) {
        tb_sim_case c = tb_sim_case_rows(random);
        tb_error err;
        if (tb_pattern_check(&c.pattern, &c.problem.layout, &err) == TB_OK) {
            check_tokens(random, &c);
            checked++;
        }
        tb_sim_case_free(&c);
    }
    print_message("%d cases\n", checked);
    assert_true(checked > 0);
    gsl_rng_free(random);
}

/* Coordinates of a token. */
static void coordinates(const tb_layout *layout, int64_t token, int64_t *at)
{
    for (int d = layout->rank - 1; d >= 0; d--) {
        at[d] = token % layout->extent[d];
        token /= layout->extent[d];
    }
}

/* One plane of what a query sees: rows x cols tokens from token `first`, cut off at `end`. */
static void check_window(const tb_sim_case *c, int64_t query, int64_t max_cols)
{
    const tb_layout *layout = &c->problem.layout;
    int64_t at[TB_MAX_RANK] = {0}, slice[TB_MAX_RANK] = {0};
    int64_t n = tb_layout_tokens(layout), first = 0;
    coordinates(layout, query, at);
    int64_t cols = layout->extent[layout->rank - 1];
    int64_t rows = layout->rank > 1 ? layout->extent[layout->rank - 2] : 1;
    for (int d = 0; d < layout->rank - 2; d++) { /* the slice after the query's */
        slice[d] = (at[d] + 1) % layout->extent[d];
        first = first * layout->extent[d] + slice[d];
    }
    first *= rows * cols;
    if (layout->rank == 1) { /* lines of max_cols tokens */
        cols = tb_min(cols, max_cols);
        rows = tb_ceil_div(n, cols);
    }
    tb_mask_picture picture = {0};
    tb_error err;
    tb_assert_ok(
        tb_mask_picture_window(&c->problem, &c->pattern, at, slice, ALL, max_cols, &picture, &err),
        &err);
    assert_int_equal(picture.all_rows, rows);
    assert_int_equal(picture.all_cols, cols);
    for (int64_t r = 0; picture.cell_cols == 1 && r < rows; r++) {
        for (int64_t x = 0; x < cols; x++) {
            int64_t key = first + r * cols + x;
            tb_cell want = key >= n                                               ? TB_CELL_OUTSIDE
                           : key == query                                         ? TB_CELL_QUERY
                           : tb_oracle_sees(&c->problem, &c->pattern, query, key) ? TB_CELL_FULL
                                                                                  : TB_CELL_EMPTY;
            assert_int_equal(cell_at(&picture, r, x), want);
        }
    }
    tb_mask_picture_free(&picture);
}

static void mask_picture__windows_are_planes_of_the_layout(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    for (int i = 0; i < tb_test_cases(300); i++) {
        tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
        c.problem.layout = tb_sim_case_layout(random, 1 + i % 4, 600);
        tb_sim_case_gna(random, &c.problem.layout, &c.pattern);
        tb_pattern_resolve(&c.pattern, &c.problem.layout);
        int64_t query = tb_test_between(random, 0, tb_layout_tokens(&c.problem.layout) - 1);
        check_window(&c, query, i % 2 == 0 ? ALL : tb_test_between(random, 1, 40));
    }
    gsl_rng_free(random);
}

static char *drawn(const tb_mask_picture *picture, bool ascii)
{
    tb_buffer out = {0};
    tb_error err;
    tb_mask_picture_print(picture, ascii, &out);
    tb_assert_ok(tb_buffer_check(&out, &err), &err);
    return out.data;
}

/* 72 tokens, windows of 18 shifted at the ends, tiles of 8: tile q sees keys 8q - 9 to 8q + 15 */
static void mask_picture__a_sliding_window_by_hand(void **state)
{
    (void)state;
    tb_problem problem = tb_problem_default();
    problem.layout = (tb_layout){.rank = 1, .extent = {72}};
    tb_pattern pattern = tb_pattern_default();
    pattern.kind = TB_PATTERN_GNA;
    pattern.window[0] = 18;
    tb_tiling tiling = {.q_tile = {8}, .kv_tile = {8}};
    tb_mask_picture picture = {0};
    tb_error err;
    tb_assert_ok(tb_mask_picture_tiles(&problem, &pattern, &tiling, ALL, ALL, &picture, &err),
                 &err);
    char *text = drawn(&picture, true);
    assert_string_equal(text, "##+......\n" /* query 7 still sees [0, 18) */
                              "+#+......\n" /* 15 sees [6, 24): key 0 to 5 are gone */
                              "++#+.....\n" /* 16 sees [7, 25), 23 [14, 32) */
                              ".++#+....\n"
                              "..++#+...\n"
                              "...++#+..\n"
                              "....++#+.\n"
                              ".....++#+\n"
                              "......+##\n");
    free(text);
    tb_mask_picture_free(&picture);
}

static void mask_picture__glyphs_have_names(void **state)
{
    (void)state;
    unsigned char cells[] = {TB_CELL_EMPTY, TB_CELL_PARTIAL, TB_CELL_FULL,
                             TB_CELL_QUERY, TB_CELL_OUTSIDE, TB_CELL_FULL};
    tb_mask_picture picture = {.rows = 2, .cols = 3, .cells = cells};
    char *text = drawn(&picture, true);
    assert_string_equal(text, ".+#\nQ #\n");
    free(text);
    text = drawn(&picture, false);
    assert_string_equal(text, "\xc2\xb7\xe2\x96\x92\xe2\x96\x88\nQ \xe2\x96\x88\n"); /* · ▒ █ */
    free(text);
    static const char *const names[] = {"empty", "partial", "full", "query", "outside"};
    for (int i = 0; i < TB_CELL_COUNT; i++) {
        assert_string_equal(tb_cell_names[i], names[i]);
    }
}

static void mask_picture__what_cannot_be_drawn_is_refused(void **state)
{
    (void)state;
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.layout = (tb_layout){.rank = 3, .extent = {6, 8, 10}};
    c.pattern.kind = TB_PATTERN_GNA;
    tb_pattern_resolve(&c.pattern, &c.problem.layout);
    c.tiling = (tb_tiling){.kv_tiling = TB_KV_DYNAMIC, .q_tile = {2, 2, 2}, .kv_tile = {2, 2, 2}};
    tb_mask_picture picture = {0};
    tb_error err;
    tb_assert_fails(
        tb_mask_picture_tiles(&c.problem, &c.pattern, &c.tiling, ALL, ALL, &picture, &err), &err,
        TB_EINVAL, "dynamic KV tiles have no numbers to list; use static ones");
    const int64_t inside[] = {5, 7, 9}, outside[] = {5, 8, 9}, beyond[] = {6};
    tb_assert_fails(
        tb_mask_picture_window(&c.problem, &c.pattern, outside, inside, ALL, ALL, &picture, &err),
        &err, TB_EINVAL, "the query is outside the layout");
    tb_assert_fails(
        tb_mask_picture_window(&c.problem, &c.pattern, inside, beyond, ALL, ALL, &picture, &err),
        &err, TB_EINVAL, "the slice is outside the layout");
    c.pattern.window[1] = 9;
    tb_assert_fails(tb_mask_picture_tokens(&c.problem, &c.pattern, ALL, ALL, &picture, &err), &err,
                    TB_EINVAL, "window 9");
    assert_null(picture.cells); /* nothing was written */
}

TB_TESTS(cmocka_unit_test(mask_picture__tiles_are_those_of_the_tile_view),
         cmocka_unit_test(mask_picture__tokens_are_what_a_query_sees),
         cmocka_unit_test(mask_picture__windows_are_planes_of_the_layout),
         cmocka_unit_test(mask_picture__a_sliding_window_by_hand),
         cmocka_unit_test(mask_picture__glyphs_have_names),
         cmocka_unit_test(mask_picture__what_cannot_be_drawn_is_refused));
