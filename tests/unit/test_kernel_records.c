/* CUPTI's buffers, made by hand and made of anything: what is read of them, and what of it is
 * trusted. */
#include "kernel_records.h"

#include "record_buffer.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

static const uint32_t versions[] = {19, 28, 130001};

static void records__are_read_as_cupti_writes_them(void **state)
{
    (void)state;
    for (size_t v = 0; v < sizeof versions / sizeof *versions; v++) {
        tb_test_buffer buffer = {.version = versions[v]};
        tb_cupti_kernel kernel = tb_test_launch(0);
        tb_test_put_launch(&buffer, 0, &kernel);
        kernel = tb_test_launch(1);
        tb_test_put_launch(&buffer, 1, &kernel);
        tb_kernel_records records = tb_test_take_records(&buffer);
        assert_int_equal(records.count, 2);
        const tb_kernel_record *k = &records.all[1];
        assert_true(k->start_ns == TB_TEST_BEGUN_NS + 10000 &&
                    k->end_ns == TB_TEST_BEGUN_NS + 17300);
        assert_int_equal(k->correlation, 42);
        assert_int_equal(k->external, TB_TEST_FIRST + 1);
        assert_int_equal(k->registers, 168);
        assert_int_equal(k->static_shared_bytes, 1040);
        assert_int_equal(k->dynamic_shared_bytes, 73728);
        assert_true(k->grid[0] == 72 && k->grid[1] == 3 && k->grid[2] == 1);
        assert_true(k->cta[0] == 96 && k->cta[1] == 1 && k->cta[2] == 1);
        assert_int_equal(k->device, 1);
        assert_int_equal(k->stream, 7);
        assert_string_equal(k->name, "");
        assert_int_equal(records.malformed + records.orphans + records.dropped, 0);
        tb_kernel_records_free(&records);
    }
}

/* A buffer of CUPTI 12 ends with a kernel of 208 bytes; CUPTI 13's has 216. */
static void records__of_cupti_13_are_longer(void **state)
{
    (void)state;
    tb_test_buffer buffer = {.version = 28};
    tb_cupti_kernel kernel = tb_test_launch(0);
    tb_test_put_kernel(&buffer, &kernel);
    assert_int_equal(buffer.length, 208);
    buffer.version = 130000;
    tb_kernel_records records = tb_test_take_records(&buffer);
    assert_int_equal(records.count, 0);
    assert_int_equal(records.malformed, 1);
    tb_kernel_records_free(&records);
}

/* However a buffer ends, the whole records before its end are read. */
static void records__cut_anywhere_are_read_up_to_there(void **state)
{
    (void)state;
    tb_test_buffer buffer = {.version = 130001};
    tb_cupti_kernel kernel = tb_test_launch(0);
    tb_test_put_launch(&buffer, 0, &kernel);
    tb_test_put_kernel(&buffer, &kernel);
    const tb_record_reader reader = {
        .version = buffer.version, .next = tb_test_next_record, .user = &buffer.version};
    const size_t ends[] = {0, 24, 64, 64 + 216, 64 + 2 * 216}; /* of records */
    for (size_t length = 0; length <= buffer.length; length++) {
        unsigned char *cut = malloc(length == 0 ? 1 : length);
        bool is_whole = false;
        assert_non_null(cut);
        memcpy(cut, buffer.bytes, length);
        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
            is_whole = is_whole || length == ends[i];
        }
        tb_kernel_records records = {0};
        tb_error err;
        tb_assert_ok(tb_kernel_records_read(&records, cut, length, &reader, &err), &err);
        assert_int_equal(records.count, (length >= 280) + (length >= 496));
        assert_int_equal(records.malformed, !is_whole);
        tb_kernel_records_free(&records);
        free(cut);
    }
    tb_test_buffer_free(&buffer);
}

/* What an iterator gives at its call-th call; then it ends. */
typedef struct script {
    struct {
        ptrdiff_t offset; /* of the record, from the buffer's begin */
        bool is_end, is_failed;
    } steps[4];
    size_t call;
} script;

static bool scripted(unsigned char *buffer, size_t bytes, unsigned char **record, void *user,
                     bool *failed)
{
    script *s = user;
    (void)bytes;
    *record = (unsigned char *)((uintptr_t)buffer + (uintptr_t)s->steps[s->call].offset);
    *failed = s->steps[s->call].is_failed;
    return !s->steps[s->call++].is_end;
}

