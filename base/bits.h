/* Bit sets over [0, n) in 64-bit words, and a matrix of bits. Bits past n stay zero. */
#ifndef TB_BITS_H
#define TB_BITS_H

#include "status.h"

#include <stdbool.h>
#include <stdint.h>

/** Words that n >= 0 bits need. */
static inline int64_t tb_bits_words(int64_t n)
{
    return n / 64 + (n % 64 != 0);
}

static inline bool tb_bits_get(const uint64_t *bits, int64_t i)
{
    return (bits[i / 64] >> (i % 64)) & 1U;
}

static inline void tb_bits_set(uint64_t *bits, int64_t i)
{
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}

/** The bits of [begin, end) that lie in word `w`; the range overlaps that word. */
static inline uint64_t tb_bits_word_mask(int64_t begin, int64_t end, int64_t w)
{
    uint64_t from = begin > w * 64 ? ~UINT64_C(0) << (begin % 64) : ~UINT64_C(0);
    uint64_t below = end < w * 64 + 64 ? ~(~UINT64_C(0) << (end % 64)) : ~UINT64_C(0);
    return from & below;
}

/** Set the bits of [begin, end); nothing when the range is empty. */
static inline void tb_bits_set_range(uint64_t *bits, int64_t begin, int64_t end)
{
    if (begin >= end) {
        return;
    }
    int64_t first = begin / 64, last = (end - 1) / 64;
    for (int64_t w = first; w <= last; w++) {
        bits[w] |= tb_bits_word_mask(begin, end, w);
    }
}

/** Is any bit of [begin, end) set? False for an empty range. */
bool tb_bits_any(const uint64_t *bits, int64_t begin, int64_t end);

/** Is every bit of [begin, end) set? True for an empty range. */
bool tb_bits_all(const uint64_t *bits, int64_t begin, int64_t end);

/** Number of bits set in [begin, end). */
int64_t tb_bits_count(const uint64_t *bits, int64_t begin, int64_t end);

/** First set bit at or after `from` in [from, n), else n. */
int64_t tb_bits_next(const uint64_t *bits, int64_t from, int64_t n);

/** First clear bit at or after `from` in [from, n), else n. */
int64_t tb_bits_next_clear(const uint64_t *bits, int64_t from, int64_t n);

/** A matrix of bits, row-major; each row starts on a word of its own. */
typedef struct tb_bit_matrix {
    int64_t rows;
    int64_t cols;
    int64_t row_words; /* words from one row to the next */
    uint64_t *words;   /* owned; rows * row_words of them */
} tb_bit_matrix;

/**
 * Make a rows x cols matrix of zero bits.
 *
 * @param[in]  rows, cols  >= 1
 * @param[out] out         to be freed with tb_bit_matrix_destroy()
 * @return TB_OK; TB_EINVAL for an extent < 1; TB_EOVERFLOW; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_bit_matrix_create(int64_t rows, int64_t cols, tb_bit_matrix **out,
                                            tb_error *err);

/** Free a matrix; NULL is allowed. */
void tb_bit_matrix_destroy(tb_bit_matrix *matrix);

/** The words of row r. */
static inline uint64_t *tb_bit_matrix_row(const tb_bit_matrix *matrix, int64_t r)
{
    return matrix->words + r * matrix->row_words;
}

#endif
