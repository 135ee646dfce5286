/* The options of tilebound measure, and what they ask for. */
#ifndef TB_MEASURE_OPTIONS_H
#define TB_MEASURE_OPTIONS_H

#include "case_options.h"
#include "measure.h"
#include "output.h"

typedef struct tb_measure_args {
    const char *suite;
    bool device_facts;
    tb_case_args item;
    tb_arg_choice backend, implementation, clock;
    tb_arg_int threads, min_samples, seed;
    tb_arg_double precision, max_time;
    const char *gpu;
    bool events;
    bool warm, cold, resume, counters;
    const char *device;
    struct {
        const char *command, *match; /* of --exec: another program is measured */
        tb_arg_int launches, warm_up, kernels_per_launch;
    } exec;
    tb_output_args output;
} tb_measure_args;

#define TB_MEASURE_GROUP_COUNT 7

extern const tb_option_group tb_measure_option_groups[TB_MEASURE_GROUP_COUNT];

/** See that the options go together. TB_OK; TB_EINVAL. */
TB_NODISCARD tb_status tb_measure_args_check(const tb_measure_args *args, tb_error *err);

/** The measurement that they ask for; its kernel and notes are left to the caller. */
tb_measure_options tb_measure_args_options(const tb_measure_args *args);

#endif
