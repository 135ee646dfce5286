#include "oracle.h"

#include "test_support.h"

#include <stdlib.h>
#include <string.h>

int64_t *tb_oracle_integers(int64_t count)
{
    int64_t *integers = calloc((size_t)count + 1, sizeof *integers);
    assert_non_null(integers);
    return integers;
}

int64_t tb_oracle_group_length(int64_t extent, int64_t dilation, int64_t residue)
{
    int64_t length = 0;
    for (int64_t x = residue; x < extent; x += dilation) {
        length++;
    }
    return length;
}

static int64_t at_most(int64_t value, int64_t limit)
{
    return value > limit ? limit : value;
}

static int64_t at_least(int64_t value, int64_t limit)
{
    return value < limit ? limit : value;
}

/* A query's window is that of its stride group's leader: the last query of the group where causal,
 * else the one in the middle, the right one of two. A window that would leave the axis is moved
 * back onto it, center and all; a causal one ends at the query. */
bool tb_oracle_group_sees(const tb_pattern *pattern, int dim, int64_t n, int64_t query, int64_t key)
{
    int64_t w = pattern->window[dim], s = pattern->stride[dim], last = n - 1;
    int64_t group_begin = query - query % s;
    if (pattern->causal[dim]) {
        int64_t leader = at_most(group_begin + s - 1, last);
        return key <= query && leader - key < w;
    }
    int64_t left = w / 2, right = w - 1 - w / 2;
    int64_t leader = at_most(group_begin + s / 2, last);
    int64_t center = at_least(at_most(leader, last - right), left);
    return center - left <= key && key <= center + right;
}

static bool gna_sees(const tb_layout *layout, const tb_pattern *pattern, int64_t query, int64_t key)
{
    for (int d = layout->rank - 1; d >= 0; d--) {
        int64_t extent = layout->extent[d], dilation = pattern->dilation[d];
        int64_t i = query % extent, j = key % extent;
        int64_t n = tb_oracle_group_length(extent, dilation, i % dilation);
        if (i % dilation != j % dilation ||
            !tb_oracle_group_sees(pattern, d, n, i / dilation, j / dilation)) {
            return false;
        }
        query /= extent;
        key /= extent;
    }
    return true;
}

static bool local_sees(const tb_pattern *pattern, int64_t query, int64_t key)
{
    bool is_left = pattern->left == TB_UNLIMITED || query - key <= pattern->left;
    bool is_right = pattern->right == TB_UNLIMITED || key - query <= pattern->right;
    return is_left && is_right;
}

bool tb_oracle_sees(const tb_problem *problem, const tb_pattern *pattern, int64_t query,
                    int64_t key)
{
    switch (pattern->kind) {
    case TB_PATTERN_DENSE:
        return true;
    case TB_PATTERN_CAUSAL:
        return key <= query;
    case TB_PATTERN_GNA:
        return gna_sees(&problem->layout, pattern, query, key);
    case TB_PATTERN_LOCAL:
        return local_sees(pattern, query, key);
    case TB_PATTERN_EXPLICIT:
        return tb_bits_get(tb_bit_matrix_row(pattern->mask, query / pattern->mask_block_q),
                           key / pattern->mask_block_kv);
    default:
        return tb_oracle_kind_sees(problem, pattern, query, key);
    }
}

/* Which positions of a dimension see which; only to be quicker than a question for each pair. */
static uint8_t *gna_table(const tb_pattern *pattern, int dim, int64_t extent)
{
    int64_t dilation = pattern->dilation[dim];
    uint8_t *table = calloc((size_t)(extent * extent), 1);
    assert_non_null(table);
    for (int64_t i = 0; i < extent; i++) {
        int64_t n = tb_oracle_group_length(extent, dilation, i % dilation);
        for (int64_t j = i % dilation; j < extent; j += dilation) {
            table[i * extent + j] =
                tb_oracle_group_sees(pattern, dim, n, i / dilation, j / dilation);
        }
    }
    return table;
}

/* AND of the dimensions, walked outermost first. */
static void fill_gna(tb_oracle *o)
{
    const tb_layout *layout = &o->problem.layout;
    memset(o->sees, 1, (size_t)(o->queries * o->keys));
    int64_t inner = o->tokens;
    for (int d = 0; d < layout->rank; d++) {
        int64_t extent = layout->extent[d];
        inner /= extent;
        uint8_t *table = gna_table(&o->pattern, d, extent);
        for (int64_t q = 0; q < o->tokens; q++) {
            const uint8_t *row = table + q / inner % extent * extent;
            uint8_t *sees = o->sees + q * o->keys;
            for (int64_t k = 0; k < o->tokens;) {
                uint8_t is_seen = row[k / inner % extent];
                for (int64_t end = k + inner; k < end; k++) {
                    sees[k] &= is_seen;
                }
            }
        }
        free(table);
    }
}

