/* mma.sync.aligned.m16n8k16 and ldmatrix: the fragments of the PTX ISA 9.0, sections 9.7.14.5.8 and
 * 9.7.14.5.15.
 *
 * Products of bf16 and fp16 are exact in fp32. They are added one after another, k upwards, each
 * sum rounded to nearest even, or (is_mma_truncated) towards zero. The order and the inner width of
 * tensor cores is not documented; a sum that is truncated after each term is no more exact than
 * what was measured of them (Fasi et al., "Numerical behavior of NVIDIA tensor cores", PeerJ
 * Comput. Sci. 7:e330, 2021). */
#include "emu_access.h"
#include "emu_cell.h"

#include <fenv.h>
#include <string.h>

/* Into functions for other instruction sets too, which the compiler would not do by itself. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef float float8 __attribute__((vector_size(32)));

/* fp16 to fp32 without the processor's help: move the bits, correct the exponent by a product,
 * which also serves subnormals; infinities and NaN are put in. */
ALWAYS_INLINE tb_u32 fp16_bits(tb_u32 half)
{
    tb_u32 size = (half & 0x7fffU) << 13;
    float value, factor;
    tb_u32 scale = 0x77800000U; /* 2^112 */
    memcpy(&value, &size, 4);
    memcpy(&factor, &scale, 4);
    value *= factor;
    tb_u32 finite;
    memcpy(&finite, &value, 4);
    tb_u32 bits = (half & 0x7c00U) == 0x7c00U ? 0x7f800000U | size : finite;
    return bits | (half & 0x8000U) << 16;
}

ALWAYS_INLINE void widen(const tb_u16 *from, float *to, int count, bool is_bf16)
{
    for (int i = 0; i < count; i++) {
        tb_u32 bits = is_bf16 ? (tb_u32)from[i] << 16 : fp16_bits(from[i]);
        memcpy(&to[i], &bits, 4);
    }
}

/* rows x 8 of C += A B, A being rows x 16 in quarters of 8 x 8. */
ALWAYS_INLINE void multiply(const float a[4][8][8], const float b[16][8], float c[16][8])
{
    for (int half = 0; half < 2; half++) {
        float8 sum[8];
        memcpy(sum, c[8 * half], sizeof sum);
        for (int k = 0; k < 16; k++) {
            float8 row;
            memcpy(&row, b[k], sizeof row);
            for (int i = 0; i < 8; i++) {
                sum[i] += a[half + 2 * (k / 8)][i][k % 8] * row;
            }
        }
        memcpy(c[8 * half], sum, sizeof sum);
    }
}

ALWAYS_INLINE void mma_with(tb_emu_operands *o, bool is_bf16)
{
    _Alignas(32) float a[4][8][8], b[16][8];
    float(*c)[8] = (float(*)[8])(void *)o->c;
    widen((const tb_u16 *)(void *)o->a, &a[0][0][0], 256, is_bf16);
    widen(&o->b[0][0], &b[0][0], 128, is_bf16);
    multiply((const float(*)[8][8])a, (const float(*)[8])b, c);
}

/* Plain C for every processor, and the same for wider vectors where they are: no result differs.
 * Never inlined: rounding is switched around the calls. */
static __attribute__((noinline)) void mma_plain(tb_emu_operands *o, bool is_bf16)
{
    mma_with(o, is_bf16);
}

#ifdef __x86_64__
static __attribute__((noinline, target("avx2,fma"))) void mma_avx2(tb_emu_operands *o, bool is_bf16)
{
    mma_with(o, is_bf16);
}
#endif

void tb_emu_mma_do(tb_emu_worker *worker, bool is_bf16)
{
    bool is_truncated = worker->job->launch->is_mma_truncated;
    worker->counters.mma++;
    if (is_truncated) {
        (void)fesetround(FE_TOWARDZERO);
    }
#ifdef __x86_64__
    if (worker->has_avx2) {
        mma_avx2(&worker->operands, is_bf16);
    } else {
        mma_plain(&worker->operands, is_bf16);
    }
#else
    mma_plain(&worker->operands, is_bf16);
#endif
    if (is_truncated) {
        (void)fesetround(FE_TONEAREST);
    }
}

/* Row i of matrix j is what lane 8 j + i points at; the registers of all lanes are the rows, one
 * after another, or their columns. */
static void take_rows(tb_emu_operands *o, int matrix, const unsigned char *memory,
                      const uint64_t rows[8], bool is_transposed)
{
    tb_u16 m[8][8], t[8][8];
    for (int i = 0; i < 8; i++) {
        memcpy(m[i], memory + rows[i], sizeof m[i]);
    }
    if (!is_transposed) {
        memcpy(o->result[matrix], m, sizeof m);
        return;
    }
    for (int i = 0; i < 8; i++) {
        for (int k = 0; k < 8; k++) {
            t[i][k] = m[k][i];
        }
    }
    memcpy(o->result[matrix], t, sizeof t);
}

/* The row that lane `lane` points at, which the whole warp reads. */
static inline uint64_t check_row(tb_emu_worker *worker, const tb_emu_who *who, int lane,
                                 const tb_emu_site *site)
{
    tb_u32 address = worker->operands.value[lane];
    uint64_t offset = (uint64_t)address - TB_EMU_SHARED_BASE;
    if (address % 16 != 0 || offset >= worker->shared_bytes || worker->shared_bytes - offset < 16 ||
        !tb_emu_chunk_read(&worker->shared_shadow, worker->cta_run, who, offset / 16)) {
        int running = worker->thread;
        worker->thread = (running & ~31) + lane; /* whose address it is */
        offset = tb_emu_shared_offset(worker, address, 16, (tb_emu_place){.site = site});
        tb_emu_check_shared(worker, offset, 16, TB_EMU_READ, true, (tb_emu_place){.site = site});
        worker->thread = running;
    }
    return offset;
}

void tb_emu_ldmatrix_do(tb_emu_worker *worker, bool is_transposed, const tb_emu_site *site)
{
    tb_emu_counters *counters = &worker->counters;
    const tb_emu_who who = tb_emu_who_is(worker, true);
    const unsigned char *memory = (const unsigned char *)worker->shared;
    for (int matrix = 0; matrix < 4; matrix++) {
        uint64_t rows[8];
        for (int i = 0; i < 8; i++) {
            rows[i] = check_row(worker, &who, 8 * matrix + i, site);
        }
        take_rows(&worker->operands, matrix, memory, rows, is_transposed);
        int conflicts = tb_emu_row_conflicts(rows, 0xff);
        counters->shared_transactions += 1 + conflicts;
        counters->shared_conflicts += conflicts;
        counters->ldmatrix_conflicts += conflicts;
    }
    counters->ldmatrix++;
    counters->shared_loads++;
}
