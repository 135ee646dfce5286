/* prefix: all see the prefix, and beyond it a query sees what comes before: a prefix language model
 * (T5, arXiv 1910.10683, sec. 3.2.1), or an image's tokens before a text's. Over the flattened
 * order. */
#include "checked.h"
#include "pattern_types.h"

enum { PREFIX };

static const tb_pattern_parameter parameters[] = {
    {"prefix", "first keys, which every query sees", TB_PARAMETER_TOKENS, true, 0, INT64_MAX, 0},
};

static int64_t prefix_of(const tb_pattern *pattern, const tb_layout *layout)
{
    return tb_min(tb_parameter_integer(pattern, PREFIX), tb_layout_tokens(layout));
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    emit(0, tb_max(prefix_of(pattern, layout), query + 1), user);
}

static void spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query, int64_t count,
                  tb_spans *out)
{
    int64_t prefix = prefix_of(pattern, layout);
    tb_spans_any(out, 0, tb_max(prefix, query + count));
    tb_spans_all(out, 0, tb_max(prefix, query + 1));
    for (int64_t i = query; i < query + count; i++) {
        out->pairs += tb_max(prefix, i + 1);
    }
}

static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    return prefix_of(pattern, layout) <= 1;
}

const tb_pattern_type tb_pattern_prefix = {
    .name = "prefix",
    .summary = "a prefix that every query sees, causal after it (prefix language models)",
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof *parameters,
    .check = tb_accept_any_layout,
    .row = row,
    .spans = spans,
    .is_causal = is_causal,
};
