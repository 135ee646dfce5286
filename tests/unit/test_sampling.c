#include "test_support.h"

#include "sampling.h"

#include <math.h>

#define NEAR 1e-12

static tb_sampling_options options_of_test(void)
{
    tb_sampling_options options = tb_sampling_default();
    options.warm_up = 2;
    options.per_visit = 3;
    options.min_samples = 6;
    options.max_samples = 60;
    options.precision = 0.02;
    options.max_time_us = 1e9;
    return options;
}

static void median_interval__is_of_the_binomial_order_statistics(void **state)
{
    (void)state;
    /* Tables of Conover: n = 6 gives ranks 1 and 6 (96.9 %), n = 12 ranks 3 and 10 (96.1 %),
     * n = 25 ranks 8 and 18 (95.7 %). Values: the square of the rank. */
    static const struct {
        size_t n, low, high;
    } rows[] = {{6, 1, 6}, {8, 1, 8}, {9, 2, 8}, {12, 3, 10}, {25, 8, 18}};
    double values[25];
    for (size_t i = 0; i < 25; i++) {
        values[i] = (double)((i + 1) * (i + 1));
    }
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        tb_interval got = {0};
        assert_true(tb_median_interval_of(values, rows[r].n, &got));
        tb_assert_close(got.low, (double)(rows[r].low * rows[r].low), NEAR);
        tb_assert_close(got.high, (double)(rows[r].high * rows[r].high), NEAR);
    }
    tb_interval unset = {.low = 7.3};
    assert_false(tb_median_interval_of(values, 5, &unset));
    tb_assert_close(unset.low, 7.3, NEAR);
}

static void summary__says_how_far_the_samples_spread(void **state)
{
    (void)state;
    /* sorted 90 96 100 104 110 120: quartiles 97, 102, 108.5; interval the whole range */
    static const double times[] = {104, 96, 120, 90, 110, 100};
    tb_series_summary got;
    tb_error err;
    tb_assert_ok(tb_series_summarise(times, 6, &got, &err), &err);
    tb_assert_close(got.quartiles.median, 102, NEAR);
    tb_assert_close(got.dispersion, 11.5 / 102, NEAR);
    assert_true(got.has_interval);
    tb_assert_close(got.spread, 15.0 / 102, NEAR);
    tb_assert_ok(tb_series_summarise(times, 4, &got, &err), &err);
    assert_false(got.has_interval);
    assert_true(isnan(got.spread));
}

/* A machine whose launch of configuration c takes 100 (c + 1) us, give or take `scatter`. */
typedef struct machine {
    double scatter;
    size_t launches, warm_ups;
    size_t visits[7];
    size_t first_visits[7]; /* configuration of the first seven visits */
    size_t visit_count;
    size_t disturb_every; /* so many launches; 0 = never. Such a one takes ten times as long */
} machine;

static void run_all(const tb_sampling_options *options, size_t count, machine *on,
                    tb_sampling **out)
{
    tb_error err;
    size_t configuration = 0;
    bool is_done = false;
    tb_assert_ok(tb_sampling_create(options, count, out, &err), &err);
    for (;;) {
        tb_assert_ok(tb_sampling_next(*out, &configuration, &is_done, &err), &err);
        if (is_done) {
            break;
        }
        assert_true(configuration < count);
        if (on->visit_count < 7) {
            on->first_visits[on->visit_count] = configuration;
        }
        on->visit_count++;
        on->visits[configuration]++;
        for (bool more = true; more;) {
            bool is_warm_up = false;
            static const double pattern[] = {-1, 0.5, 1, -0.4, 0, 0.7, -0.6};
            double time = 100 * (double)(configuration + 1);
            time *= 1 + on->scatter * pattern[on->launches % 7];
            bool disturbed = on->disturb_every > 0 && on->launches % on->disturb_every == 0;
            time *= disturbed ? 10 : 1;
            tb_assert_ok(tb_sampling_add(*out, time, disturbed, time, &is_warm_up, &more, &err),
                         &err);
            on->launches++;
            on->warm_ups += is_warm_up;
        }
    }
}

static void sampling__quiet_configurations_take_the_least(void **state)
{
    (void)state;
    tb_sampling_options options = options_of_test();
    machine quiet = {.scatter = 0.001};
    tb_sampling *sampling = NULL;
    run_all(&options, 3, &quiet, &sampling);
    for (size_t c = 0; c < 3; c++) {
        const tb_series *series = tb_sampling_series(sampling, c);
        assert_int_equal(series->count, 6); /* two visits of three */
        assert_int_equal(series->end, TB_SAMPLING_PRECISE);
        assert_int_equal(quiet.visits[c], 2);
    }
    assert_int_equal(quiet.warm_ups, 3 * 2 * 2);
    assert_int_equal(tb_sampling_round(sampling), 2);
    assert_int_equal(tb_sampling_open_count(sampling), 0);
    tb_sampling_destroy(sampling);
}

