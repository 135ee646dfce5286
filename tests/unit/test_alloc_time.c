/* Every allocation of counting a prediction's CTAs and timing it fails once: TB_ENOMEM each time,
 * no crash, and (under ASan) no leak. Linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc.
 */
#include "failing_alloc.h"
#include "test_support.h"
#include "timed_case.h"

/* Loaded once, so that only the counts and the time allocate. */
static tb_kernel *kernel;
static tb_device *device;
static tb_time_values values;
static tb_prediction prediction;

static tb_status time_prediction(tb_error *err)
{
    tb_cta_counts counts = {0};
    tb_time time;
    tb_status status = tb_cta_counts_fill(&prediction, kernel, device, &counts, err);
    if (status == TB_OK) {
        tb_time_case item = tb_time_case_of(&prediction, kernel, device, &counts);
        status = tb_time_predict(&item, &values, &time, err);
    }
    tb_cta_counts_release(&counts);
    return status;
}

static void check(const char *what, tb_pattern_kind pattern, tb_pass pass, bool splits)
{
    tb_error err;
    tb_case item = tb_test_gna("2300", NULL, NULL, 1);
    kernel = tb_test_kernel("fa2");
    device = tb_test_device("a100-80");
    values = tb_test_values();
    kernel->time.splits_kv = splits;
    item.pattern.kind = pattern;
    item.problem.pass = pass;
    prediction = (tb_prediction){0};
    tb_assert_ok(tb_predict(&item, kernel, &prediction, &err), &err);
    tb_test_fail_each(what, time_prediction);
    tb_prediction_release(&prediction);
    tb_kernel_destroy(kernel);
    tb_device_destroy(device);
}

static void timing__reports_every_failure(void **state)
{
    (void)state;
    check("a forward pass", TB_PATTERN_CAUSAL, TB_PASS_FORWARD, false);
    check("a backward pass", TB_PATTERN_CAUSAL, TB_PASS_BACKWARD, false);
    check("a split launch", TB_PATTERN_DENSE, TB_PASS_FORWARD, true);
}

TB_TESTS(cmocka_unit_test(timing__reports_every_failure));
