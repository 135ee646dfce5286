/* Stored masks: the bits of a pattern that has no rules, tile by tile. */
#include "checked.h"
#include "pattern_types.h"
#include "tile_list_parts.h"

#include <stdlib.h>

/* dst[to, to + count) |= src[from, from + count), at most 64 bits. */
static void copy_bits(uint64_t *dst, int64_t to, const uint64_t *src, int64_t from, int64_t count)
{
    int64_t word = from / 64, shift = from % 64, place = to % 64;
    uint64_t bits = src[word] >> shift;
    if (shift + count > 64) {
        bits |= src[word + 1] << (64 - shift);
    }
    bits &= count < 64 ? (UINT64_C(1) << count) - 1 : ~UINT64_C(0);
    dst[to / 64] |= bits << place;
    if (place + count > 64) {
        dst[to / 64 + 1] |= bits >> (64 - place);
    }
}

/* Runs of consecutive tokens among the slots of a KV tile, of at most 64. */
typedef struct slot_run {
    int64_t slot, token, count;
} slot_run;

static int64_t find_runs(const int64_t *keys, int64_t capacity, slot_run *runs)
{
    int64_t count = 0;
    for (int64_t j = 0; j < capacity; j++) {
        slot_run *last = count > 0 ? &runs[count - 1] : NULL;
        if (keys[j] < 0) {
            continue;
        }
        if (last != NULL && last->slot + last->count == j && last->token + last->count == keys[j] &&
            last->count < 64) {
            last->count++;
        } else {
            runs[count++] = (slot_run){.slot = j, .token = keys[j], .count = 1};
        }
    }
    return count;
}

/* What the masks of a query tile are made from. */
typedef struct mask_maker {
    const tb_tile_list *list;
    int64_t *queries; /* by slot */
    int64_t *keys;
    slot_run *runs; /* of `keys` */
    int64_t run_count;
    size_t *row_first; /* patterns that are known by rows: slot i sees rows.any[row_first[i]] ... */
    tb_spans rows;
} mask_maker;

/* The bits of one visit from a mask of the pattern: run by run where a bit is a token, else bit by
 * bit. */
static void copy_mask(const mask_maker *m, uint64_t *bits)
{
    const tb_pattern *pattern = &m->list->pattern;
    for (int64_t i = 0; i < m->list->q_capacity; i++, bits += m->list->mask_words) {
        if (m->queries[i] < 0) {
            continue;
        }
        const uint64_t *row =
            tb_bit_matrix_row(pattern->mask, m->queries[i] / pattern->mask_block_q);
        for (const slot_run *run = m->runs; run < m->runs + m->run_count; run++) {
            if (pattern->mask_block_kv == 1) {
                copy_bits(bits, run->slot, row, run->token, run->count);
                continue;
            }
            for (int64_t j = 0; j < run->count; j++) {
                if (tb_bits_get(row, (run->token + j) / pattern->mask_block_kv)) {
                    tb_bits_set(bits, run->slot + j);
                }
            }
        }
    }
}

static void keep_interval(int64_t begin, int64_t end, void *user)
{
    tb_spans *rows = user;
    tb_spans_append(rows, begin, end);
}

/* The rows of a query tile, once for all of its visits. */
static void keep_rows(mask_maker *m)
{
    const tb_tile_list *list = m->list;
    m->rows.any_count = 0;
    for (int64_t i = 0; i < list->q_capacity; i++) {
        m->row_first[i] = m->rows.any_count;
        if (m->queries[i] >= 0) {
            tb_pattern_row(&list->pattern, &list->problem.layout, m->queries[i], keep_interval,
                           &m->rows);
        }
    }
    m->row_first[list->q_capacity] = m->rows.any_count;
}

/* The bits of one visit from rows: each run of keys against the intervals that reach into it. */
static void cut_rows(const mask_maker *m, uint64_t *bits)
{
    for (int64_t i = 0; i < m->list->q_capacity; i++, bits += m->list->mask_words) {
        const tb_span *row = m->rows.any + m->row_first[i],
                      *end = m->rows.any + m->row_first[i + 1];
        for (const slot_run *run = m->runs; row < end && run < m->runs + m->run_count; run++) {
            const tb_span *low = row,
                          *high = end; /* the first one that ends after the run begins */
            while (low < high) {
                const tb_span *middle = low + (high - low) / 2;
                if (middle->end <= run->token) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            for (; low < end && low->begin < run->token + run->count; low++) {
                int64_t begin = tb_max(low->begin - run->token, 0);
                int64_t until = tb_min(low->end - run->token, run->count);
                tb_bits_set_range(bits, run->slot + begin, run->slot + until);
            }
        }
    }
}

/* Tiles of extra tokens need no bits: all is visible in them. */
static bool needs_bits(const tb_tile_list *list, int64_t q, const tb_tile_entry *entry)
{
    return entry->mask != TB_TILE_FULL && list->q[q].group >= 0 &&
           list->kv[entry->kv_tile].group >= 0;
}

static void store_all(tb_tile_list *list, mask_maker *m)
{
    int64_t used = 0, size = list->q_capacity * list->mask_words;
    bool has_mask = list->pattern.kind == TB_PATTERN_EXPLICIT;
    for (int64_t q = 0; q < list->q_tiles && !m->rows.failed; q++) {
        tb_tile_list_q_slots(list, q, m->queries);
        if (!has_mask && list->q[q].group >= 0) {
            keep_rows(m);
        }
        for (int64_t e = list->first[q]; e < list->first[q + 1]; e++) {
            tb_tile_entry *entry = &list->entries[e];
            if (needs_bits(list, q, entry)) {
                tb_tile_list_kv_slots(list, entry->kv_tile, m->keys);
                m->run_count = find_runs(m->keys, list->kv_capacity, m->runs);
                (has_mask ? copy_mask : cut_rows)(m, list->mask_bits + used * size);
                entry->mask = (int32_t)used++;
            }
        }
    }
}

tb_status tb_tile_list_store_masks(tb_tile_list *list, tb_error *err)
{
    for (int64_t q = 0; q < list->q_tiles; q++) {
        for (int64_t e = list->first[q]; e < list->first[q + 1]; e++) {
            list->masks += needs_bits(list, q, &list->entries[e]);
        }
    }
    int64_t words;
    if (list->masks > INT32_MAX || !tb_mul_ok(list->q_capacity, list->mask_words, &words) ||
        !tb_mul_ok(words, list->masks, &words) || words > INT64_MAX / 8) {
        list->masks = 0;
        return tb_fail(err, TB_EOVERFLOW,
                       "too many partial tiles to store their masks; use larger "
                       "tiles");
    }
    list->mask_bits = calloc((size_t)words + 1, sizeof *list->mask_bits);
    mask_maker m = {.list = list,
                    .queries = calloc((size_t)list->q_capacity, sizeof *m.queries),
                    .keys = calloc((size_t)list->kv_capacity, sizeof *m.keys),
                    .runs = calloc((size_t)list->kv_capacity, sizeof *m.runs),
                    .row_first = calloc((size_t)list->q_capacity + 1, sizeof *m.row_first)};
    bool complete = list->mask_bits != NULL && m.queries != NULL && m.keys != NULL &&
                    m.runs != NULL && m.row_first != NULL;
    if (complete) {
        store_all(list, &m);
    }
    complete = complete && !m.rows.failed;
    tb_spans_free(&m.rows);
    free(m.row_first);
    free(m.runs);
    free(m.keys);
    free(m.queries);
    return complete ? TB_OK
                    : tb_fail(err, TB_ENOMEM, "no memory for the masks of %lld tiles",
                              (long long)list->masks);
}
