/* Sizes near 2^63: counted exactly or refused, and nothing wraps. */
#include "bound.h"
#include "dim_census.h"
#include "sim_case.h"
#include "test_support.h"

/* floor(sqrt(2^63 - 1)): its square is 2^63 - 1 - 5928526806. */
#define MOST_TOKENS INT64_C(3037000499)

static tb_sim_case rank_1(int64_t tokens, int64_t q_tile, int64_t kv_tile)
{
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.layout = (tb_layout){.rank = 1, .extent = {tokens}};
    c.tiling = (tb_tiling){.q_tile = {q_tile}, .kv_tile = {kv_tile}};
    return c;
}

static tb_status count(const tb_sim_case *c, tb_census *census, tb_error *err)
{
    return tb_census_count(&c->problem, &c->pattern, &c->tiling, NULL, census, err);
}

static tb_census count_ok(const tb_sim_case *c)
{
    tb_census census = {0};
    tb_error err;
    tb_assert_ok(count(c, &census, &err), &err);
    return census;
}

static tb_bound bound_ok(const tb_sim_case *c, const tb_census *census)
{
    tb_bound bound;
    tb_error err;
    tb_assert_ok(tb_bound_compute(&c->problem, &c->pattern, &c->tiling, census, TB_BASELINE_SELF,
                                  &bound, &err),
                 &err);
    return bound;
}

typedef struct size_limit {
    tb_layout layout;
    int64_t extra_q, extra_kv;
    tb_status status;
} size_limit;

/* (N + B)(N + A) <= 2^63 - 1. */
static void dense_pairs__stop_at_2_to_the_63(void **state)
{
    (void)state;
    static const size_limit limits[] = {
        {{1, {MOST_TOKENS}}, 0, 0, TB_OK},
        {{1, {MOST_TOKENS + 1}}, 0, 0, TB_EOVERFLOW},
        {{1, {MOST_TOKENS}}, 0, 1, TB_OK}, /* 3037000499 more */
        {{1, {MOST_TOKENS}}, 1, 0, TB_OK},
        {{1, {MOST_TOKENS}}, 0, 2, TB_EOVERFLOW},
        {{1, {MOST_TOKENS}}, 2, 0, TB_EOVERFLOW},
        {{1, {MOST_TOKENS}}, 1, 1, TB_EOVERFLOW},
        {{1, {MOST_TOKENS - 1}}, 1, 1, TB_OK},
        {{2, {55108, 55108}}, 0, 0, TB_OK},        /* 3036891664 */
        {{2, {55109, 55110}}, 0, 0, TB_EOVERFLOW}, /* 3037056990 */
        {{2, {INT64_C(1) << 31, INT64_C(1) << 32}}, 0, 0, TB_EOVERFLOW},
        {{2, {INT64_C(1) << 32, INT64_C(1) << 32}}, 0, 0, TB_EOVERFLOW}, /* N wraps to 0 */
        {{4, {65536, 65536, 65536, 65536}}, 0, 0, TB_EOVERFLOW},
        {{4, {256, 256, 256, 181}}, 0, 0, TB_OK}, /* 3036676096 */
        {{4, {256, 256, 256, 182}}, 0, 0, TB_EOVERFLOW},
        {{1, {1}}, INT64_MAX - 1, 0, TB_OK}, /* 1 + B = 2^63 - 1 queries of one key */
        {{1, {1}}, INT64_MAX, 0, TB_EOVERFLOW},
        {{1, {2}}, 0, INT64_MAX / 2 - 2, TB_OK},
        {{1, {2}}, 0, INT64_MAX / 2 - 1, TB_EOVERFLOW},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        tb_problem problem = tb_problem_default();
        problem.layout = limits[i].layout;
        problem.extra_q = limits[i].extra_q;
        problem.extra_kv = limits[i].extra_kv;
        tb_error err;
        if (tb_problem_check(&problem, &err) != limits[i].status) {
            fail_msg("limit %zu should give %s", i, tb_status_name(limits[i].status));
        }
    }
}

