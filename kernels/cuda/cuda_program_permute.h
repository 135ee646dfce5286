/* Tokens into the order of tiles and back, as steps of a program; internal to kernels/cuda. */
#ifndef TB_CUDA_PROGRAM_PERMUTE_H
#define TB_CUDA_PROGRAM_PERMUTE_H

#include "cuda_program_tiles.h"
#include "permute_params.h"

/** Buffers of the tensors that an attention kernel is handed: the launch's own, or copies of them
 *  in the order of tiles. */
typedef struct tb_cuda_sides {
    int q, k, v, o, lse;
    int q_table; /* token by query slot; -1 where the query side is not permuted */
} tb_cuda_sides;

/** Permute each side whose tiles are no runs: copies as scratch, and the steps that fill them. */
TB_NODISCARD tb_status tb_cuda_add_permutes(tb_cuda_plan *plan, const tb_cuda_tiles *tiles,
                                            tb_cuda_sides *sides, tb_error *err);

/** Bring o and lse back where the query side is permuted. */
TB_NODISCARD tb_status tb_cuda_add_unpermutes(tb_cuda_plan *plan, const tb_cuda_tiles *tiles,
                                              const tb_cuda_sides *sides, tb_error *err);

/** Params of fused attention over a launch, but for tiles and masks. */
tb_fmha_params tb_cuda_fmha_params(const tb_launch *launch);

/** Point a step whose params begin with tb_fmha_params at its tensors. */
void tb_cuda_point_sides(tb_cuda_step *step, const tb_cuda_sides *sides);

#endif
