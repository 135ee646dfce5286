/* The time of a whole network: hand-worked sums, and what the published run must give back. */
#include "network_time.h"
#include "test_support.h"
#include "timed_case.h"

#define HEAD                                                                                       \
    "schema: tilebound/network/1\nname: probe\nsummary: of the tests\nsource: by hand\n"           \
    "layout: {value: [64, 8], source: x}\nheads: {value: 4, source: x}\n"                          \
    "dim: {value: 128, source: x}\nlayers: {value: 3, source: x}\n"                                \
    "facts: {steps: {value: 5, source: x}}\n"                                                      \
    "patterns: {near: {window: [16, 8]}, whole: {}, mixed: {heads: {near: 3, whole: 1}}}\n"        \
    "cases:\n- {name: near, layers: {near: [0, 1], whole: [2]}}\n"                                 \
    "- {name: heads, layers: {mixed: [0, 2], near: [1]}}\n"                                        \
    "rest:\n  width: {value: 128, source: x}\n  text_tokens: {value: 100, source: x}\n"            \
    "  forwards: {value: 4, source: x}\n  permutation: {value: layer, source: x}\n  parts:\n"

static const char small[] =
    HEAD "  - {name: memory, layers: 2, on: layout, linear: [[1024, 2048]], source: x}\n"
         "  - {name: compute, layers: 1, on: 8192, linear: [[8192, 8192]], source: x}\n"
         "  - {name: keys, layers: 1, on: text, linear: [[8, 16]], source: x}\n"
         "  - {name: norms, on: both, passes: 10, source: x}\n"
         "  - {name: cross, on: layout, attends_text: true, source: x}\n";

/* The same with a run whose layers take less than a second. */
#define OUTSIDE                                                                                    \
    "outside: {what: the VAE, device: b200, case: near, dense_steps: 2, "                          \
    "total_s: {value: 1.25, source: x}}\n"

/* A network with models and the problem of its file. */
typedef struct fixture {
    tb_network *network;
    tb_device *device;
    tb_kernel *kernel, *dense;
    tb_problem problem;
    tb_network_setup setup;
} fixture;

static void open_fixture(fixture *f, const char *text, const char *device)
{
    tb_error err;
    *f = (fixture){.device = tb_test_device(device), .problem = tb_problem_default()};
    f->kernel = tb_test_kernel(f->device->default_kernel);
    f->dense = tb_test_kernel(f->device->dense_kernel);
    const char *path = tb_test_variant("network.yaml", text, "", "");
    tb_assert_ok(tb_network_load(path, &f->network, &err), &err);
    f->problem.layout = f->network->layout;
    f->problem.heads = f->problem.heads_kv = 4;
    f->setup = (tb_network_setup){
        .problem = &f->problem, .kernel = f->kernel, .device = f->device, .dense_kernel = f->dense};
}

static void close_fixture(fixture *f)
{
    tb_network_destroy(f->network);
    tb_device_destroy(f->device);
    tb_kernel_destroy(f->kernel);
    tb_kernel_destroy(f->dense);
}

static tb_forward_time rest_of(const fixture *f)
{
    tb_forward_time time = {.basis = TB_BASIS_CALIBRATED};
    tb_error err;
    tb_assert_ok(tb_network_rest_time(f->network, &f->setup, &time, &err), &err);
    return time;
}

static tb_network_time time_case(const fixture *f, const char *name, int64_t dense_steps)
{
    tb_error err;
    tb_forward_time time = rest_of(f);
    tb_outside_time outside;
    tb_assert_ok(
        tb_network_attention_time(tb_network_find_case(f->network, name), &f->setup, &time, &err),
        &err);
    tb_assert_ok(tb_network_outside_time(f->network, &f->setup, &outside, &err), &err);
    return tb_network_time_of(&f->network->rest, &time, &outside, dense_steps,
                              tb_network_steps(f->network));
}

/* At 1000 TFLOP/s and 1000 GB/s in bf16, a layer each:
 * 512 tokens, 1024 -> 2048: 2.147 us of FLOP, but (512 x 3072 + 1024 x 2048) x 2 = 7340032 bytes
 * 8192 tokens, 8192 -> 8192: 2 x 8192^3 = 1.099511627776e12 FLOP; its 403 MB take less
 * 100 tokens, 8 -> 16: (100 x 24 + 128) x 2 = 5056 bytes
 * 612 tokens, 10 passes of 128 elements: 1566720 bytes */
