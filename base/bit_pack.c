#include "bit_pack.h"

#include "checked.h"

#include <stddef.h>
#include <string.h>

#define LOW_BITS   UINT64_C(0x0101010101010101)
#define LOW_SEVENS UINT64_C(0x7f7f7f7f7f7f7f7f)

/* Eight bytes, the first lowest; compilers make it one load on little-endian machines. */
static uint64_t load8(const unsigned char *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

/* Up to eight bytes, zeros for the rest. */
static uint64_t load_some(const unsigned char *p, int64_t n)
{
    uint64_t word = 0;
    for (int64_t i = 0; i < n; i++) {
        word |= (uint64_t)p[i] << (8 * i);
    }
    return word;
}

/* The high bit of each byte that is not zero: adding 127 carries into it unless the rest is 0. */
static uint64_t non_zero_bytes(uint64_t word)
{
    return (((word & LOW_SEVENS) + LOW_SEVENS) | word) & ~LOW_SEVENS;
}

/* The high bits of eight bytes, gathered in the lowest byte: the factor shifts bit 8i + 7 to 56 + i
 * for each i, and no two of its other products meet, so none carries. */
static uint64_t gather_high_bits(uint64_t high_bits)
{
    return (high_bits * UINT64_C(0x0002040810204081)) >> 56;
}

static uint64_t pack8(uint64_t word)
{
    return gather_high_bits(non_zero_bytes(word));
}

static uint64_t pack64(const unsigned char *p)
{
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) {
        word |= pack8(load8(p + (ptrdiff_t)8 * i)) << (8 * i);
    }
    return word;
}

void tb_pack_bytes(const unsigned char *bytes, int64_t n, uint64_t *words)
{
    int64_t whole = n / 64;
    for (int64_t w = 0; w < whole; w++) {
        words[w] = pack64(bytes + w * 64);
    }
    if (n % 64 != 0) {
        words[whole] = 0;
        for (int64_t i = whole * 64; i < n; i += 8) {
            words[whole] |= pack8(load_some(bytes + i, tb_min(8, n - i))) << (i % 64);
        }
    }
}

/* Rows of a block of 64 columns: enough that each column is read as a run of a whole page, few
 * enough that the block's 32 KiB stay in a near cache. */
#define BLOCK_ROWS 4096

/* Put up to eight neighbouring columns at bit `shift` of a block's words. Shifted by its column,
 * each column's bit of row j lands beside the others' in byte j of the sum. */
static void pack_eight_columns(const unsigned char *bytes, int64_t column_bytes, int64_t columns,
                               int64_t rows, int64_t shift, uint64_t *block)
{
    for (int64_t r = 0; r < rows; r += 8) {
        uint64_t sum = 0;
        for (int64_t c = 0; c < columns; c++) {
            const unsigned char *p = bytes + c * column_bytes + r;
            uint64_t eight_rows = rows - r >= 8 ? load8(p) : load_some(p, rows - r);
            sum |= (non_zero_bytes(eight_rows) >> 7) << c;
        }
        for (int64_t j = 0; j < 8; j++) {
            block[r + j] |= ((sum >> (8 * j)) & 0xff) << shift;
        }
    }
}

/* A block is gathered before its words are stored, so that each cache line of the file and of the
 * matrix is touched once. */
static void pack_block(const unsigned char *bytes, int64_t row, int64_t col, tb_bit_matrix *matrix)
{
    uint64_t block[BLOCK_ROWS];
    int64_t rows = tb_min(BLOCK_ROWS, matrix->rows - row);
    int64_t cols = tb_min(64, matrix->cols - col);
    memset(block, 0, sizeof *block * (size_t)(tb_ceil_div(rows, 8) * 8));
    for (int64_t c = 0; c < cols; c += 8) {
        const unsigned char *first = bytes + (col + c) * matrix->rows + row;
        pack_eight_columns(first, matrix->rows, tb_min(8, cols - c), rows, c, block);
    }
    for (int64_t r = 0; r < rows; r++) {
        tb_bit_matrix_row(matrix, row + r)[col / 64] = block[r];
    }
}

void tb_pack_columns(const unsigned char *bytes, tb_bit_matrix *matrix)
{
    for (int64_t col = 0; col < matrix->cols; col += 64) {
        for (int64_t row = 0; row < matrix->rows; row += BLOCK_ROWS) {
            pack_block(bytes, row, col, matrix);
        }
    }
}

/* Reverse the bits within each byte: neighbours, then pairs, then halves change places. */
static uint64_t reverse_bytes_bits(uint64_t word)
{
    const uint64_t ones = LOW_BITS * 0x55, twos = LOW_BITS * 0x33, fours = LOW_BITS * 0x0f;
    word = ((word >> 1) & ones) | ((word & ones) << 1);
    word = ((word >> 2) & twos) | ((word & twos) << 2);
    return ((word >> 4) & fours) | ((word & fours) << 4);
}

void tb_pack_high_first(const unsigned char *bytes, int64_t n, uint64_t *words)
{
    int64_t whole = n / 64;
    for (int64_t w = 0; w < whole; w++) {
        words[w] = reverse_bytes_bits(load8(bytes + w * 8));
    }
    int64_t rest = n % 64;
    if (rest != 0) {
        uint64_t last = reverse_bytes_bits(load_some(bytes + whole * 8, tb_ceil_div(rest, 8)));
        words[whole] = last & ((UINT64_C(1) << rest) - 1);
    }
}
