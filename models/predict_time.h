/* The time of a prediction on a device, and of its dense baseline there. */
#ifndef TB_PREDICT_TIME_H
#define TB_PREDICT_TIME_H

#include "device.h"
#include "kernel.h"
#include "predict.h"
#include "time_model.h"

typedef struct tb_timing {
    tb_time time;
    bool has_dense; /* a baseline kernel is known; else the next three are unset */
    tb_time dense;
    double speedup;       /* dense attention over this attention */
    double speedup_total; /* dense attention over this attention with its permutation */
} tb_timing;

/**
 * Time a prediction.
 *
 * @param[in] prediction  of `kernel`; borrowed
 * @param[in] kernel      must have a time model
 * @param[in] baseline    kernel of the dense baseline over the flattened layout, or NULL
 * @return TB_OK; TB_EINVAL where the kernel has no time model or a value is unknown; TB_EOVERFLOW;
 *         TB_ENOMEM
 */
TB_NODISCARD tb_status tb_predict_time(const tb_prediction *prediction, const tb_kernel *kernel,
                                       const tb_device *device, const tb_kernel *baseline,
                                       tb_timing *out, tb_error *err);

#endif
