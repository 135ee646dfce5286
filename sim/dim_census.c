#include "dim_census.h"

#include "checked.h"

tb_dim_tile tb_dim_tile_at(const tb_dim_rule *rule, const tb_dim_tiles *tiles, int64_t q)
{
    int64_t n = rule->length, size = tiles->kv_tile;
    int64_t first = q * tiles->q_tile;
    int64_t last = n - first <= tiles->q_tile ? n - 1 : first + tiles->q_tile - 1;
    int64_t some_begin = tb_dim_start(rule, first), some_end = tb_dim_end(rule, last);
    int64_t all_begin = tb_dim_start(rule, last), all_end = tb_dim_end(rule, first);
    tb_dim_tile tile = {.queries = last - first + 1};
    tile.origin = tiles->kv_tiling == TB_KV_DYNAMIC ? some_begin : 0;
    tile.begin = (some_begin - tile.origin) / size;
    tile.end = tb_ceil_div(some_end - tile.origin, size);
    tile.full_begin = tb_ceil_div(all_begin - tile.origin, size);
    tile.full_end = tb_max((all_end - tile.origin) / size, tile.full_begin);
    /* keys from the first visited tile to the last one's end or the axis', without overflow */
    int64_t from = tile.origin + tile.begin * size;
    tile.is_ragged = (n - from) / size < tile.end - tile.begin;
    tile.keys = tile.is_ragged ? n - from : (tile.end - tile.begin) * size;
    return tile;
}

/* sum of 1 .. m */
static int64_t triangle(int64_t m)
{
    return m % 2 == 0 ? m / 2 * (m + 1) : (m + 1) / 2 * m;
}

/* n(n+1)/2 minus the sum of starts: t s - w for the stride groups t = 1, 2, ... that are complete
 * and long enough, n - w for the queries of the last, incomplete one. */
static int64_t causal_pairs(const tb_dim_rule *rule)
{
    int64_t n = rule->length, w = rule->window, s = rule->stride;
    int64_t groups = n / s, clipped = w / s; /* groups t <= w/s start at 0 */
    int64_t starts = n % s * (n - w);
    if (groups > clipped) {
        int64_t t_sum = triangle(groups) - triangle(clipped);
        starts += s * (s * t_sum - w * (groups - clipped));
    }
    return triangle(n) - starts;
}

int64_t tb_dim_visible_pairs(const tb_dim_rule *rule)
{
    int64_t n = rule->length;
    switch (rule->kind) {
    case TB_DIM_BIDIRECTIONAL:
        return n * rule->window;
    case TB_DIM_CAUSAL:
        return causal_pairs(rule);
    default: /* all pairs but the ones too far left and too far right */
        return n * n - triangle(n - 1 - rule->left) - triangle(n - 1 - rule->right);
    }
}

/* Does every position see the whole axis? Then all complete tiles are alike. */
static bool is_constant(const tb_dim_rule *rule)
{
    int64_t n = rule->length;
    return rule->kind == TB_DIM_LOCAL ? rule->left >= n - 1 && rule->right >= n - 1
                                      : rule->kind == TB_DIM_BIDIRECTIONAL && rule->window == n;
}

/* Does moving the window rule along the axis move the window of query i alike, or does an end of
 * the axis hold it? */
static bool held_by_begin(const tb_dim_rule *rule, int64_t i)
{
    switch (rule->kind) {
    case TB_DIM_BIDIRECTIONAL:
        return i / rule->stride * rule->stride + rule->stride / 2 < rule->window / 2;
    case TB_DIM_CAUSAL:
        return i / rule->stride * rule->stride + rule->stride < rule->window;
    default:
        return i < rule->left;
    }
}

static bool held_by_end(const tb_dim_rule *rule, int64_t i)
{
    int64_t n = rule->length;
    switch (rule->kind) {
    case TB_DIM_BIDIRECTIONAL: {
        int64_t leader = i / rule->stride * rule->stride + rule->stride / 2;
        return leader > n - 1 || leader - rule->window / 2 > n - rule->window;
    }
    case TB_DIM_CAUSAL:
        return i / rule->stride * rule->stride + rule->stride > n;
    default:
        return i > n - 1 - rule->right;
    }
}

/* May query tile q repeat further on? Once false for the end of the axis, false for all later q.
 * The tile's keys end at least one KV tile before the axis does, so that none is ragged. */
