/* Decode attention: the few query rows that share a KV head against a long KV cache.
 *
 *   q  [batch][head][dim]                a row set: up to 16 query heads of one KV head
 *   k  [batch][token][head_kv][dim]      keys by position: intervals of tokens, or a list of them
 *   v  [batch][token][head_kv][dim_value]
 *
 * What it costs is reading K and V once: for 16 keys of dim 128, which are 8 KiB, a warp does 32
 * mma and about 400 instructions. While 8 KiB come, an SM of H100 could do ten times those mma,
 * even were all 16 rows real, and issue 2,200 instructions (B200: 1,150). So everything is arranged
 * for bytes in flight. By Little's law a GPU needs bandwidth x latency of them: 2 TB/s x 0.7 us /
 * 108 SMs = 13 KiB an SM on A100, 25 on H100, 54 on B200 (at 1 us).
 *
 *            positions of the part, a KV tile of 64 after another
 *            0       16      32      48      64      80
 *            | warp 0| warp 1| warp 2| warp 3| warp 0| warp 1| ...
 *
 *            ring of a warp, TB_SLOTS pieces:   K V K V      or, at dim 256, K K V V
 *                                               ^ read; the others are on their way
 *
 * A piece is 16 rows of K or V, or of one of the halves of 256 dims: 4 KiB at most. A warp is a
 * pipeline of its own. It takes every fourth run of 16 positions, copies their pieces in turn into
 * its own ring by cp.async, and keeps its own copy of q, its own maximum, sum and output, so that
 * the kernel has no barrier of the CTA and no warp waits for another's rows. TB_SLOTS - 1 = 3
 * pieces are always in flight: 48 KiB a CTA at dims 128 and 256, of which an SM holds one (sm_86,
 * 89, 120, whose memory needs 10 KiB; dim 256 on sm_80) or two; 24 KiB at dim 64, two to four CTAs.
 * Copying runs ahead of computing over the end of a part: where a CTA crosses into the next item
 * its ring stays full.
 *
 * The price is a partial result for each warp rather than for each CTA: at 4096 keys of a part and
 * 8 rows, 16 KiB written beside 2 MiB read. Merging them first would cost every CTA two barriers
 * and a trip through shared memory at its very end, when nothing is left to hide it.
 *
 * Partial outputs are not divided by their sums: merging then needs one division a row, and
 * nothing is multiplied by a sum that it was divided by before (fmha_decode_reduce.cu).
 *
 * A row is a contiguous run of dim elements, taken by neighbouring lanes of 16 bytes
 * each, whatever tokens the rows are: gathering kept tokens is as coalesced as reading intervals.
 * Pieces are laid out as swizzle.h says: eight rows of one chunk, as ldmatrix reads them, are in
 * different banks.
 *
 * Query heads and keys are rows of one mma each: S = q k^T has 16 rows, of which one query head
 * alone uses one; o += p v likewise. q lies in shared memory, because at dim 256 the output takes
 * half of the registers.
 *
 * Options: TB_BF16 or TB_FP16; TB_DIM, TB_DIM_VALUE: 64, 128 or 256; TB_SLOTS; TB_MIN_CTAS.
 */
#define TB_THREADS (TB_DECODE_WARPS * 32)

#include "decode_params.h"
#include "ptx.h"

TB_STATIC_ASSERT(TB_DIM == 64 || TB_DIM == 128 || TB_DIM == 256, "chunks of a row divide a warp");
TB_STATIC_ASSERT(TB_DIM_VALUE == 64 || TB_DIM_VALUE == 128 || TB_DIM_VALUE == 256, "likewise");
TB_STATIC_ASSERT(TB_SLOTS >= 3, "one is read, one is on its way");
TB_STATIC_ASSERT(sizeof(tb_decode_params) <= 512, "a launch's parameters");

#include "decode_stream.h"

/* What a warp knows of its rows: lane / 4 and lane / 4 + 8. */
typedef struct tb_rows {
    float o[TB_DIM_VALUE / 8][4]; /* as mma leaves it */
    float maximum[2], sum[2];     /* sum: of this lane's keys */
} tb_rows;

