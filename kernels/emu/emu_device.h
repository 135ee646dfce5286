/* The host body of kernels/cuda/ptx.h: every instruction is a call into the emulator, with the
 * place in the source that it was made from. Included by host twins, which no warning flags reach,
 * and by the emulator, for the prototypes. */
#ifndef TB_EMU_DEVICE_H
#define TB_EMU_DEVICE_H

#include "cuda_types.h"

#define TB_FN     static inline __attribute__((always_inline, unused))
#define TB_UNROLL /* nothing is gained here, and compiling takes six times as long */
#define TB_UNROLL_2
#define TB_NO_UNROLL
#define TB_INFINITY __builtin_inff()
#define TB_ALIGN16  __attribute__((aligned(16)))

#define TB_EMU_PASTE2(a, b) a##b
#define TB_EMU_PASTE(a, b)  TB_EMU_PASTE2(a, b)

#ifdef TB_TWIN
#define TB_EMU_ENTRY(name) TB_EMU_PASTE(name##__, TB_TWIN)
#else
#define TB_EMU_ENTRY(name) name##__host
#endif

/* By which the twin is found in memory. */
__attribute__((weak, unused)) const char tb_twin_mark = 0;

#define TB_KERNEL(name, type)                                                                      \
    static void name##__body(const type params);                                                   \
    extern const unsigned name##__params_bytes, name##__threads;                                   \
    const unsigned name##__params_bytes = sizeof(type), name##__threads = TB_THREADS;              \
    void TB_EMU_ENTRY(name)(const void *raw);                                                      \
    void TB_EMU_ENTRY(name)(const void *raw)                                                       \
    {                                                                                              \
        name##__body(*(const type *)raw);                                                          \
    }                                                                                              \
    static void name##__body(const type params)

typedef struct TB_ALIGN16 tb_u4 {
    tb_u32 x, y, z, w;
} tb_u4;

/* A place in the source: collectives of a warp must be made from the same one. */
typedef struct tb_emu_site {
    const char *file;
    int line;
} tb_emu_site;

#define TB_EMU_SITE                                                                                \
    (__extension__({                                                                               \
        static const tb_emu_site site_ = {__FILE__, __LINE__};                                     \
        &site_;                                                                                    \
    }))

/* Four accumulators, which travel in registers: an array whose address leaves the kernel would be
 * checked at each access. */
typedef struct tb_emu_f4 {
    float x, y, z, w;
} tb_emu_f4;

/* The same all the time that a thread runs. */
__attribute__((const)) int tb_emu_thread(void);
__attribute__((const)) int tb_emu_cta(int axis);
__attribute__((const)) int tb_emu_grid_x(void);
__attribute__((const)) unsigned char *tb_emu_shared(void);
void tb_emu_syncthreads(const tb_emu_site *site);
void tb_emu_syncwarp(const tb_emu_site *site);
tb_u32 tb_emu_shfl(tb_u32 value, int lane, int is_xor, const tb_emu_site *site);
tb_u32 tb_emu_ballot(int is_true, const tb_emu_site *site);
tb_u32 tb_emu_shared_address(const void *pointer, const tb_emu_site *site);
tb_u4 tb_emu_load16(const void *pointer, const tb_emu_site *site);
void tb_emu_store16(void *pointer, tb_u4 value, const tb_emu_site *site);
tb_u4 tb_emu_load_shared16(tb_u32 address, const tb_emu_site *site);
void tb_emu_store_shared16(tb_u32 address, tb_u4 value, const tb_emu_site *site);
tb_u32 tb_emu_load_shared4(tb_u32 address, const tb_emu_site *site);
void tb_emu_store_shared4(tb_u32 address, tb_u32 value, const tb_emu_site *site);
void tb_emu_cp_async16(tb_u32 shared, const void *global, int bytes, const tb_emu_site *site);
void tb_emu_cp_async_commit(void);
void tb_emu_cp_async_wait(int groups);
tb_u4 tb_emu_ldmatrix(tb_u32 address, const tb_emu_site *site);
tb_u4 tb_emu_ldmatrix_trans(tb_u32 address, const tb_emu_site *site);
tb_emu_f4 tb_emu_mma_bf16(tb_emu_f4 c, tb_u32 a0, tb_u32 a1, tb_u32 a2, tb_u32 a3, tb_u32 b0,
                          tb_u32 b1, const tb_emu_site *site);
tb_emu_f4 tb_emu_mma_fp16(tb_emu_f4 c, tb_u32 a0, tb_u32 a1, tb_u32 a2, tb_u32 a3, tb_u32 b0,
                          tb_u32 b1, const tb_emu_site *site);
float tb_emu_exp2(float x);
float tb_emu_log2(float x);
float tb_emu_fma(float a, float b, float c);
tb_u32 tb_emu_pack(float low, float high, int is_bf16);
float tb_emu_float_of_half(tb_u32 bits, int is_bf16);
tb_u32 tb_emu_atomic_add(tb_u32 *global, tb_u32 value, const tb_emu_site *site);
tb_i64 tb_emu_clock(void);
void tb_emu_count_unmasked(int entry, int slot, int count);

TB_FN tb_u32 tb_bits_of_float(float x)
{
    tb_u32 bits;
    __builtin_memcpy(&bits, &x, 4);
    return bits;
}

TB_FN float tb_float_of_bits(tb_u32 bits)
{
    float x;
    __builtin_memcpy(&x, &bits, 4);
    return x;
}

TB_FN float tb_max(float a, float b)
{
    return a >= b || b != b ? a : b;
}

