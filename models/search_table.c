/* One dimension of a search: every window, stride and dilation under one pair of tile extents. */
#include "search_parts.h"

#include "closed_form.h"
#include "search_sequences.h"

#include <stdlib.h>
#include <string.h>

/* Entries of one table: strides of all windows and dilations. Each takes 250
 * bytes at most. */
#define MOST_ENTRIES INT64_C(2000000)

/* One stride of a window and dilation, before equals are found. */
typedef struct entry {
    tb_search_class counts;
    int64_t visible, stride;
} entry;

/* What is being filled. */
typedef struct filler {
    const tb_search_table_ask *ask;
    tb_search_table table; /* with room for every entry */
    entry *entries;        /* of one window: room for its strides */
    int64_t counted;       /* entries so far */
    tb_search_sequences *sequences;
    tb_error *err;
} filler;

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for the tables of a search");
}

static bool is_window(const tb_search_table_ask *ask, int64_t window, int64_t dilation)
{
    const tb_search_dim *dim = ask->dim;
    if (dim->window > 0) { /* the whole axis stays that when it is padded */
        return window == (dim->window == ask->real ? ask->extent : dim->window);
    }
    bool is_step = window % dim->window_step == 0 || window == ask->extent;
    return is_step && window >= dim->min_window && (window - 1) * dilation + 1 >= dim->min_field;
}

/* Dilations [first, last] and the strides of a window that the space has. */
static int64_t first_dilation(const tb_search_dim *dim)
{
    return dim->dilation > 0 ? dim->dilation : 1;
}

static int64_t last_dilation(const tb_search_table_ask *ask)
{
    int64_t last = ask->dim->dilation > 0 ? ask->dim->dilation : ask->dim->max_dilation;
    return tb_min(last, ask->extent);
}

static int64_t count_strides(const tb_search_dim *dim, int64_t window)
{
    return dim->stride == 0 ? window : dim->stride <= window;
}

static tb_status count_entries(const tb_search_table_ask *ask, int64_t *out, tb_error *err)
{
    int64_t entries = 0, last = last_dilation(ask);
    for (int64_t d = first_dilation(ask->dim); d <= last && entries <= MOST_ENTRIES; d++) {
        int64_t widest = ask->extent / d;
        for (int64_t w = 1; w <= widest && entries <= MOST_ENTRIES; w++) {
            entries += is_window(ask, w, d) ? count_strides(ask->dim, w) : 0;
        }
    }
    *out = entries;
    if (entries <= MOST_ENTRIES) {
        return TB_OK;
    }
    return tb_fail(err, TB_EINVAL,
                   "a dimension of %lld tokens has more than %lld pairs of a window and a stride; "
                   "give --window-size or --stride, or a --window-step or --min-window that leaves "
                   "fewer",
                   (long long)ask->extent, (long long)MOST_ENTRIES);
}

/* What the mask policy leaves unmasked in one dimension. A box of tiles is unmasked where it is in
 * every dimension, so that the unmasked ones of all are the product:
 *
 *   natten        visited tiles of the dilation groups that qualify: a launch's groups are the
 *                 product of those of its dimensions, and one is unmasked iff all of its parts are
 *   partial-only  full tiles; never: all; always: none */
static int64_t unmasked_of(const tb_search_table_ask *ask, const tb_dim_rule *rule,
                           const tb_dim_census *census)
{
    switch (ask->mask) {
    case TB_MASK_NATTEN:
        return tb_mask_natten_qualifies(rule, ask->q_tile, ask->kv_tile) ? census->visited : 0;
    case TB_MASK_PARTIAL_ONLY:
        return census->full;
    case TB_MASK_NEVER:
        return census->visited;
    default:
        return 0;
    }
}

/* The tiles of one dilation group, as far as a time can depend on them. */
static bool add_tiles(filler *f, const tb_dim_rule *rule, const tb_dim_tiles *tiles, int64_t times)
{
    const tb_search_table_ask *ask = f->ask;
    int64_t q_tiles = tb_ceil_div(rule->length, tiles->q_tile);
    bool fits = tb_search_sequence_add(f->sequences, times);
    for (int64_t q = 0; q < q_tiles && fits; q++) {
        tb_dim_tile tile = tb_dim_tile_at(rule, tiles, q);
        fits = tb_search_sequence_add(f->sequences, tile.end - tile.begin);
        if (fits && ask->mask == TB_MASK_PARTIAL_ONLY) {
            fits = tb_search_sequence_add(f->sequences, tile.full_end - tile.full_begin);
        }
        if (fits && ask->keeps_places) {
            fits = tb_search_sequence_add(f->sequences, tile.begin) &&
                   tb_search_sequence_add(f->sequences, tile.full_begin);
        }
    }
    return fits;
}

