/* What the kernels of unfused attention share: heads of the launch, and squares of 64 x 64 elements
 * in shared memory, of which all their tiles are made. */
#ifndef TB_GEMM_SQUARES_H
#define TB_GEMM_SQUARES_H

#include "gemm_params.h"
#include "swizzle.h"

#define TB_SQUARE TB_GEMM_TILE

/* Which head this CTA works for. */
typedef struct tb_gemm_pair {
    tb_i64 number; /* in the scratch memory */
    int batch, head, kv_head;
} tb_gemm_pair;

TB_FN tb_gemm_pair tb_pair_of_cta(const tb_gemm_params *params)
{
    const int pair = params->first_pair + tb_cta_y();
    tb_gemm_pair p;
    p.number = tb_cta_y();
    p.batch = pair / params->fmha.heads;
    p.head = pair % params->fmha.heads;
    p.kv_head = p.head / (params->fmha.heads / params->fmha.heads_kv);
    return p;
}

/* Bytes from a row of a tensor to the next. */
TB_FN int tb_pitch(int heads, int dim)
{
    return heads * dim * 2;
}

/* Row 0 of a head. */
TB_FN const tb_u8 *tb_head_rows(const void *tensor, tb_i64 rows, int heads, int dim, int batch,
                                int head)
{
    return (const tb_u8 *)tensor + (batch * rows * heads + head) * dim * 2;
}

/* Copy a square: rows first ... of which `rows` are there, from column square * 64 on, of `dims`.
 * Eight lanes copy the 128 bytes of a row. What is not there becomes zero without being read. */
TB_FN void tb_square_copy(tb_u32 to, const tb_u8 *row0, int pitch, int first, int rows, int square,
                          int dims)
{
    const int row = tb_thread() / 8, chunk = tb_thread() % 8, step = TB_THREADS / 8;
    const int has_columns = (square * 8 + chunk) * 8 < dims;
    const tb_u8 *from = row0 + (tb_i64)(first + row) * pitch + (square * 8 + chunk) * 16;
    TB_UNROLL
    for (int r = 0; r < TB_SQUARE; r += step) {
        tb_cp_async16(to + tb_swizzle(row, chunk, TB_SQUARE) + (tb_u32)(r * TB_SQUARE * 2), from,
                      has_columns && row + r < rows ? 16 : 0);
        from += (tb_i64)step * pitch;
    }
}

/* Steps of 16 that columns `square` * 64 ... of `dims` take, at most 4. */
TB_FN int tb_square_steps(int square, int dims)
{
    const int left = dims - square * TB_SQUARE;
    return left >= TB_SQUARE ? TB_SQUARE / 16 : (left + 15) / 16;
}

/* Fragments of a square, by ldmatrix: where this lane's row of 8 elements begins.
 *   A (rows of this warp) and, transposed, B (rows = the contraction): 16 rows, two chunks
 *   B (columns = rows of the square): rows 0-7 in both chunks, then 8-15 */
TB_FN tb_u32 tb_fragment_address(tb_u32 square, int row)
{
    const int lane = tb_lane();
    return square + tb_swizzle(row + (lane & 15), lane >> 4, TB_SQUARE);
}

TB_FN tb_u32 tb_column_address(tb_u32 square)
{
    const int lane = tb_lane();
    return square + tb_swizzle((lane & 7) + (lane >> 4) * 8, lane >> 3 & 1, TB_SQUARE);
}

TB_FN void tb_zero(float (*accumulators)[4], int count)
{
    TB_UNROLL
    for (int n = 0; n < count; n++) {
        TB_UNROLL
        for (int i = 0; i < 4; i++) {
            accumulators[n][i] = 0.0f;
        }
    }
}

/* Where the scores of row 0 of an entry lie. */
TB_FN float *tb_entry_scores(const tb_gemm_params *params, tb_i64 pair, int entry)
{
    return params->scores + (pair * params->entries + entry) * (TB_Q_TILE * TB_KV_TILE);
}

#endif
