#include "emu_access.h"

#include "emu_cell.h"
#include "emu_place.h"

#include <stdio.h>
#include <string.h>

static const char *const verbs[] = {"reads", "writes", "adds to", "copies into", "copies into"};

/* Who else has touched a cell, in words. */
static void other_party(const tb_emu_cell *cell, const tb_emu_who *who, char *text, size_t size)
{
    bool is_write = tb_emu_party_race(&cell->writer, who) != TB_EMU_NO_FAULT;
    const tb_emu_party *party = is_write ? &cell->writer : &cell->reader;
    const char *verb = is_write ? "written" : "read";
    if (party->cta == TB_EMU_MANY_CTAS) {
        (void)snprintf(text, size, "%s by several CTAs", verb);
    } else if (party->cta != who->cta) {
        (void)snprintf(text, size, "%s by CTA number %u", verb, (unsigned)party->cta);
    } else if (party->thread == TB_EMU_SEVERAL) {
        (void)snprintf(text, size, "%s by several warps", verb);
    } else if (party->thread >= TB_EMU_OF_WARP) {
        (void)snprintf(text, size, "%s by lanes of warp %u", verb, party->thread & 31U);
    } else {
        (void)snprintf(text, size, "%s by thread %u", verb, (unsigned)party->thread);
    }
}

/* Raise what the shadow found. `where`: the memory, `at`: a byte of it. */
static _Noreturn void raise_found(tb_emu_worker *worker, tb_emu_fault_kind kind,
                                  tb_emu_access access, const char *where, uint64_t at,
                                  size_t bytes, const tb_emu_who *who, const tb_emu_cell *other,
                                  tb_emu_place place)
{
    char party[64] = "";
    const char *verb = who->is_warp ? "reads for its warp" : verbs[access];
    unsigned long long byte = at;
    switch (kind) {
    case TB_EMU_RACE:
    case TB_EMU_CTA_RACE:
        other_party(other, who, party, sizeof party);
        tb_emu_raise(worker, kind, place, "%s %zu bytes of %s from byte %llu, %s %s", verb, bytes,
                     where, byte, party,
                     kind == TB_EMU_RACE ? "without a barrier between" : "of the same launch");
    case TB_EMU_IN_FLIGHT:
        tb_emu_raise(worker, kind, place,
                     "%s %zu bytes of %s from byte %llu, into which a cp.async of thread %u is in "
                     "flight",
                     verb, bytes, where, byte, (unsigned)other->writer.thread);
    case TB_EMU_UNINITIALISED:
        tb_emu_raise(worker, kind, place, "%s %zu bytes of %s from byte %llu, never written", verb,
                     bytes, where, byte);
    default:
        tb_emu_raise(worker, TB_EMU_BAD_LAUNCH, place, "no memory for the shadow of %s", where);
    }
}

void tb_emu_check_shared(tb_emu_worker *worker, uint64_t offset, size_t bytes, tb_emu_access access,
                         bool is_warp, tb_emu_place place)
{
    tb_emu_cell other;
    tb_emu_who who = tb_emu_who_is(worker, is_warp);
    tb_emu_fault_kind kind = tb_emu_shadow_check(&worker->shared_shadow, worker->cta_run, &who,
                                                 access, (int64_t)offset, (int64_t)bytes, &other);
    if (kind != TB_EMU_NO_FAULT) {
        raise_found(worker, kind, access, "shared memory", offset, bytes, &who, &other, place);
    }
}

void tb_emu_note_access(tb_emu_worker *worker, tb_emu_place place, uint64_t address, size_t bytes,
                        tb_emu_traffic traffic)
{
    int lane = worker->thread & 31;
    const void *key = place.site != NULL ? (const void *)place.site : place.pc;
    if (!tb_emu_log_note(&worker->log, lane, key, address, bytes, traffic)) {
        worker->warp->ready &= ~(UINT32_C(1) << lane);
        worker->warp->full |= UINT32_C(1) << lane;
        tb_emu_lane_leave(worker);
    }
}

/* The buffer whose beginning or end is nearest, or NULL. */
static const tb_emu_buffer *nearest_buffer(const tb_emu_worker *worker, uintptr_t address)
{
    const tb_emu_memory *memory = worker->job->memory;
    const tb_emu_buffer *nearest = NULL;
    uintptr_t distance = UINTPTR_MAX;
    for (int i = 0; memory != NULL && i < memory->count; i++) {
        const tb_emu_buffer *buffer = memory->buffers[i];
        uintptr_t begin = (uintptr_t)buffer->data, end = begin + (uintptr_t)buffer->bytes;
        uintptr_t far = address < begin ? begin - address : address >= end ? address - end : 0;
        if (far < distance) {
            nearest = buffer;
            distance = far;
        }
    }
    return distance < (uintptr_t)1 << 32 ? nearest : NULL;
}

