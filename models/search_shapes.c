/* The layouts, tilings and schedules of a search, each with the tables of its dimensions. */
#include "search_parts.h"

#include "checked.h"

#include <stdlib.h>
#include <string.h>

#define MOST_SHAPES 100000

/* The sequence of KV tiles matters where waves of CTAs read them again: where a head's keys and
 * values do not fit L2; and in the backward pass, where CTAs own KV tiles. */
static bool places_matter(const tb_search_space *space, const tb_problem *problem)
{
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

/* Is a census of runs of tokens a product too? Of one dimension without dilation, which is part of
 * the mask there. */
static bool is_product_of_runs(const tb_search_space *space)
{
    const tb_search_dim *dim = &space->dim[0];
    return tb_search_rank(space) == 1 &&
           (dim->dilation > 0 ? dim->dilation : dim->max_dilation) == 1;
}

static tb_search_table_ask ask_of(const tb_search_space *space, const tb_search_shape *shape, int d)
{
    const tb_tiling *tiling = shape->tiling;
    bool is_timed = space->goal == TB_SEARCH_TIME && !shape->is_runs;
    tb_search_table_ask ask;
    memset(&ask, 0, sizeof ask); /* compared as bytes */
    ask.dim = &space->dim[d];
    ask.extent = shape->problem.layout.extent[d];
    ask.real = space->problem.layout.extent[d];
    ask.q_tile = shape->is_runs ? 1 : tiling->q_tile[d];
    ask.kv_tile = shape->is_runs ? 1 : tiling->kv_tile[d];
    ask.kv_tiling = tiling->kv_tiling;
    ask.mask = shape->mask;
    ask.is_full_only = tb_search_needs_full(space) && !shape->is_runs;
    ask.keeps_tiles = is_timed;
    ask.keeps_places = is_timed && places_matter(space, &shape->problem);
    ask.is_runs = shape->is_runs;
    return ask;
}

/* The table of a dimension, made where it is not there yet. */
static tb_status find_table(const tb_search_space *space, tb_search_shape_list *list,
                            tb_search_shape *shape, int d, tb_error *err)
{
    tb_search_table_ask ask = ask_of(space, shape, d);
    for (size_t i = 0; i < list->table_count; i++) {
        if (memcmp(&list->asks[i], &ask, sizeof ask) == 0) {
            shape->dim[d] = &list->tables[i];
            return TB_OK;
        }
    }
    tb_status status = tb_search_table_fill(&ask, &list->tables[list->table_count], err);
    if (status == TB_OK) {
        list->asks[list->table_count] = ask;
        shape->dim[d] = &list->tables[list->table_count++];
    }
    return status;
}

/* No product of the walk passes 2^63 - 1: none is above that of the largest factors. */
static tb_status check_products(const tb_search_shape *shape, tb_error *err)
{
    int64_t q_tiles = 1, kv_tiles = 1, tiles = 0, pairs = 0;
    int64_t pairs_of_tile = shape->is_runs ? 1 : shape->q_tokens * shape->kv_tokens;
    bool fits = true;
    for (int d = 0; d < shape->problem.layout.rank; d++) {
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
           tb_mul_ok(q_tiles, kv_tiles, &tiles) && tb_mul_ok(tiles, pairs_of_tile, &pairs);
    return fits ? TB_OK
                : tb_fail(err, TB_EOVERFLOW,
                          "the tiles of this layout pass 2^63 - 1; make it smaller");
}

static tb_status make_shape(const tb_search_space *space, tb_search_shape_list *list,
                            const tb_layout *layout, size_t tiling, tb_error *err)
{
    tb_search_shape *shape = &list->shapes[list->count];
    const tb_problem *problem = &space->problem;
    int64_t n = tb_layout_tokens(&problem->layout);
    *shape = (tb_search_shape){.problem = *problem,
                               .tiling = &space->tilings[tiling],
                               .tiling_index = tiling,
                               .schedule = space->kernel != NULL ? space->kernel->time.schedule
                                                                 : TB_SCHEDULE_HARDWARE};
    shape->problem.layout = *layout;
    shape->is_runs = shape->tiling->kind != TB_TILING_MULTI_DIM && !is_product_of_runs(space);
    shape->mask = mask_of(space, shape->tiling);
    shape->q_tokens = tb_tiling_q_tokens(shape->tiling, layout);
    shape->kv_tokens = tb_tiling_kv_tokens(shape->tiling, layout);
    shape->extra_q_tiles = tb_ceil_div(problem->extra_q, shape->q_tokens);
    shape->extra_kv_tiles = tb_ceil_div(problem->extra_kv, shape->kv_tokens);
    shape->baseline_tiles = (double)((tb_ceil_div(n, shape->q_tokens) + shape->extra_q_tiles) *
                                     (tb_ceil_div(n, shape->kv_tokens) + shape->extra_kv_tiles));
    tb_status status = TB_OK;
    for (int d = 0; d < tb_search_rank(space) && status == TB_OK; d++) {
        status = find_table(space, list, shape, d, err);
    }
    list->count++;
    return status == TB_OK ? check_products(shape, err) : status;
}

/* The same under each other schedule. */
static void add_schedules(const tb_search_space *space, tb_search_shape_list *list)
{
    const tb_search_shape own = list->shapes[list->count - 1];
    for (int s = 0; space->all_schedules && s < TB_SCHEDULE_POLICY_COUNT; s++) {
        if ((tb_schedule_policy)s != own.schedule) {
            list->shapes[list->count] = own;
            list->shapes[list->count++].schedule = (tb_schedule_policy)s;
        }
    }
}

/* Every tiling and schedule of layouts with these extents in the dimensions before d. */
static tb_status make_layouts(const tb_search_space *space, tb_search_shape_list *list,
                              tb_layout *layout, int d, tb_error *err)
{
    tb_status status = TB_OK;
    if (d >= tb_search_rank(space)) {
        for (size_t t = 0; t < space->tiling_count && status == TB_OK; t++) {
            status = make_shape(space, list, layout, t, err);
            if (status == TB_OK) {
                add_schedules(space, list);
            }
        }
        return status;
    }
    for (int64_t p = 0; p <= space->dim[d].max_padding && status == TB_OK; p++) {
        layout->extent[d] = space->problem.layout.extent[d] + p;
        status = make_layouts(space, list, layout, d + 1, err);
    }
    return status;
}

/* How many shapes there are, and tables at most. */
static tb_status count_shapes(const tb_search_space *space, size_t *shapes, size_t *tables,
                              tb_error *err)
{
    int64_t layouts = 1, extents = 0, count = 0;
    int64_t schedules = space->all_schedules ? TB_SCHEDULE_POLICY_COUNT : 1;
    bool fits = true;
    for (int d = 0; d < tb_search_rank(space); d++) {
        fits = fits && tb_mul_ok(layouts, space->dim[d].max_padding + 1, &layouts) &&
               layouts <= MOST_SHAPES;
        extents += fits ? space->dim[d].max_padding + 1 : 0;
    }
    fits = fits && tb_mul_ok(layouts, (int64_t)space->tiling_count * schedules, &count);
    if (!fits || count > MOST_SHAPES) {
        return tb_fail(err, TB_EINVAL,
                       "more than %d layouts with their tile shapes and schedules; give a smaller "
                       "--max-padding",
                       MOST_SHAPES);
    }
    *shapes = (size_t)count;
    *tables = (size_t)extents * space->tiling_count;
    return TB_OK;
}

tb_status tb_search_shapes_make(const tb_search_space *space, tb_search_shape_list *out,
                                tb_error *err)
{
    size_t shapes = 0, tables = 0;
    *out = (tb_search_shape_list){0};
    tb_status status = count_shapes(space, &shapes, &tables, err);
    if (status != TB_OK) {
        return status;
    }
    out->shapes = calloc(shapes, sizeof *out->shapes);
    out->tables = calloc(tables, sizeof *out->tables);
    out->asks = calloc(tables, sizeof *out->asks);
    if (out->shapes == NULL || out->tables == NULL || out->asks == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %zu tile shapes", shapes);
    }
    tb_layout layout = space->problem.layout;
    return make_layouts(space, out, &layout, 0, err);
}

void tb_search_shapes_free(tb_search_shape_list *list)
{
    for (size_t t = 0; t < list->table_count; t++) {
        tb_search_table_free(&list->tables[t]);
    }
    free(list->shapes);
    free(list->tables);
    free(list->asks);
    *list = (tb_search_shape_list){0};
}
