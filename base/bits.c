#include "bits.h"

#include "checked.h"

#include <stdlib.h>

#define ALL_ONES (~UINT64_C(0))

/* Bits at and above position i of a word. */
static uint64_t from_bit(int64_t i)
{
    return ALL_ONES << (i % 64);
}

/* Bits below the end position `end` >= 1 in the word that holds bit end - 1. */
static uint64_t below_end(int64_t end)
{
    return ALL_ONES >> (63 - (end - 1) % 64);
}

bool tb_bits_any(const uint64_t *bits, int64_t begin, int64_t end)
{
    if (begin >= end) {
        return false;
    }
    int64_t first = begin / 64, last = (end - 1) / 64;
    if (first == last) {
        return (bits[first] & from_bit(begin) & below_end(end)) != 0;
    }
    if ((bits[first] & from_bit(begin)) != 0 || (bits[last] & below_end(end)) != 0) {
        return true;
    }
    for (int64_t w = first + 1; w < last; w++) {
        if (bits[w] != 0) {
            return true;
        }
    }
    return false;
}

bool tb_bits_all(const uint64_t *bits, int64_t begin, int64_t end)
{
    return tb_bits_next_clear(bits, begin, end) >= end;
}

int64_t tb_bits_count(const uint64_t *bits, int64_t begin, int64_t end)
{
    if (begin >= end) {
        return 0;
    }
    int64_t first = begin / 64, last = (end - 1) / 64;
    if (first == last) {
        return __builtin_popcountll(bits[first] & from_bit(begin) & below_end(end));
    }
    int64_t count = __builtin_popcountll(bits[first] & from_bit(begin));
    for (int64_t w = first + 1; w < last; w++) {
        count += __builtin_popcountll(bits[w]);
    }
    return count + __builtin_popcountll(bits[last] & below_end(end));
}

/* First bit in [from, n) whose word, xored with `flip`, has it set; else n. */
static int64_t next_bit(const uint64_t *bits, int64_t from, int64_t n, uint64_t flip)
{
    if (from >= n) {
        return n;
    }
    int64_t w = from / 64;
    uint64_t word = (bits[w] ^ flip) & from_bit(from);
    while (word == 0) {
        w++;
        if (w * 64 >= n) {
            return n;
        }
        word = bits[w] ^ flip;
    }
    return tb_min(w * 64 + __builtin_ctzll(word), n);
}

int64_t tb_bits_next(const uint64_t *bits, int64_t from, int64_t n)
{
    return next_bit(bits, from, n, 0);
}

int64_t tb_bits_next_clear(const uint64_t *bits, int64_t from, int64_t n)
{
    return next_bit(bits, from, n, ALL_ONES);
}

tb_status tb_bit_matrix_create(int64_t rows, int64_t cols, tb_bit_matrix **out, tb_error *err)
{
    if (rows < 1 || cols < 1) {
        return tb_fail(err, TB_EINVAL, "a bit matrix of %lld x %lld; both must be at least 1",
                       (long long)rows, (long long)cols);
    }
    int64_t row_words = tb_bits_words(cols);
    int64_t words, bytes;
    if (!tb_mul_ok(rows, row_words, &words) ||
        !tb_mul_ok(words, (int64_t)sizeof(uint64_t), &bytes)) {
        return tb_fail(err, TB_EOVERFLOW, "a bit matrix of %lld x %lld is too large",
                       (long long)rows, (long long)cols);
    }
    tb_bit_matrix *made = malloc(sizeof *made);
    uint64_t *storage = calloc((size_t)words, sizeof *storage);
    if (made == NULL || storage == NULL) {
        free(made);
        free(storage);
        return tb_fail(err, TB_ENOMEM, "no memory for a bit matrix of %lld x %lld", (long long)rows,
                       (long long)cols);
    }
    *made = (tb_bit_matrix){.rows = rows, .cols = cols, .row_words = row_words, .words = storage};
    *out = made;
    return TB_OK;
}

void tb_bit_matrix_destroy(tb_bit_matrix *matrix)
{
    if (matrix != NULL) {
        free(matrix->words);
        free(matrix);
    }
}
