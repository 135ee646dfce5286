#include "test_support.h"

#include "file.h"
#include "program.h"
#include "scratch_folder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int run(const char *const *arguments, tb_buffer *errors)
{
    int code = -1;
    tb_error err;
    tb_assert_ok(tb_program_run(arguments, tb_test_path(""), errors, &code, &err), &err);
    return code;
}

static void program__exit_codes_and_complaints_come_back(void **state)
{
    (void)state;
    static const char *const arguments[] = {"sh", "-c", "echo out; echo wrong >&2; exit 72", NULL};
    tb_buffer errors = {0};
    assert_int_equal(run(arguments, &errors), 72);
    assert_string_equal(errors.data, "wrong\n");
    tb_buffer_free(&errors);
}

static void program__what_it_prints_can_be_read_instead(void **state)
{
    (void)state;
    static const char *const arguments[] = {"/bin/sh", "-c", "echo out; echo wrong >&2; exit 3",
                                            NULL};
    tb_buffer output = {0};
    int code = -1;
    tb_error err;
    tb_assert_ok(tb_program_read(arguments, tb_test_path(""), &output, &code, &err), &err);
    assert_int_equal(code, 3);
    assert_string_equal(output.data, "out\n");
    tb_buffer_free(&output);
}

static void program__a_signal_that_ends_it_is_told(void **state)
{
    (void)state;
    static const char *const arguments[] = {"sh", "-c", "kill -KILL $$", NULL};
    tb_buffer errors = {0};
    assert_int_equal(run(arguments, &errors), 128 + 9);
    tb_buffer_free(&errors);
}

static void program__it_runs_in_the_folder_with_its_arguments_unread(void **state)
{
    (void)state;
    static const char *const arguments[] = {"touch", "$(touch ran) `touch ran` 'x' \"y\"", NULL};
    tb_buffer errors = {0};
    assert_int_equal(run(arguments, &errors), 0);
    assert_true(tb_file_exists(tb_test_path("$(touch ran) `touch ran` 'x' \"y\"")));
    assert_false(tb_file_exists(tb_test_path("ran")));
    tb_buffer_free(&errors);
}

static void program__more_complaints_than_a_pipe_holds_are_kept(void **state)
{
    (void)state;
    static const char *const arguments[] = {
        "sh", "-c", "i=0; while [ $i -lt 9000 ]; do echo 'line of text' >&2; i=$((i+1)); done",
        NULL};
    tb_buffer errors = {0};
    assert_int_equal(run(arguments, &errors), 0);
    assert_int_equal(errors.length, 9000 * strlen("line of text\n"));
    tb_buffer_free(&errors);
}

static void program__one_that_is_not_there_is_unavailable(void **state)
{
    (void)state;
    static const char *const arguments[] = {"tilebound-no-such-program", NULL};
    tb_buffer errors = {0};
    int code = 72;
    tb_error err;
    tb_assert_fails(tb_program_run(arguments, "/", &errors, &code, &err), &err, TB_EUNAVAILABLE,
                    "not on the PATH");
    assert_int_equal(code, 72);
}

static void program__a_users_command_has_its_settings_and_prints_to_our_errors(void **state)
{
    (void)state;
    char command[1024];
    const char *const settings[] = {"TB_TEST_NEW=72 x", "HOME=/nowhere", NULL};
    int code = -1;
    tb_error err;
    (void)snprintf(command, sizeof command,
                   "exec 2>'%s'; echo \"$TB_TEST_NEW $HOME\" >&2; [ -n \"$PATH\" ] && exit 5",
                   tb_test_path("said"));
    tb_assert_ok(tb_program_shell(command, settings, &code, &err), &err);
    assert_int_equal(code, 5);
    char *said = tb_test_read(tb_test_path("said"), NULL);
    assert_string_equal(said, "72 x /nowhere\n");
    free(said);
    assert_null(getenv("TB_TEST_NEW"));
    static const char *const none[] = {NULL};
    tb_assert_ok(tb_program_shell("kill -TERM $$", none, &code, &err), &err);
    assert_int_equal(code, 128 + 15);
}

static void program__a_users_command_takes_signals_that_we_block(void **state)
{
    (void)state;
    static const char *const none[] = {NULL};
    sigset_t blocked, before;
    int code = -1;
    tb_error err;
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &blocked, &before);
    tb_assert_ok(tb_program_shell("kill -INT $$; sleep 5; exit 3", none, &code, &err), &err);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(code, 128 + 2);
}

static void scratch_folder__is_private_and_goes_with_its_files(void **state)
{
    (void)state;
    tb_scratch_folder *folder = NULL;
    struct stat info;
    char path[600], whole[600];
    tb_error err;
    assert_int_equal(setenv("TMPDIR", tb_test_path(""), 1), 0);
    tb_assert_ok(tb_scratch_folder_make(&folder, &err), &err);
    assert_int_equal(stat(tb_scratch_folder_path(folder), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    (void)snprintf(path, sizeof path, "%s/data", tb_scratch_folder_path(folder));
    tb_assert_ok(tb_file_replace(path, "72", 2, &err), &err);
    (void)snprintf(whole, sizeof whole, "%s", tb_scratch_folder_path(folder));
    tb_scratch_folder_remove(folder);
    assert_false(tb_file_exists(whole));
}

static void scratch_folder__interrupts_wait_until_it_is_gone(void **state)
{
    (void)state;
    tb_scratch_folder *folder = NULL;
    sigset_t before, during, after;
    tb_error err;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &before);
    tb_assert_ok(tb_scratch_folder_make(&folder, &err), &err);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &during);
    tb_scratch_folder_remove(folder);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_false(sigismember(&before, SIGINT));
    assert_true(sigismember(&during, SIGINT));
    assert_false(sigismember(&after, SIGINT));
}

static void scratch_folder__a_place_that_is_none_says_so(void **state)
{
    (void)state;
    tb_scratch_folder *folder = NULL;
    tb_error err;
    assert_int_equal(setenv("TMPDIR", tb_test_path("absent"), 1), 0);
    tb_assert_fails(tb_scratch_folder_make(&folder, &err), &err, TB_EIO, "set TMPDIR");
}

TB_TESTS(cmocka_unit_test(program__exit_codes_and_complaints_come_back),
         cmocka_unit_test(program__what_it_prints_can_be_read_instead),
         cmocka_unit_test(program__a_signal_that_ends_it_is_told),
         cmocka_unit_test(program__it_runs_in_the_folder_with_its_arguments_unread),
         cmocka_unit_test(program__more_complaints_than_a_pipe_holds_are_kept),
         cmocka_unit_test(program__one_that_is_not_there_is_unavailable),
         cmocka_unit_test(program__a_users_command_has_its_settings_and_prints_to_our_errors),
         cmocka_unit_test(program__a_users_command_takes_signals_that_we_block),
         cmocka_unit_test(scratch_folder__is_private_and_goes_with_its_files),
         cmocka_unit_test(scratch_folder__interrupts_wait_until_it_is_gone),
         cmocka_unit_test(scratch_folder__a_place_that_is_none_says_so));
