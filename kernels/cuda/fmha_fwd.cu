/* Fused attention, forward, on tensor cores: one CTA computes the output of one query tile.
 *
 *     o[i] = sum over visible j of softmax_j(scale q[i].k[j]) v[j]
 *     lse[i] = ln of sum over visible j of exp(scale q[i].k[j])
 *
 * Shapes: TB_Q_TILE queries (64 to 128) against KV tiles of TB_KV_TILE keys (32 to 128), TB_DIM
 * dims of q and k, TB_DIM_VALUE of v and o; 16-bit tensors, sums in fp32. Grid: query tiles x batch
 * x heads. A CTA walks the entries of its tile in the tile list: dense attention is the list of all
 * KV tiles, every one full.
 *
 *                    K^T  [dim x keys]           each warp has TB_WARP_ROWS rows of the query tile
 *                  +-----------------+           and all columns: its softmax needs no other warp
 *         q tile   | visited KV tile |
 *        +-----+   +-----------------+  softmax    V [keys x dim_value]      o tile
 *  warp 0|     | x | scores          | ---------> weights x +----------+ -> +----------+
 *  warp 1|     |   |                 |                      |          |    |          |
 *        +-----+   +-----------------+                      +----------+    +----------+
 *      shared        registers                               shared          registers
 *
 * This is the algorithm of FlashAttention-2 (arXiv 2307.08691, algorithm 1): rows are split over
 * warps, columns over time. Why it is as it is:
 *
 * - Scores never leave registers. The accumulator of S = Q K^T has in lane 4 g + t the columns 2 t,
 *   2 t + 1 of rows g and g + 8, which is where the A operand of the next mma wants them: two n8
 *   tiles of S, rounded to 16 bits, are one k16 operand of P V.
 * - A warp has 32 rows where registers allow (dim_value up to 128). ldmatrix takes a B operand of
 *   K or V, 16 x 16, from shared memory in 4 cycles of an SM's 128 bytes a cycle. With 16 rows it
 *   feeds two mma, which take a sub-partition of sm_80 16 cycles, in which the other three want as
 *   much: 16 cycles. Tensor cores and shared memory tie, before Q and the copies have come. With 32
 *   rows an operand feeds four mma.
 * - Rows of output and scores take 192 of a thread's 255 registers then. What else the main loop
 *   needs is computed where it is used, not kept: see tb_anew().
 * - With one stage (TB_STAGES 1) K of the next tile is fetched while this tile's softmax and P V
 *   run, and V while Q K^T runs: two barriers a tile, and as little shared memory as can be, so
 * that two CTAs share an SM and the tensor cores work for one while the other computes
 * exponentials. With more stages whole tiles are fetched ahead, one barrier a tile: for narrow
 * heads, whose tiles are so short that warps would meet too often.
 * - The output shrinks only when a maximum rises by much (fmha_softmax.h), which is rare.
 * - The list is read one tile ahead too: an entry, then the tile that it names, are two trips to
 *   memory before the first byte of K can be asked for.
 * - Masks are computed on partial tiles alone (fmha_mask.h), by a branch of the whole CTA.
 * - Output is staged through the query tile's shared memory, each warp in its own rows, and leaves
 *   in 16-byte pieces of whole sectors.
 */
#include "fmha_layout.h"

#define TB_THREADS TB_FMHA_THREADS(TB_Q_TILE, TB_WARP_ROWS)

#include "fmha_params.h"
#include "fmha_tile.h"
#include "tile_copy.h"

#define TB_K_BYTES   (2 * TB_KV_TILE * TB_DIM)
#define TB_V_BYTES   (2 * TB_KV_TILE * TB_DIM_VALUE)
#define TB_ROW_CHUNK TB_GROUP_CHUNKS(TB_ROW_DIM)

