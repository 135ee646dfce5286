/* The half of hardware counters that needs no GPU: which metrics a chip has, how they are collected
 * and what was collected. One object a chip, over CUPTI's profiler host. */
#ifndef TB_GPU_COUNTERS_HOST_H
#define TB_GPU_COUNTERS_HOST_H

#include "hardware_counters.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct tb_counters_host tb_counters_host;

/**
 * Open CUPTI's profiler for a chip. No driver is needed.
 *
 * @param[in]  chip          "GH100"
 * @param[in]  availability  which counters this very GPU lets out, as CUPTI wrote it; NULL: all;
 *                           borrowed for as long as the host lives
 * @param[out] out           close with tb_counters_host_close()
 * @return TB_OK; TB_EUNAVAILABLE: no CUPTI, built without its headers, or a chip that it does not
 *         know; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_counters_host_open(const char *chip, const uint8_t *availability,
                                             tb_counters_host **out, tb_error *err);

/** NULL is allowed. */
void tb_counters_host_close(tb_counters_host *host);

/** Has the chip this metric, and can it be collected by itself? */
bool tb_counters_host_knows(const tb_counters_host *host, const char *metric);

/** What is collected, in how many passes. */
typedef struct tb_counters_plan {
    const char *metric[TB_HARDWARE_COUNTER_COUNT];          /* names, those that the chip has */
    tb_hardware_counter counter[TB_HARDWARE_COUNTER_COUNT]; /* that each stands for */
    size_t count;
    const uint8_t *image; /* CUPTI's configuration; the host's */
    size_t image_bytes;
    int passes;
} tb_counters_plan;

/** Plan the collection of every counter that the chip has, once a host. TB_OK; TB_EUNAVAILABLE
 *  where it has none or CUPTI fails; TB_ENOMEM. */
TB_NODISCARD tb_status tb_counters_host_plan(tb_counters_host *host, tb_counters_plan *out,
                                             tb_error *err);

/**
 * Evaluate one range of collected data.
 *
 * @param[out] out  metrics and passes of the plan; a value that is no number is not there. Written
 *                  only on TB_OK
 * @return TB_OK; TB_EUNAVAILABLE
 */
TB_NODISCARD tb_status tb_counters_host_evaluate(const tb_counters_host *host,
                                                 const tb_counters_plan *plan, const uint8_t *data,
                                                 size_t bytes, size_t range,
                                                 tb_hardware_counters *out, tb_error *err);

#endif
