/* The `time` and `fits` sections of a kernel file: what is read, what is refused and where. */
#include "kernel_time_file.h"

#include "test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME                                                                                       \
    "time:\n"                                                                                      \
    "  occupancy: 2\n"                                                                             \
    "  tensor_efficiency: 0.9\n"                                                                   \
    "  alu_ops_per_score: 3.5\n"                                                                   \
    "  source: counted\n"                                                                          \
    "  parameters:\n"                                                                              \
    "    overlap: {value: 0.6, spread: 1.5, source: guessed}\n"

/* Every key that tells what tiles cost. */
#define COSTS                                                                                      \
    "time:\n"                                                                                      \
    "  class: unfused\n"                                                                           \
    "  instructions: mma.sync\n"                                                                   \
    "  schedule: longest-first\n"                                                                  \
    "  splits_kv: true\n"                                                                          \
    "  resources: {threads: 96, registers: 168, smem_q: 1.5, smem_kv: 2, smem_bytes: 720}\n"       \
    "  tensor_efficiency: 0.72\n"                                                                  \
    "  exp_fma: {fraction: 0.25, compute_capabilities: [100, 120], source: counted}\n"             \
    "  alu_ops_per_score: 3.5\n"                                                                   \
    "  smem_passes: {q: 1.25, kv: 4, scores: 0.5, kv_per_warp: 0.75}\n"                            \
    "  mma_sync_smem_passes: {q: 2.25, kv: 5, scores: 1.5}\n"                                      \
    "  backward:\n"                                                                                \
    "    alu_ops_per_score: 4.5\n"                                                                 \
    "    smem_passes: {q: 8, kv: 6, scores: 7}\n"                                                  \
    "    mma_sync_smem_passes: {q: 9, kv: 7, scores: 8}\n"                                         \
    "    dq: owned\n"                                                                              \
    "    source: counted too\n"                                                                    \
    "  source: counted\n"                                                                          \
    "  parameters: {}\n"

/* Three parameters, and how their errors hang together. */
#define FIT                                                                                        \
    "fits:\n"                                                                                      \
    "  - device: h100-sxm\n"                                                                       \
    "    compute_capability: 90\n"                                                                 \
    "    date: '2026-11-22'\n"                                                                     \
    "    values: {overlap: 0.1, mask_cycles: 1600, launch_us: 9}\n"                                \
    "    errors: {overlap: 2, mask_cycles: 0.2, launch_us: 0.3}\n"                                 \
    "    covariance: [[4], [-0.3, 0.04], [0.5, 0.01, 0.09]]\n"                                     \
    "    scatter: 0.025\n"                                                                         \
    "    degrees_of_freedom: 12\n"

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

static void assert_passes(const tb_smem_passes *got, double q, double kv, double scores)
{
    assert_true(got->q == q && got->kv == kv && got->scores == scores);
}

static void time_section__costs_are_read(void **state)
{
    (void)state;
    reading read = read_text(COSTS);
    const tb_time_traits *traits = &read.traits;
    assert_int_equal(traits->kind, TB_CLASS_UNFUSED);
    assert_int_equal(traits->instructions, TB_MMA_SYNC);
    assert_string_equal(tb_schedule_policy_names[traits->schedule], "longest-first");
    assert_true(traits->splits_kv);
    const tb_kernel_resources *resources = &traits->resources;
    assert_true(resources->given && resources->smem_q == 1.5 && resources->smem_kv == 2);
    assert_int_equal(resources->threads, 96);
    assert_int_equal(resources->registers, 168);
    assert_int_equal(resources->smem_bytes, 720);
    assert_true(traits->exp_fma_fraction == 0.25);
    assert_int_equal(traits->exp_fma_on_count, 2);
    assert_int_equal(traits->exp_fma_on[1], 120);
    const tb_pass_traits *forward = &traits->pass[TB_PASS_FORWARD];
    const tb_pass_traits *backward = &traits->pass[TB_PASS_BACKWARD];
    assert_true(forward->alu_ops_per_score == 3.5 && backward->alu_ops_per_score == 4.5);
    assert_passes(&forward->smem, 1.25, 4, 0.5);
    assert_true(forward->smem.kv_per_warp == 0.75 && forward->sync_smem.kv_per_warp == 0);
    assert_passes(&forward->sync_smem, 2.25, 5, 1.5);
    assert_passes(&backward->smem, 8, 6, 7);
    assert_passes(&backward->sync_smem, 9, 7, 8);
    assert_true(traits->has_backward);
    assert_false(traits->dq_atomic);
    release(&read);
}

