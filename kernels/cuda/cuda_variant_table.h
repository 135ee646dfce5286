/* Every compiled form of our kernels, a line each; included by cuda_variant.c alone, which defines
 * the macros. Where several rows serve a launch, the first does.
 *
 * A row must fit the shared memory of the architectures that it names, and compile for them with
 * no spilled register and no stack: tests/cuda compiles them all.
 */

/* Fused attention on tensor cores, in bf16 and fp16:
 *   dim, dim_value, query tile, KV tile, stages, rows a warp, CTAs an SM, architectures
 *
 * 32 rows a warp halve what each mma needs from shared memory, where the output's accumulators
 * leave room for them: up to a dim_value of 128. */
TB_FMHA(32, 32, 64, 64, 2, 16, 4, ALL)
TB_FMHA(32, 32, 128, 64, 2, 32, 3, ALL)
TB_FMHA(64, 64, 64, 64, 2, 16, 2, ALL)
TB_FMHA(64, 64, 128, 64, 2, 32, 2, ALL)
TB_FMHA(64, 64, 128, 128, 2, 16, 1, ALL)
TB_FMHA(96, 96, 64, 64, 1, 16, 2, ALL)
TB_FMHA(96, 96, 128, 64, 1, 32, 2, ALL)
TB_FMHA(128, 128, 64, 32, 1, 16, 2, ALL)
TB_FMHA(128, 128, 64, 64, 1, 16, 2, ALL)
TB_FMHA(128, 128, 64, 128, 1, 16, 2, ALL)
TB_FMHA(128, 128, 128, 32, 1, 32, 2, ALL)
TB_FMHA(128, 128, 128, 64, 1, 32, 2, BIG)
TB_FMHA(128, 128, 128, 64, 2, 16, 1, SMALL)
TB_FMHA(128, 128, 128, 128, 1, 16, 1, ALL)
TB_FMHA(192, 192, 64, 64, 1, 16, 2, ALL)
TB_FMHA(192, 192, 128, 64, 1, 16, 1, ALL)
TB_FMHA(256, 256, 64, 32, 1, 16, 2, ALL)
TB_FMHA(256, 256, 64, 64, 1, 16, 2, ALL)
TB_FMHA(256, 256, 128, 64, 1, 16, 1, BIG)
TB_FMHA(192, 128, 128, 64, 1, 16, 1, ALL)

/* Fused attention in fp32, any tiles: head dims at most, CTAs an SM. */
TB_FMHA_FP32(256, 1)

/* Tokens into the order of tiles and back, rows of any bytes. */
TB_PERMUTE(token_permute)
TB_PERMUTE(token_unpermute)

/* Two partial results, any dim. */
TB_MERGE(bf16, BF16)
TB_MERGE(fp16, FP16)
TB_MERGE(fp32, FP32)

/* Baselines, any dim: one warp a query; and the three kernels of unfused attention. */
TB_NAIVE(bf16, BF16)
TB_NAIVE(fp16, FP16)
TB_NAIVE(fp32, FP32)
TB_GEMM(bf16, BF16)
TB_GEMM(fp16, FP16)

/* Decode attention: dim, dim_value, pieces in a warp's ring, CTAs an SM; its reduction, of any
 * dtype. */
TB_DECODE(64, 64, 4, 4)
TB_DECODE(128, 128, 4, 2)
TB_DECODE(256, 256, 4, 1)
TB_DECODE_REDUCE()

/* Device facts, of any dtype. */
TB_MICROBENCH()