static void sampling__noisy_configurations_take_more(void **state)
{
    (void)state;
    tb_sampling_options options = options_of_test();
    machine noisy = {.scatter = 0.06}, noisier = {.scatter = 0.6};
    tb_sampling *sampling = NULL;
    options.max_samples = 300; /* a seventh of them are the median: about 200 tell */
    run_all(&options, 2, &noisy, &sampling);
    assert_int_equal(tb_sampling_series(sampling, 0)->end, TB_SAMPLING_PRECISE);
    assert_true(tb_sampling_series(sampling, 0)->count > 6);
    tb_sampling_destroy(sampling);
    options.precision = 0.001;
    options.max_samples = 60;
    run_all(&options, 2, &noisier, &sampling);
    assert_int_equal(tb_sampling_series(sampling, 1)->end, TB_SAMPLING_COUNT);
    assert_int_equal(tb_sampling_series(sampling, 1)->count, 60);
    tb_sampling_destroy(sampling);
}

static void sampling__disturbed_samples_do_not_count_where_there_are_others(void **state)
{
    (void)state;
    tb_sampling_options options = options_of_test();
    machine busy = {.scatter = 0.001, .disturb_every = 2};
    tb_sampling *sampling = NULL;
    double kept[60], aside[60];
    size_t kept_count = 0, aside_count = 0;
    run_all(&options, 1, &busy, &sampling);
    const tb_series *series = tb_sampling_series(sampling, 0);
    assert_int_equal(series->end, TB_SAMPLING_PRECISE);
    tb_series_choose(series, &options, kept, &kept_count, aside, &aside_count);
    assert_int_equal(kept_count, 6); /* as many as are wanted, beside */
    assert_true(aside_count >= 5 && kept_count + aside_count == series->count);
    for (size_t i = 0; i < kept_count; i++) {
        assert_true(kept[i] < 101);
    }
    for (size_t i = 0; i < aside_count; i++) {
        assert_true(aside[i] > 990);
    }
    tb_sampling_destroy(sampling);
}

static void sampling__where_all_are_disturbed_all_count(void **state)
{
    (void)state;
    tb_sampling_options options = options_of_test();
    machine busy = {.scatter = 0.001, .disturb_every = 1};
    tb_sampling *sampling = NULL;
    double kept[60], aside[60];
    size_t kept_count = 0, aside_count = 7;
    run_all(&options, 1, &busy, &sampling);
    const tb_series *series = tb_sampling_series(sampling, 0);
    assert_int_equal(series->end, TB_SAMPLING_COUNT); /* however alike they are */
    tb_series_choose(series, &options, kept, &kept_count, aside, &aside_count);
    assert_int_equal(kept_count, 60);
    assert_int_equal(aside_count, 0);
    tb_sampling_destroy(sampling);
}

static void sampling__time_ends_it(void **state)
{
    (void)state;
    tb_sampling_options options = options_of_test();
    options.max_time_us = 1000; /* 100 us each: ten launches; 200 us each: five */
    options.precision = 0.0001;
    machine noisy = {.scatter = 0.01};
    tb_sampling *sampling = NULL;
    run_all(&options, 2, &noisy, &sampling);
    for (size_t c = 0; c < 2; c++) {
        const tb_series *series = tb_sampling_series(sampling, c);
        assert_int_equal(series->end, TB_SAMPLING_TIME);
        assert_true(series->spent_us >= 1000 && series->spent_us < 1450);
    }
    tb_sampling_destroy(sampling);
}

static void sampling__even_a_run_above_the_time_limit_is_sampled_once(void **state)
{
    (void)state;
    tb_sampling_options options = options_of_test();
    options.max_time_us = 7.3;
    machine slow = {0};
    tb_sampling *sampling = NULL;
    run_all(&options, 1, &slow, &sampling);
    assert_int_equal(tb_sampling_series(sampling, 0)->count, 1);
    assert_int_equal(tb_sampling_series(sampling, 0)->end, TB_SAMPLING_TIME);
    tb_sampling_destroy(sampling);
}

static void sampling__rounds_visit_all_in_an_order_of_the_seed(void **state)
{
    (void)state;
    tb_sampling_options options = options_of_test();
    bool differs = false;
    size_t first[7];
    for (uint64_t seed = 1; seed <= 5; seed++) {
        machine quiet = {.scatter = 0.001}, again = {.scatter = 0.001};
        tb_sampling *sampling = NULL;
        options.seed = seed;
        run_all(&options, 7, &quiet, &sampling);
        tb_sampling_destroy(sampling);
        run_all(&options, 7, &again, &sampling);
        tb_sampling_destroy(sampling);
        bool seen[7] = {false};
        for (size_t i = 0; i < 7; i++) {
            seen[quiet.first_visits[i]] = true;
            assert_int_equal(quiet.first_visits[i], again.first_visits[i]);
            differs = differs || (seed > 1 && first[i] != quiet.first_visits[i]);
            first[i] = quiet.first_visits[i];
        }
        for (size_t i = 0; i < 7; i++) {
            assert_true(seen[i]);
        }
    }
    assert_true(differs);
}

