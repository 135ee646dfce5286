/* na_gemm_scores, na_gemm_softmax, na_gemm_values: attention that is not fused, over the tiles that
 * fmha_fwd visits.
 *
 * Shapes   q [batch][row][head][dim]   k [batch][row][KV head][dim]   v, o likewise; bf16 or fp16
 *          scores [pair][entry][64][64], fp32, then weights of 16 bits in the same place
 *
 *      scores                          softmax                       values
 *      K tile of each entry            a row over all entries        V tile of each entry
 *      +----+ +----+ +----+            ------------------- max       +----+ +----+ +----+
 *      |    | |    | |    |            ------------------- exp2      |    | |    | |    |
 *  Q   +----+ +----+ +----+            ------------------- sum       +----+ +----+ +----+
 *  +-+ +----+ +----+ +----+                                       W  +----+ +----+ +----+      +-+
 *  | | | S0 | | S1 | | S2 |  to memory, from memory, to memory,  from| W0 | | W1 | | W2 | sum  |O|
 *  +-+ +----+ +----+ +----+                                          +----+ +----+ +----+      +-+
 *
 * Why it is so: it is what neighborhood attention was before it was fused, two batched matrix
 * products with a softmax between, and what fusing is measured against. The products are on tensor
 * cores and the sparsity is that of the tiles; what it pays is the way of the scores to memory and
 * back: 4 bytes written, twice read, 2 written and read again, 16 bytes for 4 dim FLOPs. At dim 128
 * that is 32 FLOPs a byte, where an H100 has 295: memory limits it, and a simple product loop of
 * two stages and one barrier a step is fast enough.
 *
 * - Scores are fp32. Rounded to 16 bits, a score of 40 would be off by 0.16 in bf16, and its weight
 *   by as much: no softmax behind it could be held to a bound. Weights are in [0, 1], where 16 bits
 *   cost 2^-8 of each, as in fmha_fwd.
 * - Weights overwrite their own row's scores, so that no second scratch memory is needed.
 * - Weights are not divided by their sum: o is, at the end, once a row.
 * - Everything in shared memory is a square of 64 x 64 elements (swizzle.h): Q, K, V and the
 * weights are cut into such, and dims and columns are loops. So one form serves every head dim, and
 * wastes nothing but what rounds it up to 16.
 */
#define TB_Q_TILE    TB_GEMM_TILE
#define TB_KV_TILE   TB_GEMM_TILE
#define TB_WARP_ROWS 16
#define TB_THREADS   TB_GEMM_THREADS

#include "gemm_params.h"

#include "fmha_mask.h"
#include "gemm_squares.h"

TB_STATIC_ASSERT(TB_THREADS / 32 * TB_WARP_ROWS == TB_Q_TILE, "a warp has 16 rows of the tile");
TB_STATIC_ASSERT(sizeof(tb_gemm_params) <= 512, "a step of a program has room for so much");

#define TB_LN_2        0.693147180559945309417f
#define TB_SLICE_PARTS (TB_GEMM_VALUE_SLICE / TB_SQUARE) /* squares of V side by side */

/* scores += Q K^T over the columns of one square. */
TB_FN void tb_scores_add(float scores[TB_KV_TILE / 8][4], tb_u32 q, tb_u32 k, int steps)
{
    const tb_u32 a_address = tb_fragment_address(q, tb_warp() * TB_WARP_ROWS);
    const tb_u32 b_address = tb_column_address(k);
    TB_UNROLL
    for (int i = 0; i < TB_SQUARE / 16; i++) {
        if (i < steps) {
            tb_u32 a[4];
            tb_ldmatrix_x4(a, tb_swizzle_step(a_address, i, TB_SQUARE));
            TB_UNROLL
            for (int n = 0; n < TB_KV_TILE / 16; n++) {
                tb_u32 b[4];
                tb_ldmatrix_x4(b, tb_swizzle_step(b_address, i, TB_SQUARE) +
                                      (tb_u32)(n * 16 * TB_SQUARE * 2));
                tb_mma(scores[2 * n], a, b[0], b[1]);
                tb_mma(scores[2 * n + 1], a, b[2], b[3]);
            }
        }
    }
}

