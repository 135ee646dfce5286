/* Which lane runs next, where lanes meet, and how one stops for good. */
#include "emu_worker.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Thread_local tb_emu_worker *tb_emu_current;

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
uint64_t tb_emu_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* All lanes begin again from where they are: in the next order. */
static inline void draw_order(tb_emu_worker *worker)
{
    worker->order_left = TB_EMU_LANES;
    if (worker->job->launch->schedule == TB_EMU_RANDOM) {
        uint64_t bits = tb_emu_random(&worker->random);
        worker->order_step = (unsigned)(bits & 31) | 1;
        worker->order_first = (unsigned)(bits >> 8 & 31);
    }
    worker->order_lane = worker->order_first;
}

static inline void set_thread(tb_emu_worker *worker, int thread)
{
    worker->thread = thread;
    worker->stack = (uintptr_t)worker->fiber[thread].stack;
}

/* The next lane of the running warp, in its order, that is ready; -1 for none. */
static inline int next_ready(tb_emu_worker *worker)
{
    uint32_t ready = worker->warp->ready;
    while (worker->order_left > 0) {
        unsigned lane = worker->order_lane;
        worker->order_lane = (lane + worker->order_step) & 31;
        worker->order_left--;
        if (ready >> lane & 1) {
            return (int)lane;
        }
    }
    return -1;
}

static inline uint32_t waiting(const tb_emu_warp *warp)
{
    return ~(warp->ready | warp->barred | warp->full | warp->done);
}

/* The places of a warp's lanes that wait for one another in vain. */
static _Noreturn void raise_divergence(tb_emu_worker *worker)
{
    const tb_emu_warp *warp = worker->warp;
    int first = (int)(warp - worker->warp_of) * TB_EMU_LANES;
    int lane = __builtin_ctz(waiting(warp));
    const tb_emu_site *site = worker->site_of[first + lane];
    worker->thread = first + lane;
    for (int other = 0; other < TB_EMU_LANES; other++) {
        const tb_emu_site *there = worker->site_of[first + other];
        if (warp->done >> other & 1) {
            tb_emu_raise(worker, TB_EMU_DIVERGENCE, (tb_emu_place){.site = site},
                         "waits for its warp, of which thread %d has ended", first + other);
        }
        if (other != lane && !tb_emu_same_site(there, site)) {
            tb_emu_raise(worker, TB_EMU_DIVERGENCE, (tb_emu_place){.site = site},
                         "waits for its warp, of which thread %d waits at %s:%d", first + other,
                         there->file, there->line);
        }
    }
    tb_emu_raise(worker, TB_EMU_DIVERGENCE, (tb_emu_place){.site = site},
                 "waits for its warp, whose lanes do different things in this line");
}

static void switch_to(tb_emu_worker *worker, int thread)
{
    int from = worker->thread;
    if (thread != from) {
        set_thread(worker, thread);
        tb_emu_fiber_switch(&worker->fiber[from], &worker->fiber[thread]);
    }
}

void tb_emu_lane_leave(tb_emu_worker *worker)
{
    tb_emu_warp *warp = worker->warp;
    int base = worker->thread & ~31;
    int lane = next_ready(worker);
    if (lane < 0 && warp->full != 0) {
        tb_emu_log_count(&worker->log, &worker->counters);
        warp->ready = warp->full;
        warp->full = 0;
        worker->order_left = TB_EMU_LANES;
        worker->order_lane = worker->order_first;
        lane = next_ready(worker);
    }
    if (lane >= 0) {
        switch_to(worker, base + lane);
        return;
    }
    if (waiting(warp) != 0) {
        raise_divergence(worker);
    }
    tb_emu_fiber_switch(&worker->fiber[worker->thread], &worker->home);
}

bool tb_emu_same_site(const tb_emu_site *a, const tb_emu_site *b)
{
    return a == b ||
           (a != NULL && b != NULL && a->line == b->line && strcmp(a->file, b->file) == 0);
}

void tb_emu_meet(tb_emu_worker *worker, tb_emu_op op, const tb_emu_site *site)
{
    tb_emu_warp *warp = worker->warp;
    warp->ready &= ~(UINT32_C(1) << (worker->thread & 31));
    worker->site_of[worker->thread] = site;
    if (warp->arrived++ == 0) {
        warp->op = op;
        warp->site = site;
        warp->is_mismatched = false;
    } else if (op != warp->op || (site != warp->site && !tb_emu_same_site(site, warp->site))) {
        warp->is_mismatched = true;
    }
    if (warp->arrived == TB_EMU_LANES && !warp->is_mismatched) {
        tb_emu_perform(worker, op, site);
        if (!worker->log.is_empty) {
            tb_emu_log_count(&worker->log, &worker->counters);
        }
        warp->arrived = 0;
        warp->ready = UINT32_MAX;
        draw_order(worker);
    }
    tb_emu_lane_leave(worker);
}

void tb_emu_warp_run(tb_emu_worker *worker, tb_emu_warp *warp)
{
    worker->warp = warp;
    draw_order(worker);
    int lane = next_ready(worker);
    if (lane >= 0) {
        set_thread(worker, (int)(warp - worker->warp_of) * TB_EMU_LANES + lane);
        tb_emu_fiber_switch(&worker->home, &worker->fiber[worker->thread]);
    }
}

static void note(tb_emu_worker *worker, tb_emu_fault_kind kind, int thread, tb_emu_place place,
                 const char *format, va_list arguments) TB_PRINTF(5, 0);

static void note(tb_emu_worker *worker, tb_emu_fault_kind kind, int thread, tb_emu_place place,
                 const char *format, va_list arguments)
{
    tb_emu_fault *fault = &worker->fault;
    fault->kind = kind;
    fault->thread = thread;
    memcpy(fault->cta, worker->cta, sizeof fault->cta);
    worker->fault_place = place;
    (void)vsnprintf(fault->message, sizeof fault->message, format, arguments);
}

void tb_emu_note_fault(tb_emu_worker *worker, tb_emu_fault_kind kind, int thread,
                       tb_emu_place place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note(worker, kind, thread, place, format, arguments);
    va_end(arguments);
}

void tb_emu_raise(tb_emu_worker *worker, tb_emu_fault_kind kind, tb_emu_place place,
                  const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note(worker, kind, worker->thread, place, format, arguments);
    va_end(arguments);
    /* raise_divergence() names another lane than the one that runs; nobody returns to either. */
    for (;;) {
        tb_emu_fiber_switch(&worker->fiber[worker->thread], &worker->home);
    }
}
