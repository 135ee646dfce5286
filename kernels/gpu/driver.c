#include "driver.h"

#include <stdio.h>
#include <string.h>

#define LEAST_CUDA 12000
#define FLAGS      0u /* CU_GET_PROC_ADDRESS_DEFAULT */

static const char *const names[] = {"libcuda.so.1", NULL};

static const tb_library_wanted wanted = {
    .what = "NVIDIA's driver",
    .names = names,
    .remedy = "a machine with an NVIDIA GPU has it once its driver is installed; --backend cpu "
              "needs none",
};

/* cuGetProcAddress_v2; source: cuda.h of CUDA 13.0, since 12.0. */
typedef tb_cu_result get_address_fn(const char *symbol, void **address, int cuda_version,
                                    uint64_t flags, int *status);

typedef struct entry {
    get_address_fn *get_address;
} entry;

static const tb_library_call entry_calls[] = {
    {"cuGetProcAddress_v2", offsetof(entry, get_address), false},
};

#define CALL(member, name, version)                                                                \
    {                                                                                              \
        name, version, offsetof(tb_driver_calls, member)                                           \
    }

/* The version of each call's form that tb_driver_calls declares; source: cudaTypedefs.h of CUDA
 * 13.0 (PFN_cuMemAlloc_v3020). */
static const struct {
    const char *name;
    int version;
    size_t at;
} calls[] = {
    CALL(init, "cuInit", 2000),
    CALL(version, "cuDriverGetVersion", 2020),
    CALL(error_name, "cuGetErrorName", 6000),
    CALL(error_string, "cuGetErrorString", 6000),
    CALL(device_count, "cuDeviceGetCount", 2000),
    CALL(device_get, "cuDeviceGet", 2000),
    CALL(device_name, "cuDeviceGetName", 2000),
    CALL(device_uuid, "cuDeviceGetUuid", 11040),
    CALL(device_pci_id, "cuDeviceGetPCIBusId", 4010),
    CALL(device_memory, "cuDeviceTotalMem", 3020),
    CALL(device_attribute, "cuDeviceGetAttribute", 2000),
    CALL(context_retain, "cuDevicePrimaryCtxRetain", 7000),
    CALL(context_release, "cuDevicePrimaryCtxRelease", 11000),
    CALL(context_set, "cuCtxSetCurrent", 4000),
    CALL(synchronize, "cuCtxSynchronize", 2000),
    CALL(memory_info, "cuMemGetInfo", 3020),
    CALL(alloc, "cuMemAlloc", 3020),
    CALL(free, "cuMemFree", 3020),
    CALL(upload, "cuMemcpyHtoD", 3020),
    CALL(download, "cuMemcpyDtoH", 3020),
    CALL(fill, "cuMemsetD8Async", 3020),
    CALL(module_load, "cuModuleLoadData", 2000),
    CALL(module_unload, "cuModuleUnload", 2000),
    CALL(module_function, "cuModuleGetFunction", 2000),
    CALL(function_get, "cuFuncGetAttribute", 2020),
    CALL(function_set, "cuFuncSetAttribute", 9000),
    CALL(launch, "cuLaunchKernelEx", 11060),
    CALL(stream_create, "cuStreamCreate", 2000),
    CALL(stream_destroy, "cuStreamDestroy", 4000),
    CALL(stream_synchronize, "cuStreamSynchronize", 2000),
    CALL(event_create, "cuEventCreate", 2000),
    CALL(event_destroy, "cuEventDestroy", 4000),
    CALL(event_record, "cuEventRecord", 2000),
    CALL(event_synchronize, "cuEventSynchronize", 2000),
    CALL(event_elapsed_ms, "cuEventElapsedTime", 2000),
};

#ifdef TB_HAS_CUDA_H
#include "driver_check.h"
#endif

static tb_status find_calls(get_address_fn *get_address, tb_driver *driver, tb_error *err)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        void *address = NULL;
        int status = 0;
        tb_cu_result result =
            get_address(calls[i].name, &address, calls[i].version, FLAGS, &status);
        if (result != 0 || address == NULL) {
            return tb_fail(err, TB_EUNAVAILABLE,
                           "NVIDIA's driver (%s) has no %s of CUDA %d.%d; update the driver",
                           driver->library.path, calls[i].name, calls[i].version / 1000,
                           calls[i].version % 1000 / 10);
        }
        memcpy((char *)&driver->calls + calls[i].at, &address, sizeof address);
    }
    return TB_OK;
}

tb_status tb_driver_open(tb_driver *out, tb_error *err)
{
    entry at;
    tb_driver driver = {0};
    tb_status status = tb_library_open(&wanted, entry_calls, 1, &at, &driver.library, err);
    if (status == TB_OK) {
        status = find_calls(at.get_address, &driver, err);
    }
    if (status != TB_OK) {
        return status;
    }
    tb_cu_result result = driver.calls.version(&driver.version);
    if (result != 0) {
        return tb_driver_failed(&driver, "cuDriverGetVersion", result, err);
    }
    if (driver.version < LEAST_CUDA) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "NVIDIA's driver speaks CUDA %d.%d; 12.0 or later is needed: update it",
                       driver.version / 1000, driver.version % 1000 / 10);
    }
    *out = driver;
    return TB_OK;
}

static tb_status status_of(tb_cu_result result)
{
    switch (result) {
    case TB_CU_OUT_OF_MEMORY:
    case TB_CU_STUB_LIBRARY:
    case TB_CU_NO_DEVICE:
    case TB_CU_INVALID_DEVICE:
    case TB_CU_NO_BINARY_FOR_GPU:
        return TB_EUNAVAILABLE;
    default:
        return TB_EINTERNAL;
    }
}

tb_status tb_driver_failed(const tb_driver *driver, const char *call, tb_cu_result result,
                           tb_error *err)
{
    const char *name = NULL, *text = NULL;
    if (driver->calls.error_name(result, &name) != 0 || name == NULL) {
        return tb_fail(err, status_of(result), "%s failed with %d", call, result);
    }
    bool has_text = driver->calls.error_string(result, &text) == 0 && text != NULL;
    return tb_fail(err, status_of(result), "%s: %s (%s)", call, has_text ? text : "failed", name);
}

void tb_driver_print_uuid(const tb_cu_uuid *uuid, char text[48])
{
    size_t length = (size_t)snprintf(text, 48, "GPU-");
    for (int i = 0; i < 16; i++) {
        bool is_dash = i == 4 || i == 6 || i == 8 || i == 10;
        length += (size_t)snprintf(text + length, 48 - length, "%s%02x", is_dash ? "-" : "",
                                   (unsigned)(unsigned char)uuid->bytes[i]);
    }
}
