/* Which tiles a case runs with. The expected shapes are those of the YAML files in models/kernels,
 * written out here, so that neither the loader nor the choice can drift unseen. */
#include "test_support.h"

#include "tile_case.h"

#include <string.h>

static void assert_refused(const tb_case *item, const tb_kernel *kernel, tb_status code,
                           const char *message)
{
    tb_tiling tiling;
    tb_error err;
    tb_assert_fails(tb_tiling_resolve(item, kernel, &tiling, &err), &err, code, message);
}

static void tile_choice__without_a_kernel_tiles_are_near_128(void **state)
{
    (void)state;
    static const int64_t want[TB_MAX_RANK][TB_MAX_RANK] = {{128}, {16, 8}, {4, 4, 8}, {2, 4, 4, 4}};
    for (int rank = 1; rank <= TB_MAX_RANK; rank++) {
        tb_case item = tb_test_dense_case(rank);
        tb_tiling tiling = tb_test_resolve(&item, NULL);
        tb_test_same_tile(tiling.q_tile, want[rank - 1], rank);
        tb_test_same_tile(tiling.kv_tile, want[rank - 1], rank);
        assert_int_equal(tb_tiling_q_tokens(&tiling, &item.problem.layout), 128);
        assert_int_equal(tiling.kind, TB_TILING_MULTI_DIM);
        assert_int_equal(tiling.kv_tiling, TB_KV_STATIC);
        assert_int_equal(tiling.order, TB_ORDER_ROW_MAJOR);
    }
}

/* A default of a known kernel. */
typedef struct expected {
    const char *kernel;
    tb_pass pass;
    int64_t dim;
    int rank;
    tb_tile_pair pair;
} expected;

#define F TB_PASS_FORWARD
#define B TB_PASS_BACKWARD

static const expected defaults[] = {
    {"cutlass-hopper-fna", F, 32, 1, {{64}, {128}}},
    {"cutlass-hopper-fna", F, 64, 2, {{8, 8}, {16, 8}}},
    {"cutlass-hopper-fna", F, 64, 3, {{4, 4, 4}, {4, 4, 8}}},
    {"cutlass-hopper-fna", F, 65, 1, {{128}, {128}}}, /* padded to 128 */
    {"cutlass-hopper-fna", F, 128, 2, {{16, 8}, {16, 8}}},
    {"cutlass-hopper-fna", F, 128, 3, {{4, 4, 8}, {4, 4, 8}}},
    {"cutlass-hopper-fna", F, 129, 1, {{128}, {64}}}, /* padded to 256 */
    {"cutlass-hopper-fna", F, 256, 2, {{16, 8}, {8, 8}}},
    {"cutlass-hopper-fna", F, 256, 3, {{4, 4, 8}, {4, 4, 4}}},
    {"cutlass-hopper-fna", B, 32, 1, {{64}, {128}}},
    {"cutlass-hopper-fna", B, 64, 2, {{8, 8}, {16, 8}}},
    {"cutlass-hopper-fna", B, 64, 3, {{4, 4, 4}, {4, 4, 8}}},
    {"cutlass-hopper-fna", B, 128, 1, {{64}, {128}}},
    {"cutlass-hopper-fna", B, 128, 2, {{8, 8}, {16, 8}}},
    {"cutlass-hopper-fna", B, 128, 3, {{4, 4, 4}, {4, 4, 8}}},
    {"cutlass-blackwell-fna", F, 32, 1, {{256}, {128}}},
    {"cutlass-blackwell-fna", F, 128, 2, {{16, 16}, {16, 8}}},
    {"cutlass-blackwell-fna", F, 128, 3, {{8, 4, 8}, {4, 4, 8}}},
    {"cutlass-blackwell-fna", B, 64, 1, {{128}, {128}}},
    {"cutlass-blackwell-fna", B, 128, 2, {{16, 8}, {16, 8}}},
    {"cutlass-blackwell-fna", B, 128, 3, {{4, 4, 8}, {4, 4, 8}}},
    {"cutlass-fna", F, 7, 1, {{64}, {64}}}, /* its first shapes are not its defaults */
    {"cutlass-fna", F, 128, 2, {{8, 8}, {8, 8}}},
    {"cutlass-fna", F, 1024, 3, {{4, 4, 4}, {4, 4, 4}}},
    {"cutlass-fna", B, 128, 1, {{64}, {64}}},
    {"cutlass-fna", B, 128, 2, {{8, 8}, {8, 8}}},
    {"cutlass-fna", B, 128, 3, {{4, 4, 4}, {4, 4, 4}}},
    {"flex-fna", F, 96, 1, {{64}, {64}}},
    {"flex-fna", F, 96, 2, {{8, 8}, {8, 8}}},
    {"flex-fna", F, 96, 3, {{4, 4, 4}, {4, 4, 4}}},
};

