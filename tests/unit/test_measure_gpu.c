/* Measuring on a GPU that is made up: its times, clocks and faults are the test's. */
#include "test_support.h"

#include "measure_bench.h"
#include "measured_speedup.h"
#include "profile_write.h"
#include "reference_output.h"

#include <string.h>
#include <sys/stat.h>

#define NEAR        1e-9
#define OVERHEAD_US 7.25

static struct {
    int64_t runs, repeats, flushes, readings;
    int64_t events_from; /* the repeat from which CUPTI is given up; 0 = never */
    int64_t hot_every;   /* readings of which one is of a GPU that is too hot; 0 = none */
    uint64_t throttle;   /* of every reading */
    double clock_step;   /* from reading to reading, MHz */
    bool is_emulated;
} gpu;

static tb_status gpu_facts(bool is_measuring, tb_device_facts *out, tb_error *err)
{
    (void)is_measuring;
    (void)err;
    *out = (tb_device_facts){.name = "NVIDIA Abacus",
                             .isa = "sm_90",
                             .cores = 72,
                             .gpu = {.compute_capability = 90,
                                     .power_limit_w = 700,
                                     .uuid = "GPU-72",
                                     .cuda = "13.0",
                                     .compiler = "NVRTC 13.0"}};
    return TB_OK;
}

static tb_status gpu_run(tb_plan_state *state, const tb_tensors *tensors, tb_run_times *times,
                         tb_error *err)
{
    (void)err;
    tb_test_reference_output(&state->launch, tensors);
    *times = (tb_run_times){.clock = TB_CLOCK_CUPTI, .attention_us = 7300};
    state->has_run = true;
    gpu.runs++;
    return TB_OK;
}

static tb_status gpu_repeat(tb_plan_state *state, tb_run_times *times, tb_error *err)
{
    static const double scatter[] = {0, 0.5, -0.25, 0.125, 0.25};
    (void)err;
    assert_true(state->has_run);
    bool is_events = ++gpu.repeats >= gpu.events_from && gpu.events_from > 0;
    double us = (state->launch.pattern.kind == TB_PATTERN_DENSE ? 400 : 100) +
                (is_events ? 30 : 0) + scatter[gpu.repeats % 5];
    *times = (tb_run_times){.clock = is_events ? TB_CLOCK_EVENTS : TB_CLOCK_CUPTI,
                            .attention_us = us,
                            .permute_us = 5,
                            .unpermute_us = 2.5,
                            .total_us = us + 7.5,
                            .host_us = us + 7.5 + OVERHEAD_US,
                            .retries = gpu.repeats == 2 ? 3 : 0};
    return TB_OK;
}

static tb_status gpu_flush(tb_plan_state *state, tb_error *err)
{
    (void)err;
    assert_true(state->has_run);
    gpu.flushes++;
    return TB_OK;
}

static void gpu_read_state(tb_gpu_state *out)
{
    gpu.readings++;
    *out = (tb_gpu_state){.sm_clock_mhz = 1410 + gpu.clock_step * (double)(gpu.readings % 2),
                          .has_throttle = true,
                          .throttle = gpu.throttle};
    if (gpu.hot_every > 0 && gpu.readings % gpu.hot_every == 0) {
        out->throttle |= TB_THROTTLE_THERMAL_HARDWARE;
    }
}

static int gpu_kernels(const tb_plan_state *state, tb_run_kernel *out)
{
    out[0] = (tb_run_kernel){.name = "permute", .launches = 2, .time_us = 7.5};
    out[1] = (tb_run_kernel){.name = "beads", .launches = 1, .registers = 168, .grid = {72, 7, 1}};
    return state->launch.pattern.kind == TB_PATTERN_DENSE ? 1 : 2;
}

static bool gpu_is_emulated(void)
{
    return gpu.is_emulated;
}

static const tb_backend backend = {.name = "beads",
                                   .is_gpu = true,
                                   .facts = gpu_facts,
                                   .run = gpu_run,
                                   .repeat = gpu_repeat,
                                   .flush = gpu_flush,
                                   .read_state = gpu_read_state,
                                   .kernels = gpu_kernels,
                                   .is_emulated = gpu_is_emulated};

