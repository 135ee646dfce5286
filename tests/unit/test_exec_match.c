/* Which launches of a program are of which problem, and the profile that comes of it. */
#include "test_support.h"

#include "exec_match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 64

static const char *const names[] = {"first", "second", "third"};

/* A program in short: one word a launch, "NAME[/GRID][!]": a letter of a kernel's name, a digit of
 * its grid (1), and ! where it has no stamps. Launch i (from 0) takes i + 1 us and starts at
 * 100 (i + 1) us. */
static tb_exec_records *program(const char *launches)
{
    tb_exec_records *records = NULL;
    tb_error err;
    char text[8192] = "tilebound-kernels\t1\t7\t130001\t0\nname\t0\ta\nname\t1\tb\nname\t2\tc\n";
    size_t used = strlen(text);
    long long i = 0;
    for (const char *at = launches; *at != '\0'; at++) {
        if (*at == ' ') {
            continue;
        }
        int name = *at - 'a', grid = 1;
        if (at[1] == '/') {
            grid = at[2] - '0';
            at += 2;
        }
        long long start = 100000 * (i + 1), end = start + 1000 * (i + 1);
        if (at[1] == '!') {
            start = end = 0;
            at++;
        }
        used +=
            (size_t)snprintf(text + used, sizeof text - used,
                             "kernel\t%d\t%lld\t%lld\t%lld\t0\t7\t32\t0\t0\t%d\t1\t1\t64\t1\t1\n",
                             name, start, end, i + 1, grid);
        i++;
    }
    (void)snprintf(text + used, sizeof text - used, "ended\t%lld\n", i);
    tb_assert_ok(tb_exec_records_create(&records, &err), &err);
    tb_assert_ok(tb_exec_records_parse(records, text, strlen(text), "p", &err), &err);
    tb_assert_ok(tb_exec_records_order(records, &err), &err);
    return records;
}

/* The samples of all problems: "3 4|5 6". */
static void print_samples(const tb_exec_match *match, char *out, size_t capacity)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < match->series_count; i++) {
        used += (size_t)snprintf(out + used, capacity - used, "%s", i > 0 ? "|" : "");
        for (size_t k = 0; k < match->series[i].count; k++) {
            used += (size_t)snprintf(out + used, capacity - used, "%s%g", k > 0 ? " " : "",
                                     match->series[i].samples_us[k]);
        }
    }
}

static void assigned(const char *launches, size_t problems, tb_exec_request request,
                     int64_t kernels_per_launch, const char *want)
{
    tb_exec_records *records = program(launches);
    tb_exec_match match;
    tb_error err;
    char samples[512];
    request.pattern = request.pattern != NULL ? request.pattern : ".";
    tb_assert_ok(tb_exec_match_names(records, request.pattern, &match, &err), &err);
    tb_assert_ok(tb_exec_assign(records, &request, true, names, problems, &match, &err), &err);
    print_samples(&match, samples, sizeof samples);
    assert_string_equal(samples, want);
    assert_int_equal(match.kernels_per_launch, kernels_per_launch);
    tb_exec_match_free(&match);
    tb_exec_records_destroy(records);
}

static void not_assigned(const char *launches, size_t problems, tb_exec_request request,
                         const char *part)
{
    tb_exec_records *records = program(launches);
    tb_exec_match match;
    tb_error err;
    request.pattern = request.pattern != NULL ? request.pattern : ".";
    tb_assert_ok(tb_exec_match_names(records, request.pattern, &match, &err), &err);
    tb_assert_fails(tb_exec_assign(records, &request, true, names, problems, &match, &err), &err,
                    TB_EINVAL, part);
    assert_int_equal(match.series_count, 0);
    tb_exec_match_free(&match);
    tb_exec_records_destroy(records);
}

static void exec_match__launches_are_shared_out_evenly(void **state)
{
    (void)state;
    assigned("a a a a", 2, (tb_exec_request){0}, 1, "1 2|3 4");
    assigned("a a b b", 2, (tb_exec_request){0}, 1, "1 2|3 4");
    assigned("a a a/2 a/2 b b", 3, (tb_exec_request){0}, 1, "1 2|3 4|5 6");
    assigned("a", 1, (tb_exec_request){0}, 1, "1");
    /* what does not match is not there */
    assigned("c a c a b c a b a", 2, (tb_exec_request){.pattern = "^a$"}, 1, "2 4|7 9");
}

static void exec_match__the_user_says_how_many(void **state)
{
    (void)state;
    assigned("a a a a a a", 2, (tb_exec_request){.launches = 3, .warm_up = 1}, 1, "2 3|5 6");
    assigned("a a a a a a", 2, (tb_exec_request){.warm_up = 2}, 1, "3|6");
    /* launches of the warm-up may be others: an autotuner's */
    assigned("a/2 a/3 a a a/2 a/3 a a", 2, (tb_exec_request){.warm_up = 2}, 1, "3 4|7 8");
    not_assigned("a a a a a a", 2, (tb_exec_request){.launches = 4}, "6 launches match (6 of a)");
    not_assigned("a a a a", 2, (tb_exec_request){.launches = 2, .warm_up = 2},
                 "--warm-up 2 leaves nothing of --launches 2");
    not_assigned("a a a a", 2, (tb_exec_request){.warm_up = 2}, "cannot be shared out evenly");
}

