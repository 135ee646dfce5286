#include "layer_choice.h"

#include "checked.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LAYERS 4096
#define MOST_PLACES INT64_C(2000000) /* of a table: 64 MB */
#define NEAR        4                /* mixtures that are tried around the one of the hull */
#define ROUNDING    1e-12            /* of sums that were added in another order */

/* An option with its place in the caller's list. */
typedef struct ranked {
    int64_t visible;
    double cost;
    size_t index;
} ranked;

/* Some layers with their options. */
typedef struct plan {
    int64_t visible;
    double cost;
    size_t before; /* plan of one layer less */
    size_t option; /* of the last layer, as the caller numbers them */
} plan;

typedef struct plan_list {
    plan *plans;
    size_t count, room;
} plan_list;

/* Plans of as many layers by what they see, where that takes few values: all sums are
 * layers x base + unit x place. */
typedef struct plan_table {
    int64_t base, unit;
    size_t room; /* places; 0: too many, plans are sorted instead */
    plan *plans; /* cost HUGE_VAL: none */
} plan_table;

typedef struct chooser {
    ranked *options; /* none sees as much as another at no more cost; least visible first */
    size_t count;
    ranked *hull; /* the lower convex hull of them */
    size_t hull_count;
    int64_t layers, least_visible;
    double best;      /* cost of a whole plan that is known */
    plan_list *steps; /* after 0 .. layers layers */
    plan_table table;
} chooser;

static int compare_options(const void *left, const void *right)
{
    const ranked *a = left, *b = right;
    if (a->visible != b->visible) {
        return a->visible < b->visible ? -1 : 1;
    }
    if (a->cost < b->cost || a->cost > b->cost) {
        return a->cost < b->cost ? -1 : 1;
    }
    return (a->index > b->index) - (a->index < b->index);
}

/* Keep what costs less than all that sees as much or more. */
static void drop_beaten(chooser *c)
{
    size_t kept = c->count;
    double least = HUGE_VAL;
    for (size_t i = c->count; i-- > 0;) {
        bool is_first = i == 0 || c->options[i - 1].visible != c->options[i].visible;
        if (is_first && c->options[i].cost < least) { /* the cheapest of equals comes first */
            least = c->options[i].cost;
            c->options[--kept] = c->options[i];
        }
    }
    c->count -= kept;
    memmove(c->options, &c->options[kept], c->count * sizeof *c->options);
}

/* Is b on or above the line from a to d? */
static bool is_above(const ranked *a, const ranked *b, const ranked *d)
{
    double x = (double)(b->visible - a->visible), whole = (double)(d->visible - a->visible);
    return b->cost >= a->cost + (d->cost - a->cost) * x / whole;
}

static void make_hull(chooser *c)
{
    for (size_t i = 0; i < c->count; i++) {
        while (c->hull_count > 1 &&
               is_above(&c->hull[c->hull_count - 2], &c->hull[c->hull_count - 1], &c->options[i])) {
            c->hull_count--;
        }
        c->hull[c->hull_count++] = c->options[i];
    }
}

/* The segment of the hull that holds this many visible pairs: its upper end. */
static size_t segment_of(const chooser *c, double visible)
{
    size_t low = 1, high = c->hull_count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((double)c->hull[middle].visible < visible) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The least that one layer costs in any mixture that sees this much in the mean. */
static double mean_cost(const chooser *c, double visible)
{
    const ranked *first = &c->hull[0], *last = &c->hull[c->hull_count - 1];
    if (visible <= (double)first->visible) {
        return first->cost;
    }
    if (visible > (double)last->visible) {
        return HUGE_VAL;
    }
    const ranked *high = &c->hull[segment_of(c, visible)], *low = high - 1;
    double part = (visible - (double)low->visible) / (double)(high->visible - low->visible);
    return low->cost + part * (high->cost - low->cost);
}

/* The least cost of two options that see this much together: as one sees less, the other has to see
 * more. HUGE_VAL where none do. */
static double pair_cost(const chooser *c, int64_t visible)
{
    double least = HUGE_VAL;
    size_t high = c->count;
    for (size_t low = 0; low < c->count; low++) {
        while (high > 0 && c->options[low].visible + c->options[high - 1].visible >= visible) {
            high--;
        }
        if (high < c->count) {
            least = fmin(least, c->options[low].cost + c->options[high].cost);
        }
    }
    return least;
}

/* The cost to beat: of whole plans that mix the two options of the hull's segment, but for two
 * layers, which make up what is missing as cheaply as can be. */
static double mixture_cost(const chooser *c)
{
    double layers = (double)c->layers, need = (double)c->least_visible / layers;
    if (need <= (double)c->hull[0].visible || c->hull_count == 1) {
        return layers * c->hull[0].cost;
    }
    const ranked *high = &c->hull[segment_of(c, need)], *low = high - 1;
    int64_t more = c->least_visible - c->layers * low->visible;
    int64_t many = tb_ceil_div(more, high->visible - low->visible);
    double least = (double)many * high->cost + (layers - (double)many) * low->cost;
    for (int64_t k = tb_max(many - NEAR, 0); k <= tb_min(many, c->layers - 2); k++) {
        int64_t rest = c->layers - 2 - k;
        int64_t missing = c->least_visible - k * high->visible - rest * low->visible;
        least =
            fmin(least, (double)k * high->cost + (double)rest * low->cost + pair_cost(c, missing));
    }
    return least;
}

static bool push(plan_list *list, const plan *p)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 256 : 2 * list->room;
        plan *more = realloc(list->plans, room * sizeof *more);
        if (more == NULL) {
            return false;
        }
        list->plans = more;
        list->room = room;
    }
    list->plans[list->count++] = *p;
    return true;
}

