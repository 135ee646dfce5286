/* NVML: clocks, power, and what slows a GPU down. nvml.h is not part of the toolkit, so the calls
 * are declared in nvml.c. */
#ifndef TB_NVML_H
#define TB_NVML_H

#include "gpu_state.h"
#include "library.h"

typedef struct tb_nvml tb_nvml;

/**
 * Open libnvidia-ml.so.1 and find the GPU.
 *
 * @param[in] uuid  "GPU-..." as tb_gpu_info has it
 * @return TB_OK; TB_EUNAVAILABLE with the reason; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_nvml_open(const char *uuid, tb_nvml **out, tb_error *err);
void tb_nvml_close(tb_nvml *nvml);

const tb_library *tb_nvml_library(const tb_nvml *nvml);

/** The driver's version, "580.159.04"; "" where it does not say. */
const char *tb_nvml_driver(const tb_nvml *nvml);

/** Read what can be read; what cannot is marked unknown. */
void tb_nvml_read(const tb_nvml *nvml, tb_gpu_state *out);

/** What the GPU may reach: 0 = not known. */
typedef struct tb_nvml_limits {
    double sm_clock_mhz, memory_clock_mhz; /* the highest */
    double power_w;                        /* that is enforced now */
} tb_nvml_limits;

void tb_nvml_read_limits(const tb_nvml *nvml, tb_nvml_limits *out);

#endif