static void exec_match__what_is_not_even_is_refused(void **state)
{
    (void)state;
    not_assigned(
        "a a a", 2, (tb_exec_request){0},
        "3 launches match (3 of a) and the suite has 2 problems: they cannot be shared out "
        "evenly");
    not_assigned(
        "a a/2 a/2 a/2", 2, (tb_exec_request){0},
        "the launches of problem 'first' are not alike: match 2 is a (grid 2x1x1 after grid "
        "1x1x1)");
    not_assigned("a a a b", 2, (tb_exec_request){0},
                 "the launches of problem 'second' are not alike: match 4 is b after a");
    not_assigned("c", 1, (tb_exec_request){.pattern = "a"}, "no kernel matches");
}

static void exec_match__kernels_in_turn_are_one_launch(void **state)
{
    (void)state;
    /* sums of 1 + 2, 3 + 4, ... */
    assigned("a b a b a b a b", 2, (tb_exec_request){0}, 2, "3 7|11 15");
    assigned("a b c a b c", 1, (tb_exec_request){0}, 3, "6 15");
    assigned("a b a b", 1, (tb_exec_request){.launches = 2}, 2, "3 7");
    /* after the warm-up nothing repeats: it must be said */
    tb_exec_request request = {.launches = 2, .warm_up = 1};
    not_assigned("a b a b a b a b", 2, request, "cannot be shared out evenly");
    request.kernels_per_launch = 2;
    assigned("a b a b a b a b", 2, request, 2, "7|15");
}

static void exec_match__one_launch_shows_no_repetition(void **state)
{
    (void)state;
    not_assigned("a b", 1, (tb_exec_request){0}, "not alike");
    assigned("a b", 1, (tb_exec_request){.kernels_per_launch = 2}, 2, "3");
    /* the same kernel on two grids in turn is two problems in turn, not one launch */
    not_assigned("a a/2 a a/2 a a/2 a a/2", 2, (tb_exec_request){0}, "not alike");
    assigned("a a/2 a a/2", 1, (tb_exec_request){.kernels_per_launch = 2}, 2, "3 7");
    not_assigned("a b a b", 1, (tb_exec_request){.kernels_per_launch = 3}, "cannot be shared out");
}

static void exec_match__launches_without_stamps_keep_their_place(void **state)
{
    (void)state;
    assigned("a a! a a", 2, (tb_exec_request){0}, 1, "1|3 4");
    assigned("a b! a b", 1, (tb_exec_request){0}, 2, "7");
}

static void cut(const char *launches, bool has_ended, int64_t dropped, tb_exec_request request,
                const char *want, const char *complaint)
{
    tb_exec_records *records = program(launches);
    tb_exec_match match;
    tb_error err = {0};
    char samples[512];
    request.pattern = "a";
    records->processes[0].has_ended = has_ended;
    records->processes[0].dropped = dropped;
    tb_assert_ok(tb_exec_match_names(records, request.pattern, &match, &err), &err);
    tb_status status = tb_exec_assign(records, &request, true, names, 3, &match, &err);
    if (complaint != NULL) {
        tb_assert_fails(status, &err, TB_EINVAL, complaint);
    } else {
        tb_assert_ok(status, &err);
        print_samples(&match, samples, sizeof samples);
        assert_string_equal(samples, want);
    }
    tb_exec_match_free(&match);
    tb_exec_records_destroy(records);
}

static void exec_match__a_program_cut_short_has_its_first_problems(void **state)
{
    (void)state;
    const tb_exec_request two = {.launches = 2};
    cut("a a a", false, 0, two, "1 2|3|", NULL);
    cut("a a a", false, 0, (tb_exec_request){.launches = 2, .warm_up = 1}, "2||", NULL);
    cut("a a a a a a", false, 0, (tb_exec_request){0}, NULL, "the 6 matching launches may not be");
    cut("a a a a a a a", false, 0, two, NULL, "they are too many");
}

static void exec_match__lost_records_may_be_anywhere(void **state)
{
    (void)state;
    const tb_exec_request two = {.launches = 2};
    cut("a a a a a a", true, 1, (tb_exec_request){0}, NULL, "say with --launches");
    cut("a a a a a a", true, 1, two, "1 2|3 4|5 6", NULL);
    cut("a a a a a", true, 1, two, NULL, "5 launches match");
    cut("a a a a a", false, 1, two, NULL, "5 launches match");
}