static bool add_group(const tb_dim_census *census, int64_t times, int64_t unmasked,
                      tb_search_group *group, entry *e, int64_t *full)
{
    e->counts.least = tb_min(e->counts.least, census->min);
    e->counts.most = tb_max(e->counts.most, census->max);
    return tb_mul_add_ok(census->visited, times, &e->counts.visited) &&
           tb_mul_add_ok(unmasked, times, &e->counts.unmasked) &&
           tb_mul_add_ok(census->full, times, full) &&
           tb_mul_add_ok(census->visible_pairs, times, &e->visible) &&
           tb_mul_add_ok(census->q_tiles, times, &group->q_tiles) &&
           tb_mul_add_ok(census->kv_tiles, times, &group->kv_tiles) &&
           tb_mul_add_ok(census->whole_kv_tiles, times, &group->whole_kv_tiles);
}

/* Pairs of the first `real` positions of a dilation group that see each other. */
static int64_t count_real(const tb_dim_rule *rule, int64_t real)
{
    int64_t pairs = 0;
    for (int64_t first = 0; first < real; first += rule->stride) {
        int64_t end = tb_min(first + rule->stride, real);
        int64_t start = tb_dim_start(rule, first);
        if (rule->kind == TB_DIM_CAUSAL) { /* each of them to itself */
            pairs += (end - first) * (first + 1 + end - 2 * start) / 2;
        } else {
            int64_t seen = tb_min(tb_dim_end(rule, first), real) - tb_min(start, real);
            pairs += (end - first) * seen;
        }
    }
    return pairs;
}

/* Pairs of the problem's own tokens in all dilation groups. */
static int64_t count_visible(const tb_search_table_ask *ask, const tb_search_group *group,
                             int64_t stride)
{
    tb_dim_rule rule = {.kind = ask->dim->causal ? TB_DIM_CAUSAL : TB_DIM_BIDIRECTIONAL,
                        .window = group->window,
                        .stride = stride};
    int64_t pairs = 0;
    for (int64_t g = 0; g < tb_min(group->dilation, ask->real); g++) {
        rule.length = tb_ceil_div(ask->extent - g, group->dilation);
        pairs += count_real(&rule, tb_ceil_div(ask->real - g, group->dilation));
    }
    return pairs;
}

/* Count one stride; *keeps is false where the space does not have it. */
static tb_status count_stride(filler *f, int64_t stride, tb_search_group *group, entry *e,
                              bool *keeps)
{
    const tb_search_table_ask *ask = f->ask;
    tb_closed_dim closed = {.extent = ask->extent, .dilation = group->dilation};
    tb_dim_tiles tiles = {ask->q_tile, ask->kv_tile, ask->kv_tiling};
    tb_group_class classes[2];
    int count = tb_group_classes(&closed, classes);
    int64_t full = 0;
    *e = (entry){.stride = stride, .counts = {.least = INT64_MAX}};
    group->q_tiles = group->kv_tiles = group->whole_kv_tiles = 0;
    tb_search_sequence_begin(f->sequences);
    for (int c = 0; c < count; c++) {
        tb_dim_rule rule = {.kind = ask->dim->causal ? TB_DIM_CAUSAL : TB_DIM_BIDIRECTIONAL,
                            .length = classes[c].length,
                            .window = group->window,
                            .stride = stride};
        tb_dim_census census;
        tb_status status = tb_dim_census_count(&rule, &tiles, &census, f->err);
        if (status != TB_OK) {
            return status;
        }
        if (!add_group(&census, classes[c].times, unmasked_of(ask, &rule, &census), group, e,
                       &full)) {
            return tb_fail(f->err, TB_EOVERFLOW, "the tiles of this layout pass 2^63 - 1");
        }
        if (ask->keeps_tiles && !add_tiles(f, &rule, &tiles, classes[c].times)) {
            return no_memory(f->err);
        }
    }
    if (ask->real < ask->extent) { /* no more than the pairs of all, which fit */
        e->visible = count_visible(ask, group, stride);
    }
    group->launched = tb_ceil_div(classes[0].length, ask->q_tile) * group->dilation;
    *keeps = !ask->is_full_only || full == e->counts.visited;
    if (ask->keeps_tiles && *keeps) {
        bool fits = tb_search_sequence_add(f->sequences, e->counts.unmasked) &&
                    tb_search_sequence_add(f->sequences, group->dilation);
        e->counts.tiles = fits ? tb_search_sequence_number(f->sequences) : -1;
        return e->counts.tiles >= 0 ? TB_OK : no_memory(f->err);
    }
    if (!ask->keeps_tiles) { /* bounds depend on what is visited alone, of runs on the least too */
        e->counts.unmasked = e->counts.most = 0;
        e->counts.least = ask->is_runs ? e->counts.least : 0;
        e->counts.tiles = ask->is_runs ? f->counted++ : 0;
    }
    return TB_OK;
}

/* visible, then visited, unmasked (most first), sequence, stride */
static int compare_entries(const void *left, const void *right)
{
    const entry *a = left, *b = right;
    const int64_t keys[][2] = {{a->visible, b->visible},
                               {a->counts.visited, b->counts.visited},
                               {b->counts.unmasked, a->counts.unmasked},
                               {a->counts.tiles, b->counts.tiles},
                               {a->stride, b->stride}};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        if (keys[k][0] != keys[k][1]) {
            return keys[k][0] < keys[k][1] ? -1 : 1;
        }
    }
    return 0;
}

