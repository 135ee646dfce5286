/* Tiles of shards against shards: closed forms and rows against a plain loop over all pairs, and
 * what several devices take against laws that hold for any of them. */
#include "context_parallel.h"
#include "shard_tiles.h"
#include "sim_case.h"
#include "test_support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TOKENS  120
#define MAX_DEVICES 12

/* Where a token is: its device, and the tile of the device's keys (or queries) that it is in.
 * Written from the definitions alone, token by token. */
typedef struct place {
    int64_t device, segment, position;
} place;

static place place_of(int64_t token, int64_t tokens, int64_t devices, tb_shard_order order)
{
    int64_t chunk = (tokens + devices - 1) / devices,
            half = (tokens + 2 * devices - 1) / (2 * devices);
    switch (order) {
    case TB_SHARD_CONTIGUOUS:
        return (place){token / chunk, 0, token % chunk};
    case TB_SHARD_STRIPED:
        return (place){token % devices, 0, token / devices};
    default: {
        int64_t c = token / half;
        return c < devices ? (place){c, 0, token % half}
                           : (place){2 * devices - 1 - c, 1, token % half};
    }
    }
}

typedef struct counts {
    int64_t tiles[MAX_DEVICES][MAX_DEVICES];
    int64_t pairs[MAX_DEVICES];
} counts;

typedef struct row_marks {
    bool sees[MAX_TOKENS];
} row_marks;

static void mark(int64_t begin, int64_t end, void *user)
{
    row_marks *marks = user;
    for (int64_t k = begin; k < end; k++) {
        marks->sees[k] = true;
    }
}

/* Visited (query tile, KV tile) pairs, one bit each. */
static void count_pairs(const tb_pattern *pattern, const tb_layout *layout, int64_t devices,
                        tb_shard_order order, int64_t q_tile, int64_t kv_tile, counts *out)
{
    static bool visited[MAX_DEVICES][2][MAX_TOKENS][MAX_DEVICES][2][MAX_TOKENS];
    int64_t tokens = tb_layout_tokens(layout);
    memset(visited, 0, sizeof visited);
    memset(out, 0, sizeof *out);
    for (int64_t q = 0; q < tokens; q++) {
        row_marks marks = {{false}};
        tb_pattern_row(pattern, layout, q, mark, &marks);
        place from = place_of(q, tokens, devices, order);
        for (int64_t k = 0; k < tokens; k++) {
            place to = place_of(k, tokens, devices, order);
            bool *seen = &visited[from.device][from.segment][from.position / q_tile][to.device]
                                 [to.segment][to.position / kv_tile];
            out->pairs[from.device] += marks.sees[k];
            out->tiles[from.device][to.device] += marks.sees[k] && !*seen;
            *seen |= marks.sees[k];
        }
    }
}

static void draw_pattern(gsl_rng *random, int64_t n, tb_pattern *pattern)
{
    *pattern = tb_pattern_default();
    switch (tb_test_between(random, 0, 3)) {
    case 0:
        break;
    case 1:
        pattern->kind = TB_PATTERN_CAUSAL;
        break;
    case 2:
        pattern->kind = TB_PATTERN_LOCAL;
        pattern->left = tb_test_between(random, -1, n);
        pattern->right = tb_test_between(random, 0, 2) == 0 ? 0 : tb_test_between(random, -1, n);
        break;
    default:
        pattern->kind = TB_PATTERN_GNA;
        pattern->window[0] = tb_test_between(random, 1, n);
        pattern->causal[0] = tb_test_between(random, 0, 1) == 1;
        pattern->stride[0] =
            tb_test_between(random, 0, 1) == 0 ? 1 : tb_test_between(random, 1, pattern->window[0]);
    }
}

