#include "kernel_log.h"

#include "buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_OF_A_PID 100 /* exec() keeps the number: each program has its own file */
#define LONGEST_NAME   65535
#define FIRST_SLOTS    256

struct tb_kernel_log {
    int file;
    bool failed;
    tb_buffer text;
    int64_t kernels;
    /* Names that were written: an open hash of numbers + 1 (0 = free) and the names. Templates have
     * names of kilobytes, and programs launch them a million times. */
    uint32_t *slots;
    size_t slot_count; /* a power of 2 */
    char **names;
    size_t name_count, name_capacity;
};

static int make_file(const char *folder, int64_t pid)
{
    for (int i = 1; i <= FILES_OF_A_PID; i++) {
        char path[1024];
        int length = snprintf(path, sizeof path, "%s/%lld-%d%s", folder, (long long)pid, i,
                              TB_KERNEL_LOG_SUFFIX);
        if (length < 0 || (size_t)length >= sizeof path) {
            return -1;
        }
        int file =
            open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (file >= 0 || errno != EEXIST) {
            return file;
        }
    }
    return -1;
}

tb_kernel_log *tb_kernel_log_create(const char *folder, int64_t pid)
{
    tb_kernel_log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return NULL;
    }
    log->slots = calloc(FIRST_SLOTS, sizeof *log->slots);
    log->slot_count = FIRST_SLOTS;
    log->file = log->slots != NULL ? make_file(folder, pid) : -1;
    if (log->file < 0) {
        free(log->slots);
        free(log);
        return NULL;
    }
    return log;
}

void tb_kernel_log_destroy(tb_kernel_log *log)
{
    if (log == NULL) {
        return;
    }
    (void)close(log->file);
    for (size_t i = 0; i < log->name_count; i++) {
        free(log->names[i]);
    }
    tb_buffer_free(&log->text);
    free(log->names);
    free(log->slots);
    free(log);
}

/* Text in a line: whatever would end a field or the line, or be none of ASCII, is a '?'. */
static void put_text(tb_kernel_log *log, const char *text, size_t length)
{
    char bytes[256];
    for (size_t i = 0; i < length;) {
        size_t used = 0;
        for (; used < sizeof bytes && i < length; i++) {
            unsigned char c = (unsigned char)text[i];
            bytes[used++] = c < 0x20 || c >= 0x7f ? '?' : text[i];
        }
        tb_buffer_append(&log->text, bytes, used);
    }
}

void tb_kernel_log_begin(tb_kernel_log *log, uint32_t cupti_version, bool is_emulated)
{
    tb_buffer_printf(&log->text, TB_KERNEL_LOG_SIGN "\t%d\t%lld\t%u\t%d\n", TB_KERNEL_LOG_VERSION,
                     (long long)getpid(), (unsigned)cupti_version, is_emulated);
}

void tb_kernel_log_text(tb_kernel_log *log, const char *word, const char *text)
{
    tb_buffer_printf(&log->text, "%s\t", word);
    put_text(log, text, strlen(text));
    tb_buffer_text(&log->text, "\n");
}

void tb_kernel_log_device(tb_kernel_log *log, uint32_t device, int cuda_version, const char *uuid,
                          const char *name)
{
    tb_buffer_printf(&log->text, "device\t%u\t%d\t%s\t", (unsigned)device, cuda_version, uuid);
    put_text(log, name, strlen(name));
    tb_buffer_text(&log->text, "\n");
}

/* FNV-1a */
static uint64_t hash(const char *text, size_t length)
{
    uint64_t value = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < length; i++) {
        value = (value ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    }
    return value;
}

/* The slot of a name, or the free one where it belongs. */
static size_t find_slot(const tb_kernel_log *log, const char *name, size_t length)
{
    size_t at = (size_t)hash(name, length) & (log->slot_count - 1);
    while (log->slots[at] != 0) {
        const char *there = log->names[log->slots[at] - 1];
        if (strncmp(there, name, length) == 0 && there[length] == '\0') {
            break;
        }
        at = (at + 1) & (log->slot_count - 1);
    }
    return at;
}

