/* Persistent-static: who runs what repeats after lcm(query tiles, slots) CTAs, one period. */
#include "schedule_parts.h"

#include "checked.h"

#include <stdlib.h>
#include <string.h>

/* sum[slot] = costs of those of the first `ctas` CTAs that the slot takes. */
static void sum_slots(const tb_schedule_launch *launch, int64_t ctas, double *sum)
{
    memset(sum, 0, (size_t)launch->used * sizeof *sum);
    for (int64_t cta = 0, q = 0, slot = 0; cta < ctas; cta++) {
        sum[slot] += launch->problem->cost[q];
        slot = slot + 1 == launch->used ? 0 : slot + 1;
        q = q + 1 == launch->problem->q_tiles ? 0 : q + 1;
    }
}

/* The launch as whole periods and a rest shorter than one. */
typedef struct periods {
    int64_t whole;
    int64_t rounds; /* CTAs of a slot in a period */
    int64_t rest;
} periods;

static periods divide(const tb_schedule_launch *launch)
{
    int64_t period;
    if (!tb_lcm_ok(launch->problem->q_tiles, launch->used, &period) || period > launch->ctas) {
        return (periods){.rest = launch->ctas};
    }
    return (periods){.whole = launch->ctas / period,
                     .rounds = period / launch->used,
                     .rest = launch->ctas % period};
}

/* Times are those of the sums, to the bit: at a whole period they are `period` times its sum. */
static void tell_timeline(const tb_schedule_launch *launch, periods parts, const double *period_sum,
                          double *sum)
{
    int64_t period = 0, round = 0, slot = 0, q = 0;
    memset(sum, 0, (size_t)launch->used * sizeof *sum);
    for (int64_t cta = 0; cta < launch->ctas; cta++) {
        double before = (double)period * period_sum[slot], start = before + sum[slot];
        sum[slot] += launch->problem->cost[q];
        double end = before + sum[slot];
        if (period < parts.whole && round + 1 == parts.rounds) {
            end = (double)(period + 1) * period_sum[slot];
            sum[slot] = 0;
        }
        tb_schedule_tell(launch, cta, slot, start, end);
        q = q + 1 == launch->problem->q_tiles ? 0 : q + 1;
        if (++slot == launch->used) {
            slot = 0;
            round++;
        }
        if (period < parts.whole && round == parts.rounds) {
            round = 0;
            period++;
        }
    }
}

tb_status tb_schedule_static(const tb_schedule_launch *launch, double *finish, tb_error *err)
{
    periods parts = divide(launch);
    double *period_sum = calloc((size_t)launch->used, sizeof *period_sum);
    if (period_sum == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld slots", (long long)launch->used);
    }
    if (parts.whole > 0) {
        sum_slots(launch, parts.rounds * launch->used, period_sum);
    }
    if (launch->fn != NULL) {
        tell_timeline(launch, parts, period_sum, finish);
    }
    sum_slots(launch, parts.rest, finish);
    for (int64_t slot = 0; slot < launch->used; slot++) {
        finish[slot] += (double)parts.whole * period_sum[slot];
    }
    free(period_sum);
    return TB_OK;
}
