/* Attention in double precision, by enumerating pairs: what every kernel is checked against.
 *
 * It knows the pattern and never sees a tile list. */
#ifndef TB_REFERENCE_H
#define TB_REFERENCE_H

#include "backend.h"

/** One output row. */
typedef struct tb_reference_row {
    int64_t batch, head, query; /* query: token of q, 0 <= query < tb_launch_q_tokens() */
} tb_reference_row;

/** What that row should be. o and abs_pv are the caller's, dim_value doubles each. */
typedef struct tb_reference {
    double *o;
    double *abs_pv;   /* sum over visible keys of p |v|, by dimension of v */
    double lse;       /* natural logarithm; -inf where no key is visible */
    double abs_logit; /* A: max over visible keys of scale * sum |q k| */
    int64_t visible;  /* keys */
} tb_reference;

/**
 * Compute rows, on all threads where there are several.
 *
 *   p_j = exp(scale q.k_j - lse) over visible keys j; o = sum p_j v_j
 *
 * @param[in]  launch   problem, pattern and scale are used; tiles are not
 * @param[in]  tensors  q, k, v, as stored (bf16 and fp16 are read exactly)
 * @param[in]  rows     `count` of them
 * @param[out] out      `count` of them, o and abs_pv allocated by the caller
 * @return TB_OK; TB_EINVAL; TB_EUNAVAILABLE for a dtype that it cannot read; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_reference_rows(const tb_launch *launch, const tb_tensors *tensors,
                                         const tb_reference_row *rows, int64_t count,
                                         tb_reference *out, tb_error *err);

/**
 * The bound on |o - reference| of a kernel with fp32 arithmetic, for dimension d of v.
 *
 *   fp32 storage: 2^-24 (32 + 8 A) sum p|v|;  bf16: that + 2^-8 |o|;  fp16: that + 2^-11 |o|
 *
 * An error of a few units in the last place of the terms of a logit, scale |q k| <= A, is a
 * relative error of a weight as many times A; exponentials and sums add what does not grow with A.
 * A flat relative bound fails for honest code with large logits. docs/kernels.md has the errors
 * seen.
 */
double tb_reference_bound(const tb_reference *reference, tb_dtype dtype, int64_t d);

/** The same for lse: 2^-24 (32 + 8 A + |lse|). */
double tb_reference_lse_bound(const tb_reference *reference);

/** How a kernel on a GPU rounds. */
typedef enum tb_reference_arithmetic {
    TB_ARITHMETIC_FP32,  /* sums and weights in fp32; as a CPU, but exp2 and sums are a GPU's */
    TB_ARITHMETIC_TENSOR /* weights rounded to the tensors' type for mma */
} tb_reference_arithmetic;

/** How our CUDA kernels round in a launch: those for fp32 and the naive one do not use mma. */
tb_reference_arithmetic tb_reference_gpu_arithmetic(const tb_launch *launch);

/**
 * The bound on |o - reference| of a kernel on a GPU, for dimension d of v.
 *
 *   4 * 2^-24 (32 + 8 A) sum p|v| + 2 (u_P + u_out) sum p|v|
 *   u = 2^-8 of bf16, 2^-11 of fp16, 0 of fp32; u_P = 0 where weights stay in fp32
 *
 * A number rounded to nearest is off by u / 2 at most: each weight (u_P) while the sum that divides
 * them is not rounded, and the quotient (u_out), |o| <= sum p|v|. So (u_P + u_out) / 2 would do for
 * rounding alone; an input that is a denormal fp16, or an accumulator of mma that cuts off instead
 * of rounding, takes from the factor 4 that is left. The first term is tb_reference_bound() with a
 * factor 4 for ex2.approx (2 units in the last place) and mma's sums (order and rounding are not
 * specified). Source: PTX ISA 9.0, ex2 and mma; docs/kernels.md has the errors seen.
 */
double tb_reference_gpu_bound(const tb_reference *reference, tb_dtype dtype,
                              tb_reference_arithmetic arithmetic, int64_t d);

/** The same for lse: 4 * 2^-24 (32 + 8 A + |lse|). Weights are summed before they are rounded. */
double tb_reference_gpu_lse_bound(const tb_reference *reference);

/** Compare one row of a run with its reference: the largest error in units of its bound (<= 1 is
 *  right; +inf for a NaN, and for a fully masked row that is not zero with lse -inf). */
double tb_reference_compare(const tb_launch *launch, const tb_tensors *tensors,
                            const tb_reference_row *row, const tb_reference *reference);

/** The same with the bounds of a GPU. */
double tb_reference_gpu_compare(const tb_launch *launch, const tb_tensors *tensors,
                                const tb_reference_row *row, const tb_reference *reference,
                                tb_reference_arithmetic arithmetic);

#endif
