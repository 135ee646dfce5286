#include "test_support.h"

#include "file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_holds(const char *path, const char *want)
{
    char *text = tb_test_read(path, NULL);
    assert_string_equal(text, want);
    free(text);
}

static size_t count_entries(const char *directory)
{
    tb_arena *arena = tb_arena_create();
    const char *const *names;
    size_t count = 0;
    tb_error err;
    tb_assert_ok(tb_file_list(directory, "", arena, &names, &count, &err), &err);
    tb_arena_destroy(arena);
    return count;
}

static mode_t mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 0777;
}

static void file__reads_whole_files_of_every_size(void **state)
{
    (void)state;
    /* Empty, short, one read buffer (64 KiB) and its neighbours, and mapped (>= 1 MiB). */
    static const size_t sizes[] = {0, 72, 65535, 65536, 65537, 1048575, 1048576, 3145728, 3145801};
    unsigned char *data = malloc(3145801);
    assert_non_null(data);
    for (size_t i = 0; i < 3145801; i++) {
        data[i] = (unsigned char)(i * 72 / 7);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const char *path = tb_test_file("sized", data, sizes[i]);
        tb_file_bytes bytes;
        tb_error err;
        tb_assert_ok(tb_file_read(path, sizes[i], &bytes, &err), &err);
        assert_int_equal(bytes.length, sizes[i]);
        assert_non_null(bytes.data);
        assert_memory_equal(bytes.data, data, sizes[i]);
        tb_file_release(&bytes);
        assert_null(bytes.data);
        if (sizes[i] > 0) {
            tb_assert_fails(tb_file_read(path, sizes[i] - 1, &bytes, &err), &err, TB_EFILE,
                            "too large; at most");
        }
    }
    free(data);
    tb_file_release(&(tb_file_bytes){0});
}

static void file__unreadable_inputs_are_file_errors(void **state)
{
    (void)state;
    tb_file_bytes bytes;
    tb_error err;
    const char *absent = tb_test_path("absent.yaml");
    tb_assert_fails(tb_file_read(absent, 72, &bytes, &err), &err, TB_EFILE,
                    "cannot read: No such file or directory; give the path of a file that exists");
    assert_string_equal(err.file, absent);
    tb_assert_position(&err, 0, 0);
    tb_assert_fails(tb_file_read(tb_test_path(""), 72, &bytes, &err), &err, TB_EFILE,
                    "is a directory; give the path of a file");
    if (geteuid() != 0) { /* root may read everything */
        const char *secret = tb_test_file("secret", "x", 1);
        assert_int_equal(chmod(secret, 0), 0);
        tb_assert_fails(tb_file_read(secret, 72, &bytes, &err), &err, TB_EFILE,
                        "a file that you may read");
    }
}

/* Run `body` with descriptor `fd` being `replacement`, then put the old one back. */
static void with_descriptor(int fd, int replacement, void (*body)(void))
{
    int kept = dup(fd);
    assert_true(kept >= 0);
    assert_int_equal(dup2(replacement, fd), fd);
    body();
    assert_int_equal(dup2(kept, fd), fd);
    assert_int_equal(close(kept), 0);
}

static void read_standard_input(void)
{
    tb_file_bytes bytes;
    tb_error err;
    tb_assert_ok(tb_file_read("-", 96, &bytes, &err), &err);
    assert_int_equal(bytes.length, 8);
    assert_memory_equal(bytes.data, "72x96x18", 8);
    tb_file_release(&bytes);
}

static void file__dash_is_standard_input(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "72x96x18", 8), 8);
    assert_int_equal(close(ends[1]), 0);
    with_descriptor(STDIN_FILENO, ends[0], read_standard_input);
    assert_int_equal(close(ends[0]), 0);
    assert_string_equal(tb_file_name("-"), "standard input");
    assert_string_equal(tb_file_name("a-b"), "a-b");
}

static void read_too_much_standard_input(void)
{
    tb_file_bytes bytes;
    tb_error err;
    tb_assert_fails(tb_file_read("-", 7, &bytes, &err), &err, TB_EFILE, "at most 7 bytes");
    assert_string_equal(err.file, "standard input");
}

static void file__pipes_have_the_limit_too(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "72x96x18", 8), 8);
    assert_int_equal(close(ends[1]), 0);
    with_descriptor(STDIN_FILENO, ends[0], read_too_much_standard_input);
    assert_int_equal(close(ends[0]), 0);
}

static void file__new_file_obeys_the_umask(void **state)
{
    (void)state;
    tb_error err;
    const char *path = tb_test_path("new.json");
    mode_t before = umask(027);
    tb_assert_ok(tb_file_replace(path, "96\n", 3, &err), &err);
    (void)umask(before);
    assert_holds(path, "96\n");
    assert_int_equal(mode_of(path), 0640);
}

