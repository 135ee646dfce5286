#include "calibrate.h"

#include "calibrate_store.h"
#include "emulated.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The fits of one calibration, in order: all runs, then one a run twice. */
typedef struct fit_round {
    tb_calibration *calibration;
    bool *skip;
    tb_progress_fn *progress;
    void *user;
    size_t done, total;
} fit_round;

static void report(fit_round *round)
{
    round->done++;
    if (round->progress != NULL) {
        round->progress(round->done, round->total, round->user);
    }
}

static tb_status error_of(const tb_calibration *c, const tb_fit_result *fit, size_t run,
                          double *out, tb_error *err)
{
    const tb_fit_run *item = &c->request.runs[run];
    double predicted_us = 0;
    tb_status status = tb_fit_predict(&c->request, fit, item, &predicted_us, NULL, err);
    *out = tb_error_percent(predicted_us, item->measured_us);
    return status;
}

/* Parameters that the full fit determines and this one does not: the left-out run alone tells them.
 */
static void note_lone_run(tb_calibration *c, size_t run, const tb_fit_result *without)
{
    for (size_t i = 0; i < c->fit.count; i++) {
        const tb_fit_parameter *full = &c->fit.parameters[i];
        bool still = false;
        for (size_t j = 0; j < without->count; j++) {
            const tb_fit_parameter *other = &without->parameters[j];
            bool same_device =
                full->device == other->device || (full->device != NULL && other->device != NULL &&
                                                  strcmp(full->device, other->device) == 0);
            still = still || (other->parameter == full->parameter && same_device &&
                              strcmp(other->owner, full->owner) == 0 && other->is_determined);
        }
        if (full->is_determined && !still) {
            c->lone_runs[c->lone_count++] = (tb_lone_run){.run = run, .parameter = i};
        }
    }
}

/* Fit without the runs that `skip` names, and predict run r. A fit from which all runs of the only
 * kernel are gone has nothing left: its error is the one before calibration. */
static tb_status predict_without(fit_round *round, size_t r, bool is_lone, double *out,
                                 tb_error *err)
{
    tb_calibration *c = round->calibration;
    tb_fit_result without = {0};
    bool any_left = false;
    for (size_t i = 0; i < c->count; i++) {
        any_left = any_left || !round->skip[i];
    }
    tb_status status =
        any_left ? tb_fit_solve(&c->request, round->skip, &c->fit, &without, err) : TB_OK;
    if (status == TB_OK && is_lone) {
        note_lone_run(c, r, &without);
    }
    if (status == TB_OK) {
        status = error_of(c, &without, r, out, err);
    }
    report(round);
    return status;
}

static tb_status validate_run(fit_round *round, size_t r, tb_error *err)
{
    tb_calibration *c = round->calibration;
    const tb_fit_run *runs = c->request.runs;
    for (size_t i = 0; i < c->count; i++) {
        round->skip[i] = i == r;
    }
    tb_status status = predict_without(round, r, true, &c->runs[r].leave_one_out, err);
    for (size_t i = 0; i < c->count; i++) {
        round->skip[i] = strcmp(runs[i].problem, runs[r].problem) == 0;
    }
    return status == TB_OK ? predict_without(round, r, false, &c->runs[r].leave_problem_out, err)
                           : status;
}

/* Draw the runs that are fitted; the others are skipped. */
static tb_status draw(const tb_calibration *c, bool *skip, tb_error *err)
{
    size_t *order = calloc(c->count, sizeof *order);
    if (order == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a calibration");
    }
    tb_status status = tb_shuffle(order, c->count, c->seed, err);
    size_t wanted = (size_t)ceil(c->train_fraction * (double)c->count);
    for (size_t i = 0; status == TB_OK && i < c->count; i++) {
        skip[order[i]] = i >= wanted;
    }
    free(order);
    return status;
}

