/* One dimension counted a period at a time equals one counted tile by tile and key by key, on axes
 * long enough to have many periods. */
#include "dim_census.h"
#include "oracle.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

/* The rule as a pattern of the oracle: rank 1, no dilation. */
static tb_pattern pattern_of(const tb_dim_rule *rule)
{
    tb_pattern pattern = tb_pattern_default();
    pattern.kind = rule->kind == TB_DIM_LOCAL ? TB_PATTERN_LOCAL : TB_PATTERN_GNA;
    pattern.window[0] = rule->window;
    pattern.stride[0] = rule->stride;
    pattern.causal[0] = rule->kind == TB_DIM_CAUSAL;
    pattern.left = rule->left;
    pattern.right = rule->right;
    return pattern;
}

/* Where position `query` looks first and last: the ends of what the oracle says it sees, searched
 * near where the last query looked, for both only move forward. */
typedef struct sight {
    tb_pattern pattern;
    tb_problem problem;
    int64_t n, begin, end;
} sight;

static bool sees(const sight *s, int64_t query, int64_t key)
{
    return s->pattern.kind == TB_PATTERN_GNA
               ? tb_oracle_group_sees(&s->pattern, 0, s->n, query, key)
               : tb_oracle_sees(&s->problem, &s->pattern, query, key);
}

static void look(sight *s, int64_t query)
{
    while (!sees(s, query, s->begin)) {
        s->begin++;
    }
    s->end = s->end < s->begin + 1 ? s->begin + 1 : s->end;
    while (s->end < s->n && sees(s, query, s->end)) {
        s->end++;
    }
    assert_true(sees(s, query, s->end - 1));
}

/* How many of a query tile's queries see each key; seen[n] onwards are keys past the axis: none. */
static int64_t count_sights(sight *s, int64_t first, int64_t queries, int64_t *seen)
{
    int64_t pairs = 0;
    for (int64_t q = first; q < first + queries; q++) {
        look(s, q);
        for (int64_t k = s->begin; k < s->end; k++) {
            seen[k]++;
        }
        pairs += s->end - s->begin;
    }
    return pairs;
}

typedef struct kv_count {
    int64_t visited, full, ragged, keys;
} kv_count;

/* KV tiles from `origin`: visited when any of its keys is seen; full when all are, by all. */
static kv_count count_kv_tiles(const int64_t *seen, int64_t n, int64_t queries, int64_t kv_tile,
                               int64_t origin)
{
    kv_count out = {0, 0, 0, 0};
    for (int64_t begin = origin; begin < n; begin += kv_tile) {
        int64_t any = 0, all = 0, keys = 0;
        for (int64_t k = begin; k < begin + kv_tile && k < n; k++) {
            any += seen[k] > 0;
            all += seen[k] == queries;
            keys++;
        }
        out.visited += any > 0;
        out.full += all == kv_tile;
        out.ragged += any > 0 && keys < kv_tile;
        out.keys += any > 0 ? keys : 0;
    }
    return out;
}

static void add_tile(tb_dim_census *out, const kv_count *kv, int64_t queries)
{
    out->visited += kv->visited;
    out->full += kv->full;
    out->unragged += kv->visited - kv->ragged;
    out->real_pairs += queries * kv->keys;
    out->min = out->q_tiles == 0 || kv->visited < out->min ? kv->visited : out->min;
    out->max = kv->visited > out->max ? kv->visited : out->max;
    out->q_tiles++;
}

