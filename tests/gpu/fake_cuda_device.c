/* cuInit, and what the GPUs say of themselves: all of it from the device file. */
#include "fake_cuda.h"

#include "fake_calls.h"
#include "file.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CUDA_VERSION   13000
#define DEFAULT_DEVICE "h100"
#define DEVICES        TB_SOURCE_DIR "/models/devices"

/* A number of the environment, or `otherwise`. */
static int64_t number_of(const char *variable, int64_t otherwise)
{
    const char *text = getenv(variable);
    return text != NULL && text[0] != '\0' ? strtoll(text, NULL, 10) : otherwise;
}

/* By name, alias or path, from the source tree, whatever TILEBOUND_DATA says. */
static tb_status load_device(const char *name, tb_device **out, tb_error *err)
{
    const char *const *names = NULL;
    size_t count = 0;
    tb_arena *arena = tb_arena_create();
    if (arena == NULL || strchr(name, '/') != NULL) {
        tb_arena_destroy(arena);
        return tb_device_load(name, out, err);
    }
    tb_device *found = NULL;
    tb_status status = tb_file_list(DEVICES, ".yaml", arena, &names, &count, err);
    for (size_t i = 0; status == TB_OK && found == NULL && i < count; i++) {
        char path[1024];
        (void)snprintf(path, sizeof path, DEVICES "/%s.yaml", names[i]);
        status = tb_device_load(path, &found, err);
        if (status == TB_OK && !tb_device_is_named(found, name)) {
            tb_device_destroy(found);
            found = NULL;
        }
    }
    tb_arena_destroy(arena);
    *out = found;
    return status != TB_OK || found != NULL
               ? status
               : tb_fail(err, TB_EINVAL, "TILEBOUND_TEST_GPU: no device %s", name);
}

/* Once; the others are asked about the GPUs before cuInit too. */
static tb_cu_result open_gpus(void)
{
    if (tb_fake.model != NULL) {
        return FAKE_SUCCESS;
    }
    const char *name = getenv("TILEBOUND_TEST_GPU");
    tb_error err;
    int64_t count = number_of("TILEBOUND_TEST_GPU_COUNT", 1);
    tb_fake.count = count < 0 ? 0 : count > TB_FAKE_GPUS_MAX ? TB_FAKE_GPUS_MAX : (int)count;
    if (tb_fake.count == 0) {
        return TB_CU_NO_DEVICE;
    }
    name = name != NULL && name[0] != '\0' ? name : DEFAULT_DEVICE;
    if (load_device(name, &tb_fake.model, &err) != TB_OK) {
        tb_fake_say("%s", err.message);
        return TB_CU_NO_DEVICE;
    }
    double gigabytes = tb_device_get(tb_fake.model, TB_DEVICE_MEMORY_SIZE_GB, 16);
    tb_fake.rates = tb_fake_rates_of(tb_fake.model);
    tb_fake.memory_bytes = number_of("TILEBOUND_TEST_GPU_MEMORY", (int64_t)(gigabytes * 1e9));
    tb_fake.seed = (uint64_t)number_of("TILEBOUND_TEST_SEED", 0) << 32;
    for (int i = 0; i < tb_fake.count; i++) {
        tb_fake.gpu[i] = (tb_fake_gpu){.ordinal = i};
    }
    return FAKE_SUCCESS;
}

