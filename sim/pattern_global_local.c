/* global-local: global tokens that see all and are seen by all, and a window; by mask blocks.
 * Longformer (arXiv 2004.05150) sec. 3.1 with mask blocks of one token, BigBird (arXiv 2007.14062)
 * with larger ones. Over the flattened order. */
#include "checked.h"
#include "pattern_types.h"

enum { GLOBAL, WINDOW, BLOCK, CAUSAL };

static const tb_pattern_parameter parameters[] = {
    {"global", "first mask blocks, which see all and are seen by all", TB_PARAMETER_TOKENS, false,
     0, INT64_MAX, 0},
    {"window", "mask blocks seen on each side of the query's own", TB_PARAMETER_TOKENS, true, 0,
     INT64_MAX, 0},
    {"block", "tokens of a mask block", TB_PARAMETER_TOKENS, false, 1, INT64_MAX, 1},
    {"causal", "no key after the query", TB_PARAMETER_FLAG, false, 0, 1, 0},
};

/* In tokens, cut down to those that there are. */
typedef struct shape {
    int64_t n, global, block;
    int64_t window; /* in mask blocks */
    bool is_causal;
} shape;

static shape shape_of(const tb_pattern *pattern, const tb_layout *layout)
{
    int64_t n = tb_layout_tokens(layout), block = tb_min(tb_parameter_integer(pattern, BLOCK), n);
    int64_t blocks = tb_ceil_div(n, block);
    int64_t global = tb_min(tb_parameter_integer(pattern, GLOBAL), blocks);
    return (shape){.n = n,
                   .global = tb_min(global * block, n),
                   .block = block,
                   .window = tb_min(tb_parameter_integer(pattern, WINDOW), blocks),
                   .is_causal = tb_parameter_integer(pattern, CAUSAL) != 0};
}

static int64_t begin_of(const shape *s, int64_t i)
{
    return tb_max(i / s->block - s->window, 0) * s->block;
}

static int64_t end_of(const shape *s, int64_t i)
{
    return s->is_causal ? i + 1 : tb_min((i / s->block + s->window + 1) * s->block, s->n);
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    shape s = shape_of(pattern, layout);
    int64_t begin = begin_of(&s, query), end = end_of(&s, query);
    if (query < s.global) { /* a global query */
        emit(0, s.is_causal ? query + 1 : s.n, user);
        return;
    }
    if (begin <= s.global) {
        emit(0, end, user);
        return;
    }
    if (s.global > 0) {
        emit(0, s.global, user);
    }
    emit(begin, end, user);
}

static int64_t pairs_of(const shape *s, int64_t i)
{
    int64_t begin = begin_of(s, i), end = end_of(s, i);
    if (i < s->global) {
        return s->is_causal ? i + 1 : s->n;
    }
    return tb_min(begin, s->global) + end - begin;
}

static void spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query, int64_t count,
                  tb_spans *out)
{
    shape s = shape_of(pattern, layout);
    int64_t last = query + count - 1;
    int64_t local = tb_max(query, s.global); /* the first query that is not global, if any */
    bool has_global = query < s.global, has_local = last >= s.global;
    if (has_global) {
        tb_spans_any(out, 0, !s.is_causal ? s.n : tb_min(last + 1, s.global));
    } else {
        tb_spans_any(out, 0, s.global);
    }
    if (has_local) {
        tb_spans_any(out, begin_of(&s, local), end_of(&s, last));
        tb_spans_all(out, 0, s.is_causal ? tb_min(query + 1, s.global) : s.global);
        tb_spans_all(out, begin_of(&s, last), s.is_causal ? query + 1 : end_of(&s, local));
    } else {
        tb_spans_all(out, 0, s.is_causal ? query + 1 : s.n);
    }
    for (int64_t i = query; i <= last; i++) {
        out->pairs += pairs_of(&s, i);
    }
}

static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    shape s = shape_of(pattern, layout);
    return s.is_causal || s.n == 1 || (s.block == 1 && s.window == 0 && s.global == 0);
}

const tb_pattern_type tb_pattern_global_local = {
    .name = "global-local",
    .summary = "global tokens and a window, by mask blocks (Longformer, BigBird)",
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof *parameters,
    .check = tb_accept_any_layout,
    .row = row,
    .spans = spans,
    .is_causal = is_causal,
};
