/* Studies: rows, columns, where they are kept, and what is refused. */
#include "study_case.h"
#include "study_view.h"

#include "predict.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

static size_t column_of(const tb_study *study, const char *name)
{
    size_t c = 0;
    while (strcmp(study->column[c].name, name) != 0) {
        assert_true(++c < study->column_count);
    }
    return c;
}

static void evaluate(const tb_study *study, int64_t point, tb_buffer *bytes, tb_study_row *row)
{
    tb_study_worker *worker = NULL;
    tb_error err;
    bytes->length = 0;
    tb_assert_ok(tb_study_worker_create(study, &worker, &err), &err);
    tb_assert_ok(tb_study_evaluate(worker, point, bytes, &err), &err);
    tb_study_worker_destroy(worker);
    const char *at = bytes->data;
    assert_true(tb_row_unpack(&at, bytes->data + bytes->length, study->column_count, row));
    assert_ptr_equal(at, bytes->data + bytes->length);
}

/* Point 117 = window.0 11 * 10 + stride.1 3 * 2 + stride.0 1: window 12 x 5, stride 2 x 4 */
static void study__a_row_is_what_predict_says(void **state)
{
    (void)state;
    tb_study *study = tb_test_study_load(tb_test_small_suite, NULL);
    tb_buffer bytes = {0};
    tb_study_row row;
    assert_int_equal(study->points, 240);
    evaluate(study, 117, &bytes, &row);
    assert_string_equal(row.cell[TB_COLUMN_WINDOW].text, "12x5");
    assert_string_equal(row.cell[TB_COLUMN_STRIDE].text, "2x4");
    assert_int_equal(row.cell[column_of(study, "window_0")].integer, 12);
    assert_int_equal(row.cell[column_of(study, "stride_1")].integer, 4);
    tb_case item = tb_case_default();
    tb_prediction p;
    tb_error err;
    item.problem.layout = (tb_layout){.rank = 2, .extent = {24, 20}};
    item.problem.heads = item.problem.heads_kv = 3;
    item.problem.dim = item.problem.dim_value = 72;
    item.pattern.kind = TB_PATTERN_GNA;
    memcpy(item.pattern.window, (int64_t[]){12, 5}, 2 * sizeof(int64_t));
    memcpy(item.pattern.stride, (int64_t[]){2, 4}, 2 * sizeof(int64_t));
    item.tiling.q_dims = item.tiling.kv_dims = 2;
    memcpy(item.tiling.q_tile, (int64_t[]){4, 4}, 2 * sizeof(int64_t));
    memcpy(item.tiling.kv_tile, (int64_t[]){4, 2}, 2 * sizeof(int64_t));
    tb_assert_ok(tb_predict(&item, NULL, &p, &err), &err);
    assert_int_equal(row.cell[TB_COLUMN_VISITED].integer, p.census.visited);
    assert_int_equal(row.cell[TB_COLUMN_FULL].integer, p.census.full);
    assert_true(row.cell[TB_COLUMN_TILE_SPEEDUP].real == p.bound.tile_speedup);
    tb_prediction_release(&p);
    tb_buffer_free(&bytes);
    tb_study_destroy(study);
}

/* Point 1: window 1 x 5, stride 2 x 1 */
static void study__a_point_that_makes_no_sense_has_a_row_that_says_why(void **state)
{
    (void)state;
    tb_study *study = tb_test_study_load(tb_test_small_suite, NULL);
    tb_buffer bytes = {0};
    tb_study_row row;
    evaluate(study, 1, &bytes, &row);
    assert_int_equal(row.cell[TB_COLUMN_ERROR].type, TB_CELL_TEXT);
    assert_non_null(strstr(row.cell[TB_COLUMN_ERROR].text, "stride 2"));
    assert_int_equal(row.cell[TB_COLUMN_VISITED].type, TB_CELL_NULL);
    assert_int_equal(row.cell[TB_COLUMN_HEADS].integer, 3);
    tb_buffer_free(&bytes);
    tb_study_destroy(study);
}

static const char models_suite[] =
    "schema: tilebound/suite/1\n"
    "name: models\n"
    "problems:\n"
    "  - name: timed\n"
    "    problem: {layout: [8192], heads: 16, dim: 128}\n"
    "    pattern: {kind: gna, window: [1024], stride: [1]}\n"
    "    zip: {device: [a100-80, h100-sxm], kernel: [cutlass-fna, cutlass-hopper-fna]}\n"
    "    cross: {set.sm_count: [64, 132]}\n"
    "  - name: method\n"
    "    mechanism: minference\n"
    "    device: a100-80\n"
    "    problem: {layout: [16384]}\n"
    "    cross: {problem.heads: [8, 32]}\n";

