/* The expected census of random patterns: closed forms are the means of many instances, intervals
 * hold most of them, and samples agree with both. */
#include "checked.h"
#include "expected_census.h"
#include "occupancy.h"
#include "random_case.h"
#include "test_support.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

static void log_none__is_the_product_of_its_factors(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(3000);
    for (int i = 0; i < cases; i++) {
        int64_t n = tb_test_between(random, 1, i % 3 == 0 ? 1000000 : 900);
        int64_t m = tb_test_between(random, 0, n);
        int64_t x = tb_test_between(random, 0, i % 2 == 0 ? tb_min(n, 300) : n);
        double got = tb_log_none(n, m, x);
        if (m > n - x) {
            assert_true(m == 0 || x == 0 ? got == 0 : got == -HUGE_VAL);
            continue;
        }
        long double want = 0;
        for (int64_t j = 0; j < tb_min(m, x); j++) {
            want += log1pl(-(long double)tb_max(m, x) / (long double)(n - j));
        }
        tb_assert_close(got, (double)want, 1e-11);
    }
    /* C(7, 2) / C(10, 2) = 21 / 45 */
    tb_assert_close(exp(tb_log_none(10, 2, 3)), 21.0 / 45, 1e-14);
    print_message("%d of n, m, x\n", cases);
    gsl_rng_free(random);
}

/* Mean and variance of what many instances count. */
typedef struct running {
    double count, mean, squares;
} running;

static void add(running *r, double value)
{
    double off = value - r->mean;
    r->count++;
    r->mean += off / r->count;
    r->squares += off * (value - r->mean);
}

typedef struct counted {
    running visited, full, pairs, max;
    double inside, outside; /* of the interval of visited */
} counted;

static void count_instances(const tb_sim_case *c, int instances, const tb_expected_census *expected,
                            counted *out)
{
    for (int i = 0; i < instances; i++) {
        tb_sim_case one = *c;
        one.pattern.seed = c->pattern.seed + 1000003 + (uint64_t)i;
        tb_census census = {0}; /* an instance that shows nothing is refused: it counts as that */
        tb_error err;
        if (tb_pattern_check(&one.pattern, &one.problem.layout, &err) == TB_OK) {
            tb_assert_ok(
                tb_census_count(&one.problem, &one.pattern, &one.tiling, NULL, &census, &err),
                &err);
        }
        double visited = (double)census.visited;
        add(&out->visited, visited);
        add(&out->full, (double)census.full);
        add(&out->pairs, (double)census.visible_pairs);
        add(&out->max, (double)census.max);
        bool is_in =
            visited >= expected->visited.low - 1e-6 && visited <= expected->visited.high + 1e-6;
        out->inside += is_in;
        out->outside += !is_in;
    }
}

/* Within 4 standard errors, of the instances' own spread and of the rarest event that they show. */
static void check_mean(const tb_sim_case *c, const char *what, const running *r, double expected)
{
    double error = sqrt(r->squares / (r->count - 1) / r->count);
    double slack = 4 * error + 4 / r->count + 1e-9 * fabs(expected);
    if (!(fabs(r->mean - expected) <= slack)) {
        tb_random_case_print(c);
        fail_msg("%s: %.6f expected, %.6f +- %.6f of %.0f instances", what, expected, r->mean,
                 error, r->count);
    }
}

static tb_sim_case kept_case(gsl_rng *random, int i)
{
    tb_sim_case c = tb_random_case(random, i % 2 ? TB_PATTERN_TOPK : TB_PATTERN_BLOCK_SPARSE);
    while (c.problem.layout.extent[0] > 90) {
        c = tb_random_case(random, c.pattern.kind);
    }
    c.problem.extra_kv = c.problem.extra_q = 0; /* instances that show nothing count as that */
    if (i % 4 < 2) {                            /* mask blocks that divide tiles */
        const char *q = c.pattern.kind == TB_PATTERN_TOPK ? "group" : "block_q";
        int64_t block_q = tb_pattern_integer(&c.pattern, q);
        c.tiling.q_tile[0] = block_q * tb_test_between(random, 1, 3);
        if (c.pattern.kind == TB_PATTERN_BLOCK_SPARSE) {
            c.tiling.kv_tile[0] =
                tb_pattern_integer(&c.pattern, "block_kv") * tb_test_between(random, 1, 3);
        }
    }
    return c;
}

