/* What the parts of planning a launch share; internal to kernels/cuda. */
#ifndef TB_CUDA_PROGRAM_PARTS_H
#define TB_CUDA_PROGRAM_PARTS_H

#include "cuda_program.h"
#include "slots.h"

/* A program in the making. */
typedef struct tb_cuda_plan {
    const tb_launch *launch;
    tb_cuda_device device;
    tb_cuda_program *program;
} tb_cuda_plan;

/** One implementation: a row of a table in cuda_program.c. Adds buffers and steps. */
typedef tb_status tb_cuda_plan_fn(tb_cuda_plan *plan, tb_error *err);

tb_cuda_plan_fn tb_cuda_plan_fused;
tb_cuda_plan_fn tb_cuda_plan_naive;
tb_cuda_plan_fn tb_cuda_plan_unfused;
tb_cuda_plan_fn tb_cuda_plan_decode;

/** Is there a fused kernel for a launch whose list is not yet made? */
TB_NODISCARD tb_status tb_cuda_check_fused(const tb_cuda_plan *plan, tb_error *err);

/** Add a tensor [batch][rows][heads][dim] of elements of `bytes`. */
TB_NODISCARD tb_status tb_cuda_add_tensor(tb_cuda_plan *plan, tb_cuda_role role, const char *name,
                                          const int64_t shape[4], int64_t bytes, int *buffer,
                                          tb_error *err);

/** Add a constant of `count` elements of `bytes`, zeroed, to be filled in by the caller. */
TB_NODISCARD tb_status tb_cuda_add_constant(tb_cuda_plan *plan, const char *name, int64_t count,
                                            size_t bytes, int *buffer, void **data, tb_error *err);

/** Add a step; pointers of its params are then told by tb_cuda_point(). `grid` is checked; *step
 *  holds until the next one is added. */
TB_NODISCARD tb_status tb_cuda_add_step(tb_cuda_plan *plan, const tb_cuda_variant *variant,
                                        tb_cuda_stage stage, const int64_t grid[3],
                                        const void *params, size_t params_bytes,
                                        tb_cuda_step **step, tb_error *err);

/** The pointer at byte `at` of the step's params is the address of `buffer`. */
void tb_cuda_point(tb_cuda_step *step, size_t at, int buffer);

/** What a step asks of a variant. */
typedef struct tb_cuda_wanted {
    const char *kernel;
    bool is_any_dtype; /* the kernel moves bytes */
    tb_dtype dtype;
    int64_t dim, dim_value;  /* 0 = the kernel has none */
    int64_t q_tile, kv_tile; /* |T|, |U|; 0 = the kernel has none */
} tb_cuda_wanted;

/** The variant for a device that pads head dims least, or TB_EUNAVAILABLE with what there is. */
TB_NODISCARD tb_status tb_cuda_choose(const tb_cuda_plan *plan, const tb_cuda_wanted *wanted,
                                      const tb_cuda_variant **out, tb_error *err);

/** TB_EOVERFLOW unless 0 <= value <= limit; `what` is a plural. */
TB_NODISCARD tb_status tb_cuda_fits(int64_t value, int64_t limit, const char *what, tb_error *err);

/** The launch's scale, times log2(e). */
float tb_cuda_scale_log2(const tb_launch *launch);

#endif
