/* One pattern said in two ways is counted alike, on problems of any size. */
#include "sim_large.h"
#include "test_support.h"

#include <string.h>

static void assert_same(const tb_sim_case *c, const tb_census *census, const tb_census *want)
{
    tb_sim_case_assert_census(c, census, want);
}

static void law_of_heads(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    tb_census one = tb_sim_large_census(&c);
    c.problem.batch = tb_test_between(random, 1, 7);
    c.problem.heads_kv = tb_test_between(random, 1, 4);
    c.problem.heads = c.problem.heads_kv * tb_test_between(random, 1, 6);
    c.problem.dim = tb_test_between(random, 1, 256);
    c.problem.dim_value = tb_test_between(random, 1, 256);
    c.problem.dtype = TB_DTYPE_E4M3;
    tb_census many = tb_sim_large_census(&c);
    assert_same(&c, &many, &one);
    tb_bound a = tb_sim_large_bound(&c, &one), b = tb_sim_large_bound(&c, &many);
    assert_true(a.tile_speedup == b.tile_speedup && a.flop_speedup == b.flop_speedup);
}

static void batch_heads_and_dims__do_not_change_a_census(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_heads, tb_test_cases(1000));
}

static void swap(int64_t *values, int a, int b)
{
    int64_t value = values[a];
    values[a] = values[b];
    values[b] = value;
}

/* A product does not care for the order of its factors. */
static void law_of_transposition(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    tb_census before = tb_sim_large_census(&c);
    int a = (int)tb_test_between(random, 0, c.problem.layout.rank - 1);
    int b = (int)tb_test_between(random, 0, c.problem.layout.rank - 1);
    swap(c.problem.layout.extent, a, b);
    swap(c.pattern.window, a, b);
    swap(c.pattern.stride, a, b);
    swap(c.pattern.dilation, a, b);
    swap(c.tiling.q_tile, a, b);
    swap(c.tiling.kv_tile, a, b);
    bool causal = c.pattern.causal[a];
    c.pattern.causal[a] = c.pattern.causal[b];
    c.pattern.causal[b] = causal;
    tb_census after = tb_sim_large_census(&c);
    assert_same(&c, &after, &before);
}

static void transposed_dimensions__count_the_same(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_transposition, tb_test_cases(3000));
}

/* A dimension of extent 1 adds nothing but a tile that it does not fill. */
static void law_of_unit_dimensions(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    tb_census before = tb_sim_large_census(&c);
    int d = c.problem.layout.rank++;
    c.problem.layout.extent[d] = 1;
    c.pattern.window[d] = c.pattern.stride[d] = c.pattern.dilation[d] = 1;
    c.pattern.causal[d] = tb_test_between(random, 0, 1) == 0;
    c.tiling.q_tile[d] = c.tiling.kv_tile[d] = 1;
    tb_census after = tb_sim_large_census(&c);
    assert_same(&c, &after, &before);
}

static void dimension_of_one__adds_nothing(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_unit_dimensions, tb_test_cases(1000));
}

/* w = n: every window is the whole axis whatever the stride, as of the dense kind. */
static void law_of_full_windows(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    for (int d = 0; d < c.problem.layout.rank; d++) {
        c.pattern.causal[d] = false;
        c.pattern.dilation[d] = 1;
        c.pattern.window[d] = c.problem.layout.extent[d];
        c.pattern.stride[d] = tb_test_between(random, 1, c.pattern.window[d]);
    }
    tb_census census = tb_sim_large_census(&c);
    c.pattern = tb_pattern_default();
    tb_census dense = tb_sim_large_census(&c);
    assert_same(&c, &census, &dense);
    assert_int_equal(dense.visible_pairs, dense.dense_pairs);
    assert_int_equal(dense.visited, dense.q_tiles * dense.kv_tiles);
    assert_int_equal(dense.real_pairs, dense.dense_pairs);
}

static void full_window__is_dense(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_full_windows, tb_test_cases(2000));
}

/* Where tiles divide the axes, dense is the baseline: nothing is partial and nothing wasted. */
static void law_of_dividing_tiles(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    c.pattern = tb_pattern_default();
    tb_sim_large_divide(&c);
    tb_census census = tb_sim_large_census(&c);
    tb_bound bound = tb_sim_large_bound(&c, &census);
    assert_true(bound.tile_speedup == 1.0 && bound.flop_speedup == 1.0);
    assert_true(bound.tile_speedup_worst == 1.0 && bound.sparsity == 0.0);
    assert_true(bound.fully_block_sparse && bound.waste == 0.0);
    assert_int_equal(census.visited, bound.baseline_tiles);
}

