/* A user's own command line: unlike the programs of program.c it is seen, and may read. */
#include "program.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHELL "/bin/sh"

extern char **environ;

/* Does `setting` ("NAME=value") set the name of another one? */
static bool is_same_name(const char *setting, const char *other)
{
    size_t length = strcspn(setting, "=");
    return strncmp(setting, other, length + 1) == 0;
}

static bool is_set_by(const char *const *settings, const char *entry)
{
    for (size_t i = 0; settings[i] != NULL; i++) {
        if (is_same_name(settings[i], entry)) {
            return true;
        }
    }
    return false;
}

/* Our environment with the settings; one block, malloc'd. exec takes char *const[], and leaves them
 * alone, so the settings are copied behind the pointers. */
static char **make_environment(const char *const *settings)
{
    size_t count = 0, added = 0, bytes = 0;
    while (environ != NULL && environ[count] != NULL) {
        count++;
    }
    for (; settings[added] != NULL; added++) {
        bytes += strlen(settings[added]) + 1;
    }
    char **made = malloc((count + added + 1) * sizeof *made + bytes);
    if (made == NULL) {
        return NULL;
    }
    char *text = (char *)(made + count + added + 1);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_set_by(settings, environ[i])) {
            made[used++] = environ[i];
        }
    }
    for (size_t i = 0; i < added; i++) {
        size_t length = strlen(settings[i]) + 1;
        made[used++] = memcpy(text, settings[i], length);
        text += length;
    }
    made[used] = NULL;
    return made;
}

/* No signal blocked, and those that we may ignore as they are by default. 0 or an errno. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, defaults;
    (void)sigemptyset(&none);
    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGINT);
    (void)sigaddset(&defaults, SIGPIPE);
    int failure = posix_spawnattr_setsigmask(attributes, &none);
    failure = failure == 0 ? posix_spawnattr_setsigdefault(attributes, &defaults) : failure;
    return failure == 0 ? posix_spawnattr_setflags(attributes,
                                                   POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
                        : failure;
}

/* 0 or an errno. */
static int start(const char *command, char *const *environment, pid_t *child)
{
    char name[] = "sh", option[] = "-c";
    char *line = strdup(command);
    char *const arguments[] = {name, option, line, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (line == NULL) {
        return ENOMEM;
    }
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure != 0) {
        free(line);
        return failure;
    }
    failure = posix_spawnattr_init(&attributes);
    if (failure == 0) {
        failure = set_signals(&attributes);
        if (failure == 0) {
            failure = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
        }
        if (failure == 0) {
            failure = posix_spawn(child, SHELL, &actions, &attributes, arguments, environment);
        }
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    free(line);
    return failure;
}

tb_status tb_program_shell(const char *command, const char *const *settings, int *code,
                           tb_error *err)
{
    pid_t child = 0;
    int state = 0;
    char **environment = make_environment(settings);
    int failure = environment == NULL ? ENOMEM : start(command, environment, &child);
    free(environment);
    if (failure == ENOMEM) {
        return tb_fail(err, TB_ENOMEM, "no memory to run %s", command);
    }
    while (failure == 0 && waitpid(child, &state, 0) < 0) {
        failure = errno == EINTR ? 0 : errno;
    }
    if (failure != 0) {
        return tb_fail(err, TB_EIO, "cannot run " SHELL ": %s", strerror(failure));
    }
    *code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
    return TB_OK;
}