static void closed_forms__are_the_means_of_instances(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(160), exact = 0, instances = 600;
    double inside[2] = {0}, all[2] = {0}; /* of exact variances, of sampled ones */
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = kept_case(random, i);
        tb_expected_census expected;
        tb_error err;
        tb_assert_ok(tb_census_expect(&c.problem, &c.pattern, &c.tiling, 30, &expected, &err),
                     &err);
        assert_true(expected.is_closed_form);
        counted got = {0};
        count_instances(&c, instances, &expected, &got);
        check_mean(&c, "visited", &got.visited, expected.visited.mean);
        check_mean(&c, "full", &got.full, expected.full.mean);
        check_mean(&c, "visible pairs", &got.pairs, expected.visible_pairs.mean);
        exact += !expected.is_interval_sampled;
        inside[expected.is_interval_sampled] += got.inside;
        all[expected.is_interval_sampled] += got.inside + got.outside;
    }
    print_message("%d patterns of %d instances, %d with exact variance: %.1f %% of their instances "
                  "lie in the 95 %% interval, of the others %.1f %%\n",
                  cases, instances, exact, 100 * inside[0] / all[0], 100 * inside[1] / all[1]);
    assert_true(exact > 0 && exact < cases);
    assert_true(inside[0] > 0.92 * all[0] && inside[1] > 0.9 * all[1]);
    gsl_rng_free(random);
}

/* 4096 tokens, tiles of 64 x 64, all means and intervals of one pattern. */
static tb_sim_case large_case(tb_pattern_kind kind)
{
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.layout = (tb_layout){.rank = 1, .extent = {4096}};
    c.tiling = (tb_tiling){.kind = TB_TILING_SINGLE_DIM, .q_tile = {64}, .kv_tile = {64}};
    c.pattern.kind = kind;
    c.pattern.seed = 72;
    return c;
}

/* The interval is neither too narrow nor too wide, where counts are large. */
static void intervals__hold_95_of_100_instances(void **state)
{
    (void)state;
    tb_sim_case cases[4];
    cases[0] = large_case(TB_PATTERN_TOPK);
    tb_random_case_integer(&cases[0].pattern, "keys", 37);
    tb_random_case_integer(&cases[0].pattern, "group", 16);
    cases[1] = large_case(TB_PATTERN_BLOCK_SPARSE);
    tb_random_case_real(&cases[1].pattern, "density", 0.13);
    tb_random_case_integer(&cases[1].pattern, "causal", 1);
    tb_random_case_integer(&cases[1].pattern, "block_q", 32);
    cases[2] = large_case(TB_PATTERN_BLOCK_SPARSE);
    tb_random_case_integer(&cases[2].pattern, "topk", 9);
    tb_random_case_integer(&cases[2].pattern, "block_q", 8);
    tb_random_case_integer(&cases[2].pattern, "block_kv", 32);
    tb_random_case_integer(&cases[2].pattern, "causal", 1);
    cases[3] = large_case(TB_PATTERN_BLOCK_SPARSE);
    tb_random_case_real(&cases[3].pattern, "density", 0.8);
    tb_random_case_real(&cases[3].pattern, "decay", 0.9);
    for (int i = 0; i < 4; i++) {
        tb_expected_census expected;
        tb_error err;
        tb_assert_ok(tb_census_expect(&cases[i].problem, &cases[i].pattern, &cases[i].tiling, 30,
                                      &expected, &err),
                     &err);
        assert_false(expected.is_interval_sampled);
        counted got = {0};
        int instances = tb_test_cases(400);
        count_instances(&cases[i], instances, &expected, &got);
        double deviation = sqrt(got.visited.squares / (got.visited.count - 1));
        double predicted = (expected.visited.high - expected.visited.low) / 2 / 1.959964;
        print_message("visited %.1f, %.1f +- %.2f of instances (deviation %.2f predicted), largest "
                      "%.2f, %.2f of instances; %.1f %% inside\n",
                      expected.visited.mean, got.visited.mean, deviation, predicted,
                      expected.max.mean, got.max.mean,
                      100 * got.inside / (got.inside + got.outside));
        check_mean(&cases[i], "visited", &got.visited, expected.visited.mean);
        /* the deviation of a sample of 400 is off by 3.5 %, of 40 by 11 % */
        tb_assert_close(predicted, deviation, instances < 400 ? 0.5 : 0.15);
        tb_assert_close(expected.max.mean, got.max.mean, 0.03);
    }
}