static void rest__is_flop_or_bytes_of_the_dimensions(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f, small, "b200");
    tb_test_set(f.device, "measured_gemm_bf16_tflops=1000");
    tb_test_set(f.device, "measured_dram_read_gb_per_s=1000");
    tb_forward_time time = rest_of(&f);
    tb_assert_close(time.linear_us, 2 * 7.340032 + 1099.511627776 + 0.005056, 1e-12);
    tb_assert_close(time.passes_us, 3 * 1.56672, 1e-12);
    f.problem.batch = 2; /* twice the tokens, but for a part that says how many */
    time = rest_of(&f);
    tb_assert_close(
        time.linear_us,
        2 * (1024.0 * 3072 + 1024 * 2048) * 2e-6 + 1099.511627776 + (200 * 24 + 128) * 2e-6, 1e-12);
    tb_assert_close(time.passes_us, 2 * 3 * 1.56672, 1e-12);
    close_fixture(&f);
}

/* 512 queries over 100 keys: 6 batch entries of 100 tokens. */
static void cross_attention__is_dense_attention_in_batches_of_the_prompt(void **state)
{
    (void)state;
    fixture f;
    tb_error err;
    open_fixture(&f, small, "h100-sxm");
    tb_case item = tb_case_default();
    item.problem.layout = (tb_layout){.rank = 1, .extent = {100}};
    item.problem.batch = 6;
    item.problem.heads = item.problem.heads_kv = 4;
    tb_prediction p;
    tb_timing timing;
    tb_assert_ok(tb_predict(&item, f.dense, &p, &err), &err);
    tb_assert_ok(tb_predict_time(&p, f.dense, f.device, NULL, &timing, &err), &err);
    tb_assert_close(rest_of(&f).cross_us, 3 * timing.time.attention_us, 1e-12);
    tb_prediction_release(&p);
    f.setup.dense_kernel = NULL;
    tb_forward_time time = {0};
    tb_assert_fails(tb_network_rest_time(f.network, &f.setup, &time, &err), &err, TB_EINVAL,
                    "has no kernel for dense attention to the prompt; give --baseline-kernel");
    close_fixture(&f);
}

static void rates__are_measured_ones_else_fractions_of_the_peak(void **state)
{
    (void)state;
    tb_device *device = tb_test_device("b200");
    tb_error err;
    double rate = 0;
    tb_basis basis = TB_BASIS_CALIBRATED;
    tb_assert_ok(tb_network_gemm_rate(device, TB_DTYPE_BF16, &rate, &basis, &err), &err);
    tb_assert_close(rate, 1745e12, 1e-12);
    assert_int_equal(basis, TB_BASIS_UNCALIBRATED);
    tb_assert_ok(tb_network_gemm_rate(device, TB_DTYPE_E4M3, &rate, &basis, &err), &err);
    tb_assert_close(rate, 3432.5e12, 1e-12);
    tb_assert_ok(tb_network_gemm_rate(device, TB_DTYPE_FP32, &rate, &basis, &err), &err);
    tb_assert_close(rate, 0.79 * 1100e12, 1e-12);
    tb_assert_ok(tb_network_bandwidth(device, &rate, &basis, &err), &err);
    tb_assert_close(rate, 7400e9, 1e-12);
    /* what the user sets wins over what was measured */
    tb_test_set(device, "memory_bandwidth_gb_per_s=6000");
    tb_assert_ok(tb_network_bandwidth(device, &rate, &basis, &err), &err);
    tb_assert_close(rate, 5700e9, 1e-12);
    tb_test_set(device, "measured_dram_read_gb_per_s=5000");
    tb_assert_ok(tb_network_bandwidth(device, &rate, &basis, &err), &err);
    tb_assert_close(rate, 5000e9, 1e-12);
    tb_test_set(device, "peak_fp16_tflops=1000");
    tb_assert_ok(tb_network_gemm_rate(device, TB_DTYPE_FP16, &rate, &basis, &err), &err);
    tb_assert_close(rate, 790e12, 1e-12);
    device->values[TB_DEVICE_PEAK_TF32_TFLOPS].origin = TB_VALUE_ASSUMED;
    tb_assert_ok(tb_network_gemm_rate(device, TB_DTYPE_FP32, &rate, &basis, &err), &err);
    assert_int_equal(basis, TB_BASIS_ASSUMED);
    device->values[TB_DEVICE_PEAK_TF32_TFLOPS].origin = TB_VALUE_UNKNOWN;
    tb_assert_fails(tb_network_gemm_rate(device, TB_DTYPE_FP32, &rate, &basis, &err), &err,
                    TB_EINVAL, "peak_tf32_tflops");
    tb_device_destroy(device);
}

