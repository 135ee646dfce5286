#include "schedule_estimate.h"

#include "checked.h"

#include <math.h>

static tb_status add_bin(const tb_schedule_bin *bin, tb_schedule_range *range, tb_error *err)
{
    if (!isfinite(bin->cost) || bin->cost < 0) {
        return tb_fail(err, TB_EINVAL, "a CTA costs %g; costs are finite and at least 0",
                       bin->cost);
    }
    if (bin->ctas < 0) {
        return tb_fail(err, TB_EINVAL, "%lld CTAs of one cost; it must be at least 0",
                       (long long)bin->ctas);
    }
    if (bin->ctas == 0) {
        return TB_OK;
    }
    bool is_first = range->ctas == 0;
    range->cost_min = is_first || bin->cost < range->cost_min ? bin->cost : range->cost_min;
    range->cost_max = is_first || bin->cost > range->cost_max ? bin->cost : range->cost_max;
    range->busy += (double)bin->ctas * bin->cost;
    if (!tb_add_ok(range->ctas, bin->ctas, &range->ctas)) {
        return tb_fail(err, TB_EOVERFLOW, "the CTAs of this launch pass 2^63 - 1; make it smaller");
    }
    return TB_OK;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

static void bound_makespan(int64_t slots, tb_schedule_policy policy, tb_schedule_range *range)
{
    double share = range->busy / (double)slots, waves = (double)range->waves;
    range->is_exact = !(range->cost_min < range->cost_max);
    range->upper = waves * range->cost_max;
    if (range->is_exact) {
        range->lower = range->upper;
        return;
    }
    if (policy != TB_SCHEDULE_PERSISTENT_STATIC) {
        double graham = share + (1 - 1 / (double)slots) * range->cost_max;
        range->upper = smaller(range->upper, graham);
    }
    range->lower = larger(larger(share, range->cost_max), waves * range->cost_min);
    range->lower = smaller(range->lower, range->upper); /* they may meet, but for rounding */
}

tb_status tb_schedule_estimate(const tb_schedule_bin *bins, int64_t count, int64_t slots,
                               tb_schedule_policy policy, tb_schedule_range *out, tb_error *err)
{
    tb_schedule_range range = {0};
    if (slots < 1) {
        return tb_fail(err, TB_EINVAL, "the number of slots is %lld; it must be at least 1",
                       (long long)slots);
    }
    for (int64_t i = 0; i < count; i++) {
        tb_status status = add_bin(&bins[i], &range, err);
        if (status != TB_OK) {
            return status;
        }
    }
    if (range.ctas == 0) {
        return tb_fail(err, TB_EINVAL, "a launch of no CTAs; it must have at least 1");
    }
    if (!isfinite(range.busy)) {
        return tb_fail(err, TB_EOVERFLOW,
                       "the costs of all CTAs add up to no finite number; use a larger unit");
    }
    range.waves = tb_ceil_div(range.ctas, slots);
    bound_makespan(slots, policy, &range);
    *out = range;
    return TB_OK;
}
