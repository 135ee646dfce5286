/* Device buffers and their table, as the emulator sees them. */
#ifndef TB_EMU_MEMORY_H
#define TB_EMU_MEMORY_H

#include "emu_shadow.h"

typedef struct tb_emu_buffer {
    char name[32];
    unsigned char *data;
    int64_t bytes;
    tb_emu_map map;
    tb_emu_shadow shadow;
} tb_emu_buffer;

typedef struct tb_emu_worker tb_emu_worker;

struct tb_emu_memory {
    tb_emu_buffer **buffers; /* by address */
    int count, capacity;
    uint32_t runs;       /* launches so far */
    tb_emu_worker *idle; /* that wait for the next */
};

/** The buffer that begins at or before an address and is nearest, or NULL. */
tb_emu_buffer *tb_emu_buffer_before(const tb_emu_memory *memory, uintptr_t address);

/** Is [address, address + bytes) part of the buffer? */
static inline bool tb_emu_buffer_has(const tb_emu_buffer *buffer, uintptr_t address, int64_t bytes)
{
    uint64_t at = address - (uintptr_t)buffer->data;
    return at <= (uint64_t)buffer->bytes && bytes <= buffer->bytes - (int64_t)at;
}

#endif
