/* Buffers of anything, under iterators that do anything: every read stays in the buffer (what lies
 * after it, or before it, is not ours to touch), and every reading ends. */
#include "kernel_records.h"

#include "record_buffer.h"
#include "test_support.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CASES 20000

/* A page between two that no one may touch. */
typedef struct fenced {
    unsigned char *all, *page;
    size_t size;
} fenced;

static fenced fence(void)
{
    fenced f = {.size = (size_t)sysconf(_SC_PAGESIZE)};
    int zeros = open("/dev/zero", O_RDONLY);
    assert_true(zeros >= 0);
    f.all = mmap(NULL, 3 * f.size, PROT_NONE, MAP_PRIVATE, zeros, 0);
    assert_true(f.all != MAP_FAILED);
    assert_int_equal(close(zeros), 0);
    f.page = f.all + f.size;
    assert_int_equal(mprotect(f.page, f.size, PROT_READ | PROT_WRITE), 0);
    return f;
}

/* What an iterator does next. */
typedef struct any {
    gsl_rng *random;
    uint32_t version;
    size_t calls;
    int honesty; /* of 8 steps, those that go where the next record is; more is always */
} any;

static bool next_of_any(unsigned char *buffer, size_t bytes, unsigned char **record, void *user,
                        bool *failed)
{
    any *a = user;
    a->calls++;
    if (tb_test_between(a->random, 0, 7) < a->honesty) {
        return tb_test_next_record(buffer, bytes, record, &a->version, failed);
    }
    *failed = tb_test_between(a->random, 0, 7) == 0;
    ptrdiff_t step = (ptrdiff_t)tb_test_between(a->random, -4096, 4096);
    step = tb_test_between(a->random, 0, 15) == 0 ? step * ((ptrdiff_t)1 << 48) : step;
    *record = (unsigned char *)((uintptr_t)buffer + (uintptr_t)step);
    return tb_test_between(a->random, 0, 31) != 0;
}

/* Text, no text, or nothing. */
static bool name_of_any(uint64_t address, char *text, size_t capacity, void *user)
{
    any *a = user;
    size_t length = (size_t)tb_test_between(a->random, 0, 96);
    memset(text, 'a' + (int)(address % 26), length);
    text[length] = tb_test_between(a->random, 0, 7) == 0 ? '\n' : '\0';
    text[length + 1] = '\0';
    return capacity > 98 && tb_test_between(a->random, 0, 7) != 0;
}

/* Records, often with some bytes changed, often cut. */
static size_t fill(gsl_rng *random, unsigned char *page, size_t size, uint32_t version)
{
    tb_test_buffer buffer = {.version = version};
    int64_t launches = tb_test_between(random, 0, 24);
    launches = launches > 12 ? 12 : launches;
    for (uint32_t i = 0; i < launches; i++) {
        tb_cupti_kernel kernel = tb_test_launch(i);
        kernel.name = (uint64_t)tb_test_between(random, 0, 3) * 72;
        tb_test_put_launch(&buffer, i, &kernel);
    }
    assert_true(buffer.length <= size);
    if (buffer.length > 0) {
        memcpy(page, buffer.bytes, buffer.length);
    }
    for (int64_t i = tb_test_between(random, -12, 12); buffer.length > 0 && i > 0; i--) {
        page[tb_test_between(random, 0, (int64_t)buffer.length - 1)] =
            (unsigned char)tb_test_between(random, 0, 255);
    }
    size_t length = buffer.length;
    tb_test_buffer_free(&buffer);
    return length > 0 && tb_test_between(random, 0, 1) == 0
               ? (size_t)tb_test_between(random, 0, (int64_t)length)
               : length;
}

