/* What visits each KV tile equals the enumeration of tokens, and sums up to the census. */
#include "kv_tile_counts.h"

#include "sim_large.h"
#include "test_support.h"

#include <stdlib.h>

typedef tb_sim_case draw_fn(gsl_rng *random);

static tb_q_tile_count *fill(const tb_sim_case *c, int64_t kv_tiles)
{
    tb_q_tile_count *counts = calloc((size_t)kv_tiles, sizeof *counts);
    assert_non_null(counts);
    tb_error err;
    tb_status status =
        tb_kv_tile_counts_fill(&c->problem, &c->pattern, &c->tiling, kv_tiles, counts, &err);
    if (status != TB_OK) {
        tb_sim_case_print(c);
    }
    tb_assert_ok(status, &err);
    return counts;
}

static void check_sums(const tb_sim_case *c, const tb_census *census, const tb_q_tile_count *counts)
{
    int64_t visited = 0, full = 0;
    bool is_ordered = true;
    for (int64_t k = 0; k < census->kv_tiles; k++) {
        visited += counts[k].visited;
        full += counts[k].full;
        is_ordered = is_ordered && counts[k].full >= 0 && counts[k].full <= counts[k].visited &&
                     counts[k].visited <= census->q_tiles;
    }
    tb_sim_large_assert(c, is_ordered, "0 <= full <= visited <= query tiles for each KV tile");
    tb_sim_large_assert(c, visited == census->visited, "visits add up to the census");
    tb_sim_large_assert(c, full == census->full, "full tiles add up to the census");
}

/* KV tile by KV tile, in its number, pair of tokens by pair of tokens. */
static void check_enumeration(const tb_sim_case *c, const tb_q_tile_count *counts)
{
    tb_oracle *oracle = tb_oracle_create(&c->problem, &c->pattern, &c->tiling);
    for (int64_t k = 0; k < oracle->kv.count; k++) {
        int64_t visited = 0, full = 0;
        for (int64_t q = 0; q < oracle->q.count; q++) {
            tb_oracle_relation relation = tb_oracle_relate(oracle, q, k);
            visited += relation != TB_ORACLE_EMPTY;
            full += relation == TB_ORACLE_FULL;
        }
        if (visited != counts[k].visited || full != counts[k].full) {
            tb_sim_case_print(c);
            fail_msg("KV tile %lld: %lld visits, %lld full; enumerated %lld and %lld", (long long)k,
                     (long long)counts[k].visited, (long long)counts[k].full, (long long)visited,
                     (long long)full);
        }
    }
    tb_oracle_destroy(oracle);
}

/* The kinds of problems that were drawn, so that none is missing. */
typedef struct variety {
    int problems, extra_kv, extra_q, single_dim, dilated;
    int patterns[TB_PATTERN_COUNT];
} variety;

static void check_case(const tb_sim_case *c, variety *seen)
{
    tb_error err;
    if (tb_pattern_check(&c->pattern, &c->problem.layout, &err) != TB_OK) {
        return; /* a mask that shows nothing */
    }
    tb_census census = tb_sim_large_census(c);
    tb_q_tile_count *counts = fill(c, census.kv_tiles);
    check_sums(c, &census, counts);
    check_enumeration(c, counts);
    seen->problems++;
    seen->extra_kv += c->problem.extra_kv > 0;
    seen->extra_q += c->problem.extra_q > 0;
    seen->single_dim += c->tiling.kind == TB_TILING_SINGLE_DIM;
    seen->dilated += tb_pattern_dilation(&c->pattern, 0) > 1;
    seen->patterns[c->pattern.kind]++;
    free(counts);
}

static void check_many(draw_fn *draw, int cases, variety *seen)
{
    gsl_rng *random = tb_test_random();
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = draw(random);
        c.tiling.kv_tiling = TB_KV_STATIC; /* dynamic KV tiles have no numbers */
        check_case(&c, seen);
        tb_sim_case_free(&c);
    }
    gsl_rng_free(random);
}

