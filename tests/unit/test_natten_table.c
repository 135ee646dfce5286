/* The tables of natten.profiler: real samples, what may go wrong in them, and their commands. */
#include "test_support.h"

#include "natten_command.h"
#include "natten_import.h"

#include <stdio.h>
#include <string.h>

#define SAMPLES TB_SOURCE_DIR "/tests/cli/inputs/natten/"
#define HEAD    "| Framework | Kernel category | Arch | Operation | # calls | Runtime |\n"
#define FNA     "| CUTLASS | attention | Sm90 | FnaForward | 1 | 72.5ms |\n"
#define TOTAL   "| | | | Total | | 72.5ms |\n"

static tb_natten_output *parsed(const char *text)
{
    tb_natten_output *out = NULL;
    tb_error err;
    tb_assert_ok(tb_natten_parse(text, strlen(text), "a.txt", &out, &err), &err);
    return out;
}

static tb_natten_output *sample(const char *name)
{
    char path[512];
    tb_natten_output *out = NULL;
    tb_error err;
    (void)snprintf(path, sizeof path, SAMPLES "%s", name);
    tb_assert_ok(tb_natten_read(path, &out, &err), &err);
    return out;
}

static void refused(const char *text, int line, const char *part)
{
    tb_natten_output *out = NULL;
    tb_error err;
    tb_assert_fails(tb_natten_parse(text, strlen(text), "a.txt", &out, &err), &err, TB_EFILE, part);
    tb_assert_position(&err, line, 1);
    assert_null(out);
}

static void assert_op(const tb_natten_op *op, const char *framework, const char *arch,
                      const char *operation, int64_t calls, double time_us)
{
    assert_string_equal(op->framework, framework);
    assert_string_equal(op->arch, arch);
    assert_string_equal(op->operation, operation);
    assert_int_equal(op->calls, calls);
    tb_assert_close(op->time_us, time_us, 0);
}

static void natten__samples_are_read_as_printed(void **state)
{
    (void)state;
    tb_natten_output *out = sample("profiler-optimize-on-cutlass-fna-a100.txt");
    assert_int_equal(out->count, 1);
    const tb_natten_table *table = &out->tables[0];
    assert_int_equal(table->line, 15);
    assert_int_equal(table->count, 4);
    assert_op(&table->ops[0], "CUTLASS", "Sm80", "FnaForward", 1, 221512);
    assert_op(&table->ops[1], "CUTLASS", "Sm80", "FnaBackward", 1, 1158000);
    assert_op(&table->ops[3], "PyTorch", "-", "vectorized_elementwise_kernel", 2, 737.376);
    assert_string_equal(table->ops[2].category, "reduction");
    assert_int_equal(table->ops[2].line, 19);
    assert_int_equal(table->best[TB_PASS_FORWARD].q_dims, 3);
    assert_int_equal(table->best[TB_PASS_FORWARD].q_tile[2], 4);
    assert_int_equal(table->best[TB_PASS_BACKWARD].kv_tile[2], 8);
    assert_null(table->command);
    tb_natten_output_destroy(out);
}

/* The two forms of a table, and of its colours, are one table. */
static void natten__boxes_bars_and_colours_are_the_same(void **state)
{
    (void)state;
    tb_natten_output *box = sample("profiler-3d-hunyuan-na-hopper-fna-h100.txt");
    tb_natten_output *bars = sample("ascii.txt");
    tb_natten_output *colours =
        parsed("\x1b[1m" HEAD "| CUTLASS | attention | Sm90 | \x1b[1;32mFnaForward\x1b[0m | 1 | "
               "72.5ms |\r\n\x1b[1m" TOTAL "\x1b[0m\r\n");
    assert_int_equal(box->tables[0].count, 2);
    assert_int_equal(bars->tables[0].count, 2);
    for (size_t i = 0; i < 2; i++) {
        const tb_natten_op *want = &box->tables[0].ops[i];
        assert_op(&bars->tables[0].ops[i], want->framework, want->arch, want->operation,
                  want->calls, want->time_us);
    }
    assert_op(&colours->tables[0].ops[0], "CUTLASS", "Sm90", "FnaForward", 1, 72500);
    tb_natten_output_destroy(box);
    tb_natten_output_destroy(bars);
    tb_natten_output_destroy(colours);
}

