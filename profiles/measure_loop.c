/* When and how configurations are measured: visit after visit. */
#include "measure.h"
#include "measure_parts.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#define LEAST_FLUSH_BYTES ((int64_t)64 << 20)
#define MOST_FLUSH_BYTES  ((int64_t)1 << 30)

static double now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

/* To the clock's nanosecond: further digits would only fill the file. */
static double rounded(double us)
{
    return round(us * 1e3) / 1e3;
}

/* Twice the largest cache. */
static size_t flush_bytes(const tb_device_facts *facts)
{
    int64_t bytes = 2 * facts->l3_bytes;
    bytes = bytes < LEAST_FLUSH_BYTES ? LEAST_FLUSH_BYTES : bytes;
    return (size_t)(bytes > MOST_FLUSH_BYTES ? MOST_FLUSH_BYTES : bytes);
}

static void drop(tb_measure *measure, tb_configuration *at)
{
    if (at->prepared != NULL) {
        measure->kept_bytes -= tb_prepared_bytes(at->prepared);
        tb_prepared_destroy(at->prepared);
        at->prepared = NULL;
    }
}

/* Free what the others hold; false where none holds anything. */
static bool drop_others(tb_measure *measure, const tb_configuration *but)
{
    bool is_any = false;
    for (size_t i = 0; i < measure->count; i++) {
        tb_configuration *at = &measure->all[i];
        is_any = is_any || (at != but && at->prepared != NULL);
        if (at != but) {
            drop(measure, at);
        }
    }
    return is_any;
}

/* Where a GPU has no room for it, what was kept of others makes some. */
static tb_status prepare(tb_measure *measure, tb_configuration *at, tb_error *err)
{
    const tb_measure_options *options = &measure->options;
    tb_error first = {0};
    tb_status status = tb_prepared_create(options->backend, &at->launch, measure->inputs,
                                          options->seed, &at->prepared, &first);
    if (status != TB_OK && options->backend->is_gpu && drop_others(measure, at)) {
        status = tb_prepared_create(options->backend, &at->launch, measure->inputs, options->seed,
                                    &at->prepared, &first);
    }
    if (status != TB_OK) {
        return tb_fail(err, status, "%s", first.message);
    }
    measure->kept_bytes += tb_prepared_bytes(at->prepared);
    return TB_OK;
}

tb_status tb_measure_enter(tb_measure *measure, tb_configuration *at, tb_error *err)
{
    const tb_measure_options *options = &measure->options;
    tb_status status = at->prepared == NULL ? prepare(measure, at, err) : TB_OK;
    if (status == TB_OK && at->check.rows == 0) {
        tb_error inner = {0};
        tb_run_check check;
        status =
            tb_prepared_check(at->prepared, options->check_rows, options->seed, &check, &inner);
        if (status != TB_OK) {
            return tb_fail(err, status, "run '%s': %s", at->id, inner.message);
        }
        at->check = check;
    }
    return status == TB_OK && options->backend->is_gpu && !tb_prepared_has_run(at->prepared)
               ? tb_prepared_run(at->prepared, NULL, err)
               : status;
}

void tb_measure_leave(tb_measure *measure, tb_configuration *at, bool is_open)
{
    if (at->prepared != NULL && at->has_clock && measure->options.backend->is_gpu) {
        at->kernel_count = (size_t)tb_prepared_kernels(at->prepared, at->kernels);
    }
    if (!is_open || measure->kept_bytes > measure->options.kept_bytes) {
        drop(measure, at);
    }
}

static tb_status make_room(tb_configuration *at, tb_error *err)
{
    double **const lists[] = {&at->permute_us, &at->pack_us, &at->overhead_us};
    size_t larger = at->step_capacity == 0 ? 16 : 2 * at->step_capacity;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        double *grown = realloc(*lists[i], larger * sizeof *grown);
        if (grown == NULL) {
            return tb_fail(err, TB_ENOMEM, "no memory for %zu samples", larger);
        }
        *lists[i] = grown;
    }
    at->step_capacity = larger;
    return TB_OK;
}

static tb_status keep_steps(tb_configuration *at, const tb_run_times *times, tb_error *err)
{
    tb_status status = at->steps == at->step_capacity ? make_room(at, err) : TB_OK;
    if (status == TB_OK) {
        double overhead_us = times->host_us > 0 ? fmax(times->host_us - times->total_us, 0) : 0;
        at->permute_us[at->steps] = rounded(times->permute_us + times->unpermute_us);
        at->pack_us[at->steps] = rounded(times->pack_us);
        at->overhead_us[at->steps++] = rounded(overhead_us);
    }
    return status;
}

