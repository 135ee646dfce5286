#include "pattern.h"

#include "pattern_types.h"

#include <assert.h>

const tb_pattern_type *const tb_pattern_types[TB_PATTERN_COUNT] = {
    [TB_PATTERN_DENSE] = &tb_pattern_dense,       [TB_PATTERN_CAUSAL] = &tb_pattern_causal,
    [TB_PATTERN_GNA] = &tb_pattern_gna,           [TB_PATTERN_LOCAL] = &tb_pattern_local,
    [TB_PATTERN_EXPLICIT] = &tb_pattern_explicit,
};

tb_pattern tb_pattern_default(void)
{
    tb_pattern pattern = {
        .kind = TB_PATTERN_DENSE,
        .left = TB_UNLIMITED,
        .right = TB_UNLIMITED,
        .mask_block_q = 1,
        .mask_block_kv = 1,
    };
    for (int d = 0; d < TB_MAX_RANK; d++) {
        pattern.window[d] = TB_WHOLE_AXIS;
        pattern.stride[d] = 1;
        pattern.dilation[d] = 1;
    }
    return pattern;
}

void tb_pattern_resolve(tb_pattern *pattern, const tb_layout *layout)
{
    if (pattern->kind != TB_PATTERN_GNA) {
        return;
    }
    for (int d = 0; d < layout->rank; d++) {
        if (pattern->window[d] == TB_WHOLE_AXIS && pattern->dilation[d] >= 1) {
            pattern->window[d] = layout->extent[d] / pattern->dilation[d];
        }
    }
}

tb_status tb_pattern_check(const tb_pattern *pattern, const tb_layout *layout, tb_error *err)
{
    return tb_pattern_types[pattern->kind]->check(pattern, layout, err);
}

void tb_pattern_row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                    tb_interval_fn *emit, void *user)
{
    tb_pattern_types[pattern->kind]->row(pattern, layout, query, emit, user);
}

void tb_row_sink_add(int64_t begin, int64_t end, void *sink)
{
    tb_row_sink *to = sink;
    tb_bits_set_range(to->sets->any, begin, end);
    tb_bits_set_range(to->sets->scratch, begin, end);
    to->pairs += end - begin;
}

tb_status tb_accept_any_layout(const tb_pattern *pattern, const tb_layout *layout, tb_error *err)
{
    (void)pattern;
    (void)layout;
    (void)err;
    return TB_OK;
}

void tb_row_sets_meet(tb_row_sets *sets)
{
    uint64_t left = 0;
    for (int64_t w = 0; w < sets->words; w++) {
        sets->all[w] &= sets->scratch[w];
        left |= sets->all[w];
        sets->scratch[w] = 0;
    }
    sets->none_for_all = left == 0;
}

int64_t tb_pattern_unite(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                         int64_t count, tb_row_sets *sets)
{
    const tb_pattern_type *type = tb_pattern_types[pattern->kind];
    if (type->unite != NULL) {
        return type->unite(pattern, layout, query, count, sets);
    }
    tb_row_sink sink = {.sets = sets};
    for (int64_t i = 0; i < count; i++) {
        type->row(pattern, layout, query + i, tb_row_sink_add, &sink);
        tb_row_sets_meet(sets);
    }
    return sink.pairs;
}

void tb_flat_row(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                 tb_interval_fn *emit, void *user)
{
    tb_dim_rule rule;
    bool is_flat = tb_pattern_types[pattern->kind]->flat_rule(pattern, layout, &rule);
    assert(is_flat);
    (void)is_flat;
    emit(tb_dim_start(&rule, query), tb_dim_end(&rule, query), user);
}

int64_t tb_flat_unite(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                      int64_t count, tb_row_sets *sets)
{
    tb_dim_rule rule;
    bool is_flat = tb_pattern_types[pattern->kind]->flat_rule(pattern, layout, &rule);
    assert(is_flat);
    (void)is_flat;
    int64_t last = query + count - 1;
    tb_bits_set_range(sets->any, tb_dim_start(&rule, query), tb_dim_end(&rule, last));
    tb_bits_set_range(sets->scratch, tb_dim_start(&rule, last), tb_dim_end(&rule, query));
    tb_row_sets_meet(sets);
    int64_t pairs = 0;
    for (int64_t i = query; i <= last; i++) {
        pairs += tb_dim_end(&rule, i) - tb_dim_start(&rule, i);
    }
    return pairs;
}

int64_t tb_pattern_dilation(const tb_pattern *pattern, int dim)
{
    return pattern->kind == TB_PATTERN_GNA ? pattern->dilation[dim] : 1;
}
