#include "kernel_records.h"

#include "arena.h"
#include "cupti_layout.h"

#include <stdlib.h>
#include <string.h>

const char *const tb_record_fault_names[TB_RECORD_FAULT_COUNT] = {
    "good records",    "dropped records", "malformed records", "missing records",
    "doubled records", "zero times",      "reversed times",    "impossible times"};

/* The number that a launch was given, by what joins it with its kernel. */
typedef struct tb_external {
    uint32_t correlation;
    bool is_ambiguous; /* another pair has its correlation id, and another number */
    uint64_t number;
} tb_external;

/* Kernels of one name share its text, so that a buffer costs a look-up, not a copy, for each. Only
 * within a buffer: an address may be another kernel's later. */
#define NAME_SLOTS 256u

typedef struct name_slot {
    uint64_t address;
    const char *text;
} name_slot;

/* What is read. */
typedef struct reading {
    tb_kernel_records *records;
    const tb_record_reader *reader;
    name_slot names[NAME_SLOTS];
} reading;

/* Room for one more of `count` elements; false without memory. */
static bool grow(void **array, size_t count, size_t *capacity, size_t element)
{
    if (count < *capacity) {
        return true;
    }
    size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    void *larger = wanted > SIZE_MAX / 2 / element ? NULL : realloc(*array, wanted * element);
    if (larger == NULL) {
        return false;
    }
    *array = larger;
    *capacity = wanted;
    return true;
}

/* Names are mangled, or what a compiler of another language made up: printable ASCII. */
static bool is_name(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~') {
            return false;
        }
    }
    return true;
}

/* NULL without memory. */
static const char *fetch_name(reading *r, uint64_t address)
{
    char text[TB_KERNEL_NAME_MAX];
    if (r->reader->name == NULL || address == 0 ||
        !r->reader->name(address, text, sizeof text, r->reader->user)) {
        return "";
    }
    text[sizeof text - 1] = '\0';
    if (!is_name(text)) {
        return "";
    }
    if (r->records->arena == NULL) {
        r->records->arena = tb_arena_create();
    }
    return r->records->arena == NULL ? NULL : tb_arena_text(r->records->arena, text, strlen(text));
}

static const char *name_of(reading *r, uint64_t address)
{
    name_slot *slot = &r->names[(address ^ address >> 8 ^ address >> 16) % NAME_SLOTS];
    if (slot->text == NULL || slot->address != address) {
        *slot = (name_slot){.address = address, .text = fetch_name(r, address)};
    }
    return slot->text;
}

/* A kernel has at least one thread, and no negative bytes: what says otherwise was overwritten. */
static bool is_of_a_launch(const tb_cupti_kernel *k)
{
    return k->gridX > 0 && k->gridY > 0 && k->gridZ > 0 && k->blockX > 0 && k->blockY > 0 &&
           k->blockZ > 0 && k->staticSharedMemory >= 0 && k->dynamicSharedMemory >= 0;
}

static bool read_kernel(reading *r, const unsigned char *record)
{
    tb_kernel_records *to = r->records;
    tb_cupti_kernel k;
    memcpy(&k, record, sizeof k);
    if (!is_of_a_launch(&k)) {
        to->malformed++;
        return true;
    }
    const char *name = name_of(r, k.name);
    void *all = to->all;
    bool has_room = name != NULL && grow(&all, to->count, &to->capacity, sizeof *to->all);
    to->all = all;
    if (!has_room) {
        return false;
    }
    to->all[to->count++] = (tb_kernel_record){
        .name = name,
        .start_ns = k.start,
        .end_ns = k.end,
        .correlation = k.correlationId,
        .registers = k.registersPerThread,
        .static_shared_bytes = k.staticSharedMemory,
        .dynamic_shared_bytes = k.dynamicSharedMemory,
        .grid = {k.gridX, k.gridY, k.gridZ},
        .cta = {k.blockX, k.blockY, k.blockZ},
        .device = k.deviceId,
        .stream = k.streamId,
    };
    return true;
}

/* Other programs' numbers are of other kinds. */
static bool read_external(reading *r, const unsigned char *record)
{
    tb_kernel_records *to = r->records;
    tb_cupti_external e;
    memcpy(&e, record, sizeof e);
    if (e.externalKind != TB_CUPTI_EXTERNAL_CUSTOM0) {
        return true;
    }
    void *pairs = to->pair;
    bool has_room = grow(&pairs, to->pairs, &to->pair_capacity, sizeof *to->pair);
    to->pair = pairs;
    if (has_room) {
        to->pair[to->pairs++] =
            (tb_external){.correlation = e.correlationId, .number = e.externalId};
    }
    return has_room;
}

