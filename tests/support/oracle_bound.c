/* Bounds and NATTEN's mask rule, from enumerated tiles. */
#include "oracle.h"

#include "test_support.h"

#include <stdlib.h>

static int64_t tiles_of(int64_t tokens, int64_t capacity)
{
    int64_t tiles = 0;
    for (int64_t begin = 0; begin < tokens; begin += capacity) {
        tiles++;
    }
    return tiles;
}

/* Tiles of causal attention over the layout's tokens: some key is not after some query. */
static int64_t causal_tiles(const tb_oracle *o)
{
    int64_t visited = 0;
    for (int64_t q = 0; q < o->tokens; q += o->q.capacity) {
        int64_t last = q + o->q.capacity < o->tokens ? q + o->q.capacity - 1 : o->tokens - 1;
        for (int64_t k = 0; k < o->tokens; k += o->kv.capacity) {
            visited += k <= last;
        }
    }
    return visited;
}

static int64_t causal_pairs(const tb_oracle *o)
{
    int64_t pairs = 0;
    for (int64_t q = 0; q < o->tokens; q++) {
        pairs += q + 1;
    }
    return pairs;
}

static void count_baseline(const tb_oracle *o, tb_baseline baseline, tb_bound *out)
{
    int64_t q_tiles = tiles_of(o->tokens, o->q.capacity);
    int64_t kv_tiles = tiles_of(o->tokens, o->kv.capacity);
    int64_t extra_q = tiles_of(o->problem.extra_q, o->q.capacity);
    int64_t extra_kv = tiles_of(o->problem.extra_kv, o->kv.capacity);
    bool is_causal = baseline == TB_BASELINE_CAUSAL;
    out->baseline_tiles = is_causal ? causal_tiles(o) : q_tiles * kv_tiles;
    out->baseline_tiles += q_tiles * extra_kv + extra_q * (kv_tiles + extra_kv);
    out->baseline_pairs = is_causal ? causal_pairs(o) : o->tokens * o->tokens;
    out->baseline_pairs += o->tokens * o->problem.extra_kv + o->problem.extra_q * o->keys;
}

tb_bound tb_oracle_bound(const tb_oracle *oracle, tb_baseline baseline)
{
    const tb_census *c = &oracle->census;
    tb_bound out = {.baseline = baseline};
    count_baseline(oracle, baseline, &out);
    double visible = (double)c->visible_pairs, real = (double)c->real_pairs;
    double inside = (double)c->visited * (double)oracle->q.capacity * (double)oracle->kv.capacity;
    out.flop_speedup = (double)out.baseline_pairs / visible;
    out.tile_speedup = (double)out.baseline_tiles / (double)c->visited;
    out.tile_speedup_worst = (double)c->kv_tiles / (double)c->max;
    out.sparsity = 1.0 - visible / (double)out.baseline_pairs;
    out.padding_waste = (inside - real) / inside;
    out.mask_waste = (real - visible) / inside;
    out.waste = (inside - visible) / inside;
    out.fully_block_sparse = c->visited == c->full;
    return out;
}

/* Where the last stride group's window starts: the first position that its queries see. */
static int64_t last_window_start(const tb_pattern *pattern, int dim, int64_t n, int64_t query)
{
    int64_t key = 0;
    while (!tb_oracle_group_sees(pattern, dim, n, query, key)) {
        key++;
    }
    return key;
}

bool tb_oracle_natten_qualifies(const tb_pattern *pattern, int dim, int64_t n, int64_t q_tile,
                                int64_t kv_tile)
{
    int64_t w = pattern->window[dim], s = pattern->stride[dim];
    if (w == n) {
        return true;
    }
    if (s % q_tile != 0 || w % kv_tile != 0) {
        return false;
    }
    int64_t c = s / 2;
    int64_t last = n / s * s + c < n - 1 ? n / s * s + c : n - 1;
    bool ends_on_tile = n % s == 0 || last_window_start(pattern, dim, n, last) % kv_tile == 0;
    bool starts_on_tile = (w / 2 - c) % kv_tile == 0;
    bool is_pair = n % kv_tile == 0 && tiles_of(n, s) == 2 && s + c >= n - w;
    return ends_on_tile && (starts_on_tile || is_pair);
}

/* Does every dimension of dilation group `group` qualify, and is none causal? */
static bool group_qualifies(const tb_oracle *o, int64_t group)
{
    const tb_layout *layout = &o->problem.layout;
    if (o->pattern.kind != TB_PATTERN_GNA) {
        return o->pattern.kind == TB_PATTERN_DENSE;
    }
    for (int d = layout->rank - 1; d >= 0; d--) {
        int64_t dilation = o->pattern.dilation[d];
        int64_t n = tb_oracle_group_length(layout->extent[d], dilation, group % dilation);
        group /= dilation;
        if (o->pattern.causal[d] ||
            !tb_oracle_natten_qualifies(&o->pattern, d, n, o->tiling.q_tile[d],
                                        o->tiling.kv_tile[d])) {
            return false;
        }
    }
    return true;
}

tb_mask_count tb_oracle_natten(const tb_oracle *oracle, int64_t *groups_unmasked)
{
    tb_mask_count out = {0, 0};
    bool *is_unmasked = calloc((size_t)oracle->q.groups, sizeof *is_unmasked);
    assert_non_null(is_unmasked);
    *groups_unmasked = 0;
    for (int64_t g = 0; g < oracle->q.groups; g++) {
        is_unmasked[g] = group_qualifies(oracle, g);
        *groups_unmasked += is_unmasked[g];
    }
    for (int64_t q = 0; q < oracle->q.own; q++) {
        const tb_oracle_row *row = &oracle->rows[q];
        if (is_unmasked[oracle->q.group[q]]) {
            out.bounds_masked += row->own_ragged;
        } else {
            out.masked += row->own_visited;
        }
    }
    free(is_unmasked);
    return out;
}
