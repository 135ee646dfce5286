#include "nvml.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef TB_HAS_NVML_H
#define NVML_NO_UNVERSIONED_FUNC_DEFS /* its macros rename nvmlInit to nvmlInit_v2 */
#include <nvml.h>
#endif

#define SM_CLOCK          1u /* nvmlClockType_t */
#define MEMORY_CLOCK      2u
#define CHIP_TEMPERATURE  0u  /* nvmlTemperatureSensors_t */
#define DRIVER_NOT_LOADED 9u  /* nvmlReturn_t */
#define VERSIONS_DIFFER   18u /* the library is newer or older than the driver that runs */

typedef unsigned nvml_result; /* nvmlReturn_t: 0 = well */
typedef struct nvmlDevice_st *nvml_device;

/* Source: NVML API reference, version 13; what is not optional is the same since driver 450. */
typedef struct nvml_calls {
    nvml_result (*init)(void);
    nvml_result (*shutdown)(void);
    const char *(*error_text)(nvml_result result);
    nvml_result (*device)(const char *uuid, nvml_device *device);
    nvml_result (*driver)(char *version, unsigned capacity);
    nvml_result (*clock)(nvml_device device, unsigned type, unsigned *mhz);
    nvml_result (*max_clock)(nvml_device device, unsigned type, unsigned *mhz);
    nvml_result (*event_reasons)(nvml_device device, unsigned long long *reasons);
    nvml_result (*throttle_reasons)(nvml_device device, unsigned long long *reasons);
    nvml_result (*power)(nvml_device device, unsigned *milliwatts);
    nvml_result (*power_limit)(nvml_device device, unsigned *milliwatts);
    nvml_result (*temperature)(nvml_device device, unsigned sensor, unsigned *celsius);
} nvml_calls;

#define CALL(member, name, is_optional)                                                            \
    {                                                                                              \
        name, offsetof(nvml_calls, member), is_optional                                            \
    }

static const tb_library_call calls[] = {
    CALL(init, "nvmlInit_v2", false), CALL(shutdown, "nvmlShutdown", false),
    CALL(error_text, "nvmlErrorString", false), CALL(device, "nvmlDeviceGetHandleByUUID", false),
    CALL(driver, "nvmlSystemGetDriverVersion", false), CALL(clock, "nvmlDeviceGetClockInfo", false),
    CALL(max_clock, "nvmlDeviceGetMaxClockInfo", false),
    /* the same call under two names: the first since driver 535, the second until one to come */
    CALL(event_reasons, "nvmlDeviceGetCurrentClocksEventReasons", true),
    CALL(throttle_reasons, "nvmlDeviceGetCurrentClocksThrottleReasons", true),
    CALL(power, "nvmlDeviceGetPowerUsage", false),
    CALL(power_limit, "nvmlDeviceGetEnforcedPowerLimit", true),
    CALL(temperature, "nvmlDeviceGetTemperature", true), /* deprecated in 13.0 */
};

