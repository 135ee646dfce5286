#include "search_tiles.h"

#include "checked.h"
#include "tile_choice.h"
#include "time_model.h"

#include <stdlib.h>
#include <string.h>

const char *const tb_search_shapes_names[TB_SEARCH_SHAPES_COUNT] = {"kernel", "default", "all"};

static bool same_list(const int64_t *a, const int64_t *b, int dims)
{
    return memcmp(a, b, (size_t)dims * sizeof *a) == 0;
}

/* Does a set that holds these tiles lack the device? */
static bool is_on_device(const tb_kernel *kernel, const tb_problem *problem,
                         const tb_tiling *tiling, const tb_device *device)
{
    int dims = tb_tiling_dims(tiling, &problem->layout);
    int64_t padded = tb_kernel_padded_dim(kernel, problem);
    bool is_lacking = false;
    for (size_t s = 0; s < kernel->set_count[problem->pass]; s++) {
        const tb_tile_set *set = &kernel->sets[problem->pass][s];
        bool lacks = false;
        for (size_t i = 0; i < set->not_on_count; i++) {
            lacks = lacks || set->not_on[i] == device->compute_capability;
        }
        for (size_t i = 0; i < set->pair_count[dims - 1] && tb_tile_set_serves(set, padded); i++) {
            const tb_tile_pair *pair = &set->pairs[dims - 1][i];
            if (same_list(pair->q_tile, tiling->q_tile, dims) &&
                same_list(pair->kv_tile, tiling->kv_tile, dims)) {
                if (!lacks) {
                    return true;
                }
                is_lacking = true;
            }
        }
    }
    return !is_lacking;
}

static bool fits(const tb_kernel *kernel, const tb_problem *problem, const tb_tiling *tiling,
                 const tb_device *device)
{
    int64_t occupancy;
    tb_error none = {0};
    return device == NULL ||
           (is_on_device(kernel, problem, tiling, device) &&
            (!kernel->time.given ||
             tb_time_occupancy(kernel, problem, tiling, device, &occupancy, &none) == TB_OK));
}

static bool has(const tb_tiling_list *list, const tb_tiling *tiling, int dims)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->tilings[i].order == tiling->order &&
            same_list(list->tilings[i].q_tile, tiling->q_tile, dims) &&
            same_list(list->tilings[i].kv_tile, tiling->kv_tile, dims)) {
            return true;
        }
    }
    return false;
}

/* What is being listed. */
typedef struct lister {
    const tb_case *item;
    const tb_kernel *kernel;
    const tb_device *device;
    tb_tiling_list list;
    size_t room;
    int dims;
    bool all_orders;
} lister;

static bool matches(const lister *l, const tb_tiling *tiling)
{
    const tb_tiling_request *request = &l->item->tiling;
    return (request->q_dims == 0 || same_list(request->q_tile, tiling->q_tile, l->dims)) &&
           (request->kv_dims == 0 || same_list(request->kv_tile, tiling->kv_tile, l->dims));
}

static tb_status append(lister *l, const tb_tiling *tiling, tb_error *err)
{
    if (l->list.count == l->room) {
        size_t wanted = l->room == 0 ? 64 : 2 * l->room;
        tb_tiling *more = realloc(l->list.tilings, wanted * sizeof *more);
        if (more == NULL) {
            return tb_fail(err, TB_ENOMEM, "no memory for %zu tile shapes", wanted);
        }
        l->list.tilings = more;
        l->room = wanted;
    }
    l->list.tilings[l->list.count++] = *tiling;
    return TB_OK;
}

static tb_status add(lister *l, const tb_tiling *tiling, tb_error *err)
{
    if (!matches(l, tiling) || has(&l->list, tiling, l->dims)) {
        return TB_OK;
    }
    if (!fits(l->kernel, &l->item->problem, tiling, l->device)) {
        l->list.dropped++;
        return TB_OK;
    }
    tb_status status = append(l, tiling, err);
    for (int o = 0; l->all_orders && o < TB_TOKEN_ORDER_COUNT && status == TB_OK; o++) {
        tb_tiling other = *tiling;
        other.order = (tb_token_order)o;
        status = other.order == tiling->order ? TB_OK : append(l, &other, err);
    }
    return status;
}