/* Four lanes store the 32 bytes of a row's eight columns: whole sectors. */
TB_FN void tb_scores_store(float *tile, float scores[TB_KV_TILE / 8][4], int rows)
{
    TB_UNROLL
    for (int half = 0; half < 2; half++) {
        const int row = tb_warp() * TB_WARP_ROWS + half * 8 + tb_lane() / 4;
        if (row < rows) {
            TB_UNROLL
            for (int n = 0; n < TB_KV_TILE / 8; n++) {
                const tb_u64 low = tb_bits_of_float(scores[n][half * 2]);
                const tb_u64 high = tb_bits_of_float(scores[n][half * 2 + 1]);
                *(tb_u64 *)(tile + row * TB_KV_TILE + n * 8 + tb_lane() % 4 * 2) = low | high << 32;
            }
        }
    }
}

/* What na_gemm_scores copies of K. */
typedef struct tb_key_source {
    const tb_u8 *k; /* of this head */
    int pitch, dim, squares;
} tb_key_source;

/* One step of a CTA: a square of the K tile of an entry. */
typedef struct tb_key_step {
    int entry, square;
    const tb_fmha_kv_tile *kv_tile;
} tb_key_step;

TB_FN tb_key_step tb_key_step_of(const tb_gemm_params *params, int entry, int square)
{
    tb_key_step step;
    step.entry = entry;
    step.square = square;
    step.kv_tile = params->fmha.kv_tiles + params->fmha.entries[entry].kv_tile;
    return step;
}

TB_FN void tb_step_copy(tb_u32 to, const tb_key_source *source, tb_key_step step)
{
    tb_square_copy(to, source->k, source->pitch, step.kv_tile->row, step.kv_tile->rows, step.square,
                   source->dim);
    tb_cp_async_commit();
}

/* Mask and store what the last square of an entry has completed. */
TB_FN void tb_entry_finish(const tb_gemm_params *params, tb_i64 pair, const tb_fmha_q_tile *q_tile,
                           tb_key_step step, float scores[1][TB_KV_TILE / 8][4])
{
    tb_partial partial;
    partial.q_tile = q_tile;
    partial.kv_tile = step.kv_tile;
    partial.mask = params->fmha.entries[step.entry].mask;
    partial.thread = tb_thread();
    if (partial.mask != TB_ENTRY_FULL) {
        tb_mask_scores(&params->fmha, &partial, scores);
    }
    if (TB_IS_COUNTING) {
        tb_count_scores(step.entry, q_tile->rows, scores);
    }
    tb_scores_store(tb_entry_scores(params, pair, step.entry), scores[0], q_tile->rows);
}

/* One CTA: a query tile of a head, which stays in shared memory while K passes by. */
TB_KERNEL(na_gemm_scores, tb_gemm_params)
{
    TB_SHARED(shared);
    const tb_gemm_pair pair = tb_pair_of_cta(&params);
    const tb_fmha_q_tile *q_tile = params.fmha.q_tiles + tb_cta_x();
    const int dim = params.fmha.dim, last = q_tile->last;
    if (q_tile->first == last) {
        return;
    }
    tb_key_source source;
    source.dim = dim;
    source.squares = (dim + TB_SQUARE - 1) / TB_SQUARE;
    source.pitch = tb_pitch(params.fmha.heads_kv, dim);
    source.k = tb_head_rows(params.fmha.k, params.fmha.kv_rows, params.fmha.heads_kv, dim,
                            pair.batch, pair.kv_head);
    const tb_u8 *const q_source = tb_head_rows(params.fmha.q, params.fmha.q_rows, params.fmha.heads,
                                               dim, pair.batch, pair.head);
    const tb_u32 q = tb_shared_address(shared);
    const tb_u32 stages = q + (TB_GEMM_DIM_MAX / TB_SQUARE) * TB_GEMM_SQUARE_BYTES;
    for (int square = 0; square < source.squares; square++) {
        tb_square_copy(q + (tb_u32)square * TB_GEMM_SQUARE_BYTES, q_source,
                       tb_pitch(params.fmha.heads, dim), q_tile->row, q_tile->rows, square, dim);
    }
    tb_key_step step = tb_key_step_of(&params, q_tile->first, 0);
    tb_step_copy(stages, &source, step);
    tb_u32 stage = 0; /* of this step */
    float scores[1][TB_KV_TILE / 8][4];
    tb_zero(scores[0], TB_KV_TILE / 8);
    TB_NO_UNROLL
    while (step.entry < last) {
        tb_cp_async_wait(0);
        tb_syncthreads(); /* this step is here, and the other stage has been read */
        const int is_complete = step.square + 1 == source.squares;
        tb_key_step next = step;
        next.entry += is_complete;
        next.square = is_complete ? 0 : step.square + 1;
        if (next.entry < last) {
            next = tb_key_step_of(&params, next.entry, next.square);
            tb_step_copy(stages + (TB_GEMM_SQUARE_BYTES - stage), &source, next);
        }
        tb_scores_add(scores[0], q + (tb_u32)step.square * TB_GEMM_SQUARE_BYTES, stages + stage,
                      tb_square_steps(step.square, dim));
        if (is_complete) {
            tb_entry_finish(&params, pair.number, q_tile, step, scores);
            tb_zero(scores[0], TB_KV_TILE / 8);
        }
        step = next;
        stage = TB_GEMM_SQUARE_BYTES - stage;
    }
}

