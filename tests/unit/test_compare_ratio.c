/* Runs of which only the speedup is published, and their predictions beside them. */
#include "compare.h"
#include "test_support.h"
#include "timed_case.h"

#include <stdio.h>
#include <string.h>

#define RUN(id, kernel, kind, pattern)                                                             \
    "  - id: " id "\n    device: a100-80\n    kernel: " kernel "\n    kind: " kind                 \
    "\n    problem: {layout: [12288], heads: 24}\n    pattern: " pattern                           \
    "\n    includes: attention\n"

static const char good[] =
    "schema: tilebound/profile/1\nname: probe\nsummary: of the tests\nruns:\n" /* 1 to 4 */
    RUN("whole", "fa2", "dense", "{kind: causal}") "    speedup: 1.0\n"        /* 5 to 12 */
    RUN("kept", "bsa", "sparse",
        "{kind: block-sparse, block_q: 128, block_kv: 128, topk: 7, causal: true, seed: 1}") "    "
                                                                                             "basel"
                                                                                             "ine: "
                                                                                             "whole"
                                                                                             "\n   "
                                                                                             " spee"
                                                                                             "dup: "
                                                                                             "4."
                                                                                             "5\n";

static tb_profile *load(const char *from, const char *to)
{
    tb_profile *profile = NULL;
    tb_error err;
    const char *path = tb_test_variant("profile.yaml", good, from, to);
    tb_assert_ok(tb_profile_load(path, &profile, &err), &err);
    return profile;
}

static tb_comparison *compare(const tb_profile *profile)
{
    tb_comparison *comparison = NULL;
    tb_error err;
    tb_compare_options options = {0};
    tb_assert_ok(tb_compare(&profile, 1, &options, &comparison, &err), &err);
    return comparison;
}

static double time_of(const tb_run *run)
{
    tb_error err;
    tb_prediction prediction = {0};
    tb_timing timing = {0};
    tb_device *device = tb_test_device(run->device);
    tb_kernel *kernel = tb_test_kernel(run->kernel);
    tb_case item = tb_run_case(run, kernel);
    tb_assert_ok(tb_predict(&item, kernel, &prediction, &err), &err);
    tb_assert_ok(tb_predict_time(&prediction, kernel, device, NULL, &timing, &err), &err);
    tb_prediction_release(&prediction);
    tb_kernel_destroy(kernel);
    tb_device_destroy(device);
    return timing.time.attention_us;
}

static void speedup__is_that_of_both_predicted_times(void **state)
{
    (void)state;
    tb_profile *profile = load("", "");
    tb_comparison *comparison = compare(profile);
    assert_int_equal(comparison->ratio_count, 1);
    const tb_compared_ratio *item = &comparison->ratios[0];
    assert_null(item->why_not);
    assert_string_equal(item->run->id, "kept");
    assert_string_equal(item->dense->id, "whole");
    tb_assert_close(item->dense_us, time_of(&profile->runs[0]), 1e-12);
    tb_assert_close(item->predicted_us, time_of(&profile->runs[1]), 1e-12);
    tb_assert_close(item->speedup, item->dense_us / item->predicted_us, 1e-12);
    tb_assert_close(item->error_percent, 100 * (item->speedup / 4.5 - 1), 1e-9);
    /* 7 of up to 96 mask blocks a row, 6.78 in the mean of (96 + 1) / 2 = 48.5: at most 7.15 */
    assert_true(item->speedup > 3 && item->speedup < 7.2);
    assert_int_equal(comparison->compared, 0); /* it counts in no summary */
    assert_true(comparison->runs[0].is_of_ratio && comparison->runs[1].is_of_ratio);
    tb_comparison_destroy(comparison);
    tb_profile_destroy(profile);
}

/* A run with a time of its own, or over one with a time, is none of them. */
static void times__make_it_no_ratio(void **state)
{
    (void)state;
    static const char *const timed[][2] = {
        {"    speedup: 4.5\n", "    speedup: 4.5\n    time_us: {median: 900, n: 1}\n"},
        {"    speedup: 1.0\n", "    time_us: {median: 4000, n: 1}\n"},
        {"    baseline: whole\n", ""},
        {"    speedup: 4.5\n", ""}};
    for (size_t i = 0; i < sizeof timed / sizeof *timed; i++) {
        tb_profile *profile = load(timed[i][0], timed[i][1]);
        tb_comparison *comparison = compare(profile);
        assert_int_equal(comparison->ratio_count, 0);
        assert_false(comparison->runs[0].is_of_ratio || comparison->runs[1].is_of_ratio);
        tb_comparison_destroy(comparison);
        tb_profile_destroy(profile);
    }
}

static void assert_why(const char *from, const char *to, const char *wanted)
{
    tb_profile *profile = load(from, to);
    tb_comparison *comparison = compare(profile);
    assert_int_equal(comparison->ratio_count, 1);
    assert_non_null(comparison->ratios[0].why_not);
    assert_non_null(strstr(comparison->ratios[0].why_not, wanted));
    tb_comparison_destroy(comparison);
    tb_profile_destroy(profile);
}

static void missing__is_said(void **state)
{
    (void)state;
    assert_why("kernel: bsa", "kernel: null", "no model for 'not stated' on 'a100-80'");
    assert_why("kernel: bsa", "kernel: bsb", "unknown kernel 'bsb'");
    assert_why("kernel: fa2", "kernel: null", "no model for 'not stated'");
    assert_why("{kind: block-sparse, block_q: 128, block_kv: 128, topk: 7, causal: true, seed: 1}",
               "{kind: other, text: what it likes, why_not: who knows}",
               "its pattern cannot be expressed: what it likes (who knows)");
    assert_why("device: a100-80\n    kernel: bsa", "device: a101\n    kernel: bsa", "'a101'");
}

TB_TESTS(cmocka_unit_test(speedup__is_that_of_both_predicted_times),
         cmocka_unit_test(times__make_it_no_ratio), cmocka_unit_test(missing__is_said));