/* A host on which a program runs between any two readings. */
static tb_status busy_host(tb_noise_reading *out, tb_error *err)
{
    static int64_t preemptions;
    (void)err;
    *out = (tb_noise_reading){.preemptions = ++preemptions};
    return TB_OK;
}

/* A bench with the sampling of GPUs, which start() begins. */
static void open_bench(tb_measure_bench *on)
{
    memset(&gpu, 0, sizeof gpu);
    tb_measure_bench_open(on, &backend);
    on->options.check_rows = 3;
    on->options.sampling = tb_sampling_of_gpu();
}

/* Begin it with the problem "narrow", which brings its dense baseline along. */
static void start(tb_measure_bench *on)
{
    tb_case item = tb_measure_bench_case(7);
    item.problem.dtype = TB_DTYPE_BF16;
    tb_measure_bench_start(on);
    tb_measure_bench_add(on, "narrow", &item);
}

static void measure_gpu__uploads_once_and_times_what_is_there(void **state)
{
    (void)state;
    tb_measure_bench on;
    open_bench(&on);
    on.options.read_noise = busy_host;
    start(&on);
    const tb_profile *profile = tb_measure_bench_run(&on);
    const tb_run *dense = &profile->runs[0], *narrow = &profile->runs[1];
    assert_int_equal(profile->count, 2);
    assert_int_equal(gpu.runs, 2); /* which were checked */
    assert_int_equal(gpu.flushes, 0);
    /* 20 samples in two visits of 10, each after 3 launches of warm-up */
    assert_int_equal(narrow->time.n, 20);
    assert_int_equal(gpu.repeats, 2 * 2 * (3 + 10));
    assert_int_equal(narrow->time.set_aside, 0); /* the GPU's stamps do not see the host */
    assert_int_equal(narrow->noise.preemptions, 20);
    assert_true(narrow->time.median_us >= 100 && narrow->time.median_us <= 100.5);
    assert_int_equal(narrow->clock, TB_CLOCK_CUPTI);
    tb_assert_close(narrow->permute_us.value, 7.5, NEAR);
    tb_assert_close(narrow->launch_overhead_us.value, OVERHEAD_US, NEAR);
    assert_int_equal(narrow->noise.retries + dense->noise.retries, 3);
    assert_int_equal(narrow->gpu_kernel_count, 2);
    assert_int_equal(dense->gpu_kernel_count, 1);
    assert_string_equal(narrow->gpu_kernels[1].name, "beads");
    assert_true(narrow->noise.sm_clock_min_mhz == 1410 && narrow->noise.power_capped == 0);
    assert_false(narrow->emulated);
    assert_ptr_equal(tb_run_dense_baseline(profile, narrow), NULL); /* for want of a device */
    assert_string_equal(narrow->kernel_text, "beads fused sm_90");
    assert_string_equal(profile->summary, "NVIDIA Abacus, sm_90: measured by tilebound");
    assert_int_equal(profile->environment.threads, 0);
    assert_string_equal(profile->environment.gpu.compiler, "NVRTC 13.0");
    assert_null(profile->environment.gpu.driver); /* which is not known */
    tb_measure_bench_close(&on);
}

static void measure_gpu__what_it_writes_reads_back(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_error err;
    tb_profile *again = NULL;
    open_bench(&on);
    gpu.is_emulated = true;
    gpu.throttle = TB_THROTTLE_POWER_CAP;
    start(&on);
    const tb_profile *profile = tb_measure_bench_run(&on);
    const char *path = tb_test_path("gpu.yaml");
    tb_assert_ok(tb_profile_write(profile, path, &err), &err);
    tb_assert_ok(tb_profile_load(path, &again, &err), &err);
    const tb_run *narrow = &again->runs[1];
    assert_true(narrow->emulated && narrow->clock == TB_CLOCK_CUPTI);
    assert_int_equal(narrow->noise.power_capped, 20); /* and none of them set aside: */
    assert_int_equal(narrow->time.n, 20);
    assert_int_equal(narrow->gpu_kernels[1].grid[1], 7);
    tb_assert_close(narrow->launch_overhead_us.value, OVERHEAD_US, NEAR);
    assert_string_equal(again->environment.gpu.uuid, "GPU-72");
    assert_string_equal(again->summary, "emulated NVIDIA Abacus, sm_90: measured by tilebound");
    tb_profile_destroy(again);
    tb_measure_bench_close(&on);
}

