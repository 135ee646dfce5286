/* The rows of the pattern table and what they share; internal to sim. */
#ifndef TB_PATTERN_TYPES_H
#define TB_PATTERN_TYPES_H

#include "pattern.h"

extern const tb_pattern_type tb_pattern_dense;
extern const tb_pattern_type tb_pattern_causal;
extern const tb_pattern_type tb_pattern_gna;
extern const tb_pattern_type tb_pattern_local;
extern const tb_pattern_type tb_pattern_explicit;
extern const tb_pattern_type tb_pattern_sink_local;
extern const tb_pattern_type tb_pattern_strided;
extern const tb_pattern_type tb_pattern_fixed;
extern const tb_pattern_type tb_pattern_global_local;
extern const tb_pattern_type tb_pattern_sharded;
extern const tb_pattern_type tb_pattern_prefix;
extern const tb_pattern_type tb_pattern_document;
extern const tb_pattern_type tb_pattern_axial;
extern const tb_pattern_type tb_pattern_sliding_tile;
extern const tb_pattern_type tb_pattern_union;
extern const tb_pattern_type tb_pattern_intersection;
extern const tb_pattern_type tb_pattern_block_sparse;
extern const tb_pattern_type tb_pattern_topk;
extern const tb_pattern_type tb_pattern_vertical_slash;
extern const tb_pattern_type tb_pattern_clustered;

/** Is every parameter that is needed given, and each value one that its kind may have? TB_OK;
 *  TB_EINVAL. */
TB_NODISCARD tb_status tb_parameters_check(const tb_pattern *pattern, tb_error *err);

/** Value number `index` of the kind's table, the initial one where it is not given. */
int64_t tb_parameter_integer(const tb_pattern *pattern, int index);
double tb_parameter_real(const tb_pattern *pattern, int index);

/** The working memory of random kinds that travels with spans; NULL when memory is exhausted. */
struct tb_draws *tb_spans_draws(tb_spans *spans);

/** Pairs of queries [begin, end) with those keys of [first, last) that come no later. */
int64_t tb_causal_pairs(int64_t first, int64_t last, int64_t begin, int64_t end);

/** Empty spans, which keep their memory. */
void tb_spans_empty(tb_spans *spans);

/** See that there is working memory; false, and `failed`, when it is exhausted. */
bool tb_spans_prepare(tb_spans *out);

/** Part p of a union or intersection, with windows of -1 made into extents, and with the instance
 *  that belongs to the whole's. */
tb_pattern tb_pattern_part(const tb_pattern *pattern, int p, const tb_layout *layout);

/** The spans of unions and of intersections. */
void tb_combined_spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                       int64_t count, tb_spans *out);

/** Does an axial pattern see along a dimension? */
bool tb_axial_has_axis(const tb_pattern *pattern, int dim);

/** Working memory for what some of the queries see, emptied; NULL when memory is exhausted. */
tb_spans *tb_spans_part(tb_spans *out);

/** Join what further queries see: any |= part's any, all &= part's all, pairs are added; the first
 *  part, of is_first, is taken as it is. */
void tb_spans_join(tb_spans *out, const tb_spans *part, bool is_first);

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

/** The is_causal of a kind that always is. */
bool tb_always_causal(const tb_pattern *pattern, const tb_layout *layout);

/** What queries [query, query + count) see, by merging their rows: for fast forms that do not cover
 *  every case. `out` starts empty. */
void tb_spans_by_rows(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                      int64_t count, tb_spans *out);

/** Add an interval to `any` that may begin before the end of the last one, and is not joined with
 *  it. */
void tb_spans_append(tb_spans *spans, int64_t begin, int64_t end);

/** The row of a kind that has a flat rule over every layout. */
void tb_flat_row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                 tb_interval_fn *emit, void *user);

/** The unite of such a kind. */
int64_t tb_flat_unite(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                      int64_t count, tb_row_sets *sets);

#endif
