/* The free parameters of the time model: what a kernel's code and a device cost that no data sheet
 * says. A kernel file gives each a prior; `calibrate` fits them. */
#ifndef TB_TIME_PARAMETERS_H
#define TB_TIME_PARAMETERS_H

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
    /* of kernels whose files give a prior; others run without these terms: */
    TB_TIME_PRODUCT_EFFICIENCY, /* of the tensor rate that products reach */
    TB_TIME_SOFTMAX_FACTOR,     /* softmax work over that of its exponentials and instructions */
    TB_TIME_PACK_FRACTION,      /* of the HBM bandwidth that packing keys and values reaches */
    TB_TIME_GAP_FACTOR,         /* on packing and prologues, where other heads lie between rows */
    TB_TIME_CACHED_FACTOR,      /* on packing and prologues, for data in the cores' own caches */
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
    bool is_optional;  /* a kernel without a prior of it has no such term */
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
    const char *date;
    int64_t runs;
    bool fitted[TB_TIME_PARAMETER_COUNT];
    double value[TB_TIME_PARAMETER_COUNT];
    double error[TB_TIME_PARAMETER_COUNT]; /* standard error on the transformed scale; 0 = not
                                              stated */
} tb_fit;

/** A kernel's time model. */
typedef struct tb_time_traits {
    bool given;               /* the kernel file has a `time` section */
    int64_t occupancy;        /* CTAs that an SM holds */
    double tensor_efficiency; /* part of the device's tensor rate that its instructions reach */
    double alu_ops_per_score; /* softmax instructions a score, beside the exponential */
    double stated_rows; /* of a query tile, that mask_cycles and prologue_cycles are stated for and
                           grow with; 0: they do not grow, as a GPU's threads work side by side */
    double stated_dims; /* dim + dim_value, that prologue_cycles grow with too; 0 = not */
    bool trims_rows;    /* a query tile's work ends with its last real row */
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

/** The fit for a device, or NULL. */
const tb_fit *tb_time_find_fit(const tb_time_traits *traits, const char *device);

#endif
