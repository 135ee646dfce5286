/* Estimates of a makespan and choices of splits worked out by hand. */
#include "schedule_estimate.h"
#include "schedule_split.h"
#include "test_support.h"

#include <math.h>

#define COUNT(array) ((int64_t)(sizeof(array) / sizeof *(array)))

static void assert_exact(double value, double want)
{
    tb_assert_close(value, want, 0);
}

static tb_schedule_range estimate(const tb_schedule_bin *bins, int64_t count, int64_t slots,
                                  tb_schedule_policy policy)
{
    tb_schedule_range out = {0};
    tb_error err;
    tb_assert_ok(tb_schedule_estimate(bins, count, slots, policy, &out, &err), &err);
    assert_true(out.lower <= out.upper);
    return out;
}

/* 14 CTAs of 44 in all on 4 slots, 4 waves: at least max(11, 9, 4 x 2); at most 11 + 3/4 x 9 =
 * 17.75 by list scheduling, 4 x 9 in any case. */
static void estimate__brackets_by_share_and_dearest(void **state)
{
    (void)state;
    static const tb_schedule_bin bins[] = {{5, 3}, {72, 0}, {2, 10}, {9, 1}};
    tb_schedule_range out = estimate(bins, COUNT(bins), 4, TB_SCHEDULE_HARDWARE);
    assert_int_equal(out.ctas, 14);
    assert_int_equal(out.waves, 4);
    assert_exact(out.busy, 44);
    assert_exact(out.cost_min, 2);
    assert_exact(out.cost_max, 9);
    assert_exact(out.lower, 11);
    assert_exact(out.upper, 17.75);
    assert_false(out.is_exact);
    out = estimate(bins, COUNT(bins), 4, TB_SCHEDULE_PERSISTENT_STATIC);
    assert_exact(out.lower, 11);
    assert_exact(out.upper, 36);
}

/* Four of 9 and one of 10 on 4 slots: two waves of at least 9; 46/4 + 3/4 x 10 = 19 at most.
 * Seven of 10 and one of 9: two waves of at most 10; 79/4 = 19.75 at least. */
static void estimate__knows_waves(void **state)
{
    (void)state;
    static const tb_schedule_bin few[] = {{9, 4}, {10, 1}}, full[] = {{10, 7}, {9, 1}};
    tb_schedule_range out = estimate(few, 2, 4, TB_SCHEDULE_LONGEST_FIRST);
    assert_exact(out.lower, 18);
    assert_exact(out.upper, 19);
    out = estimate(full, 2, 4, TB_SCHEDULE_LONGEST_FIRST);
    assert_exact(out.lower, 19.75);
    assert_exact(out.upper, 20);
}

/* 7.3e12 CTAs of 0.1, in two bins, on 132 slots: 55,303,030,304 waves. */
static void estimate__of_equal_costs_is_exact(void **state)
{
    (void)state;
    static const tb_schedule_bin bins[] = {{0.1, 7299999999999}, {0.1, 1}};
    tb_schedule_range out = estimate(bins, 2, 132, TB_SCHEDULE_HARDWARE);
    assert_true(out.is_exact);
    assert_int_equal(out.waves, INT64_C(55303030304));
    assert_exact(out.lower, 55303030304 * 0.1);
    assert_exact(out.upper, out.lower);
}

static void estimate__refuses(void **state)
{
    (void)state;
    static const struct {
        tb_schedule_bin bins[2];
        int64_t slots;
        tb_status code;
        const char *part;
    } cases[] = {
        {{{5, 1}, {3, 2}}, 0, TB_EINVAL, "slots is 0"},
        {{{5, 1}, {-3, 2}}, 4, TB_EINVAL, "costs -3"},
        {{{5, 1}, {HUGE_VAL, 2}}, 4, TB_EINVAL, "costs inf"},
        {{{5, -1}, {3, 2}}, 4, TB_EINVAL, "-1 CTAs"},
        {{{5, 0}, {3, 0}}, 4, TB_EINVAL, "no CTAs"},
        {{{5, INT64_MAX}, {3, 1}}, 4, TB_EOVERFLOW, "2^63"},
        {{{1e308, 1}, {1e308, 2}}, 4, TB_EOVERFLOW, "no finite number"},
    };
    for (int64_t i = 0; i < COUNT(cases); i++) {
        tb_schedule_range out = {.ctas = 72};
        tb_error err;
        tb_assert_fails(tb_schedule_estimate(cases[i].bins, 2, cases[i].slots, TB_SCHEDULE_HARDWARE,
                                             &out, &err),
                        &err, cases[i].code, cases[i].part);
        assert_int_equal(out.ctas, 72);
    }
}

