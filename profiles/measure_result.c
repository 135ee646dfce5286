/* What came out of a measurement, as a profile. */
#include "measure.h"
#include "measure_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for a profile");
}

static tb_run_kind kind_of(const tb_pattern *pattern)
{
    switch (pattern->kind) {
    case TB_PATTERN_DENSE:
    case TB_PATTERN_CAUSAL:
        return TB_RUN_DENSE;
    case TB_PATTERN_LOCAL:
        return TB_RUN_WINDOW;
    default:
        return TB_RUN_SPARSE;
    }
}

static tb_status median_of(const double *values, size_t count, tb_stated *out, tb_error *err)
{
    tb_quartiles quartiles = {0};
    tb_status status = tb_quartiles_of(values, count, &quartiles, err);
    *out = (tb_stated){.given = quartiles.median > 0, .value = quartiles.median};
    return status;
}

/* The times of a configuration that was measured now. */
static tb_status set_times(const tb_sampling_options *options, tb_configuration *from,
                           const tb_series *series, tb_run *run, tb_error *err)
{
    tb_quartiles quartiles = {0};
    size_t kept = 0, aside = 0;
    double *chosen = realloc(from->chosen_us, 2 * series->count * sizeof *chosen);
    if (chosen == NULL) {
        return no_memory(err);
    }
    from->chosen_us = chosen;
    tb_series_choose(series, options, chosen, &kept, chosen + series->count, &aside);
    tb_status status = tb_quartiles_of(chosen, kept, &quartiles, err);
    run->time = (tb_run_time){.given = true,
                              .median_us = quartiles.median,
                              .n = (int64_t)kept,
                              .has_spread = kept >= 3,
                              .low_us = quartiles.low,
                              .high_us = quartiles.high,
                              .samples_us = chosen,
                              .set_aside_us = aside > 0 ? chosen + series->count : NULL,
                              .set_aside = (int64_t)aside};
    if (status == TB_OK) {
        status = median_of(from->permute_us, from->steps, &run->permute_us, err);
    }
    if (status == TB_OK) {
        status = median_of(from->overhead_us, from->steps, &run->launch_overhead_us, err);
    }
    return status == TB_OK ? median_of(from->pack_us, from->steps, &run->pack_us, err) : status;
}

/* A finished run of the profile that is resumed. */
static void take_over(const tb_run *taken, tb_run *run)
{
    run->time = taken->time;
    run->permute_us = taken->permute_us;
    run->pack_us = taken->pack_us;
    run->launch_overhead_us = taken->launch_overhead_us;
    run->ended = taken->ended;
    run->check = taken->check;
    run->noise = taken->noise;
    run->clock = taken->clock;
    run->gpu_kernels = taken->gpu_kernels;
    run->gpu_kernel_count = taken->gpu_kernel_count;
    run->counters = taken->counters.passes > 0 ? taken->counters : run->counters;
}

static tb_status make_run(tb_measure *measure, size_t which, tb_run *run, tb_error *err)
{
    tb_configuration *from = &measure->all[which];
    const tb_series *series = tb_sampling_series(measure->sampling, which);
    bool is_fused = from->launch.implementation == TB_IMPLEMENTATION_FUSED;
    *run = (tb_run){.id = from->id,
                    .device = measure->device != NULL ? measure->device->name : NULL,
                    .device_text = measure->facts->name,
                    .kernel = is_fused ? measure->options.kernel->name : NULL,
                    .kernel_text = from->kernel_text,
                    .kind = kind_of(&from->item.pattern),
                    .item = from->item,
                    .has_case = true,
                    .simulable = true,
                    .includes = TB_INCLUDES_ATTENTION,
                    .command = from->command,
                    .ended = tb_sampling_end_names[series->end],
                    .is_cold = measure->options.is_cold,
                    .is_processor_time = measure->options.is_processor_time,
                    .clock = from->clock,
                    .emulated = tb_measure_is_emulated(measure),
                    .check = from->check,
                    .gpu_kernels = from->kernels,
                    .gpu_kernel_count = from->kernel_count,
                    .counters = from->counters,
                    .noise = from->noise};
    if (from->taken != NULL) {
        take_over(from->taken, run);
        return TB_OK;
    }
    return set_times(&measure->options.sampling, from, series, run, err);
}

/* Point at baselines that have times too. */
static void set_baselines(tb_measure *measure)
{
    for (size_t i = 0; i < measure->count; i++) {
        const tb_configuration *from = &measure->all[i];
        size_t place = measure->places[i];
        if (place < measure->count && from->has_baseline &&
            measure->places[from->baseline] < measure->count) {
            measure->runs[place].has_baseline = true;
            measure->runs[place].baseline = measure->places[from->baseline];
        }
    }
}

static tb_status make_runs(tb_measure *measure, size_t *count, tb_error *err)
{
    tb_status status = TB_OK;
    *count = 0;
    for (size_t i = 0; status == TB_OK && i < measure->count; i++) {
        bool has_times =
            measure->all[i].taken != NULL || tb_sampling_series(measure->sampling, i)->count > 0;
        measure->places[i] = measure->count; /* nowhere */
        if (has_times) {
            measure->places[i] = *count;
            status = make_run(measure, i, &measure->runs[(*count)++], err);
        }
    }
    return status;
}

/* Name, summary and notes, once. */
static tb_status make_head(tb_measure *measure, tb_error *err)
{
    const tb_messages *notes = measure->options.notes;
    tb_profile *profile = &measure->profile;
    char summary[256];
    if (profile->name != NULL) {
        return TB_OK;
    }
    char threads[48] = "";
    if (!measure->options.backend->is_gpu) {
        (void)snprintf(threads, sizeof threads, ", %lld thread%s",
                       (long long)measure->environment.threads,
                       measure->environment.threads == 1 ? "" : "s");
    }
    (void)snprintf(summary, sizeof summary, "%s%s%s, %s: measured by tilebound",
                   tb_measure_is_emulated(measure) ? "emulated " : "", measure->facts->name,
                   threads, measure->facts->isa);
    profile->summary = tb_arena_text(measure->arena, summary, strlen(summary));
    const char **kept =
        tb_arena_array(measure->arena, notes != NULL ? notes->count + 1 : 1, sizeof *kept);
    if (profile->summary == NULL || kept == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; notes != NULL && i < notes->count; i++) {
        kept[i] = notes->text[i];
        profile->note_count++;
    }
    profile->notes = kept;
    profile->name = measure->device != NULL ? measure->device->name : "host";
    profile->environment = measure->environment;
    return TB_OK;
}

tb_status tb_measure_profile(tb_measure *measure, const tb_profile **out, tb_error *err)
{
    *out = NULL;
    if (measure->sampling == NULL) {
        return TB_OK;
    }
    if (measure->runs == NULL) {
        measure->runs = calloc(measure->count + 1, sizeof *measure->runs);
        measure->places = calloc(measure->count + 1, sizeof *measure->places);
    }
    if (measure->runs == NULL || measure->places == NULL) {
        return no_memory(err);
    }
    size_t count = 0;
    tb_status status = make_head(measure, err);
    if (status == TB_OK) {
        status = make_runs(measure, &count, err);
    }
    if (status != TB_OK || count == 0) {
        return status;
    }
    set_baselines(measure);
    measure->profile.device = measure->device;
    measure->profile.runs = measure->runs;
    measure->profile.count = count;
    *out = &measure->profile;
    return TB_OK;
}
