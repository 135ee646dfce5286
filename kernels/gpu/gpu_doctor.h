/* What of a GPU and CUDA's libraries works here, part by part; for people. */
#ifndef TB_GPU_DOCTOR_H
#define TB_GPU_DOCTOR_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>

/** One part: found, with what it is, or missing, as "what is wrong; what would help". */
typedef struct tb_gpu_finding {
    char part[24]; /* "CUDA driver" */
    bool is_found;
    char text[768];
} tb_gpu_finding;

#define TB_GPU_FINDINGS_MAX 21 /* five parts and 16 GPUs */

/**
 * Look for the driver, the GPUs, NVRTC, CUPTI, NVML, and whether hardware counters are permitted.
 *
 * Opens the process' GPU where there is one. Without a driver CUPTI is not called, for it must not
 * be.
 *
 * @param[in]  root  before the paths of the system; "" but in tests
 * @param[out] out   room for TB_GPU_FINDINGS_MAX
 * @return how many there are
 */
size_t tb_gpu_doctor(const char *root, tb_gpu_finding *out);

/**
 * Are hardware counters for everybody, by the text of /proc/driver/nvidia/params?
 *
 * @return 1, 0 for administrators alone, -1 where it does not say
 */
int tb_gpu_counters_permitted(const char *params);

#endif
