/* The search is exact: its rows, its front and its count are those of plain enumeration through the
 * census and the time model. */
#include "predict_time.h"
#include "search.h"
#include "test_support.h"
#include "timed_case.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROWS 20000

/* A space with what it borrows. */
typedef struct drawn {
    tb_search_space space;
    tb_tiling tilings[3];
} drawn;

/* Every configuration of a space, ranked. */
typedef struct listed {
    tb_search_row *rows;
    size_t count;
} listed;

static const tb_search_space *sorted_space; /* qsort takes no argument */

static int compare_rows(const void *a, const void *b)
{
    return tb_search_before(sorted_space, a, b) ? -1 : tb_search_before(sorted_space, b, a) ? 1 : 0;
}

static double enumerate_time(const tb_search_space *space, const tb_pattern *pattern,
                             const tb_tiling *tiling)
{
    tb_case item = tb_case_default();
    tb_prediction p = {0};
    tb_timing timing;
    tb_error err = {0};
    int rank = space->problem.layout.rank;
    item.problem = space->problem;
    item.pattern = *pattern;
    item.tiling.has_kind = item.tiling.has_kv_tiling = true;
    item.tiling.kind = tiling->kind;
    item.tiling.kv_tiling = tiling->kv_tiling;
    item.tiling.q_dims = item.tiling.kv_dims = rank;
    memcpy(item.tiling.q_tile, tiling->q_tile, sizeof tiling->q_tile);
    memcpy(item.tiling.kv_tile, tiling->kv_tile, sizeof tiling->kv_tile);
    tb_case_normalize(&item);
    tb_assert_ok(tb_predict(&item, space->kernel, &p, &err), &err);
    tb_assert_ok(tb_predict_time(&p, space->kernel, space->device, NULL, &timing, &err), &err);
    tb_prediction_release(&p);
    return timing.time.total_us;
}

static bool meets(const tb_search_space *space, const tb_search_row *row, const tb_bound *bound)
{
    bool ok = bound->sparsity >= space->sparsity_low && bound->sparsity <= space->sparsity_high;
    for (int d = 0; d < space->problem.layout.rank; d++) {
        const tb_search_dim *dim = &space->dim[d];
        int64_t w = row->window[d], extent = space->problem.layout.extent[d];
        bool is_free = dim->window == 0;
        ok = ok && (!is_free || w >= dim->min_window);
        ok = ok && (!is_free || w % dim->window_step == 0 || w == extent);
        ok = ok && (!is_free || (w - 1) * row->dilation[d] + 1 >= dim->min_field);
        ok = ok && (is_free || w == dim->window);
        ok = ok && (dim->stride == 0 || row->stride[d] == dim->stride);
        ok = ok && (!space->equal_window || w == row->window[0]);
    }
    bool is_full = space->fully_block_sparse || space->goal == TB_SEARCH_STRIDE;
    return ok && (!is_full || bound->fully_block_sparse);
}

static void enumerate_one(const tb_search_space *space, tb_search_row *row, listed *out)
{
    tb_pattern pattern = tb_search_pattern(space, row);
    const tb_tiling *tiling = &space->tilings[row->tiling];
    tb_census census;
    tb_bound bound;
    tb_error err = {0};
    tb_assert_ok(tb_census_count(&space->problem, &pattern, tiling, NULL, &census, &err), &err);
    tb_assert_ok(tb_bound_compute(&space->problem, &pattern, tiling, &census, TB_BASELINE_SELF,
                                  &bound, &err),
                 &err);
    if (!meets(space, row, &bound)) {
        return;
    }
    row->visited = census.visited;
    row->visible_pairs = census.visible_pairs;
    row->tile_speedup = bound.tile_speedup;
    row->sparsity = bound.sparsity;
    row->stride_product = 1;
    for (int d = 0; d < space->problem.layout.rank; d++) {
        row->stride_product *= (double)row->stride[d];
    }
    row->cost = space->goal == TB_SEARCH_STRIDE
                    ? row->stride_product
                    : (double)census.visited / (double)bound.baseline_tiles;
    if (space->goal == TB_SEARCH_TIME) {
        row->cost = row->time_us = enumerate_time(space, &pattern, tiling);
    }
    assert_true(out->count < MOST_ROWS);
    out->rows[out->count++] = *row;
}

static void enumerate_dims(const tb_search_space *space, int d, tb_search_row *row, listed *out)
{
    if (d == space->problem.layout.rank) {
        enumerate_one(space, row, out);
        return;
    }
    int64_t extent = space->problem.layout.extent[d];
    const tb_search_dim *dim = &space->dim[d];
    int64_t first = dim->dilation > 0 ? dim->dilation : 1;
    int64_t last = dim->dilation > 0 ? dim->dilation : dim->max_dilation;
    if (space->tilings[row->tiling].kind != TB_TILING_MULTI_DIM) {
        last = 1;
    }
    for (int64_t dilation = first; dilation <= last; dilation++) {
        for (int64_t w = 1; w * dilation <= extent; w++) {
            for (int64_t s = 1; s <= w; s++) {
                row->window[d] = w;
                row->stride[d] = s;
                row->dilation[d] = dilation;
                enumerate_dims(space, d + 1, row, out);
            }
        }
    }
}

static listed enumerate(const tb_search_space *space)
{
    listed out = {.rows = calloc(MOST_ROWS, sizeof *out.rows)};
    assert_non_null(out.rows);
    for (size_t t = 0; t < space->tiling_count; t++) {
        tb_search_row row = {.tiling = t};
        enumerate_dims(space, 0, &row, &out);
    }
    sorted_space = space;
    qsort(out.rows, out.count, sizeof *out.rows, compare_rows);
    return out;
}

