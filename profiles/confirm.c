#include "confirm.h"

#include "arena.h"
#include "environment.h"
#include "measure.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_S 1e6

const char *tb_confirm_kernel(const tb_backend *backend)
{
    return backend->is_gpu ? "tilebound" : "cpu";
}

/* "choice 3" */
static void print_id(size_t i, char out[static 32])
{
    (void)snprintf(out, 32, "choice %zu", i + 1);
}

static tb_status add_all(tb_measure *measure, const tb_case *items, size_t count, tb_error *err)
{
    tb_status status = TB_OK;
    for (size_t i = 0; i < count && status == TB_OK; i++) {
        char id[32];
        print_id(i, id);
        status = tb_measure_add(measure, id, &items[i], err);
    }
    return status;
}

/* Attention with its permutation, as it is ranked by. */
static double time_of(const tb_profile *profile, size_t i)
{
    char id[32];
    print_id(i, id);
    const tb_run *run = profile == NULL ? NULL : tb_profile_find(profile, id);
    return run == NULL             ? 0
           : run->permute_us.given ? run->time.median_us + run->permute_us.value
                                   : run->time.median_us;
}

static tb_status read_times(tb_measure *measure, size_t count, tb_confirmation *out, tb_error *err)
{
    const tb_profile *profile = NULL;
    tb_confirmation made = {.measured_us = calloc(count, sizeof *made.measured_us), .count = count};
    tb_status status = tb_measure_profile(measure, &profile, err);
    if (status == TB_OK && made.measured_us == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory for %zu times", count);
    }
    for (size_t i = 0; status == TB_OK && i < count; i++) {
        made.measured_us[i] = time_of(profile, i);
        if (!(made.measured_us[i] > 0)) {
            status = tb_fail(err, TB_EUNAVAILABLE, "choice %zu got no time", i + 1);
        } else if (made.measured_us[i] < made.measured_us[made.best]) {
            made.best = i;
        }
    }
    if (status != TB_OK) {
        free(made.measured_us);
        return status;
    }
    made.regret = made.measured_us[0] / made.measured_us[made.best] - 1;
    *out = made;
    return TB_OK;
}

static tb_status measure_all(const tb_confirm_options *options, tb_arena *arena,
                             const tb_case *items, size_t count, tb_confirmation *out,
                             tb_error *err)
{
    tb_measure_options asked = tb_measure_default();
    tb_device_facts facts;
    tb_environment environment;
    tb_measure *measure = NULL;
    bool is_stopped = false;
    asked.backend = options->backend;
    asked.kernel = options->kernel;
    asked.sampling = options->backend->is_gpu ? tb_sampling_of_gpu() : asked.sampling;
    if (options->max_time_s > 0) {
        asked.sampling.max_time_us = US_PER_S * options->max_time_s;
    }
    tb_status status = options->backend->facts(false, &facts, err);
    if (status == TB_OK) {
        status = tb_environment_read("", TB_VERSION, arena, &environment, err);
    }
    if (status == TB_OK && options->backend->is_gpu) {
        asked.kept_bytes = tb_measure_kept_on_gpu("", facts.gpu.memory_bytes);
    }
    if (status == TB_OK) {
        status = tb_measure_create(&asked, &facts, NULL, &environment, &measure, err);
    }
    if (status == TB_OK) {
        status = add_all(measure, items, count, err);
    }
    if (status == TB_OK) {
        status = tb_measure_run(measure, NULL, NULL, &is_stopped, err);
    }
    if (status == TB_OK) {
        status = read_times(measure, count, out, err);
    }
    tb_measure_destroy(measure);
    return status;
}

tb_status tb_confirm(const tb_confirm_options *options, const tb_case *items, size_t count,
                     tb_confirmation *out, tb_error *err)
{
    const char *runs = tb_confirm_kernel(options->backend);
    if (options->kernel == NULL || strcmp(options->kernel->name, runs) != 0) {
        return tb_fail(err, TB_EINVAL,
                       "backend %s runs kernel %s, and the choice is %s's; give --kernel %s",
                       options->backend->name, runs,
                       options->kernel != NULL ? options->kernel->name : "no kernel", runs);
    }
    tb_status status = options->backend->available(err);
    tb_arena *arena = status == TB_OK ? tb_arena_create() : NULL;
    if (status == TB_OK && arena == NULL) {
        status = tb_fail(err, TB_ENOMEM, "no memory for a measurement");
    }
    if (status == TB_OK) {
        status = measure_all(options, arena, items, count, out, err);
    }
    tb_arena_destroy(arena);
    return status;
}

void tb_confirmation_release(tb_confirmation *confirmation)
{
    free(confirmation->measured_us);
    *confirmation = (tb_confirmation){0};
}
