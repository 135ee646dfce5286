/* Schedules and splits of small launches against the best of all. */
#include "checked.h"
#include "schedule.h"
#include "schedule_split.h"
#include "test_support.h"

#include <math.h>

static double makespan(const tb_schedule_problem *problem)
{
    tb_schedule out = {0};
    tb_error err;
    tb_assert_ok(tb_schedule_run(problem, NULL, NULL, &out, &err), &err);
    return out.makespan;
}

/* The least makespan of `count` CTAs, by trying every assignment but those that differ in the names
 * of slots. */
static double best_makespan(const double *cost, int64_t count, double *load, int64_t slots,
                            double best)
{
    double most = 0;
    for (int64_t s = 0; s < slots; s++) {
        most = fmax(most, load[s]);
    }
    if (count == 0 || most >= best) {
        return fmin(most, best);
    }
    bool tried_empty = false;
    for (int64_t s = 0; s < slots && !tried_empty; s++) {
        tried_empty = !(load[s] > 0);
        load[s] += *cost;
        best = best_makespan(cost + 1, count - 1, load, slots, best);
        load[s] -= *cost;
    }
    return best;
}

/* Graham 1969: longest-first <= (4/3 - 1/(3m)) optimum; any list <= (2 - 1/m) optimum. */
static void policies__are_near_the_optimum(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(5000);
    double worst[TB_SCHEDULE_POLICY_COUNT] = {0};
    for (int i = 0; i < cases; i++) {
        double cost[8], load[4] = {0}, m = (double)tb_test_between(random, 2, 4);
        int64_t count = tb_test_between(random, 1, 8), most = tb_test_between(random, 3, 30);
        for (int64_t q = 0; q < count; q++) {
            cost[q] = (double)tb_test_between(random, 1, most);
        }
        double optimum = best_makespan(cost, count, load, (int64_t)m, HUGE_VAL);
        for (int policy = 0; policy < TB_SCHEDULE_POLICY_COUNT; policy++) {
            tb_schedule_problem problem = {.cost = cost,
                                           .q_tiles = count,
                                           .copies = 1,
                                           .sms = (int64_t)m,
                                           .occupancy = 1,
                                           .policy = (tb_schedule_policy)policy};
            double ratio = makespan(&problem) / optimum;
            assert_true(ratio >= 1);
            worst[policy] = fmax(worst[policy], ratio);
            if (policy != TB_SCHEDULE_PERSISTENT_STATIC) {
                bool is_sorted = policy == TB_SCHEDULE_LONGEST_FIRST;
                double bound = is_sorted ? 4.0 / 3 - 1 / (3 * m) : 2 - 1 / m;
                assert_true(ratio <= bound * (1 + 1e-15));
            }
        }
    }
    assert_true(worst[TB_SCHEDULE_LONGEST_FIRST] < worst[TB_SCHEDULE_HARDWARE]);
    print_message("%d optima; makespan / optimum up to %.3f in launch order, %.3f longest first\n",
                  cases, worst[TB_SCHEDULE_HARDWARE], worst[TB_SCHEDULE_LONGEST_FIRST]);
    gsl_rng_free(random);
}

/* Against a walk over every number of splits. */
static void split__equals_trying_all(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(6000);
    for (int i = 0; i < cases; i++) {
        tb_split_problem p = {.ctas = tb_test_between(random, 1, 300),
                              .slots = tb_test_between(random, 1, 300),
                              .tiles_per_cta = tb_test_between(random, 1, 400),
                              .max_splits = tb_test_between(random, 1, 130),
                              .cta_tiles = (double)tb_test_between(random, 0, 20) / 4,
                              .merge_tiles = (double)tb_test_between(random, 0, 20) / 4};
        int64_t best = 0;
        double least = HUGE_VAL;
        for (int64_t s = 1; s <= p.max_splits; s++) {
            double beside = p.cta_tiles + (s > 1 ? p.merge_tiles : 0);
            double time = (double)tb_ceil_div(p.ctas * s, p.slots) *
                          ((double)tb_ceil_div(p.tiles_per_cta, s) + beside);
            best = time < least ? s : best;
            least = fmin(least, time);
        }
        tb_split out;
        tb_error err;
        tb_assert_ok(tb_schedule_split(&p, &out, &err), &err);
        assert_int_equal(out.splits, best);
        tb_assert_close(out.time_tiles, least, 0);
        assert_int_equal(out.waves, tb_ceil_div(p.ctas * best, p.slots));
        assert_true((out.splits - 1) * out.tiles_per_split < p.tiles_per_cta); /* none is empty */
    }
    print_message("%d splits\n", cases);
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(policies__are_near_the_optimum),
         cmocka_unit_test(split__equals_trying_all));
