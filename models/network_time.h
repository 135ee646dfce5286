/* The time of a whole network on a device: attention from the simulator, the rest from the layers'
 * dimensions, and what runs outside them from a published run. Derivations: docs/model.md. */
#ifndef TB_NETWORK_TIME_H
#define TB_NETWORK_TIME_H

#include "attention_case.h"
#include "end_to_end.h"
#include "network.h"
#include "predict_time.h"

/** What a network runs on; borrowed. */
typedef struct tb_network_setup {
    const tb_problem *problem; /* layout, batch, head dims and dtype */
    const tb_kernel *kernel;
    const tb_device *device;
    const tb_kernel *dense_kernel; /* of the dense baseline and of cross attention; may be NULL */
    tb_tiling_request tiling;
} tb_network_setup;

/** One forward pass through all layers, in microseconds. */
typedef struct tb_forward_time {
    double attention_us; /* self attention as the case has it */
    double permute_us;   /* tokens around every layer's attention */
    double dense_us;     /* self attention, dense in every layer */
    double linear_us;
    double passes_us; /* norms, activations, residuals */
    double cross_us;  /* attention to the prompt */
    tb_basis basis;
} tb_forward_time;

/** What runs outside the layers of one generation. */
typedef struct tb_outside_time {
    double us;
    double inferred_us; /* on the device and at the layout of the published run */
    bool is_scaled;     /* from there */
    bool is_negative;   /* the layers alone take longer than the published run: us is 0 */
} tb_outside_time;

/** A generation. */
typedef struct tb_network_time {
    tb_forward_time forward;
    tb_outside_time outside;
    double dense_us, sparse_us; /* with dense attention, and with the case's */
    double speedup;             /* dense_us / sparse_us */
    double attention_share;     /* of dense_us */
    double amdahl_limit;        /* speedup if attention took no time in the sparse steps */
    tb_basis basis;
} tb_network_time;

/** The less trusted of two. */
tb_basis tb_basis_worst(tb_basis a, tb_basis b);

/**
 * FLOP/s that large matrix products reach, and bytes/s that passes over memory reach.
 *
 *   measured on the device where it was; else 0.79 of the peak, 0.95 of the nominal bandwidth
 *
 * Source: medians of the achieved fractions of seven devices (stas00/ml-engineering, best bf16
 * shapes: 0.51 to 0.87) and of ten (RRZE gpu-benches, DRAM: 0.79 to 0.98). A peak or bandwidth that
 * the user sets wins over what was measured.
 *
 * @param[out] basis  worsened to assumed where the value is
 * @return TB_OK; TB_EINVAL where the device lacks the value
 */
TB_NODISCARD tb_status tb_network_gemm_rate(const tb_device *device, tb_dtype dtype, double *out,
                                            tb_basis *basis, tb_error *err);
TB_NODISCARD tb_status tb_network_bandwidth(const tb_device *device, double *out, tb_basis *basis,
                                            tb_error *err);

/**
 * Add the rest of one forward pass.
 *
 *   linear = layers x max(2 T in out / rate, (T (in + out) + in out) bytes / bandwidth)
 *   passes = layers x passes x T x width x bytes / bandwidth
 *   cross  = layers x dense attention of the device's dense kernel, ceil(T / text) batch entries
 *            of `text` tokens each: as many query tiles and KV tiles as T queries over `text` keys
 *
 * T: tokens of the part. Not modelled: launches, overlap of the three, biases.
 *
 * @param[in,out] out  linear_us, passes_us, cross_us are set, basis worsened
 * @return TB_OK; TB_EINVAL where a device value is unknown; what tb_predict_time() returns
 */
TB_NODISCARD tb_status tb_network_rest_time(const tb_network *network,
                                            const tb_network_setup *setup, tb_forward_time *out,
                                            tb_error *err);

/** Self attention of one forward pass: attention_us, permute_us, dense_us and basis are set.
 *  TB_OK; what tb_predict_time() returns. */
TB_NODISCARD tb_status tb_network_attention_time(const tb_network_case *which,
                                                 const tb_network_setup *setup,
                                                 tb_forward_time *out, tb_error *err);

/** Add the attention of `layers` layers that are timed alike. */
void tb_forward_time_add(tb_forward_time *sums, const tb_timing *timing, double layers);

/**
 * What runs outside the layers, from the published total of one run.
 *
 *   inferred = total - forwards x its forward pass as predicted here
 *   outside  = inferred x tokens / tokens there x bandwidth there / bandwidth
 *
 * That it follows tokens and bandwidth is an assumption (docs/model.md). Loads the run's device and
 * its kernels by name. A network without such a run has 0.
 *
 * @return TB_OK; what loading and predicting return
 */
TB_NODISCARD tb_status tb_network_outside_time(const tb_network *network,
                                               const tb_network_setup *setup, tb_outside_time *out,
                                               tb_error *err);

/**
 * A generation out of its parts; the network has `rest`.
 *
 *   rest   = linear + passes + cross,  permute = permute_us, or 0 where tokens are permuted once
 *   dense  = outside + forwards (rest + dense attention)
 *   sparse = outside + forwards (rest + k dense attention + (1 - k) (attention + permute))
 *
 * k = dense_steps / steps.
 */
tb_network_time tb_network_time_of(const tb_network_rest *rest, const tb_forward_time *forward,
                                   const tb_outside_time *outside, int64_t dense_steps,
                                   int64_t steps);

/** Fact of a network: the share of self attention in the time of the whole, dense. */
#define TB_SHARE_FACT "self_attention_share_of_end_to_end"

/** Amdahl's law with the share of attention that the network states, and attention as timed:
 *  `permutes` = with the permutation around every layer. False where no share is stated. */
bool tb_network_time_by_share(const tb_network *network, const tb_forward_time *forward,
                              bool permutes, int64_t dense_steps, tb_end_to_end *out);

#endif
