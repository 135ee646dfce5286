#include "study_measure.h"

#include "gpu.h"
#include "noise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPU_KERNEL "cpu"
#define GPU_KERNEL "tilebound"
#define US_PER_S   1e6
#define POINT      "point" /* id of a problem */

struct tb_study_measurer {
    tb_measure_options options;
    tb_device_facts facts;
    tb_environment environment; /* nobody reads it of a study */
    tb_kernel *kernel;
};

/* One rank a GPU; a processor is one machine's all. */
static tb_status choose(const tb_backend *backend, const tb_ranks *ranks, tb_error *err)
{
    char number[16];
    if (backend->is_gpu) {
        (void)snprintf(number, sizeof number, "%d", ranks->local_rank);
        return tb_gpu_choose(number, false, err);
    }
    return ranks->local_rank == 0
               ? TB_OK
               : tb_fail(err, TB_EINVAL,
                         "ranks of one machine would disturb each other's times; start one rank "
                         "on each machine, or leave mpirun out");
}

tb_status tb_study_measurer_create(const tb_backend *backend, double max_time_s,
                                   const tb_ranks *ranks, tb_study_measurer **out, tb_error *err)
{
    tb_study_measurer *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory to measure a study");
    }
    made->options = tb_measure_default();
    made->options.backend = backend;
    made->options.inputs = tb_input_store_create(); /* many points have the same */
    if (made->options.inputs == NULL) {
        tb_study_measurer_destroy(made);
        return tb_fail(err, TB_ENOMEM, "no memory to measure a study");
    }
    if (backend->is_gpu) {
        made->options.sampling = tb_sampling_of_gpu();
    }
    if (max_time_s > 0) {
        made->options.sampling.max_time_us = max_time_s * US_PER_S;
    }
    tb_status status = choose(backend, ranks, err);
    if (status == TB_OK) {
        status = backend->available(err);
    }
    if (status == TB_OK) {
        status = backend->facts(false, &made->facts, err);
    }
    if (status == TB_OK) {
        status = tb_kernel_load(backend->is_gpu ? GPU_KERNEL : CPU_KERNEL, &made->kernel, err);
    }
    if (status != TB_OK) {
        tb_study_measurer_destroy(made);
        return status;
    }
    if (backend->is_gpu) {
        made->options.kept_bytes = tb_measure_kept_on_gpu("", made->facts.gpu.memory_bytes);
    }
    made->options.kernel = made->kernel;
    *out = made;
    return TB_OK;
}

void tb_study_measurer_destroy(tb_study_measurer *measurer)
{
    if (measurer != NULL) {
        tb_kernel_destroy(measurer->kernel);
        tb_input_store_destroy(measurer->options.inputs);
        free(measurer);
    }
}

static void put_times(const tb_profile *profile, tb_study_row *row)
{
    for (size_t i = 0; i < profile->count; i++) {
        const tb_run *run = &profile->runs[i];
        if (strcmp(run->id, POINT) != 0) {
            continue;
        }
        tb_row_real(row, TB_COLUMN_MEASURED_US, run->time.median_us);
        if (run->has_baseline) {
            double dense_us = profile->runs[run->baseline].time.median_us;
            tb_row_real(row, TB_COLUMN_MEASURED_DENSE_US, dense_us);
            tb_row_real(row, TB_COLUMN_MEASURED_SPEEDUP, dense_us / run->time.median_us);
        }
    }
}

/* The problem has its row's name, not ours. */
static tb_status add_point(tb_measure *measure, const tb_case *item, tb_error *err)
{
    static const char ours[] = "problem '" POINT "': ";
    tb_error why = {0};
    tb_status status = tb_measure_add(measure, POINT, item, &why);
    bool is_named = strncmp(why.message, ours, sizeof ours - 1) == 0;
    return status == TB_OK
               ? TB_OK
               : tb_fail(err, status, "%s", why.message + (is_named ? sizeof ours - 1 : 0));
}

tb_status tb_study_measure_point(tb_study_measurer *measurer, const tb_case *item,
                                 tb_study_row *row, tb_error *err)
{
    tb_measure *measure = NULL;
    const tb_profile *profile = NULL;
    bool is_stopped = false;
    tb_status status = tb_measure_create(&measurer->options, &measurer->facts, NULL,
                                         &measurer->environment, &measure, err);
    if (status == TB_OK) {
        status = add_point(measure, item, err);
    }
    if (status == TB_OK) {
        status = tb_measure_run(measure, NULL, NULL, &is_stopped, err);
    }
    if (status == TB_OK) {
        status = tb_measure_profile(measure, &profile, err);
    }
    if (status == TB_OK && profile != NULL) {
        put_times(profile, row);
    }
    tb_measure_destroy(measure);
    return status;
}