/* Half the SMs take longer; the mechanism's rows have a bound; both have a speedup. */
static void study__devices_kernels_values_and_mechanisms_vary(void **state)
{
    (void)state;
    tb_study *study = tb_test_study_load(models_suite, NULL);
    tb_buffer bytes = {0};
    tb_study_row row;
    double total[6];
    static const char *const devices[] = {"a100-80",  "a100-80", "h100-sxm",
                                          "h100-sxm", "a100-80", "a100-80"};
    assert_int_equal(study->points, 6);
    for (int64_t p = 0; p < 6; p++) {
        evaluate(study, p, &bytes, &row);
        assert_int_equal(row.cell[TB_COLUMN_ERROR].type, TB_CELL_NULL);
        assert_string_equal(row.cell[TB_COLUMN_DEVICE].text, devices[p]);
        assert_int_equal(row.cell[TB_COLUMN_SPEEDUP].type, TB_CELL_REAL);
        assert_int_equal(row.cell[TB_COLUMN_BOUND].type, p < 4 ? TB_CELL_NULL : TB_CELL_REAL);
        total[p] = row.cell[TB_COLUMN_TOTAL_US].real;
    }
    assert_true(total[0] > 1.5 * total[1] && total[2] > 1.5 * total[3]);
    assert_true(total[5] > total[4]);
    tb_buffer_free(&bytes);
    tb_study_destroy(study);
}

/* What one worker does one after the other, and workers of their own do: caches change nothing. */
static void study__a_point_is_the_same_whatever_came_before(void **state)
{
    static const int64_t order[] = {4, 0, 3, 5, 1, 1, 2, 4};
    (void)state;
    tb_study *study = tb_test_study_load(models_suite, NULL);
    tb_study_worker *worker = NULL;
    tb_buffer alone_bytes = {0}, bytes = {0};
    tb_study_row row;
    tb_error err;
    tb_assert_ok(tb_study_worker_create(study, &worker, &err), &err);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        bytes.length = 0;
        tb_assert_ok(tb_study_evaluate(worker, order[i], &bytes, &err), &err);
        evaluate(study, order[i], &alone_bytes, &row);
        assert_int_equal(bytes.length, alone_bytes.length);
        assert_memory_equal(bytes.data, alone_bytes.data, bytes.length);
    }
    tb_study_worker_destroy(worker);
    tb_buffer_free(&bytes);
    tb_buffer_free(&alone_bytes);
    tb_study_destroy(study);
}

static void columns__are_typed(void **state)
{
    (void)state;
    tb_study *study = tb_test_study_load(tb_test_small_suite, NULL);
    const char *path = tb_test_path("typed.db");
    tb_error err;
    tb_database *database = NULL;
    tb_statement *statement = NULL;
    bool has_row;
    tb_assert_ok(tb_test_study_run(study, path, 1, 0, &err), &err);
    tb_assert_ok(tb_database_open(path, false, &database, &err), &err);
    tb_assert_ok(tb_database_prepare(database,
                                     "SELECT count(*), sum(typeof(visited) = 'integer'), "
                                     "sum(typeof(tile_speedup) = 'real'), sum(typeof(window) = "
                                     "'text'), sum(typeof(window_0) = 'integer') FROM small WHERE "
                                     "error IS NULL",
                                     &statement, &err),
                 &err);
    tb_assert_ok(tb_statement_step(statement, &has_row, &err), &err);
    int64_t rows = tb_statement_cell(statement, 0).integer;
    assert_int_equal(rows, 240 - 5); /* stride 2 in a window of 1 */
    for (size_t c = 1; c < 5; c++) {
        assert_int_equal(tb_statement_cell(statement, c).integer, rows);
    }
    tb_statement_destroy(statement);
    tb_database_close(database);
    tb_study_destroy(study);
}

/* Evaluates points 0 .. count - 1 into the store. */
static void add_points(const tb_study *study, tb_study_store *store, int64_t first, int64_t last)
{
    tb_study_worker *worker = NULL;
    tb_buffer bytes = {0};
    tb_error err;
    tb_assert_ok(tb_study_worker_create(study, &worker, &err), &err);
    for (int64_t p = first; p <= last; p++) {
        tb_assert_ok(tb_study_evaluate(worker, p, &bytes, &err), &err);
    }
    tb_assert_ok(
        tb_study_store_add(store, (tb_point_range){first, last}, bytes.data, bytes.length, &err),
        &err);
    tb_study_worker_destroy(worker);
    tb_buffer_free(&bytes);
}

