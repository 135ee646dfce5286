/* Memory of the emulator straight from the system: zero, of page size, with guards around it. */
#ifndef TB_EMU_MAP_H
#define TB_EMU_MAP_H

#include <stddef.h>

typedef struct tb_emu_map {
    unsigned char *data; /* NULL: none */
    size_t bytes;        /* of data, whole pages */
    size_t guard;        /* bytes before and behind it that no access may touch */
} tb_emu_map;

/** At least `bytes` zeroed bytes, which cost nothing until they are touched, between guards of at
 *  least `guard` bytes. data is NULL when memory is exhausted. */
tb_emu_map tb_emu_map_create(size_t bytes, size_t guard);

/** Nothing for a map without data. */
void tb_emu_map_destroy(tb_emu_map *map);

/** Forbid every access to `bytes` bytes (whole pages) of a map, from byte `at`. False on failure.
 */
int tb_emu_map_forbid(const tb_emu_map *map, size_t at, size_t bytes);

/** Make the map zero again, and give its memory back meanwhile. False on failure. */
int tb_emu_map_clear(const tb_emu_map *map);

/** Bytes of a page. */
size_t tb_emu_map_page(void);

#endif
