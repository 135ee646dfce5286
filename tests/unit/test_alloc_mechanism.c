/* Every allocation of reading mechanisms and running them fails once: TB_ENOMEM each time, no
 * crash, and (under ASan) no leak. Linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. */
#include "failing_alloc.h"
#include "test_support.h"

#include "mechanism.h"
#include "mechanism_explain.h"
#include "timed_case.h"

static tb_status read_mechanism(tb_error *err)
{
    tb_mechanism *mechanism = NULL;
    tb_status status =
        tb_mechanism_load(TB_SOURCE_DIR "/tests/cli/inputs/mechanism.yaml", &mechanism, err);
    tb_mechanism_destroy(mechanism);
    return status;
}

static void reading_a_mechanism__every_failure_is_reported(void **state)
{
    (void)state;
    tb_test_fail_each("a mechanism", read_mechanism);
}

/* Loaded once, so that only the run allocates. */
static tb_mechanism *mechanism;
static tb_device *device;
static tb_kernel *kernel;

static tb_status run_mechanism(tb_error *err)
{
    tb_problem problem = mechanism->problem;
    problem.layout = (tb_layout){.rank = 1, .extent = {720}};
    tb_mechanism_options options = {.device = device, .kernel = kernel, .baseline_kernel = kernel};
    tb_mechanism_result result;
    tb_mechanism_explanation why = {0};
    tb_status status = tb_mechanism_run_with(mechanism, &problem, &options, &result, err);
    if (status == TB_OK) {
        status = tb_mechanism_explain(&result, &why, err);
        tb_mechanism_explanation_release(&why);
        tb_mechanism_result_release(&result);
    }
    return status;
}

static void run_each(const char *name)
{
    tb_error err;
    tb_assert_ok(tb_mechanism_load(name, &mechanism, &err), &err);
    tb_test_fail_each(name, run_mechanism);
    tb_mechanism_destroy(mechanism);
}

static void running_a_mechanism__every_failure_is_reported(void **state)
{
    (void)state;
    device = tb_test_device("h100-sxm");
    kernel = tb_test_kernel("tilebound");
    run_each(TB_SOURCE_DIR "/tests/cli/inputs/mechanism.yaml");
    run_each("fsa");           /* cross, product, stream, attention */
    run_each("nosa");          /* decode, transfer */
    run_each("chela");         /* fft, linear */
    run_each("seerattention"); /* random */
    tb_kernel_destroy(kernel);
    tb_device_destroy(device);
}

TB_TESTS(cmocka_unit_test(reading_a_mechanism__every_failure_is_reported),
         cmocka_unit_test(running_a_mechanism__every_failure_is_reported));
