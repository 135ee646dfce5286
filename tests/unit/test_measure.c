/* The measurement on a backend that is made up: its outputs are those of the reference, or wrong
 * where the test says so, and its times are chosen. */
#include "test_support.h"

#include "measure.h"
#include "number.h"
#include "profile_write.h"
#include "reference_output.h"

#include <stdlib.h>
#include <string.h>

#define NEAR 1e-12

struct tb_plan_state {
    tb_launch launch;
};

static struct {
    int64_t launches;
    int64_t prepared, destroyed;
    bool is_wrong_for_sparse;
    bool is_absent;
    bool has_no_own_time;
    int64_t readings, disturb_every, preemptions;
} fake;

static tb_status fake_available(tb_error *err)
{
    return fake.is_absent ? tb_fail(err, TB_EUNAVAILABLE, "the abacus is lost") : TB_OK;
}

static tb_status fake_facts(bool is_measuring, tb_device_facts *out, tb_error *err)
{
    (void)is_measuring;
    (void)err;
    *out = (tb_device_facts){.name = "Abacus 7300", .isa = "beads", .cores = 3};
    return TB_OK;
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

static tb_status fake_prepare(const tb_launch *launch, tb_plan_state **out, tb_error *err)
{
    tb_plan_state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return tb_fail(err, TB_ENOMEM, "no beads");
    }
    state->launch = *launch;
    fake.prepared++;
    *out = state;
    return TB_OK;
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

static void fake_counters(const tb_plan_state *state, tb_run_counters *out)
{
    (void)state;
    *out = (tb_run_counters){0};
}

static void fake_destroy(tb_plan_state *state)
{
    fake.destroyed++;
    free(state);
}

static const tb_backend fake_backend = {.name = "abacus",
                                        .summary = "made up",
                                        .available = fake_available,
                                        .facts = fake_facts,
                                        .check = fake_check,
                                        .prepare = fake_prepare,
                                        .run = fake_run,
                                        .counters = fake_counters,
                                        .destroy = fake_destroy};

/* A measurement of the tests, with what it borrows. */
typedef struct bench {
    tb_measure_options options;
    tb_device_facts facts;
    tb_environment environment;
    tb_kernel *kernel;
    tb_measure *measure;
} bench;

static void open_bench(bench *on)
{
    tb_error err;
    memset(&fake, 0, sizeof fake);
    *on = (bench){.options = tb_measure_default(), .environment = {.cpu = "Abacus 7300"}};
    on->options.backend = &fake_backend;
    on->options.check_rows = 7;
    on->options.read_noise = fake_noise;
    on->options.sampling.min_samples = 12;
    on->options.sampling.max_samples = 40;
    on->options.sampling.precision = 0.05;
    tb_assert_ok(fake_facts(false, &on->facts, &err), &err);
    assert_int_equal(unsetenv("TILEBOUND_DATA"), 0);
    tb_assert_ok(tb_kernel_load("cpu", &on->kernel, &err), &err);
    on->options.kernel = on->kernel;
    tb_assert_ok(
        tb_measure_create(&on->options, &on->facts, NULL, &on->environment, &on->measure, &err),
        &err);
}

static void close_bench(bench *on)
{
    tb_measure_destroy(on->measure);
    tb_kernel_destroy(on->kernel);
    assert_int_equal(fake.prepared, fake.destroyed);
}

static tb_case window_case(int64_t tokens, int64_t window)
{
    tb_case item = tb_case_default();
    item.problem.layout = (tb_layout){.rank = 1, .extent = {tokens}};
    item.problem.dim = item.problem.dim_value = 16;
    item.problem.dtype = TB_DTYPE_FP32;
    item.pattern.kind = window < tokens ? TB_PATTERN_GNA : TB_PATTERN_DENSE;
    item.pattern.window[0] = window;
    item.tiling.q_dims = item.tiling.kv_dims = 1;
    item.tiling.q_tile[0] = item.tiling.kv_tile[0] = 8;
    return item;
}

static const tb_profile *profile_of(bench *on)
{
    const tb_profile *profile = NULL;
    tb_error err;
    tb_assert_ok(tb_measure_profile(on->measure, &profile, &err), &err);
    return profile;
}

static void run_all(bench *on)
{
    bool is_stopped = true;
    tb_error err;
    tb_assert_ok(tb_measure_run(on->measure, NULL, NULL, &is_stopped, &err), &err);
    assert_false(is_stopped);
}

static void measure__problems_share_their_dense_baseline(void **state)
{
    (void)state;
    bench on;
    tb_error err;
    tb_case narrow = window_case(40, 7), wide = window_case(40, 24);
    open_bench(&on);
    tb_assert_ok(tb_measure_add(on.measure, "narrow", &narrow, &err), &err);
    tb_assert_ok(tb_measure_add(on.measure, "wide", &wide, &err), &err);
    assert_null(profile_of(&on)); /* nothing ran */
    run_all(&on);
    const tb_profile *profile = profile_of(&on);
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
    close_bench(&on);
}

static void measure__what_it_writes_reads_back(void **state)
{
    (void)state;
    bench on;
    tb_error err;
    tb_case item = window_case(40, 7);
    tb_profile *again = NULL;
    open_bench(&on);
    tb_assert_ok(tb_measure_add(on.measure, "a", &item, &err), &err);
    run_all(&on);
    const tb_profile *profile = profile_of(&on);
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
    close_bench(&on);
}

static void measure__disturbed_launches_are_set_aside_and_kept(void **state)
{
    (void)state;
    bench on;
    tb_error err;
    tb_case item = window_case(40, 7);
    open_bench(&on);
    fake.disturb_every = 6; /* two readings a launch: every third is disturbed */
    tb_assert_ok(tb_measure_add(on.measure, "a", &item, &err), &err);
    run_all(&on);
    const tb_run *run = &profile_of(&on)->runs[1];
    assert_int_equal(run->time.n, 12);
    assert_true(run->time.set_aside >= 4);
    assert_int_equal(run->noise.disturbed, run->time.set_aside);
    assert_int_equal(run->noise.samples, 12 + run->time.set_aside);
    close_bench(&on);
}

static void measure__processor_time_is_of_one_thread(void **state)
{
    (void)state;
    bench on;
    tb_error err;
    bool is_stopped = false;
    tb_case item = window_case(40, 7);
    tb_measure *none = NULL;
    open_bench(&on);
    tb_measure_destroy(on.measure);
    on.options.is_processor_time = true;
    fake.disturb_every = 2; /* every launch; it does not matter */
    tb_assert_fails(tb_measure_create(&on.options, &on.facts, NULL, &on.environment, &none, &err),
                    &err, TB_EINVAL, "it is for one thread");
    on.options.threads = 1;
    tb_assert_ok(
        tb_measure_create(&on.options, &on.facts, NULL, &on.environment, &on.measure, &err), &err);
    tb_assert_ok(tb_measure_add(on.measure, "a", &item, &err), &err);
    run_all(&on);
    const tb_run *run = &profile_of(&on)->runs[1];
    assert_true(run->is_processor_time && run->time.median_us == 72);
    assert_int_equal(run->time.n, 12);
    assert_int_equal(run->time.set_aside, 0);
    assert_int_equal(run->noise.disturbed, 12); /* but it is seen */
    tb_measure_destroy(on.measure);
    tb_assert_ok(
        tb_measure_create(&on.options, &on.facts, NULL, &on.environment, &on.measure, &err), &err);
    tb_assert_ok(tb_measure_add(on.measure, "a", &item, &err), &err);
    fake.has_no_own_time = true;
    tb_assert_fails(tb_measure_run(on.measure, NULL, NULL, &is_stopped, &err), &err,
                    TB_EUNAVAILABLE, "backend abacus tells no processor time");
    close_bench(&on);
}

static void measure__a_wrong_output_ends_it_and_is_not_recorded(void **state)
{
    (void)state;
    bench on;
    tb_error err;
    bool is_stopped = false;
    tb_case item = window_case(40, 7);
    open_bench(&on);
    fake.is_wrong_for_sparse = true;
    tb_assert_ok(tb_measure_add(on.measure, "a", &item, &err), &err);
    tb_assert_fails(tb_measure_run(on.measure, NULL, NULL, &is_stopped, &err), &err, TB_EINTERNAL,
                    "run 'a': the output is wrong: query 0 of head 0, batch entry 0");
    const tb_profile *profile = profile_of(&on);
    for (size_t i = 0; profile != NULL && i < profile->count; i++) {
        assert_string_not_equal(profile->runs[i].id, "a");
    }
    close_bench(&on);
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
    bench on;
    tb_error err;
    tb_case narrow = window_case(40, 7), wide = window_case(40, 24);
    int left = 2 * 3 * (1 + 4) + 2 * (1 + 4) + 3; /* two rounds, two visits and three launches */
    bool is_stopped = false;
    tb_profile *before = NULL;
    open_bench(&on);
    tb_assert_ok(tb_measure_add(on.measure, "narrow", &narrow, &err), &err);
    tb_assert_ok(tb_measure_add(on.measure, "wide", &wide, &err), &err);
    tb_assert_ok(tb_measure_run(on.measure, stop_after, &left, &is_stopped, &err), &err);
    assert_true(is_stopped);
    const tb_profile *profile = profile_of(&on);
    size_t finished = 0;
    for (size_t i = 0; i < profile->count; i++) {
        finished += strcmp(profile->runs[i].ended, "precision") == 0;
    }
    assert_int_equal(profile->count, 3);
    assert_int_equal(finished, 2);
    const char *path = tb_test_path("half.yaml");
    tb_assert_ok(tb_profile_write(profile, path, &err), &err);
    close_bench(&on);

    open_bench(&on);
    tb_assert_ok(tb_profile_load(path, &before, &err), &err);
    tb_assert_ok(tb_measure_add(on.measure, "narrow", &narrow, &err), &err);
    tb_assert_ok(tb_measure_add(on.measure, "wide", &wide, &err), &err);
    tb_assert_ok(tb_measure_resume(on.measure, before, &err), &err);
    run_all(&on);
    assert_int_equal(fake.launches, 3 * (1 + 4) + 1); /* one configuration and its check */
    profile = profile_of(&on);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(profile->runs[i].ended, "precision");
        bool is_taken = strcmp(before->runs[i].ended, "precision") == 0;
        assert_true(!is_taken ||
                    profile->runs[i].time.samples_us[0] == before->runs[i].time.samples_us[0]);
    }
    close_bench(&on);
    tb_profile_destroy(before);
}

