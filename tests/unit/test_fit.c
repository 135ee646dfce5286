/* Fits to runs that the model itself made: what went in comes out, and what the runs cannot tell is
 * said to be untold. */
#include "fit.h"

#include "test_support.h"
#include "timed_case.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PROBLEMS ((size_t)7)
#define SIDES    ((size_t)2) /* Hopper's kernel on an H100, Blackwell's on a B200 */
#define RUNS     (PROBLEMS * SIDES)

static const struct {
    const char *layout, *window, *stride;
    int64_t heads;
} problems[PROBLEMS] = {
    {"32768", "2048", NULL, 1},
    {"32768", "2048", "256", 1},
    {"32768", "2048", "2048", 1},
    {"256x256", "80x80", NULL, 9},
    {"256x256", "80x80", "16x16", 9},
    {"30x48x80", "18x24x24", NULL, 5},
    {"30x48x80", "18x24x24", "16x8x8", 5},
};

/* Fourteen runs of two kernels of one family. */
typedef struct lab {
    tb_kernel *kernel[SIDES];
    tb_device *device[SIDES];
    tb_time_values truth[SIDES];
    tb_timed_case timed[RUNS];
    tb_fit_run runs[RUNS];
    tb_fit_request request;
} lab;

/* Parameters unlike the priors; what belongs to the source is alike on both sides. */
static tb_time_values truth_of(size_t side)
{
    tb_time_values truth = tb_test_values(); /* with the prologue of the kernel files */
    truth.value[TB_TIME_OVERLAP] = side == 0 ? 0.31 : 0.17;
    truth.value[TB_TIME_MASK_CYCLES] = 1960;
    truth.value[TB_TIME_MASK_3D_FACTOR] = 1.27;
    truth.value[TB_TIME_LAUNCH_US] = side == 0 ? 8.4 : 5.7;
    truth.value[TB_TIME_SUSTAINED_CLOCK_FRACTION] = side == 0 ? 0.82 : 0.88;
    truth.value[TB_TIME_PERMUTE_FRACTION] = side == 0 ? 0.33 : 0.16;
    return truth;
}

static void measure(lab *l, size_t side, size_t problem)
{
    size_t r = side * PROBLEMS + problem;
    tb_case item = tb_test_gna(problems[problem].layout, problems[problem].window,
                               problems[problem].stride, problems[problem].heads);
    tb_timed_open(&item, l->kernel[side], l->device[side], &l->timed[r]);
    tb_time time = tb_timed_run(&l->timed[r], &l->truth[side]);
    l->runs[r] = (tb_fit_run){.id = problems[problem].layout,
                              .problem = problems[problem].layout,
                              .kernel = l->kernel[side],
                              .device = l->device[side],
                              .prediction = &l->timed[r].prediction,
                              .counts = &l->timed[r].counts,
                              .measured_us = time.attention_us,
                              .measured_permute_us = time.permute_us};
}

static int open_lab(void **state)
{
    lab *l = calloc(1, sizeof *l);
    assert_non_null(l);
    for (size_t side = 0; side < SIDES; side++) {
        l->kernel[side] =
            tb_test_kernel(side == 0 ? "cutlass-hopper-fna" : "cutlass-blackwell-fna");
        l->device[side] = tb_test_device(side == 0 ? "h100-sxm" : "b200");
        l->truth[side] = truth_of(side);
        for (size_t problem = 0; problem < PROBLEMS; problem++) {
            measure(l, side, problem);
        }
    }
    l->request = (tb_fit_request){.runs = l->runs, .count = RUNS, .noise = 0.003};
    for (int p = 0; p < TB_TIME_PARAMETER_COUNT; p++) {
        l->request.shared[p] = tb_time_parameters[p].is_of_source;
    }
    *state = l;
    return 0;
}

static int close_lab(void **state)
{
    lab *l = *state;
    for (size_t r = 0; r < RUNS; r++) {
        tb_timed_close(&l->timed[r]);
    }
    for (size_t side = 0; side < SIDES; side++) {
        tb_kernel_destroy(l->kernel[side]);
        tb_device_destroy(l->device[side]);
    }
    free(l);
    return 0;
}

