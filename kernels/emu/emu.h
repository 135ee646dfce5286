/* Executes our CUDA kernels on the host, instruction for instruction, and refuses what a GPU would
 * do wrongly or silently.
 *
 * A kernel's host twin (kernels/cuda/ptx.h) is compiled with the compiler's thread-sanitizer hooks,
 * which the emulator defines: so every load and store is seen. Each thread of a CTA is a fiber;
 * CTAs run in parallel on host threads.
 *
 * Checked, and reported with kernel, file:line, CTA and thread: accesses out of bounds or
 * misaligned, reads of uninitialised memory, data races (two threads of a CTA without a barrier
 * between them; two CTAs at all), divergent barriers and collectives, data read or overwritten
 * while a cp.async of it is in flight.
 *
 * Not seen: a thread's own variables (registers and local memory) that it reads before it has
 * written them; a loop that does not end; what emu_shadow.h says of atomics.
 */
#ifndef TB_EMU_H
#define TB_EMU_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Device memory: buffers of exact size, with red zones, and what is known of their contents. */
typedef struct tb_emu_memory tb_emu_memory;

TB_NODISCARD tb_status tb_emu_memory_create(tb_emu_memory **out, tb_error *err);
void tb_emu_memory_destroy(tb_emu_memory *memory);

/** A buffer of `bytes` >= 0, uninitialised, 256-byte aligned. `name` is copied, for messages. */
TB_NODISCARD tb_status tb_emu_alloc(tb_emu_memory *memory, const char *name, int64_t bytes,
                                    void **out, tb_error *err);

/** Take a buffer back; nothing for an address where none begins. */
void tb_emu_free(tb_emu_memory *memory, void *buffer);

/** Set [at, at + bytes) of one buffer, as a memset of the driver. */
TB_NODISCARD tb_status tb_emu_fill(tb_emu_memory *memory, void *at, unsigned char value,
                                   int64_t bytes, tb_error *err);

/** Copy host data into [at, at + bytes) of one buffer, or out of it, as a memcpy of the driver: the
 *  range must lie in one buffer; copying out uninitialised bytes is TB_EINVAL with their offset. */
TB_NODISCARD tb_status tb_emu_upload(tb_emu_memory *memory, void *at, const void *data,
                                     int64_t bytes, tb_error *err);
TB_NODISCARD tb_status tb_emu_download(const tb_emu_memory *memory, const void *at, void *data,
                                       int64_t bytes, tb_error *err);

/** Bytes of a buffer that the last launch has touched, each once, about: by lines of 128 bytes. */
int64_t tb_emu_touched(const tb_emu_memory *memory, const void *buffer);

/** Forget a buffer's contents: all of it is uninitialised again. */
void tb_emu_forget(tb_emu_memory *memory, void *buffer);

/** The order in which warps and lanes run between two points where they meet. */
typedef enum tb_emu_schedule {
    TB_EMU_FORWARD,
    TB_EMU_REVERSE,
    TB_EMU_RANDOM /* by launch.seed */
} tb_emu_schedule;

/** Adds `count` unmasked scores of query slot `slot` in list entry `entry`; called from several
 * host threads at once. */
typedef void tb_emu_unmasked_fn(void *user, const int cta[3], int entry, int slot, int count);

typedef struct tb_emu_launch {
    const char *kernel;                /* for messages */
    void (*entry)(const void *params); /* the host twin */
    int grid[3];
    int threads;          /* a CTA; a multiple of 32, at most 1024 */
    int64_t shared_bytes; /* dynamic, a CTA; at most 227 KiB */
    const void *params;
    size_t params_bytes; /* at most 4096 */
    tb_emu_schedule schedule;
    uint64_t seed;
    int host_threads;       /* 0 = all */
    bool is_mma_truncated;  /* accumulate towards zero, as some tensor cores do, not to nearest */
    bool is_exp2_perturbed; /* ex2.approx and lg2.approx off by their documented error */
    tb_emu_unmasked_fn *unmasked; /* may be NULL */
    void *user;
} tb_emu_launch;

/** What a launch did. Global sectors are of 32 bytes; shared transactions of 128. */
typedef struct tb_emu_counters {
    int64_t ctas;
    int64_t mma, ldmatrix, exp2, fma;    /* warp instructions, but exp2 and fma: by thread */
    int64_t barriers;                    /* of CTAs */
    int64_t global_loads, global_stores; /* warp instructions, cp.async among the loads */
    int64_t load_sectors, store_sectors; /* that they touch */
    int64_t load_sectors_ideal, store_sectors_ideal; /* were their bytes dense */
    int64_t shared_loads, shared_stores; /* warp instructions, ldmatrix and cp.async among them */
    int64_t shared_transactions;         /* needed */
    int64_t shared_conflicts;            /* transactions beyond those that the bytes need */
    int64_t ldmatrix_conflicts, cp_async_conflicts; /* those of these instructions */
} tb_emu_counters;

typedef enum tb_emu_fault_kind {
    TB_EMU_NO_FAULT,
    TB_EMU_OUT_OF_BOUNDS,
    TB_EMU_MISALIGNED,
    TB_EMU_UNINITIALISED,
    TB_EMU_RACE,       /* within a CTA */
    TB_EMU_CTA_RACE,   /* between CTAs */
    TB_EMU_DIVERGENCE, /* a barrier or collective that not all reach */
    TB_EMU_IN_FLIGHT,  /* read or overwritten before a cp.async of it was waited for */
    TB_EMU_BAD_LAUNCH  /* that no GPU would take, or for which the host has no memory */
} tb_emu_fault_kind;

typedef struct tb_emu_fault {
    tb_emu_fault_kind kind;
    char file[128]; /* last component of the path; "" where it is not known */
    int line;
    int cta[3], thread;
    char message[512]; /* all of it in one line, with the other party of a race */
} tb_emu_fault;

/** Names in the order of tb_emu_fault_kind. */
extern const char *const tb_emu_fault_names[TB_EMU_BAD_LAUNCH + 1];

/**
 * Run a launch to its end or to its first fault. After one, what the launch has written is of no
 * use; the memory is. One launch at a time uses a memory.
 *
 * @param[in]  memory   may be NULL for a kernel that touches no global memory
 * @param[out] counters may be NULL
 * @param[out] fault    may be NULL
 * @return TB_OK; TB_EINTERNAL after a fault, whose message err has too; TB_EINVAL for a launch that
 *         no GPU would take; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_emu_run(tb_emu_memory *memory, const tb_emu_launch *launch,
                                  tb_emu_counters *counters, tb_emu_fault *fault, tb_error *err);

#endif
