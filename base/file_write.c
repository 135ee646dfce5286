#include "file.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many links in a row as Linux follows. */
#define MOST_LINKS 40

/* Temporary names tried before giving up; one is taken only by a crash of a process with our id. */
#define MOST_NAMES 100

static const char *write_advice(int failure)
{
    switch (failure) {
    case ENOENT:
    case ENOTDIR:
        return "; the folder must exist";
    case EISDIR:
        return "; give the path of a file";
    case EACCES:
    case EPERM:
    case EROFS:
        return "; give a place that you may write to";
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return "; make room or give another place";
    default:
        return "";
    }
}

static tb_status fail_write(const char *path, int failure, tb_error *err)
{
    if (failure == ENOMEM) {
        return tb_fail(err, TB_ENOMEM, "no memory to write %s", path);
    }
    return tb_fail_at(err, TB_EIO, path, 0, 0, "cannot write: %s%s", strerror(failure),
                      write_advice(failure));
}

/* "directory of `path`" + "/" + name, or just the name when absolute; malloc'd. */
static char *beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    size_t folder = slash == NULL || name[0] == '/' ? 0 : (size_t)(slash - path) + 1;
    size_t length = strlen(name);
    char *joined = malloc(folder + length + 1);
    if (joined != NULL) {
        memcpy(joined, path, folder);
        memcpy(joined + folder, name, length + 1);
    }
    return joined;
}

/* What `path` names once its last component is no symbolic link (it may not exist yet); malloc'd.
 * NULL with errno set. realpath() cannot serve: it wants the target to exist. */
static char *follow_links(const char *path)
{
    char target[4096];
    char *at = beside("", path);
    for (int links = 0; at != NULL; links++) {
        ssize_t length = readlink(at, target, sizeof target);
        if (length < 0) {
            return at; /* no link, or absent: opening it says what is wrong */
        }
        if (links == MOST_LINKS || (size_t)length == sizeof target) {
            free(at);
            errno = links == MOST_LINKS ? ELOOP : ENAMETOOLONG;
            return NULL;
        }
        target[length] = '\0';
        char *next = beside(at, target);
        free(at);
        at = next;
    }
    errno = ENOMEM;
    return NULL;
}

/* What is to be written: all of it, or part after part. */
typedef struct content {
    const void *data;
    size_t length;
    tb_file_more_fn *more; /* NULL: that was all */
    void *user;
    tb_status status; /* of `more` */
    tb_error *err;
} content;

/* 0 or an errno. */
static int write_part(int fd, const void *data, size_t length)
{
    const unsigned char *at = data;
    while (length > 0) {
        ssize_t written = write(fd, at, length);
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        if (written > 0) {
            at += written;
            length -= (size_t)written;
        }
    }
    return 0;
}

/* 0 or an errno; ECANCELED when `more` failed. */
static int write_all(int fd, content *what)
{
    int failure = write_part(fd, what->data, what->length);
    while (failure == 0 && what->more != NULL) {
        what->status = what->more(what->user, &what->data, &what->length, what->err);
        if (what->status != TB_OK) {
            return ECANCELED;
        }
        if (what->length == 0) {
            break;
        }
        failure = write_part(fd, what->data, what->length);
    }
    return failure;
}

/* Write and close; 0 or an errno. A file system may report a full disk at the close only. */
static int write_and_close(int fd, content *what)
{
    int failure = write_all(fd, what);
    if (close(fd) != 0 && failure == 0 && errno != EINTR) {
        failure = errno;
    }
    return failure;
}