static bool are_kin(const tb_search_row *a, const tb_search_row *b)
{
    return a->tiling == b->tiling && memcmp(a->window, b->window, sizeof a->window) == 0 &&
           memcmp(a->dilation, b->dilation, sizeof a->dilation) == 0;
}

/* Rows of the ranking with one a window, where that is asked. */
static void keep_one_per_window(listed *all, size_t top)
{
    size_t kept = 0;
    for (size_t i = 0; i < all->count && kept < top; i++) {
        bool is_new = true;
        for (size_t k = 0; k < kept && is_new; k++) {
            is_new = !are_kin(&all->rows[k], &all->rows[i]);
        }
        if (is_new) {
            all->rows[kept++] = all->rows[i];
        }
    }
    all->count = kept;
}

/* The front of a ranking: walks it by cost, and keeps what sees more than all before. */
static listed front_of(const listed *all)
{
    listed out = {.rows = calloc(all->count + 1, sizeof *out.rows)};
    for (size_t i = 0; i < all->count; i++) {
        const tb_search_row *last = out.count > 0 ? &out.rows[out.count - 1] : NULL;
        if (last == NULL || all->rows[i].visible_pairs > last->visible_pairs) {
            out.rows[out.count++] = all->rows[i];
        }
    }
    return out;
}

static void assert_same(const tb_search_space *space, const tb_search_row *got,
                        const tb_search_row *want)
{
    int rank = space->problem.layout.rank;
    for (int d = 0; d < rank; d++) {
        assert_int_equal(got->window[d], want->window[d]);
        assert_int_equal(got->stride[d], want->stride[d]);
        assert_int_equal(got->dilation[d], want->dilation[d]);
    }
    assert_int_equal(got->tiling, want->tiling);
    assert_int_equal(got->visited, want->visited);
    assert_int_equal(got->visible_pairs, want->visible_pairs);
    assert_true(got->cost >= want->cost && got->cost <= want->cost);
    assert_true(got->tile_speedup >= want->tile_speedup && got->tile_speedup <= want->tile_speedup);
    assert_true(got->sparsity >= want->sparsity && got->sparsity <= want->sparsity);
}

/* Search and enumeration agree; returns how many configurations there were. */
static size_t check_space(const tb_search_space *space)
{
    tb_search_result result = {0};
    tb_error err = {0};
    listed all = enumerate(space);
    listed front = front_of(&all);
    tb_assert_ok(tb_search_run(space, &result, &err), &err);
    assert_true(result.is_proven);
    assert_int_equal(result.evaluated, all.count);
    size_t configurations = all.count;
    if (space->one_per_window) {
        keep_one_per_window(&all, space->top);
    }
    size_t wanted = all.count < space->top ? all.count : space->top;
    assert_int_equal(result.row_count, wanted);
    for (size_t i = 0; i < wanted; i++) {
        assert_same(space, &result.rows[i], &all.rows[i]);
    }
    if (space->goal != TB_SEARCH_STRIDE) {
        assert_int_equal(result.pareto_count, front.count);
        for (size_t i = 0; i < front.count; i++) { /* the search's begins with the most visible */
            assert_same(space, &result.pareto[i], &front.rows[front.count - 1 - i]);
        }
    }
    tb_search_release(&result);
    free(all.rows);
    free(front.rows);
    return configurations;
}

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

static void draw(gsl_rng *random, tb_search_goal goal, drawn *out)
{
    static const int64_t bound_extents[] = {30, 7, 4}, time_extents[] = {28, 7, 4};
    static const int64_t sizes[] = {1, 2, 3, 4, 8};
    bool is_timed = goal == TB_SEARCH_TIME;
    int rank = (int)tb_test_between(random, 1, 3);
    *out = (drawn){.space = {.goal = goal, .sparsity_low = 0, .sparsity_high = 1}};
    tb_search_space *space = &out->space;
    space->problem = tb_problem_default();
    space->problem.layout.rank = rank;
    space->problem.heads = space->problem.heads_kv = tb_test_between(random, 1, 40);
    for (int d = 0; d < rank; d++) {
        int64_t most = is_timed ? time_extents[rank - 1] : bound_extents[rank - 1];
        space->problem.layout.extent[d] = tb_test_between(random, 1, most);
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
        draw(random, TB_SEARCH_BOUND, &d);
        configurations += check_space(&d.space);
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
        draw(random, TB_SEARCH_STRIDE, &d);
        configurations += check_space(&d.space);
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
            draw(random, TB_SEARCH_TIME, &d);
            if (i % 2 == 0) { /* several waves on few SMs */
                tb_test_set(bench.device, i % 4 == 0 ? "sm_count=4" : "sm_count=13");
            }
            d.space.kernel = bench.kernel;
            d.space.device = bench.device;
            configurations += check_space(&d.space);
        }
        tb_bench_close(&bench);
    }
    print_message("%zu spaces of %zu configurations by time\n", spaces, configurations);
    gsl_rng_free(random);
}

static void search__bad_spaces_are_refused(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    tb_search_result result;
    tb_error err = {0};
    drawn d;
    draw(random, TB_SEARCH_BOUND, &d);
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
    bad.sparsity_low = 0.5;
    bad.sparsity_high = 0.4;
    tb_assert_fails(tb_search_run(&bad, &result, &err), &err, TB_EINVAL, "the lower one comes");
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(search__by_bound_is_enumeration),
         cmocka_unit_test(search__by_stride_is_enumeration),
         cmocka_unit_test(search__by_time_is_enumeration),
         cmocka_unit_test(search__bad_spaces_are_refused));
