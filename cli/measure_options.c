#include "measure_options.h"

#include <stddef.h>
#include <string.h>

#define AT(field)     offsetof(tb_measure_args, field)
#define MOST_THREADS  4096
#define MOST_LAUNCHES 1000000
#define MOST_KERNELS  64
#define US_PER_S      1e6
#define PERCENT       0.01

static const char *const backend_choices[] = {"cpu", "cuda"};

static const char *const clock_choices[] = {"wall", "processor"};

static const tb_option what_options[] = {
    {"suite", '\0', TB_OPTION_TEXT, "NAME", "every problem of a suite, by name or YAML file",
     AT(suite), 0, 0, NULL, 0},
    {"device-facts", '\0', TB_OPTION_FLAG, NULL,
     "no problem: measure the device itself, into a device file", AT(device_facts), 0, 0, NULL, 0},
};

static const tb_option how_options[] = {
    {"backend", '\0', TB_OPTION_CHOICE, NULL, "what to run on (default cpu)", AT(backend), 0, 0,
     backend_choices, 2},
    {"gpu", '\0', TB_OPTION_TEXT, "GPU",
     "which GPU, by index or UUID as nvidia-smi -L has them (default: the first)", AT(gpu), 0, 0,
     NULL, 0},
    {"events", '\0', TB_OPTION_FLAG, NULL,
     "time a GPU's kernels by CUDA events, not by CUPTI: with what lies between them", AT(events),
     0, 0, NULL, 0},
    {"implementation", '\0', TB_OPTION_CHOICE, NULL,
     "which kernel (default fused; its dense baseline is always fused)", AT(implementation), 0, 0,
     tb_implementation_names, TB_IMPLEMENTATION_COUNT},
    {"threads", '\0', TB_OPTION_INT, "N", "threads (default: as many as OpenMP takes)", AT(threads),
     1, MOST_THREADS, NULL, 0},
    {"clock", '\0', TB_OPTION_CHOICE, NULL,
     "wall time (default), or the processor time of one thread, which leaves out what other "
     "programs "
     "take",
     AT(clock), 0, 0, clock_choices, 2},
    {"warm", '\0', TB_OPTION_FLAG, NULL, "leave the caches as the last launch did (default)",
     AT(warm), 0, 0, NULL, 0},
    {"cold", '\0', TB_OPTION_FLAG, NULL, "flush the caches before each launch", AT(cold), 0, 0,
     NULL, 0},
    {"counters", '\0', TB_OPTION_FLAG, NULL,
     "read the GPU's hardware counters too, in runs of their own (--backend cuda)", AT(counters), 0,
     0, NULL, 0},
    {"precision", '\0', TB_OPTION_DOUBLE, "PERCENT",
     "sample until half the median's 95 % interval is below this (default 1)", AT(precision), 0, 99,
     NULL, 0},
    {"max-time", '\0', TB_OPTION_DOUBLE, "SECONDS",
     "but at most so long a run (default 2; on a GPU 1)", AT(max_time), 0, 1000000, NULL, 0},
    {"min-samples", '\0', TB_OPTION_INT, "N",
     "and take at least so many samples (default 12; on a GPU 20)", AT(min_samples), 1, 100000,
     NULL, 0},
    {"seed", '\0', TB_OPTION_INT, "N", "of the tensors' numbers and the order of runs (default 1)",
     AT(seed), 0, INT64_MAX, NULL, 0},
    {"device", '\0', TB_OPTION_TEXT, "FILE",
     "facts of this machine, from --device-facts (default: measured first)", AT(device), 0, 0, NULL,
     0},
    {"resume", '\0', TB_OPTION_FLAG, NULL, "keep the finished runs of the file that -o names",
     AT(resume), 0, 0, NULL, 0},
};

static const tb_option exec_options[] = {
    {"exec", '\0', TB_OPTION_TEXT, "COMMAND",
     "run a CUDA program in the shell, and measure its kernels by CUPTI", AT(exec.command), 0, 0,
     NULL, 0},
    {"match", '\0', TB_OPTION_TEXT, "REGEX",
     "those whose (demangled) name has this in it, an extended regular expression; in the order of "
     "their launches they are of the suite's problems in its order",
     AT(exec.match), 0, 0, NULL, 0},
    {"launches", '\0', TB_OPTION_INT, "N",
     "launches of each problem, warm-up included (default: all, shared out evenly)",
     AT(exec.launches), 1, MOST_LAUNCHES, NULL, 0},
    {"warm-up", '\0', TB_OPTION_INT, "N", "the first of them that do not count (default 0)",
     AT(exec.warm_up), 0, MOST_LAUNCHES, NULL, 0},
    {"kernels-per-launch", '\0', TB_OPTION_INT, "N",
     "kernels whose times are added to that of one launch (default: 1, or as names repeat)",
     AT(exec.kernels_per_launch), 1, MOST_KERNELS, NULL, 0},
};