/* A warp's row over the entries of its tile: half a warp an entry, four columns a lane. */
typedef struct tb_score_row {
    unsigned char *scores; /* of the tile's first entry, this lane's columns */
    int entries;
} tb_score_row;

#define TB_ENTRY_BYTES (TB_Q_TILE * TB_KV_TILE * 4)

TB_FN tb_u4 tb_row_scores(tb_score_row row, int entry)
{
    tb_u4 word;
    word.x = word.y = word.z = word.w = tb_bits_of_float(TB_MINUS_INFINITY);
    if (entry < row.entries) {
        word = tb_load16(row.scores + (tb_i64)entry * TB_ENTRY_BYTES + tb_lane() % 16 * 16);
    }
    return word;
}

TB_FN float tb_word_max(tb_u4 word)
{
    return tb_max(tb_max(tb_float_of_bits(word.x), tb_float_of_bits(word.y)),
                  tb_max(tb_float_of_bits(word.z), tb_float_of_bits(word.w)));
}

TB_FN float tb_row_largest(tb_score_row row)
{
    float largest = TB_MINUS_INFINITY;
    for (int entry = tb_lane() / 16; entry < row.entries; entry += 2) {
        largest = tb_max(largest, tb_word_max(tb_row_scores(row, entry)));
    }
    for (int mask = 16; mask > 0; mask /= 2) {
        largest = tb_max(largest, tb_shfl_xor(largest, mask));
    }
    return largest;
}

/* Scores become weights; returns their sum. All lanes of the warp. */
TB_FN float tb_row_weigh(tb_score_row row, float scale_log2, float base)
{
    float sum = 0.0f;
    TB_NO_UNROLL
    for (int begin = 0; begin < row.entries; begin += 2) {
        const int entry = begin + tb_lane() / 16;
        const tb_u4 word = tb_row_scores(row, entry);
        const float x = tb_exp2(tb_fma(tb_float_of_bits(word.x), scale_log2, -base));
        const float y = tb_exp2(tb_fma(tb_float_of_bits(word.y), scale_log2, -base));
        const float z = tb_exp2(tb_fma(tb_float_of_bits(word.z), scale_log2, -base));
        const float w = tb_exp2(tb_fma(tb_float_of_bits(word.w), scale_log2, -base));
        sum += x + y + (z + w);
        tb_syncwarp(); /* the first lanes overwrite what others have just read */
        if (entry < row.entries) {
            *(tb_u64 *)(row.scores + (tb_i64)entry * TB_ENTRY_BYTES + tb_lane() % 16 * 8) =
                tb_pack(x, y) | (tb_u64)tb_pack(z, w) << 32;
        }
    }
    for (int mask = 16; mask > 0; mask /= 2) {
        sum += tb_shfl_xor(sum, mask);
    }
    return sum;
}

