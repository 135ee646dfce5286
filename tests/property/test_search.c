/* The search is exact: its rows, its front and its count are those of plain enumeration through the
 * census and the time model. */
#include "search_listing.h"
#include "test_support.h"
#include "timed_case.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A space with what it borrows. */
typedef struct drawn {
    tb_search_space space;
    tb_tiling tilings[3];
} drawn;

static void draw_dim(gsl_rng *random, int64_t extent, bool is_small, tb_search_dim *dim)
{
    bool fixes = tb_test_between(random, 0, is_small ? 2 : 3) == 0;
    *dim = (tb_search_dim){
        .min_window = tb_test_between(random, 0, 2) == 0 ? tb_test_between(random, 1, extent) : 1,
        .window_step = tb_test_between(random, 0, 3) == 0 ? 2 : 1,
        .max_dilation = 1,
        .min_field = tb_test_between(random, 0, 3) == 0 ? tb_test_between(random, 1, extent) : 1,
        .causal = tb_test_between(random, 0, 4) == 0};
    if (tb_test_between(random, 0, 2) == 0) {
        dim->max_dilation = tb_test_between(random, 1, extent < 3 ? extent : 3);
    } else {
        dim->dilation = tb_test_between(random, 0, 4) == 0 ? tb_test_between(random, 1, extent) : 1;
    }
    int64_t dilation = dim->dilation > 0 ? dim->dilation : dim->max_dilation;
    if (fixes) {
        dim->window = tb_test_between(random, 1, extent / dilation);
    }
    if (tb_test_between(random, 0, 4) == 0) {
        dim->stride = tb_test_between(random, 1, dim->window > 0 ? dim->window : extent);
    }
}

/* The largest extents by rank. */
static const int64_t bound_extents[] = {30, 7, 4}, time_extents[] = {28, 7, 4};
static const int64_t few_extents[] = {14, 4, 2};

static void draw(gsl_rng *random, tb_search_goal goal, const int64_t *extents, drawn *out)
{
    static const int64_t sizes[] = {1, 2, 3, 4, 8};
    bool is_timed = goal == TB_SEARCH_TIME;
    int rank = (int)tb_test_between(random, 1, 3);
    *out = (drawn){.space = {.goal = goal, .sparsity_low = 0, .sparsity_high = 1}};
    tb_search_space *space = &out->space;
    space->problem = tb_problem_default();
    space->problem.layout.rank = rank;
    space->problem.heads = space->problem.heads_kv = tb_test_between(random, 1, 40);
    for (int d = 0; d < rank; d++) {
        space->problem.layout.extent[d] = tb_test_between(random, 1, extents[rank - 1]);
        draw_dim(random, space->problem.layout.extent[d], is_timed, &space->dim[d]);
    }
    if (tb_test_between(random, 0, 2) == 0) {
        space->problem.extra_kv = tb_test_between(random, 0, 9);
        space->problem.extra_q = tb_test_between(random, 0, 1) * tb_test_between(random, 1, 9);
    }
    if (tb_test_between(random, 0, 1) == 0) {
        space->sparsity_low = 0.1 * (double)tb_test_between(random, 0, 6);
        space->sparsity_high = space->sparsity_low + 0.1 * (double)tb_test_between(random, 0, 4);
    }
    space->tiling_count = (size_t)tb_test_between(random, 1, 3);
    for (size_t t = 0; t < space->tiling_count; t++) {
        tb_tiling *tiling = &out->tilings[t];
        tiling->kv_tiling = (tb_kv_tiling)tb_test_between(random, 0, 1);
        for (int d = 0; d < rank; d++) {
            tiling->q_tile[d] = sizes[tb_test_between(random, 0, is_timed ? 2 : 4)];
            tiling->kv_tile[d] = sizes[tb_test_between(random, 0, is_timed ? 2 : 4)];
        }
        for (size_t k = 0; k < t; k++) {
            if (memcmp(tiling, &out->tilings[k], sizeof *tiling) == 0) {
                tiling->q_tile[0] = 10 + (int64_t)t; /* shapes differ */
            }
        }
    }
    space->tilings = out->tilings;
    space->fully_block_sparse = tb_test_between(random, 0, 4) == 0;
    space->equal_window = tb_test_between(random, 0, 4) == 0;
    space->one_per_window = tb_test_between(random, 0, 2) == 0;
    space->top = (size_t)tb_test_between(random, 1, 12);
}

