/* What a search keeps: the first rows of its order, and the front. */
#include "search_parts.h"

#include <stdlib.h>
#include <string.h>

/* Lower bounds of times are sums in another order than the times. */
#define ROUNDING 1e-9

static int compare_lists(const int64_t *a, const int64_t *b, int rank)
{
    for (int d = 0; d < rank; d++) {
        if (a[d] != b[d]) {
            return a[d] < b[d] ? -1 : 1;
        }
    }
    return 0;
}

static int compare_doubles(double a, double b)
{
    return (a > b) - (a < b);
}

static int compare_rows(const tb_search_space *space, const tb_search_row *a,
                        const tb_search_row *b)
{
    int rank = space->problem.layout.rank;
    bool by_stride = space->goal == TB_SEARCH_STRIDE;
    const int keys[] = {
        compare_doubles(a->cost, b->cost),
        by_stride ? compare_lists(a->stride, b->stride, rank) : 0,
        by_stride ? compare_doubles(b->tile_speedup, a->tile_speedup) : 0,
        (b->visible_pairs > a->visible_pairs) - (b->visible_pairs < a->visible_pairs),
        compare_doubles(a->stride_product, b->stride_product),
        compare_lists(a->window, b->window, rank),
        compare_lists(a->stride, b->stride, rank),
        compare_lists(a->dilation, b->dilation, rank),
        (a->shape > b->shape) - (a->shape < b->shape),
    };
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        if (keys[k] != 0) {
            return keys[k];
        }
    }
    return 0;
}

bool tb_search_before(const tb_search_space *space, const tb_search_row *a, const tb_search_row *b)
{
    return compare_rows(space, a, b) < 0;
}

tb_status tb_search_kept_begin(const tb_search_space *space, size_t room, tb_search_kept *out,
                               tb_error *err)
{
    *out = (tb_search_kept){.space = space, .room = room, .front_room = 64};
    out->has_front = space->goal != TB_SEARCH_STRIDE;
    out->picks = calloc(room, sizeof *out->picks);
    out->front = calloc(out->front_room, sizeof *out->front);
    if (out->picks == NULL || out->front == NULL) {
        tb_search_kept_free(out);
        return tb_fail(err, TB_ENOMEM, "no memory for %zu rows of a search", room);
    }
    return TB_OK;
}

void tb_search_kept_free(tb_search_kept *kept)
{
    free(kept->picks);
    free(kept->front);
    *kept = (tb_search_kept){0};
}

/* Points of the front that see at least as much: the last of them costs least. */
static size_t count_seeing(const tb_search_kept *kept, int64_t visible)
{
    size_t low = 0, high = kept->front_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (kept->front[middle].row.visible_pairs >= visible) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool front_wants(const tb_search_kept *kept, double cost, int64_t visible, double stride,
                        double slack)
{
    size_t seeing = count_seeing(kept, visible);
    if (seeing == 0) {
        return true;
    }
    const tb_search_row *rival = &kept->front[seeing - 1].row;
    if (slack > 0 || rival->cost > cost) { /* or an exact cost that beats it */
        return rival->cost >= cost * (1 - slack);
    }
    return rival->cost >= cost && rival->visible_pairs == visible &&
           stride <= rival->stride_product;
}

static bool list_wants(const tb_search_kept *kept, double cost, int64_t visible, double stride,
                       double slack)
{
    if (kept->count < kept->room) {
        return true;
    }
    const tb_search_row *last = &kept->picks[kept->count - 1].row;
    bool is_tie = last->cost >= cost && last->cost <= cost;
    if (slack > 0 || !is_tie || kept->space->goal == TB_SEARCH_STRIDE) {
        return last->cost >= cost * (1 - slack);
    }
    return visible > last->visible_pairs ||
           (visible == last->visible_pairs && stride <= last->stride_product);
}

bool tb_search_kept_wants(const tb_search_kept *kept, double cost, int64_t visible, double stride)
{
    double slack = kept->space->goal == TB_SEARCH_TIME ? ROUNDING : 0;
    return list_wants(kept, cost, visible, stride, slack) ||
           (kept->has_front && front_wants(kept, cost, visible, stride, slack));
}

/* Of one window, dilation, layout, tile shape and schedule? */
static bool are_kin(const tb_search_space *space, const tb_search_row *a, const tb_search_row *b)
{
    int rank = space->problem.layout.rank;
    return a->shape == b->shape && compare_lists(a->window, b->window, rank) == 0 &&
           compare_lists(a->dilation, b->dilation, rank) == 0;
}

static void drop(tb_search_pick *picks, size_t *count, size_t at, size_t how_many)
{
    memmove(&picks[at], &picks[at + how_many], (*count - at - how_many) * sizeof *picks);
    *count -= how_many;
}

static void put_in_list(tb_search_kept *kept, const tb_search_pick *pick)
{
    const tb_search_space *space = kept->space;
    size_t at = kept->count;
    while (at > 0 && compare_rows(space, &pick->row, &kept->picks[at - 1].row) < 0) {
        at--;
    }
    if (at > 0 && compare_rows(space, &pick->row, &kept->picks[at - 1].row) == 0) {
        return;
    }
    for (size_t i = 0; space->one_per_window && i < kept->count; i++) {
        if (are_kin(space, &pick->row, &kept->picks[i].row)) {
            if (i < at) {
                return; /* a better stride is there */
            }
            drop(kept->picks, &kept->count, i, 1);
            break;
        }
    }
    if (at == kept->room) {
        return;
    }
    size_t moved = (kept->count < kept->room ? kept->count : kept->room - 1) - at;
    memmove(&kept->picks[at + 1], &kept->picks[at], moved * sizeof *pick);
    kept->picks[at] = *pick;
    kept->count = at + moved + 1;
}

static bool grow_front(tb_search_kept *kept)
{
    if (kept->front_count < kept->front_room) {
        return true;
    }
    tb_search_pick *more = realloc(kept->front, 2 * kept->front_room * sizeof *more);
    if (more == NULL) {
        return false;
    }
    kept->front = more;
    kept->front_room *= 2;
    return true;
}

static tb_status put_in_front(tb_search_kept *kept, const tb_search_pick *pick, tb_error *err)
{
    const tb_search_row *row = &pick->row;
    size_t at = count_seeing(kept, row->visible_pairs);
    if (at > 0) {
        const tb_search_row *rival = &kept->front[at - 1].row;
        bool is_tie = rival->visible_pairs == row->visible_pairs && rival->cost >= row->cost;
        if (rival->cost <= row->cost && !(is_tie && compare_rows(kept->space, row, rival) < 0)) {
            return TB_OK;
        }
        at -= is_tie; /* it goes: as visible and no cheaper */
    }
    size_t beaten = 0;
    while (at + beaten < kept->front_count && kept->front[at + beaten].row.cost >= row->cost) {
        beaten++;
    }
    drop(kept->front, &kept->front_count, at, beaten);
    if (!grow_front(kept)) {
        return tb_fail(err, TB_ENOMEM, "no memory for the front of a search");
    }
    memmove(&kept->front[at + 1], &kept->front[at], (kept->front_count - at) * sizeof *pick);
    kept->front[at] = *pick;
    kept->front_count++;
    return TB_OK;
}

tb_status tb_search_kept_put(tb_search_kept *kept, const tb_search_pick *pick, tb_error *err)
{
    put_in_list(kept, pick);
    return kept->has_front ? put_in_front(kept, pick, err) : TB_OK;
}
