/* Schedules worked out by hand. */
#include "schedule.h"
#include "test_support.h"

#include <math.h>

#define COUNT(array) ((int64_t)(sizeof(array) / sizeof *(array)))

/* Costs of the first four tests: seven CTAs, 35 in all. */
static const double seven[] = {5, 3, 8, 2, 7, 4, 6};

static tb_schedule_problem launch(const double *cost, int64_t q_tiles, int64_t sms,
                                  tb_schedule_policy policy)
{
    return (tb_schedule_problem){.cost = cost,
                                 .q_tiles = q_tiles,
                                 .copies = 1,
                                 .sms = sms,
                                 .occupancy = 1,
                                 .policy = policy};
}

static tb_schedule run(const tb_schedule_problem *problem)
{
    tb_schedule out = {0};
    tb_error err;
    tb_assert_ok(tb_schedule_run(problem, NULL, NULL, &out, &err), &err);
    return out;
}

static void assert_exact(double value, double want)
{
    tb_assert_close(value, want, 0);
}

/* What a listener was told, in order. */
typedef struct told {
    int64_t count;
    int64_t cta[32], slot[32];
    double start[32], end[32];
} told;

static void listen(int64_t cta, int64_t slot, double start, double end, void *user)
{
    told *log = user;
    assert_true(log->count < COUNT(log->cta));
    log->cta[log->count] = cta;
    log->slot[log->count] = slot;
    log->start[log->count] = start;
    log->end[log->count++] = end;
}

static told timeline(const tb_schedule_problem *problem)
{
    told log = {0};
    tb_schedule out;
    tb_error err;
    tb_assert_ok(tb_schedule_run(problem, listen, &log, &out, &err), &err);
    assert_int_equal(log.count, out.ctas);
    return log;
}

/* 5, 3, 8 start; 2 on slot 1 at 3; at 5 slots 0 and 1 are free: 7 on slot 0, 4 on slot 1; 6 on slot
 * 2 at 8. Ends 12, 9, 14. */
static void hardware__takes_the_slot_that_is_free_first(void **state)
{
    (void)state;
    tb_schedule_problem problem = launch(seven, 7, 3, TB_SCHEDULE_HARDWARE);
    tb_schedule out = run(&problem);
    assert_int_equal(out.ctas, 7);
    assert_int_equal(out.slots, 3);
    assert_int_equal(out.waves, 3);
    assert_exact(out.makespan, 14);
    assert_exact(out.busy, 35);
    tb_assert_close(out.utilisation, 35.0 / 42, 1e-15);
    assert_exact(out.tail, 14 - 9);
    assert_exact(out.load_min, 9);
    tb_assert_close(out.load_mean, 35.0 / 3, 1e-15);
    assert_exact(out.load_max, 14);
    tb_assert_close(out.imbalance, 14 * 3 / 35.0, 1e-15);
    told log = timeline(&problem);
    static const int64_t slots[] = {0, 1, 2, 1, 0, 1, 2};
    static const double starts[] = {0, 0, 0, 3, 5, 5, 8};
    for (int64_t i = 0; i < 7; i++) {
        assert_int_equal(log.cta[i], i);
        assert_int_equal(log.slot[i], slots[i]);
        assert_exact(log.start[i], starts[i]);
        assert_exact(log.end[i], starts[i] + seven[i]);
    }
}

/* Slot 0: 5 + 2 + 6 = 13; slot 1: 3 + 7 = 10; slot 2: 8 + 4 = 12. */
static void persistent_static__takes_every_third(void **state)
{
    (void)state;
    tb_schedule_problem problem = launch(seven, 7, 3, TB_SCHEDULE_PERSISTENT_STATIC);
    tb_schedule out = run(&problem);
    assert_exact(out.makespan, 13);
    assert_exact(out.tail, 3);
    assert_exact(out.load_min, 10);
    told log = timeline(&problem);
    assert_int_equal(log.cta[6], 6);
    assert_int_equal(log.slot[6], 0);
    assert_exact(log.start[6], 7);
    assert_exact(log.end[6], 13);
}

/* 8, 7, 6 start; 5 -> slot 2 (11), 4 -> slot 1 (11), 3 -> slot 0 (11), 2 -> slot 0 (13). */
static void longest_first__sorts(void **state)
{
    (void)state;
    tb_schedule_problem problem = launch(seven, 7, 3, TB_SCHEDULE_LONGEST_FIRST);
    tb_schedule out = run(&problem);
    assert_exact(out.makespan, 13);
    assert_exact(out.tail, 2);
    assert_exact(out.load_min, 11);
    told log = timeline(&problem);
    static const int64_t ctas[] = {2, 4, 6, 0, 5, 1, 3};
    for (int64_t i = 0; i < 7; i++) {
        assert_int_equal(log.cta[i], ctas[i]);
    }
}