static void search__by_bound_is_enumeration(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(1500);
    size_t configurations = 0;
    for (int i = 0; i < cases; i++) {
        drawn d;
        draw(random, TB_SEARCH_BOUND, bound_extents, &d);
        configurations += tb_search_listing_check(&d.space);
    }
    print_message("%d spaces of %zu configurations by bound\n", cases, configurations);
    gsl_rng_free(random);
}

static void search__by_stride_is_enumeration(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(500);
    size_t configurations = 0;
    for (int i = 0; i < cases; i++) {
        drawn d;
        draw(random, TB_SEARCH_STRIDE, bound_extents, &d);
        configurations += tb_search_listing_check(&d.space);
    }
    print_message("%d spaces of %zu fully block-sparse configurations by stride\n", cases,
                  configurations);
    gsl_rng_free(random);
}

/* Each mask policy and schedule, fused and second-launch extra KV, devices with few and many SMs.
 */
static void search__by_time_is_enumeration(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"cutlass-blackwell-fna", "b200"},
                                           {"cutlass-hopper-fna", "h100-sxm"},
                                           {"cutlass-fna", "a100-80"},
                                           {"tilebound", "h100-sxm"},
                                           {"flex-fna", "h100-sxm"}};
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(80);
    size_t configurations = 0, spaces = 0;
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        tb_bench bench = tb_bench_of(pairs[k][0], pairs[k][1]);
        for (int i = 0; i < cases; i++, spaces++) {
            drawn d;
            draw(random, TB_SEARCH_TIME, time_extents, &d);
            if (i % 2 == 0) { /* several waves on few SMs */
                tb_test_set(bench.device, i % 4 == 0 ? "sm_count=4" : "sm_count=13");
            }
            d.space.kernel = bench.kernel;
            d.space.device = bench.device;
            configurations += tb_search_listing_check(&d.space);
        }
        tb_bench_close(&bench);
    }
    print_message("%zu spaces of %zu configurations by time\n", spaces, configurations);
    gsl_rng_free(random);
}

/* Layouts that are longer by 0 to 2 tokens, along one or two axes. */
static void pad(gsl_rng *random, drawn *d)
{
    int rank = d->space.problem.layout.rank;
    d->space.dim[tb_test_between(random, 0, rank - 1)].max_padding = tb_test_between(random, 1, 2);
    d->space.dim[tb_test_between(random, 0, rank - 1)].max_padding = 1;
}

/* Runs of tokens in some order instead of boxes. */
static void cut_runs(gsl_rng *random, drawn *d)
{
    for (size_t t = 0; t < d->space.tiling_count; t++) {
        d->tilings[t] = (tb_tiling){.kind = TB_TILING_SINGLE_DIM,
                                    .q_tile = {tb_test_between(random, 1, 6)},
                                    .kv_tile = {tb_test_between(random, 1, 6)}};
        if (d->space.problem.layout.rank > 1) {
            d->tilings[t].order = (tb_token_order)tb_test_between(random, 0, 2);
        }
    }
    d->space.max_counted = TB_SEARCH_LISTING_MOST;
}

static void search__over_padded_layouts_is_enumeration(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(600);
    size_t configurations = 0;
    for (int i = 0; i < cases; i++) {
        drawn d;
        draw(random, i % 3 == 0 ? TB_SEARCH_STRIDE : TB_SEARCH_BOUND, few_extents, &d);
        pad(random, &d);
        configurations += tb_search_listing_check(&d.space);
    }
    print_message("%d spaces of %zu configurations with padding\n", cases, configurations);
    gsl_rng_free(random);
}

static void search__over_runs_of_tokens_is_enumeration(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(300);
    size_t configurations = 0;
    for (int i = 0; i < cases; i++) {
        drawn d;
        draw(random, i % 3 == 0 ? TB_SEARCH_STRIDE : TB_SEARCH_BOUND, few_extents, &d);
        cut_runs(random, &d);
        if (i % 4 == 0) {
            pad(random, &d);
        }
        configurations += tb_search_listing_check(&d.space);
    }
    print_message("%d spaces of %zu configurations of runs\n", cases, configurations);
    gsl_rng_free(random);
}

