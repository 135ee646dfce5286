/* Shared memory of the fused-attention kernels, for kernel and host alike. */
#ifndef TB_FMHA_LAYOUT_H
#define TB_FMHA_LAYOUT_H

/* fmha_fwd: one query tile, whose rows later hold the output's, so that they are as wide as the
 * wider of the two; then the K tiles of each stage; then the V tiles. 16-bit elements. */
#define TB_FMHA_ROW_DIM(dim, dim_value)         ((dim) > (dim_value) ? (dim) : (dim_value))
#define TB_FMHA_Q_BYTES(dim, dim_value, q_tile) (2 * (q_tile)*TB_FMHA_ROW_DIM(dim, dim_value))
#define TB_FMHA_SHARED_BYTES(dim, dim_value, q_tile, kv_tile, stages)                              \
    (TB_FMHA_Q_BYTES(dim, dim_value, q_tile) + 2 * (stages) * (kv_tile) * ((dim) + (dim_value)))

/* Threads of a CTA: each warp has warp_rows of the query tile. */
#define TB_FMHA_THREADS(q_tile, warp_rows) ((q_tile) / (warp_rows)*32)

/* fmha_fwd_fp32: 32 rows of K or of V, each followed by 16 bytes that keep lanes which read one
 * column of consecutive rows out of each other's banks. */
#define TB_FMHA_FP32_THREADS           128
#define TB_FMHA_FP32_KEYS              32
#define TB_FMHA_FP32_PITCH(dim)        ((dim) + 4)
#define TB_FMHA_FP32_SHARED_BYTES(dim) (4 * TB_FMHA_FP32_KEYS * TB_FMHA_FP32_PITCH(dim))

#endif
