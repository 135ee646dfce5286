/* Tiles of 16-bit elements from global to shared memory, 16 bytes a lane, asynchronously.
 *
 * Eight lanes copy 128 consecutive bytes of a row (four lanes 64 bytes, where rows have 64 or 192),
 * the next eight those of the next row: whole sectors, and no bank conflict (swizzle.h). A thread
 * keeps its columns and walks down the rows. Rows past the end of the tile, and dims past those of
 * the tensor, become zero without being read: what lies there may be a NaN, and 0 x NaN is one.
 */
#ifndef TB_TILE_COPY_H
#define TB_TILE_COPY_H

#include "swizzle.h"

/* Rows that the CTA copies at a time, each with one group of chunks. A multiple of 8, so that a
 * thread's chunks are flipped alike in all its rows. */
#define TB_COPY_ROWS(dim) (TB_THREADS / TB_GROUP_CHUNKS(dim))

/* The number x, which the compiler must take to depend on `witness` >= 0.
 *
 * Addresses follow from the thread's number by a few cheap instructions. A compiler that sees them
 * needed twice, or in every turn of a loop, computes them once and keeps them: a dozen registers
 * that the main loop lacks. It cannot see that the sign of a number read from memory is 0. */
TB_FN int tb_anew(int x, int witness)
{
    return x + (witness >> 31);
}

/* Rows of a tensor in chunks of 16 bytes, counted in 32 bits: up to 64 GiB. */
typedef struct tb_copy_rows {
    const void *base; /* of the tensor */
    tb_u32 row0;      /* of the batch entry and head: row times heads, plus head */
    tb_u32 heads;
    int first, rows; /* what is copied: row first ... of those */
    int dim;         /* of the tensor */
} tb_copy_rows;

/* Copy rows of a tensor into a tile of `tile_rows` rows of `dim` elements, which are `row_dim`
 * elements apart: both whole groups of chunks. */
TB_FN void tb_tile_copy(tb_u32 tile, int tile_rows, int dim, int row_dim, const tb_copy_rows *copy)
{
    const int group = TB_GROUP_CHUNKS(row_dim), step = TB_COPY_ROWS(row_dim);
    const tb_u32 thread = (tb_u32)tb_anew(tb_thread(), copy->first);
    const int row = (int)(thread / (tb_u32)group), chunk = (int)(thread % (tb_u32)group);
    const tb_u32 chunks = (tb_u32)copy->dim / 8;
    const tb_u32 at = (copy->row0 + (tb_u32)(copy->first + row) * copy->heads) * chunks;
    const tb_u8 *from = (const tb_u8 *)copy->base + (tb_u64)(at + (tb_u32)chunk) * 16;
    const tb_u32 to = tile + tb_swizzle(row, chunk, row_dim), pitch = copy->heads * chunks;
    TB_UNROLL
    for (int r = 0; r < tile_rows; r += step) {
        if (tile_rows % step != 0 && row + r >= tile_rows) {
            break;
        }
        TB_UNROLL
        for (int c = 0; c < dim / 8; c += group) {
            int is_there = row + r < copy->rows && (chunk + c) * 8 < copy->dim;
            tb_cp_async16(to + (tb_u32)(r * row_dim * 2 + c * 16), from + c * 16,
                          is_there ? 16 : 0);
        }
        from += (tb_u64)pitch * (tb_u32)(step * 16);
    }
}

#endif
