#include "tile_mask.h"

#include "checked.h"
#include "closed_form.h"
#include "tile_list_parts.h"

#include <stdlib.h>
#include <string.h>

/* A pair is visible iff it is along every axis. An axis has a set of KV slots ("line") for each
 * coordinate that a query of the tile can have. */
struct tb_tile_masker {
    const tb_tile_list *list;
    bool is_closed;
    tb_closed_form form;
    int axes;
    int64_t words;           /* of a row */
    uint64_t *bits;          /* the answer: |T| rows */
    uint64_t *lines;         /* |T| rows for each axis */
    uint64_t *below;         /* boxes: for axis d and offset u, the slots whose offset is < u */
    int64_t *below_row;      /* the rows of `below` where each axis begins */
    int64_t *queries, *keys; /* tokens by slot */
    int64_t *at;             /* by tokens: coordinate of each KV slot */
    int64_t *line_of;        /* by tokens: for each coordinate of an axis, its line, if ... */
    int64_t *made_for;       /* ... this is the number of the present call and axis */
    int64_t calls;
};

void tb_tile_masker_destroy(tb_tile_masker *masker)
{
    if (masker == NULL) {
        return;
    }
    free(masker->bits);
    free(masker->lines);
    free(masker->below);
    free(masker->below_row);
    free(masker->queries);
    free(masker->keys);
    free(masker->at);
    free(masker->line_of);
    free(masker->made_for);
    free(masker);
}

/* Boxes: sets of slots by their offset in each dimension, once for all tiles. */
static bool fill_below(tb_tile_masker *masker)
{
    const tb_closed_form *form = &masker->form;
    int64_t rows = 0, capacity = masker->list->kv_capacity, pitch = capacity;
    masker->below_row = calloc(TB_MAX_RANK, sizeof *masker->below_row);
    for (int d = 0; masker->below_row != NULL && d < form->dims; d++) {
        masker->below_row[d] = rows;
        rows += form->dim[d].kv_tile + 1;
    }
    masker->below = calloc((size_t)(rows * masker->words), sizeof *masker->below);
    if (masker->below_row == NULL || masker->below == NULL) {
        return false;
    }
    for (int d = 0; d < form->dims; d++) {
        int64_t size = form->dim[d].kv_tile;
        uint64_t *below = masker->below + masker->below_row[d] * masker->words;
        pitch /= size;
        for (int64_t u = 0; u <= size; u++, below += masker->words) {
            for (int64_t begin = 0; begin < capacity; begin += size * pitch) {
                tb_bits_set_range(below, begin, begin + u * pitch);
            }
        }
    }
    return true;
}

static bool allocate(tb_tile_masker *masker)
{
    const tb_tile_list *list = masker->list;
    size_t row_words = (size_t)list->q_capacity * (size_t)masker->words;
    masker->bits = calloc(row_words + 1, sizeof(uint64_t));
    masker->lines = calloc(row_words * (size_t)masker->axes + 1, sizeof(uint64_t));
    masker->queries = calloc((size_t)list->q_capacity, sizeof(int64_t));
    masker->keys = calloc((size_t)list->kv_capacity, sizeof(int64_t));
    if (masker->bits == NULL || masker->lines == NULL || masker->queries == NULL ||
        masker->keys == NULL) {
        return false;
    }
    if (masker->is_closed) {
        return fill_below(masker);
    }
    int64_t n = tb_layout_tokens(&list->problem.layout); /* no axis has more coordinates */
    masker->at = calloc((size_t)list->kv_capacity, sizeof(int64_t));
    masker->line_of = calloc((size_t)n, sizeof(int64_t));
    masker->made_for = calloc((size_t)n, sizeof(int64_t));
    return masker->at != NULL && masker->line_of != NULL && masker->made_for != NULL;
}

