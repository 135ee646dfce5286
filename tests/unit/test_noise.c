#include "test_support.h"

#include "environment.h"
#include "noise.h"
#include "system_text.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void steal__is_the_eighth_number(void **state)
{
    (void)state;
    int64_t ticks = 7;
    assert_true(tb_noise_parse_steal("cpu  96 2 30 4000 5 6 7 1234 9 0\ncpu0 1 2\n", &ticks));
    assert_int_equal(ticks, 1234);
    ticks = 7;
    assert_false(tb_noise_parse_steal("cpu  96 2 30 4000 5 6 7\n", &ticks)); /* old kernels */
    assert_false(tb_noise_parse_steal("cpu0 96 2 30 4000 5 6 7 1234\n", &ticks));
    assert_false(tb_noise_parse_steal("cpu  96 2 30 4000 5 6 7 12x4\n", &ticks));
    assert_false(tb_noise_parse_steal("", &ticks));
    assert_int_equal(ticks, 7);
}

static void noise__counts_what_disturbed_a_sample(void **state)
{
    (void)state;
    tb_noise noise = {0};
    tb_noise_reading quiet = {.preemptions = 7, .has_steal = true, .steal_ticks = 72};
    tb_noise_reading preempted = quiet, stolen = quiet, fast = quiet, slow = quiet;
    preempted.preemptions = 10;
    stolen.steal_ticks = 73;
    fast.frequency_mhz = 3000;
    slow.frequency_mhz = 2900;
    assert_false(tb_noise_count(&noise, &quiet, &quiet, true));
    assert_true(tb_noise_count(&noise, &quiet, &preempted, true));
    assert_true(tb_noise_count(&noise, &quiet, &stolen, true));
    assert_true(tb_noise_count(&noise, &fast, &slow, true));
    assert_false(tb_noise_count(&noise, &fast, &fast, true));
    assert_int_equal(noise.samples, 5);
    assert_int_equal(noise.disturbed, 3);
    assert_int_equal(noise.preemptions, 3);
    assert_true(noise.has_steal && noise.steal_us > 0);
    tb_assert_close(noise.frequency_min_mhz, 2900, 1e-12);
    tb_assert_close(noise.frequency_max_mhz, 3000, 1e-12);
    tb_noise total = {
        .samples = 2, .has_frequency = true, .frequency_min_mhz = 96, .frequency_max_mhz = 96};
    tb_noise_add(&total, &noise);
    assert_int_equal(total.samples, 7);
    assert_int_equal(total.disturbed, 3);
    tb_assert_close(total.frequency_min_mhz, 96, 1e-12);
    tb_assert_close(total.frequency_max_mhz, 3000, 1e-12);
}