static void assert_missing(const tb_study_store *store, int64_t from, int64_t first, int64_t last)
{
    tb_point_range range;
    assert_true(tb_study_store_missing(store, from, &range));
    assert_int_equal(range.first, first);
    assert_int_equal(range.last, last);
}

static void store__knows_the_gaps_and_only_what_was_committed(void **state)
{
    (void)state;
    tb_study *study = tb_test_study_load(tb_test_small_suite, NULL);
    const char *path = tb_test_path("gaps.db");
    tb_point_range none;
    tb_error err;
    tb_study_store *store = tb_test_study_store(path, study);
    add_points(study, store, 40, 59);
    add_points(study, store, 10, 19);
    tb_assert_ok(tb_study_store_commit(store, &err), &err);
    add_points(study, store, 20, 39); /* joins them, and is lost */
    assert_int_equal(tb_study_store_finished(store), 50);
    assert_missing(store, 15, 60, 239);
    tb_study_store_close(store);
    store = tb_test_study_store(path, study);
    assert_int_equal(tb_study_store_finished(store), 30);
    assert_missing(store, 0, 0, 9);
    assert_missing(store, 10, 20, 39);
    assert_missing(store, 25, 25, 39);
    assert_missing(store, 40, 60, 239);
    add_points(study, store, 60, 239);
    assert_false(tb_study_store_missing(store, 40, &none));
    tb_assert_ok(tb_study_store_commit(store, &err), &err);
    tb_study_store_close(store);
    tb_assert_ok(tb_test_study_run(study, path, 2, 0, &err), &err);
    tb_assert_ok(tb_test_study_run(study, tb_test_path("whole.db"), 1, 0, &err), &err);
    char *expected = tb_test_study_rows(tb_test_path("whole.db"), "small");
    tb_test_study_same_rows(path, "small", expected);
    free(expected);
    tb_study_destroy(study);
}

static void store__refuses_rows_that_are_cut_short_and_second_rows(void **state)
{
    (void)state;
    tb_study *study = tb_test_study_load(tb_test_small_suite, NULL);
    tb_study_store *store = tb_test_study_store(tb_test_path("cut.db"), study);
    tb_buffer bytes = {0};
    tb_study_row row;
    tb_error err;
    evaluate(study, 7, &bytes, &row);
    tb_assert_fails(
        tb_study_store_add(store, (tb_point_range){7, 7}, bytes.data, bytes.length - 3, &err), &err,
        TB_EINTERNAL, "cut short");
    tb_study_store_close(store);
    store = tb_test_study_store(tb_test_path("cut.db"), study);
    tb_assert_ok(tb_study_store_add(store, (tb_point_range){7, 7}, bytes.data, bytes.length, &err),
                 &err);
    tb_assert_fails(
        tb_study_store_add(store, (tb_point_range){7, 7}, bytes.data, bytes.length, &err), &err,
        TB_EIO, "UNIQUE");
    tb_study_store_close(store);
    tb_buffer_free(&bytes);
    tb_study_destroy(study);
}

static void store__a_changed_suite_is_refused_by_its_line(void **state)
{
    (void)state;
    const char *path = tb_test_path("changed.db");
    tb_error err;
    tb_study *study = tb_test_study_load(tb_test_small_suite, NULL);
    tb_assert_ok(tb_test_study_run(study, path, 1, 0, &err), &err);
    tb_study_destroy(study);
    const char *other = tb_test_variant("other.yaml", tb_test_small_suite, "heads: 3", "heads: 4");
    tb_study_options none = {0};
    tb_study_store *store = NULL;
    tb_assert_ok(tb_study_load(other, &none, &study, &err), &err);
    tb_assert_fails(tb_study_store_open(path, study, "test", false, &store, &err), &err, TB_EINVAL,
                    "line 5 is '    problem: {layout: [24, 20], heads: 4, dim: 72}', and was");
    tb_assert_ok(tb_study_store_open(path, study, "test", true, &store, &err), &err);
    assert_int_equal(tb_study_store_finished(store), 0);
    tb_study_store_close(store);
    tb_study_destroy(study);
}