/* The least that a record of this kind takes. */
static size_t bytes_of(uint32_t kind, uint32_t version)
{
    switch (kind) {
    case TB_CUPTI_KIND_KERNEL:
        return tb_cupti_kernel_bytes(version);
    case TB_CUPTI_KIND_EXTERNAL:
        return sizeof(tb_cupti_external);
    case TB_CUPTI_KIND_DRIVER:
        return TB_CUPTI_API_BYTES;
    default:
        return TB_CUPTI_RECORD_MIN;
    }
}

static bool read_record(reading *r, const unsigned char *record, uint32_t kind)
{
    switch (kind) {
    case TB_CUPTI_KIND_KERNEL:
        return read_kernel(r, record);
    case TB_CUPTI_KIND_EXTERNAL:
        return read_external(r, record);
    default:
        return true;
    }
}

/* Does a buffer whose records end at `at`, the last one of this kind, have bytes after it? CUPTI
 * says of a record that is cut no more than that there is none. Only records of known size tell. */
static bool is_cut(const reading *r, size_t bytes, size_t at, uint32_t kind)
{
    bool is_known = at == 0 || bytes_of(kind, r->reader->version) != TB_CUPTI_RECORD_MIN;
    return is_known && r->reader->version <= TB_CUPTI_NEWEST && at < bytes;
}

/* Steps to the next record. `at` is where the last one ended, and becomes where this one does.
 * Gives NULL at the end, and for a record that does not lie in what is left of the buffer. */
static const unsigned char *step(reading *r, unsigned char *buffer, size_t bytes,
                                 unsigned char **record, size_t *at, uint32_t *kind)
{
    bool failed = false;
    if (!r->reader->next(buffer, bytes, record, r->reader->user, &failed)) {
        r->records->malformed += failed || is_cut(r, bytes, *at, *kind);
        return NULL;
    }
    /* As numbers: a pointer that is not of the buffer has no order with those that are, and one
     * before it is very far behind it. */
    size_t offset = (uintptr_t)*record - (uintptr_t)buffer;
    bool is_inside = offset >= *at && offset <= bytes && sizeof *kind <= bytes - offset;
    if (is_inside) {
        memcpy(kind, buffer + offset, sizeof *kind);
        size_t length = bytes_of(*kind, r->reader->version);
        is_inside = length <= bytes - offset;
        *at = offset + length;
    }
    r->records->malformed += !is_inside;
    return is_inside ? buffer + offset : NULL;
}

tb_status tb_kernel_records_read(tb_kernel_records *records, unsigned char *buffer, size_t bytes,
                                 const tb_record_reader *reader, tb_error *err)
{
    reading r = {.records = records, .reader = reader};
    unsigned char *record = NULL;
    const unsigned char *found = NULL;
    size_t at = 0;
    uint32_t kind = 0;
    while ((found = step(&r, buffer, bytes, &record, &at, &kind)) != NULL) {
        if (!read_record(&r, found, kind)) {
            return tb_fail(err, TB_ENOMEM, "no memory for the records of %zu kernels",
                           records->count + 1);
        }
    }
    return TB_OK;
}

static int by_correlation(const void *left, const void *right)
{
    const tb_external *a = left, *b = right;
    return (a->correlation > b->correlation) - (a->correlation < b->correlation);
}

/* One pair of each correlation id is left. */
static void merge_pairs(tb_kernel_records *records)
{
    size_t kept = 0;
    if (records->pairs == 0) {
        return;
    }
    qsort(records->pair, records->pairs, sizeof *records->pair, by_correlation);
    for (size_t i = 1; i < records->pairs; i++) {
        tb_external *last = &records->pair[kept];
        if (records->pair[i].correlation == last->correlation) {
            last->is_ambiguous |= records->pair[i].number != last->number;
        } else {
            records->pair[++kept] = records->pair[i];
        }
    }
    records->pairs = kept + 1;
}

void tb_kernel_records_link(tb_kernel_records *records)
{
    merge_pairs(records);
    records->orphans = 0;
    for (size_t i = 0; i < records->count; i++) {
        tb_kernel_record *kernel = &records->all[i];
        const tb_external key = {.correlation = kernel->correlation};
        const tb_external *pair = records->pairs == 0
                                      ? NULL
                                      : bsearch(&key, records->pair, records->pairs,
                                                sizeof *records->pair, by_correlation);
        kernel->external = pair == NULL || pair->is_ambiguous ? 0 : pair->number;
        records->orphans += kernel->external == 0;
    }
}

void tb_kernel_records_clear(tb_kernel_records *records)
{
    tb_arena_destroy(records->arena);
    *records = (tb_kernel_records){.all = records->all,
                                   .capacity = records->capacity,
                                   .pair = records->pair,
                                   .pair_capacity = records->pair_capacity};
}

void tb_kernel_records_free(tb_kernel_records *records)
{
    tb_arena_destroy(records->arena);
    free(records->all);
    free(records->pair);
    *records = (tb_kernel_records){0};
}