static void dense_in_dividing_tiles__is_the_baseline(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_dividing_tiles, tb_test_cases(1000));
}

static void add_group(tb_census *sum, const tb_census *group)
{
    bool is_first = sum->q_tiles == 0;
    sum->q_tiles += group->q_tiles;
    sum->kv_tiles += group->kv_tiles;
    sum->visited += group->visited;
    sum->full += group->full;
    sum->visible_pairs += group->visible_pairs;
    sum->real_pairs += group->real_pairs;
    sum->min = is_first || group->min < sum->min ? group->min : sum->min;
    sum->max = group->max > sum->max ? group->max : sum->max;
    int64_t grid = group->launched_q_tiles;
    sum->launched_q_tiles = grid > sum->launched_q_tiles ? grid : sum->launched_q_tiles;
}

/* A dilation group is a problem by itself, of its own lengths and without dilation. */
static void law_of_groups(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    c.problem.extra_kv = c.problem.extra_q = 0;
    for (int d = 0; d < c.problem.layout.rank; d++) {
        int64_t extent = c.problem.layout.extent[d];
        c.pattern.dilation[d] = tb_test_between(random, 1, extent < 5 ? extent : 5);
        c.pattern.window[d] = tb_test_between(random, 1, extent / c.pattern.dilation[d]);
        c.pattern.stride[d] = tb_test_between(random, 1, c.pattern.window[d]);
    }
    tb_census census = tb_sim_large_census(&c), sum = {0};
    tb_sim_case group = c;
    int64_t residue[TB_MAX_RANK] = {0}, groups = 0;
    do {
        for (int d = 0; d < c.problem.layout.rank; d++) {
            group.problem.layout.extent[d] = tb_oracle_group_length(
                c.problem.layout.extent[d], c.pattern.dilation[d], residue[d]);
            group.pattern.dilation[d] = 1;
        }
        tb_census part = tb_sim_large_census(&group);
        add_group(&sum, &part);
        groups++;
    } while (tb_oracle_next(c.problem.layout.rank, c.pattern.dilation, residue));
    sum.launched_q_tiles *= groups;
    sum.dense_pairs = census.dense_pairs;
    assert_same(&c, &census, &sum);
}

static void gna__dilated_groups_add_up(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_groups, tb_test_cases(1500));
}

/* How far pairs can grow before there are 2^63 of them, in the layout or in its tiles. */
static int64_t draw_scale(gsl_rng *random, const tb_sim_case *c, const tb_census *census)
{
    double pairs = (double)census->visited;
    for (int d = 0; d < c->problem.layout.rank; d++) {
        pairs *= (double)c->tiling.q_tile[d] * (double)c->tiling.kv_tile[d];
    }
    double dense = (double)census->dense_pairs;
    pairs = dense > pairs ? dense : pairs;
    int64_t most = 1;
    while (most < 1000000 && pairs * (double)most * (double)most < 1e18) {
        most *= 2;
    }
    return tb_test_between(random, 1, most);
}

/* With even w and s, everything that a bidirectional window depends on is a multiple of m when
 * extent, window, stride and tiles of a dimension are: the same tiles, in larger tokens. */
static void law_of_scale(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    int d = (int)tb_test_between(random, 0, c.problem.layout.rank - 1);
    int64_t most = tb_test_between(random, 2, 200); /* tokens of a dilation group */
    c.pattern.dilation[d] = tb_test_between(random, 1, 3);
    c.problem.layout.extent[d] = most * c.pattern.dilation[d];
    c.pattern.window[d] = tb_test_between(random, 1, most / 2) * 2;
    c.pattern.stride[d] = tb_test_between(random, 1, c.pattern.window[d] / 2) * 2;
    c.pattern.causal[d] = false;
    tb_census census = tb_sim_large_census(&c);
    int64_t scale = draw_scale(random, &c, &census);
    c.problem.layout.extent[d] *= scale;
    c.pattern.window[d] *= scale;
    c.pattern.stride[d] *= scale;
    c.tiling.q_tile[d] *= scale;
    c.tiling.kv_tile[d] *= scale;
    c.problem.extra_kv *= scale;
    c.problem.extra_q *= scale;
    tb_census scaled = tb_sim_large_census(&c);
    census.visible_pairs *= scale * scale;
    census.dense_pairs *= scale * scale;
    census.real_pairs *= scale * scale;
    assert_same(&c, &scaled, &census);
}

static void scaled_problem__visits_the_same_tiles(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_scale, tb_test_cases(3000));
}

/* Rank 1: causal = gna, causal, w = N, s = 1 = local -1,0; dense = local -1,-1; and multi-dim tiles
 * are runs. */