static void measure__resume_refuses_what_differs(void **state)
{
    (void)state;
    bench on;
    tb_error err;
    tb_case item = window_case(40, 7), other = window_case(40, 12);
    tb_profile *before = NULL;
    const char *path = tb_test_path("before.yaml");
    open_bench(&on);
    tb_assert_ok(tb_measure_add(on.measure, "a", &item, &err), &err);
    run_all(&on);
    tb_assert_ok(tb_profile_write(profile_of(&on), path, &err), &err);
    close_bench(&on);
    tb_assert_ok(tb_profile_load(path, &before, &err), &err);

    open_bench(&on);
    tb_assert_ok(tb_measure_add(on.measure, "a", &other, &err), &err);
    tb_assert_fails(tb_measure_resume(on.measure, before, &err), &err, TB_EINVAL,
                    "measured 'a' with another problem or other tiles");
    close_bench(&on);
    open_bench(&on);
    tb_assert_ok(tb_measure_add(on.measure, "b", &item, &err), &err);
    tb_assert_fails(tb_measure_resume(on.measure, before, &err), &err, TB_EINVAL,
                    "has a run 'a', which is none of these problems");
    close_bench(&on);
    tb_profile_destroy(before);
}

static void measure__refuses_what_it_cannot_run(void **state)
{
    (void)state;
    bench on;
    tb_error err;
    tb_case good = window_case(40, 7), bad_dim = window_case(40, 7), bad_window = good;
    tb_measure *none = NULL;
    bad_dim.problem.dim = bad_dim.problem.dim_value = 72;
    bad_window.pattern.stride[0] = 12;
    open_bench(&on);
    tb_assert_ok(tb_measure_add(on.measure, "a", &good, &err), &err);
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
    close_bench(&on);
    tb_measure_destroy(NULL);
}

