/* Every allocation of suites with axes, of measured profiles and of planning a measurement fails
 * once: TB_ENOMEM each time, no crash, and (under ASan) no leak. */
#include "failing_alloc.h"
#include "test_support.h"

#include "gpu_device.h"
#include "measure.h"
#include "profile_write.h"
#include "random_tensor.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static const char measured[] = "schema: tilebound/profile/1\n"
                               "name: 'host'\n"
                               "summary: 's'\n"
                               "environment:\n"
                               "  cpu: 'Abacus 7300'\n"
                               "device:\n"
                               "  name: 'host'\n"
                               "  summary: 'an abacus'\n"
                               "  values: {sm_count: 7}\n"
                               "  measured: {fma_gflops: {median: 72.5}}\n"
                               "  notes: ['one']\n"
                               "runs:\n"
                               "  - id: 'a'\n"
                               "    kind: dense\n"
                               "    problem: {layout: [96]}\n"
                               "    pattern: {kind: dense}\n"
                               "    includes: attention\n"
                               "    time_us: {samples: [7.3, 72.1, 40], set_aside: [730, 960]}\n"
                               "    check: {rows: 12, worst: 0.25}\n"
                               "    noise: {samples: 3, throttle: [power cap]}\n"
                               "    kernels: [{name: a, launches: 2, grid: [7, 2, 1]}]\n";

static const char axes[] = "schema: tilebound/suite/1\n"
                           "name: probe\n"
                           "summary: axes\n"
                           "problems:\n"
                           "- name: 1d\n"
                           "  problem: {layout: [96], dim: 16, dtype: fp32}\n"
                           "  pattern: {window: [12]}\n"
                           "  sample: 3\n"
                           "  zip: {problem.heads: [2, 6], problem.dim: [64, 72]}\n"
                           "  cross: {pattern.window: [[7], [40]]}\n";

static const char *profile_path, *suite_path;
static tb_kernel *cpu;
static tb_suite *problems;

static int open_all(void **state)
{
    (void)state;
    tb_error err;
    profile_path = tb_test_file("measured.yaml", measured, sizeof measured - 1);
    suite_path = tb_test_file("axes.yaml", axes, sizeof axes - 1);
    assert_int_equal(unsetenv("TILEBOUND_DATA"), 0);
    tb_assert_ok(tb_kernel_load("cpu", &cpu, &err), &err);
    tb_assert_ok(tb_suite_load(suite_path, &problems, &err), &err);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    tb_kernel_destroy(cpu);
    tb_suite_destroy(problems);
    return 0;
}

static tb_status copy_profile(tb_error *err)
{
    tb_profile *profile = NULL;
    tb_buffer text = {0};
    tb_status status = tb_profile_load(profile_path, &profile, err);
    if (status == TB_OK) {
        tb_profile_print(profile, &text);
        status = tb_buffer_check(&text, err);
    }
    tb_buffer_free(&text);
    tb_profile_destroy(profile);
    return status;
}

static tb_status read_suite(tb_error *err)
{
    tb_suite *suite = NULL;
    tb_status status = tb_suite_load(suite_path, &suite, err);
    tb_suite_destroy(suite);
    return status;
}

static void print_command(const tb_case *item, void *user, tb_buffer *out)
{
    (void)item;
    (void)user;
    tb_buffer_text(out, "measure");
}

static tb_status plan(tb_error *err)
{
    tb_measure_options options = tb_measure_default();
    tb_device_facts facts = {.name = "Abacus", .isa = "beads", .cores = 4};
    tb_environment environment = {.cpu = "Abacus"};
    tb_measure *measure = NULL;
    options.kernel = cpu;
    options.print_command = print_command;
    tb_status status = tb_measure_create(&options, &facts, NULL, &environment, &measure, err);
    for (size_t i = 0; status == TB_OK && i < problems->count; i++) {
        status = tb_measure_add(measure, problems->items[i].name, &problems->items[i].item, err);
    }
    tb_measure_destroy(measure);
    return status;
}

static tb_status sample(tb_error *err)
{
    tb_sampling_options options = tb_sampling_default();
    tb_sampling *sampling = NULL;
    size_t which = 0;
    bool is_done = false, is_warm_up = false, more = true;
    tb_status status = tb_sampling_create(&options, 3, &sampling, err);
    for (int i = 0; status == TB_OK && i < 20; i++) {
        status = tb_sampling_next(sampling, &which, &is_done, err);
        for (more = true; status == TB_OK && more && !is_done;) {
            status = tb_sampling_add(sampling, 72 + i, i % 3 == 0, 72, &is_warm_up, &more, err);
        }
    }
    tb_sampling_destroy(sampling);
    return status;
}

/* A GPU whose name is that of a known device: one file is read. */
static tb_status make_gpu(tb_error *err)
{
    static const char *const names[] = {
        "mma_bf16_flop_per_clk_per_sm",     "exp2_per_clk_per_sm",  "fma_flop_per_clk_per_sm",
        "shared_read_bytes_per_clk_per_sm", "hbm_read_bytes_per_s", "clock_mhz"};
    tb_device_facts facts = {
        .name = "NVIDIA H100 SXM", .cores = 132, .gpu = {.compute_capability = 90}};
    tb_device *device = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        double value = 72;
        tb_device_facts_add(&facts, names[i], "made up", &value, 1);
    }
    tb_status status = tb_gpu_device_create(&facts, &device, err);
    tb_device_destroy(device);
    return status;
}

static tb_status fill_random(tb_error *err)
{
    uint16_t tensor[12];
    uint64_t random = 7;
    return tb_random_fill(TB_DTYPE_BF16, tensor, 12, &random, err);
}

static void gpus__fail_whole(void **state)
{
    (void)state;
    tb_test_fail_each("a GPU as a device", make_gpu);
    tb_test_fail_each("random numbers", fill_random);
}

static void measured_profiles__fail_whole(void **state)
{
    (void)state;
    tb_test_fail_each("reading and writing a measured profile", copy_profile);
}

static void axes__fail_whole(void **state)
{
    (void)state;
    tb_test_fail_each("a suite with axes", read_suite);
}

static void plans__fail_whole(void **state)
{
    (void)state;
    tb_test_fail_each("planning a measurement", plan);
}

static void sampling__fails_whole(void **state)
{
    (void)state;
    tb_test_fail_each("sampling", sample);
}

TB_TESTS(cmocka_unit_test_setup_teardown(gpus__fail_whole, open_all, close_all),
         cmocka_unit_test_setup_teardown(measured_profiles__fail_whole, open_all, close_all),
         cmocka_unit_test_setup_teardown(axes__fail_whole, open_all, close_all),
         cmocka_unit_test_setup_teardown(plans__fail_whole, open_all, close_all),
         cmocka_unit_test_setup_teardown(sampling__fails_whole, open_all, close_all));
