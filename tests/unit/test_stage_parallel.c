/* The stages decode and distribute, as mechanism files have them. */
#include "context_parallel.h"
#include "decode.h"
#include "kernel.h"
#include "mechanism.h"
#include "predict_time.h"
#include "test_support.h"

#include <stdio.h>
#include <string.h>

#define HEAD                                                                                       \
    "schema: tilebound/mechanism/1\nname: mine\ntitle: mine\nsummary: mine\nfamily: mine\n"        \
    "phase: %s\nrank: 1\nproblem: {heads: 16, heads_kv: 4, dim: 128, dtype: bf16}\n"               \
    "parameters: {part: {value: 0.25, from: 'abstract'}}\nstages:\n  - name: it\n%s"               \
    "complexity: none\nnote: none\nclaims: []\n"

static const char *file_of(const char *phase, const char *stage)
{
    char text[2048];
    int length = snprintf(text, sizeof text, HEAD, phase, stage);
    assert_true(length > 0 && (size_t)length < sizeof text);
    return tb_test_file("mine.yaml", text, (size_t)length);
}

static tb_device *load_device(const char *name)
{
    tb_error err = {0};
    tb_device *device = NULL;
    tb_assert_ok(tb_device_load(name, &device, &err), &err);
    return device;
}

static tb_kernel *load_kernel(const char *name)
{
    tb_error err = {0};
    tb_kernel *kernel = NULL;
    tb_assert_ok(tb_kernel_load(name, &kernel, &err), &err);
    return kernel;
}

/* The mechanism's only stage on N tokens. */
static tb_status run(const char *path, int64_t tokens, const tb_device *device,
                     const tb_kernel *kernel, tb_stage_result *out, tb_error *err)
{
    tb_mechanism *mechanism = NULL;
    tb_mechanism_result result;
    tb_status status = tb_mechanism_load(path, &mechanism, err);
    if (status == TB_OK) {
        tb_problem problem = mechanism->problem;
        problem.layout = (tb_layout){.rank = 1, .extent = {tokens}};
        tb_mechanism_options options = {
            .device = device, .kernel = kernel, .baseline_kernel = kernel};
        status = tb_mechanism_run_with(mechanism, &problem, &options, &result, err);
    }
    if (status == TB_OK) {
        assert_int_equal(result.stage_count, 1);
        *out = result.stages[0];
        tb_mechanism_result_release(&result);
    }
    tb_mechanism_destroy(mechanism);
    return status;
}

static void stage_decode__is_what_the_model_says(void **state)
{
    (void)state;
    tb_error err = {0};
    tb_stage_result result;
    tb_device *device = load_device("a100-80");
    tb_problem shape = tb_problem_default();
    shape.heads = 16;
    shape.heads_kv = 4;
    tb_decode_problem problem = tb_decode_default(&shape);
    tb_decode_time want;
    problem.cache = problem.kept = 65536;
    tb_assert_ok(tb_decode_predict(&problem, device, &want, &err), &err);
    tb_assert_ok(run(file_of("decode", "    kind: decode\n"), 65536, device, NULL, &result, &err),
                 &err);
    tb_assert_close(result.time_us, want.time_us, 1e-12);
    tb_assert_close(result.work.hbm_bytes, want.work.hbm_bytes, 1e-12);
    /* a quarter of the tokens, at 4 bits with scales, in pages, in stream-K */
    problem.kept = 16384;
    problem.k_bits = problem.v_bits = 4;
    problem.group = 64;
    problem.page = 256;
    problem.dequant = TB_DECODE_DEQUANT_FLOP;
    problem.division = TB_KV_STREAM_K;
    tb_assert_ok(tb_decode_predict(&problem, device, &want, &err), &err);
    const char *less = "    kind: decode\n    kept: part * N\n    k_bits: 4\n    v_bits: 4\n"
                       "    group: 64\n    page: 256\n    division: stream-k\n";
    tb_assert_ok(run(file_of("decode", less), 65536, device, NULL, &result, &err), &err);
    tb_assert_close(result.time_us, want.time_us, 1e-12);
    tb_assert_close(result.least_us, want.least_us, 1e-12);
    tb_assert_close(result.work.fma_flop, want.work.fma_flop, 1e-12);
    /* a budget that is more than the cache is all of it */
    tb_assert_ok(run(file_of("decode", "    kind: decode\n    kept: 4096\n"), 1000, device, NULL,
                     &result, &err),
                 &err);
    assert_true(result.work.hbm_bytes >= 1000 * 4 * 512.0 &&
                result.work.hbm_bytes < 1200 * 4 * 512.0);
    tb_device_destroy(device);
}

