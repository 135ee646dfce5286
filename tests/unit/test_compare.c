#include "test_support.h"

#include "compare.h"
#include "compare_old.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define INPUTS TB_SOURCE_DIR "/tests/cli/inputs/"

static tb_run_time once(double median)
{
    return (tb_run_time){.given = true, .median_us = median, .n = 1};
}

static tb_run_time spread(double low, double median, double high)
{
    return (tb_run_time){.given = true,
                         .median_us = median,
                         .n = 2,
                         .has_spread = true,
                         .low_us = low,
                         .high_us = high};
}

static tb_verdict verdict(tb_run_time time)
{
    return tb_compare_verdict(&time, 90, 110);
}

static void verdict__by_overlap_of_intervals(void **state)
{
    (void)state; /* the prediction is 90 to 110 */
    assert_int_equal(verdict(once(108)), TB_VERDICT_SAME);
    assert_int_equal(verdict(once(91)), TB_VERDICT_SAME);
    assert_int_equal(verdict(once(130)), TB_VERDICT_SLOW); /* 23 % off */
    assert_int_equal(verdict(once(75)), TB_VERDICT_FAST);  /* 33 % off */
    assert_int_equal(verdict(spread(105, 130, 140)), TB_VERDICT_SAME);
    assert_int_equal(verdict(spread(112, 130, 140)), TB_VERDICT_SLOW);
    assert_int_equal(verdict(spread(60, 80, 89)), TB_VERDICT_FAST);
}

static void verdict__single_runs_may_leave_doubt(void **state)
{
    (void)state;
    assert_int_equal(verdict(once(118)), TB_VERDICT_UNSURE); /* 15 % off */
    assert_int_equal(verdict(once(85)), TB_VERDICT_UNSURE);  /* 18 % off */
    tb_run_time thrice = once(118);
    thrice.n = 3;
    assert_int_equal(verdict(thrice), TB_VERDICT_SLOW);
    assert_int_equal(verdict(spread(117, 118, 119)), TB_VERDICT_SLOW); /* it has a spread */
}

/* The toy profile with the toy models, and what they give. */
typedef struct toy {
    tb_profile *profile;
    tb_kernel *kernel;
    tb_device *device;
    tb_comparison *comparison;
} toy;

static tb_status compare_toy(toy *with, bool all, bool has_models, tb_error *err)
{
    const tb_kernel *kernels[] = {with->kernel, NULL};
    const tb_device *devices[] = {with->device, NULL};
    const tb_profile *profile = with->profile;
    tb_compare_options options = {
        .kernels = has_models ? kernels : NULL, .devices = has_models ? devices : NULL, .all = all};
    return tb_compare(&profile, 1, &options, &with->comparison, err);
}

static toy load_toy(void)
{
    toy made = {0};
    tb_error err;
    tb_assert_ok(tb_profile_load(INPUTS "toy-profile.yaml", &made.profile, &err), &err);
    tb_assert_ok(tb_kernel_load(INPUTS "toy-kernel.yaml", &made.kernel, &err), &err);
    tb_assert_ok(tb_device_load(INPUTS "toy-device.yaml", &made.device, &err), &err);
    return made;
}

static void free_toy(toy *made)
{
    tb_comparison_destroy(made->comparison);
    tb_profile_destroy(made->profile);
    tb_kernel_destroy(made->kernel);
    tb_device_destroy(made->device);
}

