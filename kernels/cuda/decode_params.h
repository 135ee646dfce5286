/* What decode attention is handed: the parameters of fmha_decode and fmha_decode_reduce, for
 * kernels and host alike.
 *
 * q and o are [batch][head][dim], one token; k and v are [batch][token][head_kv][dim], innermost
 * dense.
 *
 * An item is what one stream of keys serves: a batch entry, a KV head, and a row set, which is up
 * to TB_DECODE_ROWS of the heads / heads_kv query heads that read that KV head. Items are numbered
 * (batch * heads_kv + head_kv) * row_sets + set; row r of set s is query head
 * head_kv * (heads / heads_kv) + s * rows + r.
 *
 * A sequence is the keys that an item sees, in order; a key's number in it is its position. Token
 * of a position: of intervals, one after another, or looked up in a list of kept tokens.
 *
 * A part is a run of positions of one item. A CTA takes the parts cta_first[c] ... cta_first[c + 1]
 * - 1 in turn: one each where keys are split evenly, a few where each CTA takes an equal run of the
 * KV tiles of all items (stream-K). Its warps take TB_DECODE_KEYS positions each in turn and leave
 * a partial result each: partial number part * TB_DECODE_WARPS + warp.
 */
#ifndef TB_DECODE_PARAMS_H
#define TB_DECODE_PARAMS_H

#include "cuda_types.h"

#define TB_DECODE_WARPS   4  /* of a CTA of fmha_decode */
#define TB_DECODE_KEYS    16 /* that a warp takes at a time */
#define TB_DECODE_KV_TILE (TB_DECODE_WARPS * TB_DECODE_KEYS)
#define TB_DECODE_ROWS    16 /* of a row set, at most: the rows of an mma */

/* Row sets that `group` query heads of a KV head need, and the rows of each (the last may have
 * fewer). */
#define TB_DECODE_ROW_SETS(group) (((group) + TB_DECODE_ROWS - 1) / TB_DECODE_ROWS)
#define TB_DECODE_SET_ROWS(group)                                                                  \
    (((group) + TB_DECODE_ROW_SETS(group) - 1) / TB_DECODE_ROW_SETS(group))

/* Shared memory: for each warp a ring of `slots` pieces, a piece being TB_DECODE_PIECE_DIM dims of
 * its keys or values, and its copy of q. */
#define TB_DECODE_PIECE_DIM    128
#define TB_DECODE_LESSER(a, b) ((a) < (b) ? (a) : (b))
#define TB_DECODE_PIECE_BYTES(dim, dim_value)                                                      \
    (TB_DECODE_KEYS * 2 *                                                                          \
     TB_DECODE_LESSER((dim) > (dim_value) ? (dim) : (dim_value), TB_DECODE_PIECE_DIM))
#define TB_DECODE_SHARED_BYTES(dim, dim_value, slots)                                              \
    (TB_DECODE_WARPS * ((slots)*TB_DECODE_PIECE_BYTES(dim, dim_value) + TB_DECODE_ROWS * 2 * (dim)))

#define TB_DECODE_REDUCE_THREADS 256
/* Shared memory of fmha_decode_reduce. */
#define TB_DECODE_REDUCE_SHARED_BYTES (TB_DECODE_REDUCE_THREADS * 16)
#define TB_DECODE_REDUCE_DIM          256 /* of v, at most */

/* Positions begin ... end - 1 of an item; may be none. */
typedef struct tb_decode_part {
    tb_i32 item;
    tb_i32 begin, end;
    tb_i32 unused;
} tb_decode_part;

/* intervals[first] ... of `intervals`, or tokens[first] ... of the list. */
typedef struct tb_decode_sequence {
    tb_i32 first;
    tb_i32 intervals; /* without the closing one */
    tb_i32 keys;      /* positions */
    tb_i32 unused;
} tb_decode_sequence;

/* Position `position` is token `token`, the next one the next token, as far as the next interval's
 * position. A sequence has one more at its end, whose position is its number of keys. */
typedef struct tb_decode_interval {
    tb_i32 position, token;
} tb_decode_interval;

/* Of one row of a partial result: the greatest scale q.k log2(e), -inf of no key, and the sum of
 * 2^(scale q.k log2(e) - maximum). The output beside it is sum 2^(...) v, not divided yet; it is
 * not written where there is no key. */
typedef struct tb_decode_sum {
    float maximum, sum;
} tb_decode_sum;

typedef struct tb_decode_params {
    const void *q, *k, *v;
    const tb_decode_part *parts;
    const tb_i32 *cta_first; /* grid + 1 */
    const tb_decode_sequence
        *sequences; /* number batch * sequence_batch + head_kv * sequence_head */
    const tb_decode_interval *intervals; /* null where there is a list */
    const tb_i32 *tokens;                /* null where there are intervals */
    float *partial_o;                    /* [partial][rows][dim_value] */
    tb_decode_sum *partial_sums;         /* [partial][rows] */
    tb_i64 kv_rows;                      /* tokens of k and v, a batch entry */
    tb_i32 sequence_batch, sequence_head;
    tb_i32 heads, heads_kv;
    tb_i32 row_sets, rows; /* TB_DECODE_ROW_SETS, TB_DECODE_SET_ROWS */
    tb_i32 dim, dim_value; /* multiples of 8, at most the variant's: the rest counts as zero */
    float scale_log2;      /* of the logits, times log2(e) */
    tb_i32 unused;
} tb_decode_params;

/* Grid: any number of CTAs. */

typedef struct tb_decode_reduce_params {
    void *o;    /* [batch][head][dim_value], bf16 or fp16 */
    float *lse; /* natural logarithm, [batch][head]; may be null */
    const float *partial_o;
    const tb_decode_sum *partial_sums;
    const tb_i32 *item_first; /* items + 1: parts of item i are item_first[i] ... */
    tb_i32 heads, heads_kv;
    tb_i32 row_sets, rows;
    tb_i32 dim_value; /* a multiple of 8, at most TB_DECODE_REDUCE_DIM */
    tb_i32 is_bf16;   /* else fp16 */
} tb_decode_reduce_params;

/* Grid: heads x batch. */

#endif
