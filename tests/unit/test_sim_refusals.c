/* Problems, patterns, tilings and bounds that make no sense are refused, one wrong value at a time.
 */
#include "bound.h"
#include "sim_case.h"
#include "test_support.h"
#include "tile_view.h"

#include <stddef.h>

/* 12 x 20 tokens, all values different where they may be. */
static tb_sim_case good_gna(void)
{
    tb_sim_case c = {.problem = tb_problem_default(), .pattern = tb_pattern_default()};
    c.problem.layout = (tb_layout){.rank = 2, .extent = {12, 20}};
    c.problem.heads = 4;
    c.problem.heads_kv = 2;
    c.pattern.kind = TB_PATTERN_GNA;
    c.pattern.window[0] = 5;
    c.pattern.window[1] = 7;
    c.pattern.stride[0] = 2;
    c.pattern.stride[1] = 3;
    c.pattern.dilation[0] = 2;
    c.tiling = (tb_tiling){.q_tile = {3, 4}, .kv_tile = {2, 5}};
    return c;
}

static tb_sim_case good_local(void)
{
    tb_sim_case c = good_gna();
    c.problem.layout = (tb_layout){.rank = 1, .extent = {72}};
    c.pattern = tb_pattern_default();
    c.pattern.kind = TB_PATTERN_LOCAL;
    c.pattern.left = 9;
    c.pattern.right = TB_UNLIMITED;
    return c;
}

static tb_status count(const tb_sim_case *c, tb_error *err)
{
    tb_census census;
    return tb_census_count(&c->problem, &c->pattern, &c->tiling, NULL, &census, err);
}

static tb_status view(const tb_sim_case *c, tb_error *err)
{
    tb_tile_view *out = NULL;
    tb_status status = tb_tile_view_create(&c->problem, &c->pattern, &c->tiling, &out, err);
    tb_tile_view_destroy(out);
    return status;
}

/* One field of a tb_sim_case set to a value that is refused. */
typedef struct refusal {
    const char *name;
    size_t offset;
    int64_t value;
    tb_status status;
} refusal;

#define REFUSED(field, value)                                                                      \
    {                                                                                              \
#field, offsetof(tb_sim_case, field), value, TB_EINVAL                                     \
    }
#define TOO_LARGE(field, value)                                                                    \
    {                                                                                              \
#field, offsetof(tb_sim_case, field), value, TB_EOVERFLOW                                  \
    }

static void check_refusals(const tb_sim_case *good, const refusal *list, size_t length)
{
    tb_error err = {.code = TB_OK};
    tb_assert_ok(count(good, &err), &err);
    for (size_t i = 0; i < length; i++) {
        tb_sim_case bad = *good;
        *(int64_t *)(void *)((char *)&bad + list[i].offset) = list[i].value;
        tb_status status = count(&bad, &err);
        if (status != list[i].status || err.code != list[i].status || err.message[0] == '\0') {
            fail_msg("%s = %lld: %s, wanted %s; message '%s'", list[i].name,
                     (long long)list[i].value, tb_status_name(status),
                     tb_status_name(list[i].status), err.message);
        }
        assert_int_equal(count(&bad, NULL), list[i].status); /* the error may be left out */
        assert_int_equal(view(&bad, NULL), list[i].status);
    }
    print_message("%zu refused\n", length);
}

static void values_of_gna__are_refused_one_by_one(void **state)
{
    (void)state;
    static const refusal list[] = {
        REFUSED(problem.layout.extent[0], 0),
        REFUSED(problem.layout.extent[1], -20),
        REFUSED(problem.batch, 0),
        REFUSED(problem.batch, -1),
        REFUSED(problem.heads, 0),
        REFUSED(problem.heads, 3), /* 2 KV heads do not divide 3 */
        REFUSED(problem.heads_kv, 0),
        REFUSED(problem.heads_kv, -2),
        REFUSED(problem.heads_kv, 3),
        REFUSED(problem.heads_kv, 8),
        REFUSED(problem.dim, 0),
        REFUSED(problem.dim, -128),
        REFUSED(problem.dim_value, 0),
        REFUSED(problem.extra_kv, -1),
        REFUSED(problem.extra_q, -1),
        REFUSED(pattern.window[0], 0),
        REFUSED(pattern.window[0], TB_WHOLE_AXIS), /* not resolved */
        REFUSED(pattern.window[0], 7),             /* 7 * 2 > 12 */
        REFUSED(pattern.window[1], 21),
        REFUSED(pattern.window[0], INT64_MAX), /* times 2 wraps to -2 */
        REFUSED(pattern.window[0], INT64_MIN),
        REFUSED(pattern.stride[0], 0),
        REFUSED(pattern.stride[1], -3),
        REFUSED(pattern.stride[0], 6), /* more than the window */
        REFUSED(pattern.stride[1], 8),
        REFUSED(pattern.dilation[0], 0),
        REFUSED(pattern.dilation[1], -1),
        REFUSED(pattern.dilation[0], 3), /* 5 * 3 > 12 */
        REFUSED(pattern.dilation[1], INT64_MAX),
        REFUSED(tiling.q_tile[0], 0),
        REFUSED(tiling.q_tile[1], -4),
        REFUSED(tiling.kv_tile[0], 0),
        REFUSED(tiling.kv_tile[1], -5),
        TOO_LARGE(problem.layout.extent[0], INT64_MAX),
        TOO_LARGE(problem.layout.extent[0], INT64_C(1) << 60), /* times 20 wraps */
        TOO_LARGE(problem.extra_kv, INT64_MAX),
        TOO_LARGE(problem.extra_q, INT64_MAX),
        TOO_LARGE(problem.extra_kv, INT64_MAX - 240), /* the sum fits, the product does not */
        TOO_LARGE(tiling.q_tile[0], INT64_MAX),
        TOO_LARGE(tiling.kv_tile[1], INT64_MAX),
        TOO_LARGE(tiling.q_tile[0], INT64_C(1) << 60), /* |T| fits, |T| |U| does not */
    };
    tb_sim_case good = good_gna();
    check_refusals(&good, list, sizeof list / sizeof list[0]);
}