/* As the real driver does; a library that cannot be opened does not stop it. */
static void inject(void)
{
    const char *path = getenv("CUDA_INJECTION64_PATH");
    int (*begin)(void) = NULL;
    if (path == NULL || path[0] == '\0') {
        return;
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *found = library != NULL ? dlsym(library, "InitializeInjection") : NULL;
    if (found == NULL) {
        tb_fake_say("CUDA_INJECTION64_PATH: %s", dlerror());
        return;
    }
    memcpy(&begin, &found, sizeof found);
    if (begin() == 0) {
        tb_fake_say("CUDA_INJECTION64_PATH: %s says that it failed", path);
    }
}

tb_cu_result cuInit(unsigned flags)
{
    tb_cu_result result = tb_fake_enter("cuInit", TB_FAKE_NOTHING, NULL);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    bool is_first = !tb_fake.is_ready;
    if (flags != 0) {
        return tb_fake_leave(FAKE_INVALID_VALUE);
    }
    if (!is_first && tb_fake.pid != getpid()) { /* a fork of a process that has used it */
        return tb_fake_leave(FAKE_NOT_INITIALIZED);
    }
    result = is_first ? open_gpus() : FAKE_SUCCESS;
    if (result == FAKE_SUCCESS) {
        tb_fake.pid = getpid();
        tb_fake.is_ready = true;
    }
    (void)tb_fake_leave(result);
    if (is_first && result == FAKE_SUCCESS) {
        inject(); /* which calls us */
    }
    return result;
}

tb_cu_result cuDriverGetVersion(int *version)
{
    tb_cu_result result = tb_fake_enter("cuDriverGetVersion", TB_FAKE_NOTHING, NULL);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    *version = (int)number_of("TILEBOUND_TEST_CUDA_VERSION", CUDA_VERSION);
    return tb_fake_leave(FAKE_SUCCESS);
}

tb_cu_result cuDeviceGetCount(int *count)
{
    tb_cu_result result = tb_fake_enter("cuDeviceGetCount", TB_FAKE_INIT, NULL);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    *count = tb_fake.count;
    return tb_fake_leave(FAKE_SUCCESS);
}

/* Begin a call that asks a GPU. */
static tb_cu_result enter_device(const char *name, tb_cu_device device)
{
    tb_cu_result result = tb_fake_enter(name, TB_FAKE_INIT, NULL);
    if (result == FAKE_SUCCESS && tb_fake_gpu_of(device) == NULL) {
        return tb_fake_leave(TB_CU_INVALID_DEVICE);
    }
    return result;
}

tb_cu_result cuDeviceGet(tb_cu_device *device, int ordinal)
{
    tb_cu_result result = enter_device("cuDeviceGet", ordinal);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    *device = ordinal;
    return tb_fake_leave(FAKE_SUCCESS);
}

/* "NVIDIA H100 SXM5" of the summary "NVIDIA H100 SXM5, 80 GB" */
void tb_fake_device_name(char *name, size_t capacity)
{
    const char *summary = tb_fake.model->summary;
    (void)snprintf(name, capacity, "%.*s", (int)strcspn(summary, ","), summary);
}

tb_cu_result cuDeviceGetName(char *name, int capacity, tb_cu_device device)
{
    tb_cu_result result = enter_device("cuDeviceGetName", device);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    if (capacity <= 0) {
        return tb_fake_leave(FAKE_INVALID_VALUE);
    }
    tb_fake_device_name(name, (size_t)capacity);
    return tb_fake_leave(FAKE_SUCCESS);
}

/* "tilebound-GPU-", 0, number */
static void write_uuid(int ordinal, unsigned char uuid[16])
{
    static const char text[] = "tilebound-GPU-";
    memcpy(uuid, text, sizeof text);
    uuid[15] = (unsigned char)ordinal;
}

tb_cu_result cuDeviceGetUuid_v2(tb_cu_uuid *uuid, tb_cu_device device)
{
    unsigned char bytes[16];
    tb_cu_result result = enter_device("cuDeviceGetUuid", device);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    write_uuid(device, bytes);
    memcpy(uuid->bytes, bytes, sizeof bytes);
    return tb_fake_leave(FAKE_SUCCESS);
}

tb_cu_result cuDeviceGetPCIBusId(char *id, int capacity, tb_cu_device device)
{
    tb_cu_result result = enter_device("cuDeviceGetPCIBusId", device);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    int length = snprintf(id, capacity > 0 ? (size_t)capacity : 0, "0000:%02x:00.0", device + 1);
    return tb_fake_leave(length < capacity ? FAKE_SUCCESS : FAKE_INVALID_VALUE);
}

tb_cu_result cuDeviceTotalMem_v2(size_t *bytes, tb_cu_device device)
{
    tb_cu_result result = enter_device("cuDeviceTotalMem", device);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    *bytes = (size_t)tb_fake.memory_bytes;
    return tb_fake_leave(FAKE_SUCCESS);
}

static int get(tb_device_key key, double otherwise, double factor)
{
    return (int)lround(tb_device_get(tb_fake.model, key, otherwise) * factor);
}

/* Wide for HBM: device files do not say it. */
static int bus_bits(void)
{
    return get(TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, 1000, 1) > 1100 ? 5120 : 384;
}

/* Two transfers a clock. */
static double memory_clock_hz(void)
{
    return tb_device_get(tb_fake.model, TB_DEVICE_MEMORY_BANDWIDTH_GB_PER_S, 1000) * 1e9 /
           (bus_bits() / 8 * 2);
}

/* CUdevice_attribute; source: cuda.h of CUDA 13.0. */
static bool read_attribute(int attribute, int *out)
{
    switch (attribute) {
    case 1: /* threads a CTA */
    case 2: /* its greatest extents */
    case 3:
        *out = 1024;
        return true;
    case 4:
        *out = 64;
        return true;
    case 5: /* the grid's */
        *out = INT32_MAX;
        return true;
    case 6:
    case 7:
        *out = 65535;
        return true;
    case 8: /* shared memory a CTA, unless it asks */
        *out = TB_FAKE_DEFAULT_BYTES;
        return true;
    case 10: /* threads a warp */
        *out = 32;
        return true;
    case 12: /* registers a CTA */
    case TB_CU_REGISTERS_PER_SM:
        *out = get(TB_DEVICE_REGISTERS_PER_SM, 65536, 1);
        return true;
    case TB_CU_CLOCK_KHZ:
        *out = get(TB_DEVICE_CLOCK_BOOST_MHZ, 1500, 1000);
        return true;
    case TB_CU_SM_COUNT:
        *out = get(TB_DEVICE_SM_COUNT, 100, 1);
        return true;
    case TB_CU_MEMORY_CLOCK_KHZ:
        *out = (int)lround(memory_clock_hz() * 1e-3);
        return true;
    case TB_CU_MEMORY_BUS_BITS:
        *out = bus_bits();
        return true;
    case TB_CU_L2_BYTES:
        *out = (int)tb_fake.rates.l2_bytes;
        return true;
    case TB_CU_THREADS_PER_SM:
        *out = get(TB_DEVICE_MAX_WARPS_PER_SM, 64, 32);
        return true;
    case TB_CU_CAPABILITY_MAJOR:
        *out = (int)(tb_fake.model->compute_capability / 10);
        return true;
    case TB_CU_CAPABILITY_MINOR:
        *out = (int)(tb_fake.model->compute_capability % 10);
        return true;
    case TB_CU_SHARED_BYTES_PER_SM:
        *out = get(TB_DEVICE_SMEM_PER_SM_KIB, 100, 1024);
        return true;
    case TB_CU_SHARED_BYTES_PER_CTA_OPTIN:
        *out = get(TB_DEVICE_SMEM_MAX_PER_BLOCK_KIB, 99, 1024);
        return true;
    default:
        return false;
    }
}

tb_cu_result cuDeviceGetAttribute(int *value, int attribute, tb_cu_device device)
{
    tb_cu_result result = enter_device("cuDeviceGetAttribute", device);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    return tb_fake_leave(read_attribute(attribute, value) ? FAKE_SUCCESS : FAKE_INVALID_VALUE);
}

bool tilebound_fake_device(int ordinal, tb_fake_device *out)
{
    (void)pthread_mutex_lock(&tb_fake.lock);
    const tb_fake_gpu *gpu = open_gpus() == FAKE_SUCCESS ? tb_fake_gpu_of(ordinal) : NULL;
    if (gpu != NULL) {
        *out = (tb_fake_device){
            .sm = (int)tb_fake.model->compute_capability,
            .sms = get(TB_DEVICE_SM_COUNT, 100, 1),
            .clock_mhz = tb_fake.rates.clock_hz * 1e-6,
            .memory_clock_mhz = memory_clock_hz() * 1e-6,
            .memory_bytes = tb_fake.memory_bytes,
            .memory_used_bytes = gpu->used_bytes,
        };
        tb_fake_device_name(out->name, sizeof out->name);
        write_uuid(ordinal, out->uuid);
    }
    (void)pthread_mutex_unlock(&tb_fake.lock);
    return gpu != NULL;
}
