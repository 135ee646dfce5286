#include "test_support.h"

#include "profile.h"

#include <stdio.h>
#include <string.h>

#define HEAD "schema: tilebound/profile/1\nname: p\nsummary: s\nruns:\n"
#define RUN                                                                                        \
    "- id: a\n"                                                                                    \
    "  device: h100-sxm\n"                                                                         \
    "  kernel: cudnn\n"                                                                            \
    "  kind: dense\n"                                                                              \
    "  problem: {layout: [96], batch: 1, heads: 2, heads_kv: 1, dim: 64, dtype: fp16, pass: "      \
    "forward}\n"                                                                                   \
    "  pattern: {kind: dense}\n"                                                                   \
    "  includes: attention\n"

/* Load a profile whose text is this. */
static tb_status load(const char *text, tb_profile **out, tb_error *err)
{
    return tb_profile_load(tb_test_file("p.yaml", text, strlen(text)), out, err);
}

static tb_profile *loaded(const char *text)
{
    tb_profile *profile = NULL;
    tb_error err;
    tb_assert_ok(load(text, &profile, &err), &err);
    return profile;
}

static void refused(const char *text, int line, int column, const char *part)
{
    tb_profile *profile = NULL;
    tb_error err;
    tb_assert_fails(load(text, &profile, &err), &err, TB_EFILE, part);
    tb_assert_position(&err, line, column);
    assert_null(profile);
}

static void profile__run_as_stated(void **state)
{
    (void)state;
    tb_profile *profile = loaded(HEAD RUN "  time_us: {median: 7.3, n: 12, low: 7, high: 8}\n"
                                          "  tflops: 72\n"
                                          "  permute_us: 2.5\n"
                                          "  quality: B\n"
                                          "  notes: cold\n"
                                          "  extra: {anything: [goes, {here: 1}]}\n");
    assert_int_equal(profile->count, 1);
    assert_false(profile->holds_bounds);
    const tb_run *run = &profile->runs[0];
    assert_string_equal(run->id, "a");
    assert_string_equal(run->device_text, "h100-sxm"); /* its name, where nothing else is said */
    assert_int_equal(run->kind, TB_RUN_DENSE);
    assert_true(run->simulable && run->has_case);
    assert_int_equal(run->item.problem.heads, 2);
    assert_int_equal(run->item.problem.dtype, TB_DTYPE_FP16);
    assert_true(run->time.given && run->time.has_spread);
    tb_assert_close(run->time.median_us, 7.3, 0);
    assert_int_equal(run->time.n, 12);
    tb_assert_close(run->time.high_us, 8, 0);
    assert_null(run->time.samples_us);
    assert_true(run->tflops.given && !run->speedup.given);
    tb_assert_close(run->permute_us.value, 2.5, 0);
    assert_string_equal(run->quality, "B");
    assert_null(run->defaults);
    assert_null(run->source);
    assert_false(run->has_baseline || run->emulated);
    assert_ptr_equal(tb_profile_find(profile, "a"), run);
    assert_null(tb_profile_find(profile, "b"));
    tb_profile_destroy(profile);
}

static void profile__samples_give_median_and_quartiles(void **state)
{
    (void)state;
    tb_profile *profile = loaded(HEAD RUN "  time_us: {samples: [72, 96, 7.3, 12, 40]}\n");
    const tb_run_time *time = &profile->runs[0].time;
    assert_int_equal(time->n, 5);
    tb_assert_close(time->median_us, 40, 1e-12);
    assert_true(time->has_spread);
    tb_assert_close(time->low_us, 12, 1e-12);
    tb_assert_close(time->high_us, 72, 1e-12);
    tb_assert_close(time->samples_us[2], 7.3, 0); /* in the order measured */
    tb_profile_destroy(profile);
    profile = loaded(HEAD RUN "  time_us: {samples: [72, 96], derived_from: tflops}\n");
    time = &profile->runs[0].time;
    tb_assert_close(time->median_us, 84, 1e-12);
    assert_false(time->has_spread); /* two values have no quartiles to speak of */
    assert_string_equal(time->derived_from, "tflops");
    tb_profile_destroy(profile);
}

