/* A tile list is what the census counts, and what pairs say: every query has one slot, every pair
 * that a query sees lies in one tile that its query tile visits, flags and masks are true pair by
 * pair. */
#include "tile_list.h"

#include "q_tile_counts.h"
#include "sim_large.h"
#include "test_support.h"
#include "tile_mask.h"

#include <stdlib.h>
#include <string.h>

typedef tb_sim_case draw_fn(gsl_rng *random);

static tb_tile_list *list_of(const tb_sim_case *c)
{
    tb_tile_list *list = NULL;
    tb_error err;
    tb_status status = tb_tile_list_create(&c->problem, &c->pattern, &c->tiling, &list, &err);
    if (status != TB_OK) {
        tb_sim_case_print(c);
    }
    tb_assert_ok(status, &err);
    return list;
}

/* Totals are the census's, and each query tile's those that the schedule is made from. */
static void check_counts(const tb_sim_case *c, const tb_tile_list *list)
{
    tb_census census = tb_sim_large_census(c);
    tb_sim_large_assert(c, list->q_tiles == census.q_tiles, "query tiles");
    tb_sim_large_assert(c, list->visited == census.visited, "visited tiles");
    tb_sim_large_assert(c, list->full == census.full, "full tiles");
    tb_sim_large_assert(c, list->first[list->q_tiles] == list->visited, "entries end at the last");
    tb_q_tile_count *counts = calloc((size_t)census.q_tiles, sizeof *counts);
    tb_error err;
    tb_assert_ok(
        tb_q_tile_counts_fill(&c->problem, &c->pattern, &c->tiling, census.q_tiles, counts, &err),
        &err);
    for (int64_t q = 0; q < list->q_tiles; q++) {
        int64_t full = 0;
        for (int64_t e = list->first[q]; e < list->first[q + 1]; e++) {
            full += list->entries[e].mask == TB_TILE_FULL;
        }
        tb_sim_large_assert(c, list->first[q + 1] - list->first[q] == counts[q].visited,
                            "a query tile visits what the schedule says");
        tb_sim_large_assert(c, full == counts[q].full, "and as many are full");
    }
    free(counts);
}

/* One case and what it is checked with. */
typedef struct pairs_check {
    const tb_sim_case *c;
    const tb_oracle *oracle;
    const tb_tile_list *list;
    tb_tile_masker *masker;
    int64_t *queries, *keys; /* by slot */
    int64_t *covered;        /* by key: tiles of the present query tile that hold it */
    int64_t pairs;           /* visible ones in tiles, of all queries */
} pairs_check;

static bool sees(const pairs_check *check, int64_t query, int64_t key)
{
    return query >= 0 && key >= 0 && check->oracle->sees[query * check->oracle->keys + key] != 0;
}

/* A tile is full iff each of its queries sees |U| keys; else some pair is visible and some not. */
static void check_entry(pairs_check *check, int64_t q, const tb_tile_entry *entry)
{
    const tb_tile_list *list = check->list;
    const uint64_t *bits = tb_tile_mask(check->masker, q, entry);
    int64_t queries = 0, pairs = 0, held = 0;
    tb_tile_list_kv_slots(list, entry->kv_tile, check->keys);
    for (int64_t j = 0; j < list->kv_capacity; j++) {
        held += check->keys[j] >= 0;
        if (check->keys[j] >= 0) {
            check->covered[check->keys[j]]++;
        }
    }
    tb_sim_large_assert(check->c, held == list->kv[entry->kv_tile].tokens, "keys of a KV tile");
    for (int64_t i = 0; i < list->q_capacity; i++) {
        queries += check->queries[i] >= 0;
        for (int64_t j = 0; j < list->kv_capacity; j++) {
            bool is_seen = sees(check, check->queries[i], check->keys[j]);
            pairs += is_seen;
            tb_sim_large_assert(check->c, tb_bits_get(bits + i * list->mask_words, j) == is_seen,
                                "a mask bit is what the pair is");
        }
        for (int64_t j = list->kv_capacity; j < 64 * list->mask_words; j++) {
            tb_sim_large_assert(check->c, !tb_bits_get(bits + i * list->mask_words, j),
                                "bits past the tile are clear");
        }
    }
    bool is_full = pairs == queries * list->kv_capacity;
    tb_sim_large_assert(check->c, pairs > 0, "a visited tile shows something");
    tb_sim_large_assert(check->c, (entry->mask == TB_TILE_FULL) == is_full, "full iff all is seen");
    check->pairs += pairs;
}

/* The keys that some query of the tile sees lie in one visited tile each, and no key in two. */
static void check_q_tile(pairs_check *check, int64_t q, int64_t *slots_of)
{
    const tb_tile_list *list = check->list;
    int64_t real = 0;
    tb_tile_list_q_slots(list, q, check->queries);
    memset(check->covered, 0, (size_t)check->oracle->keys * sizeof *check->covered);
    for (int64_t i = 0; i < list->q_capacity; i++) {
        real += check->queries[i] >= 0;
        if (check->queries[i] >= 0) {
            slots_of[check->queries[i]]++;
        }
    }
    tb_sim_large_assert(check->c, real == list->q[q].tokens && real > 0, "queries of a tile");
    for (int64_t e = list->first[q]; e < list->first[q + 1]; e++) {
        check_entry(check, q, &list->entries[e]);
    }
    for (int64_t k = 0; k < check->oracle->keys; k++) {
        bool is_seen = false;
        for (int64_t i = 0; i < list->q_capacity; i++) {
            is_seen = is_seen || sees(check, check->queries[i], k);
        }
        tb_sim_large_assert(check->c, check->covered[k] <= 1, "no key twice");
        tb_sim_large_assert(check->c, !is_seen || check->covered[k] == 1,
                            "no visible key left out");
    }
}