/* Two copies of 3 5 3 5: the fives, copy by copy, and then the threes. */
static void longest_first__keeps_launch_order_of_equal_costs(void **state)
{
    (void)state;
    static const double cost[] = {3, 5, 3, 5};
    tb_schedule_problem problem = launch(cost, 4, 1, TB_SCHEDULE_LONGEST_FIRST);
    problem.copies = 2;
    told log = timeline(&problem);
    static const int64_t ctas[] = {1, 3, 5, 7, 0, 2, 4, 6};
    for (int64_t i = 0; i < 8; i++) {
        assert_int_equal(log.cta[i], ctas[i]);
    }
    assert_exact(log.end[7], 32);
}

static void persistent_dynamic__has_the_schedule_of_hardware(void **state)
{
    (void)state;
    tb_schedule_problem problem = launch(seven, 7, 3, TB_SCHEDULE_PERSISTENT_DYNAMIC);
    tb_schedule out = run(&problem);
    assert_exact(out.makespan, 14);
    assert_exact(out.tail, 5);
}

/* Slots 0 and 2 are on SM 0, slots 1 and 3 on SM 1. 9, 1, 1, 1 start, 6 on slot 1 at 1: ends
 * 9, 7, 1, 1; loads 10 and 8. */
static void occupancy__adds_the_slots_of_an_sm(void **state)
{
    (void)state;
    static const double cost[] = {9, 1, 1, 1, 6};
    tb_schedule_problem problem = launch(cost, 5, 2, TB_SCHEDULE_HARDWARE);
    problem.occupancy = 2;
    tb_schedule out = run(&problem);
    assert_int_equal(out.slots, 4);
    assert_int_equal(out.waves, 2);
    assert_exact(out.makespan, 9);
    assert_exact(out.tail, 8);
    assert_exact(out.load_max, 10);
    assert_exact(out.load_mean, 9);
    assert_exact(out.load_min, 8);
    tb_assert_close(out.utilisation, 18 / 36.0, 1e-15);
}

/* 4 1 4 1 4 1 on two slots. Hardware: 4 | 1, 4 on slot 1 (5), 1 on slot 0 (5), 4 on slot 0 (9), 1
 * on slot 1. Static gives slot 0 all fours: 12. Longest first: 4 4 on slot 0, 4 1 1 1 on slot 1: 8.
 */
static void copies__repeat_the_costs(void **state)
{
    (void)state;
    static const double cost[] = {4, 1};
    static const double want[TB_SCHEDULE_POLICY_COUNT] = {9, 12, 9, 8};
    static const double tails[TB_SCHEDULE_POLICY_COUNT] = {3, 9, 3, 1};
    for (int policy = 0; policy < TB_SCHEDULE_POLICY_COUNT; policy++) {
        tb_schedule_problem problem = launch(cost, 2, 2, (tb_schedule_policy)policy);
        problem.copies = 3;
        tb_schedule out = run(&problem);
        assert_int_equal(out.ctas, 6);
        assert_exact(out.busy, 15);
        assert_exact(out.makespan, want[policy]);
        assert_exact(out.tail, tails[policy]);
    }
}

/* 1 2 3 over and over on two slots: slot 0 takes 1 3 2 and slot 1 takes 2 1 3, 6 each, of every two
 * copies; of the odd last one slot 0 takes 1 + 3 and slot 1 takes 2. 3 x (2^50 + 1) CTAs. */
static void persistent_static__of_any_number_of_copies(void **state)
{
    (void)state;
    static const double cost[] = {1, 2, 3};
    tb_schedule_problem problem = launch(cost, 3, 2, TB_SCHEDULE_PERSISTENT_STATIC);
    problem.copies = (INT64_C(1) << 50) + 1;
    tb_schedule out = run(&problem);
    assert_exact(out.makespan, ldexp(6, 49) + 4);
    assert_exact(out.load_min, ldexp(6, 49) + 2);
    assert_exact(out.tail, 2);
}

/* Seven CTAs on 2 SMs x 2: slots 0, 1 and 2 take two; SM 0 has four CTAs, SM 1 three. Summing 0.1
 * would miss the product by a rounding in longer launches. */