static bool is_free_of_end(const tb_dim_walk *walk, int64_t q)
{
    int64_t n = walk->rule->length, size = walk->tiles->q_tile;
    if (n / size <= q) { /* incomplete */
        return false;
    }
    int64_t last = (q + 1) * size - 1;
    return is_constant(walk->rule) || (!held_by_end(walk->rule, last) &&
                                       walk->tiles->kv_tile <= n - tb_dim_end(walk->rule, last));
}

static int64_t period_of(const tb_dim_rule *rule, const tb_dim_tiles *tiles)
{
    if (is_constant(rule)) {
        return 1;
    }
    int64_t period = tiles->q_tile;
    int64_t stride = rule->kind == TB_DIM_LOCAL ? 1 : rule->stride;
    int64_t grid = tiles->kv_tiling == TB_KV_STATIC ? tiles->kv_tile : 1;
    if (!tb_lcm_ok(period, stride, &period) || !tb_lcm_ok(period, grid, &period)) {
        return 0;
    }
    return period / tiles->q_tile;
}

tb_dim_walk tb_dim_walk_begin(const tb_dim_rule *rule, const tb_dim_tiles *tiles)
{
    return (tb_dim_walk){
        .rule = rule,
        .tiles = tiles,
        .q_tiles = tb_ceil_div(rule->length, tiles->q_tile),
        .period = period_of(rule, tiles),
    };
}

/* The first tile at or after q that the end of the axis holds; tile q is not held. */
static int64_t free_until(const tb_dim_walk *walk, int64_t q)
{
    int64_t low = q, high = walk->q_tiles; /* low is free, high is not or is past the last */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (is_free_of_end(walk, middle)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

bool tb_dim_walk_next(tb_dim_walk *walk, tb_dim_tile *tile, int64_t *times)
{
    if (walk->q == walk->q_tiles) {
        return false;
    }
    *times = 1;
    *tile = tb_dim_tile_at(walk->rule, walk->tiles, walk->q);
    if (walk->repeat_end == 0 && walk->period > 0 &&
        (is_constant(walk->rule) || !held_by_begin(walk->rule, walk->q * walk->tiles->q_tile))) {
        walk->repeat_begin = walk->q;
        walk->repeat_end = walk->q + walk->period < walk->q_tiles && is_free_of_end(walk, walk->q)
                               ? free_until(walk, walk->q)
                               : walk->q;
    }
    if (walk->q < walk->repeat_end) {
        *times = (walk->repeat_end - 1 - walk->q) / walk->period + 1;
        if (walk->q + 1 == walk->repeat_begin + walk->period) {
            walk->q = walk->repeat_end; /* all later repeats are counted */
            return true;
        }
    }
    walk->q++;
    return true;
}

tb_status tb_dim_census_count(const tb_dim_rule *rule, const tb_dim_tiles *tiles,
                              tb_dim_census *out, tb_error *err)
{
    int64_t n = rule->length, pairs; /* where these fit, the closed forms of the visible ones do */
    if (!tb_mul_ok(n, rule->kind == TB_DIM_BIDIRECTIONAL ? rule->window : n, &pairs)) {
        return tb_fail(err, TB_EOVERFLOW,
                       "the pairs of one dimension pass 2^63 - 1; make it shorter");
    }
    tb_dim_walk walk = tb_dim_walk_begin(rule, tiles);
    tb_dim_census census = {
        .q_tiles = walk.q_tiles,
        .kv_tiles = tb_ceil_div(rule->length, tiles->kv_tile),
        .whole_kv_tiles = rule->length / tiles->kv_tile,
        .visible_pairs = tb_dim_visible_pairs(rule),
        .min = INT64_MAX,
    };
    bool fits = true;
    tb_dim_tile tile;
    int64_t times;
    while (tb_dim_walk_next(&walk, &tile, &times)) {
        int64_t visited = tile.end - tile.begin;
        fits &= tb_mul_add_ok(visited, times, &census.visited);
        fits &= tb_mul_add_ok(tile.full_end - tile.full_begin, times, &census.full);
        fits &= tb_mul_add_ok(visited - tile.is_ragged, times, &census.unragged);
        fits &= tb_mul_add_ok(tile.queries * tile.keys, times, &census.real_pairs);
        census.min = tb_min(census.min, visited);
        census.max = tb_max(census.max, visited);
    }
    if (!fits) {
        return tb_fail(err, TB_EOVERFLOW,
                       "the tiles of this layout pass 2^63 - 1; make it smaller");
    }
    *out = census;
    return TB_OK;
}
