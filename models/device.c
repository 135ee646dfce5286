#include "device.h"

#include "text.h"

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
};

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

tb_status tb_device_set(tb_device *device, const char *assignment, tb_error *err)
{
    char key[64];
    double value;
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || (size_t)(equals - assignment) >= sizeof key ||
        !tb_text_double(equals + 1, &value) || value < 0) {
        return tb_fail(err, TB_EINVAL,
                       "'%s' sets nothing; give key=number, as memory_bandwidth_gb_per_s=6000",
                       assignment);
    }
    memcpy(key, assignment, (size_t)(equals - assignment));
    key[equals - assignment] = '\0';
    for (size_t i = 0; i < TB_DEVICE_KEY_COUNT; i++) {
        if (strcmp(key, tb_device_value_names[i]) == 0) {
            device->values[i] = (tb_device_value){.origin = TB_VALUE_SET, .value = value};
            return TB_OK;
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
