/* How many KV tiles a pattern makes a kernel visit, and how: the count that every bound rests on.
 * Per head and batch entry. */
#ifndef TB_CENSUS_H
#define TB_CENSUS_H

#include "histogram.h"
#include "pattern.h"
#include "problem.h"
#include "tiling.h"

#include <stdbool.h>

typedef struct tb_census {
    int64_t q_tiles;          /* with at least one real query */
    int64_t launched_q_tiles; /* every dilation group launched with the largest group's grid */
    int64_t kv_tiles;         /* of all dilation groups, plus those of extra KV tokens */
    int64_t visited;          /* (query tile, KV tile) pairs with some visible pair of tokens */
    int64_t full;             /* with nothing to mask; partial = visited - full */
    int64_t visible_pairs;    /* query-key pairs that the pattern lets through */
    int64_t dense_pairs;      /* (N + extra queries) (N + extra KV) */
    int64_t real_pairs;       /* real query x real key pairs inside visited tiles */
    int64_t min, max;         /* visited KV tiles a query tile */
    int64_t kv_min, kv_max;   /* visiting query tiles a KV tile; backward only, else 0 */
    bool closed_form;         /* counted by products, not by rows */
} tb_census;

/** partial = visited - full */
int64_t tb_census_partial(const tb_census *census);

/** Threads that a census by rows uses, at most. */
int tb_census_threads(void);

/** empty = query tiles x KV tiles of all dilation groups - visited; false when that passes 2^63
 * - 1. */
bool tb_census_empty(const tb_census *census, int64_t *out);

/**
 * Count the tiles of a pattern.
 *
 * gna, dense, local and rank-1 causal patterns in multi-dim tiling, and patterns that are one
 * window rule over the flattened order in row-major single-dim tiling, are counted in closed form:
 * totals are products over dimensions of sums over dilation groups and query tiles, and nothing
 * allocates in proportion to tokens. Of other patterns, each query tile is counted (OpenMP): where
 * tiles are runs of the row-major order, from the intervals that its queries see together
 * (tb_pattern_spans()), in time that does not grow with the tokens that these hold; else from sets
 * of tokens, which the rows of its queries are united into.
 *
 * Extra KV tokens add ceil(A/|U|) tiles of their own to every query tile, full but for a ragged
 * last one; extra queries add ceil(B/|T|) query tiles, which visit every KV tile of the tiling.
 *
 * Source: GNA (arXiv 2504.16922) sec. 3, generalised to totals, dilation groups and rows.
 * Not modelled: tiles that a kernel skips for other reasons than the mask.
 *
 * @param[in]  problem, pattern, tiling  anything: they are validated here; borrowed
 * @param[out] visited_tiles  may be NULL; else an empty histogram that receives how many query
 * tiles visit how many KV tiles (owned by the caller, also on failure)
 * @param[out] out            written only on TB_OK
 * @return TB_OK; TB_EINVAL; TB_EOVERFLOW; TB_ENOMEM; TB_EINTERNAL when an internal check fails
 */
TB_NODISCARD tb_status tb_census_count(const tb_problem *problem, const tb_pattern *pattern,
                                       const tb_tiling *tiling, tb_histogram *visited_tiles,
                                       tb_census *out, tb_error *err);

#endif
