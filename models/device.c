#include "device.h"

#include "text.h"

#include <math.h>
#include <string.h>

const char *const tb_device_value_names[TB_DEVICE_KEY_COUNT] = {
    "sm_count",
    "clock_boost_mhz",
    "clock_base_mhz",
    "clock_tensor_peak_mhz",
    "peak_fp16_tflops",
    "peak_tf32_tflops",
    "peak_fp8_tflops",
    "peak_int8_tops",
    "peak_fp4_tflops",
    "peak_fp32_tflops",
    "tensor_fp16_flop_per_clk_per_sm",
    "tensor_tf32_flop_per_clk_per_sm",
    "tensor_fp8_flop_per_clk_per_sm",
    "tensor_int8_op_per_clk_per_sm",
    "tensor_fp4_flop_per_clk_per_sm",
    "fp32_fma_lanes_per_sm",
    "mufu_ex2_per_clk_per_sm",
    "smem_bandwidth_bytes_per_clk_per_sm",
    "tmem_per_sm_kib",
    "memory_size_gb",
    "memory_bandwidth_gb_per_s",
    "l2_size_mib",
    "tdp_w",
    "nvlink_total_bidir_gb_per_s",
    "measured_dram_read_gb_per_s",
    "measured_l2_read_gb_per_s",
    "measured_gemm_bf16_tflops",
    "measured_gemm_fp8_tflops",
    "smem_per_sm_kib",
    "smem_max_per_block_kib",
    "max_warps_per_sm",
    "max_blocks_per_sm",
    "smem_alloc_granularity_bytes",
    "reserved_smem_per_block_bytes",
    "registers_per_sm",
    "register_alloc_granularity_regs_per_warp",
    "max_registers_per_thread",
    "sub_partitions_per_sm",
    "ex2_fma_fraction",
    "measured_launch_us",
    "sustained_clock_fraction",
    "pcie_gb_per_s",
    "mma_sync_fraction",
};

bool tb_device_is_named(const tb_device *device, const char *name)
{
    if (strcmp(device->name, name) == 0) {
        return true;
    }
    for (size_t i = 0; i < device->alias_count; i++) {
        if (strcmp(device->aliases[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static tb_status unknown_key(const char *key, tb_error *err)
{
    const char *nearest = tb_text_nearest(key, tb_device_value_names, TB_DEVICE_KEY_COUNT);
    if (nearest != NULL) {
        return tb_fail(err, TB_EINVAL, "a device has no value '%s'; did you mean '%s'?", key,
                       nearest);
    }
    return tb_fail(err, TB_EINVAL,
                   "a device has no value '%s'; 'tilebound list devices NAME' shows what it has",
                   key);
}

/* What a value can be; counts are whole numbers. */
static tb_status check_range(tb_device_key key, double value, tb_error *err)
{
    const double largest = 1e9; /* no unit in use reaches it; products of two stay below 2^63 */
    const char *name = tb_device_value_names[key];
    switch (key) {
    case TB_DEVICE_SM_COUNT:
    case TB_DEVICE_MAX_WARPS_PER_SM:
    case TB_DEVICE_MAX_BLOCKS_PER_SM:
    case TB_DEVICE_SMEM_ALLOC_GRANULARITY_BYTES:
    case TB_DEVICE_REGISTERS_PER_SM:
    case TB_DEVICE_REGISTER_ALLOC_GRANULARITY_REGS_PER_WARP:
    case TB_DEVICE_MAX_REGISTERS_PER_THREAD:
    case TB_DEVICE_SUB_PARTITIONS_PER_SM:
        return value >= 1 && value <= largest && value == floor(value)
                   ? TB_OK
                   : tb_fail(err, TB_EINVAL, "%s is a whole number of 1 to 1e9, not %g", name,
                             value);
    case TB_DEVICE_EX2_FMA_FRACTION:
        return value >= 0 && value < 1
                   ? TB_OK
                   : tb_fail(err, TB_EINVAL, "%s is at least 0 and below 1, not %g", name, value);
    case TB_DEVICE_SUSTAINED_CLOCK_FRACTION:
        return value >= 1 / largest && value <= 1
                   ? TB_OK
                   : tb_fail(err, TB_EINVAL, "%s is 1e-9 to 1, not %g", name, value);
    case TB_DEVICE_NVLINK_TOTAL_BIDIR_GB_PER_S: /* what a device can do without */
    case TB_DEVICE_RESERVED_SMEM_PER_BLOCK_BYTES:
    case TB_DEVICE_TMEM_PER_SM_KIB:
    case TB_DEVICE_MEASURED_LAUNCH_US:
        return value >= 0 && value <= largest
                   ? TB_OK
                   : tb_fail(err, TB_EINVAL, "%s is 0 to 1e9, not %g", name, value);
    default:
        return value >= 1 / largest && value <= largest
                   ? TB_OK
                   : tb_fail(err, TB_EINVAL, "%s is 1e-9 to 1e9, not %g", name, value);
    }
}

tb_status tb_device_put(tb_device *device, tb_device_key key, double value, tb_value_origin origin,
                        tb_error *err)
{
    tb_status status = check_range(key, value, err);
    if (status == TB_OK) {
        device->values[key] = (tb_device_value){.origin = origin, .value = value};
    }
    return status;
}

tb_status tb_device_set(tb_device *device, const char *assignment, tb_error *err)
{
    char key[64];
    double value;
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || (size_t)(equals - assignment) >= sizeof key ||
        !tb_text_double(equals + 1, &value)) {
        return tb_fail(err, TB_EINVAL,
                       "'%s' sets nothing; give key=number, as memory_bandwidth_gb_per_s=6000",
                       assignment);
    }
    memcpy(key, assignment, (size_t)(equals - assignment));
    key[equals - assignment] = '\0';
    for (size_t i = 0; i < TB_DEVICE_KEY_COUNT; i++) {
        if (strcmp(key, tb_device_value_names[i]) == 0) {
            return tb_device_put(device, (tb_device_key)i, value, TB_VALUE_SET, err);
        }
    }
    return unknown_key(key, err);
}

tb_status tb_device_need(const tb_device *device, tb_device_key key, double *out, tb_error *err)
{
    if (device->values[key].origin == TB_VALUE_UNKNOWN) {
        return tb_fail(err, TB_EINVAL, "%s of device %s is unknown; give it with --set %s=NUMBER",
                       tb_device_value_names[key], device->name, tb_device_value_names[key]);
    }
    *out = device->values[key].value;
    return TB_OK;
}

double tb_device_get(const tb_device *device, tb_device_key key, double otherwise)
{
    return device->values[key].origin == TB_VALUE_UNKNOWN ? otherwise : device->values[key].value;
}
