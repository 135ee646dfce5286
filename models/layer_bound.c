#include "layer_bound.h"

#include "checked.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NEAR 4 /* mixtures that are tried around the one of the hull */

static int compare_options(const void *left, const void *right)
{
    const tb_layer_rank *a = left, *b = right;
    if (a->visible != b->visible) {
        return a->visible < b->visible ? -1 : 1;
    }
    if (a->cost < b->cost || a->cost > b->cost) {
        return a->cost < b->cost ? -1 : 1;
    }
    return (a->index > b->index) - (a->index < b->index);
}

/* Keep what costs less than all that sees as much or more. */
static void drop_beaten(tb_layer_bound *b)
{
    size_t kept = b->count;
    double least = HUGE_VAL;
    for (size_t i = b->count; i-- > 0;) {
        bool is_first = i == 0 || b->options[i - 1].visible != b->options[i].visible;
        if (is_first && b->options[i].cost < least) { /* the cheapest of equals comes first */
            least = b->options[i].cost;
            b->options[--kept] = b->options[i];
        }
    }
    b->count -= kept;
    memmove(b->options, &b->options[kept], b->count * sizeof *b->options);
}

/* Is b on or above the line from a to d? */
static bool is_above(const tb_layer_rank *a, const tb_layer_rank *b, const tb_layer_rank *d)
{
    double x = (double)(b->visible - a->visible), whole = (double)(d->visible - a->visible);
    return b->cost >= a->cost + (d->cost - a->cost) * x / whole;
}

static void make_hull(tb_layer_bound *b)
{
    for (size_t i = 0; i < b->count; i++) {
        while (b->hull_count > 1 &&
               is_above(&b->hull[b->hull_count - 2], &b->hull[b->hull_count - 1], &b->options[i])) {
            b->hull_count--;
        }
        b->hull[b->hull_count++] = b->options[i];
    }
}

/* The segment of the hull that holds this many visible pairs: its upper end. */
static size_t segment_of(const tb_layer_bound *b, double visible)
{
    size_t low = 1, high = b->hull_count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((double)b->hull[middle].visible < visible) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

double tb_layer_mean_cost(const tb_layer_bound *b, double visible)
{
    const tb_layer_rank *first = &b->hull[0], *last = &b->hull[b->hull_count - 1];
    if (visible <= (double)first->visible) {
        return first->cost;
    }
    if (visible > (double)last->visible) {
        return HUGE_VAL;
    }
    const tb_layer_rank *high = &b->hull[segment_of(b, visible)], *low = high - 1;
    double part = (visible - (double)low->visible) / (double)(high->visible - low->visible);
    return low->cost + part * (high->cost - low->cost);
}

/* The least cost of two options that see this much together: as one sees less, the other has to see
 * more. HUGE_VAL where none do. */
static double pair_cost(const tb_layer_bound *b, int64_t visible)
{
    double least = HUGE_VAL;
    size_t high = b->count;
    for (size_t low = 0; low < b->count; low++) {
        while (high > 0 && b->options[low].visible + b->options[high - 1].visible >= visible) {
            high--;
        }
        if (high < b->count) {
            least = fmin(least, b->options[low].cost + b->options[high].cost);
        }
    }
    return least;
}

/* The cost to beat: of whole plans that mix the two options of the hull's segment, but for two
 * layers, which make up what is missing as cheaply as can be. */
static double mixture_cost(const tb_layer_bound *b)
{
    double layers = (double)b->layers, need = (double)b->least_visible / layers;
    if (need <= (double)b->hull[0].visible || b->hull_count == 1) {
        return layers * b->hull[0].cost;
    }
    const tb_layer_rank *high = &b->hull[segment_of(b, need)], *low = high - 1;
    int64_t more = b->least_visible - b->layers * low->visible;
    int64_t many = tb_ceil_div(more, high->visible - low->visible);
    double least = (double)many * high->cost + (layers - (double)many) * low->cost;
    for (int64_t k = tb_max(many - NEAR, 0); k <= tb_min(many, b->layers - 2); k++) {
        int64_t rest = b->layers - 2 - k;
        int64_t missing = b->least_visible - k * high->visible - rest * low->visible;
        least =
            fmin(least, (double)k * high->cost + (double)rest * low->cost + pair_cost(b, missing));
    }
    return least;
}

/* Drop the options that no plan as good as the best one known can have: a mixture that sees enough
 * costs at least the hull's, and each layer adds what its option lies above the hull's segment. */
static void drop_dear(tb_layer_bound *b)
{
    double layers = (double)b->layers, need = (double)b->least_visible / layers;
    size_t kept = 0;
    if (need <= (double)b->hull[0].visible || b->hull_count == 1) {
        return;
    }
    const tb_layer_rank *high = &b->hull[segment_of(b, need)], *low = high - 1;
    double slope = (high->cost - low->cost) / (double)(high->visible - low->visible);
    double gap = b->best * (1 + TB_LAYER_ROUNDING) -
                 layers * tb_layer_mean_cost(b, need) * (1 - TB_LAYER_ROUNDING);
    for (size_t i = 0; i < b->count; i++) {
        double line = low->cost + slope * (double)(b->options[i].visible - low->visible);
        if (b->options[i].cost - line <= gap) {
            b->options[kept++] = b->options[i];
        }
    }
    b->count = kept;
}

tb_status tb_layer_bound_make(const tb_layer_option *options, size_t count, int64_t layers,
                              int64_t least_visible, tb_layer_bound *out, tb_error *err)
{
    *out = (tb_layer_bound){.options = calloc(count, sizeof *out->options),
                            .count = count,
                            .hull = calloc(count, sizeof *out->hull),
                            .layers = layers,
                            .least_visible = least_visible};
    if (out->options == NULL || out->hull == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory to choose options of layers");
    }
    for (size_t i = 0; i < count; i++) {
        out->options[i] = (tb_layer_rank){options[i].visible, options[i].cost, i};
    }
    qsort(out->options, count, sizeof *out->options, compare_options);
    drop_beaten(out);
    make_hull(out);
    out->best = mixture_cost(out);
    drop_dear(out);
    return TB_OK;
}

void tb_layer_bound_release(tb_layer_bound *bound)
{
    free(bound->options);
    free(bound->hull);
}
