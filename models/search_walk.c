/* The way through a space: products of per-dimension numbers, and what of them cannot matter.
 *
 * In multi-dim tiling a gna pattern's visited, visible and unmasked tiles are products over
 * dimensions (sim/census.h). So a configuration is a shape with, in each dimension, one entry of
 * that shape's table: a window, a dilation and a stride. Entries are bundled twice, and nothing
 * that could be first, or on the front, is lost by it:
 *
 * 1. A group holds the strides of one window and dilation that see equally many pairs. All else
 *    that a cost is made of but visited and unmasked tiles is the same in a group, and costs never
 *    fall where more is visited or less is left unmasked. So no configuration of some groups costs
 *    less than their best product: least visited, most unmasked, each taken apart. Where `kept`
 *    does not want that cost for that many visible pairs, it wants none of the groups' products:
 *    its wants only shrink as rows come in. Likewise for a class in the first dimensions and the
 *    best of the groups in the others.
 * 2. A class holds strides of a group with equal costs in every combination: equally many visited
 *    tiles, and for times the very same tiles in the same order. Of them, a smaller stride comes
 *    first in the order of rows. So a class stands for all of its strides by its least one, and if
 *    one of its products is among the first K rows, so is that of the least strides, and no more
 *    than K products of smaller strides stand before it: search.c unfolds the K rows so.
 *
 * Times: a bound (search_clock.c) is below the predicted time of any configuration of some groups,
 * and what is wanted by its bound is timed as tb_predict_time() does. */
#include "search_parts.h"

#include "checked.h"

#include <math.h>
#include <string.h>

/* Where the walk is. */
typedef struct place {
    const tb_search_walk *walk;
    size_t shape;
    const tb_search_pace *pace;          /* of times */
    int64_t least_visible, most_visible; /* that the sparsities allow */
    int64_t least_rest[TB_MAX_RANK + 1]; /* visible of the dimensions from here on */
    int64_t most_rest[TB_MAX_RANK + 1];
    const tb_search_group *group[TB_MAX_RANK];
    const tb_search_class *class[TB_MAX_RANK];
    tb_error *err;
} place;

static int rank_of(const place *at)
{
    return tb_search_rank(at->walk->space);
}

static const tb_search_shape *shape_of(const place *at)
{
    return &at->walk->shapes[at->shape];
}

const tb_search_product tb_search_one = {.visited = 1,
                                         .unmasked = 1,
                                         .least = 1,
                                         .most = 1,
                                         .visible = 1,
                                         .q_tiles = 1,
                                         .kv_tiles = 1,
                                         .launched = 1,
                                         .whole_kv_tiles = 1,
                                         .stride = 1};

tb_search_product tb_search_multiply(const tb_search_product *product, const tb_search_group *group,
                                     const tb_search_class *class, int64_t stride)
{
    return (tb_search_product){
        .visited = product->visited * class->visited,
        .unmasked = product->unmasked * class->unmasked,
        .least = product->least * class->least,
        .most = product->most * class->most,
        .visible = product->visible * group->visible,
        .q_tiles = product->q_tiles * group->q_tiles,
        .kv_tiles = product->kv_tiles * group->kv_tiles,
        .launched = product->launched * group->launched,
        .whole_kv_tiles = product->whole_kv_tiles * group->whole_kv_tiles,
        .stride = product->stride * (double)stride,
    };
}

int64_t tb_search_all_visited(const tb_search_shape *shape, const tb_search_product *product)
{
    return product->visited + product->q_tiles * shape->extra_kv_tiles +
           shape->extra_q_tiles * (product->kv_tiles + shape->extra_kv_tiles);
}

int64_t tb_search_all_visible(const tb_search_space *space, int64_t visible)
{
    const tb_problem *problem = &space->problem;
    int64_t tokens = tb_layout_tokens(&problem->layout);
    return visible + tokens * problem->extra_kv + (tokens + problem->extra_kv) * problem->extra_q;
}

static double sparsity_of(const tb_search_space *space, int64_t all_visible)
{
    const tb_problem *problem = &space->problem;
    int64_t tokens = tb_layout_tokens(&problem->layout);
    int64_t dense = (tokens + problem->extra_q) * (tokens + problem->extra_kv);
    return (double)(dense - all_visible) / (double)dense;
}

void tb_search_row_fill(const tb_search_space *space, const tb_search_shape *shape,
                        const tb_search_product *product, tb_search_row *row)
{
    row->visited = tb_search_all_visited(shape, product);
    row->visible_pairs = tb_search_all_visible(space, product->visible);
    row->tile_speedup = shape->baseline_tiles / (double)row->visited;
    row->sparsity = sparsity_of(space, row->visible_pairs);
    row->stride_product = product->stride;
    if (space->goal != TB_SEARCH_TIME) {
        row->cost = space->goal == TB_SEARCH_STRIDE ? product->stride
                                                    : (double)row->visited / shape->baseline_tiles;
    }
}