/* In a narrow terminal rich folds cells over several lines; nothing stands beside the rest. */
static void natten__folded_cells_are_joined(void **state)
{
    (void)state;
    tb_natten_output *out = parsed(HEAD "| cuDNN | attention | Sm90 | sm90_flash_fp | 1 | 7.2ms |\n"
                                        "| | | | rop_wgmma | | |\n| | | | | | |\n"
                                        "| | | | Total | | 7.2ms |\n");
    assert_int_equal(out->tables[0].count, 1);
    assert_op(&out->tables[0].ops[0], "cuDNN", "Sm90", "sm90_flash_fprop_wgmma", 1, 7200);
    tb_natten_output_destroy(out);
}

static void natten__what_is_no_table_is_refused(void **state)
{
    (void)state;
    refused("", 1, "no table of natten.profiler's results");
    refused("hello\n| a | b |\n", 1, "no table of natten.profiler's results");
    refused("| q_tile_shape | kv_tile_shape |\n| (4, 4, 8) | (4, 4, 8) |\n", 1, "a dry run");
    refused("\n" HEAD FNA, 2, "a table without its total");
    refused(HEAD FNA HEAD, 1, "a table without its total");
    refused(HEAD "| CUTLASS | attention | Sm90 | FnaForward | one | 7ms |\n" TOTAL, 2,
            "'one' is no number of calls");
    refused(HEAD "| CUTLASS | attention | Sm90 | FnaForward | 1 | 7min |\n" TOTAL, 2,
            "'7min' is no time");
    refused(HEAD "| CUTLASS | attention | Sm90 | FnaForward | 1 | 0.000us |\n" TOTAL, 2,
            "is no time");
    refused(HEAD FNA "| | | | Total | | soon |\n", 3, "'soon' is no time");
    refused(HEAD FNA "| | | | Total | | 73.502ms |\n", 3, "is the table whole?");
    refused("| Parameter | Value |\n| q_tile_shape | (2, eight) |\n" HEAD FNA TOTAL, 2,
            "is no tile shape");
}

/* Rounding in each row: 557.289 + 1445 + 1.461 + 2.404 ms are 2006.154 ms, printed as 2.006s. */
static void natten__totals_may_be_rounded(void **state)
{
    (void)state;
    tb_natten_output *out =
        parsed(HEAD "| CUTLASS | attention | Sm80 | FnaForward | 1 | 557.289ms |\n"
                    "| CUTLASS | attention | Sm80 | FnaBackward | 1 | 1.445s |\n"
                    "| CUTLASS | reduction | - | Reduction | 1 | 1.461ms |\n"
                    "| PyTorch | elementwise | - | vectorized_elementwise_kernel | 5 | 2.404ms |\n"
                    "| | | | Total | | 2.006s |\n");
    assert_int_equal(out->tables[0].count, 4);
    tb_natten_output_destroy(out);
}

/* Interpret the first table of a text over a case on an H100. */
static tb_status interpret(const char *text, const tb_case *item, bool backward,
                           tb_natten_runs *runs, tb_error *err)
{
    tb_natten_output *out = parsed(text);
    tb_device *device = NULL;
    tb_assert_ok(tb_device_load("h100-sxm", &device, err), err);
    tb_natten_setup setup = {.item = item, .device = device, .id = "a", .wants_backward = backward};
    tb_status status = tb_natten_interpret(out, &out->tables[0], &setup, runs, err);
    tb_device_destroy(device);
    tb_natten_output_destroy(out);
    return status;
}

static tb_case flux(void)
{
    tb_case item = tb_natten_default_case();
    item.problem.layout = (tb_layout){.rank = 2, .extent = {96, 72}};
    item.pattern.kind = TB_PATTERN_GNA;
    item.pattern.window[0] = item.pattern.window[1] = 12;
    item.pattern.stride[0] = item.pattern.stride[1] = 1;
    item.pattern.dilation[0] = item.pattern.dilation[1] = 1;
    return item;
}

