#include "fmha_problem.h"

#include "attention_check.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

static void *room(int64_t count, size_t size)
{
    void *made = calloc((size_t)count + 1, size);
    assert_non_null(made);
    return made;
}

static bool is_box(const tb_fmha_problem *p)
{
    return p->shape.kind == TB_MASK_BOX;
}

static int tokens_of(const tb_fmha_shape *shape)
{
    int tokens = 1;
    for (int a = 0; a < shape->axes; a++) {
        tokens *= shape->extent[a];
    }
    return tokens;
}

/* 64 as 64, 8 x 8 or 4 x 4 x 4; the last axis takes what is left. */
static void make_box(int slots, int axes, int *box)
{
    static const int first[3] = {1, 8, 4};
    int rest = slots;
    for (int a = 0; a < axes; a++) {
        box[a] = a == axes - 1 ? rest : slots == 32 ? 4 : first[axes - 1];
        rest /= box[a];
    }
}

static tb_fmha_window window_of(const tb_fmha_problem *p, int axis, int at)
{
    const tb_fmha_shape *shape = &p->shape;
    int n = shape->extent[axis], size = 2 * shape->reach + 1;
    tb_fmha_window window = {0, n};
    if (shape->rule[axis] == TB_FMHA_CAUSAL) {
        window.end = at + 1;
    } else if (shape->rule[axis] == TB_FMHA_NEAR && size < n) {
        int start = at - shape->reach;
        window.start = start < 0 ? 0 : start > n - size ? n - size : start;
        window.end = window.start + size;
    }
    bool is_idle = shape->is_idle && at < (is_box(p) ? p->q_box[0] : p->q_slots);
    if (axis == 0 && (is_idle || (shape->blind > 0 && at % shape->blind == shape->blind - 1))) {
        window.end = window.start;
    }
    return window;
}

/* Windows of all coordinates, and empty ones for slots past the end of a box. */
static void make_windows(tb_fmha_problem *p)
{
    for (int a = 0; a < p->shape.axes; a++) {
        p->window[a] = room(p->shape.extent[a] + p->q_box[a], sizeof *p->window[a]);
        for (int at = 0; at < p->shape.extent[a]; at++) {
            p->window[a][at] = window_of(p, a, at);
        }
    }
}

/* Where the rows of one side lie: boxes of slots in turn, or tokens in turn; extra ones last. */
typedef struct side {
    int tiles, slots, extra;
    const int *box;
    int *at;
    int64_t rows;
    int *row, *count, *origin; /* by tile; TB_AXES of origin */
} side;

static void place_boxes(const tb_fmha_shape *shape, side *s)
{
    int grid[TB_AXES], tiles = 1;
    for (int a = 0; a < shape->axes; a++) {
        grid[a] = (shape->extent[a] + s->box[a] - 1) / s->box[a];
        tiles *= grid[a];
    }
    s->at = room((int64_t)(tiles + 1) * s->slots * TB_AXES, sizeof *s->at);
    for (int t = 0; t < tiles; t++) {
        for (int i = 0; i < s->slots; i++) {
            int *at = s->at + (t * s->slots + i) * TB_AXES, tile = t, slot = i;
            bool is_there = true;
            for (int a = shape->axes - 1; a >= 0; a--) {
                s->origin[t * TB_AXES + a] = tile % grid[a] * s->box[a];
                at[a] = s->origin[t * TB_AXES + a] + slot % s->box[a];
                is_there = is_there && at[a] < shape->extent[a];
                tile /= grid[a];
                slot /= s->box[a];
            }
            s->count[t] = is_there ? i + 1 : s->count[t];
            at[0] = is_there ? at[0] : -1;
        }
        s->row[t] = t * s->slots;
    }
    s->tiles = tiles;
    s->rows = (int64_t)tiles * s->slots;
}

static void place_runs(const tb_fmha_shape *shape, side *s)
{
    int tokens = tokens_of(shape);
    s->at = room((int64_t)(tokens + s->slots) * TB_AXES, sizeof *s->at);
    for (int i = 0; i < tokens; i++) {
        for (int a = shape->axes - 1, rest = i; a >= 0; rest /= shape->extent[a--]) {
            s->at[i * TB_AXES + a] = rest % shape->extent[a];
        }
    }
    for (int begin = 0; begin < tokens; begin += s->slots) {
        s->row[s->tiles] = begin;
        s->count[s->tiles++] = tokens - begin < s->slots ? tokens - begin : s->slots;
    }
    s->rows = tokens;
}

