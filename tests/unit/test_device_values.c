/* What a device file may say, what the reader refuses and where, and what --set changes. */
#include "timed_case.h"

#include "test_support.h"

#include <stdio.h>
#include <string.h>

/* The first six lines of a file, then the seventh and those after it. */
#define HEAD                                                                                       \
    "schema: tilebound/device/1\n"                                                                 \
    "name: toy\n"                                                                                  \
    "summary: two SMs\n"                                                                           \
    "values:\n"                                                                                    \
    "  sm_count: 2\n"                                                                              \
    "  l2_size_mib: null\n"

static tb_device *read(const char *text)
{
    tb_device *device = NULL;
    tb_error err;
    const char *path = tb_test_file("toy.yaml", text, strlen(text));
    tb_assert_ok(tb_device_load(path, &device, &err), &err);
    return device;
}

static void assert_refused(const char *text, const char *part, int line, int column)
{
    tb_device *device = NULL;
    tb_error err;
    const char *path = tb_test_file("toy.yaml", text, strlen(text));
    tb_assert_fails(tb_device_load(path, &device, &err), &err, TB_EFILE, part);
    assert_string_equal(err.file, path);
    tb_assert_position(&err, line, column);
    assert_null(device);
}

static void device_file__is_read_whole(void **state)
{
    (void)state;
    tb_device *device = read(HEAD "  memory_bandwidth_gb_per_s: 3352.5\n"
                                  "assumed:\n"
                                  "  l2_size_mib: {value: 40, why: as its sister}\n"
                                  "aliases: [toys, toy-2]\n"
                                  "like: h100-sxm\n"
                                  "compute_capability: 90\n"
                                  "dense_kernel: cudnn\n"
                                  "default_kernel: cutlass-hopper-fna\n"
                                  "notes: [made up]\n"
                                  "doubtful: []\n"
                                  "sources: [none, 'none: too']\n"
                                  "derived: []\n"
                                  "unsupported: [fp4]\n");
    assert_string_equal(device->name, "toy");
    assert_string_equal(device->summary, "two SMs");
    assert_string_equal(device->like, "h100-sxm");
    assert_string_equal(device->dense_kernel, "cudnn");
    assert_string_equal(device->default_kernel, "cutlass-hopper-fna");
    assert_int_equal(device->compute_capability, 90);
    assert_int_equal(device->alias_count, 2);
    assert_string_equal(device->aliases[1], "toy-2");
    assert_int_equal(device->note_count, 1);
    assert_int_equal(device->doubtful_count, 0);
    assert_string_equal(device->sources[1], "none: too");
    assert_int_equal(device->values[TB_DEVICE_SM_COUNT].origin, TB_VALUE_KNOWN);
    assert_true(device->values[TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S].value == 3352.5);
    const tb_device_value *l2 = &device->values[TB_DEVICE_L2_SIZE_MIB];
    assert_int_equal(l2->origin, TB_VALUE_ASSUMED);
    assert_true(l2->value == 40);
    assert_string_equal(l2->why, "as its sister");
    assert_int_equal(device->values[TB_DEVICE_TDP_W].origin, TB_VALUE_UNKNOWN);
    tb_device_destroy(device);
}

static void device_file__needs_little(void **state)
{
    (void)state;
    tb_device *device = read(HEAD);
    assert_null(device->like);
    assert_null(device->dense_kernel);
    assert_null(device->default_kernel);
    assert_int_equal(device->alias_count + device->note_count + device->source_count, 0);
    assert_int_equal(device->compute_capability, 0);
    assert_int_equal(device->values[TB_DEVICE_L2_SIZE_MIB].origin, TB_VALUE_UNKNOWN);
    tb_device_destroy(device);
}

static void device_file__refuses_unknown_keys(void **state)
{
    (void)state;
    assert_refused(HEAD "aliasses: [t]\n", "did you mean 'aliases'?", 7, 1);
    assert_refused(HEAD "  sm_cuont: 2\n", "did you mean 'sm_count'?", 7, 3);
    assert_refused(HEAD "assumed:\n  tdp: {value: 2, why: x}\n", "'tdp'", 8, 3);
    assert_refused(HEAD "assumed:\n  tdp_w: {value: 2, whi: x}\n", "did you mean 'why'?", 8, 21);
    assert_refused("schema: tilebound/kernel/1\nname: toy\n", "tilebound/device/1", 1, 9);
}

