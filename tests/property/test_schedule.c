/* Schedules of random launches against a plain loop over every CTA, and the laws of scheduling. */
#include "schedule.h"
#include "schedule_estimate.h"
#include "test_support.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_Q_TILES 40
#define MAX_CTAS    (MAX_Q_TILES * 8)
#define MAX_SLOTS   (20 * 3)
#define ROUNDING    1e-12 /* relative, of sums of up to MAX_CTAS costs */

/* Laws are checked with `rounding` = 0 where all sums are exact: costs that are small integers. */
typedef struct launch {
    double cost[MAX_Q_TILES];
    tb_schedule_problem problem;
    double rounding;
    bool is_equal;
} launch;

static double draw_cost(gsl_rng *random, int64_t kind, double first)
{
    switch (kind) {
    case 0:
        return (double)tb_test_between(random, 0, 9); /* many ties, and CTAs of no work */
    case 1:
        return (double)tb_test_between(random, 1, 100000);
    case 2:
        return 2 + 1.7 * (double)tb_test_between(random, 81, 275);
    case 3:
        return gsl_ran_lognormal(random, 0, 2); /* a few CTAs are most of the work */
    default:
        return first;
    }
}

static void draw_launch(gsl_rng *random, launch *out)
{
    int64_t kind = tb_test_between(random, 0, 4);
    double first = tb_test_between(random, 0, 1) == 0 ? (double)tb_test_between(random, 1, 99)
                                                      : gsl_rng_uniform_pos(random);
    out->problem = (tb_schedule_problem){.cost = out->cost,
                                         .q_tiles = tb_test_between(random, 1, MAX_Q_TILES),
                                         .copies = tb_test_between(random, 1, 8),
                                         .sms = tb_test_between(random, 1, 20),
                                         .occupancy = tb_test_between(random, 1, 3)};
    for (int64_t q = 0; q < out->problem.q_tiles; q++) {
        out->cost[q] = draw_cost(random, kind, first);
    }
    out->rounding = kind <= 1 ? 0 : ROUNDING;
    out->is_equal = true;
    for (int64_t q = 1; q < out->problem.q_tiles; q++) {
        out->is_equal &= memcmp(&out->cost[q], &out->cost[0], sizeof out->cost[0]) == 0;
    }
}

static void print_launch(const launch *l)
{
    print_error("%lld SMs x %lld, %s, %lld copies of", (long long)l->problem.sms,
                (long long)l->problem.occupancy, tb_schedule_policy_names[l->problem.policy],
                (long long)l->problem.copies);
    for (int64_t q = 0; q < l->problem.q_tiles; q++) {
        print_error(" %.17g", l->cost[q]);
    }
    print_error("\n");
}

static tb_schedule run(const tb_schedule_problem *problem)
{
    tb_schedule out = {0};
    tb_error err;
    tb_assert_ok(tb_schedule_run(problem, NULL, NULL, &out, &err), &err);
    return out;
}

/* Check a <= b up to the launch's rounding. */
static void assert_at_most(const launch *l, double a, double b, const char *law)
{
    if (!(a <= b + l->rounding * fabs(b))) {
        print_launch(l);
        fail_msg("%s: %.17g, %.17g", law, a, b);
    }
}

static void assert_same(const launch *l, double a, double b, const char *what)
{
    assert_at_most(l, a, b, what);
    assert_at_most(l, b, a, what);
}

