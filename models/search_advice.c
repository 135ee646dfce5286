#include "search_advice.h"

#include "case_words.h"
#include "checked.h"
#include "predict_time.h"
#include "tile_choice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WORTHWHILE 0.01  /* savings below are nothing */
#define SAME       0.001 /* and costs below are the same */
#define NEIGHBOURS 16    /* windows to either side */

tb_case tb_search_case(const tb_search_space *space, const tb_search_row *row)
{
    const tb_tiling *tiling = &space->tilings[row->tiling];
    tb_case item = tb_case_default();
    int dims = tb_tiling_dims(tiling, &space->problem.layout);
    item.problem = tb_search_problem(space, row);
    item.pattern = tb_search_pattern(space, row);
    item.tiling = (tb_tiling_request){.has_kind = true,
                                      .has_kv_tiling = true,
                                      .kind = tiling->kind,
                                      .kv_tiling = tiling->kv_tiling,
                                      .order = tiling->order,
                                      .q_dims = dims,
                                      .kv_dims = dims};
    memcpy(item.tiling.q_tile, tiling->q_tile, sizeof tiling->q_tile);
    memcpy(item.tiling.kv_tile, tiling->kv_tile, sizeof tiling->kv_tile);
    tb_case_normalize(&item);
    return item;
}

/* What a case costs: predicted time, or visited pairs of tokens, for all shapes and layouts alike.
 */
static tb_status cost_of(const tb_search_space *space, const tb_case *item, double *out,
                         tb_error *err)
{
    tb_prediction p = {0};
    tb_timing timing;
    tb_case asked = *item;
    tb_case_normalize(&asked);
    tb_status status = tb_predict(&asked, space->kernel, &p, err);
    bool is_timed = space->device != NULL && space->kernel != NULL;
    if (status == TB_OK && is_timed) {
        status = tb_predict_time(&p, space->kernel, space->device, NULL, &timing, err);
    }
    if (status == TB_OK) {
        *out = is_timed ? timing.time.total_us : p.launch.visited_flop;
    }
    tb_prediction_release(&p);
    return status;
}

/* The case with another window in one dimension. */
static tb_status cost_with(const tb_search_space *space, const tb_case *item, int d, int64_t window,
                           double *out, tb_error *err)
{
    tb_case other = *item;
    other.pattern.kind = TB_PATTERN_GNA;
    other.pattern.window[d] = window;
    other.pattern.stride[d] = tb_min(item->pattern.stride[d], window);
    return cost_of(space, &other, out, err);
}

/* What windows near by cost. */
typedef struct neighbours {
    int64_t saves; /* nearest smaller window that saves; 0 = none */
    double saving; /* of its cost */
    int64_t wider; /* the largest window that costs the same */
    bool next_saves_nothing;
} neighbours;

static tb_status look_around(const tb_search_space *space, const tb_case *item, int d, double now,
                             neighbours *out, tb_error *err)
{
    int64_t window = item->pattern.window[d];
    int64_t most = space->problem.layout.extent[d] / item->pattern.dilation[d];
    tb_status status = TB_OK;
    double there = 0;
    *out = (neighbours){.wider = window};
    for (int64_t w = window - 1; w >= tb_max(1, window - NEIGHBOURS); w--) {
        status = cost_with(space, item, d, w, &there, err);
        if (status != TB_OK) {
            return status;
        }
        if (there <= now * (1 - WORTHWHILE)) {
            out->saves = w;
            out->saving = 1 - there / now;
            break;
        }
        out->next_saves_nothing = true;
    }
    for (int64_t w = window + 1; w <= tb_min(most, window + NEIGHBOURS); w++) {
        status = cost_with(space, item, d, w, &there, err);
        if (status != TB_OK) {
            return status;
        }
        out->wider = there <= now * (1 + SAME) ? w : out->wider;
    }
    return status;
}

static void say_windows(const neighbours *n, int d, int64_t window, tb_messages *out)
{
    long long w = window;
    char smaller[96] = "", wider[48] = "";
    if (n->saves > 0 && n->next_saves_nothing) {
        (void)snprintf(smaller, sizeof smaller, "%lld -> %lld saves nothing, %lld saves %.0f %%", w,
                       w - 1, (long long)n->saves, 100 * n->saving);
    } else if (n->saves > 0) {
        (void)snprintf(smaller, sizeof smaller, "%lld -> %lld saves %.0f %%", w,
                       (long long)n->saves, 100 * n->saving);
    }
    if (n->wider > window) {
        (void)snprintf(wider, sizeof wider, "%lld costs the same", (long long)n->wider);
    }
    if (smaller[0] != '\0' || wider[0] != '\0') {
        tb_messages_add(out, "window of dimension %d: %s%s%s", d + 1, smaller,
                        smaller[0] != '\0' && wider[0] != '\0' ? "; " : "", wider);
    }
}

