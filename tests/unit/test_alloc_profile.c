/* Every allocation of reading profiles and comparing them fails once: TB_ENOMEM each time, no
 * crash, and (under ASan) no leak. Linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. */
#include "failing_alloc.h"
#include "test_support.h"

#include "compare.h"
#include "compare_old.h"

#include <stdlib.h>
#include <string.h>

#define INPUTS TB_SOURCE_DIR "/tests/cli/inputs/"

static tb_status read_profile(tb_error *err)
{
    tb_profile *profile = NULL;
    tb_status status = tb_profile_load(INPUTS "toy-profile.yaml", &profile, err);
    tb_profile_destroy(profile);
    return status;
}

/* Loaded once, so that only the comparison allocates. */
static tb_profile *profile;
static tb_kernel *kernel;
static tb_device *device;

static int load_models(void **state)
{
    (void)state;
    tb_error err;
    tb_assert_ok(tb_profile_load(INPUTS "toy-profile.yaml", &profile, &err), &err);
    tb_assert_ok(tb_kernel_load(INPUTS "toy-kernel.yaml", &kernel, &err), &err);
    tb_assert_ok(tb_device_load(INPUTS "toy-device.yaml", &device, &err), &err);
    return 0;
}

static int free_models(void **state)
{
    (void)state;
    tb_profile_destroy(profile);
    tb_kernel_destroy(kernel);
    tb_device_destroy(device);
    return 0;
}

static tb_status compare(tb_error *err)
{
    const tb_profile *profiles[] = {profile};
    const tb_kernel *kernels[] = {kernel, NULL};
    const tb_device *devices[] = {device, NULL};
    tb_compare_options options = {.kernels = kernels, .devices = devices};
    tb_comparison *comparison = NULL;
    tb_status status = tb_compare(profiles, 1, &options, &comparison, err);
    tb_comparison_destroy(comparison);
    return status;
}

static const char *old_path;

static tb_status read_old(tb_error *err)
{
    tb_old_comparison *old = NULL;
    tb_status status = tb_old_comparison_load(old_path, &old, err);
    tb_old_comparison_destroy(old);
    return status;
}

static void reading_a_profile__every_failure_is_reported(void **state)
{
    (void)state;
    tb_test_fail_each("a profile", read_profile);
}

static void comparing__every_failure_is_reported(void **state)
{
    (void)state;
    tb_test_fail_each("a comparison", compare);
}

static void reading_an_old_comparison__every_failure_is_reported(void **state)
{
    (void)state;
    static const char text[] = "{\"schema\": \"tilebound/compare/1\", \"summary\": {\"n\": 1}, "
                               "\"runs\": [{\"id\": \"a\", \"profile\": \"p\", "
                               "\"error_percent\": 7.3}]}\n";
    old_path = tb_test_file("old.json", text, sizeof text - 1);
    tb_test_fail_each("an old comparison", read_old);
}

TB_TESTS(cmocka_unit_test(reading_a_profile__every_failure_is_reported),
         cmocka_unit_test_setup_teardown(comparing__every_failure_is_reported, load_models,
                                         free_models),
         cmocka_unit_test(reading_an_old_comparison__every_failure_is_reported));