/* Extra queries see everything, extra keys are seen by everyone. */
static void fill_sees(tb_oracle *o)
{
    o->sees = malloc((size_t)(o->queries * o->keys));
    assert_non_null(o->sees);
    if (o->pattern.kind == TB_PATTERN_GNA) {
        fill_gna(o);
        return;
    }
    for (int64_t q = 0; q < o->queries; q++) {
        for (int64_t k = 0; k < o->keys; k++) {
            bool is_extra = q >= o->tokens || k >= o->tokens;
            o->sees[q * o->keys + k] = is_extra || tb_oracle_sees(&o->problem, &o->pattern, q, k);
        }
    }
}

int64_t tb_oracle_pairs(const tb_oracle *oracle, int64_t q, int64_t k)
{
    int64_t pairs = 0;
    const int64_t *key = oracle->kv.tokens + oracle->kv.first[k];
    int64_t keys = tb_oracle_tile_size(&oracle->kv, k);
    for (int64_t i = oracle->q.first[q]; i < oracle->q.first[q + 1]; i++) {
        const uint8_t *row = oracle->sees + oracle->q.tokens[i] * oracle->keys;
        for (int64_t j = 0; j < keys; j++) {
            pairs += row[key[j]];
        }
    }
    return pairs;
}

tb_oracle_relation tb_oracle_relate(const tb_oracle *oracle, int64_t q, int64_t k)
{
    int64_t visible = tb_oracle_pairs(oracle, q, k);
    if (visible == 0) {
        return TB_ORACLE_EMPTY;
    }
    int64_t whole = tb_oracle_tile_size(&oracle->q, q) * oracle->kv.capacity;
    return visible == whole ? TB_ORACLE_FULL : TB_ORACLE_PARTIAL;
}

static void add_tile(tb_oracle_row *row, const tb_oracle *o, bool is_own, tb_oracle_relation is,
                     int64_t keys)
{
    if (is == TB_ORACLE_EMPTY) {
        return;
    }
    if (is_own) {
        row->own_visited++;
        row->own_full += is == TB_ORACLE_FULL;
        row->own_ragged += keys < o->kv.capacity;
        row->own_keys += keys;
    } else {
        row->extra_visited++;
        row->extra_full += is == TB_ORACLE_FULL;
        row->extra_keys += keys;
    }
}

static bool any_sees(const tb_oracle *o, int64_t q, int64_t key)
{
    for (int64_t i = o->q.first[q]; i < o->q.first[q + 1]; i++) {
        if (o->sees[o->q.tokens[i] * o->keys + key]) {
            return true;
        }
    }
    return false;
}

static bool all_see(const tb_oracle *o, int64_t q, int64_t key)
{
    for (int64_t i = o->q.first[q]; i < o->q.first[q + 1]; i++) {
        if (!o->sees[o->q.tokens[i] * o->keys + key]) {
            return false;
        }
    }
    return true;
}

typedef struct span {
    int64_t begin[TB_MAX_RANK], end[TB_MAX_RANK]; /* positions in the dilation group */
    int64_t residue[TB_MAX_RANK];
} span;

/* In each dimension, the first key that some query of the tile sees, and one past the last. */
static span seen_span(const tb_oracle *o, int64_t q)
{
    span seen = {{0}, {0}, {0}};
    bool is_first = true;
    for (int64_t key = 0; key < o->tokens; key++) {
        if (!any_sees(o, q, key)) {
            continue;
        }
        int64_t rest = key;
        for (int d = o->problem.layout.rank - 1; d >= 0; d--) {
            int64_t x = rest % o->problem.layout.extent[d];
            int64_t dilation = o->pattern.kind == TB_PATTERN_GNA ? o->pattern.dilation[d] : 1;
            int64_t p = x / dilation;
            rest /= o->problem.layout.extent[d];
            seen.residue[d] = x % dilation;
            seen.begin[d] = is_first ? p : at_most(seen.begin[d], p);
            seen.end[d] = is_first ? p + 1 : at_least(seen.end[d], p + 1);
        }
        is_first = false;
    }
    return seen;
}

/* The token at a position of a dilation group, or -1 past the axis. */
static int64_t token_at(const tb_oracle *o, const span *group, const int64_t *position)
{
    int64_t token = 0;
    for (int d = 0; d < o->problem.layout.rank; d++) {
        int64_t dilation = o->pattern.kind == TB_PATTERN_GNA ? o->pattern.dilation[d] : 1;
        int64_t x = group->residue[d] + position[d] * dilation;
        if (x >= o->problem.layout.extent[d]) {
            return -1;
        }
        token = token * o->problem.layout.extent[d] + x;
    }
    return token;
}

/* One dynamic KV tile: the box of |U| positions from `corner`. */
static void add_dynamic_tile(tb_oracle *o, int64_t q, const span *seen, const int64_t *corner)
{
    int rank = o->problem.layout.rank;
    int64_t keys = 0, seen_by_all = 0, inside[TB_MAX_RANK] = {0}, position[TB_MAX_RANK];
    do {
        for (int d = 0; d < rank; d++) {
            position[d] = corner[d] + inside[d];
        }
        int64_t key = token_at(o, seen, position);
        keys += key >= 0;
        seen_by_all += key >= 0 && all_see(o, q, key);
    } while (tb_oracle_next(rank, o->tiling.kv_tile, inside));
    bool is_full = seen_by_all == o->kv.capacity;
    add_tile(&o->rows[q], o, true, is_full ? TB_ORACLE_FULL : TB_ORACLE_PARTIAL, keys);
}

