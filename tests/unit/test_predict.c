/* The whole answer to a case: launches, FLOPs, bytes, remarks. */
#include "test_support.h"

#include "predict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tb_kernel *load(const char *name)
{
    tb_kernel *kernel = NULL;
    tb_error err;
    assert_int_equal(unsetenv("TILEBOUND_DATA"), 0);
    tb_assert_ok(tb_kernel_load(name, &kernel, &err), &err);
    return kernel;
}

static void set_tiles(tb_case *item, int rank, const int64_t *q, const int64_t *kv)
{
    item->tiling.q_dims = item->tiling.kv_dims = rank;
    memcpy(item->tiling.q_tile, q, (size_t)rank * sizeof *q);
    memcpy(item->tiling.kv_tile, kv, (size_t)rank * sizeof *kv);
}

/* HunyuanVideo as the GNA paper has it, 24 heads. */
static tb_case hunyuanvideo(void)
{
    tb_case item = tb_case_default();
    item.problem.layout = (tb_layout){.rank = 3, .extent = {30, 48, 80}};
    item.problem.heads = item.problem.heads_kv = 24;
    item.pattern.kind = TB_PATTERN_GNA;
    memcpy(item.pattern.window, (const int64_t[]){18, 24, 24}, 3 * sizeof(int64_t));
    set_tiles(&item, 3, (const int64_t[]){4, 8, 8}, (const int64_t[]){2, 8, 8});
    return item;
}

/* 12 x 20 tokens, every number different: 6 heads on 3 KV heads, D = 64, Dv = 96, batch 2. */
static tb_case plane(void)
{
    tb_case item = tb_case_default();
    item.problem.layout = (tb_layout){.rank = 2, .extent = {12, 20}};
    item.problem.batch = 2;
    item.problem.heads = 6;
    item.problem.heads_kv = 3;
    item.problem.dim = 64;
    item.problem.dim_value = 96;
    item.pattern.kind = TB_PATTERN_GNA;
    item.pattern.window[0] = 5;
    item.pattern.window[1] = 7;
    set_tiles(&item, 2, (const int64_t[]){4, 4}, (const int64_t[]){3, 5});
    return item;
}

static tb_prediction predict(const tb_case *item, const tb_kernel *kernel)
{
    tb_prediction p;
    tb_error err;
    memset(&p, 0, sizeof p);
    tb_assert_ok(tb_predict(item, kernel, &p, &err), &err);
    return p;
}

static bool says(const tb_messages *messages, const char *part)
{
    for (size_t i = 0; i < messages->count; i++) {
        if (strstr(messages->text[i], part) != NULL) {
            return true;
        }
    }
    return false;
}

/* Per head: 480 query tiles, 82,368 visited tiles of 256 x 128, 115,200 * 10,368 visible pairs. */
static void predict__hunyuanvideo_has_its_published_bounds(void **state)
{
    (void)state;
    tb_case item = hunyuanvideo();
    tb_prediction p = predict(&item, NULL);
    assert_int_equal(p.census.visited, 82368);
    assert_int_equal(p.census.full, 12672);
    assert_int_equal(p.bound.baseline_tiles, 405000);
    tb_assert_close(p.bound.tile_speedup, 405000.0 / 82368, 1e-12);
    tb_assert_close(p.bound.tile_speedup_worst, 900.0 / 275, 1e-12);
    assert_false(p.has_masks);
    assert_int_equal(p.warnings.count, 0);
    tb_prediction_release(&p);
}

/* Of 24 heads:
 *   480 * 24 = 11,520 CTAs; 82,368 * 24 = 1,976,832 tiles
 *   a pair costs 2 (128 + 128) = 512 FLOP, 24 * 512 = 12,288 in all heads
 *   visible   1,194,393,600 * 12,288   = 14,676,708,556,800
 *   visited   82,368 * 256 * 128 * 12,288 = 33,165,737,459,712
 *   dense     115,200^2 * 12,288       = 163,074,539,520,000
 *   bytes     4 matrices * 115,200 * 24 * 128 * 2 = 2,831,155,200 */