static void measure__a_dense_problem_is_its_own_baseline(void **state)
{
    (void)state;
    bench on;
    tb_error err;
    tb_case sparse = window_case(40, 7), dense = window_case(40, 40);
    open_bench(&on);
    tb_assert_ok(tb_measure_add(on.measure, "sparse", &sparse, &err), &err);
    tb_assert_ok(tb_measure_add(on.measure, "whole", &dense, &err), &err);
    run_all(&on);
    const tb_profile *profile = profile_of(&on);
    assert_int_equal(profile->count, 2);
    assert_string_equal(profile->runs[0].id, "whole"); /* the baseline, by the name asked for */
    close_bench(&on);
}

static void measure__prepares_again_where_little_is_kept(void **state)
{
    (void)state;
    bench on;
    tb_error err;
    tb_case item = window_case(40, 7);
    open_bench(&on);
    on.options.kept_bytes = 1;
    tb_measure_destroy(on.measure);
    tb_assert_ok(
        tb_measure_create(&on.options, &on.facts, NULL, &on.environment, &on.measure, &err), &err);
    tb_assert_ok(tb_measure_add(on.measure, "a", &item, &err), &err);
    run_all(&on);
    assert_int_equal(fake.prepared, 2 * 3); /* each of three visits */
    close_bench(&on);
    open_bench(&on);
    tb_assert_ok(tb_measure_add(on.measure, "a", &item, &err), &err);
    run_all(&on);
    assert_int_equal(fake.prepared, 2);
    close_bench(&on);
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
