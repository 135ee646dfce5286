/* One stage of a mechanism: what it computes and moves, and how long that takes.
 *
 * A kind of stage is one row of a table (stage_<kind>.c): its keys in mechanism files, and its
 * work. Adding a kind = one file and one line in stage.c. */
#ifndef TB_STAGE_H
#define TB_STAGE_H

#include "attention_case.h"
#include "census.h"
#include "device.h"
#include "expression.h"
#include "kernel.h"
#include "messages.h"
#include "time_model.h"

/** Rates at which devices multiply matrices. */
typedef enum tb_matrix_rate {
    TB_RATE_FP16,
    TB_RATE_FP8,
    TB_RATE_INT8,
    TB_RATE_FP4, /* INT4 where a device has none of its own: twice INT8 */
    TB_RATE_FP32 /* FMA pipes */
} tb_matrix_rate;

#define TB_MATRIX_RATE_COUNT 5

/** "fp16", "fp8", "int8", "fp4", "fp32". */
extern const char *const tb_matrix_rate_names[TB_MATRIX_RATE_COUNT];

/** What a stage does, all its launches together. */
typedef struct tb_work {
    double matrix_flop; /* of matrix products */
    tb_matrix_rate rate;
    double fma_flop;   /* other arithmetic, on FMA pipes */
    double special;    /* exponentials and such, on special-function units */
    double hbm_bytes;  /* read and written */
    double pcie_bytes; /* from the host */
    double link_bytes; /* from other devices, that nothing hides */
    double launches;
    double live_bytes; /* that it needs beside inputs and outputs */
} tb_work;

/** What stages are evaluated with; borrowed. */
typedef struct tb_stage_context {
    const tb_problem *problem;
    const tb_device *device; /* NULL: counts only, no time */
    const tb_kernel *kernel; /* of attention stages: as asked for, else the device's; may be NULL */
    const tb_kernel *dense_kernel; /* of stages that see every pair (all pairs before, causal); the
                                      same where the user asked for one; may be NULL */
    bool is_causal;                /* what the dense baseline sees, and a stage without a pattern */
    const char *path;              /* of the mechanism's file: mask paths start at its folder */
    tb_names names;                /* of the problem and the mechanism's parameters */
    uint64_t seed;
    int64_t samples;        /* of expectations */
    struct tb_arena *arena; /* that texts and lists go to */
} tb_stage_context;

/** A stage evaluated. */
typedef struct tb_stage_result {
    const char *name;
    const char *kind;
    tb_work work;
    double repeats;  /* how often it runs: per layer, head group ...; included in work and times */
    double least_us; /* roofline: every unit at its peak, no launch; a bound. Attention: the tiles
                        that it visits. 0 without a device */
    double time_us;  /* by the model, with launches */
    tb_limiter limiter;
    tb_basis basis;
    bool has_census;  /* an attention stage; the rest is of one head, batch entry and repeat */
    tb_census census; /* of a random pattern: the instance of the seed; of long ones means */
    double visited;   /* tiles; of a random pattern what to expect */
    double visited_low, visited_high; /* of a random pattern: 95 % of the instances */
    double dense_tiles;               /* what dense attention would visit for the same queries */
    tb_case item;                     /* the case that was counted; owned, see below */
    tb_tiling tiling;                 /* that it was counted with */
    const char *kernel;               /* that ran it, or NULL; lives in the context's arena */
    bool is_hypothetical;             /* by a kernel that does not run such a pattern */
} tb_stage_result;

/** A stage as its file has it: the node stays borrowed from the mechanism. */
typedef struct tb_stage {
    const char *name;
    const struct tb_stage_kind *kind;
    const tb_yaml_node *node;
} tb_stage;

typedef struct tb_stage_kind {
    const char *name;
    const char *summary;
    const char *const *keys; /* beside name, kind, what, repeats and hidden; NULL-ended */

    /** Evaluate. Keys that are missing have the kind's defaults, which its file states.
     *  TB_OK; TB_EFILE with the position; TB_EINVAL; TB_EOVERFLOW; TB_ENOMEM. */
    tb_status (*evaluate)(const tb_stage *stage, const tb_stage_context *context,
                          tb_stage_result *out, tb_error *err);
} tb_stage_kind;

/** attention, cross, product, stream, linear, fft, transfer, decode, distribute. */
#define TB_STAGE_KIND_COUNT 9
extern const tb_stage_kind *const tb_stage_kinds[TB_STAGE_KIND_COUNT];

/** Read a stage of a mechanism file: name and kind; keys are checked. */
TB_NODISCARD tb_status tb_stage_read(const tb_yaml_node *node, tb_stage *out, tb_error *err);

/** Evaluate one: its kind's work, times `repeats`; of 0 repeats nothing is evaluated. Release with
 * tb_stage_result_release(). */
TB_NODISCARD tb_status tb_stage_evaluate(const tb_stage *stage, const tb_stage_context *context,
                                         tb_stage_result *out, tb_error *err);
void tb_stage_result_release(tb_stage_result *result);

/** FLOP/us at which a device multiplies matrices of that kind at its peak: the data sheet's, or
 *  SMs x boost clock x FLOP a clock where that is more; FP4 where a device has none: twice INT8, as
 *  INT4 runs up to compute capability 8.9, else INT8's own, for operands are unpacked to it.
 *  TB_OK; TB_EINVAL naming the value that is not known. */
TB_NODISCARD tb_status tb_matrix_peak(const tb_device *device, tb_matrix_rate rate, double *out,
                                      tb_error *err);

/** Bytes of an element in that format; FP16: the dtype's own. */
double tb_matrix_rate_bytes(tb_matrix_rate rate, tb_dtype dtype);

/**
 * The time of work on a device.
 *
 *   least = max(matrix / peak, fma / peak, special / rate, HBM bytes / bandwidth) + PCIe + link
 *   time  = the same with matrix at the device's measured GEMM rate where it has one (a format that
 *           was not measured: at BF16's part of its peak), HBM at its measured bandwidth,
 *           + launches x launch_us
 *
 * link_bytes go at half of the device's NVLink rate, which counts both directions; a device whose
 * PCIe or NVLink nobody asks for need not have them.
 *
 * Source: Williams et al., Roofline, CACM 52 (2009); measured rates of the device file.
 *
 * @return TB_OK; TB_EINVAL naming the value of the device that is not known
 */
TB_NODISCARD tb_status tb_work_time(const tb_work *work, const tb_device *device, double *least_us,
                                    double *time_us, tb_limiter *limiter, tb_basis *basis,
                                    tb_error *err);

#endif
