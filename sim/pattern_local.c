/* local: a sliding window of `left` keys before and `right` keys after the query, cut off at the
 * ends, as FlashAttention's window_size and cuDNN's sliding window (not shifted as gna's). */
#include "pattern_types.h"

static tb_status check_side(const char *side, int64_t value, tb_error *err)
{
    if (value >= 0 || value == TB_UNLIMITED) {
        return TB_OK;
    }
    return tb_fail(err, TB_EINVAL, "local sees %lld tokens to the %s; 0 or more, or -1 for all",
                   (long long)value, side);
}

static tb_status check(const tb_pattern *pattern, const tb_layout *layout, tb_error *err)
{
    if (layout->rank != 1) {
        return tb_fail(
            err, TB_EINVAL,
            "a local pattern needs a layout of one dimension, this one has %d; use a gna "
            "window",
            layout->rank);
    }
    tb_status status = check_side("left", pattern->left, err);
    return status == TB_OK ? check_side("right", pattern->right, err) : status;
}

static bool flat_rule(const tb_pattern *pattern, const tb_layout *layout, tb_dim_rule *rule)
{
    int64_t n = tb_layout_tokens(layout);
    int64_t left = pattern->left == TB_UNLIMITED ? n - 1 : tb_min(pattern->left, n - 1);
    int64_t right = pattern->right == TB_UNLIMITED ? n - 1 : tb_min(pattern->right, n - 1);
    *rule = (tb_dim_rule){.kind = TB_DIM_LOCAL, .length = n, .left = left, .right = right};
    return true;
}

static bool dim_rule(const tb_pattern *pattern, const tb_layout *layout, int dim, int64_t length,
                     tb_dim_rule *rule)
{
    (void)dim;
    (void)length;
    return flat_rule(pattern, layout, rule);
}

static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    return pattern->right == 0 || tb_layout_tokens(layout) == 1;
}

const tb_pattern_type tb_pattern_local = {
    .name = "local",
    .summary = "a sliding window of keys before and after the query, cut off at the ends (rank 1)",
    .check = check,
    .row = tb_flat_row,
    .unite = tb_flat_unite,
    .dim_rule = dim_rule,
    .flat_rule = flat_rule,
    .is_causal = is_causal,
};
