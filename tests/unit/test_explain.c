/* The waterfall multiplies back, on random problems; test_explain_advice.c has what it advises. */
#include "explain.h"

#include "test_support.h"
#include "timed_case.h"

#include <math.h>
#include <string.h>

static const char *const step_names[TB_EXPLAIN_STEPS] = {"masked pairs in tiles",
                                                         "padding",
                                                         "baseline tiles and head dim",
                                                         "exp and MMA in turn",
                                                         "masking",
                                                         "prologue",
                                                         "waves and tail",
                                                         "clock, HBM and launch",
                                                         "permutation"};

/* A device with its own kernel and its dense one. */
typedef struct side {
    tb_device *device;
    tb_kernel *kernel, *dense;
} side;

static side open_side(const char *device)
{
    side s = {.device = tb_test_device(device)};
    s.kernel = tb_test_kernel(s.device->default_kernel);
    s.dense = tb_test_kernel(s.device->dense_kernel);
    return s;
}

static void close_side(side *s)
{
    tb_device_destroy(s->device);
    tb_kernel_destroy(s->kernel);
    tb_kernel_destroy(s->dense);
}

/* Predict, time and explain. */
typedef struct answer {
    tb_prediction prediction;
    tb_timing timing;
    tb_explanation why;
} answer;

static answer ask(const side *s, const tb_case *item)
{
    answer a;
    tb_error err;
    tb_assert_ok(tb_predict(item, s->kernel, &a.prediction, &err), &err);
    tb_assert_ok(tb_predict_time(&a.prediction, s->kernel, s->device, s->dense, &a.timing, &err),
                 &err);
    tb_assert_ok(tb_explain(&a.prediction, s->kernel, &a.timing, &a.why, &err), &err);
    return a;
}

/* The product of the first `count` steps, from the FLOP-wise speedup. */
static double product(const tb_explanation *why, size_t count)
{
    double speedup = why->from;
    for (size_t i = 0; i < count; i++) {
        speedup *= why->steps[i].factor;
    }
    return speedup;
}

static void check_product(const answer *a)
{
    assert_int_equal(a->why.count, TB_EXPLAIN_STEPS);
    tb_assert_close(a->why.from, a->prediction.bound.flop_speedup, 0);
    tb_assert_close(a->why.to, a->timing.speedup_total, 0);
    tb_assert_close(product(&a->why, 2), a->prediction.bound.tile_speedup, 1e-9);
    tb_assert_close(product(&a->why, TB_EXPLAIN_STEPS - 1), a->timing.speedup, 1e-9);
    tb_assert_close(product(&a->why, TB_EXPLAIN_STEPS), a->why.to, 1e-9);
}

static void check_answer(const answer *a)
{
    check_product(a);
    for (size_t i = 0; i < TB_EXPLAIN_STEPS; i++) {
        const tb_explain_step *step = &a->why.steps[i];
        assert_string_equal(step->name, step_names[i]);
        assert_true(isfinite(step->factor) && step->factor > 0);
        assert_true(memchr(step->advice, '\0', sizeof step->advice) != NULL);
        assert_true(strchr(step->advice, '\n') == NULL);
    }
    assert_true(a->why.steps[0].factor <= 1); /* masked pairs never help */
    assert_true(a->why.steps[8].factor <= 1); /* nor does permuting */
    /* a dense baseline masks its ragged edge, if anything */
    assert_true(a->why.steps[4].factor <=
                a->timing.dense.tile_cycles / a->timing.dense.plain_cycles * (1 + 1e-12));
}

static void factors__multiply_back(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    side sides[] = {open_side("h100-sxm"), open_side("b200")};
    int cases = tb_test_cases(400), permuted = 0, masked = 0;
    for (int i = 0; i < cases; i++) {
        tb_case item = tb_test_draw_gna(random, 40000);
        item.problem.extra_kv = tb_test_between(random, 0, 3) == 0 ? 231 : 0;
        answer a = ask(&sides[i % 2], &item);
        check_answer(&a);
        permuted += a.timing.time.permute_us > 0;
        masked += a.timing.time.tile_cycles > a.timing.time.plain_cycles;
        tb_prediction_release(&a.prediction);
    }
    print_message("%d problems, %d permuted, %d masked\n", cases, permuted, masked);
    assert_true(permuted > 0 && masked > 0);
    close_side(&sides[0]);
    close_side(&sides[1]);
    gsl_rng_free(random);
}

/* Runs of the flattened order, causal attention, and a causal baseline. */
static void factors__multiply_back_for_flat_kernels(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    side s = open_side("h100-sxm");
    tb_kernel_destroy(s.kernel);
    s.kernel = tb_test_kernel("cudnn");
    int cases = tb_test_cases(100);
    for (int i = 0; i < cases; i++) {
        tb_case item = tb_case_default();
        item.problem.layout = (tb_layout){.rank = 1, .extent = {tb_test_between(random, 1, 72000)}};
        item.problem.heads = item.problem.heads_kv = tb_test_between(random, 1, 9);
        item.pattern.kind = i % 3 == 0 ? TB_PATTERN_CAUSAL : TB_PATTERN_LOCAL;
        item.pattern.left = tb_test_between(random, 0, 9600);
        item.pattern.right = i % 2 == 0 ? 0 : tb_test_between(random, 0, 72);
        item.baseline = i % 2 == 0 ? TB_BASELINE_CAUSAL : TB_BASELINE_SELF;
        answer a = ask(&s, &item);
        check_product(&a);
        tb_prediction_release(&a.prediction);
    }
    print_message("%d problems\n", cases);
    close_side(&s);
    gsl_rng_free(random);
}