/* Every class and kind of matrix instruction has a name that a file may use. */
static void time_section__kinds_are_read_by_name(void **state)
{
    (void)state;
    char text[160];
    for (size_t i = 0; i < TB_MATRIX_INSTRUCTION_COUNT; i++) {
        for (size_t c = 0; c < TB_KERNEL_CLASS_COUNT; c++) {
            (void)snprintf(text, sizeof text,
                           "time: {class: %s, instructions: %s, tensor_efficiency: 1, "
                           "alu_ops_per_score: 0, source: x, parameters: {}}\n",
                           tb_kernel_class_names[c], tb_matrix_instruction_names[i]);
            reading read = read_text(text);
            assert_int_equal(read.traits.kind, c);
            assert_int_equal(read.traits.instructions, i);
            release(&read);
        }
    }
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
    assert_int_equal(read.traits.kind, TB_CLASS_FUSED);
    assert_int_equal(read.traits.schedule, TB_SCHEDULE_HARDWARE);
    assert_false(read.traits.splits_kv || read.traits.resources.given || read.traits.has_backward);
    assert_int_equal(read.traits.exp_fma_on_count, 0);
    assert_passes(&read.traits.pass[TB_PASS_FORWARD].smem, 0, 1, 0); /* K and V once */
    release(&read);
    read = read_text("time: {tensor_efficiency: 1, alu_ops_per_score: 0, source: x, parameters: {},"
                     " backward: {alu_ops_per_score: 4, source: x}}\n");
    assert_true(read.traits.has_backward && read.traits.dq_atomic); /* as most kernels do */
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

static void fits__covariances_are_read_back(void **state)
{
    (void)state;
    reading read = read_text(FIT "  - device: b200\n    date: x\n    runs: 1\n"
                                 "    values: {overlap: 0.1}\n    errors: {overlap: 0.5}\n");
    const tb_fit *fit = tb_time_find_fit(&read.traits, "h100-sxm");
    size_t o = TB_TIME_OVERLAP, m = TB_TIME_MASK_CYCLES, l = TB_TIME_LAUNCH_US;
    assert_non_null(fit);
    assert_int_equal(fit->compute_capability, 90);
    assert_true(fit->covariance[o][o] == 4 && fit->covariance[m][m] == 0.04);
    assert_true(fit->covariance[m][o] == -0.3 && fit->covariance[o][m] == -0.3);
    assert_true(fit->covariance[l][o] == 0.5 && fit->covariance[o][l] == 0.5);
    assert_true(fit->covariance[l][m] == 0.01 && fit->covariance[l][l] == 0.09);
    assert_true(fit->covariance[TB_TIME_PROLOGUE_CYCLES][o] == 0);
    assert_true(fit->has_scatter && fit->scatter == 0.025);
    assert_int_equal(fit->degrees_of_freedom, 12);
    fit = tb_time_find_fit(&read.traits, "b200"); /* without: the errors are independent */
    assert_non_null(fit);
    assert_true(fit->covariance[o][o] == 0.25);
    assert_false(fit->has_scatter);
    assert_int_equal(fit->degrees_of_freedom, 0);
    assert_int_equal(fit->compute_capability, 0);
    release(&read);
}

/* The rows follow the order of `values`, whatever it is. */
static void fits__covariances_go_by_the_order_of_values(void **state)
{
    (void)state;
    reading read = read_text("fits:\n  - {device: x, date: x, values: {launch_us: 9, overlap: 0.1},"
                             " covariance: [[0.09], [0.5, 4]]}\n");
    const tb_fit *fit = &read.traits.fits[0];
    assert_true(fit->covariance[TB_TIME_LAUNCH_US][TB_TIME_LAUNCH_US] == 0.09);
    assert_true(fit->covariance[TB_TIME_OVERLAP][TB_TIME_OVERLAP] == 4);
    assert_true(fit->covariance[TB_TIME_OVERLAP][TB_TIME_LAUNCH_US] == 0.5);
    release(&read);
}

static void assert_variant_refused(const char *text, const char *from, const char *to,
                                   const char *part, int line, int column)
{
    size_t length;
    char *variant = tb_test_read(tb_test_variant("k.yaml", text, from, to), &length);
    assert_refused(variant, part, line, column);
    free(variant);
}

static void costs__that_are_wrong_have_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *part;
        int line, column;
    } rows[] = {
        {"unfused", "unfussed", "did you mean 'unfused'?", 2, 10},
        {"mma.sync", "dp4a", "needs one of mma.sync, wgmma, tcgen05, native", 3, 17},
        {"longest-first", "longest", "'longest' is not known here", 4, 13},
        {"splits_kv: true", "splits_kv: maybe", "'maybe'", 5, 14},
        {"  resources", "  occupancy: 1\n  resources", "occupancy and resources; give one of them",
         6, 14},
        {"threads: 96, ", "", "resources need threads and registers", 6, 14},
        {"registers: 168, ", "", "resources need threads and registers", 6, 14},
        {"threads: 96", "threads: 0", "out of range", 6, 24},
        {"threads: 96", "threads: 1025", "a CTA has at most 1024 threads", 6, 14},
        {"registers: 168", "registers: 256", "of at most 255 registers", 6, 14},
        {"smem_q: 1.5", "smem_q: -1.5", "out of range", 6, 52},
        {"smem_kv: 2,", "smem_kv: 2000,", "out of range", 6, 66},
        {"smem_bytes: 720", "smem_bytes: 7.5", "'7.5'", 6, 81},
        {"smem_bytes", "smem_byte", "did you mean 'smem_bytes'?", 6, 69},
        {"fraction: 0.25", "fraction: 1.25", "out of range", 8, 23},
        {"fraction: 0.25, ", "", "needs key 'fraction'", 8, 12},
        {"120], source: counted}", "120]}", "needs key 'source'", 8, 12},
        {"compute_capabilities: [100, 120], ", "", "needs key 'compute_capabilities'", 8, 12},
        {"[100, 120]", "100", "needs a list of integers", 8, 51},
        {"[100, 120]", "[100, 0]", "out of range", 8, 57},
        {"smem_passes: {q: 1.25", "smem_passes: {r: 1.25", "unknown key 'r'", 10, 17},
        {"kv: 4", "kv: -4", "out of range", 10, 30},
        {"per_warp: 0.75", "per_warp: -1", "out of range", 10, 59},
        {"scores: 1.5", "scores: x", "'x'", 11, 50},
        {"    alu_ops_per_score: 4.5\n", "", "needs key 'alu_ops_per_score'", 13, 5},
        {"dq: owned", "dq: lost", "needs one of atomic, owned", 16, 9},
        {"dq: owned", "dk: owned", "did you mean 'dq'?", 16, 5},
        {"    source: counted too\n", "", "needs key 'source'", 13, 5},
        {"backward:\n", "backwards:\n", "did you mean 'backward'?", 12, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_variant_refused(COSTS, rows[i].from, rows[i].to, rows[i].part, rows[i].line,
                               rows[i].column);
    }
}

