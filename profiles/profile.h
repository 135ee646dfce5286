/* Profiles: measured runs of attention kernels (schema tilebound/profile/1). Data in published/. */
#ifndef TB_PROFILE_H
#define TB_PROFILE_H

#include "attention_case.h"
#include "backend.h"
#include "environment.h"
#include "kernel.h"
#include "noise.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum tb_run_kind {
    TB_RUN_DENSE,     /* dense or causal attention: what others are compared with */
    TB_RUN_WINDOW,    /* a sliding window */
    TB_RUN_SPARSE,    /* any other sparse pattern */
    TB_RUN_END_TO_END /* a whole network */
} tb_run_kind;

#define TB_RUN_KIND_COUNT 4

extern const char *const tb_run_kind_names[TB_RUN_KIND_COUNT];

/** What a run's time includes. */
typedef enum tb_run_includes {
    TB_INCLUDES_ATTENTION,   /* the attention kernel alone */
    TB_INCLUDES_PERMUTATION, /* and permuting the tokens before and after it */
    TB_INCLUDES_END_TO_END   /* the whole network */
} tb_run_includes;

#define TB_RUN_INCLUDES_COUNT 3

extern const char *const tb_run_includes_names[TB_RUN_INCLUDES_COUNT];

/** A number that a source may state. */
typedef struct tb_stated {
    bool given;
    double value;
} tb_stated;

/** Time of one launch, in microseconds. */
typedef struct tb_run_time {
    bool given; /* else all below is unset */
    double median_us;
    int64_t n; /* launches that the median is of */
    bool has_spread;
    double low_us, high_us;     /* quartiles of the samples, or what the source states */
    const double *samples_us;   /* every launch in the order measured, or NULL */
    const double *set_aside_us; /* launches that other programs disturbed: not counted above */
    int64_t set_aside;          /* of them */
    const char *derived_from;   /* what the time was worked out of ("tflops"), or NULL: measured */
} tb_run_time;

/** The network of ours that a run of kind end-to-end is of. */
typedef struct tb_run_network {
    const char *name;      /* NULL: not said, and all below is unset */
    const char *case_name; /* of the network, or NULL: the run's pattern in every layer */
    int64_t dense_steps;
    tb_stated dense_us;       /* the whole network with dense attention */
    const char *dense_kernel; /* of that, by name; NULL: the device's */
} tb_run_network;
/** How a run's output was checked before its time counted. */
typedef struct tb_run_check {
    int64_t rows; /* of the output, against double precision; 0 = not checked */
    double worst; /* largest error over its bound: at most 1 */
} tb_run_check;

typedef struct tb_run {
    const char *id;
    const char *device; /* name of ours, or NULL */
    const char *device_text;
    const char *kernel; /* name of ours, or NULL */
    const char *kernel_text;
    tb_run_kind kind;
    tb_case item;   /* as stated, normalized; without has_case only some sizes of the problem */
    bool has_case;  /* our words express the problem and its pattern */
    bool simulable; /* and it is one attention operation */
    const char *why_not;  /* of a run that is not */
    const char *defaults; /* what the source does not state of the problem ("batch, dtype"), or NULL
                           */
    tb_run_time time;
    tb_stated tflops;     /* as printed */
    tb_stated speedup;    /* as printed */
    tb_stated permute_us; /* permuting the tokens, where it was measured apart */
    tb_run_includes includes;
    bool has_baseline;
    size_t baseline;     /* index of the run that the speedup is over */
    const char *quality; /* A, B or C; NULL = not judged */
    const char *source;  /* the run's own, else the profile's, or NULL */
    const char *notes;   /* or NULL */
    tb_run_network network;
    bool emulated;       /* ran on the emulator: its time says nothing of a device */
    const char *command; /* that measures it again, or NULL */
    const char *ended;   /* why no more samples were taken ("precision"), or NULL */
    bool is_cold;        /* caches were flushed before each sample */
    bool
        is_processor_time; /* the time is of the processor: what other programs took is not in it */
    tb_run_clock clock;    /* of the time: the host's, or which of a GPU's */
    tb_stated pack_us;     /* part of the time: K and V into the kernel's layout */
    tb_stated launch_overhead_us;     /* of a GPU: median of what the host waited beyond the
                                         kernels' own time */
    const tb_run_kernel *gpu_kernels; /* that it launched */
    size_t gpu_kernel_count;
    tb_run_check check;
    tb_noise noise;                /* samples 0 = not looked at */
    tb_hardware_counters counters; /* of a run that was not timed; passes 0 = none */
} tb_run;

typedef struct tb_profile {
    const char *name;
    const char *summary;
    const char *source; /* or NULL */
    const char *const *notes;
    size_t note_count;
    const char *path;
    bool holds_bounds; /* the runs are speedup bounds of a simulator: nothing was measured */
    tb_environment environment; /* of a profile that `measure` wrote; else all unknown */
    tb_device *device;          /* that it was measured on, or NULL; owned */
    tb_run *runs;
    size_t count;
    struct tb_yaml *file;   /* owned */
    struct tb_arena *arena; /* owned */
} tb_profile;

/**
 * Load a profile by known name or path: a YAML file, or a CSV file (profile_csv.h).
 *
 *   samples: median = their median, low and high = their quartiles (of three or more)
 *
 * @param[out] out  free with tb_profile_destroy()
 * @return TB_OK; TB_EINVAL for an unknown name; TB_EFILE with the position; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_profile_load(const char *name, tb_profile **out, tb_error *err);

/**
 * A profile from the tree of its file, which is owned by it, or freed on failure.
 *
 * @param[in] path  of the file, as messages and relative paths have it
 */
TB_NODISCARD tb_status tb_profile_from_tree(struct tb_yaml *tree, const char *path,
                                            tb_profile **out, tb_error *err);

/** Free a profile; NULL is allowed. */
void tb_profile_destroy(tb_profile *profile);

/** The case of a simulable run as a kernel runs it: dense and causal attention over the flattened
 *  layout where the kernel's tiles are runs of that. Borrows the mask. */
tb_case tb_run_case(const tb_run *run, const tb_kernel *kernel);

/** The run of an id, or NULL. */
const tb_run *tb_profile_find(const tb_profile *profile, const char *id);

#endif
