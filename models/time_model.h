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
    TB_LIMITER_PCIE, /* of stages of mechanisms: from the host */
    TB_LIMITER_LINK, /* likewise: from other devices */
    TB_LIMITER_COUNT
} tb_limiter;

extern const char *const tb_limiter_names[TB_LIMITER_COUNT];

/** How far a prediction can be trusted. */
typedef enum tb_basis {
    TB_BASIS_CALIBRATED,   /* the kernel was fitted on this device */
    TB_BASIS_UNCALIBRATED, /* device facts and priors, or a fit of the kernel's code elsewhere */
    TB_BASIS_ASSUMED       /* it rests on a device value without a source */
} tb_basis;

#define TB_BASIS_COUNT 3

extern const char *const tb_basis_names[TB_BASIS_COUNT];

/** The parameters in force for a kernel on a device, with what is known of their errors. */
typedef struct tb_time_values {
    double value[TB_TIME_PARAMETER_COUNT];
    bool known[TB_TIME_PARAMETER_COUNT];
    bool fitted[TB_TIME_PARAMETER_COUNT]; /* on this device */
    /* of the values on their transformed scales: of a fit, or a prior's spread */
    double covariance[TB_TIME_PARAMETER_COUNT][TB_TIME_PARAMETER_COUNT];
    double scatter;             /* relative spread of single measured runs */
    int64_t degrees_of_freedom; /* of the fit, 0 = none: priors */
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
    /* what each CTA of one head and batch entry visits, in launch order: an entry a query tile, in
     * the backward pass a KV tile */
    const tb_q_tile_count *ctas;
    int64_t cta_count;
    int64_t wave_kv_tiles; /* different KV tiles that a wave visits; 0 = not counted: as if no two
                              of its CTAs shared one */
} tb_time_case;

/** Cycles of one visited tile on one SM. */
typedef struct tb_tile_cycles {
    double tensor;  /* matrix products */
    double exp;     /* exponentials on the special-function units */
    double alu;     /* other softmax instructions, and exponentials on FMA pipes */
    double smem;    /* operands through shared memory */
    double l2;      /* the tile from L2; 0 when the device's L2 bandwidth is unknown */
    double mask;    /* masking, when the tile is masked */
    double latency; /* waits that nothing hides */
    double plain;   /* an unmasked tile in all */
    double masked;  /* a masked tile in all */
} tb_tile_cycles;

/** A launch of its own beside the attention kernel's. */
typedef enum tb_side_launch {
    TB_SIDE_EXTRA_KV, /* attention to the extra KV tokens, where it is not fused */
    TB_SIDE_MERGE,    /* of two outputs, or of the parts of split KV */
    TB_SIDE_PACK,     /* keys and values into the kernel's own layout */
    TB_SIDE_EXPAND,   /* KV heads copied out to the query heads */
    TB_SIDE_DELTA,    /* backward: row sums of O dO */
    TB_SIDE_CONVERT,  /* backward: dQ zeroed, and converted from fp32 */
    TB_SIDE_REDUCE,   /* backward: dK and dV of a group's query heads added up, in fp32 */
    TB_SIDE_SCORES,   /* unfused and naive: softmax of the scores in memory */
    TB_SIDE_PERMUTE,  /* tokens before and after; not part of attention_us */
    TB_SIDE_COUNT
} tb_side_launch;

extern const char *const tb_side_launch_names[TB_SIDE_COUNT];

typedef struct tb_time {
    tb_tile_cycles tile;
    int64_t occupancy;      /* CTAs that an SM holds */
    int64_t splits;         /* CTAs that share a query tile's KV tiles */
    double prologue_cycles; /* prologue and epilogue of a CTA */
    double tensor_cycles;   /* of all visited tiles of the launch */
    double plain_cycles;    /* of them all, were none masked */
    double tile_cycles;     /* of them all as they are */
    tb_schedule schedule;   /* in cycles */
    double clock_mhz;
    double hbm_us;     /* the least that HBM traffic takes */
    double exposed_us; /* of it: what a CTA loads before its first tile and stores after its last */
    double launch_us;
    double side_us[TB_SIDE_COUNT]; /* 0 = none */
    double attention_us;           /* the kernel and its side launches but permutation */
    double permute_us;
    double
        permute_fraction; /* of the HBM bandwidth that it was computed with; 0 = no permutation */
    double total_us;
    double relative_error;  /* standard error of log time: of the parameters and of single runs */
    double low_us, high_us; /* of attention: 95 % interval (Student's t); equal without errors */
    tb_limiter limiter;
    tb_basis basis;
} tb_time;

