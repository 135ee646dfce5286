#include "search_listing.h"

#include "oracle.h"
#include "predict_time.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

#define MOST_ROWS TB_SEARCH_LISTING_MOST

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

/* Times of a configuration as predict has them. */
static double enumerate_time(const tb_search_space *space, const tb_search_row *row)
{
    tb_case item = tb_case_default();
    tb_kernel kernel = *space->kernel;
    const tb_tiling *tiling = &space->tilings[row->tiling];
    tb_prediction p = {0};
    tb_timing timing;
    tb_error err = {0};
    int rank = space->problem.layout.rank;
    kernel.time.schedule = row->schedule;
    item.problem = tb_search_problem(space, row);
    item.pattern = tb_search_pattern(space, row);
    item.tiling.has_kind = item.tiling.has_kv_tiling = true;
    item.tiling.kind = tiling->kind;
    item.tiling.order = tiling->order;
    item.tiling.kv_tiling = tiling->kv_tiling;
    item.tiling.q_dims = item.tiling.kv_dims = tiling->kind == TB_TILING_MULTI_DIM ? rank : 1;
    memcpy(item.tiling.q_tile, tiling->q_tile, sizeof tiling->q_tile);
    memcpy(item.tiling.kv_tile, tiling->kv_tile, sizeof tiling->kv_tile);
    tb_case_normalize(&item);
    tb_assert_ok(tb_predict(&item, &kernel, &p, &err), &err);
    tb_assert_ok(tb_predict_time(&p, &kernel, space->device, NULL, &timing, &err), &err);
    tb_prediction_release(&p);
    return timing.time.total_us;
}

/* Number of a padded layout's token with these coordinates: those of token `own` of the problem. */
static int64_t padded_token(const tb_layout *own, const tb_layout *padded, int64_t token)
{
    int64_t point[TB_MAX_RANK], number = 0;
    for (int d = own->rank - 1; d >= 0; d--) {
        point[d] = token % own->extent[d];
        token /= own->extent[d];
    }
    for (int d = 0; d < own->rank; d++) {
        number = number * padded->extent[d] + point[d];
    }
    return number;
}

/* Pairs that see each other of the problem's own tokens, and of its extra ones with all. */
static int64_t count_visible(const tb_search_space *space, const tb_problem *padded,
                             const tb_pattern *pattern)
{
    const tb_problem *own = &space->problem;
    int64_t n = tb_layout_tokens(&own->layout);
    int64_t pairs = n * own->extra_kv + (n + own->extra_kv) * own->extra_q;
    for (int64_t q = 0; q < n; q++) {
        for (int64_t k = 0; k < n; k++) {
            pairs += tb_oracle_sees(padded, pattern, padded_token(&own->layout, &padded->layout, q),
                                    padded_token(&own->layout, &padded->layout, k));
        }
    }
    return pairs;
}

static double own_baseline(const tb_search_space *space, const tb_tiling *tiling)
{
    const tb_problem *own = &space->problem;
    int64_t n = tb_layout_tokens(&own->layout);
    int64_t q = tb_tiling_q_tokens(tiling, &own->layout);
    int64_t kv = tb_tiling_kv_tokens(tiling, &own->layout);
    return (double)(((n + q - 1) / q + (own->extra_q + q - 1) / q) *
                    ((n + kv - 1) / kv + (own->extra_kv + kv - 1) / kv));
}

static bool meets(const tb_search_space *space, const tb_search_row *row, const tb_bound *bound)
{
    bool ok = row->sparsity >= space->sparsity_low && row->sparsity <= space->sparsity_high;
    for (int d = 0; d < space->problem.layout.rank; d++) {
        const tb_search_dim *dim = &space->dim[d];
        int64_t w = row->window[d], own = space->problem.layout.extent[d];
        int64_t extent = row->extent[d];
        int64_t given = dim->window == own ? extent : dim->window;
        bool is_free = dim->window == 0;
        ok = ok && (!is_free || w >= dim->min_window);
        ok = ok && (!is_free || w % dim->window_step == 0 || w == extent);
        ok = ok && (!is_free || (w - 1) * row->dilation[d] + 1 >= dim->min_field);
        ok = ok && (is_free || w == given);
        ok = ok && (dim->stride == 0 || row->stride[d] == dim->stride);
        ok = ok && (!space->equal_window || w == row->window[0]);
    }
    bool is_full = space->fully_block_sparse || space->goal == TB_SEARCH_STRIDE;
    return ok && (!is_full || bound->fully_block_sparse);
}

