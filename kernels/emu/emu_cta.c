/* A CTA from its beginning to its end: its warps in turn, from barrier to barrier. */
#include "emu_worker.h"

#include <string.h>

/* Frames of neighbouring lanes begin so far apart, in bytes: 13 lines, which no cache size
 * divides. */
#define COLOUR (13 * 64)

static void end_thread(tb_emu_worker *worker)
{
    tb_emu_warp *warp = worker->warp;
    uint32_t me = UINT32_C(1) << (worker->thread & 31);
    warp->ready &= ~me;
    warp->done |= me;
    worker->site_of[worker->thread] = NULL;
    for (;;) { /* nobody comes back to it */
        tb_emu_lane_leave(worker);
    }
}

static void begin_thread(void)
{
    tb_emu_worker *worker = tb_emu_current;
    tb_emu_fiber_begun(&worker->home);
    worker->job->launch->entry(worker->params.data);
    end_thread(worker);
}

static void place_cta(tb_emu_worker *worker, int64_t index)
{
    const int *grid = worker->job->launch->grid;
    worker->cta_index = (uint32_t)index;
    worker->cta[0] = (int)(index % grid[0]);
    worker->cta[1] = (int)(index / grid[0] % grid[1]);
    worker->cta[2] = (int)(index / grid[0] / grid[1]);
}

static bool begin_cta(tb_emu_worker *worker, int64_t index)
{
    const tb_emu_launch *launch = worker->job->launch;
    bool is_reversed = launch->schedule == TB_EMU_REVERSE;
    place_cta(worker, index);
    worker->cta_run++;
    worker->clock = worker->barrier = 1;
    worker->steps = 0;
    worker->random = launch->seed ^ ((uint64_t)index + 1) * UINT64_C(0xd6e8feb86659fd93);
    worker->order_step = is_reversed ? 31 : 1;
    worker->order_first = is_reversed ? 31 : 0;
    worker->warps = launch->threads / TB_EMU_LANES;
    tb_emu_shadow_restart(&worker->shared_shadow, launch->shared_bytes);
    for (int i = 0; i < worker->warps; i++) {
        worker->warp_of[i] = (tb_emu_warp){.ready = UINT32_MAX, .stamp = 1};
    }
    for (int i = 0; i < launch->threads; i++) {
        worker->copies[i].count = worker->copies[i].group = 0;
        if (!tb_emu_fiber_prepare(&worker->fiber[i], worker->fiber[i].stack, worker->stack_bytes,
                                  (size_t)(i & 31) * COLOUR, begin_thread)) {
            tb_emu_note_fault(worker, TB_EMU_BAD_LAUNCH, i, (tb_emu_place){0}, "no memory");
            return false;
        }
    }
    return true;
}

/* The order of the warps until the next barrier. */
static void order_warps(tb_emu_worker *worker, int order[TB_EMU_MAX_WARPS])
{
    for (int i = 0; i < worker->warps; i++) {
        bool is_reversed = worker->job->launch->schedule == TB_EMU_REVERSE;
        order[i] = is_reversed ? worker->warps - 1 - i : i;
    }
    for (int i = worker->warps - 1; i > 0 && worker->job->launch->schedule == TB_EMU_RANDOM; i--) {
        int other = (int)(tb_emu_random(&worker->random) % (uint64_t)(i + 1)), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

static bool run_warps(tb_emu_worker *worker)
{
    int order[TB_EMU_MAX_WARPS];
    order_warps(worker, order);
    for (int i = 0; i < worker->warps; i++) {
        tb_emu_warp_run(worker, &worker->warp_of[order[i]]);
        if (worker->fault.kind != TB_EMU_NO_FAULT) {
            return false;
        }
        tb_emu_log_count(&worker->log, &worker->counters);
    }
    return true;
}

/* All warps have stopped: at one barrier, or at their ends? */
typedef enum verdict { AT_BARRIER, AT_END, APART } verdict;

static verdict judge(tb_emu_worker *worker)
{
    int threads = worker->warps * TB_EMU_LANES, waits = -1, other = -1;
    for (int i = 0; i < threads && waits < 0; i++) {
        waits = worker->site_of[i] != NULL ? i : -1; /* of threads that have ended it is NULL */
    }
    if (waits < 0) {
        return AT_END;
    }
    const tb_emu_site *site = worker->site_of[waits];
    for (int i = 0; i < threads && other < 0; i++) {
        other = tb_emu_same_site(worker->site_of[i], site) ? -1 : i;
    }
    if (other < 0) {
        return AT_BARRIER;
    }
    const tb_emu_site *there = worker->site_of[other];
    tb_emu_place place = {.site = site};
    if (there == NULL) {
        tb_emu_note_fault(worker, TB_EMU_DIVERGENCE, waits, place,
                          "waits for its CTA, of which thread %d has ended", other);
    } else {
        tb_emu_note_fault(worker, TB_EMU_DIVERGENCE, waits, place,
                          "waits for its CTA, of which thread %d waits at %s:%d", other,
                          there->file, there->line);
    }
    return APART;
}

static void pass_barrier(tb_emu_worker *worker)
{
    worker->counters.barriers++;
    worker->barrier = ++worker->clock;
    for (int i = 0; i < worker->warps; i++) {
        tb_emu_warp *warp = &worker->warp_of[i];
        warp->ready = warp->barred;
        warp->barred = 0;
        warp->stamp = worker->barrier;
    }
}

bool tb_emu_cta_run(tb_emu_worker *worker, int64_t index)
{
    verdict found = AT_BARRIER;
    bool is_good = begin_cta(worker, index);
    tb_emu_current = worker;
    while (is_good && found == AT_BARRIER) {
        is_good = run_warps(worker);
        found = is_good ? judge(worker) : APART;
        if (found == AT_BARRIER) {
            pass_barrier(worker);
        }
    }
    tb_emu_current = NULL;
    worker->counters.ctas++;
    return is_good && found == AT_END;
}
