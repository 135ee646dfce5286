/* Masks of tiles that are no boxes: the tokens of their slots are looked at one by one. */
#include "checked.h"
#include "tile_mask_parts.h"

#include <stdlib.h>
#include <string.h>

static int64_t *integers(int64_t count)
{
    return calloc((size_t)count, sizeof(int64_t));
}

static void free_axis(tb_mask_axis *axis)
{
    free(axis->begin);
    free(axis->end);
    free(axis->residue);
    free(axis->line_of);
}

void tb_tile_mask_free_axes(tb_tile_masker *masker)
{
    for (int d = 0; d < TB_MAX_RANK; d++) {
        free_axis(&masker->axis[d]);
    }
    free(masker->position);
    free(masker->residue);
    free(masker->line_at);
}

bool tb_tile_mask_allocate_axes(tb_tile_masker *masker)
{
    const tb_tile_list *list = masker->list;
    bool is_complete = true;
    for (int d = 0; d < masker->axes; d++) {
        tb_mask_axis *axis = &masker->axis[d];
        *axis = (tb_mask_axis){.begin = integers(list->q_capacity),
                               .end = integers(list->q_capacity),
                               .residue = integers(list->q_capacity),
                               .line_of = integers(list->q_capacity)};
        is_complete = is_complete && axis->begin != NULL && axis->end != NULL &&
                      axis->residue != NULL && axis->line_of != NULL;
    }
    masker->position = integers(list->kv_capacity);
    masker->residue = integers(list->kv_capacity);
    masker->below = calloc((size_t)(2 * list->kv_capacity * masker->words), sizeof(uint64_t));
    /* no axis has more coordinates than there are tokens */
    masker->line_at = integers(tb_layout_tokens(&list->problem.layout));
    return is_complete && masker->below != NULL && masker->position != NULL &&
           masker->residue != NULL && masker->line_at != NULL;
}

/* One coordinate of a token: along dimension d, or the token itself. */
static int64_t coordinate(const tb_tile_masker *masker, int d, int64_t token)
{
    const tb_layout *layout = &masker->list->problem.layout;
    if (!tb_pattern_types[masker->list->pattern.kind]->is_by_dimension) {
        return token;
    }
    for (int e = layout->rank - 1; e > d; e--) {
        token /= layout->extent[e];
    }
    return token % layout->extent[d];
}

/* The window of coordinate x along axis d. */
static tb_dim_rule rule_at(const tb_tile_masker *masker, int d, int64_t x, int64_t step)
{
    const tb_pattern *pattern = &masker->list->pattern;
    const tb_pattern_type *type = tb_pattern_types[pattern->kind];
    const tb_layout *layout = &masker->list->problem.layout;
    tb_dim_rule rule = {0};
    if (type->is_by_dimension) {
        int64_t length = tb_ceil_div(layout->extent[d] - x % step, step);
        (void)type->dim_rule(pattern, layout, d, length, &rule);
    } else {
        (void)type->flat_rule(pattern, layout, &rule);
    }
    return rule;
}

/* The lines of axis d: those of the queries that `masker` holds. */
static void fill_axis(tb_tile_masker *masker, int d)
{
    tb_mask_axis *axis = &masker->axis[d];
    int64_t step = tb_pattern_dilation(&masker->list->pattern, d);
    int64_t capacity = masker->list->q_capacity;
    axis->lines = 0;
    for (int64_t i = 0; i < capacity; i++) {
        if (masker->queries[i] < 0) {
            continue;
        }
        int64_t x = coordinate(masker, d, masker->queries[i]);
        if (masker->line_at[x] == 0) {
            tb_dim_rule rule = rule_at(masker, d, x, step);
            axis->begin[axis->lines] = tb_dim_start(&rule, x / step);
            axis->end[axis->lines] = tb_dim_end(&rule, x / step);
            axis->residue[axis->lines] = x % step;
            masker->line_at[x] = ++axis->lines;
        }
        axis->line_of[i] = masker->line_at[x] - 1;
    }
    for (int64_t i = 0; i < capacity; i++) { /* leave line_at as it was: all zero */
        if (masker->queries[i] >= 0) {
            masker->line_at[coordinate(masker, d, masker->queries[i])] = 0;
        }
    }
}

/* Where the KV slots are along axis d; an empty one has a residue that no query has. */
static void place_keys(tb_tile_masker *masker, int d)
{
    int64_t step = tb_pattern_dilation(&masker->list->pattern, d);
    for (int64_t j = 0; j < masker->list->kv_capacity; j++) {
        int64_t y = masker->keys[j] < 0 ? 0 : coordinate(masker, d, masker->keys[j]);
        masker->position[j] = y / step;
        masker->residue[j] = masker->keys[j] < 0 ? -1 : y % step;
    }
}

