/* Running studies: rows that are the same whoever computes them, and after every kind of end. */
#include "study_case.h"

#include "test_support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* 7,200 points: long enough to be interrupted. */
static const char long_suite[] =
    "schema: tilebound/suite/1\n"
    "name: long\n"
    "problems:\n"
    "  - name: a\n"
    "    problem: {layout: [30, 48, 80], heads: 24, dim: 128}\n"
    "    pattern: {kind: gna, window: [18, 24, 24], stride: [1, 1, 1]}\n"
    "    tiling: {q_tile: [4, 8, 8], kv_tile: [2, 8, 8]}\n"
    "    cross:\n"
    "      pattern.window.0: {from: 1, to: 30}\n"
    "      pattern.window.1: {from: 1, to: 48}\n"
    "      pattern.stride.2: {from: 1, to: 5}\n";

static void kill_self(int number)
{
    (void)number;
    (void)kill(getpid(), SIGKILL);
}

/* Run in a process that is killed after so long, in the middle of whatever it does. */
static bool run_until_killed(const tb_study *study, const char *path, int after_us)
{
    int code = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct itimerval timer = {.it_value = {.tv_usec = after_us}};
        tb_error err;
        (void)signal(SIGALRM, kill_self);
        (void)setitimer(ITIMER_REAL, &timer, NULL);
        _exit(tb_test_study_run(study, path, 1, 20, &err) == TB_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFSIGNALED(code) || WEXITSTATUS(code) == 0);
    return WIFSIGNALED(code);
}

static void run__killed_again_and_again_it_loses_and_repeats_nothing(void **state)
{
    (void)state;
    const char *path = tb_test_path("killed.db");
    tb_study *study = tb_test_study_load(long_suite, NULL);
    tb_error err;
    int killed = 0, in_the_middle = 0;
    for (int after = 2000; run_until_killed(study, path, after); after += 3000) {
        tb_study_store *store = tb_test_study_store(path, study);
        int64_t finished = tb_study_store_finished(store);
        in_the_middle += finished > 0 && finished < study->points;
        killed++;
        tb_study_store_close(store);
        assert_true(killed < 300);
    }
    print_message("killed %d times, %d of them in the middle\n", killed, in_the_middle);
    assert_true(in_the_middle >= 2);
    tb_assert_ok(tb_test_study_run(study, tb_test_path("unharmed.db"), 1, 0, &err), &err);
    char *expected = tb_test_study_rows(tb_test_path("unharmed.db"), "long");
    tb_test_study_same_rows(path, "long", expected);
    free(expected);
    tb_study_destroy(study);
}

/* No file may grow past 400 kB, as on a disk that is full. */
static int run_on_a_full_disk(const tb_study *study, const char *path)
{
    int code = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = 400000, .rlim_max = 400000};
        tb_error err = {0};
        (void)signal(SIGXFSZ, SIG_IGN);
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        tb_status status = tb_test_study_run(study, path, 1, 100, &err);
        _exit(status == TB_EIO && strstr(err.message, "make room") != NULL ? 10 : 1);
    }
    assert_int_equal(waitpid(child, &code, 0), child);
    return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

static void run__on_a_full_disk_it_says_so_and_goes_on_later(void **state)
{
    (void)state;
    const char *path = tb_test_path("full.db");
    tb_study *study = tb_test_study_load(long_suite, NULL);
    tb_error err;
    assert_int_equal(run_on_a_full_disk(study, path), 10);
    tb_study_store *store = tb_test_study_store(path, study);
    int64_t finished = tb_study_store_finished(store);
    tb_study_store_close(store);
    assert_in_range(finished, 100, study->points - 1);
    tb_assert_ok(tb_test_study_run(study, path, 1, 0, &err), &err);
    tb_assert_ok(tb_test_study_run(study, tb_test_path("roomy.db"), 1, 0, &err), &err);
    char *expected = tb_test_study_rows(tb_test_path("roomy.db"), "long");
    tb_test_study_same_rows(path, "long", expected);
    free(expected);
    tb_study_destroy(study);
}

static void stop_early(const tb_study_progress *at, void *user, bool *stop)
{
    *(tb_study_progress *)user = *at;
    *stop = true;
}

/* Batches of 8 take a while each: long before the end progress has been told. */
static void run__progress_counts_and_can_stop(void **state)
{
    (void)state;
    static const tb_ranks alone = {.size = 1};
    const char *path = tb_test_path("stopped.db");
    tb_study *study = tb_test_study_load(long_suite, NULL);
    tb_study_store *store = tb_test_study_store(path, study);
    tb_study_progress seen = {0};
    bool is_stopped = false;
    tb_error err;
    tb_study_run_options options = {
        .threads = 1, .batch = 8, .progress = stop_early, .user = &seen};
    tb_assert_ok(tb_study_run(study, store, &alone, &options, &is_stopped, &err), &err);
    assert_true(is_stopped);
    assert_int_equal(seen.total, study->points);
    assert_int_equal(seen.done, tb_study_store_finished(store));
    assert_true(seen.done > 0 && seen.rate_per_s > 0);
    tb_assert_close(seen.left_s * seen.rate_per_s, (double)(seen.total - seen.done), 1e-9);
    tb_study_store_close(store);
    tb_study_destroy(study);
}

static void run__rows_are_the_same_whatever_the_threads_and_batches(void **state)
{
    (void)state;
    tb_study *study = tb_test_study_load(tb_test_small_suite, NULL);
    tb_error err;
    tb_assert_ok(tb_test_study_run(study, tb_test_path("t1.db"), 1, 0, &err), &err);
    char *expected = tb_test_study_rows(tb_test_path("t1.db"), "small");
    for (int threads = 2; threads <= 4; threads++) {
        char name[16];
        (void)snprintf(name, sizeof name, "t%d.db", threads);
        tb_assert_ok(tb_test_study_run(study, tb_test_path(name), threads, threads * 7, &err),
                     &err);
        tb_test_study_same_rows(tb_test_path(name), "small", expected);
    }
    free(expected);
    tb_study_destroy(study);
}

TB_TESTS(cmocka_unit_test(run__killed_again_and_again_it_loses_and_repeats_nothing),
         cmocka_unit_test(run__on_a_full_disk_it_says_so_and_goes_on_later),
         cmocka_unit_test(run__progress_counts_and_can_stop),
         cmocka_unit_test(run__rows_are_the_same_whatever_the_threads_and_batches));