#ifdef TB_HAS_NVML_H
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
/* Pointers of two types make no conditional expression: a warning where ours differ. */
#define IS_TYPED(member, call)                                                                     \
    _Static_assert(sizeof(1 ? ((nvml_calls *)0)->member : (call)) > 0, #call)
IS_TYPED(init, nvmlInit_v2);
IS_TYPED(shutdown, nvmlShutdown);
IS_TYPED(error_text, nvmlErrorString);
IS_TYPED(device, nvmlDeviceGetHandleByUUID);
IS_TYPED(driver, nvmlSystemGetDriverVersion);
IS_TYPED(clock, nvmlDeviceGetClockInfo);
IS_TYPED(max_clock, nvmlDeviceGetMaxClockInfo);
IS_TYPED(event_reasons, nvmlDeviceGetCurrentClocksEventReasons);
IS_TYPED(throttle_reasons, nvmlDeviceGetCurrentClocksThrottleReasons);
IS_TYPED(power, nvmlDeviceGetPowerUsage);
IS_TYPED(power_limit, nvmlDeviceGetEnforcedPowerLimit);
IS_TYPED(temperature, nvmlDeviceGetTemperature);
_Static_assert(SM_CLOCK == NVML_CLOCK_SM && MEMORY_CLOCK == NVML_CLOCK_MEM, "clocks");
_Static_assert(CHIP_TEMPERATURE == NVML_TEMPERATURE_GPU, "sensors");
_Static_assert(DRIVER_NOT_LOADED == NVML_ERROR_DRIVER_NOT_LOADED &&
                   VERSIONS_DIFFER == NVML_ERROR_LIB_RM_VERSION_MISMATCH,
               "results");
/* Its names of one enumeration begin in two ways. */
#define IS_REASON(ours, theirs) _Static_assert((ours) == (theirs), #ours)
IS_REASON(TB_THROTTLE_IDLE, nvmlClocksEventReasonGpuIdle);
IS_REASON(TB_THROTTLE_APPLICATION_CLOCKS, nvmlClocksEventReasonApplicationsClocksSetting);
IS_REASON(TB_THROTTLE_POWER_CAP, nvmlClocksEventReasonSwPowerCap);
IS_REASON(TB_THROTTLE_HARDWARE, nvmlClocksThrottleReasonHwSlowdown);
IS_REASON(TB_THROTTLE_SYNC_BOOST, nvmlClocksEventReasonSyncBoost);
IS_REASON(TB_THROTTLE_THERMAL_SOFTWARE, nvmlClocksEventReasonSwThermalSlowdown);
IS_REASON(TB_THROTTLE_THERMAL_HARDWARE, nvmlClocksThrottleReasonHwThermalSlowdown);
IS_REASON(TB_THROTTLE_POWER_BRAKE, nvmlClocksThrottleReasonHwPowerBrakeSlowdown);
IS_REASON(TB_THROTTLE_DISPLAY_CLOCKS, nvmlClocksEventReasonDisplayClockSetting);
#endif

static const char *const names[] = {"libnvidia-ml.so.1", NULL};

static const tb_library_wanted wanted = {
    .what = "NVML",
    .names = names,
    .remedy = "it comes with NVIDIA's driver",
};

struct tb_nvml {
    tb_library library;
    nvml_calls calls;
    nvml_device device;
    char driver[80];
};

static const char *remedy_of(nvml_result result)
{
    switch (result) {
    case DRIVER_NOT_LOADED:
        return "; load NVIDIA's kernel module, or install the driver";
    case VERSIONS_DIFFER:
        return "; the driver was updated since it was loaded: restart the machine";
    default:
        return "";
    }
}

static tb_status failed(const tb_nvml *nvml, const char *call, nvml_result result, tb_error *err)
{
    const char *text = nvml->calls.error_text(result);
    return tb_fail(err, TB_EUNAVAILABLE, "NVML: %s: %s (%u)%s", call,
                   text != NULL ? text : "unknown error", result, remedy_of(result));
}

/* Initialise, and find the device; what was begun is undone on failure. */
static tb_status begin(tb_nvml *nvml, const char *uuid, tb_error *err)
{
    nvml_result result = nvml->calls.init();
    if (result != 0) {
        return failed(nvml, "nvmlInit_v2", result, err);
    }
    result = nvml->calls.device(uuid, &nvml->device);
    if (result != 0) {
        (void)nvml->calls.shutdown();
        return failed(nvml, uuid, result, err);
    }
    if (nvml->calls.driver(nvml->driver, (unsigned)sizeof nvml->driver) != 0) {
        nvml->driver[0] = '\0';
    }
    return TB_OK;
}

tb_status tb_nvml_open(const char *uuid, tb_nvml **out, tb_error *err)
{
    tb_nvml *nvml = calloc(1, sizeof *nvml);
    if (nvml == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory to open NVML");
    }
    tb_status status = tb_library_open(&wanted, calls, sizeof calls / sizeof *calls, &nvml->calls,
                                       &nvml->library, err);
    if (status == TB_OK) {
        status = begin(nvml, uuid, err);
    }
    if (status != TB_OK) {
        free(nvml);
        return status;
    }
    *out = nvml;
    return TB_OK;
}

void tb_nvml_close(tb_nvml *nvml)
{
    if (nvml != NULL) {
        (void)nvml->calls.shutdown();
        free(nvml);
    }
}

const tb_library *tb_nvml_library(const tb_nvml *nvml)
{
    return &nvml->library;
}

const char *tb_nvml_driver(const tb_nvml *nvml)
{
    return nvml->driver;
}

static bool read_throttle(const tb_nvml *nvml, uint64_t *out)
{
    unsigned long long reasons = 0;
    bool is_read = (nvml->calls.event_reasons != NULL &&
                    nvml->calls.event_reasons(nvml->device, &reasons) == 0) ||
                   (nvml->calls.throttle_reasons != NULL &&
                    nvml->calls.throttle_reasons(nvml->device, &reasons) == 0);
    *out = is_read ? (uint64_t)reasons : 0;
    return is_read;
}

void tb_nvml_read(const tb_nvml *nvml, tb_gpu_state *out)
{
    const nvml_calls *c = &nvml->calls;
    unsigned value = 0;
    *out = (tb_gpu_state){0};
    if (c->clock(nvml->device, SM_CLOCK, &value) == 0) {
        out->sm_clock_mhz = value;
    }
    if (c->clock(nvml->device, MEMORY_CLOCK, &value) == 0) {
        out->memory_clock_mhz = value;
    }
    out->has_throttle = read_throttle(nvml, &out->throttle);
    if (c->power(nvml->device, &value) == 0) {
        out->power_w = value / 1000.0;
    }
    if (c->temperature != NULL && c->temperature(nvml->device, CHIP_TEMPERATURE, &value) == 0) {
        out->temperature_c = value;
    }
}

void tb_nvml_read_limits(const tb_nvml *nvml, tb_nvml_limits *out)
{
    const nvml_calls *c = &nvml->calls;
    unsigned value = 0;
    *out = (tb_nvml_limits){0};
    if (c->max_clock(nvml->device, SM_CLOCK, &value) == 0) {
        out->sm_clock_mhz = value;
    }
    if (c->max_clock(nvml->device, MEMORY_CLOCK, &value) == 0) {
        out->memory_clock_mhz = value;
    }
    if (c->power_limit != NULL && c->power_limit(nvml->device, &value) == 0) {
        out->power_w = value / 1000.0;
    }
}
