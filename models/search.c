#include "search.h"

#include "checked.h"
#include "search_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEEDS 64 /* rows by their bounds that are timed first, so that few others need it */

const char *const tb_search_goal_names[TB_SEARCH_GOAL_COUNT] = {"bound", "time", "smallest-stride"};

/* What a search holds while it runs. */
typedef struct search {
    const tb_search_space *space;
    tb_search_shape *shapes;
    tb_search_table *tables; /* room for rank x shapes */
    tb_search_table_ask *asks;
    size_t table_count;
    tb_search_clock *clock;
    tb_search_kept kept;
    tb_search_result result;
} search;

static int rank_of(const tb_search_space *space)
{
    return space->problem.layout.rank;
}

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

tb_pattern tb_search_pattern(const tb_search_space *space, const tb_search_row *row)
{
    tb_pattern pattern = tb_pattern_default();
    pattern.kind = TB_PATTERN_GNA;
    for (int d = 0; d < rank_of(space); d++) {
        pattern.window[d] = row->window[d];
        pattern.stride[d] = row->stride[d];
        pattern.dilation[d] = row->dilation[d];
        pattern.causal[d] = space->dim[d].causal;
    }
    return pattern;
}

double tb_search_bytes(const tb_search_space *space, const tb_tiling *tiling,
                       double padded_q_tokens, double padded_kv_tokens)
{
    const tb_problem *problem = &space->problem;
    double n = (double)tb_layout_tokens(&problem->layout);
    bool copies = space->kernel != NULL && space->kernel->permutation != TB_PERMUTE_NONE &&
                  tiling->kind == TB_TILING_MULTI_DIM && problem->layout.rank > 1;
    double q = n + (double)problem->extra_q + (copies ? padded_q_tokens : 0);
    double kv = n + (double)problem->extra_kv + (copies ? padded_kv_tokens : 0);
    double tokens = q * (double)problem->heads + kv * (double)problem->heads_kv;
    double gradients = problem->pass == TB_PASS_BACKWARD ? 2 : 1;
    return gradients * tokens * (double)(problem->dim + problem->dim_value) *
           (double)problem->batch * (double)tb_dtype_bytes(problem->dtype);
}

bool tb_search_needs_full(const tb_search_space *space)
{
    return space->fully_block_sparse || space->goal == TB_SEARCH_STRIDE ||
           (space->kernel != NULL && space->kernel->mask == TB_MASK_NEVER);
}

static tb_status check_space(const tb_search_space *space, tb_error *err)
{
    bool is_timed = space->goal == TB_SEARCH_TIME;
    tb_status status = tb_problem_check(&space->problem, err);
    if (status == TB_OK && is_timed && (space->kernel == NULL || space->device == NULL)) {
        status = tb_fail(err, TB_EINVAL, "a search by time needs a device and a kernel");
    }
    if (status == TB_OK && space->top < 1) {
        status = tb_fail(err, TB_EINVAL, "no rows are wanted; give at least 1");
    }
    if (status == TB_OK && space->sparsity_low > space->sparsity_high) {
        status = tb_fail(err, TB_EINVAL, "a sparsity of %g to %g; the lower one comes first",
                         space->sparsity_low, space->sparsity_high);
    }
    if (status == TB_OK && space->tiling_count < 1) {
        status = tb_fail(err, TB_EINVAL, "no tile shapes to choose from; give at least 1");
    }
    tb_pattern pattern = tb_pattern_default();
    pattern.kind = TB_PATTERN_GNA;
    for (int d = 0; d < rank_of(space) && status == TB_OK; d++) {
        const tb_search_dim *dim = &space->dim[d];
        if (dim->window_step < 1 || (dim->dilation < 1 && dim->max_dilation < 1)) {
            return tb_fail(err, TB_EINVAL,
                           "windows in steps of %lld, dilations up to %lld; both are at least 1",
                           (long long)dim->window_step, (long long)dim->max_dilation);
        }
        pattern.window[d] = tb_max(dim->window, 1);
        pattern.dilation[d] = tb_max(dim->dilation, 1);
        pattern.stride[d] = dim->window > 0 ? tb_max(dim->stride, 1) : 1;
        if (pattern.stride[d] > pattern.window[d] && dim->window == 0) {
            pattern.stride[d] = 1;
        }
    }
    if (status == TB_OK) {
        status = tb_pattern_check(&pattern, &space->problem.layout, err);
    }
    for (size_t s = 0; s < space->tiling_count && status == TB_OK; s++) {
        const tb_tiling *tiling = &space->tilings[s];
        status = tb_tiling_check(tiling, &space->problem, &pattern, err);
        if (status == TB_OK && tiling->kind != TB_TILING_MULTI_DIM &&
            (rank_of(space) > 1 || tiling->order != TB_ORDER_ROW_MAJOR)) {
            status = tb_fail(err, TB_EINVAL,
                             "a search needs tiles that are boxes of tokens, or a layout of one "
                             "dimension; give --tiling multi-dim or a kernel that has it");
        }
    }
    return status;
}