tb_tile_masker *tb_tile_masker_create(const tb_tile_list *list)
{
    tb_tile_masker *masker = calloc(1, sizeof *masker);
    if (masker == NULL) {
        return NULL;
    }
    masker->list = list;
    masker->words = list->mask_words;
    masker->is_closed =
        tb_closed_form_of(&list->problem, &list->pattern, &list->tiling, &masker->form);
    masker->axes = masker->is_closed                      ? masker->form.dims
                   : list->pattern.kind == TB_PATTERN_GNA ? list->problem.layout.rank
                                                          : 1;
    if (!allocate(masker)) {
        tb_tile_masker_destroy(masker);
        return NULL;
    }
    return masker;
}

static void clear_row(tb_tile_masker *masker, int64_t i)
{
    memset(masker->bits + i * masker->words, 0, (size_t)masker->words * sizeof(uint64_t));
}

/* All keys that there are, for every query that there is. */
static void show_all(tb_tile_masker *masker, int64_t q, int64_t kv_tile)
{
    const tb_tile_list *list = masker->list;
    tb_tile_list_q_slots(list, q, masker->queries);
    tb_tile_list_kv_slots(list, kv_tile, masker->keys);
    for (int64_t i = 0; i < list->q_capacity; i++) {
        clear_row(masker, i);
        for (int64_t j = 0; masker->queries[i] >= 0 && j < list->kv_capacity; j++) {
            if (masker->keys[j] >= 0) {
                tb_bits_set(masker->bits + i * masker->words, j);
            }
        }
    }
}

/* Boxes: the line of offset t along axis d holds the KV slots whose offset is in [from, to). */
static void box_lines(tb_tile_masker *masker, int d, int64_t length, int64_t q_origin,
                      int64_t kv_origin)
{
    const tb_closed_dim *dim = &masker->form.dim[d];
    tb_dim_rule rule = tb_closed_form_rule(&masker->form, d, length);
    const uint64_t *below = masker->below + masker->below_row[d] * masker->words;
    uint64_t *line = masker->lines + d * masker->list->q_capacity * masker->words;
    for (int64_t t = 0; t < dim->q_tile; t++, line += masker->words) {
        int64_t from = 0, to = 0;
        if (q_origin + t < length) { /* a window lies inside the group: no key past its end */
            int64_t begin = tb_dim_start(&rule, q_origin + t) - kv_origin;
            int64_t end = tb_dim_end(&rule, q_origin + t) - kv_origin;
            from = tb_max(tb_min(begin, dim->kv_tile), 0);
            to = tb_max(tb_min(end, dim->kv_tile), from);
        }
        for (int64_t w = 0; w < masker->words; w++) {
            line[w] = below[to * masker->words + w] & ~below[from * masker->words + w];
        }
    }
}

/* Rows of a box from the lines of its axes: rows of the axes so far times each line of the next. */
static void box_rows(tb_tile_masker *masker)
{
    int64_t words = masker->words, rows = 1, capacity = masker->list->q_capacity;
    int64_t left = capacity;
    for (int d = 0; d < masker->form.dims; d++) {
        const uint64_t *lines = masker->lines + d * capacity * words;
        int64_t size = masker->form.dim[d].q_tile;
        left /= size;
        /* row r of the axes so far stands at row r * (what is left); now spread it */
        for (int64_t r = 0; r < rows; r++) {
            uint64_t *base = masker->bits + r * size * left * words;
            for (int64_t t = size - 1; t >= 0; t--) {
                for (int64_t w = 0; w < words; w++) {
                    uint64_t outer = d == 0 ? ~UINT64_C(0) : base[w];
                    base[t * left * words + w] = outer & lines[t * words + w];
                }
            }
        }
        rows *= size;
    }
}

/* One coordinate of a token: along dimension d, or the token itself. */
static int64_t coordinate(const tb_tile_masker *masker, int d, int64_t token)
{
    const tb_layout *layout = &masker->list->problem.layout;
    if (masker->list->pattern.kind != TB_PATTERN_GNA) {
        return token;
    }
    for (int e = layout->rank - 1; e > d; e--) {
        token /= layout->extent[e];
    }
    return token % layout->extent[d];
}

