/* The table of compiled forms of our CUDA kernels: what there is, and for which GPU. */
#ifndef TB_CUDA_VARIANT_H
#define TB_CUDA_VARIANT_H

#include "problem.h"

#include <stdbool.h>
#include <stdint.h>

/* Architectures that we name, as bits. A newer one takes the newest below it. */
typedef enum tb_cuda_arch {
    TB_SM_80 = 1,
    TB_SM_86 = 2,
    TB_SM_89 = 4,
    TB_SM_90 = 8,
    TB_SM_100 = 16,
    TB_SM_120 = 32
} tb_cuda_arch;

#define TB_CUDA_ARCH_COUNT 6

/** 80, 86, 89, 90, 100, 120: bit i of a set of architectures is tb_cuda_arch_sm[i]. */
extern const int tb_cuda_arch_sm[TB_CUDA_ARCH_COUNT];

/** Shared memory that a CTA may have on architecture bit i, bytes. Source: CUDA C++ Programming
 * Guide 13.0, table of compute capabilities. */
extern const int64_t tb_cuda_arch_shared_bytes[TB_CUDA_ARCH_COUNT];

#define TB_CUDA_OPTIONS_MAX 15

typedef struct tb_cuda_variant {
    const char *name;   /* unique: "fmha_fwd_bf16_d128_v128_q128_k64_s1" */
    const char *kernel; /* the function */
    const char *source; /* of cuda_sources.h */
    const char *options[TB_CUDA_OPTIONS_MAX + 1]; /* -DTB_..., NULL-ended */
    unsigned arches;                              /* set of tb_cuda_arch */
    tb_dtype dtype;                               /* of tensors */
    int dim, dim_value;   /* head dims that it is compiled for: smaller multiples of 8 are padded;
                             0 = any */
    int q_tile, kv_tile;  /* |T|, |U|; 0 = none, or any */
    int threads;          /* a CTA */
    int min_ctas;         /* that an SM is asked to hold */
    int64_t shared_bytes; /* dynamic, a CTA */
} tb_cuda_variant;

extern const tb_cuda_variant tb_cuda_variants[];
extern const int tb_cuda_variant_count;

/** By name, or NULL. */
const tb_cuda_variant *tb_cuda_variant_find(const char *name);

#endif
