/* Amdahl's law with dense steps; what networks state. */
#include "end_to_end.h"
#include "test_support.h"

#include <math.h>

/* share 0.6, 4 times faster: 0.4 + 0.15 = 0.55 of the time; without attention 0.4 */
static void end_to_end__is_amdahls_law(void **state)
{
    (void)state;
    tb_end_to_end e = tb_end_to_end_of(0.6, 4, 0, 50);
    tb_assert_close(e.speedup, 1 / 0.55, 1e-12);
    tb_assert_close(e.amdahl_limit, 2.5, 1e-12);
    tb_assert_close(e.attention_share, 0.6, 1e-12);
}

/* 9 of 28 steps dense: 9/28 + 19/28 x 0.55 */
static void dense_steps__stay_as_slow_as_they_were(void **state)
{
    (void)state;
    tb_end_to_end e = tb_end_to_end_of(0.6, 4, 9, 28);
    tb_assert_close(e.speedup, 28 / (9 + 19 * 0.55), 1e-12);
    tb_assert_close(tb_end_to_end_of(0.6, 4, 28, 28).speedup, 1, 1e-12);
    tb_assert_close(tb_end_to_end_of(0.6, 1, 0, 28).speedup, 1, 1e-12);
    assert_true(tb_end_to_end_of(0.6, 1e9, 9, 28).speedup < e.amdahl_limit);
}

/* The GNA paper's own FLOP-wise figures: 11.11 x in 60.7 % of HunyuanVideo gives 2.23, 10.24 x in
 * 51.8 % of FLUX gives 1.88. */
static void end_to_end__gives_the_papers_flop_wise_figures(void **state)
{
    (void)state;
    assert_true(fabs(tb_end_to_end_of(0.607, 100.0 / 9, 0, 50).speedup - 2.23) < 0.005);
    assert_true(fabs(tb_end_to_end_of(0.518, 10.24, 0, 28).speedup - 1.88) < 0.005);
}

static void networks__state_their_share(void **state)
{
    (void)state;
    tb_network *network = NULL;
    tb_error err;
    double share = 0, none = 7;
    tb_assert_ok(tb_network_load("hunyuanvideo", &network, &err), &err);
    assert_true(tb_network_number(network, "self_attention_share_of_end_to_end", &share));
    tb_assert_close(share, 0.607, 1e-12);
    assert_false(tb_network_number(network, "no such fact", &none));
    assert_true(none == 7);
    assert_false(tb_network_number(network, "layout", &none)); /* a list is no number */
    tb_network_destroy(network);
}

TB_TESTS(cmocka_unit_test(end_to_end__is_amdahls_law),
         cmocka_unit_test(dense_steps__stay_as_slow_as_they_were),
         cmocka_unit_test(end_to_end__gives_the_papers_flop_wise_figures),
         cmocka_unit_test(networks__state_their_share));
