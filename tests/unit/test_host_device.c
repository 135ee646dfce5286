/* Measured facts as a device of the time model, and devices that profiles lend. */
#include "test_support.h"

#include "host_device.h"
#include "models_in_use.h"

#include <stdlib.h>
#include <string.h>

/* Facts whose best samples are these. */
static tb_device_facts facts_of(double fma, double pair, double exp2)
{
    tb_device_facts facts = {
        .name = "Abacus 7300", .isa = "beads", .cores = 4, .l3_bytes = INT64_C(3) << 20};
    double fma_samples[] = {fma / 2, fma, fma / 4}, pair_samples[] = {pair, pair / 2, pair / 3};
    double exp2_samples[] = {exp2, exp2, exp2}, start[] = {12, 7.3, 72};
    double l3[] = {20e9, 10e9, 15e9}, dram[] = {7e9, 7e9, 8e9};
    tb_device_facts_add(&facts, "fma_flop_per_s", "multiply-adds", fma_samples, 3);
    tb_device_facts_add(&facts, "second_thread_speedup", "two threads", pair_samples, 3);
    tb_device_facts_add(&facts, "exp2_per_s", "exponentials", exp2_samples, 3);
    tb_device_facts_add(&facts, "l3_bytes_per_s", "last cache", l3, 3);
    tb_device_facts_add(&facts, "dram_bytes_per_s", "memory", dram, 3);
    tb_device_facts_add(&facts, "thread_start_us", "start", start, 3);
    return facts;
}

static double value_of(const tb_device *device, tb_device_key key)
{
    double value = 0;
    tb_error err;
    tb_assert_ok(tb_device_need(device, key, &value, &err), &err);
    return value;
}

static void host__rates_are_those_of_a_thread(void **state)
{
    (void)state;
    tb_device_facts facts = facts_of(96e9, 1.5, 6e9);
    tb_device *device = NULL;
    tb_error err;
    tb_assert_ok(tb_host_device_create(&facts, 3, &device, &err), &err);
    assert_string_equal(device->name, "host");
    assert_string_equal(device->summary, "Abacus 7300, 3 threads, beads");
    assert_string_equal(device->dense_kernel, "cpu");
    assert_true(device->is_cpu);
    double hz = value_of(device, TB_DEVICE_CLOCK_BOOST_MHZ) * 1e6;
    /* two threads do 1.5 times what one does: each three quarters of its best sample */
    tb_assert_close(value_of(device, TB_DEVICE_FP32_FMA_LANES_PER_SM) * 2 * hz, 72e9, 1e-9);
    tb_assert_close(value_of(device, TB_DEVICE_TENSOR_FP16_FLOP_PER_CLK_PER_SM) * hz, 72e9, 1e-9);
    tb_assert_close(value_of(device, TB_DEVICE_MUFU_EX2_PER_CLK_PER_SM) * hz, 4.5e9, 1e-9);
    tb_assert_close(value_of(device, TB_DEVICE_SM_COUNT), 3, 0);
    tb_assert_close(value_of(device, TB_DEVICE_PEAK_FP32_TFLOPS), 0.216, 1e-9);
    tb_assert_close(value_of(device, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S), 8 * 0.75 * 3, 1e-9);
    tb_assert_close(value_of(device, TB_DEVICE_MEASURED_L2_READ_GB_PER_S), 20 * 0.75 * 3, 1e-9);
    tb_assert_close(value_of(device, TB_DEVICE_L2_SIZE_MIB), 3, 0);
    tb_assert_close(value_of(device, TB_DEVICE_MEASURED_LAUNCH_US), 7.3, 1e-9);
    assert_int_equal(device->measured_count, 6);
    assert_string_equal(device->measured[0].name, "fma_flop_per_s");
    tb_assert_close(device->measured[0].median, 48e9, 1e-9); /* the spread stays in sight */
    tb_device_destroy(device);
}

static void host__one_thread_has_the_whole_core(void **state)
{
    (void)state;
    tb_device_facts facts = facts_of(96e9, 1.5, 6e9);
    tb_device *device = NULL;
    tb_error err;
    tb_assert_ok(tb_host_device_create(&facts, 1, &device, &err), &err);
    double hz = value_of(device, TB_DEVICE_CLOCK_BOOST_MHZ) * 1e6;
    tb_assert_close(value_of(device, TB_DEVICE_FP32_FMA_LANES_PER_SM) * 2 * hz, 96e9, 1e-9);
    tb_device_destroy(device);
    tb_assert_ok(tb_host_device_create(&facts, 0, &device, &err), &err);
    tb_assert_close(value_of(device, TB_DEVICE_SM_COUNT), 4, 0); /* all that there are */
    tb_device_destroy(device);
}

