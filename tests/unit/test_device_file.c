/* What the known device files say; test_device_values.c has what the reader refuses, and --set. */
#include "timed_case.h"

#include "test_support.h"

#include <math.h>
#include <string.h>

/* What a GPU of these years can be; outside of it, a unit is mixed up. */
static const struct {
    double min, max;
} plausible[TB_DEVICE_KEY_COUNT] = {
    [TB_DEVICE_SM_COUNT] = {1, 400},
    [TB_DEVICE_CLOCK_BOOST_MHZ] = {200, 4000},
    [TB_DEVICE_CLOCK_BASE_MHZ] = {200, 4000},
    [TB_DEVICE_CLOCK_TENSOR_PEAK_MHZ] = {200, 4000},
    [TB_DEVICE_PEAK_FP16_TFLOPS] = {10, 10000},
    [TB_DEVICE_PEAK_TF32_TFLOPS] = {10, 10000},
    [TB_DEVICE_PEAK_FP8_TFLOPS] = {10, 20000},
    [TB_DEVICE_PEAK_INT8_TOPS] = {10, 20000},
    [TB_DEVICE_PEAK_FP4_TFLOPS] = {10, 40000},
    [TB_DEVICE_PEAK_FP32_TFLOPS] = {1, 400},
    [TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM] = {256, 65536},
    [TB_DEVICE_TENSOR_TF32_FLOP_PER_CLK_PER_SM] = {128, 65536},
    [TB_DEVICE_TENSOR_FP8_FLOP_PER_CLK_PER_SM] = {256, 65536},
    [TB_DEVICE_TENSOR_INT8_OP_PER_CLK_PER_SM] = {256, 65536},
    [TB_DEVICE_TENSOR_FP4_FLOP_PER_CLK_PER_SM] = {256, 131072},
    [TB_DEVICE_FP32_FMA_LANES_PER_SM] = {32, 256},
    [TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM] = {4, 64},
    [TB_DEVICE_SMEM_BANDWIDTH_BYTES_PER_CLK_PER_SM] = {32, 512},
    [TB_DEVICE_TMEM_PER_SM_KIB] = {64, 1024},
    [TB_DEVICE_MEMORY_SIZE_GB] = {4, 1000},
    [TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S] = {100, 20000},
    [TB_DEVICE_L2_SIZE_MIB] = {1, 512},
    [TB_DEVICE_TDP_W] = {20, 3000},
    [TB_DEVICE_NVLINK_TOTAL_BIDIR_GB_PER_S] = {0, 10000}, /* 0: it has none */
    [TB_DEVICE_MEASURED_DRAM_READ_GB_PER_S] = {100, 20000},
    [TB_DEVICE_MEASURED_L2_READ_GB_PER_S] = {100, 100000},
    [TB_DEVICE_MEASURED_GEMM_BF16_TFLOPS] = {10, 10000},
    [TB_DEVICE_MEASURED_GEMM_FP8_TFLOPS] = {10, 20000},
    [TB_DEVICE_SMEM_PER_SM_KIB] = {32, 512},
    [TB_DEVICE_SMEM_MAX_PER_BLOCK_KIB] = {32, 512},
    [TB_DEVICE_MAX_WARPS_PER_SM] = {16, 128},
    [TB_DEVICE_MAX_BLOCKS_PER_SM] = {8, 64},
    [TB_DEVICE_SMEM_ALLOC_GRANULARITY_BYTES] = {64, 1024},
    [TB_DEVICE_RESERVED_SMEM_PER_BLOCK_BYTES] = {0, 4096}, /* 0: none is */
    [TB_DEVICE_REGISTERS_PER_SM] = {32768, 262144},
    [TB_DEVICE_REGISTER_ALLOC_GRANULARITY_REGS_PER_WARP] = {64, 1024},
    [TB_DEVICE_MAX_REGISTERS_PER_THREAD] = {63, 512},
    [TB_DEVICE_SUB_PARTITIONS_PER_SM] = {1, 8},
    [TB_DEVICE_EX2_FMA_FRACTION] = {0, 1},
    [TB_DEVICE_MEASURED_LAUNCH_US] = {0.5, 20},
    [TB_DEVICE_SUSTAINED_CLOCK_FRACTION] = {0.3, 1},
    [TB_DEVICE_PCIE_GB_PER_S] = {4, 300},
    [TB_DEVICE_MMA_SYNC_FRACTION] = {0.1, 1},
};

