/* Fused attention, forward, in fp32 on CUDA cores: for checking, and for tensors that are fp32.
 *
 * Same parameter, lists, tiles and masks as fmha_fwd, but one compiled form serves tiles of any
 * size (|U| a multiple of 32) and head dims up to TB_DIM: |T| and |U| come from the parameter. It
 * shares no mask code with fmha_fwd either: here each lane asks for its own column.
 *
 *                 K  [32 keys x dim]            V  [32 keys x dim_value]
 *     8 rows     lane j has column j            lane j has dims 4 j ... and 128 + 4 j ...
 *     a warp     of the scores        --->      of the output
 *
 * A CTA has one query tile; a warp takes 8 of its rows at a time, and all visited keys, 32 at a
 * time: so a softmax is over lanes, and neither scores nor output leave registers. K and V come to
 * shared memory in turn, for all warps; rows of Q are read through the cache by all lanes alike. A
 * tile of more rows than the warps hold is walked again for the next ones.
 */
#include "fmha_layout.h"

#define TB_THREADS TB_FMHA_FP32_THREADS

#include "fmha_params.h"
#include "ptx.h"

#define TB_KEYS  TB_FMHA_FP32_KEYS
#define TB_PITCH TB_FMHA_FP32_PITCH(TB_DIM)
#define TB_ROWS  8                      /* a warp, at a time */
#define TB_PARTS ((TB_DIM + 127) / 128) /* of 4 dims that a lane has of the output */

TB_STATIC_ASSERT(TB_KEYS == 32, "a lane has one column");

/* Rows `slot` ... of this warp. */
typedef struct tb_rows {
    float out[TB_ROWS][TB_PARTS][4];
    float top[TB_ROWS], sum[TB_ROWS]; /* sum: of this lane's columns */
} tb_rows;

/* Keys of a tile that are at hand: row ... row + count - 1 of k and v, the tile's slot ... */
typedef struct tb_keys {
    const tb_fmha_kv_tile *tile;
    int mask, slot, count;
} tb_keys;

TB_FN int tb_min(int a, int b)
{
    return a < b ? a : b;
}

/* Copy the keys' rows of one head to shared memory; rows past the end become zero. */
TB_FN void tb_copy_keys(tb_u32 shared, const void *tensor, const struct tb_fmha_params *params,
                        const tb_keys *keys, int dim)
{
    const int head = tb_cta_z() / (params->heads / params->heads_kv), words = dim / 4;
    for (int i = tb_thread(); i < TB_KEYS * words; i += TB_THREADS) {
        const int key = i / words, word = i % words;
        tb_u4 value = {0, 0, 0, 0};
        if (key < keys->count) {
            tb_i64 row = (tb_i64)tb_cta_y() * params->kv_rows + keys->tile->row + keys->slot + key;
            value =
                tb_load16((const float *)tensor + (row * params->heads_kv + head) * dim + word * 4);
        }
        tb_store_shared16(shared + (tb_u32)((key * TB_PITCH + word * 4) * 4), value);
    }
}

/* Does query slot `slot` see the lane's key, by the window of one axis? */
TB_FN int tb_in_window(const struct tb_fmha_params *params, const tb_fmha_q_tile *q_tile,
                       const tb_keys *keys, int slot, int key, int axis)
{
    int at, coordinate;
    if (params->mask_kind == TB_MASK_TOKENS) {
        at = params->kv_coordinate[axis][keys->tile->row + key];
        coordinate = params->q_coordinate[axis][q_tile->row + slot];
    } else {
        int pitch = 1;
        for (int a = axis + 1; a < params->axes; a++) {
            pitch *= params->box[a];
        }
        at = key / pitch % params->box[axis];
        if (at >= keys->tile->limit[axis]) {
            return 0;
        }
        if (q_tile->origin[0] < 0) {
            return 1;
        }
        at += keys->tile->origin[axis];
        coordinate = q_tile->origin[axis] + (int)(params->q_offset[slot] >> (8 * axis) & 255u);
    }
    const tb_fmha_window *window = params->window[axis] + coordinate;
    return at >= window->start && at < window->end;
}

