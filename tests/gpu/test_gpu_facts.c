/* The GPU's facts, and what doctor finds, on the emulated GPU: every microbenchmark runs, and what
 * it gives is a device. Where the time model made its times, the rates come near what it knows. */
#include "gpu.h"
#include "gpu_device.h"
#include "gpu_doctor.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const tb_backend *cuda(void)
{
    const tb_backend *backend = NULL;
    tb_error err;
    (void)mkdir(tb_test_path("cache"), 0777);
    (void)setenv("XDG_CACHE_HOME", tb_test_path("cache"), 1);
    (void)unsetenv("TILEBOUND_DATA");
    tb_assert_ok(tb_backend_find("cuda", &backend, &err), &err);
    if (backend->available(&err) != TB_OK) {
        print_message("skipped: %s\n", err.message);
        skip();
    }
    if (!backend->is_emulated()) {
        print_message("skipped: a real GPU's facts are not known beforehand\n");
        skip();
    }
    return backend;
}

/* Without CUPTI's headers at build there is no emulated CUPTI. */
static bool has_cupti(void)
{
    tb_gpu *gpu = NULL;
    tb_error err;
    tb_assert_ok(tb_gpu_get(&gpu, &err), &err);
    return tb_gpu_cupti(gpu, NULL) != NULL;
}

static void facts__without_measuring_are_the_drivers(void **state)
{
    (void)state;
    tb_device_facts facts;
    tb_error err;
    tb_assert_ok(cuda()->facts(false, &facts, &err), &err);
    assert_int_equal(facts.count, 0);
    assert_string_equal(facts.name, "NVIDIA H100 SXM5");
    assert_string_equal(facts.isa, "sm_90");
    assert_int_equal(facts.cores, 132);
    assert_int_equal(facts.l2_bytes, INT64_C(50) << 20);
    assert_int_equal(facts.gpu.compute_capability, 90);
    assert_int_equal(facts.gpu.shared_bytes_per_sm, 228 * 1024);
    assert_int_equal(facts.gpu.threads_per_sm, 2048);
    assert_string_equal(facts.gpu.cuda, "13.0");
    assert_string_equal(facts.gpu.compiler, "NVRTC 13.0");
    assert_int_equal(strncmp(facts.gpu.uuid, "GPU-", 4), 0);
    assert_true(facts.gpu.is_emulated && facts.gpu.power_limit_w > 0);
}

static void check_facts(const tb_device_facts *facts, bool is_by_events)
{
    static const char *const names[] = {"mma_bf16_flop_per_s",
                                        "mma_bf16_flop_per_clk_per_sm",
                                        "mma_fp16_flop_per_s",
                                        "exp2_per_s",
                                        "exp2_per_clk_per_sm",
                                        "fma_flop_per_s",
                                        "fma_flop_per_clk_per_sm",
                                        "shared_read_bytes_per_s",
                                        "shared_read_bytes_per_clk_per_sm",
                                        "l2_read_bytes_per_s",
                                        "hbm_read_bytes_per_s",
                                        "hbm_copy_bytes_per_s",
                                        "empty_kernel_us",
                                        "launch_overhead_us",
                                        "clock_mhz",
                                        "sustained_clock_mhz",
                                        "sustained_clock_fraction"};
    size_t count = sizeof names / sizeof *names;
    assert_int_equal(facts->count, count);
    for (size_t i = 0; i < count; i++) {
        const tb_device_fact *fact = tb_device_facts_find(facts, names[i]);
        assert_non_null(fact);
        assert_true(fact->median > 0 && fact->low <= fact->median && fact->median <= fact->high);
        assert_true(fact->samples >= 3 && strlen(fact->summary) > 20);
    }
    assert_true(facts->gpu.is_by_events == is_by_events);
    /* the model's H100: 16 exponentials a clock, 1980 MHz */
    tb_assert_close(tb_device_facts_find(facts, "clock_mhz")->median, 1980, 1e-9);
    double exp2 = tb_device_facts_find(facts, "exp2_per_clk_per_sm")->median;
    assert_true(exp2 > 4 && exp2 < 32);
}

static void facts__are_measured_by_every_microbenchmark(void **state)
{
    (void)state;
    tb_device_facts facts;
    tb_device *device = NULL;
    tb_error err;
    tb_assert_ok(cuda()->facts(true, &facts, &err), &err);
    check_facts(&facts, !has_cupti());
    tb_assert_ok(tb_gpu_device_create(&facts, &device, &err), &err);
    assert_string_equal(device->name, "h100-sxm-measured");
    assert_true(device->is_emulated);
    tb_device_destroy(device);
}

static void facts__may_be_timed_by_events(void **state)
{
    (void)state;
    tb_device_facts facts;
    tb_error err;
    (void)cuda();
    tb_backends_close();
    tb_assert_ok(tb_gpu_choose("0", true, &err), &err);
    tb_assert_ok(cuda()->facts(true, &facts, &err), &err);
    check_facts(&facts, true);
    tb_backends_close();
    tb_assert_ok(tb_gpu_choose(NULL, false, &err), &err);
}

static const tb_gpu_finding *part_of(const tb_gpu_finding *all, size_t count, const char *part)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].part, part) == 0) {
            return &all[i];
        }
    }
    fail_msg("no line of %s", part);
    return NULL;
}

static void doctor__finds_every_part(void **state)
{
    (void)state;
    static const char *const parts[] = {"CUDA driver", "GPU 0", "NVRTC",
                                        "CUPTI",       "NVML",  "GPU counters"};
    tb_gpu_finding found[TB_GPU_FINDINGS_MAX];
    (void)cuda();
    size_t count = tb_gpu_doctor("/absent", found);
    assert_int_equal(count, sizeof parts / sizeof *parts);
    for (size_t i = 0; i < count; i++) {
        bool is_here = strcmp(parts[i], "CUPTI") != 0 || has_cupti();
        assert_true(part_of(found, count, parts[i])->is_found == is_here);
    }
    assert_non_null(strstr(part_of(found, count, "GPU 0")->text, "emulated NVIDIA H100 SXM5"));
    assert_non_null(strstr(part_of(found, count, "NVML")->text, "driver 5"));
    tb_backends_close();
}

static void doctor__reads_who_may_count(void **state)
{
    (void)state;
    assert_int_equal(tb_gpu_counters_permitted("X: 1\nRmProfilingAdminOnly: 0\nY: 1\n"), 1);
    assert_int_equal(tb_gpu_counters_permitted("RmProfilingAdminOnly: 1\n"), 0);
    assert_int_equal(tb_gpu_counters_permitted("RmProfilingAdminOnly: \n"), -1);
    assert_int_equal(tb_gpu_counters_permitted(""), -1);
}

TB_TESTS(cmocka_unit_test(facts__without_measuring_are_the_drivers),
         cmocka_unit_test(facts__are_measured_by_every_microbenchmark),
         cmocka_unit_test(facts__may_be_timed_by_events),
         cmocka_unit_test(doctor__finds_every_part), cmocka_unit_test(doctor__reads_who_may_count));
