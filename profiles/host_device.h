/* This machine's processor as a device of the time model: cores are its SMs, the last cache is its
 * L2. */
#ifndef TB_HOST_DEVICE_H
#define TB_HOST_DEVICE_H

#include "device.h"
#include "device_facts.h"
#include "device_print.h"

/**
 * Make the device `host` of measured facts.
 *
 *   sm_count = threads; clock as the system states it (it cancels out: only rates count)
 *   rates of an SM = the best samples of one core, times what a second thread adds where there are
 * several L2 and HBM of a GPU = the last cache and DRAM, read by all threads
 *
 * @param[in] threads  that kernels run on; 0 = facts->cores
 * @param[in] facts    measured; texts are copied
 * @return TB_OK; TB_EINVAL for facts that lack the rate of multiply-adds or exponentials; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_host_device_create(const tb_device_facts *facts, int threads,
                                             tb_device **out, tb_error *err);

/** Keep of each fact the better of two measurements: whatever else runs can only slow one. */
void tb_host_facts_merge(tb_device_facts *facts, const tb_device_facts *again);

#endif
