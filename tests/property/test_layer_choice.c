/* Options of layers: the plan costs what the best of all plans costs, by going through them. */
#include "layer_choice.h"
#include "test_support.h"

#include <math.h>
#include <stdlib.h>

#define MOST_OPTIONS 6

/* The least cost of `layers` layers with options from `first` on that see `need` more. */
static double least_cost(const tb_layer_option *options, size_t count, size_t first, int64_t layers,
                         int64_t need)
{
    if (layers == 0) {
        return need <= 0 ? 0 : HUGE_VAL;
    }
    double least = HUGE_VAL;
    for (size_t i = first; i < count; i++) {
        double rest = least_cost(options, count, i, layers - 1, need - options[i].visible);
        least = fmin(least, rest + options[i].cost);
    }
    return least;
}

static void check_plan(const tb_layer_option *options, size_t count, int64_t layers, int64_t need)
{
    int64_t counts[MOST_OPTIONS], taken = 0, visible = 0;
    double cost = 0, want = least_cost(options, count, 0, layers, need);
    tb_error err = {0};
    if (!isfinite(want)) {
        tb_assert_fails(tb_layers_choose(options, count, layers, need, counts, &err), &err,
                        TB_EINVAL, "no pattern of the pool sees as much");
        return;
    }
    tb_assert_ok(tb_layers_choose(options, count, layers, need, counts, &err), &err);
    for (size_t i = 0; i < count; i++) {
        taken += counts[i];
        visible += counts[i] * options[i].visible;
        cost += (double)counts[i] * options[i].cost;
    }
    assert_int_equal(taken, layers);
    assert_true(visible >= need);
    tb_assert_close(cost, want, 1e-12);
}

static void layers__the_plan_is_the_best_of_all(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(2000);
    for (int i = 0; i < cases; i++) {
        int64_t scale = i % 4 == 0 ? 1000003 : 1; /* too many sums for a table */
        tb_layer_option options[MOST_OPTIONS];
        size_t count = (size_t)tb_test_between(random, 1, MOST_OPTIONS);
        int64_t layers = tb_test_between(random, 1, 9), most = 0;
        for (size_t k = 0; k < count; k++) {
            options[k].visible = tb_test_between(random, 0, 30);
            options[k].cost = 0.25 * (double)tb_test_between(random, 1, 60);
            if (tb_test_between(random, 0, 1) == 0) { /* near a line: many plans near the best */
                options[k].cost = 3 + 0.7 * (double)options[k].visible +
                                  0.01 * (double)tb_test_between(random, 0, 3);
            }
            options[k].visible = options[k].visible * scale + (scale > 1 ? (int64_t)k : 0);
            most = options[k].visible > most ? options[k].visible : most;
        }
        int64_t need = tb_test_between(random, 0, layers * (most / scale) + 2) * scale;
        check_plan(options, count, layers, need);
    }
    print_message("%d pools and budgets\n", cases);
    gsl_rng_free(random);
}

/* As many layers and options as a network's search has, all near one curve. */
static void layers__a_large_pool_is_quick(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    tb_layer_option options[200];
    int64_t counts[200], visible = 0, taken = 0;
    tb_error err = {0};
    for (size_t i = 0; i < 200; i++) {
        options[i].visible = INT64_C(115200) * 128 * tb_test_between(random, 3, 800);
        options[i].cost = 3000 + 1e-6 * (double)options[i].visible +
                          0.3 * (double)tb_test_between(random, 0, 1000);
    }
    int64_t need = INT64_C(60) * 115200 * 30001;
    tb_assert_ok(tb_layers_choose(options, 200, 60, need, counts, &err), &err);
    for (size_t i = 0; i < 200; i++) {
        taken += counts[i];
        visible += counts[i] * options[i].visible;
    }
    assert_int_equal(taken, 60);
    assert_true(visible >= need);
    gsl_rng_free(random);
}

static void layers__bad_sizes_are_refused(void **state)
{
    (void)state;
    const tb_layer_option good = {1, 1}, bad = {HUGE_VAL, 1}, huge = {1, INT64_MAX};
    int64_t counts[1];
    tb_error err = {0};
    tb_assert_fails(tb_layers_choose(&good, 0, 3, 0, counts, &err), &err, TB_EINVAL, "0 options");
    tb_assert_fails(tb_layers_choose(&good, 1, 0, 0, counts, &err), &err, TB_EINVAL, "0 layers");
    tb_assert_fails(tb_layers_choose(&bad, 1, 3, 0, counts, &err), &err, TB_EINVAL, "finite");
    tb_assert_fails(tb_layers_choose(&huge, 1, 3, 0, counts, &err), &err, TB_EOVERFLOW, "pairs");
}

TB_TESTS(cmocka_unit_test(layers__the_plan_is_the_best_of_all),
         cmocka_unit_test(layers__a_large_pool_is_quick),
         cmocka_unit_test(layers__bad_sizes_are_refused));
