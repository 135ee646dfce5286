/* Memory that is freed at once: what one parsed file or one command needs. */
#ifndef TB_ARENA_H
#define TB_ARENA_H

#include <stddef.h>

typedef struct tb_arena tb_arena;

/** Make an empty arena; NULL when memory is exhausted. */
tb_arena *tb_arena_create(void);

/** Free the arena and all that was allocated from it; NULL is allowed. */
void tb_arena_destroy(tb_arena *arena);

/** `size` zeroed bytes aligned for any type, living as long as the arena; NULL when exhausted. */
void *tb_arena_alloc(tb_arena *arena, size_t size);

/** `count` zeroed elements of `size` bytes; NULL when exhausted or when the product overflows. */
void *tb_arena_array(tb_arena *arena, size_t count, size_t size);

/** A NUL-terminated copy of `length` bytes of text; NULL when exhausted. */
char *tb_arena_text(tb_arena *arena, const char *text, size_t length);

/** Bytes taken from the system so far, for tests of memory bounds. */
size_t tb_arena_bytes(const tb_arena *arena);

#endif