/* The sequence of KV tiles matters where waves of CTAs read them again: where a head's keys and
 * values do not fit L2; and in the backward pass, where CTAs own KV tiles. */
static bool places_matter(const tb_search_space *space)
{
    const tb_problem *problem = &space->problem;
    double tokens = (double)(tb_layout_tokens(&problem->layout) + problem->extra_kv);
    double bytes = tokens * (double)(problem->dim + problem->dim_value) *
                   (double)tb_dtype_bytes(problem->dtype);
    double l2 = tb_device_get(space->device, TB_DEVICE_L2_SIZE_MIB, 0) * 1048576.0;
    return problem->pass == TB_PASS_BACKWARD || bytes > l2;
}

static tb_mask_policy mask_of(const tb_search_space *space, const tb_tiling *tiling)
{
    tb_mask_policy mask = space->kernel == NULL ? TB_MASK_PARTIAL_ONLY : space->kernel->mask;
    return mask == TB_MASK_NATTEN && tiling->kind != TB_TILING_MULTI_DIM ? TB_MASK_PARTIAL_ONLY
                                                                         : mask;
}

/* The table of a dimension and tile extents, made where it is not there yet. */
static tb_status find_table(search *s, const tb_tiling *tiling, int d, const tb_search_table **out,
                            tb_error *err)
{
    const tb_search_space *space = s->space;
    bool is_timed = space->goal == TB_SEARCH_TIME;
    tb_search_table_ask ask;
    memset(&ask, 0, sizeof ask); /* compared as bytes */
    ask.dim = &space->dim[d];
    ask.extent = space->problem.layout.extent[d];
    ask.q_tile = tiling->q_tile[d];
    ask.kv_tile = tiling->kv_tile[d];
    ask.kv_tiling = tiling->kv_tiling;
    ask.mask = mask_of(space, tiling);
    ask.may_dilate = tiling->kind == TB_TILING_MULTI_DIM;
    ask.is_full_only = tb_search_needs_full(space);
    ask.keeps_tiles = is_timed;
    ask.keeps_places = is_timed && places_matter(space);
    for (size_t i = 0; i < s->table_count; i++) {
        if (memcmp(&s->asks[i], &ask, sizeof ask) == 0) {
            *out = &s->tables[i];
            return TB_OK;
        }
    }
    tb_status status = tb_search_table_fill(&ask, &s->tables[s->table_count], err);
    if (status == TB_OK) {
        s->asks[s->table_count] = ask;
        *out = &s->tables[s->table_count++];
    }
    return status;
}

/* No product of the walk passes 2^63 - 1: none is above that of the largest factors. */
static tb_status check_products(const tb_search_space *space, const tb_search_shape *shape,
                                tb_error *err)
{
    int64_t q_tiles = 1, kv_tiles = 1, tiles = 0, pairs = 0;
    bool fits = true;
    for (int d = 0; d < rank_of(space); d++) {
        int64_t most_q = 1, most_kv = 1;
        for (size_t g = 0; g < shape->dim[d]->group_count; g++) {
            const tb_search_group *group = &shape->dim[d]->groups[g];
            most_q = tb_max(most_q, group->launched);
            most_kv = tb_max(most_kv, group->kv_tiles);
        }
        fits =
            fits && tb_mul_ok(q_tiles, most_q, &q_tiles) && tb_mul_ok(kv_tiles, most_kv, &kv_tiles);
    }
    fits = fits && tb_add_ok(q_tiles, shape->extra_q_tiles, &q_tiles) &&
           tb_add_ok(kv_tiles, shape->extra_kv_tiles, &kv_tiles) &&
           tb_mul_ok(q_tiles, kv_tiles, &tiles) &&
           tb_mul_ok(tiles, shape->q_tokens * shape->kv_tokens, &pairs);
    return fits ? TB_OK
                : tb_fail(err, TB_EOVERFLOW,
                          "the tiles of this layout pass 2^63 - 1; make it smaller");
}

