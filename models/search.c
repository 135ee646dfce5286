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
    tb_search_shape_list made;
    tb_search_clock *clock;
    tb_search_kept kept;
    tb_search_result result;
} search;

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
    for (int d = 0; d < tb_search_rank(space); d++) {
        pattern.window[d] = row->window[d];
        pattern.stride[d] = row->stride[d];
        pattern.dilation[d] = row->dilation[d];
        pattern.causal[d] = space->dim[d].causal;
    }
    return pattern;
}

tb_problem tb_search_problem(const tb_search_space *space, const tb_search_row *row)
{
    tb_problem problem = space->problem;
    memcpy(problem.layout.extent, row->extent, (size_t)tb_search_rank(space) * sizeof *row->extent);
    return problem;
}

tb_kernel tb_search_kernel(const tb_search_space *space, const tb_search_row *row)
{
    tb_kernel kernel = *space->kernel;
    kernel.time.schedule = row->schedule;
    return kernel;
}

bool tb_search_is_padded(const tb_search_space *space, const tb_search_row *row)
{
    return memcmp(space->problem.layout.extent, row->extent,
                  (size_t)tb_search_rank(space) * sizeof *row->extent) != 0;
}

double tb_search_bytes(const tb_search_space *space, const tb_layout *layout,
                       const tb_tiling *tiling, double padded_q_tokens, double padded_kv_tokens)
{
    const tb_problem *problem = &space->problem;
    double n = (double)tb_layout_tokens(layout);
    bool copies = space->kernel != NULL && space->kernel->permutation != TB_PERMUTE_NONE &&
                  tiling->kind == TB_TILING_MULTI_DIM && layout->rank > 1;
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
    if (status == TB_OK && space->all_schedules && !is_timed) {
        status = tb_fail(err, TB_EINVAL, "schedules only matter to times; search by time");
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
    tb_problem padded = space->problem;
    tb_pattern pattern = tb_pattern_default();
    pattern.kind = TB_PATTERN_GNA;
    for (int d = 0; d < tb_search_rank(space) && status == TB_OK; d++) {
        const tb_search_dim *dim = &space->dim[d];
        if (dim->window_step < 1 || (dim->dilation < 1 && dim->max_dilation < 1)) {
            return tb_fail(err, TB_EINVAL,
                           "windows in steps of %lld, dilations up to %lld; both are at least 1",
                           (long long)dim->window_step, (long long)dim->max_dilation);
        }
        if (dim->max_padding < 0 || !tb_add_ok(space->problem.layout.extent[d], dim->max_padding,
                                               &padded.layout.extent[d])) {
            return tb_fail(err, TB_EINVAL, "padding by %lld tokens; 0 or more, below 2^63",
                           (long long)dim->max_padding);
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
    if (status == TB_OK) {
        status = tb_problem_check(&padded, err);
    }
    for (size_t s = 0; s < space->tiling_count && status == TB_OK; s++) {
        const tb_tiling *tiling = &space->tilings[s];
        status = tb_tiling_check(tiling, &padded, &pattern, err);
        if (status == TB_OK && tb_search_rank(space) == 1 && tiling->order != TB_ORDER_ROW_MAJOR) {
            status =
                tb_fail(err, TB_EINVAL, "one dimension has one order of tokens; leave --order out");
        }
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
        for (int d = 0; d < tb_search_rank(s->space); d++) {
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
    tb_search_walk walk = {
        .space = s->space, .shapes = s->made.shapes, .shape_count = s->made.count, .tally = &none};
    size_t room = s->space->top > SEEDS ? s->space->top : SEEDS;
    tb_status status = tb_search_clock_create(s->space, s->made.shapes, &s->clock, err);
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
    tb_search_walk walk = {.space = s->space,
                           .shapes = s->made.shapes,
                           .shape_count = s->made.count,
                           .kept = &s->kept,
                           .tally = &s->result};
    return s->space->goal == TB_SEARCH_TIME ? walk_times(s, err) : tb_search_walk_all(&walk, err);
}

/* The strides of a row's classes: those whose places in their classes multiply to `room` at most.
 */
static tb_status unfold(const search *s, const tb_search_pick *pick, int d, size_t room,
                        tb_search_row row, tb_search_kept *kept, tb_error *err)
{
    const tb_search_shape *shape = &s->made.shapes[row.shape];
    if (d >= tb_search_rank(s->space)) {
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
        status = tb_search_shapes_make(space, &s.made, err);
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
    tb_search_shapes_free(&s.made);
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
