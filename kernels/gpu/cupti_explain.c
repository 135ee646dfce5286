#include "cupti.h"
#include "cupti_library.h"

#include <stdio.h>

#define OTHER_TOOLS                                                                                \
    "only one tool can at a time; run without the profiler or debugger (Nsight Systems, Nsight "   \
    "Compute, cuda-gdb, PyTorch's profiler)"

/* What a result means, and what would help. */
static const struct {
    int result;
    const char *text;
} sentences[] = {
    {0, "CUPTI reports no error"},
    {TB_CUPTI_INVALID_OPERATION, "CUPTI was called in a wrong order (result 7)"},
    {TB_CUPTI_OUT_OF_MEMORY, "CUPTI has no memory; free some of the host's or the GPU's"},
    {TB_CUPTI_NOT_COMPATIBLE, "CUPTI does not work together with another of its uses in this "
                              "process (result 14); run without other tools of CUDA's"},
    {TB_CUPTI_NOT_INITIALIZED,
     "CUPTI could not begin: the NVIDIA driver is older than this CUPTI, or not loaded; update the "
     "driver, or install the CUPTI of the CUDA version that nvidia-smi shows"},
    {TB_CUPTI_HARDWARE_BUSY, "another program uses the GPU's performance counters; end it first"},
    {TB_CUPTI_NOT_SUPPORTED, "CUPTI does not support this on this GPU or with this driver; update "
                             "the driver, or use a CUPTI that is as new as the GPU"},
    {TB_CUPTI_VIRTUAL_DEVICE, "CUPTI does not support this virtual GPU (vGPU); use a whole GPU "
                              "(pass-through), or ask for a vGPU with profiling enabled"},
    {TB_CUPTI_NOT_PERMITTED,
     "the NVIDIA driver lets administrators alone use the GPU's profiler (ERR_NVGPUCTRPERM); run "
     "as root or with CAP_SYS_ADMIN, or have the driver's module loaded with "
     "NVreg_RestrictProfilingToAdminUsers=0"},
    {TB_CUPTI_OTHER_TOOL, "another tool holds CUPTI; " OTHER_TOOLS},
    {TB_CUPTI_VIRTUAL_NOT_PERMITTED,
     "the hypervisor does not allow profiling on this virtual GPU (vGPU); its administrator can "
     "set enable_profiling=1 for it"},
    {TB_CUPTI_CONFIDENTIAL, "CUPTI does not work while the GPU is in confidential-computing mode; "
                            "use a machine where that is switched off"},
    {TB_CUPTI_CMP_DEVICE, "CUPTI does not support mining processors (CMP); use another GPU"},
    {TB_CUPTI_MIG_DEVICE, "CUPTI does not support this part of a GPU (MIG); use a whole GPU, with "
                          "MIG switched off (nvidia-smi -mig 0)"},
    {TB_CUPTI_SLI_DEVICE, "CUPTI does not support GPUs in SLI; switch SLI off"},
    {TB_CUPTI_WSL_DEVICE, "CUPTI does not work on this GPU under WSL; run on Linux itself, or "
                          "update the Windows driver and allow its performance counters to all "
                          "users in the NVIDIA Control Panel"},
    {TB_CUPTI_UNKNOWN, "CUPTI met an unknown error (result 999), which it gives without a working "
                       "driver too; see that nvidia-smi works, and that the driver is no older "
                       "than this CUPTI"},
};

void tb_cupti_explain(int result, const char *tool, char *text, size_t capacity)
{
    if (result == TB_CUPTI_OTHER_TOOL && tool != NULL && tool[0] != '\0') {
        (void)snprintf(text, capacity,
                       "another tool holds CUPTI, which calls it \"%s\"; " OTHER_TOOLS, tool);
        return;
    }
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        if (sentences[i].result == result) {
            (void)snprintf(text, capacity, "%s", sentences[i].text);
            return;
        }
    }
    (void)snprintf(text, capacity,
                   "CUPTI gives result %d, whose meaning NVIDIA's cupti_result.h has", result);
}
