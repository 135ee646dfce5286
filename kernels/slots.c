#include "slots.h"

#include "checked.h"

#include <stdlib.h>

static bool is_run(const int64_t *token, int64_t capacity)
{
    int64_t s = 1;
    while (s < capacity && token[s] == token[0] + s) {
        s++;
    }
    while (s < capacity && token[s] < 0) {
        s++;
    }
    return s == capacity;
}

tb_status tb_slots_create(const tb_tile_list *list, bool is_q, tb_slots *out, tb_error *err)
{
    tb_slots slots = {.tiles = is_q ? list->q_tiles : list->kv_tiles,
                      .capacity = is_q ? list->q_capacity : list->kv_capacity};
    int64_t count;
    if (!tb_mul_ok(slots.tiles, slots.capacity, &count)) {
        return tb_fail(err, TB_EOVERFLOW, "%lld tiles of %lld slots pass 2^63; use smaller tiles",
                       (long long)slots.tiles, (long long)slots.capacity);
    }
    slots.token = calloc((size_t)count, sizeof *slots.token);
    if (slots.token == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for the slots of %lld tiles",
                       (long long)slots.tiles);
    }
    for (int64_t t = 0; t < slots.tiles; t++) {
        int64_t *token = slots.token + t * slots.capacity;
        if (is_q) {
            tb_tile_list_q_slots(list, t, token);
        } else {
            tb_tile_list_kv_slots(list, t, token);
        }
        slots.is_permuted = slots.is_permuted || !is_run(token, slots.capacity);
    }
    *out = slots;
    return TB_OK;
}

void tb_slots_free(tb_slots *slots)
{
    free(slots->token);
    slots->token = NULL;
}

void tb_slots_rows(const tb_slots *slots, int64_t tile, int64_t *rows)
{
    const int64_t *token = slots->token + tile * slots->capacity;
    for (int64_t s = 0; s < slots->capacity; s++) {
        rows[s] = token[s] >= 0 && slots->is_permuted ? tile * slots->capacity + s : token[s];
    }
}
