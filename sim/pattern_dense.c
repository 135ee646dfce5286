/* dense: every query sees every key. */
#include "pattern_types.h"

static bool flat_rule(const tb_pattern *pattern, const tb_layout *layout, tb_dim_rule *rule)
{
    (void)pattern;
    int64_t n = tb_layout_tokens(layout);
    *rule = (tb_dim_rule){.kind = TB_DIM_BIDIRECTIONAL, .length = n, .window = n, .stride = 1};
    return true;
}

static bool dim_rule(const tb_pattern *pattern, const tb_layout *layout, int dim, int64_t length,
                     tb_dim_rule *rule)
{
    (void)pattern;
    (void)layout;
    (void)dim;
    *rule = (tb_dim_rule){
        .kind = TB_DIM_BIDIRECTIONAL, .length = length, .window = length, .stride = 1};
    return true;
}

static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    (void)pattern;
    return tb_layout_tokens(layout) == 1;
}

const tb_pattern_type tb_pattern_dense = {
    .name = "dense",
    .summary = "every query sees every key",
    .check = tb_accept_any_layout,
    .row = tb_flat_row,
    .unite = tb_flat_unite,
    .dim_rule = dim_rule,
    .flat_rule = flat_rule,
    .is_causal = is_causal,
};
