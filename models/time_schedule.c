/* The attention launch: what its CTAs cost, and when the last of them ends. */
#include "checked.h"
#include "schedule_estimate.h"
#include "schedule_split.h"
#include "time_parts.h"

#include <math.h>
#include <stdlib.h>

/* Launches below and above these times run at the boost and at the sustained clock: cuDNN on an
 * H100 does 698 TFLOP/s in 0.8 ms and 542 in 97 ms (NATTEN docs/profiler.md); on a GB200 1771 in
 * 2.5 ms, 1697 in 10 ms, 1634 in 43 ms (NVIDIA/cudnn-frontend @3929da2, benchmark tables). */
#define BOOST_UNTIL_US    1e3
#define SUSTAINED_FROM_US 50e3
/* CTAs that are scheduled one by one: a second or so. */
#define MAX_WALKED_CTAS INT64_C(20000000)
#define MAX_SPLITS      128 /* as many as FlashAttention's decoding kernels take */

double tb_time_clock_mhz(double boost_mhz, double sustained_fraction, double time_us)
{
    double position = log(time_us / BOOST_UNTIL_US) / log(SUSTAINED_FROM_US / BOOST_UNTIL_US);
    double weight = fmin(fmax(position, 0), 1);
    return boost_mhz * (1 - weight * (1 - sustained_fraction));
}

tb_status tb_time_copies(const tb_time_case *item, int64_t *out, tb_error *err)
{
    int64_t heads = item->problem->heads /
                    tb_kernel_packed_heads(item->kernel, item->problem, item->tiling->kind);
    if (!tb_mul_ok(item->problem->batch, heads, out)) {
        return tb_fail(err, TB_EOVERFLOW, "more heads and batch entries than 2^63 - 1");
    }
    return TB_OK;
}

int64_t tb_time_extra_tiles(const tb_time_case *item)
{
    bool is_apart = item->kernel->extra_kv == TB_EXTRA_KV_SECOND_LAUNCH &&
                    item->problem->pass == TB_PASS_FORWARD;
    int64_t kv = tb_tiling_kv_tokens(item->tiling, &item->problem->layout);
    return is_apart ? tb_ceil_div(item->problem->extra_kv, kv) : 0;
}

/* NATTEN's rule of masking is all or nothing for most launches; where only some dilation groups are
 * masked, their part is spread evenly. */
tb_cta_tiles tb_time_cta_tiles(const tb_time_case *item, const tb_q_tile_count *count)
{
    int64_t kv = tb_tiling_kv_tokens(item->tiling, &item->problem->layout);
    int64_t extra = tb_time_extra_tiles(item);
    int64_t extra_full = extra > 0 ? item->problem->extra_kv / kv : 0;
    double visited = (double)(count->visited - extra);
    if (item->masks == NULL || item->kernel->mask == TB_MASK_PARTIAL_ONLY) {
        return (tb_cta_tiles){visited, visited - (double)(count->full - extra_full)};
    }
    double all = (double)item->census->visited -
                 (double)extra * (double)item->census->q_tiles; /* of the launch */
    /* the launch of the extra tokens is not masked, whatever the policy counts */
    double part = all > 0 ? fmin((double)item->masks->masked / all, 1) : 0;
    return (tb_cta_tiles){visited, visited * part};
}

/* A launch of too many CTAs to walk: the middle of the range that the makespan lies in, which is
 * narrow there (at most one CTA's cost wide). */
static tb_status estimate_schedule(const tb_schedule_problem *problem, tb_schedule *out,
                                   tb_error *err)
{
    int64_t slots;
    tb_schedule_range range;
    tb_schedule_bin *bins = calloc((size_t)problem->q_tiles, sizeof *bins);
    if (bins == NULL || !tb_mul_ok(problem->sms, problem->occupancy, &slots)) {
        free(bins);
        return tb_fail(err, TB_ENOMEM, "no memory for %lld query tiles",
                       (long long)problem->q_tiles);
    }
    for (int64_t q = 0; q < problem->q_tiles; q++) {
        bins[q] = (tb_schedule_bin){.cost = problem->cost[q], .ctas = problem->copies};
    }
    tb_status status =
        tb_schedule_estimate(bins, problem->q_tiles, slots, problem->policy, &range, err);
    free(bins);
    if (status != TB_OK) {
        return status;
    }
    double makespan = (range.lower + range.upper) / 2, load = range.busy / (double)problem->sms;
    *out = (tb_schedule){.ctas = range.ctas,
                         .slots = slots,
                         .waves = range.waves,
                         .makespan = makespan,
                         .busy = range.busy,
                         .utilisation = range.busy / ((double)slots * makespan),
                         .tail = range.upper - range.lower,
                         .load_min = load,
                         .load_mean = load,
                         .load_max = load,
                         .imbalance = 1};
    return TB_OK;
}