static void place_extra(side *s, bool is_padded)
{
    if (s->extra == 0) {
        return;
    }
    for (int i = 0; i < s->slots; i++) {
        s->at[(s->rows + i) * TB_AXES] = i < s->extra ? -2 : -1;
    }
    s->row[s->tiles] = (int)s->rows;
    s->count[s->tiles++] = s->extra;
    s->rows += is_padded ? s->slots : s->extra;
}

static side place(const tb_fmha_problem *p, bool is_q)
{
    enum { TILES = 256 };
    side s = {.slots = is_q ? p->q_slots : p->kv_slots,
              .extra = is_q ? p->shape.extra_q : p->shape.extra_kv,
              .box = is_q ? p->q_box : p->kv_box,
              .row = room(TILES, sizeof(int)),
              .count = room(TILES, sizeof(int)),
              .origin = room(TILES * TB_AXES, sizeof(int))};
    if (is_box(p)) {
        place_boxes(&p->shape, &s);
    } else {
        place_runs(&p->shape, &s);
    }
    place_extra(&s, is_box(p));
    return s;
}

static void make_tiles(tb_fmha_problem *p)
{
    side q = place(p, true), kv = place(p, false);
    p->q_tiles = q.tiles;
    p->kv_tiles = kv.tiles;
    p->q_rows = q.rows;
    p->kv_rows = kv.rows;
    p->q_at = q.at;
    p->kv_at = kv.at;
    p->q_tile = room(q.tiles, sizeof *p->q_tile);
    p->kv_tile = room(kv.tiles, sizeof *p->kv_tile);
    for (int t = 0; t < q.tiles; t++) {
        p->q_tile[t].row = q.row[t];
        p->q_tile[t].rows = q.count[t];
        memcpy(p->q_tile[t].origin, q.origin + t * TB_AXES, sizeof p->q_tile[t].origin);
        if (q.at[(int64_t)q.row[t] * TB_AXES] == -2) {
            p->q_tile[t].origin[0] = -1;
        }
    }
    for (int t = 0; t < kv.tiles; t++) {
        tb_fmha_kv_tile *tile = &p->kv_tile[t];
        tile->row = kv.row[t];
        tile->rows = kv.count[t];
        tile->is_extra = kv.at[(int64_t)kv.row[t] * TB_AXES] == -2;
        for (int a = 0; !tile->is_extra && is_box(p) && a < p->shape.axes; a++) {
            int left = p->shape.extent[a] - kv.origin[t * TB_AXES + a];
            tile->origin[a] = kv.origin[t * TB_AXES + a];
            tile->limit[a] = left < p->kv_box[a] ? left : p->kv_box[a];
        }
    }
    int *done[] = {q.row, q.count, q.origin, kv.row, kv.count, kv.origin};
    for (size_t i = 0; i < sizeof done / sizeof done[0]; i++) {
        free(done[i]);
    }
}

/* Offsets of query slots, and sets of KV slots below an offset. */
static void make_box_tables(tb_fmha_problem *p)
{
    p->q_offset = room(p->q_slots, sizeof *p->q_offset);
    for (int i = 0; i < p->q_slots; i++) {
        for (int a = p->shape.axes - 1, rest = i; a >= 0; rest /= p->q_box[a--]) {
            p->q_offset[i] |= (uint32_t)(rest % p->q_box[a]) << (8 * a);
        }
    }
    int words = p->kv_slots / 32, pitch = p->kv_slots;
    for (int a = 0; a < p->shape.axes; a++) {
        p->below_row[a] = p->below_rows;
        p->below_rows += p->kv_box[a] + 1;
    }
    p->below = room(p->below_rows * words, sizeof *p->below);
    for (int a = 0; a < p->shape.axes; a++) {
        pitch /= p->kv_box[a];
        for (int x = 0; x <= p->kv_box[a]; x++) {
            for (int j = 0; j < p->kv_slots; j++) {
                if (j / pitch % p->kv_box[a] < x) {
                    p->below[(p->below_row[a] + x) * words + j / 32] |= 1U << (j % 32);
                }
            }
        }
    }
}

