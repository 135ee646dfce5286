/* Times of a search: a lower bound that needs no schedule, and the exact ones, remembered. */
#include "search_parts.h"

#include "checked.h"
#include "processor_terms.h"
#include "time_parts.h"
#include "timed_prediction.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TIMED 20000 /* schedules; some seconds */

/* What a configuration's time depends on: its shape and, a dimension, its sequence of tiles. */
typedef struct known_time {
    bool is_taken;
    size_t shape;
    int64_t tiles[TB_MAX_RANK];
    double time_us;
} known_time;

struct tb_search_clock {
    const tb_search_space *space;
    const tb_search_shape *shapes;
    tb_time_values values;
    tb_search_pace pace;
    bool has_pace;
    known_time *known; /* open addressing; a power of two */
    size_t known_room, known_count;
    int64_t runs;
};

tb_status tb_search_clock_create(const tb_search_space *space, const tb_search_shape *shapes,
                                 tb_search_clock **out, tb_error *err)
{
    if (!space->kernel->time.given || space->kernel->time.kind != TB_CLASS_FUSED) {
        return tb_fail(err, TB_EINVAL,
                       "kernel %s has no time model of a fused kernel, which a search by time "
                       "needs; give another --kernel, or leave --device out to search by bounds",
                       space->kernel->name);
    }
    tb_search_clock *clock = calloc(1, sizeof *clock);
    if (clock != NULL) {
        clock->known_room = 1024;
        clock->known = calloc(clock->known_room, sizeof *clock->known);
    }
    if (clock == NULL || clock->known == NULL) {
        free(clock);
        return tb_fail(err, TB_ENOMEM, "no memory for the times of a search");
    }
    clock->space = space;
    clock->shapes = shapes;
    clock->values = tb_time_values_of(space->kernel, space->device);
    *out = clock;
    return TB_OK;
}

void tb_search_clock_destroy(tb_search_clock *clock)
{
    if (clock != NULL) {
        free(clock->known);
        free(clock);
    }
}

int64_t tb_search_clock_runs(const tb_search_clock *clock)
{
    return clock->runs;
}

/* Launches beside attention, at their least: the boost clock, no split, one wave. */
static tb_status fixed_time(const tb_search_clock *clock, const tb_time_case *item,
                            tb_search_pace *pace, tb_error *err)
{
    tb_time time = {.tile = {.plain = pace->plain},
                    .splits = 1,
                    .occupancy = 1,
                    .clock_mhz = pace->boost_mhz,
                    .schedule = {.ctas = 1, .slots = (int64_t)pace->sms}};
    tb_time_case one = *item; /* a census of one query tile: its waves are one */
    one.cta_count = 1;
    tb_status status = tb_time_need(item, &clock->values, TB_TIME_LAUNCH_US, &time.launch_us, err);
    if (status == TB_OK) {
        status = tb_time_side_launches(&one, &clock->values, pace->prologue, &time, err);
    }
    pace->fixed_us = time.launch_us;
    for (int side = 0; side < TB_SIDE_COUNT; side++) {
        pace->fixed_us += time.side_us[side];
    }
    return status;
}

static tb_status fill_device(const tb_search_clock *clock, const tb_time_case *item,
                             tb_search_pace *pace, tb_error *err)
{
    double bandwidth = 0;
    int64_t occupancy = 0;
    const tb_device *device = item->device;
    tb_status status = tb_device_need(device, TB_DEVICE_SM_COUNT, &pace->sms, err);
    if (status == TB_OK) {
        status = tb_device_need(device, TB_DEVICE_CLOCK_BOOST_MHZ, &pace->boost_mhz, err);
    }
    if (status == TB_OK) {
        status = tb_device_need(device, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, &bandwidth, err);
    }
    if (status == TB_OK) {
        status = tb_time_need(item, &clock->values, TB_TIME_SUSTAINED_CLOCK_FRACTION,
                              &pace->sustained, err);
    }
    if (status == TB_OK) {
        status =
            tb_time_occupancy(item->kernel, item->problem, item->tiling, device, &occupancy, err);
    }
    if (status == TB_OK) {
        /* a wave of one tile on no end of slots reads nothing twice */
        tb_schedule endless = {.slots = INT64_MAX};
        double us_per_byte = TB_US_PER_S / (bandwidth * TB_BYTES_PER_GB);
        pace->occupancy = (double)occupancy;
        pace->hbm_us = tb_time_hbm_bytes(item, &endless) * us_per_byte;
        pace->exposed_us = tb_time_exposed_bytes(item) * us_per_byte;
    }
    return status;
}

