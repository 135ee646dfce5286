/* Tiles and visits of a list, as a kernel reads them. */
#include "checked.h"
#include "cuda_program_tiles.h"
#include "mask_axes.h"

#include <string.h>

static int64_t rows_of(const tb_slots *slots, int64_t tokens)
{
    return slots->is_permuted ? slots->tiles * slots->capacity : tokens;
}

/* Kernels count 16-byte words of a tensor in 32 bits (tile_copy.h), with those of the slots past
 * its end. */
static tb_status check_words(const tb_cuda_plan *plan, const char *what, int64_t rows,
                             int64_t heads, tb_error *err)
{
    const tb_problem *p = &plan->launch->problem;
    int64_t words = heads * tb_max(p->dim, p->dim_value) * tb_dtype_bytes(p->dtype) / 16;
    if (!tb_mul_ok(words, rows + TB_CUDA_SLOTS_MAX, &words) ||
        !tb_mul_ok(words, p->batch, &words)) {
        words = INT64_MAX;
    }
    return tb_cuda_fits(words, UINT32_MAX, what, err);
}

static tb_status check_sizes(const tb_cuda_plan *plan, const tb_cuda_tiles *tiles, tb_error *err)
{
    const tb_problem *p = &plan->launch->problem;
    const tb_tile_list *list = tiles->list;
    const struct {
        int64_t value, limit;
        const char *what;
    } sizes[] = {{list->q_capacity, TB_CUDA_SLOTS_MAX, "slots of a query tile"},
                 {list->kv_capacity, TB_CUDA_SLOTS_MAX, "slots of a KV tile"},
                 {tiles->q_rows, INT32_MAX, "rows of query tiles"},
                 {tiles->kv_rows, INT32_MAX, "rows of KV tiles"},
                 {list->visited, INT32_MAX, "visits of KV tiles"}};
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && i < sizeof sizes / sizeof *sizes; i++) {
        status = tb_cuda_fits(sizes[i].value, sizes[i].limit, sizes[i].what, err);
    }
    if (status == TB_OK) {
        status = check_words(plan, "16-byte words of q", tiles->q_rows, p->heads, err);
    }
    return status == TB_OK
               ? check_words(plan, "16-byte words of k or v", tiles->kv_rows, p->heads_kv, err)
               : status;
}

tb_status tb_cuda_tiles_create(const tb_cuda_plan *plan, const tb_tile_list *list,
                               tb_cuda_tiles *out, tb_error *err)
{
    tb_cuda_tiles tiles = {.list = list};
    tb_status status = tb_slots_create(list, true, &tiles.q, err);
    if (status == TB_OK) {
        status = tb_slots_create(list, false, &tiles.kv, err);
    }
    if (status == TB_OK) {
        tiles.q_rows = rows_of(&tiles.q, tb_launch_q_tokens(plan->launch));
        tiles.kv_rows = rows_of(&tiles.kv, tb_launch_kv_tokens(plan->launch));
        status = check_sizes(plan, &tiles, err);
    }
    if (status != TB_OK) {
        tb_cuda_tiles_free(&tiles);
        return status;
    }
    *out = tiles;
    return TB_OK;
}

void tb_cuda_tiles_free(tb_cuda_tiles *tiles)
{
    tb_slots_free(&tiles->q);
    tb_slots_free(&tiles->kv);
}

/* Where a tile's rows begin, and how many there are up to the last that holds a token. Slot 0 holds
 * one: a tile begins inside its dilation group. */
static void find_rows(const tb_slots *slots, int64_t tile, tb_i32 *row, tb_i32 *rows)
{
    const int64_t *token = slots->token + tile * slots->capacity;
    int64_t count = slots->capacity;
    while (token[count - 1] < 0) {
        count--;
    }
    *row = (tb_i32)(slots->is_permuted ? tile * slots->capacity : token[0]);
    *rows = (tb_i32)count;
}

static void fill_q_tiles(const tb_cuda_tiles *tiles, const tb_mask_axes *axes, tb_fmha_q_tile *to)
{
    const tb_tile_list *list = tiles->list;
    for (int64_t t = 0; t < list->q_tiles; t++) {
        tb_fmha_q_tile tile = {.first = (tb_i32)list->first[t], .last = (tb_i32)list->first[t + 1]};
        find_rows(&tiles->q, t, &tile.row, &tile.rows);
        if (list->q[t].group < 0) {
            tile.origin[0] = -1;
        } else if (axes->is_box) {
            for (int a = 0; a < axes->count; a++) {
                tile.origin[a] = (tb_i32)tb_mask_axes_place(axes, a, &list->q[t]).begin;
            }
        }
        to[t] = tile;
    }
}

