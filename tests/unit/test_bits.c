#include "test_support.h"

#include "bits.h"
#include "checked.h"

#include <string.h>

#define SIZE INT64_C(300) /* 4 words and 44 bits */

static void bits__words_round_up(void **state)
{
    (void)state;
    assert_int_equal(tb_bits_words(0), 0);
    assert_int_equal(tb_bits_words(1), 1);
    assert_int_equal(tb_bits_words(64), 1);
    assert_int_equal(tb_bits_words(72), 2);
    assert_true(tb_bits_words(INT64_MAX) == (INT64_C(1) << 57));
}

/* What each function must give for [begin, end), bit by bit. */
typedef struct naive {
    int64_t count;
    int64_t next;       /* first set bit, else end */
    int64_t next_clear; /* first clear bit, else end */
} naive;

static naive count_naively(const bool *bits, int64_t begin, int64_t end)
{
    naive n = {.next = tb_max(begin, end), .next_clear = tb_max(begin, end)};
    for (int64_t i = end - 1; i >= begin; i--) {
        n.count += bits[i];
        *(bits[i] ? &n.next : &n.next_clear) = i;
    }
    return n;
}

static void fill(gsl_rng *random, uint64_t *words, bool *bits)
{
    /* Runs, rather than single bits, so that whole words are full and empty too. */
    memset(words, 0, sizeof(uint64_t) * (size_t)tb_bits_words(SIZE));
    memset(bits, 0, SIZE);
    for (int64_t run = tb_test_between(random, 0, 4); run > 0; run--) {
        int64_t begin = tb_test_between(random, 0, SIZE), end = tb_test_between(random, 0, SIZE);
        tb_bits_set_range(words, begin, end);
        for (int64_t i = begin; i < end; i++) {
            bits[i] = true;
        }
    }
}

static void bits__ranges_agree_with_a_loop_over_bits(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(20000);
    for (int c = 0; c < cases; c++) {
        uint64_t words[SIZE / 64 + 1];
        bool bits[SIZE];
        fill(random, words, bits);
        int64_t begin = tb_test_between(random, 0, SIZE), end = tb_test_between(random, 0, SIZE);
        int64_t length = end > begin ? end - begin : 0;
        naive want = count_naively(bits, begin, end);
        assert_int_equal(tb_bits_count(words, begin, end), want.count);
        assert_int_equal(tb_bits_any(words, begin, end), want.count > 0);
        assert_int_equal(tb_bits_all(words, begin, end), want.count == length);
        if (begin <= end) {
            assert_int_equal(tb_bits_next(words, begin, end), want.next);
            assert_int_equal(tb_bits_next_clear(words, begin, end), want.next_clear);
        } else { /* from past n gives n */
            assert_int_equal(tb_bits_next(words, begin, end), end);
            assert_int_equal(tb_bits_next_clear(words, begin, end), end);
        }
    }
    print_message("%d cases\n", cases);
    gsl_rng_free(random);
}

static void bits__every_bit_is_set_by_range_as_by_index(void **state)
{
    (void)state;
    for (int64_t i = 0; i < SIZE; i++) {
        uint64_t by_range[SIZE / 64 + 1] = {0}, by_index[SIZE / 64 + 1] = {0};
        tb_bits_set_range(by_range, i, i + 1);
        tb_bits_set(by_index, i);
        assert_memory_equal(by_range, by_index, sizeof by_range);
        assert_true(tb_bits_get(by_range, i));
        assert_int_equal(tb_bits_count(by_range, 0, SIZE), 1);
    }
}

static void bits__matrix_rows_start_on_words_of_their_own(void **state)
{
    (void)state;
    tb_bit_matrix *matrix = NULL;
    tb_error err;
    tb_assert_ok(tb_bit_matrix_create(72, 96, &matrix, &err), &err);
    assert_int_equal(matrix->rows, 72);
    assert_int_equal(matrix->cols, 96);
    assert_int_equal(matrix->row_words, 2);
    tb_bits_set_range(tb_bit_matrix_row(matrix, 71), 0, 96);
    assert_int_equal(tb_bits_count(matrix->words, 0, INT64_C(72) * 128), 96);
    assert_true(tb_bits_all(tb_bit_matrix_row(matrix, 71), 0, 96));
    assert_false(tb_bits_any(tb_bit_matrix_row(matrix, 70), 0, 96));
    tb_bit_matrix_destroy(matrix);
    tb_bit_matrix_destroy(NULL);
}

static void bits__matrix_refuses_impossible_extents(void **state)
{
    (void)state;
    tb_bit_matrix *matrix = NULL;
    tb_error err;
    tb_assert_fails(tb_bit_matrix_create(0, 96, &matrix, &err), &err, TB_EINVAL, "0 x 96");
    tb_assert_fails(tb_bit_matrix_create(72, -1, &matrix, &err), &err, TB_EINVAL, "72 x -1");
    /* 2^58 rows of 2^6 words of 8 bytes are 2^67 bytes. */
    tb_assert_fails(tb_bit_matrix_create(INT64_C(1) << 58, 4096, &matrix, &err), &err, TB_EOVERFLOW,
                    "too large");
    assert_null(matrix);
}

TB_TESTS(cmocka_unit_test(bits__words_round_up),
         cmocka_unit_test(bits__ranges_agree_with_a_loop_over_bits),
         cmocka_unit_test(bits__every_bit_is_set_by_range_as_by_index),
         cmocka_unit_test(bits__matrix_rows_start_on_words_of_their_own),
         cmocka_unit_test(bits__matrix_refuses_impossible_extents));
