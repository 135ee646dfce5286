#include "context_parallel.h"

#include "checked.h"

#include <math.h>
#include <stdlib.h>

const char *const tb_parallel_method_names[TB_PARALLEL_METHOD_COUNT] = {
    [TB_PARALLEL_RING] = "ring",
    [TB_PARALLEL_ULYSSES] = "ulysses",
    [TB_PARALLEL_HYBRID] = "hybrid",
};

int64_t tb_parallel_group(const tb_parallel_problem *item)
{
    switch (item->method) {
    case TB_PARALLEL_RING:
        return 1;
    case TB_PARALLEL_ULYSSES:
        return item->devices;
    default:
        return item->ulysses;
    }
}

static tb_status check_group(const tb_parallel_problem *item, tb_error *err)
{
    const tb_problem *problem = item->problem;
    int64_t group = tb_parallel_group(item);
    if (group < 1 || item->devices % group != 0) {
        return tb_fail(err, TB_EINVAL,
                       "an Ulysses group of %lld does not divide %lld devices; give a divisor",
                       (long long)group, (long long)item->devices);
    }
    if (problem->heads % group != 0) {
        return tb_fail(err, TB_EINVAL,
                       "Ulysses shares %lld heads out over %lld devices; they must divide the "
                       "heads (hybrid takes a smaller group)",
                       (long long)problem->heads, (long long)group);
    }
    if (problem->heads_kv % group != 0 && group % problem->heads_kv != 0) {
        return tb_fail(err, TB_EINVAL,
                       "Ulysses shares %lld KV heads out over %lld devices; one must divide the "
                       "other",
                       (long long)problem->heads_kv, (long long)group);
    }
    return TB_OK;
}

static tb_status check_link(const tb_link *link, tb_error *err)
{
    if (!isfinite(link->latency_us) || link->latency_us < 0 || !(link->gb_per_s > 0)) {
        return tb_fail(err, TB_EINVAL,
                       "a link of %g us and %g GB/s; latency is at least 0 and bandwidth above it",
                       link->latency_us, link->gb_per_s);
    }
    return TB_OK;
}

static tb_status check_item(const tb_parallel_problem *item, tb_error *err)
{
    const tb_problem *problem = item->problem;
    if (item->devices < 1) {
        return tb_fail(err, TB_EINVAL, "%lld devices; at least 1", (long long)item->devices);
    }
    if (problem->extra_kv > 0 || problem->extra_q > 0 || problem->pass != TB_PASS_FORWARD) {
        return tb_fail(err, TB_EINVAL,
                       "several devices are modelled for the forward pass without extra tokens; "
                       "leave --backprop, --add-kv and --add-q out");
    }
    if (!isfinite(item->us_per_tile) || item->us_per_tile < 0 || !isfinite(item->launch_us) ||
        item->launch_us < 0 || item->slots < 1) {
        return tb_fail(err, TB_EINVAL, "a tile takes %g us, a launch %g us, on %lld slots",
                       item->us_per_tile, item->launch_us, (long long)item->slots);
    }
    tb_status status = check_group(item, err);
    if (status == TB_OK) {
        status = check_link(&item->link, err);
    }
    return status == TB_OK && item->method == TB_PARALLEL_HYBRID
               ? check_link(&item->group_link, err)
               : status;
}

/* Time of tiles (per head and batch entry) of a launch of so many query tiles and copies. */
static double compute_time(const tb_parallel_problem *item, double tiles, double q_tiles,
                           double copies)
{
    double ctas = q_tiles * copies, slots = (double)item->slots;
    double idle = ctas > 0 && ctas < slots ? slots / ctas : 1;
    return tiles * copies * item->us_per_tile * idle;
}

/* Tiles of a device, summed up over devices and steps. */
typedef struct tile_sums {
    double tiles, pairs, min, max;
    bool is_closed_form;
} tile_sums;

/* Steps that meet the keys of shards one after another, downwards from `tiles`. */
static void add_run_of_steps(tb_parallel_step *steps, const int64_t *tiles, int64_t count,
                             double us_per_tile)
{
    for (int64_t s = 0; s < count; s++) {
        double of_step = (double)tiles[-s];
        double compute = of_step * us_per_tile;
        steps[s].tiles_mean += of_step;
        steps[s].tiles_max = of_step > steps[s].tiles_max ? of_step : steps[s].tiles_max;
        steps[s].compute_us = compute > steps[s].compute_us ? compute : steps[s].compute_us;
    }
}

