/* A host thread of the emulator and the CTA that it is executing. */
#ifndef TB_EMU_WORKER_H
#define TB_EMU_WORKER_H

#include "emu_count.h"
#include "emu_device.h"
#include "emu_fiber.h"
#include "emu_memory.h"

#include <pthread.h>
#include <stdatomic.h>

#define TB_EMU_LANES        32
#define TB_EMU_MAX_THREADS  1024
#define TB_EMU_MAX_WARPS    (TB_EMU_MAX_THREADS / TB_EMU_LANES)
#define TB_EMU_MAX_SHARED   (227 * 1024)
#define TB_EMU_PARAMS_BYTES 4096

/* Shared memory begins 128-byte aligned, not better, and not at address 0. */
#define TB_EMU_SHARED_BASE 1152U

/* What the lanes of a warp do together. */
typedef enum tb_emu_op {
    TB_EMU_OP_SYNCWARP,
    TB_EMU_OP_SHFL,
    TB_EMU_OP_BALLOT,
    TB_EMU_OP_LDMATRIX,
    TB_EMU_OP_LDMATRIX_TRANS,
    TB_EMU_OP_MMA_FP16,
    TB_EMU_OP_MMA_BF16,
    TB_EMU_OP_COUNT
} tb_emu_op;

typedef struct tb_emu_warp {
    uint32_t ready; /* lanes that can run; of the others, those wait in a collective that are not */
    uint32_t barred; /* at a barrier of the CTA */
    uint32_t full;   /* those whose list of accesses must be counted first */
    uint32_t done;   /* at their ends */
    uint32_t stamp;  /* of the last point where all lanes were in step */
    /* Where its lanes meet: of the first one that came. */
    int arrived;
    bool is_mismatched; /* others came to another place */
    tb_emu_op op;
    const tb_emu_site *site;
} tb_emu_warp;

/* What the lanes bring to a collective, and take from it. By lane, so that the 32 registers of one
 * operand lie as the rows of its 8 x 8 matrix do. */
typedef struct tb_emu_operands {
    _Alignas(64) tb_u32 a[4][TB_EMU_LANES];   /* mma: rows 0-7 and 8-15 of columns 0-7, then 8-15 */
    _Alignas(64) tb_u16 b[16][8];             /* mma: B[k][column] */
    _Alignas(64) float c[2][TB_EMU_LANES][2]; /* mma: rows 0-7, 8-15 of C; then D */
    _Alignas(64) tb_u32 value[TB_EMU_LANES];  /* shfl, ballot; ldmatrix: addresses */
    _Alignas(64) tb_u32 source[TB_EMU_LANES]; /* shfl: lane to take from */
    _Alignas(64) tb_u32 result[4][TB_EMU_LANES]; /* ldmatrix; shfl and ballot: result[0] */
} tb_emu_operands;

/* 16 bytes on their way from global to shared memory. */
typedef struct tb_emu_copy {
    tb_u32 shared; /* offset */
    int group;
    const void *global;
    int bytes;
    unsigned char data[16]; /* as it was at the beginning */
    const tb_emu_site *site;
} tb_emu_copy;

typedef struct tb_emu_copies {
    tb_emu_copy *copy;
    int count, capacity;
    int group; /* that the next copy belongs to */
} tb_emu_copies;

/* A launch, for all workers. */
typedef struct tb_emu_job {
    const tb_emu_launch *launch;
    tb_emu_memory *memory;
    uint32_t run;
    int64_t ctas;
    uint64_t order_step, order_start; /* the CTAs' order: (start + i step) mod ctas */
    _Atomic(int64_t) next;
    atomic_bool is_stopped;
} tb_emu_job;

/* A place in the source: a site, or an instruction that a hook was called from. */
typedef struct tb_emu_place {
    const tb_emu_site *site;
    const void *pc; /* where site is NULL */
} tb_emu_place;

