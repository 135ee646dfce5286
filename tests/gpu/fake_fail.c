/* Calls that fail on demand, and the list of calls that were made. */
#include "fake_gpu.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MAX 256

/* What the environment said at the last call; counting begins again when it says something new. */
static struct {
    pthread_mutex_t lock;
    char wish[128]; /* TILEBOUND_TEST_FAIL */
    long seen;      /* calls of the one that it names */
    char path[512]; /* TILEBOUND_TEST_CALLS */
    const char *noted[NAMES_MAX];
    int notes;
} calls = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Copy a variable. Is it another text than before? */
static bool renew(const char *variable, char *copy, size_t capacity)
{
    const char *value = getenv(variable);
    value = value != NULL ? value : "";
    if (strncmp(copy, value, capacity - 1) == 0) {
        return false;
    }
    (void)snprintf(copy, capacity, "%s", value);
    return true;
}

/* One write of a whole line, so that several processes may share the file. */
static void append(const char *path, const char *text)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%.500s\n", text);
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0 || write(file, line, (size_t)length) != length) {
        perror(path);
    }
    if (file >= 0) {
        (void)close(file);
    }
}

static void note(const char *name)
{
    if (renew("TILEBOUND_TEST_CALLS", calls.path, sizeof calls.path)) {
        calls.notes = 0;
    }
    if (calls.path[0] == '\0') {
        return;
    }
    for (int i = 0; i < calls.notes; i++) {
        if (strcmp(calls.noted[i], name) == 0) {
            return;
        }
    }
    if (calls.notes < NAMES_MAX) {
        calls.noted[calls.notes++] = name;
        append(calls.path, name);
    }
}

/* NAME[:N[:CODE]] */
static int wished(const char *name)
{
    if (renew("TILEBOUND_TEST_FAIL", calls.wish, sizeof calls.wish)) {
        calls.seen = 0;
    }
    size_t length = strcspn(calls.wish, ":");
    if (length != strlen(name) || strncmp(calls.wish, name, length) != 0) {
        return 0;
    }
    const char *number = strchr(calls.wish, ':');
    const char *code = number != NULL ? strchr(number + 1, ':') : NULL;
    long nth = number != NULL ? strtol(number + 1, NULL, 10) : 1;
    if (++calls.seen != nth) {
        return 0;
    }
    return code != NULL ? (int)strtol(code + 1, NULL, 10) : -1;
}

int tb_fake_fail(const char *name)
{
    (void)pthread_mutex_lock(&calls.lock);
    note(name);
    int code = wished(name);
    (void)pthread_mutex_unlock(&calls.lock);
    return code;
}

void tb_fake_leak(const char *format, ...)
{
    char text[256];
    const char *path = getenv("TILEBOUND_TEST_LEAKS");
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "emulated GPU: leak: %s\n", text);
    if (path != NULL && path[0] != '\0') {
        append(path, text);
    }
}