/* Boxes of powers of two with these many tokens: dimension d and the later ones. */
static tb_status add_boxes(lister *l, tb_tiling *box, bool is_kv, int d, int64_t q, int64_t kv,
                           tb_error *err)
{
    int64_t left = is_kv ? kv : q;
    int64_t *tile = is_kv ? box->kv_tile : box->q_tile;
    if (d + 1 == l->dims) {
        tile[d] = left;
        return is_kv ? add(l, box, err) : add_boxes(l, box, true, 0, q, kv, err);
    }
    tb_status status = TB_OK;
    for (int64_t t = 1; t <= left && status == TB_OK; t *= 2) {
        if (left % t == 0) {
            tile[d] = t;
            status = add_boxes(l, box, is_kv, d + 1, is_kv ? q : q / t, is_kv ? kv / t : kv, err);
        }
    }
    return status;
}

static tb_status add_ranked(lister *l, const tb_case *dense, tb_search_shapes which, tb_error *err)
{
    tb_ranked_tiles *ranked = NULL;
    size_t count = 0;
    tb_status status = tb_tile_rank(dense, l->kernel, &ranked, &count, err);
    for (size_t i = 0; i < count && status == TB_OK; i++) {
        const tb_tiling *tiling = &ranked[i].tiling;
        if (which == TB_SHAPES_ALL && tiling->kind == TB_TILING_MULTI_DIM) {
            tb_tiling box = *tiling;
            const tb_layout *layout = &l->item->problem.layout;
            status = add_boxes(l, &box, false, 0, tb_tiling_q_tokens(tiling, layout),
                               tb_tiling_kv_tokens(tiling, layout), err);
        } else {
            status = add(l, tiling, err);
        }
    }
    free(ranked);
    return status;
}

tb_status tb_search_tilings(const tb_case *item, const tb_kernel *kernel, const tb_device *device,
                            tb_search_shapes which, bool all_orders, tb_tiling_list *out,
                            tb_error *err)
{
    lister l = {.item = item, .kernel = kernel, .all_orders = all_orders};
    tb_case dense = *item;
    tb_tiling one;
    dense.pattern = tb_pattern_default();
    dense.pattern.kind = TB_PATTERN_GNA;
    tb_pattern_resolve(&dense.pattern, &dense.problem.layout);
    dense.tiling.wants_best = false;
    tb_status status = tb_tiling_resolve(&dense, kernel, &one, err);
    if (status == TB_OK && all_orders &&
        (one.kind == TB_TILING_MULTI_DIM || item->problem.layout.rank == 1)) {
        status = tb_fail(err, TB_EINVAL,
                         "orders of tokens are of runs over several dimensions; give "
                         "--tiling single-dim and a layout that has them, or leave --all-orders "
                         "out");
    }
    if (status != TB_OK) {
        return status;
    }
    bool is_given = item->tiling.q_dims > 0 && item->tiling.kv_dims > 0;
    l.dims = tb_tiling_dims(&one, &item->problem.layout);
    l.device = kernel != NULL ? device : NULL;
    if (kernel == NULL || is_given || which == TB_SHAPES_DEFAULT) {
        l.device = NULL; /* as asked: timing says why where it does not fit */
        dense.tiling.q_dims = dense.tiling.kv_dims = 0;
        l.item = &dense;
        status = add(&l, &one, err);
    } else {
        status = add_ranked(&l, &dense, which, err);
    }
    if (status == TB_OK && l.list.count == 0) {
        status = tb_fail(err, TB_EINVAL,
                         l.list.dropped > 0
                             ? "none of the tile shapes of kernel %s runs on that device; give "
                               "another --kernel"
                             : "kernel %s has no tile shape with that tile; give both --q-tile and "
                               "--kv-tile",
                         kernel->name);
    }
    if (status != TB_OK) {
        tb_tiling_list_release(&l.list);
        return status;
    }
    *out = l.list;
    return TB_OK;
}

void tb_tiling_list_release(tb_tiling_list *list)
{
    free(list->tilings);
    *list = (tb_tiling_list){0};
}
