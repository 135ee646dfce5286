/* The device that `measure` runs on, as a device of the time model. */
#ifndef TB_MEASURE_DEVICE_H
#define TB_MEASURE_DEVICE_H

#include "backend.h"
#include "device.h"
#include "messages.h"
#include "profile.h"

/** The device of facts that were measured now. What tb_gpu_device_create() and
 *  tb_host_device_create() return. */
TB_NODISCARD tb_status tb_measure_device_create(const tb_backend *backend,
                                                const tb_device_facts *facts, int threads,
                                                tb_device **out, tb_error *err);

/** A device that the user names: the model of a real GPU must not be of an emulated one. What
 *  tb_device_load() returns; TB_EINVAL. */
TB_NODISCARD tb_status tb_measure_device_load(const tb_backend *backend, const char *name,
                                              tb_device **out, tb_error *err);

/** Warn of facts, or of a profile's runs, that CUDA events timed in CUPTI's place, and why. */
void tb_measure_warn_of_facts(const tb_device_facts *facts, tb_messages *out);
void tb_measure_warn_of_clocks(const tb_profile *profile, tb_messages *out);

#endif
