/* fixed: a query sees its own segment up to itself, and the last keys of each segment before it.
 * Sparse Transformer (arXiv 1904.10509) sec. 4.3. Over the flattened order. */
#include "checked.h"
#include "pattern_types.h"

enum { SEGMENT, SUMMARY };

static const tb_pattern_parameter parameters[] = {
    {"segment", "tokens of a segment", TB_PARAMETER_TOKENS, true, 1, INT64_MAX, 0},
    {"summary", "last keys of a segment that later segments see", TB_PARAMETER_TOKENS, true, 1,
     INT64_MAX, 0},
};

static tb_status check(const tb_pattern *pattern, const tb_layout *layout, tb_error *err)
{
    (void)layout;
    int64_t segment = tb_parameter_integer(pattern, SEGMENT);
    int64_t summary = tb_parameter_integer(pattern, SUMMARY);
    if (summary <= segment) {
        return TB_OK;
    }
    return tb_fail(err, TB_EINVAL,
                   "a fixed pattern with summary %lld of a segment of %lld; at most the segment",
                   (long long)summary, (long long)segment);
}

typedef struct shape {
    int64_t segment, summary;
} shape;

static shape shape_of(const tb_pattern *pattern, const tb_layout *layout)
{
    int64_t segment = tb_parameter_integer(pattern, SEGMENT), n = tb_layout_tokens(layout);
    return (shape){.segment = tb_min(segment, n), /* one segment, or the same ones */
                   .summary = tb_min(tb_parameter_integer(pattern, SUMMARY), n)};
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    shape s = shape_of(pattern, layout);
    int64_t own = query - query % s.segment;
    for (int64_t end = s.segment; end <= own; end += s.segment) {
        emit(end - s.summary, end, user);
    }
    emit(own, query + 1, user);
}

static void spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query, int64_t count,
                  tb_spans *out)
{
    shape s = shape_of(pattern, layout);
    int64_t last = query + count - 1;
    int64_t own = query - query % s.segment, last_own = last - last % s.segment;
    for (int64_t end = s.segment; end <= own; end += s.segment) {
        tb_spans_any(out, end - s.summary, end);
        tb_spans_all(out, end - s.summary, end);
    }
    tb_spans_any(out, own, last + 1);
    /* of the first query's segment, queries of later ones see the summary alone */
    tb_spans_all(out, own == last_own ? own : own + s.segment - s.summary, query + 1);
    for (int64_t i = query; i <= last; i++) {
        out->pairs += i / s.segment * s.summary + i % s.segment + 1;
    }
}

const tb_pattern_type tb_pattern_fixed = {
    .name = "fixed",
    .summary = "the query's segment, and the last keys of each before it (Sparse Transformer)",
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof *parameters,
    .check = check,
    .row = row,
    .spans = spans,
    .is_causal = tb_always_causal,
};
