/* Small functions of sim/ on numbers worked out by hand. */
#include "census.h"
#include "test_support.h"

#include <string.h>

static const tb_layout plane = {.rank = 2, .extent = {21, 30}};

/* floor(21 / 4) = 5 and floor(30 / 7) = 4: the longest windows with those dilations. */
static void whole_axis__is_what_dilation_leaves_of_it(void **state)
{
    (void)state;
    tb_pattern pattern = tb_pattern_default();
    tb_error err;
    pattern.kind = TB_PATTERN_GNA;
    pattern.window[0] = TB_WHOLE_AXIS;
    pattern.window[1] = TB_WHOLE_AXIS;
    pattern.dilation[0] = 4;
    pattern.dilation[1] = 7;
    tb_pattern_resolve(&pattern, &plane);
    assert_int_equal(pattern.window[0], 5);
    assert_int_equal(pattern.window[1], 4);
    tb_assert_ok(tb_pattern_check(&pattern, &plane, &err), &err);
}

static void whole_axis__leaves_other_windows_alone(void **state)
{
    (void)state;
    tb_pattern pattern = tb_pattern_default();
    pattern.kind = TB_PATTERN_GNA;
    pattern.window[0] = 9;
    pattern.window[1] = TB_WHOLE_AXIS;
    tb_pattern_resolve(&pattern, &plane);
    assert_int_equal(pattern.window[0], 9);
    assert_int_equal(pattern.window[1], 30);
    pattern.window[0] = -2; /* no window, and no -1 either: left for the check to refuse */
    tb_pattern_resolve(&pattern, &plane);
    assert_int_equal(pattern.window[0], -2);
}

/* A dilation that makes no sense is for tb_pattern_check() to name. */
static void whole_axis__of_a_wrong_dilation_does_not_divide_by_it(void **state)
{
    (void)state;
    tb_pattern pattern = tb_pattern_default();
    tb_error err;
    pattern.kind = TB_PATTERN_GNA;
    pattern.window[0] = TB_WHOLE_AXIS;
    pattern.window[1] = 3;
    pattern.dilation[0] = 0;
    tb_pattern_resolve(&pattern, &plane);
    tb_assert_fails(tb_pattern_check(&pattern, &plane, &err), &err, TB_EINVAL, "");
}

static void other_kinds__are_not_resolved(void **state)
{
    (void)state;
    tb_pattern pattern = tb_pattern_default();
    pattern.kind = TB_PATTERN_LOCAL;
    pattern.left = TB_UNLIMITED;
    pattern.right = 5;
    tb_pattern before = pattern;
    tb_pattern_resolve(&pattern, &plane);
    assert_memory_equal(&pattern, &before, sizeof before);
}

static void default_pattern__is_dense(void **state)
{
    (void)state;
    tb_pattern pattern = tb_pattern_default();
    assert_int_equal(pattern.kind, TB_PATTERN_DENSE);
    for (int d = 0; d < TB_MAX_RANK; d++) {
        assert_int_equal(pattern.stride[d], 1);
        assert_int_equal(pattern.dilation[d], 1);
        assert_false(pattern.causal[d]);
        assert_int_equal(tb_pattern_dilation(&pattern, d), 1);
    }
    assert_int_equal(pattern.mask_block_q, 1);
    assert_int_equal(pattern.mask_block_kv, 1);
}

static void dilation__is_of_gna_only(void **state)
{
    (void)state;
    tb_pattern pattern = tb_pattern_default();
    pattern.dilation[1] = 6;
    assert_int_equal(tb_pattern_dilation(&pattern, 1), 1);
    pattern.kind = TB_PATTERN_GNA;
    assert_int_equal(tb_pattern_dilation(&pattern, 0), 1);
    assert_int_equal(tb_pattern_dilation(&pattern, 1), 6);
}

static void default_problem__is_one_head_of_128(void **state)
{
    (void)state;
    tb_problem problem = tb_problem_default();
    tb_error err;
    assert_int_equal(problem.batch, 1);
    assert_int_equal(problem.heads, 1);
    assert_int_equal(problem.heads_kv, 1);
    assert_int_equal(problem.dim, 128);
    assert_int_equal(problem.dim_value, 128);
    assert_int_equal(problem.dtype, TB_DTYPE_BF16);
    assert_int_equal(problem.pass, TB_PASS_FORWARD);
    assert_int_equal(problem.extra_kv + problem.extra_q, 0);
    tb_assert_fails(tb_problem_check(&problem, &err), &err, TB_EINVAL, "");
    problem.layout = plane;
    tb_assert_ok(tb_problem_check(&problem, &err), &err);
    assert_int_equal(tb_layout_tokens(&plane), 630);
}

