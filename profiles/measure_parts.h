/* Inside of a measurement, shared by measure.c (what is measured), measure_loop.c (when and how)
 * and measure_result.c (what came out). */
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
    double *permute_us, *pack_us; /* of each sample */
    size_t steps, step_capacity;
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
    tb_cache_flush flush;
    int64_t kept_bytes;
    /* the profile of tb_measure_profile(): */
    tb_profile profile;
    tb_run *runs;
    size_t *places; /* of a configuration among them */
};

/** The configuration of an id; count when there is none. */
size_t tb_measure_find(const tb_measure *measure, const char *id);

#endif