static void profile__what_has_no_words_is_kept_aside(void **state)
{
    (void)state;
    tb_profile *profile = loaded(
        HEAD "- {id: a, kind: sparse, includes: attention, emulated: true, problem: {layout: "
             "[7, 12], heads: 3}, pattern: {kind: other, text: petals, petals: 5}, tiling: "
             "{kv_tile: [64]}}\n"
             "- {id: b, kind: dense, includes: attention, problem: {layout: [96], batch: 2, "
             "pass: forward+backward}, pattern: {kind: dense}}\n"
             "- {id: c, kind: end-to-end, includes: end-to-end, problem: {layout: [96]}, "
             "pattern: {kind: gna, window: [12]}, baseline: b}\n");
    const tb_run *runs = profile->runs;
    assert_false(runs[0].simulable || runs[0].has_case);
    assert_string_equal(runs[0].why_not, "its pattern cannot be expressed: petals");
    assert_int_equal(runs[0].item.problem.layout.extent[1], 12);
    assert_int_equal(runs[0].item.problem.heads, 3);
    assert_string_equal(runs[0].defaults, "batch, heads_kv, dim, dtype, pass");
    assert_string_equal(runs[0].kernel_text, "not stated");
    assert_true(runs[0].emulated);
    assert_false(runs[1].simulable);
    assert_string_equal(runs[1].why_not, "forward and backward together");
    assert_int_equal(runs[1].item.problem.batch, 2);
    assert_false(runs[2].simulable);
    assert_true(runs[2].has_case);
    assert_int_equal(runs[2].item.pattern.window[0], 12);
    assert_string_equal(runs[2].why_not, "a whole network");
    assert_true(runs[2].has_baseline);
    assert_int_equal(runs[2].baseline, 1);
    tb_profile_destroy(profile);
}

static void profile__bounds_are_no_runs(void **state)
{
    (void)state;
    tb_profile *profile = loaded(
        "schema: tilebound/profile/1\nname: p\nsummary: s\nsource: paper\nbounds:\n"
        "- {id: a, kind: sparse, problem: {layout: [96]}, pattern: {kind: gna, window: [12]}, "
        "speedup: 7.3}\n");
    assert_true(profile->holds_bounds);
    tb_assert_close(profile->runs[0].speedup.value, 7.3, 0);
    assert_string_equal(profile->runs[0].source, "paper");
    tb_profile_destroy(profile);
}

static void profile__case_of_a_run_follows_the_kernel(void **state)
{
    (void)state;
    tb_profile *profile =
        loaded(HEAD "- {id: a, kind: dense, includes: attention, problem: {layout: [7, 12]}, "
                    "pattern: {kind: causal}}\n"
                    "- {id: b, kind: sparse, includes: attention, problem: {layout: [7, 12]}, "
                    "pattern: {kind: gna, window: [3, 3]}}\n");
    tb_kernel single = {.tiling = TB_TILING_SINGLE_DIM}, multi = {.tiling = TB_TILING_MULTI_DIM};
    assert_int_equal(tb_run_case(&profile->runs[0], &single).problem.layout.extent[0], 84);
    assert_int_equal(tb_run_case(&profile->runs[0], &single).problem.layout.rank, 1);
    assert_int_equal(tb_run_case(&profile->runs[0], &multi).problem.layout.rank, 2);
    assert_int_equal(tb_run_case(&profile->runs[1], &single).problem.layout.rank, 2);
    tb_profile_destroy(profile);
}

static void profile__unknown_keys_are_refused(void **state)
{
    (void)state;
    refused("schema: tilebound/profile/1\nname: p\nsumary: s\n", 3, 1, "did you mean 'summary'?");
    refused(HEAD RUN "  time_ms: {median: 1, n: 1}\n", 12, 3, "unknown key 'time_ms'");
    refused(HEAD RUN "  time_us: {median: 1, n: 1, hi: 2}\n", 12, 30, "unknown key 'hi'");
    refused(HEAD "- {id: a, kind: sparse, includes: attention, pattern: {kind: other}, problem: "
                 "{layout: [7], head: 3}}\n",
            5, 93, "unknown key 'head'; did you mean 'heads'?");
    refused(HEAD "- {id: a, kind: sparse, includes: attention, problem: {layout: [7]}, pattern: "
                 "{kind: other}, tiling: {q_tiles: [7]}}\n",
            5, 103, "unknown key 'q_tiles'; did you mean 'q_tile'?");
    refused(HEAD "- {id: a, kind: sparse, includes: attention, problem: {layout: [7]}, pattern: "
                 "{kind: gna, windw: [7]}}\n",
            5, 91, "did you mean 'window'?");
    refused(HEAD RUN "  extra: 5\n", 12, 10, "extra must be a mapping");
}

