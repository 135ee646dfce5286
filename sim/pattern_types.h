/* The rows of the pattern table and what they share; internal to sim. */
#ifndef TB_PATTERN_TYPES_H
#define TB_PATTERN_TYPES_H

#include "pattern.h"

extern const tb_pattern_type tb_pattern_dense;
extern const tb_pattern_type tb_pattern_causal;
extern const tb_pattern_type tb_pattern_gna;
extern const tb_pattern_type tb_pattern_local;
extern const tb_pattern_type tb_pattern_explicit;

/** all &= scratch, then scratch = empty. */
void tb_row_sets_meet(tb_row_sets *sets);

/** Collects the intervals of a row: any |= interval, scratch |= interval. */
typedef struct tb_row_sink {
    tb_row_sets *sets;
    int64_t pairs; /* keys seen so far */
} tb_row_sink;

/** Add an interval to the tb_row_sink that `sink` is; a tb_interval_fn. */
void tb_row_sink_add(int64_t begin, int64_t end, void *sink);

/** The check of a kind that any layout suits. */
tb_status tb_accept_any_layout(const tb_pattern *pattern, const tb_layout *layout, tb_error *err);

/** The row of a kind that has a flat rule over every layout. */
void tb_flat_row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                 tb_interval_fn *emit, void *user);

/** The unite of such a kind. */
int64_t tb_flat_unite(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                      int64_t count, tb_row_sets *sets);

#endif