/* The rows of a row set, and zeros below and beside them, to this warp's copy of q. The barriers of
 * the pieces order it before tb_score() of this part and after that of the part before. */
TB_FN void tb_copy_q(tb_u32 shared_q, const tb_decode_params *params, tb_i64 first_row, int count)
{
    const int chunks = TB_DIM / 8;
    const tb_u8 *q = (const tb_u8 *)params->q + first_row * params->dim * 2;
    TB_UNROLL
    for (int i = 0; i < TB_DECODE_ROWS * chunks / 32; i++) {
        const int row = (i * 32 + tb_lane()) / chunks, chunk = (i * 32 + tb_lane()) % chunks;
        tb_u4 bits = {0, 0, 0, 0};
        if (row < count && chunk * 8 < params->dim) {
            bits = tb_load16(q + (row * params->dim + chunk * 8) * 2);
        }
        tb_store_shared16(shared_q + tb_swizzle(row, chunk, TB_DIM), bits);
    }
}

TB_FN void tb_reset(tb_rows *rows)
{
    TB_UNROLL
    for (int n = 0; n < TB_DIM_VALUE / 8; n++) {
        TB_UNROLL
        for (int i = 0; i < 4; i++) {
            rows->o[n][i] = 0.0f;
        }
    }
    TB_UNROLL
    for (int h = 0; h < 2; h++) {
        rows->maximum[h] = TB_MINUS_INFINITY;
        rows->sum[h] = 0.0f;
    }
}

/* s += q k^T over the dims of a piece; s[n]: keys 8 n ... 8 n + 7. */
TB_FN void tb_score(float s[2][4], tb_u32 shared_q, tb_u32 slot, const int piece)
{
    const int lane = tb_opaque(tb_lane());
    const int key = (lane & 7) + ((lane >> 4) << 3), half = (lane >> 3) & 1;
    const int row = lane & 15, q_half = lane >> 4;
    const tb_u32 k_at = slot + tb_swizzle(key, half, TB_PIECE_K);
    const tb_u32 q_at = shared_q + tb_swizzle(row, q_half, TB_DIM);
    TB_UNROLL
    for (int k = 0; k < TB_PIECE_K / 16; k++) {
        tb_u32 a[4], b[4];
        tb_ldmatrix_x4(a, tb_swizzle_step(q_at, piece * TB_PIECE_K / 16 + k, TB_DIM));
        tb_ldmatrix_x4(b, tb_swizzle_step(k_at, k, TB_PIECE_K));
        tb_mma(s[0], a, b[0], b[1]);
        tb_mma(s[1], a, b[2], b[3]);
    }
}

/* Products to logits in units of log2. Of the 16 keys only the first `left` belong to the part. */
TB_FN void tb_scale_and_mask(float s[2][4], float scale_log2, int left)
{
    TB_UNROLL
    for (int i = 0; i < 8; i++) {
        float *x = &s[i >> 2][i & 3];
        const int key = (i >> 2) * 8 + (tb_lane() & 3) * 2 + (i & 1);
        *x = key < left ? *x * scale_log2 : TB_MINUS_INFINITY;
    }
}

/* Keys that this lane has left unmasked, by row; before exponentials. */
TB_FN void tb_count_keys(const float s[2][4], int part, int rows)
{
    TB_UNROLL
    for (int h = 0; TB_IS_COUNTING && h < 2; h++) {
        const int row = (tb_lane() >> 2) + h * 8;
        int count = 0;
        TB_UNROLL
        for (int i = 0; i < 4; i++) {
            count += s[i >> 1][h * 2 + (i & 1)] > TB_MINUS_INFINITY;
        }
        if (row < rows && count > 0) {
            tb_count_unmasked(part, row, count);
        }
    }
}

/* Logits to weights, with maximum, sum and output brought up to date. The first key of every run
 * is unmasked, so that the new maximum is finite. After a few runs maxima seldom grow: then the
 * output is left as it is. */
