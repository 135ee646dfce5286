/* Inside of an open GPU, shared by gpu.c (opening), gpu_memory.c (kernels and memory) and gpu_run.c
 * (launches). */
#ifndef TB_GPU_PARTS_H
#define TB_GPU_PARTS_H

#include "gpu.h"
#include "nvrtc.h"

typedef struct tb_gpu_loaded {
    const tb_cuda_variant *variant;
    tb_cu_module module;
    tb_gpu_kernel kernel;
} tb_gpu_loaded;

struct tb_gpu {
    tb_driver driver;
    tb_cupti *cupti; /* or NULL */
    char why_no_cupti[768];
    tb_nvrtc *nvrtc;
    tb_nvml *nvml; /* or NULL */
    tb_gpu_info info;
    tb_cuda_device planning;
    tb_cu_device device;
    bool has_context, has_stream;
    tb_cu_context context;
    tb_cu_stream stream;
    int events;
    tb_cu_event event[TB_GPU_GROUPS + 1];
    tb_gpu_loaded *loaded; /* owned */
    size_t loaded_count, loaded_capacity;
    uint64_t number; /* of the last launch that got one */
    tb_kernel_records records;
    const tb_kernel_record **matched; /* owned */
    size_t matched_capacity;
};

/** Unload all kernels. */
void tb_gpu_unload(tb_gpu *gpu);

#endif