/* Fit some runs and predict all. */
static tb_status fit_and_test(fit_round *round, tb_error *err)
{
    tb_calibration *c = round->calibration;
    tb_fit_result nothing = {0};
    tb_status status = draw(c, round->skip, err);
    if (status == TB_OK) {
        status = tb_fit_solve(&c->request, round->skip, NULL, &c->fit, err);
    }
    for (size_t r = 0; status == TB_OK && r < c->count; r++) {
        tb_calibrated_run *run = &c->runs[r];
        run->is_held_out = round->skip[r];
        run->training = run->held_out = run->leave_one_out = run->leave_problem_out = nan("");
        status = error_of(c, &nothing, r, &run->before, err);
        if (status == TB_OK) {
            status =
                error_of(c, &c->fit, r, run->is_held_out ? &run->held_out : &run->training, err);
        }
    }
    return status;
}

static double before_of(const tb_calibrated_run *run)
{
    return run->before;
}

static double training_of(const tb_calibrated_run *run)
{
    return run->training;
}

static double leave_one_out_of(const tb_calibrated_run *run)
{
    return run->leave_one_out;
}

static double leave_problem_out_of(const tb_calibrated_run *run)
{
    return run->leave_problem_out;
}

static double held_out_of(const tb_calibrated_run *run)
{
    return run->held_out;
}

/* Over the runs that have the value and are no dense baselines, or over all where there are only
 * those. */
static tb_status summarise(const tb_calibration *c, double (*value)(const tb_calibrated_run *),
                           tb_error_summary *out, tb_error *err)
{
    bool only_dense = true;
    for (size_t i = 0; i < c->count; i++) {
        only_dense = only_dense && c->runs[i].is_dense;
    }
    double *times = calloc(2 * c->count, sizeof *times); /* predicted, then measured */
    if (times == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a summary");
    }
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++) {
        if ((!c->runs[i].is_dense || only_dense) && !isnan(value(&c->runs[i]))) {
            double measured_us = c->runs[i].run->measured_us;
            times[n] = measured_us * (1 + value(&c->runs[i]) / 100);
            times[c->count + n++] = measured_us;
        }
    }
    tb_status status = tb_error_summary_of(times, times + c->count, NULL, n, out, err);
    free(times);
    return status;
}

static tb_status summarise_all(tb_calibration *c, tb_error *err)
{
    tb_status status = summarise(c, before_of, &c->before, err);
    if (status == TB_OK) {
        status = summarise(c, training_of, &c->training, err);
    }
    if (status == TB_OK) {
        status = summarise(c, leave_one_out_of, &c->leave_one_out, err);
    }
    if (status == TB_OK) {
        status = summarise(c, leave_problem_out_of, &c->leave_problem_out, err);
    }
    return status == TB_OK ? summarise(c, held_out_of, &c->held_out, err) : status;
}

/* Errors of every run before the fit, under it, and where it is held out. */
static tb_status validate(fit_round *round, tb_error *err)
{
    tb_calibration *c = round->calibration;
    tb_fit_result nothing = {0};
    tb_status status = TB_OK;
    c->lone_runs = calloc(c->count * c->fit.count, sizeof *c->lone_runs);
    if (c->lone_runs == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a calibration");
    }
    for (size_t r = 0; status == TB_OK && r < c->count; r++) {
        status = error_of(c, &nothing, r, &c->runs[r].before, err);
        if (status == TB_OK) {
            status = error_of(c, &c->fit, r, &c->runs[r].training, err);
        }
        if (status == TB_OK) {
            status = validate_run(round, r, err);
        }
    }
    return status;
}

static tb_status fit_and_validate(fit_round *round, tb_error *err)
{
    tb_calibration *c = round->calibration;
    tb_status status = tb_fit_solve(&c->request, NULL, NULL, &c->fit, err);
    if (status != TB_OK) {
        return status;
    }
    report(round);
    tb_time *bases = calloc(c->count, sizeof *bases);
    if (bases == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a calibration");
    }
    status = tb_fit_bases(&c->request, &c->fit, NULL, bases, err);
    c->request.bases = bases;
    if (status == TB_OK) {
        status = validate(round, err);
    }
    c->request.bases = NULL;
    free(bases);
    return status;
}