bool tb_fmha_problem_sees(const tb_fmha_problem *p, int64_t q, int64_t k)
{
    const int *query = p->q_at + q * TB_AXES, *key = p->kv_at + k * TB_AXES;
    if (query[0] == -2 || key[0] < 0) {
        return key[0] != -1;
    }
    if (p->seen != NULL) {
        return p->seen[q * p->kv_rows + k] != 0;
    }
    for (int a = 0; a < p->shape.axes; a++) {
        const tb_fmha_window *window = &p->window[a][query[a]];
        if (key[a] < window->start || key[a] >= window->end) {
            return false;
        }
    }
    return true;
}

/* Which pairs of a visit are visible, as a stored mask; returns how many of real queries. */
static int enumerate(const tb_fmha_problem *p, const tb_fmha_q_tile *q, const tb_fmha_kv_tile *kv,
                     uint32_t *bits, bool *is_full)
{
    int seen = 0, words = p->kv_slots / 32;
    *is_full = true;
    for (int i = 0; i < q->rows; i++) {
        if (p->q_at[(q->row + i) * TB_AXES] == -1) {
            continue;
        }
        for (int j = 0; j < p->kv_slots; j++) {
            bool sees = j < kv->rows && tb_fmha_problem_sees(p, q->row + i, kv->row + j);
            seen += sees;
            *is_full = *is_full && sees;
            if (bits != NULL && sees) {
                bits[i * words + j / 32] |= 1U << (j % 32);
            }
        }
    }
    return seen;
}

static void make_entries(tb_fmha_problem *p)
{
    int all = p->q_tiles * p->kv_tiles, size = p->q_slots * (p->kv_slots / 32);
    p->entry = room(all, sizeof *p->entry);
    p->mask_bits = room((int64_t)all * size, sizeof *p->mask_bits);
    for (int q = 0; q < p->q_tiles; q++) {
        p->q_tile[q].first = p->entries;
        bool is_idle = q == 0 && p->shape.is_idle;
        for (int k = 0; k < p->kv_tiles && !is_idle; k++) {
            bool is_full, is_stored = p->shape.kind == TB_MASK_BITS && !p->kv_tile[k].is_extra;
            uint32_t *bits = is_stored ? p->mask_bits + p->masks * size : NULL;
            int seen = enumerate(p, &p->q_tile[q], &p->kv_tile[k], bits, &is_full);
            if (seen == 0 && !p->shape.is_visiting_all) {
                continue;
            }
            int mask = is_full ? TB_ENTRY_FULL : is_stored ? p->masks++ : TB_ENTRY_RULE;
            if (is_full && bits != NULL) {
                memset(bits, 0, (size_t)size * sizeof *bits);
            }
            p->entry[p->entries++] = (tb_fmha_entry){k, mask};
        }
        p->q_tile[q].last = p->entries;
    }
}

/* A third of all pairs, and whole tiles of none and of all. */
static void draw_seen(tb_fmha_problem *p, uint64_t seed)
{
    p->seen = room(p->q_rows * p->kv_rows, 1);
    for (int64_t q = 0; q < p->q_rows; q++) {
        for (int64_t k = 0; k < p->kv_rows; k++) {
            int64_t tile = q / p->q_slots * 3 + k / p->kv_slots;
            p->seen[q * p->kv_rows + k] =
                tile % 4 == 1 || (tile % 4 != 2 && tb_attention_random(&seed) % 3 == 0);
        }
    }
}

tb_fmha_problem *tb_fmha_problem_create(const tb_fmha_shape *shape, int q_slots, int kv_slots,
                                        uint64_t seed)
{
    tb_fmha_problem *p = room(1, sizeof *p);
    p->shape = *shape;
    p->q_slots = q_slots;
    p->kv_slots = kv_slots;
    if (is_box(p)) {
        make_box(q_slots, shape->axes, p->q_box);
        make_box(kv_slots, shape->axes, p->kv_box);
        make_box_tables(p);
    }
    make_windows(p);
    make_tiles(p);
    if (shape->kind == TB_MASK_BITS) {
        draw_seen(p, seed);
    }
    make_entries(p);
    return p;
}

void tb_fmha_problem_free(tb_fmha_problem *p)
{
    for (int a = 0; a < TB_AXES; a++) {
        free(p->window[a]);
    }
    free(p->q_at);
    free(p->kv_at);
    free(p->seen);
    free(p->q_tile);
    free(p->kv_tile);
    free(p->entry);
    free(p->mask_bits);
    free(p->q_offset);
    free(p->below);
    free(p);
}
