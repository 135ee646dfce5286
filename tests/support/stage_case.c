#include "stage_case.h"

#include "buffer.h"
#include "test_support.h"
#include "timed_case.h"

#include <string.h>

tb_device *tb_test_round_device(void)
{
    static const char *const values[] = {
        "sm_count=100",
        "clock_boost_mhz=1000",
        "tensor_fp16_flop_per_clk_per_sm=5000",
        "peak_fp16_tflops=500",
        "measured_gemm_bf16_tflops=400",
        "tensor_fp8_flop_per_clk_per_sm=10000",
        "peak_fp8_tflops=1000",
        "measured_gemm_fp8_tflops=900",
        "tensor_int8_op_per_clk_per_sm=10000",
        "peak_int8_tops=1000",
        "fp32_fma_lanes_per_sm=200",
        "peak_fp32_tflops=50",
        "mufu_ex2_per_clk_per_sm=10",
        "memory_bandwidth_gb_per_s=2000",
        "measured_dram_read_gb_per_s=1600",
        "pcie_gb_per_s=20",
        "nvlink_total_bidir_gb_per_s=600",
        "measured_launch_us=4",
    };
    tb_device *device = tb_test_device("h100-sxm");
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        tb_test_set(device, values[i]);
    }
    return device;
}

const char *tb_test_stage_file(const char *baseline, const char *keys)
{
    tb_buffer text = {0};
    tb_buffer_printf(&text,
                     "schema: tilebound/mechanism/1\nname: probe\ntitle: Probe\nsummary: a stage "
                     "of the tests\nfamily: tests\nphase: prefill\nbaseline: %s\nparameters:\n"
                     "  half: {value: 0.5, from: abstract}\n"
                     "  block: {value: 96, from: 'assumed: a guess'}\n"
                     "stages:\n  - {name: probe, %s}\n",
                     baseline, keys);
    const char *path = tb_test_file("probe.yaml", text.data, text.length);
    tb_buffer_free(&text);
    return path;
}

tb_mechanism_result tb_test_stage(const char *baseline, const char *keys, const tb_problem *problem,
                                  const tb_device *device, const tb_kernel *kernel)
{
    tb_mechanism *mechanism = NULL;
    tb_mechanism_result result = {0};
    tb_error err;
    tb_assert_ok(tb_mechanism_load(tb_test_stage_file(baseline, keys), &mechanism, &err), &err);
    tb_assert_ok(tb_mechanism_run(mechanism, problem, device, kernel, 0, &result, &err), &err);
    /* names of stages live in the file: these tests look at numbers alone */
    tb_mechanism_destroy(mechanism);
    return result;
}

tb_problem tb_test_stage_problem(void)
{
    tb_problem problem = tb_problem_default();
    problem.layout = (tb_layout){.rank = 1, .extent = {1000}};
    problem.batch = 3;
    problem.heads = 6;
    problem.heads_kv = 2;
    problem.dim = 64;
    problem.dim_value = 96;
    return problem;
}
