/* One kernel an instruction: registers come from memory and go there, so that a test can compare
 * them with what it computes by itself. Lane l has element l of each array. */
#define TB_THREADS 32
#include "ptx.h"

typedef struct tb_mma_params {
    const tb_u32 *a, *b; /* [lane][4], [lane][2] */
    float *c;            /* [lane][4], in and out */
} tb_mma_params;

TB_KERNEL(mma_bf16, tb_mma_params)
{
    tb_u32 a[4];
    float c[4];
    const tb_u32 *b = params.b + tb_lane() * 2;
    for (int i = 0; i < 4; i++) {
        a[i] = params.a[tb_lane() * 4 + i];
        c[i] = params.c[tb_lane() * 4 + i];
    }
    tb_mma_bf16(c, a, b[0], b[1]);
    for (int i = 0; i < 4; i++) {
        params.c[tb_lane() * 4 + i] = c[i];
    }
}

TB_KERNEL(mma_fp16, tb_mma_params)
{
    tb_u32 a[4];
    float c[4];
    const tb_u32 *b = params.b + tb_lane() * 2;
    for (int i = 0; i < 4; i++) {
        a[i] = params.a[tb_lane() * 4 + i];
        c[i] = params.c[tb_lane() * 4 + i];
    }
    tb_mma_fp16(c, a, b[0], b[1]);
    for (int i = 0; i < 4; i++) {
        params.c[tb_lane() * 4 + i] = c[i];
    }
}

typedef struct tb_rows_params {
    const tb_u32 *in;    /* what shared memory holds, 512 words */
    const tb_u32 *where; /* [lane]: byte that the lane's row begins at */
    tb_u32 *out;         /* [lane][4] */
    tb_i32 is_transposed;
} tb_rows_params;

TB_KERNEL(ldmatrix, tb_rows_params)
{
    TB_SHARED(memory);
    tb_u32 r[4];
    for (int i = tb_lane(); i < 512; i += 32) {
        tb_store_shared4(tb_shared_address(memory + i * 4), params.in[i]);
    }
    tb_syncwarp();
    const tb_u32 row = tb_shared_address(memory) + params.where[tb_lane()];
    if (params.is_transposed) {
        tb_ldmatrix_x4_trans(r, row);
    } else {
        tb_ldmatrix_x4(r, row);
    }
    for (int i = 0; i < 4; i++) {
        params.out[tb_lane() * 4 + i] = r[i];
    }
}

typedef struct tb_words_params {
    const tb_u32 *in;
    tb_u32 *out; /* [4][lane] */
} tb_words_params;

TB_KERNEL(shuffle, tb_words_params)
{
    const int lane = tb_lane();
    const tb_u32 word = params.in[lane];
    params.out[lane] = tb_shfl_xor_u32(word, 5);
    params.out[32 + lane] = tb_shfl_u32(word, (lane * 7 + 3) & 31);
    params.out[64 + lane] = tb_bits_of_float(tb_shfl_xor(tb_float_of_bits(word), 16));
    params.out[96 + lane] = tb_bits_of_float(tb_shfl(tb_float_of_bits(word), 9));
}

TB_KERNEL(vote, tb_words_params)
{
    const int lane = tb_lane();
    params.out[lane] = tb_ballot((int)(params.in[lane] & 1));
    params.out[32 + lane] = (tb_u32)tb_popcount(params.in[lane]);
    params.out[64 + lane] = tb_ballot(1);
    params.out[96 + lane] = tb_ballot(lane == 40);
}

typedef struct tb_copy_params {
    const tb_u32 *in;
    tb_u32 *out;
    tb_i32 bytes; /* of each chunk that come from memory */
} tb_copy_params;

TB_KERNEL(copy_async, tb_copy_params)
{
    TB_SHARED(memory);
    const tb_u32 at = tb_shared_address(memory) + (tb_u32)tb_lane() * 16;
    tb_cp_async16(at, params.in + tb_lane() * 4, params.bytes);
    tb_cp_async_commit();
    tb_cp_async16(at + 512, params.in + tb_lane() * 4, 16);
    tb_cp_async_commit();
    tb_cp_async_wait(1);
    tb_store16(params.out + tb_lane() * 4, tb_load_shared16(at));
    tb_cp_async_wait(0);
    tb_store16(params.out + 128 + tb_lane() * 4, tb_load_shared16(at + 512));
}

/* 16 bytes by every way there is, through shared memory. */
TB_KERNEL(vectors, tb_words_params)
{
    TB_SHARED(memory);
    const tb_u32 at = tb_shared_address(memory) + (tb_u32)tb_lane() * 16;
    const tb_u4 v = tb_load16(params.in + tb_lane() * 4);
    tb_store_shared16(at, v);
    tb_syncwarp();
    tb_store16(memory + 1024 + tb_lane() * 16, tb_load16(memory + (tb_lane() ^ 1) * 16));
    tb_syncwarp();
    tb_u4 w = tb_load_shared16(at + 1024);
    w.x = tb_load_shared4((at ^ 16) + 1024 + 4);
    tb_store16(params.out + tb_lane() * 4, w);
}

typedef struct tb_floats_params {
    const float *in;
    float *out; /* [4][count] */
    tb_i32 count;
} tb_floats_params;

TB_KERNEL(functions, tb_floats_params)
{
    for (int i = tb_lane(); i < params.count; i += 32) {
        const float x = params.in[i];
        params.out[i] = tb_exp2(x);
        params.out[params.count + i] = tb_log2(x);
        params.out[params.count * 2 + i] = tb_fma(x, x, -1.0F);
        params.out[params.count * 3 + i] = tb_max(x, 0.5F);
    }
}

typedef struct tb_halves_params {
    const float *in; /* pairs */
    tb_u32 *out;     /* [2][count]: bf16, fp16 */
    float *back;     /* [4][count]: low and high of both */
    tb_i32 count;
} tb_halves_params;

TB_KERNEL(halves, tb_halves_params)
{
    const int n = params.count;
    for (int i = tb_lane(); i < n; i += 32) {
        const tb_u32 b = tb_pack_bf16(params.in[2 * i], params.in[2 * i + 1]);
        const tb_u32 h = tb_pack_fp16(params.in[2 * i], params.in[2 * i + 1]);
        params.out[i] = b;
        params.out[n + i] = h;
        params.back[i] = tb_float_of_bf16(b & 0xffff);
        params.back[n + i] = tb_float_of_bf16(b >> 16);
        params.back[2 * n + i] = tb_float_of_fp16(h & 0xffff);
        params.back[3 * n + i] = tb_float_of_fp16(h >> 16);
    }
}

typedef struct tb_where_params {
    tb_i32 *out; /* [cta][thread][6] */
    tb_u32 *sum;
    tb_i32 threads, grid_y;
} tb_where_params;

/* Every thread says where it is, and adds 1. */
TB_KERNEL(whereabouts, tb_where_params)
{
    const tb_i64 before = tb_clock();
    const int cta = tb_cta_x() + tb_grid_x() * (tb_cta_y() + params.grid_y * tb_cta_z());
    tb_i32 *mine = params.out + (cta * params.threads + tb_thread()) * 6;
    mine[0] = tb_thread();
    mine[1] = tb_warp() * 32 + tb_lane();
    mine[2] = tb_cta_x();
    mine[3] = tb_cta_y();
    mine[4] = tb_cta_z();
    tb_syncthreads();
    mine[5] = (tb_i32)(tb_clock() > before);
    tb_atomic_add(params.sum, 1);
    for (int entry = 0; entry < 3; entry++) {
        tb_count_unmasked(entry, tb_thread(), cta + entry);
    }
}
