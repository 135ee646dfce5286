/* The closed form of products of dimensions counts what enumeration counts. */
#include "sim_case.h"
#include "test_support.h"

typedef tb_sim_case draw_fn(gsl_rng *random);

static void check_many(draw_fn *draw, int cases, const char *what)
{
    gsl_rng *random = tb_test_random();
    int closed = 0, dynamic = 0, backward = 0, extra = 0;
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = draw(random);
        closed += tb_sim_case_check(&c);
        dynamic += c.tiling.kv_tiling == TB_KV_DYNAMIC;
        backward += c.problem.pass == TB_PASS_BACKWARD;
        extra += c.problem.extra_kv + c.problem.extra_q > 0;
        tb_sim_case_free(&c);
    }
    print_message("%d %s: %d by closed form, %d with dynamic KV tiles, %d backward, %d with extra "
                  "tokens\n",
                  cases, what, closed, dynamic, backward, extra);
    assert_int_equal(closed, cases);
    gsl_rng_free(random);
}

static void closed_form__equals_enumeration(void **state)
{
    (void)state;
    check_many(tb_sim_case_product, tb_test_cases(30000), "problems of rank 1 to 4");
}

static void closed_form__equals_enumeration_of_long_axes(void **state)
{
    (void)state;
    check_many(tb_sim_case_thin, tb_test_cases(6000), "long thin problems");
}

TB_TESTS(cmocka_unit_test(closed_form__equals_enumeration),
         cmocka_unit_test(closed_form__equals_enumeration_of_long_axes));