static void predict__a_launch_adds_up_its_heads(void **state)
{
    (void)state;
    tb_case item = hunyuanvideo();
    tb_prediction p = predict(&item, NULL);
    assert_int_equal(p.launch.ctas, 11520);
    assert_int_equal(p.launch.visited_tiles, 1976832);
    tb_assert_close(p.launch.visible_flop, 14676708556800.0, 0);
    tb_assert_close(p.launch.visited_flop, 33165737459712.0, 0);
    tb_assert_close(p.launch.baseline_flop, 163074539520000.0, 0);
    tb_assert_close(p.launch.compulsory_bytes, 2831155200.0, 0);
    tb_prediction_release(&p);
}

static void predict__the_bound_is_what_the_flops_say(void **state)
{
    (void)state;
    tb_case item = hunyuanvideo();
    tb_prediction p = predict(&item, NULL);
    tb_assert_close(p.launch.baseline_flop / p.launch.visible_flop, p.bound.flop_speedup, 1e-12);
    tb_assert_close(1 - p.launch.visible_flop / p.launch.visited_flop, p.bound.waste, 1e-12);
    tb_prediction_release(&p);
}

/* 15 query tiles and 96 visited tiles a head; 12 copies (6 heads, batch 2).
 *   forward: 2 (64 + 96) = 320 FLOP a pair; 8,400 visible pairs; 96 * 16 * 15 in tiles; 240^2 dense
 *   Q 240 * 6 * 64, O 240 * 6 * 96, K 240 * 3 * 64, V 240 * 3 * 96: 345,600 elements */
static void predict__forward_counts_two_products_and_four_matrices(void **state)
{
    (void)state;
    tb_case item = plane();
    tb_prediction p = predict(&item, NULL);
    assert_int_equal(p.launch.ctas, 15 * 12);
    assert_int_equal(p.launch.visited_tiles, 96 * 12);
    tb_assert_close(p.launch.visible_flop, 8400.0 * 320 * 12, 0);
    tb_assert_close(p.launch.visited_flop, 96.0 * 16 * 15 * 320 * 12, 0);
    tb_assert_close(p.launch.baseline_flop, 57600.0 * 320 * 12, 0);
    tb_assert_close(p.launch.compulsory_bytes, 345600.0 * 2 * 2, 0);
    tb_prediction_release(&p);
}

/* backward: S, dP, dV, dQ, dK: three products over D and two over Dv, 2 (3 * 64 + 2 * 96) = 768
 * FLOP a pair; Q, K, V, O and their four gradients: twice the forward's elements; CTAs own one of
 * 16 KV tiles */
static void predict__backward_counts_five_products_and_eight_matrices(void **state)
{
    (void)state;
    tb_case item = plane();
    item.problem.pass = TB_PASS_BACKWARD;
    tb_prediction p = predict(&item, NULL);
    assert_int_equal(p.launch.ctas, 16 * 12);
    tb_assert_close(p.launch.visible_flop, 8400.0 * 768 * 12, 0);
    tb_assert_close(p.launch.visited_flop, 96.0 * 16 * 15 * 768 * 12, 0);
    tb_assert_close(p.launch.compulsory_bytes, 2 * 345600.0 * 2 * 2, 0);
    assert_int_equal(p.census.kv_min, 4);
    assert_int_equal(p.census.kv_max, 8);
    tb_prediction_release(&p);
}

static void predict__bytes_go_by_dtype(void **state)
{
    (void)state;
    static const double bytes[TB_DTYPE_COUNT] = {4, 2, 2, 1, 1};
    for (int dtype = 0; dtype < TB_DTYPE_COUNT; dtype++) {
        tb_case item = plane();
        item.problem.dtype = (tb_dtype)dtype;
        tb_prediction p = predict(&item, NULL);
        tb_assert_close(p.launch.compulsory_bytes, 345600.0 * 2 * bytes[dtype], 0);
        tb_prediction_release(&p);
    }
}

/* 7 extra KV tokens: one more tile for each of 15 query tiles. 9 extra queries: one more query tile
 * over all 17 KV tiles. 96 + 15 + 17 visited, (240 + 9) (240 + 7) dense pairs.
 *   Q 249 * 6 * 64 + O 249 * 6 * 96 + K 247 * 3 * 64 + V 247 * 3 * 96 = 357,600 elements */