static bool check_counter(const tb_pattern *pattern, const tb_layout *layout,
                          const tb_shards *shards, int64_t q_tile, int64_t kv_tile, bool by_rows,
                          const counts *want)
{
    tb_error err = {0};
    tb_shard_counter *counter = NULL;
    tb_assert_ok(
        tb_shard_counter_create(pattern, layout, shards, q_tile, kv_tile, by_rows, &counter, &err),
        &err);
    bool is_closed = tb_shard_counter_is_closed(counter);
    for (int64_t g = 0; g < shards->shards; g++) {
        int64_t tiles[MAX_DEVICES], pairs = -1;
        tb_assert_ok(tb_shard_count(counter, g, tiles, &pairs, &err), &err);
        assert_int_equal(pairs, want->pairs[g]);
        for (int64_t h = 0; h < shards->shards; h++) {
            if (tiles[h] != want->tiles[g][h]) {
                fprintf(stderr,
                        "%s, %s, %lld tokens over %lld devices, tiles %lld/%lld, left %lld right "
                        "%lld window %lld stride %lld: device %lld against %lld\n",
                        tb_pattern_types[pattern->kind]->name, tb_shard_order_names[shards->order],
                        (long long)shards->tokens, (long long)shards->shards, (long long)q_tile,
                        (long long)kv_tile, (long long)pattern->left, (long long)pattern->right,
                        (long long)pattern->window[0], (long long)pattern->stride[0], (long long)g,
                        (long long)h);
            }
            assert_int_equal(tiles[h], want->tiles[g][h]);
        }
    }
    tb_shard_counter_destroy(counter);
    return is_closed;
}

static void shards__closed_form_and_rows_are_what_pairs_say(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int closed = 0, cases = tb_test_cases(3000);
    for (int i = 0; i < cases; i++) {
        tb_error err = {0};
        tb_layout layout = {.rank = 1, .extent = {tb_test_between(random, 1, MAX_TOKENS)}};
        int64_t n = layout.extent[0],
                devices = tb_test_between(random, 1, n < MAX_DEVICES ? n : MAX_DEVICES);
        tb_pattern pattern;
        draw_pattern(random, n, &pattern);
        tb_pattern_resolve(&pattern, &layout);
        tb_assert_ok(tb_pattern_check(&pattern, &layout, &err), &err);
        tb_shards shards;
        tb_shard_order order = (tb_shard_order)tb_test_between(random, 0, 2);
        tb_assert_ok(tb_shards_make(n, devices, order, &shards, &err), &err);
        int64_t q_tile = tb_test_between(random, 1, 9), kv_tile = tb_test_between(random, 1, 9);
        counts want;
        count_pairs(&pattern, &layout, devices, order, q_tile, kv_tile, &want);
        closed += check_counter(&pattern, &layout, &shards, q_tile, kv_tile, false, &want);
        check_counter(&pattern, &layout, &shards, q_tile, kv_tile, true, &want);
    }
    printf("%d cases, %d of them in closed form\n", cases, closed);
    assert_true(closed > cases / 2 && closed < cases);
    gsl_rng_free(random);
}

static void shards__patterns_of_any_rank_go_by_rows(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(600);
    for (int i = 0; i < cases; i++) {
        tb_error err = {0};
        tb_sim_case item = {.pattern = tb_pattern_default()};
        item.problem = tb_problem_default();
        item.problem.layout = tb_sim_case_layout(random, (int)tb_test_between(random, 1, 3), 60);
        if (i % 2 == 0) {
            tb_sim_case_gna(random, &item.problem.layout, &item.pattern);
        } else {
            tb_sim_case_explicit(random, &item);
        }
        int64_t n = tb_layout_tokens(&item.problem.layout);
        int64_t devices = tb_test_between(random, 1, n < MAX_DEVICES ? n : MAX_DEVICES);
        tb_shards shards;
        tb_shard_order order = (tb_shard_order)tb_test_between(random, 0, 2);
        tb_assert_ok(tb_shards_make(n, devices, order, &shards, &err), &err);
        int64_t q_tile = tb_test_between(random, 1, 7), kv_tile = tb_test_between(random, 1, 7);
        counts want;
        count_pairs(&item.pattern, &item.problem.layout, devices, order, q_tile, kv_tile, &want);
        check_counter(&item.pattern, &item.problem.layout, &shards, q_tile, kv_tile, false, &want);
        tb_sim_case_free(&item);
    }
    printf("%d cases\n", cases);
    gsl_rng_free(random);
}

