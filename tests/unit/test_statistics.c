#include "test_support.h"

#include "error_summary.h"
#include "statistics.h"

#include <math.h>

#define NEAR 1e-12

static void quartiles__interpolate_between_order_statistics(void **state)
{
    (void)state;
    /* sorted 7.3 12 40 72 96: positions 1, 2 and 3 */
    static const double five[] = {72, 96, 7.3, 12, 40};
    /* positions 0.75, 1.5 and 2.25 of 1.5 2.5 4 10 */
    static const double four[] = {10, 2.5, 1.5, 4};
    static const double one[] = {7.3};
    tb_quartiles got;
    tb_error err;
    tb_assert_ok(tb_quartiles_of(five, 5, &got, &err), &err);
    tb_assert_close(got.low, 12, NEAR);
    tb_assert_close(got.median, 40, NEAR);
    tb_assert_close(got.high, 72, NEAR);
    tb_assert_ok(tb_quartiles_of(four, 4, &got, &err), &err);
    tb_assert_close(got.low, 2.25, NEAR);
    tb_assert_close(got.median, 3.25, NEAR);
    tb_assert_close(got.high, 5.5, NEAR);
    tb_assert_ok(tb_quartiles_of(one, 1, &got, &err), &err);
    tb_assert_close(got.low, 7.3, NEAR);
    tb_assert_close(got.high, 7.3, NEAR);
    tb_assert_close(five[0], 72, NEAR); /* the input stays as it was */
}

static void quantile__of_nothing_is_nan(void **state)
{
    (void)state;
    assert_true(isnan(tb_sorted_quantile(NULL, 0, 0.5)));
}

/* Ranks 1 2.5 2.5 4 5 and 2 1 3.5 3.5 5: products of deviations 7.25, squares 9.5 each. */
static const double tied_x[] = {1, 2, 2, 4, 5}, tied_y[] = {2, 1, 3, 3, 9};

static void spearman__ties_share_their_mean_rank(void **state)
{
    (void)state;
    double got;
    tb_error err;
    tb_assert_ok(tb_spearman(tied_x, tied_y, 5, &got, &err), &err);
    tb_assert_close(got, 7.25 / 9.5, NEAR);
}

static void spearman__sees_order_only(void **state)
{
    (void)state;
    static const double x[] = {1, 7, 72, 7.3e12}, falling[] = {96, 12, 2, 1};
    double got;
    tb_error err;
    tb_assert_ok(tb_spearman(x, falling, 4, &got, &err), &err);
    tb_assert_close(got, -1, NEAR);
}

static void kendall__ties_leave_the_denominator(void **state)
{
    (void)state;
    /* 10 pairs: 7 concordant, 1 discordant, one tied in x, one in y: 6 / sqrt(9 * 9) */
    tb_assert_close(tb_kendall(tied_x, tied_y, 5), 6.0 / 9.0, NEAR);
    static const double x[] = {1, 2, 2, 2}, y[] = {3, 1, 1, 2};
    /* pairs with 1: all discordant (-3); the rest tied in x; y has one tie: -3 / sqrt(3 * 5) */
    tb_assert_close(tb_kendall(x, y, 4), -3 / sqrt(15), NEAR);
}

static void pearson__is_of_logarithms(void **state)
{
    (void)state;
    /* log10: 0 1 2 and 0 2 1: deviations -1 0 1 and -1 1 0, 1 / sqrt(2 * 2) */
    static const double x[] = {1, 10, 100}, y[] = {7, 700, 70};
    double got;
    tb_error err;
    tb_assert_ok(tb_log_pearson(x, y, 3, &got, &err), &err);
    tb_assert_close(got, 0.5, 1e-9);
}

static void correlations__of_what_does_not_vary_are_undefined(void **state)
{
    (void)state;
    static const double same[] = {7, 7, 7}, x[] = {1, 2, 3};
    double got = 0;
    tb_error err;
    tb_assert_ok(tb_log_pearson(same, x, 3, &got, &err), &err);
    assert_true(isnan(got));
    tb_assert_ok(tb_spearman(x, same, 3, &got, &err), &err);
    assert_true(isnan(got));
    tb_assert_ok(tb_spearman(x, x, 1, &got, &err), &err);
    assert_true(isnan(got));
    assert_true(isnan(tb_kendall(x, same, 3)));
    assert_true(isnan(tb_kendall(x, x, 0)));
}