static void values_of_local__are_refused_one_by_one(void **state)
{
    (void)state;
    static const refusal list[] = {
        REFUSED(pattern.left, -2),
        REFUSED(pattern.right, -2),
        REFUSED(pattern.left, INT64_MIN),
    };
    tb_sim_case good = good_local();
    check_refusals(&good, list, sizeof list / sizeof list[0]);
    good.pattern.left = INT64_MAX; /* far is as good as unlimited */
    good.pattern.right = INT64_MAX;
    tb_error err;
    tb_assert_ok(count(&good, &err), &err);
}

static void assert_refused(const tb_sim_case *c, const char *part)
{
    tb_error err;
    tb_assert_fails(count(c, &err), &err, TB_EINVAL, part);
    tb_assert_fails(view(c, &err), &err, TB_EINVAL, "");
}

static void ranks__are_one_to_four(void **state)
{
    (void)state;
    static const int bad[] = {-1, 0, 5, 100};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tb_sim_case c = good_gna();
        c.problem.layout.rank = bad[i];
        assert_refused(&c, "");
    }
}

static void local__is_of_rank_1(void **state)
{
    (void)state;
    tb_sim_case c = good_local();
    c.problem.layout = (tb_layout){.rank = 2, .extent = {6, 12}};
    assert_refused(&c, "");
}

/* 240 tokens: a 240 x 240 mask, or 80 x 60 mask blocks of 3 x 4. */
static tb_sim_case explicit_case(int64_t rows, int64_t cols)
{
    tb_sim_case c = good_gna();
    tb_error err;
    tb_assert_ok(tb_bit_matrix_create(rows, cols, &c.mask, &err), &err);
    tb_bits_set(tb_bit_matrix_row(c.mask, rows / 2), cols / 3);
    c.pattern = tb_pattern_default();
    c.pattern.kind = TB_PATTERN_EXPLICIT;
    c.pattern.mask = c.mask;
    return c;
}

static void masks__have_the_layouts_shape(void **state)
{
    (void)state;
    static const int64_t shapes[][2] = {{239, 240}, {240, 239}, {241, 240}, {80, 60}, {1, 1}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        tb_sim_case c = explicit_case(shapes[i][0], shapes[i][1]);
        assert_refused(&c, "");
        tb_sim_case_free(&c);
    }
    tb_sim_case blocks = explicit_case(80, 60);
    tb_error err;
    blocks.pattern.mask_block_q = 3;
    blocks.pattern.mask_block_kv = 4;
    tb_assert_ok(count(&blocks, &err), &err);
    tb_sim_case_free(&blocks);
}

static void masks__need_blocks_and_a_visible_pair(void **state)
{
    (void)state;
    tb_sim_case c = explicit_case(240, 240);
    c.pattern.mask_block_q = 0;
    assert_refused(&c, "");
    c.pattern.mask_block_q = -1;
    assert_refused(&c, "");
    c.pattern.mask_block_q = 1;
    c.pattern.mask_block_kv = 0;
    assert_refused(&c, "");
    c.pattern.mask_block_kv = 1;
    c.pattern.mask = NULL;
    assert_refused(&c, "");
    c.pattern.mask = c.mask;
    tb_bit_matrix_row(c.mask, 120)[80 / 64] = 0;
    assert_refused(&c, "hides every pair");
    tb_sim_case_free(&c);
}

