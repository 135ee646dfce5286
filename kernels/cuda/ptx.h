/* The language of our kernels: C17 that is C++ too, and one inline function for each PTX
 * instruction.
 *
 * It has two bodies. NVRTC and nvcc see PTX; the host compiler sees calls into the emulator
 * (kernels/emu), which executes the same source instruction for instruction. A kernel therefore
 * uses no CUDA identifier, no template, no system header, and every macro of ours begins with TB_.
 *
 * A kernel is
 *
 *     TB_KERNEL(name, struct tb_name_params)
 *     {
 *         ... params.q ...
 *     }
 *
 * with one parameter, by value. TB_THREADS (threads a CTA) and TB_MIN_CTAS (CTAs that an SM must
 * hold, 1 if not defined) are macros that are defined before. On the host it becomes the function
 * name__host(const void *params), or name__TWIN where TB_TWIN names the variant: the emulator calls
 * it once a thread.
 *
 * Source: PTX ISA 9.0, of the instructions named beside each function.
 */
#ifndef TB_PTX_H
#define TB_PTX_H

#include "cuda_types.h"

/* -inf, without a system header. */
#define TB_MINUS_INFINITY (-TB_INFINITY)

#ifdef __CUDACC__

#ifndef TB_MIN_CTAS
#define TB_MIN_CTAS 1
#endif
#define TB_KERNEL(name, type)                                                                      \
    extern "C" __global__ void __launch_bounds__(TB_THREADS, TB_MIN_CTAS)                          \
        name(const __grid_constant__ type params)
#define TB_FN        static __device__ __forceinline__
#define TB_UNROLL    _Pragma("unroll")
#define TB_UNROLL_2  _Pragma("unroll 2")
#define TB_NO_UNROLL _Pragma("unroll 1")
#define TB_INFINITY  __int_as_float(0x7f800000)
#define TB_ALIGN16   __align__(16)

/* All the shared memory of the CTA, 128-byte aligned: dynamic, laid out by the kernel. */
#define TB_SHARED(name) extern __shared__ __align__(128) unsigned char name[]

typedef struct TB_ALIGN16 tb_u4 {
    tb_u32 x, y, z, w;
} tb_u4;

TB_FN int tb_thread(void)
{
    return (int)threadIdx.x;
}

TB_FN int tb_lane(void)
{
    return (int)(threadIdx.x & 31u);
}

TB_FN int tb_warp(void)
{
    return (int)(threadIdx.x >> 5);
}

TB_FN int tb_cta_x(void)
{
    return (int)blockIdx.x;
}

TB_FN int tb_cta_y(void)
{
    return (int)blockIdx.y;
}

TB_FN int tb_cta_z(void)
{
    return (int)blockIdx.z;
}

TB_FN int tb_grid_x(void)
{
    return (int)gridDim.x;
}

/* bar.sync 0: all threads of the CTA. */
TB_FN void tb_syncthreads(void)
{
    __syncthreads();
}

/* bar.warp.sync: all 32 lanes. */
TB_FN void tb_syncwarp(void)
{
    __syncwarp();
}

/* shfl.sync.bfly and .idx, vote.sync: all 32 lanes. They order no memory. */
TB_FN float tb_shfl_xor(float value, int mask)
{
    return __shfl_xor_sync(0xffffffffu, value, mask);
}

TB_FN float tb_shfl(float value, int lane)
{
    return __shfl_sync(0xffffffffu, value, lane);
}

TB_FN tb_u32 tb_shfl_xor_u32(tb_u32 value, int mask)
{
    return __shfl_xor_sync(0xffffffffu, value, mask);
}

TB_FN tb_u32 tb_shfl_u32(tb_u32 value, int lane)
{
    return __shfl_sync(0xffffffffu, value, lane);
}

TB_FN tb_u32 tb_ballot(int is_true)
{
    return __ballot_sync(0xffffffffu, is_true);
}

/* Address of a byte of shared memory, as cp.async and ldmatrix take it. */
TB_FN tb_u32 tb_shared_address(const void *pointer)
{
    return (tb_u32)__cvta_generic_to_shared(pointer);
}

/* 16 bytes at once (ld.v4.u32, st.v4.u32), global or shared; 16-byte aligned. */
TB_FN tb_u4 tb_load16(const void *pointer)
{
    return *(const tb_u4 *)pointer;
}

TB_FN void tb_store16(void *pointer, tb_u4 value)
{
    *(tb_u4 *)pointer = value;
}

/* 16 bytes of global memory from L2, past the L1 cache (ld.global.cg.v4.u32), each time anew. */
TB_FN tb_u4 tb_load_l2(const void *global)
{
    tb_u4 v;
    asm volatile("ld.global.cg.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(__cvta_generic_to_global(global))
                 : "memory");
    return v;
}

/* 16 bytes of shared memory by address (ld.shared.v4.u32, st.shared.v4.u32). */
TB_FN tb_u4 tb_load_shared16(tb_u32 address)
{
    tb_u4 v;
    asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "r"(address)
                 : "memory");
    return v;
}

TB_FN void tb_store_shared16(tb_u32 address, tb_u4 v)
{
    asm volatile("st.shared.v4.u32 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(v.x), "r"(v.y),
                 "r"(v.z), "r"(v.w)
                 : "memory");
}

/* 4 bytes of shared memory by address. */
TB_FN tb_u32 tb_load_shared4(tb_u32 address)
{
    tb_u32 v;
    asm volatile("ld.shared.u32 %0, [%1];" : "=r"(v) : "r"(address) : "memory");
    return v;
}

