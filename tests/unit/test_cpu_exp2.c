/* The exponential of each instruction set: its stated error, and what it does at the ends. */
#include "exp2_check.h"
#include "test_support.h"

#include <math.h>

typedef void isa_test(const tb_cpu_isa *isa);

/* Run a test with every instruction set that is here. */
static void for_each_isa(isa_test *test)
{
    int count = 0;
    for (int i = 0; i < TB_CPU_ISA_COUNT; i++) {
        if (tb_cpu_isas[i] != NULL && tb_cpu_isas[i]->is_here()) {
            test(tb_cpu_isas[i]);
            count++;
        }
    }
    assert_true(count > 0);
}

static void check_error(const tb_cpu_isa *isa)
{
    int64_t tried;
    double worst = tb_exp2_worst_ulp(isa, 61U * TB_TEST_CASES_DIVISOR, &tried);
    print_message("%s: %.3f ulp over %lld floats\n", isa->name, worst, (long long)tried);
    assert_true(worst <= isa->exp2_ulp);
    assert_true(worst > 0.5); /* less would be a correctly rounded one: the check sees nothing */
}

static void exp2__is_within_its_stated_error(void **state)
{
    (void)state;
    for_each_isa(check_error);
}

/* 2^n is exact for integers; below 2^-126, and for what a mask leaves, 0; tails of a vector too. */
static void check_ends(const tb_cpu_isa *isa)
{
    float x[37], y[37];
    for (int i = 0; i < 37; i++) {
        x[i] = -3.0F * (float)i;
    }
    x[1] = -126.5F;
    x[2] = -HUGE_VALF;
    x[35] = -1e30F;
    x[36] = -HUGE_VALF;
    isa->exp2(x, y, 37);
    for (int i = 0; i < 37; i++) {
        float want = x[i] < -126 ? 0 : ldexpf(1, (int)x[i]);
        if (y[i] != want) {
            fail_msg("%s: exp2(%g) is %g", isa->name, (double)x[i], (double)y[i]);
        }
    }
}

static void exp2__is_exact_at_integers_and_zero_far_below(void **state)
{
    (void)state;
    for_each_isa(check_ends);
}

TB_TESTS(cmocka_unit_test(exp2__is_within_its_stated_error),
         cmocka_unit_test(exp2__is_exact_at_integers_and_zero_far_below));