static void store__other_options_are_refused(void **state)
{
    (void)state;
    const char *path = tb_test_path("options.db");
    tb_study_options on_h100 = {.device = "h100-sxm"};
    tb_study_store *store = NULL;
    tb_error err;
    tb_study *study = tb_test_study_load(tb_test_small_suite, NULL);
    tb_study_store_close(tb_test_study_store(path, study));
    tb_study_destroy(study);
    study = tb_test_study_load(tb_test_small_suite, &on_h100);
    tb_assert_fails(tb_study_store_open(path, study, "test", false, &store, &err), &err, TB_EINVAL,
                    "now '--device: h100-sxm', then '--device: -'");
    tb_study_destroy(study);
}

static void store__is_no_place_for_other_files(void **state)
{
    (void)state;
    const char *path = tb_test_file("text.db", tb_test_small_suite, strlen(tb_test_small_suite));
    tb_study *study = tb_test_study_load(tb_test_small_suite, NULL);
    tb_study_store *store = NULL;
    tb_error err;
    tb_assert_fails(tb_study_store_open(path, study, "test", false, &store, &err), &err, TB_EFILE,
                    "not a database");
    tb_assert_fails(
        tb_study_store_open(tb_test_path("no/such.db"), study, "test", false, &store, &err), &err,
        TB_EIO, "folder");
    tb_study_destroy(study);
}

static tb_status open_view(const char *path, const char *study, const char *where,
                           const char *group_by, const char *columns, tb_error *err)
{
    tb_study_view *view = NULL;
    tb_study_view_options options = {.where = where, .group_by = group_by, .columns = columns};
    tb_status status = tb_study_view_open(path, study, &options, &view, err);
    tb_study_view_close(view);
    return status;
}

static void view__groups_have_mean_least_and_most(void **state)
{
    (void)state;
    const char *path = tb_test_path("view.db");
    tb_study *study = tb_test_study_load(tb_test_small_suite, NULL);
    tb_study_view *view = NULL;
    tb_study_view_options options = {
        .group_by = "stride_0", .columns = "window_0", .where = "stride_1 = 3"};
    bool has_row = false;
    tb_error err;
    tb_assert_ok(tb_test_study_run(study, path, 1, 0, &err), &err);
    tb_assert_ok(tb_study_view_open(path, "small", &options, &view, &err), &err);
    assert_int_equal(tb_study_view_columns(view), 5);
    assert_string_equal(tb_study_view_name(view, 2), "window_0_mean");
    tb_assert_ok(tb_study_view_next(view, &has_row, &err), &err);
    assert_int_equal(tb_study_view_cell(view, 0).integer, 1);
    assert_int_equal(tb_study_view_cell(view, 1).integer, 24);
    tb_assert_close(tb_study_view_cell(view, 2).real, 12.5, 1e-12);
    assert_int_equal(tb_study_view_cell(view, 3).integer, 1);
    assert_int_equal(tb_study_view_cell(view, 4).integer, 24);
    tb_study_counts counts;
    tb_assert_ok(tb_study_view_counts(view, &counts, &err), &err);
    assert_int_equal(counts.finished, 240);
    assert_int_equal(counts.refused, 5);
    tb_study_view_close(view);
    tb_assert_fails(open_view(path, "smal", NULL, NULL, NULL, &err), &err, TB_EINVAL,
                    "it has: small");
    tb_assert_fails(open_view(path, "small", NULL, "strid", NULL, &err), &err, TB_EINVAL,
                    "did you mean 'stride'");
    tb_assert_fails(open_view(path, "small", "nothing > 3", NULL, NULL, &err), &err, TB_EINVAL,
                    "nothing");
    tb_assert_fails(open_view(path, "small", "1); DROP TABLE small; --", NULL, NULL, &err), &err,
                    TB_EINVAL, "one condition");
    tb_study_destroy(study);
}

TB_TESTS(cmocka_unit_test(study__a_row_is_what_predict_says),
         cmocka_unit_test(study__a_point_that_makes_no_sense_has_a_row_that_says_why),
         cmocka_unit_test(study__devices_kernels_values_and_mechanisms_vary),
         cmocka_unit_test(study__a_point_is_the_same_whatever_came_before),
         cmocka_unit_test(columns__are_typed),
         cmocka_unit_test(store__knows_the_gaps_and_only_what_was_committed),
         cmocka_unit_test(store__refuses_rows_that_are_cut_short_and_second_rows),
         cmocka_unit_test(store__a_changed_suite_is_refused_by_its_line),
         cmocka_unit_test(store__other_options_are_refused),
         cmocka_unit_test(store__is_no_place_for_other_files),
         cmocka_unit_test(view__groups_have_mean_least_and_most));