static tb_status fill_pace(const tb_search_clock *clock, tb_search_pace *pace, tb_error *err)
{
    const tb_search_space *space = clock->space;
    tb_census census = {.visited = 1, .visible_pairs = 1, .q_tiles = 1};
    tb_pattern pattern = tb_pattern_default();
    pattern.kind = TB_PATTERN_GNA;
    memcpy(pattern.dilation, pace->dilation, sizeof pattern.dilation);
    const tb_search_shape *shape = &clock->shapes[pace->shape];
    tb_time_case item = {.problem = &shape->problem,
                         .pattern = &pattern,
                         .tiling = shape->tiling,
                         .census = &census,
                         .kernel = space->kernel,
                         .device = space->device,
                         .cta_count = 1,
                         .wave_kv_tiles = 1};
    tb_tile_cycles tile;
    int64_t copies = 0;
    tb_status status = tb_time_copies(&item, &copies, err);
    if (status == TB_OK) {
        status = tb_time_tile_cycles(&item, &clock->values, &tile, err);
    }
    if (status == TB_OK) {
        status = tb_time_prologue(&item, &clock->values, &pace->prologue, err);
    }
    if (status == TB_OK) {
        pace->copies = (double)copies;
        pace->plain = tile.plain;
        pace->mask = fmax(tile.masked - tile.plain, 0);
        pace->may_split = space->kernel->time.splits_kv && space->problem.pass == TB_PASS_FORWARD;
        status = fill_device(clock, &item, pace, err);
    }
    return status == TB_OK ? fixed_time(clock, &item, pace, err) : status;
}

tb_status tb_search_clock_pace(tb_search_clock *clock, size_t shape, const int64_t *dilation,
                               const tb_search_pace **out, tb_error *err)
{
    size_t bytes = (size_t)clock->space->problem.layout.rank * sizeof *dilation;
    *out = &clock->pace;
    if (clock->has_pace && clock->pace.shape == shape &&
        memcmp(clock->pace.dilation, dilation, bytes) == 0) {
        return TB_OK;
    }
    tb_search_pace pace = {.shape = shape, .dilation = {1, 1, 1, 1}};
    memcpy(pace.dilation, dilation, bytes);
    tb_status status = fill_pace(clock, &pace, err);
    if (status == TB_OK) {
        clock->pace = pace;
        clock->has_pace = true;
    }
    return status;
}

/* What the attention launch does in all: CTAs, visited tiles, and masked ones at least. */
typedef struct launch_work {
    double ctas, visited, masked;
    double least, most; /* visited by a CTA */
} launch_work;

static launch_work work_of(const tb_search_space *space, const tb_search_shape *shape,
                           const tb_search_product *product)
{
    bool is_backward = space->problem.pass == TB_PASS_BACKWARD;
    bool is_apart = space->kernel->extra_kv == TB_EXTRA_KV_SECOND_LAUNCH && !is_backward;
    double fused = is_apart ? 0 : (double)shape->extra_kv_tiles;
    double q_tiles = (double)(product->q_tiles + shape->extra_q_tiles);
    double kv_tiles = (double)product->kv_tiles;
    double own = (double)product->visited;
    double all = own + (double)shape->extra_q_tiles * kv_tiles + q_tiles * fused;
    bool masks_all = shape->mask == TB_MASK_ALWAYS;
    return (launch_work){
        .ctas = is_backward ? kv_tiles + (double)shape->extra_kv_tiles : q_tiles,
        .visited = all,
        .masked = masks_all ? all : own - fmin((double)product->unmasked, own),
        .least = (double)product->least + fused,
        .most = (double)product->most + fused,
    };
}

double tb_search_clock_bound(const tb_search_clock *clock, const tb_search_pace *pace,
                             const tb_search_product *product)
{
    const tb_search_space *space = clock->space;
    launch_work work = work_of(space, &clock->shapes[pace->shape], product);
    double ctas = work.ctas * pace->copies;
    double occupancy = fmax(1, fmin(pace->occupancy, ceil(ctas / pace->sms)));
    double slots = pace->sms * occupancy;
    double cycles = work.visited * pace->plain + work.masked * pace->mask;
    double makespan = (ctas * pace->prologue + pace->copies * occupancy * cycles) / slots;
    bool is_spread = /* masks: evenly over CTAs */
        clock->shapes[pace->shape].mask != TB_MASK_PARTIAL_ONLY;
    double part = is_spread && work.visited > 0 ? work.masked / work.visited : 0;
    if (space->problem.pass == TB_PASS_FORWARD && !(pace->may_split && ctas < slots)) {
        double tile = occupancy * (pace->plain + part * pace->mask);
        double waves = ceil(ctas / slots);
        makespan = fmax(makespan, work.most * tile + pace->prologue);
        makespan = fmax(makespan, waves * (work.least * tile + pace->prologue));
    }
    double clock_mhz =
        tb_time_clock_mhz(pace->boost_mhz, pace->sustained, makespan / pace->boost_mhz);
    return fmax(makespan / clock_mhz + pace->exposed_us, pace->hbm_us) + pace->fixed_us;
}