static void noise__of_a_gpu(void **state)
{
    (void)state;
    tb_noise noise = {0};
    tb_noise_reading cool = {.gpu = {.sm_clock_mhz = 1980, .has_throttle = true}}, near = cool,
                     slow = cool, capped = cool, hot = cool, preempted = cool, blind = {0};
    near.gpu.sm_clock_mhz = 1950; /* 1.5 % */
    slow.gpu.sm_clock_mhz = 1900;
    capped.gpu.sm_clock_mhz = 1410;
    capped.gpu.throttle = TB_THROTTLE_POWER_CAP | TB_THROTTLE_IDLE;
    hot.gpu.throttle = TB_THROTTLE_THERMAL_HARDWARE;
    preempted.preemptions = 3;
    assert_false(tb_noise_count(&noise, &cool, &near, false));
    assert_true(tb_noise_count(&noise, &cool, &slow, false));
    assert_false(tb_noise_count(&noise, &cool, &capped, false)); /* the power limit explains it */
    assert_true(tb_noise_count(&noise, &hot, &cool, false));
    assert_false(tb_noise_count(&noise, &cool, &preempted, false)); /* the GPU's own stamps */
    assert_true(tb_noise_count(&noise, &cool, &preempted, true));
    assert_false(tb_noise_count(&noise, &blind, &blind, false));
    assert_int_equal(noise.samples, 7);
    assert_int_equal(noise.disturbed, 3);
    assert_int_equal(noise.preemptions, 6);
    assert_int_equal(noise.power_capped, 1);
    assert_int_equal(noise.throttle, TB_THROTTLE_POWER_CAP | TB_THROTTLE_THERMAL_HARDWARE);
    assert_true(noise.has_sm_clock && noise.sm_clock_min_mhz == 1410);
    tb_assert_close(noise.sm_clock_max_mhz, 1980, 0);
    tb_noise total = {.has_sm_clock = true,
                      .sm_clock_min_mhz = 1500,
                      .sm_clock_max_mhz = 2100,
                      .power_capped = 2,
                      .retries = 7,
                      .discarded = 12};
    tb_noise_add(&total, &noise);
    tb_assert_close(total.sm_clock_min_mhz, 1410, 0);
    tb_assert_close(total.sm_clock_max_mhz, 2100, 0);
    assert_int_equal(total.power_capped, 3);
    assert_true(total.retries == 7 && total.discarded == 12);
    char text[256];
    assert_true(tb_noise_warning(&noise, text, sizeof text));
    assert_non_null(strstr(text, "SM clocks of 1410 to 1980 MHz"));
    assert_non_null(strstr(text, "held down by: hardware thermal slowdown"));
}

static void noise__is_warned_of_from_a_quarter_on(void **state)
{
    (void)state;
    char text[256] = "unset";
    tb_noise noise = {.samples = 40, .disturbed = 10, .preemptions = 12};
    assert_false(tb_noise_warning(&noise, text, sizeof text));
    assert_string_equal(text, "unset");
    noise.disturbed = 11;
    noise.steal_us = 72000;
    noise.has_frequency = true;
    noise.frequency_min_mhz = 2000;
    noise.frequency_max_mhz = 3000;
    assert_true(tb_noise_warning(&noise, text, sizeof text));
    assert_non_null(strstr(text, "11 of 40"));
    assert_non_null(strstr(text, "12 preemptions"));
    assert_non_null(strstr(text, "72 ms"));
    assert_non_null(strstr(text, "2000 to 3000 MHz"));
    char small[24];
    assert_true(tb_noise_warning(&noise, small, sizeof small)); /* cut, not overrun */
    assert_non_null(strstr(small, "11 of 40"));
}

/* A system of a test: files below the test's folder. */
static const char *make_system(void)
{
    static const char *const folders[] = {"proc",
                                          "sys",
                                          "sys/devices",
                                          "sys/devices/system",
                                          "sys/devices/system/cpu",
                                          "sys/devices/system/cpu/cpu0",
                                          "sys/devices/system/cpu/cpu0/cpufreq",
                                          "sys/devices/system/cpu/cpufreq"};
    static const struct {
        const char *path, *text;
    } files[] = {
        {"proc/cpuinfo",
         "processor\t: 0\nmodel name\t: Abacus 7300\nflags\t\t: fpu hypervisor vme\n"
         "cpu MHz : 72\n"},
        {"proc/stat", "cpu  1 2 3 4 5 6 7 96 0 0\n"},
        {"proc/loadavg", "7.30 2.00 1.00 3/96 72\n"},
        {"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"},
        {"sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "2900000\n"},
        {"sys/devices/system/cpu/cpufreq/boost", "1\n"},
    };
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        (void)mkdir(tb_test_path(folders[i]), 0777);
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        (void)tb_test_file(files[i].path, files[i].text, strlen(files[i].text));
    }
    return tb_test_path("");
}

static void system__values_are_found_by_key(void **state)
{
    (void)state;
    const char *root = make_system();
    char text[32];
    assert_true(tb_system_value(root, "/proc/cpuinfo", "model name", text, sizeof text));
    assert_string_equal(text, "Abacus 7300");
    assert_false(tb_system_value(root, "/proc/cpuinfo", "model", text, sizeof text));
    char small[7];
    assert_true(tb_system_value(root, "/proc/cpuinfo", "model name", small, sizeof small));
    assert_string_equal(small, "Abacus");
    assert_false(tb_system_line(root, "/proc/absent", text, sizeof text));
}

