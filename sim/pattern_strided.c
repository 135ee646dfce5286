/* strided: a window and every stride-th key, counted from the query. Sparse Transformer (arXiv
 * 1904.10509) sec. 4.3. Over the flattened order. */
#include "checked.h"
#include "pattern_types.h"

enum { WINDOW, STRIDE, CAUSAL };

static const tb_pattern_parameter parameters[] = {
    {"window", "keys from the query on, the query's own among them, on each side that it sees",
     TB_PARAMETER_TOKENS, true, 1, INT64_MAX, 0},
    {"stride", "distance of the keys that it sees beyond the window", TB_PARAMETER_TOKENS, true, 1,
     INT64_MAX, 0},
    {"causal", "no key after the query", TB_PARAMETER_FLAG, false, 0, 1, 1},
};

typedef struct shape {
    int64_t n, window, stride;
    bool is_causal;
} shape;

static shape shape_of(const tb_pattern *pattern, const tb_layout *layout)
{
    int64_t n = tb_layout_tokens(layout);
    return (shape){.n = n,
                   .window = tb_min(tb_parameter_integer(pattern, WINDOW), n),
                   .stride = tb_min(tb_parameter_integer(pattern, STRIDE), n),
                   .is_causal = tb_parameter_integer(pattern, CAUSAL) != 0};
}

/* The window of query i: [begin, end). */
static int64_t begin_of(const shape *s, int64_t i)
{
    return tb_max(i - s->window + 1, 0);
}

static int64_t end_of(const shape *s, int64_t i)
{
    return s->is_causal ? i + 1 : tb_min(i + s->window, s->n);
}

/* The first key at or after `from` that is a multiple of strides away from i. */
static int64_t next_column(const shape *s, int64_t i, int64_t from)
{
    int64_t first = i % s->stride;
    return from <= first ? first : first + tb_ceil_div(from - first, s->stride) * s->stride;
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    shape s = shape_of(pattern, layout);
    int64_t begin = begin_of(&s, query), end = end_of(&s, query);
    if (s.stride == 1) {
        emit(0, s.is_causal ? query + 1 : s.n, user);
        return;
    }
    for (int64_t key = query % s.stride; key < begin; key += s.stride) {
        emit(key, key + 1, user);
    }
    emit(begin, end, user);
    for (int64_t key = next_column(&s, query, end); !s.is_causal && key < s.n; key += s.stride) {
        emit(key, key + 1, user);
    }
}

static int64_t columns_in(const shape *s, int64_t i, int64_t begin, int64_t end)
{
    int64_t first = next_column(s, i, begin);
    return first < end ? (end - 1 - first) / s->stride + 1 : 0;
}

static int64_t pairs_of(const shape *s, int64_t i)
{
    int64_t begin = begin_of(s, i), end = end_of(s, i);
    int64_t after = s->is_causal ? 0 : columns_in(s, i, end, s->n);
    return columns_in(s, i, 0, begin) + end - begin + after;
}

/* The columns of consecutive queries stand side by side: runs as long as there are queries. */
static void spans_any(const shape *s, int64_t query, int64_t last, tb_spans *out)
{
    if (last - query + 1 >= s->stride) {
        tb_spans_any(out, 0, s->is_causal ? last + 1 : s->n);
        return;
    }
    int64_t begin = begin_of(s, query), end = end_of(s, last);
    int64_t back = last / s->stride; /* strides from the queries to their first run */
    for (; back > 0 && query - back * s->stride < begin; back--) {
        tb_spans_any(out, tb_max(query - back * s->stride, 0), last - back * s->stride + 1);
    }
    tb_spans_any(out, begin, end);
    if (s->is_causal) {
        return;
    }
    for (int64_t at = query + s->stride; at < s->n; at += s->stride) {
        tb_spans_any(out, at, tb_min(at + last - query + 1, s->n));
    }
}

/* A key outside a query's window is seen by it if it is strides away. No two neighbors see such a
 * key both: so of several queries, only the first or the last can have a key that all see outside
 * its window, right beside it, where the stride divides the window. */
static void spans_all(const shape *s, int64_t query, int64_t last, tb_spans *out)
{
    int64_t beside = s->window % s->stride == 0;
    int64_t begin = tb_max(last - s->window + 1 - beside, 0);
    int64_t end = s->is_causal ? query + 1 : tb_min(query + s->window + beside, s->n);
    tb_spans_all(out, begin, end);
}

static void spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query, int64_t count,
                  tb_spans *out)
{
    shape s = shape_of(pattern, layout);
    if (count == 1 || s.stride == 1) {
        tb_spans_by_rows(pattern, layout, query, count, out);
        return;
    }
    spans_any(&s, query, query + count - 1, out);
    spans_all(&s, query, query + count - 1, out);
    for (int64_t i = query; i < query + count; i++) {
        out->pairs += pairs_of(&s, i);
    }
}

static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    shape s = shape_of(pattern, layout);
    return s.is_causal || (s.window == 1 && s.stride == s.n); /* or it sees itself alone */
}

const tb_pattern_type tb_pattern_strided = {
    .name = "strided",
    .summary = "a window and every stride-th key beyond it (Sparse Transformer)",
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof *parameters,
    .check = tb_accept_any_layout,
    .row = row,
    .spans = spans,
    .is_causal = is_causal,
};