static void sampling__closed_configurations_are_not_visited(void **state)
{
    (void)state;
    tb_sampling_options options = options_of_test();
    tb_sampling *sampling = NULL;
    tb_error err;
    size_t configuration = 0;
    bool is_done = false;
    tb_assert_ok(tb_sampling_create(&options, 3, &sampling, &err), &err);
    tb_sampling_close(sampling, 0, TB_SAMPLING_PRECISE);
    tb_sampling_close(sampling, 2, TB_SAMPLING_TIME);
    assert_int_equal(tb_sampling_open_count(sampling), 1);
    tb_assert_ok(tb_sampling_next(sampling, &configuration, &is_done, &err), &err);
    assert_false(is_done);
    assert_int_equal(configuration, 1);
    tb_sampling_close(sampling, 1, TB_SAMPLING_COUNT);
    tb_assert_ok(tb_sampling_next(sampling, &configuration, &is_done, &err), &err);
    assert_true(is_done);
    tb_sampling_destroy(sampling);
    tb_sampling_destroy(NULL);
}

static void sampling__starts_anew(void **state)
{
    (void)state;
    tb_sampling_options options = options_of_test();
    tb_sampling *sampling = NULL;
    size_t configuration = 9;
    bool is_done = true, is_warm_up = false, more = false;
    tb_error err;
    tb_assert_ok(tb_sampling_create(&options, 1, &sampling, &err), &err);
    tb_assert_ok(tb_sampling_next(sampling, &configuration, &is_done, &err), &err);
    for (int i = 0; i < 4; i++) { /* two of warm-up, two samples of three */
        tb_assert_ok(tb_sampling_add(sampling, 96, i == 3, 12, &is_warm_up, &more, &err), &err);
    }
    const tb_series *series = tb_sampling_series(sampling, 0);
    assert_true(series->count == 2 && series->disturbed == 1 && series->spent_us == 48);
    assert_int_equal(tb_sampling_restart(sampling), 2);
    assert_true(series->count == 0 && series->disturbed == 0 && series->spent_us == 0);
    for (int i = 0; i < 5; i++) { /* a whole visit again */
        tb_assert_ok(tb_sampling_add(sampling, 72, false, 12, &is_warm_up, &more, &err), &err);
        assert_true(is_warm_up == (i < 2) && more == (i < 4));
    }
    assert_int_equal(series->count, 3);
    tb_assert_close(series->times_us[0], 72, 0);
    tb_sampling_destroy(sampling);
}

static void sampling__of_a_gpu_takes_more_and_shorter_samples(void **state)
{
    (void)state;
    tb_sampling_options options = tb_sampling_of_gpu(), usual = tb_sampling_default();
    tb_error err;
    tb_assert_ok(tb_sampling_check(&options, &err), &err);
    assert_true(options.min_samples > usual.min_samples && options.per_visit > usual.per_visit &&
                options.max_time_us < usual.max_time_us);
}

static void options__that_make_no_sense_are_refused(void **state)
{
    (void)state;
    tb_sampling_options good = tb_sampling_default(), bad;
    tb_error err;
    tb_assert_ok(tb_sampling_check(&good, &err), &err);
#define REFUSED(field, number)                                                                     \
    bad = good;                                                                                    \
    bad.field = number;                                                                            \
    assert_int_equal(tb_sampling_check(&bad, &err), TB_EINVAL)
    REFUSED(warm_up, -1);
    REFUSED(per_visit, 0);
    REFUSED(min_samples, 0);
    REFUSED(max_samples, good.min_samples - 1);
    REFUSED(max_samples, 7300000);
    REFUSED(precision, 0);
    REFUSED(precision, 1);
    REFUSED(max_time_us, 0);
    REFUSED(max_time_us, nan(""));
#undef REFUSED
}

TB_TESTS(cmocka_unit_test(sampling__starts_anew),
         cmocka_unit_test(sampling__of_a_gpu_takes_more_and_shorter_samples),
         cmocka_unit_test(median_interval__is_of_the_binomial_order_statistics),
         cmocka_unit_test(summary__says_how_far_the_samples_spread),
         cmocka_unit_test(sampling__quiet_configurations_take_the_least),
         cmocka_unit_test(sampling__noisy_configurations_take_more),
         cmocka_unit_test(sampling__disturbed_samples_do_not_count_where_there_are_others),
         cmocka_unit_test(sampling__where_all_are_disturbed_all_count),
         cmocka_unit_test(sampling__time_ends_it),
         cmocka_unit_test(sampling__even_a_run_above_the_time_limit_is_sampled_once),
         cmocka_unit_test(sampling__rounds_visit_all_in_an_order_of_the_seed),
         cmocka_unit_test(sampling__closed_configurations_are_not_visited),
         cmocka_unit_test(options__that_make_no_sense_are_refused));
