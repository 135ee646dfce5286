/* Where tiles lie, and which tokens their slots hold. */
#include "checked.h"
#include "tile_list_parts.h"

#include <stdlib.h>

void tb_tile_group_lengths(const tb_tile_list *list, int64_t group, int64_t *length)
{
    const tb_layout *layout = &list->problem.layout;
    for (int d = layout->rank - 1; d >= 0; d--) {
        int64_t dilation = tb_pattern_dilation(&list->pattern, d);
        length[d] = tb_ceil_div(layout->extent[d] - group % dilation, dilation);
        group /= dilation;
    }
}

/* Appends places, growing the array. */
typedef struct place_sink {
    tb_tile_place *places;
    int64_t count, capacity;
} place_sink;

static tb_status add_place(place_sink *sink, const tb_tile_place *place, tb_error *err)
{
    if (sink->count == sink->capacity) {
        int64_t more = sink->capacity < 64 ? 64 : 2 * sink->capacity;
        if (more > INT32_MAX) {
            return tb_fail(err, TB_EINVAL, "2^31 tiles or more cannot be listed; use larger tiles");
        }
        tb_tile_place *grown = realloc(sink->places, (size_t)more * sizeof *grown);
        if (grown == NULL) {
            return tb_fail(err, TB_ENOMEM, "no memory for %lld tiles", (long long)more);
        }
        sink->places = grown;
        sink->capacity = more;
    }
    sink->places[sink->count++] = *place;
    return TB_OK;
}

/* The boxes of one dilation group, row-major. */
static tb_status add_group(const tb_tile_list *list, const int64_t *tile, int64_t group,
                           place_sink *sink, tb_error *err)
{
    int rank = list->problem.layout.rank;
    int64_t length[TB_MAX_RANK];
    tb_tile_group_lengths(list, group, length);
    tb_tile_place place = {.group = group};
    for (;;) {
        place.tokens = 1;
        for (int d = 0; d < rank; d++) {
            place.tokens *= tb_min(tile[d], length[d] - place.origin[d]);
        }
        tb_status status = add_place(sink, &place, err);
        int d = rank - 1;
        while (d >= 0 && place.origin[d] + tile[d] >= length[d]) {
            place.origin[d--] = 0;
        }
        if (status != TB_OK || d < 0) {
            return status;
        }
        place.origin[d] += tile[d];
    }
}

/* Runs of `size` of `total` tokens. */
static tb_status add_runs(int64_t group, int64_t total, int64_t size, place_sink *sink,
                          tb_error *err)
{
    tb_status status = TB_OK;
    for (int64_t begin = 0; status == TB_OK && begin < total; begin += size) {
        tb_tile_place place = {
            .group = group, .origin = {begin}, .tokens = tb_min(size, total - begin)};
        status = add_place(sink, &place, err);
        if (size > total - begin) { /* begin + size could wrap */
            break;
        }
    }
    return status;
}

static int64_t groups_of(const tb_tile_list *list)
{
    int64_t groups = 1;
    for (int d = 0; d < list->problem.layout.rank; d++) {
        groups *= tb_pattern_dilation(&list->pattern, d);
    }
    return groups;
}

tb_status tb_tile_places(const tb_tile_list *list, const int64_t *tile, int64_t extra,
                         tb_tile_place **out, int64_t *count, tb_error *err)
{
    const tb_layout *layout = &list->problem.layout;
    place_sink sink = {0};
    tb_status status = TB_OK;
    int64_t capacity = 1;
    for (int d = 0; d < tb_tiling_dims(&list->tiling, layout); d++) {
        capacity *= tile[d];
    }
    if (list->tiling.kind == TB_TILING_SINGLE_DIM) {
        status = add_runs(0, tb_layout_tokens(layout), tile[0], &sink, err);
    } else {
        int64_t groups = groups_of(list);
        for (int64_t g = 0; status == TB_OK && g < groups; g++) {
            status = add_group(list, tile, g, &sink, err);
        }
    }
    if (status == TB_OK) {
        status = add_runs(-1, extra, capacity, &sink, err);
    }
    if (status != TB_OK) {
        free(sink.places);
        return status;
    }
    *out = sink.places;
    *count = sink.count;
    return TB_OK;
}

/* Slots of a run: positions of the order, or extra tokens. */
static void run_slots(const tb_tile_list *list, const tb_tile_place *place, int64_t capacity,
                      int64_t *tokens)
{
    int64_t n = tb_layout_tokens(&list->problem.layout);
    int64_t shift = place->group < 0 ? n : 0;
    for (int64_t s = 0; s < capacity; s++) {
        int64_t position = place->origin[0] + s;
        tokens[s] = s >= place->tokens                        ? -1
                    : place->group < 0 || list->order == NULL ? shift + position
                                                              : list->order[position];
    }
}

/* Slots of a box of a dilation group, row-major. */
static void box_slots(const tb_tile_list *list, const tb_tile_place *place, const int64_t *tile,
                      int64_t capacity, int64_t *tokens)
{
    const tb_layout *layout = &list->problem.layout;
    int64_t residue[TB_MAX_RANK], length[TB_MAX_RANK], inside[TB_MAX_RANK] = {0};
    int64_t rest = place->group;
    for (int d = layout->rank - 1; d >= 0; d--) {
        residue[d] = rest % tb_pattern_dilation(&list->pattern, d);
        rest /= tb_pattern_dilation(&list->pattern, d);
    }
    tb_tile_group_lengths(list, place->group, length);
    for (int64_t s = 0; s < capacity; s++) {
        int64_t token = 0;
        bool is_real = true;
        for (int d = 0; d < layout->rank; d++) {
            int64_t x = place->origin[d] + inside[d];
            is_real = is_real && x < length[d];
            token =
                token * layout->extent[d] + residue[d] + x * tb_pattern_dilation(&list->pattern, d);
        }
        tokens[s] = is_real ? token : -1;
        for (int d = layout->rank - 1; d >= 0 && ++inside[d] == tile[d]; d--) {
            inside[d] = 0;
        }
    }
}

static void slots(const tb_tile_list *list, const tb_tile_place *place, const int64_t *tile,
                  int64_t capacity, int64_t *tokens)
{
    if (place->group < 0 || list->tiling.kind == TB_TILING_SINGLE_DIM) {
        run_slots(list, place, capacity, tokens);
    } else {
        box_slots(list, place, tile, capacity, tokens);
    }
}

void tb_tile_list_q_slots(const tb_tile_list *list, int64_t q, int64_t *tokens)
{
    slots(list, &list->q[q], list->tiling.q_tile, list->q_capacity, tokens);
}

void tb_tile_list_kv_slots(const tb_tile_list *list, int64_t k, int64_t *tokens)
{
    slots(list, &list->kv[k], list->tiling.kv_tile, list->kv_capacity, tokens);
}
