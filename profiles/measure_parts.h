/* Inside of a measurement, shared by measure.c (what is measured), measure_loop.c (when and how),
 * measure_counters.c (what hardware counted) and measure_result.c (what came out). */
#ifndef TB_MEASURE_PARTS_H
#define TB_MEASURE_PARTS_H

#include "arena.h"
#include "measure.h"
#include "measure_launch.h"

/** One thing that is timed: a problem or a baseline. */
typedef struct tb_configuration {
    const char *id;
    const char *text; /* of its case: equal texts are equal cases */
    bool is_added;    /* by the caller; else the baseline of one that was */
    tb_case item;     /* tiles resolved; borrows its mask */
    tb_prediction prediction;
    tb_launch launch;
    bool has_baseline;
    size_t baseline;
    const char *command;     /* or NULL */
    const char *kernel_text; /* "cpu fused avx512" */
    const tb_run *taken;     /* finished run of an earlier profile, or NULL */
    /* while it is measured */
    tb_prepared *prepared; /* or NULL */
    tb_run_check check;    /* rows 0: not yet */
    tb_noise noise;
    double *permute_us, *pack_us, *overhead_us; /* of each sample */
    size_t steps, step_capacity;
    bool has_clock;
    tb_run_clock clock; /* of its launches so far */
    tb_run_kernel kernels[TB_RUN_KERNELS_MAX];
    size_t kernel_count;
    tb_hardware_counters counters; /* passes 0: not yet */
    double *chosen_us; /* its samples that count, then those set aside; of its last result */
} tb_configuration;

struct tb_measure {
    tb_measure_options options;
    const tb_device_facts *facts;
    tb_device *device;
    tb_environment environment;
    tb_arena *arena;
    tb_configuration *all;
    size_t count, capacity;
    tb_sampling *sampling; /* NULL until it runs */
    tb_input_store *inputs;
    bool owns_inputs;
    tb_cache_flush flush;
    int64_t kept_bytes;
    char why_no_counters[768]; /* "" = nothing failed */
    /* the profile of tb_measure_profile(): */
    tb_profile profile;
    tb_run *runs;
    size_t *places; /* of a configuration among them */
};

/** Prepare a configuration, and see once that its output is right. */
TB_NODISCARD tb_status tb_measure_enter(tb_measure *measure, tb_configuration *at, tb_error *err);

/** Keep what was prepared for the next visit while there is room for it and a next visit. */
void tb_measure_leave(tb_measure *measure, tb_configuration *at, bool is_open);

/** Read the hardware counters of all configurations that have none yet. As tb_measure_run(). */
TB_NODISCARD tb_status tb_measure_count(tb_measure *measure, tb_measure_progress_fn *progress,
                                        void *user, bool *stop, tb_error *err);

/** Are its times of the tests' emulated GPU? */
bool tb_measure_is_emulated(const tb_measure *measure);

/** Put what a backend's facts say of its GPU into the environment; borrows them. */
void tb_measure_set_gpu(const tb_device_facts *facts, tb_environment *environment);

/** See that an earlier profile is of this GPU. TB_OK; TB_EINVAL. */
TB_NODISCARD tb_status tb_measure_check_gpu(const tb_measure *measure, const tb_profile *before,
                                            tb_error *err);

/** The configuration of an id; count when there is none. */
size_t tb_measure_find(const tb_measure *measure, const char *id);

#endif
