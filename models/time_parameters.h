/* The free parameters of the time model: what a kernel's code and a device cost that no data sheet
 * says. A kernel file gives each a prior; `calibrate` fits them. */
#ifndef TB_TIME_PARAMETERS_H
#define TB_TIME_PARAMETERS_H

#include "problem.h"
#include "schedule.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum tb_time_parameter {
    TB_TIME_OVERLAP,         /* of tensor and softmax work: 0 = one after the other, 1 = hidden */
    TB_TIME_MASK_CYCLES,     /* masking one visited tile of 128 keys, rank 1 and 2 */
    TB_TIME_MASK_3D_FACTOR,  /* on mask_cycles in rank 3 and 4 */
    TB_TIME_PROLOGUE_CYCLES, /* prologue and epilogue of a CTA */
    TB_TIME_LAUNCH_US,       /* start and end of a kernel that no tile hides */
    TB_TIME_SUSTAINED_CLOCK_FRACTION, /* of the boost clock in launches of milliseconds */
    TB_TIME_PERMUTE_FRACTION,         /* of the HBM bandwidth that permuting tokens reaches */
    TB_TIME_TILE_LATENCY_CYCLES,      /* of a visited tile, waited for and hidden by nothing */
    TB_TIME_BACKWARD_OVERLAP,         /* overlap of the backward pass */
    TB_TIME_TENSOR_FRACTION, /* of the tensor rate that products reach, beside tensor_efficiency */
    TB_TIME_SOFTMAX_FACTOR,  /* softmax work over that of its exponentials and instructions */
    TB_TIME_PACK_FRACTION,   /* of the HBM bandwidth that packing keys and values reaches */
    TB_TIME_GAP_FACTOR,      /* on packing and prologues, where other heads lie between rows */
    TB_TIME_CACHED_FACTOR,   /* on packing and prologues, for data in the cores' own caches */
    TB_TIME_PARAMETER_COUNT
} tb_time_parameter;

/** How a parameter is bounded; fits run on the transformed scale. */
typedef enum tb_parameter_scale {
    TB_SCALE_LOG,  /* above 0 */
    TB_SCALE_LOGIT /* between 0 and 1 */
} tb_parameter_scale;

typedef struct tb_parameter_info {
    const char *name; /* as in the files; the unit is in it */
    const char *meaning;
    tb_parameter_scale scale;
    bool is_of_source; /* belongs to the source code: shared between devices in a fit by default */
    bool travels; /* belongs to the kernel's code: a device without a fit takes it from another's */
    bool is_optional; /* `otherwise` where a kernel has neither a prior nor a fit of it */
    double otherwise;
} tb_parameter_info;

extern const tb_parameter_info tb_time_parameters[TB_TIME_PARAMETER_COUNT];

/** A prior: value and spread on the transformed scale (log: relative; logit: of log-odds). */
typedef struct tb_prior {
    bool given;
    double value;
    double spread; /* 0: held, never fitted */
    const char *source;
} tb_prior;

/** What a fit found for one device. */
typedef struct tb_fit {
    const char *device;
    int64_t compute_capability; /* of the device; 0 = not stated */
    const char *date;
    int64_t runs;
    bool fitted[TB_TIME_PARAMETER_COUNT];
    double value[TB_TIME_PARAMETER_COUNT];
    double error[TB_TIME_PARAMETER_COUNT]; /* standard error on the transformed scale; 0 = not
                                              stated */
    /* of the errors, on the transformed scale; between parameters that are not fitted 0 */
    double covariance[TB_TIME_PARAMETER_COUNT][TB_TIME_PARAMETER_COUNT];
    bool has_scatter;
    double scatter;             /* relative spread of single runs that the fit assumed */
    int64_t degrees_of_freedom; /* of the errors (Student's t); 0 = not stated */
    bool is_emulated;           /* of runs on the tests' emulated GPU: no calibration */
} tb_fit;

/** How a kernel computes attention: the three classes of the neighborhood-attention papers. */
typedef enum tb_kernel_class {
    TB_CLASS_FUSED,   /* one launch; scores stay on the SM */
    TB_CLASS_UNFUSED, /* products by tensor cores, attention weights through memory between them */
    TB_CLASS_NAIVE    /* one thread or warp a query, CUDA cores, attention weights through memory */
} tb_kernel_class;

#define TB_KERNEL_CLASS_COUNT 3

extern const char *const tb_kernel_class_names[TB_KERNEL_CLASS_COUNT];

