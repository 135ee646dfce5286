/* Hardware counters of launches, through CUPTI's range profiler: runs of their own, never timed. */
#ifndef TB_GPU_COUNTERS_H
#define TB_GPU_COUNTERS_H

#include "gpu.h"
#include "hardware_counters.h"

/** Make the launches that are counted, the same each time; waiting for them is not needed. */
typedef tb_status tb_gpu_launches_fn(void *user, tb_error *err);

/**
 * Count what some launches do on the GPU. They are made once for each pass that the counters take,
 * so that they must not build on what they did before. Records of kernels rest meanwhile.
 *
 * @param[out] out  written only on TB_OK; a metric that this GPU has not, or that gave no number,
 *                  is not there
 * @return TB_OK; TB_EUNAVAILABLE with one sentence why and what would help: built without CUPTI's
 *         headers, no CUPTI, not permitted, MIG, vGPU, WSL, another profiler at work; TB_ENOMEM;
 *         TB_EINTERNAL where CUPTI breaks its own rules; what `launches` returns
 */
TB_NODISCARD tb_status tb_gpu_counters_run(tb_gpu *gpu, tb_gpu_launches_fn *launches, void *user,
                                           tb_hardware_counters *out, tb_error *err);

#endif