static void covariances__that_are_wrong_have_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *part;
        int line, column;
    } rows[] = {
        {", [0.5, 0.01, 0.09]]", "]", "a lower triangle of 3 rows is needed here", 7, 17},
        {"[[4], [-0.3, 0.04], [0.5, 0.01, 0.09]]", "4", "a lower triangle of 3 rows", 7, 17},
        {"[-0.3, 0.04]", "[0.04]", "row 2 of a lower triangle has 2 numbers", 7, 23},
        {"[-0.3, 0.04]", "[-0.3, 0.04, 1]", "row 2 of a lower triangle has 2 numbers", 7, 23},
        {"[-0.3, 0.04]", "0.04", "row 2 of a lower triangle has 2 numbers", 7, 23},
        {"-0.3", "low", "'low'", 7, 24},
        {"scatter: 0.025", "scatter: -1", "out of range", 8, 14},
        {"scatter: 0.025", "scatter: 11", "out of range", 8, 14},
        {"freedom: 12", "freedom: 0", "out of range", 9, 25},
        {"capability: 90", "capability: 0", "out of range", 3, 25},
        {"covariance:", "covariances:", "did you mean 'covariance'?", 7, 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_variant_refused(FIT, rows[i].from, rows[i].to, rows[i].part, rows[i].line,
                               rows[i].column);
    }
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
         cmocka_unit_test(time_section__costs_are_read),
         cmocka_unit_test(time_section__kinds_are_read_by_name),
         cmocka_unit_test(fits__are_read_back), cmocka_unit_test(fits__covariances_are_read_back),
         cmocka_unit_test(fits__covariances_go_by_the_order_of_values),
         cmocka_unit_test(costs__that_are_wrong_have_a_place),
         cmocka_unit_test(covariances__that_are_wrong_have_a_place),
         cmocka_unit_test(time_section__refuses_unknown_keys),
         cmocka_unit_test(time_section__refuses_what_no_kernel_has),
         cmocka_unit_test(time_section__refuses_what_is_missing),
         cmocka_unit_test(time_section__refuses_bad_numbers),
         cmocka_unit_test(time_section__refuses_other_shapes));
