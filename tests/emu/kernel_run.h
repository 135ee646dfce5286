/* Runs kernels of the table of variants on the emulator, under three schedules, and holds what they
 * write to be the same bits. Any failure fails the test. */
#ifndef TB_KERNEL_RUN_H
#define TB_KERNEL_RUN_H

#include "cuda_variant.h"
#include "emu.h"
#include "twin.h"

/** A row of tb_cuda_variants and its host twin. */
typedef struct tb_kernel {
    const tb_cuda_variant *variant;
    tb_twin *twin;
    void (*entry)(const void *params);
} tb_kernel;

tb_kernel tb_kernel_open(const char *variant_name);
void tb_kernel_close(tb_kernel *kernel);

/** A buffer of device memory; of `data` where it is not NULL, else uninitialised. */
void *tb_kernel_buffer(tb_emu_memory *memory, const char *name, int64_t bytes, const void *data);

/** What a run writes: all of a buffer. */
typedef struct tb_kernel_output {
    void *buffer;
    const void *before; /* its contents before each run; NULL = uninitialised */
    void *host;         /* its contents after, as all schedules have it; NULL = scratch, not read */
    int64_t bytes;
} tb_kernel_output;

/** One kernel of a run. */
typedef struct tb_kernel_step {
    const tb_kernel *kernel;
    int grid[3];
    const void *params;
    size_t params_bytes;
} tb_kernel_step;

#define TB_KERNEL_STEPS_MAX   32
#define TB_KERNEL_OUTPUTS_MAX 16

typedef struct tb_kernel_run {
    tb_emu_memory *memory;
    tb_kernel_step step[TB_KERNEL_STEPS_MAX];
    int steps;
    tb_kernel_output output[TB_KERNEL_OUTPUTS_MAX];
    int outputs;
    bool is_inexact;              /* mma truncates, exp2 and log2 are off as they may be */
    tb_emu_unmasked_fn *unmasked; /* of the first schedule alone; may be NULL */
    void *user;
    tb_emu_counters counters[TB_KERNEL_STEPS_MAX]; /* out: by step */
} tb_kernel_run;

/** Run the steps in order, all of them under each schedule. */
void tb_kernel_run_all(tb_kernel_run *run);

#endif
