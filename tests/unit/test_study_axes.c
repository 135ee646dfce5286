/* Axes of studies: combinations, samples, latin hypercubes, and what is refused. */
#include "study_axes.h"

#include "test_support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    tb_yaml *doc;
    tb_arena *arena;
    tb_study_axes axes;
    tb_study_sampler sampler;
} entry;

static tb_status read_text(const char *text, entry *out, tb_error *err)
{
    *out = (entry){.arena = tb_arena_create()};
    tb_status status = tb_yaml_parse(text, strlen(text), "axes.yaml", &out->doc, err);
    if (status == TB_OK) {
        status = tb_study_axes_read(tb_yaml_root(out->doc), out->arena, &out->axes, err);
    }
    return status == TB_OK ? tb_study_sampler_create(&out->sampler, err) : status;
}

static void release(entry *of)
{
    tb_study_sampler_destroy(&of->sampler);
    tb_yaml_destroy(of->doc);
    tb_arena_destroy(of->arena);
}

static entry read_entry(const char *text)
{
    entry made;
    tb_error err;
    tb_assert_ok(read_text(text, &made, &err), &err);
    return made;
}

static int64_t integer_at(entry *of, int64_t point, size_t axis)
{
    tb_axis_value values[TB_AXES_MAX];
    int64_t value = 0;
    tb_study_axes_at(&of->axes, point, &of->sampler, values);
    if (values[axis].node != NULL) {
        assert_int_equal(tb_yaml_int(values[axis].node, INT64_MIN, INT64_MAX, &value, NULL), TB_OK);
        return value;
    }
    assert_false(values[axis].is_real);
    return values[axis].integer;
}

static double real_at(entry *of, int64_t point, size_t axis)
{
    tb_axis_value values[TB_AXES_MAX];
    tb_study_axes_at(&of->axes, point, &of->sampler, values);
    assert_true(values[axis].is_real);
    return values[axis].real;
}

/* zip of 2 x range of 3 (5, 8, 11) x list of 2 = 12; point 7 = 1 * 6 + 0 * 2 + 1 */
static void axes__the_last_of_cross_moves_fastest(void **state)
{
    (void)state;
    entry of = read_entry("zip: {problem.heads: [4, 9], problem.dim: [64, 96]}\n"
                          "cross: {pattern.window.0: {from: 5, to: 13, step: 3}, "
                          "pattern.stride.0: [2, 7]}\n");
    assert_int_equal(of.axes.points, 12);
    assert_int_equal(integer_at(&of, 7, 0), 9);
    assert_int_equal(integer_at(&of, 7, 1), 96);
    assert_int_equal(integer_at(&of, 7, 2), 5);
    assert_int_equal(integer_at(&of, 7, 3), 7);
    assert_int_equal(integer_at(&of, 5, 0), 4);
    assert_int_equal(integer_at(&of, 5, 2), 11);
    release(&of);
}

static void axes__types_are_the_narrowest_that_hold_all_values(void **state)
{
    (void)state;
    entry of = read_entry("cross: {problem.heads: [4, 9], set.a: [4, 0.5], problem.dtype: [bf16, "
                          "fp32], problem.batch: {from: 3, to: 9}}\n");
    assert_int_equal(of.axes.axis[0].type, TB_CELL_INTEGER);
    assert_int_equal(of.axes.axis[1].type, TB_CELL_REAL);
    assert_int_equal(of.axes.axis[2].type, TB_CELL_TEXT);
    assert_int_equal(of.axes.axis[3].type, TB_CELL_INTEGER);
    release(&of);
}

