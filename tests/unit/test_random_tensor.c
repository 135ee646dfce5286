/* The numbers that tensors are made of. */
#include "test_support.h"

#include "number.h"
#include "random_tensor.h"

#include <math.h>
#include <stdlib.h>

#define ELEMENTS 100003 /* odd: the last word is not used up */

static void check(tb_dtype dtype)
{
    int64_t bytes = ELEMENTS * tb_dtype_bytes(dtype);
    unsigned char *tensor = calloc((size_t)bytes + 8, 1);
    uint64_t random = 72;
    double sum = 0, squares = 0, lag = 0, last = 0;
    tb_error err;
    assert_non_null(tensor);
    tb_assert_ok(tb_random_fill(dtype, tensor, ELEMENTS, &random, &err), &err);
    for (int64_t i = 0; i < ELEMENTS; i++) {
        double x = (double)tb_number_load(dtype, tensor, i);
        assert_true(fabs(x) <= 1.7344); /* sqrt(3), rounded to bf16 */
        sum += x;
        squares += x * x;
        lag += x * last;
        last = x;
    }
    /* standard errors: 1 / sqrt(N) = 0.0032 of the mean, 0.0028 of the variance */
    assert_true(fabs(sum / ELEMENTS) < 0.015);
    assert_true(fabs(squares / ELEMENTS - 1) < 0.015);
    assert_true(fabs(lag / ELEMENTS) < 0.015); /* neighbours know nothing of each other */
    for (int i = 0; i < 8; i++) {
        assert_int_equal(tensor[bytes + i], 0); /* nothing behind the end */
    }
    free(tensor);
}

static void random__has_mean_zero_and_variance_one(void **state)
{
    (void)state;
    check(TB_DTYPE_FP32);
    check(TB_DTYPE_FP16);
    check(TB_DTYPE_BF16);
}

/* Every quarter of a word is an element: 7 take two words. */
static void random__uses_all_of_a_word(void **state)
{
    (void)state;
    uint64_t random = 9, same = 9;
    uint16_t made[7], other[7];
    tb_error err;
    tb_assert_ok(tb_random_fill(TB_DTYPE_BF16, made, 7, &random, &err), &err);
    for (int word = 0; word < 2; word++) {
        uint64_t bits = tb_random_word(&same);
        for (int i = 4 * word; i < 7 && i < 4 * word + 4; i++, bits >>= 16) {
            double unit = ((double)(bits & 0xffff) + 0.5) / 65536;
            assert_int_equal(made[i], tb_float_to_bf16((float)((2 * unit - 1) * sqrt(3))));
        }
    }
    assert_true(random == same);
    tb_assert_ok(tb_random_fill(TB_DTYPE_BF16, other, 7, &random, &err), &err);
    assert_memory_not_equal(made, other, sizeof made);
}

TB_TESTS(cmocka_unit_test(random__has_mean_zero_and_variance_one),
         cmocka_unit_test(random__uses_all_of_a_word));
