#include "tile_mask.h"

#include "checked.h"
#include "closed_form.h"
#include "tile_list_parts.h"
#include "tile_mask_parts.h"

#include <stdlib.h>
#include <string.h>

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
    tb_tile_mask_free_axes(masker);
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
    return tb_tile_mask_allocate_axes(masker);
}

tb_tile_masker *tb_tile_masker_create(const tb_tile_list *list)
{
    tb_tile_masker *masker = calloc(1, sizeof *masker);
    if (masker == NULL) {
        return NULL;
    }
    masker->list = list;
    masker->q = -1;
    masker->words = list->mask_words;
    masker->is_closed =
        tb_closed_form_of(&list->problem, &list->pattern, &list->tiling, &masker->form);
    bool is_by_dimension = tb_pattern_types[list->pattern.kind]->is_by_dimension;
    masker->axes = masker->is_closed ? masker->form.dims
                   : is_by_dimension ? list->problem.layout.rank
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
    masker->q = -1; /* `queries` is overwritten */
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

const uint64_t *tb_tile_mask(tb_tile_masker *masker, int64_t q, const tb_tile_entry *entry)
{
    const tb_tile_list *list = masker->list;
    const tb_tile_place *q_place = &list->q[q], *kv_place = &list->kv[entry->kv_tile];
    if (entry->mask >= 0) {
        return list->mask_bits + entry->mask * list->q_capacity * list->mask_words;
    }
    if (q_place->group < 0 || kv_place->group < 0 || !tb_pattern_has_rules(&list->pattern)) {
        show_all(masker, q, entry->kv_tile); /* extra tokens, and full tiles of stored masks */
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
    tb_tile_mask_tokens(masker, q, entry->kv_tile);
    return masker->bits;
}