/* A random distributed problem whose tiles divide its segments, where `aligned`. */
static tb_parallel_problem draw_problem(gsl_rng *random, bool aligned, tb_problem *problem,
                                        tb_pattern *pattern)
{
    int64_t devices = tb_test_between(random, 1, 16), tile = tb_test_between(random, 1, 8);
    *problem = tb_problem_default();
    problem->batch = tb_test_between(random, 1, 3);
    problem->heads_kv = devices * tb_test_between(random, 1, 2);
    problem->heads = problem->heads_kv * tb_test_between(random, 1, 3);
    problem->layout =
        (tb_layout){.rank = 1,
                    .extent = {aligned ? 2 * devices * tile * tb_test_between(random, 1, 5)
                                       : tb_test_between(random, 2 * devices, 900)}};
    draw_pattern(random, problem->layout.extent[0], pattern);
    tb_pattern_resolve(pattern, &problem->layout);
    return (tb_parallel_problem){.problem = problem,
                                 .pattern = pattern,
                                 .devices = devices,
                                 .ulysses = 1,
                                 .method = TB_PARALLEL_RING,
                                 .order = (tb_shard_order)tb_test_between(random, 0, 2),
                                 .q_tile = aligned ? tile : tb_test_between(random, 1, 40),
                                 .kv_tile = aligned ? tile : tb_test_between(random, 1, 40),
                                 .us_per_tile = 0.37,
                                 .slots = tb_test_between(random, 1, 200),
                                 .launch_us = 2.5,
                                 .link = {3.4, 0.08 * (double)tb_test_between(random, 1, 5000)},
                                 .group_link = {1.7, 450},
                                 .has_overlap = tb_test_between(random, 0, 1) == 1};
}

static void count_whole(const tb_parallel_problem *item, tb_census *out)
{
    tb_error err = {0};
    tb_tiling tiling = {
        .kind = TB_TILING_SINGLE_DIM, .q_tile = {item->q_tile}, .kv_tile = {item->kv_tile}};
    tb_assert_ok(tb_census_count(item->problem, item->pattern, &tiling, NULL, out, &err), &err);
}

static void parallel__tiles_and_pairs_add_up_to_the_whole(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(2000), exact = 0;
    for (int i = 0; i < cases; i++) {
        tb_error err = {0};
        tb_problem problem;
        tb_pattern pattern;
        bool aligned = i % 2 == 0;
        tb_parallel_problem item = draw_problem(random, aligned, &problem, &pattern);
        tb_parallel_time time;
        tb_census census;
        count_whole(&item, &census);
        tb_assert_ok(tb_parallel_time_of(&item, &time, &err), &err);
        assert_true(time.pairs == (double)census.visible_pairs);
        assert_true(time.whole_tiles == (double)census.visited);
        if (aligned && item.order != TB_SHARD_STRIPED) {
            assert_true(time.tiles == (double)census.visited);
            exact++;
        }
        assert_true(time.device_min <= time.device_mean * (1 + 1e-12));
        assert_true(time.device_mean <= time.device_max * (1 + 1e-12));
        tb_assert_close(time.device_mean * (double)item.devices, time.tiles, 1e-12);
    }
    printf("%d cases, %d whose tiles add up\n", cases, exact);
    gsl_rng_free(random);
}

