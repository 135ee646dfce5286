/* Stored masks, in the words of a GPU: those of patterns without rules, and those of extra tokens
 * where no rule tells which slots hold a key. */
#include "checked.h"
#include "cuda_program_tiles.h"

#include <stdlib.h>

/* All keys of a KV tile that there are, for every query: what extra tokens see and are seen by. */
typedef struct present_masks {
    tb_i32 *of; /* by KV tile: its mask's number, or 0 before it has one (then 1 is added) */
    int64_t count;
} present_masks;

/* Does no rule mask query tile q: is it one of extra queries, or has the pattern no rule? */
static bool needs_present(const tb_tile_list *list, int64_t q)
{
    return !tb_pattern_has_rules(&list->pattern) || list->q[q].group < 0;
}

/* The number of the mask of a KV tile's keys. */
static tb_i32 present_of(present_masks *present, tb_i32 kv_tile)
{
    tb_i32 *of = &present->of[kv_tile];
    if (*of == 0) {
        *of = (tb_i32)++present->count;
    }
    return *of - 1;
}

/* Number the masks of entries that have neither rule nor stored bits, after those that have. */
static void number_entries(const tb_tile_list *list, tb_fmha_entry *entries, present_masks *present)
{
    for (int64_t q = 0; q < list->q_tiles; q++) {
        for (int64_t e = list->first[q]; needs_present(list, q) && e < list->first[q + 1]; e++) {
            if (entries[e].mask == TB_ENTRY_RULE) {
                entries[e].mask = (tb_i32)list->masks + present_of(present, entries[e].kv_tile);
            }
        }
    }
}

/* sim's words have 64 bits: a row of ours may be one half of the last shorter. */
static void copy_stored(const tb_tile_list *list, tb_u32 *to)
{
    int64_t words = tb_ceil_div(list->kv_capacity, 32);
    for (int64_t row = 0; row < list->masks * list->q_capacity; row++) {
        const uint64_t *from = list->mask_bits + row * list->mask_words;
        for (int64_t w = 0; w < words; w++) {
            to[row * words + w] = (tb_u32)(from[w / 2] >> (w % 2 * 32));
        }
    }
}

static void fill_present(const tb_cuda_tiles *tiles, const present_masks *present, tb_u32 *to)
{
    int64_t keys = tiles->list->kv_capacity, words = tb_ceil_div(keys, 32);
    int64_t size = tiles->list->q_capacity * words;
    for (int64_t t = 0; t < tiles->kv.tiles; t++) {
        if (present->of[t] == 0) {
            continue;
        }
        tb_u32 *bits = to + (present->of[t] - 1) * size;
        for (int64_t i = 0; i < size; i++) {
            for (int64_t j = 0; j < 32; j++) {
                int64_t slot = i % words * 32 + j;
                bool is_key = slot < keys && tiles->kv.token[t * keys + slot] >= 0;
                bits[i] |= (tb_u32)is_key << j;
            }
        }
    }
}

tb_status tb_cuda_add_bits(tb_cuda_plan *plan, const tb_cuda_tiles *tiles, tb_fmha_entry *entries,
                           tb_cuda_tables *tables, tb_error *err)
{
    const tb_tile_list *list = tiles->list;
    int64_t stored = list->q_capacity * tb_ceil_div(list->kv_capacity, 32), words = 0;
    present_masks present = {.of = calloc((size_t)list->kv_tiles, sizeof *present.of)};
    if (present.of == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the masks of %lld tiles",
                       (long long)list->kv_tiles);
    }
    number_entries(list, entries, &present);
    void *room = NULL;
    tb_status status = tb_cuda_fits(list->masks + present.count, INT32_MAX, "stored masks", err);
    if (status == TB_OK && !tb_mul_ok(stored, list->masks + present.count, &words)) {
        status = tb_fail(err, TB_EOVERFLOW, "stored masks pass 2^63 bytes; use larger tiles");
    }
    if (status == TB_OK) {
        status = tb_cuda_add_constant(plan, "mask_bits", words, sizeof(tb_u32), &tables->mask_bits,
                                      &room, err);
    }
    if (status == TB_OK) {
        copy_stored(list, room);
        fill_present(tiles, &present, (tb_u32 *)room + list->masks * stored);
    }
    free(present.of);
    return status;
}