/* An address that nothing of this thread has, in words. */
static _Noreturn void raise_outside(tb_emu_worker *worker, uintptr_t address, size_t bytes,
                                    tb_emu_access access, tb_emu_place place)
{
    const char *verb = verbs[access];
    uintptr_t stacks = (uintptr_t)worker->stacks.data, shared = worker->shared;
    if (address - stacks < worker->stacks.bytes) {
        tb_emu_raise(worker, TB_EMU_OUT_OF_BOUNDS, place,
                     "%s %zu bytes on the stack of thread %zu or below its own", verb, bytes,
                     (address - stacks) / (worker->stacks.bytes / (size_t)worker->threads));
    }
    if (address - shared + 4096 <= worker->shared_bytes + 8192) {
        tb_emu_raise(worker, TB_EMU_OUT_OF_BOUNDS, place,
                     "%s %zu bytes of shared memory from byte %lld; it has %zu", verb, bytes,
                     (long long)(address - shared), worker->shared_bytes);
    }
    const tb_emu_buffer *buffer = nearest_buffer(worker, address);
    if (buffer != NULL) {
        tb_emu_raise(worker, TB_EMU_OUT_OF_BOUNDS, place,
                     "%s %zu bytes from byte %lld of the nearest buffer, %s, which has %lld", verb,
                     bytes, (long long)(address - (uintptr_t)buffer->data), buffer->name,
                     (long long)buffer->bytes);
    }
    tb_emu_raise(worker, TB_EMU_OUT_OF_BOUNDS, place, "%s %zu bytes at %#llx, where nothing is",
                 verb, bytes, (unsigned long long)address);
}

/* Kernels read one buffer and write another: the last of both are tried first. */
static tb_emu_buffer *find_buffer(tb_emu_worker *worker, uintptr_t address, size_t bytes,
                                  bool is_write)
{
    tb_emu_buffer *buffer = worker->last_buffer[is_write];
    if (buffer != NULL && tb_emu_buffer_has(buffer, address, (int64_t)bytes)) {
        return buffer;
    }
    buffer = tb_emu_buffer_before(worker->job->memory, address);
    if (buffer == NULL || !tb_emu_buffer_has(buffer, address, (int64_t)bytes)) {
        return NULL;
    }
    return worker->last_buffer[is_write] = buffer;
}

static void check_buffer(tb_emu_worker *worker, tb_emu_buffer *buffer, uintptr_t address,
                         size_t bytes, tb_emu_access access, tb_emu_place place)
{
    tb_emu_cell other;
    tb_emu_who who = tb_emu_who_is(worker, false);
    uint64_t at = address - (uintptr_t)buffer->data;
    tb_emu_fault_kind kind = tb_emu_shadow_check(&buffer->shadow, worker->job->run, &who, access,
                                                 (int64_t)at, (int64_t)bytes, &other);
    if (kind != TB_EMU_NO_FAULT) {
        raise_found(worker, kind, access, buffer->name, at, bytes, &who, &other, place);
    }
}

tb_emu_buffer *tb_emu_check_global(tb_emu_worker *worker, uintptr_t address, size_t bytes,
                                   tb_emu_access access, tb_emu_place place)
{
    tb_emu_buffer *buffer = find_buffer(worker, address, bytes, access != TB_EMU_READ);
    if (buffer == NULL) {
        raise_outside(worker, address, bytes, access, place);
    }
    check_buffer(worker, buffer, address, bytes, access, place);
    return buffer;
}

/* What is neither shared nor in a buffer: the parameters and the kernel's constants, to read. */
static bool is_constant(const tb_emu_worker *worker, uintptr_t address, size_t bytes)
{
    uintptr_t at = address - (uintptr_t)worker->params.data;
    size_t params = worker->job->launch->params_bytes;
    if (at < params && bytes <= params - at) {
        return true;
    }
    void *entry;
    memcpy(&entry, &worker->job->launch->entry, sizeof entry);
    const void *object = tb_emu_place_base((const void *)address);
    return object != NULL && object == tb_emu_place_base(entry);
}

void tb_emu_touch(tb_emu_worker *worker, uintptr_t address, size_t bytes, bool is_write,
                  tb_emu_place place)
{
    if (tb_emu_is_own_stack(worker, address, bytes)) {
        return;
    }
    tb_emu_access access = is_write ? TB_EMU_WRITE : TB_EMU_READ;
    uint64_t offset = address - worker->shared;
    if (offset < worker->shared_bytes) {
        if (bytes > worker->shared_bytes - offset) {
            raise_outside(worker, address, bytes, access, place);
        }
        tb_emu_check_shared(worker, offset, bytes, access, false, place);
        tb_emu_note_access(worker, place, offset, bytes,
                           is_write ? TB_EMU_SHARED_STORE : TB_EMU_SHARED_LOAD);
        return;
    }
    tb_emu_buffer *buffer = find_buffer(worker, address, bytes, is_write);
    if (buffer != NULL) {
        check_buffer(worker, buffer, address, bytes, access, place);
        tb_emu_note_access(worker, place, address, bytes,
                           is_write ? TB_EMU_GLOBAL_STORE : TB_EMU_GLOBAL_LOAD);
    } else if (is_write || !is_constant(worker, address, bytes)) {
        raise_outside(worker, address, bytes, access, place);
    }
}

uint64_t tb_emu_shared_offset(tb_emu_worker *worker, tb_u32 address, size_t bytes,
                              tb_emu_place place)
{
    uint64_t offset = (uint64_t)address - TB_EMU_SHARED_BASE;
    if (offset >= worker->shared_bytes || bytes > worker->shared_bytes - offset) {
        tb_emu_raise(worker, TB_EMU_OUT_OF_BOUNDS, place,
                     "accesses %zu bytes of shared memory from byte %lld; it has %zu", bytes,
                     (long long)address - (long long)TB_EMU_SHARED_BASE, worker->shared_bytes);
    }
    if (address % bytes != 0) {
        tb_emu_raise(worker, TB_EMU_MISALIGNED, place,
                     "accesses %zu bytes of shared memory from byte %llu: not a multiple", bytes,
                     (unsigned long long)offset);
    }
    return offset;
}
