/* NVML as the library reads it, against the emulated GPU's. */
#include "driver.h"
#include "fake_gpu.h"
#include "nvml.h"
#include "test_support.h"

#include <stdio.h>
#include <stdlib.h>

#define NVML "TILEBOUND_TEST_NVML"
#define FAIL "TILEBOUND_TEST_FAIL"

typedef bool device_fn(int ordinal, tb_fake_device *out);

/* The emulated GPU as it tells of itself, or the test is skipped. */
static tb_fake_device device_of(int ordinal)
{
    tb_driver driver;
    tb_error err;
    device_fn *device = NULL;
    tb_fake_device out;
    (void)unsetenv(NVML);
    (void)unsetenv(FAIL);
    if (tb_driver_open(&driver, &err) != TB_OK || !driver.library.is_emulated) {
        print_message("skipped: the emulated GPU is not here\n");
        skip();
    }
    assert_true(tb_library_symbol(&driver.library, "tilebound_fake_device", &device));
    assert_true(device(ordinal, &out));
    return out;
}

static void print_uuid(const tb_fake_device *device, char text[48])
{
    const unsigned char *u = device->uuid;
    (void)snprintf(text, 48,
                   "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0],
                   u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13],
                   u[14], u[15]);
}

static tb_nvml *open_nvml(tb_fake_device *device)
{
    char uuid[48];
    tb_nvml *nvml = NULL;
    tb_error err;
    *device = device_of(0);
    print_uuid(device, uuid);
    tb_assert_ok(tb_nvml_open(uuid, &nvml, &err), &err);
    return nvml;
}

static void nvml__tells_clocks_power_and_driver(void **state)
{
    (void)state;
    tb_fake_device device;
    tb_gpu_state now;
    tb_nvml_limits limits;
    tb_nvml *nvml = open_nvml(&device);
    assert_true(tb_nvml_library(nvml)->is_emulated);
    assert_string_equal(tb_nvml_driver(nvml), "580.159.04");
    (void)setenv(NVML, "clock=1755,memory=2619,throttle=0x44,power=612,temperature=81", 1);
    tb_nvml_read(nvml, &now);
    assert_true(now.sm_clock_mhz == 1755 && now.memory_clock_mhz == 2619);
    assert_true(now.has_throttle);
    assert_int_equal(now.throttle, TB_THROTTLE_POWER_CAP | TB_THROTTLE_THERMAL_HARDWARE);
    assert_true(now.power_w == 612 && now.temperature_c == 81);
    tb_nvml_read_limits(nvml, &limits);
    assert_true(limits.sm_clock_mhz == (double)(unsigned)device.clock_mhz);
    assert_true(limits.memory_clock_mhz == (double)(unsigned)device.memory_clock_mhz);
    assert_true(limits.power_w == 700);
    tb_nvml_close(nvml);
}

static void states__come_and_go(void **state)
{
    (void)state;
    tb_fake_device device;
    tb_nvml *nvml = open_nvml(&device);
    (void)setenv(NVML, "throttle=0x40,from=2,every=3", 1);
    for (int reading = 1; reading <= 10; reading++) {
        tb_gpu_state now;
        tb_nvml_read(nvml, &now);
        assert_true(now.has_throttle);
        bool is_hot = reading == 4 || reading == 7 || reading == 10;
        assert_int_equal(now.throttle, is_hot ? TB_THROTTLE_THERMAL_HARDWARE : 0);
    }
    tb_nvml_close(nvml);
}

static void what_is_not_supported__is_unknown(void **state)
{
    (void)state;
    tb_fake_device device;
    tb_nvml *nvml = open_nvml(&device);
    tb_gpu_state now;
    tb_nvml_limits limits;
    (void)setenv(NVML, "lacks=clock,lacks=throttle,lacks=power,lacks=limit", 1);
    tb_nvml_read(nvml, &now);
    tb_nvml_read_limits(nvml, &limits);
    assert_true(now.sm_clock_mhz == 0 && now.memory_clock_mhz > 0);
    assert_true(!now.has_throttle && now.throttle == 0);
    assert_true(now.power_w == 0 && now.temperature_c > 0);
    assert_true(limits.power_w == 0 && limits.sm_clock_mhz > 0);
    tb_nvml_close(nvml);
}

/* The old name of the reasons serves where the new one fails, as in old drivers. */
static void throttle_reasons__have_two_names(void **state)
{
    (void)state;
    tb_fake_device device;
    tb_nvml *nvml = open_nvml(&device);
    tb_gpu_state now;
    (void)setenv(NVML, "throttle=0x80", 1);
    (void)setenv(FAIL, "nvmlDeviceGetCurrentClocksEventReasons:1:13", 1);
    tb_nvml_read(nvml, &now);
    assert_true(now.has_throttle && now.throttle == TB_THROTTLE_POWER_BRAKE);
    tb_nvml_close(nvml);
}

static void nvml__says_why_it_cannot_be_used(void **state)
{
    (void)state;
    static const struct {
        const char *wish, *part;
    } cases[] = {
        {"nvmlInit_v2:1:9", "install the driver"},
        {"nvmlInit_v2:1:18", "restart the machine"},
        {"nvmlInit_v2", "nvmlInit_v2: Unknown Error (999)"},
        {"nvmlDeviceGetHandleByUUID:1:6", "Not Found (6)"},
    };
    tb_fake_device device = device_of(0);
    char uuid[48];
    tb_nvml *nvml = NULL;
    tb_error err;
    print_uuid(&device, uuid);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)setenv(FAIL, cases[i].wish, 1);
        tb_assert_fails(tb_nvml_open(uuid, &nvml, &err), &err, TB_EUNAVAILABLE, cases[i].part);
        assert_null(nvml);
    }
    (void)unsetenv(FAIL);
    tb_assert_fails(tb_nvml_open("GPU-0", &nvml, &err), &err, TB_EUNAVAILABLE, "GPU-0: Not Found");
}

/* Each reading may fail: the others are there. */
static void failing_readings__are_unknown(void **state)
{
    (void)state;
    tb_fake_device device;
    tb_nvml *nvml = open_nvml(&device);
    tb_gpu_state now;
    (void)setenv(FAIL, "nvmlDeviceGetClockInfo", 1);
    tb_nvml_read(nvml, &now);
    assert_true(now.sm_clock_mhz == 0 && now.memory_clock_mhz > 0 && now.power_w > 0);
    (void)setenv(FAIL, "nvmlDeviceGetPowerUsage", 1);
    tb_nvml_read(nvml, &now);
    assert_true(now.sm_clock_mhz > 0 && now.power_w == 0 && now.temperature_c > 0);
    (void)setenv(FAIL, "nvmlDeviceGetTemperature", 1);
    tb_nvml_read(nvml, &now);
    assert_true(now.power_w > 0 && now.temperature_c == 0);
    tb_nvml_close(nvml);
    (void)setenv(FAIL, "nvmlSystemGetDriverVersion", 1);
    char uuid[48];
    tb_error err;
    print_uuid(&device, uuid);
    tb_assert_ok(tb_nvml_open(uuid, &nvml, &err), &err);
    assert_string_equal(tb_nvml_driver(nvml), "");
    tb_nvml_close(nvml);
}

TB_TESTS(cmocka_unit_test(nvml__tells_clocks_power_and_driver),
         cmocka_unit_test(states__come_and_go), cmocka_unit_test(what_is_not_supported__is_unknown),
         cmocka_unit_test(throttle_reasons__have_two_names),
         cmocka_unit_test(nvml__says_why_it_cannot_be_used),
         cmocka_unit_test(failing_readings__are_unknown));
