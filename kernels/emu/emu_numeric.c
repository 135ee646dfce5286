/* Arithmetic of one thread: the approximations and conversions of the PTX ISA 9.0, sections 9.7.3
 * and 9.7.9.22. */
#include "emu_worker.h"

#include <math.h>
#include <string.h>

static inline tb_u32 bits_of(float x)
{
    tb_u32 bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_of(tb_u32 bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The documented error is 2^-22; what rounding to fp32 adds must not pass it. */
#define LARGEST_ERROR (0x1p-22 - 0x1p-24)

/* +1 or -1, always the same for one argument. */
static double sign_for(float x)
{
    uint64_t state = bits_of(x);
    return tb_emu_random(&state) & 1 ? 1 : -1;
}

/* Results below the normal numbers are flushed, and so are arguments, of which 2^x is 1. */
float tb_emu_exp2(float x)
{
    tb_emu_worker *worker = tb_emu_current;
    worker->counters.exp2++;
    float result = exp2f(x);
    if (worker->job->launch->is_exp2_perturbed && fabsf(x) >= 0x1p-126F && result < HUGE_VALF) {
        result = (float)(exp2((double)x) * (1 + sign_for(x) * LARGEST_ERROR));
    }
    return result < 0x1p-126F ? 0 : result;
}

/* Absolute error between 1/2 and 2, relative beyond. */
float tb_emu_log2(float x)
{
    float result = log2f(x);
    if (tb_emu_current->job->launch->is_exp2_perturbed && x > 0 && x < HUGE_VALF) {
        double error = sign_for(x) * LARGEST_ERROR, exact = log2((double)x);
        result = (float)(x > 0.5F && x < 2 ? exact + error : exact * (1 + error));
    }
    return result;
}

float tb_emu_fma(float a, float b, float c)
{
    tb_emu_current->counters.fma++;
    return fmaf(a, b, c);
}

static tb_u32 bf16_of(float x)
{
    tb_u32 bits = bits_of(x);
    return x != x ? 0x7fffU : (bits + 0x7fffU + (bits >> 16 & 1U)) >> 16;
}

static tb_u32 fp16_of(float x)
{
    tb_u32 bits = bits_of(x), sign = bits >> 16 & 0x8000U, size = bits & 0x7fffffffU;
    if (size >= 0x47800000U) { /* 65536 and more */
        return x != x ? 0x7fffU : sign | 0x7c00U;
    }
    if (size < 0x38800000U) { /* below 2^-14: the sum's last place is a subnormal's unit, 2^-24 */
        return sign | (bits_of(float_of(size) + 0.5F) - bits_of(0.5F));
    }
    return sign | (size - 0x38000000U + 0xfffU + (size >> 13 & 1U)) >> 13;
}

tb_u32 tb_emu_pack(float low, float high, int is_bf16)
{
    return is_bf16 ? bf16_of(low) | bf16_of(high) << 16 : fp16_of(low) | fp16_of(high) << 16;
}

float tb_emu_float_of_half(tb_u32 bits, int is_bf16)
{
    if (is_bf16) {
        return float_of(bits << 16);
    }
    tb_u32 sign = (bits & 0x8000U) << 16, size = (bits & 0x7fffU) << 13;
    if ((bits & 0x7c00U) == 0x7c00U) {
        return float_of(sign | 0x7f800000U | size);
    }
    return float_of(sign | bits_of(float_of(size) * 0x1p112F));
}