const tb_option_group tb_measure_option_groups[TB_MEASURE_GROUP_COUNT] = {
    {"What to measure", what_options, sizeof what_options / sizeof *what_options, 0},
    TB_CASE_OPTION_GROUPS(AT(item)),
    {"How", how_options, sizeof how_options / sizeof *how_options, 0},
    {"Kernels of another program", exec_options, sizeof exec_options / sizeof *exec_options, 0},
    {"Output", tb_output_options, TB_OUTPUT_OPTION_COUNT, AT(output)},
};

/* What is of a GPU alone, and what of processors. */
static tb_status check_gpu(const tb_measure_args *args, tb_error *err)
{
    bool is_gpu = tb_backends[args->backend.index]->is_gpu;
    if (!is_gpu && (args->gpu != NULL || args->events)) {
        return tb_fail(err, TB_EINVAL,
                       "--gpu and --events are of GPUs; give --backend cuda, or leave them out");
    }
    if (is_gpu && (args->clock.given || args->threads.given)) {
        return tb_fail(err, TB_EINVAL,
                       "--clock and --threads are of processors; a GPU runs all it has, by CUPTI's "
                       "clock or with --events by CUDA's");
    }
    return TB_OK;
}

/* What goes with --exec, and what only with it. */
static tb_status check_exec(const tb_measure_args *args, tb_error *err)
{
    bool has_rest = args->exec.match != NULL || args->exec.launches.given ||
                    args->exec.warm_up.given || args->exec.kernels_per_launch.given;
    if (args->exec.command == NULL) {
        return has_rest
                   ? tb_fail(err, TB_EINVAL,
                             "--match, --launches, --warm-up and --kernels-per-launch say which "
                             "kernels of another program are measured; give --exec 'COMMAND'")
                   : TB_OK;
    }
    if (args->exec.match == NULL || args->suite == NULL) {
        return tb_fail(err, TB_EINVAL,
                       "--exec runs a program; give --match 'REGEX' for the kernels to measure and "
                       "--suite for the problems that they are of");
    }
    if (args->backend.given || args->implementation.given || args->clock.given ||
        args->threads.given || args->min_samples.given || args->seed.given ||
        args->precision.given || args->max_time.given || args->warm || args->cold || args->resume ||
        args->device_facts) {
        return tb_fail(
            err, TB_EINVAL,
            "--exec measures what another program does, as it does it; of the options of "
            "how to measure only --device goes with it");
    }
    return TB_OK;
}

tb_status tb_measure_args_check(const tb_measure_args *args, tb_error *err)
{
    tb_status status = check_exec(args, err);
    if (status == TB_OK) {
        status = check_gpu(args, err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_case_args none;
    memset(&none, 0, sizeof none); /* as the parser starts: padding too */
    if (args->device_facts &&
        (args->suite != NULL || args->resume || args->counters || args->device != NULL ||
         memcmp(&none, &args->item, sizeof none) != 0)) {
        return tb_fail(err, TB_EINVAL,
                       "--device-facts measures the device alone; leave problems, --suite, "
                       "--device, --resume and --counters out");
    }
    none.dtype = args->item.dtype;
    none.kernel = args->item.kernel;
    if (args->suite != NULL && memcmp(&none, &args->item, sizeof none) != 0) {
        return tb_fail(err, TB_EINVAL,
                       "a suite states its problems itself; of their options only --dtype and "
                       "--kernel go with --suite");
    }
    if (args->warm && args->cold) {
        return tb_fail(err, TB_EINVAL, "--warm beside --cold; give one of them");
    }
    if (args->counters && tb_backends[args->backend.index]->hardware == NULL) {
        return tb_fail(err, TB_EINVAL,
                       "backend %s has no hardware counters to read; --counters goes with "
                       "--backend cuda",
                       tb_backends[args->backend.index]->name);
    }
    if (args->resume && args->output.path == NULL) {
        return tb_fail(err, TB_EINVAL, "--resume which profile? give -o");
    }
    if ((args->precision.given && !(args->precision.value > 0)) ||
        (args->max_time.given && !(args->max_time.value > 0))) {
        return tb_fail(err, TB_EINVAL, "--precision and --max-time must be above 0");
    }
    return TB_OK;
}

tb_measure_options tb_measure_args_options(const tb_measure_args *args)
{
    tb_measure_options options = tb_measure_default();
    tb_sampling_options *sampling = &options.sampling;
    options.backend = tb_backends[args->backend.index];
    *sampling = options.backend->is_gpu ? tb_sampling_of_gpu() : *sampling;
    options.implementation = (tb_implementation)args->implementation.index;
    options.threads = (int)args->threads.value;
    options.is_cold = args->cold;
    options.is_counting = args->counters;
    options.is_processor_time = args->clock.index == 1;
    if (args->seed.given) {
        options.seed = sampling->seed = (uint64_t)args->seed.value;
    }
    if (args->precision.given) {
        sampling->precision = args->precision.value * PERCENT;
    }
    if (args->max_time.given) {
        sampling->max_time_us = args->max_time.value * US_PER_S;
    }
    if (args->min_samples.given) {
        sampling->min_samples = args->min_samples.value;
        sampling->max_samples = sampling->max_samples > sampling->min_samples
                                    ? sampling->max_samples
                                    : sampling->min_samples;
    }
    return options;
}