static void enumerate_one(const tb_search_space *space, tb_search_row *row, listed *out)
{
    tb_problem problem = tb_search_problem(space, row);
    tb_pattern pattern = tb_search_pattern(space, row);
    const tb_tiling *tiling = &space->tilings[row->tiling];
    int64_t n = tb_layout_tokens(&space->problem.layout);
    int64_t dense = (n + space->problem.extra_q) * (n + space->problem.extra_kv);
    double baseline = own_baseline(space, tiling);
    tb_census census;
    tb_bound bound;
    tb_error err = {0};
    tb_assert_ok(tb_census_count(&problem, &pattern, tiling, NULL, &census, &err), &err);
    tb_assert_ok(
        tb_bound_compute(&problem, &pattern, tiling, &census, TB_BASELINE_SELF, &bound, &err),
        &err);
    row->visible_pairs = census.visible_pairs;
    if (tb_search_is_padded(space, row)) {
        row->visible_pairs = count_visible(space, &problem, &pattern);
    } else {
        assert_true((double)bound.baseline_tiles >= baseline &&
                    (double)bound.baseline_tiles <= baseline);
    }
    row->sparsity = (double)(dense - row->visible_pairs) / (double)dense;
    if (!meets(space, row, &bound)) {
        return;
    }
    row->visited = census.visited;
    row->tile_speedup = baseline / (double)census.visited;
    row->stride_product = 1;
    for (int d = 0; d < space->problem.layout.rank; d++) {
        row->stride_product *= (double)row->stride[d];
    }
    row->cost =
        space->goal == TB_SEARCH_STRIDE ? row->stride_product : (double)census.visited / baseline;
    if (space->goal == TB_SEARCH_TIME) {
        row->cost = row->time_us = enumerate_time(space, row);
    }
    assert_true(out->count < MOST_ROWS);
    out->rows[out->count++] = *row;
}

static void enumerate_dims(const tb_search_space *space, int d, tb_search_row *row, listed *out)
{
    if (d >= space->problem.layout.rank || d >= TB_MAX_RANK) {
        enumerate_one(space, row, out);
        return;
    }
    int64_t extent = row->extent[d];
    const tb_search_dim *dim = &space->dim[d];
    int64_t first = dim->dilation > 0 ? dim->dilation : 1;
    int64_t last = dim->dilation > 0 ? dim->dilation : dim->max_dilation;
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

/* The kernel's own schedule, then the others. */
static void enumerate_schedules(const tb_search_space *space, tb_search_row *row, size_t *shape,
                                listed *out)
{
    tb_schedule_policy own =
        space->kernel != NULL ? space->kernel->time.schedule : TB_SCHEDULE_HARDWARE;
    row->schedule = own;
    row->shape = (*shape)++;
    enumerate_dims(space, 0, row, out);
    for (int s = 0; space->all_schedules && s < TB_SCHEDULE_POLICY_COUNT; s++) {
        if (s != (int)own) {
            row->schedule = (tb_schedule_policy)s;
            row->shape = (*shape)++;
            enumerate_dims(space, 0, row, out);
        }
    }
}

static void enumerate_layouts(const tb_search_space *space, int d, tb_search_row *row,
                              size_t *shape, listed *out)
{
    if (d >= space->problem.layout.rank || d >= TB_MAX_RANK) {
        for (size_t t = 0; t < space->tiling_count; t++) {
            row->tiling = t;
            enumerate_schedules(space, row, shape, out);
        }
        return;
    }
    for (int64_t p = 0; p <= space->dim[d].max_padding; p++) {
        row->extent[d] = space->problem.layout.extent[d] + p;
        enumerate_layouts(space, d + 1, row, shape, out);
    }
}

static listed enumerate(const tb_search_space *space)
{
    listed out = {.rows = calloc(MOST_ROWS, sizeof *out.rows)};
    tb_search_row row = {0};
    size_t shape = 0;
    assert_non_null(out.rows);
    enumerate_layouts(space, 0, &row, &shape, &out);
    sorted_space = space;
    qsort(out.rows, out.count, sizeof *out.rows, compare_rows);
    return out;
}

static bool are_kin(const tb_search_row *a, const tb_search_row *b)
{
    return a->shape == b->shape && memcmp(a->window, b->window, sizeof a->window) == 0 &&
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
        assert_int_equal(got->extent[d], want->extent[d]);
    }
    assert_int_equal(got->shape, want->shape);
    assert_int_equal(got->schedule, want->schedule);
    assert_int_equal(got->tiling, want->tiling);
    assert_int_equal(got->visited, want->visited);
    assert_int_equal(got->visible_pairs, want->visible_pairs);
    assert_true(got->cost >= want->cost && got->cost <= want->cost);
    assert_true(got->tile_speedup >= want->tile_speedup && got->tile_speedup <= want->tile_speedup);
    assert_true(got->sparsity >= want->sparsity && got->sparsity <= want->sparsity);
}

static bool has_runs(const tb_search_space *space)
{
    return space->tilings[0].kind == TB_TILING_SINGLE_DIM;
}

size_t tb_search_listing_check(const tb_search_space *space)
{
    tb_search_result result = {0};
    tb_error err = {0};
    listed all = enumerate(space);
    listed front = front_of(&all);
    tb_assert_ok(tb_search_run(space, &result, &err), &err);
    assert_true(result.is_proven);
    if (has_runs(space) && (space->fully_block_sparse || space->goal == TB_SEARCH_STRIDE)) {
        assert_true(result.evaluated >= (int64_t)all.count); /* with those that are not full */
    } else {
        assert_int_equal(result.evaluated, all.count);
    }
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