/* A tile holds |T| |U| pairs, whatever a device does: no G devices are faster than that. */
static void parallel__no_device_is_faster_than_the_bound(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(2000);
    for (int i = 0; i < cases; i++) {
        tb_error err = {0};
        tb_problem problem;
        tb_pattern pattern;
        tb_parallel_problem item = draw_problem(random, i % 2 == 0, &problem, &pattern);
        item.method = (tb_parallel_method)tb_test_between(random, 0, 2);
        tb_parallel_time time;
        tb_assert_ok(tb_parallel_time_of(&item, &time, &err), &err);
        double copies = (double)(problem.batch * problem.heads), devices = (double)item.devices;
        double least = time.pairs / (double)(item.q_tile * item.kv_tile) * copies * 0.37 / devices;
        assert_true(time.total_us >= least * (1 - 1e-12));
        assert_true(time.total_us >= time.device_max * copies * 0.37 * (1 - 1e-12));
        assert_true(time.compute_us + time.exposed_us >= time.total_us * (1 - 1e-12));
        if (time.tiles >= time.whole_tiles) {
            assert_true(time.efficiency <= 1 + 1e-12);
        }
        /* overlap hides at most everything, and never costs */
        tb_parallel_time other;
        item.has_overlap = !item.has_overlap;
        tb_assert_ok(tb_parallel_time_of(&item, &other, &err), &err);
        double with = item.has_overlap ? other.total_us : time.total_us;
        double without = item.has_overlap ? time.total_us : other.total_us;
        assert_true(with <= without * (1 + 1e-12));
        assert_true(2 * with >= without * (1 - 1e-12));
    }
    printf("%d cases\n", cases);
    gsl_rng_free(random);
}

static void parallel__one_device_is_the_single_device(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(500);
    for (int i = 0; i < cases; i++) {
        tb_error err = {0};
        tb_problem problem;
        tb_pattern pattern;
        tb_parallel_problem item = draw_problem(random, i % 2 == 0, &problem, &pattern);
        item.devices = 1;
        item.order = TB_SHARD_CONTIGUOUS;
        item.method = (tb_parallel_method)tb_test_between(random, 0, 2);
        tb_parallel_time time;
        tb_assert_ok(tb_parallel_time_of(&item, &time, &err), &err);
        assert_true(time.total_us == time.single_us && time.bytes_sent == 0);
        assert_true(time.exposed_us == 0 && time.imbalance == 1 && time.steps == 1);
    }
    printf("%d cases\n", cases);
    gsl_rng_free(random);
}

/* Of dense attention in whole tiles every method computes the same, and all are balanced. */
static void parallel__methods_compute_alike_where_attention_is_dense(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(500);
    for (int i = 0; i < cases; i++) {
        tb_error err = {0};
        tb_problem problem;
        tb_pattern pattern;
        tb_parallel_problem item = draw_problem(random, true, &problem, &pattern);
        pattern = tb_pattern_default();
        item.slots = 1;
        item.launch_us = 0;
        tb_parallel_time ring, ulysses, hybrid;
        tb_assert_ok(tb_parallel_time_of(&item, &ring, &err), &err);
        item.method = TB_PARALLEL_ULYSSES;
        tb_assert_ok(tb_parallel_time_of(&item, &ulysses, &err), &err);
        item.method = TB_PARALLEL_HYBRID;
        item.ulysses = item.devices % 2 == 0 ? 2 : 1;
        tb_assert_ok(tb_parallel_time_of(&item, &hybrid, &err), &err);
        tb_assert_close(ring.compute_us, ulysses.compute_us, 1e-12);
        tb_assert_close(hybrid.compute_us, ulysses.compute_us, 1e-12);
        tb_assert_close(ring.compute_us * (double)item.devices, ring.single_us, 1e-12);
        tb_assert_close(ring.imbalance, 1, 1e-12);
        assert_true(ulysses.steps == 1 && ring.steps == item.devices);
    }
    printf("%d cases\n", cases);
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(shards__closed_form_and_rows_are_what_pairs_say),
         cmocka_unit_test(shards__patterns_of_any_rank_go_by_rows),
         cmocka_unit_test(parallel__tiles_and_pairs_add_up_to_the_whole),
         cmocka_unit_test(parallel__no_device_is_faster_than_the_bound),
         cmocka_unit_test(parallel__one_device_is_the_single_device),
         cmocka_unit_test(parallel__methods_compute_alike_where_attention_is_dense));
