/* What each query tile visits equals the tiles themselves, in their numbering, and sums up to the
 * census; a wave of them visits their union. */
#include "q_tile_counts.h"

#include "sim_large.h"
#include "test_support.h"
#include "tile_view.h"

#include <stdlib.h>
#include <string.h>

typedef tb_sim_case draw_fn(gsl_rng *random);

static tb_q_tile_count *fill(const tb_sim_case *c, int64_t q_tiles)
{
    tb_q_tile_count *counts = calloc((size_t)q_tiles, sizeof *counts);
    assert_non_null(counts);
    tb_error err;
    tb_status status =
        tb_q_tile_counts_fill(&c->problem, &c->pattern, &c->tiling, q_tiles, counts, &err);
    if (status != TB_OK) {
        tb_sim_case_print(c);
    }
    tb_assert_ok(status, &err);
    return counts;
}

/* Sums, least and most are the census's, whatever the tiling. */
static void check_sums(const tb_sim_case *c, const tb_census *census, const tb_q_tile_count *counts)
{
    int64_t visited = 0, full = 0, min = INT64_MAX, max = 0;
    bool is_ordered = true;
    for (int64_t q = 0; q < census->q_tiles; q++) {
        visited += counts[q].visited;
        full += counts[q].full;
        min = counts[q].visited < min ? counts[q].visited : min;
        max = counts[q].visited > max ? counts[q].visited : max;
        is_ordered = is_ordered && counts[q].full >= 0 && counts[q].full <= counts[q].visited;
    }
    tb_sim_large_assert(c, is_ordered, "0 <= full <= visited for each query tile");
    tb_sim_large_assert(c, visited == census->visited, "visited tiles add up to the census");
    tb_sim_large_assert(c, full == census->full, "full tiles add up to the census");
    tb_sim_large_assert(c, min == census->min && max == census->max, "least and most are its own");
}

/* Query tile by query tile, in the numbering of the view. */
static void check_rows(const tb_sim_case *c, const tb_q_tile_count *counts)
{
    tb_tile_view *view;
    tb_error err;
    tb_assert_ok(tb_tile_view_create(&c->problem, &c->pattern, &c->tiling, &view, &err), &err);
    tb_tile_scratch *scratch = tb_tile_scratch_create(view);
    assert_non_null(scratch);
    int64_t kv_tiles = tb_tile_view_kv_tiles(view);
    for (int64_t q = 0; q < tb_tile_view_q_tiles(view); q++) {
        tb_tile_row row = tb_tile_view_row(view, q, scratch);
        int64_t visited = 0, full = 0;
        for (int64_t k = 0; k < kv_tiles; k++) {
            visited += tb_bits_get(row.visited, k);
            full += tb_bits_get(row.full, k);
        }
        if (visited != counts[q].visited || full != counts[q].full) {
            tb_sim_case_print(c);
            fail_msg("query tile %lld visits %lld, full %lld; its row has %lld and %lld",
                     (long long)q, (long long)counts[q].visited, (long long)counts[q].full,
                     (long long)visited, (long long)full);
        }
    }
    tb_tile_scratch_destroy(scratch);
    tb_tile_view_destroy(view);
}

/* The kinds of problems that were drawn, so that none is missing. */
typedef struct variety {
    int problems, dynamic, dilated, extra_kv, extra_q, single_dim, backward;
    int patterns[TB_PATTERN_COUNT];
    int64_t q_tiles;
} variety;

static void note(const tb_sim_case *c, int64_t q_tiles, variety *seen)
{
    bool is_dilated = false;
    for (int d = 0; d < c->problem.layout.rank; d++) {
        is_dilated = is_dilated || tb_pattern_dilation(&c->pattern, d) > 1;
    }
    seen->problems++;
    seen->dynamic += c->tiling.kv_tiling == TB_KV_DYNAMIC;
    seen->dilated += is_dilated;
    seen->extra_kv += c->problem.extra_kv > 0;
    seen->extra_q += c->problem.extra_q > 0;
    seen->single_dim += c->tiling.kind == TB_TILING_SINGLE_DIM;
    seen->backward += c->problem.pass == TB_PASS_BACKWARD;
    seen->patterns[c->pattern.kind]++;
    seen->q_tiles += q_tiles;
}

static void check_case(const tb_sim_case *c, variety *seen)
{
    tb_error err;
    if (tb_pattern_check(&c->pattern, &c->problem.layout, &err) != TB_OK) {
        return; /* a mask that shows nothing */
    }
    tb_census census = tb_sim_large_census(c);
    tb_q_tile_count *counts = fill(c, census.q_tiles);
    check_sums(c, &census, counts);
    if (c->tiling.kv_tiling == TB_KV_STATIC) {
        check_rows(c, counts);
    }
    note(c, census.q_tiles, seen);
    free(counts);
}

static void check_many(draw_fn *draw, int cases, variety *seen)
{
    gsl_rng *random = tb_test_random();
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = draw(random);
        check_case(&c, seen);
        tb_sim_case_free(&c);
    }
    gsl_rng_free(random);
}

static void print_variety(const variety *seen)
{
    print_message("%d problems with %lld query tiles: %d dynamic, %d dilated, %d with extra KV, %d "
                  "with extra queries, %d single-dim, %d backward\n",
                  seen->problems, (long long)seen->q_tiles, seen->dynamic, seen->dilated,
                  seen->extra_kv, seen->extra_q, seen->single_dim, seen->backward);
}

