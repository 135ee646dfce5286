/* Storage formats: fp32, bf16 and fp16 elements as numbers. */
#ifndef TB_NUMBER_H
#define TB_NUMBER_H

#include "problem.h"

#include <stdint.h>
#include <string.h>

/** bf16 is the upper half of an fp32. */
static inline float tb_bf16_to_float(uint16_t bits)
{
    uint32_t word = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

/** Round to nearest, ties to even; NaN stays NaN. */
static inline uint16_t tb_float_to_bf16(float value)
{
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    if ((word & 0x7fffffffU) > 0x7f800000U) {
        return (uint16_t)(word >> 16 | 0x40U);
    }
    return (uint16_t)((word + 0x7fffU + (word >> 16 & 1U)) >> 16);
}

/** Exact. */
float tb_fp16_to_float(uint16_t bits);

/** Round to nearest, ties to even. */
uint16_t tb_float_to_fp16(float value);

/** Element i of a tensor of fp32, fp16 or bf16. */
float tb_number_load(tb_dtype dtype, const void *data, int64_t i);
void tb_number_store(tb_dtype dtype, void *data, int64_t i, float value);

#endif
