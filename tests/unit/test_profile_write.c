/* What is written is what is read. */
#include "test_support.h"

#include "case_print.h"
#include "device_print.h"
#include "profile_write.h"

#include <math.h>
#include <string.h>

static const char measured[] =
    "schema: tilebound/profile/1\n"
    "name: 'host'\n"
    "summary: 'it''s measured: 12 runs'\n"
    "notes:\n"
    "  - 'turbo: unknown'\n"
    "environment:\n"
    "  date: '2026-11-26T08:40:00Z'\n"
    "  cpu: 'Abacus 7300'\n"
    "  isa: 'avx2'\n"
    "  cpus: 12\n"
    "  threads: 7\n"
    "  gpu: {name: 'NVIDIA Abacus', uuid: 'GPU-72', driver: '580.96', cuda: '13.0', compiler: "
    "'NVRTC 13.0', power_limit_w: 700}\n"
    "device:\n"
    "  name: 'host'\n"
    "  summary: 'an abacus'\n"
    "  base: 'h100-sxm'\n"
    "  dense_kernel: 'cpu'\n"
    "  default_kernel: 'cpu'\n"
    "  emulated: true\n"
    "  values:\n"
    "    sm_count: 7\n"
    "    clock_boost_mhz: 2900.5\n"
    "  assumed:\n"
    "    l2_size_mib: {value: 1.25, why: 'a guess'}\n"
    "  from_base:\n"
    "    - 'l2_size_mib'\n"
    "  measured:\n"
    "    fma_gflops: {median: 72.5, low: 70, high: 73.25, samples: 12, published: 96, method: "
    "'distinct chains'}\n"
    "    launch_us: {median: 7.3, low: 7.3, high: 7.3}\n"
    "  notes:\n"
    "    - 'one'\n"
    "runs:\n"
    "  - id: 'dense/96'\n"
    "    device: 'host'\n"
    "    device_text: 'Abacus 7300'\n"
    "    kernel: 'cpu'\n"
    "    kernel_text: 'cpu fused avx2'\n"
    "    kind: dense\n"
    "    problem: {layout: [96], batch: 1, heads: 6, heads_kv: 2, dim: 64, dim_value: 72, dtype: "
    "fp32, pass: forward}\n"
    "    pattern: {kind: dense}\n"
    "    tiling: {kind: single-dim, kv_tiling: static, order: row-major, q_tile: [32], kv_tile: "
    "[12]}\n"
    "    includes: attention\n"
    "    time_us: {samples: [7.3, 72.1, 0.001, 40, 96.5], set_aside: [730, 960]}\n"
    "    command: 'tilebound measure -i 96'\n"
    "    check: {rows: 12, worst: 0.25}\n"
    "    noise: {samples: 5, disturbed: 2, preemptions: 7, steal_us: 10000, frequency_min_mhz: "
    "2900, frequency_max_mhz: 3000.5}\n"
    "    ended: 'precision'\n"
    "  - id: 'gna'\n"
    "    device: 'host'\n"
    "    device_text: 'Abacus 7300'\n"
    "    kernel_text: 'cpu naive'\n"
    "    kind: sparse\n"
    "    baseline: 'dense/96'\n"
    "    problem: {layout: [12, 8], batch: 2, heads: 6, heads_kv: 6, dim: 64, dim_value: 64, "
    "dtype: bf16, pass: forward, extra_kv: 7, extra_q: 3}\n"
    "    pattern: {kind: gna, window: [5, 4], stride: [2, 1], dilation: [1, 2], causal: [true, "
    "false]}\n"
    "    tiling: {kind: multi-dim, kv_tiling: dynamic, q_tile: [4, 4], kv_tile: [2, 4]}\n"
    "    includes: attention\n"
    "    time_us: {median: 7.3, n: 12, low: 7, high: 8.5, derived_from: 'hope'}\n"
    "    tflops: 0.072\n"
    "    speedup: 7.25\n"
    "    permute_us: 2.5\n"
    "    pack_us: 1.5\n"
    "    quality: B\n"
    "    source: 'its own'\n"
    "    notes: 'cold'\n"
    "    emulated: true\n"
    "    cold: true\n"
    "    clock: processor\n"
    "    noise: {samples: 12, disturbed: 0, preemptions: 0}\n"
    "  - id: 'local'\n"
    "    device_text: 'Abacus 7300'\n"
    "    kernel_text: 'cpu naive'\n"
    "    kind: window\n"
    "    problem: {layout: [72], batch: 1, heads: 1, heads_kv: 1, dim: 16, dim_value: 16, dtype: "
    "fp32, pass: forward}\n"
    "    pattern: {kind: local, left: 12, right: -1}\n"
    "    includes: attention\n"
    "    time_us: {samples: [7.3]}\n"
    "    launch_overhead_us: 4.5\n"
    "    clock: cupti\n"
    "    noise: {samples: 12, disturbed: 3, preemptions: 0, sm_clock_min_mhz: 1410, "
    "sm_clock_max_mhz: 1980, power_capped: 5, throttle: [power cap, hardware thermal slowdown], "
    "retries: 2, discarded: 7}\n"
    "    kernels:\n"
    "      - {name: 'fmha_fwd', launches: 2, registers: 168, static_shared_bytes: 0, "
    "dynamic_shared_bytes: 81920, grid: [72, 24, 1], threads: 128, time_us: 7.25}\n"
    "      - {name: 'other', launches: 1, registers: 0, static_shared_bytes: 0, "
    "dynamic_shared_bytes: 0}\n"
    "    counters: {tensor_instructions: 3981312, l2_bytes: 7250000000, passes: 2}\n"
    "    ended: 'interrupted'\n"
    "  - id: 'events'\n"
    "    device_text: 'NVIDIA Abacus'\n"
    "    kernel_text: 'cuda fused sm_90'\n"
    "    kind: window\n"
    "    problem: {layout: [72], batch: 1, heads: 1, heads_kv: 1, dim: 16, dim_value: 16, dtype: "
    "fp32, pass: forward}\n"
    "    pattern: {kind: local, left: 12, right: -1}\n"
    "    includes: attention\n"
    "    clock: cuda-events\n";

