/* Mechanisms: files, parameters, layouts, and what a run adds up. */
#include "test_support.h"

#include "mechanism.h"
#include "mechanism_explain.h"
#include "timed_case.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Every key that a mechanism file may have. */
static const char good[] =
    "schema: tilebound/mechanism/1\n"                                                     /* 1 */
    "name: probe\n"                                                                       /* 2 */
    "title: Probing attention\n"                                                          /* 3 */
    "summary: a mechanism of the tests\n"                                                 /* 4 */
    "family: tests\n"                                                                     /* 5 */
    "phase: prefill\n"                                                                    /* 6 */
    "rank: 1\n"                                                                           /* 7 */
    "baseline: self\n"                                                                    /* 8 */
    "problem: {batch: 3, heads: 12, heads_kv: 4, dim: 64, dim_value: 96, dtype: fp16}\n"  /* 9 */
    "parameters:\n"                                                                       /* 10 */
    "  window: {value: 96, from: abstract}\n"                                             /* 11 */
    "  keep_ratio: {value: 0.3, from: 'assumed: nobody says'}\n"                          /* 12 */
    "derived:\n"                                                                          /* 13 */
    "  kept: ceil(keep_ratio * N)\n"                                                      /* 14 */
    "  twice: 2 * kept\n"                                                                 /* 15 */
    "exceeds_bound: false\n"                                                              /* 16 */
    "dense_when: {window: N, keep_ratio: 1}\n"                                            /* 17 */
    "stages:\n"                                                                           /* 18 */
    "  - {name: score, kind: product, what: scores, rows: N, columns: twice, inner: D}\n" /* 19 */
    "  - {name: near, kind: attention, pattern: {kind: gna, window: [window]}}\n"         /* 20 */
    "complexity: O(N)\n"                                                                  /* 21 */
    "note: a note\n"                                                                      /* 22 */
    "claims:\n"                                                                           /* 23 */
    "  - {metric: speed, value: 7.2, unit: x, stat: up_to, baseline: dense, device: A100,\n" /* 24
                                                                                              */
    "     condition: long, from: abstract, scope: kernel, speedup: 7.2, tokens: 72000,\n" /* 25 */
    "     device_name: a100-80, dim: 64}\n"                                               /* 26 */
    "  - {metric: spread, value: [28, 46], unit: '%', stat: range, from: abstract, scope: "
    "end-to-end}\n" /* 27 */
    "  - {metric: quality, value: null, stat: qualitative, from: abstract, scope: other}\n"; /* 28
                                                                                              */

static tb_mechanism *load(const char *path)
{
    tb_mechanism *mechanism = NULL;
    tb_error err;
    tb_assert_ok(tb_mechanism_load(path, &mechanism, &err), &err);
    return mechanism;
}

static tb_mechanism *load_with(const char *from, const char *to)
{
    return load(tb_test_variant("probe.yaml", good, from, to));
}

static void mechanism_file__every_value_is_read(void **state)
{
    (void)state;
    tb_mechanism *m = load_with("", "");
    assert_string_equal(m->name, "probe");
    assert_string_equal(m->title, "Probing attention");
    assert_string_equal(m->summary, "a mechanism of the tests");
    assert_string_equal(m->family, "tests");
    assert_string_equal(m->complexity, "O(N)");
    assert_string_equal(m->note, "a note");
    assert_int_equal(m->phase, TB_PHASE_PREFILL);
    assert_int_equal(m->baseline, TB_BASELINE_SELF);
    assert_int_equal(m->problem.batch, 3);
    assert_int_equal(m->problem.heads, 12);
    assert_int_equal(m->problem.heads_kv, 4);
    assert_int_equal(m->problem.dim, 64);
    assert_int_equal(m->problem.dim_value, 96);
    assert_int_equal(m->problem.dtype, TB_DTYPE_FP16);
    assert_int_equal(m->parameter_count, 2);
    assert_string_equal(m->parameters[1].name, "keep_ratio");
    assert_true(m->parameters[1].value == 0.3 && m->parameters[1].is_assumed);
    assert_false(m->parameters[0].is_assumed);
    assert_int_equal(m->stage_count, 2);
    assert_string_equal(m->stages[1].kind->name, "attention");
    assert_int_equal(m->claim_count, 3);
    assert_true(m->claims[0].value == 7.2 && m->claims[0].high == 7.2);
    assert_true(m->claims[0].speedup == 7.2);
    assert_int_equal(m->claims[0].tokens, 72000);
    assert_string_equal(m->claims[0].device_name, "a100-80");
    assert_int_equal(m->claims[0].scope, TB_CLAIM_KERNEL);
    assert_true(m->claims[1].value == 28 && m->claims[1].high == 46);
    assert_true(isnan(m->claims[1].speedup) && isnan(m->claims[2].value));
    assert_int_equal(m->claims[1].scope, TB_CLAIM_END_TO_END);
    assert_int_equal(m->claims[2].scope, TB_CLAIM_OTHER);
    tb_mechanism_destroy(m);
}

