/* Hardware counters of a measurement, on a GPU that is made up. */
#include "test_support.h"

#include "measure_bench.h"
#include "profile_write.h"
#include "reference_output.h"

static struct fake_calls {
    int64_t repeats;
    int64_t counts, repeats_at_first_count;
    tb_status refusal; /* of the counters; TB_OK: they are read */
} fake;

static tb_status fake_run(tb_plan_state *state, const tb_tensors *tensors, tb_run_times *times,
                          tb_error *err)
{
    (void)err;
    tb_test_reference_output(&state->launch, tensors);
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

static const tb_backend fake_gpu = {.name = "abacus",
                                    .is_gpu = true,
                                    .run = fake_run,
                                    .repeat = fake_repeat,
                                    .hardware = fake_hardware};

/* A bench that counts; start() begins it with one sparse problem. */
static void open_bench(tb_measure_bench *on, tb_status refusal)
{
    fake = (struct fake_calls){.refusal = refusal};
    tb_measure_bench_open(on, &fake_gpu);
    on->options.is_counting = true;
    on->options.sampling.min_samples = 12;
}

static void start(tb_measure_bench *on)
{
    tb_case item = tb_measure_bench_case(7);
    tb_measure_bench_start(on);
    tb_measure_bench_add(on, "narrow", &item);
}

/* Of the problem and its dense baseline. */
static const tb_profile *profile_of(tb_measure_bench *on)
{
    const tb_profile *profile = tb_measure_bench_profile(on);
    assert_non_null(profile);
    assert_int_equal(profile->count, 2);
    return profile;
}

/* The problem and its baseline, and no launch is timed after the profiler was at work. */
static void counters__are_read_once_all_is_timed(void **state)
{
    (void)state;
    tb_measure_bench on;
    open_bench(&on, TB_OK);
    start(&on);
    (void)tb_measure_bench_run(&on);
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
    tb_measure_bench_close(&on);
}

/* What is timed is kept, and nobody is asked again. */
static void counters__that_are_not_permitted_cost_no_times(void **state)
{
    (void)state;
    tb_measure_bench on;
    open_bench(&on, TB_EUNAVAILABLE);
    start(&on);
    (void)tb_measure_bench_run(&on);
    assert_int_equal(fake.counts, 1);
    const tb_profile *profile = profile_of(&on);
    assert_true(profile->runs[0].time.n >= 12 && profile->runs[1].time.n >= 12);
    assert_int_equal(profile->runs[0].counters.passes, 0);
    assert_string_equal(tb_measure_why_no_counters(on.measure), "the abacus is locked");
    tb_measure_bench_close(&on);
}

static void counters__that_fail_end_it(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_error err;
    bool is_stopped = true;
    open_bench(&on, TB_EINTERNAL);
    start(&on);
    tb_assert_fails(tb_measure_run(on.measure, NULL, NULL, &is_stopped, &err), &err, TB_EINTERNAL,
                    "counters of run 'dense/40");
    assert_true(profile_of(&on)->runs[1].time.n >= 12);
    tb_measure_bench_close(&on);
}

/* A profile that was measured without them gets them; one that has them keeps them. */
static void counters__are_added_to_a_profile_that_is_resumed(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_error err;
    tb_profile *before = NULL;
    const char *path = tb_test_path("p.yaml");
    for (int round = 0; round < 3; round++) {
        open_bench(&on, TB_OK);
        on.options.is_counting = round > 0;
        start(&on);
        if (round > 0) {
            tb_assert_ok(tb_profile_load(path, &before, &err), &err);
            tb_assert_ok(tb_measure_resume(on.measure, before, &err), &err);
        }
        (void)tb_measure_bench_run(&on);
        assert_int_equal(fake.counts, round == 1 ? 2 : 0);
        assert_true(round == 0 || fake.repeats == 0); /* nothing is timed again */
        assert_int_equal(profile_of(&on)->runs[1].counters.passes, round > 0 ? 2 : 0);
        tb_assert_ok(tb_profile_write(profile_of(&on), path, &err), &err);
        tb_measure_bench_close(&on);
        tb_profile_destroy(before);
        before = NULL;
    }
}

TB_TESTS(cmocka_unit_test(counters__are_read_once_all_is_timed),
         cmocka_unit_test(counters__that_are_not_permitted_cost_no_times),
         cmocka_unit_test(counters__that_fail_end_it),
         cmocka_unit_test(counters__are_added_to_a_profile_that_is_resumed));