static void file__replaced_file_keeps_its_permissions(void **state)
{
    (void)state;
    tb_error err;
    const char *path = tb_test_file("kept.json", "old and longer", 14);
    assert_int_equal(chmod(path, 0604), 0);
    size_t entries = count_entries(tb_test_path(""));
    tb_assert_ok(tb_file_replace(path, "new", 3, &err), &err);
    assert_holds(path, "new");
    assert_int_equal(mode_of(path), 0604);
    assert_int_equal(count_entries(tb_test_path("")), entries);
    tb_assert_ok(tb_file_replace(path, NULL, 0, &err), &err);
    assert_holds(path, "");
}

static void file__symbolic_links_stay(void **state)
{
    (void)state;
    tb_error err;
    assert_int_equal(mkdir(tb_test_path("linked"), 0777), 0);
    const char *target = tb_test_file("linked/real", "old", 3);
    const char *link = tb_test_path("link"), *chain = tb_test_path("chain");
    assert_int_equal(symlink("linked/real", link), 0); /* relative to the link's folder */
    assert_int_equal(symlink(link, chain), 0);         /* absolute */
    tb_assert_ok(tb_file_replace(chain, "new", 3, &err), &err);
    struct stat info;
    assert_int_equal(lstat(chain, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_holds(target, "new");

    const char *dangling = tb_test_path("dangling");
    assert_int_equal(symlink("linked/later", dangling), 0);
    tb_assert_ok(tb_file_replace(dangling, "made", 4, &err), &err);
    assert_holds(tb_test_path("linked/later"), "made");

    const char *loop = tb_test_path("loop");
    assert_int_equal(symlink("loop", loop), 0);
    tb_assert_fails(tb_file_replace(loop, "x", 1, &err), &err, TB_EIO, "cannot write: ");
}

static void file__failed_writes_leave_the_old_file(void **state)
{
    (void)state;
    tb_error err;
    const char *nowhere = tb_test_path("no/such/folder");
    tb_assert_fails(tb_file_replace(nowhere, "x", 1, &err), &err, TB_EIO,
                    "cannot write: No such file or directory; the folder must exist");
    assert_string_equal(err.file, nowhere);
    tb_assert_position(&err, 0, 0);
    tb_assert_fails(tb_file_replace(tb_test_path(""), "x", 1, &err), &err, TB_EIO,
                    "cannot write: Is a directory; give the path of a file");
    tb_assert_fails(tb_file_replace("/dev/full", "x", 1, &err), &err, TB_EIO,
                    "No space left on device; make room");
    tb_assert_fails(tb_file_replace("", "x", 1, &err), &err, TB_EIO, "cannot write: ");
    tb_assert_ok(tb_file_replace("/dev/null", "x", 1, &err), &err);
    if (geteuid() != 0) { /* root may write everything */
        const char *locked = tb_test_file("locked", "old", 3);
        assert_int_equal(chmod(locked, 0444), 0);
        tb_assert_fails(tb_file_replace(locked, "x", 1, &err), &err, TB_EIO, "may write to");
        assert_holds(locked, "old");
    }
}

/* In a child with a limit on file sizes the write fails half way through. */
static void file__half_written_file_is_taken_back(void **state)
{
    (void)state;
    const char *path = tb_test_file("limited", "old", 3);
    size_t entries = count_entries(tb_test_path(""));
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static char data[200000];
        char command[600];
        tb_error err;
        (void)snprintf(command, sizeof command, "%s", path);
        (void)signal(SIGXFSZ, SIG_IGN);
        struct rlimit limit = {.rlim_cur = 100000, .rlim_max = 100000};
        bool as_wanted = setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                         tb_file_replace(command, data, sizeof data, &err) == TB_EIO &&
                         strstr(err.message, "make room") != NULL;
        _exit(as_wanted ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_holds(path, "old");
    assert_int_equal(count_entries(tb_test_path("")), entries);
}

static volatile sig_atomic_t signals_seen;

static void count_signal(int number)
{
    (void)number;
    signals_seen++;
}

/* An interval timer fires all the while: no write is disturbed, and no temporary file stays. */
static void file__signals_wait_for_the_rename(void **state)
{
    (void)state;
    static char data[1 << 16];
    struct sigaction action = {.sa_handler = count_signal}, old;
    assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
    struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    tb_error err;
    const char *path = tb_test_path("signalled");
    for (int i = 0; i < 200; i++) {
        tb_assert_ok(tb_file_replace(path, data, sizeof data, &err), &err);
    }
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
    sigset_t blocked;
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
    assert_false(sigismember(&blocked, SIGALRM));
    print_message("%d signals\n", (int)signals_seen);
}

static void write_to_stdout_by_name(void)
{
    tb_error err;
    tb_assert_ok(tb_file_replace("/dev/stdout", "by name ", 8, &err), &err);
    tb_assert_ok(tb_file_replace("/dev/fd/1", "by number ", 10, &err), &err);
    tb_assert_ok(tb_file_write_stdout("direct", 6, &err), &err);
}

static void file__redirected_stdout_is_appended_to(void **state)
{
    (void)state;
    const char *path = tb_test_file("out.txt", "before ", 7);
    (void)fflush(stdout);
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_true(fd >= 0);
    with_descriptor(STDOUT_FILENO, fd, write_to_stdout_by_name);
    assert_int_equal(close(fd), 0);
    assert_holds(path, "before by name by number direct");
}

static tb_status stdout_status;
static tb_error stdout_error;

static void write_to_full_stdout(void)
{
    stdout_status = tb_file_write_stdout("72\n", 3, &stdout_error);
    clearerr(stdout);
}

static void file__full_stdout_is_an_error(void **state)
{
    (void)state;
    (void)fflush(stdout);
    int fd = open("/dev/full", O_WRONLY);
    assert_true(fd >= 0);
    with_descriptor(STDOUT_FILENO, fd, write_to_full_stdout);
    assert_int_equal(close(fd), 0);
    tb_assert_fails(stdout_status, &stdout_error, TB_EIO, "No space left on device");
    assert_string_equal(stdout_error.file, "standard output");
}

static void file__pipes_are_written_in_place(void **state)
{
    (void)state;
    const char *path = tb_test_path("fifo");
    char got[8] = {0};
    tb_error err;
    assert_int_equal(mkfifo(path, 0600), 0);
    int fd = open(path, O_RDWR); /* Linux lets one process be both ends */
    assert_true(fd >= 0);
    tb_assert_ok(tb_file_replace(path, "72x96", 5, &err), &err);
    assert_int_equal(read(fd, got, sizeof got), 5);
    assert_string_equal(got, "72x96");
    assert_int_equal(close(fd), 0);
}

static void file__directories_are_made_once(void **state)
{
    (void)state;
    tb_error err;
    const char *path = tb_test_path("report");
    tb_assert_ok(tb_file_make_directory(path, &err), &err);
    assert_true(tb_file_is_directory(path));
    tb_assert_ok(tb_file_make_directory(path, &err), &err);
    tb_assert_fails(tb_file_make_directory(tb_test_path("a/b/c"), &err), &err, TB_EIO,
                    "the folder must exist");
    const char *file = tb_test_file("taken", "", 0);
    tb_assert_fails(tb_file_make_directory(file, &err), &err, TB_EIO, "a file has its name");
    assert_true(tb_file_exists(file));
    assert_false(tb_file_is_directory(file));
    assert_false(tb_file_exists(tb_test_path("a/b/c")));
    assert_false(tb_file_is_directory(tb_test_path("a/b/c")));
}

static void file__lists_names_of_a_suffix_in_order(void **state)
{
    (void)state;
    assert_int_equal(mkdir(tb_test_path("kernels"), 0777), 0);
    static const char *const made[] = {
        "kernels/fna.yaml", "kernels/cudnn.yaml", "kernels/README.md",    "kernels/.hidden.yaml",
        "kernels/fa3.yaml", "kernels/.yaml",      "kernels/fa3.yaml.bak", "kernels/fa3-72.yaml"};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        (void)tb_test_file(made[i], "", 0);
    }
    tb_arena *arena = tb_arena_create();
    const char *const *names = NULL;
    size_t count = 0;
    tb_error err;
    tb_assert_ok(tb_file_list(tb_test_path("kernels"), ".yaml", arena, &names, &count, &err), &err);
    assert_int_equal(count, 4);
    assert_string_equal(names[0], "cudnn");
    assert_string_equal(names[1], "fa3");
    assert_string_equal(names[2], "fa3-72");
    assert_string_equal(names[3], "fna");
    tb_assert_ok(tb_file_list(tb_test_path("kernels"), ".svg", arena, &names, &count, &err), &err);
    assert_int_equal(count, 0);
    tb_assert_fails(tb_file_list(tb_test_path("absent"), "", arena, &names, &count, &err), &err,
                    TB_EFILE, "cannot read: No such file or directory");
    tb_arena_destroy(arena);
}

TB_TESTS(cmocka_unit_test(file__reads_whole_files_of_every_size),
         cmocka_unit_test(file__unreadable_inputs_are_file_errors),
         cmocka_unit_test(file__dash_is_standard_input),
         cmocka_unit_test(file__pipes_have_the_limit_too),
         cmocka_unit_test(file__new_file_obeys_the_umask),
         cmocka_unit_test(file__replaced_file_keeps_its_permissions),
         cmocka_unit_test(file__symbolic_links_stay),
         cmocka_unit_test(file__failed_writes_leave_the_old_file),
         cmocka_unit_test(file__half_written_file_is_taken_back),
         cmocka_unit_test(file__signals_wait_for_the_rename),
         cmocka_unit_test(file__redirected_stdout_is_appended_to),
         cmocka_unit_test(file__full_stdout_is_an_error),
         cmocka_unit_test(file__pipes_are_written_in_place),
         cmocka_unit_test(file__directories_are_made_once),
         cmocka_unit_test(file__lists_names_of_a_suffix_in_order));
