/* Predicted times of the published NATTEN runs and of other problems. Whatever changes them (a
 * model, a fit, a device fact) is to be explained where the table is refreshed: TB_UPDATE_GOLDEN=1.
 */
#include "buffer.h"
#include "file.h"
#include "golden_table.h"
#include "predict_time.h"
#include "profile.h"
#include "test_support.h"
#include "text.h"
#include "timed_case.h"

#include <stdio.h>
#include <string.h>

#define TABLE "predictions.csv"

/* The columns that say what is asked; those after them are the answer. */
static const char *const questions[] = {"name",   "device",   "kernel", "layout", "window",
                                        "stride", "dilation", "causal", "heads",  "dim",
                                        "dtype",  "q_tile",   "kv_tile"};

/* One row's kernels, device and timing. */
typedef struct answer {
    tb_device *device;
    tb_kernel *kernel, *dense;
    tb_timing timing;
} answer;

/* tb_golden_sizes() knows no sizes of 0, which causal has. */
static void read_causal(const tb_golden_table *table, int row, tb_pattern *pattern)
{
    const char *cell = tb_golden_cell(table, row, "causal");
    for (int d = 0; d < TB_MAX_RANK && cell[0] != '\0'; d++) {
        pattern->causal[d] = cell[0] == '1';
        cell += cell[1] == 'x' ? 2 : 1;
    }
}

static tb_case read_case(const tb_golden_table *table, int row)
{
    tb_case item = tb_case_default();
    int rank = tb_golden_sizes(table, row, "layout", item.problem.layout.extent);
    item.problem.layout.rank = rank;
    item.problem.heads = item.problem.heads_kv = tb_golden_integer(table, row, "heads");
    item.problem.dim = item.problem.dim_value = tb_golden_integer(table, row, "dim");
    item.problem.dtype =
        (tb_dtype)tb_golden_name(table, row, "dtype", tb_dtype_names, TB_DTYPE_COUNT);
    item.pattern.kind = TB_PATTERN_GNA;
    assert_int_equal(tb_golden_sizes(table, row, "window", item.pattern.window), rank);
    assert_int_equal(tb_golden_sizes(table, row, "stride", item.pattern.stride), rank);
    (void)tb_golden_sizes(table, row, "dilation", item.pattern.dilation);
    read_causal(table, row, &item.pattern);
    item.tiling.q_dims = tb_golden_sizes(table, row, "q_tile", item.tiling.q_tile);
    item.tiling.kv_dims = tb_golden_sizes(table, row, "kv_tile", item.tiling.kv_tile);
    tb_case_normalize(&item);
    return item;
}

static tb_timing time_case(const answer *a, const tb_case *item)
{
    tb_prediction p;
    tb_timing timing;
    tb_error err;
    tb_assert_ok(tb_predict(item, a->kernel, &p, &err), &err);
    tb_assert_ok(tb_predict_time(&p, a->kernel, a->device, a->dense, &timing, &err), &err);
    tb_prediction_release(&p);
    return timing;
}

static answer open_row(const tb_golden_table *table, int row)
{
    answer a = {.device = tb_test_device(tb_golden_cell(table, row, "device")),
                .kernel = tb_test_kernel(tb_golden_cell(table, row, "kernel"))};
    a.dense = tb_test_kernel(a.device->dense_kernel);
    tb_case item = read_case(table, row);
    a.timing = time_case(&a, &item);
    return a;
}

static void close_row(answer *a)
{
    tb_device_destroy(a->device);
    tb_kernel_destroy(a->kernel);
    tb_kernel_destroy(a->dense);
}

static void print_row(const tb_golden_table *table, int row, const tb_timing *timing,
                      tb_buffer *out)
{
    const double times[] = {timing->time.attention_us, timing->time.permute_us,
                            timing->dense.attention_us};
    for (size_t c = 0; c < sizeof questions / sizeof *questions; c++) {
        tb_buffer_printf(out, "%s,", tb_golden_cell(table, row, questions[c]));
    }
    for (size_t i = 0; i < 3; i++) {
        char number[32];
        tb_buffer_printf(out, "%s,", tb_text_shortest(times[i], number));
    }
    tb_buffer_printf(out, "%s,%s\n", tb_limiter_names[timing->time.limiter],
                     tb_basis_names[timing->time.basis]);
}

