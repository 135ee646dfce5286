#include "number.h"

#include <math.h>

float tb_fp16_to_float(uint16_t bits)
{
    int exponent = bits >> 10 & 31;
    float fraction = (float)(bits & 1023);
    float size = exponent == 31 ? (fraction > 0 ? nanf("") : HUGE_VALF)
                 : exponent > 0 ? ldexpf(1024 + fraction, exponent - 25)
                                : ldexpf(fraction, -24);
    return bits >> 15 ? -size : size;
}

uint16_t tb_float_to_fp16(float value)
{
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    float size = fabsf(value);
    if (isnan(value)) {
        return (uint16_t)(sign | 0x7e00);
    }
    if (size >= 65520) { /* half a unit above the largest */
        return (uint16_t)(sign | 0x7c00);
    }
    int exponent;
    (void)frexpf(size, &exponent);
    int unit = size == 0 || exponent < -13 ? -24 : exponent - 11; /* subnormals share one */
    float steps = nearbyintf(ldexpf(size, -unit)); /* to even, in the default rounding mode */
    return (uint16_t)(sign | (unit == -24 ? (int)steps : (exponent + 13) * 1024 + (int)steps));
}

float tb_number_load(tb_dtype dtype, const void *data, int64_t i)
{
    switch (dtype) {
    case TB_DTYPE_FP32:
        return ((const float *)data)[i];
    case TB_DTYPE_BF16:
        return tb_bf16_to_float(((const uint16_t *)data)[i]);
    case TB_DTYPE_FP16:
        return tb_fp16_to_float(((const uint16_t *)data)[i]);
    default:
        return nanf("");
    }
}

void tb_number_store(tb_dtype dtype, void *data, int64_t i, float value)
{
    switch (dtype) {
    case TB_DTYPE_FP32:
        ((float *)data)[i] = value;
        break;
    case TB_DTYPE_BF16:
        ((uint16_t *)data)[i] = tb_float_to_bf16(value);
        break;
    case TB_DTYPE_FP16:
        ((uint16_t *)data)[i] = tb_float_to_fp16(value);
        break;
    default:
        break;
    }
}