/* What a configuration with these sums has at least: the sums, but for runs of tokens, whose tables
 * count tokens. */
static tb_search_product least_of(const place *at, const tb_search_product *sums)
{
    return shape_of(at)->is_runs ? tb_search_runs_at_least(shape_of(at), sums) : *sums;
}

/* The least that products with these numbers cost. */
static double cost_of(const place *at, const tb_search_product *product)
{
    const tb_search_shape *shape = shape_of(at);
    switch (at->walk->space->goal) {
    case TB_SEARCH_TIME:
        return tb_search_clock_bound(at->walk->clock, at->pace, product);
    case TB_SEARCH_STRIDE:
        return product->stride;
    default:
        return (double)tb_search_all_visited(shape, product) / shape->baseline_tiles;
    }
}

static bool is_wanted(const place *at, const tb_search_product *product, double cost)
{
    return tb_search_kept_wants(at->walk->kept, cost,
                                tb_search_all_visible(at->walk->space, product->visible),
                                product->stride);
}

/* A configuration that is wanted by its bound. */
static tb_status take(place *at, const tb_search_product *product, double cost)
{
    const tb_search_walk *walk = at->walk;
    const tb_search_shape *shape = shape_of(at);
    tb_search_pick pick = {.row = {.shape = at->shape,
                                   .tiling = shape->tiling_index,
                                   .schedule = shape->schedule,
                                   .cost = cost}};
    int64_t tiles[TB_MAX_RANK];
    tb_status status = TB_OK;
    for (int d = 0; d < rank_of(at); d++) {
        const tb_search_class *class = pick.class[d] = at->class[d];
        pick.row.window[d] = at->group[d]->window;
        pick.row.dilation[d] = at->group[d]->dilation;
        pick.row.stride[d] = shape->dim[d]->strides[class->first_stride];
        pick.row.extent[d] = shape->problem.layout.extent[d];
        tiles[d] = class->tiles;
    }
    tb_search_row_fill(walk->space, shape, product, &pick.row);
    if (shape->is_runs) {
        bool is_counted = false;
        status = tb_search_runs_count(walk, &pick.row, &is_counted, at->err);
        if (status != TB_OK || !is_counted) {
            return status;
        }
    }
    if (walk->is_exact) {
        bool is_known = false;
        status = tb_search_clock_time(walk->clock, &pick.row, tiles, &is_known, &pick.row.time_us,
                                      at->err);
        if (status != TB_OK || !is_known) {
            walk->tally->is_proven = walk->tally->is_proven && is_known;
            return status;
        }
        pick.row.cost = pick.row.time_us;
    }
    return tb_search_kept_put(walk->kept, &pick, at->err);
}

/* The classes of dimension d and the later ones, under those chosen in the earlier ones. */
static tb_status walk_classes(place *at, int d, const tb_search_product *so_far)
{
    const tb_search_table *table = shape_of(at)->dim[d];
    const tb_search_group *group = at->group[d];
    bool is_last = d + 1 >= rank_of(at);
    for (size_t i = 0; i < group->class_count; i++) {
        /* of runs, the largest stride first: it is likely to cost less, and is counted while there
         * is a limit */
        size_t c = shape_of(at)->is_runs ? group->class_count - 1 - i : i;
        const tb_search_class *class = &table->classes[group->first_class + c];
        tb_search_product here =
            tb_search_multiply(so_far, group, class, table->strides[class->first_stride]);
        tb_search_product best = here;
        for (int k = d + 1; k < rank_of(at); k++) {
            const tb_search_group *later = at->group[k];
            best = tb_search_multiply(&best, later, &later->best, later->least_stride);
        }
        best = least_of(at, &best);
        double cost = cost_of(at, &best);
        at->walk->tally->enumerated++;
        if (!is_wanted(at, &best, cost)) {
            continue;
        }
        at->class[d] = class;
        tb_status status = is_last ? take(at, &here, cost) : walk_classes(at, d + 1, &here);
        if (status != TB_OK) {
            return status;
        }
    }
    return TB_OK;
}

/* Constraints that groups decide, beside windows and sparsity. */
static bool meets(const place *at, const tb_search_product *best)
{
    const tb_search_space *space = at->walk->space;
    const tb_search_shape *shape = shape_of(at);
    if (tb_search_needs_full(space) &&
        (space->problem.extra_kv % shape->kv_tokens != 0 ||
         (space->problem.extra_q > 0 && best->whole_kv_tiles != best->kv_tiles))) {
        return false;
    }
    return !(space->max_bytes > 0) ||
           tb_search_bytes(space, &shape->problem.layout, shape->tiling,
                           (double)best->launched * (double)shape->q_tokens,
                           (double)best->kv_tiles * (double)shape->kv_tokens) <= space->max_bytes;
}