static void exec_match__a_failed_program_is_cut_short_too(void **state)
{
    (void)state;
    tb_exec_records *records = program("a a a a");
    tb_exec_match match;
    tb_error err;
    const tb_exec_request even = {.pattern = "a"}, two = {.pattern = "a", .launches = 2};
    tb_assert_ok(tb_exec_match_names(records, "a", &match, &err), &err);
    tb_assert_fails(tb_exec_assign(records, &even, false, names, 2, &match, &err), &err, TB_EINVAL,
                    "did not end well");
    tb_assert_ok(tb_exec_assign(records, &two, false, names, 3, &match, &err), &err);
    assert_true(match.series[1].is_complete && !match.series[2].is_complete);
    tb_exec_match_free(&match);
    tb_exec_records_destroy(records);
}

static void exec_match__shares_are_by_time(void **state)
{
    (void)state;
    tb_exec_records *records = program("a b a b! b");
    tb_exec_match match;
    tb_error err;
    tb_assert_ok(tb_exec_match_names(records, "^b", &match, &err), &err);
    assert_int_equal(match.share_count, 2); /* c never ran */
    assert_string_equal(records->names[match.shares[0].name].text, "b");
    tb_assert_close(match.shares[0].time_us, 2 + 5, 1e-12);
    assert_int_equal(match.shares[0].launches, 3);
    assert_int_equal(match.shares[0].untimed, 1);
    assert_true(match.shares[0].is_matched && !match.shares[1].is_matched);
    tb_assert_close(match.time_us, 1 + 2 + 3 + 5, 1e-12);
    assert_int_equal(match.matched_count, 3);
    assert_int_equal(match.overlapping, 0);
    tb_exec_match_free(&match);
    tb_exec_records_destroy(records);
}

static void exec_match__patterns_are_extended_regular_expressions(void **state)
{
    (void)state;
    tb_error err;
    tb_assert_ok(tb_exec_pattern_check("fmha_(fwd|bwd)<.*>$", &err), &err);
    tb_assert_fails(tb_exec_pattern_check("fmha(", &err), &err, TB_EINVAL,
                    "--match 'fmha(' is no extended regular expression");
}

/* Kernels of two processes or devices in one order. */
static void disordered(const char *second, const char *part)
{
    static const char first[] =
        "tilebound-kernels\t1\t1\t130001\t0\nname\t0\ta\n"
        "kernel\t0\t1000\t9000\t1\t0\t7\t1\t0\t0\t1\t1\t1\t1\t1\t1\nended\t1\n";
    tb_exec_records *records = NULL;
    tb_exec_match match;
    tb_error err;
    const tb_exec_request request = {.pattern = "a"};
    tb_assert_ok(tb_exec_records_create(&records, &err), &err);
    tb_assert_ok(tb_exec_records_parse(records, first, sizeof first - 1, "1", &err), &err);
    tb_assert_ok(tb_exec_records_parse(records, second, strlen(second), "2", &err), &err);
    tb_assert_ok(tb_exec_records_order(records, &err), &err);
    tb_assert_ok(tb_exec_match_names(records, "a", &match, &err), &err);
    tb_status status = tb_exec_assign(records, &request, true, names, 2, &match, &err);
    if (part == NULL) {
        tb_assert_ok(status, &err);
    } else {
        tb_assert_fails(status, &err, TB_EINVAL, part);
    }
    tb_exec_match_free(&match);
    tb_exec_records_destroy(records);
}

static void exec_match__processes_follow_each_other_or_are_refused(void **state)
{
    (void)state;
    disordered("tilebound-kernels\t1\t2\t130001\t0\nname\t0\ta\n"
               "kernel\t0\t9500\t9900\t1\t0\t7\t1\t0\t0\t1\t1\t1\t1\t1\t1\nended\t1\n",
               NULL);
    disordered("tilebound-kernels\t1\t2\t130001\t0\nname\t0\ta\n"
               "kernel\t0\t5000\t9900\t1\t0\t7\t1\t0\t0\t1\t1\t1\t1\t1\t1\nended\t1\n",
               "at the same time");
    disordered("tilebound-kernels\t1\t2\t130001\t0\nname\t0\ta\n"
               "kernel\t0\t9500\t9900\t1\t1\t7\t1\t0\t0\t1\t1\t1\t1\t1\t1\nended\t1\n",
               "ran on devices 0 and 1");
}

TB_TESTS(cmocka_unit_test(exec_match__launches_are_shared_out_evenly),
         cmocka_unit_test(exec_match__the_user_says_how_many),
         cmocka_unit_test(exec_match__what_is_not_even_is_refused),
         cmocka_unit_test(exec_match__kernels_in_turn_are_one_launch),
         cmocka_unit_test(exec_match__one_launch_shows_no_repetition),
         cmocka_unit_test(exec_match__launches_without_stamps_keep_their_place),
         cmocka_unit_test(exec_match__a_program_cut_short_has_its_first_problems),
         cmocka_unit_test(exec_match__lost_records_may_be_anywhere),
         cmocka_unit_test(exec_match__a_failed_program_is_cut_short_too),
         cmocka_unit_test(exec_match__shares_are_by_time),
         cmocka_unit_test(exec_match__patterns_are_extended_regular_expressions),
         cmocka_unit_test(exec_match__processes_follow_each_other_or_are_refused));
