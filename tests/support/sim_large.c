#include "sim_large.h"

#include "test_support.h"

tb_sim_case tb_sim_large_draw(gsl_rng *random)
{
    static const int64_t largest[] = {0, 100000, 1000, 400};
    tb_sim_case c = {.problem = tb_problem_default()};
    tb_layout *layout = &c.problem.layout;
    layout->rank = (int)tb_test_between(random, 1, 3);
    for (int d = 0; d < layout->rank; d++) {
        layout->extent[d] = tb_test_between(random, 1, largest[layout->rank]);
        c.tiling.q_tile[d] = tb_test_between(random, 1, 40);
        c.tiling.kv_tile[d] = tb_test_between(random, 1, 40);
    }
    tb_sim_case_gna(random, layout, &c.pattern);
    c.tiling.kv_tiling = (tb_kv_tiling)tb_test_between(random, 0, 1);
    if (tb_test_between(random, 0, 3) == 0) {
        c.problem.extra_kv = tb_test_between(random, 0, 1000);
        c.problem.extra_q = tb_test_between(random, 0, 1000);
    }
    return c;
}

static int64_t round_up(int64_t value, int64_t multiple)
{
    return (value + multiple - 1) / multiple * multiple;
}

void tb_sim_large_divide(tb_sim_case *problem)
{
    int64_t q_tokens = 1, kv_tokens = 1;
    tb_tiling *tiling = &problem->tiling;
    for (int d = 0; d < problem->problem.layout.rank; d++) {
        tiling->q_tile[d] = 1 + tiling->q_tile[d] % 12;
        tiling->kv_tile[d] = 1 + tiling->kv_tile[d] % 12;
        problem->problem.layout.extent[d] =
            round_up(problem->problem.layout.extent[d], tiling->q_tile[d] * tiling->kv_tile[d]);
        q_tokens *= tiling->q_tile[d];
        kv_tokens *= tiling->kv_tile[d];
    }
    problem->problem.extra_q = round_up(problem->problem.extra_q, q_tokens);
    problem->problem.extra_kv = round_up(problem->problem.extra_kv, kv_tokens);
}

tb_census tb_sim_large_census(const tb_sim_case *problem)
{
    tb_census census = {0};
    tb_error err;
    tb_status status = tb_census_count(&problem->problem, &problem->pattern, &problem->tiling, NULL,
                                       &census, &err);
    if (status != TB_OK) {
        tb_sim_case_print(problem);
    }
    tb_assert_ok(status, &err);
    return census;
}

tb_bound tb_sim_large_bound(const tb_sim_case *problem, const tb_census *census)
{
    tb_bound bound;
    tb_error err;
    tb_assert_ok(tb_bound_compute(&problem->problem, &problem->pattern, &problem->tiling, census,
                                  TB_BASELINE_SELF, &bound, &err),
                 &err);
    return bound;
}

void tb_sim_large_check(tb_sim_law *law, int cases)
{
    gsl_rng *random = tb_test_random();
    for (int i = 0; i < cases; i++) {
        law(random);
    }
    print_message("%d problems\n", cases);
    gsl_rng_free(random);
}

void tb_sim_large_assert(const tb_sim_case *problem, bool holds, const char *law)
{
    if (!holds) {
        tb_sim_case_print(problem);
        fail_msg("does not hold: %s", law);
    }
}
