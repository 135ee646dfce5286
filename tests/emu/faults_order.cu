/* Planted faults of several threads: races, divergence, data in flight. See fault_params.h. */
#define TB_THREADS 64
#include "ptx.h"
#include TB_FAULT_PARAMS

/* ---- races within a CTA ---- */

TB_KERNEL(race_neighbour, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u32 *words = (tb_u32 *)memory;
    words[tb_thread()] = 0;
    tb_syncthreads();
    words[tb_thread()] = 1; /* FAULT race_neighbour */
    TB_WHERE_GOOD(tb_syncthreads());
    TB_KEEP(words[tb_thread() ^ 1]); /* OTHER race_neighbour */
}

TB_KERNEL(race_write_write, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u32 *words = (tb_u32 *)memory;
    words[TB_IF_PLANTED(tb_thread() / 2, tb_thread())] = 1; /* FAULT race_write_write */
}

/* Read, then written by another. */
TB_KERNEL(race_write_after_read, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u32 *words = (tb_u32 *)memory;
    words[tb_thread()] = 1;
    tb_syncthreads();
    TB_KEEP(words[tb_thread() ^ 1]); /* FAULT race_write_after_read */
    TB_WHERE_GOOD(tb_syncthreads());
    words[tb_thread()] = 2; /* OTHER race_write_after_read */
}

/* tb_syncwarp() orders one warp, no more. */
TB_KERNEL(race_other_warp, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u32 *words = (tb_u32 *)memory;
    words[tb_thread()] = 0;
    tb_syncthreads();
    words[tb_thread()] = 1; /* FAULT race_other_warp */
    tb_syncwarp();
    TB_KEEP(words[TB_IF_PLANTED(tb_thread() ^ 32, tb_thread() ^ 8)]); /* OTHER race_other_warp */
}

TB_KERNEL(race_global, tb_fault_params)
{
    params.in[tb_thread()] = 1; /* FAULT race_global */
    TB_WHERE_GOOD(tb_syncthreads());
    TB_KEEP(params.in[63 - tb_thread()]); /* OTHER race_global */
}

/* A shuffle keeps lanes in step, but orders no memory. */
TB_KERNEL(race_shuffle, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u32 *words = (tb_u32 *)memory;
    words[tb_thread()] = 1;
    const tb_u32 other = tb_shfl_xor_u32(5, 1);
    TB_WHERE_GOOD(tb_syncwarp());
    TB_KEEP(words[tb_thread() ^ 1] + other); /* FAULT race_shuffle */
}

TB_KERNEL(race_ballot, tb_fault_params)
{
    TB_SHARED(memory);
    if (tb_lane() == 3) {
        memory[tb_warp()] = 1;
    }
    const tb_u32 all = tb_ballot(1);
    TB_WHERE_GOOD(tb_syncwarp());
    TB_KEEP(memory[tb_warp()] + all); /* FAULT race_ballot */
}

/* ldmatrix reads for all lanes what each has written. */
TB_KERNEL(race_ldmatrix, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u32 r[4];
    const tb_u4 v = {1, 2, 3, 4};
    const tb_u32 row = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    tb_store_shared16(row, v);
    TB_WHERE_GOOD(tb_syncwarp());
    tb_ldmatrix_x4(r, row); /* FAULT race_ldmatrix */
    TB_KEEP(r[0]);
}

TB_KERNEL(race_after_ldmatrix, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u32 r[4];
    const tb_u4 v = {1, 2, 3, 4};
    const tb_u32 row = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    tb_store_shared16(row, v);
    tb_syncwarp();
    tb_ldmatrix_x4(r, row);
    TB_WHERE_GOOD(tb_syncwarp());
    tb_store_shared4(row, r[0]); /* FAULT race_after_ldmatrix */
}

/* A copy that its own thread has waited for is not there for others. */
TB_KERNEL(race_copy, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 at = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    tb_cp_async16(at, params.in, 16);
    tb_cp_async_commit();
    tb_cp_async_wait(0);
    const tb_u32 all = tb_ballot(1); /* all lanes have waited */
    TB_WHERE_GOOD(tb_syncthreads());
    TB_KEEP(tb_load_shared4(at ^ 16) + all); /* FAULT race_copy */
}

/* The next tile's copy begins while another warp still reads this one. */
TB_KERNEL(race_next_tile, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 base = tb_shared_address(memory), at = base + (tb_u32)tb_thread() * 16;
    tb_u32 sum = 0;
    for (int tile = 0; tile < 2; tile++) {
        tb_cp_async16(at, params.in + tile * 4, 16); /* OTHER race_next_tile */
        tb_cp_async_commit();
        tb_cp_async_wait(0);
        tb_syncthreads();
        sum += tb_load_shared4(base + (tb_u32)(tb_thread() * 16 ^ 512)); /* FAULT race_next_tile */
        TB_WHERE_GOOD(tb_syncthreads());
    }
    TB_KEEP(sum);
}

