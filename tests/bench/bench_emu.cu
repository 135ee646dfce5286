/* A fused attention kernel as plain as can be, for the emulator's benchmark: query tiles of 64
 * rows, KV tiles of 64, head dim 128, bf16, dense, one head. Four warps of 16 rows each; K and V
 * double buffered; chunks of 16 bytes swizzled over the banks. */
#define TB_THREADS 128
#define TB_BF16
#define TB_DIM 128
#include "ptx.h"

typedef struct tb_bench_params {
    const tb_u16 *q, *k, *v;
    float *o;
    tb_i32 tiles;
    float scale_log2;
} tb_bench_params;

#define TB_ROW  (TB_DIM * 2)
#define TB_TILE (64 * TB_ROW)

TB_FN tb_u32 place(tb_u32 tile, int row, int chunk)
{
    return tile + (tb_u32)row * TB_ROW + ((tb_u32)(chunk ^ (row & 7)) << 4);
}

TB_FN void load_tile(tb_u32 tile, const tb_u16 *from)
{
    for (int i = tb_thread(); i < 64 * TB_DIM / 8; i += TB_THREADS) {
        int row = i / (TB_DIM / 8), chunk = i % (TB_DIM / 8);
        tb_cp_async16(place(tile, row, chunk), from + (tb_i64)row * TB_DIM + chunk * 8, 16);
    }
}

TB_KERNEL(bench, tb_bench_params)
{
    TB_SHARED(memory);
    const int lane = tb_lane(), warp = tb_warp();
    const tb_u32 q = tb_shared_address(memory), k = q + TB_TILE, v = k + 2 * TB_TILE;
    float o[TB_DIM / 8][4], most[2] = {TB_MINUS_INFINITY, TB_MINUS_INFINITY}, sum[2] = {0, 0};
    load_tile(q, params.q + (tb_i64)tb_cta_x() * 64 * TB_DIM);
    load_tile(k, params.k);
    tb_cp_async_commit();
    load_tile(v, params.v);
    tb_cp_async_commit();
    TB_UNROLL
    for (int i = 0; i < TB_DIM / 8; i++) {
        o[i][0] = o[i][1] = o[i][2] = o[i][3] = 0;
    }
    for (int tile = 0; tile < params.tiles; tile++) {
        const tb_u32 now = (tb_u32)(tile & 1) * TB_TILE, next = TB_TILE - now;
        const tb_i64 from = (tb_i64)(tile + 1) * 64 * TB_DIM;
        float s[8][4];
        tb_cp_async_wait(1);
        tb_syncthreads();
        if (tile + 1 < params.tiles) {
            load_tile(k + next, params.k + from);
        }
        tb_cp_async_commit();
        TB_UNROLL
        for (int i = 0; i < 8; i++) {
            s[i][0] = s[i][1] = s[i][2] = s[i][3] = 0;
        }
        TB_UNROLL
        for (int d = 0; d < TB_DIM / 16; d++) {
            tb_u32 a[4];
            tb_ldmatrix_x4(a, place(q, warp * 16 + (lane & 15), d * 2 + (lane >> 4)));
            TB_UNROLL
            for (int n = 0; n < 4; n++) {
                tb_u32 b[4];
                tb_ldmatrix_x4(b, place(k + now, n * 16 + (lane & 7) + (lane >> 4 << 3),
                                        d * 2 + (lane >> 3 & 1)));
                tb_mma(s[n * 2], a, b[0], b[1]);
                tb_mma(s[n * 2 + 1], a, b[2], b[3]);
            }
        }
        TB_UNROLL
        for (int h = 0; h < 2; h++) {
            float top = most[h], scaled, shrink, part = 0;
            TB_UNROLL
            for (int i = 0; i < 8; i++) {
                top = tb_max(top, tb_max(s[i][h * 2], s[i][h * 2 + 1]));
            }
            top = tb_max(top, tb_shfl_xor(top, 1));
            top = tb_max(top, tb_shfl_xor(top, 2));
            shrink = tb_exp2((most[h] - top) * params.scale_log2);
            most[h] = top;
            scaled = top * params.scale_log2;
            TB_UNROLL
            for (int i = 0; i < 8; i++) {
                s[i][h * 2] = tb_exp2(tb_fma(s[i][h * 2], params.scale_log2, -scaled));
                s[i][h * 2 + 1] = tb_exp2(tb_fma(s[i][h * 2 + 1], params.scale_log2, -scaled));
                part += s[i][h * 2] + s[i][h * 2 + 1];
            }
            sum[h] = sum[h] * shrink + part;
            TB_UNROLL
            for (int i = 0; i < TB_DIM / 8; i++) {
                o[i][h * 2] *= shrink;
                o[i][h * 2 + 1] *= shrink;
            }
        }
        tb_cp_async_wait(1);
        tb_syncthreads();
        if (tile + 1 < params.tiles) {
            load_tile(v + next, params.v + from);
        }
        tb_cp_async_commit();
        TB_UNROLL
        for (int n = 0; n < 4; n++) {
            tb_u32 a[4] = {tb_pack(s[n * 2][0], s[n * 2][1]), tb_pack(s[n * 2][2], s[n * 2][3]),
                           tb_pack(s[n * 2 + 1][0], s[n * 2 + 1][1]),
                           tb_pack(s[n * 2 + 1][2], s[n * 2 + 1][3])};
            TB_UNROLL
            for (int d = 0; d < TB_DIM / 16; d++) {
                tb_u32 b[4];
                tb_ldmatrix_x4_trans(b, place(v + now, n * 16 + (lane & 15), d * 2 + (lane >> 4)));
                tb_mma(o[d * 2], a, b[0], b[1]);
                tb_mma(o[d * 2 + 1], a, b[2], b[3]);
            }
        }
    }
    TB_UNROLL
    for (int h = 0; h < 2; h++) {
        float all = sum[h];
        all += tb_shfl_xor(all, 1);
        all += tb_shfl_xor(all, 2);
        float *row =
            params.o + ((tb_i64)tb_cta_x() * 64 + warp * 16 + (lane >> 2) + h * 8) * TB_DIM;
        TB_UNROLL
        for (int i = 0; i < TB_DIM / 8; i++) {
            row[i * 8 + (lane & 3) * 2] = o[i][h * 2] / all;
            row[i * 8 + (lane & 3) * 2 + 1] = o[i][h * 2 + 1] / all;
        }
    }
}