/* Every stratum once, for counts on both sides of powers of four, on each axis by itself. */
static void latin__every_stratum_has_one_sample(void **state)
{
    static const int64_t counts[] = {1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 1000, 4099};
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        char text[200];
        (void)snprintf(text, sizeof text,
                       "cross: {set.a: {from: 2.5, to: 7.0}, set.b: {from: -3.0, to: -1.5}, set.c: "
                       "{from: 0.1, to: 0.9}}\nsample: {kind: latin, count: %lld, seed: 7}\n",
                       (long long)counts[i]);
        entry of = read_entry(text);
        assert_int_equal(of.axes.points, counts[i]);
        for (size_t a = 0; a < 3; a++) {
            const tb_study_axis *axis = &of.axes.axis[a];
            int *taken = calloc((size_t)counts[i], sizeof *taken);
            assert_non_null(taken);
            for (int64_t p = 0; p < counts[i]; p++) {
                double u = (real_at(&of, p, a) - axis->low) / (axis->high - axis->low);
                int64_t stratum = (int64_t)floor(u * (double)counts[i] * (1 + 1e-12));
                assert_in_range(stratum, 0, counts[i] - 1);
                assert_int_equal(taken[stratum]++, 0);
                assert_int_equal(stratum, tb_study_stratum(&of.axes, a, p));
            }
            free(taken);
        }
        release(&of);
    }
}

/* 1000 samples of integers 1 to 10: each of them a hundred times, whatever the seed. */
static void latin__integers_come_equally_often(void **state)
{
    (void)state;
    entry of = read_entry("cross: {problem.heads: {from: 1, to: 10}}\n"
                          "sample: {kind: latin, count: 1000, seed: 3}\n");
    int times[11] = {0};
    for (int64_t p = 0; p < 1000; p++) {
        times[integer_at(&of, p, 0)]++;
    }
    for (int value = 1; value <= 10; value++) {
        assert_int_equal(times[value], 100);
    }
    release(&of);
}

/* The orders of two axes have nothing to do with each other: |r| of 2000 pairs is below 4 sigma. */
static void latin__axes_are_independent(void **state)
{
    (void)state;
    entry of = read_entry("cross: {set.a: {from: 0.5, to: 1.5}, set.b: {from: 0.5, to: 1.5}}\n"
                          "sample: {kind: latin, count: 2000}\n");
    double sum = 0;
    for (int64_t p = 0; p < 2000; p++) {
        sum += (real_at(&of, p, 0) - 1) * (real_at(&of, p, 1) - 1);
    }
    assert_true(fabs(sum / 2000 * 12) < 4 / sqrt(2000.0));
    release(&of);
}

static void samples__a_point_is_the_same_whichever_came_before(void **state)
{
    static const char *const kinds[] = {"random", "latin"};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        char text[200];
        (void)snprintf(text, sizeof text,
                       "cross: {set.a: {from: 0.5, to: 9.5}, problem.heads: {from: 1, to: 64}}\n"
                       "sample: {kind: %s, count: 5000, seed: 11}\n",
                       kinds[k]);
        entry of = read_entry(text), other = read_entry(text);
        double forward[5000];
        for (int64_t p = 0; p < 5000; p++) {
            forward[p] = real_at(&of, p, 0);
        }
        for (int64_t p = 4999; p >= 0; p -= 37) {
            assert_true(real_at(&other, p, 0) == forward[p]);
            assert_true(real_at(&other, p, 0) == forward[p]);
        }
        release(&of);
        release(&other);
    }
}

static void samples__another_seed_gives_others(void **state)
{
    (void)state;
    entry a = read_entry("cross: {set.a: {from: 0.5, to: 9.5}}\n"
                         "sample: {kind: random, count: 100, seed: 1}\n");
    entry b = read_entry("cross: {set.a: {from: 0.5, to: 9.5}}\n"
                         "sample: {kind: random, count: 100, seed: 2}\n");
    int same = 0;
    for (int64_t p = 0; p < 100; p++) {
        same += real_at(&a, p, 0) == real_at(&b, p, 0);
    }
    assert_int_equal(same, 0);
    release(&a);
    release(&b);
}

/* Even in the logarithm: of 1 to 4096 half lie below 64. Mean of 4000: sigma 0.8 %. */
static void samples__a_logarithmic_range_is_even_in_the_logarithm(void **state)
{
    (void)state;
    entry of = read_entry("cross: {problem.heads: {from: 1, to: 4095, scale: log}}\n"
                          "sample: {kind: random, count: 4000}\n");
    int below = 0;
    for (int64_t p = 0; p < 4000; p++) {
        int64_t value = integer_at(&of, p, 0);
        assert_in_range(value, 1, 4095);
        below += value < 64;
    }
    assert_in_range(below, 1870, 2130);
    release(&of);
}

