#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Below this a copy is as fast as a mapping, and no other process can cut it short. */
#define LEAST_MAPPED_BYTES ((off_t)1 << 20)

#define FIRST_READ_BYTES ((size_t)64 << 10)

const char *tb_file_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static tb_status fail_read(const char *path, tb_error *err)
{
    const char *advice = errno == ENOENT   ? "; give the path of a file that exists"
                         : errno == EACCES ? "; give a file that you may read"
                                           : "";
    return tb_fail_at(err, TB_EFILE, tb_file_name(path), 0, 0, "cannot read: %s%s", strerror(errno),
                      advice);
}

static tb_status fail_too_large(const char *path, size_t max_bytes, tb_error *err)
{
    return tb_fail_at(err, TB_EFILE, tb_file_name(path), 0, 0,
                      "too large; at most %zu bytes are read", max_bytes);
}

static tb_status map_file(int fd, const char *path, size_t length, tb_file_bytes *out,
                          tb_error *err)
{
    void *data = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        return fail_read(path, err);
    }
    (void)posix_madvise(data, length, POSIX_MADV_SEQUENTIAL);
    *out = (tb_file_bytes){.data = data, .length = length, .owned = data, .mapped = true};
    return TB_OK;
}

/* Grow `data` to hold more than `length` bytes; it stays the caller's when memory is exhausted. */
static bool grow(unsigned char **data, size_t *capacity)
{
    if (*capacity > SIZE_MAX / 2) {
        return false;
    }
    size_t larger = *capacity == 0 ? FIRST_READ_BYTES : *capacity * 2;
    unsigned char *moved = realloc(*data, larger);
    if (moved == NULL) {
        return false;
    }
    *data = moved;
    *capacity = larger;
    return true;
}

/* Read to the end; what fstat() said of the size is no promise (pipes, /proc). */
static tb_status read_stream(int fd, const char *path, size_t max_bytes, tb_file_bytes *out,
                             tb_error *err)
{
    tb_status status = TB_OK;
    unsigned char *data = NULL;
    size_t length = 0, capacity = 0;
    for (;;) {
        if (length == capacity && !grow(&data, &capacity)) {
            status = tb_fail(err, TB_ENOMEM, "no memory to read %s", tb_file_name(path));
            break;
        }
        ssize_t got = read(fd, data + length, capacity - length);
        if (got < 0 && errno != EINTR) {
            status = fail_read(path, err);
            break;
        }
        if (got == 0) {
            *out = (tb_file_bytes){.data = data, .length = length, .owned = data};
            return TB_OK;
        }
        length += got > 0 ? (size_t)got : 0;
        if (length > max_bytes) {
            status = fail_too_large(path, max_bytes, err);
            break;
        }
    }
    free(data);
    return status;
}

static tb_status read_descriptor(int fd, const char *path, size_t max_bytes, tb_file_bytes *out,
                                 tb_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return fail_read(path, err);
    }
    if (S_ISDIR(info.st_mode)) {
        return tb_fail_at(err, TB_EFILE, tb_file_name(path), 0, 0,
                          "is a directory; give the path of a file");
    }
    if (S_ISREG(info.st_mode) && (uintmax_t)info.st_size > max_bytes) {
        return fail_too_large(path, max_bytes, err);
    }
    /* A mapping starts at the file's first byte; standard input may have been read already. */
    bool from_start = strcmp(path, "-") != 0;
    if (S_ISREG(info.st_mode) && from_start && info.st_size >= LEAST_MAPPED_BYTES) {
        return map_file(fd, path, (size_t)info.st_size, out, err);
    }
    return read_stream(fd, path, max_bytes, out, err);
}

tb_status tb_file_read(const char *path, size_t max_bytes, tb_file_bytes *out, tb_error *err)
{
    if (strcmp(path, "-") == 0) {
        return read_descriptor(STDIN_FILENO, path, max_bytes, out, err);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail_read(path, err);
    }
    tb_status status = read_descriptor(fd, path, max_bytes, out, err);
    (void)close(fd);
    return status;
}

void tb_file_release(tb_file_bytes *bytes)
{
    if (bytes->mapped) {
        (void)munmap(bytes->owned, bytes->length);
    } else {
        free(bytes->owned);
    }
    *bytes = (tb_file_bytes){0};
}

bool tb_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool tb_file_is_same(const char *a, const char *b)
{
    struct stat of_a, of_b;
    return strcmp(a, b) == 0 || (stat(a, &of_a) == 0 && stat(b, &of_b) == 0 &&
                                 of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino);
}

bool tb_file_is_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The names found so far; an arena cannot grow an array, so they are chained first. */
typedef struct found {
    struct found *next;
    const char *name;
} found;

static bool take_name(const char *name, const char *suffix, tb_arena *arena, found **all,
                      size_t *count)
{
    size_t length = strlen(name), ending = strlen(suffix);
    if (name[0] == '.' || length <= ending || strcmp(name + length - ending, suffix) != 0) {
        return true;
    }
    found *made = tb_arena_alloc(arena, sizeof *made);
    char *stem = tb_arena_text(arena, name, length - ending);
    if (made == NULL || stem == NULL) {
        return false;
    }
    *made = (found){.next = *all, .name = stem};
    *all = made;
    (*count)++;
    return true;
}

/* Chain the names of an open directory; 0, or the errno of what failed. */
static int take_names(DIR *open_directory, const char *suffix, tb_arena *arena, found **all,
                      size_t *count)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(open_directory);
        if (entry == NULL) {
            return errno;
        }
        if (!take_name(entry->d_name, suffix, arena, all, count)) {
            return ENOMEM;
        }
    }
}

static int by_text(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    return strcmp(*left, *right);
}

tb_status tb_file_list(const char *directory, const char *suffix, tb_arena *arena,
                       const char *const **names, size_t *count, tb_error *err)
{
    DIR *open_directory = opendir(directory);
    if (open_directory == NULL) {
        return fail_read(directory, err);
    }
    found *all = NULL;
    size_t taken = 0;
    int failure = take_names(open_directory, suffix, arena, &all, &taken);
    (void)closedir(open_directory);
    const char **sorted = failure == 0 ? tb_arena_array(arena, taken, sizeof(const char *)) : NULL;
    if (failure != 0 && failure != ENOMEM) {
        errno = failure;
        return fail_read(directory, err);
    }
    if (sorted == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory to list %s", directory);
    }
    size_t i = 0;
    for (const found *f = all; f != NULL; f = f->next) {
        sorted[i++] = f->name;
    }
    qsort(sorted, taken, sizeof *sorted, by_text);
    *names = sorted;
    *count = taken;
    return TB_OK;
}