/* More visible first, then cheaper, then the earlier option. */
static int compare_plans(const void *left, const void *right)
{
    const plan *a = left, *b = right;
    if (a->visible != b->visible) {
        return a->visible > b->visible ? -1 : 1;
    }
    if (a->cost < b->cost || a->cost > b->cost) {
        return a->cost < b->cost ? -1 : 1;
    }
    if (a->option != b->option) {
        return a->option < b->option ? -1 : 1;
    }
    return (a->before > b->before) - (a->before < b->before);
}

/* Keep what costs less than all that sees as much. */
static void drop_beaten_plans(plan_list *list)
{
    size_t kept = 0;
    double least = HUGE_VAL;
    qsort(list->plans, list->count, sizeof *list->plans, compare_plans);
    for (size_t i = 0; i < list->count; i++) {
        if (list->plans[i].cost < least) {
            least = list->plans[i].cost;
            list->plans[kept++] = list->plans[i];
        }
    }
    list->count = kept;
}

/* May a plan of `done` layers still end no dearer than the best one known? */
static bool may_win(const chooser *c, const plan *p, int64_t done)
{
    double left = (double)(c->layers - done), need = (double)(c->least_visible - p->visible);
    if (done == c->layers) {
        return p->visible >= c->least_visible;
    }
    return p->cost + left * mean_cost(c, need / left) * (1 - ROUNDING) <= c->best * (1 + ROUNDING);
}

static plan extend(const plan *from, size_t index, const ranked *option)
{
    return (plan){.visible = from->visible + option->visible,
                  .cost = from->cost + option->cost,
                  .before = index,
                  .option = option->index};
}

static int64_t greatest_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Give the table room where the sums of all layers have few places; false without memory. */
static bool make_table(chooser *c)
{
    int64_t unit = 0, base = c->options[0].visible;
    for (size_t o = 1; o < c->count; o++) {
        unit = greatest_divisor(c->options[o].visible - base, unit);
    }
    unit = tb_max(unit, 1);
    int64_t places = (c->options[c->count - 1].visible - base) / unit, all = 0;
    if (!tb_mul_ok(places, c->layers, &all) || all >= MOST_PLACES) {
        return true;
    }
    c->table = (plan_table){.base = base,
                            .unit = unit,
                            .room = (size_t)all + 1,
                            .plans = calloc((size_t)all + 1, sizeof *c->table.plans)};
    for (size_t i = 0; c->table.plans != NULL && i < c->table.room; i++) {
        c->table.plans[i].cost = HUGE_VAL;
    }
    return c->table.plans != NULL;
}

/* Plans of one more layer through the table: of those that see alike, the cheapest. */
static bool add_by_table(chooser *c, int64_t done)
{
    plan_table *table = &c->table;
    const plan_list *from = &c->steps[done - 1];
    bool fits = true;
    for (size_t i = 0; i < from->count; i++) {
        for (size_t o = 0; o < c->count; o++) {
            plan next = extend(&from->plans[i], i, &c->options[o]);
            plan *there = &table->plans[(next.visible - done * table->base) / table->unit];
            if (next.cost < there->cost && may_win(c, &next, done)) {
                *there = next;
            }
        }
    }
    for (size_t i = table->room; i-- > 0;) { /* most visible first */
        plan *there = &table->plans[i];
        bool is_beaten = c->steps[done].count > 0 &&
                         c->steps[done].plans[c->steps[done].count - 1].cost <= there->cost;
        if (there->cost < HUGE_VAL && !is_beaten) {
            fits = fits && push(&c->steps[done], there);
        }
        there->cost = HUGE_VAL;
    }
    return fits;
}

