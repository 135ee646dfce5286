/* The ways to expect the census of the layout's own tokens; internal to sim. Extra tokens are
 * expected_census.c's. */
#ifndef TB_EXPECTED_PARTS_H
#define TB_EXPECTED_PARTS_H

#include "expected_census.h"
#include "kept_blocks.h"
#include "occupancy.h"
#include "span_tiles.h"

/** Mean and variance of a count. */
typedef struct tb_moments {
    double mean, variance;
} tb_moments;

/** In closed form. */
typedef struct tb_kept_moments {
    tb_moments visited, full, pairs;
    tb_expectation max;
    bool has_variance; /* else the means alone are exact */
} tb_kept_moments;

/**
 * The moments of kept mask blocks in tiles of the row-major order.
 *
 *   P(a tile is empty) = product over its rows of mask blocks of
 *       (1 - p)^x                        by density: x columns that it overlaps
 *       C(n - x, m) / C(n, m)            m of n columns kept
 *
 * exact for any tiles and mask blocks. The variance is exact where mask blocks divide tiles, but
 * for the few tiles of a query tile at sink, diagonal and end, whose covariance (negative) with the
 * rest is left out.
 *
 * @return TB_OK; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_kept_expect(const tb_kept *kept, const tb_span_form *form,
                                      tb_kept_moments *out, tb_error *err);

/** What a pattern's kind costs to draw, and how its instances vary. */
typedef struct tb_draw_costs {
    double per_q_tile, per_instance; /* nanoseconds or so */
    int64_t apart; /* query tiles that draw together, from the start on; 0: all of an instance */
} tb_draw_costs;

tb_draw_costs tb_draw_costs_of(const tb_pattern *pattern, const tb_span_form *form);

/** Count `samples` instances of a pattern, of which `form` is; intervals are about the means of
 *  `exact`, which may be NULL. TB_OK; TB_ENOMEM. */
TB_NODISCARD tb_status tb_expect_by_samples(const tb_pattern *pattern, const tb_span_form *form,
                                            int64_t samples, const tb_kept_moments *exact,
                                            tb_expected_census *out, tb_error *err);

/** Count whole instances by tb_census_count(): tiles that are no runs of the row-major order. */
TB_NODISCARD tb_status tb_expect_by_census(const tb_problem *problem, const tb_pattern *pattern,
                                           const tb_tiling *tiling, int64_t samples,
                                           tb_expected_census *out, tb_error *err);

#endif