/* Two kernels of 216 bytes; an iterator that is wrong about the second. */
static void records__that_the_iterator_puts_elsewhere_are_refused(void **state)
{
    (void)state;
    static const ptrdiff_t wrong[] = {0,    8,   208,         215,         -8,
                                      -216, 217, 432,         429,         430,
                                      440,  433, PTRDIFF_MAX, PTRDIFF_MIN, -((ptrdiff_t)1 << 40)};
    tb_test_buffer buffer = {.version = 130001};
    tb_cupti_kernel kernel = tb_test_launch(0);
    tb_test_put_kernel(&buffer, &kernel);
    tb_test_put_kernel(&buffer, &kernel);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tb_error err;
        tb_kernel_records records = {0};
        script s = {.steps = {{.offset = 0}, {.offset = wrong[i]}, {.is_end = true}}};
        const tb_record_reader reader = {.version = 130001, .next = scripted, .user = &s};
        tb_assert_ok(tb_kernel_records_read(&records, buffer.bytes, buffer.length, &reader, &err),
                     &err);
        /* At 217 lie four bytes that are no kind of ours: no kernel, but nothing wrong to see. */
        assert_int_equal(records.count, 1);
        assert_int_equal(records.malformed, wrong[i] != 217);
        tb_kernel_records_free(&records);
    }
    tb_test_buffer_free(&buffer);
}

/* Two kernels, of which the iterator knows one: of a CUPTI that we know the other is lost, a newer
 * one may have made the first longer. */
static void records__after_which_bytes_are_left_were_cut(void **state)
{
    (void)state;
    static const uint32_t known_and_newer[] = {130001, 130002};
    for (size_t i = 0; i < 2; i++) {
        tb_error err;
        tb_test_buffer buffer = {.version = known_and_newer[i]};
        tb_cupti_kernel kernel = tb_test_launch(0);
        tb_kernel_records records = {0};
        script s = {.steps = {{.offset = 0}, {.is_end = true}}};
        const tb_record_reader reader = {
            .version = known_and_newer[i], .next = scripted, .user = &s};
        tb_test_put_kernel(&buffer, &kernel);
        tb_test_put_kernel(&buffer, &kernel);
        tb_assert_ok(tb_kernel_records_read(&records, buffer.bytes, buffer.length, &reader, &err),
                     &err);
        assert_int_equal(records.count, 1);
        assert_int_equal(records.malformed, i == 0);
        tb_kernel_records_free(&records);
        tb_test_buffer_free(&buffer);
    }
}

static void records__end_where_the_iterator_fails(void **state)
{
    (void)state;
    tb_error err;
    tb_test_buffer buffer = {.version = 130001};
    tb_cupti_kernel kernel = tb_test_launch(0);
    tb_kernel_records records = {0};
    script s = {.steps = {{.offset = 0}, {.is_end = true, .is_failed = true}}};
    const tb_record_reader reader = {.version = 130001, .next = scripted, .user = &s};
    tb_test_put_kernel(&buffer, &kernel);
    tb_assert_ok(tb_kernel_records_read(&records, buffer.bytes, buffer.length, &reader, &err),
                 &err);
    assert_int_equal(records.count, 1);
    assert_int_equal(records.malformed, 1);
    tb_kernel_records_free(&records);
    tb_test_buffer_free(&buffer);
}

static void records__of_kernels_that_no_launch_makes_are_refused(void **state)
{
    (void)state;
    tb_test_buffer buffer = {.version = 28};
    for (int i = 0; i < 9; i++) {
        tb_cupti_kernel kernel = tb_test_launch(0);
        int32_t *values[] = {&kernel.gridX,
                             &kernel.gridY,
                             &kernel.gridZ,
                             &kernel.blockX,
                             &kernel.blockY,
                             &kernel.blockZ,
                             &kernel.staticSharedMemory,
                             &kernel.dynamicSharedMemory};
        if (i < 8) {
            *values[i] = i < 6 ? -(i % 2) : -72;
        }
        tb_test_put_kernel(&buffer, &kernel);
    }
    tb_kernel_records records = tb_test_take_records(&buffer);
    assert_int_equal(records.count, 1); /* the last */
    assert_int_equal(records.malformed, 8);
    tb_kernel_records_free(&records);
}

/* Names by address; 7 is followed twice at most, however many kernels have it. */
static char long_name[TB_KERNEL_NAME_MAX + 72];
static int asked;

