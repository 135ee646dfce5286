/* What calibrate writes is what it found, when it is read back. */
#include "calibrate.h"

#include "timed_case.h"

#include "test_support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static tb_calibration *calibrate(tb_profile **profile)
{
    tb_calibrate_options options = {.noise = 0.05, .train_fraction = 1};
    tb_calibration *calibration = NULL;
    tb_error err;
    tb_assert_ok(
        tb_profile_load(TB_SOURCE_DIR "/profiles/published/natten-h100.yaml", profile, &err), &err);
    const tb_profile *list = *profile;
    tb_assert_ok(tb_calibrate(&list, 1, &options, NULL, NULL, &calibration, &err), &err);
    return calibration;
}

/* Where the parameter of a kernel on a device is in the fit. */
static size_t find(const tb_fit_result *fit, const char *kernel, const char *family,
                   const char *device, size_t parameter)
{
    for (size_t i = 0; i < fit->count; i++) {
        const tb_fit_parameter *p = &fit->parameters[i];
        bool is_owner =
            strcmp(p->owner, kernel) == 0 || (family != NULL && strcmp(p->owner, family) == 0);
        if (is_owner && p->parameter == parameter &&
            (p->device == NULL || strcmp(p->device, device) == 0)) {
            return i;
        }
    }
    fail_msg("%s of %s on %s was not fitted", tb_time_parameters[parameter].name, kernel, device);
    return 0;
}

/* Values have five digits in the file, covariances four. */
static size_t check_fit(const tb_calibration *calibration, const tb_kernel *kernel,
                        const tb_fit *read)
{
    const tb_fit_result *fit = &calibration->fit;
    const char *family = kernel->time.family;
    size_t cross = 0;
    tb_assert_close(read->scatter, fit->scatter, 1e-3);
    assert_int_equal(read->degrees_of_freedom, fit->degrees_of_freedom);
    for (size_t p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        for (size_t q = 0; q <= p; q++) {
            if (!read->fitted[p] || !read->fitted[q]) {
                assert_true(read->covariance[p][q] == 0 && read->covariance[q][p] == 0);
                continue;
            }
            size_t i = find(fit, kernel->name, family, read->device, p);
            size_t j = find(fit, kernel->name, family, read->device, q);
            tb_assert_close(read->covariance[p][q], fit->covariance[i][j], 1e-3);
            assert_true(read->covariance[q][p] == read->covariance[p][q]);
            cross += p != q && read->covariance[p][q] != 0;
        }
        if (read->fitted[p]) {
            size_t i = find(fit, kernel->name, family, read->device, p);
            tb_assert_close(read->value[p], fit->parameters[i].value, 1e-4);
            tb_assert_close(read->error[p], fit->parameters[i].error, 1e-4);
            tb_assert_close(sqrt(read->covariance[p][p]), read->error[p], 1e-3);
        }
    }
    return cross;
}

static void a_written_fit__reads_back(void **state)
{
    (void)state;
    tb_profile *profile = NULL;
    tb_calibration *calibration = calibrate(&profile);
    const char *folder = tb_test_path("models");
    tb_error err;
    tb_assert_ok(tb_calibration_write(calibration, folder, &err), &err);
    size_t checked = 0, cross = 0;
    for (size_t r = 0; r < calibration->count; r++) {
        const tb_fit_run *run = calibration->runs[r].run;
        bool seen = false;
        for (size_t s = 0; s < r; s++) {
            seen = seen || (calibration->runs[s].run->kernel == run->kernel &&
                            calibration->runs[s].run->device == run->device);
        }
        if (seen) {
            continue;
        }
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/%s.yaml", folder, run->kernel->name);
        tb_kernel *kernel = tb_test_kernel(path);
        const tb_fit *fit = tb_time_find_fit(&kernel->time, run->device->name);
        assert_non_null(fit);
        assert_int_equal(fit->compute_capability, run->device->compute_capability);
        cross += check_fit(calibration, kernel, fit);
        checked++;
        tb_kernel_destroy(kernel);
    }
    print_message("%zu fits, %zu covariances of two parameters\n", checked, cross);
    assert_true(checked > 0 && cross > 0);
    tb_calibration_destroy(calibration);
    tb_profile_destroy(profile);
}

TB_TESTS(cmocka_unit_test(a_written_fit__reads_back));
