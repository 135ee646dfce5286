/* The measurement on a backend that is made up: its outputs are those of the reference, or wrong
 * where the test says so, and its times are chosen. */
#include "test_support.h"

#include "measure_bench.h"
#include "number.h"
#include "profile_write.h"
#include "reference_output.h"

#include <string.h>

#define NEAR 1e-12

static struct {
    int64_t launches;
    bool is_wrong_for_sparse;
    bool is_absent;
    bool has_no_own_time;
    int64_t readings, disturb_every, preemptions;
} fake;

static tb_status fake_available(tb_error *err)
{
    return fake.is_absent ? tb_fail(err, TB_EUNAVAILABLE, "the abacus is lost") : TB_OK;
}

/* Every `disturb_every`-th reading says that something ran in between. */
static tb_status fake_noise(tb_noise_reading *out, tb_error *err)
{
    (void)err;
    *out = (tb_noise_reading){0};
    fake.preemptions += fake.disturb_every > 0 && ++fake.readings % fake.disturb_every == 0;
    out->preemptions = fake.preemptions;
    return TB_OK;
}

static tb_status fake_check(const tb_launch *launch, tb_error *err)
{
    return launch->problem.dim == 72 ? tb_fail(err, TB_EUNAVAILABLE, "no head dim 72") : TB_OK;
}

static tb_status fake_run(tb_plan_state *state, const tb_tensors *tensors, tb_run_times *times,
                          tb_error *err)
{
    static const double scatter[] = {0, 0.5, -0.25, 0.125, 7};
    bool is_dense = state->launch.pattern.kind == TB_PATTERN_DENSE;
    (void)err;
    tb_test_reference_output(&state->launch, tensors);
    if (fake.is_wrong_for_sparse && !is_dense) {
        tb_number_store(state->launch.problem.dtype, tensors->o, 0, 96);
    }
    *times = (tb_run_times){.attention_us = (is_dense ? 400 : 100) + scatter[fake.launches++ % 5],
                            .permute_us = is_dense ? 0 : 5,
                            .unpermute_us = is_dense ? 0 : 2.5,
                            .pack_us = 12,
                            .own_us = fake.has_no_own_time ? 0 : 72};
    return TB_OK;
}

static const tb_backend fake_backend = {
    .name = "abacus", .available = fake_available, .check = fake_check, .run = fake_run};

static void open_bench(tb_measure_bench *on)
{
    memset(&fake, 0, sizeof fake);
    tb_measure_bench_open(on, &fake_backend);
    on->environment.cpu = "Abacus 7300";
    on->options.read_noise = fake_noise;
    on->options.sampling.min_samples = 12;
    on->options.sampling.max_samples = 40;
    on->options.sampling.precision = 0.05;
    tb_measure_bench_start(on);
}

static void measure__problems_share_their_dense_baseline(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_case narrow = tb_measure_bench_case(7), wide = tb_measure_bench_case(24);
    open_bench(&on);
    tb_measure_bench_add(&on, "narrow", &narrow);
    tb_measure_bench_add(&on, "wide", &wide);
    assert_null(tb_measure_bench_profile(&on)); /* nothing ran */
    const tb_profile *profile = tb_measure_bench_run(&on);
    assert_int_equal(profile->count, 3);
    const tb_run *dense = &profile->runs[0], *first = &profile->runs[1], *last = &profile->runs[2];
    assert_string_equal(dense->id, "dense/40/b1h1d16/fp32/8x8");
    assert_string_equal(first->id, "narrow");
    assert_int_equal(dense->kind, TB_RUN_DENSE);
    assert_int_equal(first->kind, TB_RUN_SPARSE);
    assert_true(first->has_baseline && first->baseline == 0 && last->baseline == 0);
    assert_false(dense->has_baseline);
    assert_string_equal(first->kernel_text, "abacus fused beads");
    assert_string_equal(first->kernel, "cpu");
    assert_string_equal(first->ended, "precision");
    assert_int_equal(first->time.n, 12);
    assert_true(first->time.median_us >= 100 && first->time.median_us <= 100.5);
    tb_assert_close(first->permute_us.value, 7.5, NEAR);
    assert_false(dense->permute_us.given);
    tb_assert_close(dense->pack_us.value, 12, NEAR);
    assert_int_equal(first->check.rows, 7);
    assert_true(first->check.worst < 1);
    assert_int_equal(first->noise.samples, 12);
    assert_int_equal(profile->environment.threads, 3);
    /* 40 / 8 = 5 query tiles of 5 KV tiles each, 25 in all */
    const tb_prediction *p = tb_measure_prediction(on.measure, "narrow");
    assert_int_equal(p->bound.baseline_tiles, 25);
    assert_null(tb_measure_prediction(on.measure, "absent"));
    tb_measure_bench_close(&on);
}

