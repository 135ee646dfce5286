/* libnvidia-ml.so.1 of the emulated GPU.
 *
 * TILEBOUND_TEST_NVML says what it shows, as NAME=VALUE separated by commas:
 *   clock=MHZ         of the SMs; the device's highest
 *   memory=MHZ        of the memory; the device's highest
 *   throttle=BITS     reasons; 0
 *   power=WATT        350
 *   temperature=C     47
 *   every=N           what is set above is seen at each Nth reading only, else the usual; 1
 *   from=N            ... and from the Nth reading on; 1
 *   lacks=NAME        this quantity is not supported (clock, memory, throttle, power, temperature,
 *                     limit); may be said several times
 * A reading is one call for the quantity: each counts its own, from the last nvmlInit_v2 on. */
#include "fake_gpu.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef TB_HAS_NVML_H /* then the compiler compares these definitions with its declarations */
#define NVML_NO_UNVERSIONED_FUNC_DEFS
#include <nvml.h>
#else
typedef unsigned nvmlReturn_t, nvmlClockType_t, nvmlTemperatureSensors_t;
typedef struct nvmlDevice_st *nvmlDevice_t;
enum {
    NVML_SUCCESS = 0,
    NVML_ERROR_UNINITIALIZED = 1,
    NVML_ERROR_INVALID_ARGUMENT = 2,
    NVML_ERROR_NOT_SUPPORTED = 3,
    NVML_ERROR_NOT_FOUND = 6,
    NVML_ERROR_INSUFFICIENT_SIZE = 7,
    NVML_ERROR_DRIVER_NOT_LOADED = 9,
    NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18,
    NVML_ERROR_UNKNOWN = 999,
    NVML_CLOCK_SM = 1,
    NVML_CLOCK_MEM = 2
};
nvmlReturn_t nvmlInit_v2(void);
nvmlReturn_t nvmlShutdown(void);
const char *nvmlErrorString(nvmlReturn_t result);
nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned length);
nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device);
nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned *clock);
nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned *clock);
nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device,
                                                    unsigned long long *reasons);
nvmlReturn_t nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t device,
                                                       unsigned long long *reasons);
nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *power);
nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *limit);
nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, nvmlTemperatureSensors_t sensor,
                                      unsigned *temperature);
#endif

#define DRIVER_VERSION "580.159.04"
#define DEVICES_MAX    16
#define POWER_LIMIT_W  700

const int tilebound_emulated = 1;

struct nvmlDevice_st {
    int ordinal;
};

static struct nvmlDevice_st devices[DEVICES_MAX];
static atomic_int users; /* initialisations that were not yet shut down */

typedef enum quantity {
    CLOCK,
    MEMORY,
    THROTTLE,
    POWER,
    TEMPERATURE,
    LIMIT,
    QUANTITY_COUNT
} quantity;

static const char *const names[QUANTITY_COUNT] = {"clock", "memory",      "throttle",
                                                  "power", "temperature", "limit"};
static atomic_long readings[QUANTITY_COUNT];

#define CALL_OF(name)                                                                              \
    do {                                                                                           \
        int code = tb_fake_fail(name);                                                             \
        if (code != 0) {                                                                           \
            return code > 0 ? (nvmlReturn_t)code : NVML_ERROR_UNKNOWN;                             \
        }                                                                                          \
    } while (0)

/* The value of the next NAME=VALUE of `text`, from *at on; false at the end. A text of another form
 * is a test's mistake. */
static bool next_setting(const char *text, size_t *at, char *name, char *value, size_t capacity)
{
    if (text[*at] == '\0') {
        return false;
    }
    size_t length = strcspn(text + *at, ",");
    const char *equals = memchr(text + *at, '=', length);
    size_t before = equals != NULL ? (size_t)(equals - (text + *at)) : 0;
    if (equals == NULL || before >= capacity || length - before > capacity) {
        (void)fprintf(stderr, "TILEBOUND_TEST_NVML: NAME=VALUE expected: '%s'\n", text + *at);
        abort();
    }
    memcpy(name, text + *at, before);
    name[before] = '\0';
    memcpy(value, equals + 1, length - before - 1);
    value[length - before - 1] = '\0';
    *at += length + (text[*at + length] == ',' ? 1 : 0);
    return true;
}