TB_FN void tb_weigh(float s[2][4], tb_rows *rows)
{
    float by[2];
    TB_UNROLL
    for (int h = 0; h < 2; h++) {
        float maximum = rows->maximum[h];
        TB_UNROLL
        for (int i = 0; i < 4; i++) {
            maximum = tb_max(maximum, s[i >> 1][h * 2 + (i & 1)]);
        }
        maximum = tb_max(maximum, tb_shfl_xor(maximum, 1));
        maximum = tb_max(maximum, tb_shfl_xor(maximum, 2));
        by[h] = tb_exp2(rows->maximum[h] - maximum);
        rows->maximum[h] = maximum;
        rows->sum[h] *= by[h];
        TB_UNROLL
        for (int i = 0; i < 4; i++) {
            float *p = &s[i >> 1][h * 2 + (i & 1)];
            *p = tb_exp2(*p - maximum);
            rows->sum[h] += *p;
        }
    }
    if (tb_ballot(by[0] < 1.0f || by[1] < 1.0f)) {
        TB_UNROLL
        for (int n = 0; n < TB_DIM_VALUE / 8; n++) {
            TB_UNROLL
            for (int i = 0; i < 4; i++) {
                rows->o[n][i] *= by[i >> 1];
            }
        }
    }
}

/* Weights as mma takes them. */
TB_FN void tb_pack_weights(tb_u32 p[4], const float s[2][4])
{
    TB_UNROLL
    for (int i = 0; i < 4; i++) {
        p[i] = tb_pack(s[i >> 1][(i & 1) * 2], s[i >> 1][(i & 1) * 2 + 1]);
    }
}

/* o += p v for the dims of a piece. */
TB_FN void tb_add_values(tb_rows *rows, const tb_u32 p[4], tb_u32 slot, const int piece)
{
    const int lane = tb_opaque(tb_lane());
    const int key = lane & 15, half = lane >> 4;
    const tb_u32 v_at = slot + tb_swizzle(key, half, TB_PIECE_V);
    TB_UNROLL
    for (int k = 0; k < TB_PIECE_V / 16; k++) {
        const int n = (piece - TB_PIECES_K) * TB_PIECE_V / 8 + 2 * k;
        tb_u32 b[4];
        tb_ldmatrix_x4_trans(b, tb_swizzle_step(v_at, k, TB_PIECE_V));
        tb_mma(rows->o[n], p, b[0], b[1]);
        tb_mma(rows->o[n + 1], p, b[2], b[3]);
    }
}

TB_FN tb_u64 tb_two_floats(float low, float high)
{
    return (tb_u64)tb_bits_of_float(high) << 32 | tb_bits_of_float(low);
}

/* Leave the result of a part: `count` rows, the first of them row `first` of the workspace. */
TB_FN void tb_store_partial(const tb_rows *rows, const tb_decode_params *params, tb_i64 first,
                            int count)
{
    const int g = tb_lane() >> 2, t = tb_lane() & 3;
    TB_UNROLL
    for (int h = 0; h < 2; h++) {
        const int row = g + h * 8;
        float *o = params->partial_o + (first + row) * params->dim_value;
        float sum = rows->sum[h];
        sum += tb_shfl_xor(sum, 1);
        sum += tb_shfl_xor(sum, 2);
        if (row < count && t == 0) {
            *(tb_u64 *)&params->partial_sums[first + row] = tb_two_floats(rows->maximum[h], sum);
        }
        TB_UNROLL
        for (int n = 0; n < TB_DIM_VALUE / 8; n++) {
            if (row < count && n * 8 < params->dim_value) {
                *(tb_u64 *)&o[n * 8 + t * 2] =
                    tb_two_floats(rows->o[n][h * 2], rows->o[n][h * 2 + 1]);
            }
        }
    }
}

/* The same of a warp that the part has no key for: no output beside the sums. */
TB_FN void tb_store_nothing(const tb_decode_params *params, tb_i64 first, int count)
{
    if (tb_lane() < count) {
        *(tb_u64 *)&params->partial_sums[first + tb_lane()] =
            tb_two_floats(TB_MINUS_INFINITY, 0.0f);
    }
}

/* Go to the next piece: wait for it, and fill the slot of the one before it, which every lane has
 * read, with the piece that is TB_SLOTS - 1 further on. */