static bool same_class(const entry *a, const entry *b)
{
    return a->visible == b->visible && a->counts.visited == b->counts.visited &&
           a->counts.unmasked == b->counts.unmasked && a->counts.tiles == b->counts.tiles;
}

static void improve_best(tb_search_group *group, const tb_search_class *with, int64_t stride)
{
    tb_search_class *best = &group->best;
    bool is_first = group->class_count == 0;
    best->visited = is_first ? with->visited : tb_min(best->visited, with->visited);
    best->unmasked = is_first ? with->unmasked : tb_max(best->unmasked, with->unmasked);
    best->least = is_first ? with->least : tb_min(best->least, with->least);
    best->most = is_first ? with->most : tb_min(best->most, with->most);
    group->least_stride = is_first ? stride : tb_min(group->least_stride, stride);
}

/* Append one entry to the table: its group and class are new where it differs from the last. */
static void append(tb_search_table *t, const tb_search_group *made, const entry *e,
                   const entry *last)
{
    if (last == NULL || last->visible != e->visible) {
        tb_search_group *group = &t->groups[t->group_count++];
        *group = *made;
        group->visible = e->visible;
        group->first_class = t->class_count;
    }
    tb_search_group *group = &t->groups[t->group_count - 1];
    if (last == NULL || !same_class(last, e)) {
        improve_best(group, &e->counts, e->stride);
        tb_search_class *class = &t->classes[t->class_count++];
        *class = e->counts;
        class->first_stride = t->stride_count;
        class->stride_count = 0;
        group->class_count++;
    }
    t->classes[t->class_count - 1].stride_count++;
    t->strides[t->stride_count++] = e->stride;
    group->entries++;
}

static tb_status fill_window(filler *f, int64_t window, int64_t dilation)
{
    const tb_search_dim *dim = f->ask->dim;
    tb_search_group group = {.window = window, .dilation = dilation};
    int64_t first = dim->stride > 0 ? dim->stride : 1;
    int64_t last = dim->stride > 0 ? tb_min(dim->stride, window) : window;
    size_t count = 0;
    for (int64_t s = first; s <= last; s++) {
        bool keeps = false;
        tb_status status = count_stride(f, s, &group, &f->entries[count], &keeps);
        if (status != TB_OK) {
            return status;
        }
        count += keeps;
    }
    qsort(f->entries, count, sizeof *f->entries, compare_entries);
    for (size_t i = 0; i < count; i++) {
        append(&f->table, &group, &f->entries[i], i == 0 ? NULL : &f->entries[i - 1]);
    }
    return TB_OK;
}

/* A group of a table with one place for ties. */
static int compare_groups(const void *left, const void *right)
{
    const tb_search_group *a = left, *b = right;
    const int64_t keys[][2] = {
        {a->visible, b->visible}, {a->window, b->window}, {a->dilation, b->dilation}};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        if (keys[k][0] != keys[k][1]) {
            return keys[k][0] < keys[k][1] ? -1 : 1;
        }
    }
    return 0;
}

static tb_status fill(filler *f)
{
    const tb_search_table_ask *ask = f->ask;
    int64_t last = last_dilation(ask);
    tb_status status = TB_OK;
    for (int64_t d = first_dilation(ask->dim); d <= last && status == TB_OK; d++) {
        for (int64_t w = 1; w <= ask->extent / d && status == TB_OK; w++) {
            status = is_window(ask, w, d) ? fill_window(f, w, d) : TB_OK;
        }
    }
    qsort(f->table.groups, f->table.group_count, sizeof *f->table.groups, compare_groups);
    return status;
}

static bool make_room(filler *f, int64_t entries)
{
    tb_search_table *t = &f->table;
    size_t count = (size_t)tb_max(entries, 1);
    f->entries = calloc((size_t)f->ask->extent, sizeof *f->entries);
    f->sequences = tb_search_sequences_create();
    t->groups = calloc(count, sizeof *t->groups);
    t->classes = calloc(count, sizeof *t->classes);
    t->strides = calloc(count, sizeof *t->strides);
    return f->entries != NULL && f->sequences != NULL && t->groups != NULL && t->classes != NULL &&
           t->strides != NULL;
}

tb_status tb_search_table_fill(const tb_search_table_ask *ask, tb_search_table *out, tb_error *err)
{
    int64_t entries = 0;
    tb_status status = count_entries(ask, &entries, err);
    if (status != TB_OK) {
        return status;
    }
    filler f = {.ask = ask, .table = {.q_tile = ask->q_tile, .kv_tile = ask->kv_tile}, .err = err};
    status = make_room(&f, entries) ? fill(&f) : no_memory(err);
    free(f.entries);
    tb_search_sequences_destroy(f.sequences);
    if (status != TB_OK) {
        tb_search_table_free(&f.table);
        return status;
    }
    *out = f.table;
    return TB_OK;
}

void tb_search_table_free(tb_search_table *table)
{
    free(table->groups);
    free(table->classes);
    free(table->strides);
    *table = (tb_search_table){0};
}