/* Dense over dense of the same tiles: nothing is lost in them. */
static void a_full_window__loses_nothing_in_its_tiles(void **state)
{
    (void)state;
    side s = open_side("h100-sxm");
    tb_case item = tb_test_gna("32768", NULL, NULL, 4);
    answer a = ask(&s, &item);
    check_answer(&a);
    tb_assert_close(a.why.from, 1, 0);
    for (int i = 0; i < 3; i++) { /* pairs, padding, and the baseline has the same 128 x 128 */
        tb_assert_close(a.why.steps[i].factor, 1, 1e-12);
    }
    tb_assert_close(a.why.steps[4].factor, 1, 1e-12);
    tb_assert_close(a.why.steps[8].factor, 1, 0);
    tb_prediction_release(&a.prediction);
    close_side(&s);
}

/* 32768, window 2048, stride 256 is fully block-sparse: 16 of 256 KV tiles, and the bound is kept
 * but for the baseline's own time. Stride 1 pays for masked pairs and for masking them. */
static void masks__show_where_they_cost(void **state)
{
    (void)state;
    side s = open_side("h100-sxm");
    tb_case item = tb_test_gna("32768", "2048", "256", 8);
    answer full = ask(&s, &item);
    tb_assert_close(full.why.from, 16, 1e-12);
    tb_assert_close(full.why.steps[0].factor, 1, 1e-12);
    tb_assert_close(full.why.steps[4].factor, 1, 1e-12);
    assert_string_equal(full.why.steps[0].advice, "");
    assert_string_equal(full.why.steps[4].advice, "");
    item.pattern.stride[0] = 1;
    answer masked = ask(&s, &item);
    double tile = masked.timing.time.tile.plain / masked.timing.time.tile.masked;
    assert_true(masked.why.steps[0].factor < 0.96);
    tb_assert_close(masked.why.steps[4].factor, tile, 1e-12); /* all of its tiles are masked */
    assert_non_null(strstr(masked.why.steps[4].advice, "masks every visited tile"));
    assert_non_null(strstr(masked.why.steps[0].advice, "stride 256 makes every tile full"));
    tb_prediction_release(&full.prediction);
    tb_prediction_release(&masked.prediction);
    close_side(&s);
}

static void a_dense_baseline__is_needed(void **state)
{
    (void)state;
    side s = open_side("h100-sxm");
    tb_case item = tb_test_gna("32768", "2048", NULL, 8);
    tb_prediction p;
    tb_timing timing;
    tb_explanation why = {.count = 72};
    tb_error err;
    tb_assert_ok(tb_predict(&item, s.kernel, &p, &err), &err);
    tb_assert_ok(tb_predict_time(&p, s.kernel, s.device, NULL, &timing, &err), &err);
    assert_false(timing.has_dense);
    tb_assert_fails(tb_explain(&p, s.kernel, &timing, &why, &err), &err, TB_EINVAL,
                    "give --baseline-kernel");
    assert_int_equal(why.count, 72);
    tb_prediction_release(&p);
    close_side(&s);
}

/* Measured at twice the predicted attention time and 1.5 times the dense one, a speedup is 0.75 of
 * the predicted one; with permutation, of the total one. */
static void unexplained__leads_to_the_measured_speedup(void **state)
{
    (void)state;
    side s = open_side("h100-sxm");
    tb_case item = tb_test_gna("30x48x80", "18x24x24", NULL, 24);
    answer a = ask(&s, &item);
    tb_explanation with = a.why;
    assert_true(a.timing.time.permute_us > 0);
    tb_explain_measured measured = {.attention_us = 2 * a.timing.time.attention_us,
                                    .dense_us = 1.5 * a.timing.dense.attention_us};
    tb_assert_close(tb_explain_compared_with(&a.timing, &measured), a.timing.speedup, 0);
    tb_explain_add_measured(&a.timing, &measured, &a.why);
    assert_int_equal(a.why.count, TB_EXPLAIN_STEPS + 1);
    const tb_explain_step *last = &a.why.steps[TB_EXPLAIN_STEPS];
    assert_string_equal(last->name, "unexplained");
    tb_assert_close(last->factor, 0.75, 1e-12);
    tb_assert_close(product(&a.why, TB_EXPLAIN_STEPS - 1) * last->factor,
                    measured.dense_us / measured.attention_us, 1e-9);
    assert_string_equal(last->advice, "measured without permutation: 100.0 % longer than "
                                      "predicted, dense attention 50.0 % longer");
    measured.with_permutation = true;
    measured.attention_us = 0.8 * a.timing.time.total_us;
    tb_assert_close(tb_explain_compared_with(&a.timing, &measured), a.timing.speedup_total, 0);
    tb_explain_add_measured(&a.timing, &measured, &with);
    tb_assert_close(product(&with, TB_EXPLAIN_STEPS + 1), measured.dense_us / measured.attention_us,
                    1e-9);
    assert_non_null(strstr(with.steps[TB_EXPLAIN_STEPS].advice, "with permutation: 20.0 % less"));
    tb_prediction_release(&a.prediction);
    close_side(&s);
}

TB_TESTS(cmocka_unit_test(factors__multiply_back),
         cmocka_unit_test(unexplained__leads_to_the_measured_speedup),
         cmocka_unit_test(factors__multiply_back_for_flat_kernels),
         cmocka_unit_test(a_full_window__loses_nothing_in_its_tiles),
         cmocka_unit_test(masks__show_where_they_cost),
         cmocka_unit_test(a_dense_baseline__is_needed));