/* In step s a shard has the keys of shard - s. */
static void add_steps(const tb_parallel_problem *item, const int64_t *tiles, int64_t ring,
                      int64_t shard, double q_tiles, tb_parallel_step *steps, tile_sums *sums)
{
    double copies = (double)item->problem->batch * (double)item->problem->heads /
                    (double)tb_parallel_group(item);
    double us_per_tile = compute_time(item, 1, q_tiles, copies);
    int64_t own = 0;
    for (int64_t h = 0; h < ring; h++) {
        own += tiles[h];
    }
    add_run_of_steps(steps, tiles + shard, shard + 1, us_per_tile);
    add_run_of_steps(steps + shard + 1, tiles + ring - 1, ring - shard - 1, us_per_tile);
    sums->tiles += (double)own;
    sums->min = shard == 0 ? (double)own : fmin(sums->min, (double)own);
    sums->max = fmax(sums->max, (double)own);
}

static tb_status walk_shards(const tb_parallel_problem *item, tb_shard_counter *counter,
                             const tb_shards *shards, tb_parallel_step *steps, tile_sums *sums,
                             tb_error *err)
{
    int64_t *tiles = calloc((size_t)shards->shards, sizeof *tiles);
    if (tiles == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld devices", (long long)shards->shards);
    }
    tb_status status = TB_OK;
    for (int64_t g = 0; status == TB_OK && g < shards->shards; g++) {
        int64_t pairs = 0;
        status = tb_shard_count(counter, g, tiles, &pairs, err);
        if (status == TB_OK) {
            add_steps(item, tiles, shards->shards, g,
                      (double)tb_shard_q_tiles(shards, g, item->q_tile), steps, sums);
            sums->pairs += (double)pairs;
        }
    }
    for (int64_t s = 0; s < shards->shards; s++) {
        steps[s].tiles_mean /= (double)shards->shards;
    }
    free(tiles);
    return status;
}

/* Tiles of `shards` shards, in that many steps. */
static tb_status count_tiles(const tb_parallel_problem *item, int64_t shards, tb_shard_order order,
                             tb_parallel_step *steps, tile_sums *sums, tb_error *err)
{
    const tb_layout *layout = &item->problem->layout;
    tb_shards made;
    tb_shard_counter *counter = NULL;
    tb_status status = tb_shards_make(tb_layout_tokens(layout), shards, order, &made, err);
    if (status == TB_OK) {
        status = tb_shard_counter_create(item->pattern, layout, &made, item->q_tile, item->kv_tile,
                                         false, &counter, err);
    }
    if (status == TB_OK) {
        sums->is_closed_form = tb_shard_counter_is_closed(counter);
        status = walk_shards(item, counter, &made, steps, sums, err);
    }
    tb_shard_counter_destroy(counter);
    return status;
}

/* The whole on one device: the caller's census, else counted. */
static tb_status count_whole(const tb_parallel_problem *item, tile_sums *sums, tb_error *err)
{
    tb_parallel_step step = {0};
    if (item->census == NULL) {
        return count_tiles(item, 1, TB_SHARD_CONTIGUOUS, &step, sums, err);
    }
    double tiles = (double)item->census->visited;
    *sums = (tile_sums){.tiles = tiles,
                        .pairs = (double)item->census->visible_pairs,
                        .min = tiles,
                        .max = tiles,
                        .is_closed_form = item->census->closed_form};
    return TB_OK;
}

static double q_tiles_of_whole(const tb_parallel_problem *item)
{
    return item->census != NULL
               ? (double)item->census->q_tiles
               : (double)tb_ceil_div(tb_layout_tokens(&item->problem->layout), item->q_tile);
}

