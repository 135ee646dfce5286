/* What the collector writes, read back: by itself, cut short, and broken. */
#include "test_support.h"

#include "exec_records.h"
#include "kernel_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST  "tilebound-kernels\t1\t77\t130001\t0\n"
#define NAMES  "name\t0\tfmha\nname\t1\treduce\n"
#define KERNEL "kernel\t0\t1000\t3500\t9\t0\t7\t168\t16\t65536\t8\t2\t1\t128\t1\t1\n"
#define OTHER  "kernel\t1\t4000\t4100\t10\t0\t7\t32\t0\t0\t2\t1\t1\t32\t1\t1\n"

static tb_exec_records *empty(void)
{
    tb_exec_records *records = NULL;
    tb_error err;
    tb_assert_ok(tb_exec_records_create(&records, &err), &err);
    return records;
}

static tb_exec_records *parsed(const char *text)
{
    tb_exec_records *records = empty();
    tb_error err;
    tb_assert_ok(tb_exec_records_parse(records, text, strlen(text), "77.kernels", &err), &err);
    tb_assert_ok(tb_exec_records_order(records, &err), &err);
    return records;
}

static void exec_records__a_file_says_who_ran_and_how(void **state)
{
    (void)state;
    tb_exec_records *records =
        parsed(FIRST "device\t0\t13000\tGPU-1\tNVIDIA H100\tPCIe\n" NAMES KERNEL OTHER
                     "lost\t3\t1\nended\t2\n");
    assert_int_equal(records->count, 2);
    const tb_exec_kernel *kernel = &records->kernels[0];
    assert_string_equal(records->names[kernel->name].text, "fmha");
    tb_assert_close(tb_exec_kernel_us(kernel), 2.5, 1e-12);
    assert_int_equal(kernel->registers, 168);
    assert_int_equal(kernel->static_shared_bytes, 16);
    assert_int_equal(kernel->dynamic_shared_bytes, 65536);
    assert_int_equal(kernel->grid[0], 8);
    assert_int_equal(kernel->cta[0], 128);
    assert_int_equal(kernel->stream, 7);
    assert_int_equal(records->process_count, 1);
    const tb_exec_process *process = &records->processes[0];
    assert_int_equal(process->pid, 77);
    assert_int_equal(process->cupti_version, 130001);
    assert_true(process->has_ended && !process->is_emulated);
    assert_int_equal(process->dropped, 3);
    assert_int_equal(process->malformed, 1);
    assert_string_equal(process->devices[0].name, "NVIDIA H100\tPCIe");
    assert_int_equal(process->devices[0].cuda_version, 13000);
    tb_exec_records_destroy(records);
}

static void exec_records__a_crash_leaves_what_was_written(void **state)
{
    (void)state;
    static const char text[] = FIRST NAMES KERNEL OTHER;
    for (size_t length = 0; length < sizeof text; length++) { /* cut anywhere */
        tb_exec_records *records = empty();
        tb_error err;
        tb_assert_ok(tb_exec_records_parse(records, text, length, "cut", &err), &err);
        tb_assert_ok(tb_exec_records_order(records, &err), &err);
        size_t whole = length == sizeof text - 1 ? 2 : length >= strlen(FIRST NAMES KERNEL) ? 1 : 0;
        assert_int_equal(records->count, whole);
        assert_int_equal(records->process_count, length >= strlen(FIRST));
        assert_true(records->process_count == 0 || !records->processes[0].has_ended);
        tb_exec_records_destroy(records);
    }
}

static void exec_records__reasons_are_kept(void **state)
{
    (void)state;
    tb_exec_records *records = parsed("tilebound-kernels\t1\t5\t0\t0\nrefused\tanother tool: x\n");
    assert_string_equal(records->processes[0].refused, "another tool: x");
    assert_int_equal(records->count, 0);
    tb_exec_records_destroy(records);
    records = parsed("tilebound-kernels\t1\t5\t130001\t1\ntrouble\tflush: no\nended\t0\n");
    assert_string_equal(records->processes[0].trouble, "flush: no");
    assert_true(records->processes[0].is_emulated);
    tb_exec_records_destroy(records);
}

