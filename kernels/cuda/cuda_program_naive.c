/* Naive attention: one warp a query, no tiles, no permutation. */
#include "checked.h"
#include "cuda_program_parts.h"
#include "mask_axes.h"
#include "naive_params.h"

_Static_assert(TB_NAIVE_AXES == TB_MAX_RANK, "an axis for each dimension");

static const char *const window_names[TB_NAIVE_AXES] = {"window 0", "window 1", "window 2",
                                                        "window 3"};

/* By position: the positions that it sees, `dilation` apart. */
static void fill_window(const tb_mask_axes *axes, int axis, tb_naive_window *window)
{
    for (int64_t x = 0; x < axes->extent[axis]; x++) {
        int64_t c = tb_mask_axes_from_position(axes, axis, x);
        tb_mask_interval seen = tb_mask_axes_window(axes, axis, c);
        window[x].start = (tb_i32)tb_mask_axes_to_position(axes, axis, seen.begin);
        window[x].end = (tb_i32)tb_mask_axes_to_position(axes, axis, seen.end - 1) + 1;
    }
}

/* Axes are aligned to the right; those that the layout lacks have one coordinate and no table. */
static tb_status add_windows(tb_cuda_plan *plan, const tb_mask_axes *axes, tb_naive_params *params,
                             int buffers[TB_NAIVE_AXES], tb_error *err)
{
    tb_status status = TB_OK;
    int missing = TB_NAIVE_AXES - axes->count;
    for (int i = 0; status == TB_OK && i < TB_NAIVE_AXES; i++) {
        int a = i - missing;
        params->extent[i] = a < 0 ? 1 : (tb_i32)axes->extent[a];
        params->dilation[i] = a < 0 ? 1 : (tb_i32)axes->dilation[a];
        buffers[i] = -1;
        if (a >= 0) {
            void *room = NULL;
            status = tb_cuda_add_constant(plan, window_names[i], axes->extent[a],
                                          sizeof(tb_naive_window), &buffers[i], &room, err);
            if (status == TB_OK) {
                fill_window(axes, a, room);
            }
        }
    }
    return status;
}

static tb_naive_params params_of(const tb_launch *launch)
{
    const tb_problem *p = &launch->problem;
    return (tb_naive_params){.tokens = tb_layout_tokens(&p->layout),
                             .q_rows = tb_launch_q_tokens(launch),
                             .kv_rows = tb_launch_kv_tokens(launch),
                             .heads = (tb_i32)p->heads,
                             .heads_kv = (tb_i32)p->heads_kv,
                             .dim = (tb_i32)p->dim,
                             .dim_value = (tb_i32)p->dim_value,
                             .scale_log2 = tb_cuda_scale_log2(launch)};
}

static void point(tb_cuda_step *step, const int windows[TB_NAIVE_AXES])
{
    tb_cuda_point(step, offsetof(tb_naive_params, q), TB_CUDA_Q);
    tb_cuda_point(step, offsetof(tb_naive_params, k), TB_CUDA_K);
    tb_cuda_point(step, offsetof(tb_naive_params, v), TB_CUDA_V);
    tb_cuda_point(step, offsetof(tb_naive_params, o), TB_CUDA_O);
    tb_cuda_point(step, offsetof(tb_naive_params, lse), TB_CUDA_LSE);
    for (size_t i = 0; i < TB_NAIVE_AXES; i++) {
        if (windows[i] >= 0) {
            tb_cuda_point(step, offsetof(tb_naive_params, window) + i * sizeof(void *), windows[i]);
        }
    }
}

tb_status tb_cuda_plan_naive(tb_cuda_plan *plan, tb_error *err)
{
    const tb_launch *launch = plan->launch;
    const tb_problem *p = &launch->problem;
    tb_mask_axes axes = tb_mask_axes_of_pattern(&launch->pattern, &p->layout);
    if (axes.count == 0) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "na_naive computes its mask and takes no explicit one; use the fused or "
                       "unfused implementation");
    }
    tb_cuda_wanted wanted = {
        .kernel = "na_naive", .dtype = p->dtype, .dim = p->dim, .dim_value = p->dim_value};
    const tb_cuda_variant *variant = NULL;
    tb_naive_params params = params_of(launch);
    int windows[TB_NAIVE_AXES];
    tb_cuda_step *step = NULL;
    int64_t grid[3] = {tb_ceil_div(params.q_rows, TB_NAIVE_QUERIES), p->batch, p->heads};
    tb_status status = tb_cuda_choose(plan, &wanted, &variant, err);
    if (status == TB_OK) {
        status = add_windows(plan, &axes, &params, windows, err);
    }
    if (status == TB_OK) {
        status = tb_cuda_add_step(plan, variant, TB_CUDA_ATTENTION, grid, &params, sizeof params,
                                  &step, err);
    }
    if (status == TB_OK) {
        point(step, windows);
    }
    return status;
}
