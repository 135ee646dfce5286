/* Which parameters are in force for a kernel on a device: of a fit there, of a fit elsewhere, of
 * the device, or priors; and what is known of their errors. */
#include "timed_case.h"

#include "test_support.h"

#include <math.h>

#define UNFITTED_SCATTER 0.03 /* of single runs, where no fit says */

/* A kernel with priors of all parameters and two fits. */
typedef struct bench {
    tb_fit fits[2];
    tb_kernel kernel;
} bench;

static void fill_fits(bench *b)
{
    tb_fit *h100 = &b->fits[0], *b200 = &b->fits[1];
    *h100 = (tb_fit){.device = "h100-sxm",
                     .compute_capability = 90,
                     .has_scatter = true,
                     .scatter = 0.0125,
                     .degrees_of_freedom = 12};
    static const struct {
        tb_time_parameter parameter;
        double value, error;
    } rows[] = {{TB_TIME_OVERLAP, 0.3, 0.4},
                {TB_TIME_MASK_CYCLES, 1600, 0.1},
                {TB_TIME_LAUNCH_US, 9, 0.2},
                {TB_TIME_SUSTAINED_CLOCK_FRACTION, 0.9, 0.3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t p = rows[i].parameter;
        h100->fitted[p] = true;
        h100->value[p] = rows[i].value;
        h100->error[p] = rows[i].error;
        h100->covariance[p][p] = rows[i].error * rows[i].error;
    }
    size_t o = TB_TIME_OVERLAP, l = TB_TIME_LAUNCH_US, c = TB_TIME_SUSTAINED_CLOCK_FRACTION;
    h100->covariance[o][l] = h100->covariance[l][o] = 0.05;
    h100->covariance[o][c] = h100->covariance[c][o] = 0.024;
    *b200 = (tb_fit){.device = "b200", .compute_capability = 100};
    b200->fitted[o] = true;
    b200->value[o] = 0.55;
    b200->covariance[o][o] = 0.09;
}

static void open_bench(bench *b)
{
    *b = (bench){.kernel = {.name = "probe"}};
    fill_fits(b);
    b->kernel.time.given = true;
    b->kernel.time.fits = b->fits;
    b->kernel.time.fit_count = 2;
    for (int p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        b->kernel.time.prior[p] = (tb_prior){.given = true, .value = 0.1 + 0.01 * p, .spread = 1.5};
    }
}

static tb_time_values values_on(const bench *b, const char *name, const char *set)
{
    tb_device *device = tb_test_device(name);
    if (set != NULL) {
        tb_test_set(device, set);
    }
    tb_time_values values = tb_time_values_of(&b->kernel, device);
    tb_device_destroy(device);
    return values;
}

static void assert_prior(const bench *b, const tb_time_values *values, size_t p)
{
    tb_assert_close(values->value[p], b->kernel.time.prior[p].value, 0);
    tb_assert_close(values->covariance[p][p], 2.25, 1e-12);
    assert_true(values->known[p] && !values->fitted[p]);
}

static void a_fit_of_the_device__is_in_force_there(void **state)
{
    (void)state;
    bench b;
    open_bench(&b);
    tb_time_values values = values_on(&b, "h100-sxm", NULL);
    assert_int_equal(values.basis, TB_BASIS_CALIBRATED);
    tb_assert_close(values.scatter, 0.0125, 0);
    assert_int_equal(values.degrees_of_freedom, 12);
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        if (!b.fits[0].fitted[p]) {
            assert_prior(&b, &values, p);
            continue;
        }
        assert_true(values.fitted[p] && values.known[p]);
        tb_assert_close(values.value[p], b.fits[0].value[p], 0);
        for (size_t q = 0; q < TB_TIME_PARAMETER_COUNT; q++) {
            tb_assert_close(values.covariance[p][q], b.fits[0].covariance[p][q], 0);
        }
    }
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        for (size_t q = 0; q < p; q++) {
            tb_assert_close(values.covariance[p][q], values.covariance[q][p], 0);
        }
    }
}

/* A fit that states neither scatter nor degrees of freedom. */
static void a_fit_without_scatter__takes_that_of_none(void **state)
{
    (void)state;
    bench b;
    open_bench(&b);
    tb_time_values values = values_on(&b, "b200", NULL);
    assert_int_equal(values.basis, TB_BASIS_CALIBRATED);
    tb_assert_close(values.scatter, UNFITTED_SCATTER, 0);
    assert_int_equal(values.degrees_of_freedom, 0);
    tb_assert_close(values.value[TB_TIME_OVERLAP], 0.55, 0);
    assert_prior(&b, &values, TB_TIME_MASK_CYCLES); /* nothing of the other device's fit */
}

/* Elsewhere, what belongs to the kernel's code comes from the nearest compute capability, with the
 * error of its prior, as devices differ; what belongs to a device does not. */