static void profile__times_must_make_sense(void **state)
{
    (void)state;
    refused(HEAD RUN "  time_us: {median: 0, n: 1}\n", 12, 21, "needs a number of at least");
    refused(HEAD RUN "  time_us: {median: 5}\n", 12, 12, "needs key 'n'");
    refused(HEAD RUN "  time_us: {median: 5, n: 0}\n", 12, 27, "at least 1");
    refused(HEAD RUN "  time_us: {median: 5, n: 3, low: 4}\n", 12, 12, "needs key 'high'");
    refused(HEAD RUN "  time_us: {median: 5, n: 3, low: 4, high: 4.5}\n", 12, 44,
            "they must be in this order");
    refused(HEAD RUN "  time_us: {samples: []}\n", 12, 22, "at least one time");
    refused(HEAD RUN "  time_us: {samples: [7, -3]}\n", 12, 26, "needs a number of at least");
    refused(HEAD RUN "  time_us: {samples: [7], median: 7}\n", 12, 27, "unknown key 'median'");
    refused(HEAD RUN "  time_us: 7\n", 12, 12, "needs a mapping");
}

static void profile__runs_must_make_sense(void **state)
{
    (void)state;
    refused(HEAD RUN RUN, 12, 7, "a second run 'a'");
    refused(HEAD RUN "  baseline: b\n", 12, 13, "baseline 'b' is no run here");
    refused(HEAD RUN "  baseline: a\n", 12, 13, "baseline 'a' is the run itself");
    refused(HEAD RUN "  quality: D\n", 12, 12, "needs one of A, B, C");
    refused(HEAD
            "- {id: a, kind: end-to-end, includes: attention, problem: {layout: [7]}, pattern: "
            "{kind: dense}}\n",
            5, 39, "end-to-end is said of both or of neither");
    refused(HEAD "- {id: a, kind: dense, problem: {layout: [7]}, pattern: {kind: dense}}\n", 5, 3,
            "needs key 'includes'");
    refused(HEAD "- {id: a, kind: dense, includes: attention, problem: {heads: 7}, pattern: {kind: "
                 "dense}}\n",
            5, 54, "layout is missing");
    refused(HEAD "- {id: a, kind: dense, includes: attention, problem: {layout: [3037000500, "
                 "3037000500]}, pattern: {kind: dense}}\n",
            5, 54, "2^63");
}

static void profile__needs_runs_or_bounds(void **state)
{
    (void)state;
    refused("schema: tilebound/profile/1\nname: p\nsummary: s\n", 1, 1, "neither runs nor bounds");
    refused("schema: tilebound/profile/1\nname: p\nsummary: s\nruns: []\n", 4, 7, "at least one");
    refused(HEAD RUN "bounds: []\n", 1, 1, "both runs and bounds");
    refused("schema: tilebound/suite/1\n", 1, 9, "needs tilebound/profile/1");
    refused("{schema: tilebound/profile/1, name: p}\n", 1, 1, "needs key 'summary'");
}

static void profile__unknown_name_is_usage(void **state)
{
    (void)state;
    tb_profile *profile = NULL;
    tb_error err;
    tb_assert_fails(tb_profile_load("natten-h10", &profile, &err), &err, TB_EINVAL,
                    "did you mean 'natten-h100'?");
    tb_assert_fails(tb_profile_load(tb_test_path("none.yaml"), &profile, &err), &err, TB_EFILE, "");
    tb_profile_destroy(NULL);
}

TB_TESTS(cmocka_unit_test(profile__run_as_stated),
         cmocka_unit_test(profile__samples_give_median_and_quartiles),
         cmocka_unit_test(profile__what_has_no_words_is_kept_aside),
         cmocka_unit_test(profile__bounds_are_no_runs),
         cmocka_unit_test(profile__case_of_a_run_follows_the_kernel),
         cmocka_unit_test(profile__unknown_keys_are_refused),
         cmocka_unit_test(profile__times_must_make_sense),
         cmocka_unit_test(profile__runs_must_make_sense),
         cmocka_unit_test(profile__needs_runs_or_bounds),
         cmocka_unit_test(profile__unknown_name_is_usage));