static void q_tile_counts__equal_tiles_and_census(void **state)
{
    (void)state;
    variety seen = {0};
    check_many(tb_sim_case_product, tb_test_cases(6000), &seen);
    check_many(tb_sim_case_thin, tb_test_cases(1000), &seen);
    check_many(tb_sim_case_rows, tb_test_cases(2500), &seen);
    check_many(tb_sim_case_long_rows, tb_test_cases(100), &seen);
    check_many(tb_sim_case_aligned, tb_test_cases(1000), &seen);
    print_variety(&seen);
    assert_true(seen.dynamic > 0 && seen.dilated > 0 && seen.extra_kv > 0 && seen.extra_q > 0);
    assert_true(seen.single_dim > 0 && seen.backward > 0);
    for (int p = 0; p < TB_PATTERN_FIELD_KINDS; p++) {
        assert_true(seen.patterns[p] > 0);
    }
}

/* 7 x 3 tokens, window 2 x 1, stride 1, dilation 2 x 1, query tiles 2 x 2, KV tiles 1 x 1, by hand.
 * The first dimension's groups are {0, 2, 4, 6} and {1, 3, 5}, and windows of 2 start at i - 1,
 * kept inside. In the longer group query tile {0, 1} sees [0, 2), both keys by both: 2 visited, 2
 * full; tile {2, 3} sees [1, 4), of which both see key 2: 3 and 1. In the shorter one both tiles
 * visit 2, both full. In the second dimension a query sees itself: tile {0, 1} visits 2, none full,
 * tile {2} one, full. Their products come row-major in each group, and the longer group first. */
static void q_tile_counts__come_group_by_group_and_row_by_row(void **state)
{
    (void)state;
    static const tb_q_tile_count want[] = {{4, 0}, {2, 2}, {6, 0}, {3, 1},
                                           {4, 0}, {2, 2}, {4, 0}, {2, 2}};
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.layout = (tb_layout){.rank = 2, .extent = {7, 3}};
    c.pattern.kind = TB_PATTERN_GNA;
    c.pattern.window[0] = 2;
    c.pattern.window[1] = 1;
    c.pattern.dilation[0] = 2;
    c.tiling = (tb_tiling){.q_tile = {2, 2}, .kv_tile = {1, 1}};
    tb_q_tile_count *counts = fill(&c, 8);
    assert_memory_equal(counts, want, sizeof want);
    free(counts);
}

/* The middle `wave` query tiles, and the union of what they visit. */
static int64_t union_of_middle(const tb_sim_case *c, int64_t wave)
{
    tb_oracle *oracle = tb_oracle_create(&c->problem, &c->pattern, &c->tiling);
    int64_t count = wave < oracle->q.count ? wave : oracle->q.count, seen = 0;
    int64_t first = (oracle->q.count - count) / 2;
    for (int64_t k = 0; k < oracle->kv.count; k++) {
        bool is_seen = false;
        for (int64_t q = first; q < first + count; q++) {
            is_seen = is_seen || tb_oracle_relate(oracle, q, k) != TB_ORACLE_EMPTY;
        }
        seen += is_seen;
    }
    tb_oracle_destroy(oracle);
    return seen;
}

static void a_wave__reads_the_union_of_its_tiles(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(1000);
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = tb_sim_case_product(random);
        int64_t wave = tb_test_between(random, 1, 20), tiles = -1;
        tb_error err;
        tb_assert_ok(tb_wave_kv_tiles(&c.problem, &c.pattern, &c.tiling, wave, &tiles, &err), &err);
        bool is_static = c.tiling.kv_tiling == TB_KV_STATIC;
        tb_sim_large_assert(&c, tiles == (is_static ? union_of_middle(&c, wave) : 0),
                            "a wave reads the KV tiles that its query tiles visit, each once");
        tb_sim_case_free(&c);
    }
    print_message("%d waves\n", cases);
    gsl_rng_free(random);
}

static void law_of_large_problems(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    tb_census census = tb_sim_large_census(&c);
    if (census.q_tiles <= 1000000) {
        tb_q_tile_count *counts = fill(&c, census.q_tiles);
        check_sums(&c, &census, counts);
        free(counts);
    }
}

static void q_tile_counts__add_up_on_large_problems(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_large_problems, tb_test_cases(1000));
}

static void a_wrong_number_of_q_tiles__is_our_bug(void **state)
{
    (void)state;
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.layout = (tb_layout){.rank = 2, .extent = {9, 12}};
    c.problem.extra_q = 7;
    tb_q_tile_count counts[64];
    tb_error err;
    static const tb_pattern_kind kinds[] = {TB_PATTERN_DENSE, TB_PATTERN_CAUSAL};
    for (int i = 0; i < 2; i++) { /* dense by products, causal of rank 2 by rows */
        c.pattern.kind = kinds[i];
        c.tiling = (tb_tiling){.q_tile = {3, 4}, .kv_tile = {2, 4}};
        for (int64_t q_tiles = 1; q_tiles <= 20; q_tiles++) {
            tb_status status =
                tb_q_tile_counts_fill(&c.problem, &c.pattern, &c.tiling, q_tiles, counts, &err);
            if (q_tiles == 10) { /* 3 x 3, and one of the extra queries */
                tb_assert_ok(status, &err);
            } else {
                tb_assert_fails(status, &err, TB_EINTERNAL, "query tiles of the census");
            }
        }
    }
}

TB_TESTS(cmocka_unit_test(q_tile_counts__equal_tiles_and_census),
         cmocka_unit_test(q_tile_counts__come_group_by_group_and_row_by_row),
         cmocka_unit_test(a_wave__reads_the_union_of_its_tiles),
         cmocka_unit_test(q_tile_counts__add_up_on_large_problems),
         cmocka_unit_test(a_wrong_number_of_q_tiles__is_our_bug));
