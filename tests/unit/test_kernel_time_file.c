/* The `time` and `fits` sections of a kernel file: what is read, what is refused and where. */
#include "kernel_time_file.h"

#include "test_support.h"

#include <string.h>

#define TIME                                                                                       \
    "time:\n"                                                                                      \
    "  occupancy: 2\n"                                                                             \
    "  tensor_efficiency: 0.9\n"                                                                   \
    "  alu_ops_per_score: 3.5\n"                                                                   \
    "  source: counted\n"                                                                          \
    "  parameters:\n"                                                                              \
    "    overlap: {value: 0.6, spread: 1.5, source: guessed}\n"

/* A kernel's traits, with what they borrow. */
typedef struct reading {
    tb_yaml *file;
    tb_arena *arena;
    tb_time_traits traits;
} reading;

static tb_status try_read(const char *text, reading *out, tb_error *err)
{
    *out = (reading){.arena = tb_arena_create()};
    assert_non_null(out->arena);
    tb_assert_ok(tb_yaml_parse(text, strlen(text), "k.yaml", &out->file, err), err);
    return tb_kernel_read_time(tb_yaml_root(out->file), out->arena, &out->traits, err);
}

static void release(reading *read)
{
    tb_yaml_destroy(read->file);
    tb_arena_destroy(read->arena);
}

static reading read_text(const char *text)
{
    reading read;
    tb_error err;
    tb_assert_ok(try_read(text, &read, &err), &err);
    return read;
}

static void assert_refused(const char *text, const char *part, int line, int column)
{
    reading read;
    tb_error err;
    tb_assert_fails(try_read(text, &read, &err), &err, TB_EFILE, part);
    assert_string_equal(err.file, "k.yaml");
    tb_assert_position(&err, line, column);
    assert_false(read.traits.given);
    release(&read);
}

static void time_section__is_read(void **state)
{
    (void)state;
    reading read = read_text(TIME "    mask_cycles: {value: 1500, spread: 0, source: held}\n"
                                  "  family: natten-fna\n");
    const tb_time_traits *traits = &read.traits;
    assert_true(traits->given);
    assert_int_equal(traits->occupancy, 2);
    assert_true(traits->tensor_efficiency == 0.9 &&
                traits->pass[TB_PASS_FORWARD].alu_ops_per_score == 3.5);
    assert_string_equal(traits->family, "natten-fna");
    assert_string_equal(traits->source, "counted");
    const tb_prior *overlap = &traits->prior[TB_TIME_OVERLAP];
    assert_true(overlap->given && overlap->value == 0.6 && overlap->spread == 1.5);
    assert_string_equal(overlap->source, "guessed");
    const tb_prior *mask = &traits->prior[TB_TIME_MASK_CYCLES];
    assert_true(mask->given && mask->value == 1500);
    assert_true(mask->spread == 0); /* held at its sourced value */
    assert_false(traits->prior[TB_TIME_LAUNCH_US].given);
    assert_int_equal(traits->fit_count, 0);
    release(&read);
}

static void time_section__may_be_absent_or_plain(void **state)
{
    (void)state;
    reading read = read_text("name: x\n");
    assert_false(read.traits.given);
    release(&read);
    read = read_text("time: {tensor_efficiency: 1, alu_ops_per_score: 0, source: x,"
                     " parameters: {}}\n");
    assert_true(read.traits.given);
    assert_int_equal(read.traits.occupancy, 1);
    assert_null(read.traits.family);
    release(&read);
}

static void fits__are_read_back(void **state)
{
    (void)state;
    reading read = read_text(TIME "fits:\n"
                                  "  - device: h100-sxm\n"
                                  "    date: '2026-11-22'\n"
                                  "    runs: 7\n"
                                  "    values: {overlap: 0.023, mask_cycles: 1652.4}\n"
                                  "    errors: {overlap: 1.87, launch_us: 0.5}\n"
                                  "  - {device: b200, date: x, runs: 1}\n");
    assert_int_equal(read.traits.fit_count, 2);
    const tb_fit *fit = tb_time_find_fit(&read.traits, "h100-sxm");
    assert_non_null(fit);
    assert_string_equal(fit->date, "2026-11-22");
    assert_int_equal(fit->runs, 7);
    assert_true(fit->fitted[TB_TIME_OVERLAP] && fit->value[TB_TIME_OVERLAP] == 0.023);
    assert_true(fit->error[TB_TIME_OVERLAP] == 1.87); /* of log-odds: may pass 1 */
    assert_true(fit->fitted[TB_TIME_MASK_CYCLES] && fit->value[TB_TIME_MASK_CYCLES] == 1652.4);
    assert_true(fit->error[TB_TIME_MASK_CYCLES] == 0); /* not stated */
    assert_false(fit->fitted[TB_TIME_LAUNCH_US]);      /* an error alone is no value */
    fit = tb_time_find_fit(&read.traits, "b200");
    assert_non_null(fit);
    for (int p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        assert_false(fit->fitted[p]);
    }
    release(&read);
}