static void refused(const char *text, int line, int column, const char *part)
{
    tb_exec_records *records = empty();
    tb_error err;
    tb_assert_fails(tb_exec_records_parse(records, text, strlen(text), "a", &err), &err, TB_EFILE,
                    part);
    tb_assert_position(&err, line, column);
    tb_exec_records_destroy(records);
}

static void exec_records__what_is_broken_is_told_with_its_place(void **state)
{
    (void)state;
    refused("hello\n", 1, 1, "not a file of the collector");
    refused("\n", 1, 1, "not a file of the collector");
    refused("tilebound-kernels\t2\t77\t130001\t0\n", 1, 19, "another version");
    refused("tilebound-kernels\t1\t77\t-1\t0\n", 1, 24, "not a number");
    refused("tilebound-kernels\t1\t77\t130001\n", 1, 1, "other fields");
    refused(FIRST "what\t1\n", 2, 1, "unknown kind");
    refused(FIRST "name\t1\ta\n", 2, 6, "not the next number");
    refused(FIRST NAMES "name\t1\ta\n", 4, 6, "not the next number");
    refused(FIRST KERNEL, 2, 8, "the number of no name");
    refused(FIRST NAMES "kernel\t0\t1000\tx\t9\t0\t7\t1\t1\t1\t8\t2\t1\t128\t1\t1\n", 4, 15,
            "not a number");
    refused(FIRST NAMES "kernel\t0\t1\n", 4, 1, "other fields");
    refused(FIRST NAMES
            "kernel\t0\t1000\t99999999999999999999\t9\t0\t7\t1\t1\t1\t8\t2\t1\t1\t1\t1\n",
            4, 15, "not a number");
    refused(FIRST "device\t64\t1\tu\tn\n", 2, 8, "not the number of a device");
    refused(FIRST "device\t0\tx\tu\tn\n", 2, 10, "not a version");
    refused(FIRST "lost\t1\n", 2, 1, "other fields");
    refused(FIRST NAMES KERNEL "ended\t2\n", 5, 7, "not the number of kernels");
    refused(FIRST "ended\t0\nended\t0\n", 3, 1, "after the last");
}

static void exec_records__kernels_are_in_the_order_of_their_launches(void **state)
{
    (void)state;
    /* launched 1, 2, 3; 2 has no stamps, and 3 ran in another stream, before 1 ended */
    tb_exec_records *records =
        parsed(FIRST "name\t0\ta\nname\t1\tb\nname\t2\tc\n"
                     "kernel\t2\t150\t180\t3\t0\t8\t1\t0\t0\t1\t1\t1\t1\t1\t1\n"
                     "kernel\t1\t0\t0\t2\t0\t7\t1\t0\t0\t1\t1\t1\t1\t1\t1\n"
                     "kernel\t0\t100\t200\t1\t0\t7\t1\t0\t0\t1\t1\t1\t1\t1\t1\n"
                     "kernel\t0\t100\t200\t1\t0\t7\t1\t0\t0\t1\t1\t1\t1\t1\t1\n"
                     "ended\t4\n");
    assert_int_equal(records->count, 3);
    assert_int_equal(records->processes[0].duplicates, 1);
    assert_string_equal(records->names[records->kernels[0].name].text, "a");
    assert_string_equal(records->names[records->kernels[1].name].text, "b");
    assert_string_equal(records->names[records->kernels[2].name].text, "c");
    tb_assert_close(tb_exec_kernel_us(&records->kernels[0]), 0.1, 1e-12);
    assert_true(tb_exec_kernel_us(&records->kernels[1]) == 0);
    tb_exec_records_destroy(records);
}

static void exec_records__stamps_that_cannot_be_have_no_time(void **state)
{
    (void)state;
    static const tb_exec_kernel bad[] = {{.start_ns = 0, .end_ns = 7},
                                         {.start_ns = 7, .end_ns = 0},
                                         {.start_ns = 7, .end_ns = 6},
                                         {.start_ns = 7, .end_ns = 7}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_true(tb_exec_kernel_us(&bad[i]) == 0);
    }
}