static void noise__is_read_from_the_system(void **state)
{
    (void)state;
    tb_noise_reading got;
    tb_error err;
    tb_assert_ok(tb_noise_read(make_system(), &got, &err), &err);
    assert_true(got.has_steal);
    assert_int_equal(got.steal_ticks, 96);
    tb_assert_close(got.frequency_mhz, 2900, 1e-12);
    tb_assert_ok(tb_noise_read("/absent", &got, &err), &err);
    assert_false(got.has_steal);
    assert_true(got.frequency_mhz == 0);
}

static void environment__is_read_and_doubted(void **state)
{
    (void)state;
    const char *root = make_system();
    tb_arena *arena = tb_arena_create();
    tb_environment got;
    tb_messages doubts = {0};
    tb_error err;
    tb_assert_ok(tb_environment_read(root, "7.3", arena, &got, &err), &err);
    assert_string_equal(got.cpu, "Abacus 7300");
    assert_string_equal(got.governor, "powersave");
    assert_string_equal(got.turbo, "on");
    assert_string_equal(got.virtual_machine, "yes");
    assert_string_equal(got.tilebound, "7.3");
    assert_true(got.cpus >= 1 && got.compiler != NULL && got.date != NULL);
    tb_environment_doubts(root, &got, &doubts);
    assert_int_equal(doubts.count, 4);
    assert_non_null(strstr(doubts.text[0], "7.3"));
    assert_non_null(strstr(doubts.text[2], "powersave"));
    tb_environment nothing = {0};
    doubts = (tb_messages){0};
    tb_environment_doubts("/absent", &nothing, &doubts);
    assert_int_equal(doubts.count, 0);
    tb_arena_destroy(arena);
}

static void environment__is_written_as_it_is_read(void **state)
{
    (void)state;
    tb_environment known = {.cpu = "Abacus 'n' beads: #1",
                            .isa = "avx2",
                            .cpus = 72,
                            .threads = 7,
                            .turbo = "off",
                            .os = "Linux"};
    tb_environment got;
    tb_buffer text = {0}, again = {0};
    tb_yaml *doc = NULL;
    tb_error err;
    tb_environment_print(&known, &text);
    tb_assert_ok(tb_yaml_parse(text.data, text.length, "made", &doc, &err), &err);
    tb_assert_ok(tb_environment_parse(tb_yaml_get(tb_yaml_root(doc), "environment"), &got, &err),
                 &err);
    assert_string_equal(got.cpu, known.cpu);
    assert_int_equal(got.cpus, 72);
    assert_null(got.governor);
    tb_environment_print(&got, &again);
    assert_string_equal(again.data, text.data);
    tb_yaml_destroy(doc);
    tb_buffer_free(&text);
    tb_buffer_free(&again);
}

static void environment__of_nothing_is_not_written(void **state)
{
    (void)state;
    tb_environment nothing = {0};
    tb_buffer text = {0};
    tb_buffer_text(&text, "before\n");
    tb_environment_print(&nothing, &text);
    assert_string_equal(text.data, "before\n");
    tb_buffer_free(&text);
}

TB_TESTS(cmocka_unit_test(steal__is_the_eighth_number),
         cmocka_unit_test(noise__counts_what_disturbed_a_sample), cmocka_unit_test(noise__of_a_gpu),
         cmocka_unit_test(noise__is_warned_of_from_a_quarter_on),
         cmocka_unit_test(system__values_are_found_by_key),
         cmocka_unit_test(noise__is_read_from_the_system),
         cmocka_unit_test(environment__is_read_and_doubted),
         cmocka_unit_test(environment__is_written_as_it_is_read),
         cmocka_unit_test(environment__of_nothing_is_not_written));
