/* Accesses to memory: where an address lies, and whether a thread may touch it now. */
#ifndef TB_EMU_ACCESS_H
#define TB_EMU_ACCESS_H

#include "emu_worker.h"

/** Is the address on the running lane's own stack? */
static inline bool tb_emu_is_own_stack(const tb_emu_worker *worker, uintptr_t address, size_t bytes)
{
    uintptr_t at = address - worker->stack;
    return at < worker->stack_bytes && bytes <= worker->stack_bytes - at;
}

/** Who the running lane, or its whole warp, is to a shadow. */
static inline tb_emu_who tb_emu_who_is(const tb_emu_worker *worker, bool is_warp)
{
    return (tb_emu_who){.cta = worker->cta_index,
                        .stamp = worker->warp->stamp,
                        .barrier = worker->barrier,
                        .thread = (uint16_t)worker->thread,
                        .is_warp = is_warp};
}

/** A plain access of the running lane, wherever it is, checked and noted; raises what is wrong. */
void tb_emu_touch(tb_emu_worker *worker, uintptr_t address, size_t bytes, bool is_write,
                  tb_emu_place place);

/** Check `bytes` of global memory, and note nothing for the counters. */
tb_emu_buffer *tb_emu_check_global(tb_emu_worker *worker, uintptr_t address, size_t bytes,
                                   tb_emu_access access, tb_emu_place place);

/** Check `bytes` from an offset in shared memory that is in bounds, for one lane or the warp. */
void tb_emu_check_shared(tb_emu_worker *worker, uint64_t offset, size_t bytes, tb_emu_access access,
                         bool is_warp, tb_emu_place place);

/** Offset of a shared address of which `bytes` are accessed, aligned to them; raises what is wrong.
 */
uint64_t tb_emu_shared_offset(tb_emu_worker *worker, tb_u32 address, size_t bytes,
                              tb_emu_place place);

/** Note an access for the counters; the lane waits for its warp when its list is full. */
void tb_emu_note_access(tb_emu_worker *worker, tb_emu_place place, uint64_t address, size_t bytes,
                        tb_emu_traffic traffic);

#endif