/* Macros, so that the compiler sees an element of the kernel's own array, which no other thread can
 * reach, where a function would show it a pointer, which must be checked. */
#define TB_EMU_LDMATRIX(r, call)                                                                   \
    (__extension__({                                                                               \
        tb_u4 rows_ = call;                                                                        \
        (r)[0] = rows_.x;                                                                          \
        (r)[1] = rows_.y;                                                                          \
        (r)[2] = rows_.z;                                                                          \
        (r)[3] = rows_.w;                                                                          \
        (void)0;                                                                                   \
    }))
#define TB_EMU_MMA(function, c, a, b0, b1)                                                         \
    (__extension__({                                                                               \
        tb_emu_f4 sum_ = {(c)[0], (c)[1], (c)[2], (c)[3]};                                         \
        sum_ = function(sum_, (a)[0], (a)[1], (a)[2], (a)[3], b0, b1, TB_EMU_SITE);                \
        (c)[0] = sum_.x;                                                                           \
        (c)[1] = sum_.y;                                                                           \
        (c)[2] = sum_.z;                                                                           \
        (c)[3] = sum_.w;                                                                           \
        (void)0;                                                                                   \
    }))

#define TB_SHARED(name)  unsigned char *const name = tb_emu_shared()
#define tb_thread()      tb_emu_thread()
#define tb_lane()        (tb_emu_thread() & 31)
#define tb_warp()        (tb_emu_thread() >> 5)
#define tb_cta_x()       tb_emu_cta(0)
#define tb_cta_y()       tb_emu_cta(1)
#define tb_cta_z()       tb_emu_cta(2)
#define tb_grid_x()      tb_emu_grid_x()
#define tb_syncthreads() tb_emu_syncthreads(TB_EMU_SITE)
#define tb_syncwarp()    tb_emu_syncwarp(TB_EMU_SITE)
#define tb_shfl_xor(value, mask)                                                                   \
    tb_float_of_bits(tb_emu_shfl(tb_bits_of_float(value), mask, 1, TB_EMU_SITE))
#define tb_shfl(value, lane)                                                                       \
    tb_float_of_bits(tb_emu_shfl(tb_bits_of_float(value), lane, 0, TB_EMU_SITE))
#define tb_shfl_xor_u32(value, mask)         tb_emu_shfl(value, mask, 1, TB_EMU_SITE)
#define tb_shfl_u32(value, lane)             tb_emu_shfl(value, lane, 0, TB_EMU_SITE)
#define tb_ballot(is_true)                   tb_emu_ballot(is_true, TB_EMU_SITE)
#define tb_shared_address(pointer)           tb_emu_shared_address(pointer, TB_EMU_SITE)
#define tb_load16(pointer)                   tb_emu_load16(pointer, TB_EMU_SITE)
#define tb_load_l2(global)                   tb_emu_load16(global, TB_EMU_SITE)
#define tb_store16(pointer, value)           tb_emu_store16(pointer, value, TB_EMU_SITE)
#define tb_load_shared16(address)            tb_emu_load_shared16(address, TB_EMU_SITE)
#define tb_store_shared16(address, value)    tb_emu_store_shared16(address, value, TB_EMU_SITE)
#define tb_load_shared4(address)             tb_emu_load_shared4(address, TB_EMU_SITE)
#define tb_store_shared4(address, value)     tb_emu_store_shared4(address, value, TB_EMU_SITE)
#define tb_cp_async16(shared, global, bytes) tb_emu_cp_async16(shared, global, bytes, TB_EMU_SITE)
#define tb_cp_async_commit()                 tb_emu_cp_async_commit()
#define tb_cp_async_wait(groups)             tb_emu_cp_async_wait(groups)
#define tb_ldmatrix_x4(r, address)           TB_EMU_LDMATRIX(r, tb_emu_ldmatrix(address, TB_EMU_SITE))
#define tb_ldmatrix_x4_trans(r, address)                                                           \
    TB_EMU_LDMATRIX(r, tb_emu_ldmatrix_trans(address, TB_EMU_SITE))
#define tb_mma_bf16(c, a, b0, b1)             TB_EMU_MMA(tb_emu_mma_bf16, c, a, b0, b1)
#define tb_mma_fp16(c, a, b0, b1)             TB_EMU_MMA(tb_emu_mma_fp16, c, a, b0, b1)
#define tb_exp2(x)                            tb_emu_exp2(x)
#define tb_log2(x)                            tb_emu_log2(x)
#define tb_reciprocal(x)                      (1.0f / (x))
#define tb_fma(a, b, c)                       tb_emu_fma(a, b, c)
#define tb_pack_bf16(low, high)               tb_emu_pack(low, high, 1)
#define tb_pack_fp16(low, high)               tb_emu_pack(low, high, 0)
#define tb_float_of_bf16(bits)                tb_emu_float_of_half(bits, 1)
#define tb_float_of_fp16(bits)                tb_emu_float_of_half(bits, 0)
#define tb_popcount(bits)                     __builtin_popcount(bits)
#define tb_atomic_add(global, value)          tb_emu_atomic_add(global, value, TB_EMU_SITE)
#define tb_opaque(x)                          (x)
#define tb_clock()                            tb_emu_clock()
#define tb_opaque(x)                          (x)
#define tb_count_unmasked(entry, slot, count) tb_emu_count_unmasked(entry, slot, count)
#define TB_IS_COUNTING                        1
#define TB_STATIC_ASSERT(condition, message)  _Static_assert(condition, message)

#endif
