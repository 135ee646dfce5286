/* The profile of a program's kernels: written, and read back. */
#include "test_support.h"

#include "exec_profile.h"
#include "profile_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                       \
    "tilebound-kernels\t1\t77\t130001\t0\n"                                                        \
    "device\t0\t12080\tGPU-72\tNVIDIA H100 PCIe\n"                                                 \
    "name\t0\t_ZN5flash8fmha_fwdILi64ELb1EEEvNS_6ParamsE\nname\t1\tfill\n"

/* flash (128 threads, 168 registers) for 20, 22, 21 us, then, on another grid, 10, 12, 11 us; a
 * fill between them. */
#define FLASH(start, end, id, grid)                                                                \
    "kernel\t0\t" start "\t" end "\t" id "\t0\t7\t168\t0\t65536\t" grid "\t2\t1\t128\t1\t1\n"
#define FIRST_THREE                                                                                \
    FLASH("100000", "120000", "1", "8")                                                            \
    FLASH("200000", "222000", "2", "8")                                                            \
    FLASH("300000", "321000", "3", "8")                                                            \
    "kernel\t1\t400000\t404000\t4\t0\t7\t16\t0\t0\t1\t1\t1\t32\t1\t1\n"
#define LAST_THREE                                                                                 \
    FLASH("500000", "510000", "5", "4")                                                            \
    FLASH("600000", "612000", "6", "4")                                                            \
    FLASH("700000", "711000", "7", "4")

static const char suite_text[] = "schema: tilebound/suite/1\n"
                                 "name: two\n"
                                 "summary: two problems\n"
                                 "problems:\n"
                                 "  - name: window\n"
                                 "    problem: {layout: [16, 18], heads: 3, dim: 64, dtype: bf16}\n"
                                 "    pattern: {kind: gna, window: [8, 6], stride: [4, 2]}\n"
                                 "    kernel: fa2\n"
                                 "  - name: dense\n"
                                 "    problem: {layout: [288], heads: 3, dim: 64, dtype: bf16}\n"
                                 "    pattern: {kind: dense}\n";

typedef struct fixture {
    tb_suite *suite;
    tb_exec_records *records;
    tb_exec_match match;
    tb_exec_request request;
    tb_error failure;
    tb_exec_facts facts;
} fixture;

static void make(fixture *to, const char *log, const char *pattern)
{
    static const char *const names[] = {"window", "dense"};
    tb_error err;
    *to = (fixture){.request = {.pattern = pattern}};
    const char *path = tb_test_file("two.yaml", suite_text, sizeof suite_text - 1);
    tb_assert_ok(tb_suite_load(path, &to->suite, &err), &err);
    tb_assert_ok(tb_exec_records_create(&to->records, &err), &err);
    tb_assert_ok(tb_exec_records_parse(to->records, log, strlen(log), "log", &err), &err);
    tb_assert_ok(tb_exec_records_order(to->records, &err), &err);
    tb_assert_ok(tb_exec_match_names(to->records, pattern, &to->match, &err), &err);
    (void)!tb_exec_assign(to->records, &to->request, true, names, 2, &to->match, &to->failure);
    to->facts =
        (tb_exec_facts){.suite = to->suite,
                        .records = to->records,
                        .match = &to->match,
                        .request = &to->request,
                        .program = "./bench --all",
                        .unassigned = to->failure.code != TB_OK ? to->failure.message : NULL,
                        .command = "tilebound measure --exec './bench --all'"};
}

static void release(fixture *of)
{
    tb_exec_match_free(&of->match);
    tb_exec_records_destroy(of->records);
    tb_suite_destroy(of->suite);
}

/* Made, written and loaded again. */
static tb_profile *read_back(const fixture *of)
{
    tb_exec_profile *made = NULL;
    tb_profile *read = NULL;
    tb_error err;
    const char *path = tb_test_path("made.yaml");
    tb_assert_ok(tb_exec_profile_create(&of->facts, &made, &err), &err);
    tb_assert_ok(tb_profile_write(tb_exec_profile_get(made), path, &err), &err);
    tb_exec_profile_destroy(made);
    tb_assert_ok(tb_profile_load(path, &read, &err), &err);
    return read;
}

static bool has_note(const tb_profile *profile, const char *part)
{
    for (size_t i = 0; i < profile->note_count; i++) {
        if (strstr(profile->notes[i], part) != NULL) {
            return true;
        }
    }
    return false;
}