struct tb_emu_worker {
    /* The lane that runs. */
    int thread;
    uintptr_t stack; /* lowest address of its stack */
    size_t stack_bytes;
    tb_emu_warp *warp;
    uintptr_t shared; /* address of the CTA's shared memory */
    size_t shared_bytes;
    tb_emu_buffer *last_buffer[2]; /* that was read, written; or NULL */

    /* The lanes of its warp run in this order: each is order_step after the one before, mod 32. */
    unsigned order_first, order_step; /* odd */
    unsigned order_lane;              /* the next */
    int order_left;                   /* until all have had their turn */
    uint64_t random;

    int cta[3];
    uint32_t cta_index;
    uint32_t barrier; /* stamp of the CTA's last barrier */
    uint32_t clock;   /* stamps given */
    uint32_t cta_run; /* CTAs that this worker has begun */
    int warps;
    int64_t steps; /* tb_clock() */

    tb_emu_job *job;
    tb_emu_counters counters;
    tb_emu_log log;
    tb_emu_operands operands;
    tb_emu_warp warp_of[TB_EMU_MAX_WARPS];
    const tb_emu_site *site_of[TB_EMU_MAX_THREADS]; /* where each waits */
    tb_emu_fiber fiber[TB_EMU_MAX_THREADS];
    tb_emu_fiber home; /* the host thread itself */
    tb_emu_copies copies[TB_EMU_MAX_THREADS];

    tb_emu_fault fault; /* without file and line until the launch has ended */
    tb_emu_place fault_place;

    tb_emu_shadow shared_shadow;
    tb_emu_map shared_map, stacks, params;
    int threads; /* that there are stacks for */
    bool has_avx2;
    tb_emu_worker *next; /* of those that wait */
};

/** The worker of this host thread while it executes a CTA, else NULL: hooks have no argument that
 *  could say. */
extern _Thread_local __attribute__((tls_model("initial-exec"))) tb_emu_worker *tb_emu_current;

/** A worker for a job, with its parameters: one that waits in the job's memory, or a new one. NULL
 *  when memory is exhausted. */
tb_emu_worker *tb_emu_worker_take(tb_emu_job *job);

/** The job is done: the worker waits for the next, or goes. */
void tb_emu_worker_return(tb_emu_worker *worker);

void tb_emu_worker_destroy(tb_emu_worker *worker);

/** Execute one CTA; false after a fault. emu_cta.c */
bool tb_emu_cta_run(tb_emu_worker *worker, int64_t index);

/** emu_lane.c: enter the first lane of the warp that is ready, from the host thread; back when all
 * wait for the CTA or have ended, or after a fault. */
void tb_emu_warp_run(tb_emu_worker *worker, tb_emu_warp *warp);

/** The running lane cannot go on now: others do. Returns when it can. */
void tb_emu_lane_leave(tb_emu_worker *worker);

/** Do an operation once all lanes of the warp have come to it; returns when it is done. */
void tb_emu_meet(tb_emu_worker *worker, tb_emu_op op, const tb_emu_site *site);

/** The operations themselves, for all lanes. */
void tb_emu_perform(tb_emu_worker *worker, tb_emu_op op, const tb_emu_site *site);
void tb_emu_ldmatrix_do(tb_emu_worker *worker, bool is_transposed, const tb_emu_site *site);
void tb_emu_mma_do(tb_emu_worker *worker, bool is_bf16);

/** Are two sites one place? */
bool tb_emu_same_site(const tb_emu_site *a, const tb_emu_site *b);

/** End the launch with a fault of the running lane, which never goes on. */
_Noreturn void tb_emu_raise(tb_emu_worker *worker, tb_emu_fault_kind kind, tb_emu_place place,
                            const char *format, ...) TB_PRINTF(4, 5);

/** The same, found outside of any lane (in emu_cta.c): returns. */
void tb_emu_note_fault(tb_emu_worker *worker, tb_emu_fault_kind kind, int thread,
                       tb_emu_place place, const char *format, ...) TB_PRINTF(5, 6);

/** Random 64 bits from a state. */
uint64_t tb_emu_random(uint64_t *state);

#endif
