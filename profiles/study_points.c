/* Points of a study's axes: combinations by mixed radix, and samples. */
#include "study_axes.h"

#include <math.h>

#define DRAWN_AT_ONCE 1024 /* points that share a seeding of the generator */

tb_status tb_study_sampler_create(tb_study_sampler *out, tb_error *err)
{
    *out = (tb_study_sampler){.random = tb_random_create()};
    return out->random != NULL ? TB_OK : tb_fail(err, TB_ENOMEM, "no memory for a sample");
}

void tb_study_sampler_destroy(tb_study_sampler *sampler)
{
    tb_random_destroy(sampler->random);
    *sampler = (tb_study_sampler){0};
}

/* Zip's axes are one coordinate. */
static size_t coordinates(const tb_study_axes *axes)
{
    return axes->count - axes->zip_count + (axes->zip_count > 0);
}

static size_t coordinate_of(const tb_study_axes *axes, size_t axis)
{
    return axis < axes->zip_count ? 0 : axis - axes->zip_count + (axes->zip_count > 0);
}

/* The finaliser of MurmurHash3: every bit in, every bit out. */
static uint32_t mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x85ebca6bU;
    x ^= x >> 13;
    x *= 0xc2b2ae35U;
    return x ^ (x >> 16);
}

/* One walk through the network: a permutation of 2^(2 half_bits) numbers. */
static uint64_t feistel(uint64_t x, int half_bits, const uint32_t *keys)
{
    uint32_t mask = (uint32_t)(((uint64_t)1 << half_bits) - 1);
    uint32_t left = (uint32_t)(x >> half_bits), right = (uint32_t)x & mask;
    for (int r = 0; r < TB_LATIN_ROUNDS; r++) {
        uint32_t next = left ^ (mix(right + keys[r]) & mask);
        left = right;
        right = next;
    }
    return (uint64_t)left << half_bits | right;
}

int64_t tb_study_stratum(const tb_study_axes *axes, size_t coordinate, int64_t point)
{
    int half_bits = 1;
    while (((int64_t)1 << (2 * half_bits)) < axes->points) {
        half_bits++;
    }
    uint64_t x = (uint64_t)point;
    do { /* at most a few times: the network is less than four times as large */
        x = feistel(x, half_bits, axes->keys[coordinate]);
    } while (x >= (uint64_t)axes->points);
    return (int64_t)x;
}

/* Go to the numbers of `point`: those of a run of points follow each other. */
static void seek(const tb_study_axes *axes, int64_t point, tb_study_sampler *sampler)
{
    int64_t first = point - point % DRAWN_AT_ONCE;
    if (sampler->axes == axes && sampler->next == point && point != first) {
        return;
    }
    uint64_t run = (uint64_t)(point / DRAWN_AT_ONCE);
    tb_random_seed(sampler->random, mix((uint32_t)axes->seed) + run + axes->keys[0][0]);
    for (int64_t skipped = first; skipped < point; skipped++) {
        for (size_t c = 0; c < coordinates(axes); c++) {
            (void)tb_random_bits(sampler->random);
        }
    }
    sampler->axes = axes;
}

/* Where the point lies along each coordinate, in [0, 1). */
static void draw(const tb_study_axes *axes, int64_t point, tb_study_sampler *sampler, double *u)
{
    seek(axes, point, sampler);
    for (size_t c = 0; c < coordinates(axes); c++) {
        u[c] = tb_random_uniform(sampler->random);
        if (axes->sample == TB_SAMPLE_LATIN) {
            double stratum = (double)tb_study_stratum(axes, c, point);
            u[c] = fmin((stratum + u[c]) / (double)axes->points, 1 - 0x1p-53);
        }
    }
    sampler->next = point + 1;
}

static tb_axis_value value_at(const tb_study_axis *axis, int64_t index)
{
    if (axis->kind == TB_AXIS_LIST) {
        return (tb_axis_value){.node = tb_yaml_item(axis->values, (size_t)index)};
    }
    return (tb_axis_value){.integer = axis->from + index * axis->step};
}

static tb_axis_value value_of(const tb_study_axis *axis, double u)
{
    if (axis->kind == TB_AXIS_REAL) {
        double value = axis->is_log ? exp(log(axis->low) + u * (log(axis->high) - log(axis->low)))
                                    : axis->low + u * (axis->high - axis->low);
        return (tb_axis_value){.is_real = true, .real = fmin(fmax(value, axis->low), axis->high)};
    }
    if (axis->is_log) { /* the last integer is as wide as the others */
        double value = exp(log(axis->low) + u * (log(axis->high + 1) - log(axis->low)));
        return (tb_axis_value){.integer = (int64_t)fmin(fmax(floor(value), axis->low), axis->high)};
    }
    int64_t index = (int64_t)(u * (double)axis->count);
    return value_at(axis, index < axis->count ? index : axis->count - 1);
}

static void combine(const tb_study_axes *axes, int64_t index, tb_axis_value *out)
{
    for (size_t a = axes->count; a > axes->zip_count; a--) { /* the last axis moves fastest */
        const tb_study_axis *axis = &axes->axis[a - 1];
        out[a - 1] = value_at(axis, index % axis->count);
        index /= axis->count;
    }
    for (size_t a = 0; a < axes->zip_count; a++) {
        out[a] = value_at(&axes->axis[a], index);
    }
}

void tb_study_axes_at(const tb_study_axes *axes, int64_t point, tb_study_sampler *sampler,
                      tb_axis_value *out)
{
    double u[TB_AXES_MAX];
    if (axes->sample == TB_SAMPLE_NONE || axes->sample == TB_SAMPLE_COMBINATIONS) {
        combine(axes, axes->drawn != NULL ? (int64_t)axes->drawn[point] : point, out);
        return;
    }
    draw(axes, point, sampler, u);
    for (size_t a = 0; a < axes->count; a++) {
        out[a] = value_of(&axes->axis[a], u[coordinate_of(axes, a)]);
    }
}