/* Halves of a word are two things; the word is both. */
TB_KERNEL(race_halves, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u16 *halves = (tb_u16 *)memory;
    if (tb_thread() == 21) {
        *(tb_u32 *)TB_IF_PLANTED(memory + 40, memory + 512) = 7; /* FAULT race_halves */
    } else {
        halves[tb_thread()] = 1; /* OTHER race_halves */
    }
}

TB_KERNEL(race_bytes, tb_fault_params)
{
    TB_SHARED(memory);
    memory[tb_thread()] = 1; /* OTHER race_bytes */
    if (tb_thread() == 33) {
        memory[TB_IF_PLANTED(32, 33)] = 2; /* FAULT race_bytes */
    }
}

/* ---- races of CTAs ---- */

TB_KERNEL(ctas_write, tb_fault_params)
{
    const int at = tb_cta_x() * TB_IF_PLANTED(32, 64) + tb_thread();
    params.out[at] = 1; /* FAULT ctas_write */
}

/* The first CTA writes what the second reads; whichever is second is told. */
TB_KERNEL(ctas_read, tb_fault_params)
{
    if (tb_cta_x() == 0) {
        params.in[tb_thread()] = 1; /* OTHER ctas_read */
    } else {
        TB_KEEP(params.in[tb_thread() + TB_IF_PLANTED(0, 64)]); /* FAULT ctas_read */
    }
}

TB_KERNEL(ctas_read_first, tb_fault_params)
{
    if (tb_cta_x() == 0) {
        TB_KEEP(params.in[tb_thread()]); /* OTHER ctas_read_first */
    } else if (tb_thread() == 3) {
        params.in[TB_IF_PLANTED(60, 70)] = 1; /* FAULT ctas_read_first */
    }
}

/* Several CTAs read it: none may write it. */
TB_KERNEL(ctas_read_all, tb_fault_params)
{
    const tb_u32 x = params.in[tb_cta_x() == 2 ? 7 : 5]; /* OTHER ctas_read_all */
    params.out[tb_cta_x() * 64 + tb_thread()] = x;
    if (tb_cta_x() == 2 && tb_thread() == 63) {
        params.in[TB_IF_PLANTED(5, 6)] = 1; /* FAULT ctas_read_all */
    }
}

TB_KERNEL(ctas_atomic, tb_fault_params)
{
    if (tb_cta_x() == 0) {
        tb_atomic_add(params.in + 9, 1); /* OTHER ctas_atomic */
    } else if (tb_thread() == 1) {
        TB_KEEP(params.in[TB_IF_PLANTED(9, 10)]); /* FAULT ctas_atomic */
    }
}

TB_KERNEL(ctas_split_word, tb_fault_params)
{
    unsigned char *bytes = (unsigned char *)params.out;
    bytes[tb_cta_x() * TB_IF_PLANTED(63, 64) + tb_thread()] = 1; /* FAULT ctas_split_word */
}

/* ---- divergence ---- */

TB_KERNEL(apart_barrier, tb_fault_params)
{
    if (TB_IF_PLANTED(tb_warp() == 0, 1)) {
        tb_syncthreads(); /* FAULT apart_barrier */
    }
}

TB_KERNEL(apart_barriers, tb_fault_params)
{
    if (TB_IF_PLANTED(tb_thread() < 40, 1)) {
        tb_syncthreads(); /* FAULT apart_barriers */
    } else {
        tb_syncthreads();
    }
}

TB_KERNEL(apart_lane, tb_fault_params)
{
    if (TB_IF_PLANTED(tb_thread() != 13, 1)) {
        tb_syncthreads(); /* FAULT apart_lane */
    }
}

TB_KERNEL(apart_loop, tb_fault_params)
{
    for (int i = 0; i < TB_IF_PLANTED(3 - tb_warp(), 3); i++) {
        tb_syncthreads(); /* FAULT apart_loop */
    }
}

TB_KERNEL(apart_syncwarp, tb_fault_params)
{
    if (TB_IF_PLANTED(tb_lane() >= 16, 1)) {
        tb_syncwarp(); /* FAULT apart_syncwarp */
    }
}

TB_KERNEL(apart_shuffle, tb_fault_params)
{
    float x = 1;
    if (TB_IF_PLANTED(tb_thread() < 40, tb_warp() == 0)) {
        x = tb_shfl_xor(x, 1); /* FAULT apart_shuffle */
    } else {
        x = tb_shfl_xor(x, 2);
    }
    TB_KEEP(tb_bits_of_float(x));
}

