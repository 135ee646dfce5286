/* The emulated GPU as a test uses it: NVIDIA's driver opened by the product's own code, the primary
 * context current. Any failure fails the test. */
#ifndef TB_DRIVER_SESSION_H
#define TB_DRIVER_SESSION_H

#include "cuda_microbench.h"
#include "driver.h"
#include "fake_gpu.h"
#include "nvrtc.h"

/** The driver, opened once; nothing is initialised. */
const tb_driver_calls *tb_session_calls(void);
const tb_driver *tb_session_driver(void);

/** cuInit and the primary context of GPU 0; and its release. */
void tb_session_begin(void);
void tb_session_end(void);

/** A row of tb_cuda_variants, compiled by NVRTC. */
tb_cubin tb_session_compile(const char *variant, int sm);

/** The kernel `microbench`, loaded into the context. */
typedef struct tb_session_kernel {
    tb_cu_module module;
    tb_cu_function function;
    int64_t registers; /* as the compiler says */
} tb_session_kernel;

tb_session_kernel tb_session_load(void);
void tb_session_unload(const tb_session_kernel *kernel);

tb_cu_address tb_session_alloc(size_t bytes);

/** A launch of it; what cuLaunchKernelEx gives. `config` may be NULL: as it should be. */
tb_cu_result tb_session_launch(const tb_session_kernel *kernel, unsigned ctas,
                               const tb_microbench_params *params,
                               const tb_cu_launch_config *config);

/** The launch configuration that fits it. */
tb_cu_launch_config tb_session_config(unsigned ctas);

#endif
