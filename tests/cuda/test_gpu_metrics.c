/* The names of hardware counters, asked of NVIDIA's own profiler library, which knows all chips
 * without having one. */
#include "gpu_counters_host.h"
#include "gpu_metrics.h"

#include "test_support.h"

#include <string.h>

static const struct {
    const char *chip;
    int sm;
} chips[] = {{"GA100", 80}, {"GA102", 86},  {"AD102", 89},
             {"GH100", 90}, {"GB100", 100}, {"GB202", 120}};

#define CHIP_COUNT (sizeof chips / sizeof *chips)

/* Skips where there is no CUPTI, as on a machine without CUDA. */
static tb_counters_host *open_chip(const char *chip)
{
    tb_counters_host *host = NULL;
    tb_error err;
    tb_status status = tb_counters_host_open(chip, NULL, &host, &err);
    if (status == TB_EUNAVAILABLE && strstr(err.message, "knows no chip") == NULL) {
        print_message("%s\n", err.message);
        skip();
    }
    tb_assert_ok(status, &err);
    return host;
}

/* All seven counters are there on all six chips, and are planned together. */
static void counters__are_known_to_every_chip(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHIP_COUNT; i++) {
        tb_counters_host *host = open_chip(chips[i].chip);
        tb_counters_plan plan = {0};
        tb_error err;
        tb_assert_ok(tb_counters_host_plan(host, &plan, &err), &err);
        assert_string_equal(tb_gpu_chip_of(chips[i].sm), chips[i].chip);
        assert_int_equal(plan.count, TB_HARDWARE_COUNTER_COUNT);
        for (size_t c = 0; c < plan.count; c++) {
            assert_int_equal(plan.counter[c], c);
            assert_string_equal(plan.metric[c], tb_gpu_metric_names[c][0]);
        }
        assert_true(plan.passes >= 1 && plan.passes <= 8);
        assert_true(plan.image != NULL && plan.image_bytes > 64);
        print_message("%s: %d counters in %d passes, configuration of %zu bytes\n", chips[i].chip,
                      (int)plan.count, plan.passes, plan.image_bytes);
        tb_counters_host_close(host);
    }
}

/* Which chip knows which name, first and second choices alike. */
static void names__are_known_where_we_say(void **state)
{
    static const char *const unknown[][2] = {
        {"GB100", "sm__pipe_tensor_op_hmma_cycles_active.avg.pct_of_peak_sustained_active"},
        {"GB202", "sm__pipe_tensor_op_hmma_cycles_active.avg.pct_of_peak_sustained_active"},
        {"GB100", "sm__inst_executed_pipe_tensor_op_hmma.sum"},
        {"GB202", "sm__inst_executed_pipe_tensor_op_hmma.sum"},
    };
    (void)state;
    int asked = 0;
    for (size_t i = 0; i < CHIP_COUNT; i++) {
        tb_counters_host *host = open_chip(chips[i].chip);
        for (int c = 0; c < TB_HARDWARE_COUNTER_COUNT; c++) {
            for (const char *const *name = tb_gpu_metric_names[c]; *name != NULL; name++) {
                bool is_there = true;
                for (size_t u = 0; u < sizeof unknown / sizeof *unknown; u++) {
                    is_there = is_there && (strcmp(unknown[u][0], chips[i].chip) != 0 ||
                                            strcmp(unknown[u][1], *name) != 0);
                }
                if (tb_counters_host_knows(host, *name) != is_there) {
                    fail_msg("%s %s %s", chips[i].chip, is_there ? "does not know" : "knows",
                             *name);
                }
                asked++;
            }
        }
        assert_false(tb_counters_host_knows(host, "dram__bytes"));
        assert_false(tb_counters_host_knows(host, "sm__pipe_tensor_core_cycles_active.sum"));
        assert_false(tb_counters_host_knows(host, ""));
        tb_counters_host_close(host);
    }
    print_message("%d names asked of %d chips\n", asked, (int)CHIP_COUNT);
}

/* GA10B (Orin) has no DRAM of its own: its bytes are missing, the others are counted. */
static void metric__that_a_chip_lacks_is_missing(void **state)
{
    (void)state;
    tb_counters_host *host = open_chip("GA10B");
    tb_counters_plan plan = {0};
    tb_error err;
    tb_assert_ok(tb_counters_host_plan(host, &plan, &err), &err);
    assert_int_equal(plan.count, TB_HARDWARE_COUNTER_COUNT - 1);
    for (size_t c = 0; c < plan.count; c++) {
        assert_int_not_equal(plan.counter[c], TB_HARDWARE_DRAM_BYTES);
    }
    tb_counters_host_close(host);
}

static void chip__that_is_none_is_refused(void **state)
{
    (void)state;
    tb_counters_host_close(open_chip("GH100")); /* skips without CUPTI */
    tb_counters_host *host = NULL;
    tb_error err;
    tb_assert_fails(tb_counters_host_open("GX100", NULL, &host, &err), &err, TB_EUNAVAILABLE,
                    "knows no chip GX100");
    assert_null(host);
    assert_null(tb_gpu_chip_of(75));
}

/* Data that CUPTI never made. */
static void garbage__is_not_evaluated(void **state)
{
    static const uint8_t garbage[4096] = {72, 96};
    (void)state;
    tb_counters_host *host = open_chip("GH100");
    tb_counters_plan plan = {0};
    tb_hardware_counters out = {.passes = 72};
    tb_error err;
    tb_assert_ok(tb_counters_host_plan(host, &plan, &err), &err);
    tb_assert_fails(tb_counters_host_evaluate(host, &plan, garbage, sizeof garbage, 0, &out, &err),
                    &err, TB_EUNAVAILABLE, "cuptiProfilerHostEvaluateToGpuValues: ");
    assert_int_equal(out.passes, 72); /* left alone */
    tb_counters_host_close(host);
}

TB_TESTS(cmocka_unit_test(counters__are_known_to_every_chip),
         cmocka_unit_test(names__are_known_where_we_say),
         cmocka_unit_test(metric__that_a_chip_lacks_is_missing),
         cmocka_unit_test(chip__that_is_none_is_refused),
         cmocka_unit_test(garbage__is_not_evaluated));