static tb_status make_shape(search *s, size_t index, tb_error *err)
{
    const tb_search_space *space = s->space;
    const tb_problem *problem = &space->problem;
    const tb_tiling *tiling = &space->tilings[index];
    tb_search_shape *shape = &s->shapes[index];
    int64_t n = tb_layout_tokens(&problem->layout);
    shape->tiling = tiling;
    shape->mask = mask_of(space, tiling);
    shape->q_tokens = tb_tiling_q_tokens(tiling, &problem->layout);
    shape->kv_tokens = tb_tiling_kv_tokens(tiling, &problem->layout);
    shape->extra_q_tiles = tb_ceil_div(problem->extra_q, shape->q_tokens);
    shape->extra_kv_tiles = tb_ceil_div(problem->extra_kv, shape->kv_tokens);
    shape->baseline_tiles = (double)((tb_ceil_div(n, shape->q_tokens) + shape->extra_q_tiles) *
                                     (tb_ceil_div(n, shape->kv_tokens) + shape->extra_kv_tiles));
    tb_status status = TB_OK;
    for (int d = 0; d < rank_of(space) && status == TB_OK; d++) {
        status = find_table(s, tiling, d, &shape->dim[d], err);
    }
    return status == TB_OK ? check_products(space, shape, err) : status;
}

static tb_status make_shapes(search *s, tb_error *err)
{
    size_t count = s->space->tiling_count, tables = count * (size_t)rank_of(s->space);
    s->shapes = calloc(count, sizeof *s->shapes);
    s->tables = calloc(tables, sizeof *s->tables);
    s->asks = calloc(tables, sizeof *s->asks);
    if (s->shapes == NULL || s->tables == NULL || s->asks == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %zu tile shapes", count);
    }
    tb_status status = TB_OK;
    for (size_t i = 0; i < count && status == TB_OK; i++) {
        status = make_shape(s, i, err);
    }
    return status;
}

/* Time rows that were kept by their bounds, and keep them by their times. */
static tb_status time_picks(search *s, const tb_search_pick *picks, size_t count,
                            tb_search_kept *kept, tb_error *err)
{
    tb_status status = TB_OK;
    for (size_t i = 0; i < count && status == TB_OK; i++) {
        tb_search_pick pick = picks[i];
        int64_t tiles[TB_MAX_RANK];
        bool is_known = false;
        for (int d = 0; d < rank_of(s->space); d++) {
            tiles[d] = pick.class[d]->tiles;
        }
        status =
            tb_search_clock_time(s->clock, &pick.row, tiles, &is_known, &pick.row.time_us, err);
        pick.row.cost = pick.row.time_us;
        if (status == TB_OK && is_known) {
            status = tb_search_kept_put(kept, &pick, err);
        }
    }
    return status;
}

/* By bounds first: their best rows and their front, once timed, say for most of the rest by its
 * bound that it need not be. */
static tb_status walk_times(search *s, tb_error *err)
{
    tb_search_kept seeds = {0};
    tb_search_result none = {0};
    tb_search_walk walk = {.space = s->space, .shapes = s->shapes, .tally = &none};
    size_t room = s->space->top > SEEDS ? s->space->top : SEEDS;
    tb_status status = tb_search_clock_create(s->space, s->shapes, &s->clock, err);
    walk.clock = s->clock;
    walk.kept = &seeds;
    if (status == TB_OK) {
        status = tb_search_kept_begin(s->space, room, &seeds, err);
    }
    if (status == TB_OK) {
        status = tb_search_walk_all(&walk, err);
    }
    if (status == TB_OK) {
        status = time_picks(s, seeds.picks, seeds.count, &s->kept, err);
    }
    if (status == TB_OK) {
        status = time_picks(s, seeds.front, seeds.front_count, &s->kept, err);
    }
    s->result.enumerated = none.enumerated;
    walk.is_exact = true;
    walk.kept = &s->kept;
    walk.tally = &s->result;
    status = status == TB_OK ? tb_search_walk_all(&walk, err) : status;
    s->result.timed = s->clock != NULL ? tb_search_clock_runs(s->clock) : 0;
    tb_search_kept_free(&seeds);
    return status;
}