/* Dynamic KV tiles of a query tile: from the first visible key of each dimension, in steps of U,
 * until the last visible key is covered. */
static void add_dynamic_tiles(tb_oracle *o, int64_t q)
{
    int rank = o->problem.layout.rank;
    span seen = seen_span(o, q);
    int64_t steps[TB_MAX_RANK], step[TB_MAX_RANK] = {0}, corner[TB_MAX_RANK];
    for (int d = 0; d < rank; d++) {
        steps[d] = 0;
        for (int64_t p = seen.begin[d]; p < seen.end[d]; p += o->tiling.kv_tile[d]) {
            steps[d]++;
        }
    }
    do {
        for (int d = 0; d < rank; d++) {
            corner[d] = seen.begin[d] + step[d] * o->tiling.kv_tile[d];
        }
        add_dynamic_tile(o, q, &seen, corner);
    } while (tb_oracle_next(rank, steps, step));
}

static void fill_rows(tb_oracle *o)
{
    o->rows = calloc((size_t)o->q.count, sizeof *o->rows);
    assert_non_null(o->rows);
    for (int64_t q = 0; q < o->q.count; q++) {
        bool is_dynamic = o->tiling.kv_tiling == TB_KV_DYNAMIC && q < o->q.own;
        if (is_dynamic) {
            add_dynamic_tiles(o, q);
        }
        for (int64_t k = is_dynamic ? o->kv.own : 0; k < o->kv.count; k++) {
            add_tile(&o->rows[q], o, k < o->kv.own, tb_oracle_relate(o, q, k),
                     tb_oracle_tile_size(&o->kv, k));
        }
    }
}

/* Visiting query tiles a KV tile. */
static void count_visitors(tb_oracle *o)
{
    for (int64_t k = 0; k < o->kv.count; k++) {
        int64_t visitors = 0;
        for (int64_t q = 0; q < o->q.count; q++) {
            visitors += tb_oracle_relate(o, q, k) != TB_ORACLE_EMPTY;
        }
        o->census.kv_min = k == 0 ? visitors : at_most(o->census.kv_min, visitors);
        o->census.kv_max = at_least(o->census.kv_max, visitors);
    }
}

/* Every dilation group is launched with the query tiles that the largest one has. */
static int64_t count_launched(const tb_oracle_tiles *q)
{
    int64_t largest = 0;
    for (int64_t g = 0; g < q->groups; g++) {
        int64_t tiles = 0;
        for (int64_t t = 0; t < q->own; t++) {
            tiles += q->group[t] == g;
        }
        largest = at_least(largest, tiles);
    }
    return largest * q->groups + q->count - q->own;
}

static void count_census(tb_oracle *o)
{
    tb_census *c = &o->census;
    c->q_tiles = o->q.count;
    c->launched_q_tiles = count_launched(&o->q);
    c->kv_tiles = o->kv.count;
    c->dense_pairs = o->queries * o->keys;
    for (int64_t p = 0; p < c->dense_pairs; p++) {
        c->visible_pairs += o->sees[p];
    }
    o->histogram = tb_oracle_integers(o->kv.count + 1);
    for (int64_t q = 0; q < o->q.count; q++) {
        const tb_oracle_row *row = &o->rows[q];
        int64_t visited = row->own_visited + row->extra_visited;
        assert_true(visited <= o->kv.count);
        c->visited += visited;
        c->full += row->own_full + row->extra_full;
        c->real_pairs += tb_oracle_tile_size(&o->q, q) * (row->own_keys + row->extra_keys);
        c->min = q == 0 ? visited : at_most(c->min, visited);
        c->max = at_least(c->max, visited);
        o->histogram[visited]++;
    }
    if (o->problem.pass == TB_PASS_BACKWARD) {
        count_visitors(o);
    }
}

tb_oracle *tb_oracle_create(const tb_problem *problem, const tb_pattern *pattern,
                            const tb_tiling *tiling)
{
    tb_oracle *o = calloc(1, sizeof *o);
    assert_non_null(o);
    o->problem = *problem;
    o->pattern = *pattern;
    o->tiling = *tiling;
    o->tokens = 1;
    for (int d = 0; d < problem->layout.rank; d++) {
        o->tokens *= problem->layout.extent[d];
    }
    o->queries = o->tokens + problem->extra_q;
    o->keys = o->tokens + problem->extra_kv;
    tb_oracle_tiles_make(problem, pattern, tiling, tiling->q_tile, problem->extra_q, &o->q);
    tb_oracle_tiles_make(problem, pattern, tiling, tiling->kv_tile, problem->extra_kv, &o->kv);
    fill_sees(o);
    fill_rows(o);
    count_census(o);
    return o;
}

void tb_oracle_destroy(tb_oracle *oracle)
{
    if (oracle == NULL) {
        return;
    }
    tb_oracle_tiles_free(&oracle->q);
    tb_oracle_tiles_free(&oracle->kv);
    free(oracle->sees);
    free(oracle->rows);
    free(oracle->histogram);
    free(oracle);
}
