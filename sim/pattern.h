/* Which keys a query sees.
 *
 * Each kind is one row of a table of functions (pattern_<kind>.c). A kind gives the row of a query
 * and, where it has them, the closed forms. Adding a kind = one file and one line in pattern.c. */
#ifndef TB_PATTERN_H
#define TB_PATTERN_H

#include "bits.h"
#include "dim_rule.h"
#include "problem.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum tb_pattern_kind {
    TB_PATTERN_DENSE,
    TB_PATTERN_CAUSAL,
    TB_PATTERN_GNA,
    TB_PATTERN_LOCAL,
    TB_PATTERN_EXPLICIT
} tb_pattern_kind;

#define TB_PATTERN_COUNT 5

#define TB_UNLIMITED  (-1) /* in left and right of local */
#define TB_WHOLE_AXIS (-1) /* in window of gna */

typedef struct tb_pattern {
    tb_pattern_kind kind;
    /* gna: one entry a dimension */
    int64_t window[TB_MAX_RANK];
    int64_t stride[TB_MAX_RANK];
    int64_t dilation[TB_MAX_RANK];
    bool causal[TB_MAX_RANK];
    /* local: tokens seen before and after, or TB_UNLIMITED */
    int64_t left;
    int64_t right;
    /* explicit: rows = ceil(N / mask_block_q), columns = ceil(N / mask_block_kv); borrowed */
    const tb_bit_matrix *mask;
    int64_t mask_block_q;
    int64_t mask_block_kv;
} tb_pattern;

/** Takes one of a query's KV intervals [begin, end); called in order, intervals are disjoint. */
typedef void tb_interval_fn(int64_t begin, int64_t end, void *user);

/** What a run of queries sees, as sets of tokens (bit i = token i, row-major). */
typedef struct tb_row_sets {
    uint64_t *any;     /* seen by some query so far */
    uint64_t *all;     /* seen by every query so far */
    uint64_t *scratch; /* all zero between calls */
    int64_t words;     /* of each set */
    bool none_for_all; /* `all` is empty: no key is left to meet */
} tb_row_sets;

typedef struct tb_pattern_type {
    const char *name;
    const char *summary;

    /** Validate against a layout that passed tb_problem_check(). */
    tb_status (*check)(const tb_pattern *pattern, const tb_layout *layout, tb_error *err);

    /** The KV intervals of `query` (row-major token number). */
    void (*row)(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user);

    /** Fast form of many rows, or NULL: unite the rows of queries [query, query + count) into
     * `sets` and return their visible pairs. Equal to what row() gives. */
    int64_t (*unite)(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                     int64_t count, tb_row_sets *sets);

    /** Closed form, or NULL: the rule of dimension `dim` for dilation groups of length `length`.
     *  False when this pattern is no product of per-dimension rules over this layout. */
    bool (*dim_rule)(const tb_pattern *pattern, const tb_layout *layout, int dim, int64_t length,
                     tb_dim_rule *rule);

    /** Closed form, or NULL: the pattern as one rule over the flattened layout; false if it is
     * none. */
    bool (*flat_rule)(const tb_pattern *pattern, const tb_layout *layout, tb_dim_rule *rule);

    /** Does no query see a key that comes after it in the flattened order? */
    bool (*is_causal)(const tb_pattern *pattern, const tb_layout *layout);
} tb_pattern_type;

/** All kinds in the order of tb_pattern_kind. */
extern const tb_pattern_type *const tb_pattern_types[TB_PATTERN_COUNT];

/** A dense pattern with stride, dilation and mask blocks of 1. */
tb_pattern tb_pattern_default(void);

/** Turn TB_WHOLE_AXIS windows of gna into extents: floor(L / dilation). Other kinds stay. */
void tb_pattern_resolve(tb_pattern *pattern, const tb_layout *layout);

/** Validate a resolved pattern. TB_OK, TB_EINVAL. */
TB_NODISCARD tb_status tb_pattern_check(const tb_pattern *pattern, const tb_layout *layout,
                                        tb_error *err);

/** The KV intervals of one query; see tb_pattern_type. */
void tb_pattern_row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                    tb_interval_fn *emit, void *user);

/** Unite the rows of queries [query, query + count): any |= union, all &= intersection.
 *  Returns their visible pairs. Uses the kind's fast form or else its rows. */
int64_t tb_pattern_unite(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                         int64_t count, tb_row_sets *sets);

/** Dilation of dimension d: gna's, else 1. */
int64_t tb_pattern_dilation(const tb_pattern *pattern, int dim);

#endif