static void device_file__refuses_what_is_missing(void **state)
{
    (void)state;
    assert_refused("schema: tilebound/device/1\nsummary: x\nvalues: {}\n", "name", 1, 1);
    assert_refused("schema: tilebound/device/1\nname: x\nvalues: {}\n", "summary", 1, 1);
    assert_refused("schema: tilebound/device/1\nname: x\nsummary: x\n", "values", 1, 1);
    assert_refused(HEAD "assumed:\n  tdp_w: {value: 2}\n", "why", 8, 10);
    assert_refused(HEAD "assumed:\n  tdp_w: {why: x}\n", "value", 8, 10);
}

static void device_file__refuses_bad_values(void **state)
{
    (void)state;
    assert_refused(HEAD "  tdp_w: many\n", "not a finite decimal number", 7, 10);
    assert_refused(HEAD "  tdp_w: -700\n", "out of range", 7, 10);
    assert_refused(HEAD "  tdp_w: '700'\n", "quoted", 7, 10);
    assert_refused(HEAD "  tdp_w: .inf\n", "not a finite decimal number", 7, 10);
    assert_refused(HEAD "assumed:\n  tdp_w: {value: no, why: x}\n", "not a finite", 8, 18);
    assert_refused(HEAD "assumed:\n  sm_count: {value: 3, why: x}\n",
                   "sm_count is known; leave the assumption out", 8, 13);
    assert_refused(HEAD "assumed: [tdp_w]\n", "a mapping of assumed values is needed here", 7, 10);
    assert_refused(HEAD "aliases: toys\n", "a list of texts is needed here", 7, 10);
    assert_refused(HEAD "compute_capability: 9\n", "out of range", 7, 21);
    assert_refused("schema: tilebound/device/1\nname: x\nsummary: x\nvalues: [2]\n",
                   "a mapping of values is needed here", 4, 9);
}

static void set__changes_one_value(void **state)
{
    (void)state;
    tb_device *device = tb_test_device("l40s"), *before = tb_test_device("l40s");
    tb_test_set(device, "sm_count=71");
    tb_test_set(device, "l2_size_mib=1.5e2");
    tb_test_set(device, "pcie_gb_per_s=55.5");
    for (size_t k = 0; k < TB_DEVICE_KEY_COUNT; k++) {
        bool is_set =
            k == TB_DEVICE_SM_COUNT || k == TB_DEVICE_L2_SIZE_MIB || k == TB_DEVICE_PCIE_GB_PER_S;
        assert_int_equal(device->values[k].origin,
                         is_set ? TB_VALUE_SET : before->values[k].origin);
        assert_true(is_set || device->values[k].value == before->values[k].value);
    }
    assert_null(device->values[TB_DEVICE_L2_SIZE_MIB].why); /* no longer assumed */
    assert_true(tb_device_get(device, TB_DEVICE_SM_COUNT, 7) == 71);
    assert_true(tb_device_get(device, TB_DEVICE_L2_SIZE_MIB, 7) == 150);
    assert_true(tb_device_get(device, TB_DEVICE_PCIE_GB_PER_S, 7) == 55.5);
    tb_device_destroy(device);
    tb_device_destroy(before);
}

static void set__takes_every_key(void **state)
{
    (void)state;
    tb_device *device = tb_test_device("a10");
    for (size_t k = 0; k < TB_DEVICE_KEY_COUNT; k++) {
        char assignment[96];
        bool fraction = k == TB_DEVICE_EX2_FMA_FRACTION || k == TB_DEVICE_SUSTAINED_CLOCK_FRACTION;
        double value = fraction ? 0.25 + (double)k / 128 : (double)(72 + k);
        (void)snprintf(assignment, sizeof assignment, "%s=%.17g", tb_device_value_names[k], value);
        tb_test_set(device, assignment);
        assert_true(device->values[k].value == value);
    }
    tb_device_destroy(device);
}