static tb_status set_pace(place *at)
{
    int64_t dilation[TB_MAX_RANK];
    if (at->walk->clock == NULL) {
        return TB_OK;
    }
    for (int d = 0; d < rank_of(at); d++) {
        dilation[d] = at->group[d]->dilation;
    }
    return tb_search_clock_pace(at->walk->clock, at->shape, dilation, &at->pace, at->err);
}

/* One group a dimension is chosen. */
static tb_status walk_groups(place *at, const tb_search_product *sums)
{
    tb_search_result *tally = at->walk->tally;
    tb_search_product best = least_of(at, sums);
    int64_t entries = 1;
    bool fits = true;
    if (!meets(at, &best)) {
        return TB_OK;
    }
    for (int d = 0; d < rank_of(at); d++) {
        fits = fits && tb_mul_ok(entries, at->group[d]->entries, &entries);
    }
    if (!fits || !tb_add_ok(tally->evaluated, entries, &tally->evaluated)) {
        return tb_fail(at->err, TB_EOVERFLOW,
                       "the space has more than 2^63 - 1 configurations; narrow it");
    }
    tb_status status = set_pace(at);
    if (status != TB_OK) {
        return status;
    }
    tally->enumerated++;
    return is_wanted(at, &best, cost_of(at, &best)) ? walk_classes(at, 0, &tb_search_one) : TB_OK;
}

/* The first group of a table that sees at least that much. */
static size_t first_seeing(const tb_search_table *table, int64_t visible)
{
    size_t low = 0, high = table->group_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table->groups[middle].visible < visible) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Choose the groups of dimension d and the later ones. */
static tb_status choose_groups(place *at, int d, const tb_search_product *so_far)
{
    const tb_search_table *table = shape_of(at)->dim[d];
    bool is_last = d + 1 >= rank_of(at), is_equal = at->walk->space->equal_window;
    int64_t needed = tb_ceil_div(at->least_visible, so_far->visible * at->most_rest[d + 1]);
    int64_t allowed = at->most_visible / (so_far->visible * at->least_rest[d + 1]);
    tb_status status = TB_OK;
    for (size_t g = first_seeing(table, needed); g < table->group_count && status == TB_OK; g++) {
        const tb_search_group *group = &table->groups[g];
        if (group->visible > allowed) {
            break;
        }
        if (is_equal && d > 0 && group->window != at->group[0]->window) {
            continue;
        }
        at->group[d] = group;
        tb_search_product next =
            tb_search_multiply(so_far, group, &group->best, group->least_stride);
        status = is_last ? walk_groups(at, &next) : choose_groups(at, d + 1, &next);
    }
    return status;
}

/* The least x of [0, last] with holds(x), which once true stays so; last + 1 where none has it. */
static int64_t least_with(const tb_search_space *space, int64_t last, double sparsity,
                          bool is_strict)
{
    int64_t low = 0, high = last + 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        double there = sparsity_of(space, tb_search_all_visible(space, middle));
        if (is_strict ? there < sparsity : there <= sparsity) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Visible pairs of the layout that the sparsities allow; sparsity falls as they grow. */
static void find_range(place *at)
{
    const tb_search_space *space = at->walk->space;
    int64_t tokens = tb_layout_tokens(&space->problem.layout), last = tokens * tokens;
    at->least_visible = least_with(space, last, space->sparsity_high, false);
    at->most_visible = least_with(space, last, space->sparsity_low, true) - 1;
}

static bool find_rests(place *at)
{
    int rank = rank_of(at);
    at->least_rest[rank] = at->most_rest[rank] = 1;
    for (int d = rank - 1; d >= 0; d--) {
        const tb_search_table *table = shape_of(at)->dim[d];
        if (table->group_count == 0) {
            return false;
        }
        at->least_rest[d] = at->least_rest[d + 1] * table->groups[0].visible;
        at->most_rest[d] = at->most_rest[d + 1] * table->groups[table->group_count - 1].visible;
    }
    return true;
}

tb_status tb_search_walk_all(tb_search_walk *walk, tb_error *err)
{
    tb_status status = TB_OK;
    place at = {.walk = walk, .err = err};
    find_range(&at);
    for (size_t s = 0; s < walk->shape_count && status == TB_OK; s++) {
        at.shape = s;
        bool is_left = walk->shapes[s].is_runs && walk->clock != NULL && !walk->is_exact;
        if (!is_left && find_rests(&at)) { /* bounds of runs' times say too little to begin with */
            status = choose_groups(&at, 0, &tb_search_one);
        }
    }
    return status;
}
