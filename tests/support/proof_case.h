/* Random problems for the proof: every kernel, in a few tiles each. */
#ifndef TB_PROOF_CASE_H
#define TB_PROOF_CASE_H

#include "backend.h"
#include "cuda_variant.h"
#include "sim_case.h"

/* The kernels that programs are made of. */
typedef enum tb_proof_kernel {
    TB_PROOF_FMHA,
    TB_PROOF_FMHA_FP32,
    TB_PROOF_NAIVE,
    TB_PROOF_GEMM,
    TB_PROOF_DECODE
} tb_proof_kernel;

#define TB_PROOF_KERNELS 5

extern const char *const tb_proof_kernel_names[TB_PROOF_KERNELS];

typedef struct tb_proof_case {
    tb_proof_kernel kernel;
    tb_sim_case sim;    /* problem, pattern, tiling */
    tb_tile_list *list; /* of fused attention, and at times of na_gemm; else NULL */
    tb_launch launch;   /* of these; borrows them */
    double logit_size;
} tb_proof_case;

/** The fmha_fwd variants that problems are drawn for: every shape in one of its two dtypes, the
 * first ones in both, `most` in all; each is compiled. Returns how many. */
int tb_proof_variants(const tb_cuda_variant **out, int most);

/**
 * Draw a problem for a kernel.
 *
 * @param[in] variant  of fmha_fwd: the form that is to serve it; else NULL
 * @param[in] mma      products of 2048 multiply-adds that it has at most, of all heads
 */
tb_proof_case *tb_proof_draw(gsl_rng *random, tb_proof_kernel kernel,
                             const tb_cuda_variant *variant, int64_t mma);
void tb_proof_free(tb_proof_case *item);

/** Say on stderr what the case is. */
void tb_proof_print(const tb_proof_case *item);

#endif