static bool is_given(const tb_device *device, tb_device_key key)
{
    return device->values[key].origin != TB_VALUE_UNKNOWN;
}

static void known_devices__load_with_plausible_values(void **state)
{
    (void)state;
    size_t count, given = 0;
    tb_device **devices = tb_test_devices(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < TB_DEVICE_KEY_COUNT; k++) {
            double value = devices[i]->values[k].value;
            assert_true(plausible[k].max > 0); /* no key was forgotten above */
            if (!is_given(devices[i], (tb_device_key)k)) {
                continue;
            }
            given++;
            if (!(value >= plausible[k].min && value <= plausible[k].max)) {
                fail_msg("%s: %s is %g, outside of %g to %g", devices[i]->name,
                         tb_device_value_names[k], value, plausible[k].min, plausible[k].max);
            }
        }
        assert_true(devices[i]->source_count > 0);
    }
    print_message("%zu devices, %zu values\n", count, given);
    assert_true(count >= 20);
    tb_test_devices_free(devices, count);
}

static void known_devices__mark_what_is_assumed(void **state)
{
    (void)state;
    size_t count, assumed = 0;
    tb_device **devices = tb_test_devices(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < TB_DEVICE_KEY_COUNT; k++) {
            const tb_device_value *value = &devices[i]->values[k];
            bool is_assumed = value->origin == TB_VALUE_ASSUMED;
            assumed += is_assumed;
            assert_true(value->origin != TB_VALUE_SET);
            assert_int_equal(is_assumed, value->why != NULL);
            assert_true(value->why == NULL || strlen(value->why) > 3);
        }
    }
    tb_device *b300 = tb_test_device("b300");
    assert_int_equal(b300->values[TB_DEVICE_SM_COUNT].origin, TB_VALUE_ASSUMED);
    assert_int_equal(b300->values[TB_DEVICE_CLOCK_BOOST_MHZ].origin, TB_VALUE_KNOWN);
    print_message("%zu assumed values\n", assumed);
    tb_device_destroy(b300);
    tb_test_devices_free(devices, count);
}

/* A vendor's peak is SMs x rate x clock; returns whether all four are sourced. */
static bool check_peak(const tb_device *device, tb_device_key peak, tb_device_key rate)
{
    tb_device_key keys[] = {peak, rate, TB_DEVICE_SM_COUNT, TB_DEVICE_CLOCK_TENSOR_PEAK_MHZ};
    for (size_t i = 0; i < 4; i++) {
        if (device->values[keys[i]].origin != TB_VALUE_KNOWN) {
            return false;
        }
    }
    double product = device->values[rate].value * device->values[TB_DEVICE_SM_COUNT].value *
                     device->values[TB_DEVICE_CLOCK_TENSOR_PEAK_MHZ].value / 1e6;
    double off = product / device->values[peak].value - 1;
    if (fabs(off) > 0.005) {
        fail_msg("%s: %s is off by %.2f %% of SMs x rate x clock", device->name,
                 tb_device_value_names[peak], 100 * off);
    }
    return true;
}

/* The exception: the L40S's 733 TFLOP/s of fp8 are 142 x 2048 at the boost clock of 2520 MHz, its
 * 362 of fp16 are 142 x 1024 at 2490 MHz. */
static bool has_fp8_at_boost_clock(const tb_device *device)
{
    return strcmp(device->name, "l40s") == 0;
}

