/* The parameters of the time model: their scales, and which fit is of a device. */
#include "time_parameters.h"

#include "test_support.h"

#include <math.h>
#include <string.h>

static void parameters__are_named_once_and_explained(void **state)
{
    (void)state;
    for (int p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        assert_non_null(tb_time_parameters[p].name);
        assert_true(strlen(tb_time_parameters[p].meaning) > 10);
        for (int q = 0; q < p; q++) {
            assert_string_not_equal(tb_time_parameters[p].name, tb_time_parameters[q].name);
        }
    }
}

/* What masking costs is in the source code; all else is in the device, or in how both meet. */
static void parameters__of_the_source_are_those_of_the_mask(void **state)
{
    (void)state;
    for (int p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        bool is_mask = strncmp(tb_time_parameters[p].name, "mask_", 5) == 0;
        assert_int_equal(tb_time_parameters[p].is_of_source, is_mask);
    }
}

static void scales__go_there_and_back(void **state)
{
    (void)state;
    static const double fractions[] = {0.0001, 0.02, 0.25, 0.5, 0.72, 0.99};
    for (int p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        tb_time_parameter parameter = (tb_time_parameter)p;
        double scale = tb_time_parameters[p].scale == TB_SCALE_LOG ? 9600 : 1;
        double last = -HUGE_VAL;
        for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++) {
            double value = scale * fractions[i], x = tb_parameter_forward(parameter, value);
            assert_true(x > last); /* rising */
            tb_assert_close(tb_parameter_backward(parameter, x), value, 1e-12);
            last = x;
        }
    }
}

/* ln 7200 = 8.8818; ln (0.9 / 0.1) = ln 9 = 2.1972 */
static void scales__are_logarithm_and_log_odds(void **state)
{
    (void)state;
    tb_assert_close(tb_parameter_forward(TB_TIME_MASK_CYCLES, 7200), 8.881836305, 1e-9);
    tb_assert_close(tb_parameter_forward(TB_TIME_LAUNCH_US, 1), 0, 0);
    tb_assert_close(tb_parameter_forward(TB_TIME_OVERLAP, 0.9), 2.197224577, 1e-9);
    tb_assert_close(tb_parameter_forward(TB_TIME_PERMUTE_FRACTION, 0.5), 0, 0);
    tb_assert_close(tb_parameter_backward(TB_TIME_SUSTAINED_CLOCK_FRACTION, 0), 0.5, 0);
    tb_assert_close(tb_parameter_backward(TB_TIME_PROLOGUE_CYCLES, 0), 1, 0);
}

static void log_odds__stay_finite_at_the_bounds(void **state)
{
    (void)state;
    static const double bounds[] = {0, 1, -0.5, 1.5};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        double x = tb_parameter_forward(TB_TIME_OVERLAP, bounds[i]);
        assert_true(isfinite(x));
        assert_true(fabs(tb_parameter_backward(TB_TIME_OVERLAP, x) - fmin(fmax(bounds[i], 0), 1)) <=
                    1.001e-6);
    }
    assert_true(tb_parameter_backward(TB_TIME_OVERLAP, 1000) == 1);
    assert_true(tb_parameter_backward(TB_TIME_OVERLAP, -1000) == 0);
}

static void fits__are_found_by_device(void **state)
{
    (void)state;
    static const tb_fit fits[] = {{.device = "h100-sxm", .runs = 7}, {.device = "b200", .runs = 9}};
    tb_time_traits traits = {.given = true, .fits = fits, .fit_count = 2};
    assert_ptr_equal(tb_time_find_fit(&traits, "h100-sxm"), &fits[0]);
    assert_ptr_equal(tb_time_find_fit(&traits, "b200"), &fits[1]);
    assert_null(tb_time_find_fit(&traits, "b20"));
    assert_null(tb_time_find_fit(&traits, "h100"));
    traits.fit_count = 0;
    assert_null(tb_time_find_fit(&traits, "b200"));
}

TB_TESTS(cmocka_unit_test(parameters__are_named_once_and_explained),
         cmocka_unit_test(parameters__of_the_source_are_those_of_the_mask),
         cmocka_unit_test(scales__go_there_and_back),
         cmocka_unit_test(scales__are_logarithm_and_log_odds),
         cmocka_unit_test(log_odds__stay_finite_at_the_bounds),
         cmocka_unit_test(fits__are_found_by_device));