static void check_pairs(const tb_sim_case *c, const tb_tile_list *list)
{
    tb_oracle *oracle = tb_oracle_create(&c->problem, &c->pattern, &c->tiling);
    pairs_check check = {.c = c,
                         .oracle = oracle,
                         .list = list,
                         .masker = tb_tile_masker_create(list),
                         .queries = tb_oracle_integers(list->q_capacity),
                         .keys = tb_oracle_integers(list->kv_capacity),
                         .covered = tb_oracle_integers(oracle->keys)};
    int64_t *slots_of = tb_oracle_integers(oracle->queries);
    assert_non_null(check.masker);
    for (int64_t q = 0; q < list->q_tiles; q++) {
        check_q_tile(&check, q, slots_of);
    }
    for (int64_t query = 0; query < oracle->queries; query++) {
        tb_sim_large_assert(c, slots_of[query] == 1, "every query has one slot");
    }
    tb_sim_large_assert(c, check.pairs == oracle->census.visible_pairs,
                        "unmasked pairs are the census's visible pairs");
    free(slots_of);
    free(check.covered);
    free(check.keys);
    free(check.queries);
    tb_tile_masker_destroy(check.masker);
    tb_oracle_destroy(oracle);
}

typedef struct variety {
    int problems, dynamic, extra_kv, extra_q, single_dim, stored;
    int64_t entries;
} variety;

static void check_many(draw_fn *draw, int cases, variety *seen)
{
    gsl_rng *random = tb_test_random();
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = draw(random);
        tb_error err;
        if (tb_pattern_check(&c.pattern, &c.problem.layout, &err) == TB_OK) {
            tb_tile_list *list = list_of(&c);
            check_counts(&c, list);
            check_pairs(&c, list);
            seen->problems++;
            seen->dynamic += c.tiling.kv_tiling == TB_KV_DYNAMIC;
            seen->extra_kv += c.problem.extra_kv > 0;
            seen->extra_q += c.problem.extra_q > 0;
            seen->single_dim += c.tiling.kind == TB_TILING_SINGLE_DIM;
            seen->stored += list->masks > 0;
            seen->entries += list->visited;
            tb_tile_list_destroy(list);
        }
        tb_sim_case_free(&c);
    }
    gsl_rng_free(random);
}

static void tile_lists__are_what_census_and_pairs_say(void **state)
{
    (void)state;
    variety seen = {0};
    check_many(tb_sim_case_product, tb_test_cases(3000), &seen);
    check_many(tb_sim_case_thin, tb_test_cases(300), &seen);
    check_many(tb_sim_case_rows, tb_test_cases(2500), &seen);
    check_many(tb_sim_case_aligned, tb_test_cases(500), &seen);
    print_message(
        "%d problems with %lld visits: %d dynamic, %d single-dim, %d with stored masks, %d "
        "with extra KV, %d with extra queries\n",
        seen.problems, (long long)seen.entries, seen.dynamic, seen.single_dim, seen.stored,
        seen.extra_kv, seen.extra_q);
    assert_true(seen.dynamic > 0 && seen.extra_kv > 0 && seen.extra_q > 0 && seen.single_dim > 0 &&
                seen.stored > 0);
}

static void law_of_large_problems(gsl_rng *random)
{
    tb_sim_case c = tb_sim_large_draw(random);
    tb_census census = tb_sim_large_census(&c);
    if (census.visited <= 1000000 && tb_layout_tokens(&c.problem.layout) <= 1000000) {
        tb_tile_list *list = list_of(&c);
        check_counts(&c, list);
        tb_tile_list_destroy(list);
    }
}

static void tile_lists__add_up_on_large_problems(void **state)
{
    (void)state;
    tb_sim_large_check(law_of_large_problems, tb_test_cases(300));
}

/* 30x48x80, window 18x24x24, tiles 4x8x8 / 2x8x8: 82,368 visits (DESIGN's worked example). Eight
 * bytes each, 480 + 900 places and no more. */
static void a_large_list__is_compact(void **state)
{
    (void)state;
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.layout = (tb_layout){.rank = 3, .extent = {30, 48, 80}};
    c.pattern.kind = TB_PATTERN_GNA;
    memcpy(c.pattern.window, (int64_t[]){18, 24, 24, 0}, sizeof c.pattern.window);
    c.tiling = (tb_tiling){.q_tile = {4, 8, 8}, .kv_tile = {2, 8, 8}};
    tb_tile_list *list = list_of(&c);
    assert_int_equal(list->visited, 82368);
    assert_int_equal(list->full, 12672);
    assert_int_equal(list->q_tiles, 480);
    assert_int_equal(list->kv_tiles, 900);
    assert_true(tb_tile_list_bytes(list) < 800000);
    tb_tile_list_destroy(list);
}

TB_TESTS(cmocka_unit_test(tile_lists__are_what_census_and_pairs_say),
         cmocka_unit_test(tile_lists__add_up_on_large_problems),
         cmocka_unit_test(a_large_list__is_compact));
