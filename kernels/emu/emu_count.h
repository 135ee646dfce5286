/* Counts warp instructions: accesses of the 32 lanes to memory, put together again.
 *
 * Lanes run one after another, so each keeps a list of its accesses. Where the warp meets, the
 * lists are laid side by side: what the lanes did at the same place for the same time since the
 * last meeting is one warp instruction. */
#ifndef TB_EMU_COUNT_H
#define TB_EMU_COUNT_H

#include "emu.h"
#include "emu_map.h"

/* Accesses that a lane may note before its warp must count them. */
#define TB_EMU_LOG_LENGTH 1024

typedef enum tb_emu_traffic {
    TB_EMU_GLOBAL_LOAD,
    TB_EMU_GLOBAL_STORE,
    TB_EMU_SHARED_LOAD,
    TB_EMU_SHARED_STORE,
    TB_EMU_SHARED_COPY /* the shared side of cp.async */
} tb_emu_traffic;

typedef struct tb_emu_note {
    const void *key;  /* a site, or the instruction */
    uint64_t address; /* of shared memory: from its beginning */
    uint16_t bytes;   /* 0: the lane came along, but took no part */
    uint16_t traffic; /* tb_emu_traffic */
    uint32_t time;    /* how often the lane was there before, where this matters */
} tb_emu_note;

typedef struct tb_emu_log {
    tb_emu_map map;
    tb_emu_note *notes;   /* TB_EMU_LOG_LENGTH a lane */
    tb_emu_note **sorted; /* room for all of them */
    int count[32];
    bool is_empty;
} tb_emu_log;

bool tb_emu_log_create(tb_emu_log *log);
void tb_emu_log_destroy(tb_emu_log *log);

/** Note an access of a lane; false when the lane's list is full now: it must not go on before
 *  tb_emu_log_count(). */
static inline bool tb_emu_log_note(tb_emu_log *log, int lane, const void *key, uint64_t address,
                                   size_t bytes, tb_emu_traffic traffic)
{
    int at = log->count[lane]++;
    log->is_empty = false;
    log->notes[lane * TB_EMU_LOG_LENGTH + at] = (tb_emu_note){
        .key = key, .address = address, .bytes = (uint16_t)bytes, .traffic = (uint16_t)traffic};
    return at + 1 < TB_EMU_LOG_LENGTH;
}

/** Empty the lists uncounted. */
void tb_emu_log_forget(tb_emu_log *log);

/** Count what the lanes have noted, and empty the lists. */
void tb_emu_log_count(tb_emu_log *log, tb_emu_counters *counters);

/** Transactions beyond one that eight lanes with these 16-byte rows of shared memory need, the bits
 *  of `lanes` being those that take part. */
int tb_emu_row_conflicts(const uint64_t *rows, unsigned lanes);

/** Add one launch's or worker's counts to another's. */
void tb_emu_counters_add(tb_emu_counters *sum, const tb_emu_counters *more);

#endif
