#include "exec_records.h"

#include "file.h"
#include "kernel_log.h"
#include "kernel_name.h"
#include "text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES   ((size_t)4 << 30)
#define MOST_FIELDS 16
#define FIRST_ROOM  64
#define NS_PER_US   1e3

/* A file at one of its lines. */
typedef struct parser {
    tb_exec_records *to;
    const char *name; /* of the file */
    tb_error *err;
    size_t process; /* that it is of */
    size_t first_kernel;
    size_t *names; /* number in the file -> index; owned */
    size_t name_count, name_capacity;
    int line;
    const char *begin;               /* of the line */
    const char *fields[MOST_FIELDS]; /* after its word */
    size_t lengths[MOST_FIELDS];
    size_t field_count; /* the last one has what lies beyond, tabs and all */
} parser;

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for the kernels of a program");
}

tb_status tb_exec_records_create(tb_exec_records **out, tb_error *err)
{
    tb_exec_records *made = calloc(1, sizeof *made);
    if (made != NULL) {
        made->arena = tb_arena_create();
    }
    if (made == NULL || made->arena == NULL) {
        free(made);
        return no_memory(err);
    }
    *out = made;
    return TB_OK;
}

void tb_exec_records_destroy(tb_exec_records *records)
{
    if (records == NULL) {
        return;
    }
    free(records->kernels);
    free(records->names);
    free(records->processes);
    tb_arena_destroy(records->arena);
    free(records);
}

double tb_exec_kernel_us(const tb_exec_kernel *kernel)
{
    bool is_good = kernel->start_ns > 0 && kernel->end_ns > kernel->start_ns;
    return is_good ? (double)(kernel->end_ns - kernel->start_ns) / NS_PER_US : 0;
}

/* Room for one more of `*count` elements; NULL when memory is exhausted. */
static void *make_room(void *all, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return all;
    }
    size_t larger = *capacity == 0 ? FIRST_ROOM : 2 * *capacity;
    void *grown = larger > SIZE_MAX / size ? NULL : realloc(all, larger * size);
    *capacity = grown != NULL ? larger : *capacity;
    return grown;
}

static tb_status fail_at_field(const parser *p, size_t field, const char *what)
{
    const char *at = field < p->field_count ? p->fields[field] : p->begin;
    return tb_fail_at(p->err, TB_EFILE, p->name, p->line, (int)(at - p->begin) + 1,
                      "%s; the collector and this command must be of one version", what);
}

/* Cut [begin, end) at its tabs, into at most `most` fields. */
static void split(parser *p, const char *begin, const char *end, size_t most)
{
    p->field_count = 0;
    while (p->field_count < most) {
        const char *tab =
            p->field_count + 1 < most ? memchr(begin, '\t', (size_t)(end - begin)) : NULL;
        p->fields[p->field_count] = begin;
        p->lengths[p->field_count++] = (size_t)((tab != NULL ? tab : end) - begin);
        if (tab == NULL) {
            return;
        }
        begin = tab + 1;
    }
}

/* Plain digits that fit an int64_t. */
static bool read_number(const char *text, size_t length, int64_t *out)
{
    char digits[24];
    if (length == 0 || length >= sizeof digits || text[0] == '-') {
        return false;
    }
    memcpy(digits, text, length);
    digits[length] = '\0';
    return tb_text_int(digits, out);
}

static tb_status need_fields(const parser *p, size_t count)
{
    return p->field_count == count ? TB_OK : fail_at_field(p, 0, "a line of other fields");
}

/* All fields from `first` on as numbers. */
static tb_status read_numbers(const parser *p, size_t first, size_t count, int64_t *out)
{
    tb_status status = need_fields(p, first + count);
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        if (!read_number(p->fields[first + i], p->lengths[first + i], &out[i])) {
            status = fail_at_field(p, first + i, "not a number of a kernel");
        }
    }
    return status;
}

static tb_status keep(const parser *p, size_t field, const char **out)
{
    *out = tb_arena_text(p->to->arena, p->fields[field], p->lengths[field]);
    return *out != NULL ? TB_OK : no_memory(p->err);
}

static tb_exec_process *process_of(const parser *p)
{
    return &p->to->processes[p->process];
}

