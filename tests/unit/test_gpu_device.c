/* A GPU's measured facts as a device of the time model. */
#include "test_support.h"

#include "device_print.h"
#include "gpu_device.h"
#include "predict.h"
#include "predict_time.h"

#include <stdlib.h>
#include <string.h>

static void add(tb_device_facts *facts, const char *name, double value)
{
    double samples[] = {0.9 * value, value, 1.1 * value};
    tb_device_facts_add(facts, name, "made up", samples, 3);
}

/* An H100 on which mma.sync does 2304 of 4096 flop a clock. */
static tb_device_facts facts_of(const char *name)
{
    tb_device_facts facts = {.isa = "sm_90",
                             .cores = 132,
                             .l2_bytes = INT64_C(50) << 20,
                             .gpu = {.compute_capability = 90,
                                     .memory_bytes = INT64_C(80) << 30,
                                     .shared_bytes_per_sm = 233472,
                                     .shared_bytes_per_cta = 232448,
                                     .registers_per_sm = 65536,
                                     .threads_per_sm = 2048,
                                     .memory_clock_mhz = 2619,
                                     .memory_bus_bits = 5120,
                                     .power_limit_w = 650,
                                     .uuid = "GPU-72",
                                     .cuda = "13.0"}};
    (void)strcpy(facts.name, name);
    add(&facts, "mma_bf16_flop_per_clk_per_sm", 2304);
    add(&facts, "exp2_per_clk_per_sm", 15.9);
    add(&facts, "fma_flop_per_clk_per_sm", 252.4);
    add(&facts, "shared_read_bytes_per_clk_per_sm", 126.123456789);
    add(&facts, "l2_read_bytes_per_s", 5.7e12);
    add(&facts, "hbm_read_bytes_per_s", 3.1e12);
    add(&facts, "empty_kernel_us", 1.25);
    add(&facts, "clock_mhz", 1972.3);
    add(&facts, "sustained_clock_fraction", 0.85);
    return facts;
}

static tb_device *make(const tb_device_facts *facts)
{
    tb_device *device = NULL;
    tb_error err;
    assert_int_equal(unsetenv("TILEBOUND_DATA"), 0);
    tb_assert_ok(tb_gpu_device_create(facts, &device, &err), &err);
    return device;
}

static const tb_measured_fact *fact_of(const tb_device *device, const char *name)
{
    for (size_t i = 0; i < device->measured_count; i++) {
        if (strcmp(device->measured[i].name, name) == 0) {
            return &device->measured[i];
        }
    }
    fail_msg("no fact %s", name);
    return NULL;
}

static bool is_from_base(const tb_device *device, tb_device_key key)
{
    for (size_t i = 0; i < device->from_base_count; i++) {
        if (strcmp(device->from_base[i], tb_device_value_names[key]) == 0) {
            return true;
        }
    }
    return false;
}

static void gpu_device__a_known_one_has_what_was_measured_and_the_rest(void **state)
{
    (void)state;
    tb_device_facts facts = facts_of("NVIDIA H100 80GB HBM3");
    tb_device *device = make(&facts);
    assert_string_equal(device->name, "h100-sxm-measured");
    assert_string_equal(device->base, "h100-sxm");
    assert_string_equal(device->summary, "NVIDIA H100 80GB HBM3, GPU-72, measured by tilebound "
                                         "(driver not known, CUDA 13.0)");
    const struct {
        tb_device_key key;
        double value;
        bool is_from_base;
    } wanted[] = {{TB_DEVICE_SM_COUNT, 132, false},
                  {TB_DEVICE_CLOCK_BOOST_MHZ, 1972.3, false},
                  {TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM, 4096, true},
                  {TB_DEVICE_MMA_SYNC_FRACTION, 0.5625, false}, /* 2304 / 4096 */
                  {TB_DEVICE_FP32_FMA_LANES_PER_SM, 126.2, false},
                  {TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM, 15.9, false},
                  {TB_DEVICE_SMEM_BANDWIDTH_BYTES_PER_CLK_PER_SM, 126.12, false},
                  {TB_DEVICE_MEASURED_L2_READ_GB_PER_S, 5700, false},
                  {TB_DEVICE_MEASURED_DRAM_READ_GB_PER_S, 3100, false},
                  {TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, 3352, true},
                  {TB_DEVICE_MEASURED_LAUNCH_US, 1.25, false},
                  {TB_DEVICE_SUSTAINED_CLOCK_FRACTION, 0.85, false},
                  {TB_DEVICE_L2_SIZE_MIB, 50, false},
                  {TB_DEVICE_SMEM_PER_SM_KIB, 228, false},
                  {TB_DEVICE_SMEM_MAX_PER_BLOCK_KIB, 227, false},
                  {TB_DEVICE_MAX_WARPS_PER_SM, 64, false},
                  {TB_DEVICE_TDP_W, 650, false},
                  {TB_DEVICE_PEAK_FP16_TFLOPS, 989.4, true},
                  {TB_DEVICE_SUB_PARTITIONS_PER_SM, 4, true}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        tb_assert_close(tb_device_get(device, wanted[i].key, 0), wanted[i].value, 1e-9);
        assert_true(is_from_base(device, wanted[i].key) == wanted[i].is_from_base);
    }
    /* the published figures, in the facts' units */
    tb_assert_close(fact_of(device, "mma_bf16_flop_per_clk_per_sm")->published, 4096, 0);
    tb_assert_close(fact_of(device, "fma_flop_per_clk_per_sm")->published, 256, 0);
    tb_assert_close(fact_of(device, "hbm_read_bytes_per_s")->published, 3.352e12, 1e-9);
    tb_assert_close(fact_of(device, "clock_mhz")->published, 1980, 0);
    tb_assert_close(fact_of(device, "empty_kernel_us")->published, 0, 0); /* not known */
    tb_assert_close(fact_of(device, "exp2_per_clk_per_sm")->high, 16.695, 1e-9);
    assert_true(device->source_count > 3 && device->note_count == 1 && !device->is_emulated);
    tb_device_destroy(device);
}