static tb_status advise_windows(const tb_search_space *space, const tb_case *item, double now,
                                tb_messages *out, tb_error *err)
{
    tb_status status = TB_OK;
    for (int d = 0; d < space->problem.layout.rank && status == TB_OK; d++) {
        neighbours n;
        status = look_around(space, item, d, now, &n, err);
        if (status == TB_OK) {
            say_windows(&n, d, item->pattern.window[d], out);
        }
    }
    return status;
}

/* The extent that tiles, dilation groups and strides fill: longer by less than what they share. */
static int64_t padded_extent(const tb_search_space *space, const tb_case *item, int d)
{
    int64_t extent = space->problem.layout.extent[d], unit = item->tiling.q_tile[d], padded;
    bool fits = tb_lcm_ok(unit, item->tiling.kv_tile[d], &unit) &&
                tb_lcm_ok(unit, item->pattern.stride[d], &unit) &&
                tb_mul_ok(unit, item->pattern.dilation[d], &unit) &&
                tb_mul_ok(tb_ceil_div(extent, unit), unit, &padded);
    return fits && padded < 2 * extent ? padded : extent;
}

/* The best of all choices of axes to pad. */
static tb_status advise_padding(const tb_search_space *space, const tb_case *item, double now,
                                tb_messages *out, tb_error *err)
{
    int rank = space->problem.layout.rank;
    const tb_layout *layout = &space->problem.layout;
    tb_layout best = *layout;
    double least = now * (1 - WORTHWHILE);
    char padded[96], given[96];
    if (item->tiling.kind != TB_TILING_MULTI_DIM) {
        return TB_OK;
    }
    for (int choice = 1; choice < 1 << rank; choice++) {
        tb_case wider = *item;
        double there = 0;
        bool is_new = true;
        wider.pattern.kind = TB_PATTERN_GNA;
        for (int d = 0; d < rank; d++) {
            int64_t extent = padded_extent(space, item, d);
            bool pads = (choice >> d & 1) != 0;
            is_new = is_new && (!pads || extent != layout->extent[d]);
            wider.problem.layout.extent[d] = pads ? extent : layout->extent[d];
        }
        tb_status status = is_new ? cost_of(space, &wider, &there, err) : TB_OK;
        if (status != TB_OK) {
            return status;
        }
        if (is_new && there <= least) {
            least = there;
            best = wider.problem.layout;
        }
    }
    if (memcmp(best.extent, layout->extent, (size_t)rank * sizeof *best.extent) != 0) {
        tb_messages_add(out,
                        "padding pays: %s tokens instead of %s save %.0f %%, their own work "
                        "included",
                        tb_view_dims(best.extent, rank, padded),
                        tb_view_dims(layout->extent, rank, given), 100 * (1 - least / now));
    }
    return TB_OK;
}

/* The same pattern under the tiles that predict would take. */
static tb_status advise_tiles(const tb_search_space *space, const tb_case *item, double now,
                              tb_messages *out, tb_error *err)
{
    tb_case usual = *item;
    tb_tiling tiling;
    double there = 0;
    char q[96], kv[96];
    usual.tiling.q_dims = usual.tiling.kv_dims = 0;
    if (space->kernel == NULL || space->tiling_count < 2) {
        return TB_OK;
    }
    tb_status status = tb_tiling_resolve(&usual, space->kernel, &tiling, err);
    if (status == TB_OK) {
        status = cost_of(space, &usual, &there, err);
    }
    if (status == TB_OK && there >= now * (1 + WORTHWHILE)) {
        int dims = tb_tiling_dims(&tiling, &space->problem.layout);
        tb_messages_add(out, "the default tiles %s / %s of %s cost %.0f %% more for this pattern",
                        tb_view_dims(tiling.q_tile, dims, q),
                        tb_view_dims(tiling.kv_tile, dims, kv), space->kernel->name,
                        100 * (there / now - 1));
    }
    return status;
}

tb_status tb_search_advise(const tb_search_space *space, const tb_search_row *row, tb_messages *out,
                           tb_error *err)
{
    tb_case item = tb_search_case(space, row);
    tb_search_space around = *space; /* of the row's layout and schedule */
    tb_kernel kernel;
    double now = 0;
    bool is_padding_searched = false;
    around.problem = item.problem;
    if (space->kernel != NULL) {
        kernel = tb_search_kernel(space, row);
        around.kernel = &kernel;
    }
    for (int d = 0; d < space->problem.layout.rank; d++) {
        is_padding_searched = is_padding_searched || space->dim[d].max_padding > 0;
    }
    tb_status status = cost_of(&around, &item, &now, err);
    if (status == TB_OK && item.tiling.kind == TB_TILING_MULTI_DIM) {
        status = advise_windows(&around, &item, now, out, err);
    }
    if (status == TB_OK && !is_padding_searched) {
        status = advise_padding(&around, &item, now, out, err);
    }
    return status == TB_OK ? advise_tiles(&around, &item, now, out, err) : status;
}
