/* Every allocation of reading a program's kernels, assigning them and making a profile fails once:
 * TB_ENOMEM each time, no crash, and (under ASan) no leak. Linked with -Wl,--wrap=malloc,
 * --wrap=calloc,--wrap=realloc. */
#include "failing_alloc.h"
#include "test_support.h"

#include "exec_profile.h"

#include <stdlib.h>
#include <string.h>

static const char log_text[] = "tilebound-kernels\t1\t77\t130001\t0\n"
                               "device\t0\t13000\tGPU-72\tNVIDIA H100\n"
                               "name\t0\tfmha\nname\t1\treduce\nname\t2\tfill\n"
                               "kernel\t0\t1000\t2000\t1\t0\t7\t168\t0\t65536\t8\t2\t1\t128\t1\t1\n"
                               "kernel\t1\t2000\t3000\t2\t0\t7\t168\t0\t65536\t8\t2\t1\t128\t1\t1\n"
                               "kernel\t2\t3000\t4000\t3\t0\t7\t168\t0\t65536\t8\t2\t1\t128\t1\t1\n"
                               "kernel\t0\t5000\t6000\t4\t0\t7\t168\t0\t65536\t8\t2\t1\t128\t1\t1\n"
                               "kernel\t1\t6000\t7000\t5\t0\t7\t168\t0\t65536\t8\t2\t1\t128\t1\t1\n"
                               "ended\t5\n";

static tb_exec_facts facts;
static const tb_exec_request request = {.pattern = "fmha|reduce"};

static tb_status make_profile(tb_exec_records *records, tb_error *err)
{
    static const char *const names[] = {"dense"};
    tb_exec_match match = {0};
    tb_exec_profile *profile = NULL;
    tb_status status = tb_exec_records_parse(records, log_text, sizeof log_text - 1, "log", err);
    if (status == TB_OK) {
        status = tb_exec_records_order(records, err);
    }
    if (status == TB_OK) {
        status = tb_exec_match_names(records, request.pattern, &match, err);
    }
    if (status == TB_OK) {
        status = tb_exec_assign(records, &request, true, names, 1, &match, err);
    }
    if (status == TB_OK) {
        facts.records = records;
        facts.match = &match;
        status = tb_exec_profile_create(&facts, &profile, err);
    }
    tb_exec_profile_destroy(profile);
    tb_exec_match_free(&match);
    return status;
}

static tb_status measure(tb_error *err)
{
    tb_exec_records *records = NULL;
    tb_status status = tb_exec_records_create(&records, err);
    if (status == TB_OK) {
        status = make_profile(records, err);
    }
    tb_exec_records_destroy(records);
    return status;
}

static void alloc_exec__every_failure_is_told(void **state)
{
    (void)state;
    tb_suite_item item = {.name = "dense", .item = tb_case_default()};
    tb_suite suite = {.name = "one", .items = &item, .count = 1};
    item.item.problem.layout = (tb_layout){.rank = 1, .extent = {288}};
    facts = (tb_exec_facts){
        .suite = &suite, .request = &request, .program = "./bench", .command = "tilebound measure"};
    tb_test_fail_each("reading a program's kernels, and a profile of them", measure);
}

TB_TESTS(cmocka_unit_test(alloc_exec__every_failure_is_told));
