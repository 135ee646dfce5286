/* The masks of partial tiles: which scores become -inf.
 *
 * A lane holds, of each of its rows, the columns 8 n + 2 t and 8 n + 2 t + 1 for t = lane % 4 and
 * every n (fragments of mma.m16n8k16). A row's mask is a bit for each column, in |U| / 32 words.
 * Only a partial tile comes here, by a branch that the whole CTA takes: what happens here costs a
 * full tile nothing.
 */
#ifndef TB_FMHA_MASK_H
#define TB_FMHA_MASK_H

#include "fmha_params.h"
#include "ptx.h"

#define TB_MASK_WORDS (TB_KV_TILE / 32)

/* Rows of a lane: two in each m16 tile, 8 apart. */
#define TB_LANE_ROWS (TB_WARP_ROWS / 8)

/* Query slot of a thread's row. */
TB_FN int tb_slot_of(int thread, int row)
{
    return (int)((tb_u32)thread / 32 * TB_WARP_ROWS + (tb_u32)thread % 32 / 4) + row * 8;
}

/* One visit of a partial tile. */
typedef struct tb_partial {
    const tb_fmha_q_tile *q_tile;
    const tb_fmha_kv_tile *kv_tile;
    tb_i32 mask; /* of the entry */
    int thread;
} tb_partial;

/* Bits below bit `count` of word `w` of a row. */
TB_FN tb_u32 tb_bits_below(int count, int w)
{
    int here = count - w * 32;
    return here >= 32 ? 0xffffffffu : here <= 0 ? 0u : (1u << here) - 1u;
}

TB_FN int tb_clamp(int x, int low, int high)
{
    return x < low ? low : x > high ? high : x;
}

/* Intersect with an axis of a box: the slots whose offset lies in the window of the row's
 * coordinate, and holds a token. A query that sees every key is limited by the tokens alone. */
TB_FN void tb_mask_box_axis(const struct tb_fmha_params *params, const tb_partial *partial,
                            int axis, tb_u32 words[TB_LANE_ROWS][TB_MASK_WORDS])
{
    const int is_extra = partial->q_tile->origin[0] < 0;
    const int q_origin = partial->q_tile->origin[axis], origin = partial->kv_tile->origin[axis];
    const int limit = partial->kv_tile->limit[axis];
    const tb_u32 *below = params->below + params->below_row[axis] * TB_MASK_WORDS;
    TB_UNROLL
    for (int row = 0; row < TB_LANE_ROWS; row++) {
        int slot = tb_slot_of(partial->thread, row), start = 0, end = limit;
        if (!is_extra && slot < partial->q_tile->rows) {
            int offset = (int)(params->q_offset[slot] >> (8 * axis) & 255u);
            const tb_fmha_window *window = params->window[axis] + q_origin + offset;
            start = tb_clamp(window->start - origin, 0, limit);
            end = tb_clamp(window->end - origin, 0, limit);
        }
        TB_UNROLL
        for (int w = 0; w < TB_MASK_WORDS; w++) {
            words[row][w] &= below[end * TB_MASK_WORDS + w] & ~below[start * TB_MASK_WORDS + w];
        }
    }
}

/* Intersect with an axis of tiles that are runs: the lane's own columns whose coordinate lies in
 * the window of the row's. */
TB_FN void tb_mask_tokens_axis(const struct tb_fmha_params *params, const tb_partial *partial,
                               int axis, tb_u32 words[TB_LANE_ROWS][TB_MASK_WORDS])
{
    const int keys = partial->kv_tile->rows, column0 = partial->thread % 4 * 2;
    const tb_i32 *coordinates = params->kv_coordinate[axis] + partial->kv_tile->row;
    int start[TB_LANE_ROWS], end[TB_LANE_ROWS];
    TB_UNROLL
    for (int row = 0; row < TB_LANE_ROWS; row++) {
        int slot = tb_slot_of(partial->thread, row);
        start[row] = end[row] = 0;
        if (slot < partial->q_tile->rows) {
            int at = params->q_coordinate[axis][partial->q_tile->row + slot];
            start[row] = params->window[axis][at].start;
            end[row] = params->window[axis][at].end;
        }
    }
    TB_NO_UNROLL
    for (int i = 0; i < 8; i++) { /* column i / 2 * 8 + column0 + i % 2 of every word */
        int bit = i / 2 * 8 + column0 + i % 2;
        TB_UNROLL
        for (int w = 0; w < TB_MASK_WORDS; w++) {
            int key = w * 32 + bit, at = key < keys ? coordinates[key] : 0;
            TB_UNROLL
            for (int row = 0; row < TB_LANE_ROWS; row++) {
                tb_u32 is_hidden = at < start[row] || at >= end[row];
                words[row][w] &= ~(is_hidden << bit);
            }
        }
    }
}

