#include "mask_axes.h"

#include "checked.h"
#include "closed_form.h"

#include <assert.h>

static void fill(tb_mask_axes *axes)
{
    axes->count = axes->is_flat ? 1 : axes->layout->rank;
    for (int a = 0; a < axes->count; a++) {
        axes->extent[a] = axes->is_flat ? tb_layout_tokens(axes->layout) : axes->layout->extent[a];
        axes->dilation[a] = axes->is_flat ? 1 : tb_pattern_dilation(axes->pattern, a);
    }
}

tb_mask_axes tb_mask_axes_of_pattern(const tb_pattern *pattern, const tb_layout *layout)
{
    tb_mask_axes axes = {.pattern = pattern,
                         .layout = layout,
                         .is_flat = !tb_pattern_types[pattern->kind]->is_by_dimension};
    if (tb_pattern_has_rules(pattern)) {
        fill(&axes);
    }
    return axes;
}

tb_mask_axes tb_mask_axes_of_list(const tb_tile_list *list)
{
    tb_mask_axes axes = tb_mask_axes_of_pattern(&list->pattern, &list->problem.layout);
    tb_closed_form form;
    if (axes.count == 0 ||
        !tb_closed_form_of(&list->problem, &list->pattern, &list->tiling, &form)) {
        return axes;
    }
    axes.is_box = true;
    axes.is_flat = form.is_flat;
    fill(&axes);
    for (int a = 0; a < axes.count; a++) {
        axes.q_tile[a] = form.dim[a].q_tile;
        axes.kv_tile[a] = form.dim[a].kv_tile;
    }
    return axes;
}

/* A dilation residue of an axis: its first coordinate, and how many it has. */
typedef struct residue_run {
    int64_t first, length;
} residue_run;

/* Residues below extent % dilation have one coordinate more than the others. */
static residue_run run_of(const tb_mask_axes *axes, int axis, int64_t residue)
{
    int64_t length = axes->extent[axis] / axes->dilation[axis];
    int64_t longer = axes->extent[axis] % axes->dilation[axis];
    return (residue_run){.first = residue * length + tb_min(residue, longer),
                         .length = length + (residue < longer)};
}

static int64_t residue_of(const tb_mask_axes *axes, int axis, int64_t coordinate)
{
    int64_t shorter = axes->extent[axis] / axes->dilation[axis];
    int64_t longer = axes->extent[axis] % axes->dilation[axis];
    int64_t residue = coordinate / (shorter + 1);
    return residue < longer ? residue : longer + (coordinate - longer * (shorter + 1)) / shorter;
}

int64_t tb_mask_axes_from_position(const tb_mask_axes *axes, int axis, int64_t position)
{
    int64_t dilation = axes->dilation[axis];
    return run_of(axes, axis, position % dilation).first + position / dilation;
}

int64_t tb_mask_axes_to_position(const tb_mask_axes *axes, int axis, int64_t coordinate)
{
    int64_t residue = residue_of(axes, axis, coordinate);
    return residue + (coordinate - run_of(axes, axis, residue).first) * axes->dilation[axis];
}

int64_t tb_mask_axes_coordinate(const tb_mask_axes *axes, int axis, int64_t token)
{
    if (axes->is_flat) {
        return token;
    }
    for (int d = axes->layout->rank - 1; d > axis; d--) {
        token /= axes->layout->extent[d];
    }
    return tb_mask_axes_from_position(axes, axis, token % axes->layout->extent[axis]);
}

static tb_dim_rule rule_of(const tb_mask_axes *axes, int axis, int64_t length)
{
    const tb_pattern_type *type = tb_pattern_types[axes->pattern->kind];
    tb_dim_rule rule;
    bool known = axes->is_flat ? type->flat_rule(axes->pattern, axes->layout, &rule)
                               : type->dim_rule(axes->pattern, axes->layout, axis, length, &rule);
    assert(known);
    (void)known;
    return rule;
}

tb_mask_interval tb_mask_axes_window(const tb_mask_axes *axes, int axis, int64_t coordinate)
{
    residue_run run = run_of(axes, axis, residue_of(axes, axis, coordinate));
    tb_dim_rule rule = rule_of(axes, axis, run.length);
    int64_t i = coordinate - run.first;
    return (tb_mask_interval){.begin = run.first + tb_dim_start(&rule, i),
                              .end = run.first + tb_dim_end(&rule, i)};
}

tb_mask_interval tb_mask_axes_place(const tb_mask_axes *axes, int axis, const tb_tile_place *place)
{
    int64_t residue = 0;
    if (!axes->is_flat) {
        int64_t rest = place->group;
        for (int d = axes->count - 1; d > axis; d--) {
            rest /= axes->dilation[d];
        }
        residue = rest % axes->dilation[axis];
    }
    residue_run run = run_of(axes, axis, residue);
    return (tb_mask_interval){.begin = run.first + place->origin[axis],
                              .end = run.first + run.length};
}