/* Write the table anew, with the answers of today. */
static void refresh(const tb_golden_table *table)
{
    tb_buffer out = {0};
    tb_error err;
    for (size_t c = 0; c < sizeof questions / sizeof *questions; c++) {
        tb_buffer_printf(&out, "%s,", questions[c]);
    }
    tb_buffer_text(&out, "attention_us,permute_us,dense_us,limiter,basis\n");
    for (int row = 0; row < table->rows; row++) {
        answer a = open_row(table, row);
        print_row(table, row, &a.timing, &out);
        close_row(&a);
    }
    tb_assert_ok(tb_buffer_check(&out, &err), &err);
    tb_assert_ok(tb_file_replace(TB_SOURCE_DIR "/tests/golden/" TABLE, out.data, out.length, &err),
                 &err);
    tb_buffer_free(&out);
}

static void check_number(const tb_golden_table *table, int row, const char *column, double value)
{
    double want = tb_golden_number(table, row, column);
    if (!(value - want <= 1e-9 * want && want - value <= 1e-9 * want)) {
        fail_msg("%s: %s is %.17g; the table has %.17g (TB_UPDATE_GOLDEN=1 writes it anew)",
                 tb_golden_cell(table, row, "name"), column, value, want);
    }
}

static void check_row(const tb_golden_table *table, int row, const tb_timing *timing)
{
    check_number(table, row, "attention_us", timing->time.attention_us);
    check_number(table, row, "permute_us", timing->time.permute_us);
    check_number(table, row, "dense_us", timing->dense.attention_us);
    assert_string_equal(tb_golden_cell(table, row, "limiter"),
                        tb_limiter_names[timing->time.limiter]);
    assert_string_equal(tb_golden_cell(table, row, "basis"), tb_basis_names[timing->time.basis]);
}

static void predictions__are_those_of_the_table(void **state)
{
    (void)state;
    tb_golden_table *table = tb_golden_read(TABLE);
    if (tb_golden_is_update()) {
        refresh(table);
        tb_golden_free(table);
        table = tb_golden_read(TABLE);
    }
    for (int row = 0; row < table->rows; row++) {
        answer a = open_row(table, row);
        check_row(table, row, &a.timing);
        close_row(&a);
    }
    print_message("%d predictions\n", table->rows);
    assert_true(table->rows >= 24);
    tb_golden_free(table);
}

static int find_row(const tb_golden_table *table, const char *name)
{
    for (int row = 0; row < table->rows; row++) {
        if (strcmp(tb_golden_cell(table, row, "name"), name) == 0) {
            return row;
        }
    }
    fail_msg("no row '%s'", name);
    return -1;
}

/* The sparse runs of a profile as the profile states them are in the table, too. */
static int check_profile(const tb_golden_table *table, const char *name)
{
    tb_profile *profile;
    tb_error err;
    int runs = 0;
    tb_assert_ok(tb_profile_load(name, &profile, &err), &err);
    for (size_t r = 0; r < profile->count; r++) {
        const tb_run *run = &profile->runs[r];
        if (run->kind != TB_RUN_SPARSE) {
            continue;
        }
        int row = find_row(table, run->id);
        assert_string_equal(run->device, tb_golden_cell(table, row, "device"));
        assert_string_equal(run->kernel, tb_golden_cell(table, row, "kernel"));
        answer a = open_row(table, row);
        tb_timing timing = time_case(&a, &run->item);
        check_row(table, row, &timing);
        close_row(&a);
        runs++;
    }
    tb_profile_destroy(profile);
    return runs;
}

static void published_runs__are_in_the_table(void **state)
{
    (void)state;
    tb_golden_table *table = tb_golden_read(TABLE);
    int runs = check_profile(table, "natten-h100") + check_profile(table, "natten-b200");
    print_message("%d runs\n", runs);
    assert_int_equal(runs, 14);
    tb_golden_free(table);
}

TB_TESTS(cmocka_unit_test(predictions__are_those_of_the_table),
         cmocka_unit_test(published_runs__are_in_the_table));
