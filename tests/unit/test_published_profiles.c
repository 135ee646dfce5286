/* Every file of profiles/published: it can be read, and names what is known. */
#include "test_support.h"

#include "catalogue.h"
#include "device.h"
#include "kernel.h"
#include "profile.h"

#include <string.h>

/* Kernels that published runs name and that have no file yet; one that gets a file leaves here. */
static const char *const missing_kernels[] = {"fa2", "fa4", "flex", "sta-tk"};

#define MISSING_COUNT (sizeof missing_kernels / sizeof *missing_kernels)

typedef struct totals {
    size_t runs, bounds, profiles;
} totals;

static bool is_missing(const char *kernel)
{
    for (size_t i = 0; i < MISSING_COUNT; i++) {
        if (strcmp(kernel, missing_kernels[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void check_names(const tb_run *run)
{
    tb_error err;
    tb_device *device = NULL;
    tb_kernel *kernel = NULL;
    if (run->device != NULL) {
        tb_assert_ok(tb_device_load(run->device, &device, &err), &err);
        assert_string_equal(device->name, run->device); /* the name itself, no alias */
    }
    if (run->kernel != NULL && !is_missing(run->kernel)) {
        tb_assert_ok(tb_kernel_load(run->kernel, &kernel, &err), &err);
    }
    tb_device_destroy(device);
    tb_kernel_destroy(kernel);
}

static void check_run(const tb_profile *profile, const tb_run *run)
{
    if (run->id == NULL || run->source == NULL || run->quality == NULL) {
        fail_msg("%s: run %s lacks its source or quality", profile->name, run->id);
    }
    assert_ptr_equal(tb_profile_find(profile, run->id), run);
    assert_string_not_equal(run->device_text, "not stated");
    assert_string_not_equal(run->kernel_text, "not stated");
    assert_true(run->time.given || run->speedup.given || run->tflops.given || run->notes != NULL);
    if (run->has_baseline) {
        const tb_run *baseline = &profile->runs[run->baseline];
        assert_int_equal(baseline->kind == TB_RUN_END_TO_END, run->kind == TB_RUN_END_TO_END);
        assert_string_equal(baseline->device_text, run->device_text);
    }
    bool sees_all =
        run->item.pattern.kind == TB_PATTERN_DENSE || run->item.pattern.kind == TB_PATTERN_CAUSAL;
    if (run->simulable && sees_all != (run->kind == TB_RUN_DENSE)) {
        fail_msg("%s: run %s has a kind that its pattern has not", profile->name, run->id);
    }
    check_names(run);
}

static void check_profile(const char *name, totals *to)
{
    tb_profile *profile = NULL;
    tb_error err;
    tb_assert_ok(tb_profile_load(name, &profile, &err), &err);
    assert_string_equal(profile->name, name);
    assert_non_null(profile->source);
    for (size_t i = 0; i < profile->count; i++) {
        check_run(profile, &profile->runs[i]);
    }
    *(profile->holds_bounds ? &to->bounds : &to->runs) += profile->count;
    to->profiles++;
    tb_profile_destroy(profile);
}

static void published__every_profile_is_sound(void **state)
{
    (void)state;
    const char *const *names = NULL;
    size_t count = 0;
    tb_error err;
    totals total = {0};
    tb_arena *arena = tb_arena_create();
    tb_assert_ok(tb_catalogue_names(TB_CATALOGUE_PROFILE, arena, &names, &count, &err), &err);
    for (size_t i = 0; i < count; i++) {
        check_profile(names[i], &total);
    }
    print_message("%zu profiles, %zu runs, %zu bounds\n", total.profiles, total.runs, total.bounds);
    assert_int_equal(total.runs, 1054);
    assert_int_equal(total.bounds, 2);
    tb_arena_destroy(arena);
}

static void published__missing_kernels_are_missing(void **state)
{
    (void)state;
    for (size_t i = 0; i < MISSING_COUNT; i++) {
        tb_kernel *kernel = NULL;
        tb_error err;
        tb_status status = tb_kernel_load(missing_kernels[i], &kernel, &err);
        tb_kernel_destroy(kernel);
        if (status == TB_OK) {
            print_message("kernel %s is there now; take it off the list\n", missing_kernels[i]);
        }
    }
}

TB_TESTS(cmocka_unit_test(published__every_profile_is_sound),
         cmocka_unit_test(published__missing_kernels_are_missing));