static void known_peaks__are_rate_times_clock(void **state)
{
    (void)state;
    size_t count, checked = 0;
    tb_device **devices = tb_test_devices(&count);
    for (size_t i = 0; i < count; i++) {
        checked += check_peak(devices[i], TB_DEVICE_PEAK_FP16_TFLOPS,
                              TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM);
        if (!has_fp8_at_boost_clock(devices[i])) {
            checked += check_peak(devices[i], TB_DEVICE_PEAK_FP8_TFLOPS,
                                  TB_DEVICE_TENSOR_FP8_FLOP_PER_CLK_PER_SM);
        }
        double tensor = tb_device_get(devices[i], TB_DEVICE_CLOCK_TENSOR_PEAK_MHZ, 0);
        double base = tb_device_get(devices[i], TB_DEVICE_CLOCK_BASE_MHZ, 0);
        double boost = tb_device_get(devices[i], TB_DEVICE_CLOCK_BOOST_MHZ, 4000);
        assert_true(base <= boost && tensor <= boost);
    }
    print_message("%zu peaks\n", checked);
    assert_true(checked >= 25);
    tb_test_devices_free(devices, count);
}

static void known_devices__name_kernels_that_serve_them(void **state)
{
    (void)state;
    size_t count;
    tb_device **devices = tb_test_devices(&count);
    for (size_t i = 0; i < count; i++) {
        const char *names[] = {devices[i]->dense_kernel, devices[i]->default_kernel};
        for (int k = 0; k < 2; k++) {
            tb_kernel *kernel = names[k] == NULL ? NULL : tb_test_kernel(names[k]);
            bool serves = kernel == NULL ||
                          (kernel->compute_capability_count == 0 &&
                           devices[i]->compute_capability >= kernel->compute_capability_min);
            for (size_t c = 0; kernel != NULL && c < kernel->compute_capability_count; c++) {
                serves =
                    serves || kernel->compute_capabilities[c] == devices[i]->compute_capability;
            }
            if (!serves) {
                fail_msg("%s cannot run its kernel %s", devices[i]->name, names[k]);
            }
            tb_kernel_destroy(kernel);
        }
    }
    tb_test_devices_free(devices, count);
}

static void assert_no_other_has(tb_device *const *devices, size_t count, size_t owner,
                                const char *alias)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(devices[i]->name, alias) == 0) {
            fail_msg("alias '%s' of %s is a device", alias, devices[owner]->name);
        }
        for (size_t a = 0; i != owner && a < devices[i]->alias_count; a++) {
            if (strcmp(devices[i]->aliases[a], alias) == 0) {
                fail_msg("alias '%s' is of %s and %s", alias, devices[owner]->name,
                         devices[i]->name);
            }
        }
    }
}

static void aliases__are_unique_and_resolve(void **state)
{
    (void)state;
    size_t count, aliases = 0;
    tb_device **devices = tb_test_devices(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t a = 0; a < devices[i]->alias_count; a++) {
            const char *alias = devices[i]->aliases[a];
            assert_no_other_has(devices, count, i, alias);
            tb_device *found = tb_test_device(alias);
            assert_string_equal(found->name, devices[i]->name);
            tb_device_destroy(found);
            aliases++;
        }
    }
    print_message("%zu aliases\n", aliases);
    tb_test_devices_free(devices, count);
}

static void unknown_devices__suggest_the_nearest(void **state)
{
    (void)state;
    tb_device *device = NULL;
    tb_error err;
    tb_assert_fails(tb_device_load("h100-smx", &device, &err), &err, TB_EINVAL,
                    "unknown device 'h100-smx'; did you mean 'h100-sxm'?");
    tb_assert_fails(tb_device_load("quantum", &device, &err), &err, TB_EINVAL,
                    "'tilebound list devices' names them");
    tb_assert_fails(tb_device_load("absent/h100.yaml", &device, &err), &err, TB_EFILE,
                    "cannot read");
    assert_null(device);
    tb_device_destroy(NULL);
}

TB_TESTS(cmocka_unit_test(known_devices__load_with_plausible_values),
         cmocka_unit_test(known_devices__mark_what_is_assumed),
         cmocka_unit_test(known_peaks__are_rate_times_clock),
         cmocka_unit_test(known_devices__name_kernels_that_serve_them),
         cmocka_unit_test(aliases__are_unique_and_resolve),
         cmocka_unit_test(unknown_devices__suggest_the_nearest));
