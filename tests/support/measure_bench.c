#include "measure_bench.h"

#include "test_support.h"

#include <stdlib.h>

tb_measure_bench_plans tb_test_plans;

static tb_status be_here(tb_error *err)
{
    (void)err;
    return TB_OK;
}

static tb_status tell_facts(bool is_measuring, tb_device_facts *out, tb_error *err)
{
    (void)is_measuring;
    (void)err;
    *out = (tb_device_facts){.name = "Abacus 7300", .isa = "beads", .cores = 3};
    return TB_OK;
}

static tb_status take_any(const tb_launch *launch, tb_error *err)
{
    (void)launch;
    (void)err;
    return TB_OK;
}

static tb_status prepare(const tb_launch *launch, tb_plan_state **out, tb_error *err)
{
    if (tb_test_plans.most_alive > 0 && tb_test_plans.alive == tb_test_plans.most_alive) {
        return tb_fail(err, TB_EUNAVAILABLE, "the abacus is full");
    }
    tb_plan_state *state = calloc(1, sizeof *state);
    assert_non_null(state);
    state->launch = *launch;
    tb_test_plans.alive++;
    tb_test_plans.prepared++;
    *out = state;
    return TB_OK;
}

static void destroy(tb_plan_state *state)
{
    tb_test_plans.alive--;
    free(state);
}

static void count_nothing(const tb_plan_state *state, tb_run_counters *out)
{
    (void)state;
    *out = (tb_run_counters){0};
}

static void read_no_clocks(tb_gpu_state *out)
{
    *out = (tb_gpu_state){0};
}

static int tell_one_kernel(const tb_plan_state *state, tb_run_kernel *out)
{
    (void)state;
    out[0] = (tb_run_kernel){.name = "beads", .launches = 1, .registers = 96};
    return 1;
}

static bool is_not_emulated(void)
{
    return false;
}

static tb_status read_quiet_host(tb_noise_reading *out, tb_error *err)
{
    (void)err;
    *out = (tb_noise_reading){0};
    return TB_OK;
}

static tb_backend make_up(const tb_backend *given)
{
    tb_backend made = *given;
    made.summary = "made up";
    made.prepare = prepare;
    made.destroy = destroy;
    made.counters = count_nothing;
    made.available = given->available != NULL ? given->available : be_here;
    made.facts = given->facts != NULL ? given->facts : tell_facts;
    made.check = given->check != NULL ? given->check : take_any;
    if (given->is_gpu) {
        made.read_state = given->read_state != NULL ? given->read_state : read_no_clocks;
        made.kernels = given->kernels != NULL ? given->kernels : tell_one_kernel;
        made.is_emulated = given->is_emulated != NULL ? given->is_emulated : is_not_emulated;
    }
    return made;
}

void tb_measure_bench_open(tb_measure_bench *on, const tb_backend *backend)
{
    tb_error err;
    tb_test_plans = (tb_measure_bench_plans){0};
    *on = (tb_measure_bench){.backend = make_up(backend), .options = tb_measure_default()};
    on->options.backend = &on->backend;
    on->options.check_rows = 7;
    on->options.read_noise = read_quiet_host;
    tb_assert_ok(on->backend.facts(false, &on->facts, &err), &err);
    assert_int_equal(unsetenv("TILEBOUND_DATA"), 0);
    tb_assert_ok(tb_kernel_load("cpu", &on->kernel, &err), &err);
    on->options.kernel = on->kernel;
}

void tb_measure_bench_start(tb_measure_bench *on)
{
    tb_error err;
    tb_measure_destroy(on->measure);
    on->measure = NULL;
    tb_assert_ok(tb_measure_create(&on->options, &on->facts, on->device, &on->environment,
                                   &on->measure, &err),
                 &err);
}

void tb_measure_bench_add(tb_measure_bench *on, const char *id, const tb_case *item)
{
    tb_error err;
    tb_assert_ok(tb_measure_add(on->measure, id, item, &err), &err);
}

const tb_profile *tb_measure_bench_run(tb_measure_bench *on)
{
    bool is_stopped = true;
    tb_error err;
    tb_assert_ok(tb_measure_run(on->measure, NULL, NULL, &is_stopped, &err), &err);
    assert_false(is_stopped);
    const tb_profile *profile = tb_measure_bench_profile(on);
    assert_non_null(profile);
    return profile;
}

const tb_profile *tb_measure_bench_profile(tb_measure_bench *on)
{
    const tb_profile *profile = NULL;
    tb_error err;
    tb_assert_ok(tb_measure_profile(on->measure, &profile, &err), &err);
    return profile;
}

void tb_measure_bench_close(tb_measure_bench *on)
{
    tb_measure_destroy(on->measure);
    tb_kernel_destroy(on->kernel);
    assert_int_equal(tb_test_plans.alive, 0);
}

tb_case tb_measure_bench_case(int64_t window)
{
    tb_case item = tb_case_default();
    item.problem.layout = (tb_layout){.rank = 1, .extent = {40}};
    item.problem.dim = item.problem.dim_value = 16;
    item.problem.dtype = TB_DTYPE_FP32;
    item.pattern.kind = window < 40 ? TB_PATTERN_GNA : TB_PATTERN_DENSE;
    item.pattern.window[0] = window;
    item.tiling.q_dims = item.tiling.kv_dims = 1;
    item.tiling.q_tile[0] = item.tiling.kv_tile[0] = 8;
    return item;
}
