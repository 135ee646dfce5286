/* What a launch does by the model, in quantities that a GPU's hardware counters know too. */
#ifndef TB_WORK_COUNTS_H
#define TB_WORK_COUNTS_H

#include "device.h"
#include "kernel.h"
#include "predict.h"
#include "time_model.h"

typedef enum tb_work_count {
    TB_WORK_TENSOR_PERCENT,      /* of the attention launch on all SMs, at the tensor cores' best */
    TB_WORK_TENSOR_INSTRUCTIONS, /* mma.m16n8k16, or k32 of 8-bit types, of a warp */
    TB_WORK_EXP_INSTRUCTIONS,    /* ex2 on the special-function units, of a warp */
    TB_WORK_DRAM_BYTES,
    TB_WORK_L2_BYTES,
    TB_WORK_OCCUPANCY_PERCENT /* warps of the CTAs that an SM holds over the most that it can */
} tb_work_count;

#define TB_WORK_COUNT_COUNT 6

typedef struct tb_work_counts {
    bool known[TB_WORK_COUNT_COUNT];
    double value[TB_WORK_COUNT_COUNT];
    double flop; /* of all elements of all visited tiles, at the head dims as padded */
} tb_work_counts;

/**
 * Count a launch's work by the model's terms.
 *
 *   FLOP         = visited tiles x |T| |U| x 2 (D + Dv); backward 2 (3 D + 2 Dv); D, Dv as padded
 *   instructions = FLOP / 4096: mma.sync m16n8k16; 8192 for 8-bit types. Not known of wgmma and
 *                  tcgen05, whose instructions are of the code's own size
 *   exponentials = visited tiles x |T| |U| (1 - f) / 32; f = part on FMA pipes
 *   DRAM bytes   = what the time model has cross HBM
 *   L2 bytes     = visited tiles x bytes of a KV tile + Q + O
 *   tensor       = FLOP / (rate of the tensor cores x cycles of the launch x SMs)
 *
 * Not modelled: exponentials of rescaling, one a row and tile; conversions; tables of the tile
 * list; what other launches beside attention do.
 *
 * @param[in]  time  of that prediction on that device
 * @param[out] out   what a kernel or device says nothing of is not known
 * @return TB_OK; what tb_cta_counts_fill() returns; TB_EOVERFLOW
 */
TB_NODISCARD tb_status tb_work_counts_of(const tb_prediction *prediction, const tb_kernel *kernel,
                                         const tb_device *device, const tb_time *time,
                                         tb_work_counts *out, tb_error *err);

#endif