static void equal_costs__take_waves_times_cost(void **state)
{
    (void)state;
    static const double cost[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
    for (int policy = 0; policy < TB_SCHEDULE_POLICY_COUNT; policy++) {
        tb_schedule_problem problem = launch(cost, 7, 2, (tb_schedule_policy)policy);
        problem.occupancy = 2;
        tb_schedule out = run(&problem);
        assert_exact(out.makespan, 2 * 0.1);
        assert_exact(out.tail, 0.1);
        assert_exact(out.load_max, 4 * 0.1);
        assert_exact(out.load_min, 3 * 0.1);
        told log = timeline(&problem);
        assert_int_equal(log.slot[3], 3);
        assert_exact(log.end[3], 0.1);
        assert_int_equal(log.slot[6], 2);
        assert_exact(log.start[6], 0.1);
        problem.copies = INT64_C(1) << 40; /* 7 x 2^40 / 4 waves, without a walk */
        out = run(&problem);
        assert_exact(out.makespan, ldexp(7, 38) * 0.1);
        assert_exact(out.tail, 0);
        assert_exact(out.utilisation, 1);
        assert_exact(out.imbalance, 1);
    }
}

/* 5, 2, 9 on three of 2^40 SMs: the others are idle from the beginning. */
static void fewer_ctas_than_slots__leave_sms_idle(void **state)
{
    (void)state;
    static const double cost[] = {5, 2, 9};
    for (int policy = 0; policy < TB_SCHEDULE_POLICY_COUNT; policy++) {
        tb_schedule_problem problem = launch(cost, 3, INT64_C(1) << 40, (tb_schedule_policy)policy);
        tb_schedule out = run(&problem);
        assert_int_equal(out.waves, 1);
        assert_exact(out.makespan, 9);
        assert_exact(out.tail, 9);
        assert_exact(out.load_min, 0);
        assert_exact(out.load_max, 9);
        assert_exact(out.utilisation, ldexp(16, -40) / 9);
    }
}

/* Slot 0 stays the lowest of those that are free first. */
static void no_cost__is_a_full_balanced_launch(void **state)
{
    (void)state;
    static const double cost[] = {0, 0, 0};
    for (int policy = 0; policy < TB_SCHEDULE_POLICY_COUNT; policy++) {
        tb_schedule_problem problem = launch(cost, 3, 2, (tb_schedule_policy)policy);
        tb_schedule out = run(&problem);
        assert_exact(out.makespan, 0);
        assert_exact(out.utilisation, 1);
        assert_exact(out.imbalance, 1);
        int64_t slot = policy == TB_SCHEDULE_PERSISTENT_STATIC ? 1 : 0;
        assert_int_equal(timeline(&problem).slot[1], slot);
    }
}

static void assert_refused(const tb_schedule_problem *problem, tb_status code, const char *part)
{
    tb_schedule out = {.ctas = 72};
    tb_error err;
    tb_assert_fails(tb_schedule_run(problem, NULL, NULL, &out, &err), &err, code, part);
    assert_int_equal(out.ctas, 72);
}

static void refused__are_sizes_out_of_range(void **state)
{
    (void)state;
    tb_schedule_problem good = launch(seven, 7, 3, TB_SCHEDULE_HARDWARE), bad = good;
    bad.q_tiles = 0;
    assert_refused(&bad, TB_EINVAL, "query tiles is 0");
    bad = good;
    bad.copies = -3;
    assert_refused(&bad, TB_EINVAL, "copies is -3");
    bad = good;
    bad.sms = 0;
    assert_refused(&bad, TB_EINVAL, "SMs is 0");
    bad = good;
    bad.occupancy = 0;
    assert_refused(&bad, TB_EINVAL, "occupancy is 0");
    bad = good;
    bad.copies = INT64_MAX / 7 + 1;
    assert_refused(&bad, TB_EOVERFLOW, "CTAs");
    bad = good;
    bad.sms = INT64_MAX / 2 + 1;
    bad.occupancy = 2;
    assert_refused(&bad, TB_EOVERFLOW, "SMs x occupancy");
    bad = good; /* 2^59 slots, each to hold a time */
    bad.copies = INT64_C(1) << 60;
    bad.sms = INT64_C(1) << 59;
    assert_refused(&bad, TB_ENOMEM, "no memory");
}

static void refused__are_costs_out_of_range(void **state)
{
    (void)state;
    double cost[] = {5, 3, 8};
    tb_schedule_problem bad = launch(cost, 3, 2, TB_SCHEDULE_PERSISTENT_STATIC);
    const double refused[] = {-1e-300, HUGE_VAL, -HUGE_VAL, nan("")};
    for (int64_t i = 0; i < COUNT(refused); i++) {
        cost[2] = refused[i];
        assert_refused(&bad, TB_EINVAL, "query tile 2 costs");
    }
    cost[2] = 1e308;
    run(&bad);
    bad.copies = 2;
    assert_refused(&bad, TB_EOVERFLOW, "no finite number");
}

TB_TESTS(cmocka_unit_test(hardware__takes_the_slot_that_is_free_first),
         cmocka_unit_test(persistent_static__takes_every_third),
         cmocka_unit_test(longest_first__sorts),
         cmocka_unit_test(longest_first__keeps_launch_order_of_equal_costs),
         cmocka_unit_test(persistent_dynamic__has_the_schedule_of_hardware),
         cmocka_unit_test(occupancy__adds_the_slots_of_an_sm),
         cmocka_unit_test(copies__repeat_the_costs),
         cmocka_unit_test(persistent_static__of_any_number_of_copies),
         cmocka_unit_test(equal_costs__take_waves_times_cost),
         cmocka_unit_test(fewer_ctas_than_slots__leave_sms_idle),
         cmocka_unit_test(no_cost__is_a_full_balanced_launch),
         cmocka_unit_test(refused__are_sizes_out_of_range),
         cmocka_unit_test(refused__are_costs_out_of_range));