static void samples__zip_moves_together(void **state)
{
    (void)state;
    entry of = read_entry("zip: {problem.heads: [1, 2, 3], problem.dim: [10, 20, 30]}\n"
                          "cross: {problem.batch: {from: 1, to: 9}}\n"
                          "sample: {kind: latin, count: 500}\n");
    for (int64_t p = 0; p < 500; p++) {
        assert_int_equal(integer_at(&of, p, 1), 10 * integer_at(&of, p, 0));
    }
    release(&of);
}

/* As suites have it: so many different combinations, in their order. */
static void samples__a_number_draws_different_combinations(void **state)
{
    (void)state;
    entry of = read_entry("cross: {problem.heads: {from: 1, to: 20}, problem.batch: [1, 2, 3]}\n"
                          "sample: 17\nseed: 5\n");
    assert_int_equal(of.axes.points, 17);
    int64_t before = -1;
    for (int64_t p = 0; p < 17; p++) {
        int64_t index = (integer_at(&of, p, 0) - 1) * 3 + integer_at(&of, p, 1) - 1;
        assert_true(index > before);
        before = index;
    }
    release(&of);
}

static void axes__what_makes_no_sense_is_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"cross: {heads: [1, 2]}", "'heads' is no axis"},
        {"cross: {set.: [1]}", "is no axis"},
        {"cross: {problem.heads: []}", "a list of the values"},
        {"cross: {problem.heads: {from: 3}}", "to"},
        {"cross: {problem.heads: {from: 3, to: 2}}", "2"},
        {"cross: {problem.heads: {from: 1, to: 2, stop: 3}}", "stop"},
        {"cross: {set.a: {from: 0.5, to: 2}}", "add sample"},
        {"cross: {problem.heads: {from: 1, to: 64, scale: log}}", "logarithmic"},
        {"cross: {set.a: {from: 0.0, to: 2.0, scale: log}}\nsample: {kind: random, count: 3}",
         "begins above 0"},
        {"cross: {problem.heads: [1]}\nzip: {problem.heads: [2]}", "a second axis"},
        {"zip: {problem.heads: [1, 2], problem.dim: [64]}", "as many"},
        {"sample: {kind: latin, count: 3}", "sample without axes"},
        {"cross: {problem.heads: [1, 2]}\nsample: {kind: latn, count: 3}", "latin"},
        {"cross: {problem.heads: [1, 2]}\nsample: {kind: latin}", "count"},
        {"cross: {problem.heads: [1, 2]}\nsample: {kind: latin, count: 2}\nseed: 3", "braces"},
        {"cross: {problem.heads: [1, 2]}\nseed: 3", "seed without sample"},
        {"cross: {problem.heads: {from: 1, to: 2000000}}\nsample: 5", "kind: random"},
        {"cross: {problem.heads: {from: 1, to: 1000000000}, problem.dim: {from: 1, to: "
         "1000000000}}",
         "2^52"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        entry of;
        tb_error err;
        tb_assert_fails(read_text(cases[i].text, &of, &err), &err, TB_EFILE, cases[i].message);
        release(&of);
    }
}

TB_TESTS(cmocka_unit_test(axes__the_last_of_cross_moves_fastest),
         cmocka_unit_test(axes__types_are_the_narrowest_that_hold_all_values),
         cmocka_unit_test(latin__every_stratum_has_one_sample),
         cmocka_unit_test(latin__integers_come_equally_often),
         cmocka_unit_test(latin__axes_are_independent),
         cmocka_unit_test(samples__a_point_is_the_same_whichever_came_before),
         cmocka_unit_test(samples__another_seed_gives_others),
         cmocka_unit_test(samples__a_logarithmic_range_is_even_in_the_logarithm),
         cmocka_unit_test(samples__zip_moves_together),
         cmocka_unit_test(samples__a_number_draws_different_combinations),
         cmocka_unit_test(axes__what_makes_no_sense_is_refused));
