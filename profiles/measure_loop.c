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

/* Prepare a configuration, and see once that its output is right. */
static tb_status enter(tb_measure *measure, tb_configuration *at, tb_error *err)
{
    const tb_measure_options *options = &measure->options;
    tb_status status = TB_OK;
    if (at->prepared == NULL) {
        status =
            tb_prepared_create(options->backend, &at->launch, options->seed, &at->prepared, err);
        measure->kept_bytes += status == TB_OK ? tb_prepared_bytes(at->prepared) : 0;
    }
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
    return status;
}

/* Keep what was prepared for the next visit while there is room for it and a next visit. */
static void leave(tb_measure *measure, tb_configuration *at, bool is_open)
{
    if (at->prepared != NULL && (!is_open || measure->kept_bytes > measure->options.kept_bytes)) {
        measure->kept_bytes -= tb_prepared_bytes(at->prepared);
        tb_prepared_destroy(at->prepared);
        at->prepared = NULL;
    }
}

static tb_status keep_steps(tb_configuration *at, const tb_run_times *times, tb_error *err)
{
    if (at->steps == at->step_capacity) {
        size_t larger = at->step_capacity == 0 ? 16 : 2 * at->step_capacity;
        double *permute = realloc(at->permute_us, larger * sizeof *permute);
        at->permute_us = permute != NULL ? permute : at->permute_us;
        double *pack = permute != NULL ? realloc(at->pack_us, larger * sizeof *pack) : NULL;
        if (pack == NULL) {
            return tb_fail(err, TB_ENOMEM, "no memory for %zu samples", larger);
        }
        at->pack_us = pack;
        at->step_capacity = larger;
    }
    at->permute_us[at->steps] = rounded(times->permute_us + times->unpermute_us);
    at->pack_us[at->steps++] = rounded(times->pack_us);
    return TB_OK;
}

/* One launch; `begun_us` is when preparing it began. */
static tb_status launch(tb_measure *measure, tb_configuration *at, double begun_us, bool *more,
                        tb_error *err)
{
    tb_noise_reading before, after;
    tb_run_times times;
    bool is_warm_up = false;
    tb_status status = measure->options.is_cold
                           ? tb_cache_flush_run(&measure->flush, flush_bytes(measure->facts), err)
                           : TB_OK;
    if (status == TB_OK) {
        status = measure->options.read_noise(&before, err);
    }
    if (status == TB_OK) {
        status = tb_prepared_run(at->prepared, &times, err);
    }
    if (status == TB_OK) {
        status = measure->options.read_noise(&after, err);
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
    double time_us = rounded(is_own ? times.own_us : times.attention_us);
    tb_noise noise = at->noise;
    bool is_disturbed = tb_noise_count(&noise, &before, &after);
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
    tb_status status = enter(measure, at, err);
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
    leave(measure, at, tb_sampling_series(measure->sampling, which)->end == TB_SAMPLING_OPEN);
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
    return status;
}
