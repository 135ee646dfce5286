#include "kv_division.h"

#include "checked.h"
#include "schedule_estimate.h"

#include <math.h>
#include <stdlib.h>

#define FLASH_FULL_ENOUGH 0.8  /* of the slots: not split */
#define FLASH_GOOD_ENOUGH 0.85 /* of the best efficiency */
#define FLASH_MOST_SPLITS 128
#define WALK_MOST         1048576 /* CTAs; of more the makespan's upper bound is taken */

const char *const tb_kv_division_names[TB_KV_DIVISION_COUNT] = {
    [TB_KV_NONE] = "none",
    [TB_KV_FIXED] = "fixed",
    [TB_KV_SPLIT_KV] = "split-kv",
    [TB_KV_STREAM_K] = "stream-k",
};

int64_t tb_flash_decoding_kv_tile(int64_t dim)
{
    return dim <= 64 ? 256 : dim <= 128 ? 128 : 64;
}

static double efficiency(int64_t items, int64_t splits, int64_t slots)
{
    double waves = (double)items * (double)splits / (double)slots;
    return waves / ceil(waves);
}

static bool is_eligible(int64_t splits, int64_t tiles)
{
    return splits == 1 || tb_ceil_div(tiles, splits) != tb_ceil_div(tiles, splits - 1);
}

int64_t tb_flash_decoding_splits(int64_t items, int64_t slots, int64_t tiles)
{
    int64_t most = tb_min(FLASH_MOST_SPLITS, tb_min(slots, tiles));
    double best = 0;
    if ((double)items >= FLASH_FULL_ENOUGH * (double)slots) {
        return 1;
    }
    for (int64_t s = 1; s <= most; s++) {
        if (is_eligible(s, tiles)) {
            best = fmax(best, efficiency(items, s, slots));
        }
    }
    for (int64_t s = 1; s <= most; s++) {
        if (is_eligible(s, tiles) && efficiency(items, s, slots) >= FLASH_GOOD_ENOUGH * best) {
            return s;
        }
    }
    return 1;
}

static tb_status check_division(const tb_kv_division_problem *problem, tb_error *err)
{
    const struct {
        const char *what;
        int64_t value;
    } sizes[] = {{"the number of items", problem->items},
                 {"the number of KV tiles of an item", problem->tiles},
                 {"the number of SMs", problem->sms},
                 {"the number of CTAs an SM", problem->occupancy},
                 {"the number of splits", problem->kind == TB_KV_FIXED ? problem->splits : 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i].value < 1) {
            return tb_fail(err, TB_EINVAL, "%s is %lld; it must be at least 1", sizes[i].what,
                           (long long)sizes[i].value);
        }
    }
    if (!isfinite(problem->part_tiles) || problem->part_tiles < 0) {
        return tb_fail(err, TB_EINVAL, "a part costs %g tiles; costs are finite and at least 0",
                       problem->part_tiles);
    }
    int64_t slots = 0, tiles = 0;
    if (!tb_mul_ok(problem->sms, problem->occupancy, &slots) ||
        !tb_mul_ok(problem->items, problem->tiles, &tiles)) {
        return tb_fail(err, TB_EOVERFLOW, "%lld items of %lld tiles on %lld SMs are too many",
                       (long long)problem->items, (long long)problem->tiles,
                       (long long)problem->sms);
    }
    return TB_OK;
}

/* CTAs of one item's parts, over all items. */
static tb_status schedule_parts(const tb_kv_division_problem *problem, const double *cost,
                                int64_t parts, int64_t copies, tb_kv_division *out, tb_error *err)
{
    tb_schedule_problem launch = {.cost = cost,
                                  .q_tiles = parts,
                                  .copies = copies,
                                  .sms = problem->sms,
                                  .occupancy = problem->occupancy,
                                  .policy = TB_SCHEDULE_HARDWARE};
    tb_schedule schedule;
    tb_status status = tb_schedule_run(&launch, NULL, NULL, &schedule, err);
    if (status == TB_OK) {
        out->makespan = schedule.makespan;
        out->utilisation = schedule.utilisation;
    }
    return status;
}

