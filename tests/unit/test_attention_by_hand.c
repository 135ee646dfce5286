/* Attention small enough to do by hand, by every implementation and by the reference. */
#include "reference.h"
#include "small_launch.h"
#include "test_support.h"

#include <math.h>

/* Run every implementation on these tensors; decode last, on the last query alone. */
typedef void check_fn(const tb_launch *launch, const tb_tensors *tensors);

static void for_each_implementation(tb_launch launch, const tb_tensors *tensors, check_fn *check)
{
    tb_tile_list *list = tb_test_tile_list(&launch);
    tb_error err;
    for (int i = 0; i < TB_IMPLEMENTATION_COUNT; i++) {
        tb_plan *plan = NULL;
        launch.implementation = (tb_implementation)i;
        launch.tiles = i == TB_IMPLEMENTATION_FUSED ? list : NULL;
        tb_assert_ok(tb_plan_create(tb_test_backend("cpu"), &launch, &plan, &err), &err);
        tb_assert_ok(tb_plan_run(plan, tensors, NULL, &err), &err);
        check(&launch, tensors);
        tb_plan_destroy(plan);
    }
    tb_tile_list_destroy(list);
}

#define HAND_TOKENS 5
#define HAND_DIM    8

/* q = k = 0 but for what a test sets; v of token j is j + 1 in all elements. */
typedef struct by_hand {
    float q[HAND_TOKENS * HAND_DIM], k[HAND_TOKENS * HAND_DIM], v[HAND_TOKENS * HAND_DIM];
    float o[HAND_TOKENS * HAND_DIM], lse[HAND_TOKENS];
} by_hand;

static tb_tensors tensors_of(by_hand *hand)
{
    for (int i = 0; i < HAND_TOKENS * HAND_DIM; i++) {
        hand->v[i] = (float)(i / HAND_DIM + 1);
    }
    return (tb_tensors){.q = hand->q, .k = hand->k, .v = hand->v, .o = hand->o, .lse = hand->lse};
}

static tb_launch hand_launch(void)
{
    tb_launch launch = tb_test_small_launch();
    launch.problem.layout.extent[0] = HAND_TOKENS;
    launch.problem.dim = launch.problem.dim_value = HAND_DIM;
    launch.tiling = (tb_tiling){.q_tile = {2}, .kv_tile = {2}};
    return launch;
}

/* Zero logits: a query's output is the mean of what it sees, lse the logarithm of how many. Causal,
 * token i sees 1 ... i + 1: mean i / 2 + 1. */
static void check_means(const tb_launch *launch, const tb_tensors *tensors)
{
    int64_t queries = tb_launch_q_tokens(launch);
    for (int64_t i = 0; i < queries; i++) {
        double token = (double)(i + HAND_TOKENS - queries);
        for (int d = 0; d < HAND_DIM; d++) {
            tb_assert_close((double)((float *)tensors->o)[i * HAND_DIM + d], token / 2 + 1, 1e-6);
        }
        assert_true(fabs((double)tensors->lse[i] - log(token + 1)) < 1e-6);
    }
}

static void zero_logits__average_what_a_query_sees(void **state)
{
    (void)state;
    by_hand hand = {0};
    tb_tensors tensors = tensors_of(&hand);
    tb_launch launch = hand_launch();
    launch.pattern.kind = TB_PATTERN_CAUSAL;
    for_each_implementation(launch, &tensors, check_means);
}

/* Logits ln 3 and 0, scale 1: weights 3/4 and 1/4 of tokens 1 and 2, lse ln 4. */
static void check_weights(const tb_launch *launch, const tb_tensors *tensors)
{
    for (int64_t i = 0; i < tb_launch_q_tokens(launch); i++) {
        tb_assert_close((double)((float *)tensors->o)[i * HAND_DIM], 1.25, 1e-6);
        tb_assert_close((double)tensors->lse[i], log(4), 1e-6);
    }
}

static void two_keys__share_by_their_exponentials(void **state)
{
    (void)state;
    by_hand hand = {0};
    tb_tensors tensors = tensors_of(&hand);
    tb_launch launch = hand_launch();
    launch.problem.layout.extent[0] = 2;
    launch.scale = 1;
    hand.q[3] = hand.q[HAND_DIM + 3] = 1;
    hand.k[3] = (float)log(3);
    for_each_implementation(launch, &tensors, check_weights);
}

/* A query that sees one key has its value, whatever the logit. */
static void check_own_value(const tb_launch *launch, const tb_tensors *tensors)
{
    int64_t queries = tb_launch_q_tokens(launch);
    for (int64_t i = 0; i < queries; i++) {
        float token = (float)(i + HAND_TOKENS - queries);
        for (int d = 0; d < HAND_DIM; d++) {
            assert_true(((float *)tensors->o)[i * HAND_DIM + d] == token + 1);
        }
        tb_assert_close((double)tensors->lse[i], -3000, 1e-6);
    }
}

