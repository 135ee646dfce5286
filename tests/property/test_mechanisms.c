/* Every known mechanism: it runs at all lengths, quickly, its numbers make sense, and with
 * parameters that make it dense its attention takes dense attention's time. */
#include "test_support.h"

#include "arena.h"
#include "catalogue.h"
#include "mechanism.h"
#include "mechanism_explain.h"
#include "timed_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEVICE "h100-sxm"

/* Processor time, all threads together, that a run may take: what users see of an optimised build,
 * with room for asserts and for other work on this machine. */
#define LIMIT_MS        50.0
#define LIMIT_RANDOM_MS 1000.0
#ifdef NDEBUG
#define ROOM 2.0
#else
#define ROOM 5.0
#endif

typedef void each_fn(const char *name, void *user);

static int for_each(each_fn *call, void *user)
{
    const char *const *names = NULL;
    size_t count = 0;
    tb_error err;
    tb_arena *arena = tb_arena_create();
    tb_assert_ok(tb_catalogue_names(TB_CATALOGUE_MECHANISM, arena, &names, &count, &err), &err);
    for (size_t i = 0; i < count; i++) {
        call(names[i], user);
    }
    tb_arena_destroy(arena);
    return (int)count;
}

static tb_mechanism *load(const char *name)
{
    tb_mechanism *mechanism = NULL;
    tb_error err;
    tb_assert_ok(tb_mechanism_load(name, &mechanism, &err), &err);
    return mechanism;
}

static tb_problem problem_of(const tb_mechanism *mechanism, int64_t tokens)
{
    tb_problem problem = mechanism->problem;
    bool changed = false;
    tb_error err;
    problem.layout = (tb_layout){.rank = 1, .extent = {tokens}};
    tb_assert_ok(tb_mechanism_layout(mechanism, &problem.layout, &changed, &err), &err);
    return problem;
}

static bool is_random(const tb_mechanism_result *result)
{
    for (size_t i = 0; i < result->stage_count; i++) {
        const tb_stage_result *stage = &result->stages[i];
        if (stage->has_census && tb_pattern_is_random(&stage->item.pattern)) {
            return true;
        }
    }
    return false;
}

/* What must hold of any run. */
static void check_result(const char *name, int64_t tokens, const tb_mechanism_result *r)
{
    double total = 0, least = 0;
    bool ok = r->total_us > 0 && isfinite(r->total_us) && r->dense_us > 0 && isfinite(r->speedup) &&
              r->speedup > 0 && r->bound > 0 && isfinite(r->bound) && r->peak_bytes > 0;
    for (size_t i = 0; i < r->stage_count; i++) {
        const tb_stage_result *s = &r->stages[i];
        const tb_work *w = &s->work;
        double all = w->matrix_flop + w->fma_flop + w->special + w->hbm_bytes + w->pcie_bytes +
                     w->link_bytes + w->launches + w->live_bytes;
        ok = ok && isfinite(all) && all >= 0 && isfinite(s->time_us) && s->least_us >= 0 &&
             s->least_us <= s->time_us * (1 + 1e-9);
        if (s->has_census) {
            ok = ok && s->visited > 0 && s->visited_low <= s->visited_high &&
                 s->census.full <= s->census.visited;
        }
        total += s->time_us;
        least += s->least_us;
    }
    ok = ok && fabs(total - r->total_us) <= 1e-9 * total &&
         fabs(least - r->least_us) <= 1e-9 * least;
    ok = ok && r->speedup <= r->dense_us / r->least_us * (1 + 1e-9);
    if (!ok) {
        print_message("%s at %lld tokens: total %g least %g dense %g bound %g\n", name,
                      (long long)tokens, r->total_us, r->least_us, r->dense_us, r->bound);
        for (size_t i = 0; i < r->stage_count; i++) {
            print_message("  %s: least %g time %g visited %g\n", r->stages[i].name,
                          r->stages[i].least_us, r->stages[i].time_us, r->stages[i].visited);
        }
    }
    assert_true(ok);
}

static void check_explanation(const tb_mechanism_result *r)
{
    tb_mechanism_explanation why;
    tb_error err;
    tb_assert_ok(tb_mechanism_explain(r, &why, &err), &err);
    double product = why.from;
    for (size_t i = 0; i < why.count; i++) {
        product *= why.steps[i].factor;
    }
    tb_assert_close(product, r->speedup, 1e-9);
    tb_mechanism_explanation_release(&why);
}

typedef struct length_test {
    tb_device *device;
    int runs, slow;
    double slowest_ms, slowest_random_ms;
    char slowest[64], slowest_random[64];
} length_test;