static void the_kernels_code__travels_to_other_devices(void **state)
{
    (void)state;
    bench b;
    open_bench(&b);
    tb_time_values values = values_on(&b, "h200", NULL); /* 9.0 */
    assert_int_equal(values.basis, TB_BASIS_UNCALIBRATED);
    tb_assert_close(values.value[TB_TIME_OVERLAP], 0.3, 0);
    tb_assert_close(values.value[TB_TIME_MASK_CYCLES], 1600, 0);
    tb_assert_close(values.covariance[TB_TIME_OVERLAP][TB_TIME_OVERLAP], 2.25, 1e-12);
    tb_assert_close(values.covariance[TB_TIME_OVERLAP][TB_TIME_LAUNCH_US], 0, 0);
    assert_prior(&b, &values, TB_TIME_LAUNCH_US);
    assert_prior(&b, &values, TB_TIME_SUSTAINED_CLOCK_FRACTION);
    for (int p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        assert_false(values.fitted[p]);
    }
    tb_assert_close(values.scatter, UNFITTED_SCATTER, 0);
    assert_int_equal(values.degrees_of_freedom, 0);
    values = values_on(&b, "b300", NULL); /* 10.3 */
    tb_assert_close(values.value[TB_TIME_OVERLAP], 0.55, 0);
    assert_prior(&b, &values, TB_TIME_MASK_CYCLES); /* of which that fit says nothing */
    b.fits[0].compute_capability = 0;               /* where it was is not stated */
    values = values_on(&b, "h200", NULL);
    assert_prior(&b, &values, TB_TIME_OVERLAP);
}

/* Between generations a kernel's code is compiled to other instructions. */
static void the_kernels_code__stays_in_its_generation(void **state)
{
    (void)state;
    bench b;
    open_bench(&b);
    tb_time_values values = values_on(&b, "rtx-5090", NULL); /* 12.0 */
    assert_prior(&b, &values, TB_TIME_OVERLAP);
    values = values_on(&b, "a10", NULL); /* 8.6 */
    assert_prior(&b, &values, TB_TIME_OVERLAP);
    b.fits[1].compute_capability = 80;
    values = values_on(&b, "a10", NULL);
    tb_assert_close(values.value[TB_TIME_OVERLAP], 0.55, 0);
    b.fits[0].compute_capability = 86; /* nearer */
    values = values_on(&b, "a10", NULL);
    tb_assert_close(values.value[TB_TIME_OVERLAP], 0.3, 0);
}

/* --set wins over all; a device's own clock over priors, not over a fit there. */
static void a_clock_that_is_set__wins(void **state)
{
    (void)state;
    bench b;
    open_bench(&b);
    size_t clock = TB_TIME_SUSTAINED_CLOCK_FRACTION, o = TB_TIME_OVERLAP, l = TB_TIME_LAUNCH_US;
    tb_time_values values = values_on(&b, "h100-sxm", "sustained_clock_fraction=0.72");
    tb_assert_close(values.value[clock], 0.72, 0);
    assert_false(values.fitted[clock]);
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) { /* it is no guess */
        tb_assert_close(values.covariance[clock][p], 0, 0);
        tb_assert_close(values.covariance[p][clock], 0, 0);
    }
    tb_assert_close(values.covariance[o][l], 0.05, 0); /* the rest of the fit stands */
    assert_int_equal(values.basis, TB_BASIS_CALIBRATED);
    values = values_on(&b, "h200", "sustained_clock_fraction=0.72");
    tb_assert_close(values.value[clock], 0.72, 0);
    tb_assert_close(values.covariance[clock][clock], 0, 0);
    tb_device *device = tb_test_device("h100-sxm");
    device->values[TB_DEVICE_SUSTAINED_CLOCK_FRACTION] =
        (tb_device_value){.origin = TB_VALUE_KNOWN, .value = 0.6};
    tb_assert_close(tb_time_values_of(&b.kernel, device).value[clock], 0.9, 0);
    tb_assert_close(tb_time_priors_of(&b.kernel, device).value[clock], 0.6, 0);
    b.fits[0].fitted[clock] = false;
    tb_assert_close(tb_time_values_of(&b.kernel, device).value[clock], 0.6, 0);
    tb_device_destroy(device);
}

static void without_prior_or_fit__a_parameter_is_unknown(void **state)
{
    (void)state;
    bench b;
    open_bench(&b);
    b.kernel.time.prior[TB_TIME_LAUNCH_US] = (tb_prior){0};
    tb_time_values values = values_on(&b, "h200", NULL);
    assert_false(values.known[TB_TIME_LAUNCH_US]);
    tb_assert_close(values.covariance[TB_TIME_LAUNCH_US][TB_TIME_LAUNCH_US], 0, 0);
    assert_true(values_on(&b, "h100-sxm", NULL).known[TB_TIME_LAUNCH_US]);
}

/* What travels is what hangs on the kernel's instructions, and nothing that a device times. */
static void what_travels__belongs_to_the_code(void **state)
{
    (void)state;
    static const bool travels[TB_TIME_PARAMETER_COUNT] = {
        [TB_TIME_OVERLAP] = true,          [TB_TIME_MASK_CYCLES] = true,
        [TB_TIME_MASK_3D_FACTOR] = true,   [TB_TIME_PROLOGUE_CYCLES] = true,
        [TB_TIME_TENSOR_FRACTION] = true,  [TB_TIME_SOFTMAX_FACTOR] = true,
        [TB_TIME_BACKWARD_OVERLAP] = true, [TB_TIME_TILE_LATENCY_CYCLES] = true};
    for (int p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        assert_int_equal(tb_time_parameters[p].travels, travels[p]);
    }
}

TB_TESTS(cmocka_unit_test(a_fit_of_the_device__is_in_force_there),
         cmocka_unit_test(a_fit_without_scatter__takes_that_of_none),
         cmocka_unit_test(the_kernels_code__travels_to_other_devices),
         cmocka_unit_test(the_kernels_code__stays_in_its_generation),
         cmocka_unit_test(a_clock_that_is_set__wins),
         cmocka_unit_test(without_prior_or_fit__a_parameter_is_unknown),
         cmocka_unit_test(what_travels__belongs_to_the_code));
