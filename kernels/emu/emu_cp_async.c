/* cp.async: 16 bytes from global to shared memory that arrive when their thread waits for them, not
 * before. PTX ISA 9.0, section 9.7.9.25.3. */
#include "emu_access.h"

#include <stdlib.h>
#include <string.h>

/* What nobody may see: as bf16 and fp16, NaN. */
#define POISON 0xff

static tb_emu_copy *add_copy(tb_emu_copies *copies)
{
    if (copies->count == copies->capacity) {
        int capacity = copies->capacity * 2 + 32;
        tb_emu_copy *grown = realloc(copies->copy, (size_t)capacity * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        copies->copy = grown;
        copies->capacity = capacity;
    }
    return &copies->copy[copies->count++];
}

/* The global side, which is not read at all where no byte of it is wanted. */
static void check_source(tb_emu_worker *worker, const void *global, int bytes, tb_emu_place place)
{
    uintptr_t address = (uintptr_t)global;
    if (bytes < 0 || bytes > 16) {
        tb_emu_raise(worker, TB_EMU_OUT_OF_BOUNDS, place, "copies %d bytes of 16", bytes);
    }
    if (bytes == 0) {
        tb_emu_note_access(worker, place, 0, 0, TB_EMU_GLOBAL_LOAD); /* was there, took nothing */
        return;
    }
    if (address % 16 != 0) {
        tb_emu_raise(worker, TB_EMU_MISALIGNED, place,
                     "copies 16 bytes from an address that is %zu more than a multiple",
                     (size_t)(address % 16));
    }
    tb_emu_check_global(worker, address, (size_t)bytes, TB_EMU_READ, place);
    tb_emu_note_access(worker, place, address, (size_t)bytes, TB_EMU_GLOBAL_LOAD);
}

void tb_emu_cp_async16(tb_u32 shared, const void *global, int bytes, const tb_emu_site *site)
{
    tb_emu_worker *worker = tb_emu_current;
    tb_emu_copies *copies = &worker->copies[worker->thread];
    tb_emu_place place = {.site = site};
    uint64_t offset = tb_emu_shared_offset(worker, shared, 16, place);
    check_source(worker, global, bytes, place);
    tb_emu_check_shared(worker, offset, 16, TB_EMU_LAUNCH_COPY, false, place);
    tb_emu_note_access(worker, place, offset, 16, TB_EMU_SHARED_COPY);
    tb_emu_copy *copy = add_copy(copies);
    if (copy == NULL) {
        tb_emu_raise(worker, TB_EMU_BAD_LAUNCH, place, "no memory for copies in flight");
    }
    *copy = (tb_emu_copy){.shared = (tb_u32)offset,
                          .group = copies->group,
                          .global = global,
                          .bytes = bytes,
                          .site = site};
    if (bytes > 0) {
        memcpy(copy->data, global, (size_t)bytes);
    }
    memset(tb_emu_shared() + offset, POISON, 16);
}

void tb_emu_cp_async_commit(void)
{
    tb_emu_current->copies[tb_emu_current->thread].group++;
}

/* The copy's bytes arrive. Had somebody changed its source meanwhile, they could be either. */
static void land(tb_emu_worker *worker, const tb_emu_copy *copy)
{
    tb_emu_place place = {.site = copy->site};
    if (copy->bytes > 0 && memcmp(copy->data, copy->global, (size_t)copy->bytes) != 0) {
        tb_emu_raise(worker, TB_EMU_IN_FLIGHT, place,
                     "copies to byte %u of shared memory what has changed in flight",
                     (unsigned)copy->shared);
    }
    memcpy(tb_emu_shared() + copy->shared, copy->data, 16);
    tb_emu_check_shared(worker, copy->shared, 16, TB_EMU_LAND_COPY, false, place);
}

void tb_emu_cp_async_wait(int groups)
{
    tb_emu_worker *worker = tb_emu_current;
    tb_emu_copies *copies = &worker->copies[worker->thread];
    int done = copies->group - groups, left = 0;
    for (int i = 0; i < copies->count; i++) {
        if (copies->copy[i].group < done) {
            land(worker, &copies->copy[i]);
        } else {
            copies->copy[left++] = copies->copy[i];
        }
    }
    copies->count = left;
}