static tb_status flush(tb_measure *measure, tb_configuration *at, tb_error *err)
{
    if (!measure->options.is_cold) {
        return TB_OK;
    }
    return measure->options.backend->is_gpu
               ? tb_prepared_flush(at->prepared, err)
               : tb_cache_flush_run(&measure->flush, flush_bytes(measure->facts), err);
}

static tb_status read_noise(const tb_measure *measure, tb_noise_reading *out, tb_error *err)
{
    tb_status status = measure->options.read_noise(out, err);
    if (status == TB_OK && measure->options.backend->is_gpu) {
        measure->options.backend->read_state(&out->gpu);
    }
    return status;
}

/* Times of two clocks are never put together: where CUPTI was given up since the last launch, the
 * configuration starts anew. */
static void note_clock(tb_measure *measure, tb_configuration *at, const tb_run_times *times)
{
    if (at->has_clock && at->clock != times->clock) {
        at->noise = (tb_noise){.retries = at->noise.retries,
                               .discarded = at->noise.discarded +
                                            (int64_t)tb_sampling_restart(measure->sampling)};
        at->steps = 0;
    }
    at->has_clock = true;
    at->clock = times->clock;
    at->noise.retries += times->retries;
}

/* One launch; `begun_us` is when preparing it began. */
static tb_status launch(tb_measure *measure, tb_configuration *at, double begun_us, bool *more,
                        tb_error *err)
{
    tb_noise_reading before, after;
    tb_run_times times;
    bool is_warm_up = false;
    tb_status status = flush(measure, at, err);
    if (status == TB_OK) {
        status = read_noise(measure, &before, err);
    }
    if (status == TB_OK) {
        status = tb_prepared_time(at->prepared, &times, err);
    }
    if (status == TB_OK) {
        status = read_noise(measure, &after, err);
    }
    if (status != TB_OK) {
        return status;
    }
    bool is_own = measure->options.is_processor_time;
    if (is_own && !(times.own_us > 0)) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "backend %s tells no processor time; leave --clock out",
                       measure->options.backend->name);
    }
    note_clock(measure, at, &times);
    double time_us = rounded(is_own ? times.own_us : times.attention_us);
    tb_noise noise = at->noise;
    bool is_disturbed = tb_noise_count(&noise, &before, &after, times.clock != TB_CLOCK_CUPTI);
    status = tb_sampling_add(measure->sampling, time_us, is_disturbed && !is_own,
                             now_us() - begun_us, &is_warm_up, more, err);
    if (status == TB_OK && !is_warm_up) {
        at->noise = noise;
        status = keep_steps(at, &times, err);
    }
    return status;
}

static tb_status visit(tb_measure *measure, size_t which, tb_measure_progress_fn *progress,
                       void *user, bool *stop, tb_error *err)
{
    tb_configuration *at = &measure->all[which];
    double begun_us = now_us();
    tb_status status = tb_measure_enter(measure, at, err);
    if (measure->options.backend->is_gpu) { /* copies to it would take all of its time */
        begun_us = now_us();
    }
    for (bool more = true; status == TB_OK && more && !*stop;) {
        status = launch(measure, at, begun_us, &more, err);
        begun_us = now_us();
        tb_measure_progress where = {.id = at->id,
                                     .count = measure->count,
                                     .done =
                                         measure->count - tb_sampling_open_count(measure->sampling),
                                     .round = tb_sampling_round(measure->sampling)};
        if (status == TB_OK && progress != NULL) {
            status = progress(&where, !more, user, stop, err);
        }
    }
    tb_measure_leave(measure, at,
                     tb_sampling_series(measure->sampling, which)->end == TB_SAMPLING_OPEN);
    return status;
}

tb_status tb_measure_run(tb_measure *measure, tb_measure_progress_fn *progress, void *user,
                         bool *is_stopped, tb_error *err)
{
    bool is_done = false;
    size_t which = 0;
    *is_stopped = false;
    tb_status status =
        tb_sampling_create(&measure->options.sampling, measure->count, &measure->sampling, err);
    for (size_t i = 0; status == TB_OK && i < measure->count; i++) {
        if (measure->all[i].taken != NULL) {
            tb_sampling_close(measure->sampling, i, TB_SAMPLING_PRECISE);
        }
    }
    while (status == TB_OK && !*is_stopped) {
        status = tb_sampling_next(measure->sampling, &which, &is_done, err);
        if (status != TB_OK || is_done) {
            break;
        }
        status = visit(measure, which, progress, user, is_stopped, err);
    }
    return status == TB_OK && !*is_stopped && measure->options.is_counting
               ? tb_measure_count(measure, progress, user, is_stopped, err)
               : status;
}