static void facts__keep_the_better_of_two_measurements(void **state)
{
    (void)state;
    tb_device_facts busy = facts_of(48e9, 1.9, 7e9), quiet = facts_of(96e9, 1.5, 6e9);
    double start[] = {2.5, 96, 40};
    quiet.count--; /* its last fact is the start: another, with a shorter one */
    tb_device_facts_add(&quiet, "thread_start_us", "start", start, 3);
    tb_host_facts_merge(&busy, &quiet);
    tb_assert_close(tb_device_facts_find(&busy, "fma_flop_per_s")->max, 96e9, 1e-12);
    tb_assert_close(tb_device_facts_find(&busy, "second_thread_speedup")->max, 1.9, 1e-12);
    tb_assert_close(tb_device_facts_find(&busy, "exp2_per_s")->max, 7e9, 1e-12);
    tb_assert_close(tb_device_facts_find(&busy, "thread_start_us")->min, 2.5, 1e-12);
    assert_int_equal(busy.count, 6);
}

static void host__needs_rates(void **state)
{
    (void)state;
    tb_device_facts none = {.name = "Abacus", .isa = "beads", .cores = 4};
    tb_device *device = NULL;
    tb_error err;
    tb_assert_fails(tb_host_device_create(&none, 1, &device, &err), &err, TB_EINVAL,
                    "no rate of multiply-adds");
    assert_null(device);
}

static void host__is_written_as_a_device_file(void **state)
{
    (void)state;
    tb_device_facts facts = facts_of(96e9, 2, 6e9);
    tb_device *device = NULL, *again = NULL;
    tb_buffer text = {0};
    tb_error err;
    tb_assert_ok(tb_host_device_create(&facts, 2, &device, &err), &err);
    tb_buffer_text(&text, "schema: tilebound/device/1\n");
    tb_device_print(device, "", &text);
    tb_assert_ok(tb_device_load(tb_test_file("host.yaml", text.data, text.length), &again, &err),
                 &err);
    for (size_t key = 0; key < TB_DEVICE_KEY_COUNT; key++) {
        assert_int_equal(again->values[key].origin, device->values[key].origin);
        assert_true(again->values[key].value == device->values[key].value);
    }
    assert_true(again->is_cpu);
    tb_buffer_free(&text);
    tb_device_destroy(device);
    tb_device_destroy(again);
}

static void lent_devices__are_found_before_known_ones(void **state)
{
    (void)state;
    tb_device mine = {.name = "h100-sxm", .summary = "made up"};
    tb_device same = mine, other = {.name = "h100-sxm", .summary = "another"};
    const tb_device *found = NULL;
    tb_models *models = tb_models_create(NULL, NULL);
    tb_error err;
    assert_int_equal(unsetenv("TILEBOUND_DATA"), 0);
    tb_assert_ok(tb_models_lend(models, NULL, &err), &err);
    tb_assert_ok(tb_models_lend(models, &mine, &err), &err);
    tb_assert_ok(tb_models_lend(models, &same, &err), &err); /* the same machine, measured anew */
    tb_assert_ok(tb_models_device(models, "h100-sxm", &found, &err), &err);
    assert_ptr_equal(found, &mine);
    tb_assert_fails(tb_models_lend(models, &other, &err), &err, TB_EINVAL,
                    "profiles of two machines call their device 'h100-sxm' (made up; another)");
    tb_assert_ok(tb_models_device(models, "b200", &found, &err), &err);
    assert_string_equal(found->name, "b200");
    tb_models_destroy(models);
}

static void lent_devices__give_way_to_the_users(void **state)
{
    (void)state;
    tb_device mine = {.name = "host", .summary = "lent"}, given = {.name = "host"};
    const tb_device *const list[] = {&given, NULL};
    const tb_device *found = NULL;
    tb_models *models = tb_models_create(NULL, list);
    tb_error err;
    tb_assert_ok(tb_models_lend(models, &mine, &err), &err);
    tb_assert_ok(tb_models_device(models, "host", &found, &err), &err);
    assert_ptr_equal(found, &given);
    tb_models_destroy(models);
}

static void kernels_for_processors__run_on_no_gpu(void **state)
{
    (void)state;
    tb_kernel *cpu = NULL, *gpu = NULL;
    tb_error err;
    assert_int_equal(unsetenv("TILEBOUND_DATA"), 0);
    tb_assert_ok(tb_kernel_load("cpu", &cpu, &err), &err);
    tb_assert_ok(tb_kernel_load("cudnn", &gpu, &err), &err);
    tb_device host = {.name = "host", .is_cpu = true};
    tb_device card = {.name = "card", .compute_capability = 90};
    assert_true(tb_kernel_runs_on(cpu, &host));
    assert_false(tb_kernel_runs_on(cpu, &card));
    assert_false(tb_kernel_runs_on(gpu, &host));
    assert_true(tb_kernel_runs_on(gpu, &card));
    tb_kernel_destroy(cpu);
    tb_kernel_destroy(gpu);
}

TB_TESTS(cmocka_unit_test(host__rates_are_those_of_a_thread),
         cmocka_unit_test(host__one_thread_has_the_whole_core),
         cmocka_unit_test(facts__keep_the_better_of_two_measurements),
         cmocka_unit_test(host__needs_rates), cmocka_unit_test(host__is_written_as_a_device_file),
         cmocka_unit_test(lent_devices__are_found_before_known_ones),
         cmocka_unit_test(lent_devices__give_way_to_the_users),
         cmocka_unit_test(kernels_for_processors__run_on_no_gpu));