static void predict__extra_tokens_count_in_all(void **state)
{
    (void)state;
    tb_case item = plane();
    item.problem.extra_kv = 7;
    item.problem.extra_q = 9;
    tb_prediction p = predict(&item, NULL);
    assert_int_equal(p.launch.ctas, 16 * 12);
    assert_int_equal(p.launch.visited_tiles, 128 * 12);
    tb_assert_close(p.launch.visible_flop, (8400.0 + 240 * 7 + 9 * 247) * 320 * 12, 0);
    tb_assert_close(p.launch.baseline_flop, 249.0 * 247 * 320 * 12, 0);
    tb_assert_close(p.launch.compulsory_bytes, 357600.0 * 2 * 2, 0);
    assert_true(says(&p.notes, "extra queries see everything, so the worst query tile visits"));
    tb_prediction_release(&p);
}

/* 10 = 4 + 3 + 3 tokens: 2, 1 and 1 query tiles of 3, three groups launched with 2 each */
static void predict__dilation_groups_are_launched_alike(void **state)
{
    (void)state;
    tb_case item = tb_case_default();
    item.problem.layout = (tb_layout){.rank = 1, .extent = {10}};
    item.pattern.kind = TB_PATTERN_GNA;
    item.pattern.window[0] = 2;
    item.pattern.dilation[0] = 3;
    set_tiles(&item, 1, (const int64_t[]){3}, (const int64_t[]){3});
    tb_prediction p = predict(&item, NULL);
    assert_int_equal(p.census.q_tiles, 4);
    assert_int_equal(p.launch.ctas, 6);
    tb_prediction_release(&p);
}

static void predict__launches_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    tb_prediction p;
    tb_error err;
    tb_case item = plane();
    item.problem.batch = INT64_MAX;
    tb_assert_fails(tb_predict(&item, NULL, &p, &err), &err, TB_EOVERFLOW,
                    "the tiles of all heads and batch entries pass 2^63 - 1");
    item.problem.batch = INT64_MAX / 6; /* the copies fit, the tiles do not */
    tb_assert_fails(tb_predict(&item, NULL, &p, &err), &err, TB_EOVERFLOW,
                    "the tiles of all heads and batch entries pass 2^63 - 1");
    item.problem.batch = INT64_MAX / 6 / 96;
    p = predict(&item, NULL);
    assert_true(p.launch.visited_tiles > INT64_MAX / 6 * 5);
    tb_prediction_release(&p);
}

static void predict__the_histogram_holds_every_query_tile(void **state)
{
    (void)state;
    tb_case item = hunyuanvideo();
    tb_prediction p = predict(&item, NULL);
    int64_t tiles = 0, visits = 0;
    for (size_t i = 0; i < p.visited_tiles.count; i++) {
        tiles += p.visited_tiles.bins[i].times;
        visits += p.visited_tiles.bins[i].times * p.visited_tiles.bins[i].value;
    }
    assert_int_equal(tiles, 480);
    assert_int_equal(visits, 82368);
    assert_int_equal(p.visited_tiles.bins[0].value, 81);
    assert_int_equal(p.visited_tiles.bins[p.visited_tiles.count - 1].value, 275);
    tb_prediction_release(&p);
}

static void predict__masks_are_those_of_the_kernel(void **state)
{
    (void)state;
    tb_kernel *natten = load("cutlass-blackwell-fna"), *flex = load("flex-fna");
    tb_case item = hunyuanvideo();
    tb_prediction p = predict(&item, natten);
    assert_true(p.has_masks);
    assert_int_equal(p.masks.masked, 82368); /* all or nothing */
    tb_prediction_release(&p);
    memcpy(item.pattern.stride, (const int64_t[]){16, 8, 8}, 3 * sizeof(int64_t));
    p = predict(&item, natten);
    assert_int_equal(p.masks.masked, 0);
    assert_true(p.bound.fully_block_sparse);
    tb_prediction_release(&p);
    item = hunyuanvideo();
    p = predict(&item, flex);
    assert_int_equal(p.masks.masked, 82368 - 12672); /* the partial ones */
    tb_prediction_release(&p);
    item.tiling.has_kind = true; /* NATTEN's rule is not defined for single-dim tiles */
    item.tiling.kind = TB_TILING_SINGLE_DIM;
    p = predict(&item, natten);
    assert_false(p.has_masks);
    tb_prediction_release(&p);
    tb_kernel_destroy(natten);
    tb_kernel_destroy(flex);
}