static tb_status walk_space(search *s, tb_error *err)
{
    tb_search_walk walk = {
        .space = s->space, .shapes = s->shapes, .kept = &s->kept, .tally = &s->result};
    return s->space->goal == TB_SEARCH_TIME ? walk_times(s, err) : tb_search_walk_all(&walk, err);
}

/* The strides of a row's classes: those whose places in their classes multiply to `room` at most.
 */
static tb_status unfold(const search *s, const tb_search_pick *pick, int d, size_t room,
                        tb_search_row row, tb_search_kept *kept, tb_error *err)
{
    const tb_search_shape *shape = &s->shapes[row.tiling];
    if (d == rank_of(s->space)) {
        tb_search_pick made = *pick;
        made.row = row;
        if (s->space->goal == TB_SEARCH_STRIDE) {
            made.row.cost = row.stride_product;
        }
        return tb_search_kept_put(kept, &made, err);
    }
    const tb_search_class *class = pick->class[d];
    const int64_t *strides = &shape->dim[d]->strides[class->first_stride];
    double product = d == 0 ? 1 : row.stride_product;
    tb_status status = TB_OK;
    for (size_t i = 0; i < class->stride_count && i < room && status == TB_OK; i++) {
        row.stride[d] = strides[i];
        row.stride_product = product * (double)strides[i];
        status = unfold(s, pick, d + 1, room / (i + 1), row, kept, err);
    }
    return status;
}

static tb_status unfold_all(search *s, tb_error *err)
{
    tb_search_kept all = {0};
    tb_status status = tb_search_kept_begin(s->space, s->space->top, &all, err);
    all.has_front = false;
    for (size_t i = 0; i < s->kept.count && status == TB_OK; i++) {
        const tb_search_pick *pick = &s->kept.picks[i];
        status = s->space->one_per_window ? tb_search_kept_put(&all, pick, err)
                                          : unfold(s, pick, 0, s->space->top, pick->row, &all, err);
    }
    if (status == TB_OK) {
        free(s->kept.picks);
        s->kept.picks = all.picks;
        s->kept.count = all.count;
        all.picks = NULL;
    }
    tb_search_kept_free(&all);
    return status;
}

static tb_search_row *copy_rows(const tb_search_pick *picks, size_t count)
{
    tb_search_row *rows = calloc(count > 0 ? count : 1, sizeof *rows);
    for (size_t i = 0; rows != NULL && i < count; i++) {
        rows[i] = picks[i].row;
    }
    return rows;
}

static tb_status finish(search *s, double begin, tb_search_result *out, tb_error *err)
{
    tb_search_result *result = &s->result;
    result->rows = copy_rows(s->kept.picks, s->kept.count);
    result->pareto = copy_rows(s->kept.front, s->kept.front_count);
    result->row_count = s->kept.count;
    result->pareto_count = s->kept.front_count;
    if (result->rows == NULL || result->pareto == NULL) {
        tb_search_release(result);
        return tb_fail(err, TB_ENOMEM, "no memory for the rows of a search");
    }
    result->seconds = seconds_now() - begin;
    *out = *result;
    return TB_OK;
}

tb_status tb_search_run(const tb_search_space *space, tb_search_result *out, tb_error *err)
{
    double begin = seconds_now();
    search s = {.space = space, .result = {.is_proven = true}};
    tb_status status = check_space(space, err);
    if (status == TB_OK) {
        status = make_shapes(&s, err);
    }
    if (status == TB_OK) {
        status = tb_search_kept_begin(space, space->top, &s.kept, err);
    }
    if (status == TB_OK) {
        status = walk_space(&s, err);
    }
    if (status == TB_OK) {
        status = unfold_all(&s, err);
    }
    if (status == TB_OK) {
        status = finish(&s, begin, out, err);
    }
    for (size_t t = 0; t < s.table_count; t++) {
        tb_search_table_free(&s.tables[t]);
    }
    free(s.shapes);
    free(s.tables);
    free(s.asks);
    tb_search_clock_destroy(s.clock);
    tb_search_kept_free(&s.kept);
    return status;
}

void tb_search_release(tb_search_result *result)
{
    free(result->rows);
    free(result->pareto);
    *result = (tb_search_result){0};
}
