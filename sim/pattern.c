#include "pattern.h"

#include "pattern_types.h"

#include <assert.h>

const tb_pattern_type *const tb_pattern_types[TB_PATTERN_COUNT] = {
    [TB_PATTERN_DENSE] = &tb_pattern_dense,
    [TB_PATTERN_CAUSAL] = &tb_pattern_causal,
    [TB_PATTERN_GNA] = &tb_pattern_gna,
    [TB_PATTERN_LOCAL] = &tb_pattern_local,
    [TB_PATTERN_EXPLICIT] = &tb_pattern_explicit,
    [TB_PATTERN_SINK_LOCAL] = &tb_pattern_sink_local,
    [TB_PATTERN_STRIDED] = &tb_pattern_strided,
    [TB_PATTERN_FIXED] = &tb_pattern_fixed,
    [TB_PATTERN_GLOBAL_LOCAL] = &tb_pattern_global_local,
    [TB_PATTERN_SHARDED] = &tb_pattern_sharded,
    [TB_PATTERN_PREFIX] = &tb_pattern_prefix,
    [TB_PATTERN_DOCUMENT] = &tb_pattern_document,
    [TB_PATTERN_AXIAL] = &tb_pattern_axial,
    [TB_PATTERN_SLIDING_TILE] = &tb_pattern_sliding_tile,
    [TB_PATTERN_UNION] = &tb_pattern_union,
    [TB_PATTERN_INTERSECTION] = &tb_pattern_intersection,
    [TB_PATTERN_BLOCK_SPARSE] = &tb_pattern_block_sparse,
    [TB_PATTERN_TOPK] = &tb_pattern_topk,
    [TB_PATTERN_VERTICAL_SLASH] = &tb_pattern_vertical_slash,
    [TB_PATTERN_CLUSTERED] = &tb_pattern_clustered,
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

bool tb_pattern_is_random(const tb_pattern *pattern)
{
    bool is_random = tb_pattern_types[pattern->kind]->is_random;
    for (int p = 0; p < pattern->parts; p++) {
        is_random = is_random || tb_pattern_is_random(pattern->part[p]);
    }
    return is_random;
}

bool tb_pattern_has_rules(const tb_pattern *pattern)
{
    const tb_pattern_type *type = tb_pattern_types[pattern->kind];
    return type->dim_rule != NULL || type->flat_rule != NULL;
}

const char *tb_pattern_name(tb_pattern_kind kind)
{
    const tb_pattern_type *type = tb_pattern_types[kind];
    return type == NULL ? "" : type->name;
}

tb_status tb_pattern_check(const tb_pattern *pattern, const tb_layout *layout, tb_error *err)
{
    tb_status status = tb_parameters_check(pattern, err);
    return status == TB_OK ? tb_pattern_types[pattern->kind]->check(pattern, layout, err) : status;
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

bool tb_always_causal(const tb_pattern *pattern, const tb_layout *layout)
{
    (void)pattern;
    (void)layout;
    return true;
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

/* Unite by the kind's spans; false when memory for them is exhausted. */
static bool unite_spans(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                        int64_t count, tb_row_sets *sets, int64_t *pairs)
{
    tb_spans *spans = sets->spans;
    tb_error ignored;
    if (tb_pattern_spans(pattern, layout, query, count, spans, &ignored) != TB_OK) {
        return false;
    }
    for (size_t i = 0; i < spans->any_count; i++) {
        tb_bits_set_range(sets->any, spans->any[i].begin, spans->any[i].end);
    }
    if (!sets->none_for_all) {
        for (size_t i = 0; i < spans->all_count; i++) {
            tb_bits_set_range(sets->scratch, spans->all[i].begin, spans->all[i].end);
        }
        tb_row_sets_meet(sets);
    }
    *pairs = spans->pairs;
    return true;
}

int64_t tb_pattern_unite(const tb_pattern *pattern, const tb_layout *layout, int64_t query,
                         int64_t count, tb_row_sets *sets)
{
    const tb_pattern_type *type = tb_pattern_types[pattern->kind];
    int64_t pairs;
    if (type->unite != NULL) {
        return type->unite(pattern, layout, query, count, sets);
    }
    if (sets->spans != NULL && unite_spans(pattern, layout, query, count, sets, &pairs)) {
        return pairs;
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