static void mechanism_file__the_baseline_follows_the_phase(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        tb_baseline want;
    } cases[] = {{"phase: prefill\nrank: 1\nbaseline: self", "phase: prefill", TB_BASELINE_CAUSAL},
                 {"phase: prefill\nrank: 1\nbaseline: self", "phase: both", TB_BASELINE_CAUSAL},
                 {"phase: prefill\nrank: 1\nbaseline: self", "phase: vision", TB_BASELINE_SELF},
                 {"baseline: self", "baseline: causal", TB_BASELINE_CAUSAL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_mechanism *m = load_with(cases[i].from, cases[i].to);
        assert_int_equal(m->baseline, cases[i].want);
        tb_mechanism_destroy(m);
    }
}

static tb_status try_load(const char *path, tb_error *err)
{
    tb_mechanism *mechanism = NULL;
    tb_status status = tb_mechanism_load(path, &mechanism, err);
    tb_mechanism_destroy(mechanism);
    return status;
}

static void mechanism_file__what_is_wrong_has_its_place(void **state)
{
    (void)state;
    static const tb_test_refusal refusals[] = {
        {"mechanism/1", "network/1", "needs tilebound/mechanism/1", 1, 9},
        {"family:", "famly:", "unknown key 'famly'; did you mean 'family'?", 5, 1},
        {"title: Probing attention\n", "", "needs key 'title'", 1, 1},
        {"phase: prefill", "phase: prefil", "did you mean 'prefill'?", 6, 8},
        {"rank: 1", "rank: 4", "4", 7, 7},
        {"rank: 1\nbaseline: self", "rank: 2\nbaseline: causal", "a causal baseline has rank 1", 8,
         11},
        {"heads_kv: 4", "heads_kv: 5", "12 heads and 5 KV heads", 9, 10},
        {"heads_kv: 4", "head_kv: 4", "did you mean 'heads_kv'?", 9, 32},
        {"dtype: fp16", "dtype: fp17", "did you mean", 9, 76},
        {"  window: {value", "  N: {value", "'N' is the problem's or a function", 11, 3},
        {"  window: {value", "  ceil: {value", "'ceil' is the problem's or a function", 11, 3},
        {"  window: {value", "  the-window: {value", "is no name for expressions", 11, 3},
        {"{value: 96,", "{value: a lot,", "a lot", 11, 19},
        {", from: abstract}\n  keep", "}\n  keep", "needs key 'from'", 11, 11},
        {"  twice: 2", "  window: 2", "'window' is a parameter already", 15, 3},
        {"exceeds_bound: false", "exceeds_bound: no", "true", 16, 16},
        {"{window: N, keep", "{windw: N, keep", "'windw' is no parameter", 17, 14},
        {"dense_when: {window: N, keep_ratio: 1}", "dense_when: {}", "a mapping of parameters", 17,
         13},
        {"name: near", "name: score", "a second stage named 'score'", 20, 5},
        {"kind: product", "kind: prodct", "did you mean", 19, 25},
        {"stat: up_to", "stat: upto", "did you mean 'up_to'?", 24, 48},
        {"scope: kernel", "scope: kernal", "did you mean 'kernel'?", 25, 46},
        {", scope: kernel", "", "needs key 'scope'", 24, 5},
        {"[28, 46]", "[28, 46, 50]", "a range has two values", 27, 29},
        {"[28, 46]", "[46, 28]", "28", 27, 34},
    };
    tb_test_refusals("probe.yaml", good, refusals, sizeof refusals / sizeof *refusals, try_load);
}