static tb_split split(tb_split_problem problem)
{
    tb_split out = {0};
    tb_error err;
    tb_assert_ok(tb_schedule_split(&problem, &out, &err), &err);
    return out;
}

/* 24 CTAs of 64 tiles on 132 slots, 2 tiles to merge: 1 split takes 64, 2: 34, 3: 24, 4: 18, 5: 13
 * + 2 = 15; 6 and more are two waves (11: 2 x (6 + 2) = 16) or three. */
static void split__fills_the_slots_that_are_idle(void **state)
{
    (void)state;
    tb_split_problem problem = {
        .ctas = 24, .slots = 132, .tiles_per_cta = 64, .max_splits = 64, .merge_tiles = 2};
    tb_split out = split(problem);
    assert_int_equal(out.splits, 5);
    assert_int_equal(out.tiles_per_split, 13);
    assert_int_equal(out.waves, 1);
    assert_exact(out.time_tiles, 15);
    problem.max_splits = 3;
    out = split(problem);
    assert_int_equal(out.splits, 3);
    problem.merge_tiles = 60; /* 64 < 13 + 60 */
    out = split(problem);
    assert_int_equal(out.splits, 1);
    assert_exact(out.time_tiles, 64);
}

/* 128 CTAs of 64 tiles on 148 slots: 2 splits take 2 x 32 and 4 take 4 x 16, no less than 1; 8 take
 * 7 x 8 = 56. With 3 tiles a CTA 67 is best, for 8 take 7 x 11 = 77. */
static void split__prefers_fewest_on_a_tie(void **state)
{
    (void)state;
    tb_split_problem problem = {.ctas = 128, .slots = 148, .tiles_per_cta = 64, .max_splits = 7};
    assert_int_equal(split(problem).splits, 1);
    problem.max_splits = 8;
    assert_int_equal(split(problem).splits, 8);
    assert_exact(split(problem).time_tiles, 56);
    problem.cta_tiles = 3;
    assert_int_equal(split(problem).splits, 1);
    assert_exact(split(problem).time_tiles, 67);
}

static void split__refuses(void **state)
{
    (void)state;
    static const struct {
        tb_split_problem problem;
        tb_status code;
        const char *part;
    } cases[] = {
        {{0, 132, 64, 8, 0, 0}, TB_EINVAL, "CTAs is 0"},
        {{24, -1, 64, 8, 0, 0}, TB_EINVAL, "slots is -1"},
        {{24, 132, 0, 8, 0, 0}, TB_EINVAL, "KV tiles of a CTA is 0"},
        {{24, 132, 64, 0, 0, 0}, TB_EINVAL, "splits is 0"},
        {{24, 132, 64, 8, -2, 0}, TB_EINVAL, "costs -2 tiles"},
        {{24, 132, 64, 8, 0, HUGE_VAL}, TB_EINVAL, "costs inf tiles"},
        {{INT64_MAX / 2 + 1, 132, 64, 8, 0, 0}, TB_EOVERFLOW, "2^63"},
    };
    for (int64_t i = 0; i < COUNT(cases); i++) {
        tb_split out = {.splits = 72};
        tb_error err;
        tb_assert_fails(tb_schedule_split(&cases[i].problem, &out, &err), &err, cases[i].code,
                        cases[i].part);
        assert_int_equal(out.splits, 72);
    }
}

TB_TESTS(cmocka_unit_test(estimate__brackets_by_share_and_dearest),
         cmocka_unit_test(estimate__knows_waves),
         cmocka_unit_test(estimate__of_equal_costs_is_exact), cmocka_unit_test(estimate__refuses),
         cmocka_unit_test(split__fills_the_slots_that_are_idle),
         cmocka_unit_test(split__prefers_fewest_on_a_tie), cmocka_unit_test(split__refuses));
