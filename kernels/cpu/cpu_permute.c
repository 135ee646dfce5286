#include "cpu_permute.h"

#include <stdlib.h>
#include <string.h>

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

tb_status tb_cpu_slots_create(const tb_tile_list *list, bool is_q, tb_cpu_slots *out, tb_error *err)
{
    tb_cpu_slots slots = {.tiles = is_q ? list->q_tiles : list->kv_tiles,
                          .capacity = is_q ? list->q_capacity : list->kv_capacity};
    slots.token = calloc((size_t)slots.tiles * (size_t)slots.capacity, sizeof *slots.token);
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

void tb_cpu_slots_rows(const tb_cpu_slots *slots, int64_t tile, int64_t *rows)
{
    const int64_t *token = slots->token + tile * slots->capacity;
    for (int64_t s = 0; s < slots->capacity; s++) {
        rows[s] = token[s] >= 0 && slots->is_permuted ? tile * slots->capacity + s : token[s];
    }
}

void tb_cpu_permute(const tb_cpu_slots *slots, int64_t batch, int64_t tokens, int64_t row_bytes,
                    const void *from, void *to, int threads)
{
    int64_t rows = slots->tiles * slots->capacity;
#pragma omp parallel for collapse(2) num_threads(threads)
    for (int64_t b = 0; b < batch; b++) {
        for (int64_t r = 0; r < rows; r++) {
            if (slots->token[r] >= 0) {
                memcpy((char *)to + (b * rows + r) * row_bytes,
                       (const char *)from + (b * tokens + slots->token[r]) * row_bytes,
                       (size_t)row_bytes);
            }
        }
    }
}

void tb_cpu_unpermute(const tb_cpu_slots *slots, int64_t batch, int64_t tokens, int64_t row_bytes,
                      const void *from, void *to, int threads)
{
    int64_t rows = slots->tiles * slots->capacity;
#pragma omp parallel for collapse(2) num_threads(threads)
    for (int64_t b = 0; b < batch; b++) {
        for (int64_t r = 0; r < rows; r++) {
            if (slots->token[r] >= 0) {
                memcpy((char *)to + (b * tokens + slots->token[r]) * row_bytes,
                       (const char *)from + (b * rows + r) * row_bytes, (size_t)row_bytes);
            }
        }
    }
}
