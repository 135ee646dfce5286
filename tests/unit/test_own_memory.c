/* Reading at addresses that lead somewhere, and at those that do not. */
#include "own_memory.h"

#include "test_support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t address_of(const void *at)
{
    return (uint64_t)(uintptr_t)at;
}

static void text__is_copied(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 72, 510, 511, 512, 513, 1023, 1024, 4095};
    int memory = tb_own_memory_open();
    for (int trusted = 0; trusted < 2; trusted++) {
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            char text[8192], *from = malloc(lengths[i] + 1);
            assert_non_null(from);
            memset(from, 'f', lengths[i]);
            from[lengths[i]] = '\0';
            assert_true(tb_own_memory_text(trusted == 0 ? memory : -1, address_of(from), text,
                                           sizeof text));
            assert_string_equal(text, from);
            free(from);
        }
    }
    tb_own_memory_close(memory);
}

static void text__too_long_is_cut(void **state)
{
    (void)state;
    static char from[2048];
    int memory = tb_own_memory_open();
    memset(from, 'f', sizeof from - 1);
    for (int trusted = 0; trusted < 2; trusted++) {
        for (size_t capacity = 1; capacity <= 1200; capacity += 7) {
            char text[1201];
            memset(text, 'x', sizeof text);
            assert_true(
                tb_own_memory_text(trusted == 0 ? memory : -1, address_of(from), text, capacity));
            assert_int_equal(strlen(text), capacity - 1);
            assert_int_equal(text[capacity], 'x');
        }
    }
    tb_own_memory_close(memory);
}

/* Two pages, the second of which is not there. */
static void text__that_is_not_there_is_refused(void **state)
{
    (void)state;
    char text[8192];
    int memory = tb_own_memory_open();
    if (memory < 0) {
        print_message("no /proc/self/mem on this system\n");
        skip();
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int zeros = open("/dev/zero", O_RDONLY);
    assert_true(zeros >= 0);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, zeros, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(munmap(pages + page, page), 0);
    memset(pages, 'f', page);
    const uint64_t nowhere[] = {0,
                                1,
                                96,
                                address_of(pages + page),
                                address_of(pages + page - 1),
                                address_of(pages + page - 600),
                                UINT64_C(1) << 47,
                                UINT64_C(0xdeadbeefdeadbeef),
                                INT64_MAX,
                                UINT64_MAX};
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
        assert_false(tb_own_memory_text(memory, nowhere[i], text, sizeof text));
    }
    pages[page - 1] = '\0'; /* now it ends before memory does */
    assert_true(tb_own_memory_text(memory, address_of(pages + page - 72), text, sizeof text));
    assert_int_equal(strlen(text), 71);
    assert_int_equal(munmap(pages, page), 0);
    assert_int_equal(close(zeros), 0);
    tb_own_memory_close(memory);
    tb_own_memory_close(-1);
}

TB_TESTS(cmocka_unit_test(text__is_copied), cmocka_unit_test(text__too_long_is_cut),
         cmocka_unit_test(text__that_is_not_there_is_refused));