static void compare__runs_with_their_bounds(void **state)
{
    (void)state;
    tb_error err;
    toy made = load_toy();
    tb_assert_ok(compare_toy(&made, false, true, &err), &err);
    const tb_comparison *got = made.comparison;
    assert_int_equal(got->count, 9);
    assert_int_equal(got->compared, 3);
    const tb_compared_run *dense = &got->runs[0], *blocks = &got->runs[1], *two = &got->runs[2];
    assert_false(dense->counted || dense->has_bound);
    tb_assert_close(dense->predicted_us, 8, 3e-9);  /* 16 tiles of 1 us on 2 SMs */
    tb_assert_close(blocks->predicted_us, 2, 3e-9); /* and 4e-9 us of Q and O */
    tb_assert_close(blocks->error_percent, 100 * (2 / 2.05 - 1), 1e-6);
    assert_true(blocks->has_bound);
    tb_assert_close(blocks->tile_speedup, 4, 1e-12);
    tb_assert_close(blocks->bound_us, 8.5 / 4, 1e-12);
    tb_assert_close(blocks->measured_speedup, 8.5 / 2.05, 1e-12);
    assert_non_null(strstr(blocks->above_bound, "another implementation: toy-fna as of today"));
    assert_int_equal(blocks->verdict, TB_VERDICT_SAME);
    tb_assert_close(two->bound_us, 8.5 / 2, 1e-12);
    assert_null(two->above_bound);
    tb_assert_close(two->low_us, 4 * exp(-1.959964 * 0.03), 1e-7); /* single runs scatter by 3 % */
    tb_assert_close(two->high_us, 4 * exp(1.959964 * 0.03), 1e-7);
    assert_int_equal(two->verdict, TB_VERDICT_SLOW);     /* 4.7 against 3.77 to 4.24, or to 4.50 */
    assert_int_equal(dense->verdict, TB_VERDICT_UNSURE); /* 8.5 against 7.54 to 8.48, once */
    assert_int_equal(two->note_count, 1);
    assert_string_equal(two->notes[0], "not stated, so the defaults: batch");
    free_toy(&made);
}

static void compare__summaries_leave_dense_runs_out(void **state)
{
    (void)state;
    tb_error err;
    toy made = load_toy();
    tb_assert_ok(compare_toy(&made, false, true, &err), &err);
    assert_int_equal(made.comparison->summary.n, 2);
    tb_assert_close(made.comparison->summary.max_error_percent, 100 * (1 - 4 / 4.7), 1e-6);
    assert_int_equal(made.comparison->summary.groups, 1);
    assert_int_equal(made.comparison->verdicts[TB_VERDICT_SLOW], 1);
    assert_int_equal(made.comparison->verdicts[TB_VERDICT_UNSURE], 0);
    assert_int_equal(made.comparison->bases[TB_BASIS_UNCALIBRATED], 2);
    assert_int_equal(made.comparison->device_count, 1);
    assert_string_equal(made.comparison->by_kernel[0].name, "toy-fna");
    tb_comparison_destroy(made.comparison);
    tb_assert_ok(compare_toy(&made, true, true, &err), &err);
    assert_int_equal(made.comparison->summary.n, 3);
    assert_int_equal(made.comparison->by_kernel[0].errors.n, 3);
    free_toy(&made);
}

static void compare__says_why_not(void **state)
{
    (void)state;
    static const char *const reasons[] = {"tokens in random order", "forward and backward",
                                          "a whole network",        "no time is stated",
                                          "a box under a desk",     "an unpublished kernel"};
    tb_error err;
    toy made = load_toy();
    tb_assert_ok(compare_toy(&made, false, true, &err), &err);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        assert_non_null(strstr(made.comparison->runs[3 + i].why_not, reasons[i]));
    }
    tb_comparison_destroy(made.comparison);
    made.comparison = NULL;
    tb_assert_ok(compare_toy(&made, false, false, &err), &err);
    assert_int_equal(made.comparison->compared, 0);
    assert_string_equal(made.comparison->runs[0].why_not, "no device model 'toy'");
    free_toy(&made);
}

/* Some runs of the toy profile as if they were of the tests' emulated GPU. */
static void emulate(const toy *made, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        made->profile->runs[i].emulated = true;
    }
}