/* The KV slots that a query of coordinate x sees along axis d. */
static void token_line(const tb_tile_masker *masker, int d, int64_t x, uint64_t *line)
{
    const tb_tile_list *list = masker->list;
    const tb_pattern *pattern = &list->pattern;
    const tb_pattern_type *type = tb_pattern_types[pattern->kind];
    const tb_layout *layout = &list->problem.layout;
    int64_t step = tb_pattern_dilation(pattern, d);
    tb_dim_rule rule = {0};
    if (pattern->kind == TB_PATTERN_GNA) {
        int64_t length = tb_ceil_div(layout->extent[d] - x % step, step);
        (void)type->dim_rule(pattern, layout, d, length, &rule);
    } else {
        (void)type->flat_rule(pattern, layout, &rule);
    }
    int64_t begin = tb_dim_start(&rule, x / step), end = tb_dim_end(&rule, x / step);
    memset(line, 0, (size_t)masker->words * sizeof *line);
    for (int64_t j = 0; j < list->kv_capacity; j++) {
        int64_t y = masker->at[j];
        if (masker->keys[j] >= 0 && y % step == x % step && y / step >= begin && y / step < end) {
            tb_bits_set(line, j);
        }
    }
}

/* And the line of axis d into the rows of all queries. */
static void meet_axis(tb_tile_masker *masker, int d)
{
    const tb_tile_list *list = masker->list;
    int64_t used = 0, words = masker->words;
    masker->calls++;
    for (int64_t j = 0; j < list->kv_capacity; j++) {
        masker->at[j] = masker->keys[j] < 0 ? 0 : coordinate(masker, d, masker->keys[j]);
    }
    for (int64_t i = 0; i < list->q_capacity; i++) {
        if (masker->queries[i] < 0) {
            clear_row(masker, i);
            continue;
        }
        int64_t x = coordinate(masker, d, masker->queries[i]);
        if (masker->made_for[x] != masker->calls) {
            masker->made_for[x] = masker->calls;
            masker->line_of[x] = used++;
            token_line(masker, d, x, masker->lines + masker->line_of[x] * words);
        }
        const uint64_t *line = masker->lines + masker->line_of[x] * words;
        for (int64_t w = 0; w < words; w++) {
            uint64_t outer = d == 0 ? ~UINT64_C(0) : masker->bits[i * words + w];
            masker->bits[i * words + w] = outer & line[w];
        }
    }
}

const uint64_t *tb_tile_mask(tb_tile_masker *masker, int64_t q, const tb_tile_entry *entry)
{
    const tb_tile_list *list = masker->list;
    const tb_tile_place *q_place = &list->q[q], *kv_place = &list->kv[entry->kv_tile];
    if (entry->mask >= 0) {
        return list->mask_bits + entry->mask * list->q_capacity * list->mask_words;
    }
    if (q_place->group < 0 || kv_place->group < 0 || list->pattern.kind == TB_PATTERN_EXPLICIT) {
        show_all(masker, q, entry->kv_tile); /* extra tokens, and full tiles of an explicit mask */
        return masker->bits;
    }
    if (masker->is_closed) {
        int64_t length[TB_MAX_RANK] = {tb_layout_tokens(&list->problem.layout)};
        if (!masker->form.is_flat) {
            tb_tile_group_lengths(list, q_place->group, length);
        }
        for (int d = 0; d < masker->form.dims; d++) {
            box_lines(masker, d, length[d], q_place->origin[d], kv_place->origin[d]);
        }
        box_rows(masker);
        return masker->bits;
    }
    tb_tile_list_q_slots(list, q, masker->queries);
    tb_tile_list_kv_slots(list, entry->kv_tile, masker->keys);
    for (int d = 0; d < masker->axes; d++) {
        meet_axis(masker, d);
    }
    return masker->bits;
}