TB_FN void tb_mask_stored(const struct tb_fmha_params *params, const tb_partial *partial,
                          tb_u32 words[TB_LANE_ROWS][TB_MASK_WORDS])
{
    TB_UNROLL
    for (int row = 0; row < TB_LANE_ROWS; row++) {
        const tb_u32 *stored =
            params->mask_bits +
            ((tb_i64)partial->mask * TB_Q_TILE + tb_slot_of(partial->thread, row)) * TB_MASK_WORDS;
        TB_UNROLL
        for (int w = 0; w < TB_MASK_WORDS; w++) {
            words[row][w] &= stored[w];
        }
    }
}

/* All masks of a lane's rows. Keys past the end of the tile are no keys; extra tokens are seen by
 * every query. */
TB_FN void tb_mask_words(const struct tb_fmha_params *params, const tb_partial *partial,
                         tb_u32 words[TB_LANE_ROWS][TB_MASK_WORDS])
{
    TB_UNROLL
    for (int row = 0; row < TB_LANE_ROWS; row++) {
        TB_UNROLL
        for (int w = 0; w < TB_MASK_WORDS; w++) {
            words[row][w] = tb_bits_below(partial->kv_tile->rows, w);
        }
    }
    if (partial->mask >= 0) {
        tb_mask_stored(params, partial, words);
    } else if (partial->kv_tile->is_extra) {
        return;
    } else if (params->mask_kind == TB_MASK_BOX) {
        TB_NO_UNROLL
        for (int axis = 0; axis < params->axes; axis++) {
            tb_mask_box_axis(params, partial, axis, words);
        }
    } else if (params->mask_kind == TB_MASK_TOKENS && partial->q_tile->origin[0] >= 0) {
        TB_NO_UNROLL
        for (int axis = 0; axis < params->axes; axis++) {
            tb_mask_tokens_axis(params, partial, axis, words);
        }
    }
}

/* Hide the scores of a tile: scores[m][n] is the accumulator of rows 16 m ..., columns 8 n ... */
TB_FN void tb_mask_scores(const struct tb_fmha_params *params, const tb_partial *partial,
                          float scores[TB_WARP_ROWS / 16][TB_KV_TILE / 8][4])
{
    tb_u32 words[TB_LANE_ROWS][TB_MASK_WORDS];
    tb_mask_words(params, partial, words);
    TB_UNROLL
    for (int row = 0; row < TB_LANE_ROWS; row++) {
        TB_UNROLL
        for (int w = 0; w < TB_MASK_WORDS; w++) {
            tb_u32 bits = words[row][w] >> (partial->thread % 4 * 2);
            TB_UNROLL
            for (int n = 0; n < 4; n++) {
                float *pair = scores[row / 2][w * 4 + n] + row % 2 * 2;
                pair[0] = bits >> (8 * n) & 1u ? pair[0] : TB_MINUS_INFINITY;
                pair[1] = bits >> (8 * n) & 2u ? pair[1] : TB_MINUS_INFINITY;
            }
        }
    }
}

/* For the emulator: what a visit left unmasked of each row that holds a query. */
TB_FN void tb_count_scores(int entry, int q_rows,
                           float scores[TB_WARP_ROWS / 16][TB_KV_TILE / 8][4])
{
    TB_UNROLL
    for (int row = 0; row < TB_LANE_ROWS; row++) {
        int count = 0;
        TB_UNROLL
        for (int n = 0; n < TB_KV_TILE / 8; n++) {
            const float *pair = scores[row / 2][n] + row % 2 * 2;
            count += (pair[0] > TB_MINUS_INFINITY) + (pair[1] > TB_MINUS_INFINITY);
        }
        if (tb_slot_of(tb_thread(), row) < q_rows) {
            tb_count_unmasked(entry, tb_slot_of(tb_thread(), row), count);
        }
    }
}

#endif