static void measure__what_it_writes_reads_back(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_error err;
    tb_case item = tb_measure_bench_case(7);
    tb_profile *again = NULL;
    open_bench(&on);
    tb_measure_bench_add(&on, "a", &item);
    const tb_profile *profile = tb_measure_bench_run(&on);
    const char *path = tb_test_path("p.yaml");
    tb_assert_ok(tb_profile_write(profile, path, &err), &err);
    tb_assert_ok(tb_profile_load(path, &again, &err), &err);
    assert_int_equal(again->count, 2);
    for (size_t i = 0; i < 12; i++) {
        tb_assert_close(again->runs[1].time.samples_us[i], profile->runs[1].time.samples_us[i], 0);
    }
    assert_int_equal(again->runs[1].baseline, 0);
    assert_int_equal(again->runs[1].item.tiling.q_tile[0], 8);
    tb_profile_destroy(again);
    tb_measure_bench_close(&on);
}

static void measure__disturbed_launches_are_set_aside_and_kept(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_case item = tb_measure_bench_case(7);
    open_bench(&on);
    fake.disturb_every = 6; /* two readings a launch: every third is disturbed */
    tb_measure_bench_add(&on, "a", &item);
    const tb_run *run = &tb_measure_bench_run(&on)->runs[1];
    assert_int_equal(run->time.n, 12);
    assert_true(run->time.set_aside >= 4);
    assert_int_equal(run->noise.disturbed, run->time.set_aside);
    assert_int_equal(run->noise.samples, 12 + run->time.set_aside);
    tb_measure_bench_close(&on);
}

static void measure__processor_time_is_of_one_thread(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_error err;
    bool is_stopped = false;
    tb_case item = tb_measure_bench_case(7);
    tb_measure *none = NULL;
    open_bench(&on);
    on.options.is_processor_time = true;
    fake.disturb_every = 2; /* every launch; it does not matter */
    tb_assert_fails(tb_measure_create(&on.options, &on.facts, NULL, &on.environment, &none, &err),
                    &err, TB_EINVAL, "it is for one thread");
    on.options.threads = 1;
    tb_measure_bench_start(&on);
    tb_measure_bench_add(&on, "a", &item);
    const tb_run *run = &tb_measure_bench_run(&on)->runs[1];
    assert_true(run->is_processor_time && run->time.median_us == 72);
    assert_int_equal(run->time.n, 12);
    assert_int_equal(run->time.set_aside, 0);
    assert_int_equal(run->noise.disturbed, 12); /* but it is seen */
    tb_measure_bench_start(&on);
    tb_measure_bench_add(&on, "a", &item);
    fake.has_no_own_time = true;
    tb_assert_fails(tb_measure_run(on.measure, NULL, NULL, &is_stopped, &err), &err,
                    TB_EUNAVAILABLE, "backend abacus tells no processor time");
    tb_measure_bench_close(&on);
}

static void measure__a_wrong_output_ends_it_and_is_not_recorded(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_error err;
    bool is_stopped = false;
    tb_case item = tb_measure_bench_case(7);
    open_bench(&on);
    fake.is_wrong_for_sparse = true;
    tb_measure_bench_add(&on, "a", &item);
    tb_assert_fails(tb_measure_run(on.measure, NULL, NULL, &is_stopped, &err), &err, TB_EINTERNAL,
                    "run 'a': the output is wrong: query 0 of head 0, batch entry 0");
    const tb_profile *profile = tb_measure_bench_profile(&on);
    for (size_t i = 0; profile != NULL && i < profile->count; i++) {
        assert_string_not_equal(profile->runs[i].id, "a");
    }
    tb_measure_bench_close(&on);
}

static tb_status stop_after(const tb_measure_progress *progress, bool visited, void *user,
                            bool *stop, tb_error *err)
{
    int *left = user;
    (void)err;
    assert_true(progress->done <= progress->count && progress->round >= 1);
    (void)visited;
    *stop = --*left == 0;
    return TB_OK;
}

static void measure__stops_when_asked_and_goes_on_later(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_error err;
    tb_case narrow = tb_measure_bench_case(7), wide = tb_measure_bench_case(24);
    int left = 2 * 3 * (1 + 4) + 2 * (1 + 4) + 3; /* two rounds, two visits and three launches */
    bool is_stopped = false;
    tb_profile *before = NULL;
    open_bench(&on);
    tb_measure_bench_add(&on, "narrow", &narrow);
    tb_measure_bench_add(&on, "wide", &wide);
    tb_assert_ok(tb_measure_run(on.measure, stop_after, &left, &is_stopped, &err), &err);
    assert_true(is_stopped);
    const tb_profile *profile = tb_measure_bench_profile(&on);
    size_t finished = 0;
    for (size_t i = 0; i < profile->count; i++) {
        finished += strcmp(profile->runs[i].ended, "precision") == 0;
    }
    assert_int_equal(profile->count, 3);
    assert_int_equal(finished, 2);
    const char *path = tb_test_path("half.yaml");
    tb_assert_ok(tb_profile_write(profile, path, &err), &err);
    tb_measure_bench_close(&on);

    open_bench(&on);
    tb_assert_ok(tb_profile_load(path, &before, &err), &err);
    tb_measure_bench_add(&on, "narrow", &narrow);
    tb_measure_bench_add(&on, "wide", &wide);
    tb_assert_ok(tb_measure_resume(on.measure, before, &err), &err);
    profile = tb_measure_bench_run(&on);
    assert_int_equal(fake.launches, 3 * (1 + 4) + 1); /* one configuration and its check */
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(profile->runs[i].ended, "precision");
        bool is_taken = strcmp(before->runs[i].ended, "precision") == 0;
        assert_true(!is_taken ||
                    profile->runs[i].time.samples_us[0] == before->runs[i].time.samples_us[0]);
    }
    tb_measure_bench_close(&on);
    tb_profile_destroy(before);
}

