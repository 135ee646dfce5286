/* The rules of one cell of the shadow: which accesses are wrong after which. */
#ifndef TB_EMU_CELL_H
#define TB_EMU_CELL_H

#include "emu_shadow.h"

/* The warp that all of a party are of, or none that there is. */
static inline unsigned tb_emu_party_warp(const tb_emu_party *party)
{
    return party->thread < TB_EMU_OF_WARP   ? (unsigned)party->thread >> 5
           : party->thread < TB_EMU_SEVERAL ? party->thread & 31U
                                            : UINT32_MAX;
}

/* Is what they did over for `who`, of whose CTA they are? */
static inline bool tb_emu_party_is_over(const tb_emu_party *party, const tb_emu_who *who)
{
    return party->stamp < who->barrier || (party->thread == who->thread && !who->is_warp) ||
           (party->stamp < who->stamp && tb_emu_party_warp(party) == (unsigned)who->thread >> 5);
}

/* TB_EMU_NO_FAULT when there is nobody, or their accesses are over for `who`. */
static inline tb_emu_fault_kind tb_emu_party_race(const tb_emu_party *party, const tb_emu_who *who)
{
    if (party->thread == TB_EMU_NOBODY) {
        return TB_EMU_NO_FAULT;
    }
    if (party->cta != who->cta) {
        return TB_EMU_CTA_RACE;
    }
    return tb_emu_party_is_over(party, who) ? TB_EMU_NO_FAULT : TB_EMU_RACE;
}

static inline void tb_emu_party_set(tb_emu_party *party, const tb_emu_who *who)
{
    party->cta = who->cta;
    party->stamp = who->stamp;
    party->thread = who->is_warp ? (uint16_t)(TB_EMU_OF_WARP | who->thread >> 5) : who->thread;
}

/* `who` joins them. Whoever is over for all that can come is forgotten: those before the barrier,
 * and those of the same warp before its last point, whose part `who` takes towards others. */
static inline void tb_emu_party_join(tb_emu_party *party, const tb_emu_who *who)
{
    unsigned warp = (unsigned)who->thread >> 5;
    if (party->thread == TB_EMU_NOBODY) {
        tb_emu_party_set(party, who);
    } else if (party->cta != who->cta) {
        party->cta = TB_EMU_MANY_CTAS;
    } else if (party->stamp < who->barrier) {
        tb_emu_party_set(party, who);
    } else if (tb_emu_party_warp(party) != warp) {
        party->thread = TB_EMU_SEVERAL;
    } else if (party->stamp < who->stamp) {
        tb_emu_party_set(party, who);
    } else if (party->thread != who->thread || who->is_warp) {
        party->thread = (uint16_t)(TB_EMU_OF_WARP | warp);
    }
}

/* What was done in an earlier run is over. */
static inline void tb_emu_cell_enter_run(tb_emu_cell *cell, uint32_t run, bool is_shared)
{
    if (cell->run != run) {
        uint8_t state = is_shared ? TB_EMU_UNSET : cell->state;
        *cell = (tb_emu_cell){.run = run,
                              .writer.thread = TB_EMU_NOBODY,
                              .reader.thread = TB_EMU_NOBODY,
                              .state = state};
    }
}

static inline tb_emu_fault_kind tb_emu_cell_read(tb_emu_cell *cell, const tb_emu_who *who)
{
    if (cell->state != TB_EMU_SET) {
        return cell->state == TB_EMU_FLYING ? TB_EMU_IN_FLIGHT : TB_EMU_UNINITIALISED;
    }
    tb_emu_fault_kind wrong = tb_emu_party_race(&cell->writer, who);
    if (wrong == TB_EMU_NO_FAULT) {
        tb_emu_party_join(&cell->reader, who);
    }
    return wrong;
}

/* All that was read and written before is over. */
static inline void tb_emu_cell_set_writer(tb_emu_cell *cell, const tb_emu_who *who,
                                          tb_emu_state state)
{
    tb_emu_party_set(&cell->writer, who);
    cell->reader.thread = TB_EMU_NOBODY;
    cell->state = (uint8_t)state;
    cell->is_atomic = 0;
}

static inline tb_emu_fault_kind tb_emu_cell_write(tb_emu_cell *cell, const tb_emu_who *who,
                                                  tb_emu_state state)
{
    if (cell->state == TB_EMU_FLYING) {
        return TB_EMU_IN_FLIGHT;
    }
    tb_emu_fault_kind wrong = tb_emu_party_race(&cell->writer, who);
    wrong = wrong != TB_EMU_NO_FAULT ? wrong : tb_emu_party_race(&cell->reader, who);
    if (wrong == TB_EMU_NO_FAULT) {
        tb_emu_cell_set_writer(cell, who, state);
    }
    return wrong;
}

/* Reads and writes at once; atomics do not disturb one another. */
static inline tb_emu_fault_kind tb_emu_cell_atomic(tb_emu_cell *cell, const tb_emu_who *who)
{
    if (cell->state != TB_EMU_SET) {
        return cell->state == TB_EMU_FLYING ? TB_EMU_IN_FLIGHT : TB_EMU_UNINITIALISED;
    }
    tb_emu_fault_kind wrong =
        cell->is_atomic ? TB_EMU_NO_FAULT : tb_emu_party_race(&cell->writer, who);
    wrong = wrong != TB_EMU_NO_FAULT ? wrong : tb_emu_party_race(&cell->reader, who);
    if (wrong == TB_EMU_NO_FAULT) {
        if (!cell->is_atomic) {
            cell->writer.thread = TB_EMU_NOBODY;
        }
        tb_emu_party_join(&cell->writer, who);
        cell->is_atomic = 1;
    }
    return wrong;
}

/* The bytes of a cp.async of this thread have arrived. */
static inline tb_emu_fault_kind tb_emu_cell_land(tb_emu_cell *cell, const tb_emu_who *who)
{
    tb_emu_cell_set_writer(cell, who, TB_EMU_SET);
    return TB_EMU_NO_FAULT;
}

/* A whole chunk of shared memory that was written before the last barrier is read: noted, and true.
 * Everything else, and all that may be wrong, takes the long way. */
static inline bool tb_emu_chunk_read(const tb_emu_shadow *shadow, uint32_t run,
                                     const tb_emu_who *who, uint64_t chunk)
{
    tb_emu_cell *cell = atomic_load_explicit(&shadow->cells[0], memory_order_relaxed) + chunk;
    if (shadow->fineness.data[chunk] != 0 || cell->run != run || cell->state != TB_EMU_SET ||
        cell->writer.stamp >= who->barrier) {
        return false;
    }
    tb_emu_party_join(&cell->reader, who);
    return true;
}

#endif