/* One CTA: a query tile of a head. Two passes: the largest score of a row, then the weights. */
TB_KERNEL(na_gemm_softmax, tb_gemm_params)
{
    const tb_gemm_pair pair = tb_pair_of_cta(&params);
    const tb_fmha_q_tile *q_tile = params.fmha.q_tiles + tb_cta_x();
    for (int slot = tb_warp(); slot < q_tile->rows; slot += TB_THREADS / 32) {
        tb_score_row row;
        row.scores = (unsigned char *)(tb_entry_scores(&params, pair.number, q_tile->first) +
                                       slot * TB_KV_TILE);
        row.entries = q_tile->last - q_tile->first;
        const float largest = tb_row_largest(row) * params.fmha.scale_log2;
        const float base = largest == TB_MINUS_INFINITY ? 0.0f : largest; /* sees no key */
        const float sum = tb_row_weigh(row, params.fmha.scale_log2, base);
        if (tb_lane() == 0) {
            const tb_i64 at = q_tile->row + slot;
            params.inverse[pair.number * params.fmha.q_rows + at] = sum > 0.0f ? 1.0f / sum : 0.0f;
            if (params.fmha.lse) {
                params.fmha
                    .lse[(pair.batch * params.fmha.q_rows + at) * params.fmha.heads + pair.head] =
                    (base + tb_log2(sum)) * TB_LN_2;
            }
        }
    }
}

/* A stage of na_gemm_values: the weights of an entry, then its squares of V. */
#define TB_STAGE_BYTES ((1 + TB_SLICE_PARTS) * TB_GEMM_SQUARE_BYTES)

/* What na_gemm_values copies from. */
typedef struct tb_value_source {
    const tb_u8 *weights; /* of row 0 of entry 0; rows lie as scores did */
    const tb_u8 *v;       /* at the first column of the slice */
    int v_pitch, columns; /* of the slice */
    int q_rows;
} tb_value_source;

TB_FN void tb_stage_copy(tb_u32 stage, const tb_value_source *source, int entry,
                         const tb_fmha_kv_tile *kv_tile)
{
    tb_square_copy(stage, source->weights + (tb_i64)entry * TB_ENTRY_BYTES, TB_KV_TILE * 4, 0,
                   source->q_rows, 0, TB_KV_TILE);
    TB_UNROLL
    for (int part = 0; part < TB_SLICE_PARTS; part++) {
        if (part * TB_SQUARE < source->columns) {
            tb_square_copy(stage + (tb_u32)(1 + part) * TB_GEMM_SQUARE_BYTES, source->v,
                           source->v_pitch, kv_tile->row, kv_tile->rows, part, source->columns);
        }
    }
    tb_cp_async_commit();
}

/* o += W V, 16 columns at a time. */
TB_FN void tb_values_add(float o[TB_GEMM_VALUE_SLICE / 8][4], tb_u32 stage, int columns)
{
    const tb_u32 a_address = tb_fragment_address(stage, tb_warp() * TB_WARP_ROWS);
    const tb_u32 b_address = tb_fragment_address(stage + TB_GEMM_SQUARE_BYTES, 0);
    TB_UNROLL
    for (int i = 0; i < TB_KV_TILE / 16; i++) {
        tb_u32 a[4];
        tb_ldmatrix_x4(a, tb_swizzle_step(a_address, i, TB_SQUARE));
        TB_UNROLL
        for (int n = 0; n < TB_GEMM_VALUE_SLICE / 16; n++) {
            if (n * 16 < columns) {
                tb_u32 b[4];
                tb_ldmatrix_x4_trans(b, tb_swizzle_step(b_address, n % 4, TB_SQUARE) +
                                            (tb_u32)(n / 4 * TB_GEMM_SQUARE_BYTES) +
                                            (tb_u32)(i * 16 * TB_SQUARE * 2));
                tb_mma(o[2 * n], a, b[0], b[1]);
                tb_mma(o[2 * n + 1], a, b[2], b[3]);
            }
        }
    }
}

/* A warp's rows by way of shared memory, so that eight lanes store 128 bytes of a row. `squares`
 * are free when the CTA is through; each warp uses its own rows of them. */