static bool name_at(uint64_t address, char *text, size_t capacity, void *user)
{
    const char *const names[] = {NULL,       "fmha_fwd", "_ZN7cutlass6KernelI4FmhaEvT_",
                                 "has\ttab", "\x80\xff", "line\n",
                                 "",         long_name};
    (void)user;
    asked++;
    if (address == 0 || address >= sizeof names / sizeof *names) {
        return false;
    }
    size_t length = strlen(names[address]) + 1;
    memcpy(text, names[address], length < capacity ? length : capacity);
    return true;
}

static bool next_13(unsigned char *buffer, size_t bytes, unsigned char **record, void *user,
                    bool *failed)
{
    uint32_t version = 130001;
    (void)user;
    return tb_test_next_record(buffer, bytes, record, &version, failed);
}

static void names__are_kept_where_they_are_text(void **state)
{
    (void)state;
    static const char *const want[] = {
        "", "fmha_fwd", "_ZN7cutlass6KernelI4FmhaEvT_", "", "", "", "", NULL, ""};
    tb_error err;
    tb_test_buffer buffer = {.version = 130001};
    tb_kernel_records records = {0};
    const tb_record_reader reader = {.version = 130001, .next = next_13, .name = name_at};
    memset(long_name, 'x', sizeof long_name - 1);
    for (uint64_t address = 0; address < 9; address++) {
        tb_cupti_kernel kernel = tb_test_launch(0);
        kernel.name = address == 8 ? UINT64_MAX - 72 : address;
        tb_test_put_kernel(&buffer, &kernel);
    }
    tb_assert_ok(tb_kernel_records_read(&records, buffer.bytes, buffer.length, &reader, &err),
                 &err);
    tb_test_buffer_free(&buffer);
    assert_int_equal(records.count, 9);
    for (size_t i = 0; i < 9; i++) {
        if (want[i] != NULL) {
            assert_string_equal(records.all[i].name, want[i]);
        }
    }
    assert_int_equal(strlen(records.all[7].name), TB_KERNEL_NAME_MAX - 1);
    assert_int_equal(records.malformed, 0);
    tb_kernel_records_free(&records);
}

static void names__are_fetched_once_a_buffer(void **state)
{
    (void)state;
    tb_error err;
    tb_test_buffer buffer = {.version = 130001};
    tb_kernel_records records = {0};
    const tb_record_reader reader = {.version = 130001, .next = next_13, .name = name_at};
    for (uint32_t i = 0; i < 96; i++) {
        tb_cupti_kernel kernel = tb_test_launch(i);
        kernel.name = 1 + i % 2;
        tb_test_put_kernel(&buffer, &kernel);
    }
    asked = 0;
    tb_assert_ok(tb_kernel_records_read(&records, buffer.bytes, buffer.length, &reader, &err),
                 &err);
    assert_int_equal(asked, 2);
    assert_ptr_equal(records.all[0].name, records.all[94].name);
    tb_assert_ok(tb_kernel_records_read(&records, buffer.bytes, buffer.length, &reader, &err),
                 &err);
    assert_int_equal(asked, 4);
    assert_int_equal(records.count, 192);
    tb_test_buffer_free(&buffer);
    assert_string_equal(records.all[191].name, "_ZN7cutlass6KernelI4FmhaEvT_");
    tb_kernel_records_free(&records);
}

/* Addresses 1 and 256 fall into one slot of the names that are kept. */
static void names__of_other_addresses_are_others(void **state)
{
    (void)state;
    static const uint64_t addresses[] = {1, 256, 1, 2};
    static const char *const want[] = {"fmha_fwd", "", "fmha_fwd", "_ZN7cutlass6KernelI4FmhaEvT_"};
    tb_error err;
    tb_test_buffer buffer = {.version = 130001};
    tb_kernel_records records = {0};
    const tb_record_reader reader = {.version = 130001, .next = next_13, .name = name_at};
    for (uint32_t i = 0; i < 4; i++) {
        tb_cupti_kernel kernel = tb_test_launch(i);
        kernel.name = addresses[i];
        tb_test_put_kernel(&buffer, &kernel);
    }
    tb_assert_ok(tb_kernel_records_read(&records, buffer.bytes, buffer.length, &reader, &err),
                 &err);
    tb_test_buffer_free(&buffer);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(records.all[i].name, want[i]);
    }
    tb_kernel_records_free(&records);
}

