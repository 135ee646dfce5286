#include "closed_form.h"

#include <assert.h>

static bool flat_form(const tb_pattern *pattern, const tb_tiling *tiling, tb_closed_form *form)
{
    const tb_pattern_type *type = tb_pattern_types[pattern->kind];
    tb_dim_rule rule;
    if (tiling->order != TB_ORDER_ROW_MAJOR || type->flat_rule == NULL ||
        !type->flat_rule(pattern, form->layout, &rule)) {
        return false;
    }
    form->dims = 1;
    form->is_flat = true;
    form->dim[0] = (tb_closed_dim){.extent = rule.length,
                                   .dilation = 1,
                                   .q_tile = tiling->q_tile[0],
                                   .kv_tile = tiling->kv_tile[0]};
    return true;
}

bool tb_closed_form_of(const tb_problem *problem, const tb_pattern *pattern,
                       const tb_tiling *tiling, tb_closed_form *form)
{
    const tb_layout *layout = &problem->layout;
    const tb_pattern_type *type = tb_pattern_types[pattern->kind];
    *form = (tb_closed_form){.pattern = pattern, .layout = layout, .tiling = tiling};
    if (tiling->kind == TB_TILING_SINGLE_DIM) {
        return flat_form(pattern, tiling, form);
    }
    tb_dim_rule rule;
    if (type->dim_rule == NULL || !type->dim_rule(pattern, layout, 0, layout->extent[0], &rule)) {
        return false;
    }
    form->dims = layout->rank;
    for (int d = 0; d < layout->rank; d++) {
        form->dim[d] = (tb_closed_dim){.extent = layout->extent[d],
                                       .dilation = tb_pattern_dilation(pattern, d),
                                       .q_tile = tiling->q_tile[d],
                                       .kv_tile = tiling->kv_tile[d]};
    }
    return true;
}

tb_dim_rule tb_closed_form_rule(const tb_closed_form *form, int dim, int64_t length)
{
    const tb_pattern_type *type = tb_pattern_types[form->pattern->kind];
    tb_dim_rule rule;
    bool known = form->is_flat ? type->flat_rule(form->pattern, form->layout, &rule)
                               : type->dim_rule(form->pattern, form->layout, dim, length, &rule);
    assert(known);
    (void)known;
    return rule;
}

int tb_group_classes(const tb_closed_dim *dim, tb_group_class classes[2])
{
    int64_t longer = dim->extent % dim->dilation;
    int count = 0;
    if (longer > 0) {
        classes[count++] =
            (tb_group_class){.length = dim->extent / dim->dilation + 1, .times = longer};
    }
    classes[count++] =
        (tb_group_class){.length = dim->extent / dim->dilation, .times = dim->dilation - longer};
    return count;
}
