#include "random_tensor.h"

#include "number.h"

#include <math.h>
#include <stdlib.h>

#define QUARTERS      4       /* of a word */
#define QUARTER_COUNT 0x10000 /* values of one */

uint64_t tb_random_word(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* `unit` is of (0, 1). */
static float spread(double unit)
{
    return (float)((2 * unit - 1) * sqrt(3));
}

/* What each quarter of a word stands for: the middle of its part of the range. */
static void fill_table(tb_dtype dtype, uint16_t *table)
{
    for (int64_t i = 0; i < QUARTER_COUNT; i++) {
        tb_number_store(dtype, table, i, spread(((double)i + 0.5) / QUARTER_COUNT));
    }
}

static void fill_quarters(const uint16_t *table, uint16_t *out, int64_t elements, uint64_t *state)
{
    int64_t whole = elements / QUARTERS * QUARTERS;
    for (int64_t i = 0; i < whole; i += QUARTERS) {
        uint64_t word = tb_random_word(state);
        out[i] = table[word & 0xffff];
        out[i + 1] = table[word >> 16 & 0xffff];
        out[i + 2] = table[word >> 32 & 0xffff];
        out[i + 3] = table[word >> 48];
    }
    uint64_t word = whole < elements ? tb_random_word(state) : 0;
    for (int64_t i = whole; i < elements; i++) {
        out[i] = table[word & 0xffff];
        word >>= 16;
    }
}

tb_status tb_random_fill(tb_dtype dtype, void *tensor, int64_t elements, uint64_t *state,
                         tb_error *err)
{
    if (tb_dtype_bytes(dtype) != sizeof(uint16_t)) {
        for (int64_t i = 0; i < elements; i++) {
            double unit = (double)(tb_random_word(state) >> 11) * 0x1p-53;
            tb_number_store(dtype, tensor, i, spread(unit));
        }
        return TB_OK;
    }
    uint16_t *table = malloc(QUARTER_COUNT * sizeof *table);
    if (table == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for random numbers");
    }
    fill_table(dtype, table);
    fill_quarters(table, tensor, elements, state);
    free(table);
    return TB_OK;
}