static void dtypes__have_names_and_sizes(void **state)
{
    (void)state;
    static const struct {
        tb_dtype dtype;
        const char *name;
        int64_t bytes;
    } want[TB_DTYPE_COUNT] = {{TB_DTYPE_FP32, "fp32", 4},
                              {TB_DTYPE_FP16, "fp16", 2},
                              {TB_DTYPE_BF16, "bf16", 2},
                              {TB_DTYPE_E4M3, "e4m3", 1},
                              {TB_DTYPE_E5M2, "e5m2", 1}};
    for (int i = 0; i < TB_DTYPE_COUNT; i++) {
        assert_string_equal(tb_dtype_names[want[i].dtype], want[i].name);
        assert_int_equal(tb_dtype_bytes(want[i].dtype), want[i].bytes);
    }
}

static void names__are_those_of_the_options(void **state)
{
    (void)state;
    assert_string_equal(tb_tiling_kind_names[TB_TILING_MULTI_DIM], "multi-dim");
    assert_string_equal(tb_tiling_kind_names[TB_TILING_SINGLE_DIM], "single-dim");
    assert_string_equal(tb_kv_tiling_names[TB_KV_STATIC], "static");
    assert_string_equal(tb_kv_tiling_names[TB_KV_DYNAMIC], "dynamic");
    assert_string_equal(tb_pass_names[TB_PASS_FORWARD], "forward");
    assert_string_equal(tb_pass_names[TB_PASS_BACKWARD], "backward");
    assert_string_equal(tb_pattern_types[TB_PATTERN_GNA]->name, "gna");
    assert_string_equal(tb_pattern_types[TB_PATTERN_LOCAL]->name, "local");
    assert_string_equal(tb_pattern_types[TB_PATTERN_DENSE]->name, "dense");
    assert_string_equal(tb_pattern_types[TB_PATTERN_CAUSAL]->name, "causal");
    assert_string_equal(tb_pattern_types[TB_PATTERN_EXPLICIT]->name, "explicit");
}

static void tile_sizes__multiply_in_multi_dim_tiling_only(void **state)
{
    (void)state;
    tb_tiling tiling = {.q_tile = {4, 9}, .kv_tile = {3, 7}};
    assert_int_equal(tb_tiling_dims(&tiling, &plane), 2);
    assert_int_equal(tb_tiling_q_tokens(&tiling, &plane), 36);
    assert_int_equal(tb_tiling_kv_tokens(&tiling, &plane), 21);
    tiling.kind = TB_TILING_SINGLE_DIM;
    assert_int_equal(tb_tiling_dims(&tiling, &plane), 1);
    assert_int_equal(tb_tiling_q_tokens(&tiling, &plane), 4);
    assert_int_equal(tb_tiling_kv_tokens(&tiling, &plane), 3);
}

static void partial_tiles__are_visited_but_not_full(void **state)
{
    (void)state;
    tb_census census = {.visited = 82368, .full = 12672};
    assert_int_equal(tb_census_partial(&census), 69696);
}

TB_TESTS(cmocka_unit_test(whole_axis__is_what_dilation_leaves_of_it),
         cmocka_unit_test(whole_axis__leaves_other_windows_alone),
         cmocka_unit_test(whole_axis__of_a_wrong_dilation_does_not_divide_by_it),
         cmocka_unit_test(other_kinds__are_not_resolved),
         cmocka_unit_test(default_pattern__is_dense), cmocka_unit_test(dilation__is_of_gna_only),
         cmocka_unit_test(default_problem__is_one_head_of_128),
         cmocka_unit_test(dtypes__have_names_and_sizes),
         cmocka_unit_test(names__are_those_of_the_options),
         cmocka_unit_test(tile_sizes__multiply_in_multi_dim_tiling_only),
         cmocka_unit_test(partial_tiles__are_visited_but_not_full));
