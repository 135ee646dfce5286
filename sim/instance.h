/* Random numbers of a place: what patterns that depend on content are drawn with.
 *
 * A pattern's instance is a function of its seed and of the place alone, so that rows come in any
 * order and from any thread, and no generator is kept. */
#ifndef TB_INSTANCE_H
#define TB_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * 64 random bits of (seed, a, b): the counter-based form of SplitMix64, whose output number b of
 * the stream that (seed, a) begins is mix(start + (b + 1) golden).
 *
 * Source: Steele, Lea, Flood, Fast splittable pseudorandom number generators, OOPSLA 2014, fig. 16
 * (constants of mix13, Stafford); counters in place of states: Salmon et al., Parallel random
 * numbers: as easy as 1, 2, 3, SC 2011.
 */
uint64_t tb_instance_random(uint64_t seed, uint64_t a, uint64_t b);

/** The start of stream (seed, a); tb_instance_at(start, b) = tb_instance_random(seed, a, b). */
uint64_t tb_instance_start(uint64_t seed, uint64_t a);

static inline uint64_t tb_instance_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint64_t tb_instance_at(uint64_t start, uint64_t b)
{
    return tb_instance_mix(start + (b + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

/** The bound below which 63 random bits fall with probability p: tb_instance_below(). */
uint64_t tb_instance_threshold(double p);

static inline bool tb_instance_below(uint64_t random, uint64_t threshold)
{
    return random >> 1 < threshold;
}

/** A uniform integer of [0, n) from 64 random bits; its bias is at most n / 2^64. */
int64_t tb_instance_scale(uint64_t random, int64_t n);

#define TB_SHUFFLE_TABLE  256
#define TB_SHUFFLE_ROUNDS 8

/** A random permutation of [0, n), which is evaluated one place at a time; its first k places are
 *  k of n without replacement. */
typedef struct tb_shuffle {
    int64_t n;
    uint64_t key[TB_SHUFFLE_ROUNDS];
    int low_bits, high_bits; /* of the two halves; n > TB_SHUFFLE_TABLE */
    uint8_t place[TB_SHUFFLE_TABLE], rank[TB_SHUFFLE_TABLE];
} tb_shuffle;

/**
 * The permutation of (seed, a) over [0, n), n >= 1.
 *
 * Up to 256 elements it is shuffled by Fisher and Yates' method (exact); above, it is a Feistel
 * network over the least power of two that holds n, in which elements outside [0, n) are walked
 * over: a few multiplications a place, no memory.
 *
 * Source: Luby, Rackoff, SIAM J. Comput. 17 (1988); cycle walking: Black, Rogaway, CT-RSA 2002.
 * Not modelled: a Feistel network of 8 rounds is no uniform draw of all n! permutations; that
 * what patterns use of it, how often pairs of places are drawn together, is uniform, a test shows.
 */
void tb_shuffle_make(tb_shuffle *shuffle, int64_t n, uint64_t seed, uint64_t a);

/** The same, but of its places only the first `count` may be asked for, and no ranks: a few of many
 *  cost little. */
void tb_shuffle_make_first(tb_shuffle *shuffle, int64_t n, uint64_t seed, uint64_t a,
                           int64_t count);

/** Element number `rank` of the permutation, and the inverse. */
int64_t tb_shuffle_place(const tb_shuffle *shuffle, int64_t rank);
int64_t tb_shuffle_rank(const tb_shuffle *shuffle, int64_t place);

/** Working memory of random kinds, which travels with a tb_spans: what was drawn for a whole
 *  instance, and counters. Zero-initialised; free with tb_draws_free(). */
typedef struct tb_draws {
    uint32_t *counts; /* all zero between calls */
    int64_t count_capacity;
    struct tb_draws_kept {
        int64_t *values;
        int64_t count, capacity;
        uint64_t seed; /* what was drawn: by seed, purpose and sizes */
        int64_t purpose, of;
        bool is_drawn;
    } list[2];
    uint64_t *bounds; /* of probabilities by distance */
    int64_t bound_count;
    double density, decay; /* that they are of */
} tb_draws;

/** At least `count` counters, all zero; NULL when memory is exhausted. */
uint32_t *tb_draws_counts(tb_draws *draws, int64_t count);

/** Kept list number `which`, of `count` integers: what a whole instance drew. *is_drawn says that
 * it holds what was drawn for these very arguments; else the caller draws it now. NULL when memory
 * is exhausted. */
int64_t *tb_draws_list(tb_draws *draws, int which, uint64_t seed, int64_t purpose, int64_t of,
                       int64_t count, bool *is_drawn);

/** k of [0, n) without replacement, ascending: the first k places of tb_shuffle of (seed, purpose);
 *  drawn once and kept in list number `which`. NULL when memory is exhausted. */
const int64_t *tb_draws_sorted(tb_draws *draws, int which, uint64_t seed, int64_t purpose,
                               int64_t n, int64_t k);

/** tb_instance_threshold(density x decay^d) of d = 0 to count - 1; NULL when memory is exhausted.
 */
const uint64_t *tb_draws_bounds(tb_draws *draws, double density, double decay, int64_t count);

void tb_draws_free(tb_draws *draws);

#endif