/* 3036999680 = 128 * 23726560. */
static void dense__of_nearly_the_most_tokens(void **state)
{
    (void)state;
    int64_t tiles = 23726560;
    tb_sim_case c = rank_1(128 * tiles, 128, 128);
    tb_census census = count_ok(&c);
    assert_int_equal(census.q_tiles, tiles);
    assert_int_equal(census.visited, tiles * tiles);
    assert_int_equal(census.full, tiles * tiles);
    assert_int_equal(census.visible_pairs, 16384 * tiles * tiles);
    assert_int_equal(census.dense_pairs, census.visible_pairs);
    assert_int_equal(census.real_pairs, census.visible_pairs);
    tb_bound bound = bound_ok(&c, &census);
    assert_true(bound.tile_speedup == 1.0 && bound.flop_speedup == 1.0 && bound.waste == 0.0);
    c = rank_1(MOST_TOKENS, 1, 1);
    census = count_ok(&c);
    assert_int_equal(census.visited, MOST_TOKENS * MOST_TOKENS);
    assert_int_equal(census.full, MOST_TOKENS * MOST_TOKENS);
}

/* Tiles that reach past the layout can hold more pairs than it has. As 64 bits, the four tiles of
 * 2^31 x 2^31 would hold none. */
static void visited_pairs_past_2_to_the_63__are_refused(void **state)
{
    (void)state;
    static const int64_t tiles[][2] = {
        {128, 128},                           /* 23726567^2 tiles of 2^14 */
        {INT64_C(1) << 31, INT64_C(1) << 31}, /* 2^2 of 2^62 */
        {INT64_C(1) << 32, INT64_C(1) << 30}, /* 3 of 2^62 */
        {INT64_C(1) << 61, 1},
    };
    for (size_t i = 0; i < sizeof tiles / sizeof tiles[0]; i++) {
        tb_sim_case c = rank_1(MOST_TOKENS, tiles[i][0], tiles[i][1]);
        tb_census census;
        tb_error err;
        tb_assert_fails(count(&c, &census, &err), &err, TB_EOVERFLOW, "tiles");
    }
}

/* |T| |U| <= 2^63 - 1. */
static void tile_products__stop_at_2_to_the_63(void **state)
{
    (void)state;
    tb_error err;
    tb_census census;
    tb_sim_case c = rank_1(72, INT64_C(1) << 31, INT64_C(1) << 31);
    assert_int_equal(count_ok(&c).visited, 1);
    c.tiling.kv_tile[0] = INT64_C(1) << 32;
    tb_assert_fails(count(&c, &census, &err), &err, TB_EOVERFLOW, "");
    c = rank_1(1, INT64_MAX, 1);
    assert_int_equal(count_ok(&c).q_tiles, 1);
    c = rank_1(1, 1, INT64_MAX);
    assert_int_equal(count_ok(&c).kv_tiles, 1);
    c.tiling.q_tile[0] = 2;
    tb_assert_fails(count(&c, &census, &err), &err, TB_EOVERFLOW, "");
    c.problem.layout = (tb_layout){.rank = 3, .extent = {4, 5, 6}};
    c.tiling = (tb_tiling){.q_tile = {INT64_C(1) << 22, INT64_C(1) << 21, INT64_C(1) << 21},
                           .kv_tile = {1, 1, 1}}; /* |T| wraps to 0 */
    tb_assert_fails(count(&c, &census, &err), &err, TB_EOVERFLOW, "");
}

/* Where tiles and pairs of extra tokens are near the limit. */
static void extra_tokens__near_the_limit(void **state)
{
    (void)state;
    tb_sim_case c = rank_1(2, 2, 5);
    c.problem.extra_kv = INT64_MAX / 4; /* 2305843009213693951 = 5 * 461168601842738790 + 1 */
    tb_census census = count_ok(&c);
    assert_int_equal(census.kv_tiles, INT64_C(461168601842738792));
    assert_int_equal(census.visited, INT64_C(461168601842738792));
    assert_int_equal(census.full, INT64_C(461168601842738790));
    assert_int_equal(census.visible_pairs, INT64_C(4611686018427387906));
    assert_int_equal(census.max, census.visited);
    c = rank_1(1, 1, 1);
    c.problem.extra_q = INT64_MAX - 1;
    census = count_ok(&c);
    assert_int_equal(census.q_tiles, INT64_MAX);
    assert_int_equal(census.launched_q_tiles, INT64_MAX);
    assert_int_equal(census.full, INT64_MAX);
}

/* w = 1000003, s = 77: no window is cut, so N w pairs are visible; a dimension of 3 * 10^9 tokens
 * is counted at once although lcm(77, 128, 96) tiles make a period. */