static void check(const tb_kernel_records *records, size_t bytes, uint32_t version, size_t calls)
{
    assert_true(records->count <= bytes / tb_cupti_kernel_bytes(version));
    assert_true(records->pairs <= bytes / sizeof(tb_cupti_external));
    assert_true(calls <= bytes / TB_CUPTI_RECORD_MIN + 2);
    for (size_t i = 0; i < records->count; i++) {
        const tb_kernel_record *k = &records->all[i];
        assert_true(strlen(k->name) <= 96 && strchr(k->name, '\n') == NULL);
        assert_true(k->grid[0] > 0 && k->cta[2] > 0 && k->dynamic_shared_bytes >= 0);
    }
}

/* What is called good is good. Gives the fault. */
static tb_record_fault check_match(const tb_kernel_records *records)
{
    const tb_kernel_record *out[12];
    tb_record_fault fault = tb_kernel_records_match(records, TB_TEST_FIRST, 12, 1000000, out);
    for (size_t i = 0; fault == TB_RECORDS_GOOD && i < 12; i++) {
        assert_int_equal(out[i]->external, TB_TEST_FIRST + i);
        assert_true(out[i]->start_ns > 0 && out[i]->start_ns < out[i]->end_ns);
        assert_true(i == 0 || out[i - 1]->end_ns <= out[i]->start_ns);
        assert_true(out[i]->end_ns - out[0]->start_ns <= 1000000);
    }
    return fault;
}

static void check_order(const tb_kernel_records *records)
{
    const tb_kernel_record *out[96];
    int64_t faults[TB_RECORD_FAULT_COUNT];
    assert_true(records->count <= 96);
    size_t count = tb_kernel_records_by_start(records, out, faults);
    for (size_t i = 0; i < count; i++) {
        assert_true(out[i]->start_ns > 0 && out[i]->start_ns < out[i]->end_ns);
        assert_true(i == 0 || out[i - 1]->start_ns <= out[i]->start_ns);
    }
    assert_int_equal((int64_t)count + faults[TB_RECORDS_TWICE] + faults[TB_RECORDS_ZERO] +
                         faults[TB_RECORDS_REVERSED],
                     records->count);
}

static void records__of_anything_are_read_inside_the_buffer(void **state)
{
    (void)state;
    fenced f = fence();
    gsl_rng *random = tb_test_random();
    int seen[TB_RECORD_FAULT_COUNT] = {0}, cases = tb_test_cases(CASES);
    for (int i = 0; i < cases; i++) {
        tb_error err;
        tb_kernel_records records = {0};
        any a = {.random = random,
                 .version = i % 2 == 0 ? 28 : 130001,
                 .honesty = (int)tb_test_between(random, 0, 16)};
        const tb_record_reader reader = {
            .version = a.version, .next = next_of_any, .name = name_of_any, .user = &a};
        size_t bytes = fill(random, f.page, f.size, a.version);
        unsigned char *buffer = f.page;
        if (i % 4 < 2) { /* up to the fence after it, else from the one before */
            buffer = f.page + f.size - bytes;
            memmove(buffer, f.page, bytes);
        }
        tb_assert_ok(tb_kernel_records_read(&records, buffer, bytes, &reader, &err), &err);
        check(&records, bytes, a.version, a.calls);
        tb_kernel_records_link(&records);
        seen[check_match(&records)]++;
        check_order(&records);
        tb_kernel_records_free(&records);
    }
    print_message("%d buffers:", cases);
    for (int fault = 0; fault < TB_RECORD_FAULT_COUNT; fault++) {
        print_message(" %d %s%s", seen[fault], tb_record_fault_names[fault],
                      fault + 1 < TB_RECORD_FAULT_COUNT ? "," : "\n");
    }
    assert_true(seen[TB_RECORDS_GOOD] > 0 && seen[TB_RECORDS_MALFORMED] > 0);
    assert_true(seen[TB_RECORDS_MISSING] > 0);
    gsl_rng_free(random);
    assert_int_equal(munmap(f.all, 3 * f.size), 0);
}

TB_TESTS(cmocka_unit_test(records__of_anything_are_read_inside_the_buffer));