static void gpu_device__an_unknown_one_has_only_what_was_measured(void **state)
{
    (void)state;
    tb_device_facts facts = facts_of("NVIDIA  Abacus-7300 (Ti)");
    facts.gpu.is_by_events = facts.gpu.is_emulated = true;
    tb_device *device = make(&facts);
    assert_string_equal(device->name, "abacus-7300-ti-measured");
    assert_null(device->base);
    assert_true(device->is_emulated && device->from_base_count == 0);
    assert_int_equal(strncmp(device->summary, "emulated NVIDIA  Abacus", 23), 0);
    tb_assert_close(tb_device_get(device, TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM, 0), 2304, 0);
    tb_assert_close(tb_device_get(device, TB_DEVICE_MMA_SYNC_FRACTION, 0), 1, 0);
    /* 2619 MHz * 2 * 5120 bits / 8 */
    tb_assert_close(tb_device_get(device, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, 0), 3352.3, 1e-9);
    assert_int_equal(device->values[TB_DEVICE_PEAK_FP16_TFLOPS].origin, TB_VALUE_UNKNOWN);
    assert_int_equal(device->note_count, 3);
    assert_non_null(strstr(device->notes[1], "CUDA events"));
    assert_non_null(strstr(device->notes[2], "emulated"));
    tb_device_destroy(device);
}

static void gpu_device__reads_back_and_predicts(void **state)
{
    (void)state;
    tb_device_facts facts = facts_of("NVIDIA H100 80GB HBM3");
    tb_device *device = make(&facts), *again = NULL;
    tb_buffer text = {0}, second = {0};
    tb_error err;
    tb_buffer_text(&text, "schema: tilebound/device/1\n");
    tb_device_print(device, "", &text);
    tb_assert_ok(tb_device_load(tb_test_file("gpu.yaml", text.data, text.length), &again, &err),
                 &err);
    tb_buffer_text(&second, "schema: tilebound/device/1\n");
    tb_device_print(again, "", &second);
    assert_string_equal(text.data, second.data);
    tb_buffer_free(&text);
    tb_buffer_free(&second);

    tb_kernel *kernel = NULL;
    tb_prediction prediction = {0};
    tb_timing timing = {0};
    tb_case item = tb_case_default();
    item.problem.layout = (tb_layout){.rank = 1, .extent = {4096}};
    tb_assert_ok(tb_kernel_load(again->default_kernel, &kernel, &err), &err);
    tb_assert_ok(tb_predict(&item, kernel, &prediction, &err), &err);
    tb_assert_ok(tb_predict_time(&prediction, kernel, again, NULL, &timing, &err), &err);
    assert_true(timing.time.attention_us > 1);
    tb_prediction_release(&prediction);
    tb_kernel_destroy(kernel);
    tb_device_destroy(again);
    tb_device_destroy(device);
}

static void gpu_device__names_of_drivers_are_aliases(void **state)
{
    (void)state;
    const struct {
        const char *driver, *name;
    } known[] = {{"NVIDIA A100-SXM4-80GB", "a100-80-measured"},
                 {"NVIDIA GeForce RTX 4090", "rtx-4090-measured"},
                 {"NVIDIA H100 PCIe", "h100-pcie-measured"},
                 {"NVIDIA H200", "h200-measured"},
                 {"NVIDIA GB10", "dgx-spark-measured"},
                 {"NVIDIA B200", "b200-measured"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        tb_device_facts facts = facts_of(known[i].driver);
        tb_device *device = make(&facts);
        assert_string_equal(device->name, known[i].name);
        tb_device_destroy(device);
    }
}

static void gpu_device__needs_its_rates(void **state)
{
    (void)state;
    tb_device_facts facts = facts_of("NVIDIA H100 80GB HBM3");
    tb_device *device = NULL;
    tb_error err;
    facts.fact[1].name = "exp3_per_clk_per_sm";
    tb_assert_fails(tb_gpu_device_create(&facts, &device, &err), &err, TB_EINVAL,
                    "the backend measured no exp2_per_clk_per_sm");
    assert_null(device);
}

TB_TESTS(cmocka_unit_test(gpu_device__a_known_one_has_what_was_measured_and_the_rest),
         cmocka_unit_test(gpu_device__an_unknown_one_has_only_what_was_measured),
         cmocka_unit_test(gpu_device__reads_back_and_predicts),
         cmocka_unit_test(gpu_device__names_of_drivers_are_aliases),
         cmocka_unit_test(gpu_device__needs_its_rates));
