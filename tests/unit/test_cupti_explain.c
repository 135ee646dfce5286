/* What users are told of CUPTI's results. */
#include "cupti.h"

#include "test_support.h"

#include <stdio.h>
#include <string.h>

static void explain(int result, const char *tool, char text[512])
{
    memset(text, 'x', 512);
    tb_cupti_explain(result, tool, text, 512);
    assert_true(strlen(text) > 10 && strlen(text) < 400);
    assert_null(strchr(text, '\n'));
}

/* What each must name: where it comes from, and what helps. */
static void explain__names_the_cause_and_the_remedy(void **state)
{
    (void)state;
    static const struct {
        int result;
        const char *cause, *remedy;
    } cases[] = {
        {7, "order", "result 7"},
        {8, "memory", "free"},
        {14, "another", "without other tools"},
        {15, "driver", "update"},
        {26, "another program", "end it"},
        {27, "does not support", "update"},
        {33, "vGPU", "whole GPU"},
        {35, "ERR_NVGPUCTRPERM", "NVreg_RestrictProfilingToAdminUsers=0"},
        {39, "another tool", "Nsight"},
        {40, "hypervisor", "enable_profiling=1"},
        {41, "confidential", "switched off"},
        {42, "CMP", "another GPU"},
        {43, "MIG", "nvidia-smi -mig 0"},
        {44, "SLI", "switch"},
        {45, "WSL", "Linux itself"},
        {999, "unknown error", "nvidia-smi works"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        explain(cases[i].result, NULL, text);
        assert_non_null(strstr(text, cases[i].cause));
        assert_non_null(strstr(text, cases[i].remedy));
    }
}

static void explain__names_the_other_tool(void **state)
{
    (void)state;
    char text[512], other[512];
    explain(39, "CUPTI for Kineto", text);
    assert_non_null(strstr(text, "\"CUPTI for Kineto\""));
    explain(39, "", other);
    explain(39, NULL, text);
    assert_string_equal(text, other);
    explain(35, "CUPTI for Kineto", text); /* that has nothing to do with it */
    assert_null(strstr(text, "Kineto"));
}

static void explain__gives_the_number_of_what_it_does_not_know(void **state)
{
    (void)state;
    static const int unknown[] = {1, 72, 96, 998, 1000, -1, 0x7fffffff};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        char text[512], number[32];
        explain(unknown[i], "a tool", text);
        (void)snprintf(number, sizeof number, "result %d,", unknown[i]);
        assert_non_null(strstr(text, number));
    }
}

static void explain__keeps_to_the_room_it_has(void **state)
{
    (void)state;
    char text[32];
    for (size_t capacity = 1; capacity <= sizeof text; capacity++) {
        memset(text, 'x', sizeof text);
        tb_cupti_explain(35, NULL, text, capacity);
        assert_int_equal(strlen(text), capacity - 1);
        assert_true(capacity == sizeof text || text[capacity] == 'x');
    }
}

TB_TESTS(cmocka_unit_test(explain__names_the_cause_and_the_remedy),
         cmocka_unit_test(explain__names_the_other_tool),
         cmocka_unit_test(explain__gives_the_number_of_what_it_does_not_know),
         cmocka_unit_test(explain__keeps_to_the_room_it_has));
