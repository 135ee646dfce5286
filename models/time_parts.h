/* What the files of the time model share. Internal to models. */
#ifndef TB_TIME_PARTS_H
#define TB_TIME_PARTS_H

#include "time_model.h"

#define TB_BYTES_PER_GB 1e9
#define TB_US_PER_S     1e6

/** A parameter's value. TB_OK; TB_EINVAL when the kernel has neither a prior nor a fit of it; an
 *  optional one has its default then. */
TB_NODISCARD tb_status tb_time_need(const tb_time_case *item, const tb_time_values *values,
                                    tb_time_parameter parameter, double *out, tb_error *err);

/** The matrix instructions that a kernel issues on a device: wgmma exists on 9.0, tcgen05 on 10.x.
 */
tb_matrix_instruction tb_time_instructions(const tb_kernel *kernel, const tb_device *device);

/** Head dims as the kernel computes them: padded, each for itself. */
void tb_time_padded_dims(const tb_kernel *kernel, const tb_problem *problem, double *d, double *dv);

/** Do its matrix products run on tensor cores? Else on the FMA pipes. */
bool tb_time_has_tensor(const tb_time_case *item);

/** FLOP that the device's tensor cores do a clock and SM for this dtype, at their best. TB_OK;
 *  TB_EINVAL when unknown. */
TB_NODISCARD tb_status tb_time_tensor_rate(const tb_time_case *item, double *out, tb_error *err);

/** Part of the exponentials that run on FMA pipes: the device's own value, else the kernel's. */
double tb_time_exp_fma_fraction(const tb_time_case *item);

/** Bytes that come from L2 for a tile: the KV tile; backward: Q and dO, and dQ in fp32 there and
 *  back. */
double tb_time_l2_tile_bytes(const tb_time_case *item, double q, double kv);

/** Warps of a CTA, as the kernel's resources say; 0 where they do not. */
double tb_time_cta_warps(const tb_kernel *kernel, const tb_problem *problem,
                         const tb_tiling *tiling, const tb_device *device);

/** Query rows of a query tile: its tokens, times the heads of a group where they are packed. */
double tb_time_q_rows(const tb_time_case *item);

/** Copies of the CTAs of one head and batch entry: heads (KV heads where groups are packed) x
 *  batch. TB_OK; TB_EOVERFLOW. */
TB_NODISCARD tb_status tb_time_copies(const tb_time_case *item, int64_t *out, tb_error *err);

/** Tiles of a CTA that are masked, and all that it visits in the attention launch. */
typedef struct tb_cta_tiles {
    double visited;
    double masked;
} tb_cta_tiles;

tb_cta_tiles tb_time_cta_tiles(const tb_time_case *item, const tb_q_tile_count *count);

/** KV tiles of extra tokens that the attention launch leaves to one of their own. */
int64_t tb_time_extra_tiles(const tb_time_case *item);

/**
 * Schedule the attention launch: fills schedule, splits, and the three cycle sums of *time, whose
 * tile and occupancy are set.
 *
 * @param[in] prologue  cycles
 * @return TB_OK; TB_EINVAL for unknown values; TB_ENOMEM; TB_EOVERFLOW
 */
TB_NODISCARD tb_status tb_time_schedule(const tb_time_case *item, double prologue, tb_time *time,
                                        tb_error *err);

/** The launch that merges the parts of split KV: outputs in fp32, written and read, one written. */
double tb_time_merge_us(const tb_time_case *item, int64_t splits);

/** The clock of a launch of that many microseconds: boost below 1 ms, sustained above 50 ms, in
 *  between by the logarithm of time. */
double tb_time_clock_mhz(double boost_mhz, double sustained_fraction, double time_us);

/** Bytes that must cross HBM in the attention launch: operands once; where a head's keys and values
 *  do not fit L2, each wave of CTAs reads the different KV tiles that it visits again; attention
 *  weights of unfused and naive kernels. */
double tb_time_hbm_bytes(const tb_time_case *item, const tb_schedule *schedule);

/** Of them, what a CTA reads before its first tile and writes after its last. */
double tb_time_exposed_bytes(const tb_time_case *item);

/** Fill side_us of *time and permute_us; its tile, clock, splits and launch_us are set. */
TB_NODISCARD tb_status tb_time_side_launches(const tb_time_case *item, const tb_time_values *values,
                                             double prologue, tb_time *time, tb_error *err);

/**
 * The time of a case under other parameters, from its time under some: its CTAs stay on their
 * slots, and the makespan grows as the busy time does. Exact where all CTAs cost the same and for
 * the parameters of *now; a thousandth of the work of tb_time_predict().
 *
 * @param[out] permute_us, pack_us  may be NULL
 * @return TB_OK; TB_EINVAL for unknown values
 */
TB_NODISCARD tb_status tb_time_rescale(const tb_time_case *item, const tb_time_values *values,
                                       const tb_time *now, double *attention_us, double *permute_us,
                                       double *pack_us, tb_error *err);

/** max(makespan + exposed, HBM) + launch: the attention launch, of a time that is complete but for
 *  attention_us. */
double tb_time_launch_us(const tb_time *time, double makespan_us);

/** Set relative_error, low_us and high_us of *time, which is complete otherwise. */
TB_NODISCARD tb_status tb_time_interval(const tb_time_case *item, const tb_time_values *values,
                                        tb_time *time, tb_error *err);

#endif