static void law_of_kinds(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    c.problem.layout.rank = 1;
    int64_t n = c.problem.layout.extent[0];
    bool is_causal = tb_test_between(random, 0, 1) == 0;
    c.pattern = tb_pattern_default();
    c.pattern.kind = is_causal ? TB_PATTERN_CAUSAL : TB_PATTERN_DENSE;
    tb_census census = tb_sim_large_census(&c);
    c.pattern.kind = TB_PATTERN_LOCAL;
    c.pattern.left = TB_UNLIMITED;
    c.pattern.right = is_causal ? 0 : TB_UNLIMITED;
    tb_census local = tb_sim_large_census(&c);
    assert_same(&c, &local, &census);
    c.pattern.kind = TB_PATTERN_GNA;
    c.pattern.window[0] = n;
    c.pattern.stride[0] = 1;
    c.pattern.causal[0] = is_causal;
    tb_census gna = tb_sim_large_census(&c);
    assert_same(&c, &gna, &census);
    c.tiling.kv_tiling = TB_KV_STATIC;
    tb_census box = tb_sim_large_census(&c);
    c.tiling.kind = TB_TILING_SINGLE_DIM;
    tb_census run = tb_sim_large_census(&c);
    assert_same(&c, &run, &box);
}

static void rank_1_kinds__say_the_same_in_other_words(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_kinds, tb_test_cases(2000));
}

/* The mask that a pattern shows, given as an explicit one, goes through rows. */
static void set_mask(tb_sim_case *c)
{
    int64_t tokens = tb_layout_tokens(&c->problem.layout);
    tb_error err;
    tb_assert_ok(tb_bit_matrix_create(tokens, tokens, &c->mask, &err), &err);
    for (int64_t p = 0; p < tokens * tokens; p++) {
        if (tb_oracle_sees(&c->problem, &c->pattern, p / tokens, p % tokens)) {
            tb_bits_set(tb_bit_matrix_row(c->mask, p / tokens), p % tokens);
        }
    }
    c->pattern = tb_pattern_default();
    c->pattern.kind = TB_PATTERN_EXPLICIT;
    c->pattern.mask = c->mask;
}

static void law_of_explicit_masks(gsl_rng *random)
{
    tb_sim_case c;
    do {
        c = tb_sim_case_product(random);
    } while (c.pattern.dilation[0] != 1 || tb_layout_tokens(&c.problem.layout) > 100);
    c.tiling.kv_tiling = TB_KV_STATIC;
    for (int d = 0; d < c.problem.layout.rank; d++) {
        c.pattern.dilation[d] = 1; /* an explicit mask has no dilation groups */
        bool is_wide = c.pattern.window[d] > c.problem.layout.extent[d];
        assert_false(c.pattern.kind == TB_PATTERN_GNA && is_wide);
    }
    tb_census census = tb_sim_large_census(&c);
    assert_true(census.closed_form);
    set_mask(&c);
    tb_census mask = tb_sim_large_census(&c);
    assert_false(mask.closed_form);
    assert_same(&c, &mask, &census);
    tb_sim_case_free(&c);
}

static void explicit_mask_of_a_pattern__counts_as_the_pattern(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_explicit_masks, tb_test_cases(2000));
}

/* Backward: the same visited set, with what visits a KV tile counted too. */
static void law_of_backward(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    c.tiling.kv_tiling = TB_KV_STATIC;
    tb_census forward = tb_sim_large_census(&c);
    c.problem.pass = TB_PASS_BACKWARD;
    tb_census backward = tb_sim_large_census(&c);
    int64_t least = backward.kv_min, most = backward.kv_max;
    assert_true(0 < least && least <= most && most <= backward.q_tiles);
    double mean = (double)backward.visited / (double)backward.kv_tiles;
    assert_true((double)least <= mean && mean <= (double)most);
    backward.kv_min = backward.kv_max = 0;
    assert_same(&c, &backward, &forward);
}

static void backward__visits_what_forward_visits(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_backward, tb_test_cases(2000));
}

TB_TESTS(cmocka_unit_test(batch_heads_and_dims__do_not_change_a_census),
         cmocka_unit_test(transposed_dimensions__count_the_same),
         cmocka_unit_test(dimension_of_one__adds_nothing), cmocka_unit_test(full_window__is_dense),
         cmocka_unit_test(dense_in_dividing_tiles__is_the_baseline),
         cmocka_unit_test(gna__dilated_groups_add_up),
         cmocka_unit_test(scaled_problem__visits_the_same_tiles),
         cmocka_unit_test(rank_1_kinds__say_the_same_in_other_words),
         cmocka_unit_test(explicit_mask_of_a_pattern__counts_as_the_pattern),
         cmocka_unit_test(backward__visits_what_forward_visits));
