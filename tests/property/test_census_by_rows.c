/* What has no closed form goes through rows, and counts what enumeration counts. */
#include "sim_case.h"
#include "test_support.h"

typedef tb_sim_case draw_fn(gsl_rng *random);

static void check_many(draw_fn *draw, int cases)
{
    gsl_rng *random = tb_test_random();
    int closed = 0, backward = 0, masks = 0, boxes = 0;
    int orders[TB_TOKEN_ORDER_COUNT] = {0};
    for (int i = 0; i < cases; i++) {
        tb_sim_case c = draw(random);
        closed += tb_sim_case_check(&c);
        backward += c.problem.pass == TB_PASS_BACKWARD;
        masks += c.mask != NULL;
        boxes += c.tiling.kind == TB_TILING_MULTI_DIM;
        orders[c.tiling.order]++;
        tb_sim_case_free(&c);
    }
    print_message("%d problems: %d explicit masks, %d in boxes, %d in Morton and %d in Hilbert "
                  "order, %d backward; %d had a closed form after all\n",
                  cases, masks, boxes, orders[TB_ORDER_MORTON], orders[TB_ORDER_HILBERT], backward,
                  closed);
    gsl_rng_free(random);
}

static void rows__equal_enumeration(void **state)
{
    (void)state;
    check_many(tb_sim_case_rows, tb_test_cases(10000));
}

static void rows__equal_enumeration_of_many_words_of_bits(void **state)
{
    (void)state;
    check_many(tb_sim_case_long_rows, tb_test_cases(100));
}

TB_TESTS(cmocka_unit_test(rows__equal_enumeration),
         cmocka_unit_test(rows__equal_enumeration_of_many_words_of_bits));