static void tile_choice__defaults_go_by_kernel_pass_head_dim_and_rank(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
        const expected *e = &defaults[i];
        tb_kernel *kernel = tb_test_known_kernel(e->kernel);
        tb_case item = tb_test_dense_case(e->rank);
        item.problem.pass = e->pass;
        item.problem.dim = e->dim;
        item.problem.dim_value = 1;
        tb_tiling tiling = tb_test_resolve(&item, kernel);
        tb_test_same_tile(tiling.q_tile, e->pair.q_tile, e->rank);
        tb_test_same_tile(tiling.kv_tile, e->pair.kv_tile, e->rank);
        assert_true(tb_kernel_has_tiles(kernel, &item.problem, &tiling));
        item.problem.dim_value = e->dim; /* the larger of the two head dims decides */
        item.problem.dim = 1;
        tb_tiling same = tb_test_resolve(&item, kernel);
        tb_test_same_tile(same.q_tile, tiling.q_tile, e->rank);
        tb_test_same_tile(same.kv_tile, tiling.kv_tile, e->rank);
        tb_kernel_destroy(kernel);
    }
}

static void tile_choice__dtypes_that_a_kernel_lacks_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *kernel;
        bool runs[TB_DTYPE_COUNT]; /* fp32 fp16 bf16 e4m3 e5m2 */
    } kernels[] = {{"cutlass-hopper-fna", {false, true, true, false, false}},
                   {"cutlass-blackwell-fna", {false, true, true, true, true}},
                   {"cutlass-fna", {true, true, true, false, false}},
                   {"flex-fna", {true, true, true, true, true}}};
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        tb_kernel *kernel = tb_test_known_kernel(kernels[k].kernel);
        for (int dtype = 0; dtype < TB_DTYPE_COUNT; dtype++) {
            tb_case item = tb_test_dense_case(2);
            item.problem.dtype = (tb_dtype)dtype;
            if (kernels[k].runs[dtype]) {
                (void)tb_test_resolve(&item, kernel);
            } else {
                assert_refused(&item, kernel, TB_EINVAL, "does not run ");
            }
        }
        tb_kernel_destroy(kernel);
    }
}

static void tile_choice__what_a_kernel_lacks_is_named(void **state)
{
    (void)state;
    tb_kernel *hopper = tb_test_known_kernel("cutlass-hopper-fna"),
              *flex = tb_test_known_kernel("flex-fna");
    tb_case item = tb_test_dense_case(1);
    item.problem.dtype = TB_DTYPE_FP32;
    assert_refused(&item, hopper, TB_EINVAL,
                   "kernel cutlass-hopper-fna does not run fp32; it runs fp16, bf16");
    item = tb_test_dense_case(1);
    item.problem.dim = 257;
    assert_refused(&item, hopper, TB_EINVAL, "has no forward tiles for head dim 257");
    item.problem.dim = 256;
    item.problem.pass = TB_PASS_BACKWARD;
    assert_refused(&item, hopper, TB_EINVAL, "has no backward tiles for head dim 256");
    item = tb_test_dense_case(1);
    item.problem.pass = TB_PASS_BACKWARD;
    assert_refused(&item, flex, TB_EINVAL,
                   "kernel flex-fna has no backward tiles; give --q-tile and --kv-tile");
    item = tb_test_dense_case(4);
    assert_refused(&item, flex, TB_EINVAL,
                   "kernel flex-fna has no forward tiles for a layout of 4 dimensions");
    tb_kernel_destroy(hopper);
    tb_kernel_destroy(flex);
}