static void dynamic_kv_tiles__need_windows_a_dimension_and_the_forward_pass(void **state)
{
    (void)state;
    tb_error err;
    tb_sim_case c = good_gna();
    c.tiling.kv_tiling = TB_KV_DYNAMIC;
    tb_assert_ok(count(&c, &err), &err);
    c.problem.pass = TB_PASS_BACKWARD;
    assert_refused(&c, "dynamic");
    c.problem.pass = TB_PASS_FORWARD;
    c.tiling.kind = TB_TILING_SINGLE_DIM;
    assert_refused(&c, "dynamic");
    c.tiling.kind = TB_TILING_MULTI_DIM;
    c.pattern.kind = TB_PATTERN_CAUSAL; /* of rank 2: over the flattened order */
    assert_refused(&c, "dynamic");
    c.pattern.kind = TB_PATTERN_DENSE;
    tb_assert_ok(count(&c, &err), &err);
    tb_sim_case mask = explicit_case(240, 240);
    mask.tiling.kv_tiling = TB_KV_DYNAMIC;
    assert_refused(&mask, "dynamic");
    tb_sim_case_free(&mask);
    tb_sim_case local = good_local();
    local.tiling.kv_tiling = TB_KV_DYNAMIC;
    tb_assert_ok(count(&local, &err), &err);
}

/* What tb_tiling_may_be_dynamic() says is what tb_tiling_check() does. */
static void dynamic_kv_tiles__may_be_asked_for_first(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(2000), allowed = 0;
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = i % 2 == 0 ? tb_sim_case_product(random) : tb_sim_case_rows(random);
        tb_error err;
        c.tiling.order = TB_ORDER_ROW_MAJOR;
        c.tiling.kv_tiling = TB_KV_STATIC;
        bool is_allowed = tb_tiling_may_be_dynamic(&c.tiling, &c.problem, &c.pattern);
        c.tiling.kv_tiling = TB_KV_DYNAMIC;
        tb_status status = tb_tiling_check(&c.tiling, &c.problem, &c.pattern, &err);
        assert_int_equal(status == TB_OK, is_allowed);
        allowed += is_allowed;
        tb_sim_case_free(&c);
    }
    print_message("%d problems, %d may have dynamic KV tiles\n", cases, allowed);
    gsl_rng_free(random);
}

static void token_orders__are_of_single_dim_tiling(void **state)
{
    (void)state;
    tb_error err;
    tb_sim_case c = good_gna();
    c.tiling.order = TB_ORDER_MORTON;
    assert_refused(&c, "");
    c.tiling.order = TB_ORDER_HILBERT;
    assert_refused(&c, "");
    c.tiling.kind = TB_TILING_SINGLE_DIM;
    tb_assert_ok(count(&c, &err), &err);
    c.tiling.q_tile[1] = 0; /* not looked at */
    c.tiling.kv_tile[1] = -1;
    tb_assert_ok(count(&c, &err), &err);
}

static tb_status bound(const tb_sim_case *c, tb_baseline baseline, tb_error *err)
{
    tb_census census;
    tb_bound out;
    tb_assert_ok(tb_census_count(&c->problem, &c->pattern, &c->tiling, NULL, &census, err), err);
    return tb_bound_compute(&c->problem, &c->pattern, &c->tiling, &census, baseline, &out, err);
}

static void causal_baseline__is_of_rank_1_and_of_causal_patterns(void **state)
{
    (void)state;
    tb_error err;
    tb_sim_case c = good_gna();
    c.pattern.causal[0] = c.pattern.causal[1] = true;
    tb_assert_ok(bound(&c, TB_BASELINE_SELF, &err), &err);
    tb_assert_fails(bound(&c, TB_BASELINE_CAUSAL, &err), &err, TB_EINVAL, "");
    c.problem.layout.rank = 1;
    tb_assert_ok(bound(&c, TB_BASELINE_CAUSAL, &err), &err);
    c.pattern.causal[0] = false;
    tb_assert_fails(bound(&c, TB_BASELINE_CAUSAL, &err), &err, TB_EINVAL, "");
    c = good_local();
    tb_assert_fails(bound(&c, TB_BASELINE_CAUSAL, &err), &err, TB_EINVAL, "");
    c.pattern.right = 0;
    tb_assert_ok(bound(&c, TB_BASELINE_CAUSAL, &err), &err);
}

static void refused_calls__write_nothing(void **state)
{
    (void)state;
    tb_sim_case c = good_gna();
    c.pattern.stride[0] = 0;
    tb_census census = {.visited = 4711}, before = census;
    tb_error err;
    tb_status status = tb_census_count(&c.problem, &c.pattern, &c.tiling, NULL, &census, &err);
    assert_int_equal(status, TB_EINVAL);
    assert_memory_equal(&census, &before, sizeof census);
}

TB_TESTS(cmocka_unit_test(values_of_gna__are_refused_one_by_one),
         cmocka_unit_test(values_of_local__are_refused_one_by_one),
         cmocka_unit_test(ranks__are_one_to_four), cmocka_unit_test(local__is_of_rank_1),
         cmocka_unit_test(masks__have_the_layouts_shape),
         cmocka_unit_test(masks__need_blocks_and_a_visible_pair),
         cmocka_unit_test(dynamic_kv_tiles__need_windows_a_dimension_and_the_forward_pass),
         cmocka_unit_test(dynamic_kv_tiles__may_be_asked_for_first),
         cmocka_unit_test(token_orders__are_of_single_dim_tiling),
         cmocka_unit_test(causal_baseline__is_of_rank_1_and_of_causal_patterns),
         cmocka_unit_test(refused_calls__write_nothing));
