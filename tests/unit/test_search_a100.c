/* NATTEN's own search on an A100, which ran every tile shape for over an hour: layout 30x48x80,
 * window 18x24x24, stride 16x8x8, 24 heads, head dim 128 (NATTEN docs/profiler.md, optimize
 * example): 557.289 ms by default and 221.512 ms with 2x8x4 / 2x8x8; backward 1445 ms by default
 * and 1158 ms with 2x8x8 / 2x8x8. */
#include "search.h"
#include "search_tiles.h"
#include "test_support.h"
#include "timed_case.h"

#include <math.h>
#include <string.h>

/* Times of all shapes, least first. */
typedef struct ranking {
    tb_kernel *kernel;
    tb_device *device;
    tb_case item;
    tb_tiling_list shapes;
    tb_search_result result;
} ranking;

static ranking rank_shapes(tb_pass pass, bool has_fits)
{
    ranking r = {.kernel = tb_test_kernel("cutlass-fna"), .device = tb_test_device("a100-80")};
    static const int64_t window[] = {18, 24, 24}, stride[] = {16, 8, 8};
    tb_error err = {0};
    r.kernel->time.fit_count = has_fits ? r.kernel->time.fit_count : 0;
    r.item = tb_test_gna("30x48x80", NULL, NULL, 24);
    r.item.problem.pass = pass;
    tb_assert_ok(
        tb_search_tilings(&r.item, r.kernel, r.device, TB_SHAPES_KERNEL, false, &r.shapes, &err),
        &err);
    tb_search_space space = {.problem = r.item.problem,
                             .tilings = r.shapes.tilings,
                             .tiling_count = r.shapes.count,
                             .kernel = r.kernel,
                             .device = r.device,
                             .goal = TB_SEARCH_TIME,
                             .sparsity_high = 1,
                             .top = r.shapes.count};
    for (int d = 0; d < 3; d++) {
        space.dim[d] = (tb_search_dim){.window = window[d],
                                       .stride = stride[d],
                                       .dilation = 1,
                                       .min_window = 1,
                                       .window_step = 1,
                                       .max_dilation = 1,
                                       .min_field = 1};
    }
    tb_assert_ok(tb_search_run(&space, &r.result, &err), &err);
    assert_int_equal(r.result.row_count, r.shapes.count);
    return r;
}

static void close_ranking(ranking *r)
{
    tb_search_release(&r->result);
    tb_tiling_list_release(&r->shapes);
    tb_case_release(&r->item);
    tb_kernel_destroy(r->kernel);
    tb_device_destroy(r->device);
}

static double time_of(const ranking *r, int64_t q0, int64_t q1, int64_t q2, int64_t kv0,
                      int64_t kv1, int64_t kv2)
{
    const int64_t q[] = {q0, q1, q2}, kv[] = {kv0, kv1, kv2};
    for (size_t i = 0; i < r->result.row_count; i++) {
        const tb_tiling *tiling = &r->shapes.tilings[r->result.rows[i].tiling];
        if (memcmp(tiling->q_tile, q, sizeof q) == 0 &&
            memcmp(tiling->kv_tile, kv, sizeof kv) == 0) {
            return r->result.rows[i].time_us;
        }
    }
    fail_msg("the kernel lacks %lldx%lldx%lld", (long long)q0, (long long)q1, (long long)q2);
    return HUGE_VAL;
}

static void check_forward(bool has_fits)
{
    ranking r = rank_shapes(TB_PASS_FORWARD, has_fits);
    double best = r.result.rows[0].time_us;
    double chosen = time_of(&r, 2, 8, 4, 2, 8, 8), usual = time_of(&r, 4, 4, 4, 4, 4, 4);
    print_message("forward, %s: %zu shapes, the measured choice is %.3f x the least, the default "
                  "%.2f x (measured 2.52)\n",
                  has_fits ? "fitted" : "priors", r.result.row_count, chosen / best, usual / best);
    assert_true(chosen <= 1.02 * best);
    assert_true(usual > 1.5 * chosen);
    if (has_fits) {
        tb_assert_close(usual / chosen, 557.289 / 221.512, 0.05);
    }
    close_ranking(&r);
}

static void a100__the_measured_choice_is_the_model_s(void **state)
{
    (void)state;
    check_forward(true);
}

static void a100__the_choice_does_not_need_the_fit(void **state)
{
    (void)state;
    check_forward(false);
}

static void a100__the_backward_choice_is_the_model_s_too(void **state)
{
    (void)state;
    ranking r = rank_shapes(TB_PASS_BACKWARD, true);
    double best = r.result.rows[0].time_us;
    double chosen = time_of(&r, 2, 8, 8, 2, 8, 8), usual = time_of(&r, 4, 4, 4, 4, 4, 4);
    print_message("backward: %zu shapes, the measured choice is %.3f x the least, the default "
                  "%.2f x (measured 1.25)\n",
                  r.result.row_count, chosen / best, usual / best);
    assert_true(chosen <= 1.02 * best);
    assert_true(usual > chosen);
    close_ranking(&r);
}

/* 2x4x8 halves another dimension than 2x8x4 does, and both lie in the same stride groups: as many
 * tiles, none masked. What differs, the order in memory, the model does not have. */
static void a100__shapes_with_the_same_tiles_are_not_told_apart(void **state)
{
    (void)state;
    ranking r = rank_shapes(TB_PASS_FORWARD, true);
    tb_assert_close(time_of(&r, 2, 8, 4, 2, 8, 8), time_of(&r, 2, 4, 8, 2, 8, 8), 1e-12);
    close_ranking(&r);
}

TB_TESTS(cmocka_unit_test(a100__the_measured_choice_is_the_model_s),
         cmocka_unit_test(a100__the_choice_does_not_need_the_fit),
         cmocka_unit_test(a100__the_backward_choice_is_the_model_s_too),
         cmocka_unit_test(a100__shapes_with_the_same_tiles_are_not_told_apart));
