#include "emu_map.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

size_t tb_emu_map_page(void)
{
    long page = sysconf(_SC_PAGESIZE);
    return page > 0 ? (size_t)page : 4096;
}

static size_t whole_pages(size_t bytes)
{
    size_t page = tb_emu_map_page();
    return (bytes + page - 1) / page * page;
}

tb_emu_map tb_emu_map_create(size_t bytes, size_t guard)
{
    tb_emu_map map = {0};
    if (bytes > SIZE_MAX / 4 || guard > SIZE_MAX / 8) {
        return map;
    }
    map.bytes = whole_pages(bytes > 0 ? bytes : 1);
    map.guard = whole_pages(guard);
    size_t all = map.bytes + 2 * map.guard;
    void *base = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        return map;
    }
    unsigned char *data = (unsigned char *)base + map.guard;
    if (mprotect(data, map.bytes, PROT_READ | PROT_WRITE) != 0) {
        (void)munmap(base, all);
        return map;
    }
    map.data = data;
    return map;
}

void tb_emu_map_destroy(tb_emu_map *map)
{
    if (map->data != NULL) {
        (void)munmap(map->data - map->guard, map->bytes + 2 * map->guard);
    }
    *map = (tb_emu_map){0};
}

int tb_emu_map_forbid(const tb_emu_map *map, size_t at, size_t bytes)
{
    return mprotect(map->data + at, bytes, PROT_NONE) == 0;
}

int tb_emu_map_clear(const tb_emu_map *map)
{
    return mmap(map->data, map->bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}