static tb_profile *load(const char *path)
{
    tb_profile *profile = NULL;
    tb_error err;
    tb_assert_ok(tb_profile_load(path, &profile, &err), &err);
    return profile;
}

static void writing__gives_back_the_file_that_was_read(void **state)
{
    (void)state;
    tb_profile *profile = load(tb_test_file("p.yaml", measured, sizeof measured - 1));
    tb_buffer text = {0};
    tb_profile_print(profile, &text);
    assert_string_equal(text.data, measured);
    tb_buffer_free(&text);
    tb_profile_destroy(profile);
}

static void reading__fills_what_measure_adds(void **state)
{
    (void)state;
    tb_profile *profile = load(tb_test_file("p.yaml", measured, sizeof measured - 1));
    const tb_run *dense = &profile->runs[0], *gna = &profile->runs[1];
    assert_string_equal(profile->environment.isa, "avx2");
    assert_int_equal(profile->environment.threads, 7);
    tb_assert_close(tb_device_get(profile->device, TB_DEVICE_CLOCK_BOOST_MHZ, 0), 2900.5, 0);
    assert_int_equal(profile->device->values[TB_DEVICE_L2_SIZE_MIB].origin, TB_VALUE_ASSUMED);
    assert_int_equal(profile->device->measured_count, 2);
    assert_string_equal(profile->device->measured[0].method, "distinct chains");
    tb_assert_close(profile->device->measured[0].published, 96, 0);
    tb_assert_close(profile->device->measured[1].published, 0, 0);
    assert_string_equal(profile->device->base, "h100-sxm");
    assert_true(profile->device->is_emulated && profile->device->from_base_count == 1);
    tb_assert_close(profile->device->measured[1].high, 7.3, 0);
    assert_string_equal(dense->command, "tilebound measure -i 96");
    assert_int_equal(dense->check.rows, 12);
    tb_assert_close(dense->check.worst, 0.25, 0);
    assert_int_equal(dense->noise.preemptions, 7);
    assert_true(dense->noise.has_steal && dense->noise.has_frequency && !gna->noise.has_steal);
    assert_string_equal(dense->ended, "precision");
    assert_true(gna->is_cold && !dense->is_cold);
    assert_true(gna->is_processor_time && !dense->is_processor_time);
    assert_int_equal(dense->time.n, 5);
    tb_assert_close(dense->time.median_us, 40, 0); /* of those that count */
    assert_int_equal(dense->time.set_aside, 2);
    tb_assert_close(dense->time.set_aside_us[1], 960, 0);
    tb_assert_close(gna->pack_us.value, 1.5, 0);
    const tb_run *local = &profile->runs[2];
    assert_string_equal(profile->environment.gpu.compiler, "NVRTC 13.0");
    tb_assert_close(profile->environment.gpu.power_limit_w, 700, 0);
    assert_int_equal(local->clock, TB_CLOCK_CUPTI);
    assert_int_equal(profile->runs[3].clock, TB_CLOCK_EVENTS);
    assert_true(dense->clock == TB_CLOCK_HOST && gna->clock == TB_CLOCK_HOST);
    assert_int_equal(local->noise.throttle, TB_THROTTLE_POWER_CAP | TB_THROTTLE_THERMAL_HARDWARE);
    assert_true(local->noise.retries == 2 && local->noise.discarded == 7);
    assert_int_equal(local->gpu_kernel_count, 2);
    assert_string_equal(local->gpu_kernels[0].name, "fmha_fwd");
    assert_true(local->counters.passes == 2 && dense->counters.passes == 0);
    tb_assert_close(local->counters.of[TB_HARDWARE_L2_BYTES].value, 7.25e9, 0);
    assert_true(local->gpu_kernels[0].grid[1] == 24 && local->gpu_kernels[0].threads == 128);
    tb_profile_destroy(profile);
}

