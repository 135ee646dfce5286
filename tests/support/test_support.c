#include "test_support.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A fixed seed makes a failure repeat; $TB_SEED explores. */
#define DEFAULT_SEED 20250422UL

void tb_assert_close_at(double value, double want, double rel, const char *what, const char *file,
                        int line)
{
    if (!(fabs(value - want) <= rel * fabs(want))) {
        print_error("%s is %.17g; wanted %.17g within %g\n", what, value, want, rel);
        _fail(file, line);
    }
}

void tb_assert_ok_at(tb_status status, const tb_error *err, const char *what, const char *file,
                     int line)
{
    if (status != TB_OK) {
        print_error("%s: %s: %s:%d:%d: %s\n", what, tb_status_name(status), err->file, err->line,
                    err->column, err->message);
        _fail(file, line);
    }
}

void tb_assert_fails_at(tb_status status, const tb_error *err, tb_status code, const char *part,
                        const char *what, const char *file, int line)
{
    if (status != code || err->code != code) {
        print_error("%s: %s, error %s; wanted %s\n", what, tb_status_name(status),
                    tb_status_name(err->code), tb_status_name(code));
        _fail(file, line);
    }
    if (strstr(err->message, part) == NULL) {
        print_error("%s: message '%s'; wanted '%s' in it\n", what, err->message, part);
        _fail(file, line);
    }
}

void tb_assert_position_at(const tb_error *err, int error_line, int error_column, const char *file,
                           int line)
{
    if (err->line != error_line || err->column != error_column) {
        print_error("position %d:%d; wanted %d:%d (%s)\n", err->line, err->column, error_line,
                    error_column, err->message);
        _fail(file, line);
    }
}

gsl_rng *tb_test_random(void)
{
    const char *set = getenv("TB_SEED");
    unsigned long seed = set == NULL ? DEFAULT_SEED : strtoul(set, NULL, 10);
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    assert_non_null(random);
    gsl_rng_set(random, seed);
    print_message("TB_SEED=%lu\n", seed);
    return random;
}

int64_t tb_test_between(gsl_rng *random, int64_t low, int64_t high)
{
    return low + (int64_t)gsl_rng_uniform_int(random, (unsigned long)(high - low + 1));
}

/* The paths given out, so that they can be freed at exit: a leak checker runs then. */
typedef struct given_path {
    struct given_path *next;
    char text[];
} given_path;

static char directory[256];
static pid_t owner;
static given_path *given;

/* nftw() would do, but is XSI, not POSIX. */
static void remove_tree(const char *path)
{
    DIR *open_directory = opendir(path);
    const struct dirent *entry;
    char inside[1024];
    while (open_directory != NULL && (entry = readdir(open_directory)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            (void)snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
            struct stat info;
            bool folder = lstat(inside, &info) == 0 && S_ISDIR(info.st_mode);
            if (folder) {
                remove_tree(inside);
            } else {
                (void)unlink(inside);
            }
        }
    }
    if (open_directory != NULL) {
        (void)closedir(open_directory);
    }
    (void)rmdir(path);
}

static void remove_directory(void)
{
    if (getpid() == owner) { /* a forked child of a test leaves it alone */
        remove_tree(directory);
    }
    while (given != NULL) {
        given_path *next = given->next;
        free(given);
        given = next;
    }
}

static void make_directory(void)
{
    const char *parent = getenv("TMPDIR");
    (void)snprintf(directory, sizeof directory, "%s/tilebound-test-XXXXXX",
                   parent == NULL ? "/tmp" : parent);
    assert_non_null(mkdtemp(directory));
    owner = getpid();
    assert_int_equal(atexit(remove_directory), 0);
}

const char *tb_test_path(const char *name)
{
    if (directory[0] == '\0') {
        make_directory();
    }
    size_t size = strlen(directory) + strlen(name) + 2;
    given_path *path = malloc(sizeof *path + size);
    assert_non_null(path);
    (void)snprintf(path->text, size, "%s%s%s", directory, name[0] == '\0' ? "" : "/", name);
    path->next = given;
    given = path;
    return path->text;
}

const char *tb_test_file(const char *name, const void *data, size_t length)
{
    const char *path = tb_test_path(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

const char *tb_test_variant(const char *name, const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    size_t size = strlen(text) - strlen(from) + strlen(to) + 1;
    char *changed = malloc(size);
    assert_non_null(changed);
    (void)snprintf(changed, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    const char *path = tb_test_file(name, changed, size - 1);
    free(changed);
    return path;
}

void tb_test_refusals(const char *name, const char *text, const tb_test_refusal *refusals,
                      size_t count, tb_test_loader *load)
{
    for (size_t i = 0; i < count; i++) {
        const tb_test_refusal *r = &refusals[i];
        const char *path = tb_test_variant(name, text, r->from, r->to);
        tb_error err;
        tb_assert_fails(load(path, &err), &err, TB_EFILE, r->message);
        tb_assert_position(&err, r->line, r->column);
        assert_string_equal(err.file, path);
    }
    print_message("%zu refusals\n", count);
}

char *tb_test_read(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    char *data = calloc((size_t)size + 1, 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, (size_t)size, file), size);
    assert_int_equal(fclose(file), 0);
    if (length != NULL) {
        *length = (size_t)size;
    }
    return data;
}
