/* Hardware counters of a measurement, on a GPU that is made up. */
#include "test_support.h"

#include "measure.h"
#include "number.h"
#include "profile_write.h"
#include "reference.h"

#include <stdlib.h>
#include <string.h>

struct tb_plan_state {
    tb_launch launch;
};

static struct fake_calls {
    int64_t runs, repeats;
    int64_t counts, repeats_at_first_count;
    tb_status refusal; /* of the counters; TB_OK: they are read */
} fake;

static tb_status fake_available(tb_error *err)
{
    (void)err;
    return TB_OK;
}

static tb_status fake_check(const tb_launch *launch, tb_error *err)
{
    (void)launch;
    (void)err;
    return TB_OK;
}

static tb_status fake_prepare(const tb_launch *launch, tb_plan_state **out, tb_error *err)
{
    tb_plan_state *state = calloc(1, sizeof *state);
    (void)err;
    assert_non_null(state);
    state->launch = *launch;
    *out = state;
    return TB_OK;
}

/* Of one head in one batch entry. */
static tb_status fake_run(tb_plan_state *state, const tb_tensors *tensors, tb_run_times *times,
                          tb_error *err)
{
    const tb_problem *p = &state->launch.problem;
    double o[64], abs_pv[64];
    for (int64_t i = 0; i < tb_launch_q_tokens(&state->launch); i++) {
        tb_reference_row row = {.query = i};
        tb_reference reference = {.o = o, .abs_pv = abs_pv};
        tb_assert_ok(tb_reference_rows(&state->launch, tensors, &row, 1, &reference, err), err);
        for (int64_t d = 0; d < p->dim_value; d++) {
            tb_number_store(p->dtype, tensors->o, i * p->dim_value + d, (float)o[d]);
        }
        tensors->lse[i] = (float)reference.lse;
    }
    fake.runs++;
    *times = (tb_run_times){.clock = TB_CLOCK_CUPTI, .attention_us = 72};
    return TB_OK;
}

static tb_status fake_repeat(tb_plan_state *state, tb_run_times *times, tb_error *err)
{
    (void)state;
    (void)err;
    fake.repeats++;
    *times =
        (tb_run_times){.clock = TB_CLOCK_CUPTI, .attention_us = 72, .total_us = 72, .host_us = 96};
    return TB_OK;
}

/* As many instructions as the launch has tokens. */
static tb_status fake_hardware(tb_plan_state *state, tb_hardware_counters *out, tb_error *err)
{
    if (fake.counts++ == 0) {
        fake.repeats_at_first_count = fake.repeats;
    }
    if (fake.refusal != TB_OK) {
        return tb_fail(err, fake.refusal, "the abacus is locked");
    }
    *out = (tb_hardware_counters){.passes = 2};
    out->of[TB_HARDWARE_TENSOR_INSTRUCTIONS].has = true;
    out->of[TB_HARDWARE_TENSOR_INSTRUCTIONS].value =
        (double)tb_layout_tokens(&state->launch.problem.layout);
    return TB_OK;
}

static void fake_counters(const tb_plan_state *state, tb_run_counters *out)
{
    (void)state;
    *out = (tb_run_counters){0};
}

static int fake_kernels(const tb_plan_state *state, tb_run_kernel *out)
{
    (void)state;
    out[0] = (tb_run_kernel){.name = "beads", .launches = 1, .registers = 96};
    return 1;
}

static void fake_state(tb_gpu_state *out)
{
    *out = (tb_gpu_state){0};
}

static bool fake_emulated(void)
{
    return false;
}

static tb_status fake_noise(tb_noise_reading *out, tb_error *err)
{
    (void)err;
    *out = (tb_noise_reading){0};
    return TB_OK;
}

static void fake_destroy(tb_plan_state *state)
{
    free(state);
}

static const tb_backend fake_gpu = {.name = "abacus",
                                    .summary = "made up",
                                    .is_gpu = true,
                                    .available = fake_available,
                                    .check = fake_check,
                                    .prepare = fake_prepare,
                                    .run = fake_run,
                                    .repeat = fake_repeat,
                                    .hardware = fake_hardware,
                                    .kernels = fake_kernels,
                                    .read_state = fake_state,
                                    .is_emulated = fake_emulated,
                                    .counters = fake_counters,
                                    .destroy = fake_destroy};

/* A measurement of one sparse problem of 40 tokens, with what it borrows. */
typedef struct bench {
    tb_measure_options options;
    tb_device_facts facts;
    tb_environment environment;
    tb_kernel *kernel;
    tb_case item;
    tb_measure *measure;
} bench;