/* Does query slot `slot`, which holds a row, see slot `key` of the tile? */
TB_FN int tb_sees(const struct tb_fmha_params *params, const tb_fmha_q_tile *q_tile,
                  const tb_keys *keys, int slot, int key)
{
    if (keys->mask == TB_ENTRY_FULL) {
        return 1;
    }
    if (key >= keys->tile->rows) {
        return 0;
    }
    if (keys->mask >= 0) {
        tb_i64 row = (tb_i64)keys->mask * params->q_slots + slot;
        return (int)(params->mask_bits[row * (params->kv_slots / 32) + key / 32] >> key % 32 & 1u);
    }
    if (keys->tile->is_extra || params->mask_kind == TB_MASK_BITS ||
        (params->mask_kind == TB_MASK_TOKENS && q_tile->origin[0] < 0)) {
        return 1;
    }
    for (int axis = 0; axis < params->axes; axis++) {
        if (!tb_in_window(params, q_tile, keys, slot, key, axis)) {
            return 0;
        }
    }
    return 1;
}

/* q.k of 8 rows and the lane's column. */
TB_FN void tb_dot(const struct tb_fmha_params *params, const tb_fmha_q_tile *q_tile, tb_u32 shared,
                  int slot, float scores[TB_ROWS])
{
    const float *q[TB_ROWS];
    TB_UNROLL
    for (int r = 0; r < TB_ROWS; r++) {
        tb_i64 row =
            (tb_i64)tb_cta_y() * params->q_rows + q_tile->row + tb_min(slot + r, q_tile->rows - 1);
        q[r] = (const float *)params->q + (row * params->heads + tb_cta_z()) * params->dim;
        scores[r] = 0.0f;
    }
    const tb_u32 k = shared + (tb_u32)(tb_lane() * TB_PITCH * 4);
    TB_NO_UNROLL
    for (int d = 0; d < params->dim; d += 4) {
        const tb_u4 b = tb_load_shared16(k + (tb_u32)(d * 4));
        TB_UNROLL
        for (int r = 0; r < TB_ROWS; r++) {
            const tb_u4 a = tb_load16(q[r] + d);
            scores[r] = tb_fma(tb_float_of_bits(a.x), tb_float_of_bits(b.x), scores[r]);
            scores[r] = tb_fma(tb_float_of_bits(a.y), tb_float_of_bits(b.y), scores[r]);
            scores[r] = tb_fma(tb_float_of_bits(a.z), tb_float_of_bits(b.z), scores[r]);
            scores[r] = tb_fma(tb_float_of_bits(a.w), tb_float_of_bits(b.w), scores[r]);
        }
    }
}

/* Scores become weights; what was summed shrinks as the maximum rises. As fmha_softmax.h, without
 * its slack. */
TB_FN void tb_softmax(float scale_log2, float scores[TB_ROWS], tb_rows *rows)
{
    TB_UNROLL
    for (int r = 0; r < TB_ROWS; r++) {
        float most = scores[r];
        TB_UNROLL
        for (int lanes = 16; lanes > 0; lanes /= 2) {
            most = tb_max(most, tb_shfl_xor(most, lanes));
        }
        const float top = tb_max(rows->top[r], most * scale_log2);
        const float base = top > TB_MINUS_INFINITY ? top : 0.0f;
        const float shrink = tb_exp2(rows->top[r] - base);
        scores[r] = tb_exp2(tb_fma(scores[r], scale_log2, -base));
        rows->sum[r] = tb_fma(rows->sum[r], shrink, scores[r]);
        rows->top[r] = top;
        TB_UNROLL
        for (int p = 0; p < TB_PARTS; p++) {
            TB_UNROLL
            for (int i = 0; i < 4; i++) {
                rows->out[r][p][i] *= shrink;
            }
        }
    }
}

/* out += weights V; lanes pass their weights round. */
TB_FN void tb_add_values(tb_u32 shared, int dim, const float weights[TB_ROWS], tb_rows *rows)
{
    TB_NO_UNROLL
    for (int key = 0; key < TB_KEYS; key++) {
        float weight[TB_ROWS];
        TB_UNROLL
        for (int r = 0; r < TB_ROWS; r++) {
            weight[r] = tb_shfl(weights[r], key);
        }
        TB_UNROLL
        for (int p = 0; p < TB_PARTS; p++) {
            const int d = p * 128 + tb_lane() * 4;
            if (d < dim) {
                const tb_u4 v = tb_load_shared16(shared + (tb_u32)((key * TB_PITCH + d) * 4));
                TB_UNROLL
                for (int r = 0; r < TB_ROWS; r++) {
                    float *out = rows->out[r][p];
                    out[0] = tb_fma(weight[r], tb_float_of_bits(v.x), out[0]);
                    out[1] = tb_fma(weight[r], tb_float_of_bits(v.y), out[1]);
                    out[2] = tb_fma(weight[r], tb_float_of_bits(v.z), out[2]);
                    out[3] = tb_fma(weight[r], tb_float_of_bits(v.w), out[3]);
                }
            }
        }
    }
}