/* P(no column and no run of diagonals meets a tile), of all tiles at or below the diagonal. */
static double visited_by_slashes(int64_t n, int64_t tile, int64_t vertical, int64_t slash)
{
    double visited = 0;
    for (int64_t q = 0; q < n; q += tile) {
        for (int64_t k = 0; k <= q; k += tile) {
            /* diagonals: slash_block 1, slash_run 1; offsets q - k - tile + 1 to q - k + tile - 1
             */
            int64_t from = tb_max(q - k - tile + 1, 0), to = q - k + tile;
            if (from == 0) {
                visited++; /* the main one */
                continue;
            }
            double none = tb_log_none(n, vertical, tile) +
                          tb_log_none(n - 1, slash - 1, tb_min(to, n) - from);
            visited += 1 - exp(none);
        }
    }
    return visited;
}

static void samples__agree_with_the_closed_form_of_vertical_slash(void **state)
{
    (void)state;
    tb_sim_case c = large_case(TB_PATTERN_VERTICAL_SLASH);
    tb_random_case_integer(&c.pattern, "vertical", 5);
    tb_random_case_integer(&c.pattern, "slash", 7);
    tb_random_case_integer(&c.pattern, "slash_block", 1);
    tb_random_case_integer(&c.pattern, "slash_run", 1);
    tb_random_case_integer(&c.pattern, "first", 0);
    tb_random_case_integer(&c.pattern, "near", 1);
    tb_expected_census expected;
    tb_error err;
    int samples = 400;
    tb_assert_ok(tb_census_expect(&c.problem, &c.pattern, &c.tiling, samples, &expected, &err),
                 &err);
    assert_false(expected.is_closed_form);
    assert_int_equal(expected.samples, samples);
    assert_int_equal(expected.seed, 72);
    double want = visited_by_slashes(4096, 64, 5, 7);
    double error = (expected.visited.high - expected.visited.low) / 2 / 2.0 / sqrt(samples + 1.0);
    print_message("visited %.1f by formula, %.1f +- %.1f by %d samples of %lld query tiles\n", want,
                  expected.visited.mean, error, samples, (long long)expected.q_tiles_counted);
    assert_true(fabs(expected.visited.mean - want) < 4 * error);
}

/* Sorted clusters are a block diagonal: 4096 tokens in 16 clusters, each of 4 x 4 tiles of 64. */
static void sorted_clusters__are_no_random_count(void **state)
{
    (void)state;
    tb_sim_case c = large_case(TB_PATTERN_CLUSTERED);
    tb_random_case_integer(&c.pattern, "clusters", 16);
    tb_expected_census sorted, unsorted;
    tb_error err;
    tb_assert_ok(tb_census_expect(&c.problem, &c.pattern, &c.tiling, 5, &sorted, &err), &err);
    tb_assert_close(sorted.visited.mean, 16 * 4 * 4, 1e-12);
    tb_assert_close(sorted.visited.low, 256, 1e-12);
    tb_assert_close(sorted.visited.high, 256, 1e-12);
    tb_assert_close(sorted.full.mean, 256, 1e-12);
    tb_assert_close(sorted.visible_pairs.mean, 16 * 256 * 256, 1e-12);
    /* without sorting, 64 queries of 16 clusters visit all 64 x 64 tiles */
    tb_random_case_integer(&c.pattern, "sorted", 0);
    tb_assert_ok(tb_census_expect(&c.problem, &c.pattern, &c.tiling, 5, &unsorted, &err), &err);
    assert_true(unsorted.visited.mean > 0.99 * 64 * 64);
    tb_assert_close(unsorted.visible_pairs.mean, 16 * 256 * 256, 1e-12);
}

