/* A program of the emulated NVRTC, and its compilation. */
#ifndef TB_FAKE_NVRTC_H
#define TB_FAKE_NVRTC_H

#include "nvrtc_library.h"

#include "buffer.h"
#include "cuda_sources.h"

#define TB_FAKE_HEADERS_MAX 64

/* nvrtcResult; source: nvrtc.h of CUDA 13.0 */
#define SUCCESS         ((nvrtcResult)0)
#define OUT_OF_MEMORY   ((nvrtcResult)1)
#define INVALID_INPUT   ((nvrtcResult)3)
#define INVALID_PROGRAM ((nvrtcResult)4)
#define INVALID_OPTION  ((nvrtcResult)5)
#define COMPILATION     ((nvrtcResult)6)
#define INTERNAL_ERROR  ((nvrtcResult)11)

struct _nvrtcProgram {
    const struct _nvrtcProgram *self; /* while it lives */
    char *name, *source;
    tb_cuda_source headers[TB_FAKE_HEADERS_MAX + 1];
    tb_buffer log, cubin, ptx;
};

/** The architectures that it knows, the oldest first, and how many they are. */
extern const int tb_fake_arches[];
int tb_fake_arch_count(void);

/** Compile to log, cubin and PTX, which are empty before. */
nvrtcResult tb_fake_nvrtc_compile(nvrtcProgram program, int option_count,
                                  const char *const *options);

#endif
