#include "search_sequences.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MOST_KEPT ((size_t)1 << 25) /* 256 MiB */

/* Where a kept sequence lies in the pool. */
typedef struct place {
    size_t begin, length; /* length 0: empty slot */
    uint64_t hash;
    int64_t number;
} place;

struct tb_search_sequences {
    int64_t *pool; /* kept sequences, and the one being made at the end */
    size_t kept, used, room;
    place *slots; /* open addressing; a power of two */
    size_t slot_count, taken;
    int64_t next;
};

tb_search_sequences *tb_search_sequences_create(void)
{
    tb_search_sequences *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->slot_count = 256;
    s->slots = calloc(s->slot_count, sizeof *s->slots);
    if (s->slots == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

void tb_search_sequences_destroy(tb_search_sequences *sequences)
{
    if (sequences != NULL) {
        free(sequences->pool);
        free(sequences->slots);
        free(sequences);
    }
}

void tb_search_sequence_begin(tb_search_sequences *sequences)
{
    sequences->used = sequences->kept;
}

bool tb_search_sequence_add(tb_search_sequences *s, int64_t value)
{
    if (s->used == s->room) {
        size_t wanted = s->room == 0 ? 4096 : 2 * s->room;
        int64_t *more = realloc(s->pool, wanted * sizeof *more);
        if (more == NULL) {
            return false;
        }
        s->pool = more;
        s->room = wanted;
    }
    s->pool[s->used++] = value;
    return true;
}

/* FNV-1a over whole integers, mixed at the end. */
static uint64_t hash_of(const int64_t *values, size_t count)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ (uint64_t)values[i]) * UINT64_C(1099511628211);
        hash ^= hash >> 32;
    }
    return hash;
}

static place *find(const tb_search_sequences *s, place *slots, size_t slot_count, uint64_t hash,
                   const int64_t *values, size_t length)
{
    size_t i = (size_t)hash & (slot_count - 1);
    while (slots[i].length > 0 &&
           (slots[i].hash != hash || slots[i].length != length ||
            memcmp(s->pool + slots[i].begin, values, length * sizeof *values) != 0)) {
        i = (i + 1) & (slot_count - 1);
    }
    return &slots[i];
}

static bool grow_slots(tb_search_sequences *s)
{
    size_t wanted = 2 * s->slot_count;
    place *slots = calloc(wanted, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < s->slot_count; i++) {
        const place *p = &s->slots[i];
        if (p->length > 0) {
            *find(s, slots, wanted, p->hash, s->pool + p->begin, p->length) = *p;
        }
    }
    free(s->slots);
    s->slots = slots;
    s->slot_count = wanted;
    return true;
}

int64_t tb_search_sequence_number(tb_search_sequences *s)
{
    const int64_t *values = s->pool + s->kept;
    size_t length = s->used - s->kept;
    uint64_t hash = hash_of(values, length);
    place *there = find(s, s->slots, s->slot_count, hash, values, length);
    if (there->length > 0) {
        s->used = s->kept;
        return there->number;
    }
    if (s->used > MOST_KEPT) {
        s->used = s->kept;
        return s->next++;
    }
    *there = (place){.begin = s->kept, .length = length, .hash = hash, .number = s->next};
    s->kept = s->used;
    return ++s->taken * 2 < s->slot_count || grow_slots(s) ? s->next++ : -1;
}
