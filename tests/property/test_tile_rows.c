/* The tiles themselves, one query tile at a time, equal enumeration bit by bit, and sum up to the
 * census. */
#include "sim_case.h"
#include "test_support.h"
#include "tile_view.h"

typedef tb_sim_case draw_fn(gsl_rng *random);

typedef struct totals {
    int64_t visited, full, visible_pairs;
} totals;

static void check_bit(const tb_sim_case *c, int64_t q, int64_t k, tb_oracle_relation is,
                      const tb_tile_row *row)
{
    bool is_visited = tb_bits_get(row->visited, k), is_full = tb_bits_get(row->full, k);
    if (is_visited != (is != TB_ORACLE_EMPTY) || is_full != (is == TB_ORACLE_FULL)) {
        tb_sim_case_print(c);
        fail_msg("query tile %lld, KV tile %lld: visited %d, full %d; enumeration says %s",
                 (long long)q, (long long)k, is_visited, is_full,
                 is == TB_ORACLE_EMPTY     ? "empty"
                 : is == TB_ORACLE_PARTIAL ? "partial"
                                           : "full");
    }
}

static int64_t own_pairs(const tb_oracle *oracle, int64_t q)
{
    int64_t pairs = 0;
    for (int64_t k = 0; k < oracle->kv.own; k++) {
        pairs += tb_oracle_pairs(oracle, q, k);
    }
    return pairs;
}

static void check_row(const tb_sim_case *c, const tb_oracle *oracle, int64_t q,
                      const tb_tile_row *row, totals *sum)
{
    assert_int_equal(row->queries, tb_oracle_tile_size(&oracle->q, q));
    for (int64_t k = 0; k < oracle->kv.count; k++) {
        check_bit(c, q, k, tb_oracle_relate(oracle, q, k), row);
        sum->visited += tb_bits_get(row->visited, k);
        sum->full += tb_bits_get(row->full, k);
    }
    for (int64_t k = oracle->kv.count; k < tb_bits_words(oracle->kv.count) * 64; k++) {
        assert_false(tb_bits_get(row->visited, k));
        assert_false(tb_bits_get(row->full, k));
    }
    if (row->visible_pairs != 0 && q < oracle->q.own) {
        assert_int_equal(row->visible_pairs, own_pairs(oracle, q));
    }
    sum->visible_pairs += row->visible_pairs;
}

static void check_sums(const tb_sim_case *c, const totals *sum)
{
    tb_census census;
    tb_error err;
    tb_assert_ok(tb_census_count(&c->problem, &c->pattern, &c->tiling, NULL, &census, &err), &err);
    assert_int_equal(sum->visited, census.visited);
    assert_int_equal(sum->full, census.full);
}

/* Rows in a random order, for a row must not depend on the one before it in the scratch. */
static void check_view(const tb_sim_case *c, const tb_oracle *oracle, gsl_rng *random)
{
    tb_tile_view *view;
    tb_error err;
    tb_assert_ok(tb_tile_view_create(&c->problem, &c->pattern, &c->tiling, &view, &err), &err);
    assert_int_equal(tb_tile_view_q_tiles(view), oracle->q.count);
    assert_int_equal(tb_tile_view_kv_tiles(view), oracle->kv.count);
    for (int64_t k = 0; k < oracle->kv.count; k++) {
        assert_int_equal(tb_tile_view_keys(view, k), tb_oracle_tile_size(&oracle->kv, k));
    }
    tb_tile_scratch *scratch = tb_tile_scratch_create(view);
    assert_non_null(scratch);
    int64_t first = tb_test_between(random, 0, oracle->q.count - 1);
    totals sum = {0, 0, 0};
    for (int64_t i = 0; i < oracle->q.count; i++) {
        int64_t q = (first + i) % oracle->q.count;
        tb_tile_row row = tb_tile_view_row(view, q, scratch);
        check_row(c, oracle, q, &row, &sum);
    }
    check_sums(c, &sum);
    tb_tile_scratch_destroy(scratch);
    tb_tile_view_destroy(view);
}

static bool is_any_visible(const tb_sim_case *c)
{
    tb_error err;
    return tb_pattern_check(&c->pattern, &c->problem.layout, &err) == TB_OK;
}

static void check_many(draw_fn *draw, int cases, const char *what)
{
    gsl_rng *random = tb_test_random();
    int64_t tiles = 0;
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = draw(random);
        c.tiling.kv_tiling = TB_KV_STATIC;
        if (is_any_visible(&c)) {
            tb_oracle *oracle = tb_oracle_create(&c.problem, &c.pattern, &c.tiling);
            check_view(&c, oracle, random);
            tiles += oracle->q.count * oracle->kv.count;
            tb_oracle_destroy(oracle);
        }
        tb_sim_case_free(&c);
    }
    print_message("%d %s, %lld pairs of tiles\n", cases, what, (long long)tiles);
    gsl_rng_free(random);
}

static void tile_view__equals_enumeration_of_products(void **state)
{
    (void)state;
    check_many(tb_sim_case_product, tb_test_cases(6000), "products of dimensions");
    check_many(tb_sim_case_thin, tb_test_cases(600), "long thin problems");
}

static void tile_view__equals_enumeration_of_rows(void **state)
{
    (void)state;
    check_many(tb_sim_case_rows, tb_test_cases(4000), "problems by rows");
    check_many(tb_sim_case_long_rows, tb_test_cases(50), "larger problems by rows");
}

static void tile_view__refuses_dynamic_kv_tiles(void **state)
{
    (void)state;
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.layout = (tb_layout){.rank = 2, .extent = {9, 12}};
    c.tiling = (tb_tiling){.kv_tiling = TB_KV_DYNAMIC, .q_tile = {3, 4}, .kv_tile = {2, 4}};
    tb_tile_view *view = NULL;
    tb_error err;
    tb_assert_fails(tb_tile_view_create(&c.problem, &c.pattern, &c.tiling, &view, &err), &err,
                    TB_EINVAL, "dynamic");
    assert_null(view);
}

TB_TESTS(cmocka_unit_test(tile_view__equals_enumeration_of_products),
         cmocka_unit_test(tile_view__equals_enumeration_of_rows),
         cmocka_unit_test(tile_view__refuses_dynamic_kv_tiles));
