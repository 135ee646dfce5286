#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The first chunk is small, for most arenas hold one short file; later ones double. */
#define FIRST_CHUNK_BYTES   ((size_t)4 << 10)
#define LARGEST_CHUNK_BYTES ((size_t)1 << 20)

typedef struct chunk {
    struct chunk *older;
    size_t used;
    size_t capacity;
    alignas(max_align_t) unsigned char bytes[];
} chunk;

struct tb_arena {
    chunk *newest;
    size_t bytes;
    size_t next_capacity;
};

tb_arena *tb_arena_create(void)
{
    tb_arena *arena = calloc(1, sizeof *arena);
    if (arena != NULL) {
        arena->bytes = sizeof *arena;
        arena->next_capacity = FIRST_CHUNK_BYTES;
    }
    return arena;
}

void tb_arena_destroy(tb_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    while (arena->newest != NULL) {
        chunk *older = arena->newest->older;
        free(arena->newest);
        arena->newest = older;
    }
    free(arena);
}

static chunk *make_chunk(tb_arena *arena, size_t capacity)
{
    if (capacity > SIZE_MAX / 2) {
        return NULL;
    }
    chunk *made = calloc(1, sizeof *made + capacity);
    if (made != NULL) {
        made->capacity = capacity;
        arena->bytes += sizeof *made + capacity;
    }
    return made;
}

/* A request larger than a chunk gets one of its own behind the newest, whose rest stays usable. */
static void *alloc_large(tb_arena *arena, size_t size)
{
    chunk *made = make_chunk(arena, size);
    if (made == NULL) {
        return NULL;
    }
    made->used = size;
    if (arena->newest == NULL) {
        arena->newest = made;
    } else {
        made->older = arena->newest->older;
        arena->newest->older = made;
    }
    return made->bytes;
}

static void *alloc_aligned(tb_arena *arena, size_t size, size_t alignment)
{
    chunk *newest = arena->newest;
    if (newest != NULL) {
        size_t start = (newest->used + alignment - 1) & ~(alignment - 1);
        if (start <= newest->capacity && size <= newest->capacity - start) {
            newest->used = start + size;
            return newest->bytes + start;
        }
    }
    if (size > arena->next_capacity / 4) {
        return alloc_large(arena, size);
    }
    chunk *made = make_chunk(arena, arena->next_capacity);
    if (made == NULL) {
        return NULL;
    }
    made->older = newest;
    made->used = size;
    arena->newest = made;
    if (arena->next_capacity < LARGEST_CHUNK_BYTES) {
        arena->next_capacity *= 2;
    }
    return made->bytes;
}

void *tb_arena_alloc(tb_arena *arena, size_t size)
{
    return alloc_aligned(arena, size, alignof(max_align_t));
}

void *tb_arena_array(tb_arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return tb_arena_alloc(arena, count * size);
}

char *tb_arena_text(tb_arena *arena, const char *text, size_t length)
{
    if (length == SIZE_MAX) {
        return NULL;
    }
    char *copy = alloc_aligned(arena, length + 1, 1);
    if (copy != NULL && length > 0) {
        memcpy(copy, text, length);
    }
    return copy;
}

size_t tb_arena_bytes(const tb_arena *arena)
{
    return arena->bytes;
}