/* 16 x 8 x 8 strides make every tile of 2 x 8 x 8 full; the default 4 x 4 x 8 leaves partial ones
 */
static void predict__a_note_names_a_better_shape(void **state)
{
    (void)state;
    tb_kernel *kernel = load("cutlass-blackwell-fna");
    tb_case item = hunyuanvideo();
    memcpy(item.pattern.stride, (const int64_t[]){16, 8, 8}, 3 * sizeof(int64_t));
    item.tiling.q_dims = item.tiling.kv_dims = 0;
    tb_prediction p = predict(&item, kernel);
    double now = p.launch.visited_flop;
    assert_true(says(&p.notes, "tiles 8x4x8 / 2x8x8 of cutlass-blackwell-fna compute "));
    tb_prediction_release(&p);
    item.tiling.wants_best = true;
    p = predict(&item, kernel);
    assert_false(says(&p.notes, "--tiles best"));
    assert_int_equal(p.tiling.kv_tile[0], 2);
    double saving = 1 - p.launch.visited_flop / now;
    tb_prediction_release(&p);
    char want[64];
    (void)snprintf(want, sizeof want, " compute %.0f %% less than these", 100 * saving);
    item.tiling.wants_best = false;
    p = predict(&item, kernel);
    assert_true(says(&p.notes, want));
    tb_prediction_release(&p);
    tb_kernel_destroy(kernel);
}

static void predict__no_note_for_little_to_gain(void **state)
{
    (void)state;
    tb_kernel *kernel = load("cutlass-blackwell-fna");
    tb_case item = hunyuanvideo();
    item.tiling.q_dims = item.tiling.kv_dims = 0; /* 8x4x8 / 4x4x8 against 8x4x8 / 2x8x8: < 2 % */
    tb_prediction p = predict(&item, kernel);
    double now = p.launch.visited_flop;
    assert_false(says(&p.notes, "--tiles best"));
    tb_prediction_release(&p);
    item.tiling.wants_best = true;
    p = predict(&item, kernel);
    assert_true(p.launch.visited_flop > 0.98 * now);
    tb_prediction_release(&p);
    tb_kernel_destroy(kernel);
}

static void predict__warnings_say_what_the_kernel_lacks(void **state)
{
    (void)state;
    tb_kernel *kernel = load("cutlass-hopper-fna");
    tb_case item = hunyuanvideo(); /* whose tiles are Blackwell's */
    tb_prediction p = predict(&item, kernel);
    assert_int_equal(p.warnings.count, 1);
    assert_string_equal(p.warnings.text[0],
                        "kernel cutlass-hopper-fna has no tiles 4x8x8 / 2x8x8 for this problem; "
                        "'tilebound list kernels cutlass-hopper-fna' shows what it has");
    tb_prediction_release(&p);
    item = tb_case_default();
    item.problem.layout = (tb_layout){.rank = 1, .extent = {7200}};
    item.pattern.kind = TB_PATTERN_LOCAL;
    item.pattern.left = 96;
    item.pattern.right = 0;
    p = predict(&item, kernel);
    assert_int_equal(p.warnings.count, 1);
    assert_string_equal(p.warnings.text[0],
                        "kernel cutlass-hopper-fna does not run local patterns; the census holds "
                        "for its tiles only");
    assert_false(p.has_masks);
    tb_prediction_release(&p);
    tb_kernel_destroy(kernel);
}

static void predict__a_note_tells_of_padded_head_dims(void **state)
{
    (void)state;
    tb_kernel *kernel = load("cutlass-hopper-fna");
    tb_case item = tb_case_default();
    item.problem.layout = (tb_layout){.rank = 1, .extent = {7200}};
    item.problem.dim = 96;
    item.problem.dim_value = 72;
    tb_prediction p = predict(&item, kernel);
    assert_true(says(&p.notes, "kernel cutlass-hopper-fna pads head dim 96 to 128"));
    tb_prediction_release(&p);
    item.problem.dim_value = 128;
    p = predict(&item, kernel);
    assert_false(says(&p.notes, "pads head dim"));
    tb_prediction_release(&p);
    tb_kernel_destroy(kernel);
}