static void open_bench(bench *on, tb_status refusal)
{
    tb_error err;
    fake = (struct fake_calls){.refusal = refusal};
    *on = (bench){.options = tb_measure_default(),
                  .facts = {.name = "Abacus 7300", .isa = "beads", .cores = 3},
                  .item = tb_case_default()};
    on->options.backend = &fake_gpu;
    on->options.is_counting = true;
    on->options.check_rows = 7;
    on->options.read_noise = fake_noise;
    on->options.sampling.min_samples = 12;
    assert_int_equal(unsetenv("TILEBOUND_DATA"), 0);
    tb_assert_ok(tb_kernel_load("cpu", &on->kernel, &err), &err);
    on->options.kernel = on->kernel;
    on->item.problem.layout = (tb_layout){.rank = 1, .extent = {40}};
    on->item.problem.dim = on->item.problem.dim_value = 16;
    on->item.problem.dtype = TB_DTYPE_FP32;
    on->item.pattern.kind = TB_PATTERN_GNA;
    on->item.pattern.window[0] = 7;
    tb_assert_ok(
        tb_measure_create(&on->options, &on->facts, NULL, &on->environment, &on->measure, &err),
        &err);
    tb_assert_ok(tb_measure_add(on->measure, "narrow", &on->item, &err), &err);
}

static void close_bench(bench *on)
{
    tb_measure_destroy(on->measure);
    tb_kernel_destroy(on->kernel);
}

static const tb_profile *profile_of(bench *on)
{
    const tb_profile *profile = NULL;
    tb_error err;
    tb_assert_ok(tb_measure_profile(on->measure, &profile, &err), &err);
    assert_int_equal(profile->count, 2);
    return profile;
}

/* The problem and its baseline, and no launch is timed after the profiler was at work. */
static void counters__are_read_once_all_is_timed(void **state)
{
    (void)state;
    bench on;
    tb_error err;
    bool is_stopped = true;
    open_bench(&on, TB_OK);
    tb_assert_ok(tb_measure_run(on.measure, NULL, NULL, &is_stopped, &err), &err);
    assert_false(is_stopped);
    assert_int_equal(fake.counts, 2);
    assert_true(fake.repeats >= 24);
    assert_int_equal(fake.repeats, fake.repeats_at_first_count);
    const tb_profile *profile = profile_of(&on);
    for (size_t i = 0; i < profile->count; i++) {
        const tb_hardware_counters *counters = &profile->runs[i].counters;
        assert_int_equal(counters->passes, 2);
        tb_assert_close(counters->of[TB_HARDWARE_TENSOR_INSTRUCTIONS].value, 40, 0);
    }
    assert_null(tb_measure_why_no_counters(on.measure));
    close_bench(&on);
}

/* What is timed is kept, and nobody is asked again. */
static void counters__that_are_not_permitted_cost_no_times(void **state)
{
    (void)state;
    bench on;
    tb_error err;
    bool is_stopped = true;
    open_bench(&on, TB_EUNAVAILABLE);
    tb_assert_ok(tb_measure_run(on.measure, NULL, NULL, &is_stopped, &err), &err);
    assert_int_equal(fake.counts, 1);
    const tb_profile *profile = profile_of(&on);
    assert_true(profile->runs[0].time.n >= 12 && profile->runs[1].time.n >= 12);
    assert_int_equal(profile->runs[0].counters.passes, 0);
    assert_string_equal(tb_measure_why_no_counters(on.measure), "the abacus is locked");
    close_bench(&on);
}

static void counters__that_fail_end_it(void **state)
{
    (void)state;
    bench on;
    tb_error err;
    bool is_stopped = true;
    open_bench(&on, TB_EINTERNAL);
    tb_assert_fails(tb_measure_run(on.measure, NULL, NULL, &is_stopped, &err), &err, TB_EINTERNAL,
                    "counters of run 'dense/40");
    assert_true(profile_of(&on)->runs[1].time.n >= 12);
    close_bench(&on);
}

/* A profile that was measured without them gets them; one that has them keeps them. */
static void counters__are_added_to_a_profile_that_is_resumed(void **state)
{
    (void)state;
    bench on;
    tb_error err;
    bool is_stopped = true;
    tb_profile *before = NULL;
    const char *path = tb_test_path("p.yaml");
    for (int round = 0; round < 3; round++) {
        open_bench(&on, TB_OK);
        tb_measure_destroy(on.measure);
        on.options.is_counting = round > 0;
        tb_assert_ok(
            tb_measure_create(&on.options, &on.facts, NULL, &on.environment, &on.measure, &err),
            &err);
        tb_assert_ok(tb_measure_add(on.measure, "narrow", &on.item, &err), &err);
        if (round > 0) {
            tb_assert_ok(tb_profile_load(path, &before, &err), &err);
            tb_assert_ok(tb_measure_resume(on.measure, before, &err), &err);
        }
        tb_assert_ok(tb_measure_run(on.measure, NULL, NULL, &is_stopped, &err), &err);
        assert_int_equal(fake.counts, round == 1 ? 2 : 0);
        assert_true(round == 0 || fake.repeats == 0); /* nothing is timed again */
        assert_int_equal(profile_of(&on)->runs[1].counters.passes, round > 0 ? 2 : 0);
        tb_assert_ok(tb_profile_write(profile_of(&on), path, &err), &err);
        close_bench(&on);
        tb_profile_destroy(before);
        before = NULL;
    }
}

TB_TESTS(cmocka_unit_test(counters__are_read_once_all_is_timed),
         cmocka_unit_test(counters__that_are_not_permitted_cost_no_times),
         cmocka_unit_test(counters__that_fail_end_it),
         cmocka_unit_test(counters__are_added_to_a_profile_that_is_resumed));