TB_KERNEL(apart_vote, tb_fault_params)
{
    if (TB_IF_PLANTED(tb_thread() == 37, 0)) {
        TB_KEEP(tb_ballot(1));
    } else {
        TB_KEEP(tb_shfl_u32(7, 0)); /* FAULT apart_vote */
    }
}

TB_KERNEL(apart_mma, tb_fault_params)
{
    float c[4] = {0, 0, 0, 0};
    const tb_u32 a[4] = {0, 0, 0, 0};
    if (TB_IF_PLANTED(tb_thread() % 64 != 63, 1)) {
        tb_mma_fp16(c, a, 0, 0); /* FAULT apart_mma */
    }
    TB_KEEP(tb_bits_of_float(c[0]));
}

/* One lane waits for the CTA, the others for their warp. */
TB_KERNEL(apart_in_two, tb_fault_params)
{
    if (TB_IF_PLANTED(tb_thread() == 33, 0)) {
        tb_syncthreads();
    }
    TB_KEEP(tb_shfl_u32(7, 0)); /* FAULT apart_in_two */
}

/* ---- in flight ---- */

TB_KERNEL(flight_own, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 at = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    tb_cp_async16(at, params.in, 16);
    tb_cp_async_commit();
    TB_WHERE_GOOD(tb_cp_async_wait(0));
    TB_KEEP(tb_load_shared4(at)); /* FAULT flight_own */
}

/* A barrier is no wait. */
TB_KERNEL(flight_barrier, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 at = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    tb_cp_async16(at, params.in, 16);
    tb_cp_async_commit();
    TB_WHERE_GOOD(tb_cp_async_wait(0));
    tb_syncthreads();
    TB_KEEP(((const tb_u32 *)memory)[tb_thread() * 4 ^ 4]); /* FAULT flight_barrier */
}

/* All groups but the last have arrived. */
TB_KERNEL(flight_group, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 at = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    tb_cp_async16(at, params.in, 16);
    tb_cp_async_commit();
    tb_cp_async16(at + 1024, params.in + 4, 16);
    tb_cp_async_commit();
    tb_cp_async_wait(1);
    tb_syncthreads();
    TB_KEEP(tb_load_shared4(at + TB_IF_PLANTED(1024, 0))); /* FAULT flight_group */
    tb_cp_async_wait(0);
}

TB_KERNEL(flight_no_commit, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 at = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    tb_cp_async16(at, params.in, 16);
    TB_WHERE_GOOD(tb_cp_async_commit());
    tb_cp_async_wait(0);
    TB_KEEP(tb_load_shared16(at).w); /* FAULT flight_no_commit */
}

TB_KERNEL(flight_store, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 at = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    tb_cp_async16(at, params.in, 16);
    tb_cp_async_commit();
    TB_WHERE_GOOD(tb_cp_async_wait(0));
    memory[tb_thread() * 16 + 3] = 1; /* FAULT flight_store */
    tb_cp_async_wait(0);
}

/* Two copies to the same bytes arrive in any order. */
TB_KERNEL(flight_twice, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 at = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    tb_cp_async16(at, params.in, 16);
    tb_cp_async_commit();
    TB_WHERE_GOOD(tb_cp_async_wait(0));
    tb_cp_async16(at, params.in + 4, 16); /* FAULT flight_twice */
    tb_cp_async_commit();
    tb_cp_async_wait(0);
}

TB_KERNEL(flight_ldmatrix, tb_fault_params)
{
    TB_SHARED(memory);
    tb_u32 r[4];
    const tb_u32 at = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    tb_cp_async16(at, params.in, 16);
    tb_cp_async_commit();
    if (TB_IF_PLANTED(tb_thread() != 42, 1)) {
        tb_cp_async_wait(0);
    }
    tb_syncthreads();
    tb_ldmatrix_x4(r, at); /* FAULT flight_ldmatrix */
    TB_KEEP(r[0]);
    tb_cp_async_wait(0);
}

/* What is being copied changes meanwhile. */
TB_KERNEL(flight_source, tb_fault_params)
{
    TB_SHARED(memory);
    const tb_u32 at = tb_shared_address(memory) + (tb_u32)tb_thread() * 16;
    tb_u32 *from = params.in + (tb_thread() & 15) * 4 + (tb_thread() == 20 ? 64 : 0);
    tb_cp_async16(at, from, 16); /* FAULT flight_source */
    tb_cp_async_commit();
    TB_WHERE_GOOD(tb_cp_async_wait(0));
    if (tb_thread() == 20) {
        from[1] = 77;
    }
    tb_cp_async_wait(0);
}
