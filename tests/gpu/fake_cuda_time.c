/* The GPU's clock. It runs on CLOCK_MONOTONIC, but what is queued behind one another follows at
 * once, whatever the emulator takes for it: nothing that was measured of it tells how fast the host
 * is. */
#include "fake_cuda.h"

#include <math.h>
#include <time.h>

#define SUBMIT_NS 1500.0 /* from the call to the beginning, on an idle GPU */
#define GAP_NS    800.0  /* between two that are queued */

static uint64_t now_ns(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

uint64_t tb_fake_work(tb_fake_gpu *gpu, double ns)
{
    uint64_t begin = gpu->busy_until_ns + (uint64_t)GAP_NS;
    if (gpu->is_idle) {
        uint64_t now = now_ns() + (uint64_t)SUBMIT_NS;
        begin = now > begin ? now : begin;
    }
    gpu->is_idle = false;
    gpu->busy_until_ns = begin + (uint64_t)llround(ns);
    return begin;
}

tb_cu_result tb_fake_wait(tb_fake_gpu *gpu)
{
    uint64_t now = now_ns();
    if (gpu->busy_until_ns > now) {
        uint64_t left = gpu->busy_until_ns - now;
        struct timespec time = {.tv_sec = (time_t)(left / 1000000000U),
                                .tv_nsec = (long)(left % 1000000000U)};
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
    }
    gpu->seen_until_ns = gpu->busy_until_ns;
    gpu->is_idle = true;
    return gpu->error;
}

/* Throw the allocations that were used longest ago out of L2. */
static void shrink_l2(tb_fake_gpu *gpu)
{
    for (;;) {
        double sum = 0;
        tb_fake_allocation *oldest = NULL;
        for (tb_fake_object *at = gpu->objects; at != NULL; at = at->next) {
            tb_fake_allocation *allocation = (tb_fake_allocation *)at;
            if (at->kind == TB_FAKE_ALLOCATION && allocation->in_l2 > 0) {
                sum += allocation->in_l2;
                oldest =
                    oldest == NULL || allocation->last_use < oldest->last_use ? allocation : oldest;
            }
        }
        if (oldest == NULL || sum <= tb_fake.rates.l2_bytes) {
            return;
        }
        oldest->in_l2 = fmax(0, oldest->in_l2 - (sum - tb_fake.rates.l2_bytes));
    }
}

double tb_fake_from_hbm(tb_fake_gpu *gpu, double bytes, tb_fake_touched_fn *touched,
                        const void *user)
{
    double l2 = tb_fake.rates.l2_bytes, unique = 0, cold = 0;
    gpu->uses++;
    for (tb_fake_object *at = gpu->objects; at != NULL; at = at->next) {
        tb_fake_allocation *allocation = (tb_fake_allocation *)at;
        double part = at->kind == TB_FAKE_ALLOCATION ? touched(gpu, allocation, user) : 0;
        if (part > 0) {
            unique += part;
            cold += fmax(0, part - allocation->in_l2);
            allocation->in_l2 = fmax(allocation->in_l2, part);
            allocation->last_use = gpu->uses;
        }
    }
    shrink_l2(gpu);
    /* What is asked for again is found in L2 where all of it fits, and no more where it is twice as
     * much. */
    double again = fmax(0, bytes - unique), missed = fmin(fmax((unique - l2) / l2, 0), 1);
    return (missed > 0 ? unique : cold) + again * missed;
}
