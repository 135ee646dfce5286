/* The kernels' sources, embedded: what NVRTC compiles on the machine with the GPU. */
#ifndef TB_CUDA_SOURCES_H
#define TB_CUDA_SOURCES_H

typedef struct tb_cuda_source {
    const char *name; /* "fmha_fwd.cu", "ptx.h" */
    const char *text;
} tb_cuda_source;

/** Kernels (.cu) and the headers that they include; ended by a name of NULL. */
extern const tb_cuda_source tb_cuda_sources[];

/** The text of a name, or NULL. */
const char *tb_cuda_source_find(const char *name);

#endif
