/* Every allocation of reading profiles and comparing them fails once: TB_ENOMEM each time, no
 * crash, and (under ASan) no leak. Linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. */
#include "failing_alloc.h"
#include "test_support.h"

#include "compare.h"
#include "compare_old.h"
#include "profile_import.h"
#include "yaml_write.h"

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

static const char *csv_path;

static tb_status read_csv_profile(tb_error *err)
{
    tb_profile *read = NULL;
    tb_status status = tb_profile_load(csv_path, &read, err);
    tb_profile_destroy(read);
    return status;
}

/* A CSV file and a text of natten.profiler into one tree, that is written. */
static tb_status import(tb_error *err)
{
    const char *const paths[] = {csv_path, INPUTS "natten/ascii.txt"};
    tb_import_options options = {.device = device};
    tb_yaml *tree = NULL;
    tb_buffer text = {0};
    tb_status status = tb_profile_import(paths, 2, &options, &tree, err);
    if (status == TB_OK) {
        tb_yaml_write(&text, tree);
        status = tb_buffer_check(&text, err);
    }
    tb_buffer_free(&text);
    tb_yaml_destroy(tree);
    return status;
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

static void importing__every_failure_is_reported(void **state)
{
    (void)state;
    static const char text[] = "id,device,kernel,problem.layout,pattern.window,time_ms,notes\n"
                               "a,toy,toy-fna,64,16,7.3,\"x \"\"y\"\"\"\nb,toy,toy-fna,64,,9,\n";
    csv_path = tb_test_file("runs.csv", text, sizeof text - 1);
    tb_test_fail_each("a CSV file of runs", read_csv_profile);
    tb_test_fail_each("an import", import);
}

TB_TESTS(cmocka_unit_test(reading_a_profile__every_failure_is_reported),
         cmocka_unit_test_setup_teardown(importing__every_failure_is_reported, load_models,
                                         free_models),
         cmocka_unit_test_setup_teardown(comparing__every_failure_is_reported, load_models,
                                         free_models),
         cmocka_unit_test(reading_an_old_comparison__every_failure_is_reported));