static tb_fit_result solve(const lab *l, const bool *skip)
{
    tb_fit_result result = {0};
    tb_error err;
    tb_assert_ok(tb_fit_solve(&l->request, skip, NULL, &result, &err), &err);
    return result;
}

static const tb_fit_parameter *find(const tb_fit_result *result, tb_time_parameter parameter,
                                    const char *owner, const char *device)
{
    for (size_t i = 0; i < result->count; i++) {
        const tb_fit_parameter *at = &result->parameters[i];
        bool same_device = device == NULL || at->device == NULL ? device == at->device
                                                                : strcmp(device, at->device) == 0;
        if (at->parameter == parameter && strcmp(at->owner, owner) == 0 && same_device) {
            return at;
        }
    }
    return NULL;
}

static size_t count_of(const tb_fit_result *result, tb_time_parameter parameter)
{
    size_t count = 0;
    for (size_t i = 0; i < result->count; i++) {
        count += result->parameters[i].parameter == parameter;
    }
    return count;
}

/* What was put in comes out: within three errors, and ten times nearer than the prior. */
static void assert_recovered(const lab *l, const tb_fit_parameter *found)
{
    size_t side = found->device != NULL && strcmp(found->device, "b200") == 0;
    tb_time_parameter p = found->parameter;
    double truth = tb_parameter_forward(p, l->truth[side].value[p]);
    double value = tb_parameter_forward(p, found->value);
    double prior = tb_parameter_forward(p, found->prior_value);
    print_message("  %s of %s on %s: %g, error %g\n", tb_time_parameters[p].name, found->owner,
                  found->device == NULL ? "all" : found->device, found->value, found->error);
    assert_true(found->is_determined);
    assert_true(found->error > 0 && found->error < found->prior_spread);
    assert_true(fabs(value - truth) <= 3 * found->error);
    assert_true(fabs(value - truth) <= fabs(prior - truth) / 10);
}

static void assert_predicted(const lab *l, const tb_fit_result *result, double rel)
{
    for (size_t r = 0; r < RUNS; r++) {
        double attention_us = 0, permute_us = 0;
        tb_error err;
        tb_assert_ok(
            tb_fit_predict(&l->request, result, &l->runs[r], &attention_us, &permute_us, &err),
            &err);
        tb_assert_close(attention_us, l->runs[r].measured_us, rel);
        tb_assert_close(permute_us, l->runs[r].measured_permute_us, rel);
    }
}

static void fit__recovers_what_made_the_runs(void **state)
{
    lab *l = *state;
    tb_fit_result result = solve(l, NULL);
    assert_int_equal(result.count, 2 + 4 * SIDES);
    for (size_t i = 0; i < result.count; i++) {
        assert_recovered(l, &result.parameters[i]);
    }
    assert_predicted(l, &result, 0.005);
    print_message("%zu parameters, %zu iterations\n", result.count, result.iterations);
}

static void shared_parameters__are_one_for_all_devices(void **state)
{
    lab *l = *state;
    tb_fit_result result = solve(l, NULL);
    assert_int_equal(count_of(&result, TB_TIME_MASK_CYCLES), 1);
    const tb_fit_parameter *mask = find(&result, TB_TIME_MASK_CYCLES, "natten-fna", NULL);
    assert_non_null(mask);
    assert_non_null(find(&result, TB_TIME_MASK_3D_FACTOR, "natten-fna", NULL));
    assert_non_null(find(&result, TB_TIME_OVERLAP, "cutlass-hopper-fna", "h100-sxm"));
    assert_non_null(find(&result, TB_TIME_OVERLAP, "cutlass-blackwell-fna", "b200"));
    for (size_t r = 0; r < RUNS; r++) {
        tb_time_values values = tb_fit_values(&l->request, &result, &l->runs[r]);
        assert_true(values.value[TB_TIME_MASK_CYCLES] == mask->value);
        assert_true(values.value[TB_TIME_PROLOGUE_CYCLES] == 2200);
    }
}