typedef struct settings {
    bool has[QUANTITY_COUNT], lacks[QUANTITY_COUNT];
    unsigned long long value[QUANTITY_COUNT];
    long every, from;
} settings;

static int quantity_of(const char *name)
{
    for (int q = 0; q < QUANTITY_COUNT; q++) {
        if (strcmp(names[q], name) == 0) {
            return q;
        }
    }
    (void)fprintf(stderr, "TILEBOUND_TEST_NVML: no quantity is named '%s'\n", name);
    abort();
}

static settings read_settings(void)
{
    settings s = {.every = 1, .from = 1};
    const char *text = getenv("TILEBOUND_TEST_NVML");
    char name[32], value[32];
    for (size_t at = 0; text != NULL && next_setting(text, &at, name, value, sizeof name);) {
        if (strcmp(name, "every") == 0) {
            s.every = strtol(value, NULL, 0);
        } else if (strcmp(name, "from") == 0) {
            s.from = strtol(value, NULL, 0);
        } else if (strcmp(name, "lacks") == 0) {
            s.lacks[quantity_of(value)] = true;
        } else {
            int q = quantity_of(name);
            s.has[q] = true;
            s.value[q] = strtoull(value, NULL, 0);
        }
    }
    s.every = s.every > 0 ? s.every : 1;
    return s;
}

/* One reading of a quantity whose usual value this is. */
static nvmlReturn_t take(quantity q, nvmlDevice_t device, unsigned long long usual,
                         unsigned long long *out)
{
    if (users == 0) {
        return NVML_ERROR_UNINITIALIZED;
    }
    if (device == NULL || out == NULL) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    settings s = read_settings();
    long number = atomic_fetch_add(&readings[q], 1) + 1;
    if (s.lacks[q]) {
        return NVML_ERROR_NOT_SUPPORTED;
    }
    bool is_set = s.has[q] && number >= s.from && (number - s.from + 1) % s.every == 0;
    *out = is_set ? s.value[q] : usual;
    return NVML_SUCCESS;
}

static nvmlReturn_t take_unsigned(quantity q, nvmlDevice_t device, unsigned usual, unsigned scale,
                                  unsigned *out)
{
    unsigned long long value = 0;
    nvmlReturn_t result = take(q, device, usual, &value);
    if (result == NVML_SUCCESS && out != NULL) {
        *out = (unsigned)value * scale;
    }
    return out != NULL ? result : NVML_ERROR_INVALID_ARGUMENT;
}

static unsigned highest_clock(nvmlDevice_t device, nvmlClockType_t type)
{
    tb_fake_device found;
    if (device == NULL || !tilebound_fake_device(device->ordinal, &found)) {
        return 0;
    }
    return (unsigned)(type == NVML_CLOCK_MEM ? found.memory_clock_mhz : found.clock_mhz);
}

