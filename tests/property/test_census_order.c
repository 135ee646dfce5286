/* What more of something does to a census: laws between two counts, on problems of any size. */
#include "sim_large.h"
#include "test_support.h"

#define HOLDS(problem, law) tb_sim_large_assert(problem, law, #law)

/* A dimension whose window can grow, or -1. */
static int growing_dim(const tb_sim_case *c)
{
    for (int d = 0; d < c->problem.layout.rank; d++) {
        if (c->pattern.window[d] < c->problem.layout.extent[d] / c->pattern.dilation[d]) {
            return d;
        }
    }
    return -1;
}

/* With the stride kept, the window of w + 1 holds that of w. Causal: the leader stays, so start =
 * max(leader - w + 1, 0) falls or stays, and the end is i + 1. Bidirectional: start = clamp(leader
 * - w/2, 0, n - w) falls by 0 or 1, for both bounds of the minimum in it do, while start + w grows
 * by what is left. So every visible pair stays visible: no static KV tile stops being visited or
 * full, and b - a of a dynamic one never shrinks. */
static void law_of_windows(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    int d = growing_dim(&c);
    if (d < 0) {
        return;
    }
    tb_census narrow = tb_sim_large_census(&c);
    c.pattern.window[d]++;
    tb_census wide = tb_sim_large_census(&c);
    HOLDS(&c, wide.visited >= narrow.visited);
    HOLDS(&c, wide.visible_pairs >= narrow.visible_pairs);
    HOLDS(&c, wide.max >= narrow.max && wide.min >= narrow.min);
    HOLDS(&c, c.tiling.kv_tiling == TB_KV_DYNAMIC || wide.full >= narrow.full);
    HOLDS(&c, c.tiling.kv_tiling == TB_KV_DYNAMIC || wide.real_pairs >= narrow.real_pairs);
}

static void wider_window__never_visits_fewer_tiles(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_windows, tb_test_cases(3000));
}

/* [max(i - l, 0), min(i + r, N - 1)] grows with l and with r. */
static void law_of_local_windows(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    int64_t n = c.problem.layout.extent[0];
    c.problem.layout.rank = 1;
    c.pattern = tb_pattern_default();
    c.pattern.kind = TB_PATTERN_LOCAL;
    c.pattern.left = tb_test_between(random, 0, n);
    c.pattern.right = tb_test_between(random, 0, n);
    tb_census narrow = tb_sim_large_census(&c);
    c.pattern.left += tb_test_between(random, 0, 50);
    c.pattern.right += tb_test_between(random, 0, 50);
    tb_census wide = tb_sim_large_census(&c);
    HOLDS(&c, wide.visited >= narrow.visited && wide.visible_pairs >= narrow.visible_pairs);
    c.pattern.left = TB_UNLIMITED;
    tb_census unlimited = tb_sim_large_census(&c);
    HOLDS(&c, unlimited.visited >= wide.visited);
    HOLDS(&c, unlimited.visible_pairs >= wide.visible_pairs);
}

static void wider_local_window__never_visits_fewer_tiles(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_local_windows, tb_test_cases(2000));
}

/* ceil(A/|U|) and floor(A/|U|) grow with A. */
static void law_of_extra_tokens(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    tb_census few = tb_sim_large_census(&c);
    c.problem.extra_kv += tb_test_between(random, 1, 600);
    tb_census more = tb_sim_large_census(&c);
    HOLDS(&c, more.visited >= few.visited && more.full >= few.full);
    HOLDS(&c, more.kv_tiles >= few.kv_tiles && more.min >= few.min && more.max >= few.max);
    HOLDS(&c, more.visible_pairs > few.visible_pairs && more.dense_pairs > few.dense_pairs);
    c.problem.extra_q += tb_test_between(random, 1, 600);
    tb_census most = tb_sim_large_census(&c);
    HOLDS(&c, most.visited >= more.visited && most.full >= more.full);
    HOLDS(&c, most.q_tiles >= more.q_tiles && most.max >= more.max);
}

static void more_extra_tokens__never_visit_fewer_tiles(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_extra_tokens, tb_test_cases(3000));
}

/* A run of b - a keys lies in ceil((b - a)/U) tiles that start at a, and in no fewer of a grid. */
static void law_of_dynamic_tiles(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    c.tiling.kv_tiling = TB_KV_STATIC;
    tb_census fixed = tb_sim_large_census(&c);
    c.tiling.kv_tiling = TB_KV_DYNAMIC;
    tb_census dynamic = tb_sim_large_census(&c);
    HOLDS(&c, dynamic.visited <= fixed.visited && dynamic.max <= fixed.max);
    HOLDS(&c, dynamic.visible_pairs == fixed.visible_pairs);
    HOLDS(&c, dynamic.q_tiles == fixed.q_tiles && dynamic.kv_tiles == fixed.kv_tiles);
}

static void dynamic_kv_tiles__are_never_more(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_dynamic_tiles, tb_test_cases(3000));
}

/* A static KV tile of 2U is two of U, of which at least one is visited when it is; a visited half
 * lies in a visited whole; halves of a full tile are full. Extra tokens (|U| differs) left out. */
