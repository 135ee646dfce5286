/* Which run of a profile a case is, and what it measured. */
#include "test_support.h"

#include "measured_speedup.h"
#include "timed_case.h"

#include <string.h>

/* By an alias of the device, and in the other half of 16-bit types. */
#define RUNS                                                                                       \
    "id,device,kernel,problem.layout,problem.heads,problem.dtype,pattern.kind,pattern.window,"     \
    "tiling.q_tile,tiling.kv_tile,time_us,includes,baseline,emulated\n"                            \
    "dense,h100,cudnn,96x72,3,fp16,,,,,960,,,\n"                                                   \
    "a,h100,cutlass-hopper-fna,96x72,3,fp16,,12x24,,,96,,dense,\n"                                 \
    "b,h100,cutlass-hopper-fna,96x72,3,fp16,,12x24,8x16,8x16,120,,dense,\n"                        \
    "c,h100,cutlass-hopper-fna,96x72,3,fp32,,24x12,,,72,,dense,\n"                                 \
    "d,h100,cutlass-hopper-fna,96x72,3,fp16,,24x24,,,72,,,\n"                                      \
    "e,b200,cutlass-hopper-fna,96x72,3,fp16,,12x12,,,72,,dense,\n"                                 \
    "f,h100,cutlass-hopper-fna,96x72,3,fp16,,12x12,,,72,,dense,true\n"

typedef struct side {
    tb_profile *profile;
    tb_kernel *kernel;
    tb_device *device;
} side;

static side open_side(void)
{
    side s = {.kernel = tb_test_kernel("cutlass-hopper-fna"), .device = tb_test_device("h100-sxm")};
    tb_error err;
    tb_assert_ok(tb_profile_load(tb_test_file("runs.csv", RUNS, sizeof RUNS - 1), &s.profile, &err),
                 &err);
    return s;
}

static void close_side(side *s)
{
    tb_profile_destroy(s->profile);
    tb_kernel_destroy(s->kernel);
    tb_device_destroy(s->device);
}

static tb_status match(const side *s, const char *window, const char *tile,
                       tb_measured_speedup *out, tb_error *err)
{
    tb_case item = tb_test_gna("96x72", window, NULL, 3);
    if (tile != NULL) {
        tb_test_tiles(&item, tile, tile);
    }
    return tb_measured_match(s->profile, &item, s->kernel, s->device, out, err);
}

static void a_run_is_found__by_its_case_kernel_and_device(void **state)
{
    (void)state;
    side s = open_side();
    tb_measured_speedup found = {0};
    tb_error err;
    tb_assert_ok(match(&s, "12x24", NULL, &found, &err), &err); /* the kernel's default tiles */
    assert_string_equal(found.run->id, "a");
    assert_string_equal(found.dense->id, "dense");
    tb_assert_close(found.speedup, 10, 1e-12);
    tb_assert_ok(match(&s, "12x24", "8x16", &found, &err), &err); /* tiles are part of the case */
    assert_string_equal(found.run->id, "b");
    tb_assert_close(found.speedup, 8, 1e-12);
    close_side(&s);
}

static void runs_without_a_measured_speedup__are_no_match(void **state)
{
    (void)state;
    static const char *const windows[] = {
        "24x12", /* of another dtype, and so over other work than its baseline */
        "24x24", /* without a baseline */
        "12x12", /* on another device, and emulated */
    };
    side s = open_side();
    tb_measured_speedup found = {0};
    tb_error err;
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        tb_assert_fails(match(&s, windows[i], NULL, &found, &err), &err, TB_EINVAL,
                        "name one with --run: a, b");
    }
    tb_assert_fails(match(&s, "12x24", "7x7", &found, &err), &err, TB_EINVAL, "no run of profile");
    assert_null(found.run);
    close_side(&s);
}

static void a_named_run__says_what_it_lacks(void **state)
{
    (void)state;
    static const struct {
        const char *id, *part;
    } cases[] = {
        {"c", "names no measured dense baseline of the same work"},
        {"d", "names no measured dense baseline"},
        {"e", "names no measured dense baseline"}, /* which ran on another device */
        {"f", "it is emulated"},
        {"dens", "did you mean 'dense'?"},
    };
    side s = open_side();
    tb_measured_speedup found = {0};
    tb_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_assert_fails(tb_measured_named(s.profile, cases[i].id, &found, &err), &err, TB_EINVAL,
                        cases[i].part);
    }
    tb_assert_ok(tb_measured_named(s.profile, "b", &found, &err), &err);
    tb_assert_close(found.speedup, 8, 1e-12);
    close_side(&s);
}

static void a_device__is_named_by_its_aliases(void **state)
{
    (void)state;
    tb_device *device = tb_test_device("h100-sxm");
    assert_true(tb_device_is_named(device, "h100-sxm") && tb_device_is_named(device, "h100"));
    assert_false(tb_device_is_named(device, "h100-pcie"));
    tb_device_destroy(device);
}

TB_TESTS(cmocka_unit_test(a_run_is_found__by_its_case_kernel_and_device),
         cmocka_unit_test(runs_without_a_measured_speedup__are_no_match),
         cmocka_unit_test(a_named_run__says_what_it_lacks),
         cmocka_unit_test(a_device__is_named_by_its_aliases));