static void mechanism__parameters_are_set(void **state)
{
    (void)state;
    tb_error err;
    tb_mechanism *m = load_with("", "");
    tb_assert_ok(tb_mechanism_set(m, "window=2048", &err), &err);
    assert_true(m->parameters[0].value == 2048 && m->parameters[0].is_set);
    tb_assert_fails(tb_mechanism_set(m, "windw=2", &err), &err, TB_EINVAL,
                    "no parameter 'windw'; did you mean 'window'?");
    tb_assert_fails(tb_mechanism_set(m, "zebra=2", &err), &err, TB_EINVAL,
                    "'tilebound list mechanisms probe' shows");
    tb_assert_fails(tb_mechanism_set(m, "window", &err), &err, TB_EINVAL, "give name=number");
    tb_assert_fails(tb_mechanism_set(m, "=2", &err), &err, TB_EINVAL, "give name=number");
    tb_assert_fails(tb_mechanism_set(m, "window=N", &err), &err, TB_EINVAL, "'N' is no number");
    tb_mechanism_destroy(m);
}

static void mechanism__an_unknown_name_finds_the_nearest(void **state)
{
    (void)state;
    tb_mechanism *m = NULL;
    tb_error err;
    tb_assert_fails(tb_mechanism_load("minferenc", &m, &err), &err, TB_EINVAL,
                    "unknown mechanism 'minferenc'; did you mean 'minference'?");
}

/* The most nearly square and cubic ones, by hand. */
static void mechanism__tokens_become_a_layout_of_its_rank(void **state)
{
    (void)state;
    static const struct {
        int rank;
        int64_t n, want[3];
    } cases[] = {{2, 65536, {256, 256}},    {2, 131072, {256, 512}},
                 {2, 97, {1, 97}},          {2, 72, {8, 9}},
                 {3, 115200, {48, 48, 50}}, {3, 131072, {32, 64, 64}},
                 {3, 262144, {64, 64, 64}}, {3, 2, {1, 1, 2}},
                 {3, 97, {1, 1, 97}},       {2, 1, {1, 1}}};
    tb_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_mechanism m = {.name = "probe", .rank = cases[i].rank};
        tb_layout layout = {.rank = 1, .extent = {cases[i].n}};
        bool changed = false;
        tb_assert_ok(tb_mechanism_layout(&m, &layout, &changed, &err), &err);
        assert_true(changed);
        assert_int_equal(layout.rank, cases[i].rank);
        for (int d = 0; d < cases[i].rank; d++) {
            assert_int_equal(layout.extent[d], cases[i].want[d]);
        }
    }
    tb_mechanism m = {.name = "probe", .rank = 2};
    tb_layout layout = {.rank = 2, .extent = {30, 48}};
    bool changed = true;
    tb_assert_ok(tb_mechanism_layout(&m, &layout, &changed, &err), &err);
    assert_false(changed);
    layout.rank = 3;
    tb_assert_fails(tb_mechanism_layout(&m, &layout, &changed, &err), &err, TB_EINVAL,
                    "takes 2, or a number of tokens");
}

static tb_mechanism_result run(const tb_mechanism *m, int64_t tokens, const tb_device *device,
                               const tb_kernel *kernel)
{
    tb_mechanism_result result;
    tb_error err;
    tb_problem problem = m->problem;
    problem.layout = (tb_layout){.rank = 1, .extent = {tokens}};
    tb_assert_ok(tb_mechanism_run(m, &problem, device, kernel, 0, &result, &err), &err);
    return result;
}

static void mechanism__stages_add_up(void **state)
{
    (void)state;
    tb_mechanism *m = load_with("dim_value: 96", "dim_value: 64");
    tb_device *device = tb_test_device("h100-sxm");
    tb_mechanism_result r = run(m, 8192, device, NULL);
    assert_int_equal(r.stage_count, 2);
    tb_assert_close(r.total_us, r.stages[0].time_us + r.stages[1].time_us, 1e-12);
    tb_assert_close(r.least_us, r.stages[0].least_us + r.stages[1].least_us, 1e-12);
    tb_assert_close(r.speedup, r.dense_us / r.total_us, 1e-12);
    tb_assert_close(r.bound, r.dense_least_us / r.least_us, 1e-12);
    /* twice = 2 ceil(0.3 x 8192) = 4916 columns */
    tb_assert_close(r.stages[0].work.matrix_flop, 2.0 * 8192 * 4916 * 64, 1e-12);
    /* inputs and outputs of 3 x (12 + 4) heads, and the scores of the product, 2 bytes each */
    tb_assert_close(r.peak_bytes, 3.0 * 16 * 8192 * 128 * 2 + 8192.0 * 4916 * 2, 1e-12);
    assert_true(r.has_assumed);
    assert_non_null(strstr(r.notes.text[0], "keep_ratio = 0.3 is assumed: nobody says"));
    tb_mechanism_result_release(&r);
    tb_error err;
    tb_assert_ok(tb_mechanism_set(m, "keep_ratio=0.72", &err), &err);
    r = run(m, 8192, device, NULL);
    assert_false(r.has_assumed); /* it is the user's now */
    tb_mechanism_result_release(&r);
    tb_device_destroy(device);
    tb_mechanism_destroy(m);
}

