/* Bounds of a makespan from a histogram of costs, where there are too many CTAs to walk. */
#ifndef TB_SCHEDULE_ESTIMATE_H
#define TB_SCHEDULE_ESTIMATE_H

#include "schedule.h"

#include <stdbool.h>

/** CTAs of one cost. */
typedef struct tb_schedule_bin {
    double cost;  /* finite, >= 0 */
    int64_t ctas; /* >= 0 */
} tb_schedule_bin;

typedef struct tb_schedule_range {
    int64_t ctas;
    int64_t waves; /* ceil(ctas / slots) */
    double busy;   /* sum of all costs */
    double cost_min, cost_max;
    double lower; /* of the makespan; lower <= upper */
    double upper;
    bool is_exact; /* all costs equal: lower = upper = waves x cost */
} tb_schedule_range;

/**
 * Bound the makespan that tb_schedule_run() would find, for any order of the CTAs.
 *
 *   lower = max(busy / slots, cost_max, waves x cost_min)
 *   upper = waves x cost_max                                                persistent-static
 *         = min(waves x cost_max, busy / slots + (1 - 1/slots) cost_max)    the others
 *
 * Some slot takes at least `waves` CTAs, hence the last term of lower; persistent-static gives no
 * slot more, and in list scheduling of independent CTAs dearer ones never end the launch earlier,
 * hence waves x cost_max. Up to rounding, except where it is exact.
 *
 * Source: the last term is Graham's: the CTA that ends last starts when all slots are busy, so by
 * (busy - its cost) / slots; Graham, Bounds on Multiprocessing Timing Anomalies, SIAM J. Appl.
 * Math. 17 (1969) 416; Bounds for Certain Multiprocessing Anomalies, Bell Syst. Tech. J. 45 (1966)
 * 1563.
 * Not modelled: the order, which decides where in the range the makespan is; for longest-first the
 * upper bound is loose.
 *
 * @param[in]  bins   in any order, costs may repeat; borrowed
 * @param[in]  count  of bins
 * @param[in]  slots  SMs x occupancy, >= 1
 * @param[out] out    written only on TB_OK
 * @return TB_OK; TB_EINVAL for a cost or count out of range, no CTA at all, or slots < 1;
 *         TB_EOVERFLOW when CTAs pass 2^63 - 1 or busy is no finite number
 */
TB_NODISCARD tb_status tb_schedule_estimate(const tb_schedule_bin *bins, int64_t count,
                                            int64_t slots, tb_schedule_policy policy,
                                            tb_schedule_range *out, tb_error *err);

#endif