static tb_status check_counts(const tb_calibration *c, tb_error *err)
{
    size_t values = 0, free_parameters = c->fit.count;
    for (size_t r = 0; r < c->count; r++) {
        size_t of_run = c->request.runs[r].measured_permute_us > 0 ? 2 : 1;
        values += c->runs[r].is_held_out ? 0 : of_run;
    }
    if (values >= free_parameters) {
        return TB_OK;
    }
    return tb_fail(err, TB_EINVAL,
                   "%zu measured times for %zu free parameters; give more runs, or "
                   "share more with --shared",
                   values, free_parameters);
}

static tb_status calibrate(tb_calibration *c, tb_progress_fn *progress, void *user, tb_error *err)
{
    c->count = c->store->run_count;
    if (c->count == 0) {
        return tb_fail(err, TB_EINVAL,
                       "no run can be used; runs need a time, a device, and a kernel "
                       "that has a time model; --kernel names the file of one that is not known");
    }
    c->request.runs = c->store->runs;
    c->request.count = c->count;
    c->runs = calloc(c->count, sizeof *c->runs);
    fit_round round = {.calibration = c,
                       .skip = calloc(c->count, sizeof(bool)),
                       .progress = progress,
                       .user = user,
                       .total = 1 + 2 * c->count};
    if (c->runs == NULL || round.skip == NULL) {
        free(round.skip);
        return tb_fail(err, TB_ENOMEM, "no memory for a calibration");
    }
    for (size_t r = 0; r < c->count; r++) {
        c->runs[r] = (tb_calibrated_run){
            .run = &c->store->runs[r], .is_dense = c->store->is_dense[r], .held_out = nan("")};
    }
    tb_status status =
        c->train_fraction < 1 ? fit_and_test(&round, err) : fit_and_validate(&round, err);
    if (status == TB_OK) {
        status = check_counts(c, err);
    }
    free(round.skip);
    return status == TB_OK ? summarise_all(c, err) : status;
}

static size_t count_events(const tb_profile *const *profiles, size_t count)
{
    size_t events = 0;
    for (size_t p = 0; p < count; p++) {
        for (size_t i = 0; i < profiles[p]->count; i++) {
            const tb_run *run = &profiles[p]->runs[i];
            events += run->time.given && run->clock == TB_CLOCK_EVENTS;
        }
    }
    return events;
}

tb_status tb_calibrate(const tb_profile *const *profiles, size_t profile_count,
                       const tb_calibrate_options *options, tb_progress_fn *progress, void *user,
                       tb_calibration **out, tb_error *err)
{
    tb_calibration *c = calloc(1, sizeof *c);
    if (c != NULL) {
        c->store = calloc(1, sizeof *c->store);
    }
    if (c == NULL || c->store == NULL) {
        tb_calibration_destroy(c);
        return tb_fail(err, TB_ENOMEM, "no memory for a calibration");
    }
    memcpy(c->request.shared, options->shared, sizeof c->request.shared);
    c->request.noise = options->noise;
    c->train_fraction = options->train_fraction;
    c->seed = options->seed;
    c->events = count_events(profiles, profile_count);
    tb_status status = tb_profiles_emulated(profiles, profile_count, NULL, &c->is_emulated, err);
    if (status == TB_OK) {
        status =
            tb_calibration_store_fill(profiles, profile_count, options, c->store, &c->skipped, err);
    }
    if (status == TB_OK) {
        status = calibrate(c, progress, user, err);
    }
    if (status != TB_OK) {
        tb_calibration_destroy(c);
        return status;
    }
    *out = c;
    return TB_OK;
}

void tb_calibration_destroy(tb_calibration *calibration)
{
    if (calibration == NULL) {
        return;
    }
    if (calibration->store != NULL) {
        tb_calibration_store_free(calibration->store);
    }
    free(calibration->store);
    free(calibration->runs);
    free(calibration->lone_runs);
    free(calibration);
}
