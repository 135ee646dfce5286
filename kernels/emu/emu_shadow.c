#include "emu_shadow.h"

#include "emu_cell.h"

#include <sched.h>
#include <string.h>

#define LOCKED   0x80U
#define FINEST   (TB_EMU_LEVELS - 1)
#define IN_CHUNK ((int64_t)TB_EMU_CHUNK)

/* The cells of a fineness; NULL when the host's memory is exhausted. */
static tb_emu_cell *make_cells(tb_emu_shadow *shadow, unsigned fineness)
{
    while (atomic_flag_test_and_set_explicit(&shadow->is_making, memory_order_acquire)) {
        (void)sched_yield();
    }
    tb_emu_cell *cells = atomic_load(&shadow->cells[fineness]);
    if (cells == NULL) {
        size_t chunks = (size_t)(shadow->bytes / IN_CHUNK + 1);
        tb_emu_map map = tb_emu_map_create((chunks << fineness) * sizeof(tb_emu_cell), 0);
        shadow->maps[fineness] = map;
        cells = (tb_emu_cell *)(void *)map.data;
        atomic_store(&shadow->cells[fineness], cells);
    }
    atomic_flag_clear_explicit(&shadow->is_making, memory_order_release);
    return cells;
}

static inline tb_emu_cell *cells_of(tb_emu_shadow *shadow, unsigned fineness)
{
    tb_emu_cell *cells = atomic_load_explicit(&shadow->cells[fineness], memory_order_acquire);
    return cells != NULL ? cells : make_cells(shadow, fineness);
}

static inline _Atomic(uint8_t) *fineness_of(const tb_emu_shadow *shadow, int64_t chunk)
{
    return (_Atomic(uint8_t) *)(void *)(shadow->fineness.data + chunk);
}

/* Shared memory belongs to one host thread. */
static inline unsigned lock_chunk(const tb_emu_shadow *shadow, int64_t chunk)
{
    _Atomic(uint8_t) *at = fineness_of(shadow, chunk);
    if (shadow->is_shared) {
        return atomic_load_explicit(at, memory_order_relaxed);
    }
    unsigned fineness;
    while (((fineness = atomic_exchange_explicit(at, LOCKED, memory_order_acquire)) & LOCKED) !=
           0) {
        (void)sched_yield();
    }
    return fineness;
}

static inline void unlock_chunk(const tb_emu_shadow *shadow, int64_t chunk, unsigned fineness)
{
    atomic_store_explicit(fineness_of(shadow, chunk), (uint8_t)fineness,
                          shadow->is_shared ? memory_order_relaxed : memory_order_release);
}

bool tb_emu_shadow_create(tb_emu_shadow *shadow, int64_t bytes, bool is_shared)
{
    memset(shadow, 0, sizeof *shadow);
    atomic_flag_clear(&shadow->is_making);
    shadow->bytes = bytes;
    shadow->is_shared = is_shared;
    shadow->fineness = tb_emu_map_create((size_t)(bytes / IN_CHUNK + 1), 0);
    if (shadow->fineness.data == NULL || cells_of(shadow, 0) == NULL) {
        tb_emu_shadow_destroy(shadow);
        return false;
    }
    return true;
}

void tb_emu_shadow_destroy(tb_emu_shadow *shadow)
{
    tb_emu_map_destroy(&shadow->fineness);
    for (int i = 0; i < TB_EMU_LEVELS; i++) {
        tb_emu_map_destroy(&shadow->maps[i]);
        atomic_store(&shadow->cells[i], NULL);
    }
}

void tb_emu_shadow_restart(tb_emu_shadow *shadow, int64_t bytes)
{
    memset(shadow->fineness.data, 0, (size_t)(bytes / IN_CHUNK + 1));
}

void tb_emu_shadow_forget(tb_emu_shadow *shadow)
{
    tb_emu_shadow_restart(shadow, shadow->bytes);
    if (!tb_emu_map_clear(&shadow->maps[0])) {
        memset(shadow->maps[0].data, 0, shadow->maps[0].bytes);
    }
}

/* The finest cells that [from, to) of one chunk needs: its ends must be ends of cells. */
static inline unsigned needed_fineness(int64_t from, int64_t to)
{
    unsigned ends = (unsigned)(from | to) & (TB_EMU_CHUNK - 1);
    return ends == 0 ? 0 : 4U - (unsigned)__builtin_ctz(ends);
}

/* Divide a chunk's cells. */
static bool refine(tb_emu_shadow *shadow, int64_t chunk, unsigned from, unsigned to)
{
    const tb_emu_cell *coarse = cells_of(shadow, from);
    tb_emu_cell *fine = cells_of(shadow, to);
    if (fine == NULL) {
        return false;
    }
    for (int64_t i = 0; i < (int64_t)1 << to; i++) {
        fine[(chunk << to) + i] = coarse[(chunk << from) + (i >> (to - from))];
    }
    return true;
}