/* How many CTAs share a query tile's KV tiles: 1 where the grid fills the slots, the kernel does
 * not split, or the launch that merges the parts costs more than they save. Of the mean query tile.
 */
static tb_status choose_splits(const tb_time_case *item, const tb_time *time, double prologue,
                               int64_t ctas, int64_t slots, int64_t *out, tb_error *err)
{
    double visited = (double)item->census->visited / (double)item->census->q_tiles -
                     (double)tb_time_extra_tiles(item);
    double cycles = time->tile.plain * (double)time->occupancy, boost = 0;
    bool may_split = item->kernel->time.splits_kv && item->problem->pass == TB_PASS_FORWARD &&
                     ctas < slots && visited > 0;
    tb_split split;
    *out = 1;
    if (!may_split) {
        return TB_OK;
    }
    tb_split_problem problem = {.ctas = ctas,
                                .slots = slots,
                                .tiles_per_cta = (int64_t)ceil(visited),
                                .max_splits = MAX_SPLITS,
                                .cta_tiles = prologue / cycles,
                                .merge_tiles = 0};
    tb_status status = tb_schedule_split(&problem, &split, err);
    if (status == TB_OK) {
        status = tb_device_need(item->device, TB_DEVICE_CLOCK_BOOST_MHZ, &boost, err);
    }
    if (status != TB_OK) {
        return status;
    }
    double saved = ceil(visited) + problem.cta_tiles - split.time_tiles; /* of the only wave */
    if (saved * cycles / boost > tb_time_merge_us(item, split.splits)) {
        *out = split.splits;
    }
    return TB_OK;
}

/* Costs of the CTAs of one head and batch entry, in cycles; each is shared by `splits`. CTAs on one
 * SM take turns, so each takes as many times longer as there are. */
static void fill_costs(const tb_time_case *item, double prologue, double copies, tb_time *time,
                       double *cost)
{
    double occupancy = (double)time->occupancy, splits = (double)time->splits;
    for (int64_t i = 0; i < item->cta_count; i++) {
        tb_cta_tiles tiles = tb_time_cta_tiles(item, &item->ctas[i]);
        double each = ceil(tiles.visited / splits);
        double masked = tiles.visited > 0 ? tiles.masked * each / tiles.visited : 0;
        double cycles =
            occupancy * ((each - masked) * time->tile.plain + masked * time->tile.masked);
        for (int64_t s = 0; s < time->splits; s++) {
            cost[i * time->splits + s] = cycles + prologue;
        }
        double all = splits * copies * occupancy * each;
        time->tile_cycles += splits * copies * cycles;
        time->plain_cycles += all * time->tile.plain;
        time->tensor_cycles += all * time->tile.tensor;
    }
}

void tb_time_cta_costs(const tb_time_case *item, const tb_time *time, double *cost)
{
    tb_time sums = *time;
    fill_costs(item, time->prologue_cycles, 1, &sums, cost);
}

static tb_status run(const tb_time_case *item, double prologue, int64_t sms, int64_t copies,
                     tb_time *time, tb_error *err)
{
    int64_t ctas = item->cta_count * time->splits;
    double *cost = calloc((size_t)ctas, sizeof *cost);
    if (cost == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld CTAs", (long long)ctas);
    }
    fill_costs(item, prologue, (double)copies, time, cost);
    tb_schedule_problem problem = {.cost = cost,
                                   .q_tiles = ctas,
                                   .copies = copies,
                                   .sms = sms,
                                   .occupancy = time->occupancy,
                                   .policy = item->kernel->time.schedule};
    tb_status status = copies <= MAX_WALKED_CTAS / ctas
                           ? tb_schedule_run(&problem, NULL, NULL, &time->schedule, err)
                           : estimate_schedule(&problem, &time->schedule, err);
    free(cost);
    return status;
}

tb_status tb_time_schedule(const tb_time_case *item, double prologue, tb_time *time, tb_error *err)
{
    int64_t copies = 0, ctas = INT64_MAX;
    double sms = 0;
    tb_status status = tb_device_need(item->device, TB_DEVICE_SM_COUNT, &sms, err);
    if (status == TB_OK) {
        status = tb_time_copies(item, &copies, err);
    }
    if (status != TB_OK) {
        return status;
    }
    (void)tb_mul_ok(item->cta_count, copies, &ctas); /* too many are surely enough */
    /* fewer CTAs than slots do not share SMs */
    time->occupancy = tb_max(1, tb_min(time->occupancy, tb_ceil_div(ctas, (int64_t)sms)));
    int64_t slots = (int64_t)sms * time->occupancy;
    time->prologue_cycles = prologue;
    status = choose_splits(item, time, prologue, ctas, slots, &time->splits, err);
    return status == TB_OK ? run(item, prologue, (int64_t)sms, copies, time, err) : status;
}
