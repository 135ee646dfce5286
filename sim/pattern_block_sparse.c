/* block-sparse: mask blocks of block_q x block_kv, apart from the kernel's tiles, of which some are
 * kept: each with a probability, the same for all or falling with the distance from the diagonal;
 * or a number of each row's. What is kept depends on the content, and is random here.
 *
 * Sources: BigBird (arXiv 2007.14062), SeerAttention (2410.13276), NSA (2502.11089: block_q 1,
 * top-k with the first and the local mask blocks among them), MInference (2407.02490). */
#include "kept_blocks.h"
#include "pattern_types.h"

enum { BLOCK_Q, BLOCK_KV, DENSITY, TOPK, DECAY, CAUSAL, SINK, LOCAL, PARAMETERS };

static const tb_pattern_parameter parameters[PARAMETERS] = {
    [BLOCK_Q] = {"block_q", "queries of a mask block", TB_PARAMETER_TOKENS, false, 1, INT64_MAX,
                 64},
    [BLOCK_KV] = {"block_kv", "keys of a mask block", TB_PARAMETER_TOKENS, false, 1, INT64_MAX, 64},
    [DENSITY] = {"density", "probability that a mask block is kept", TB_PARAMETER_REAL, false, 0, 1,
                 0},
    [TOPK] = {"topk", "mask blocks kept of each row, sink and local ones among them",
              TB_PARAMETER_TOKENS, false, 1, INT64_MAX, 0},
    [DECAY] = {"decay", "the density falls by this factor a mask block of distance",
               TB_PARAMETER_REAL, false, 0, 1, 1},
    [CAUSAL] = {"causal", "keys after the query are hidden", TB_PARAMETER_FLAG, false, 0, 1, 0},
    [SINK] = {"sink", "first mask blocks, which every row keeps", TB_PARAMETER_TOKENS, false, 0,
              INT64_MAX, 0},
    [LOCAL] = {"local", "mask blocks kept about the diagonal: 1 = those on it, 2 = neighbours too",
               TB_PARAMETER_TOKENS, false, 0, INT64_MAX, 0},
};

static tb_kept kept_of(const tb_pattern *pattern, const tb_layout *layout)
{
    tb_kept kept = {
        .block_q = tb_parameter_integer(pattern, BLOCK_Q),
        .block_kv = tb_parameter_integer(pattern, BLOCK_KV),
        .by_count = pattern->value[TOPK].given,
        .keep = tb_parameter_integer(pattern, TOPK),
        .density = tb_parameter_real(pattern, DENSITY),
        .decay = tb_parameter_real(pattern, DECAY),
        .sink = tb_parameter_integer(pattern, SINK),
        .local = tb_parameter_integer(pattern, LOCAL),
        .causal = tb_parameter_integer(pattern, CAUSAL) != 0,
        .seed = pattern->seed,
    };
    tb_kept_init(&kept, tb_layout_tokens(layout));
    return kept;
}

static tb_status check(const tb_pattern *pattern, const tb_layout *layout, tb_error *err)
{
    bool by_count = pattern->value[TOPK].given;
    if (by_count == pattern->value[DENSITY].given) {
        return tb_fail(err, TB_EINVAL,
                       "a block-sparse pattern with %s; it needs one of the two: density, or topk",
                       by_count ? "both density and topk" : "neither density nor topk");
    }
    if (by_count && pattern->value[DECAY].given) {
        return tb_fail(err, TB_EINVAL,
                       "a block-sparse pattern with topk and decay; decay goes with density");
    }
    tb_kept kept = kept_of(pattern, layout);
    if (!tb_kept_any(&kept)) {
        return tb_fail(err, TB_EINVAL,
                       "a block-sparse pattern of density %g keeps no mask block of %lld x %lld "
                       "(seed %llu); raise density, or give local: 1",
                       kept.density, (long long)kept.rows, (long long)kept.columns,
                       (unsigned long long)kept.seed);
    }
    return TB_OK;
}

static void row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                tb_interval_fn *emit, void *user)
{
    tb_kept kept = kept_of(pattern, layout);
    tb_kept_emit(&kept, query, emit, user);
}

static void spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query, int64_t count,
                  tb_spans *out)
{
    tb_kept kept = kept_of(pattern, layout);
    tb_kept_spans(&kept, query, count, out);
}

static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    (void)layout;
    return tb_parameter_integer(pattern, CAUSAL) != 0;
}

const tb_pattern_type tb_pattern_block_sparse = {
    .name = "block-sparse",
    .summary = "mask blocks kept at random: by density, by top-k of each row, or by distance",
    .parameters = parameters,
    .parameter_count = PARAMETERS,
    .is_random = true,
    .check = check,
    .row = row,
    .spans = spans,
    .is_causal = is_causal,
};

bool tb_kept_of(const tb_pattern *pattern, const tb_layout *layout, tb_kept *out)
{
    if (pattern->kind == TB_PATTERN_BLOCK_SPARSE) {
        *out = kept_of(pattern, layout);
        return true;
    }
    return pattern->kind == TB_PATTERN_TOPK && tb_topk_kept(pattern, layout, out);
}