static void measure_gpu__starts_anew_when_its_clock_changes(void **state)
{
    (void)state;
    tb_measure_bench on;
    open_bench(&on);
    gpu.events_from = 1 * (3 + 10) + 3 + 4; /* the second configuration's fourth sample */
    start(&on);
    const tb_profile *profile = tb_measure_bench_run(&on);
    int64_t discarded = 0;
    for (size_t i = 0; i < profile->count; i++) {
        const tb_run *item = &profile->runs[i];
        double least = item->kind == TB_RUN_DENSE ? 429 : 129; /* with the events' 30 us */
        assert_int_equal(item->clock, TB_CLOCK_EVENTS);
        for (int64_t s = 0; s < item->time.n; s++) {
            assert_true(item->time.samples_us[s] > least);
        }
        assert_int_equal(item->noise.samples, item->time.n + item->time.set_aside);
        assert_true(item->time.n >= 20);
        discarded += item->noise.discarded;
    }
    assert_int_equal(discarded, 10 + 3); /* a whole visit of the one, three of the other */
    tb_measure_bench_close(&on);
}

static void measure_gpu__a_finished_run_keeps_its_clock_and_is_no_baseline(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_device device = {.name = "abacus"};
    open_bench(&on);
    on.device = &device;
    gpu.events_from = 2 * 2 * (3 + 10) + 1; /* after the dense baseline and "narrow" */
    start(&on);
    const tb_profile *profile = tb_measure_bench_run(&on);
    assert_non_null(tb_run_dense_baseline(profile, &profile->runs[1]));
    tb_run other = profile->runs[1];
    other.clock = TB_CLOCK_EVENTS;
    assert_null(tb_run_dense_baseline(profile, &other));
    other.clock = TB_CLOCK_CUPTI;
    other.emulated = true;
    assert_null(tb_run_dense_baseline(profile, &other));
    tb_measure_bench_close(&on);
}

static void measure_gpu__samples_of_a_hot_or_changing_clock_are_set_aside(void **state)
{
    (void)state;
    tb_measure_bench on;
    open_bench(&on);
    gpu.hot_every = 6; /* two readings a launch: every third is hot */
    start(&on);
    const tb_run *narrow = &tb_measure_bench_run(&on)->runs[1];
    assert_true(narrow->time.set_aside >= 5);
    assert_int_equal(narrow->noise.disturbed, narrow->time.set_aside);
    assert_true((narrow->noise.throttle & TB_THROTTLE_THERMAL_HARDWARE) != 0);
    tb_measure_bench_close(&on);
    open_bench(&on);
    gpu.clock_step = 20; /* 1.4 % */
    start(&on);
    assert_int_equal(tb_measure_bench_run(&on)->runs[1].noise.disturbed, 0);
    tb_measure_bench_close(&on);
    open_bench(&on);
    gpu.clock_step = 100;
    start(&on);
    narrow = &tb_measure_bench_run(&on)->runs[1];
    assert_int_equal(narrow->noise.disturbed, narrow->noise.samples);
    tb_assert_close(narrow->noise.sm_clock_max_mhz, 1510, 0);
    tb_measure_bench_close(&on);
}

static void measure_gpu__cold_samples_follow_a_flush(void **state)
{
    (void)state;
    tb_measure_bench on;
    open_bench(&on);
    on.options.is_cold = true;
    start(&on);
    const tb_profile *profile = tb_measure_bench_run(&on);
    assert_true(profile->runs[1].is_cold);
    assert_int_equal(gpu.flushes, gpu.repeats);
    tb_measure_bench_close(&on);
}

static void measure_gpu__uploads_again_what_was_let_go(void **state)
{
    (void)state;
    tb_measure_bench on;
    open_bench(&on);
    on.options.kept_bytes = 1;
    start(&on);
    (void)tb_measure_bench_run(&on);
    assert_int_equal(tb_test_plans.prepared, 2 * 2); /* each of two visits */
    assert_int_equal(gpu.runs, 2 * 2);
    tb_measure_bench_close(&on);
}