TB_FN void tb_values_store(const tb_gemm_params *params, tb_gemm_pair pair,
                           const tb_fmha_q_tile *q_tile, float o[TB_GEMM_VALUE_SLICE / 8][4],
                           tb_u32 squares, int first_column, int columns)
{
    const int lane = tb_lane(), row0 = tb_warp() * TB_WARP_ROWS;
    TB_UNROLL
    for (int half = 0; half < 2; half++) {
        const int row = row0 + half * 8 + lane / 4;
        const float inverse =
            row < q_tile->rows
                ? params->inverse[pair.number * params->fmha.q_rows + q_tile->row + row]
                : 0.0f;
        TB_UNROLL
        for (int n = 0; n < TB_GEMM_VALUE_SLICE / 8; n++) {
            tb_store_shared4(squares + (tb_u32)(n / 8 * TB_GEMM_SQUARE_BYTES) +
                                 tb_swizzle(row, n % 8, TB_SQUARE) + (tb_u32)(lane % 4 * 4),
                             tb_pack(o[n][half * 2] * inverse, o[n][half * 2 + 1] * inverse));
        }
    }
    tb_syncwarp();
    const int pitch = tb_pitch(params->fmha.heads, params->fmha.dim_value);
    const int chunk = lane % 8;
    TB_UNROLL
    for (int i = 0; i < TB_WARP_ROWS / 4; i++) {
        const int row = row0 + i * 4 + lane / 8;
        unsigned char *const to = (unsigned char *)params->fmha.o +
                                  (pair.batch * params->fmha.q_rows + q_tile->row + row) * pitch +
                                  (pair.head * params->fmha.dim_value + first_column) * 2;
        TB_UNROLL
        for (int part = 0; part < TB_SLICE_PARTS; part++) {
            const int column = part * TB_SQUARE + chunk * 8;
            const tb_u4 word = tb_load_shared16(squares + (tb_u32)(part * TB_GEMM_SQUARE_BYTES) +
                                                tb_swizzle(row, chunk, TB_SQUARE));
            if (row < q_tile->rows && column < columns) {
                tb_store16(to + column * 2, word);
            }
        }
    }
}

/* o of a slice: the sum over the tile's entries. All threads of the CTA. */
TB_FN void tb_slice_sum(const tb_gemm_params *params, const tb_fmha_q_tile *q_tile,
                        const tb_value_source *source, tb_u32 stages,
                        float o[TB_GEMM_VALUE_SLICE / 8][4])
{
    const tb_fmha_entry *entries = params->fmha.entries;
    const int last = q_tile->last;
    tb_zero(o, TB_GEMM_VALUE_SLICE / 8);
    if (q_tile->first < last) {
        tb_stage_copy(stages, source, q_tile->first,
                      params->fmha.kv_tiles + entries[q_tile->first].kv_tile);
    }
    tb_u32 stage = 0; /* of this entry */
    TB_NO_UNROLL
    for (int entry = q_tile->first; entry < last; entry++) {
        tb_cp_async_wait(0);
        tb_syncthreads(); /* this entry is here, and the other stage has been read */
        if (entry + 1 < last) {
            tb_stage_copy(stages + (TB_STAGE_BYTES - stage), source, entry + 1,
                          params->fmha.kv_tiles + entries[entry + 1].kv_tile);
        }
        tb_values_add(o, stages + stage, source->columns);
        stage = TB_STAGE_BYTES - stage;
    }
    tb_syncthreads(); /* the stages are free */
}

/* One CTA: a query tile of a head, a slice of o's columns after another. */
TB_KERNEL(na_gemm_values, tb_gemm_params)
{
    TB_SHARED(shared);
    const tb_gemm_pair pair = tb_pair_of_cta(&params);
    const tb_fmha_q_tile *q_tile = params.fmha.q_tiles + tb_cta_x();
    const int dim_value = params.fmha.dim_value;
    const tb_u8 *const v = tb_head_rows(params.fmha.v, params.fmha.kv_rows, params.fmha.heads_kv,
                                        dim_value, pair.batch, pair.kv_head);
    const tb_u32 stages = tb_shared_address(shared);
    tb_value_source source;
    source.weights = (const tb_u8 *)tb_entry_scores(&params, pair.number, 0);
    source.v_pitch = tb_pitch(params.fmha.heads_kv, dim_value);
    source.q_rows = q_tile->rows;
    TB_NO_UNROLL
    for (int column = 0; column < dim_value; column += TB_GEMM_VALUE_SLICE) {
        const int left = dim_value - column;
        source.v = v + column * 2;
        source.columns = left < TB_GEMM_VALUE_SLICE ? left : TB_GEMM_VALUE_SLICE;
        float o[TB_GEMM_VALUE_SLICE / 8][4];
        tb_slice_sum(&params, q_tile, &source, stages, o);
        tb_values_store(&params, pair, q_tile, o, stages, column, source.columns);
        tb_syncthreads(); /* stored before the next slice is copied there */
    }
}