/* Too many CTAs to walk: what list scheduling takes at most. */
static tb_status estimate_parts(const tb_kv_division_problem *problem, const double *cost,
                                int64_t parts, int64_t copies, tb_kv_division *out, tb_error *err)
{
    tb_schedule_bin bins[2] = {{cost[0], 0}, {0, 0}};
    for (int64_t s = 0; s < parts; s++) { /* parts differ by a tile, or in the last one */
        bool first = cost[s] >= bins[0].cost && cost[s] <= bins[0].cost;
        bins[first ? 0 : 1].ctas += copies;
        bins[1].cost = first ? bins[1].cost : cost[s];
    }
    tb_schedule_range range;
    tb_status status =
        tb_schedule_estimate(bins, bins[1].ctas > 0 ? 2 : 1, problem->sms * problem->occupancy,
                             TB_SCHEDULE_HARDWARE, &range, err);
    if (status == TB_OK) {
        double slots = (double)problem->sms * (double)problem->occupancy;
        out->makespan = range.upper;
        out->utilisation = range.busy / (slots * range.upper);
    }
    return status;
}

/* Tiles of part s of an item. */
static int64_t part_of(const tb_kv_division_problem *problem, int64_t splits, int64_t s)
{
    int64_t tiles = problem->tiles;
    if (problem->kind == TB_KV_FIXED) { /* tiles s / splits, without their product */
        int64_t share = tiles / splits, more = tiles % splits;
        return share + (more * (s + 1) / splits - more * s / splits);
    }
    int64_t share = tb_ceil_div(tiles, splits);
    return tb_max(tb_min(share, tiles - s * share), 0);
}

static tb_status divide_items(const tb_kv_division_problem *problem, int64_t splits,
                              tb_kv_division *out, tb_error *err)
{
    if (!tb_mul_ok(problem->items, splits, &out->ctas)) {
        return tb_fail(err, TB_EOVERFLOW, "%lld items in %lld splits are too many CTAs",
                       (long long)problem->items, (long long)splits);
    }
    double *cost = calloc((size_t)splits, sizeof *cost);
    if (cost == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld splits", (long long)splits);
    }
    for (int64_t s = 0; s < splits; s++) {
        cost[s] = (double)part_of(problem, splits, s) + problem->part_tiles;
    }
    out->splits = splits;
    out->parts = out->ctas;
    out->merged = splits > 1 ? out->ctas : 0;
    tb_status status = splits > 1 && out->ctas > WALK_MOST
                           ? estimate_parts(problem, cost, splits, problem->items, out, err)
                           : schedule_parts(problem, cost, splits, problem->items, out, err);
    free(cost);
    return status;
}

/* The CTA that has tile t of all of them. */
static int64_t cta_of(int64_t t, int64_t share, int64_t more)
{
    int64_t before = more * (share + 1);
    return t < before ? t / (share + 1) : more + (t - before) / share;
}

static tb_status divide_stream(const tb_kv_division_problem *problem, tb_kv_division *out,
                               tb_error *err)
{
    int64_t tiles = problem->items * problem->tiles;
    int64_t ctas = tb_min(problem->sms * problem->occupancy, tiles);
    int64_t share = tiles / ctas, more = tiles % ctas;
    double *cost = calloc((size_t)ctas, sizeof *cost);
    if (cost == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld CTAs", (long long)ctas);
    }
    for (int64_t c = 0; c < ctas; c++) {
        cost[c] = (double)(share + (c < more));
    }
    out->ctas = ctas;
    for (int64_t i = 0; i < problem->items; i++) {
        int64_t first = cta_of(i * problem->tiles, share, more);
        int64_t parts = cta_of((i + 1) * problem->tiles - 1, share, more) - first + 1;
        for (int64_t c = first; problem->part_tiles > 0 && c < first + parts; c++) {
            cost[c] += problem->part_tiles;
        }
        out->parts += parts;
        out->merged += parts > 1 ? parts : 0;
        out->splits = tb_max(out->splits, parts);
    }
    tb_status status = schedule_parts(problem, cost, ctas, 1, out, err);
    free(cost);
    return status;
}

tb_status tb_kv_divide(const tb_kv_division_problem *problem, tb_kv_division *out, tb_error *err)
{
    tb_status status = check_division(problem, err);
    if (status != TB_OK) {
        return status;
    }
    int64_t slots = problem->sms * problem->occupancy;
    tb_kv_division made = {0};
    switch (problem->kind) {
    case TB_KV_NONE:
        status = divide_items(problem, 1, &made, err);
        break;
    case TB_KV_FIXED:
        status = divide_items(problem, tb_min(problem->splits, problem->tiles), &made, err);
        break;
    case TB_KV_SPLIT_KV:
        status = divide_items(
            problem, tb_flash_decoding_splits(problem->items, slots, problem->tiles), &made, err);
        break;
    case TB_KV_STREAM_K:
        status = divide_stream(problem, &made, err);
        break;
    }
    if (status == TB_OK) {
        made.ideal = (double)problem->items * (double)problem->tiles / (double)slots;
        made.quantisation = made.makespan / made.ideal;
        *out = made;
    }
    return status;
}
