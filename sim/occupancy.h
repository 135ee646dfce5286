/* Drawing without replacement, and what comes of many draws; internal to sim. */
#ifndef TB_OCCUPANCY_H
#define TB_OCCUPANCY_H

#include "expected_census.h"

/**
 * The logarithm of the probability that none of `x` given places is among `m` drawn of `n`.
 *
 *   ln (C(n - x, m) / C(n, m)) = sum over i < min(x, m) of ln (1 - max(x, m) / (n - i))
 *
 * Short sums are taken as they stand; for long ones, with ln gamma(z - x) - ln gamma(z) by
 * Stirling's series, of which the large terms are taken together first, so that nothing cancels.
 * All of the x among the m: tb_log_none(n, n - m, x).
 *
 * Source: hypergeometric distribution; DLMF 5.11.1 (https://dlmf.nist.gov/5.11).
 *
 * @return -HUGE_VAL where some must be drawn; integers 0 <= m, x <= n
 */
double tb_log_none(int64_t n, int64_t m, int64_t x);

/** A count of mean and variance as an expectation: normal, 95 %, in whole counts inside of
 *  [least, most]. */
tb_expectation tb_expect_normal(double mean, double variance, double least, double most);

/** One query tile's count. */
typedef struct tb_tile_moments {
    double mean, deviation;
    int64_t tiles; /* as many of them */
} tb_tile_moments;

/**
 * The largest of independent counts, each taken as normal.
 *
 *   P(max <= v) = product over tiles of Phi((v + 1/2 - mean) / deviation)
 *
 * @param[in] most  what no count passes
 */
tb_expectation tb_expect_max(const tb_tile_moments *moments, int64_t count, double most);

#endif