static void run_lengths(const char *name, void *user)
{
    static const int64_t lengths[] = {1024, 7200, 32768, 131072, 1048576};
    length_test *test = user;
    tb_mechanism *mechanism = load(name);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        tb_problem problem = problem_of(mechanism, lengths[i]);
        tb_mechanism_result result;
        tb_error err;
        clock_t before = clock();
        tb_assert_ok(tb_mechanism_run(mechanism, &problem, test->device, NULL, 72, &result, &err),
                     &err);
        double ms = (double)(clock() - before) * 1000 / CLOCKS_PER_SEC;
        check_result(name, lengths[i], &result);
        check_explanation(&result);
        bool random = is_random(&result);
        double *slowest = random ? &test->slowest_random_ms : &test->slowest_ms;
        if (ms > *slowest) {
            *slowest = ms;
            (void)snprintf(random ? test->slowest_random : test->slowest, 64, "%s at %lld", name,
                           (long long)lengths[i]);
        }
        bool is_slow = ms > ROOM * (random ? LIMIT_RANDOM_MS : LIMIT_MS);
        if (is_slow && TB_TEST_CASES_DIVISOR == 1) { /* sanitizers take their own time */
            print_message("%s at %lld tokens: %.0f ms\n", name, (long long)lengths[i], ms);
            test->slow++;
        }
        test->runs++;
        tb_mechanism_result_release(&result);
    }
    tb_mechanism_destroy(mechanism);
}

static void mechanisms__run_at_all_lengths(void **state)
{
    (void)state;
    length_test test = {.device = tb_test_device(DEVICE)};
    tb_test_set(test.device, "pcie_gb_per_s=55"); /* which no source states; some need one */
    int count = for_each(run_lengths, &test);
    print_message("%d runs of %d mechanisms; slowest %s: %.1f ms; of random patterns %s: %.1f ms\n",
                  test.runs, count, test.slowest, test.slowest_ms, test.slowest_random,
                  test.slowest_random_ms);
    assert_true(count > 0);
    assert_int_equal(test.slow, 0);
    tb_device_destroy(test.device);
}

/* Time of the stages that attend; the rest is work that dense attention does without. */
static double attending_us(const tb_mechanism_result *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->stage_count; i++) {
        bool attends = r->stages[i].has_census || strcmp(r->stages[i].kind, "decode") == 0;
        sum += attends ? r->stages[i].time_us : 0;
    }
    return sum;
}

typedef struct dense_test {
    tb_device *device;
    tb_kernel *kernel;
    int runs;
    double worst;
} dense_test;

/* Every stage that attends sees everything now: a mixture whose other heads stay sparse, or one
 * over several devices, is no dense attention. */
static void run_dense(const char *name, void *user)
{
    static const int64_t lengths[] = {16384, 65536};
    dense_test *test = user;
    for (size_t i = 0; i < 2; i++) {
        tb_mechanism *mechanism = load(name);
        tb_problem problem = problem_of(mechanism, lengths[i]);
        tb_mechanism_result result;
        tb_error err;
        bool can = false;
        tb_assert_ok(tb_mechanism_make_dense(mechanism, &problem, &can, &err), &err);
        if (can) {
            tb_mechanism_options options = {
                .device = test->device, .kernel = test->kernel, .baseline_kernel = test->kernel};
            tb_assert_ok(tb_mechanism_run_with(mechanism, &problem, &options, &result, &err), &err);
            double off = attending_us(&result) / result.dense_us - 1;
            if (fabs(off) > 0.02) {
                print_message("%s at %lld tokens: dense parameters take %+.1f %%\n", name,
                              (long long)lengths[i], 100 * off);
            }
            test->worst = fmax(test->worst, fabs(off));
            test->runs++;
            tb_mechanism_result_release(&result);
        }
        tb_mechanism_destroy(mechanism);
    }
}

static void mechanisms__with_dense_parameters_take_dense_attentions_time(void **state)
{
    (void)state;
    dense_test test = {.device = tb_test_device(DEVICE), .kernel = tb_test_kernel("flex")};
    (void)for_each(run_dense, &test);
    print_message("%d runs; the farthest is %.2f %% off\n", test.runs, 100 * test.worst);
    assert_true(test.runs > 0);
    assert_true(test.worst <= 0.02);
    tb_kernel_destroy(test.kernel);
    tb_device_destroy(test.device);
}

/* Names of files are names of mechanisms, and what people read has words. */
static void check_words(const char *name, void *user)
{
    (void)user;
    tb_mechanism *m = load(name);
    assert_string_equal(m->name, name);
    assert_true(strlen(m->title) > 2 && strlen(m->summary) > 2 && strlen(m->family) > 2);
    assert_null(strchr(m->summary, '\n'));
    for (size_t i = 0; i < m->parameter_count; i++) {
        bool is_sourced = strncmp(m->parameters[i].from, "abstract", 8) == 0 ||
                          strncmp(m->parameters[i].from, "source: ", 8) == 0 ||
                          strncmp(m->parameters[i].from, "assumed: ", 9) == 0;
        if (!is_sourced) {
            print_message("%s: %s is from '%s'\n", name, m->parameters[i].name,
                          m->parameters[i].from);
        }
        assert_true(is_sourced);
    }
    tb_mechanism_destroy(m);
}

static void mechanisms__say_who_they_are(void **state)
{
    (void)state;
    print_message("%d mechanisms\n", for_each(check_words, NULL));
}

TB_TESTS(cmocka_unit_test(mechanisms__say_who_they_are),
         cmocka_unit_test(mechanisms__run_at_all_lengths),
         cmocka_unit_test(mechanisms__with_dense_parameters_take_dense_attentions_time));