static tb_status run_time(const tb_search_clock *clock, const tb_search_row *row, double *out,
                          tb_error *err)
{
    const tb_search_space *space = clock->space;
    tb_kernel kernel = tb_search_kernel(space, row);
    tb_case item = tb_case_default();
    item.problem = tb_search_problem(space, row);
    item.pattern = tb_search_pattern(space, row);
    tb_case_normalize(&item);
    tb_prediction p = {
        .problem = item.problem, .pattern = item.pattern, .tiling = space->tilings[row->tiling]};
    tb_cta_counts counts = {0};
    tb_time time;
    tb_mask_policy mask = kernel.mask;
    tb_status status = tb_census_count(&p.problem, &p.pattern, &p.tiling, NULL, &p.census, err);
    p.has_masks = tb_mask_policy_applies(mask, &p.problem, &p.pattern, &p.tiling);
    if (status == TB_OK && p.has_masks) {
        status =
            tb_mask_policy_count(mask, &p.problem, &p.pattern, &p.tiling, &p.census, &p.masks, err);
    }
    if (status == TB_OK) {
        status = tb_cta_counts_fill(&p, &kernel, space->device, &counts, err);
    }
    if (status == TB_OK) {
        tb_time_case timed = tb_time_case_of(&p, &kernel, space->device, &counts);
        status = tb_time_predict(&timed, &clock->values, &time, err);
    }
    tb_cta_counts_release(&counts);
    if (status == TB_OK) {
        *out = time.total_us;
    }
    return status;
}

static known_time *find_known(known_time *known, size_t room, size_t shape, const int64_t *tiles,
                              int rank)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ shape;
    for (int d = 0; d < rank; d++) {
        hash = (hash ^ (uint64_t)tiles[d]) * UINT64_C(1099511628211);
        hash ^= hash >> 29;
    }
    size_t i = (size_t)hash & (room - 1), bytes = (size_t)rank * sizeof *tiles;
    while (known[i].is_taken &&
           (known[i].shape != shape || memcmp(known[i].tiles, tiles, bytes) != 0)) {
        i = (i + 1) & (room - 1);
    }
    return &known[i];
}

static bool grow_known(tb_search_clock *clock, int rank)
{
    size_t room = 2 * clock->known_room;
    known_time *known = calloc(room, sizeof *known);
    if (known == NULL) {
        return false;
    }
    for (size_t i = 0; i < clock->known_room; i++) {
        const known_time *k = &clock->known[i];
        if (k->is_taken) {
            *find_known(known, room, k->shape, k->tiles, rank) = *k;
        }
    }
    free(clock->known);
    clock->known = known;
    clock->known_room = room;
    return true;
}

tb_status tb_search_clock_time(tb_search_clock *clock, const tb_search_row *row,
                               const int64_t *tiles, bool *is_known, double *out, tb_error *err)
{
    int rank = clock->space->problem.layout.rank;
    known_time *known = find_known(clock->known, clock->known_room, row->shape, tiles, rank);
    int64_t most = clock->space->max_timed > 0 ? clock->space->max_timed : MOST_TIMED;
    *is_known = known->is_taken || clock->runs < most;
    if (known->is_taken || !*is_known) {
        *out = known->time_us;
        return TB_OK;
    }
    tb_status status = run_time(clock, row, out, err);
    if (status != TB_OK) {
        return status;
    }
    clock->runs++;
    *known = (known_time){.is_taken = true, .shape = row->shape, .time_us = *out};
    memcpy(known->tiles, tiles, (size_t)rank * sizeof *tiles);
    if (++clock->known_count * 2 >= clock->known_room && !grow_known(clock, rank)) {
        return tb_fail(err, TB_ENOMEM, "no memory for the times of a search");
    }
    return TB_OK;
}
