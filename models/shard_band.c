#include "shard_band.h"

#include "checked.h"

bool tb_band_of(const tb_pattern *pattern, const tb_layout *layout, tb_band *out)
{
    const tb_pattern_type *type = tb_pattern_types[pattern->kind];
    int64_t n = tb_layout_tokens(layout);
    tb_dim_rule rule;
    if (pattern->kind == TB_PATTERN_DENSE) {
        *out = (tb_band){1 - n, n - 1};
        return true;
    }
    if (type->flat_rule == NULL || !type->flat_rule(pattern, layout, &rule)) {
        return false;
    }
    if (rule.kind == TB_DIM_LOCAL) {
        *out = (tb_band){-rule.left, rule.right};
        return true;
    }
    /* a causal window is cut off at its start; one that is not causal is shifted there instead */
    *out = (tb_band){1 - rule.window, 0};
    return rule.kind == TB_DIM_CAUSAL && rule.stride == 1;
}

/* floor(a / b), b >= 1 */
static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -tb_ceil_div(-a, b);
}

tb_band tb_band_between(tb_band band, const tb_shards *shards, int64_t a, int64_t b)
{
    /* token of position q of b - token of position p of a = (q - p) step + distance */
    int64_t distance = tb_segment_first(shards, b) - tb_segment_first(shards, a);
    return (tb_band){-floor_div(distance - band.low, shards->step),
                     floor_div(band.high - distance, shards->step)};
}

int64_t tb_band_tiles(tb_band band, int64_t queries, int64_t keys, int64_t q_tile, int64_t kv_tile)
{
    if (queries == 0 || keys == 0 || band.low > band.high || band.high < 1 - queries ||
        band.low > keys - 1) {
        return 0;
    }
    if (band.low <= 1 - queries && band.high >= keys - 1) {
        return tb_ceil_div(queries, q_tile) * tb_ceil_div(keys, kv_tile);
    }
    int64_t tiles = 0;
    for (int64_t first = 0; first < queries; first += q_tile) {
        int64_t last = tb_min(first + q_tile, queries) - 1;
        int64_t begin = tb_max(first + band.low, 0), end = tb_min(last + band.high, keys - 1) + 1;
        if (begin < end) {
            tiles += tb_ceil_div(end, kv_tile) - begin / kv_tile;
        }
    }
    return tiles;
}

/* sum of clamp(first + p step, 0, most) over 0 <= p < count */
static int64_t clamped_sum(int64_t first, int64_t step, int64_t count, int64_t most)
{
    /* how many are <= 0, and how many are < most */
    int64_t below = first > 0 ? 0 : tb_min(floor_div(-first, step) + 1, count);
    int64_t inside = first >= most ? 0 : tb_min(floor_div(most - 1 - first, step) + 1, count);
    int64_t ramp = inside - below;
    int64_t sum = (count - inside) * most;
    if (ramp > 0) {
        int64_t ends = 2 * first + (below + inside - 1) * step; /* first + last of the ramp */
        sum += ramp % 2 == 0 ? ramp / 2 * ends : ramp * (ends / 2);
    }
    return sum;
}

int64_t tb_band_pairs(tb_band band, const tb_shards *shards, int64_t s)
{
    int64_t first = tb_segment_first(shards, s), count = tb_segment_length(shards, s);
    if (count == 0 || band.low > band.high) {
        return 0;
    }
    return clamped_sum(first + band.high + 1, shards->step, count, shards->tokens) -
           clamped_sum(first + band.low, shards->step, count, shards->tokens);
}
