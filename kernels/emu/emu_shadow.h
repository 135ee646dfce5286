/* What is known of every byte of a memory: is it initialised, or in flight, and who of the threads
 * that run now has read and written it since when.
 *
 * Memory is divided into chunks of 16 bytes. A chunk is one cell until something smaller touches a
 * part of it: then it becomes cells of 8, 4, 2 or 1 bytes, as fine as was needed. A write of the
 * whole chunk makes it one cell again. So neighbours that store 2 bytes each do not disturb one
 * another, and the rows of 16 bytes that cp.async, ldmatrix and vector accesses touch cost one cell
 * each.
 *
 * Time is counted in stamps: a thread's stamp is that of the last point where its warp, or its CTA,
 * was in step. What was done at a stamp before the CTA's last barrier is over for all its threads;
 * before the warp's last point, for the threads of that warp. Nothing orders two CTAs.
 *
 * Not seen: a plain write and an atomic that nothing orders, where another atomic, which is ordered
 * after the write, came between. The last writer is all that a cell remembers.
 */
#ifndef TB_EMU_SHADOW_H
#define TB_EMU_SHADOW_H

#include "emu.h"
#include "emu_map.h"

#include <stdatomic.h>

#define TB_EMU_CHUNK  16
#define TB_EMU_LEVELS 5 /* cells of 16, 8, 4, 2, 1 bytes */
#define TB_EMU_LINE   128

typedef enum tb_emu_state { TB_EMU_UNSET, TB_EMU_SET, TB_EMU_FLYING } tb_emu_state;

/* Besides the number of a thread (0 ... 1023), who it was that accessed: */
enum {
    TB_EMU_NOBODY = 0xffff,
    TB_EMU_SEVERAL = 0xfffe, /* threads of several warps */
    TB_EMU_OF_WARP = 0x8000  /* + warp: several threads of one */
};
#define TB_EMU_MANY_CTAS UINT32_MAX

/* Those whose accesses are not all over, and when the last of them was. */
typedef struct tb_emu_party {
    uint32_t cta, stamp;
    uint16_t thread;
} tb_emu_party;

typedef struct tb_emu_cell {
    uint32_t run; /* that the accesses are of: those of earlier ones are over */
    tb_emu_party writer, reader;
    uint8_t state;     /* tb_emu_state */
    uint8_t is_atomic; /* it was an atomic that wrote last */
} tb_emu_cell;

/* Who accesses, and what is over for him. */
typedef struct tb_emu_who {
    uint32_t cta;
    uint32_t stamp;   /* of the warp */
    uint32_t barrier; /* stamp of the CTA's last barrier */
    uint16_t thread;
    bool is_warp; /* all lanes at once (ldmatrix) */
} tb_emu_who;

typedef enum tb_emu_access {
    TB_EMU_READ,
    TB_EMU_WRITE,
    TB_EMU_ATOMIC,
    TB_EMU_LAUNCH_COPY, /* a cp.async begins to write */
    TB_EMU_LAND_COPY    /* and has been waited for */
} tb_emu_access;

typedef struct tb_emu_shadow {
    tb_emu_map fineness; /* a byte a chunk: its cells are of 16 >> fineness bytes; its highest bit
                            is the chunk's lock */
    tb_emu_map maps[TB_EMU_LEVELS]; /* of the cells, by fineness; made when first needed */
    _Atomic(tb_emu_cell *) cells[TB_EMU_LEVELS];
    atomic_flag is_making; /* lock of maps[] */
    int64_t bytes;
    bool is_shared; /* shared memory: one host thread; each run begins uninitialised */
} tb_emu_shadow;

/** For `bytes` of memory, all uninitialised. False when memory is exhausted. */
bool tb_emu_shadow_create(tb_emu_shadow *shadow, int64_t bytes, bool is_shared);
void tb_emu_shadow_destroy(tb_emu_shadow *shadow);

/** Everything is uninitialised again. */
void tb_emu_shadow_forget(tb_emu_shadow *shadow);

/** A new run of shared memory, of which it will touch [0, bytes): chunks are whole again. */
void tb_emu_shadow_restart(tb_emu_shadow *shadow, int64_t bytes);

/** The host has written [at, at + bytes). */
bool tb_emu_shadow_set(tb_emu_shadow *shadow, int64_t at, int64_t bytes);

/** First uninitialised byte of [at, at + bytes), or -1. */
int64_t tb_emu_shadow_first_unset(const tb_emu_shadow *shadow, int64_t at, int64_t bytes);

/**
 * Check and note an access of `bytes` <= 2^20 bytes from `at`, all inside the memory.
 *
 * @param[in]  run    number of the launch, or of the CTA for shared memory; from 1
 * @param[out] other  of a race: what was known of the cell
 * @return what is wrong; TB_EMU_BAD_LAUNCH when the host's memory is exhausted
 */
tb_emu_fault_kind tb_emu_shadow_check(tb_emu_shadow *shadow, uint32_t run, const tb_emu_who *who,
                                      tb_emu_access access, int64_t at, int64_t bytes,
                                      tb_emu_cell *other);

/** Bytes that a run has touched, in lines of TB_EMU_LINE: a line counts where its first bytes were;
 *  so runs of whole lines are counted, and not the last few bytes of a row. No run is on. */
int64_t tb_emu_shadow_touched(const tb_emu_shadow *shadow, uint32_t run);

#endif