static void compare__emulated_runs_are_taken_apart(void **state)
{
    (void)state;
    tb_error err;
    toy made = load_toy();
    tb_assert_ok(compare_toy(&made, false, true, &err), &err);
    assert_false(made.comparison->is_emulated);
    tb_comparison_destroy(made.comparison);
    made.comparison = NULL;
    emulate(&made, 1, 2);
    tb_assert_fails(compare_toy(&made, false, true, &err), &err, TB_EINVAL,
                    "run 'blocks' of toy is emulated and run 'dense' of toy is "
                    "real; an emulated time says nothing of a GPU");
    emulate(&made, 0, made.profile->count);
    tb_assert_ok(compare_toy(&made, false, true, &err), &err);
    assert_true(made.comparison->is_emulated);
    assert_int_equal(made.comparison->compared, 3);
    const tb_compared_run *blocks = &made.comparison->runs[1];
    assert_non_null(strstr(blocks->notes[blocks->note_count - 1], "emulated: no GPU ran"));
    free_toy(&made);
}

static void compare__an_emulated_model_is_no_model_of_real_runs(void **state)
{
    (void)state;
    tb_error err;
    toy made = load_toy();
    made.device->is_emulated = true;
    tb_assert_fails(compare_toy(&made, false, true, &err), &err, TB_EINVAL,
                    "device toy is of an emulated GPU and the runs of toy are real");
    emulate(&made, 0, made.profile->count);
    tb_assert_ok(compare_toy(&made, false, true, &err), &err);
    assert_int_equal(made.comparison->runs[1].basis, TB_BASIS_ASSUMED);
    free_toy(&made);
}

/* A bound is of the same clock as the run, or there is none. */
static void compare__clocks_are_never_put_together(void **state)
{
    (void)state;
    tb_error err;
    toy made = load_toy();
    made.profile->runs[1].clock = TB_CLOCK_EVENTS;
    tb_assert_ok(compare_toy(&made, false, true, &err), &err);
    const tb_compared_run *blocks = &made.comparison->runs[1], *two = &made.comparison->runs[2];
    assert_true(!blocks->has_bound && two->has_bound);
    assert_non_null(strstr(blocks->notes[blocks->note_count - 1], "timed by CUDA events"));
    free_toy(&made);
}

static void compare__worst_runs_come_first(void **state)
{
    (void)state;
    tb_error err;
    const tb_compared_run *rows[10];
    toy made = load_toy();
    tb_assert_ok(compare_toy(&made, true, true, &err), &err);
    assert_int_equal(tb_compare_worst(made.comparison, 72, rows), 3);
    assert_string_equal(rows[0]->run->id, "two-blocks");
    assert_string_equal(rows[1]->run->id, "dense");
    assert_int_equal(tb_compare_worst(made.comparison, 1, rows), 1);
    free_toy(&made);
}

static void compare__models_given_in_vain_are_refused(void **state)
{
    (void)state;
    tb_error err;
    toy made = load_toy();
    tb_kernel *own = made.kernel;
    tb_assert_ok(tb_kernel_load("cudnn", &made.kernel, &err), &err);
    tb_assert_fails(compare_toy(&made, false, true, &err), &err, TB_EINVAL,
                    "no run that can be compared is of kernel 'cudnn'");
    tb_kernel_destroy(own);
    free_toy(&made);
}

static void compare__bounds_are_refused(void **state)
{
    (void)state;
    tb_error err;
    tb_profile *profile = NULL;
    tb_assert_ok(tb_profile_load("bounds", &profile, &err), &err);
    const tb_profile *profiles[] = {profile};
    tb_compare_options options = {0};
    tb_comparison *comparison = NULL;
    tb_assert_fails(tb_compare(profiles, 1, &options, &comparison, &err), &err, TB_EINVAL,
                    "profile 'bounds' holds bounds of a simulator");
    tb_profile_destroy(profile);
}

