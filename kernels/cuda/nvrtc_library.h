/* The dozen calls of NVRTC that we make. Internal to kernels/cuda. */
#ifndef TB_NVRTC_LIBRARY_H
#define TB_NVRTC_LIBRARY_H

#include "library.h"

#include <stddef.h>

#ifdef TB_HAS_NVRTC_H /* the toolkit was there at build time: its own types */
#include <nvrtc.h>
#else
typedef int nvrtcResult; /* 0 = well */
typedef struct _nvrtcProgram *nvrtcProgram;
#endif

/* Source: NVRTC 13.0 documentation; the same since CUDA 11.2. */
typedef struct tb_nvrtc_calls {
    nvrtcResult (*version)(int *major, int *minor);
    nvrtcResult (*arch_count)(int *count);
    nvrtcResult (*arches)(int *sm);
    nvrtcResult (*create)(nvrtcProgram *program, const char *source, const char *name,
                          int header_count, const char *const *headers,
                          const char *const *header_names);
    nvrtcResult (*destroy)(nvrtcProgram *program);
    nvrtcResult (*compile)(nvrtcProgram program, int option_count, const char *const *options);
    nvrtcResult (*log_size)(nvrtcProgram program, size_t *bytes);
    nvrtcResult (*log)(nvrtcProgram program, char *log);
    nvrtcResult (*cubin_size)(nvrtcProgram program, size_t *bytes);
    nvrtcResult (*cubin)(nvrtcProgram program, char *cubin);
    nvrtcResult (*ptx_size)(nvrtcProgram program, size_t *bytes);
    nvrtcResult (*ptx)(nvrtcProgram program, char *ptx);
    const char *(*error_text)(nvrtcResult result);
} tb_nvrtc_calls;

/** Find the library and its calls. TB_OK; TB_EUNAVAILABLE; TB_ENOMEM. */
TB_NODISCARD tb_status tb_nvrtc_library_open(tb_nvrtc_calls *out, tb_library *library,
                                             tb_error *err);

#endif