static void parameters_of_their_own__recover_too(void **state)
{
    lab *l = *state;
    memset(l->request.shared, 0, sizeof l->request.shared);
    tb_fit_result result = solve(l, NULL);
    assert_int_equal(result.count, 6 * SIDES);
    assert_int_equal(count_of(&result, TB_TIME_MASK_CYCLES), 2);
    assert_non_null(find(&result, TB_TIME_MASK_CYCLES, "cutlass-hopper-fna", "h100-sxm"));
    assert_non_null(find(&result, TB_TIME_MASK_CYCLES, "cutlass-blackwell-fna", "b200"));
    for (size_t i = 0; i < result.count; i++) {
        assert_recovered(l, &result.parameters[i]);
    }
    assert_predicted(l, &result, 0.005);
}

/* A kernel without a family shares with itself alone. */
static void kernels_without_a_family__share_nothing(void **state)
{
    lab *l = *state;
    l->kernel[0]->time.family = l->kernel[1]->time.family = NULL;
    tb_fit_result result = solve(l, NULL);
    assert_non_null(find(&result, TB_TIME_MASK_CYCLES, "cutlass-hopper-fna", NULL));
    assert_non_null(find(&result, TB_TIME_MASK_CYCLES, "cutlass-blackwell-fna", NULL));
    assert_int_equal(result.count, 2 * SIDES + 4 * SIDES);
}

/* Leave out all runs but those that `keeps` says. */
static void skip_but(bool *skip, const bool keeps[PROBLEMS])
{
    for (size_t r = 0; r < RUNS; r++) {
        skip[r] = !keeps[r % PROBLEMS];
    }
}

static void runs_without_masks__tell_nothing_of_them(void **state)
{
    lab *l = *state;
    bool skip[RUNS];
    skip_but(skip, (bool[PROBLEMS]){false, true, true, false, false, false, false});
    tb_fit_result result = solve(l, skip);
    assert_int_equal(count_of(&result, TB_TIME_MASK_CYCLES), 0);
    assert_int_equal(count_of(&result, TB_TIME_MASK_3D_FACTOR), 0);
    assert_int_equal(count_of(&result, TB_TIME_PERMUTE_FRACTION), 0); /* 1-D: none was measured */
    assert_int_equal(count_of(&result, TB_TIME_PROLOGUE_CYCLES), 0);  /* its prior holds it */
    assert_int_equal(count_of(&result, TB_TIME_OVERLAP), 2);
    tb_time_values values = tb_fit_values(&l->request, &result, &l->runs[0]);
    const tb_prior *prior = &l->kernel[0]->time.prior[TB_TIME_MASK_CYCLES];
    assert_true(values.value[TB_TIME_MASK_CYCLES] == prior->value); /* an older fit says nothing */
}

static void runs_of_one_and_two_dimensions__tell_nothing_of_three(void **state)
{
    lab *l = *state;
    bool skip[RUNS];
    skip_but(skip, (bool[PROBLEMS]){true, true, true, true, true, false, false});
    tb_fit_result result = solve(l, skip);
    assert_int_equal(count_of(&result, TB_TIME_MASK_CYCLES), 1);
    assert_int_equal(count_of(&result, TB_TIME_MASK_3D_FACTOR), 0);
    assert_true(find(&result, TB_TIME_MASK_CYCLES, "natten-fna", NULL)->is_determined);
}

/* Below 1 ms the clock is the boost clock, whatever the sustained one is. */
static void short_launches__do_not_determine_the_sustained_clock(void **state)
{
    lab *l = *state;
    bool skip[RUNS];
    skip_but(skip, (bool[PROBLEMS]){true, true, true, false, false, false, false});
    tb_fit_result result = solve(l, skip);
    const tb_fit_parameter *clock =
        find(&result, TB_TIME_SUSTAINED_CLOCK_FRACTION, "cutlass-hopper-fna", "h100-sxm");
    assert_non_null(clock);
    assert_false(clock->is_determined);
    tb_assert_close(clock->value, clock->prior_value, 1e-9);
    tb_assert_close(clock->error, clock->prior_spread, 1e-6);
    const tb_fit_parameter *launch =
        find(&result, TB_TIME_LAUNCH_US, "cutlass-hopper-fna", "h100-sxm");
    assert_true(launch != NULL && launch->is_determined);
}