static void fill_kv_tiles(const tb_cuda_tiles *tiles, const tb_mask_axes *axes, tb_fmha_kv_tile *to)
{
    const tb_tile_list *list = tiles->list;
    for (int64_t t = 0; t < list->kv_tiles; t++) {
        tb_fmha_kv_tile tile = {.is_extra = list->kv[t].group < 0};
        find_rows(&tiles->kv, t, &tile.row, &tile.rows);
        for (int a = 0; !tile.is_extra && axes->is_box && a < axes->count; a++) {
            tb_mask_interval place = tb_mask_axes_place(axes, a, &list->kv[t]);
            tile.origin[a] = (tb_i32)place.begin;
            tile.limit[a] = (tb_i32)tb_min(place.end - place.begin, axes->kv_tile[a]);
        }
        to[t] = tile;
    }
}

static tb_status add_tiles(tb_cuda_plan *plan, const tb_cuda_tiles *tiles, tb_cuda_tables *tables,
                           tb_error *err)
{
    const tb_tile_list *list = tiles->list;
    tb_mask_axes axes = tb_mask_axes_of_list(list);
    void *q = NULL, *kv = NULL;
    tb_status status = tb_cuda_add_constant(plan, "q_tiles", list->q_tiles, sizeof(tb_fmha_q_tile),
                                            &tables->q_tiles, &q, err);
    if (status == TB_OK) {
        status = tb_cuda_add_constant(plan, "kv_tiles", list->kv_tiles, sizeof(tb_fmha_kv_tile),
                                      &tables->kv_tiles, &kv, err);
    }
    if (status == TB_OK) {
        fill_q_tiles(tiles, &axes, q);
        fill_kv_tiles(tiles, &axes, kv);
    }
    return status;
}

tb_status tb_cuda_add_tables(tb_cuda_plan *plan, const tb_cuda_tiles *tiles, tb_fmha_params *params,
                             tb_cuda_tables *tables, tb_error *err)
{
    const tb_tile_list *list = tiles->list;
    void *room = NULL;
    memset(tables, -1, sizeof *tables); /* no buffer */
    params->q_rows = tiles->q_rows;
    params->kv_rows = tiles->kv_rows;
    params->q_slots = (tb_i32)list->q_capacity;
    params->kv_slots = (tb_i32)list->kv_capacity;
    tb_status status = add_tiles(plan, tiles, tables, err);
    if (status == TB_OK) {
        status = tb_cuda_add_constant(plan, "entries", list->visited, sizeof(tb_fmha_entry),
                                      &tables->entries, &room, err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_fmha_entry *entries = room;
    for (int64_t e = 0; e < list->visited; e++) {
        entries[e] = (tb_fmha_entry){list->entries[e].kv_tile, list->entries[e].mask};
    }
    params->mask_kind = TB_MASK_BITS;
    if (tb_pattern_has_rules(&list->pattern)) {
        status = tb_cuda_add_masks(plan, tiles, params, tables, err);
    }
    if (status == TB_OK && params->mask_kind != TB_MASK_BOX) {
        status = tb_cuda_add_bits(plan, tiles, entries, tables, err);
    }
    return status;
}

static void point(tb_cuda_step *step, size_t at, int buffer)
{
    if (buffer >= 0) {
        tb_cuda_point(step, at, buffer);
    }
}

void tb_cuda_point_tables(tb_cuda_step *step, const tb_cuda_tables *tables)
{
    point(step, offsetof(tb_fmha_params, q_tiles), tables->q_tiles);
    point(step, offsetof(tb_fmha_params, kv_tiles), tables->kv_tiles);
    point(step, offsetof(tb_fmha_params, entries), tables->entries);
    point(step, offsetof(tb_fmha_params, q_offset), tables->q_offset);
    point(step, offsetof(tb_fmha_params, below), tables->below);
    point(step, offsetof(tb_fmha_params, mask_bits), tables->mask_bits);
    for (size_t a = 0; a < TB_AXES; a++) {
        size_t shift = a * sizeof(void *);
        point(step, offsetof(tb_fmha_params, window) + shift, tables->window[a]);
        point(step, offsetof(tb_fmha_params, q_coordinate) + shift, tables->q_coordinate[a]);
        point(step, offsetof(tb_fmha_params, kv_coordinate) + shift, tables->kv_coordinate[a]);
    }
}