/* others 20 + 5 + 1 = 26; dense 50 + 4 (26 + 100) = 554; with 1 of 5 steps dense
 * 50 + 4 (26 + 20) = 234 is fixed, and 4 x 0.8 x (10 + 2) = 38.4 more sparse */
static void network__adds_up_by_hand(void **state)
{
    (void)state;
    tb_network_rest rest = {.given = true, .forwards = 4};
    tb_forward_time forward = {.attention_us = 10,
                               .permute_us = 2,
                               .dense_us = 100,
                               .linear_us = 20,
                               .passes_us = 5,
                               .cross_us = 1,
                               .basis = TB_BASIS_UNCALIBRATED};
    tb_outside_time outside = {.us = 50};
    tb_network_time t = tb_network_time_of(&rest, &forward, &outside, 1, 5);
    tb_assert_close(t.dense_us, 554, 1e-12);
    tb_assert_close(t.sparse_us, 272.4, 1e-12);
    tb_assert_close(t.speedup, 554 / 272.4, 1e-12);
    tb_assert_close(t.amdahl_limit, 554.0 / 234, 1e-12);
    tb_assert_close(t.attention_share, 400.0 / 554, 1e-12);
    assert_int_equal(t.basis, TB_BASIS_UNCALIBRATED);
    rest.permutes_once = true;
    tb_assert_close(tb_network_time_of(&rest, &forward, &outside, 1, 5).sparse_us, 266, 1e-12);
    tb_assert_close(tb_network_time_of(&rest, &forward, &outside, 5, 5).speedup, 1, 1e-12);
    outside.is_scaled = true;
    assert_int_equal(tb_network_time_of(&rest, &forward, &outside, 1, 5).basis, TB_BASIS_ASSUMED);
}

/* Two layers near and one dense, each as predicted by itself. */
static void attention__is_the_sum_over_the_layers(void **state)
{
    (void)state;
    fixture f;
    tb_error err;
    open_fixture(&f, small, "h100-sxm");
    double near = 0, whole = 0, dense = 0;
    for (int i = 0; i < 2; i++) {
        tb_case item = tb_test_gna("64x8", i == 0 ? "16x8" : "64x8", NULL, 4);
        tb_prediction p;
        tb_timing timing;
        tb_assert_ok(tb_predict(&item, f.kernel, &p, &err), &err);
        tb_assert_ok(tb_predict_time(&p, f.kernel, f.device, f.dense, &timing, &err), &err);
        *(i == 0 ? &near : &whole) = timing.time.attention_us;
        dense = timing.dense.attention_us;
        tb_prediction_release(&p);
    }
    tb_forward_time time = {0};
    tb_assert_ok(tb_network_attention_time(&f.network->cases[0], &f.setup, &time, &err), &err);
    tb_assert_close(time.attention_us, 2 * near + whole, 1e-12);
    tb_assert_close(time.dense_us, 3 * dense, 1e-12);
    /* heads with different patterns are launches of their own */
    tb_forward_time heads = {0};
    tb_assert_ok(tb_network_attention_time(&f.network->cases[1], &f.setup, &heads, &err), &err);
    assert_true(heads.attention_us > near + 2 * (near + whole) / 4);
    close_fixture(&f);
}

/* By construction the published run itself comes out as published. */
static void outside__gives_the_published_run_back(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f, HEAD "  - {name: norms, on: both, passes: 10, source: x}\n" OUTSIDE, "b200");
    tb_network_time t = time_case(&f, "near", 2);
    tb_assert_close(t.sparse_us, 1.25e6, 1e-12);
    assert_false(t.outside.is_scaled);
    tb_assert_close(t.outside.us, t.outside.inferred_us, 1e-12);
    assert_true(t.outside.us > 1e6 && t.outside.us < 1.25e6);
    /* twice the tokens take twice as long there, and another dtype changes nothing of the run */
    f.problem.batch = 2;
    tb_network_time twice = time_case(&f, "near", 2);
    assert_true(twice.outside.is_scaled);
    tb_assert_close(twice.outside.us, 2 * t.outside.us, 1e-12);
    close_fixture(&f);
}