nvmlReturn_t nvmlInit_v2(void)
{
    CALL_OF("nvmlInit_v2");
    users++;
    for (int q = 0; q < QUANTITY_COUNT; q++) {
        readings[q] = 0;
    }
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlShutdown(void)
{
    CALL_OF("nvmlShutdown");
    if (users == 0) {
        return NVML_ERROR_UNINITIALIZED;
    }
    users--;
    return NVML_SUCCESS;
}

const char *nvmlErrorString(nvmlReturn_t result)
{
    (void)tb_fake_fail("nvmlErrorString"); /* it cannot fail; its use is noted */
    switch ((unsigned)result) {
    case NVML_SUCCESS:
        return "Success";
    case NVML_ERROR_UNINITIALIZED:
        return "Uninitialized";
    case NVML_ERROR_INVALID_ARGUMENT:
        return "Invalid Argument";
    case NVML_ERROR_NOT_SUPPORTED:
        return "Not Supported";
    case NVML_ERROR_NOT_FOUND:
        return "Not Found";
    case NVML_ERROR_DRIVER_NOT_LOADED:
        return "Driver Not Loaded";
    case NVML_ERROR_LIB_RM_VERSION_MISMATCH:
        return "Driver/library version mismatch";
    default:
        return "Unknown Error";
    }
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    CALL_OF("nvmlSystemGetDriverVersion");
    if (users == 0) {
        return NVML_ERROR_UNINITIALIZED;
    }
    if (version == NULL || length < sizeof DRIVER_VERSION) {
        return version == NULL ? NVML_ERROR_INVALID_ARGUMENT : NVML_ERROR_INSUFFICIENT_SIZE;
    }
    memcpy(version, DRIVER_VERSION, sizeof DRIVER_VERSION);
    return NVML_SUCCESS;
}

/* "GPU-" and the bytes in hexadecimal, with dashes where a UUID has them. */
static void uuid_text(const unsigned char *bytes, char *text, size_t capacity)
{
    size_t length = (size_t)snprintf(text, capacity, "GPU-");
    for (int i = 0; i < 16 && length < capacity; i++) {
        bool has_dash = i == 4 || i == 6 || i == 8 || i == 10;
        length += (size_t)snprintf(text + length, capacity - length, "%s%02x", has_dash ? "-" : "",
                                   bytes[i]);
    }
}

nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
    CALL_OF("nvmlDeviceGetHandleByUUID");
    if (users == 0) {
        return NVML_ERROR_UNINITIALIZED;
    }
    if (uuid == NULL || device == NULL) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    tb_fake_device found;
    for (int i = 0; i < DEVICES_MAX && tilebound_fake_device(i, &found); i++) {
        char text[48];
        uuid_text(found.uuid, text, sizeof text);
        if (strcmp(text, uuid) == 0) {
            devices[i].ordinal = i;
            *device = &devices[i];
            return NVML_SUCCESS;
        }
    }
    return NVML_ERROR_NOT_FOUND;
}

nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned *clock)
{
    CALL_OF("nvmlDeviceGetClockInfo");
    if (type != NVML_CLOCK_SM && type != NVML_CLOCK_MEM) {
        return NVML_ERROR_NOT_SUPPORTED;
    }
    return take_unsigned(type == NVML_CLOCK_SM ? CLOCK : MEMORY, device,
                         highest_clock(device, type), 1, clock);
}

nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned *clock)
{
    CALL_OF("nvmlDeviceGetMaxClockInfo");
    if (users == 0) {
        return NVML_ERROR_UNINITIALIZED;
    }
    if (device == NULL || clock == NULL) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    if (type != NVML_CLOCK_SM && type != NVML_CLOCK_MEM) {
        return NVML_ERROR_NOT_SUPPORTED;
    }
    *clock = highest_clock(device, type);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device,
                                                    unsigned long long *reasons)
{
    CALL_OF("nvmlDeviceGetCurrentClocksEventReasons");
    return take(THROTTLE, device, 0, reasons);
}

nvmlReturn_t nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t device,
                                                       unsigned long long *reasons)
{
    CALL_OF("nvmlDeviceGetCurrentClocksThrottleReasons");
    return take(THROTTLE, device, 0, reasons);
}

nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *power)
{
    CALL_OF("nvmlDeviceGetPowerUsage");
    return take_unsigned(POWER, device, POWER_LIMIT_W / 2, 1000, power);
}

nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *limit)
{
    CALL_OF("nvmlDeviceGetEnforcedPowerLimit");
    return take_unsigned(LIMIT, device, POWER_LIMIT_W, 1000, limit);
}

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, nvmlTemperatureSensors_t sensor,
                                      unsigned *temperature)
{
    CALL_OF("nvmlDeviceGetTemperature");
    return sensor == 0 ? take_unsigned(TEMPERATURE, device, 47, 1, temperature)
                       : NVML_ERROR_INVALID_ARGUMENT;
}
