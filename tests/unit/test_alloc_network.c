/* Every allocation of reading networks and timing them fails once: TB_ENOMEM each time, no crash,
 * and (under ASan) no leak. Linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. */
#include "failing_alloc.h"
#include "test_support.h"

#include "compare.h"
#include "network_time.h"

#include <unistd.h>

/* The toy's files name each other from their own folder. */
static int enter_inputs(void **state)
{
    (void)state;
    return chdir(TB_SOURCE_DIR "/tests/cli/inputs");
}

static tb_status read_network(tb_error *err)
{
    tb_network *network = NULL;
    tb_status status = tb_network_load("./toy-network.yaml", &network, err);
    tb_network_destroy(network);
    return status;
}

static void reading_a_network__every_failure_is_reported(void **state)
{
    (void)state;
    tb_test_fail_each("a network", read_network);
}

/* Loaded once, so that only the prediction allocates. */
static tb_network *network;
static tb_device *device;
static tb_kernel *kernel;
static tb_problem problem;

static tb_status time_network(tb_error *err)
{
    tb_network_setup setup = {
        .problem = &problem, .kernel = kernel, .device = device, .dense_kernel = kernel};
    tb_forward_time forward = {0};
    tb_outside_time outside;
    tb_status status = tb_network_attention_time(&network->cases[0], &setup, &forward, err);
    if (status == TB_OK) {
        status = tb_network_rest_time(network, &setup, &forward, err);
    }
    return status == TB_OK ? tb_network_outside_time(network, &setup, &outside, err) : status;
}

static void timing_a_network__every_failure_is_reported(void **state)
{
    (void)state;
    tb_error err;
    tb_assert_ok(tb_network_load("./toy-network.yaml", &network, &err), &err);
    tb_assert_ok(tb_device_load("./toy-memory.yaml", &device, &err), &err);
    tb_assert_ok(tb_kernel_load("./toy-kernel.yaml", &kernel, &err), &err);
    problem = tb_problem_default();
    problem.layout = network->layout;
    problem.dim = problem.dim_value = network->dim;
    tb_test_fail_each("a network's time", time_network);
    tb_network_destroy(network);
    tb_device_destroy(device);
    tb_kernel_destroy(kernel);
}

static tb_profile *profile;

static tb_status compare(tb_error *err)
{
    const tb_profile *profiles[] = {profile};
    tb_compare_options options = {0};
    tb_comparison *comparison = NULL;
    tb_status status = tb_compare(profiles, 1, &options, &comparison, err);
    if (status == TB_OK) {
        assert_null(comparison->networks[0].why_not);
        tb_assert_close(comparison->networks[0].predicted_us, 360, 1e-12);
    }
    tb_comparison_destroy(comparison);
    return status;
}

static void comparing_a_network__every_failure_is_reported(void **state)
{
    (void)state;
    static const char text[] =
        "schema: tilebound/profile/1\nname: probe\nsummary: s\nruns:\n"
        "  - id: whole\n    device: ./toy-memory.yaml\n    kernel: ./toy-kernel.yaml\n"
        "    kind: end-to-end\n    problem: {layout: [64]}\n    pattern: {kind: other, text: x}\n"
        "    includes: end-to-end\n    speedup: 1.3\n"
        "    network: {name: ./toy-network.yaml, case: sparse}\n";
    tb_error err;
    const char *path = tb_test_file("whole.yaml", text, sizeof text - 1);
    tb_assert_ok(tb_profile_load(path, &profile, &err), &err);
    tb_test_fail_each("a comparison of a network", compare);
    tb_profile_destroy(profile);
}

TB_TESTS(cmocka_unit_test_setup(reading_a_network__every_failure_is_reported, enter_inputs),
         cmocka_unit_test_setup(timing_a_network__every_failure_is_reported, enter_inputs),
         cmocka_unit_test_setup(comparing_a_network__every_failure_is_reported, enter_inputs));
