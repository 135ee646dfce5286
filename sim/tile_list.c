#include "tile_list.h"

#include "checked.h"
#include "tile_list_parts.h"
#include "tile_view.h"
#include "token_order.h"

#include <stdlib.h>

tb_status tb_tile_list_append(tb_tile_list *list, int64_t kv_tile, int32_t mask, int64_t *capacity,
                              tb_error *err)
{
    if (list->visited == *capacity) {
        int64_t more = *capacity < 256 ? 256 : 2 * *capacity;
        tb_tile_entry *grown = realloc(list->entries, (size_t)more * sizeof *grown);
        if (grown == NULL) {
            return tb_fail(err, TB_ENOMEM, "no memory for a list of %lld tiles", (long long)more);
        }
        list->entries = grown;
        *capacity = more;
    }
    list->entries[list->visited++] = (tb_tile_entry){.kv_tile = (int32_t)kv_tile, .mask = mask};
    list->full += mask == TB_TILE_FULL;
    return TB_OK;
}

/* Static KV tiles: what the view sees, query tile by query tile. */
static tb_status fill_static(tb_tile_list *list, tb_error *err)
{
    tb_tile_view *view = NULL;
    tb_status status =
        tb_tile_view_create(&list->problem, &list->pattern, &list->tiling, &view, err);
    if (status != TB_OK) {
        return status;
    }
    int64_t capacity = 0, kv_tiles = tb_tile_view_kv_tiles(view);
    tb_tile_scratch *scratch = tb_tile_scratch_create(view);
    if (scratch == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory for a list of tiles");
    } else if (tb_tile_view_q_tiles(view) != list->q_tiles || kv_tiles != list->kv_tiles) {
        status = tb_fail(err, TB_EINTERNAL, "internal check failed: places of the tiles");
    }
    for (int64_t q = 0; status == TB_OK && q < list->q_tiles; q++) {
        tb_tile_row row = tb_tile_view_row(view, q, scratch);
        for (int64_t k = tb_bits_next(row.visited, 0, kv_tiles); status == TB_OK && k < kv_tiles;
             k = tb_bits_next(row.visited, k + 1, kv_tiles)) {
            int32_t mask = tb_bits_get(row.full, k) ? TB_TILE_FULL : TB_TILE_RULE;
            status = tb_tile_list_append(list, k, mask, &capacity, err);
        }
        list->first[q + 1] = list->visited;
    }
    tb_tile_scratch_destroy(scratch);
    tb_tile_view_destroy(view);
    return status;
}

static tb_status fill_order(tb_tile_list *list, tb_error *err)
{
    const tb_layout *layout = &list->problem.layout;
    if (list->tiling.order == TB_ORDER_ROW_MAJOR || layout->rank == 1) {
        return TB_OK;
    }
    int64_t n = tb_layout_tokens(layout);
    list->order = calloc((size_t)n, sizeof *list->order);
    if (list->order == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for an order of %lld tokens", (long long)n);
    }
    return tb_token_order_fill(layout, list->tiling.order, list->order, err);
}

static tb_status fill(tb_tile_list *list, tb_error *err)
{
    const tb_problem *problem = &list->problem;
    const tb_tiling *tiling = &list->tiling;
    tb_status status = fill_order(list, err);
    if (status == TB_OK) {
        status =
            tb_tile_places(list, tiling->q_tile, problem->extra_q, &list->q, &list->q_tiles, err);
    }
    if (status == TB_OK && tiling->kv_tiling == TB_KV_STATIC) {
        status = tb_tile_places(list, tiling->kv_tile, problem->extra_kv, &list->kv,
                                &list->kv_tiles, err);
    }
    if (status != TB_OK) {
        return status;
    }
    list->extra_q_tiles = tb_ceil_div(problem->extra_q, list->q_capacity);
    list->first = calloc((size_t)list->q_tiles + 1, sizeof *list->first);
    if (list->first == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a list of %lld query tiles",
                       (long long)list->q_tiles);
    }
    if (tiling->kv_tiling == TB_KV_DYNAMIC) {
        return tb_tile_list_fill_dynamic(list, err);
    }
    status = fill_static(list, err);
    if (status == TB_OK && !tb_pattern_has_rules(&list->pattern)) {
        status = tb_tile_list_store_masks(list, err);
    }
    return status;
}

tb_status tb_tile_list_create(const tb_problem *problem, const tb_pattern *pattern,
                              const tb_tiling *tiling, tb_tile_list **out, tb_error *err)
{
    tb_status status = tb_problem_check(problem, err);
    if (status == TB_OK) {
        status = tb_pattern_check(pattern, &problem->layout, err);
    }
    if (status == TB_OK) {
        status = tb_tiling_check(tiling, problem, pattern, err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_tile_list *list = calloc(1, sizeof *list);
    if (list == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a list of tiles");
    }
    list->problem = *problem;
    list->pattern = *pattern;
    list->tiling = *tiling;
    list->q_capacity = tb_tiling_q_tokens(tiling, &problem->layout);
    list->kv_capacity = tb_tiling_kv_tokens(tiling, &problem->layout);
    list->mask_words = tb_bits_words(list->kv_capacity);
    status = fill(list, err);
    if (status != TB_OK) {
        tb_tile_list_destroy(list);
        return status;
    }
    *out = list;
    return TB_OK;
}

void tb_tile_list_destroy(tb_tile_list *list)
{
    if (list == NULL) {
        return;
    }
    free(list->q);
    free(list->kv);
    free(list->first);
    free(list->entries);
    free(list->mask_bits);
    free(list->order);
    free(list);
}

int64_t tb_tile_list_bytes(const tb_tile_list *list)
{
    int64_t places = (list->q_tiles + list->kv_tiles) * (int64_t)sizeof(tb_tile_place);
    int64_t masks =
        list->masks * list->q_capacity * list->mask_words * (int64_t)sizeof *list->mask_bits;
    int64_t order = list->order == NULL ? 0 : tb_layout_tokens(&list->problem.layout);
    return (int64_t)sizeof *list + places + masks + (list->q_tiles + 1 + order) * 8 +
           list->visited * (int64_t)sizeof *list->entries;
}
