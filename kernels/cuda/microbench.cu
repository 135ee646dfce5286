/* Microbenchmarks: what a device can do of each thing that the time model charges for. A launch
 * does a known amount of one thing and next to nothing else; amount / time is the rate.
 * cuda_microbench.h computes the amounts, which the emulator's counters are held against.
 *
 *   kind     the loop                                        out[thread of the grid]
 *   mma      8 chains c += a b a warp, 4 steps a turn        sum of the lane's accumulators
 *   exp2     8 chains x = 2^-x a thread, 4 steps a turn      sum of the chains: each ends at
 * 0.6411857 fma      8 chains x = a x + b, 4 steps a turn            sum of the chains shared   8
 * reads of 16 bytes a thread and turn           sum of all words read read     8 reads of 16 bytes
 * on their way at once        sum of all words read copy     the same, then written `in`
 *
 * Chains: an mma is done after about 33 clocks and the tensor core of a quarter of an SM takes one
 * each 8 (sm_80) or 4 (sm_90, 100); one CTA has 2 warps there, 16 chains, and an SM holds several
 * CTAs. exp2 and fma have fewer clocks to hide.
 *
 * mma operands are integers of 8 bits with all mantissa bits in use, so that the multipliers toggle
 * as with real numbers and the clock is that of real work; yet a b is 1 everywhere: a row of a is
 *   x0 x1 ... x7  (1 - x0) -x1 ... -x7, and a column of b  1 y1 ... y7 1 y1 ... y7.
 * All sums are integers below 2^24, so that every accumulator is exact.
 *
 * Memory is read past L1 (ld.global.cg). A CTA reads every grid-th run of 32 KiB, and from pass to
 * pass the runs of the CTA `step` further on: with a buffer that fits L2 this is L2's bandwidth
 * from every SM to every part of it; with one of many times L2 it is HBM's. The copy passes once.
 *
 * Nothing can be dropped or moved out of the loops: an instruction depends on the step before, or
 * its address changes from turn to turn, and results are stored. (Volatile alone does not do it:
 * ptxas moved reads of shared memory out of a loop.)
 *
 * empty returns at once: its time against the number of CTAs is the cost of a launch and of a CTA
 * that holds shared memory and registers as a real one does.
 *
 * Options: none.
 */
#include "microbench_params.h"

#define TB_THREADS TB_MICROBENCH_THREADS

#include "ptx.h"

TB_STATIC_ASSERT(sizeof(tb_microbench_params) <= 512, "a launch's parameters");

#define TB_RUN_BYTES (TB_THREADS * 16 * TB_MICROBENCH_LOADS)

/* An integer of -128 ... 127 that looks random. */
TB_FN float tb_noise(int seed)
{
    const tb_u32 bits = ((tb_u32)seed * 2654435761u) >> 24;
    return (float)((int)bits - 128);
}

TB_FN tb_u32 tb_pack_as(const int is_bf16, float low, float high)
{
    return is_bf16 ? tb_pack_bf16(low, high) : tb_pack_fp16(low, high);
}

TB_FN float tb_bench_mma(const int is_bf16, int turns)
{
    const int is_first = (tb_lane() & 3) == 0; /* holds elements 0 and 8 of a row or column */
    tb_u32 a[4], b;
    TB_UNROLL
    for (int i = 0; i < 2; i++) {
        const float x = tb_noise(tb_lane() * 4 + i), y = tb_noise(tb_lane() * 4 + i + 2);
        a[i] = tb_pack_as(is_bf16, x, y);
        a[i + 2] = tb_pack_as(is_bf16, is_first ? 1.0f - x : -x, -y);
    }
    b = tb_pack_as(is_bf16, is_first ? 1.0f : tb_noise(tb_lane() + 1000),
                   tb_noise(tb_lane() + 2000));
    float c[TB_MICROBENCH_CHAINS][4];
    TB_UNROLL
    for (int i = 0; i < TB_MICROBENCH_CHAINS * 4; i++) {
        c[i >> 2][i & 3] = (float)(i >> 2);
    }
    TB_NO_UNROLL
    for (int turn = 0; turn < turns; turn++) {
        TB_UNROLL
        for (int i = 0; i < TB_MICROBENCH_UNROLL * TB_MICROBENCH_CHAINS; i++) {
            if (is_bf16) {
                tb_mma_bf16(c[i % TB_MICROBENCH_CHAINS], a, b, b);
            } else {
                tb_mma_fp16(c[i % TB_MICROBENCH_CHAINS], a, b, b);
            }
        }
    }
    float sum = 0.0f;
    TB_UNROLL
    for (int i = 0; i < TB_MICROBENCH_CHAINS * 4; i++) {
        sum += c[i >> 2][i & 3];
    }
    return sum;
}

/* Chains of exp2 or fma. They differ from lane to lane: sm_120 computes what does not once for the
 * warp, on another unit. */
TB_FN float tb_bench_math(const int is_exp2, int turns, float a, float b)
{
    float x[TB_MICROBENCH_CHAINS], sum = 0.0f;
    TB_UNROLL
    for (int i = 0; i < TB_MICROBENCH_CHAINS; i++) {
        x[i] = (float)(i + tb_lane());
    }
    TB_NO_UNROLL
    for (int turn = 0; turn < turns; turn++) {
        TB_UNROLL
        for (int i = 0; i < TB_MICROBENCH_UNROLL * TB_MICROBENCH_CHAINS; i++) {
            float *chain = &x[i % TB_MICROBENCH_CHAINS];
            *chain = is_exp2 ? tb_exp2(-*chain) : tb_fma(*chain, a, b);
        }
    }
    TB_UNROLL
    for (int i = 0; i < TB_MICROBENCH_CHAINS; i++) {
        sum += x[i];
    }
    return sum;
}