/* Numbers come before and after their kernels, and in other buffers. */
static void numbers__find_their_kernels_in_any_order(void **state)
{
    (void)state;
    tb_test_buffer kernels = {.version = 130001}, numbers = {.version = 130001};
    tb_kernel_records records = {0};
    for (uint32_t i = 0; i < 72; i++) {
        tb_cupti_kernel kernel = tb_test_launch(i);
        tb_test_put_kernel(&kernels, &kernel);
        tb_test_put_external(&numbers, 41 + (i * 31) % 72, TB_TEST_FIRST + (i * 31) % 72);
    }
    tb_test_read_records(&kernels, &records);
    tb_test_read_records(&numbers, &records);
    tb_kernel_records_link(&records);
    assert_int_equal(records.count, 72);
    assert_int_equal(records.orphans, 0);
    for (size_t i = 0; i < 72; i++) {
        assert_int_equal(records.all[i].external, TB_TEST_FIRST + i);
    }
    tb_test_buffer_free(&kernels);
    tb_test_buffer_free(&numbers);
    tb_kernel_records_free(&records);
}

/* 41 has none, 42 has one twice, 43 has two, 44 has one of another tool, 45 has one. */
static void numbers__that_are_none_or_two_leave_orphans(void **state)
{
    (void)state;
    tb_test_buffer buffer = {.version = 28};
    for (uint32_t i = 0; i < 5; i++) {
        tb_cupti_kernel kernel = tb_test_launch(i);
        tb_test_put_kernel(&buffer, &kernel);
    }
    tb_test_put_external(&buffer, 42, 902);
    tb_test_put_external(&buffer, 43, 903);
    tb_test_put_external(&buffer, 42, 902);
    tb_test_put_external(&buffer, 43, 72);
    tb_test_put_external(&buffer, 44, 904);
    buffer.bytes[buffer.length - sizeof(tb_cupti_external) + 4]++; /* its externalKind */
    tb_test_put_external(&buffer, 45, 905);
    tb_kernel_records records = tb_test_take_records(&buffer);
    const uint64_t want[] = {0, 902, 0, 0, 905};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(records.all[i].external, want[i]);
    }
    assert_int_equal(records.orphans, 3);
    tb_kernel_records_link(&records); /* again: the same */
    assert_int_equal(records.orphans, 3);
    tb_kernel_records_free(&records);
}

static void records__that_are_cleared_are_forgotten(void **state)
{
    (void)state;
    tb_test_buffer buffer = {.version = 28};
    tb_cupti_kernel kernel = tb_test_launch(0);
    kernel.gridX = 0;
    tb_test_put_launch(&buffer, 0, &kernel);
    kernel.gridX = 72;
    tb_test_put_launch(&buffer, 0, &kernel);
    tb_kernel_records records = {0};
    tb_test_read_records(&buffer, &records);
    records.dropped = 7;
    tb_kernel_records_link(&records);
    tb_kernel_records_clear(&records);
    assert_int_equal(records.count + records.pairs, 0);
    assert_int_equal(records.dropped + records.malformed + records.orphans, 0);
    tb_test_read_records(&buffer, &records);
    assert_int_equal(records.count, 1);
    tb_kernel_records_free(&records);
    tb_kernel_records_free(&records);
    tb_kernel_records_clear(&records);
    tb_test_buffer_free(&buffer);
}

TB_TESTS(cmocka_unit_test(records__are_read_as_cupti_writes_them),
         cmocka_unit_test(records__of_cupti_13_are_longer),
         cmocka_unit_test(records__cut_anywhere_are_read_up_to_there),
         cmocka_unit_test(records__that_the_iterator_puts_elsewhere_are_refused),
         cmocka_unit_test(records__after_which_bytes_are_left_were_cut),
         cmocka_unit_test(records__end_where_the_iterator_fails),
         cmocka_unit_test(records__of_kernels_that_no_launch_makes_are_refused),
         cmocka_unit_test(names__are_kept_where_they_are_text),
         cmocka_unit_test(names__are_fetched_once_a_buffer),
         cmocka_unit_test(names__of_other_addresses_are_others),
         cmocka_unit_test(numbers__find_their_kernels_in_any_order),
         cmocka_unit_test(numbers__that_are_none_or_two_leave_orphans),
         cmocka_unit_test(records__that_are_cleared_are_forgotten));
