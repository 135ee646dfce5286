/* Fused attention: [permute], fmha_fwd over the launch's tile list, [unpermute]. */
#include "cuda_program_permute.h"

tb_fmha_params tb_cuda_fmha_params(const tb_launch *launch)
{
    const tb_problem *p = &launch->problem;
    return (tb_fmha_params){.heads = (tb_i32)p->heads,
                            .heads_kv = (tb_i32)p->heads_kv,
                            .dim = (tb_i32)p->dim,
                            .dim_value = (tb_i32)p->dim_value,
                            .scale_log2 = tb_cuda_scale_log2(launch)};
}

void tb_cuda_point_sides(tb_cuda_step *step, const tb_cuda_sides *sides)
{
    tb_cuda_point(step, offsetof(tb_fmha_params, q), sides->q);
    tb_cuda_point(step, offsetof(tb_fmha_params, k), sides->k);
    tb_cuda_point(step, offsetof(tb_fmha_params, v), sides->v);
    tb_cuda_point(step, offsetof(tb_fmha_params, o), sides->o);
    tb_cuda_point(step, offsetof(tb_fmha_params, lse), sides->lse);
}

static tb_status add_attention(tb_cuda_plan *plan, const tb_cuda_variant *variant,
                               const tb_cuda_tiles *tiles, const tb_cuda_sides *sides,
                               tb_error *err)
{
    const tb_problem *p = &plan->launch->problem;
    tb_fmha_params params = tb_cuda_fmha_params(plan->launch);
    tb_cuda_tables tables;
    tb_cuda_step *step = NULL;
    int64_t grid[3] = {tiles->list->q_tiles, p->batch, p->heads};
    tb_status status = tb_cuda_add_tables(plan, tiles, &params, &tables, err);
    if (status == TB_OK) {
        status = tb_cuda_add_step(plan, variant, TB_CUDA_ATTENTION, grid, &params, sizeof params,
                                  &step, err);
    }
    if (status == TB_OK) {
        tb_cuda_point_sides(step, sides);
        tb_cuda_point_tables(step, &tables);
    }
    return status;
}

static tb_status add_steps(tb_cuda_plan *plan, const tb_cuda_variant *variant,
                           const tb_cuda_tiles *tiles, tb_error *err)
{
    tb_cuda_sides sides;
    tb_status status = tb_cuda_add_permutes(plan, tiles, &sides, err);
    if (status == TB_OK) {
        status = add_attention(plan, variant, tiles, &sides, err);
    }
    return status == TB_OK ? tb_cuda_add_unpermutes(plan, tiles, &sides, err) : status;
}

/* The form for tiles of such sizes. */
static tb_status choose_form(const tb_cuda_plan *plan, tb_kv_tiling kv_tiling, int64_t q_tile,
                             int64_t kv_tile, const tb_cuda_variant **out, tb_error *err)
{
    const tb_problem *p = &plan->launch->problem;
    if (kv_tiling == TB_KV_DYNAMIC) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "the CUDA kernels walk KV tiles of a grid; use --kv-tiling static");
    }
    tb_cuda_wanted wanted = {.kernel = p->dtype == TB_DTYPE_FP32 ? "fmha_fwd_fp32" : "fmha_fwd",
                             .dtype = p->dtype,
                             .dim = p->dim,
                             .dim_value = p->dim_value,
                             .q_tile = q_tile,
                             .kv_tile = kv_tile};
    tb_status status = tb_cuda_choose(plan, &wanted, out, err);
    if (status == TB_OK && kv_tile % 32 != 0) {
        return tb_fail(err, TB_EUNAVAILABLE, "KV tiles of %lld tokens; %s takes multiples of 32",
                       (long long)kv_tile, wanted.kernel);
    }
    return status;
}

tb_status tb_cuda_check_fused(const tb_cuda_plan *plan, tb_error *err)
{
    const tb_tiling *tiling = &plan->launch->tiling;
    const tb_layout *layout = &plan->launch->problem.layout;
    const tb_cuda_variant *variant;
    return choose_form(plan, tiling->kv_tiling, tb_tiling_q_tokens(tiling, layout),
                       tb_tiling_kv_tokens(tiling, layout), &variant, err);
}

tb_status tb_cuda_plan_fused(tb_cuda_plan *plan, tb_error *err)
{
    const tb_tile_list *list = plan->launch->tiles;
    const tb_cuda_variant *variant = NULL;
    tb_cuda_tiles tiles;
    tb_status status = choose_form(plan, list->tiling.kv_tiling, list->q_capacity,
                                   list->kv_capacity, &variant, err);
    if (status == TB_OK) {
        status = tb_cuda_tiles_create(plan, list, &tiles, err);
    }
    if (status != TB_OK) {
        return status;
    }
    status = add_steps(plan, variant, &tiles, err);
    tb_cuda_tiles_free(&tiles);
    return status;
}