TB_STATIC_ASSERT(TB_WARP_ROWS % 16 == 0 && TB_Q_TILE % TB_WARP_ROWS == 0, "warps share the rows");
TB_STATIC_ASSERT(TB_KV_TILE % 32 == 0, "masks are whole words");
TB_STATIC_ASSERT(TB_DIM % (8 * TB_ROW_CHUNK) == 0 && TB_DIM_VALUE % (8 * TB_ROW_CHUNK) == 0,
                 "rows of q and o are whole groups of the wider one's chunks");

/* Bytes of shared memory where things begin. */
#define TB_K_TILES TB_FMHA_Q_BYTES(TB_DIM, TB_DIM_VALUE, TB_Q_TILE)
#define TB_V_TILES (TB_K_TILES + TB_STAGES * TB_K_BYTES)

TB_STATIC_ASSERT(TB_V_TILES + TB_STAGES * TB_V_BYTES ==
                     TB_FMHA_SHARED_BYTES(TB_DIM, TB_DIM_VALUE, TB_Q_TILE, TB_KV_TILE, TB_STAGES),
                 "the host gives what is used");

/* Rows of a KV tile. */
typedef struct tb_visit {
    int row, rows;
} tb_visit;

TB_FN tb_visit tb_visit_of(const struct tb_fmha_params *params, int entry)
{
    tb_u4 place = tb_load16(&params->kv_tiles[params->entries[entry].kv_tile]);
    tb_visit visit;
    visit.row = (int)place.x;
    visit.rows = (int)place.y;
    return visit;
}

TB_FN void tb_copy_q(const struct tb_fmha_params *params, tb_u32 shared)
{
    const tb_fmha_q_tile *q_tile = &params->q_tiles[tb_cta_x()];
    tb_copy_rows copy;
    copy.base = params->q;
    copy.heads = (tb_u32)params->heads;
    copy.row0 = (tb_u32)tb_cta_y() * (tb_u32)params->q_rows * copy.heads + (tb_u32)tb_cta_z();
    copy.first = q_tile->row;
    copy.rows = q_tile->rows;
    copy.dim = params->dim;
    tb_tile_copy(shared, TB_Q_TILE, TB_DIM, TB_ROW_DIM, &copy);
}

TB_FN tb_copy_rows tb_kv_rows(const struct tb_fmha_params *params, tb_u32 row0, tb_visit visit)
{
    tb_copy_rows copy;
    copy.heads = (tb_u32)params->heads_kv;
    copy.row0 = row0;
    copy.first = visit.row;
    copy.rows = visit.rows;
    return copy;
}

TB_FN void tb_copy_k(const struct tb_fmha_params *params, tb_u32 row0, tb_u32 shared,
                     tb_visit visit, int stage)
{
    tb_copy_rows copy = tb_kv_rows(params, row0, visit);
    copy.base = params->k;
    copy.dim = params->dim;
    tb_tile_copy(shared + TB_K_TILES + (tb_u32)(stage * TB_K_BYTES), TB_KV_TILE, TB_DIM, TB_DIM,
                 &copy);
}

TB_FN void tb_copy_v(const struct tb_fmha_params *params, tb_u32 row0, tb_u32 shared,
                     tb_visit visit, int stage)
{
    tb_copy_rows copy = tb_kv_rows(params, row0, visit);
    copy.base = params->v;
    copy.dim = params->dim_value;
    tb_tile_copy(shared + TB_V_TILES + (tb_u32)(stage * TB_V_BYTES), TB_KV_TILE, TB_DIM_VALUE,
                 TB_DIM_VALUE, &copy);
}

/* Between scores and weights: what the tile's mask hides. */
TB_FN void tb_mask_visit(const struct tb_fmha_params *params, int entry,
                         float scores[TB_M_TILES][TB_KV_TILE / 8][4])
{
    tb_partial partial;
    partial.mask = params->entries[entry].mask;
    if (partial.mask != TB_ENTRY_FULL) {
        partial.q_tile = &params->q_tiles[tb_cta_x()];
        partial.thread = tb_anew(tb_thread(), entry);
        partial.kv_tile = &params->kv_tiles[params->entries[entry].kv_tile];
        tb_mask_scores(params, &partial, scores);
    }
    if (TB_IS_COUNTING) {
        tb_count_scores(entry, params->q_tiles[tb_cta_x()].rows, scores);
    }
}