static void writing__to_a_file_that_reads_the_same(void **state)
{
    (void)state;
    tb_profile *profile = load(tb_test_file("p.yaml", measured, sizeof measured - 1));
    tb_error err;
    const char *path = tb_test_path("again.yaml");
    tb_assert_ok(tb_profile_write(profile, path, &err), &err);
    tb_profile_destroy(profile);
    profile = load(path);
    assert_int_equal(profile->count, 4);
    tb_assert_close(profile->runs[0].time.samples_us[1], 72.1, 0);
    tb_assert_fails(tb_profile_write(profile, "/absent/p.yaml", &err), &err, TB_EIO,
                    "cannot write");
    tb_profile_destroy(profile);
}

static void writing__of_published_devices_reads_the_same(void **state)
{
    (void)state;
    static const char *const names[] = {"h100-sxm", "b200", "rtx-4090", "v100"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tb_device *device = NULL, *again = NULL;
        tb_buffer text = {0}, second = {0};
        tb_error err;
        tb_assert_ok(tb_device_load(names[i], &device, &err), &err);
        tb_buffer_text(&text, "schema: tilebound/device/1\n");
        tb_device_print(device, "", &text);
        const char *path = tb_test_file("d.yaml", text.data, text.length);
        tb_assert_ok(tb_device_load(path, &again, &err), &err);
        for (size_t key = 0; key < TB_DEVICE_KEY_COUNT; key++) {
            assert_int_equal(again->values[key].origin, device->values[key].origin);
            if (device->values[key].origin != TB_VALUE_UNKNOWN) {
                tb_assert_close(again->values[key].value, device->values[key].value, 0);
            }
        }
        tb_buffer_text(&second, "schema: tilebound/device/1\n");
        tb_device_print(again, "", &second);
        assert_string_equal(second.data, text.data);
        tb_buffer_free(&text);
        tb_buffer_free(&second);
        tb_device_destroy(device);
        tb_device_destroy(again);
    }
}