static void set__refuses_what_no_device_has(void **state)
{
    (void)state;
    static const struct {
        const char *assignment, *message;
    } bad[] = {{"sm_count=0", "sm_count is a whole number of 1 to 1e9, not 0"},
               {"sm_count=-132", "not -132"},
               {"sm_count=0.5", "not 0.5"},
               {"sm_count=131.5", "not 131.5"},
               {"sm_count=1e30", "not 1e+30"},
               {"memory_bandwidth_gb_per_s=0", "memory_bandwidth_gb_per_s is 1e-9 to 1e9, not 0"},
               {"memory_bandwidth_gb_per_s=1.5e9", "not 1.5e+09"},
               {"nvlink_total_bidir_gb_per_s=-1", "is 0 to 1e9, not -1"},
               {"ex2_fma_fraction=1", "is at least 0 and below 1, not 1"},
               {"sustained_clock_fraction=0", "is 1e-9 to 1, not 0"},
               {"sustained_clock_fraction=1.01", "not 1.01"}};
    tb_device *device = tb_test_device("h100-sxm");
    tb_device *before = tb_test_device("h100-sxm");
    tb_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tb_assert_fails(tb_device_set(device, bad[i].assignment, &err), &err, TB_EINVAL,
                        bad[i].message);
    }
    for (size_t k = 0; k < TB_DEVICE_KEY_COUNT; k++) {
        assert_int_equal(device->values[k].origin, before->values[k].origin);
        assert_true(device->values[k].value == before->values[k].value);
    }
    tb_test_set(device, "nvlink_total_bidir_gb_per_s=0"); /* what it can do without */
    tb_test_set(device, "ex2_fma_fraction=0");
    tb_test_set(device, "sustained_clock_fraction=1");
    tb_test_set(device, "sm_count=1e9");
    tb_device_destroy(device);
    tb_device_destroy(before);
}

static void set__refuses_what_is_no_assignment(void **state)
{
    (void)state;
    static const char *const bad[] = {"sm_count",      "sm_count=",    "sm_count=many",
                                      "sm_count=inf",  "sm_count=nan", "sm_count=0x84",
                                      "sm_count= 132", "sm_count=132 "};
    tb_device *device = tb_test_device("h100-sxm");
    tb_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tb_assert_fails(tb_device_set(device, bad[i], &err), &err, TB_EINVAL, "give key=number");
        assert_true(device->values[TB_DEVICE_SM_COUNT].value == 132);
        assert_int_equal(device->values[TB_DEVICE_SM_COUNT].origin, TB_VALUE_KNOWN);
    }
    tb_device_destroy(device);
}

static void set__suggests_the_nearest_key(void **state)
{
    (void)state;
    tb_device *device = tb_test_device("h100-sxm");
    tb_error err;
    tb_assert_fails(tb_device_set(device, "sm_cuont=132", &err), &err, TB_EINVAL,
                    "a device has no value 'sm_cuont'; did you mean 'sm_count'?");
    tb_assert_fails(tb_device_set(device, "bandwidth=1", &err), &err, TB_EINVAL,
                    "'tilebound list devices NAME' shows what it has");
    tb_assert_fails(tb_device_set(device,
                                  "a_key_of_more_than_sixty-three_characters_that_no_device_can_"
                                  "have_at_all=1",
                                  &err),
                    &err, TB_EINVAL, "sets nothing");
    tb_device_destroy(device);
}

static void unknown_values__name_the_option_that_gives_them(void **state)
{
    (void)state;
    tb_device *device = tb_test_device("dgx-spark");
    double value = 7;
    tb_error err;
    tb_assert_fails(tb_device_need(device, TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM, &value, &err), &err,
                    TB_EINVAL,
                    "mufu_ex2_per_clk_per_sm of device dgx-spark is unknown; give it with --set "
                    "mufu_ex2_per_clk_per_sm=NUMBER");
    assert_true(value == 7);
    assert_true(tb_device_get(device, TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM, 9.5) == 9.5);
    tb_test_set(device, "mufu_ex2_per_clk_per_sm=16");
    tb_assert_ok(tb_device_need(device, TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM, &value, &err), &err);
    assert_true(value == 16);
    tb_device_destroy(device);
}

TB_TESTS(cmocka_unit_test(device_file__is_read_whole), cmocka_unit_test(device_file__needs_little),
         cmocka_unit_test(device_file__refuses_unknown_keys),
         cmocka_unit_test(device_file__refuses_what_is_missing),
         cmocka_unit_test(device_file__refuses_bad_values),
         cmocka_unit_test(set__changes_one_value), cmocka_unit_test(set__takes_every_key),
         cmocka_unit_test(set__refuses_what_no_device_has),
         cmocka_unit_test(set__refuses_what_is_no_assignment),
         cmocka_unit_test(set__suggests_the_nearest_key),
         cmocka_unit_test(unknown_values__name_the_option_that_gives_them));