/* All of it at once, by time: schedules, padding, runs. */
static void search__over_schedules_is_enumeration(void **state)
{
    (void)state;
    static const char *const kernels[] = {"cutlass-hopper-fna", "tilebound", "flex-fna"};
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(40);
    size_t configurations = 0, spaces = 0;
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        tb_bench bench = tb_bench_of(kernels[k], "h100-sxm");
        tb_test_set(bench.device, "sm_count=5");
        for (int i = 0; i < cases; i++, spaces++) {
            drawn d;
            draw(random, TB_SEARCH_TIME, few_extents, &d);
            d.space.all_schedules = i % 4 != 3;
            if (i % 2 == 0) {
                pad(random, &d);
            }
            if (i % 3 == 0 && k > 0) {
                cut_runs(random, &d);
            }
            d.space.kernel = bench.kernel;
            d.space.device = bench.device;
            configurations += tb_search_listing_check(&d.space);
        }
        tb_bench_close(&bench);
    }
    print_message("%zu spaces of %zu configurations with schedules\n", spaces, configurations);
    gsl_rng_free(random);
}

/* A limit on what is counted is kept, and said. */
static void search__gives_up_a_proof_where_it_is_told_to(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    tb_search_result result;
    tb_error err = {0};
    drawn d;
    do {
        draw(random, TB_SEARCH_BOUND, bound_extents, &d);
        cut_runs(random, &d);
    } while (d.space.problem.layout.rank != 2 || tb_layout_tokens(&d.space.problem.layout) < 12);
    d.space.max_counted = 3;
    d.space.sparsity_low = 0;
    d.space.sparsity_high = 1;
    d.space.fully_block_sparse = false;
    for (int k = 0; k < 2; k++) {
        d.space.dim[k] = (tb_search_dim){.dilation = 1, .min_window = 1, .window_step = 1};
    }
    tb_assert_ok(tb_search_run(&d.space, &result, &err), &err);
    assert_int_equal(result.counted, 3);
    assert_false(result.is_proven);
    assert_true(result.row_count <= 3);
    tb_search_release(&result);
    gsl_rng_free(random);
}

static void search__bad_spaces_are_refused(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    tb_search_result result;
    tb_error err = {0};
    drawn d;
    draw(random, TB_SEARCH_BOUND, bound_extents, &d);
    tb_search_space bad = d.space;
    bad.dim[0].window_step = 0;
    tb_assert_fails(tb_search_run(&bad, &result, &err), &err, TB_EINVAL, "windows in steps of 0");
    bad = d.space;
    bad.tiling_count = 0;
    tb_assert_fails(tb_search_run(&bad, &result, &err), &err, TB_EINVAL, "no tile shapes");
    bad = d.space;
    bad.top = 0;
    tb_assert_fails(tb_search_run(&bad, &result, &err), &err, TB_EINVAL, "no rows");
    bad = d.space;
    bad.goal = TB_SEARCH_TIME;
    tb_assert_fails(tb_search_run(&bad, &result, &err), &err, TB_EINVAL, "needs a device");
    bad = d.space;
    bad.all_schedules = true;
    tb_assert_fails(tb_search_run(&bad, &result, &err), &err, TB_EINVAL, "only matter to times");
    bad = d.space;
    bad.dim[0].max_padding = -1;
    tb_assert_fails(tb_search_run(&bad, &result, &err), &err, TB_EINVAL, "padding by -1");
    bad.dim[0].max_padding = 1000000;
    tb_assert_fails(tb_search_run(&bad, &result, &err), &err, TB_EINVAL, "--max-padding");
    bad = d.space;
    bad.sparsity_low = 0.5;
    bad.sparsity_high = 0.4;
    tb_assert_fails(tb_search_run(&bad, &result, &err), &err, TB_EINVAL, "the lower one comes");
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(search__by_bound_is_enumeration),
         cmocka_unit_test(search__by_stride_is_enumeration),
         cmocka_unit_test(search__by_time_is_enumeration),
         cmocka_unit_test(search__over_padded_layouts_is_enumeration),
         cmocka_unit_test(search__over_runs_of_tokens_is_enumeration),
         cmocka_unit_test(search__over_schedules_is_enumeration),
         cmocka_unit_test(search__gives_up_a_proof_where_it_is_told_to),
         cmocka_unit_test(search__bad_spaces_are_refused));