/* An H100 SXM at 0.95 x 3352 GB/s for the B200's measured 7400. */
static void outside__follows_memory_bandwidth_to_other_devices(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f, HEAD "  - {name: norms, on: both, passes: 10, source: x}\n" OUTSIDE,
                 "h100-sxm");
    tb_network_time t = time_case(&f, "near", 0);
    assert_true(t.outside.is_scaled);
    assert_int_equal(t.basis, TB_BASIS_ASSUMED);
    tb_assert_close(t.outside.us, t.outside.inferred_us * 7400 / (0.95 * 3352), 1e-12);
    close_fixture(&f);
}

static void outside__is_nothing_where_the_layers_take_longer(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f,
                 HEAD "  - {name: norms, on: both, passes: 10, source: x}\n"
                      "outside: {what: x, device: b200, case: dense, "
                      "total_s: {value: 0.00001, source: x}}\n",
                 "b200");
    tb_network_time t = time_case(&f, "near", 0);
    assert_true(t.outside.is_negative);
    assert_true(t.outside.inferred_us < 0);
    tb_assert_close(t.outside.us, 0, 0);
    assert_int_equal(t.basis, TB_BASIS_ASSUMED);
    close_fixture(&f);
}

static void outside__needs_models_of_the_run(void **state)
{
    (void)state;
    fixture f;
    tb_error err;
    tb_outside_time outside;
    open_fixture(&f,
                 HEAD "  - {name: norms, on: both, passes: 10, source: x}\n"
                      "outside: {what: x, device: b2000, case: dense, "
                      "total_s: {value: 1, source: x}}\n",
                 "b200");
    tb_assert_fails(tb_network_outside_time(f.network, &f.setup, &outside, &err), &err, TB_EINVAL,
                    "unknown device 'b2000'");
    close_fixture(&f);
    open_fixture(&f,
                 HEAD "  - {name: norms, on: both, passes: 10, source: x}\n"
                      "outside: {what: x, device: mi300x, case: dense, "
                      "total_s: {value: 1, source: x}}\n",
                 "b200");
    tb_assert_fails(tb_network_outside_time(f.network, &f.setup, &outside, &err), &err, TB_EINVAL,
                    "device mi300x has no default kernels");
    close_fixture(&f);
}

/* 2 (N + 256) 12 x 3072^2 x 60 FLOP a forward pass and 4 (N + 256)^2 x 3072 x 60 of attention are
 * 570 PFLOP in 50 steps; the STA paper (table 4) prints 574.16. */
static void hunyuanvideo__has_the_published_flop(void **state)
{
    (void)state;
    tb_network *network = NULL;
    tb_error err;
    tb_assert_ok(tb_network_load("hunyuanvideo", &network, &err), &err);
    double tokens = 115200, flop = 4 * (tokens + 256) * (tokens + 256) * 24 * 128 * 60;
    for (size_t i = 0; i < network->rest.part_count; i++) {
        const tb_rest_part *part = &network->rest.parts[i];
        double on = part->on == TB_REST_LAYOUT ? tokens
                    : part->on == TB_REST_TEXT ? 256
                    : part->on == TB_REST_BOTH ? tokens + 256
                                               : (double)part->tokens;
        for (size_t k = 0; k < part->linear_count; k++) {
            flop += 2 * on * (double)part->layers * (double)part->linear[k].in *
                    (double)part->linear[k].out;
        }
    }
    tb_assert_close((double)network->rest.forwards * flop, 574.16e15, 0.01);
    tb_network_destroy(network);
}

TB_TESTS(cmocka_unit_test(rest__is_flop_or_bytes_of_the_dimensions),
         cmocka_unit_test(cross_attention__is_dense_attention_in_batches_of_the_prompt),
         cmocka_unit_test(rates__are_measured_ones_else_fractions_of_the_peak),
         cmocka_unit_test(network__adds_up_by_hand),
         cmocka_unit_test(attention__is_the_sum_over_the_layers),
         cmocka_unit_test(outside__gives_the_published_run_back),
         cmocka_unit_test(outside__follows_memory_bandwidth_to_other_devices),
         cmocka_unit_test(outside__is_nothing_where_the_layers_take_longer),
         cmocka_unit_test(outside__needs_models_of_the_run),
         cmocka_unit_test(hunyuanvideo__has_the_published_flop));