static int write_in_place(const char *target, content *what)
{
    int fd = open(target, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return fd < 0 ? errno : write_and_close(fd, what);
}

/* Create a file of a fresh name beside `target`. open() rather than mkstemp(), so that the kernel
 * applies the umask: reading it would mean setting it, for all threads. */
static int create_beside(const char *target, mode_t mode, char **name, int *fd)
{
    for (int attempt = 0; attempt < MOST_NAMES; attempt++) {
        char text[64];
        (void)snprintf(text, sizeof text, ".tilebound-%ld-%d.tmp", (long)getpid(), attempt);
        char *fresh = beside(target, text);
        if (fresh == NULL) {
            return ENOMEM;
        }
        *fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (*fd >= 0) {
            *name = fresh;
            return 0;
        }
        int failure = errno;
        free(fresh);
        if (failure != EEXIST) {
            return failure;
        }
    }
    return EEXIST;
}

/* Give the new file the old one's permissions and, where we may, its owner. 0 or an errno. */
static int keep_ownership(int fd, const struct stat *old)
{
    struct stat made;
    if (fstat(fd, &made) != 0) {
        return errno;
    }
    bool other_owner = made.st_uid != old->st_uid || made.st_gid != old->st_gid;
    if (other_owner && fchown(fd, old->st_uid, old->st_gid) != 0 && errno != EPERM) {
        return errno;
    }
    return fchmod(fd, old->st_mode & 0777) == 0 ? 0 : errno;
}

static int write_and_rename(const char *target, const struct stat *old, content *what)
{
    char *name = NULL;
    int fd = -1;
    /* A replaced file may be secret: narrow from the start, widened to the old permissions below.
     */
    int failure = create_beside(target, old == NULL ? 0666 : 0600, &name, &fd);
    if (failure != 0) {
        return failure;
    }
    failure = old == NULL ? 0 : keep_ownership(fd, old);
    int written = write_and_close(fd, what);
    failure = failure == 0 ? written : failure;
    if (failure == 0 && rename(name, target) != 0) {
        failure = errno;
    }
    if (failure != 0) {
        (void)unlink(name);
    }
    free(name);
    return failure;
}

/* All signals but those that an error of this thread raises, which must not be held back. */
static void block_signals(sigset_t *before)
{
    static const int own_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigset_t blocked;
    (void)sigfillset(&blocked);
    for (size_t i = 0; i < sizeof own_faults / sizeof own_faults[0]; i++) {
        (void)sigdelset(&blocked, own_faults[i]);
    }
    (void)pthread_sigmask(SIG_SETMASK, &blocked, before);
}

static int replace_regular(const char *target, const struct stat *old, content *what)
{
    /* The rename needs only the folder's permission, but a read-only file is meant to stay. */
    if (old != NULL && faccessat(AT_FDCWD, target, W_OK, AT_EACCESS) != 0) {
        return errno;
    }
    sigset_t before;
    block_signals(&before);
    int failure = write_and_rename(target, old, what);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

/* Replace what `path` names, through symbolic links, which stay. 0 or an errno. */
static int replace_behind_links(const char *path, const struct stat *old, content *what)
{
    char *target = follow_links(path);
    int failure = target == NULL ? errno : replace_regular(target, old, what);
    free(target);
    return failure;
}

/* The descriptor that `path` names (/dev/stdout, /dev/fd/3), or -1. Opened by name, a redirected
 * standard output would be overwritten from its beginning. */
static int descriptor_of(const char *path)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    if (strcmp(path, "/dev/stdout") == 0) {
        return STDOUT_FILENO;
    }
    if (strcmp(path, "/dev/stderr") == 0) {
        return STDERR_FILENO;
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        size_t length = strlen(folders[i]);
        int64_t fd;
        if (strncmp(path, folders[i], length) == 0 && tb_text_int(path + length, &fd) && fd >= 0 &&
            fd <= INT_MAX) {
            return (int)fd;
        }
    }
    return -1;
}

static int replace_any(const char *path, content *what)
{
    struct stat old;
    if (stat(path, &old) != 0) {
        return errno == ENOENT ? replace_behind_links(path, NULL, what) : errno;
    }
    if (S_ISDIR(old.st_mode)) {
        return EISDIR;
    }
    if (!S_ISREG(old.st_mode)) {
        return write_in_place(path, what);
    }
    return replace_behind_links(path, &old, what);
}

tb_status tb_file_replace(const char *path, const void *data, size_t length, tb_error *err)
{
    int fd = descriptor_of(path);
    if (fd == STDOUT_FILENO) {
        return tb_file_write_stdout(data, length, err); /* after what stdio still holds */
    }
    content what = {.data = data, .length = length};
    int failure = fd >= 0 ? write_all(fd, &what) : replace_any(path, &what);
    return failure == 0 ? TB_OK : fail_write(path, failure, err);
}

static tb_status write_stdout_by_parts(content *what)
{
    while (what->status == TB_OK) {
        what->status = what->more(what->user, &what->data, &what->length, what->err);
        if (what->status != TB_OK || what->length == 0) {
            break;
        }
        what->status = tb_file_write_stdout(what->data, what->length, what->err);
    }
    return what->status;
}

tb_status tb_file_replace_by_parts(const char *path, tb_file_more_fn *more, void *user,
                                   tb_error *err)
{
    content what = {.more = more, .user = user, .err = err};
    int fd = path != NULL ? descriptor_of(path) : STDOUT_FILENO;
    if (fd == STDOUT_FILENO) {
        return write_stdout_by_parts(&what);
    }
    int failure = fd >= 0 ? write_all(fd, &what) : replace_any(path, &what);
    if (what.status != TB_OK) {
        return what.status;
    }
    return failure == 0 ? TB_OK : fail_write(path, failure, err);
}

tb_status tb_file_write_stdout(const void *data, size_t length, tb_error *err)
{
    errno = 0;
    size_t written = length == 0 ? 0 : fwrite(data, 1, length, stdout);
    if (written != length || fflush(stdout) != 0) {
        return fail_write("standard output", errno == 0 ? EIO : errno, err);
    }
    return TB_OK;
}

tb_status tb_file_make_directory(const char *path, tb_error *err)
{
    if (mkdir(path, 0777) == 0) {
        return TB_OK;
    }
    int failure = errno;
    if (failure == EEXIST && tb_file_is_directory(path)) {
        return TB_OK;
    }
    if (failure == EEXIST) {
        return tb_fail_at(err, TB_EIO, path, 0, 0,
                          "cannot make this folder: a file has its name; give another path");
    }
    return fail_write(path, failure, err);
}