static void kv_tile_counts__equal_enumeration_and_census(void **state)
{
    (void)state;
    variety seen = {0};
    check_many(tb_sim_case_product, tb_test_cases(2500), &seen);
    check_many(tb_sim_case_rows, tb_test_cases(1500), &seen);
    check_many(tb_sim_case_aligned, tb_test_cases(500), &seen);
    print_message("%d problems: %d with extra KV, %d with extra queries, %d single-dim, %d "
                  "dilated\n",
                  seen.problems, seen.extra_kv, seen.extra_q, seen.single_dim, seen.dilated);
    assert_true(seen.extra_kv > 0 && seen.extra_q > 0 && seen.single_dim > 0 && seen.dilated > 0);
    for (int p = 0; p < TB_PATTERN_FIELD_KINDS; p++) {
        assert_true(seen.patterns[p] > 0);
    }
}

/* 9 tokens, causal, query tiles of 2, KV tiles of 4. KV tile [0, 4): all five query tiles visit it;
 * {0, 1} and {2, 3} in part. [4, 8): {4, 5} and {6, 7} in part, {8} in full. [8, 9): {8}, which is
 * not full, for it reaches past the end. */
static void kv_tile_counts__of_a_causal_pattern_fall(void **state)
{
    (void)state;
    static const tb_q_tile_count want[] = {{5, 3}, {3, 1}, {1, 0}};
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.layout = (tb_layout){.rank = 1, .extent = {9}};
    c.problem.pass = TB_PASS_BACKWARD;
    c.pattern.kind = TB_PATTERN_CAUSAL;
    c.tiling = (tb_tiling){.kind = TB_TILING_SINGLE_DIM, .q_tile = {2}, .kv_tile = {4}};
    tb_q_tile_count *counts = fill(&c, 3);
    assert_memory_equal(counts, want, sizeof want);
    free(counts);
}

static void a_wrong_number_of_kv_tiles__is_our_bug(void **state)
{
    (void)state;
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.layout = (tb_layout){.rank = 2, .extent = {9, 12}};
    c.problem.extra_kv = 7;
    c.tiling = (tb_tiling){.q_tile = {3, 4}, .kv_tile = {2, 4}};
    tb_q_tile_count counts[64];
    tb_error err;
    for (int64_t kv_tiles = 1; kv_tiles <= 20; kv_tiles++) {
        tb_status status =
            tb_kv_tile_counts_fill(&c.problem, &c.pattern, &c.tiling, kv_tiles, counts, &err);
        if (kv_tiles == 16) { /* 5 x 3, and one of the extra tokens */
            tb_assert_ok(status, &err);
        } else {
            tb_assert_fails(status, &err, TB_EINTERNAL, "KV tiles of the census");
        }
    }
}

static void dynamic_kv_tiles__have_no_counts(void **state)
{
    (void)state;
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.layout = (tb_layout){.rank = 1, .extent = {72}};
    c.pattern.kind = TB_PATTERN_GNA;
    c.pattern.window[0] = 12;
    c.tiling = (tb_tiling){.q_tile = {8}, .kv_tile = {8}, .kv_tiling = TB_KV_DYNAMIC};
    tb_q_tile_count counts[16];
    tb_error err;
    tb_assert_fails(tb_kv_tile_counts_fill(&c.problem, &c.pattern, &c.tiling, 9, counts, &err),
                    &err, TB_EINVAL, "dynamic");
}

TB_TESTS(cmocka_unit_test(kv_tile_counts__equal_enumeration_and_census),
         cmocka_unit_test(kv_tile_counts__of_a_causal_pattern_fall),
         cmocka_unit_test(a_wrong_number_of_kv_tiles__is_our_bug),
         cmocka_unit_test(dynamic_kv_tiles__have_no_counts));
