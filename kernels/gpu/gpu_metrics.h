/* What NVIDIA's profiler calls the quantities of hardware_counters.h. */
#ifndef TB_GPU_METRICS_H
#define TB_GPU_METRICS_H

#include "hardware_counters.h"

#define TB_GPU_METRIC_NAMES_MAX 2

/** Names of a counter's metric, the best first, NULL-ended: chips differ in which they know. Every
 *  name of one counter is of the same quantity. Source: the profiler host library of CUDA 13.0,
 *  which tests/cuda/test_gpu_metrics.c asks. */
extern const char
    *const tb_gpu_metric_names[TB_HARDWARE_COUNTER_COUNT][TB_GPU_METRIC_NAMES_MAX + 1];

/** The chip of the data centre's or the largest GPU of a compute capability ("GH100" of 90), or
 *  NULL: for a CUPTI that does not name the chip itself. */
const char *tb_gpu_chip_of(int sm);

/** Does a chip know a metric by this name? */
typedef bool tb_gpu_metric_known_fn(const char *name, void *user);

/** Choose the metric of each counter: of[...].metric, NULL for those that the chip has not; `has`
 *  false and no value yet. Returns how many were chosen. */
int tb_gpu_metrics_choose(tb_gpu_metric_known_fn *is_known, void *user, tb_hardware_counters *out);

#endif