/** Which matrix instructions it issues. */
typedef enum tb_matrix_instruction {
    TB_MMA_SYNC,  /* operands from registers, loaded by the same warps: that work adds up */
    TB_WGMMA,     /* operands from shared memory, asynchronous */
    TB_TCGEN05,   /* likewise, accumulators in tensor memory */
    TB_MMA_NATIVE /* the best of these that the device has */
} tb_matrix_instruction;

#define TB_MATRIX_INSTRUCTION_COUNT 4

extern const char *const tb_matrix_instruction_names[TB_MATRIX_INSTRUCTION_COUNT];

/** How often a tile's operands cross shared memory. */
typedef struct tb_smem_passes {
    double q;           /* x |T| head dim: Q, and in the backward pass dO */
    double kv;          /* forward: x |U| (D + Dv); backward: x |U| head dim */
    double scores;      /* x |T| |U|: P and dS where they go through it */
    double kv_per_warp; /* as kv, for each warp of a CTA, which `resources` tell */
} tb_smem_passes;

/** What the instructions of one pass cost. */
typedef struct tb_pass_traits {
    double alu_ops_per_score; /* beside the exponential and the mask */
    tb_smem_passes smem;
    tb_smem_passes sync_smem; /* of a native kernel where it has mma.sync alone */
} tb_pass_traits;

/** What a CTA of one compiled form of a kernel takes, as its compiler said. */
typedef struct tb_kernel_variant {
    tb_dtype dtype;
    int64_t dim, dim_value;  /* head dims that it is compiled for: smaller ones are padded */
    int64_t q_tile, kv_tile; /* tokens */
    int64_t threads;
    int64_t registers; /* a thread */
    int64_t smem_bytes;
    const int64_t *compute_capabilities; /* that it was compiled for */
    size_t compute_capability_count;
} tb_kernel_variant;

/** What a CTA takes of an SM, from which CUDA's rules give the occupancy. */
typedef struct tb_kernel_resources {
    bool given;
    int64_t threads;
    int64_t registers;                 /* a thread */
    double smem_q;                     /* x |T| head dim bytes */
    double smem_kv;                    /* x |U| (D + Dv) bytes: stages */
    int64_t smem_bytes;                /* besides */
    const tb_kernel_variant *variants; /* go before these where one matches */
    size_t variant_count;
} tb_kernel_resources;

/** A kernel's time model. */
typedef struct tb_time_traits {
    bool given; /* the kernel file has a `time` section */
    tb_kernel_class kind;
    tb_matrix_instruction instructions;
    tb_schedule_policy schedule;
    bool splits_kv;    /* divides a query tile's KV tiles over CTAs where the grid is small */
    int64_t occupancy; /* CTAs that an SM holds, where `resources` does not say */
    tb_kernel_resources resources;
    double tensor_efficiency;  /* part of the device's tensor rate that its instructions reach */
    double exp_fma_fraction;   /* of the exponentials on FMA pipes by a polynomial ... */
    const int64_t *exp_fma_on; /* ... on these compute capabilities */
    size_t exp_fma_on_count;
    tb_pass_traits pass[TB_PASS_COUNT];
    int64_t backward_occupancy;
    bool has_backward;  /* the file says what its backward pass costs */
    double stated_rows; /* of a query tile, that mask_cycles and prologue_cycles are stated for and
                           grow with; 0: they do not grow, as a GPU's threads work side by side */
    double stated_dims; /* dim + dim_value, that prologue_cycles grow with too; 0 = not */
    bool trims_rows;    /* a query tile's work ends with its last real row */
    bool dq_atomic;     /* backward: dQ is added up in fp32 and converted by a kernel of its own */
    const char *family; /* kernels of the same source share it, or NULL */
    const char *source; /* of these */
    tb_prior prior[TB_TIME_PARAMETER_COUNT];
    const tb_fit *fits;
    size_t fit_count;
} tb_time_traits;

/** Transform a value to a fit's scale, and back. Values at the bounds of logit are kept off them.
 */
double tb_parameter_forward(tb_time_parameter parameter, double value);
double tb_parameter_backward(tb_time_parameter parameter, double scaled);

/**
 * The compiled form that runs a tile: of the dtype, these tiles, and the smallest head dims that
 * hold the problem's. A compute capability that none is compiled for takes the newest below it.
 *
 * @return NULL where there is none
 */
const tb_kernel_variant *tb_kernel_variant_find(const tb_kernel_resources *resources,
                                                const tb_problem *problem, int64_t q_tile,
                                                int64_t kv_tile, int64_t compute_capability);

/** The fit for a device, or NULL. */
const tb_fit *tb_time_find_fit(const tb_time_traits *traits, const char *device);

#endif