static void law_of_halves(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    int d = (int)tb_test_between(random, 0, c.problem.layout.rank - 1);
    c.problem.extra_kv = 0;
    c.problem.extra_q = 0;
    c.tiling.kv_tiling = TB_KV_STATIC;
    tb_census half = tb_sim_large_census(&c);
    c.tiling.kv_tile[d] *= 2;
    tb_census whole = tb_sim_large_census(&c);
    HOLDS(&c, whole.visited <= half.visited && half.visited <= 2 * whole.visited);
    HOLDS(&c, half.full >= 2 * whole.full);
    HOLDS(&c, whole.real_pairs >= half.real_pairs && whole.visible_pairs == half.visible_pairs);
    c.tiling.q_tile[d] *= 2; /* likewise for queries, but a whole is full when its halves are */
    tb_census both = tb_sim_large_census(&c);
    HOLDS(&c, both.visited <= whole.visited && whole.visited <= 2 * both.visited);
    HOLDS(&c, both.real_pairs >= whole.real_pairs);
    HOLDS(&c, both.full <= whole.full);
}

static void halved_tiles__visit_between_one_and_two_for_one(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_halves, tb_test_cases(3000));
}

/* visible <= visited |T| |U|. Where |T| divides N and B, and |U| divides N and A, the baseline's
 * tiles are full: tiles |T| |U| = pairs, so tile_speedup = pairs / (visited |T| |U|) <= pairs /
 * visible. */
static void law_of_speedups(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    tb_sim_large_divide(&c);
    tb_census census = tb_sim_large_census(&c);
    tb_bound bound = tb_sim_large_bound(&c, &census);
    HOLDS(&c, bound.tile_speedup <= bound.flop_speedup * (1 + 1e-12));
}

static void tile_speedup__is_no_more_than_flop_speedup_where_nothing_is_padded(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_speedups, tb_test_cases(3000));
}

/* DESIGN section 3, "checked always", and what the fields say of each other. */
static void law_of_limits(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    tb_census census = tb_sim_large_census(&c);
    tb_bound bound = tb_sim_large_bound(&c, &census);
    double mean = (double)census.visited / (double)census.q_tiles;
    HOLDS(&c, 0 < census.visible_pairs && census.visible_pairs <= census.real_pairs);
    HOLDS(&c, census.real_pairs <= census.dense_pairs && census.full <= census.visited);
    HOLDS(&c, census.visited <= census.kv_tiles * census.q_tiles);
    HOLDS(&c, (double)census.min <= mean && mean <= (double)census.max);
    HOLDS(&c, 0 < census.min && census.max <= census.kv_tiles);
    HOLDS(&c, census.q_tiles <= census.launched_q_tiles);
    HOLDS(&c, bound.padding_waste >= 0.0 && bound.mask_waste >= 0.0 && bound.waste < 1.0);
    HOLDS(&c, bound.flop_speedup >= 1.0 && bound.tile_speedup_worst >= 1.0);
    HOLDS(&c, bound.sparsity >= 0.0 && bound.sparsity < 1.0);
    HOLDS(&c, bound.fully_block_sparse == (tb_census_partial(&census) == 0));
}

static void every_census__keeps_its_limits(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_limits, tb_test_cases(6000));
}

/* Bins count every query tile and every visited tile once. */
static void law_of_histograms(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    tb_histogram histogram = {0};
    tb_census census;
    tb_error err;
    tb_assert_ok(tb_census_count(&c.problem, &c.pattern, &c.tiling, &histogram, &census, &err),
                 &err);
    int64_t q_tiles = 0, visited = 0;
    for (size_t i = 0; i < histogram.count; i++) {
        const tb_histogram_bin *bin = &histogram.bins[i];
        HOLDS(&c, i == 0 || histogram.bins[i - 1].value < bin->value);
        HOLDS(&c, census.min <= bin->value && bin->value <= census.max && bin->times > 0);
        q_tiles += bin->times;
        visited += bin->times * bin->value;
    }
    HOLDS(&c, histogram.is_cut || (q_tiles == census.q_tiles && visited == census.visited));
    HOLDS(&c, histogram.count <= TB_HISTOGRAM_MAX_BINS);
    tb_histogram_free(&histogram);
}

static void histogram__adds_up_to_the_census(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_histograms, tb_test_cases(3000));
}

TB_TESTS(cmocka_unit_test(wider_window__never_visits_fewer_tiles),
         cmocka_unit_test(wider_local_window__never_visits_fewer_tiles),
         cmocka_unit_test(more_extra_tokens__never_visit_fewer_tiles),
         cmocka_unit_test(dynamic_kv_tiles__are_never_more),
         cmocka_unit_test(halved_tiles__visit_between_one_and_two_for_one),
         cmocka_unit_test(tile_speedup__is_no_more_than_flop_speedup_where_nothing_is_padded),
         cmocka_unit_test(every_census__keeps_its_limits),
         cmocka_unit_test(histogram__adds_up_to_the_census));