static void exec_records__processes_follow_each_other_by_time(void **state)
{
    (void)state;
    static const char later[] =
        "tilebound-kernels\t1\t5\t130001\t0\nname\t0\treduce\n"
        "kernel\t0\t9000\t9100\t1\t0\t7\t1\t0\t0\t1\t1\t1\t1\t1\t1\nended\t1\n";
    static const char sooner[] = FIRST NAMES KERNEL "ended\t1\n";
    tb_error err;
    tb_exec_records *records = empty();
    (void)tb_test_file("5-1.kernels", later, sizeof later - 1);
    (void)tb_test_file("77-1.kernels", sooner, sizeof sooner - 1);
    (void)tb_test_file("77-1.other", "x", 1);
    tb_assert_ok(tb_exec_records_read(records, tb_test_path(""), &err), &err);
    assert_int_equal(records->process_count, 2);
    assert_int_equal(records->processes[0].pid, 77);
    assert_int_equal(records->processes[1].pid, 5);
    assert_int_equal(records->count, 2);
    assert_int_equal(records->kernels[0].process, 0);
    assert_string_equal(records->names[records->kernels[1].name].text, "reduce");
    assert_int_equal(records->name_count, 2); /* each once */
    tb_exec_records_destroy(records);
    (void)remove(tb_test_path("5-1.kernels"));
    (void)remove(tb_test_path("77-1.kernels"));
}

/* What the collector's own code writes is what is read. */
static void exec_records__the_log_of_the_collector_reads_back(void **state)
{
    (void)state;
    enum { COUNT = 3000 }; /* more names than the table begins with */
    tb_kernel_record *all = calloc(COUNT, sizeof *all);
    char(*names)[32] = calloc(COUNT, sizeof *names);
    assert_true(all != NULL && names != NULL);
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(names[i], sizeof names[i], i == 7 ? "odd\t\n%zu" : "kernel%zu", i % 1000);
        all[i] = (tb_kernel_record){.name = names[i],
                                    .start_ns = 1000 * i + 1,
                                    .end_ns = 1000 * i + 501,
                                    .correlation = (uint32_t)i + 1,
                                    .registers = 40,
                                    .grid = {(int64_t)i + 1, 2, 3},
                                    .cta = {64, 1, 1}};
    }
    tb_kernel_records records = {.all = all, .count = COUNT, .dropped = 2};
    tb_kernel_log *log = tb_kernel_log_create(tb_test_path(""), 4711);
    assert_non_null(log);
    tb_kernel_log_begin(log, 130001, true);
    tb_kernel_log_device(log, 0, 13000, "GPU-2", "NVIDIA \tH100");
    tb_kernel_log_add(log, &records);
    tb_kernel_log_end(log);
    tb_kernel_log_flush(log);
    tb_kernel_log_destroy(log);

    tb_exec_records *out = empty();
    tb_error err;
    tb_assert_ok(tb_exec_records_read(out, tb_test_path(""), &err), &err);
    assert_int_equal(out->count, COUNT);
    assert_int_equal(out->name_count, 1001);
    assert_string_equal(out->names[out->kernels[7].name].text, "odd??7");
    assert_string_equal(out->names[out->kernels[2999].name].text, "kernel999");
    assert_int_equal(out->kernels[2999].grid[0], 3000);
    assert_int_equal(out->processes[0].dropped, 2);
    assert_string_equal(out->processes[0].devices[0].name, "NVIDIA ?H100");
    assert_true(out->processes[0].has_ended && out->processes[0].is_emulated);
    tb_exec_records_destroy(out);
    free(all);
    free(names);
}

TB_TESTS(cmocka_unit_test(exec_records__a_file_says_who_ran_and_how),
         cmocka_unit_test(exec_records__a_crash_leaves_what_was_written),
         cmocka_unit_test(exec_records__reasons_are_kept),
         cmocka_unit_test(exec_records__what_is_broken_is_told_with_its_place),
         cmocka_unit_test(exec_records__kernels_are_in_the_order_of_their_launches),
         cmocka_unit_test(exec_records__stamps_that_cannot_be_have_no_time),
         cmocka_unit_test(exec_records__processes_follow_each_other_by_time),
         cmocka_unit_test(exec_records__the_log_of_the_collector_reads_back));
