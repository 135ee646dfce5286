#include "occupancy.h"

#include "checked.h"

#include <math.h>

/* What Stirling's series adds to (z - 1/2) ln z - z + ln(2 pi) / 2. */
static double stirling_rest(double z)
{
    double square = z * z;
    return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - 1.0 / (1680 * square)) / square) / square) / z;
}

/* ln gamma(z - x) - ln gamma(z) + x ln(z - x), z - x >= 16. */
static double gamma_step(double z, double x)
{
    return (z - 0.5) * log1p(-x / z) + x + stirling_rest(z - x) - stirling_rest(z);
}

double tb_log_none(int64_t n, int64_t m, int64_t x)
{
    int64_t few = tb_min(m, x), many = tb_max(m, x);
    if (few == 0) {
        return 0;
    }
    if (m > n - x) {
        return -HUGE_VAL;
    }
    if (few <= 24) {
        double sum = 0;
        for (int64_t i = 0; i < few; i++) {
            sum += log1p(-(double)many / (double)(n - i));
        }
        return sum;
    }
    double z = (double)n + 1, rest = (double)(n - m) + 1, out = (double)x;
    if (rest - out >= 16) {
        double ratio = (double)x * log1p((double)m / (rest - out));
        return gamma_step(z, out) - gamma_step(rest, out) - ratio;
    }
    return lgamma(z - out) - lgamma(z) - lgamma(rest - out) + lgamma(rest);
}

tb_expectation tb_expect_normal(double mean, double variance, double least, double most)
{
    if (variance <= 1e-9) {
        return (tb_expectation){.mean = mean, .low = mean, .high = mean};
    }
    double half = 1.959963984540054 * sqrt(variance);
    return (tb_expectation){.mean = mean,
                            .low = fmax(floor(mean - half), least),
                            .high = fmin(ceil(mean + half), most)};
}

/* P(max <= v) */
static double max_below(const tb_tile_moments *moments, int64_t count, double v)
{
    double log_p = 0;
    for (int64_t i = 0; i < count && log_p > -50; i++) {
        double above = v + 0.5 - moments[i].mean;
        if (moments[i].deviation <= 0) {
            log_p = above > 0 ? log_p : -HUGE_VAL;
            continue;
        }
        double tail = 0.5 * erfc(above / moments[i].deviation / sqrt(2.0));
        log_p += (double)moments[i].tiles * log1p(-fmin(tail, 1));
    }
    return exp(log_p);
}

/* The least v with P(max <= v) >= p, between low and high. */
static double quantile(const tb_tile_moments *moments, int64_t count, double p, double low,
                       double high)
{
    for (int step = 0; step < 40 && high - low > 1e-3 * fmax(high, 1); step++) {
        double middle = (low + high) / 2;
        if (max_below(moments, count, middle) >= p) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}

tb_expectation tb_expect_max(const tb_tile_moments *moments, int64_t count, double most)
{
    enum { STEPS = 48 };
    double low = 0, high = 0;
    for (int64_t i = 0; i < count; i++) {
        low = fmax(low, moments[i].mean - 8 * moments[i].deviation);
        high = fmax(high, moments[i].mean + 8 * moments[i].deviation);
    }
    if (high - low < 1e-9) {
        return (tb_expectation){.mean = high, .low = high, .high = high};
    }
    high = fmin(high, most);
    low = fmin(fmax(low, 0), high);
    /* mean of the continuous one: low + integral of P(max > v); v + 1/2 above takes it to counts */
    double mean = low + 0.5, step = (high - low) / STEPS;
    for (int i = 0; i < STEPS; i++) {
        mean += step * (1 - max_below(moments, count, low + (i + 0.5) * step));
    }
    return (tb_expectation){.mean = fmin(mean, most),
                            .low = quantile(moments, count, 0.025, low, high),
                            .high = quantile(moments, count, 0.975, low, high)};
}