/* `access` is a constant wherever this is inlined. */
static inline tb_emu_fault_kind check_cell(tb_emu_cell *cell, const tb_emu_who *who,
                                           tb_emu_access access)
{
    switch (access) {
    case TB_EMU_READ:
        return tb_emu_cell_read(cell, who);
    case TB_EMU_WRITE:
        return tb_emu_cell_write(cell, who, TB_EMU_SET);
    case TB_EMU_LAUNCH_COPY:
        return tb_emu_cell_write(cell, who, TB_EMU_FLYING);
    case TB_EMU_LAND_COPY:
        return tb_emu_cell_land(cell, who);
    default:
        return tb_emu_cell_atomic(cell, who);
    }
}

/* [from, to) of one chunk, which is locked; *fineness is what it becomes. */
static tb_emu_fault_kind check_part(tb_emu_shadow *shadow, uint32_t run, const tb_emu_who *who,
                                    tb_emu_access access, int64_t chunk, int64_t from, int64_t to,
                                    unsigned *fineness, tb_emu_cell *other)
{
    unsigned needed = needed_fineness(from, to);
    if (needed > *fineness) {
        if (!refine(shadow, chunk, *fineness, needed)) {
            return TB_EMU_BAD_LAUNCH;
        }
        *fineness = needed;
    }
    tb_emu_cell *cells = cells_of(shadow, *fineness);
    unsigned shift = 4 - *fineness;
    for (int64_t i = from >> shift; i < to >> shift; i++) {
        tb_emu_cell_enter_run(&cells[i], run, shadow->is_shared);
        tb_emu_fault_kind wrong = check_cell(&cells[i], who, access);
        if (wrong != TB_EMU_NO_FAULT) {
            *other = cells[i];
            return wrong;
        }
    }
    if (*fineness > 0 && access != TB_EMU_READ && to - from == IN_CHUNK) {
        cells_of(shadow, 0)[chunk] = cells[from >> shift]; /* all equal: one cell again */
        *fineness = 0;
    }
    return TB_EMU_NO_FAULT;
}

tb_emu_fault_kind tb_emu_shadow_check(tb_emu_shadow *shadow, uint32_t run, const tb_emu_who *who,
                                      tb_emu_access access, int64_t at, int64_t bytes,
                                      tb_emu_cell *other)
{
    int64_t end = at + bytes;
    while (at < end) {
        int64_t chunk = at / IN_CHUNK, next = (chunk + 1) * IN_CHUNK;
        int64_t to = next < end ? next : end;
        unsigned fineness = lock_chunk(shadow, chunk);
        tb_emu_fault_kind wrong =
            check_part(shadow, run, who, access, chunk, at, to, &fineness, other);
        unlock_chunk(shadow, chunk, fineness);
        if (wrong != TB_EMU_NO_FAULT) {
            return wrong;
        }
        at = to;
    }
    return TB_EMU_NO_FAULT;
}

bool tb_emu_shadow_set(tb_emu_shadow *shadow, int64_t at, int64_t bytes)
{
    int64_t end = at + bytes;
    while (at < end) {
        int64_t chunk = at / IN_CHUNK, next = (chunk + 1) * IN_CHUNK;
        int64_t to = next < end ? next : end;
        unsigned fineness = lock_chunk(shadow, chunk), needed = needed_fineness(at, to);
        if (to - at == IN_CHUNK) {
            fineness = 0;
        } else if (needed > fineness) {
            if (!refine(shadow, chunk, fineness, needed)) {
                unlock_chunk(shadow, chunk, fineness);
                return false;
            }
            fineness = needed;
        }
        tb_emu_cell *cells = cells_of(shadow, fineness);
        unsigned shift = 4 - fineness;
        for (int64_t i = at >> shift; i < to >> shift; i++) {
            cells[i] = (tb_emu_cell){.state = TB_EMU_SET};
        }
        unlock_chunk(shadow, chunk, fineness);
        at = to;
    }
    return true;
}

int64_t tb_emu_shadow_first_unset(const tb_emu_shadow *shadow, int64_t at, int64_t bytes)
{
    int64_t end = at + bytes;
    while (at < end) {
        unsigned fineness = atomic_load(fineness_of(shadow, at / IN_CHUNK)), shift = 4 - fineness;
        const tb_emu_cell *cells = atomic_load(&shadow->cells[fineness]);
        if (cells[at >> shift].state != TB_EMU_SET) {
            return at;
        }
        at = ((at >> shift) + 1) << shift;
    }
    return -1;
}

int64_t tb_emu_shadow_touched(const tb_emu_shadow *shadow, uint32_t run)
{
    int64_t lines = 0, chunks_of_line = TB_EMU_LINE / IN_CHUNK;
    for (int64_t chunk = 0; chunk * IN_CHUNK < shadow->bytes; chunk += chunks_of_line) {
        unsigned fineness = atomic_load(fineness_of(shadow, chunk));
        const tb_emu_cell *cells = atomic_load(&shadow->cells[fineness]);
        lines += cells != NULL && cells[chunk << fineness].run == run;
    }
    return lines * TB_EMU_LINE < shadow->bytes ? lines * TB_EMU_LINE : shadow->bytes;
}