static void gna__of_the_most_tokens(void **state)
{
    (void)state;
    tb_sim_case c = rank_1(MOST_TOKENS, 128, 96);
    c.pattern.kind = TB_PATTERN_GNA;
    c.pattern.window[0] = 1000003;
    c.pattern.stride[0] = 77;
    tb_census census = count_ok(&c);
    assert_true(census.closed_form);
    assert_int_equal(census.visible_pairs, MOST_TOKENS * 1000003);
    assert_int_equal(census.q_tiles, 23726567);
    /* A query tile sees 1000003 to 1000003 + 2 * 77 keys, or 1000003 at the ends. */
    assert_in_range((uintmax_t)census.min, 10417, 10418);
    assert_in_range((uintmax_t)census.max, 10418, 10420);
}

/* N (N + 1) / 2 pairs: the sum before halving fits in no 63 bits. */
static void causal__of_the_most_tokens(void **state)
{
    (void)state;
    int64_t tile = INT64_C(1) << 20, tiles = 2897; /* ceil(3037000499 / 2^20) */
    tb_sim_case c = rank_1(MOST_TOKENS, tile, tile);
    c.pattern.kind = TB_PATTERN_CAUSAL;
    tb_census census = count_ok(&c);
    assert_int_equal(census.visible_pairs, INT64_C(1518500250) * MOST_TOKENS);
    assert_int_equal(census.q_tiles, tiles);
    assert_int_equal(census.visited, tiles * (tiles + 1) / 2);
    assert_int_equal(census.full, tiles * (tiles - 1) / 2);
    tb_bound bound;
    tb_error err;
    tb_assert_ok(tb_bound_compute(&c.problem, &c.pattern, &c.tiling, &census, TB_BASELINE_CAUSAL,
                                  &bound, &err),
                 &err);
    assert_int_equal(bound.baseline_tiles, census.visited);
    assert_int_equal(bound.baseline_pairs, census.visible_pairs);
}

/* Primes: no least common multiple of stride and tiles fits. Two stride groups: [0, 2147483629),
 * whose window [0, 2147483647) visits KV tiles 0 to 2 of 715827883 keys, 0 and 1 full; and the
 * rest, whose window is the last 2147483647 keys, from 889516852: KV tiles 1 to 4, 2 and 3 full. Of
 * six query tiles of 536870909, the first three are in the first group, the fourth in both (KV
 * tiles 0 to 4, none full), two in the second. */
static void period__that_does_not_fit(void **state)
{
    (void)state;
    tb_sim_case c = rank_1(MOST_TOKENS, 536870909, 715827883);
    c.pattern.kind = TB_PATTERN_GNA;
    c.pattern.window[0] = 2147483647;
    c.pattern.stride[0] = 2147483629;
    tb_census census = count_ok(&c);
    assert_int_equal(census.q_tiles, 6);
    assert_int_equal(census.kv_tiles, 5);
    assert_int_equal(census.visited, 3 * 3 + 5 + 2 * 4);
    assert_int_equal(census.full, 3 * 2 + 0 + 2 * 2);
    assert_int_equal(census.min, 3);
    assert_int_equal(census.max, 5);
    assert_int_equal(census.visible_pairs, MOST_TOKENS * 2147483647);
}

/* A dimension by itself knows no limit of pairs. */
static void dimension__whose_pairs_do_not_fit_is_refused(void **state)
{
    (void)state;
    tb_dim_rule rule = {.kind = TB_DIM_BIDIRECTIONAL, .length = INT64_C(1) << 40};
    tb_dim_tiles tiles = {.q_tile = 64, .kv_tile = 64};
    tb_dim_census census;
    tb_error err;
    rule.window = INT64_C(1) << 22;
    rule.stride = 1 << 6;
    tb_assert_ok(tb_dim_census_count(&rule, &tiles, &census, &err), &err);
    assert_int_equal(census.visible_pairs, INT64_C(1) << 62);
    rule.window = INT64_C(1) << 23; /* 2^63 pairs */
    tb_assert_fails(tb_dim_census_count(&rule, &tiles, &census, &err), &err, TB_EOVERFLOW, "");
}

TB_TESTS(cmocka_unit_test(dense_pairs__stop_at_2_to_the_63),
         cmocka_unit_test(dense__of_nearly_the_most_tokens),
         cmocka_unit_test(visited_pairs_past_2_to_the_63__are_refused),
         cmocka_unit_test(tile_products__stop_at_2_to_the_63),
         cmocka_unit_test(extra_tokens__near_the_limit), cmocka_unit_test(gna__of_the_most_tokens),
         cmocka_unit_test(causal__of_the_most_tokens), cmocka_unit_test(period__that_does_not_fit),
         cmocka_unit_test(dimension__whose_pairs_do_not_fit_is_refused));