static void stage_distribute__one_device_is_the_attention_stage(void **state)
{
    (void)state;
    tb_error err = {0};
    tb_stage_result alone, one, eight;
    tb_device *device = load_device("h100-sxm");
    tb_kernel *kernel = load_kernel("cutlass-hopper-fna");
    const char *attention = "    kind: attention\n";
    tb_assert_ok(run(file_of("prefill", attention), 32768, device, kernel, &alone, &err), &err);
    const char *single = "    kind: distribute\n    devices: 1\n";
    tb_assert_ok(run(file_of("prefill", single), 32768, device, kernel, &one, &err), &err);
    tb_assert_close(one.time_us, alone.time_us, 1e-9);
    tb_assert_close(one.least_us, alone.least_us, 1e-12);
    const char *zigzag = "    kind: distribute\n    devices: 32 * part\n    order: zigzag\n"
                         "    pattern: {kind: causal}\n";
    tb_assert_ok(run(file_of("prefill", zigzag), 32768, device, kernel, &eight, &err), &err);
    assert_true(eight.time_us > alone.time_us / 8 && eight.time_us < alone.time_us / 7);
    tb_assert_close(eight.least_us, alone.least_us / 8, 1e-12);
    /* 7 shards of 4096 tokens of 4 heads */
    tb_assert_close(eight.work.link_bytes, 7 * 4096 * 4 * 512.0, 1e-12);
    tb_kernel_destroy(kernel);
    tb_device_destroy(device);
}

static void stages__complain_where_they_are_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *phase, *stage, *message;
        int line, column;
    } bad[] = {
        {"decode", "    kind: decode\n    division: stream\n", "stream-k", 13, 15},
        {"decode", "    kind: decode\n    cache: 0\n", "cache is 0", 13, 12},
        {"decode", "    kind: decode\n    page: 1.5\n", "page is 1.5", 13, 11},
        {"decode", "    kind: decode\n    keep: 3\n", "kept", 13, 5},
        {"prefill", "    kind: distribute\n", "devices", 11, 5},
        {"prefill", "    kind: distribute\n    devices: 8\n    method: rings\n", "ring", 14, 13},
        {"prefill", "    kind: distribute\n    devices: 64\n    method: ulysses\n",
         "16 heads out over 64 devices", 11, 5},
        {"prefill", "    kind: distribute\n    devices: 8\n    link: nvlnk\n", "nvlink", 11, 5},
    };
    tb_device *device = load_device("h100-sxm");
    tb_kernel *kernel = load_kernel("cutlass-hopper-fna");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tb_error err = {0};
        tb_stage_result result;
        tb_assert_fails(
            run(file_of(bad[i].phase, bad[i].stage), 4096, device, kernel, &result, &err), &err,
            TB_EFILE, bad[i].message);
        tb_assert_position(&err, bad[i].line, bad[i].column);
    }
    tb_kernel_destroy(kernel);
    tb_device_destroy(device);
}

TB_TESTS(cmocka_unit_test(stage_decode__is_what_the_model_says),
         cmocka_unit_test(stage_distribute__one_device_is_the_attention_stage),
         cmocka_unit_test(stages__complain_where_they_are_wrong));