static void tile_choice__both_tiles_given_need_nothing_of_the_kernel(void **state)
{
    (void)state;
    static const int64_t q[] = {1, 2, 3, 4}, kv[] = {4, 3, 2, 1};
    tb_kernel *flex =
        tb_test_known_kernel("flex-fna"); /* has none of rank 4, and no backward ones */
    tb_case item = tb_test_dense_case(4);
    item.problem.pass = TB_PASS_BACKWARD;
    item.tiling.q_dims = 4;
    memcpy(item.tiling.q_tile, q, sizeof q);
    assert_refused(&item, flex, TB_EINVAL, "kernel flex-fna has no backward tiles");
    item.tiling.kv_dims = 4;
    memcpy(item.tiling.kv_tile, kv, sizeof kv);
    tb_tiling tiling = tb_test_resolve(&item, flex);
    tb_test_same_tile(tiling.q_tile, q, 4);
    tb_test_same_tile(tiling.kv_tile, kv, 4);
    assert_false(tb_kernel_has_tiles(flex, &item.problem, &tiling));
    tb_kernel_destroy(flex);
}

/* cutlass-blackwell-fna in three dimensions: [8 4 8] pairs with [4 4 8] and [2 8 8], [2 8 16] with
 * the same two, [4 4 16] with [2 4 16], [2 16 8] and [4 8 8] with [2 8 8]. */
static void tile_choice__one_tile_picks_the_first_pair_that_has_it(void **state)
{
    (void)state;
    static const struct {
        int64_t q[3], kv[3];           /* as given; 0 = not given */
        int64_t want_q[3], want_kv[3]; /* as resolved */
    } choices[] = {
        {{8, 4, 8}, {0}, {8, 4, 8}, {4, 4, 8}},
        {{2, 8, 16}, {0}, {2, 8, 16}, {4, 4, 8}},
        {{4, 4, 16}, {0}, {4, 4, 16}, {2, 4, 16}},
        {{4, 8, 8}, {0}, {4, 8, 8}, {2, 8, 8}},
        {{0}, {4, 4, 8}, {8, 4, 8}, {4, 4, 8}},
        {{0}, {2, 8, 8}, {8, 4, 8}, {2, 8, 8}},
        {{0}, {2, 4, 16}, {4, 4, 16}, {2, 4, 16}},
        {{4, 4, 4}, {0}, {4, 4, 4}, {4, 4, 8}},           /* unknown: the default's other */
        {{0}, {3, 3, 3}, {8, 4, 8}, {3, 3, 3}},           /* likewise */
        {{2, 16, 8}, {2, 4, 16}, {2, 16, 8}, {2, 4, 16}}, /* no pair: as given */
        {{0}, {0}, {8, 4, 8}, {4, 4, 8}},
    };
    tb_kernel *kernel = tb_test_known_kernel("cutlass-blackwell-fna");
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        tb_case item = tb_test_dense_case(3);
        item.tiling.q_dims = choices[i].q[0] > 0 ? 3 : 0;
        item.tiling.kv_dims = choices[i].kv[0] > 0 ? 3 : 0;
        memcpy(item.tiling.q_tile, choices[i].q, sizeof choices[i].q);
        memcpy(item.tiling.kv_tile, choices[i].kv, sizeof choices[i].kv);
        tb_tiling tiling = tb_test_resolve(&item, kernel);
        tb_test_same_tile(tiling.q_tile, choices[i].want_q, 3);
        tb_test_same_tile(tiling.kv_tile, choices[i].want_kv, 3);
    }
    tb_kernel_destroy(kernel);
}