#if TB_STAGES == 1

/* One stage: V of a tile travels during its Q K^T, K of the next one during the rest. */
TB_FN void tb_walk(const struct tb_fmha_params *params, tb_u32 row0, tb_u32 shared, tb_rows *rows)
{
    const tb_fmha_q_tile *q_tile = &params->q_tiles[tb_cta_x()];
    int entry = q_tile->first, is_last;
    tb_visit visit = tb_visit_of(params, entry);
    tb_copy_k(params, row0, shared, visit, 0);
    tb_cp_async_commit();
    TB_NO_UNROLL
    do {
        float scores[TB_M_TILES][TB_KV_TILE / 8][4];
        is_last = entry + 1 >= q_tile->last;
        tb_cp_async_wait(0);
        tb_syncthreads(); /* K has come, and nobody reads the last V any more */
        tb_copy_v(params, row0, shared, visit, 0);
        tb_cp_async_commit();
        visit = tb_visit_of(params, is_last ? entry : entry + 1);
        tb_scores(shared, shared + TB_K_TILES, entry, scores);
        tb_cp_async_wait(0);
        tb_syncthreads(); /* V has come, and nobody reads this K any more */
        if (!is_last) {
            tb_copy_k(params, row0, shared, visit, 0);
            tb_cp_async_commit();
        }
        tb_mask_visit(params, entry, scores);
        tb_add_values(params->scale_log2, shared + TB_V_TILES, entry, scores, rows);
        entry++;
    } while (!is_last);
}

#else

/* Several stages: tile entry + TB_STAGES - 1 goes where tile entry - 1 was. Every step commits a
 * group, be it empty, so that the number of groups in flight tells which tile has come. */
TB_FN void tb_walk(const struct tb_fmha_params *params, tb_u32 row0, tb_u32 shared, tb_rows *rows)
{
    const int first = params->q_tiles[tb_cta_x()].first, last = params->q_tiles[tb_cta_x()].last;
    tb_visit visit = tb_visit_of(params, first);
    TB_UNROLL
    for (int stage = 0; stage < TB_STAGES - 1; stage++) {
        if (first + stage < last) {
            tb_copy_k(params, row0, shared, visit, stage);
            tb_copy_v(params, row0, shared, visit, stage);
            visit = tb_visit_of(params, first + stage + 1 < last ? first + stage + 1 : first);
        }
        tb_cp_async_commit();
    }
    int stage = 0;
    TB_NO_UNROLL
    for (int entry = first; entry < last; entry++) {
        const int ahead = entry + TB_STAGES - 1,
                  free_stage = stage == 0 ? TB_STAGES - 1 : stage - 1;
        float scores[TB_M_TILES][TB_KV_TILE / 8][4];
        tb_cp_async_wait(TB_STAGES - 2);
        tb_syncthreads(); /* this tile has come, and nobody reads the last one any more */
        if (ahead < last) {
            tb_copy_k(params, row0, shared, visit, free_stage);
            tb_copy_v(params, row0, shared, visit, free_stage);
        }
        tb_cp_async_commit();
        visit = tb_visit_of(params, ahead + 1 < last ? ahead + 1 : entry);
        tb_scores(shared, shared + TB_K_TILES + (tb_u32)(stage * TB_K_BYTES), entry, scores);
        tb_mask_visit(params, entry, scores);
        tb_add_values(params->scale_log2, shared + TB_V_TILES + (tb_u32)(stage * TB_V_BYTES), entry,
                      scores, rows);
        stage = stage == TB_STAGES - 1 ? 0 : stage + 1;
    }
}

