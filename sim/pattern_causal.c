/* causal: a query sees itself and what comes before it in the flattened order. */
#include "pattern_types.h"

static bool flat_rule(const tb_pattern *pattern, const tb_layout *layout, tb_dim_rule *rule)
{
    (void)pattern;
    int64_t n = tb_layout_tokens(layout);
    *rule = (tb_dim_rule){.kind = TB_DIM_LOCAL, .length = n, .left = n - 1, .right = 0};
    return true;
}

/* The flattened order is a product of per-dimension rules only where there is one dimension. */
static bool dim_rule(const tb_pattern *pattern, const tb_layout *layout, int dim, int64_t length,
                     tb_dim_rule *rule)
{
    (void)dim;
    (void)length;
    return layout->rank == 1 && flat_rule(pattern, layout, rule);
}

static bool is_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    (void)pattern;
    (void)layout;
    return true;
}

const tb_pattern_type tb_pattern_causal = {
    .name = "causal",
    .summary = "a query sees itself and every key before it in the flattened order",
    .check = tb_accept_any_layout,
    .row = tb_flat_row,
    .unite = tb_flat_unite,
    .dim_rule = dim_rule,
    .flat_rule = flat_rule,
    .is_causal = is_causal,
};