/* Sets of KV slots by position, as boxes have by offset: row u holds those below `low` + u. False
 * where positions are spread too far for that, or of several residues. */
static bool fill_below_axis(tb_tile_masker *masker, int d, int64_t *low, int64_t *rows)
{
    int64_t words = masker->words, high = 0, capacity = masker->list->kv_capacity;
    if (tb_pattern_dilation(&masker->list->pattern, d) > 1) {
        return false;
    }
    *low = INT64_MAX;
    for (int64_t j = 0; j < capacity; j++) {
        if (masker->keys[j] >= 0) {
            *low = tb_min(*low, masker->position[j]);
            high = tb_max(high, masker->position[j]);
        }
    }
    *rows = high - *low + 2;
    if (*rows > 2 * capacity) {
        return false;
    }
    memset(masker->below, 0, (size_t)(*rows * words) * sizeof *masker->below);
    for (int64_t j = 0; j < capacity; j++) {
        if (masker->keys[j] >= 0) {
            tb_bits_set(masker->below + (masker->position[j] - *low + 1) * words, j);
        }
    }
    for (int64_t i = words; i < *rows * words; i++) {
        masker->below[i] |= masker->below[i - words];
    }
    return true;
}

/* All lines from these sets. */
static void lines_from_below(tb_tile_masker *masker, const tb_mask_axis *axis, int64_t low,
                             int64_t rows)
{
    int64_t words = masker->words;
    for (int64_t l = 0; l < axis->lines; l++) {
        int64_t from = tb_max(tb_min(axis->begin[l] - low, rows - 1), 0);
        int64_t to = tb_max(tb_min(axis->end[l] - low, rows - 1), from);
        for (int64_t w = 0; w < words; w++) {
            masker->lines[l * words + w] =
                masker->below[to * words + w] & ~masker->below[from * words + w];
        }
    }
}

/* The KV slots of one line, looked at one by one. */
static void fill_line(const tb_tile_masker *masker, const tb_mask_axis *axis, int64_t l,
                      uint64_t *line)
{
    int64_t begin = axis->begin[l], end = axis->end[l], residue = axis->residue[l];
    int64_t capacity = masker->list->kv_capacity;
    for (int64_t w = 0; w < masker->words; w++) {
        uint64_t word = 0;
        const int64_t *position = masker->position + w * 64, *of = masker->residue + w * 64;
        int count = (int)tb_min(capacity - w * 64, 64);
        for (int j = 0; j < count;
             j++) { /* no branch in here: it would guess wrong half the time */
            uint64_t is_seen = (uint64_t)(position[j] >= begin) & (uint64_t)(position[j] < end) &
                               (uint64_t)(of[j] == residue);
            word |= is_seen << j;
        }
        line[w] = word;
    }
}

/* Narrow the rows of all queries down to what they see along axis d. */
static void meet_axis(tb_tile_masker *masker, int d)
{
    const tb_mask_axis *axis = &masker->axis[d];
    int64_t words = masker->words;
    int64_t low, rows;
    place_keys(masker, d);
    if (fill_below_axis(masker, d, &low, &rows)) {
        lines_from_below(masker, axis, low, rows);
    } else {
        for (int64_t l = 0; l < axis->lines; l++) {
            fill_line(masker, axis, l, masker->lines + l * words);
        }
    }
    for (int64_t i = 0; i < masker->list->q_capacity; i++) {
        if (masker->queries[i] < 0) {
            memset(masker->bits + i * words, 0, (size_t)words * sizeof *masker->bits);
            continue;
        }
        const uint64_t *line = masker->lines + axis->line_of[i] * words;
        for (int64_t w = 0; w < words; w++) {
            uint64_t outer = d == 0 ? ~UINT64_C(0) : masker->bits[i * words + w];
            masker->bits[i * words + w] = outer & line[w];
        }
    }
}

/* The queries of tile q, and their lines. */
static void take_queries(tb_tile_masker *masker, int64_t q)
{
    if (masker->q == q) {
        return;
    }
    masker->q = q;
    tb_tile_list_q_slots(masker->list, q, masker->queries);
    for (int d = 0; d < masker->axes; d++) {
        fill_axis(masker, d);
    }
}

void tb_tile_mask_tokens(tb_tile_masker *masker, int64_t q, int64_t kv_tile)
{
    take_queries(masker, q);
    tb_tile_list_kv_slots(masker->list, kv_tile, masker->keys);
    for (int d = 0; d < masker->axes; d++) {
        meet_axis(masker, d);
    }
}