static bool is_zero(const tb_kernel_record *kernel)
{
    return kernel->start_ns == 0 || kernel->end_ns == 0 || kernel->start_ns == kernel->end_ns;
}

/* Faults as bits, 1 << tb_record_fault. */
static unsigned bit(bool is, tb_record_fault fault)
{
    return is ? 1u << fault : 0;
}

/* What is wrong with the times of launches that all have a record. */
static unsigned check_times(const tb_kernel_record *const *launches, size_t count, uint64_t host_ns)
{
    unsigned faults = 0;
    uint64_t before = 0, longest = 0; /* the span, whatever order the stamps have */
    for (size_t i = 0; i < count; i++) {
        const tb_kernel_record *k = launches[i];
        uint64_t from = launches[0]->start_ns;
        faults |= bit(is_zero(k), TB_RECORDS_ZERO);
        faults |= bit(k->end_ns < k->start_ns || k->start_ns < before, TB_RECORDS_REVERSED);
        before = k->end_ns;
        longest = k->end_ns > from && k->end_ns - from > longest ? k->end_ns - from : longest;
    }
    return faults | bit(host_ns > 0 && longest > host_ns, TB_RECORDS_IMPOSSIBLE);
}

/* The records by launch; gives the faults of those with none or two. */
static unsigned find_launches(const tb_kernel_records *records, uint64_t first, size_t count,
                              const tb_kernel_record **out)
{
    unsigned faults = 0;
    for (size_t i = 0; i < count; i++) {
        out[i] = NULL;
    }
    for (size_t i = 0; i < records->count; i++) {
        uint64_t external = records->all[i].external;
        if (external != 0 && external >= first && external - first < count) {
            faults |= bit(out[external - first] != NULL, TB_RECORDS_TWICE);
            out[external - first] = &records->all[i];
        }
    }
    for (size_t i = 0; i < count; i++) {
        faults |= bit(out[i] == NULL, TB_RECORDS_MISSING);
    }
    return faults;
}

tb_record_fault tb_kernel_records_match(const tb_kernel_records *records, uint64_t first,
                                        size_t count, uint64_t host_ns,
                                        const tb_kernel_record **out)
{
    unsigned faults = bit(records->dropped > 0, TB_RECORDS_DROPPED) |
                      bit(records->malformed > 0, TB_RECORDS_MALFORMED) |
                      find_launches(records, first, count, out);
    if ((faults & bit(true, TB_RECORDS_MISSING)) == 0) {
        faults |= check_times(out, count, host_ns);
    }
    for (int fault = TB_RECORDS_GOOD + 1; fault < TB_RECORD_FAULT_COUNT; fault++) {
        if ((faults & bit(true, (tb_record_fault)fault)) != 0) {
            return (tb_record_fault)fault;
        }
    }
    return TB_RECORDS_GOOD;
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* What tells kernels apart; records that agree in all of it are one. */
static int by_what_ran(const tb_kernel_record *a, const tb_kernel_record *b)
{
    int order = compare(a->start_ns, b->start_ns);
    order = order != 0 ? order : compare(a->end_ns, b->end_ns);
    order = order != 0 ? order : compare(a->device, b->device);
    order = order != 0 ? order : compare(a->stream, b->stream);
    order = order != 0 ? order : compare(a->correlation, b->correlation);
    order = order != 0 ? order : memcmp(a->grid, b->grid, sizeof a->grid);
    order = order != 0 ? order : memcmp(a->cta, b->cta, sizeof a->cta);
    return order != 0 ? order : strcmp(a->name, b->name);
}

static int by_start(const void *left, const void *right)
{
    return by_what_ran(*(const tb_kernel_record *const *)left,
                       *(const tb_kernel_record *const *)right);
}

size_t tb_kernel_records_by_start(const tb_kernel_records *records, const tb_kernel_record **out,
                                  int64_t faults[TB_RECORD_FAULT_COUNT])
{
    size_t count = 0, kept = 0;
    memset(faults, 0, TB_RECORD_FAULT_COUNT * sizeof *faults);
    faults[TB_RECORDS_DROPPED] = records->dropped;
    faults[TB_RECORDS_MALFORMED] = records->malformed;
    for (size_t i = 0; i < records->count; i++) {
        const tb_kernel_record *kernel = &records->all[i];
        faults[TB_RECORDS_ZERO] += is_zero(kernel);
        faults[TB_RECORDS_REVERSED] += !is_zero(kernel) && kernel->end_ns < kernel->start_ns;
        if (!is_zero(kernel) && kernel->end_ns > kernel->start_ns) {
            out[count++] = kernel;
        }
    }
    if (count > 0) {
        qsort(out, count, sizeof *out, by_start);
    }
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && by_what_ran(out[kept - 1], out[i]) == 0) {
            faults[TB_RECORDS_TWICE]++;
        } else {
            out[kept++] = out[i];
        }
    }
    return kept;
}