static void measure_gpu__lets_others_go_where_memory_is_short(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_error err;
    bool is_stopped = false;
    open_bench(&on);
    tb_test_plans.most_alive = 1;
    start(&on);
    const tb_profile *profile = tb_measure_bench_run(&on);
    assert_int_equal(profile->count, 2);
    assert_true(tb_test_plans.prepared > 2);
    tb_measure_bench_close(&on);
    open_bench(&on);
    start(&on);
    tb_test_plans.most_alive = 1;
    tb_test_plans.alive = 1; /* another program's */
    tb_assert_fails(tb_measure_run(on.measure, NULL, NULL, &is_stopped, &err), &err,
                    TB_EUNAVAILABLE, "the abacus is full");
    tb_test_plans.alive = 0;
    tb_measure_bench_close(&on);
}

static void measure_gpu__resume_refuses_another_gpu(void **state)
{
    (void)state;
    tb_measure_bench on;
    tb_error err;
    tb_profile *before = NULL;
    const char *path = tb_test_path("before.yaml");
    open_bench(&on);
    start(&on);
    tb_assert_ok(tb_profile_write(tb_measure_bench_run(&on), path, &err), &err);
    tb_measure_bench_close(&on);
    tb_assert_ok(tb_profile_load(path, &before, &err), &err);

    open_bench(&on);
    start(&on);
    tb_assert_ok(tb_measure_resume(on.measure, before, &err), &err);
    const tb_profile *profile = tb_measure_bench_run(&on);
    assert_int_equal(gpu.runs, 0); /* nothing was left to measure */
    assert_int_equal(profile->runs[1].clock, TB_CLOCK_CUPTI);
    assert_int_equal(profile->runs[1].gpu_kernel_count, 2);
    tb_assert_close(profile->runs[1].launch_overhead_us.value, OVERHEAD_US, NEAR);
    tb_measure_bench_close(&on);

    open_bench(&on);
    gpu.is_emulated = true;
    start(&on);
    tb_assert_fails(tb_measure_resume(on.measure, before, &err), &err, TB_EINVAL,
                    "with what is emulated on one side only");
    tb_measure_bench_close(&on);
    open_bench(&on);
    (void)strcpy(on.facts.gpu.uuid, "GPU-96");
    start(&on);
    tb_assert_fails(tb_measure_resume(on.measure, before, &err), &err, TB_EINVAL,
                    "was measured on another GPU (NVIDIA Abacus, GPU-72)");
    tb_measure_bench_close(&on);
    tb_profile_destroy(before);
}

static void measure_gpu__keeps_most_of_its_memory_and_half_of_the_hosts(void **state)
{
    (void)state;
    (void)mkdir(tb_test_path("sys"), 0777);
    (void)mkdir(tb_test_path("sys/fs"), 0777);
    (void)mkdir(tb_test_path("sys/fs/cgroup"), 0777);
    (void)tb_test_file("sys/fs/cgroup/memory.max", "max\n", 4);
    const char *root = tb_test_path("");
    int64_t small = 1 << 20;
    assert_int_equal(tb_measure_kept_on_gpu(root, small), (int64_t)(0.45 * (double)small));
    (void)tb_test_file("sys/fs/cgroup/memory.max", "7300\n", 5);
    assert_int_equal(tb_measure_kept_on_gpu(root, small), 3650);
}

TB_TESTS(cmocka_unit_test(measure_gpu__uploads_once_and_times_what_is_there),
         cmocka_unit_test(measure_gpu__what_it_writes_reads_back),
         cmocka_unit_test(measure_gpu__starts_anew_when_its_clock_changes),
         cmocka_unit_test(measure_gpu__a_finished_run_keeps_its_clock_and_is_no_baseline),
         cmocka_unit_test(measure_gpu__samples_of_a_hot_or_changing_clock_are_set_aside),
         cmocka_unit_test(measure_gpu__cold_samples_follow_a_flush),
         cmocka_unit_test(measure_gpu__uploads_again_what_was_let_go),
         cmocka_unit_test(measure_gpu__lets_others_go_where_memory_is_short),
         cmocka_unit_test(measure_gpu__resume_refuses_another_gpu),
         cmocka_unit_test(measure_gpu__keeps_most_of_its_memory_and_half_of_the_hosts));