/* tilebound-kernels VERSION PID CUPTI_VERSION EMULATED */
static tb_status read_first(parser *p)
{
    int64_t numbers[4];
    size_t length = strlen(TB_KERNEL_LOG_SIGN);
    if (p->field_count == 0 || p->lengths[0] != length ||
        memcmp(p->fields[0], TB_KERNEL_LOG_SIGN, length) != 0) {
        return fail_at_field(p, 0, "not a file of the collector");
    }
    tb_status status = read_numbers(p, 1, 4, numbers);
    if (status == TB_OK && numbers[0] != TB_KERNEL_LOG_VERSION) {
        return fail_at_field(p, 1, "a file of another version");
    }
    if (status != TB_OK) {
        return status;
    }
    tb_exec_process *grown = realloc(p->to->processes, (p->to->process_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return no_memory(p->err);
    }
    p->to->processes = grown;
    p->process = p->to->process_count++;
    grown[p->process] = (tb_exec_process){
        .pid = numbers[1], .cupti_version = numbers[2], .is_emulated = numbers[3] != 0};
    return TB_OK;
}

static tb_status add_name(parser *p, size_t *out)
{
    tb_exec_records *to = p->to;
    for (size_t i = 0; i < to->name_count; i++) { /* another process may have it */
        const char *there = to->names[i].mangled;
        if (strncmp(there, p->fields[2], p->lengths[2]) == 0 && there[p->lengths[2]] == '\0') {
            *out = i;
            return TB_OK;
        }
    }
    tb_exec_name *grown =
        make_room(to->names, to->name_count, &to->name_capacity, sizeof *to->names);
    if (grown == NULL) {
        return no_memory(p->err);
    }
    to->names = grown;
    tb_exec_name *name = &grown[to->name_count];
    tb_status status = keep(p, 2, &name->mangled);
    if (status == TB_OK) {
        status =
            tb_kernel_demangle(name->mangled, to->arena, &name->text, &to->is_demangled, p->err);
    }
    *out = to->name_count;
    to->name_count += status == TB_OK;
    return status;
}

/* name NUMBER MANGLED_NAME */
static tb_status read_name(parser *p)
{
    int64_t number = 0;
    tb_status status = need_fields(p, 3);
    if (status != TB_OK) {
        return status;
    }
    if (!read_number(p->fields[1], p->lengths[1], &number) || number != (int64_t)p->name_count) {
        return fail_at_field(p, 1, "not the next number of a name");
    }
    size_t *grown = make_room(p->names, p->name_count, &p->name_capacity, sizeof *p->names);
    if (grown == NULL) {
        return no_memory(p->err);
    }
    p->names = grown;
    return add_name(p, &p->names[p->name_count++]);
}

static tb_status read_kernel(parser *p)
{
    tb_exec_records *to = p->to;
    int64_t n[15];
    tb_status status = read_numbers(p, 1, 15, n);
    if (status != TB_OK) {
        return status;
    }
    if (n[0] >= (int64_t)p->name_count) {
        return fail_at_field(p, 1, "the number of no name");
    }
    tb_exec_kernel *grown = make_room(to->kernels, to->count, &to->capacity, sizeof *to->kernels);
    if (grown == NULL) {
        return no_memory(p->err);
    }
    to->kernels = grown;
    to->kernels[to->count++] = (tb_exec_kernel){.name = p->names[n[0]],
                                                .process = p->process,
                                                .start_ns = (uint64_t)n[1],
                                                .end_ns = (uint64_t)n[2],
                                                .correlation = (uint64_t)n[3],
                                                .device = n[4],
                                                .stream = n[5],
                                                .registers = n[6],
                                                .static_shared_bytes = n[7],
                                                .dynamic_shared_bytes = n[8],
                                                .grid = {n[9], n[10], n[11]},
                                                .cta = {n[12], n[13], n[14]}};
    return TB_OK;
}

static tb_status read_lost(parser *p)
{
    int64_t n[2];
    tb_status status = read_numbers(p, 1, 2, n);
    if (status == TB_OK) {
        tb_exec_process *process = process_of(p);
        process->dropped =
            n[0] > INT64_MAX - process->dropped ? INT64_MAX : process->dropped + n[0];
        process->malformed =
            n[1] > INT64_MAX - process->malformed ? INT64_MAX : process->malformed + n[1];
    }
    return status;
}

/* device ORDINAL CUDA_VERSION UUID NAME */
static tb_status read_device(parser *p)
{
    int64_t number = 0;
    tb_exec_device device;
    tb_status status = need_fields(p, 5);
    if (status != TB_OK) {
        return status;
    }
    if (!read_number(p->fields[1], p->lengths[1], &number) || number >= TB_EXEC_DEVICES_MAX) {
        return fail_at_field(p, 1, "not the number of a device");
    }
    if (!read_number(p->fields[2], p->lengths[2], &device.cuda_version)) {
        return fail_at_field(p, 2, "not a version of CUDA");
    }
    status = keep(p, 3, &device.uuid);
    if (status == TB_OK) {
        status = keep(p, 4, &device.name);
    }
    if (status == TB_OK) {
        process_of(p)->devices[number] = device;
    }
    return status;
}

static tb_status read_ended(parser *p)
{
    int64_t kernels = 0;
    tb_status status = read_numbers(p, 1, 1, &kernels);
    if (status == TB_OK && kernels != (int64_t)(p->to->count - p->first_kernel)) {
        return fail_at_field(p, 1, "not the number of kernels above it");
    }
    process_of(p)->has_ended = status == TB_OK;
    return status;
}

static tb_status read_refused(parser *p)
{
    tb_status status = need_fields(p, 2);
    return status == TB_OK ? keep(p, 1, &process_of(p)->refused) : status;
}

static tb_status read_trouble(parser *p)
{
    tb_status status = need_fields(p, 2);
    return status == TB_OK ? keep(p, 1, &process_of(p)->trouble) : status;
}

static const struct {
    const char *word;
    size_t fields; /* most, the word included: the last one may have tabs in it */
    tb_status (*read)(parser *p);
} lines[] = {
    {"kernel", MOST_FIELDS, read_kernel}, {"name", 3, read_name},
    {"device", 5, read_device},           {"lost", MOST_FIELDS, read_lost},
    {"refused", 2, read_refused},         {"trouble", 2, read_trouble},
    {"ended", MOST_FIELDS, read_ended},
};

static tb_status read_line(parser *p, const char *end)
{
    if (p->line == 1) {
        split(p, p->begin, end, MOST_FIELDS);
        return read_first(p);
    }
    p->field_count = 0;
    if (process_of(p)->has_ended) {
        return fail_at_field(p, 0, "a line after the last one");
    }
    const char *tab = memchr(p->begin, '\t', (size_t)(end - p->begin));
    size_t length = (size_t)((tab != NULL ? tab : end) - p->begin);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (length == strlen(lines[i].word) && memcmp(p->begin, lines[i].word, length) == 0) {
            split(p, p->begin, end, lines[i].fields);
            return lines[i].read(p);
        }
    }
    return fail_at_field(p, 0, "a line of an unknown kind");
}

