/* Which slot runs which CTA, and when: waves, makespan and tail of one launch.
 *
 * Slot s is on SM s mod SMs, so that SMs fill in turn. Costs are in the caller's unit (us or
 * cycles), and so are all times. Grids too large to walk: schedule_estimate.h. */
#ifndef TB_SCHEDULE_H
#define TB_SCHEDULE_H

#include "status.h"

#include <stdint.h>

typedef enum tb_schedule_policy {
    TB_SCHEDULE_HARDWARE,           /* in launch order, each to the slot that is free first */
    TB_SCHEDULE_PERSISTENT_STATIC,  /* slot i takes CTAs i, i + G, i + 2G ... */
    TB_SCHEDULE_PERSISTENT_DYNAMIC, /* slots take the next CTA from an atomic counter */
    TB_SCHEDULE_LONGEST_FIRST /* as hardware, by decreasing cost, equal ones in launch order */
} tb_schedule_policy;

#define TB_SCHEDULE_POLICY_COUNT 4

extern const char *const tb_schedule_policy_names[TB_SCHEDULE_POLICY_COUNT];

/** One launch. CTA i costs cost[i mod q_tiles]: query tiles innermost dimension first, then
 *  dilation groups, are one copy; batch entries, then heads, repeat it. */
typedef struct tb_schedule_problem {
    const double *cost; /* of each CTA of one copy, finite and >= 0; borrowed */
    int64_t q_tiles;    /* >= 1 */
    int64_t copies;     /* >= 1 */
    int64_t sms;        /* >= 1 */
    int64_t occupancy;  /* CTAs that an SM holds at once, >= 1 */
    tb_schedule_policy policy;
} tb_schedule_problem;

typedef struct tb_schedule {
    int64_t ctas;
    int64_t slots;      /* SMs x occupancy */
    int64_t waves;      /* ceil(ctas / slots) */
    double makespan;    /* end of the last CTA */
    double busy;        /* sum of all costs */
    double utilisation; /* busy / (slots x makespan), at most 1; 1 where all costs are 0 */
    double tail;        /* makespan - when the first slot runs out of work for good */
    double load_min;    /* of an SM: sum of its slots' busy time */
    double load_mean;   /* busy / SMs */
    double load_max;
    double imbalance; /* load_max / load_mean; 1 where all costs are 0 */
} tb_schedule;

/** Takes one CTA of a timeline. */
typedef void tb_schedule_cta_fn(int64_t cta, int64_t slot, double start, double end, void *user);

/**
 * Schedule the CTAs of one launch.
 *
 *   hardware, persistent-dynamic, longest-first: CTA next in order -> slot with the least end time
 *       (ties: the lowest slot); end += cost
 *   persistent-static: end of slot i = sum of the costs of CTAs i, i + G, ...; G = min(slots, CTAs)
 *   all costs equal, any policy: makespan = waves x cost, with one rounding
 *
 * Persistent-dynamic has the timeline of hardware here: what a resident CTA saves (launch and part
 * of the prologue) is in the caller's costs. Ties are of the computed sums. Time O(CTAs log slots);
 * persistent-static O(lcm(q_tiles, slots)) at most, whatever the copies; all costs equal
 * O(q_tiles); a timeline adds O(CTAs). Memory O(q_tiles + min(slots, CTAs)).
 *
 * Source: list scheduling, Graham, Bounds on Multiprocessing Timing Anomalies, SIAM J. Appl. Math.
 * 17 (1969) 416. That the SM with the most room takes a CTA, as slots s mod SMs have it: measured
 * by Gilman et al., Demystifying the Placement Policies of the NVIDIA GPU Thread Block Scheduler,
 * SIGMETRICS Perform. Eval. Rev. (2020). That CTAs start in the order of their index is assumed:
 * NVIDIA documents neither.
 * Not modelled: which of several idle SMs is chosen; CTAs of an SM that slow each other down (the
 * caller's costs are those at this occupancy, in the tail too); launch rate; clusters; SMs shared
 * with another kernel.
 *
 * @param[in]  problem  costs in launch order; borrowed
 * @param[in]  fn       may be NULL; called once for each CTA, in the order in which the policy
 *                      takes them: starts never decrease, but for persistent-static, which calls
 *                      in launch order
 * @param[in]  user     handed to fn
 * @param[out] out      written only on TB_OK
 * @return TB_OK; TB_EINVAL for a size < 1 or a cost that is negative, infinite or NaN; TB_EOVERFLOW
 *         when CTAs or slots pass 2^63 - 1 or busy is no finite number; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_schedule_run(const tb_schedule_problem *problem, tb_schedule_cta_fn *fn,
                                       void *user, tb_schedule *out, tb_error *err);

#endif