static void measure__resume_refuses_what_differs(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_error err;
    tb_case item = tb_measure_bench_case(7), other = tb_measure_bench_case(12);
    tb_profile *before = NULL;
    const char *path = tb_test_path("before.yaml");
    open_bench(&on);
    tb_measure_bench_add(&on, "a", &item);
    tb_assert_ok(tb_profile_write(tb_measure_bench_run(&on), path, &err), &err);
    tb_measure_bench_close(&on);
    tb_assert_ok(tb_profile_load(path, &before, &err), &err);

    open_bench(&on);
    tb_measure_bench_add(&on, "a", &other);
    tb_assert_fails(tb_measure_resume(on.measure, before, &err), &err, TB_EINVAL,
                    "measured 'a' with another problem or other tiles");
    tb_measure_bench_close(&on);
    open_bench(&on);
    tb_measure_bench_add(&on, "b", &item);
    tb_assert_fails(tb_measure_resume(on.measure, before, &err), &err, TB_EINVAL,
                    "has a run 'a', which is none of these problems");
    tb_measure_bench_close(&on);
    tb_profile_destroy(before);
}

static void measure__refuses_what_it_cannot_run(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_error err;
    tb_case good = tb_measure_bench_case(7), bad_dim = tb_measure_bench_case(7), bad_window = good;
    tb_measure *none = NULL;
    bad_dim.problem.dim = bad_dim.problem.dim_value = 72;
    bad_window.pattern.stride[0] = 12;
    open_bench(&on);
    tb_measure_bench_add(&on, "a", &good);
    tb_assert_fails(tb_measure_add(on.measure, "a", &good, &err), &err, TB_EINVAL,
                    "a second problem 'a'");
    tb_assert_fails(tb_measure_add(on.measure, "b", &bad_dim, &err), &err, TB_EUNAVAILABLE,
                    "problem 'b': no head dim 72");
    tb_assert_fails(tb_measure_add(on.measure, "c", &bad_window, &err), &err, TB_EINVAL,
                    "problem 'c': ");
    fake.is_absent = true;
    tb_assert_fails(tb_measure_create(&on.options, &on.facts, NULL, &on.environment, &none, &err),
                    &err, TB_EUNAVAILABLE, "the abacus is lost");
    assert_null(none);
    tb_measure_bench_close(&on);
    tb_measure_destroy(NULL);
}

static void measure__a_dense_problem_is_its_own_baseline(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_case sparse = tb_measure_bench_case(7), dense = tb_measure_bench_case(40);
    open_bench(&on);
    tb_measure_bench_add(&on, "sparse", &sparse);
    tb_measure_bench_add(&on, "whole", &dense);
    const tb_profile *profile = tb_measure_bench_run(&on);
    assert_int_equal(profile->count, 2);
    assert_string_equal(profile->runs[0].id, "whole"); /* the baseline, by the name asked for */
    tb_measure_bench_close(&on);
}

static void measure__prepares_again_where_little_is_kept(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_case item = tb_measure_bench_case(7);
    open_bench(&on);
    on.options.kept_bytes = 1;
    tb_measure_bench_start(&on);
    tb_measure_bench_add(&on, "a", &item);
    (void)tb_measure_bench_run(&on);
    assert_int_equal(tb_test_plans.prepared, 2 * 3); /* each of three visits */
    tb_measure_bench_close(&on);
    open_bench(&on);
    tb_measure_bench_add(&on, "a", &item);
    (void)tb_measure_bench_run(&on);
    assert_int_equal(tb_test_plans.prepared, 2);
    tb_measure_bench_close(&on);
}

TB_TESTS(cmocka_unit_test(measure__problems_share_their_dense_baseline),
         cmocka_unit_test(measure__what_it_writes_reads_back),
         cmocka_unit_test(measure__disturbed_launches_are_set_aside_and_kept),
         cmocka_unit_test(measure__processor_time_is_of_one_thread),
         cmocka_unit_test(measure__a_wrong_output_ends_it_and_is_not_recorded),
         cmocka_unit_test(measure__stops_when_asked_and_goes_on_later),
         cmocka_unit_test(measure__resume_refuses_what_differs),
         cmocka_unit_test(measure__refuses_what_it_cannot_run),
         cmocka_unit_test(measure__a_dense_problem_is_its_own_baseline),
         cmocka_unit_test(measure__prepares_again_where_little_is_kept));