static void mechanism__an_explanation_multiplies_back(void **state)
{
    (void)state;
    tb_mechanism *m = load_with("dim_value: 96", "dim_value: 64");
    tb_device *device = tb_test_device("h100-sxm");
    tb_mechanism_result r = run(m, 8192, device, NULL);
    tb_mechanism_explanation why;
    tb_error err;
    tb_assert_ok(tb_mechanism_explain(&r, &why, &err), &err);
    double product = why.from;
    for (size_t i = 0; i < why.count; i++) {
        product *= why.steps[i].factor;
    }
    assert_int_equal(why.count, 2); /* the kernels, and the product */
    tb_assert_close(product, r.speedup, 1e-12);
    tb_assert_close(why.to, r.speedup, 1e-12);
    tb_assert_close(why.from, r.dense_least_us / r.stages[1].least_us, 1e-12);
    tb_mechanism_explanation_release(&why);
    tb_mechanism_result_release(&r);
    r = run(m, 8192, NULL, NULL);
    tb_assert_fails(tb_mechanism_explain(&r, &why, &err), &err, TB_EINVAL, "give --device");
    tb_mechanism_result_release(&r);
    tb_device_destroy(device);
    tb_mechanism_destroy(m);
}

static void mechanism__dense_parameters_are_dense_attention(void **state)
{
    (void)state;
    tb_mechanism *m = load_with("dim_value: 96", "dim_value: 64");
    tb_device *device = tb_test_device("h100-sxm");
    tb_kernel *kernel = tb_test_kernel("cutlass-hopper-fna");
    tb_problem problem = m->problem;
    bool can = false;
    tb_error err;
    problem.layout = (tb_layout){.rank = 1, .extent = {8192}};
    tb_assert_ok(tb_mechanism_make_dense(m, &problem, &can, &err), &err);
    assert_true(can);
    assert_true(m->parameters[0].value == 8192 && m->parameters[1].value == 1);
    tb_mechanism_options options = {.device = device, .kernel = kernel, .baseline_kernel = kernel};
    tb_mechanism_result r;
    tb_assert_ok(tb_mechanism_run_with(m, &problem, &options, &r, &err), &err);
    tb_assert_close(r.stages[1].time_us, r.dense_us, 1e-9);
    tb_mechanism_result_release(&r);
    tb_kernel_destroy(kernel);
    tb_device_destroy(device);
    tb_mechanism_destroy(m);
}

static void mechanism__a_problem_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    tb_mechanism *m = load_with("", "");
    tb_mechanism_result r;
    tb_error err;
    tb_problem problem = m->problem;
    problem.layout = (tb_layout){.rank = 1, .extent = {0}};
    tb_assert_fails(tb_mechanism_run(m, &problem, NULL, NULL, 0, &r, &err), &err, TB_EINVAL, "");
    problem.layout.extent[0] = INT64_C(1) << 40;
    tb_assert_fails(tb_mechanism_run(m, &problem, NULL, NULL, 0, &r, &err), &err, TB_EOVERFLOW, "");
    tb_mechanism_destroy(m);
    tb_mechanism_destroy(NULL);
}

TB_TESTS(cmocka_unit_test(mechanism_file__every_value_is_read),
         cmocka_unit_test(mechanism_file__the_baseline_follows_the_phase),
         cmocka_unit_test(mechanism_file__what_is_wrong_has_its_place),
         cmocka_unit_test(mechanism__parameters_are_set),
         cmocka_unit_test(mechanism__an_unknown_name_finds_the_nearest),
         cmocka_unit_test(mechanism__tokens_become_a_layout_of_its_rank),
         cmocka_unit_test(mechanism__stages_add_up),
         cmocka_unit_test(mechanism__an_explanation_multiplies_back),
         cmocka_unit_test(mechanism__dense_parameters_are_dense_attention),
         cmocka_unit_test(mechanism__a_problem_that_makes_no_sense_is_refused));
