/* Instructions that one thread executes by itself. */
#include "emu_access.h"

#include <string.h>

int tb_emu_thread(void)
{
    return tb_emu_current->thread;
}

int tb_emu_cta(int axis)
{
    return tb_emu_current->cta[axis];
}

int tb_emu_grid_x(void)
{
    return tb_emu_current->job->launch->grid[0];
}

unsigned char *tb_emu_shared(void)
{
    return tb_emu_current->shared_map.data +
           (tb_emu_current->shared - (uintptr_t)tb_emu_current->shared_map.data);
}

tb_u32 tb_emu_shared_address(const void *pointer, const tb_emu_site *site)
{
    tb_emu_worker *worker = tb_emu_current;
    uint64_t offset = (uintptr_t)pointer - worker->shared;
    if (offset > worker->shared_bytes) { /* its end is an address too */
        tb_emu_raise(worker, TB_EMU_OUT_OF_BOUNDS, (tb_emu_place){.site = site},
                     "takes the shared address of what is not in shared memory");
    }
    return TB_EMU_SHARED_BASE + (tb_u32)offset;
}

static void touch16(tb_emu_worker *worker, const void *pointer, bool is_write,
                    const tb_emu_site *site)
{
    uintptr_t address = (uintptr_t)pointer;
    if (address % 16 != 0) {
        tb_emu_raise(worker, TB_EMU_MISALIGNED, (tb_emu_place){.site = site},
                     "%s 16 bytes at an address that is %zu more than a multiple",
                     is_write ? "writes" : "reads", (size_t)(address % 16));
    }
    tb_emu_touch(worker, address, 16, is_write, (tb_emu_place){.site = site});
}

tb_u4 tb_emu_load16(const void *pointer, const tb_emu_site *site)
{
    tb_u4 value;
    touch16(tb_emu_current, pointer, false, site);
    memcpy(&value, pointer, sizeof value);
    return value;
}

void tb_emu_store16(void *pointer, tb_u4 value, const tb_emu_site *site)
{
    touch16(tb_emu_current, pointer, true, site);
    memcpy(pointer, &value, sizeof value);
}

/* Checked and noted bytes of shared memory. */
static unsigned char *shared_bytes(tb_u32 address, size_t bytes, bool is_write,
                                   const tb_emu_site *site)
{
    tb_emu_worker *worker = tb_emu_current;
    tb_emu_place place = {.site = site};
    uint64_t offset = tb_emu_shared_offset(worker, address, bytes, place);
    tb_emu_check_shared(worker, offset, bytes, is_write ? TB_EMU_WRITE : TB_EMU_READ, false, place);
    tb_emu_note_access(worker, place, offset, bytes,
                       is_write ? TB_EMU_SHARED_STORE : TB_EMU_SHARED_LOAD);
    return tb_emu_shared() + offset;
}

tb_u4 tb_emu_load_shared16(tb_u32 address, const tb_emu_site *site)
{
    tb_u4 value;
    memcpy(&value, shared_bytes(address, 16, false, site), sizeof value);
    return value;
}

void tb_emu_store_shared16(tb_u32 address, tb_u4 value, const tb_emu_site *site)
{
    memcpy(shared_bytes(address, 16, true, site), &value, sizeof value);
}

tb_u32 tb_emu_load_shared4(tb_u32 address, const tb_emu_site *site)
{
    tb_u32 value;
    memcpy(&value, shared_bytes(address, 4, false, site), sizeof value);
    return value;
}

void tb_emu_store_shared4(tb_u32 address, tb_u32 value, const tb_emu_site *site)
{
    memcpy(shared_bytes(address, 4, true, site), &value, sizeof value);
}

tb_u32 tb_emu_atomic_add(tb_u32 *global, tb_u32 value, const tb_emu_site *site)
{
    tb_emu_worker *worker = tb_emu_current;
    tb_emu_place place = {.site = site};
    uintptr_t address = (uintptr_t)global;
    if (address % 4 != 0) {
        tb_emu_raise(worker, TB_EMU_MISALIGNED, place,
                     "adds to 4 bytes at an address that is %zu more than a multiple",
                     (size_t)(address % 4));
    }
    tb_emu_check_global(worker, address, 4, TB_EMU_ATOMIC, place);
    return __atomic_fetch_add(global, value, __ATOMIC_RELAXED);
}

tb_i64 tb_emu_clock(void)
{
    return tb_emu_current->steps++;
}

void tb_emu_count_unmasked(int entry, int slot, int count)
{
    tb_emu_worker *worker = tb_emu_current;
    const tb_emu_launch *launch = worker->job->launch;
    if (launch->unmasked != NULL) {
        launch->unmasked(launch->user, worker->cta, entry, slot, count);
    }
}
