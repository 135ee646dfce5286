/* Patterns that depend on content: rows come in any order and are what spans say; what is drawn is
 * drawn uniformly; more is never less; all is dense. */
#include "instance.h"
#include "random_case.h"
#include "test_support.h"

#include <math.h>
#include <stdlib.h>

static void shuffle__is_a_permutation_and_knows_its_inverse(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    static const int64_t sizes[] = {1, 2, 3, 72, 255, 256, 257, 300, 511, 512, 513, 1000, 4097};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int64_t n = sizes[i];
        uint8_t *met = calloc((size_t)n, 1);
        assert_non_null(met);
        tb_shuffle shuffle;
        tb_shuffle_make(&shuffle, n, (uint64_t)tb_test_between(random, 0, 99999), 7);
        for (int64_t rank = 0; rank < n; rank++) {
            int64_t place = tb_shuffle_place(&shuffle, rank);
            assert_in_range(place, 0, n - 1);
            assert_int_equal(met[place], 0);
            met[place] = 1;
            assert_int_equal(tb_shuffle_rank(&shuffle, place), rank);
        }
        free(met);
    }
    gsl_rng_free(random);
}

/* Draw k of n many times; of 40 pairs of places, how often both were drawn against
 * k (k - 1) / (n (n - 1)); of each place, against k / n. */
static void check_pairs(int64_t n, int64_t k, int draws)
{
    enum { PAIRS = 40 };
    int both[PAIRS] = {0}, one[PAIRS] = {0};
    for (int d = 0; d < draws; d++) {
        tb_shuffle shuffle;
        tb_shuffle_make(&shuffle, n, 20250728, (uint64_t)d);
        for (int64_t p = 0; p < PAIRS; p++) {
            int64_t a = p * 37 % n, b = (a + 1 + p / 2) % n; /* near and far ones */
            bool has_a = tb_shuffle_rank(&shuffle, a) < k;
            one[p] += has_a;
            both[p] += has_a && b != a && tb_shuffle_rank(&shuffle, b) < k;
        }
    }
    double p1 = (double)k / (double)n, p2 = p1 * (double)(k - 1) / (double)(n - 1);
    double square1 = 0, square2 = 0;
    for (int p = 0; p < PAIRS; p++) {
        square1 += pow(one[p] - draws * p1, 2) / (draws * p1 * (1 - p1));
        square2 += pow(both[p] - draws * p2, 2) / (draws * p2 * (1 - p2));
    }
    print_message("%lld of %lld: chi-squared of %d places %.1f, of pairs %.1f\n", (long long)k,
                  (long long)n, PAIRS, square1, square2);
    /* 40 degrees of freedom: a standard deviation of 9; the terms are not quite independent */
    assert_true(square1 < 40 + 5 * 9 && square2 < 40 + 5 * 9);
    assert_true(square1 > 10 && square2 > 10);
}

static void shuffle__draws_places_and_pairs_uniformly(void **state)
{
    (void)state;
    check_pairs(72, 9, tb_test_cases(40000));
    check_pairs(300, 45, tb_test_cases(40000));
    check_pairs(513, 200, tb_test_cases(40000));
    check_pairs(4097, 900, tb_test_cases(40000));
}

static void fail_run(const tb_sim_case *c, const char *what, int64_t first, int64_t count)
{
    tb_random_case_print(c);
    fail_msg("%s of queries %lld to %lld are not what their rows say", what, (long long)first,
             (long long)(first + count - 1));
}

/* Do ascending, disjoint spans that do not touch hold exactly the keys with `wanted` queries? */
static bool spans_match(const tb_span *spans, size_t count, const uint8_t *rows, int64_t n,
                        int64_t first, int64_t queries, bool by_all)
{
    size_t next = 0;
    for (size_t i = 1; i < count; i++) {
        if (spans[i].begin <= spans[i - 1].end) {
            return false;
        }
    }
    for (int64_t key = 0; key < n; key++) {
        int64_t seen = 0;
        for (int64_t q = first; q < first + queries; q++) {
            seen += rows[q * n + key];
        }
        while (next < count && spans[next].end <= key) {
            next++;
        }
        bool has = next < count && spans[next].begin <= key;
        if (has != (by_all ? seen == queries : seen > 0)) {
            return false;
        }
    }
    return true;
}

static void check_spans(const tb_sim_case *c, const uint8_t *rows, int64_t first, int64_t count,
                        tb_spans *spans)
{
    tb_error err;
    int64_t n = tb_layout_tokens(&c->problem.layout), pairs = 0;
    tb_assert_ok(tb_pattern_spans(&c->pattern, &c->problem.layout, first, count, spans, &err),
                 &err);
    for (int64_t i = first * n; i < (first + count) * n; i++) {
        pairs += rows[i];
    }
    if (!spans_match(spans->any, spans->any_count, rows, n, first, count, false)) {
        fail_run(c, "the keys that some see", first, count);
    }
    if (!spans_match(spans->all, spans->all_count, rows, n, first, count, true)) {
        fail_run(c, "the keys that all see", first, count);
    }
    if (spans->pairs != pairs) {
        fail_run(c, "the pairs", first, count);
    }
}