/* A run that is left out is not even looked at. */
static void skipped_runs__change_nothing(void **state)
{
    lab *l = *state;
    bool skip[RUNS] = {0};
    skip[3] = true;
    l->runs[3].measured_us = nan("");
    tb_fit_result skipped = solve(l, skip);
    tb_fit_run last = l->runs[RUNS - 1];
    l->runs[3] = last; /* the same thirteen runs without it */
    l->request.count = RUNS - 1;
    tb_fit_result without = solve(l, NULL);
    assert_int_equal(skipped.count, without.count);
    for (size_t i = 0; i < without.count; i++) {
        const tb_fit_parameter *at = &without.parameters[i];
        const tb_fit_parameter *same = find(&skipped, at->parameter, at->owner, at->device);
        assert_non_null(same);
        tb_assert_close(same->value, at->value, 1e-3);
        tb_assert_close(same->error, at->error, 1e-2);
    }
}

static void a_solution_to_start_from__is_found_again_at_once(void **state)
{
    lab *l = *state;
    tb_fit_result cold = solve(l, NULL), warm = {0};
    tb_error err;
    tb_assert_ok(tb_fit_solve(&l->request, NULL, &cold, &warm, &err), &err);
    assert_int_equal(warm.count, cold.count);
    assert_true(warm.iterations <= cold.iterations);
    for (size_t i = 0; i < cold.count; i++) {
        tb_assert_close(warm.parameters[i].value, cold.parameters[i].value, 1e-3);
        assert_true(warm.parameters[i].prior_value == cold.parameters[i].prior_value);
    }
}

static void assert_refused(const lab *l, const bool *skip, const char *part)
{
    tb_fit_result result = {.count = 72};
    tb_error err;
    tb_assert_fails(tb_fit_solve(&l->request, skip, NULL, &result, &err), &err, TB_EINVAL, part);
    assert_int_equal(result.count, 72); /* written only on success */
}

static void times_that_are_none__are_refused(void **state)
{
    lab *l = *state;
    const double bad[] = {0, -72.5, HUGE_VAL, nan("")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        l->runs[9].measured_us = bad[i];
        assert_refused(l, NULL, "run 32768 measured");
        assert_refused(l, NULL, "a time must be above 0");
    }
}

static void fits_without_runs__are_refused(void **state)
{
    lab *l = *state;
    bool skip[RUNS];
    memset(skip, 1, sizeof skip);
    assert_refused(l, skip, "no run to fit");
    l->request.count = 0;
    assert_refused(l, NULL, "no run to fit");
}

static void kernels_without_priors__are_refused(void **state)
{
    lab *l = *state;
    l->kernel[1]->time.prior[TB_TIME_LAUNCH_US].given = false;
    assert_refused(l, NULL, "kernel cutlass-blackwell-fna has no prior of launch_us");
}

/* Three parameters of their own a device (short launches in 1-D), on 22 devices: 66. */
static void more_parameters_than_there_is_room_for__are_refused(void **state)
{
    lab *l = *state;
    enum { DEVICES = 22 };
    static char names[DEVICES][8];
    tb_device devices[DEVICES];
    tb_fit_run runs[DEVICES];
    for (int d = 0; d < DEVICES; d++) {
        names[d][0] = (char)('a' + d);
        devices[d] = *l->device[0];
        devices[d].name = names[d];
        runs[d] = l->runs[1];
        runs[d].device = &devices[d];
    }
    l->request.runs = runs;
    l->request.count = DEVICES;
    assert_refused(l, NULL, "more than 64 parameters");
    l->request.count = 21;
    assert_int_equal(solve(l, NULL).count, 63);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_lab, close_lab)

TB_TESTS(TEST(fit__recovers_what_made_the_runs), TEST(shared_parameters__are_one_for_all_devices),
         TEST(parameters_of_their_own__recover_too), TEST(kernels_without_a_family__share_nothing),
         TEST(runs_without_masks__tell_nothing_of_them),
         TEST(runs_of_one_and_two_dimensions__tell_nothing_of_three),
         TEST(short_launches__do_not_determine_the_sustained_clock),
         TEST(skipped_runs__change_nothing), TEST(a_solution_to_start_from__is_found_again_at_once),
         TEST(times_that_are_none__are_refused), TEST(fits_without_runs__are_refused),
         TEST(kernels_without_priors__are_refused),
         TEST(more_parameters_than_there_is_room_for__are_refused));