/* An old comparison of the toy runs; `mape` is its text. */
static tb_status load_old(const char *mape, tb_old_comparison **out, tb_error *err)
{
    char text[512];
    int length =
        snprintf(text, sizeof text,
                 "{\"schema\": \"tilebound/compare/1\", \"summary\": {\"n\": 2, \"mape_percent\": "
                 "%s}, \"runs\": [\n"
                 "{\"id\": \"blocks\", \"profile\": \"toy\", \"error_percent\": %.17g},\n"
                 "{\"id\": \"two-blocks\", \"profile\": \"toy\", \"error_percent\": 7.3e0},\n"
                 "{\"id\": \"gone\", \"profile\": \"toy\", \"error_percent\": 5}]}\n",
                 mape, 100 * (2 / 2.05 - 1));
    return tb_old_comparison_load(tb_test_file("old.json", text, (size_t)length), out, err);
}

static void old__changes_are_listed(void **state)
{
    (void)state;
    tb_error err;
    tb_change changes[16];
    tb_old_comparison *old = NULL;
    toy made = load_toy();
    tb_assert_ok(compare_toy(&made, false, true, &err), &err);
    tb_assert_ok(load_old("8.6", &old, &err), &err);
    assert_int_equal(tb_compare_changes(made.comparison, old, changes), 3);
    assert_string_equal(changes[0].id, "dense");
    assert_int_equal(changes[0].kind, TB_CHANGE_NEW);
    assert_string_equal(changes[1].id, "two-blocks");
    assert_int_equal(changes[1].kind, TB_CHANGE_ERROR);
    tb_assert_close(changes[1].old_error_percent, 7.3, 1e-12);
    assert_string_equal(changes[2].id, "gone");
    assert_int_equal(changes[2].kind, TB_CHANGE_GONE);
    tb_old_comparison_destroy(old);
    free_toy(&made);
}

static void old__worse_is_more_than_rounding(void **state)
{
    (void)state;
    /* now: (2.439 + 14.894) / 2 = 8.666 */
    static const struct {
        const char *mape;
        bool is_worse;
    } cases[] = {{"8.60", true}, {"8.62", false}, {"12", false}, {"null", false}};
    tb_error err;
    toy made = load_toy();
    tb_assert_ok(compare_toy(&made, false, true, &err), &err);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_old_comparison *old = NULL;
        tb_assert_ok(load_old(cases[i].mape, &old, &err), &err);
        assert_int_equal(tb_compare_is_worse(made.comparison, old), cases[i].is_worse);
        tb_old_comparison_destroy(old);
    }
    free_toy(&made);
}

static void old__other_files_are_refused(void **state)
{
    (void)state;
    static const char other[] = "{\"schema\": \"tilebound/predict/1\"}\n";
    tb_error err;
    tb_old_comparison *old = NULL;
    const char *path = tb_test_file("other.json", other, sizeof other - 1);
    tb_assert_fails(tb_old_comparison_load(path, &old, &err), &err, TB_EFILE,
                    "needs tilebound/compare/1");
    tb_assert_position(&err, 1, 12);
    tb_assert_fails(load_old("much", &old, &err), &err, TB_EFILE, "not a finite decimal number");
    assert_null(old);
}

TB_TESTS(cmocka_unit_test(verdict__by_overlap_of_intervals),
         cmocka_unit_test(verdict__single_runs_may_leave_doubt),
         cmocka_unit_test(compare__runs_with_their_bounds),
         cmocka_unit_test(compare__summaries_leave_dense_runs_out),
         cmocka_unit_test(compare__says_why_not),
         cmocka_unit_test(compare__emulated_runs_are_taken_apart),
         cmocka_unit_test(compare__an_emulated_model_is_no_model_of_real_runs),
         cmocka_unit_test(compare__clocks_are_never_put_together),
         cmocka_unit_test(compare__worst_runs_come_first),
         cmocka_unit_test(compare__models_given_in_vain_are_refused),
         cmocka_unit_test(compare__bounds_are_refused), cmocka_unit_test(old__changes_are_listed),
         cmocka_unit_test(old__worse_is_more_than_rounding),
         cmocka_unit_test(old__other_files_are_refused));
