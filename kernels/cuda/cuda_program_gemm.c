/* Unfused attention: scores to memory, softmax, weighted sum, as many heads at a time as the
 * workspace holds. */
#include "checked.h"
#include "cuda_program_permute.h"
#include "gemm_params.h"

#define WORKSPACE_BYTES (INT64_C(1) << 30)

/* Tokens of the tiles where the launch has none: runs in row-major order, so that nothing is
 * permuted. */
#define TILE 64

static const char *const kernels[] = {"na_gemm_scores", "na_gemm_softmax", "na_gemm_values"};

#define KERNELS 3

/* The three kernels, and how they share the scratch memory. */
typedef struct gemm_plan {
    const tb_cuda_variant *variant[KERNELS];
    int64_t pairs, at_once; /* heads of batch entries, and those in a launch */
    int scores, inverse;    /* buffers */
    tb_gemm_params params;
    tb_cuda_tables tables;
    tb_cuda_sides sides;
} gemm_plan;

static tb_status choose(const tb_cuda_plan *plan, const tb_tile_list *list, gemm_plan *gemm,
                        tb_error *err)
{
    const tb_problem *p = &plan->launch->problem;
    tb_status status = TB_OK;
    if (p->dtype == TB_DTYPE_FP32) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "na_gemm runs on tensor cores, in bf16 or fp16; for fp32 use the fused or "
                       "naive implementation");
    }
    for (int i = 0; status == TB_OK && i < KERNELS; i++) {
        tb_cuda_wanted wanted = {.kernel = kernels[i],
                                 .dtype = p->dtype,
                                 .dim = p->dim,
                                 .dim_value = p->dim_value,
                                 .q_tile = list->q_capacity,
                                 .kv_tile = list->kv_capacity};
        status = tb_cuda_choose(plan, &wanted, &gemm->variant[i], err);
    }
    return status;
}

/* Scratch memory for as many pairs as the workspace holds, at least one. */
static tb_status add_scratch(tb_cuda_plan *plan, const tb_cuda_tiles *tiles, gemm_plan *gemm,
                             tb_error *err)
{
    const tb_launch *launch = plan->launch;
    const tb_tile_list *list = tiles->list;
    int64_t tile = TB_GEMM_SCORE_BYTES(1, list->q_capacity, list->kv_capacity), pair, rows;
    if (!tb_mul_ok(tile, list->visited, &pair) || !tb_mul_ok(tiles->q_rows, 4, &rows) ||
        !tb_add_ok(pair, rows, &rows)) {
        return tb_fail(err, TB_EOVERFLOW, "the scores pass 2^63 bytes; make the problem smaller");
    }
    int64_t limit = launch->workspace_bytes > 0 ? launch->workspace_bytes : WORKSPACE_BYTES;
    gemm->pairs = launch->problem.batch * launch->problem.heads;
    gemm->at_once = tb_min(tb_min(gemm->pairs, tb_max(limit / rows, 1)), 65535);
    const int64_t scores[4] = {gemm->at_once, pair, 1, 1};
    const int64_t inverse[4] = {gemm->at_once, tiles->q_rows, 1, 1};
    tb_status status = tb_cuda_fits(gemm->pairs, INT32_MAX, "heads of all batch entries", err);
    if (status == TB_OK) {
        status = tb_cuda_add_tensor(plan, TB_CUDA_SCRATCH, "scores", scores, 1, &gemm->scores, err);
    }
    return status == TB_OK ? tb_cuda_add_tensor(plan, TB_CUDA_SCRATCH, "inverse", inverse, 4,
                                                &gemm->inverse, err)
                           : status;
}

/* The three kernels for pairs [first, first + count). */
static tb_status add_pairs(tb_cuda_plan *plan, const tb_cuda_tiles *tiles, gemm_plan *gemm,
                           int64_t first, int64_t count, tb_error *err)
{
    tb_status status = TB_OK;
    gemm->params.first_pair = (tb_i32)first;
    for (int i = 0; status == TB_OK && i < KERNELS; i++) {
        const int64_t grid[3] = {tiles->list->q_tiles, count, 1};
        tb_cuda_step *step = NULL;
        status = tb_cuda_add_step(plan, gemm->variant[i], TB_CUDA_ATTENTION, grid, &gemm->params,
                                  sizeof gemm->params, &step, err);
        if (status == TB_OK) {
            tb_cuda_point_sides(step, &gemm->sides);
            tb_cuda_point_tables(step, &gemm->tables);
            tb_cuda_point(step, offsetof(tb_gemm_params, scores), gemm->scores);
            tb_cuda_point(step, offsetof(tb_gemm_params, inverse), gemm->inverse);
        }
    }
    return status;
}

static tb_status add_steps(tb_cuda_plan *plan, const tb_cuda_tiles *tiles, gemm_plan *gemm,
                           tb_error *err)
{
    gemm->params = (tb_gemm_params){.fmha = tb_cuda_fmha_params(plan->launch),
                                    .entries = tiles->list->visited};
    tb_status status = tb_cuda_add_permutes(plan, tiles, &gemm->sides, err);
    if (status == TB_OK) {
        status = tb_cuda_add_tables(plan, tiles, &gemm->params.fmha, &gemm->tables, err);
    }
    if (status == TB_OK) {
        status = add_scratch(plan, tiles, gemm, err);
    }
    for (int64_t first = 0; status == TB_OK && first < gemm->pairs; first += gemm->at_once) {
        int64_t count = tb_min(gemm->at_once, gemm->pairs - first);
        status = add_pairs(plan, tiles, gemm, first, count, err);
    }
    return status == TB_OK ? tb_cuda_add_unpermutes(plan, tiles, &gemm->sides, err) : status;
}

static tb_status plan_list(tb_cuda_plan *plan, const tb_tile_list *list, tb_error *err)
{
    gemm_plan gemm = {0};
    tb_cuda_tiles tiles;
    tb_status status = choose(plan, list, &gemm, err);
    if (status == TB_OK) {
        status = tb_cuda_tiles_create(plan, list, &tiles, err);
    }
    if (status != TB_OK) {
        return status;
    }
    status = add_steps(plan, &tiles, &gemm, err);
    tb_cuda_tiles_free(&tiles);
    return status;
}

tb_status tb_cuda_plan_unfused(tb_cuda_plan *plan, tb_error *err)
{
    const tb_launch *launch = plan->launch;
    if (launch->tiles != NULL) {
        return plan_list(plan, launch->tiles, err);
    }
    tb_tiling tiling = {.kind = TB_TILING_SINGLE_DIM, .q_tile = {TILE}, .kv_tile = {TILE}};
    tb_tile_list *list = NULL;
    tb_status status = tb_tile_list_create(&launch->problem, &launch->pattern, &tiling, &list, err);
    if (status == TB_OK) {
        status = plan_list(plan, list, err);
    }
    tb_tile_list_destroy(list); /* the program has copies of all that it needs */
    return status;
}