/* The samples' means are those of the closed form, for kinds that have both. */
static void boxes__are_counted_by_whole_instances(void **state)
{
    (void)state;
    tb_sim_case c = large_case(TB_PATTERN_TOPK);
    c.problem.layout = (tb_layout){.rank = 2, .extent = {24, 18}};
    c.tiling = (tb_tiling){.kind = TB_TILING_MULTI_DIM, .q_tile = {4, 3}, .kv_tile = {4, 6}};
    tb_random_case_integer(&c.pattern, "keys", 5);
    tb_expected_census expected;
    tb_error err;
    tb_assert_ok(tb_census_expect(&c.problem, &c.pattern, &c.tiling, 200, &expected, &err), &err);
    assert_false(expected.is_closed_form);
    /* 36 query tiles of 12 queries, 18 KV tiles of 24 keys of 432 */
    double want = 36 * 18 * (1 - exp(12 * tb_log_none(432, 5, 24)));
    double error = (expected.visited.high - expected.visited.low) / 2 / 1.97 / sqrt(201.0);
    assert_true(fabs(expected.visited.mean - want) < 4 * error);
}

static void extra_tokens__are_added_as_they_are(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(200);
    for (int i = 0; i < cases; i++) {
        /* dense ones, so that the census says it all */
        tb_sim_case c = tb_random_case(random, TB_PATTERN_TOPK);
        tb_random_case_integer(&c.pattern, "keys", c.problem.layout.extent[0]);
        tb_expected_census expected;
        tb_census census;
        tb_error err;
        tb_assert_ok(tb_census_expect(&c.problem, &c.pattern, &c.tiling, 3, &expected, &err), &err);
        tb_assert_ok(tb_census_count(&c.problem, &c.pattern, &c.tiling, NULL, &census, &err), &err);
        tb_assert_close(expected.visited.mean, (double)census.visited, 1e-12);
        tb_assert_close(expected.full.mean, (double)census.full, 1e-12);
        tb_assert_close(expected.visible_pairs.mean, (double)census.visible_pairs, 1e-12);
        tb_assert_close(expected.max.mean, (double)census.max, 1e-12);
    }
    gsl_rng_free(random);
}

static void what_makes_no_sense__is_refused(void **state)
{
    (void)state;
    tb_sim_case c = large_case(TB_PATTERN_TOPK);
    tb_expected_census expected;
    tb_error err;
    tb_assert_fails(tb_census_expect(&c.problem, &c.pattern, &c.tiling, 9, &expected, &err), &err,
                    TB_EINVAL, "needs keys");
    tb_random_case_integer(&c.pattern, "keys", 7);
    tb_assert_fails(tb_census_expect(&c.problem, &c.pattern, &c.tiling, 1, &expected, &err), &err,
                    TB_EINVAL, "1 samples; from 2");
    c.pattern.kind = TB_PATTERN_CAUSAL;
    tb_assert_fails(tb_census_expect(&c.problem, &c.pattern, &c.tiling, 9, &expected, &err), &err,
                    TB_EINVAL, "the same for any content");
    c = large_case(TB_PATTERN_BLOCK_SPARSE);
    tb_assert_fails(tb_census_expect(&c.problem, &c.pattern, &c.tiling, 9, &expected, &err), &err,
                    TB_EINVAL, "neither density nor topk");
    tb_random_case_real(&c.pattern, "density", 0);
    tb_assert_fails(tb_census_expect(&c.problem, &c.pattern, &c.tiling, 9, &expected, &err), &err,
                    TB_EINVAL, "keeps no mask block");
    tb_random_case_integer(&c.pattern, "topk", 3);
    tb_assert_fails(tb_census_expect(&c.problem, &c.pattern, &c.tiling, 9, &expected, &err), &err,
                    TB_EINVAL, "both density and topk");
    c = large_case(TB_PATTERN_CLUSTERED);
    tb_random_case_integer(&c.pattern, "clusters", 4097);
    tb_assert_fails(tb_census_expect(&c.problem, &c.pattern, &c.tiling, 9, &expected, &err), &err,
                    TB_EINVAL, "at most one a token");
}

