/* What a time needs beside a prediction: what every CTA visits, and what a wave shares. */
#ifndef TB_TIMED_PREDICTION_H
#define TB_TIMED_PREDICTION_H

#include "device.h"
#include "kernel.h"
#include "predict.h"
#include "time_model.h"

/** Counts of one prediction on one device. */
typedef struct tb_cta_counts {
    tb_q_tile_count *ctas; /* owned; an entry a query tile, in the backward pass a KV tile */
    int64_t cta_count;
    int64_t wave_kv_tiles; /* as of tb_time_case */
} tb_cta_counts;

/**
 * Count a prediction's CTAs.
 *
 * @param[out] out  release with tb_cta_counts_release()
 * @return TB_OK; TB_EINVAL for a kernel without a time model or one that cannot run there; what
 *         tb_q_tile_counts_fill(), tb_kv_tile_counts_fill() and tb_wave_kv_tiles() return
 */
TB_NODISCARD tb_status tb_cta_counts_fill(const tb_prediction *prediction, const tb_kernel *kernel,
                                          const tb_device *device, tb_cta_counts *out,
                                          tb_error *err);

/** As above, but of random patterns only the middle one of each `every` query tiles is counted: see
 *  tb_q_tile_counts_sample(). Forward passes. */
TB_NODISCARD tb_status tb_cta_counts_sample(const tb_prediction *prediction,
                                            const tb_kernel *kernel, const tb_device *device,
                                            int64_t every, tb_cta_counts *out, tb_error *err);

void tb_cta_counts_release(tb_cta_counts *counts);

/** The case that tb_time_predict() takes; borrows everything. */
tb_time_case tb_time_case_of(const tb_prediction *prediction, const tb_kernel *kernel,
                             const tb_device *device, const tb_cta_counts *counts);

#endif
