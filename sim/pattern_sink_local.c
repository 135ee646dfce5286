/* sink-local: the first keys and a window of the latest ones (A-shape): StreamingLLM (arXiv
 * 2309.17453) and MInference's A-shape heads (arXiv 2407.02490). Over the flattened order. */
#include "checked.h"
#include "pattern_types.h"

enum { SINK, LOCAL };

static const tb_pattern_parameter parameters[] = {
    {"sink", "first keys, which every query sees", TB_PARAMETER_TOKENS, true, 0, INT64_MAX, 0},
    {"local", "latest keys, the query's own among them", TB_PARAMETER_TOKENS, true, 1, INT64_MAX,
     0},
};

/* Both cut down to the tokens that there are, so that sums fit. */
typedef struct shape {
    int64_t sink, local;
} shape;

static shape shape_of(const tb_pattern *pattern, const tb_layout *layout)
{
    int64_t n = tb_layout_tokens(layout);
    return (shape){.sink = tb_min(tb_parameter_integer(pattern, SINK), n),
                   .local = tb_min(tb_parameter_integer(pattern, LOCAL), n)};
}

static int64_t start_of(const shape *s, int64_t i)
{
    return tb_max(i - s->local + 1, 0);
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    shape s = shape_of(pattern, layout);
    int64_t start = start_of(&s, query);
    if (s.sink >= start) {
        emit(0, query + 1, user);
        return;
    }
    if (s.sink > 0) {
        emit(0, s.sink, user);
    }
    emit(start, query + 1, user);
}

/* Sum of 1 ... n; n (n + 1) / 2 without passing through n (n + 1). */
static int64_t triangle(int64_t n)
{
    return n % 2 == 0 ? n / 2 * (n + 1) : (n + 1) / 2 * n;
}

/* A query before sink + local sees all keys up to itself, a later one sink + local of them. */
static int64_t pairs_before(const shape *s, int64_t query)
{
    int64_t early = tb_min(query, s->sink + s->local);
    return triangle(early) + (query - early) * (s->sink + s->local);
}

static void spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query, int64_t count,
                  tb_spans *out)
{
    shape s = shape_of(pattern, layout);
    int64_t last = query + count - 1;
    tb_spans_any(out, 0, tb_min(s.sink, last + 1));
    tb_spans_any(out, start_of(&s, query), last + 1);
    tb_spans_all(out, 0, tb_min(s.sink, query + 1));
    tb_spans_all(out, start_of(&s, last), query + 1);
    out->pairs = pairs_before(&s, last + 1) - pairs_before(&s, query);
}

const tb_pattern_type tb_pattern_sink_local = {
    .name = "sink-local",
    .summary = "the first keys and a causal window of the latest ones (StreamingLLM, A-shape)",
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof *parameters,
    .check = tb_accept_any_layout,
    .row = row,
    .spans = spans,
    .is_causal = tb_always_causal,
};
