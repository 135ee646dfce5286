#include "layer_choice.h"

#include "checked.h"
#include "layer_bound.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LAYERS 4096
#define MOST_PLACES INT64_C(2000000) /* of a table: 64 MB */

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
    tb_layer_bound bound;
    plan_list *steps; /* after 0 .. layers layers */
    plan_table table;
} chooser;

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
static bool may_win(const tb_layer_bound *b, const plan *p, int64_t done)
{
    double left = (double)(b->layers - done), need = (double)(b->least_visible - p->visible);
    if (done == b->layers) {
        return p->visible >= b->least_visible;
    }
    return p->cost + left * tb_layer_mean_cost(b, need / left) * (1 - TB_LAYER_ROUNDING) <=
           b->best * (1 + TB_LAYER_ROUNDING);
}

static plan extend(const plan *from, size_t index, const tb_layer_rank *option)
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
    const tb_layer_bound *b = &c->bound;
    int64_t unit = 0, base = b->options[0].visible;
    for (size_t o = 1; o < b->count; o++) {
        unit = greatest_divisor(b->options[o].visible - base, unit);
    }
    unit = tb_max(unit, 1);
    int64_t places = (b->options[b->count - 1].visible - base) / unit, all = 0;
    if (!tb_mul_ok(places, b->layers, &all) || all >= MOST_PLACES) {
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
    const tb_layer_bound *b = &c->bound;
    plan_table *table = &c->table;
    const plan_list *from = &c->steps[done - 1];
    bool fits = true;
    for (size_t i = 0; i < from->count; i++) {
        for (size_t o = 0; o < b->count; o++) {
            plan next = extend(&from->plans[i], i, &b->options[o]);
            plan *there = &table->plans[(next.visible - done * table->base) / table->unit];
            if (next.cost < there->cost && may_win(b, &next, done)) {
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
    const tb_layer_bound *b = &c->bound;
    if (c->table.room > 0) {
        return add_by_table(c, done);
    }
    for (size_t i = 0; i < from->count; i++) {
        for (size_t o = 0; o < b->count; o++) {
            plan next = extend(&from->plans[i], i, &b->options[o]);
            if (may_win(b, &next, done) && !push(to, &next)) {
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
    int64_t layers = c->bound.layers;
    size_t at = c->steps[layers].count - 1;
    memset(counts, 0, count * sizeof *counts);
    for (int64_t k = layers; k > 0; k--) {
        const plan *p = &c->steps[k].plans[at];
        counts[p->option]++;
        at = p->before;
    }
}

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory to choose options of layers");
}

static tb_status choose(chooser *c, size_t count, int64_t *counts, tb_error *err)
{
    const plan none = {0};
    int64_t layers = c->bound.layers;
    bool fits = push(&c->steps[0], &none) && make_table(c);
    for (int64_t k = 1; k <= layers && fits; k++) {
        fits = add_layer(c, k);
    }
    if (!fits) {
        return no_memory(err);
    }
    if (c->steps[layers].count == 0) {
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
    chooser c = {.steps = calloc((size_t)layers + 1, sizeof *c.steps)};
    status = tb_layer_bound_make(options, count, layers, least_visible, &c.bound, err);
    if (status == TB_OK) {
        status = c.steps != NULL ? choose(&c, count, counts, err) : no_memory(err);
    }
    for (int64_t k = 0; c.steps != NULL && k <= layers; k++) {
        free(c.steps[k].plans);
    }
    free(c.table.plans);
    free(c.steps);
    tb_layer_bound_release(&c.bound);
    return status;
}