/* A million tokens: within the work that is allowed, whatever the kind. */
static void a_million_tokens__are_quick(void **state)
{
    (void)state;
    tb_sim_case cases[8];
    for (int i = 0; i < 8; i++) {
        static const tb_pattern_kind kinds[] = {TB_PATTERN_TOPK,         TB_PATTERN_BLOCK_SPARSE,
                                                TB_PATTERN_BLOCK_SPARSE, TB_PATTERN_BLOCK_SPARSE,
                                                TB_PATTERN_BLOCK_SPARSE, TB_PATTERN_VERTICAL_SLASH,
                                                TB_PATTERN_CLUSTERED,    TB_PATTERN_CLUSTERED};
        cases[i] = large_case(kinds[i]);
        cases[i].problem.layout.extent[0] = 1 << 20;
        cases[i].tiling.q_tile[0] = cases[i].tiling.kv_tile[0] = 128;
        if (kinds[i] != TB_PATTERN_VERTICAL_SLASH) {
            tb_random_case_integer(&cases[i].pattern, "causal", 1);
        }
    }
    tb_random_case_integer(&cases[0].pattern, "keys", 2048);
    tb_random_case_integer(&cases[0].pattern, "local", 512);
    tb_random_case_real(&cases[1].pattern, "density", 0.1);
    tb_random_case_real(&cases[2].pattern, "density", 0.9);
    tb_random_case_real(&cases[2].pattern, "decay", 0.9995);
    tb_random_case_integer(&cases[3].pattern, "topk", 16); /* NSA */
    tb_random_case_integer(&cases[3].pattern, "block_q", 1);
    tb_random_case_integer(&cases[3].pattern, "sink", 1);
    tb_random_case_integer(&cases[3].pattern, "local", 2);
    tb_random_case_real(&cases[4].pattern, "density", 0.1); /* variance by samples */
    tb_random_case_integer(&cases[4].pattern, "block_q", 256);
    tb_random_case_integer(&cases[4].pattern, "block_kv", 100);
    tb_random_case_integer(&cases[5].pattern, "vertical", 1000);
    tb_random_case_integer(&cases[5].pattern, "slash", 6096);
    tb_random_case_integer(&cases[6].pattern, "clusters", 1024);
    tb_random_case_integer(&cases[6].pattern, "neighbours", 1);
    tb_random_case_integer(&cases[7].pattern, "clusters", 1024);
    tb_random_case_integer(&cases[7].pattern, "sorted", 0);
    for (int i = 0; i < 8; i++) {
        tb_expected_census expected;
        tb_error err;
        clock_t start = clock();
        tb_assert_ok(tb_census_expect(&cases[i].problem, &cases[i].pattern, &cases[i].tiling, 8,
                                      &expected, &err),
                     &err);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        print_message("%s: visited %.4g (%.4g to %.4g), %.3g %% of the pairs; %lld query tiles of "
                      "%lld samples, %.2f s\n",
                      tb_pattern_name(cases[i].pattern.kind), expected.visited.mean,
                      expected.visited.low, expected.visited.high,
                      100 * expected.visible_pairs.mean / 0x1p40,
                      (long long)expected.q_tiles_counted, (long long)expected.samples, seconds);
        assert_true(expected.visited.low <= expected.visited.mean &&
                    expected.visited.mean <= expected.visited.high);
        assert_true(expected.visited.mean > 8192 && expected.visited.mean <= 0x1p26);
    }
}

TB_TESTS(cmocka_unit_test(log_none__is_the_product_of_its_factors),
         cmocka_unit_test(closed_forms__are_the_means_of_instances),
         cmocka_unit_test(intervals__hold_95_of_100_instances),
         cmocka_unit_test(samples__agree_with_the_closed_form_of_vertical_slash),
         cmocka_unit_test(sorted_clusters__are_no_random_count),
         cmocka_unit_test(boxes__are_counted_by_whole_instances),
         cmocka_unit_test(extra_tokens__are_added_as_they_are),
         cmocka_unit_test(what_makes_no_sense__is_refused),
         cmocka_unit_test(a_million_tokens__are_quick));
