#include "mask_policy.h"

#include "checked.h"
#include "closed_form.h"
#include "dim_census.h"

const char *const tb_mask_policy_names[TB_MASK_POLICY_COUNT] = {"partial-only", "always", "never",
                                                                "natten"};

static bool divides(int64_t divisor, int64_t value)
{
    return value % divisor == 0;
}

bool tb_mask_natten_qualifies(const tb_dim_rule *rule, int64_t q_tile, int64_t kv_tile)
{
    if (rule->kind != TB_DIM_BIDIRECTIONAL) {
        return false;
    }
    int64_t n = rule->length, w = rule->window, s = rule->stride, c = s / 2;
    if (w == n) {
        return true;
    }
    int64_t z = tb_dim_start(rule, tb_min(n / s * s + c, n - 1));
    bool tiles_fit = divides(q_tile, s) && divides(kv_tile, w);
    bool end_fits = divides(s, n) || divides(kv_tile, z);
    bool begin_fits = divides(kv_tile, w / 2 - c) ||
                      (divides(kv_tile, n) && tb_ceil_div(n, s) == 2 && s + c >= n - w);
    return tiles_fit && end_fits && begin_fits;
}

bool tb_mask_policy_applies(tb_mask_policy policy, const tb_problem *problem,
                            const tb_pattern *pattern, const tb_tiling *tiling)
{
    tb_closed_form form;
    if (policy != TB_MASK_NATTEN) {
        return true;
    }
    return pattern->kind != TB_PATTERN_LOCAL && tiling->kind == TB_TILING_MULTI_DIM &&
           tb_closed_form_of(problem, pattern, tiling, &form);
}

/* Dilation groups that have the same length in every dimension, as one index a dimension. */
typedef struct group_family {
    int64_t groups;
    int64_t visited;
    int64_t unragged;
    bool is_unmasked;
} group_family;

static bool multiply_family(group_family *family, const tb_dim_census *dim, int64_t times)
{
    return tb_mul_ok(family->groups, times, &family->groups) &&
           tb_mul_ok(family->visited, dim->visited, &family->visited) &&
           tb_mul_ok(family->unragged, dim->unragged, &family->unragged);
}

/* Family number `index`: bit d chooses the group class of dimension d. False past the last one. */
static tb_status count_family(const tb_closed_form *form, int index, group_family *family,
                              bool *exists, tb_error *err)
{
    *family = (group_family){.groups = 1, .visited = 1, .unragged = 1, .is_unmasked = true};
    *exists = true;
    for (int d = 0; d < form->dims; d++) {
        tb_group_class classes[2];
        int which = index >> d & 1;
        if (which >= tb_group_classes(&form->dim[d], classes)) {
            *exists = false;
            return TB_OK;
        }
        tb_dim_rule rule = tb_closed_form_rule(form, d, classes[which].length);
        tb_dim_tiles tiles = {.q_tile = form->dim[d].q_tile,
                              .kv_tile = form->dim[d].kv_tile,
                              .kv_tiling = form->tiling->kv_tiling};
        tb_dim_census dim;
        tb_status status = tb_dim_census_count(&rule, &tiles, &dim, err);
        if (status != TB_OK) {
            return status;
        }
        family->is_unmasked &= tb_mask_natten_qualifies(&rule, tiles.q_tile, tiles.kv_tile);
        if (!multiply_family(family, &dim, classes[which].times)) {
            return tb_fail(err, TB_EOVERFLOW, "the tiles of this layout pass 2^63 - 1");
        }
    }
    return TB_OK;
}

static tb_status count_natten(const tb_closed_form *form, tb_mask_count *out, tb_error *err)
{
    tb_mask_count count = {0};
    for (int index = 0; index < 1 << form->dims; index++) {
        group_family family;
        bool exists;
        tb_status status = count_family(form, index, &family, &exists, err);
        if (status != TB_OK) {
            return status;
        }
        if (!exists) {
            continue;
        }
        if (family.is_unmasked) {
            count.bounds_masked += family.groups * (family.visited - family.unragged);
        } else {
            count.masked += family.groups * family.visited; /* a part of census->visited */
        }
    }
    *out = count;
    return TB_OK;
}

tb_status tb_mask_policy_count(tb_mask_policy policy, const tb_problem *problem,
                               const tb_pattern *pattern, const tb_tiling *tiling,
                               const tb_census *census, tb_mask_count *out, tb_error *err)
{
    tb_closed_form form;
    if (!tb_mask_policy_applies(policy, problem, pattern, tiling)) {
        return tb_fail(err, TB_EINVAL,
                       "NATTEN's mask rule is defined for gna patterns in multi-dim tiling only");
    }
    switch (policy) {
    case TB_MASK_ALWAYS:
        *out = (tb_mask_count){.masked = census->visited};
        return TB_OK;
    case TB_MASK_NEVER:
        *out = (tb_mask_count){0};
        return TB_OK;
    case TB_MASK_NATTEN:
        (void)tb_closed_form_of(problem, pattern, tiling, &form);
        return count_natten(&form, out, err);
    default:
        *out = (tb_mask_count){.masked = tb_census_partial(census)};
        return TB_OK;
    }
}