static void tile_choice__one_tile_without_a_kernel_keeps_the_other_near_128(void **state)
{
    (void)state;
    tb_case item = tb_test_dense_case(2);
    item.tiling.kv_dims = 2;
    item.tiling.kv_tile[0] = 7;
    item.tiling.kv_tile[1] = 9;
    tb_tiling tiling = tb_test_resolve(&item, NULL);
    tb_test_same_tile(tiling.q_tile, (const int64_t[]){16, 8}, 2);
    tb_test_same_tile(tiling.kv_tile, (const int64_t[]){7, 9}, 2);
}

static void tile_choice__tiles_have_one_entry_a_dimension(void **state)
{
    (void)state;
    tb_case item = tb_test_dense_case(2);
    item.tiling.q_dims = 3;
    item.tiling.q_tile[0] = item.tiling.q_tile[1] = item.tiling.q_tile[2] = 4;
    assert_refused(&item, NULL, TB_EINVAL,
                   "--q-tile has 3 entries for a layout of 2 dimensions; it needs one a dimension");
    item.tiling.q_dims = 2;
    item.tiling.kv_dims = 1;
    item.tiling.kv_tile[0] = 8;
    assert_refused(&item, NULL, TB_EINVAL,
                   " for a layout of 2 dimensions; it needs one a dimension");
}

static void tile_choice__single_dim_tiles_are_products(void **state)
{
    (void)state;
    tb_kernel *kernel = tb_test_known_kernel("cutlass-blackwell-fna");
    tb_case item = tb_test_dense_case(3);
    item.tiling.has_kind = true;
    item.tiling.kind = TB_TILING_SINGLE_DIM;
    item.tiling.order = TB_ORDER_HILBERT;
    tb_tiling tiling = tb_test_resolve(&item, kernel); /* of [8 4 8] and [4 4 8] */
    assert_int_equal(tiling.kind, TB_TILING_SINGLE_DIM);
    assert_int_equal(tiling.order, TB_ORDER_HILBERT);
    assert_int_equal(tiling.q_tile[0], 256);
    assert_int_equal(tiling.kv_tile[0], 128);
    assert_true(tb_kernel_has_tiles(kernel, &item.problem, &tiling));
    item.tiling.q_dims = 1;
    item.tiling.q_tile[0] = 72;
    item.tiling.kv_dims = 3;
    memcpy(item.tiling.kv_tile, (const int64_t[]){3, 5, 7}, 3 * sizeof(int64_t));
    tiling = tb_test_resolve(&item, kernel);
    assert_int_equal(tiling.q_tile[0], 72);
    assert_int_equal(tiling.kv_tile[0], 105);
    assert_false(tb_kernel_has_tiles(kernel, &item.problem, &tiling));
    item.tiling.kv_dims = 2;
    assert_refused(&item, kernel, TB_EINVAL, "it needs one, or one a dimension");
    item.tiling.kv_dims = 3;
    item.tiling.kv_tile[0] = INT64_MAX;
    assert_refused(&item, kernel, TB_EOVERFLOW, "a tile of more than 2^63 - 1 tokens");
    tb_kernel_destroy(kernel);
}

static void tile_choice__kind_and_kv_tiling_come_from_the_kernel(void **state)
{
    (void)state;
    tb_kernel *fna = tb_test_known_kernel("cutlass-fna"); /* dynamic, forward only */
    tb_case item = tb_test_gna_case(2, (const int64_t[]){48, 48});
    assert_int_equal(tb_test_resolve(&item, fna).kv_tiling, TB_KV_DYNAMIC);
    assert_int_equal(tb_test_resolve(&item, NULL).kv_tiling, TB_KV_STATIC);
    item.problem.pass = TB_PASS_BACKWARD;
    assert_int_equal(tb_test_resolve(&item, fna).kv_tiling, TB_KV_STATIC);
    item.problem.pass = TB_PASS_FORWARD;
    item.tiling.has_kind = true;
    item.tiling.kind = TB_TILING_SINGLE_DIM;
    assert_int_equal(tb_test_resolve(&item, fna).kv_tiling, TB_KV_STATIC);
    item.tiling.has_kind = false;
    item.tiling.has_kv_tiling = true;
    item.tiling.kv_tiling = TB_KV_STATIC;
    assert_int_equal(tb_test_resolve(&item, fna).kv_tiling, TB_KV_STATIC);
    tb_case causal = tb_test_dense_case(2); /* of two dimensions: no window in each */
    causal.pattern.kind = TB_PATTERN_CAUSAL;
    assert_int_equal(tb_test_resolve(&causal, fna).kv_tiling, TB_KV_STATIC);
    tb_kernel_destroy(fna);
}