static const struct {
    const char *from, *to, *message;
} refusals[] = {
    {"  isa: 'avx2'", "  issa: 'avx2'", "unknown key 'issa'; did you mean 'isa'?"},
    {"  cpus: 12", "  cpus: 0", "'0' is out of range"},
    {"    sm_count: 7", "    sm_cont: 7", "did you mean 'sm_count'?"},
    {"{median: 72.5, ", "{", "needs key 'median'"},
    {"published: 96", "published: -96", "'-96' is out of range"},
    {"    - 'l2_size_mib'", "    - 'l2_size_mb'", "did you mean 'l2_size_mib'?"},
    {"    - 'l2_size_mib'", "    - 'tdp_w'", "tdp_w has no value here"},
    {"  emulated: true\n  values", "  emulated: 7\n  values", "'7'"},
    {"samples: 12, published", "smples: 12, published", "did you mean 'samples'?"},
    {"  measured:\n", "  measured: 7\n  xx:\n", "unknown key 'xx'"},
    {"check: {rows: 12, worst: 0.25}", "check: {rows: 12}", "needs key 'worst'"},
    {"worst: 0.25", "worst: 1.25", "'1.25' is out of range; needs a number from 0 to 1"},
    {"rows: 12", "rows: 0", "'0' is out of range"},
    {"disturbed: 2", "disturbd: 2", "did you mean 'disturbed'?"},
    {"steal_us: 10000", "steal_us: -1", "'-1' is out of range"},
    {"set_aside: [730, 960]", "set_aside: []", "a list of at least one time"},
    {"clock: cupti", "clock: cuptj", "did you mean 'cupti'?"},
    {"[power cap, hardware", "[powr cap, hardware", "'powr cap' is no reason of a GPU"},
    {"throttle: [power cap, hardware thermal slowdown]", "throttle: 7", "a list of reasons"},
    {"sm_clock_min_mhz: 1410", "sm_clock_min_mhz: -1410", "'-1410' is out of range"},
    {"power_capped: 5", "power_caped: 5", "did you mean 'power_capped'?"},
    {"launches: 2", "launches: 0", "'0' is out of range"},
    {"name: 'fmha_fwd', ", "", "needs key 'name'"},
    {"grid: [72, 24, 1]", "grid: [72, 24]", "2 numbers; a grid has three"},
    {"threads: 128", "threads: 12800000000", "no CTA has so many threads"},
    {"registers: 168", "regsters: 168", "did you mean 'registers'?"},
    {"driver: '580.96'", "diver: '580.96'", "did you mean 'driver'?"},
    {"power_limit_w: 700", "power_limit_w: -7", "'-7' is out of range"},
    {"set_aside: [730, 960]", "set_aside: [730, 0]", "'0' is out of range"},
    {"clock: processor", "clock: procesor", "did you mean 'processor'?"},
    {"cold: true", "cold: 1", "not a boolean"},
    {"pack_us: 1.5", "pack_us: much", "not a finite decimal number"},
};

static void reading__what_is_wrong_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        tb_profile *profile = NULL;
        tb_error err;
        const char *path = tb_test_variant("p.yaml", measured, refusals[i].from, refusals[i].to);
        tb_assert_fails(tb_profile_load(path, &profile, &err), &err, TB_EFILE, refusals[i].message);
        assert_true(err.line > 0);
    }
    print_message("%zu refusals\n", sizeof refusals / sizeof *refusals);
}

static void case__explicit_masks_keep_their_path(void **state)
{
    (void)state;
    tb_case item = tb_case_default();
    tb_buffer text = {0};
    tb_error err;
    const char *path = tb_test_file("mask.pbm", "P1 2 2 1011", 11);
    tb_assert_ok(tb_case_set_mask(&item, path, 8, 8, &err), &err);
    tb_case_print(&item, "", &text);
    assert_non_null(strstr(text.data, "kind: explicit, mask: '"));
    assert_non_null(strstr(text.data, path));
    assert_non_null(strstr(text.data, "mask_block: [8, 8]"));
    assert_null(strstr(text.data, "tiling"));
    tb_buffer_free(&text);
    tb_case_release(&item);
    assert_null(item.mask_path);
}

TB_TESTS(cmocka_unit_test(writing__gives_back_the_file_that_was_read),
         cmocka_unit_test(reading__fills_what_measure_adds),
         cmocka_unit_test(writing__to_a_file_that_reads_the_same),
         cmocka_unit_test(writing__of_published_devices_reads_the_same),
         cmocka_unit_test(reading__what_is_wrong_is_refused_with_its_place),
         cmocka_unit_test(case__explicit_masks_keep_their_path));
