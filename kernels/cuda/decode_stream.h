/* Where decode attention's keys and values come from: the stream of pieces that a warp copies into
 * its ring, ahead of computing. Of fmha_decode.cu, which tells the story; TB_DIM and TB_DIM_VALUE
 * are its options. */
#ifndef TB_DECODE_STREAM_H
#define TB_DECODE_STREAM_H

#include "decode_params.h"
#include "swizzle.h"

/* Dims of a piece of K and of V, and pieces of a run of positions: K first, then V. */
#define TB_PIECE_K     (TB_DIM < TB_DECODE_PIECE_DIM ? TB_DIM : TB_DECODE_PIECE_DIM)
#define TB_PIECE_V     (TB_DIM_VALUE < TB_DECODE_PIECE_DIM ? TB_DIM_VALUE : TB_DECODE_PIECE_DIM)
#define TB_PIECES_K    (TB_DIM / TB_PIECE_K)
#define TB_PIECES      (TB_PIECES_K + TB_DIM_VALUE / TB_PIECE_V)
#define TB_PIECE_BYTES TB_DECODE_PIECE_BYTES(TB_DIM, TB_DIM_VALUE)

/* Copies of a piece in a row; at dim 256 the output leaves no registers for their addresses. */
#if TB_DIM_VALUE > 128
#define TB_UNROLL_COPY TB_UNROLL_2
#else
#define TB_UNROLL_COPY TB_UNROLL
#endif

/* What a warp copies next: 16 positions of a part. */
typedef struct tb_stream {
    tb_i64 row; /* of token 0, of the batch entry and KV head */
    tb_i32 part, last;
    tb_i32 at, end; /* the first of the 16, and the end of the part */
    tb_i32 token;   /* of position at + lane % 16 */
    tb_i32 shift; /* list: its place of position 0; else this lane's token less its position ... */
    tb_i32 interval, until; /* ... as long as it is before `until`, in interval number `interval` */
    int warp;
} tb_stream;

/* The interval that holds a position, by halving. */
TB_FN void tb_find_interval(tb_stream *stream, const tb_decode_params *params, tb_i32 first,
                            tb_i32 count, tb_i32 position)
{
    tb_i32 low = first, high = first + count;
    while (high - low > 1) {
        tb_i32 middle = (low + high) / 2;
        if (params->intervals[middle].position <= position) {
            low = middle;
        } else {
            high = middle;
        }
    }
    stream->interval = low;
    stream->until = params->intervals[low + 1].position;
    stream->shift = params->intervals[low].token - params->intervals[low].position;
}

/* Position of this lane's row; past the end of the part, the last one's. */
TB_FN tb_i32 tb_position(const tb_stream *stream)
{
    tb_i32 position = stream->at + (tb_lane() & (TB_DECODE_KEYS - 1));
    return position < stream->end ? position : stream->end - 1;
}

/* Look up the token of this lane's row. It is used when the next K is copied, a piece later, by
 * which time it has come. */
TB_FN void tb_find_token(tb_stream *stream, const tb_decode_params *params)
{
    tb_i32 position = tb_position(stream);
    if (!params->intervals) {
        stream->token = params->tokens[stream->shift + position];
        return;
    }
    while (position >= stream->until) {
        stream->interval++;
        stream->until = params->intervals[stream->interval + 1].position;
        stream->shift = params->intervals[stream->interval].token -
                        params->intervals[stream->interval].position;
    }
    stream->token = position + stream->shift;
}

/* Move to the first part from stream->part on of which this warp has a run; to nothing at the end.
 */
TB_FN void tb_open_part(tb_stream *stream, const tb_decode_params *params)
{
    for (; stream->part < stream->last; stream->part++) {
        const tb_decode_part *part = &params->parts[stream->part];
        stream->at = part->begin + stream->warp * TB_DECODE_KEYS;
        stream->end = part->end;
        if (stream->at >= stream->end) {
            continue;
        }
        tb_i32 stripe = part->item / params->row_sets;
        tb_i32 batch = stripe / params->heads_kv, head = stripe - batch * params->heads_kv;
        stream->row = (tb_i64)batch * params->kv_rows * params->heads_kv + head;
        const tb_decode_sequence *sequence =
            &params->sequences[batch * params->sequence_batch + head * params->sequence_head];
        if (params->intervals) {
            tb_find_interval(stream, params, sequence->first, sequence->intervals,
                             tb_position(stream));
        } else {
            stream->shift = sequence->first;
        }
        tb_find_token(stream, params);
        return;
    }
    stream->at = stream->end = 0;
}

/* Copy a piece of `dims` dims of 16 rows, from dim `from` of `dim` on. What lies past `dim`, and
 * rows past the end of the part, become zero. */
TB_FN void tb_copy_rows(tb_u32 slot, const tb_stream *stream, const void *tensor, tb_i32 heads,
                        const int dims, const int from, tb_i32 dim)
{
    const int chunks = dims / 8, rows = 32 / chunks; /* of a row; that the warp copies at once */
    const int lane = tb_opaque(tb_lane());
    const int chunk = lane % chunks, first = lane / chunks;
    const int is_in_row = from + chunk * 8 < dim;
    const int left = is_in_row ? stream->end - stream->at - first : 0; /* rows for this lane */
    const tb_u8 *base =
        (const tb_u8 *)tensor + stream->row * dim * 2 + (is_in_row ? from * 2 + chunk * 16 : 0);
    const tb_i32 token_bytes = heads * dim * 2;
    const tb_u32 at = slot + tb_swizzle(first, chunk, dims);
    TB_UNROLL_COPY
    for (int i = 0; i < TB_DECODE_KEYS / rows; i++) {
        const tb_i32 token = (tb_i32)tb_shfl_u32((tb_u32)stream->token, i * rows + first);
        tb_cp_async16((at ^ (tb_u32)(((i * rows) & 7) << 4)) + (tb_u32)(i * rows * dims * 2),
                      base + (tb_i64)token * token_bytes, i * rows < left ? 16 : 0);
    }
}

/* Copy piece number `piece` of the run at hand, and go on to the next run after the last one. Where
 * nothing is left zeros are copied: no branch stands around the shuffles, and the count of groups
 * in flight stays what it is. */
TB_FN void tb_copy_piece(const int piece, tb_u32 slot, tb_stream *stream,
                         const tb_decode_params *params)
{
    if (piece < TB_PIECES_K) {
        tb_copy_rows(slot, stream, params->k, params->heads_kv, TB_PIECE_K, piece * TB_PIECE_K,
                     params->dim);
    } else {
        tb_copy_rows(slot, stream, params->v, params->heads_kv, TB_PIECE_V,
                     (piece - TB_PIECES_K) * TB_PIECE_V, params->dim_value);
    }
    tb_cp_async_commit();
    if (piece == TB_PIECES - 1 && stream->at < stream->end) {
        stream->at += TB_DECODE_KV_TILE;
        if (stream->at < stream->end) {
            tb_find_token(stream, params);
        } else {
            stream->part++;
            tb_open_part(stream, params);
        }
    }
}

#endif