static void spans__are_the_union_and_intersection_of_rows(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(1200);
    tb_spans spans = {0}; /* one for all cases: what is kept from the one must not leak */
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = tb_random_case(random, tb_random_kinds[i % TB_RANDOM_KINDS]);
        int64_t n = tb_layout_tokens(&c.problem.layout);
        uint8_t *rows = tb_random_case_rows(&c);
        for (int run = 0; run < 8; run++) {
            int64_t first = tb_test_between(random, 0, n - 1);
            int64_t most = n - first < 40 ? n - first : 40;
            check_spans(&c, rows, first, tb_test_between(random, 1, most), &spans);
        }
        check_spans(&c, rows, 0, n, &spans);
        free(rows);
    }
    tb_spans_free(&spans);
    print_message("%d patterns, 9 runs of queries each\n", cases);
    gsl_rng_free(random);
}

static void causal_ones__hide_later_keys(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(1200), causal = 0, other = 0;
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = tb_random_case(random, tb_random_kinds[i % TB_RANDOM_KINDS]);
        int64_t n = tb_layout_tokens(&c.problem.layout), later = 0;
        uint8_t *rows = tb_random_case_rows(&c);
        for (int64_t q = 0; q < n; q++) {
            for (int64_t key = q + 1; key < n; key++) {
                later += rows[q * n + key];
            }
        }
        if (tb_pattern_types[c.pattern.kind]->is_causal(&c.pattern, &c.problem.layout)) {
            causal++;
            if (later > 0) {
                tb_random_case_print(&c);
                fail_msg("a causal pattern shows %lld later keys", (long long)later);
            }
        } else {
            other += later > 0;
        }
        free(rows);
    }
    print_message("%d causal patterns, %d that show later keys\n", causal, other);
    assert_true(causal > 0 && other > 0);
    gsl_rng_free(random);
}

/* Parameters of each kind whose growth may only add keys. */
typedef struct growth {
    tb_pattern_kind kind;
    const char *name;
    bool is_real;
} growth;

static const growth growths[] = {
    {TB_PATTERN_BLOCK_SPARSE, "topk", false},
    {TB_PATTERN_BLOCK_SPARSE, "density", true},
    {TB_PATTERN_TOPK, "keys", false},
    {TB_PATTERN_VERTICAL_SLASH, "vertical", false},
    {TB_PATTERN_VERTICAL_SLASH, "slash", false},
};

/* Let a parameter have another value; of block-sparse, density or topk alone. */
static void set(tb_pattern *pattern, const growth *grows, int64_t integer, double real)
{
    if (pattern->kind == TB_PATTERN_BLOCK_SPARSE) {
        static const char *const others[] = {"density", "topk", "decay"};
        for (int i = 0; i < 3; i++) {
            bool is_decay = i == 2 && grows->is_real; /* a falling density grows too */
            int index = tb_pattern_parameter_index(pattern->kind, others[i]);
            pattern->value[index].given &= is_decay;
        }
    }
    if (grows->is_real) {
        tb_random_case_real(pattern, grows->name, real);
    } else {
        tb_random_case_integer(pattern, grows->name, integer);
    }
}

static void more__is_never_less_and_all_is_dense(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int kinds = (int)(sizeof growths / sizeof *growths), cases = tb_test_cases(600);
    for (int i = 0; i < cases; i++) {
        const growth *grows = &growths[i % kinds];
        tb_sim_case c = tb_random_case(random, grows->kind);
        int64_t n = tb_layout_tokens(&c.problem.layout), seen = 0, dense = 0;
        int64_t value = tb_test_between(random, 1, n);
        double real = gsl_rng_uniform(random);
        set(&c.pattern, grows, value, real);
        uint8_t *less = tb_random_case_rows(&c);
        set(&c.pattern, grows, value + tb_test_between(random, 0, 9), real + (1 - real) / 2);
        uint8_t *more = tb_random_case_rows(&c);
        for (int64_t j = 0; j < n * n; j++) {
            if (less[j] > more[j]) {
                tb_random_case_print(&c);
                fail_msg("query %lld lost key %lld when %s grew", (long long)(j / n),
                         (long long)(j % n), grows->name);
            }
        }
        set(&c.pattern, grows, n, 1);
        if (grows->kind == TB_PATTERN_BLOCK_SPARSE) {
            c.pattern.value[tb_pattern_parameter_index(grows->kind, "decay")].given = false;
        }
        uint8_t *all = tb_random_case_rows(&c);
        bool is_causal = tb_pattern_types[grows->kind]->is_causal(&c.pattern, &c.problem.layout);
        for (int64_t j = 0; j < n * n; j++) {
            seen += all[j];
            dense += !is_causal || j % n <= j / n;
        }
        if (seen != dense) {
            tb_random_case_print(&c);
            fail_msg("%lld of %lld pairs", (long long)seen, (long long)dense);
        }
        free(less);
        free(more);
        free(all);
    }
    print_message("%d patterns\n", cases);
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(more__is_never_less_and_all_is_dense),
         cmocka_unit_test(shuffle__is_a_permutation_and_knows_its_inverse),
         cmocka_unit_test(shuffle__draws_places_and_pairs_uniformly),
         cmocka_unit_test(spans__are_the_union_and_intersection_of_rows),
         cmocka_unit_test(causal_ones__hide_later_keys));