static void natten__kernels_are_known_by_name_and_architecture(void **state)
{
    (void)state;
    tb_case item = flux();
    tb_natten_runs runs;
    tb_error err;
    tb_assert_ok(interpret(HEAD FNA TOTAL, &item, false, &runs, &err), &err);
    assert_string_equal(runs.kernel, "cutlass-hopper-fna");
    assert_true(runs.has_forward && !runs.has_backward && !runs.is_dense && !runs.has_permute);
    tb_assert_close(runs.forward_us, 72500, 0);
    tb_assert_ok(
        interpret(HEAD "| CUTLASS | attention | Sm80 | FnaForward | 1 | 70ms |\n"
                       "| CUTLASS | token permute | - | TokenPermute | 2 | 2ms |\n"
                       "| PyTorch | elementwise | - | elementwise_kernel | 4 | 500.000us |\n" TOTAL,
                  &item, false, &runs, &err),
        &err);
    assert_string_equal(runs.kernel, "cutlass-fna"); /* runs on later GPUs too */
    assert_true(runs.has_permute);
    tb_assert_close(runs.permute_us, 2500, 0);
    assert_string_equal(runs.notes, "");
    tb_assert_ok(interpret(HEAD "| CUTLASS | attention | Sm90 | FmhaForward | 1 | 72.5ms |\n" TOTAL,
                           &item, false, &runs, &err),
                 &err);
    assert_true(runs.is_dense && runs.kernel == NULL);
    assert_string_equal(runs.kernel_text, "NATTEN hopper-fmha");
    tb_assert_ok(interpret(HEAD "| - | attention | - | pytorch_flash.flash_fwd_kernel | 1 | 72.5ms "
                                "|\n" TOTAL,
                           &item, false, &runs, &err),
                 &err);
    assert_string_equal(runs.kernel, "fa2");
}

static void natten__copies_around_extra_kv_are_no_permutation(void **state)
{
    (void)state;
    static const char text[] =
        HEAD FNA "| CUTLASS | attention | Sm90 | FmhaForward | 1 | 1.5ms |\n"
                 "| PyTorch | elementwise | - | elementwise_kernel | 4 | 500.000us |\n"
                 "| | | | Total | | 74.5ms |\n";
    tb_case item = flux();
    tb_natten_runs runs;
    tb_error err;
    tb_assert_fails(interpret(text, &item, false, &runs, &err), &err, TB_EFILE,
                    "a second attention kernel, FmhaForward, without extra KV");
    item.problem.extra_kv = 231;
    tb_assert_ok(interpret(text, &item, false, &runs, &err), &err);
    tb_assert_close(runs.forward_us, 74000, 0);
    assert_false(runs.is_dense || runs.has_permute);
    assert_string_equal(runs.kernel, "cutlass-hopper-fna");
    assert_string_equal(runs.notes, "also in the table: elementwise_kernel 500.000 us");
}

static void natten__what_does_not_fit_the_case_is_refused(void **state)
{
    (void)state;
    tb_case item = flux(), dense = tb_natten_default_case();
    tb_natten_runs runs;
    tb_error err;
    dense.problem.layout = item.problem.layout;
    tb_assert_fails(interpret(HEAD FNA TOTAL, &dense, false, &runs, &err), &err, TB_EFILE,
                    "give its --window-size");
    tb_assert_fails(interpret(HEAD FNA TOTAL, &item, true, &runs, &err), &err, TB_EFILE,
                    "leave --backprop out");
    tb_assert_fails(interpret(HEAD
                              "| CUTLASS | attention | Sm100 | FnaForward | 1 | 72.5ms |\n" TOTAL,
                              &item, false, &runs, &err),
                    &err, TB_EFILE, "FnaForward of Sm100 did not run on h100-sxm");
    tb_assert_fails(interpret(HEAD "| X | attention | - | mystery | 1 | 72.5ms |\n" TOTAL, &item,
                              false, &runs, &err),
                    &err, TB_EFILE, "attention kernel 'mystery' is not known here");
    tb_assert_fails(
        interpret(HEAD "| X | gemm | - | nvjet | 1 | 72.5ms |\n" TOTAL, &item, false, &runs, &err),
        &err, TB_EFILE, "no attention kernel");
}

