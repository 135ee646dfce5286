#include "instance.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

uint64_t tb_instance_start(uint64_t seed, uint64_t a)
{
    return tb_instance_mix(tb_instance_at(seed, a) ^ seed);
}

uint64_t tb_instance_random(uint64_t seed, uint64_t a, uint64_t b)
{
    return tb_instance_at(tb_instance_start(seed, a), b);
}

uint64_t tb_instance_threshold(double p)
{
    const uint64_t whole = UINT64_C(1) << 63;
    if (!(p > 0)) {
        return 0;
    }
    return p >= 1 ? whole : (uint64_t)ldexp(p, 63);
}

int64_t tb_instance_scale(uint64_t random, int64_t n)
{
    /* the high word of random x n, from two products of 32 bits each */
    uint64_t low = (random & UINT32_MAX) * ((uint64_t)n & UINT32_MAX);
    uint64_t middle = (random >> 32) * ((uint64_t)n & UINT32_MAX) + (low >> 32);
    uint64_t other = (random & UINT32_MAX) * ((uint64_t)n >> 32) + (middle & UINT32_MAX);
    return (int64_t)((random >> 32) * ((uint64_t)n >> 32) + (middle >> 32) + (other >> 32));
}

/* Fisher and Yates: the first `count` places, of which the i-th is settled by the i-th step. */
static void fill_places(tb_shuffle *shuffle, uint64_t start, int64_t count)
{
    for (int64_t i = 0; i < shuffle->n; i++) {
        shuffle->place[i] = (uint8_t)i;
    }
    for (int64_t i = 0; i < count; i++) {
        int64_t j = i + tb_instance_scale(tb_instance_at(start, (uint64_t)i), shuffle->n - i);
        uint8_t settled = shuffle->place[j];
        shuffle->place[j] = shuffle->place[i];
        shuffle->place[i] = settled;
    }
}

void tb_shuffle_make_first(tb_shuffle *shuffle, int64_t n, uint64_t seed, uint64_t a, int64_t count)
{
    assert(n >= 1 && count <= n);
    uint64_t start = tb_instance_start(seed, a);
    shuffle->n = n;
    if (n <= TB_SHUFFLE_TABLE) {
        fill_places(shuffle, start, count);
        return;
    }
    int bits = 64 - __builtin_clzll((uint64_t)(n - 1));
    shuffle->low_bits = bits / 2;
    shuffle->high_bits = bits - bits / 2;
    for (int r = 0; r < TB_SHUFFLE_ROUNDS; r++) {
        shuffle->key[r] = tb_instance_at(start, (uint64_t)r);
    }
}

void tb_shuffle_make(tb_shuffle *shuffle, int64_t n, uint64_t seed, uint64_t a)
{
    tb_shuffle_make_first(shuffle, n, seed, a, n);
    for (int64_t i = 0; n <= TB_SHUFFLE_TABLE && i < n; i++) {
        shuffle->rank[shuffle->place[i]] = (uint8_t)i;
    }
}

/* The round function: the high bits of a product are its best mixed ones. */
static uint64_t turn(uint64_t half, uint64_t key, int bits)
{
    uint64_t z = (half ^ key) * UINT64_C(0xbf58476d1ce4e5b9);
    return ((z ^ (z >> 29)) * UINT64_C(0x94d049bb133111eb)) >> (64 - bits);
}

/* Rounds take turns in changing the low and the high half; so each is its own inverse. */
static uint64_t turn_round(const tb_shuffle *s, uint64_t x, int r)
{
    uint64_t low = x & ((UINT64_C(1) << s->low_bits) - 1), high = x >> s->low_bits;
    if (r % 2 == 0) {
        high ^= turn(low, s->key[r], s->high_bits);
    } else {
        low ^= turn(high, s->key[r], s->low_bits);
    }
    return high << s->low_bits | low;
}

int64_t tb_shuffle_place(const tb_shuffle *shuffle, int64_t rank)
{
    if (shuffle->n <= TB_SHUFFLE_TABLE) {
        return shuffle->place[rank];
    }
    uint64_t x = (uint64_t)rank;
    do {
        for (int r = 0; r < TB_SHUFFLE_ROUNDS; r++) {
            x = turn_round(shuffle, x, r);
        }
    } while (x >= (uint64_t)shuffle->n);
    return (int64_t)x;
}

int64_t tb_shuffle_rank(const tb_shuffle *shuffle, int64_t place)
{
    if (shuffle->n <= TB_SHUFFLE_TABLE) {
        return shuffle->rank[place];
    }
    uint64_t x = (uint64_t)place;
    do {
        for (int r = TB_SHUFFLE_ROUNDS - 1; r >= 0; r--) {
            x = turn_round(shuffle, x, r);
        }
    } while (x >= (uint64_t)shuffle->n);
    return (int64_t)x;
}

uint32_t *tb_draws_counts(tb_draws *draws, int64_t count)
{
    if (count > draws->count_capacity) {
        free(draws->counts);
        draws->counts = calloc((size_t)count, sizeof *draws->counts);
        draws->count_capacity = draws->counts == NULL ? 0 : count;
    }
    return draws->counts;
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

int64_t *tb_draws_list(tb_draws *draws, int which, uint64_t seed, int64_t purpose, int64_t of,
                       int64_t count, bool *is_drawn)
{
    struct tb_draws_kept *list = &draws->list[which];
    *is_drawn = list->is_drawn && list->seed == seed && list->purpose == purpose &&
                list->of == of && list->count == count;
    if (*is_drawn) {
        return list->values;
    }
    if (list->values == NULL || count > list->capacity) {
        free(list->values);
        list->values = malloc((size_t)(count > 0 ? count : 1) * sizeof *list->values);
        list->capacity = list->values == NULL ? 0 : count;
    }
    list->is_drawn = list->values != NULL;
    list->seed = seed;
    list->purpose = purpose;
    list->of = of;
    list->count = count;
    return list->values;
}

const int64_t *tb_draws_sorted(tb_draws *draws, int which, uint64_t seed, int64_t purpose,
                               int64_t n, int64_t k)
{
    bool is_drawn;
    int64_t *values = tb_draws_list(draws, which, seed, purpose, n, k, &is_drawn);
    if (values == NULL || is_drawn || k == 0) {
        return values;
    }
    tb_shuffle shuffle;
    tb_shuffle_make(&shuffle, n, seed, (uint64_t)purpose);
    for (int64_t i = 0; i < k; i++) {
        values[i] = tb_shuffle_place(&shuffle, i);
    }
    qsort(values, (size_t)k, sizeof *values, compare);
    return values;
}

const uint64_t *tb_draws_bounds(tb_draws *draws, double density, double decay, int64_t count)
{
    int64_t wanted = decay < 1 ? count : 1;
    if (draws->bounds != NULL && draws->density == density && draws->decay == decay &&
        draws->bound_count >= wanted) {
        return draws->bounds;
    }
    free(draws->bounds);
    draws->bounds = malloc((size_t)wanted * sizeof *draws->bounds);
    if (draws->bounds == NULL) {
        return NULL;
    }
    for (int64_t d = 0; d < wanted; d++) {
        double p = decay < 1 ? density * pow(decay, (double)d) : density;
        draws->bounds[d] = tb_instance_threshold(p);
    }
    draws->density = density;
    draws->decay = decay;
    draws->bound_count = wanted;
    return draws->bounds;
}

void tb_draws_free(tb_draws *draws)
{
    free(draws->bounds);
    free(draws->counts);
    for (int i = 0; i < 2; i++) {
        free(draws->list[i].values);
    }
    *draws = (tb_draws){0};
}