TB_FN tb_u32 tb_sum_words(tb_u32 sum, tb_u4 v)
{
    return sum + v.x + v.y + v.z + v.w;
}

/* Word i of shared memory is i. A quarter of a warp reads 128 bytes in a row. From turn to turn a
 * warp takes the next warp's place: ptxas moves loads of the same address out of the loop, volatile
 * or not. */
TB_FN tb_u32 tb_bench_shared(tb_u32 shared, int turns)
{
    TB_UNROLL
    for (int i = 0; i < TB_MICROBENCH_PIECES; i++) {
        const tb_u32 word = (tb_u32)((i * TB_THREADS + tb_thread()) * 4);
        tb_u4 v;
        v.x = word;
        v.y = word + 1;
        v.z = word + 2;
        v.w = word + 3;
        tb_store_shared16(shared + word * 4, v);
    }
    tb_syncthreads();
    tb_u32 place = (tb_u32)(tb_thread() * 16), sum = 0;
    TB_NO_UNROLL
    for (int turn = 0; turn < turns; turn++) {
        TB_UNROLL
        for (int i = 0; i < TB_MICROBENCH_PIECES; i++) {
            sum =
                tb_sum_words(sum, tb_load_shared16(shared + place + (tb_u32)(i * TB_THREADS * 16)));
        }
        place = (place + 32 * 16) % (TB_THREADS * 16);
    }
    return sum;
}

/* Load the 8 pieces of this thread of a run that lie before `bytes`; the others are zero. */
TB_FN void tb_load_run(tb_u4 v[TB_MICROBENCH_LOADS], const tb_u8 *in, tb_i64 at, tb_i64 bytes)
{
    TB_UNROLL
    for (int i = 0; i < TB_MICROBENCH_LOADS; i++) {
        v[i].x = v[i].y = v[i].z = v[i].w = 0;
        if (at + i * TB_THREADS * 16 < bytes) {
            v[i] = tb_load_l2(in + at + i * TB_THREADS * 16);
        }
    }
}

TB_FN tb_u32 tb_bench_read(const tb_u8 *in, tb_i64 bytes, int passes, int step)
{
    const tb_i64 stride = (tb_i64)tb_grid_x() * TB_RUN_BYTES;
    int share = tb_cta_x();
    tb_u32 sum = 0;
    TB_NO_UNROLL
    for (int pass = 0; pass < passes; pass++) {
        tb_i64 at = (tb_i64)share * TB_RUN_BYTES + tb_thread() * 16;
        TB_NO_UNROLL
        for (; at < bytes; at += stride) {
            tb_u4 v[TB_MICROBENCH_LOADS];
            tb_load_run(v, in, at, bytes);
            TB_UNROLL
            for (int i = 0; i < TB_MICROBENCH_LOADS; i++) {
                sum = tb_sum_words(sum, v[i]);
            }
        }
        share += step;
        share -= share < tb_grid_x() ? 0 : tb_grid_x();
    }
    return sum;
}

TB_FN void tb_bench_copy(tb_u8 *out, const tb_u8 *in, tb_i64 bytes)
{
    const tb_i64 stride = (tb_i64)tb_grid_x() * TB_RUN_BYTES;
    TB_NO_UNROLL
    for (tb_i64 at = (tb_i64)tb_cta_x() * TB_RUN_BYTES + tb_thread() * 16; at < bytes;
         at += stride) {
        tb_u4 v[TB_MICROBENCH_LOADS];
        tb_load_run(v, in, at, bytes);
        TB_UNROLL
        for (int i = 0; i < TB_MICROBENCH_LOADS; i++) {
            if (at + i * TB_THREADS * 16 < bytes) {
                tb_store16(out + at + i * TB_THREADS * 16, v[i]);
            }
        }
    }
}

/* What goes to `out`, as bits. */
TB_FN tb_u32 tb_bench(const tb_microbench_params *params, tb_u32 shared)
{
    switch (params->kind) {
    case TB_MICROBENCH_MMA_BF16:
        return tb_bits_of_float(tb_bench_mma(1, params->turns));
    case TB_MICROBENCH_MMA_FP16:
        return tb_bits_of_float(tb_bench_mma(0, params->turns));
    case TB_MICROBENCH_EXP2:
        return tb_bits_of_float(tb_bench_math(1, params->turns, 0.0f, 0.0f));
    case TB_MICROBENCH_FMA:
        return tb_bits_of_float(tb_bench_math(0, params->turns, params->a, params->b));
    case TB_MICROBENCH_SHARED:
        return tb_bench_shared(shared, params->turns);
    default:
        return tb_bench_read((const tb_u8 *)params->in, params->bytes, params->turns, params->step);
    }
}

TB_KERNEL(microbench, tb_microbench_params)
{
    if (params.kind == TB_MICROBENCH_EMPTY) {
        return;
    }
    TB_SHARED(shared);
    const tb_i64 begin = tb_clock();
    if (params.kind == TB_MICROBENCH_COPY) {
        tb_bench_copy((tb_u8 *)params.out, (const tb_u8 *)params.in, params.bytes);
    } else {
        const tb_u32 bits = tb_bench(&params, tb_shared_address(shared));
        ((tb_u32 *)params.out)[(tb_i64)tb_cta_x() * TB_THREADS + tb_thread()] = bits;
    }
    if (params.cycles && tb_thread() == 0) {
        params.cycles[tb_cta_x()] = tb_clock() - begin;
    }
}