static bool add_layer(chooser *c, int64_t done)
{
    const plan_list *from = &c->steps[done - 1];
    plan_list *to = &c->steps[done];
    if (c->table.room > 0) {
        return add_by_table(c, done);
    }
    for (size_t i = 0; i < from->count; i++) {
        for (size_t o = 0; o < c->count; o++) {
            plan next = extend(&from->plans[i], i, &c->options[o]);
            if (may_win(c, &next, done) && !push(to, &next)) {
                return false;
            }
        }
    }
    drop_beaten_plans(to);
    return true;
}

/* The last list has the cheapest whole plan at its end: each costs less than those before. */
static void read_counts(const chooser *c, size_t count, int64_t *counts)
{
    size_t at = c->steps[c->layers].count - 1;
    memset(counts, 0, count * sizeof *counts);
    for (int64_t k = c->layers; k > 0; k--) {
        const plan *p = &c->steps[k].plans[at];
        counts[p->option]++;
        at = p->before;
    }
}

/* Drop the options that no plan as good as the best one known can have: a mixture that sees enough
 * costs at least the hull's, and each layer adds what its option lies above the hull's segment. */
static void drop_dear(chooser *c)
{
    double layers = (double)c->layers, need = (double)c->least_visible / layers;
    size_t kept = 0;
    if (need <= (double)c->hull[0].visible || c->hull_count == 1) {
        return;
    }
    const ranked *high = &c->hull[segment_of(c, need)], *low = high - 1;
    double slope = (high->cost - low->cost) / (double)(high->visible - low->visible);
    double gap = c->best * (1 + ROUNDING) - layers * mean_cost(c, need) * (1 - ROUNDING);
    for (size_t i = 0; i < c->count; i++) {
        double line = low->cost + slope * (double)(c->options[i].visible - low->visible);
        if (c->options[i].cost - line <= gap) {
            c->options[kept++] = c->options[i];
        }
    }
    c->count = kept;
}

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory to choose options of layers");
}

static tb_status choose(chooser *c, size_t count, int64_t *counts, tb_error *err)
{
    const plan none = {0};
    bool fits = push(&c->steps[0], &none);
    drop_beaten(c);
    make_hull(c);
    c->best = mixture_cost(c);
    drop_dear(c);
    fits = fits && make_table(c);
    for (int64_t k = 1; k <= c->layers && fits; k++) {
        fits = add_layer(c, k);
    }
    if (!fits) {
        return no_memory(err);
    }
    if (c->steps[c->layers].count == 0) {
        return tb_fail(err, TB_EINTERNAL,
                       "internal check failed: a mixture of layers was lost; please report this "
                       "command as a bug");
    }
    read_counts(c, count, counts);
    return TB_OK;
}

static tb_status check(const tb_layer_option *options, size_t count, int64_t layers,
                       int64_t least_visible, tb_error *err)
{
    int64_t most = 0, all = 0;
    if (count < 1 || layers < 1 || layers > MOST_LAYERS) {
        return tb_fail(err, TB_EINVAL,
                       "%zu options of %lld layers; there must be 1 or more, of 1 "
                       "to %d layers",
                       count, (long long)layers, MOST_LAYERS);
    }
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(options[i].cost) || options[i].cost < 0 || options[i].visible < 0) {
            return tb_fail(err, TB_EINVAL, "an option of cost %g; costs are finite and at least 0",
                           options[i].cost);
        }
        most = tb_max(most, options[i].visible);
    }
    if (!tb_mul_ok(most, layers, &all)) {
        return tb_fail(err, TB_EOVERFLOW, "the pairs of all layers pass 2^63 - 1");
    }
    return all >= least_visible ? TB_OK
                                : tb_fail(err, TB_EINVAL,
                                          "no pattern of the pool sees as much as that mean "
                                          "sparsity leaves; give a larger one, or a pool that has "
                                          "less sparse patterns");
}

tb_status tb_layers_choose(const tb_layer_option *options, size_t count, int64_t layers,
                           int64_t least_visible, int64_t *counts, tb_error *err)
{
    tb_status status = check(options, count, layers, least_visible, err);
    if (status != TB_OK) {
        return status;
    }
    chooser c = {.options = calloc(count, sizeof *c.options),
                 .count = count,
                 .hull = calloc(count, sizeof *c.hull),
                 .layers = layers,
                 .least_visible = least_visible,
                 .steps = calloc((size_t)layers + 1, sizeof *c.steps)};
    status = c.options != NULL && c.hull != NULL && c.steps != NULL ? TB_OK : no_memory(err);
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        c.options[i] = (ranked){options[i].visible, options[i].cost, i};
    }
    if (status == TB_OK) {
        qsort(c.options, count, sizeof *c.options, compare_options);
        status = choose(&c, count, counts, err);
    }
    for (int64_t k = 0; c.steps != NULL && k <= layers; k++) {
        free(c.steps[k].plans);
    }
    free(c.table.plans);
    free(c.steps);
    free(c.options);
    free(c.hull);
    return status;
}