static void one_visible_key__gives_its_value_exactly(void **state)
{
    (void)state;
    by_hand hand = {0};
    tb_tensors tensors = tensors_of(&hand);
    tb_launch launch = hand_launch();
    launch.pattern.kind = TB_PATTERN_GNA;
    launch.pattern.window[0] = 1;
    launch.scale = 10;
    for (int i = 0; i < HAND_TOKENS; i++) {
        hand.q[i * HAND_DIM + 2] = -20;
        hand.k[i * HAND_DIM + 2] = 15;
    }
    for_each_implementation(launch, &tensors, check_own_value);
}

/* Queries 1 and 4 see nothing, others key 2. */
static void check_masked_rows(const tb_launch *launch, const tb_tensors *tensors)
{
    int64_t queries = tb_launch_q_tokens(launch);
    for (int64_t i = 0; i < queries; i++) {
        int64_t token = i + HAND_TOKENS - queries;
        bool is_blind = token == 1 || token == 4;
        for (int d = 0; d < HAND_DIM; d++) {
            assert_true(((float *)tensors->o)[i * HAND_DIM + d] == (is_blind ? 0 : 3));
        }
        assert_true(is_blind ? tensors->lse[i] == -HUGE_VALF : fabsf(tensors->lse[i]) < 1e-6F);
    }
}

static void fully_masked_rows__are_zero_with_lse_minus_infinity(void **state)
{
    (void)state;
    by_hand hand = {0};
    tb_tensors tensors = tensors_of(&hand);
    tb_launch launch = hand_launch();
    tb_bit_matrix *mask;
    tb_error err;
    tb_assert_ok(tb_bit_matrix_create(HAND_TOKENS, HAND_TOKENS, &mask, &err), &err);
    for (int i = 0; i < HAND_TOKENS; i++) {
        if (i != 1 && i != 4) {
            tb_bits_set(tb_bit_matrix_row(mask, i), 2);
        }
    }
    launch.pattern.kind = TB_PATTERN_EXPLICIT;
    launch.pattern.mask = mask;
    for_each_implementation(launch, &tensors, check_masked_rows);
    tb_bit_matrix_destroy(mask);
}

static void the_reference__refuses_rows_that_are_not_there(void **state)
{
    (void)state;
    tb_launch launch = tb_test_small_launch();
    double o[16], abs_pv[16];
    float zeros[72 * 16] = {0};
    tb_tensors tensors = {.q = zeros, .k = zeros, .v = zeros};
    tb_reference reference = {.o = o, .abs_pv = abs_pv};
    tb_reference_row row = {.query = 72};
    tb_error err;
    tb_assert_fails(tb_reference_rows(&launch, &tensors, &row, 1, &reference, &err), &err,
                    TB_EINVAL, "row 72");
    row.query = 71;
    tb_assert_ok(tb_reference_rows(&launch, &tensors, &row, 1, &reference, &err), &err);
    tb_assert_close(reference.lse, log(72), 1e-12);
    assert_int_equal(reference.visible, 72);
    launch.problem.dtype = TB_DTYPE_E4M3;
    tb_assert_fails(tb_reference_rows(&launch, &tensors, &row, 1, &reference, &err), &err,
                    TB_EUNAVAILABLE, "e4m3");
}

/* What a comparison must not let pass. */
static void a_comparison__notices_wrong_outputs(void **state)
{
    (void)state;
    by_hand hand = {0};
    tb_tensors tensors = tensors_of(&hand);
    tb_launch launch = hand_launch();
    double o[HAND_DIM], abs_pv[HAND_DIM];
    tb_reference reference = {.o = o, .abs_pv = abs_pv};
    tb_reference_row row = {.query = 1};
    tb_error err;
    tb_assert_ok(tb_reference_rows(&launch, &tensors, &row, 1, &reference, &err), &err);
    for (int d = 0; d < HAND_DIM; d++) { /* the mean of 1 ... 5 */
        hand.o[HAND_DIM + d] = 3;
    }
    hand.lse[1] = logf(5);
    assert_true(tb_reference_compare(&launch, &tensors, &row, &reference) <= 1);
    hand.o[HAND_DIM + 5] = 3.00001F; /* bound: 2^-24 * 32 * 3 = 5.7e-6 */
    assert_true(tb_reference_compare(&launch, &tensors, &row, &reference) > 1);
    hand.o[HAND_DIM + 5] = nanf("");
    assert_true(tb_reference_compare(&launch, &tensors, &row, &reference) == HUGE_VAL);
    hand.o[HAND_DIM + 5] = 3;
    hand.lse[1] = logf(5) + 1e-5F;
    assert_true(tb_reference_compare(&launch, &tensors, &row, &reference) > 1);
}

TB_TESTS(cmocka_unit_test(zero_logits__average_what_a_query_sees),
         cmocka_unit_test(two_keys__share_by_their_exponentials),
         cmocka_unit_test(one_visible_key__gives_its_value_exactly),
         cmocka_unit_test(fully_masked_rows__are_zero_with_lse_minus_infinity),
         cmocka_unit_test(the_reference__refuses_rows_that_are_not_there),
         cmocka_unit_test(a_comparison__notices_wrong_outputs));