static void tile_choice__what_makes_no_sense_is_refused_first(void **state)
{
    (void)state;
    tb_case item = tb_test_gna_case(1, (const int64_t[]){7681});
    assert_refused(&item, NULL, TB_EINVAL, "window 7681 with dilation 1 spans more than the 7680");
    item = tb_test_dense_case(1);
    item.problem.heads_kv = 7;
    assert_refused(&item, NULL, TB_EINVAL, "1 heads and 7 KV heads");
    item = tb_test_dense_case(1);
    item.tiling.wants_best = true;
    assert_refused(&item, NULL, TB_EINVAL, "the best tiles of which kernel? give --kernel");
}

/* The first set that has the rank decides, not the first set. */
static void tile_choice__the_default_is_of_the_first_set_with_the_rank(void **state)
{
    (void)state;
    tb_kernel *kernel = tb_test_kernel_of_text("forward:\n"
                                               "- dims: [64]\n"
                                               "  tiles: {1: [[[7], [9]]]}\n"
                                               "- tiles: {2: [[[7, 9], [9, 7]]]}\n"
                                               "- dims: [128]\n"
                                               "  tiles: {1: [[[11], [13]], [[15], [17]]]}\n"
                                               "  default: {1: [[15], [17]]}\n");
    tb_case item = tb_test_dense_case(1);
    assert_int_equal(tb_test_resolve(&item, kernel).q_tile[0], 15);
    tb_kernel_destroy(kernel);
}

/* 320 * 107367629 * 536903681 = 2^64 + 64: a product that wraps is 64, which the kernel has not. */
static void tile_choice__products_of_large_tiles_do_not_wrap(void **state)
{
    (void)state;
    tb_kernel *kernel =
        tb_test_kernel_of_text("forward: [{tiles: {3: [[[320, 107367629, 536903681], [320, "
                               "107367629, 536903681]]]}}]\n");
    tb_case item = tb_test_dense_case(3);
    tb_tiling tiling = {.kind = TB_TILING_SINGLE_DIM, .q_tile = {64}, .kv_tile = {64}};
    assert_false(tb_kernel_has_tiles(kernel, &item.problem, &tiling));
    tb_kernel_destroy(kernel);
}

TB_TESTS(cmocka_unit_test(tile_choice__without_a_kernel_tiles_are_near_128),
         cmocka_unit_test(tile_choice__defaults_go_by_kernel_pass_head_dim_and_rank),
         cmocka_unit_test(tile_choice__dtypes_that_a_kernel_lacks_are_refused),
         cmocka_unit_test(tile_choice__what_a_kernel_lacks_is_named),
         cmocka_unit_test(tile_choice__both_tiles_given_need_nothing_of_the_kernel),
         cmocka_unit_test(tile_choice__one_tile_picks_the_first_pair_that_has_it),
         cmocka_unit_test(tile_choice__one_tile_without_a_kernel_keeps_the_other_near_128),
         cmocka_unit_test(tile_choice__tiles_have_one_entry_a_dimension),
         cmocka_unit_test(tile_choice__single_dim_tiles_are_products),
         cmocka_unit_test(tile_choice__kind_and_kv_tiling_come_from_the_kernel),
         cmocka_unit_test(tile_choice__what_makes_no_sense_is_refused_first),
         cmocka_unit_test(tile_choice__the_default_is_of_the_first_set_with_the_rank),
         cmocka_unit_test(tile_choice__products_of_large_tiles_do_not_wrap));
