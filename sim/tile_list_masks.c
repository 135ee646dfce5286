/* Stored masks: an explicit pattern's bits, tile by tile. */
#include "checked.h"
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

/* The bits of one visit: run by run where a bit is a token, else bit by bit. */
static void store(const tb_tile_list *list, const int64_t *queries, const slot_run *runs,
                  int64_t run_count, uint64_t *bits)
{
    const tb_pattern *pattern = &list->pattern;
    for (int64_t i = 0; i < list->q_capacity; i++, bits += list->mask_words) {
        if (queries[i] < 0) {
            continue;
        }
        const uint64_t *row = tb_bit_matrix_row(pattern->mask, queries[i] / pattern->mask_block_q);
        for (const slot_run *run = runs; run < runs + run_count; run++) {
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

/* Tiles of extra tokens need no bits: all is visible in them. */
static bool needs_bits(const tb_tile_list *list, int64_t q, const tb_tile_entry *entry)
{
    return entry->mask != TB_TILE_FULL && list->q[q].group >= 0 &&
           list->kv[entry->kv_tile].group >= 0;
}

static void store_all(tb_tile_list *list, int64_t *queries, int64_t *keys, slot_run *runs)
{
    int64_t used = 0, size = list->q_capacity * list->mask_words;
    for (int64_t q = 0; q < list->q_tiles; q++) {
        tb_tile_list_q_slots(list, q, queries);
        for (int64_t e = list->first[q]; e < list->first[q + 1]; e++) {
            tb_tile_entry *entry = &list->entries[e];
            if (needs_bits(list, q, entry)) {
                tb_tile_list_kv_slots(list, entry->kv_tile, keys);
                int64_t count = find_runs(keys, list->kv_capacity, runs);
                store(list, queries, runs, count, list->mask_bits + used * size);
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
    int64_t *queries = calloc((size_t)list->q_capacity, sizeof *queries);
    int64_t *keys = calloc((size_t)list->kv_capacity, sizeof *keys);
    slot_run *runs = calloc((size_t)list->kv_capacity, sizeof *runs);
    tb_status status = TB_OK;
    if (list->mask_bits == NULL || queries == NULL || keys == NULL || runs == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory for the masks of %lld tiles",
                         (long long)list->masks);
    } else {
        store_all(list, queries, keys, runs);
    }
    free(runs);
    free(keys);
    free(queries);
    return status;
}