static tb_dim_census enumerate(const tb_dim_rule *rule, const tb_dim_tiles *tiles)
{
    int64_t n = rule->length;
    sight s = {.pattern = pattern_of(rule), .n = n, .problem = tb_problem_default()};
    s.problem.layout = (tb_layout){.rank = 1, .extent = {n}};
    tb_dim_census out = {0};
    for (int64_t begin = 0; begin < n; begin += tiles->kv_tile) {
        out.kv_tiles++;
        out.whole_kv_tiles += begin + tiles->kv_tile <= n;
    }
    int64_t *seen = tb_oracle_integers(n);
    for (int64_t first = 0; first < n; first += tiles->q_tile) {
        int64_t queries = first + tiles->q_tile < n ? tiles->q_tile : n - first;
        memset(seen, 0, (size_t)n * sizeof *seen);
        out.visible_pairs += count_sights(&s, first, queries, seen);
        int64_t origin = 0;
        while (tiles->kv_tiling == TB_KV_DYNAMIC && seen[origin] == 0) {
            origin++;
        }
        kv_count kv = count_kv_tiles(seen, n, queries, tiles->kv_tile, origin);
        add_tile(&out, &kv, queries);
    }
    free(seen);
    return out;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static tb_dim_rule draw_rule(gsl_rng *random)
{
    int64_t n = tb_test_between(random, 1, tb_test_between(random, 0, 2) == 0 ? 60 : 2000);
    int64_t most = tb_test_between(random, 0, 9) == 0 ? n : smaller(n, 64);
    tb_dim_rule rule = {.kind = (tb_dim_kind)tb_test_between(random, 0, 2), .length = n};
    if (rule.kind == TB_DIM_LOCAL) {
        rule.left = tb_test_between(random, 0, most - 1);
        rule.right = tb_test_between(random, 0, most - 1);
    } else {
        rule.window = tb_test_between(random, 1, most);
        rule.stride = tb_test_between(random, 1, rule.window);
    }
    return rule;
}

/* Tiles of up to 16, or as often multiples of the stride, or larger than the axis. */
static tb_dim_tiles draw_tiles(gsl_rng *random, const tb_dim_rule *rule)
{
    tb_dim_tiles tiles = {.q_tile = tb_test_between(random, 1, 16),
                          .kv_tile = tb_test_between(random, 1, 16),
                          .kv_tiling = (tb_kv_tiling)tb_test_between(random, 0, 1)};
    int64_t shape = tb_test_between(random, 0, 9);
    if (shape < 4 && rule->stride > 0) {
        tiles.q_tile = rule->stride * tb_test_between(random, 1, 3);
        tiles.kv_tile = shape < 2 ? tiles.q_tile : tiles.kv_tile;
    } else if (shape == 9) {
        tiles.q_tile = tb_test_between(random, 1, rule->length + 9);
        tiles.kv_tile = tb_test_between(random, 1, rule->length + 9);
    }
    return tiles;
}

static void print_case(const tb_dim_rule *rule, const tb_dim_tiles *tiles)
{
    print_error("%s -i %lld -w %lld -s %lld --local %lld,%lld --q-tile %lld --kv-tile %lld %s\n",
                rule->kind == TB_DIM_LOCAL    ? "local"
                : rule->kind == TB_DIM_CAUSAL ? "causal"
                                              : "bidirectional",
                (long long)rule->length, (long long)rule->window, (long long)rule->stride,
                (long long)rule->left, (long long)rule->right, (long long)tiles->q_tile,
                (long long)tiles->kv_tile, tb_kv_tiling_names[tiles->kv_tiling]);
}

static void assert_same(const tb_dim_census *census, const tb_dim_census *want)
{
    assert_int_equal(census->q_tiles, want->q_tiles);
    assert_int_equal(census->kv_tiles, want->kv_tiles);
    assert_int_equal(census->whole_kv_tiles, want->whole_kv_tiles);
    assert_int_equal(census->visited, want->visited);
    assert_int_equal(census->full, want->full);
    assert_int_equal(census->unragged, want->unragged);
    assert_int_equal(census->real_pairs, want->real_pairs);
    assert_int_equal(census->visible_pairs, want->visible_pairs);
    assert_int_equal(census->min, want->min);
    assert_int_equal(census->max, want->max);
}

static void dim_census__equals_a_walk_over_every_tile(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(6000);
    for (int i = 0; i < cases; i++) {
        tb_dim_rule rule = draw_rule(random);
        tb_dim_tiles tiles = draw_tiles(random, &rule);
        tb_dim_census census, want = enumerate(&rule, &tiles);
        tb_error err;
        tb_assert_ok(tb_dim_census_count(&rule, &tiles, &census, &err), &err);
        if (memcmp(&census, &want, sizeof want) != 0) {
            print_case(&rule, &tiles);
        }
        assert_same(&census, &want);
        assert_int_equal(tb_dim_visible_pairs(&rule), want.visible_pairs);
    }
    print_message("%d axes of up to 2,000 tokens\n", cases);
    gsl_rng_free(random);
}

static void check_walk(const tb_dim_rule *rule, const tb_dim_tiles *tiles)
{
    tb_dim_census want = enumerate(rule, tiles);
    tb_dim_walk walk = tb_dim_walk_begin(rule, tiles);
    tb_dim_tile tile;
    int64_t times, q_tiles = 0, queries = 0, visited = 0, full = 0, real_pairs = 0;
    while (tb_dim_walk_next(&walk, &tile, &times)) {
        assert_true(times >= 1);
        q_tiles += times;
        queries += times * tile.queries;
        visited += times * (tile.end - tile.begin);
        full += times * (tile.full_end > tile.full_begin ? tile.full_end - tile.full_begin : 0);
        real_pairs += times * tile.queries * tile.keys;
    }
    if (visited != want.visited || full != want.full) {
        print_case(rule, tiles);
    }
    assert_int_equal(q_tiles, want.q_tiles);
    assert_int_equal(queries, rule->length);
    assert_int_equal(visited, want.visited);
    assert_int_equal(full, want.full);
    assert_int_equal(real_pairs, want.real_pairs);
}

static void dim_walk__weighs_every_query_tile(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(2000);
    for (int i = 0; i < cases; i++) {
        tb_dim_rule rule = draw_rule(random);
        tb_dim_tiles tiles = draw_tiles(random, &rule);
        check_walk(&rule, &tiles);
    }
    print_message("%d axes of up to 2,000 tokens\n", cases);
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(dim_census__equals_a_walk_over_every_tile),
         cmocka_unit_test(dim_walk__weighs_every_query_tile));
