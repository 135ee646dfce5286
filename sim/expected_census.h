/* What to expect of the census of a pattern that depends on content. */
#ifndef TB_EXPECTED_CENSUS_H
#define TB_EXPECTED_CENSUS_H

#include "census.h"

/** A count as a random variable. */
typedef struct tb_expectation {
    double mean;
    double low, high; /* that 95 % of the instances lie between; equal where it is no random one */
} tb_expectation;

typedef struct tb_expected_census {
    tb_expectation visited, full, visible_pairs, max; /* as of tb_census */
    bool is_closed_form; /* the means of visited, full and visible_pairs are exact; else of samples
                          */
    bool is_interval_sampled; /* low and high of visited come from samples */
    int64_t samples;          /* instances that were counted; 0: none */
    int64_t q_tiles_counted;  /* of each of them: all, or some evenly spread over the layout */
    uint64_t seed;            /* of the first */
} tb_expected_census;

/**
 * Expect the census of a random pattern: in closed form where its kind has one (occupancy,
 * hypergeometric), else by counting instances of seeds seed, seed + 1, ...
 *
 *   a query tile of T queries, each of which keeps k of n keys at random, visits of n / U KV tiles
 *   (n / U) (1 - (C(n - U, k) / C(n, k))^T)   in the mean: the union, not k / U
 *
 * Kept mask blocks (block-sparse, topk) in tiles of the row-major order have means in closed form,
 * and normal intervals of the exact variance where mask blocks divide tiles. The largest count of a
 * query tile is that of independent normal ones. Else instances are counted: all query tiles, or as
 * many as keep the work in bounds (a million tokens under a second), and the interval is the mean
 * +- Student's t of the samples' deviation, by the law of a new instance.
 *
 * Source: hypergeometric distribution; prediction interval of a normal sample.
 * Not modelled: what content makes of it: real selections of neighbouring queries are alike, which
 * visits less; `group` and `block_q` say how many queries share.
 *
 * @param[in] samples  of Monte Carlo, >= 2
 * @return TB_OK; TB_EINVAL for a pattern that is none, and as tb_census_count()
 */
TB_NODISCARD tb_status tb_census_expect(const tb_problem *problem, const tb_pattern *pattern,
                                        const tb_tiling *tiling, int64_t samples,
                                        tb_expected_census *out, tb_error *err);

#endif
