/* How often each number of tiles occurs. */
#include "histogram.h"
#include "test_support.h"

static void add(tb_histogram *histogram, int64_t value, int64_t times)
{
    tb_error err;
    tb_assert_ok(tb_histogram_add(histogram, value, times, &err), &err);
}

static void assert_bin(const tb_histogram *histogram, size_t bin, int64_t value, int64_t times)
{
    assert_true(bin < histogram->count);
    assert_int_equal(histogram->bins[bin].value, value);
    assert_int_equal(histogram->bins[bin].times, times);
}

static void bins__are_distinct_and_ascending(void **state)
{
    (void)state;
    tb_histogram histogram = {0};
    add(&histogram, 9, 2);
    add(&histogram, 72, 1);
    add(&histogram, 3, 5);
    add(&histogram, 9, 7);
    add(&histogram, 40, 1);
    assert_int_equal(histogram.count, 4);
    assert_bin(&histogram, 0, 3, 5);
    assert_bin(&histogram, 1, 9, 9);
    assert_bin(&histogram, 2, 40, 1);
    assert_bin(&histogram, 3, 72, 1);
    assert_false(histogram.is_cut);
    tb_histogram_free(&histogram);
}

/* {2: 3, 5: 1} x {4: 2, 10: 6}: 2*4 = 8 six times, 2*10 = 5*4 = 20 eighteen and two times, 50 six.
 */
static void product__multiplies_values_and_times(void **state)
{
    (void)state;
    tb_histogram left = {0}, right = {0}, product = {0};
    tb_error err;
    add(&left, 2, 3);
    add(&left, 5, 1);
    add(&right, 4, 2);
    add(&right, 10, 6);
    tb_assert_ok(tb_histogram_multiply(&left, &right, &product, &err), &err);
    assert_int_equal(product.count, 3);
    assert_bin(&product, 0, 8, 6);
    assert_bin(&product, 1, 20, 20);
    assert_bin(&product, 2, 50, 6);
    tb_histogram_free(&left);
    tb_histogram_free(&right);
    tb_histogram_free(&product);
}

static void shift__moves_every_value(void **state)
{
    (void)state;
    tb_histogram histogram = {0};
    add(&histogram, 11, 4);
    add(&histogram, 0, 3);
    tb_histogram_shift(&histogram, 6);
    assert_bin(&histogram, 0, 6, 3);
    assert_bin(&histogram, 1, 17, 4);
    tb_histogram_free(&histogram);
}

/* Values 4097 to 1, downwards: one more than there are bins. */
static void more_values_than_bins__are_cut_and_said_so(void **state)
{
    (void)state;
    tb_histogram histogram = {0};
    for (int64_t value = TB_HISTOGRAM_MAX_BINS; value >= 1; value--) {
        add(&histogram, value, 1);
    }
    assert_int_equal(histogram.count, TB_HISTOGRAM_MAX_BINS);
    assert_false(histogram.is_cut);
    add(&histogram, TB_HISTOGRAM_MAX_BINS + 1, 1);
    assert_true(histogram.is_cut);
    assert_true(histogram.count <= TB_HISTOGRAM_MAX_BINS);
    tb_histogram_free(&histogram);
}

static void cut__is_inherited_by_products(void **state)
{
    (void)state;
    tb_histogram left = {0}, right = {0}, product = {0};
    tb_error err;
    for (int64_t value = 1; value <= 100; value++) {
        add(&left, 1000 + value, 1);
        add(&right, 5000 + 97 * value, 1);
    }
    tb_assert_ok(tb_histogram_multiply(&left, &right, &product, &err), &err);
    assert_true(product.is_cut); /* up to 10,000 different products */
    assert_true(product.count <= TB_HISTOGRAM_MAX_BINS);
    tb_histogram again = {0}, one = {0};
    add(&one, 1, 1);
    tb_assert_ok(tb_histogram_multiply(&product, &one, &again, &err), &err);
    assert_true(again.is_cut);
    tb_histogram_free(&left);
    tb_histogram_free(&right);
    tb_histogram_free(&product);
    tb_histogram_free(&again);
    tb_histogram_free(&one);
}

static void times__past_2_to_the_63_are_refused(void **state)
{
    (void)state;
    tb_histogram histogram = {0};
    tb_error err;
    add(&histogram, 7, INT64_MAX - 1);
    add(&histogram, 7, 1);
    tb_assert_fails(tb_histogram_add(&histogram, 7, 1, &err), &err, TB_EOVERFLOW, "");
    assert_bin(&histogram, 0, 7, INT64_MAX);
    tb_histogram other = {0}, product = {0};
    add(&other, 3, 2);
    tb_assert_fails(tb_histogram_multiply(&histogram, &other, &product, &err), &err, TB_EOVERFLOW,
                    "");
    tb_histogram_free(&product);
    tb_histogram_free(&other);
    tb_histogram_free(&histogram);
}

static void freed__is_empty_again(void **state)
{
    (void)state;
    tb_histogram histogram = {0};
    tb_histogram_free(&histogram);
    add(&histogram, 5, 1);
    tb_histogram_free(&histogram);
    assert_int_equal(histogram.count, 0);
    add(&histogram, 6, 2);
    assert_bin(&histogram, 0, 6, 2);
    tb_histogram_free(&histogram);
}

TB_TESTS(cmocka_unit_test(bins__are_distinct_and_ascending),
         cmocka_unit_test(product__multiplies_values_and_times),
         cmocka_unit_test(shift__moves_every_value),
         cmocka_unit_test(more_values_than_bins__are_cut_and_said_so),
         cmocka_unit_test(cut__is_inherited_by_products),
         cmocka_unit_test(times__past_2_to_the_63_are_refused),
         cmocka_unit_test(freed__is_empty_again));