static bool grow(tb_kernel_log *log)
{
    size_t larger = log->name_capacity == 0 ? FIRST_SLOTS / 2 : 2 * log->name_capacity;
    char **names = realloc(log->names, larger * sizeof *names);
    if (names == NULL) {
        return false;
    }
    log->names = names;
    log->name_capacity = larger;
    uint32_t *slots = calloc(2 * larger, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    free(log->slots);
    log->slots = slots;
    log->slot_count = 2 * larger;
    for (size_t i = 0; i < log->name_count; i++) {
        log->slots[find_slot(log, log->names[i], strlen(log->names[i]))] = (uint32_t)(i + 1);
    }
    return true;
}

/* The number of a name, which is written when it is new. False when memory is exhausted. */
static bool number_name(tb_kernel_log *log, const char *name, uint32_t *out)
{
    size_t length = strlen(name);
    length = length < LONGEST_NAME ? length : LONGEST_NAME;
    if (log->name_count == log->name_capacity && !grow(log)) {
        return false;
    }
    size_t slot = find_slot(log, name, length);
    if (log->slots[slot] == 0) {
        char *kept = strndup(name, length);
        if (kept == NULL) {
            return false;
        }
        tb_buffer_printf(&log->text, "name\t%zu\t", log->name_count);
        put_text(log, name, length);
        tb_buffer_text(&log->text, "\n");
        log->names[log->name_count++] = kept;
        log->slots[slot] = (uint32_t)log->name_count;
    }
    *out = log->slots[slot] - 1;
    return true;
}

static void add_kernel(tb_kernel_log *log, const tb_kernel_record *kernel)
{
    uint32_t name = 0;
    if (log->failed || !number_name(log, kernel->name, &name)) {
        log->failed = true;
        return;
    }
    tb_buffer_printf(&log->text, "kernel\t%u\t%llu\t%llu\t%u\t%u\t%u", (unsigned)name,
                     (unsigned long long)kernel->start_ns, (unsigned long long)kernel->end_ns,
                     (unsigned)kernel->correlation, (unsigned)kernel->device,
                     (unsigned)kernel->stream);
    tb_buffer_printf(&log->text, "\t%lld\t%lld\t%lld", (long long)kernel->registers,
                     (long long)kernel->static_shared_bytes,
                     (long long)kernel->dynamic_shared_bytes);
    tb_buffer_printf(&log->text, "\t%lld\t%lld\t%lld\t%lld\t%lld\t%lld\n",
                     (long long)kernel->grid[0], (long long)kernel->grid[1],
                     (long long)kernel->grid[2], (long long)kernel->cta[0],
                     (long long)kernel->cta[1], (long long)kernel->cta[2]);
    log->kernels++;
}

void tb_kernel_log_add(tb_kernel_log *log, const tb_kernel_records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        add_kernel(log, &records->all[i]);
    }
    if (records->dropped > 0 || records->malformed > 0) {
        tb_buffer_printf(&log->text, "lost\t%lld\t%lld\n", (long long)records->dropped,
                         (long long)records->malformed);
    }
}

void tb_kernel_log_end(tb_kernel_log *log)
{
    tb_buffer_printf(&log->text, "ended\t%lld\n", (long long)log->kernels);
}

void tb_kernel_log_flush(tb_kernel_log *log)
{
    log->failed = log->failed || log->text.failed;
    for (size_t done = 0; !log->failed && done < log->text.length;) {
        ssize_t written = write(log->file, log->text.data + done, log->text.length - done);
        done += written > 0 ? (size_t)written : 0;
        log->failed = written < 0 && errno != EINTR;
    }
    log->text.length = 0; /* the room is kept */
}