/** The parameters of a kernel on a device without any fit: the device's own value (sustained
 * clock), else the kernel's prior. */
tb_time_values tb_time_priors_of(const tb_kernel *kernel, const tb_device *device);

/** The parameters of a kernel on a device: its fit there; else, for what belongs to its code, its
 *  fit on the device of nearest compute capability in the same generation; else the device's own
 * value (sustained clock), else the kernel's prior. One without any stays unknown, and 0 where it
 * is optional. */
tb_time_values tb_time_values_of(const tb_kernel *kernel, const tb_device *device);

/** CTAs of a case that an SM holds: as the kernel states, or by CUDA's rules from its resources.
 *  TB_OK; TB_EINVAL when they do not fit one SM or a value of the device is unknown. */
TB_NODISCARD tb_status tb_time_occupancy(const tb_kernel *kernel, const tb_problem *problem,
                                         const tb_tiling *tiling, const tb_device *device,
                                         int64_t *out, tb_error *err);

/**
 * Cycles of one tile.
 *
 *   tensor  = FLOP of the tile at the padded head dim / (device rate x tensor_efficiency)
 *   exp     = |T| |U| (1 - f) / ex2 rate; f = part of the exponentials on FMA pipes
 *   alu     = |T| |U| (alu_ops_per_score + f polynomial) / FMA lanes
 *   smem    = operand bytes x passes / shared-memory bandwidth
 *   matrix  = tensor (wgmma, tcgen05: operands come by themselves), or tensor + smem in turn but
 * for the overlap (mma.sync: the same warps load them) softmax = max(exp, alu) + scores that
 * threads store to shared memory (+ mask): the special-function and FMA pipes run side by side
 *   compute = max + (1 - overlap) (sum - max) over matrix and softmax
 *   tile    = max(compute, smem, l2) + latency: copies are asynchronous
 *
 * Backward: five products, one exponential a score, overlap = backward_overlap where it is given.
 *
 * Source: rates of the device file; the sum rule is ours (docs/model.md).
 *
 * @return TB_OK; TB_EINVAL when a value of the device or a parameter is unknown
 */
TB_NODISCARD tb_status tb_time_tile_cycles(const tb_time_case *item, const tb_time_values *values,
                                           tb_tile_cycles *out, tb_error *err);

/**
 * Time of one attention: its launch, its side launches, and permuting the tokens around it.
 *
 *   t_cta     = prologue + plain tiles x plain + masked tiles x masked, in cycles
 *   exposed   = bytes that CTAs own / bandwidth: Q and O (backward: K, V and their gradients), read
 *               before a CTA's first tile and written after its last, when it computes nothing
 *   launch    = max(makespan / clock + exposed, HBM bytes / bandwidth) + launch_us
 *   attention = launch + side launches (by bytes over the HBM bandwidth)
 *   clock     = boost below 1 ms, sustained above 50 ms, in between by the logarithm of time
 *   permute   = 2 (Q + K + V + O bytes) / (bandwidth x permute_fraction); 0 for rank 1 without
 *               dilation
 *
 * Unfused and naive kernels: two products and a softmax as launches of their own, with attention
 * weights through memory.
 *
 * Not modelled: contention between CTAs of one SM beyond equal shares, power capping by data.
 *
 * @return TB_OK; TB_EINVAL (unknown values, as above; a backward pass that the kernel file says
 *         nothing of); TB_ENOMEM; TB_EOVERFLOW
 */
TB_NODISCARD tb_status tb_time_predict(const tb_time_case *item, const tb_time_values *values,
                                       tb_time *out, tb_error *err);

/** Costs of the CTAs of one head and batch entry in launch order, in cycles: what time->schedule
 * was made of. Every head and batch entry repeats them.
 *
 * @param[in]  time  from tb_time_predict() of this item
 * @param[out] cost  item->cta_count x time->splits entries
 */
void tb_time_cta_costs(const tb_time_case *item, const tb_time *time, double *cost);

#endif