TB_FN void tb_visit_keys(const struct tb_fmha_params *params, const tb_fmha_q_tile *q_tile,
                         const tb_keys *keys, tb_u32 shared, int entry, int slot, tb_rows *rows)
{
    float scores[TB_ROWS];
    const int key = keys->slot + tb_lane();
    tb_copy_keys(shared, params->k, params, keys, params->dim);
    tb_syncthreads();
    tb_dot(params, q_tile, shared, slot, scores);
    TB_UNROLL
    for (int r = 0; r < TB_ROWS; r++) {
        if (slot + r >= q_tile->rows || !tb_sees(params, q_tile, keys, slot + r, key)) {
            scores[r] = TB_MINUS_INFINITY;
        }
        if (TB_IS_COUNTING && slot + r < q_tile->rows) {
            tb_count_unmasked(entry, slot + r, scores[r] > TB_MINUS_INFINITY);
        }
    }
    tb_syncthreads(); /* all have read K */
    tb_copy_keys(shared, params->v, params, keys, params->dim_value);
    tb_softmax(params->scale_log2, scores, rows);
    tb_syncthreads();
    tb_add_values(shared, params->dim_value, scores, rows);
    tb_syncthreads(); /* all have read V */
}

TB_FN void tb_store_rows(const struct tb_fmha_params *params, const tb_fmha_q_tile *q_tile,
                         int slot, const tb_rows *rows)
{
    TB_UNROLL
    for (int r = 0; r < TB_ROWS; r++) {
        float sum = rows->sum[r];
        TB_UNROLL
        for (int lanes = 16; lanes > 0; lanes /= 2) {
            sum += tb_shfl_xor(sum, lanes);
        }
        if (slot + r >= q_tile->rows) {
            continue;
        }
        const float share = sum > 0.0f ? tb_reciprocal(sum) : 0.0f;
        const tb_i64 at =
            ((tb_i64)tb_cta_y() * params->q_rows + q_tile->row + slot + r) * params->heads +
            tb_cta_z();
        if (params->lse != 0 && tb_lane() == 0) {
            params->lse[at] = (rows->top[r] + tb_log2(sum)) * 0.69314718055994531f;
        }
        TB_UNROLL
        for (int p = 0; p < TB_PARTS; p++) {
            const int d = p * 128 + tb_lane() * 4;
            if (d < params->dim_value) {
                tb_u4 word;
                word.x = tb_bits_of_float(rows->out[r][p][0] * share);
                word.y = tb_bits_of_float(rows->out[r][p][1] * share);
                word.z = tb_bits_of_float(rows->out[r][p][2] * share);
                word.w = tb_bits_of_float(rows->out[r][p][3] * share);
                tb_store16((float *)params->o + at * params->dim_value + d, word);
            }
        }
    }
}

TB_KERNEL(fmha_fwd_fp32, struct tb_fmha_params)
{
    TB_SHARED(bytes);
    const tb_u32 shared = tb_shared_address(bytes);
    const tb_fmha_q_tile *q_tile = &params.q_tiles[tb_cta_x()];
    TB_NO_UNROLL
    for (int first = 0; first < q_tile->rows; first += TB_THREADS / 32 * TB_ROWS) {
        const int slot = first + tb_warp() * TB_ROWS;
        tb_rows rows;
        TB_UNROLL
        for (int r = 0; r < TB_ROWS; r++) {
            rows.top[r] = TB_MINUS_INFINITY;
            rows.sum[r] = 0.0f;
            TB_UNROLL
            for (int p = 0; p < TB_PARTS; p++) {
                rows.out[r][p][0] = rows.out[r][p][1] = rows.out[r][p][2] = rows.out[r][p][3] =
                    0.0f;
            }
        }
        TB_NO_UNROLL
        for (int entry = q_tile->first; entry < q_tile->last; entry++) {
            tb_keys keys;
            keys.mask = params.entries[entry].mask;
            keys.tile = &params.kv_tiles[params.entries[entry].kv_tile];
            TB_NO_UNROLL
            for (keys.slot = 0; keys.slot < params.kv_slots; keys.slot += TB_KEYS) {
                keys.count = keys.tile->rows - keys.slot;
                tb_visit_keys(&params, q_tile, &keys, shared, entry, slot, &rows);
            }
        }
        tb_store_rows(&params, q_tile, slot, &rows);
    }
}