/* What travels: out->send_us, exchange_us, bytes_sent. */
static void time_links(const tb_parallel_problem *item, tb_parallel_time *out)
{
    const tb_problem *p = item->problem;
    double group = (double)out->ulysses, devices = (double)item->devices;
    double tokens = (double)tb_layout_tokens(&p->layout);
    double element = (double)tb_dtype_bytes(p->dtype) * (double)p->batch;
    double dims = (double)p->dim + (double)p->dim_value;
    double kv_heads = fmax(1, (double)p->heads_kv / group), heads = (double)p->heads / group;
    double shard = element * kv_heads * tokens / (double)out->steps * dims;
    double exchange = (group - 1) * tokens / devices * element * (heads + kv_heads) * dims;
    const tb_link *within = item->method == TB_PARALLEL_HYBRID ? &item->group_link : &item->link;
    out->send_us = item->link.latency_us + shard / (item->link.gb_per_s * 1e3);
    out->exchange_us = 4 * (group - 1) * within->latency_us + exchange / (within->gb_per_s * 1e3);
    out->bytes_sent = exchange + (double)(out->steps - 1) * shard;
}

static void sum_steps(const tb_parallel_problem *item, tb_parallel_step *steps,
                      tb_parallel_time *out)
{
    double steps_us = 0;
    for (int64_t s = 0; s < out->steps; s++) {
        steps[s].compute_us += s > 0 ? item->launch_us : 0;
        steps[s].send_us = s < out->steps - 1 ? out->send_us : 0;
        steps[s].step_us = item->has_overlap ? fmax(steps[s].compute_us, steps[s].send_us)
                                             : steps[s].compute_us + steps[s].send_us;
        out->compute_us += steps[s].compute_us;
        steps_us += steps[s].step_us;
    }
    out->total_us = out->exchange_us + steps_us;
    out->exposed_us = out->exchange_us + steps_us - out->compute_us;
}

static void fill_time(const tb_parallel_problem *item, const tile_sums *sums,
                      const tile_sums *whole, tb_parallel_step *steps, tb_parallel_time *out)
{
    double group = (double)out->ulysses, devices = (double)item->devices;
    double heads = (double)item->problem->heads * (double)item->problem->batch;
    time_links(item, out);
    sum_steps(item, steps, out);
    out->tiles = sums->tiles;
    out->pairs = sums->pairs;
    out->whole_tiles = whole->tiles;
    out->is_closed_form = sums->is_closed_form;
    out->device_min = sums->min / group;
    out->device_max = sums->max / group;
    out->device_mean = sums->tiles / devices;
    out->imbalance = out->device_mean > 0 ? out->device_max / out->device_mean : 1;
    out->single_us = compute_time(item, whole->tiles, q_tiles_of_whole(item), heads);
    out->speedup = out->total_us > 0 ? out->single_us / out->total_us : 1;
    out->efficiency = out->speedup / devices;
}

tb_status tb_parallel_steps(const tb_parallel_problem *item, tb_parallel_step *steps,
                            tb_parallel_time *out, tb_error *err)
{
    tb_status status = check_item(item, err);
    if (status != TB_OK) {
        return status;
    }
    tb_parallel_time made = {.ulysses = tb_parallel_group(item)};
    tile_sums sums = {0}, whole = {0};
    made.steps = item->devices / made.ulysses;
    tb_parallel_step *step = calloc((size_t)made.steps, sizeof *step);
    if (step == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for %lld steps", (long long)made.steps);
    }
    status = count_whole(item, &whole, err);
    if (status == TB_OK && made.steps == 1) {
        sums = whole;
        step[0].tiles_mean = step[0].tiles_max = whole.tiles;
        step[0].compute_us = compute_time(item, whole.tiles, q_tiles_of_whole(item),
                                          (double)item->problem->batch *
                                              (double)item->problem->heads / (double)made.ulysses);
    } else if (status == TB_OK) {
        status = count_tiles(item, made.steps, item->order, step, &sums, err);
    }
    if (status == TB_OK) {
        fill_time(item, &sums, &whole, step, &made);
        for (int64_t s = 0; steps != NULL && s < made.steps; s++) {
            steps[s] = step[s];
        }
        *out = made;
    }
    free(step);
    return status;
}

tb_status tb_parallel_time_of(const tb_parallel_problem *item, tb_parallel_time *out, tb_error *err)
{
    return tb_parallel_steps(item, NULL, out, err);
}
