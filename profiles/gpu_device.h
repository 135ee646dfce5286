/* The GPU at hand as a device of the time model: what was measured on it, and of the known device
 * that it is what cannot be measured. */
#ifndef TB_GPU_DEVICE_H
#define TB_GPU_DEVICE_H

#include "device.h"
#include "device_facts.h"

/**
 * Make the device NAME-measured of measured facts.
 *
 *   The base is the known device that the driver's name is a name of ("NVIDIA H100 80GB HBM3":
 *   h100-80gb-hbm3, an alias of h100-sxm); without one, NAME is the driver's.
 *   clocks, fp32 lanes, exponentials, shared memory, L2 and HBM, the launch: measured
 *   mma_sync_fraction = mma.sync's measured rate / the base's tensor rate; without a base that rate
 *   is the measured one, and the fraction 1
 *   counts and sizes: the driver's
 *   all else: the base's, named in from_base
 *
 * Each fact has the base's figure beside it (`published`), in the fact's unit.
 *
 * @param[in]  facts  measured, of a GPU; texts are copied
 * @param[out] out    to be freed with tb_device_destroy()
 * @return TB_OK; TB_EINVAL for facts that lack a rate or clock; TB_EFILE for a known device whose
 *         file is broken; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_gpu_device_create(const tb_device_facts *facts, tb_device **out,
                                            tb_error *err);

/** The known device that a driver's name is a name of (see above), or NULL. TB_OK; TB_EFILE for one
 *  whose file is broken; TB_ENOMEM. */
TB_NODISCARD tb_status tb_gpu_device_find(const char *driver_name, tb_device **out, tb_error *err);

#endif