TB_FN void tb_next_piece(const int piece, tb_u32 *slot, tb_u32 ring, tb_stream *stream,
                         const tb_decode_params *params)
{
    const tb_u32 last = ring + (TB_SLOTS - 1) * TB_PIECE_BYTES, before = *slot;
    tb_cp_async_wait(TB_SLOTS - 2);
    tb_syncwarp();
    tb_copy_piece((piece + TB_SLOTS - 1) % TB_PIECES, before, stream, params);
    *slot = before == last ? ring : before + TB_PIECE_BYTES;
}

/* One run of 16 positions, of which the first `left` belong to the part; `count` rows. */
TB_FN void tb_take_run(tb_rows *rows, tb_u32 *slot, tb_u32 ring, tb_u32 shared_q, tb_stream *stream,
                       const tb_decode_params *params, int part, int left, int count)
{
    float s[2][4] = {{0.0f, 0.0f, 0.0f, 0.0f}, {0.0f, 0.0f, 0.0f, 0.0f}};
    tb_u32 p[4];
    TB_UNROLL
    for (int piece = 0; piece < TB_PIECES; piece++) {
        tb_next_piece(piece, slot, ring, stream, params);
        if (piece < TB_PIECES_K) {
            tb_score(s, shared_q, *slot, piece);
        }
        if (piece == TB_PIECES_K - 1) {
            tb_scale_and_mask(s, params->scale_log2, left);
            tb_count_keys(s, part, count);
            tb_weigh(s, rows);
            tb_pack_weights(p, s);
        }
        if (piece >= TB_PIECES_K) {
            tb_add_values(rows, p, *slot, piece);
        }
    }
}

TB_KERNEL(fmha_decode, tb_decode_params)
{
    TB_SHARED(shared);
    /* From lane 0, so that the compiler knows it to be the same in a warp, and with it what
     * branches depend on. */
    const int warp = (int)tb_shfl_u32((tb_u32)tb_warp(), 0);
    const tb_u32 ring = tb_shared_address(shared) + (tb_u32)(warp * TB_SLOTS * TB_PIECE_BYTES);
    const tb_u32 shared_q =
        tb_shared_address(shared) +
        (tb_u32)(TB_DECODE_WARPS * TB_SLOTS * TB_PIECE_BYTES + warp * TB_DECODE_ROWS * TB_DIM * 2);
    const int group = params.heads / params.heads_kv;
    const int first = params.cta_first[tb_cta_x()], last = params.cta_first[tb_cta_x() + 1];

    tb_stream stream;
    stream.warp = warp;
    stream.row = 0;
    stream.token = 0;
    stream.part = first;
    stream.last = last;
    tb_open_part(&stream, &params);
    TB_UNROLL
    for (int i = 0; i < TB_SLOTS - 1; i++) {
        tb_copy_piece(i % TB_PIECES, ring + (tb_u32)(i * TB_PIECE_BYTES), &stream, &params);
    }

    tb_u32 slot = ring + (TB_SLOTS - 1) * TB_PIECE_BYTES;
    TB_NO_UNROLL
    for (int part = first; part < last; part++) {
        const int item = params.parts[part].item, end = params.parts[part].end;
        int at = params.parts[part].begin + warp * TB_DECODE_KEYS;
        const int stripe = item / params.row_sets;
        const int row = (item - stripe * params.row_sets) * params.rows;
        const int count = group - row < params.rows ? group - row : params.rows;
        const tb_i64 partial = ((tb_i64)part * TB_DECODE_WARPS + warp) * params.rows;
        if (at >= end) {
            tb_store_nothing(&params, partial, count);
            continue;
        }
        tb_rows rows;
        tb_copy_q(shared_q, &params, (tb_i64)stripe * group + row, count);
        tb_reset(&rows);
        TB_NO_UNROLL
        do {
            tb_take_run(&rows, &slot, ring, shared_q, &stream, &params, part, end - at, count);
            at += TB_DECODE_KV_TILE;
        } while (at < end);
        tb_store_partial(&rows, &params, partial, count);
    }
}