static void predict__notes_explain_odd_bounds(void **state)
{
    (void)state;
    tb_case item = hunyuanvideo(); /* 30 is no multiple of 4: query tiles are padded */
    memcpy(item.pattern.stride, (const int64_t[]){16, 8, 8}, 3 * sizeof(int64_t));
    tb_prediction p = predict(&item, NULL);
    assert_true(p.bound.tile_speedup_worst > p.bound.tile_speedup);
    assert_true(says(&p.notes, "the worst-tile bound leaves padding of query tiles out"));
    tb_prediction_release(&p);
    item = tb_case_default(); /* 2 x 2 boxes of 4 x 4 where 25 tokens make two runs of 16 */
    item.problem.layout = (tb_layout){.rank = 2, .extent = {5, 5}};
    set_tiles(&item, 2, (const int64_t[]){4, 4}, (const int64_t[]){4, 4});
    p = predict(&item, NULL);
    tb_assert_close(p.bound.tile_speedup, 4.0 / 16, 0);
    assert_true(says(&p.notes, "these tiles do more work than the dense baseline"));
    tb_prediction_release(&p);
}

/* As many pairs as fit, in 1 x 1 tiles: the other shapes, which do not fit, are nobody's question.
 */
static void predict__an_unasked_note_is_no_reason_to_fail(void **state)
{
    (void)state;
    tb_kernel *kernel = load("flex-fna");
    tb_case item = tb_case_default();
    item.problem.layout = (tb_layout){.rank = 1, .extent = {3037000499}};
    set_tiles(&item, 1, (const int64_t[]){1}, (const int64_t[]){1});
    tb_prediction p = predict(&item, NULL);
    assert_int_equal(p.census.visited, INT64_C(3037000499) * 3037000499);
    tb_prediction_release(&p);
    p = predict(&item, kernel); /* tiles of 64 would pass 2^63 pairs by their padding */
    assert_int_equal(p.census.visited, INT64_C(3037000499) * 3037000499);
    tb_prediction_release(&p);
    tb_kernel_destroy(kernel);
}

static void predict__failure_leaves_the_result_alone(void **state)
{
    (void)state;
    tb_prediction p, before;
    tb_error err;
    memset(&p, 0x72, sizeof p);
    before = p;
    tb_case item = plane();
    item.pattern.window[0] = 13;
    tb_assert_fails(tb_predict(&item, NULL, &p, &err), &err, TB_EINVAL, "window 13");
    assert_memory_equal(&p, &before, sizeof p);
    item = plane();
    item.baseline = TB_BASELINE_CAUSAL;
    tb_assert_fails(tb_predict(&item, NULL, &p, &err), &err, TB_EINVAL,
                    "a causal baseline needs a layout of one dimension");
    assert_memory_equal(&p, &before, sizeof p);
}

TB_TESTS(cmocka_unit_test(predict__hunyuanvideo_has_its_published_bounds),
         cmocka_unit_test(predict__a_launch_adds_up_its_heads),
         cmocka_unit_test(predict__the_bound_is_what_the_flops_say),
         cmocka_unit_test(predict__forward_counts_two_products_and_four_matrices),
         cmocka_unit_test(predict__backward_counts_five_products_and_eight_matrices),
         cmocka_unit_test(predict__bytes_go_by_dtype),
         cmocka_unit_test(predict__extra_tokens_count_in_all),
         cmocka_unit_test(predict__dilation_groups_are_launched_alike),
         cmocka_unit_test(predict__launches_that_do_not_fit_are_refused),
         cmocka_unit_test(predict__the_histogram_holds_every_query_tile),
         cmocka_unit_test(predict__masks_are_those_of_the_kernel),
         cmocka_unit_test(predict__a_note_names_a_better_shape),
         cmocka_unit_test(predict__no_note_for_little_to_gain),
         cmocka_unit_test(predict__warnings_say_what_the_kernel_lacks),
         cmocka_unit_test(predict__a_note_tells_of_padded_head_dims),
         cmocka_unit_test(predict__notes_explain_odd_bounds),
         cmocka_unit_test(predict__an_unasked_note_is_no_reason_to_fail),
         cmocka_unit_test(predict__failure_leaves_the_result_alone));