TB_FN void tb_store_shared4(tb_u32 address, tb_u32 v)
{
    asm volatile("st.shared.u32 [%0], %1;" ::"r"(address), "r"(v) : "memory");
}

/* cp.async.cg.shared.global, 16 bytes of which the first `bytes` (0 or 16) come from global memory
 * and the rest are zero. In flight until tb_cp_async_wait() has returned in this thread, and unseen
 * by other threads until a barrier after that. */
TB_FN void tb_cp_async16(tb_u32 shared, const void *global, int bytes)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared),
                 "l"(__cvta_generic_to_global(global)), "r"(bytes)
                 : "memory");
}

TB_FN void tb_cp_async_commit(void)
{
    asm volatile("cp.async.commit_group;" ::: "memory");
}

/* Wait until at most `groups` (a constant) of this thread's groups are in flight. */
#define tb_cp_async_wait(groups) asm volatile("cp.async.wait_group %0;" ::"n"(groups) : "memory")

/* ldmatrix.sync.aligned.m8n8.x4[.trans].shared.b16: four 8 x 8 matrices of 16-bit elements; lanes
 * 8 i ... 8 i + 7 give the addresses of the rows of matrix i, which becomes r[i]. */
TB_FN void tb_ldmatrix_x4(tb_u32 r[4], tb_u32 address)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(address)
                 : "memory");
}

TB_FN void tb_ldmatrix_x4_trans(tb_u32 r[4], tb_u32 address)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(address)
                 : "memory");
}

/* mma.sync.aligned.m16n8k16.row.col.f32.*.*.f32: c += a b. With g = lane / 4 and t = lane % 4:
 *   a[0] = A[g][2t, 2t+1]  a[1] = A[g+8][2t, ..]  a[2] = A[g][2t+8, ..]  a[3] = A[g+8][2t+8, ..]
 *   b0 = B[2t, 2t+1][g]    b1 = B[2t+8, 2t+9][g]
 *   c[0], c[1] = C[g][2t, 2t+1]    c[2], c[3] = C[g+8][2t, 2t+1] */
TB_FN void tb_mma_bf16(float c[4], const tb_u32 a[4], tb_u32 b0, tb_u32 b1)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

TB_FN void tb_mma_fp16(float c[4], const tb_u32 a[4], tb_u32 b0, tb_u32 b1)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/* ex2.approx.ftz.f32: 2^x to 2 units in the last place; 2^-inf = 0. */
TB_FN float tb_exp2(float x)
{
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/* lg2.approx.f32: log2(x), absolute error 2^-22 near 1, else 2^-22 relative; log2(0) = -inf. */
TB_FN float tb_log2(float x)
{
    float y;
    asm("lg2.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/* rcp.approx.ftz.f32: 1 / x to 1 unit in the last place. */
TB_FN float tb_reciprocal(float x)
{
    float y;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/* fma.rn.f32: counted by the emulator, so that products outside mma go through it. */
TB_FN float tb_fma(float a, float b, float c)
{
    return __fmaf_rn(a, b, c);
}

TB_FN float tb_max(float a, float b)
{
    return fmaxf(a, b);
}

/* Two numbers as one register, `low` in the lower half; round to nearest even. */
TB_FN tb_u32 tb_pack_bf16(float low, float high)
{
    tb_u32 d;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(high), "f"(low));
    return d;
}

TB_FN tb_u32 tb_pack_fp16(float low, float high)
{
    tb_u32 d;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(high), "f"(low));
    return d;
}

/* The number that 16 bits hold; exact. */
TB_FN float tb_float_of_bf16(tb_u32 bits)
{
    return __uint_as_float(bits << 16);
}

TB_FN float tb_float_of_fp16(tb_u32 bits)
{
    float f;
    asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"((tb_u16)bits));
    return f;
}

TB_FN tb_u32 tb_bits_of_float(float x)
{
    return __float_as_uint(x);
}

TB_FN float tb_float_of_bits(tb_u32 bits)
{
    return __uint_as_float(bits);
}

TB_FN int tb_popcount(tb_u32 bits)
{
    return __popc(bits);
}

TB_FN tb_u32 tb_atomic_add(tb_u32 *global, tb_u32 value)
{
    return atomicAdd(global, value);
}

/* The same number, of which the compiler knows nothing: what follows from it is computed where it
 * is used, instead of once before a loop in a register that the loop then lacks. */
TB_FN int tb_opaque(int x)
{
    asm volatile("" : "+r"(x));
    return x;
}

/* Clock of the SM, for microbenchmarks; the emulator counts its own steps. */
TB_FN tb_i64 tb_clock(void)
{
    return clock64();
}

/* For the emulator alone: of list entry `entry`, query slot `slot` of the tile left `count` scores
 * unmasked. */
#define tb_count_unmasked(entry, slot, count) ((void)0)

/* 1 where tb_count_unmasked() counts: guards what only prepares its arguments. */
#define TB_IS_COUNTING 0

#define TB_STATIC_ASSERT(condition, message) static_assert(condition, message)

#else

#include "emu_device.h"

#endif

/* The 16-bit type of this variant. */
#if defined(TB_FP16)
#define tb_mma           tb_mma_fp16
#define tb_pack          tb_pack_fp16
#define tb_float_of_half tb_float_of_fp16
#elif defined(TB_BF16)
#define tb_mma           tb_mma_bf16
#define tb_pack          tb_pack_bf16
#define tb_float_of_half tb_float_of_bf16
#endif

#endif
