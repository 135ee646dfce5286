#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define CODE_NOT_STARTED 127 /* as a shell has it */

bool tb_program_first_line(const char *command, char *line, size_t capacity)
{
    FILE *pipe = popen(command, "r");
    if (pipe == NULL) {
        return false;
    }
    bool found = fgets(line, (int)capacity, pipe) != NULL;
    while (fgetc(pipe) != EOF) { /* let it finish: a closed pipe would fail it */
    }
    found = pclose(pipe) == 0 && found;
    if (found) {
        line[strcspn(line, "\n")] = '\0';
    }
    return found;
}

/* The file that the PATH has for a program, or that its name has, with a folder in it; malloc'd,
 * NULL when there is none. */
static char *find_on_path(const char *name)
{
    const char *at = getenv("PATH");
    size_t length = strlen(name);
    if (strchr(name, '/') != NULL) {
        return access(name, X_OK) == 0 ? strdup(name) : NULL;
    }
    while (at != NULL && *at != '\0') {
        size_t folder = strcspn(at, ":");
        char *path = malloc(folder + length + 2);
        if (path == NULL) {
            return NULL;
        }
        memcpy(path, at, folder);
        path[folder] = '/';
        memcpy(path + folder + 1, name, length + 1);
        if (folder > 0 && access(path, X_OK) == 0) {
            return path;
        }
        free(path);
        at += folder + (at[folder] == ':');
    }
    return NULL;
}

/* What the child does between fork and exec: only what POSIX allows there when other threads may
 * have held locks. posix_spawn() cannot serve: POSIX 2008 has no way for it to change folder. */
static void become(const char *path, char *const *arguments, const char *folder, int null,
                   int output, int errors)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (chdir(folder) == 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(errors, STDERR_FILENO) >= 0) {
        (void)execv(path, arguments);
    }
    _exit(CODE_NOT_STARTED);
}

static void read_all(int from, tb_buffer *out)
{
    char bytes[4096];
    for (;;) {
        ssize_t length = read(from, bytes, sizeof bytes);
        if (length > 0) {
            tb_buffer_append(out, bytes, (size_t)length);
        } else if (length == 0 || errno != EINTR) {
            return;
        }
    }
}

static int wait_for(pid_t child)
{
    int state = 0;
    while (waitpid(child, &state, 0) < 0) {
        if (errno != EINTR) {
            return CODE_NOT_STARTED;
        }
    }
    return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

/* Keep what goes to one of the standard streams. 0 or an errno. */
static int run_in(const char *path, char *const *arguments, const char *folder, int stream,
                  tb_buffer *kept, int *code)
{
    int ends[2];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) {
        return errno;
    }
    if (pipe(ends) != 0) {
        int failure = errno;
        (void)close(null);
        return failure;
    }
    /* another thread's child must not hold this pipe open past our own's end */
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    pid_t child = fork();
    int failure = child < 0 ? errno : 0;
    if (child == 0) {
        become(path, arguments, folder, null, stream == STDOUT_FILENO ? ends[1] : null,
               stream == STDERR_FILENO ? ends[1] : null);
    }
    (void)close(null);
    (void)close(ends[1]);
    if (child > 0) {
        read_all(ends[0], kept);
        *code = wait_for(child);
    }
    (void)close(ends[0]);
    return failure;
}

/* exec takes char *const[], and leaves them alone. */
static char **copy_arguments(const char *const *arguments)
{
    size_t count = 0, bytes = 0;
    for (; arguments[count] != NULL; count++) {
        bytes += strlen(arguments[count]) + 1;
    }
    char **copy = malloc((count + 1) * sizeof *copy + bytes);
    if (copy == NULL) {
        return NULL;
    }
    char *text = (char *)(copy + count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(arguments[i]) + 1;
        copy[i] = memcpy(text, arguments[i], length);
        text += length;
    }
    copy[count] = NULL;
    return copy;
}

static tb_status run_program(const char *const *arguments, const char *folder, int stream,
                             tb_buffer *kept, int *code, tb_error *err)
{
    char *path = find_on_path(arguments[0]);
    if (path == NULL) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       strchr(arguments[0], '/') ? "there is no program %s"
                                                 : "%s is not on the PATH",
                       arguments[0]);
    }
    char **copy = copy_arguments(arguments);
    int failure = copy == NULL ? ENOMEM : run_in(path, copy, folder, stream, kept, code);
    free(copy);
    free(path);
    if (failure == ENOMEM) {
        return tb_fail(err, TB_ENOMEM, "no memory to run %s", arguments[0]);
    }
    return failure == 0
               ? tb_buffer_check(kept, err)
               : tb_fail(err, TB_EIO, "cannot run %s: %s", arguments[0], strerror(failure));
}

tb_status tb_program_run(const char *const *arguments, const char *folder, tb_buffer *errors,
                         int *code, tb_error *err)
{
    return run_program(arguments, folder, STDERR_FILENO, errors, code, err);
}

tb_status tb_program_read(const char *const *arguments, const char *folder, tb_buffer *output,
                          int *code, tb_error *err)
{
    return run_program(arguments, folder, STDOUT_FILENO, output, code, err);
}
