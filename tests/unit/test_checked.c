#include "test_support.h"

#include "checked.h"

static void checked__products_that_fit_are_exact(void **state)
{
    (void)state;
    int64_t out = 0;
    assert_true(tb_mul_ok(13271040000, 72, &out)); /* 30 * 48 * 80 = 115200 tokens, squared, x 72 */
    assert_int_equal(out, 955514880000);
    assert_true(tb_mul_ok(-96, 72, &out));
    assert_int_equal(out, -6912);
    assert_true(tb_mul_ok(INT64_MIN, 1, &out));
    assert_true(out == INT64_MIN);
}

static void checked__overflow_leaves_the_output_alone(void **state)
{
    (void)state;
    int64_t out = 72;
    assert_false(tb_mul_ok(INT64_MAX, 2, &out));
    assert_false(tb_mul_ok(INT64_MIN, -1, &out));
    assert_false(
        tb_mul_ok(INT64_C(4294967296), INT64_C(2147483648), &out)); /* 2^32 * 2^31 = 2^63 */
    assert_false(tb_add_ok(INT64_MAX, 1, &out));
    assert_false(tb_add_ok(INT64_MIN, -1, &out));
    assert_false(tb_mul_add_ok(INT64_MAX, 2, &out));
    int64_t nearly = INT64_MAX - 71;
    assert_false(tb_mul_add_ok(8, 9, &nearly));
    assert_true(nearly == INT64_MAX - 71);
    assert_int_equal(out, 72);
}

static void checked__sums_reach_the_limit(void **state)
{
    (void)state;
    int64_t sum = INT64_MAX - 72;
    assert_true(tb_mul_add_ok(8, 9, &sum));
    assert_true(sum == INT64_MAX);
}

static void checked__ceil_div_rounds_up_without_overflow(void **state)
{
    (void)state;
    assert_int_equal(tb_ceil_div(0, 7), 0);
    assert_int_equal(tb_ceil_div(72, 96), 1);
    assert_int_equal(tb_ceil_div(96, 72), 2);
    assert_int_equal(tb_ceil_div(144, 72), 2);
    /* (a + b - 1) / b would wrap here; 2^63 - 1 = 2 * 4611686018427387903 + 1. */
    assert_true(tb_ceil_div(INT64_MAX, 2) == INT64_C(4611686018427387904));
    assert_int_equal(tb_ceil_div(INT64_MAX, INT64_MAX), 1);
}

static void checked__gcd_and_lcm_of_awkward_numbers(void **state)
{
    (void)state;
    int64_t out = 0;
    assert_int_equal(tb_gcd(72, 96), 24); /* 2^3 * 3^2 and 2^5 * 3 */
    assert_int_equal(tb_gcd(96, 72), 24);
    assert_int_equal(tb_gcd(35, 48), 1);
    assert_true(tb_lcm_ok(72, 96, &out));
    assert_int_equal(out, 288);
    assert_false(tb_lcm_ok(INT64_MAX, INT64_MAX - 1, &out));
    assert_int_equal(out, 288);
}

static void checked__min_and_max_keep_sign(void **state)
{
    (void)state;
    assert_int_equal(tb_min(-72, 3), -72);
    assert_int_equal(tb_max(-72, 3), 3);
    assert_int_equal(tb_min(96, 72), 72);
    assert_int_equal(tb_max(96, 72), 96);
}

TB_TESTS(cmocka_unit_test(checked__products_that_fit_are_exact),
         cmocka_unit_test(checked__overflow_leaves_the_output_alone),
         cmocka_unit_test(checked__sums_reach_the_limit),
         cmocka_unit_test(checked__ceil_div_rounds_up_without_overflow),
         cmocka_unit_test(checked__gcd_and_lcm_of_awkward_numbers),
         cmocka_unit_test(checked__min_and_max_keep_sign));