static tb_status command(const char *line, tb_case *item, bool *backprop, tb_error *err)
{
    char text[1024];
    (void)snprintf(text, sizeof text, "\n$ python -m natten.profiler %s\n" HEAD FNA TOTAL, line);
    tb_natten_output *out = parsed(text);
    assert_non_null(out->tables[0].command);
    tb_status status = tb_natten_read_command(out, &out->tables[0], item, backprop, err);
    tb_natten_output_destroy(out);
    return status;
}

static void natten__command_lines_say_the_problem(void **state)
{
    (void)state;
    tb_natten_output *out = sample("ascii.txt"); /* over three lines, and into a pipe */
    tb_case item;
    bool backprop = true;
    tb_error err;
    tb_assert_ok(tb_natten_read_command(out, &out->tables[0], &item, &backprop, &err), &err);
    tb_natten_output_destroy(out);
    assert_false(backprop);
    assert_int_equal(item.problem.layout.rank, 3);
    assert_int_equal(item.problem.layout.extent[2], 80);
    assert_int_equal(item.problem.heads_kv, 24);
    assert_int_equal(item.problem.dim_value, 128);
    assert_int_equal(item.problem.dtype, TB_DTYPE_FP16);
    assert_int_equal(item.pattern.kind, TB_PATTERN_GNA);
    assert_int_equal(item.pattern.window[1], 24);
    assert_int_equal(item.tiling.q_tile[1], 8);
    tb_assert_ok(command("--backprop -i 96 72 -w 12 12 -s=4 2 --dilation 2 1 -c 1 1 -b 7 --heads 3 "
                         "--dim-value 32 --dtype bf16 --add-kv 231 --backend cutlass-fna "
                         "--warmup-steps 5 >out.txt -i 7",
                         &item, &backprop, &err),
                 &err);
    assert_true(backprop);
    assert_int_equal(item.problem.layout.extent[0], 96); /* what follows > is not natten's */
    assert_int_equal(item.problem.batch, 7);
    assert_int_equal(item.problem.dim, 64); /* its default */
    assert_int_equal(item.problem.dim_value, 32);
    assert_int_equal(item.problem.dtype, TB_DTYPE_BF16);
    assert_int_equal(item.problem.extra_kv, 231);
    assert_int_equal(item.pattern.stride[1], 2);
    assert_int_equal(item.pattern.dilation[0], 2);
    assert_true(item.pattern.causal[1]);
    tb_assert_ok(command("-i 96 72", &item, &backprop, &err), &err);
    assert_int_equal(item.pattern.kind, TB_PATTERN_DENSE);
}

static void natten__command_lines_that_are_none_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *part;
    } cases[] = {
        {"-d 72", "without --input-size"},
        {"-i", "--input-size has no values"},
        {"-i 96 seven", "'seven' is no value of --input-size"},
        {"-i 0", "'0' is no value of --input-size; it needs an integer of at least 1"},
        {"-i 7 7 7 7 7", "more than 4 values of --input-size"},
        {"-i 96 -w 7 7", "a list of 2 for a layout of 1"},
        {"-i 96 --windowsize 7", "did you mean '--window-size'?"},
        {"-i 96 --zebra", "'--zebra' is no option of natten.profiler"},
        {"-i 96 72 -c 1 0", "takes any word as true"},
        {"-i 96 --dtype fp4", "dtype 'fp4' is not known here"},
        {"-i 96 -n", "'' is no value of --heads"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_case item;
        bool backprop;
        tb_error err;
        tb_assert_fails(command(cases[i].line, &item, &backprop, &err), &err, TB_EFILE,
                        cases[i].part);
        tb_assert_position(&err, 2, 1);
    }
}

TB_TESTS(cmocka_unit_test(natten__samples_are_read_as_printed),
         cmocka_unit_test(natten__boxes_bars_and_colours_are_the_same),
         cmocka_unit_test(natten__folded_cells_are_joined),
         cmocka_unit_test(natten__what_is_no_table_is_refused),
         cmocka_unit_test(natten__totals_may_be_rounded),
         cmocka_unit_test(natten__kernels_are_known_by_name_and_architecture),
         cmocka_unit_test(natten__copies_around_extra_kv_are_no_permutation),
         cmocka_unit_test(natten__what_does_not_fit_the_case_is_refused),
         cmocka_unit_test(natten__command_lines_say_the_problem),
         cmocka_unit_test(natten__command_lines_that_are_none_are_refused));
