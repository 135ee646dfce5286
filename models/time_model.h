/* From a census to time: what the tiles of a case cost on a device. Derivations: docs/model.md. */
#ifndef TB_TIME_MODEL_H
#define TB_TIME_MODEL_H

#include "census.h"
#include "device.h"
#include "kernel.h"
#include "mask_policy.h"
#include "q_tile_counts.h"
#include "schedule.h"

typedef enum tb_limiter {
    TB_LIMITER_TENSOR,
    TB_LIMITER_EXP,
    TB_LIMITER_ALU,
    TB_LIMITER_SMEM,
    TB_LIMITER_L2,
    TB_LIMITER_HBM,
    TB_LIMITER_LATENCY,
    TB_LIMITER_LAUNCH,
    TB_LIMITER_COUNT
} tb_limiter;

extern const char *const tb_limiter_names[TB_LIMITER_COUNT];

/** How far a prediction can be trusted. */
typedef enum tb_basis {
    TB_BASIS_CALIBRATED,   /* the kernel was fitted on this device */
    TB_BASIS_UNCALIBRATED, /* device facts and priors only */
    TB_BASIS_ASSUMED       /* it rests on a device value without a source */
} tb_basis;

#define TB_BASIS_COUNT 3

extern const char *const tb_basis_names[TB_BASIS_COUNT];

/** The parameters in force for a kernel on a device. */
typedef struct tb_time_values {
    double value[TB_TIME_PARAMETER_COUNT];
    bool known[TB_TIME_PARAMETER_COUNT];
    tb_basis basis;
} tb_time_values;

/** Everything that a time rests on; borrowed. */
typedef struct tb_time_case {
    const tb_problem *problem;
    const tb_pattern *pattern;
    const tb_tiling *tiling;
    const tb_census *census;
    const tb_mask_count *masks; /* NULL: the kernel's policy is undefined here; partial tiles */
    const tb_kernel *kernel;    /* with a time model */
    const tb_device *device;
    const tb_q_tile_count *q_tiles; /* census->q_tiles entries, in launch order */
    int64_t wave_kv_tiles; /* different KV tiles that a wave visits; 0 = not counted: as if no two
                              of its CTAs shared one */
} tb_time_case;

/** Cycles of one visited tile on one SM. */
typedef struct tb_tile_cycles {
    double tensor; /* matrix products */
    double exp;    /* exponentials on the special-function units */
    double alu;    /* other softmax instructions */
    double smem;   /* operands through shared memory */
    double l2;     /* the KV tile from L2; 0 when the device's L2 bandwidth is unknown */
    double mask;   /* masking, when the tile is masked */
    double plain;  /* an unmasked tile in all */
    double masked; /* a masked tile in all */
} tb_tile_cycles;

typedef struct tb_time {
    tb_tile_cycles tile;
    double tensor_cycles; /* of all visited tiles of the launch */
    double plain_cycles;  /* of them all, were none masked */
    double tile_cycles;   /* of them all as they are */
    tb_schedule schedule; /* in cycles */
    double clock_mhz;
    double hbm_us;  /* the least that HBM traffic takes */
    double pack_us; /* keys and values into the kernel's layout; part of attention_us */
    double launch_us;
    double attention_us;
    double permute_us;
    double total_us;
    tb_limiter limiter;
    tb_basis basis;
} tb_time;

/** The parameters of a kernel on a device without any fit: the device's own value (sustained
 * clock), else the kernel's prior. */
tb_time_values tb_time_priors_of(const tb_kernel *kernel, const tb_device *device);

/** The parameters of a kernel on a device: its fit there, else the device's own value (sustained
 *  clock), else the kernel's prior. A parameter without any stays unknown. */
tb_time_values tb_time_values_of(const tb_kernel *kernel, const tb_device *device);

/**
 * Cycles of one tile.
 *
 *   tensor  = FLOP of the tile at the padded head dim
 *             / (device rate x tensor_efficiency x product_efficiency)
 *   exp     = |T| |U| / ex2 rate;  alu = |T| |U| alu_ops_per_score / FMA lanes
 *   softmax = max(exp, alu) x softmax_factor: the special-function and FMA pipes run side by side
 *   compute = max + (1 - overlap) (sum - max) over tensor and softmax (+ mask on a masked tile)
 *   tile    = max(compute, smem, l2): copies are asynchronous
 *
 * Source: rates of the device file; the sum rule is ours (docs/model.md).
 *
 * @return TB_OK; TB_EINVAL when a value of the device or a parameter is unknown
 */
TB_NODISCARD tb_status tb_time_tile_cycles(const tb_time_case *item, const tb_time_values *values,
                                           tb_tile_cycles *out, tb_error *err);

/**
 * Time of one launch, and of permuting the tokens before and after it.
 *
 *   t_cta = prologue + plain tiles x plain + masked tiles x masked, in cycles
 *   attention = max(makespan / clock, HBM bytes / bandwidth) + pack + launch
 *   pack    = K and V read, and written as fp32 / (bandwidth x pack_fraction); 0 without a prior
 *   clock = boost below 1 ms, sustained above 5 ms, in between by the logarithm of time
 *   permute = 2 (Q + K + V + O bytes) / (bandwidth x permute_fraction); 0 for rank 1 without
 * dilation
 *
 * Not modelled: contention between CTAs of one SM beyond equal shares, power capping by data.
 *
 * @return TB_OK; TB_EINVAL (unknown values, as above); TB_ENOMEM; TB_EOVERFLOW
 */
TB_NODISCARD tb_status tb_time_predict(const tb_time_case *item, const tb_time_values *values,
                                       tb_time *out, tb_error *err);

#endif