static void bootstrap__is_the_same_every_time(void **state)
{
    (void)state;
    static const double values[] = {2.5, 4, 1.5, 10, 7.3, 3};
    tb_bootstrap first, second;
    tb_error err;
    tb_assert_ok(tb_bootstrap_mean(values, 6, &first, &err), &err);
    tb_assert_ok(tb_bootstrap_mean(values, 6, &second, &err), &err);
    tb_assert_close(first.low, second.low, 0);
    tb_assert_close(first.high, second.high, 0);
    /* the mean is 4.72; its standard error about 1.2 */
    assert_true(first.low > 1.5 && first.low < 3.5);
    assert_true(first.high > 6 && first.high < 10);
    assert_int_equal(first.resamples, 2000);
    assert_int_equal(first.seed, TB_BOOTSTRAP_SEED);
}

static void bootstrap__needs_two_values(void **state)
{
    (void)state;
    static const double values[] = {7.3, 7.3, 7.3};
    tb_bootstrap got;
    tb_error err;
    tb_assert_ok(tb_bootstrap_mean(values, 1, &got, &err), &err);
    assert_true(isnan(got.low) && isnan(got.high));
    tb_assert_ok(tb_bootstrap_mean(values, 3, &got, &err), &err);
    tb_assert_close(got.low, 7.3, NEAR);
    tb_assert_close(got.high, 7.3, NEAR);
}

static void summary__of_three_errors(void **state)
{
    (void)state;
    static const double measured[] = {100, 200, 400}, predicted[] = {110, 180, 400};
    tb_error_summary got;
    tb_error err;
    tb_assert_ok(tb_error_summary_of(predicted, measured, NULL, 3, &got, &err), &err);
    assert_int_equal(got.n, 3); /* +10, -10 and 0 % */
    tb_assert_close(got.mape_percent, 20.0 / 3, 1e-9);
    assert_true(fabs(got.bias_percent) < 1e-9);
    tb_assert_close(got.rmse_percent, sqrt(200.0 / 3), 1e-9);
    tb_assert_close(got.max_error_percent, 10, 1e-9);
    tb_assert_close(got.median_error_percent, 10, 1e-9);
    tb_assert_close(got.p90_error_percent, 10, 1e-9);
    tb_assert_close(got.kendall, 1, NEAR);
    assert_int_equal(got.groups, 0);
    assert_true(isnan(got.top1_regret_percent));
}

static void summary__regret_is_what_the_pick_costs(void **state)
{
    (void)state;
    /* group 7: picks 100 where 80 is there, 25 %. Group 9: two are predicted alike, and their mean
     * 55 stands against 40, 37.5 %. Group 3 has no choice. */
    static const size_t group[] = {7, 9, 7, 3, 9, 9};
    static const double measured[] = {100, 50, 80, 500, 60, 40};
    static const double predicted[] = {90, 30, 95, 1, 30, 35};
    tb_error_summary got;
    tb_error err;
    tb_assert_ok(tb_error_summary_of(predicted, measured, group, 6, &got, &err), &err);
    assert_int_equal(got.groups, 2);
    tb_assert_close(got.top1_regret_percent, 31.25, 1e-9);
    tb_assert_close(got.top1_regret_max_percent, 37.5, 1e-9);
}

static void summary__of_nothing_is_undefined(void **state)
{
    (void)state;
    tb_error_summary got;
    tb_error err;
    tb_assert_ok(tb_error_summary_of(NULL, NULL, NULL, 0, &got, &err), &err);
    assert_int_equal(got.n, 0);
    assert_true(isnan(got.mape_percent) && isnan(got.max_error_percent));
    assert_true(isnan(got.p90_error_percent) && isnan(got.spearman));
}

TB_TESTS(cmocka_unit_test(quartiles__interpolate_between_order_statistics),
         cmocka_unit_test(quantile__of_nothing_is_nan),
         cmocka_unit_test(spearman__ties_share_their_mean_rank),
         cmocka_unit_test(spearman__sees_order_only),
         cmocka_unit_test(kendall__ties_leave_the_denominator),
         cmocka_unit_test(pearson__is_of_logarithms),
         cmocka_unit_test(correlations__of_what_does_not_vary_are_undefined),
         cmocka_unit_test(bootstrap__is_the_same_every_time),
         cmocka_unit_test(bootstrap__needs_two_values), cmocka_unit_test(summary__of_three_errors),
         cmocka_unit_test(summary__regret_is_what_the_pick_costs),
         cmocka_unit_test(summary__of_nothing_is_undefined));
