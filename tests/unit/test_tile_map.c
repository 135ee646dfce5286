/* Tile maps and windows of charts, against the census and drawings by hand. */
#include "test_support.h"

#include "tile_map.h"
#include "tile_window.h"

#include <string.h>

static void predict(tb_prediction *out, int rank, const int64_t *extent, const int64_t *window,
                    const int64_t *q_tile, const int64_t *kv_tile)
{
    tb_case item = tb_case_default();
    tb_error err;
    item.problem.layout.rank = rank;
    item.pattern.kind = TB_PATTERN_GNA;
    item.tiling.q_dims = item.tiling.kv_dims = rank;
    for (int d = 0; d < rank; d++) {
        item.problem.layout.extent[d] = extent[d];
        item.pattern.window[d] = window[d];
        item.tiling.q_tile[d] = q_tile[d];
        item.tiling.kv_tile[d] = kv_tile[d];
    }
    tb_assert_ok(tb_predict(&item, NULL, out, &err), &err);
}

static void tile_map__tiles_add_up_to_the_census(void **state)
{
    (void)state;
    static const int64_t extent[] = {30, 48, 72}, window[] = {18, 24, 24}, q[] = {4, 8, 8},
                         kv[] = {2, 8, 8};
    static const int64_t mosts[] = {7, 60, 240, 4096};
    tb_prediction p;
    predict(&p, 3, extent, window, q, kv);
    for (size_t i = 0; i < sizeof mosts / sizeof *mosts; i++) {
        tb_tile_map map;
        tb_error err;
        int64_t visited = 0, full = 0;
        tb_assert_ok(tb_tile_map_count(&p, mosts[i], &map, &err), &err);
        assert_true(map.rows <= mosts[i] && map.cols <= mosts[i]);
        for (int64_t cell = 0; cell < map.rows * map.cols; cell++) {
            visited += map.visited[cell];
            full += map.full[cell];
        }
        assert_int_equal(visited, p.census.visited);
        assert_int_equal(full, p.census.full);
        tb_tile_map_free(&map);
    }
    tb_prediction_release(&p);
}

/* Windows of 5 over 16, query tiles of 4, KV tiles of 2 (tests/cli/mask.cases draws it):
 *   pfp.....  .pppp...  ...pppp.  .....pfp */
static void tile_map__runs_are_rectangles(void **state)
{
    (void)state;
    static const int64_t extent[] = {16}, window[] = {5}, q[] = {4}, kv[] = {2};
    tb_prediction p;
    tb_tile_map map;
    tb_buffer full = {0}, partial = {0};
    tb_error err;
    predict(&p, 1, extent, window, q, kv);
    tb_assert_ok(tb_tile_map_count(&p, 100, &map, &err), &err);
    assert_int_equal(tb_tile_map_print(&map, TB_CELL_FULL, &full), 2);
    assert_string_equal(full.data, "1\t2\t0\t1\n6\t7\t3\t4\n");
    assert_int_equal(tb_tile_map_print(&map, TB_CELL_PARTIAL, &partial), 6);
    assert_string_equal(partial.data, "0\t1\t0\t1\n2\t3\t0\t1\n1\t5\t1\t2\n3\t7\t2\t3\n"
                                      "5\t6\t3\t4\n7\t8\t3\t4\n");
    tb_buffer_free(&full);
    tb_buffer_free(&partial);
    tb_tile_map_free(&map);
    tb_prediction_release(&p);
}

static int64_t lines_of(const tb_buffer *text)
{
    int64_t lines = 0;
    for (size_t i = 0; i < text->length; i++) {
        lines += text->data[i] == '\n';
    }
    return lines;
}

/* 12x12 in tiles of 4x4, windows of 5x5: the tile in the middle (4 to 7) sees 2 to 9 of both, which
 * is a part of all nine KV tiles but the middle one, all of whose keys not every query sees: the
 * query at 4 sees up to 6. */
static void tile_window__of_two_dimensions_lies_where_its_tiles_do(void **state)
{
    (void)state;
    static const int64_t extent[] = {12, 12}, window[] = {5, 5}, tile[] = {4, 4};
    tb_buffer partial = {0}, full = {0}, frames = {0}, query = {0}, labels = {0};
    tb_tile_window_files files = {&partial, &full, &frames, &query, &labels};
    tb_tile_window drawn;
    tb_prediction p;
    tb_error err;
    predict(&p, 2, extent, window, tile, tile);
    assert_true(tb_tile_window_is_drawable(&p));
    tb_assert_ok(tb_tile_window_draw(&p, &files, &drawn, &err), &err);
    assert_int_equal(drawn.partial, 9);
    assert_int_equal(drawn.full, 0);
    assert_int_equal(lines_of(&partial), 9);
    assert_string_equal(frames.data, "0\t12\t0\t12\n");
    assert_string_equal(query.data, "4\t8\t4\t8\n");
    assert_int_equal(labels.length, 0);
    tb_buffer_free(&partial);
    tb_buffer_free(&frames);
    tb_buffer_free(&query);
    tb_prediction_release(&p);
}

static void tile_window__of_three_dimensions_has_all_tiles_of_its_slices(void **state)
{
    (void)state;
    static const int64_t extent[] = {30, 48, 72}, window[] = {18, 24, 24}, q[] = {4, 8, 8},
                         kv[] = {2, 8, 8};
    tb_buffer partial = {0}, full = {0}, frames = {0}, query = {0}, labels = {0};
    tb_tile_window_files files = {&partial, &full, &frames, &query, &labels};
    tb_tile_window drawn;
    tb_prediction p;
    tb_error err;
    predict(&p, 3, extent, window, q, kv);
    tb_assert_ok(tb_tile_window_draw(&p, &files, &drawn, &err), &err);
    assert_int_equal(drawn.slices, 15);
    assert_int_equal(lines_of(&frames), 15);
    assert_int_equal(lines_of(&labels), 15);
    assert_int_equal(lines_of(&query), 2); /* 4 of dimension 0 are in two KV tiles of 2 */
    assert_int_equal(drawn.partial + drawn.full, p.census.max); /* the middle sees the most */
    assert_int_equal(lines_of(&partial), drawn.partial);
    assert_int_equal(lines_of(&full), drawn.full);
    assert_non_null(strstr(labels.data, "\t0-1\n"));
    assert_non_null(strstr(labels.data, "\t28-29\n"));
    tb_buffer_free(&partial);
    tb_buffer_free(&full);
    tb_buffer_free(&frames);
    tb_buffer_free(&query);
    tb_buffer_free(&labels);
    tb_prediction_release(&p);
}

static void tile_window__one_dimension_has_none(void **state)
{
    (void)state;
    static const int64_t extent[] = {16}, window[] = {5}, q[] = {4}, kv[] = {2};
    tb_prediction p;
    predict(&p, 1, extent, window, q, kv);
    assert_false(tb_tile_window_is_drawable(&p));
    tb_prediction_release(&p);
}

TB_TESTS(cmocka_unit_test(tile_map__tiles_add_up_to_the_census),
         cmocka_unit_test(tile_map__runs_are_rectangles),
         cmocka_unit_test(tile_window__of_two_dimensions_lies_where_its_tiles_do),
         cmocka_unit_test(tile_window__of_three_dimensions_has_all_tiles_of_its_slices),
         cmocka_unit_test(tile_window__one_dimension_has_none));
