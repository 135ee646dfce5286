/* Every kind of pattern: a query's KV intervals are exactly the keys that it sees, and runs of
 * queries unite to the union and the intersection of their rows. */
#include "sim_case.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

typedef struct collected {
    int64_t end;    /* of the last interval */
    int64_t tokens; /* of the layout */
    int64_t pairs;
    bool is_sorted; /* ascending, disjoint, not empty, inside the layout */
    uint64_t *bits;
} collected;

static void collect(int64_t begin, int64_t end, void *user)
{
    collected *c = user;
    c->is_sorted = c->is_sorted && begin >= c->end && begin < end && end <= c->tokens;
    if (c->is_sorted) {
        tb_bits_set_range(c->bits, begin, end);
        c->pairs += end - begin;
        c->end = end;
    }
}

static uint64_t *bit_set(int64_t tokens)
{
    uint64_t *bits = calloc((size_t)tb_bits_words(tokens), sizeof *bits);
    assert_non_null(bits);
    return bits;
}

/* Any kind over a random layout; sometimes larger than a few words of bits. */
static tb_sim_case draw_case(gsl_rng *random)
{
    tb_sim_case c;
    do {
        switch (tb_test_between(random, 0, 3)) {
        case 0:
            c = tb_sim_case_product(random);
            break;
        case 1:
            c = tb_sim_case_thin(random);
            break;
        default:
            c = tb_sim_case_rows(random);
            break;
        }
        tb_error err;
        if (tb_pattern_check(&c.pattern, &c.problem.layout, &err) == TB_OK) {
            return c;
        }
        tb_sim_case_free(&c); /* a mask that hides all */
    } while (true);
}

static void check_row(const tb_sim_case *c, int64_t query, collected *row)
{
    tb_pattern_row(&c->pattern, &c->problem.layout, query, collect, row);
    if (!row->is_sorted) {
        tb_sim_case_print(c);
        fail_msg("intervals of query %lld are no ascending, disjoint runs", (long long)query);
    }
    for (int64_t key = 0; key < row->tokens; key++) {
        bool is_seen = tb_oracle_sees(&c->problem, &c->pattern, query, key);
        if (tb_bits_get(row->bits, key) != is_seen) {
            tb_sim_case_print(c);
            fail_msg("query %lld %s key %lld", (long long)query,
                     is_seen ? "should see" : "should not see", (long long)key);
        }
    }
}

static void pattern_row__is_what_the_query_sees(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(4000), kinds[TB_PATTERN_COUNT] = {0};
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = draw_case(random);
        int64_t tokens = tb_layout_tokens(&c.problem.layout);
        uint64_t *bits = bit_set(tokens);
        int64_t step = tokens > 60 ? tokens / 30 : 1; /* of the larger ones, some queries */
        for (int64_t q = tb_test_between(random, 0, step - 1); q < tokens; q += step) {
            memset(bits, 0, (size_t)tb_bits_words(tokens) * sizeof *bits);
            collected row = {.tokens = tokens, .is_sorted = true, .bits = bits};
            check_row(&c, q, &row);
        }
        kinds[c.pattern.kind]++;
        free(bits);
        tb_sim_case_free(&c);
    }
    for (int kind = 0; kind < TB_PATTERN_FIELD_KINDS; kind++) {
        print_message("%d %s, ", kinds[kind], tb_pattern_types[kind]->name);
        assert_true(kinds[kind] > 0);
    }
    print_message("%d problems in all\n", cases);
    gsl_rng_free(random);
}

static tb_row_sets empty_sets(int64_t tokens)
{
    return (tb_row_sets){.any = bit_set(tokens),
                         .all = bit_set(tokens),
                         .scratch = bit_set(tokens),
                         .words = tb_bits_words(tokens)};
}

/* Sets that hold something already: the run must add to `any` and take from `all`. */
static tb_row_sets random_sets(gsl_rng *random, int64_t tokens)
{
    tb_row_sets sets = empty_sets(tokens);
    bool is_fresh = tb_test_between(random, 0, 1) == 0;
    for (int64_t key = 0; key < tokens; key++) {
        if (is_fresh || tb_test_between(random, 0, 4) > 0) {
            tb_bits_set(sets.all, key);
        }
        if (!is_fresh && tb_test_between(random, 0, 4) == 0) {
            tb_bits_set(sets.any, key);
        }
    }
    return sets;
}

static void free_sets(tb_row_sets *sets)
{
    free(sets->any);
    free(sets->all);
    free(sets->scratch);
}

/* What uniting queries [first, first + count) should make of `sets`; returns the visible pairs. */
static int64_t unite_by_rows(const tb_sim_case *c, int64_t tokens, int64_t first, int64_t count,
                             const tb_row_sets *sets, tb_row_sets *out)
{
    int64_t pairs = 0;
    for (int64_t key = 0; key < tokens; key++) {
        int64_t seen = 0;
        for (int64_t q = first; q < first + count; q++) {
            seen += tb_oracle_sees(&c->problem, &c->pattern, q, key);
        }
        if (seen > 0 || tb_bits_get(sets->any, key)) {
            tb_bits_set(out->any, key);
        }
        if (seen == count && tb_bits_get(sets->all, key)) {
            tb_bits_set(out->all, key);
        }
        pairs += seen;
    }
    return pairs;
}

static int64_t unite(const tb_sim_case *c, int64_t first, int64_t count, tb_row_sets *sets)
{
    int64_t pairs = tb_pattern_unite(&c->pattern, &c->problem.layout, first, count, sets);
    if (sets->none_for_all) {
        assert_false(tb_bits_any(sets->all, 0, tb_layout_tokens(&c->problem.layout)));
    }
    return pairs;
}

static void check_unite(const tb_sim_case *c, gsl_rng *random)
{
    int64_t tokens = tb_layout_tokens(&c->problem.layout);
    int64_t first = tb_test_between(random, 0, tokens - 1);
    int64_t most = tokens - first < 24 ? tokens - first : 24;
    int64_t count = tb_test_between(random, 1, most);
    tb_row_sets sets = random_sets(random, tokens);
    tb_row_sets want = empty_sets(tokens);
    int64_t want_pairs = unite_by_rows(c, tokens, first, count, &sets, &want);
    int64_t half = tb_test_between(random, 0, count - 1); /* at once, or in two runs */
    int64_t pairs = half == 0 ? 0 : unite(c, first, half, &sets);
    pairs += unite(c, first + half, count - half, &sets);
    size_t size = (size_t)sets.words * sizeof *sets.any;
    if (pairs != want_pairs || memcmp(sets.any, want.any, size) != 0 ||
        memcmp(sets.all, want.all, size) != 0 || memcmp(sets.scratch, want.scratch, size) != 0) {
        tb_sim_case_print(c);
        fail_msg("queries %lld to %lld unite wrongly: %lld pairs, wanted %lld", (long long)first,
                 (long long)(first + count - 1), (long long)pairs, (long long)want_pairs);
    }
    free_sets(&sets);
    free_sets(&want);
}

static void pattern_unite__is_union_and_intersection(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(5000);
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = draw_case(random);
        for (int run = 0; run < 3; run++) {
            check_unite(&c, random);
        }
        tb_sim_case_free(&c);
    }
    print_message("%d problems, 3 runs of queries each\n", cases);
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(pattern_row__is_what_the_query_sees),
         cmocka_unit_test(pattern_unite__is_union_and_intersection));