#endif

/* Divide by the sums; write log-sum-exps; put the output's rows, in 16 bits, where the warp's rows
 * of Q were. */
TB_FN void tb_finish(const struct tb_fmha_params *params, tb_u32 shared, tb_rows *rows)
{
    const tb_fmha_q_tile *q_tile = &params->q_tiles[tb_cta_x()];
    const int row0 = q_tile->row, row_count = q_tile->rows;
    TB_UNROLL
    for (int row = 0; row < TB_LANE_ROWS; row++) {
        const int half = row % 2, slot = tb_slot_of(tb_thread(), row), t = tb_thread() % 4;
        const float sum = tb_quad_sum(rows->sum[row]);
        const float share = sum > 0.0f ? tb_reciprocal(sum) : 0.0f;
        if (params->lse != 0 && t == 0 && slot < row_count) {
            tb_i64 at = (tb_i64)tb_cta_y() * params->q_rows + row0 + slot;
            params->lse[at * params->heads + tb_cta_z()] =
                (rows->top[row] + tb_log2(sum)) * 0.69314718055994531f;
        }
        TB_UNROLL
        for (int d = 0; d < TB_DIM_VALUE / 8; d++) {
            const float *pair = rows->out[row / 2][d] + half * 2;
            tb_store_shared4(shared + tb_swizzle(slot, d, TB_ROW_DIM) + (tb_u32)(t * 4),
                             tb_pack(pair[0] * share, pair[1] * share));
        }
    }
}

/* The warp's rows from shared memory to the tensor, a group of chunks of each row at a time. */
TB_FN void tb_store_rows(const struct tb_fmha_params *params, tb_u32 shared)
{
    const tb_fmha_q_tile *q_tile = &params->q_tiles[tb_cta_x()];
    const int row0 = q_tile->row, row_count = q_tile->rows;
    const int group = TB_ROW_CHUNK, step = 32 / group;
    const int row = tb_warp() * TB_WARP_ROWS + tb_lane() / group, chunk = tb_lane() % group;
    const tb_i64 at = ((tb_i64)tb_cta_y() * params->q_rows + row0) * params->heads + tb_cta_z();
    const int pitch = params->heads * params->dim_value * 2;
    tb_u8 *to = (tb_u8 *)params->o + at * params->dim_value * 2 + (tb_i64)row * pitch;
    TB_UNROLL
    for (int r = 0; r < TB_WARP_ROWS; r += step) {
        TB_UNROLL
        for (int c = 0; c < TB_DIM_VALUE / 8; c += group) {
            tb_u4 word = tb_load_shared16(shared + tb_swizzle(row + r, chunk + c, TB_ROW_DIM));
            if (row + r < row_count && (chunk + c) * 8 < params->dim_value) {
                tb_store16(to + (chunk + c) * 16, word);
            }
        }
        to += (tb_i64)step * pitch;
    }
}

TB_KERNEL(fmha_fwd, struct tb_fmha_params)
{
    TB_SHARED(bytes);
    const tb_u32 shared = tb_shared_address(bytes);
    const tb_fmha_q_tile *q_tile = &params.q_tiles[tb_cta_x()];
    const tb_u32 heads_kv = (tb_u32)params.heads_kv;
    const tb_u32 head_kv = (tb_u32)tb_cta_z() * heads_kv / (tb_u32)params.heads;
    tb_rows rows;
    tb_rows_begin(&rows);
    if (q_tile->first < q_tile->last) {
        tb_copy_q(&params, shared);
        tb_walk(&params, (tb_u32)tb_cta_y() * (tb_u32)params.kv_rows * heads_kv + head_kv, shared,
                &rows);
        tb_syncwarp(); /* other lanes read what this one now overwrites */
    }
    tb_finish(&params, shared, &rows);
    tb_syncwarp();
    tb_store_rows(&params, shared);
}