tb_status tb_exec_records_parse(tb_exec_records *records, const char *text, size_t length,
                                const char *name, tb_error *err)
{
    parser p = {.to = records, .name = name, .err = err, .first_kernel = records->count};
    tb_status status = TB_OK;
    const char *at = text, *last = text + length;
    while (status == TB_OK && at < last) {
        const char *end = memchr(at, '\n', (size_t)(last - at));
        if (end == NULL) { /* it was being written when the process was ended */
            break;
        }
        p.line += p.line < INT_MAX;
        p.begin = at;
        status = read_line(&p, end);
        at = end + 1;
    }
    free(p.names);
    return status;
}

static tb_status read_file(tb_exec_records *records, const char *path, tb_error *err)
{
    tb_file_bytes bytes = {0};
    tb_status status = tb_file_read(path, MAX_BYTES, &bytes, err);
    if (status == TB_OK) {
        status = tb_exec_records_parse(records, (const char *)bytes.data, bytes.length, path, err);
        tb_file_release(&bytes);
    }
    return status;
}

tb_status tb_exec_records_read(tb_exec_records *records, const char *folder, tb_error *err)
{
    const char *const *names = NULL;
    size_t count = 0;
    tb_status status =
        tb_file_list(folder, TB_KERNEL_LOG_SUFFIX, records->arena, &names, &count, err);
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        char path[1024];
        if (snprintf(path, sizeof path, "%s/%s" TB_KERNEL_LOG_SUFFIX, folder, names[i]) >=
            (int)sizeof path) {
            return tb_fail_at(err, TB_EFILE, folder, 0, 0, "too long a path for files in it");
        }
        status = read_file(records, path, err);
    }
    return status == TB_OK ? tb_exec_records_order(records, err) : status;
}