/* The order in which the policy takes CTAs: a stable insertion sort for longest-first. */
static void order_ctas(const launch *l, int64_t ctas, int64_t order[MAX_CTAS])
{
    for (int64_t i = 0; i < ctas; i++) {
        int64_t at = i;
        while (l->problem.policy == TB_SCHEDULE_LONGEST_FIRST && at > 0 &&
               l->cost[order[at - 1] % l->problem.q_tiles] < l->cost[i % l->problem.q_tiles]) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

/* End times of all slots, by looking at every slot for every CTA. */
static void schedule_plainly(const launch *l, double finish[MAX_SLOTS])
{
    int64_t order[MAX_CTAS], ctas = l->problem.q_tiles * l->problem.copies;
    int64_t slots = l->problem.sms * l->problem.occupancy;
    order_ctas(l, ctas, order);
    memset(finish, 0, MAX_SLOTS * sizeof *finish);
    for (int64_t i = 0; i < ctas; i++) {
        int64_t taker = 0;
        for (int64_t s = 1; s < slots; s++) {
            taker = finish[s] < finish[taker] ? s : taker;
        }
        if (l->problem.policy == TB_SCHEDULE_PERSISTENT_STATIC) {
            taker = i % slots;
        }
        finish[taker] += l->cost[order[i] % l->problem.q_tiles];
    }
}

/* Makespan, tail and loads of a schedule are those of these end times. */
static void check_against(const launch *l, const tb_schedule *out, const double finish[MAX_SLOTS])
{
    double first = finish[0], last = finish[0], load_min = HUGE_VAL, load_max = 0;
    for (int64_t s = 0; s < out->slots; s++) {
        first = fmin(first, finish[s]);
        last = fmax(last, finish[s]);
    }
    for (int64_t sm = 0; sm < l->problem.sms; sm++) {
        double load = 0;
        for (int64_t o = 0; o < l->problem.occupancy; o++) {
            load += finish[o * l->problem.sms + sm];
        }
        load_min = fmin(load_min, load);
        load_max = fmax(load_max, load);
    }
    assert_same(l, out->makespan, last, "makespan = last end");
    assert_same(l, out->makespan, out->tail + first, "makespan = tail + first idle");
    assert_same(l, out->load_min, load_min, "least load");
    assert_same(l, out->load_max, load_max, "largest load");
}

static void check_plain(launch *l)
{
    double finish[MAX_SLOTS];
    for (int policy = 0; policy < TB_SCHEDULE_POLICY_COUNT; policy++) {
        l->problem.policy = (tb_schedule_policy)policy;
        tb_schedule out = run(&l->problem), again = run(&l->problem);
        assert_memory_equal(&out, &again, sizeof out);
        schedule_plainly(l, finish);
        check_against(l, &out, finish);
    }
}

static double share_of(const tb_schedule *out)
{
    return out->busy / (double)out->slots;
}

static double dearest(const launch *l)
{
    double most = 0;
    for (int64_t q = 0; q < l->problem.q_tiles; q++) {
        most = fmax(most, l->cost[q]);
    }
    return most;
}

static void check_laws(launch *l)
{
    double max = dearest(l);
    tb_schedule by[TB_SCHEDULE_POLICY_COUNT];
    for (int policy = 0; policy < TB_SCHEDULE_POLICY_COUNT; policy++) {
        l->problem.policy = (tb_schedule_policy)policy;
        tb_schedule out = by[policy] = run(&l->problem);
        assert_at_most(l, share_of(&out), out.makespan, "busy / slots <= makespan");
        assert_at_most(l, max, out.makespan, "dearest CTA <= makespan");
        assert_at_most(l, out.makespan, (double)out.ctas * max, "makespan <= all in turn");
        assert_true(out.load_min <= out.load_mean && out.load_mean <= out.load_max);
        assert_true(out.utilisation > 0 && out.utilisation <= 1 && out.imbalance >= 1);
        assert_true(out.tail >= 0 && out.tail <= out.makespan);
        if (l->is_equal) {
            tb_assert_close(out.makespan, (double)out.waves * max, 0);
        }
        if (policy != TB_SCHEDULE_PERSISTENT_STATIC) { /* 1e-15: of the bound's own division */
            double graham = share_of(&out) + (1 - 1 / (double)out.slots) * max;
            assert_at_most(l, out.makespan, graham * (1 + 1e-15), "makespan <= Graham's bound");
            assert_at_most(l, out.tail, max, "no slot idles longer than the dearest CTA");
        }
    }
    assert_memory_equal(&by[TB_SCHEDULE_HARDWARE], &by[TB_SCHEDULE_PERSISTENT_DYNAMIC], sizeof *by);
}

/* List scheduling of independent CTAs has none of Graham's anomalies: with one more slot each CTA
 * starts no later, by induction over the sorted end times. Static is no list: left out unless all
 * costs are equal. */
static void check_more_slots(launch *l)
{
    for (int policy = 0; policy < TB_SCHEDULE_POLICY_COUNT; policy++) {
        l->problem.policy = (tb_schedule_policy)policy;
        if (policy == TB_SCHEDULE_PERSISTENT_STATIC && !l->is_equal) {
            continue;
        }
        tb_schedule_problem more = l->problem;
        more.sms++;
        assert_at_most(l, run(&more).makespan, run(&l->problem).makespan, "more SMs");
        more = l->problem;
        more.occupancy++;
        assert_at_most(l, run(&more).makespan, run(&l->problem).makespan, "more occupancy");
    }
}

/* Copies of the costs written out are the same launch. */
static void check_copies(launch *l)
{
    double cost[MAX_CTAS];
    for (int64_t i = 0; i < l->problem.q_tiles * l->problem.copies; i++) {
        cost[i] = l->cost[i % l->problem.q_tiles];
    }
    for (int policy = 0; policy < TB_SCHEDULE_POLICY_COUNT; policy++) {
        l->problem.policy = (tb_schedule_policy)policy;
        tb_schedule_problem flat = l->problem;
        flat.cost = cost;
        flat.q_tiles *= flat.copies;
        flat.copies = 1;
        tb_schedule out = run(&l->problem), want = run(&flat);
        assert_int_equal(out.ctas, want.ctas);
        assert_int_equal(out.waves, want.waves);
        assert_same(l, out.makespan, want.makespan, "makespan of copies");
        assert_same(l, out.busy, want.busy, "busy of copies");
        assert_same(l, out.load_min, want.load_min, "least load of copies");
        assert_same(l, out.load_max, want.load_max, "largest load of copies");
        assert_same(l, out.makespan + out.tail, want.makespan + want.tail, "tail of copies");
    }
}

typedef struct watcher {
    const launch *l;
    int64_t told;
    bool seen[MAX_CTAS];
    double free_at[MAX_SLOTS];
    double last_start, busy;
} watcher;

static void watch(int64_t cta, int64_t slot, double start, double end, void *user)
{
    watcher *w = user;
    const launch *l = w->l;
    assert_true(cta >= 0 && cta < l->problem.q_tiles * l->problem.copies && !w->seen[cta]);
    assert_true(slot >= 0 && slot < l->problem.sms * l->problem.occupancy);
    tb_assert_close(start, w->free_at[slot], 0); /* neither overlap nor idle */
    assert_same(l, end, start + l->cost[cta % l->problem.q_tiles], "end = start + cost");
    if (l->problem.policy == TB_SCHEDULE_PERSISTENT_STATIC) {
        assert_int_equal(cta, w->told);
    } else {
        assert_true(start >= w->last_start);
    }
    if (l->problem.policy == TB_SCHEDULE_HARDWARE) {
        assert_int_equal(cta, w->told);
    }
    w->seen[cta] = true;
    w->free_at[slot] = end;
    w->last_start = start;
    w->busy += end - start;
    w->told++;
}

/* The makespan is the last end to the bit, and a listener changes nothing. */
static void check_timeline(launch *l)
{
    for (int policy = 0; policy < TB_SCHEDULE_POLICY_COUNT; policy++) {
        l->problem.policy = (tb_schedule_policy)policy;
        watcher w = {.l = l};
        tb_schedule out, deaf = run(&l->problem);
        tb_error err;
        tb_assert_ok(tb_schedule_run(&l->problem, watch, &w, &out, &err), &err);
        assert_memory_equal(&out, &deaf, sizeof out);
        assert_int_equal(w.told, out.ctas);
        double last = 0;
        for (int64_t s = 0; s < out.slots; s++) {
            last = fmax(last, w.free_at[s]);
        }
        tb_assert_close(out.makespan, last, 0);
        assert_at_most(l, fabs(w.busy - out.busy), 1e-9 * out.busy, "told = busy");
        check_against(l, &out, w.free_at);
    }
}

static void check_estimate(launch *l)
{
    tb_schedule_bin bins[MAX_Q_TILES];
    for (int64_t q = 0; q < l->problem.q_tiles; q++) {
        bins[q] = (tb_schedule_bin){.cost = l->cost[q], .ctas = l->problem.copies};
    }
    for (int policy = 0; policy < TB_SCHEDULE_POLICY_COUNT; policy++) {
        l->problem.policy = (tb_schedule_policy)policy;
        tb_schedule out = run(&l->problem);
        tb_schedule_range range;
        tb_error err;
        tb_assert_ok(tb_schedule_estimate(bins, l->problem.q_tiles, out.slots, l->problem.policy,
                                          &range, &err),
                     &err);
        assert_int_equal(range.waves, out.waves);
        assert_true(range.lower <= range.upper);
        assert_at_most(l, range.lower, out.makespan, "lower <= makespan");
        assert_at_most(l, out.makespan, range.upper * (1 + 1e-15), "makespan <= upper");
        assert_true(range.is_exact == l->is_equal);
        if (l->is_equal) {
            tb_assert_close(range.lower, out.makespan, 0);
        }
    }
}

static void check_all(const char *what, void (*check)(launch *l))
{
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(6000);
    for (int i = 0; i < cases; i++) {
        launch l;
        draw_launch(random, &l);
        check(&l);
    }
    print_message("%d launches: %s\n", cases, what);
    gsl_rng_free(random);
}

#define LAW(name, check, what)                                                                     \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        check_all(what, check);                                                                    \
    }

LAW(schedule__equals_a_loop_over_slots, check_plain, "equal to a plain loop, twice")
LAW(schedule__keeps_the_laws, check_laws, "within the bounds")
LAW(more_slots__are_never_slower, check_more_slots, "no slower with more slots")
LAW(copies__equal_the_sequence_written_out, check_copies, "as if written out")
LAW(timeline__covers_every_cta_once, check_timeline, "timelines")
LAW(estimate__brackets_the_makespan, check_estimate, "in the estimated range")

TB_TESTS(cmocka_unit_test(schedule__equals_a_loop_over_slots),
         cmocka_unit_test(schedule__keeps_the_laws), cmocka_unit_test(more_slots__are_never_slower),
         cmocka_unit_test(copies__equal_the_sequence_written_out),
         cmocka_unit_test(timeline__covers_every_cta_once),
         cmocka_unit_test(estimate__brackets_the_makespan));
