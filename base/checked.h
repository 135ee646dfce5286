/* Checked 64-bit arithmetic on sizes. Every sum and product of user sizes goes through here. */
#ifndef TB_CHECKED_H
#define TB_CHECKED_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/** out = a * b; false (out untouched) when the product does not fit. */
static inline bool tb_mul_ok(int64_t a, int64_t b, int64_t *out)
{
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product)) {
        return false;
    }
    *out = product;
    return true;
}

/** out = a + b; false (out untouched) when the sum does not fit. */
static inline bool tb_add_ok(int64_t a, int64_t b, int64_t *out)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *out = sum;
    return true;
}

/** sum += a * b; false (sum untouched) when it does not fit. */
static inline bool tb_mul_add_ok(int64_t a, int64_t b, int64_t *sum)
{
    int64_t product;
    return tb_mul_ok(a, b, &product) && tb_add_ok(*sum, product, sum);
}

/** ceil(a / b) for a >= 0, b >= 1; cannot overflow. */
static inline int64_t tb_ceil_div(int64_t a, int64_t b)
{
    assert(a >= 0 && b >= 1);
    return a / b + (a % b != 0);
}

static inline int64_t tb_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t tb_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/** Greatest common divisor of a >= 1 and b >= 1. */
static inline int64_t tb_gcd(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/** out = least common multiple of a >= 1 and b >= 1; false when it does not fit. */
static inline bool tb_lcm_ok(int64_t a, int64_t b, int64_t *out)
{
    return tb_mul_ok(a / tb_gcd(a, b), b, out);
}

#endif
