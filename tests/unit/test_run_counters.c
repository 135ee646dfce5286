/* Hardware counters of runs: the words of profiles, and beside the model's terms. */
#include "test_support.h"

#include "run_counters.h"

#include <math.h>
#include <stdio.h>

/* Read `counters: TEXT`. */
static tb_status read_text(const char *text, tb_hardware_counters *out, tb_error *err)
{
    char file[256];
    int length = snprintf(file, sizeof file, "counters: %s\n", text);
    tb_yaml *tree = NULL;
    tb_status status = tb_yaml_read(tb_test_file("c.yaml", file, (size_t)length), &tree, err);
    if (status == TB_OK) {
        status = tb_run_counters_read(tb_yaml_get(tb_yaml_root(tree), "counters"), out, err);
    }
    tb_yaml_destroy(tree);
    return status;
}

static void counters__are_read_as_written(void **state)
{
    static const char text[] = "    counters: {tensor_active_percent: 61.5, tensor_instructions: "
                               "3981312, dram_bytes: 0, occupancy_percent: 12.25, passes: 2}\n";
    (void)state;
    tb_hardware_counters counters;
    tb_buffer out = {0};
    tb_error err;
    tb_assert_ok(read_text(text + sizeof "    counters: " - 1, &counters, &err), &err);
    assert_int_equal(counters.passes, 2);
    tb_assert_close(counters.of[TB_HARDWARE_TENSOR_INSTRUCTIONS].value, 3981312, 0);
    assert_true(counters.of[TB_HARDWARE_DRAM_BYTES].has); /* 0 was counted */
    assert_false(counters.of[TB_HARDWARE_L2_BYTES].has);  /* not counted */
    tb_run_counters_print(&counters, &out);
    assert_string_equal(out.data, text);
    tb_buffer_free(&out);
}

static void counters__that_are_not_there_are_not_written(void **state)
{
    (void)state;
    tb_hardware_counters counters = {.passes = 72};
    tb_buffer out = {0};
    tb_error err;
    tb_assert_ok(tb_run_counters_read(NULL, &counters, &err), &err);
    assert_int_equal(counters.passes, 0);
    tb_run_counters_print(&counters, &out);
    assert_int_equal(out.length, 0);
}

static void counters__that_make_no_sense_are_refused(void **state)
{
    static const struct {
        const char *text, *part;
    } bad[] = {
        {"{dram_bytes: 72}", "needs key 'passes'"},
        {"{dram_bytes: 72, passes: 0}", "0"},
        {"{dram_bytes: -72, passes: 1}", "-72"},
        {"{dram_bytes: .nan, passes: 1}", "nan"},
        {"{passes: 2}", "no counter but the passes"},
        {"{dram_byte: 72, passes: 1}", "dram_byte"},
        {"[72]", "mapping"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tb_hardware_counters counters = {.passes = 72};
        tb_error err;
        tb_assert_fails(read_text(bad[i].text, &counters, &err), &err, TB_EFILE, bad[i].part);
        assert_int_equal(counters.passes, 72); /* left alone */
    }
}

/* 40 counted beside 32: 1.25 times. */
static void pair__has_a_ratio_where_both_are_there(void **state)
{
    (void)state;
    tb_hardware_counters counters = {
        .of = {[TB_HARDWARE_TENSOR_INSTRUCTIONS] = {.has = true, .value = 40},
               [TB_HARDWARE_XU_INSTRUCTIONS] = {.has = true, .value = 96},
               [TB_HARDWARE_SHARED_CONFLICTS] = {.has = true, .value = 12}},
        .passes = 2};
    tb_work_counts work = {.known = {[TB_WORK_TENSOR_INSTRUCTIONS] = true,
                                     [TB_WORK_EXP_INSTRUCTIONS] = true,
                                     [TB_WORK_L2_BYTES] = true},
                           .value = {[TB_WORK_TENSOR_INSTRUCTIONS] = 32, [TB_WORK_L2_BYTES] = 72}};
    tb_counter_pair pair = tb_counter_pair_of(&counters, &work, TB_HARDWARE_TENSOR_INSTRUCTIONS);
    assert_true(pair.has_ratio);
    tb_assert_close(pair.ratio, 1.25, 0);
    pair = tb_counter_pair_of(&counters, &work, TB_HARDWARE_XU_INSTRUCTIONS); /* of 0 */
    assert_true(pair.has_counted && pair.has_model && !pair.has_ratio);
    pair = tb_counter_pair_of(&counters, &work, TB_HARDWARE_SHARED_CONFLICTS);
    assert_true(pair.has_counted && !pair.has_model && !pair.has_ratio);
    pair = tb_counter_pair_of(&counters, &work, TB_HARDWARE_L2_BYTES);
    assert_true(!pair.has_counted && pair.has_model && !pair.has_ratio);
    counters.passes = 0; /* none was read */
    pair = tb_counter_pair_of(&counters, &work, TB_HARDWARE_TENSOR_INSTRUCTIONS);
    assert_true(!pair.has_counted && pair.has_model);
}

TB_TESTS(cmocka_unit_test(counters__are_read_as_written),
         cmocka_unit_test(counters__that_are_not_there_are_not_written),
         cmocka_unit_test(counters__that_make_no_sense_are_refused),
         cmocka_unit_test(pair__has_a_ratio_where_both_are_there));
