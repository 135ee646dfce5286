/* Tiles of 16-bit elements in shared memory, laid out so that no access pattern of ours meets a
 * bank conflict.
 *
 * A row is cut into chunks of 16 bytes: what one lane copies, and one row of an ldmatrix' 8 x 8
 * matrix. Shared memory delivers 8 chunks at once if they lie in different columns of 128 bytes. A
 * copy takes 8 chunks of one row (or 4 of two rows); ldmatrix takes one chunk of 8 consecutive
 * rows, which all lie in the same column where a row has a multiple of 128 bytes. So row r keeps
 * its chunk c at place
 *
 *     c ^ (r % 8)          of rows of 128, 256, 384, 512 bytes (head dims 64, 128, 192, 256)
 *     c ^ (r / 2 % 4)      of rows of 64 and 192 bytes (32, 96): rows r and r + 1 already begin
 *                          half a line apart
 *
 *         chunk  0 1 2 3 4 5 6 7
 *     row 0      0 1 2 3 4 5 6 7      each column has chunk 0 of one row: eight rows at once
 *     row 1      1 0 3 2 5 4 7 6
 *     row 2      2 3 0 1 6 7 4 5
 *      ...
 *
 * The exclusive or touches only the chunk's number within its group of 8 (or 4), and a lane's row
 * modulo 8 never changes, since it walks by 8 or 16 rows. So an address is a lane's own part, a
 * constant in an exclusive or, and a constant added: one instruction for each step along a row and
 * none for a step between rows.
 */
#ifndef TB_SWIZZLE_H
#define TB_SWIZZLE_H

#include "ptx.h"

/* Chunks that an exclusive or permutes among themselves, in rows of `dim` elements. */
#define TB_GROUP_CHUNKS(dim) ((dim) % 64 == 0 ? 8 : 4)

/* Byte of chunk `chunk` of row `row` in a tile whose rows have `dim` elements. */
TB_FN tb_u32 tb_swizzle(int row, int chunk, int dim)
{
    int flip = dim % 64 == 0 ? row & 7 : (row >> 1) & 3;
    return (tb_u32)(row * dim * 2 + ((chunk ^ flip) << 4));
}

/* From the address of an even chunk 2 i of some row or of the odd one after it, for i = 0, that for
 * another i. */
TB_FN tb_u32 tb_swizzle_step(tb_u32 address, int i, int dim)
{
    int group = TB_GROUP_CHUNKS(dim);
    return (address ^ (tb_u32)(2 * i % group * 16)) + (tb_u32)(2 * i / group * group * 16);
}

#endif