static void exec_profile__runs_are_problems(void **state)
{
    (void)state;
    fixture of;
    make(&of, HEAD FIRST_THREE LAST_THREE "ended\t7\n", "fmha");
    tb_profile *profile = read_back(&of);
    assert_int_equal(profile->count, 2);
    const tb_run *window = &profile->runs[0], *dense = &profile->runs[1];
    assert_string_equal(window->id, "window");
    assert_string_equal(window->device_text, "NVIDIA H100 PCIe");
    assert_string_equal(window->kernel, "fa2"); /* the suite's */
    assert_null(dense->kernel);
    assert_int_equal(window->kind, TB_RUN_SPARSE);
    assert_int_equal(dense->kind, TB_RUN_DENSE);
    assert_int_equal(window->clock, TB_CLOCK_CUPTI);
    assert_false(window->emulated);
    assert_int_equal(window->time.n, 3);
    tb_assert_close(window->time.median_us, 21, 1e-12);
    tb_assert_close(window->time.samples_us[1], 22, 1e-12);
    tb_assert_close(dense->time.median_us, 11, 1e-12);
    assert_true(window->has_baseline && window->baseline == 1); /* 16 * 18 = 288 */
    assert_false(dense->has_baseline);
    assert_string_equal(window->command, "tilebound measure --exec './bench --all'");
    assert_int_equal(window->gpu_kernel_count, 1);
    assert_int_equal(window->gpu_kernels[0].registers, 168);
    assert_int_equal(window->gpu_kernels[0].dynamic_shared_bytes, 65536);
    assert_int_equal(window->gpu_kernels[0].grid[0], 8);
    assert_int_equal(window->gpu_kernels[0].threads, 128);
    assert_string_equal(profile->environment.gpu.cuda, "12.8");
    assert_string_equal(profile->environment.gpu.uuid, "GPU-72");
    if (of.records->is_demangled) {
        assert_string_equal(window->kernel_text, "flash::fmha_fwd<...>");
    }
    /* 4 of 20 + 22 + 21 + 4 + 10 + 12 + 11 us */
    assert_true(has_note(profile,
                         "also ran: 4.0 % of the time of all kernels, 4.00 us in 1 launches: "
                         "fill"));
    assert_true(has_note(profile, "match 'fmha' in: ./bench --all"));
    assert_true(has_note(profile, "3 matching launches are of each problem of suite two"));
    tb_profile_destroy(profile);
    release(&of);
}

static void exec_profile__without_runs_it_says_why_and_what_ran(void **state)
{
    (void)state;
    fixture of;
    make(&of, HEAD FIRST_THREE "ended\t4\n", "fmha");
    tb_profile *profile = read_back(&of);
    assert_int_equal(profile->count, 0);
    assert_true(has_note(profile, "no run: 3 launches match"));
    assert_true(has_note(profile, "ran: 94.0 % of the time"));
    tb_profile_destroy(profile);
    release(&of);
}

static void exec_profile__what_was_not_seen_is_told(void **state)
{
    (void)state;
    fixture of;
    make(&of, "tilebound-kernels\t1\t5\t0\t0\nrefused\tanother tool holds CUPTI\n", "fmha");
    tb_profile *profile = read_back(&of);
    assert_int_equal(profile->count, 0);
    assert_true(has_note(profile, "process 5 was not looked into: another tool holds CUPTI"));
    tb_profile_destroy(profile);
    release(&of);
}

static void exec_profile__doubts_are_notes(void **state)
{
    (void)state;
    fixture of;
    make(&of, HEAD FIRST_THREE LAST_THREE "ended\t7\n", "fmha");
    of.facts.code = 139;
    of.match.overlapping = 2;
    of.match.series[1].untimed = 1;
    of.records->processes[0].dropped = 3;
    of.records->processes[0].duplicates = 4;
    tb_profile *profile = read_back(&of);
    assert_true(has_note(profile, "the program was ended by signal 11"));
    assert_true(has_note(profile, "of process 77 CUPTI lost 3 records"));
    assert_true(has_note(profile, "4 records came twice"));
    assert_true(has_note(profile, "2 matching launches ran beside the one before"));
    assert_true(has_note(profile, "problem dense: 1 launches had no stamps"));
    tb_profile_destroy(profile);
    release(&of);
}

static void exec_profile__the_emulated_gpu_is_named(void **state)
{
    (void)state;
    fixture of;
    make(&of,
         "tilebound-kernels\t1\t77\t130001\t1\nname\t0\tfmha\n" FLASH("1000", "2000", "1", "8")
             FLASH("3000", "4000", "2", "8") "ended\t2\n",
         "fmha");
    tb_profile *profile = read_back(&of);
    assert_int_equal(profile->count, 2);
    assert_true(profile->runs[0].emulated && profile->runs[1].emulated);
    assert_string_equal(profile->runs[0].device_text, "not stated"); /* no device line */
    tb_profile_destroy(profile);
    release(&of);
}

TB_TESTS(cmocka_unit_test(exec_profile__runs_are_problems),
         cmocka_unit_test(exec_profile__without_runs_it_says_why_and_what_ran),
         cmocka_unit_test(exec_profile__what_was_not_seen_is_told),
         cmocka_unit_test(exec_profile__doubts_are_notes),
         cmocka_unit_test(exec_profile__the_emulated_gpu_is_named));
