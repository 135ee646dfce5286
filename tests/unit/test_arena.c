#include "test_support.h"

#include "arena.h"

#include <stdalign.h>
#include <string.h>

static void arena__memory_is_zeroed_aligned_and_separate(void **state)
{
    (void)state;
    tb_arena *arena = tb_arena_create();
    assert_non_null(arena);
    gsl_rng *random = tb_test_random();
    unsigned char *blocks[200];
    size_t sizes[200];
    for (size_t i = 0; i < 200; i++) {
        sizes[i] = (size_t)tb_test_between(random, 0, i % 10 == 0 ? 9000 : 72);
        blocks[i] = tb_arena_alloc(arena, sizes[i]);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
        for (size_t j = 0; j < sizes[i]; j++) {
            assert_int_equal(blocks[i][j], 0);
        }
        memset(blocks[i], (int)(i + 1), sizes[i]);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t j = 0; j < sizes[i]; j++) {
            assert_int_equal(blocks[i][j], (unsigned char)(i + 1));
        }
    }
    gsl_rng_free(random);
    tb_arena_destroy(arena);
}

static void arena__text_is_copied_and_terminated(void **state)
{
    (void)state;
    tb_arena *arena = tb_arena_create();
    char source[] = "18x24x24";
    char *copy = tb_arena_text(arena, source, 5);
    memset(source, '?', sizeof source - 1);
    assert_string_equal(copy, "18x24");
    assert_string_equal(tb_arena_text(arena, NULL, 0), "");
    tb_arena_destroy(arena);
}

static void arena__impossible_sizes_are_refused(void **state)
{
    (void)state;
    tb_arena *arena = tb_arena_create();
    size_t before = tb_arena_bytes(arena);
    assert_null(tb_arena_alloc(arena, SIZE_MAX));
    assert_null(tb_arena_alloc(arena, SIZE_MAX - 72));
    assert_null(tb_arena_array(arena, SIZE_MAX / 72 + 1, 72));
    assert_null(tb_arena_text(arena, "", SIZE_MAX));
    assert_int_equal(tb_arena_bytes(arena), before);
    assert_non_null(tb_arena_array(arena, 96, 72));
    assert_non_null(tb_arena_array(arena, 96, 0));
    tb_arena_destroy(arena);
    tb_arena_destroy(NULL);
}

static void arena__takes_little_more_than_is_asked(void **state)
{
    (void)state;
    tb_arena *arena = tb_arena_create();
    size_t asked = 0;
    for (size_t i = 0; i < 20000; i++) {
        assert_non_null(tb_arena_alloc(arena, 96));
        asked += 96;
    }
    /* A chunk doubles to 1 MiB at most and its rest is wasted at most once: 1.92 MB in chunks of 4,
     * 8, ..., 1024 KiB, of which the last may be empty. */
    assert_true(tb_arena_bytes(arena) >= asked);
    assert_true(tb_arena_bytes(arena) <= asked + asked / 8 + ((size_t)1 << 20));
    tb_arena_destroy(arena);
}

static void arena__large_blocks_leave_the_chunk_usable(void **state)
{
    (void)state;
    tb_arena *arena = tb_arena_create();
    assert_non_null(tb_arena_alloc(arena, 72));
    size_t one_chunk = tb_arena_bytes(arena);
    assert_non_null(tb_arena_alloc(arena, (size_t)3 << 20));
    size_t with_large = tb_arena_bytes(arena);
    assert_true(with_large - one_chunk < ((size_t)3 << 20) + 4096);
    assert_non_null(tb_arena_alloc(arena, 96)); /* still from the first chunk */
    assert_int_equal(tb_arena_bytes(arena), with_large);
    tb_arena_destroy(arena);
}

TB_TESTS(cmocka_unit_test(arena__memory_is_zeroed_aligned_and_separate),
         cmocka_unit_test(arena__text_is_copied_and_terminated),
         cmocka_unit_test(arena__impossible_sizes_are_refused),
         cmocka_unit_test(arena__takes_little_more_than_is_asked),
         cmocka_unit_test(arena__large_blocks_leave_the_chunk_usable));