static void time_section__refuses_unknown_keys(void **state)
{
    (void)state;
    assert_refused(TIME "  ocupancy: 1\n", "did you mean 'occupancy'?", 8, 3);
    assert_refused(TIME "    overlapp: {value: 1, spread: 1, source: x}\n",
                   "did you mean 'overlap'?", 8, 5);
    assert_refused(TIME "    launch_us: {value: 1, spred: 1, source: x}\n",
                   "did you mean 'spread'?", 8, 27);
    assert_refused("fits:\n  - {device: x, date: x, runs: 1, value: {}}\n",
                   "did you mean 'values'?", 2, 35);
    assert_refused("fits:\n  - {device: x, date: x, runs: 1, values: {tensor: 1}}\n", "'tensor'", 2,
                   44);
}

static void time_section__refuses_what_no_kernel_has(void **state)
{
    (void)state;
    assert_refused("time: {occupancy: 65, tensor_efficiency: 1, alu_ops_per_score: 1, source: x}\n",
                   "64", 1, 19);
    assert_refused("time: {tensor_efficiency: 0, alu_ops_per_score: 1, source: x}\n",
                   "tensor_efficiency is 0.01 to 1", 1, 27);
}

static void time_section__refuses_what_is_missing(void **state)
{
    (void)state;
    static const char *const needed[] = {"tensor_efficiency", "alu_ops_per_score", "source",
                                         "parameters"};
    assert_refused("time: {}\n", needed[0], 1, 7);
    assert_refused("time: {tensor_efficiency: 1}\n", needed[1], 1, 7);
    assert_refused("time: {tensor_efficiency: 1, alu_ops_per_score: 1}\n", needed[2], 1, 7);
    assert_refused("time: {tensor_efficiency: 1, alu_ops_per_score: 1, source: x}\n", needed[3], 1,
                   7);
    assert_refused(TIME "    launch_us: {spread: 1, source: x}\n", "value", 8, 16);
    assert_refused(TIME "    launch_us: {value: 1, source: x}\n", "spread", 8, 16);
    assert_refused(TIME "    launch_us: {value: 1, spread: 1}\n", "source", 8, 16);
    assert_refused("fits: [{date: x, runs: 1}]\n", "device", 1, 8);
    assert_refused("fits: [{device: x, runs: 1}]\n", "date", 1, 8);
}

static void time_section__refuses_bad_numbers(void **state)
{
    (void)state;
    assert_refused("time: {occupancy: 0, tensor_efficiency: 1}\n", "out of range", 1, 19);
    assert_refused("time: {tensor_efficiency: 1.1}\n", "out of range", 1, 27);
    assert_refused("time: {tensor_efficiency: 1, alu_ops_per_score: -3}\n", "out of range", 1, 49);
    assert_refused(TIME "    permute_fraction: {value: 1.01, spread: 1, source: x}\n",
                   "out of range", 8, 31);
    assert_refused(TIME "    launch_us: {value: -1, spread: 1, source: x}\n", "out of range", 8,
                   24);
    assert_refused(TIME "    launch_us: {value: 1, spread: -1, source: x}\n", "out of range", 8,
                   35);
    assert_refused("fits:\n  - {device: x, date: x, runs: 0}\n", "out of range", 2, 32);
    assert_refused(TIME "    launch_us: {value: 0, spread: 1, source: x}\n",
                   "launch_us of 0 with a spread", 8, 24);
    assert_refused("fits:\n  - {device: x, date: x}\n  - {device: y, date: x}\n"
                   "  - {device: x, date: y}\n",
                   "a second fit for x; a kernel file has one a device", 4, 14);
    assert_refused("fits:\n  - {device: x, date: x, values: {overlap: 2}}\n", "out of range", 2,
                   44);
    assert_refused("fits:\n  - {device: x, date: x, errors: {overlap: -2}}\n", "out of range", 2,
                   44);
}

static void time_section__refuses_other_shapes(void **state)
{
    (void)state;
    assert_refused("time: 72\n", "mapping", 1, 7);
    assert_refused(
        "time: {tensor_efficiency: 1, alu_ops_per_score: 1, source: x, parameters: [72]}\n",
        "a mapping of parameters with their priors is needed here", 1, 75);
    assert_refused(TIME "    launch_us: 5\n", "mapping", 8, 16);
    assert_refused("fits: {device: b200}\n", "a list of fits is needed here", 1, 7);
    assert_refused("fits: [{device: x, date: x, values: [72]}]\n",
                   "a mapping from parameters to numbers is needed here", 1, 37);
}

TB_TESTS(cmocka_unit_test(time_section__is_read),
         cmocka_unit_test(time_section__may_be_absent_or_plain),
         cmocka_unit_test(fits__are_read_back),
         cmocka_unit_test(time_section__refuses_unknown_keys),
         cmocka_unit_test(time_section__refuses_what_no_kernel_has),
         cmocka_unit_test(time_section__refuses_what_is_missing),
         cmocka_unit_test(time_section__refuses_bad_numbers),
         cmocka_unit_test(time_section__refuses_other_shapes));
