/* topk: each query, or each run of `group` queries, gathers `keys` keys of its own, which the
 * content chooses and which are random here; the first keys and those about the query besides.
 *
 * The keys of the queries of one tile differ, so that a tile visits the union of what they gather:
 * nearly all tiles, unless queries share what they gather (docs/random-patterns.md).
 *
 * Sources: SPARSEK (arXiv 2406.16747), TokenSelect (2411.02886), RetrievalAttention (2409.10516).
 */
#include "kept_blocks.h"
#include "pattern_types.h"

enum { KEYS, GROUP, CAUSAL, SINK, LOCAL, PARAMETERS };

static const tb_pattern_parameter parameters[PARAMETERS] = {
    [KEYS] = {"keys", "keys that a query gathers", TB_PARAMETER_TOKENS, true, 1, INT64_MAX, 0},
    [GROUP] = {"group", "queries in a row that gather the same keys", TB_PARAMETER_TOKENS, false, 1,
               INT64_MAX, 1},
    [CAUSAL] = {"causal", "keys after the query are hidden", TB_PARAMETER_FLAG, false, 0, 1, 0},
    [SINK] = {"sink", "first keys, which every query sees besides", TB_PARAMETER_TOKENS, false, 0,
              INT64_MAX, 0},
    [LOCAL] = {"local", "keys about the query seen besides: 1 = its own, 2 = neighbours too",
               TB_PARAMETER_TOKENS, false, 0, INT64_MAX, 0},
};

bool tb_topk_kept(const tb_pattern *pattern, const tb_layout *layout, tb_kept *out)
{
    *out = (tb_kept){
        .block_q = tb_parameter_integer(pattern, GROUP),
        .block_kv = 1,
        .by_count = true,
        .keep = tb_parameter_integer(pattern, KEYS),
        .keep_more = true,
        .decay = 1,
        .sink = tb_parameter_integer(pattern, SINK),
        .local = tb_parameter_integer(pattern, LOCAL),
        .causal = tb_parameter_integer(pattern, CAUSAL) != 0,
        .seed = pattern->seed,
    };
    tb_kept_init(out, tb_layout_tokens(layout));
    return true;
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    tb_kept kept;
    tb_topk_kept(pattern, layout, &kept);
    tb_kept_emit(&kept, query, emit, user);
}

static void spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query, int64_t count,
                  tb_spans *out)
{
    tb_kept kept;
    tb_topk_kept(pattern, layout, &kept);
    tb_kept_spans(&kept, query, count, out);
}

static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    (void)layout;
    return tb_parameter_integer(pattern, CAUSAL) != 0;
}

const tb_pattern_type tb_pattern_topk = {
    .name = "topk",
    .summary = "keys gathered at random by each query, or by runs of queries that share them",
    .parameters = parameters,
    .parameter_count = PARAMETERS,
    .is_random = true,
    .check = tb_accept_any_layout,
    .row = row,
    .spans = spans,
    .is_causal = is_causal,
};
