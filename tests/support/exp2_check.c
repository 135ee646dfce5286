#include "exp2_check.h"

#include <math.h>
#include <string.h>

#define BATCH 4096

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Error of y against 2^x, in units in the last place of 2^x as a float. */
static double error_ulp(float x, float y)
{
    double want = exp2((double)x), error = fabs((double)y - want);
    int exponent;
    (void)frexp(want, &exponent);
    return isnan(y) ? HUGE_VAL : ldexp(error, 24 - exponent);
}

double tb_exp2_worst_ulp(const tb_cpu_isa *isa, uint32_t step, int64_t *tried)
{
    const uint32_t sign = UINT32_C(0x80000000), last = UINT32_C(0x42fc0000); /* 126 */
    float x[BATCH], y[BATCH];
    double worst = 0;
    *tried = 0;
    for (uint32_t bits = 0; bits <= last;) {
        int count = 0;
        for (; count < BATCH && bits <= last; bits += step) {
            x[count++] = from_bits(bits | sign);
        }
        isa->exp2(x, y, count);
        for (int i = 0; i < count; i++) {
            worst = fmax(worst, error_ulp(x[i], y[i]));
        }
        *tried += count;
    }
    return worst;
}
