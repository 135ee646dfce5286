/* cuGetProcAddress: a call by its base name, in the form that it had in a version of CUDA; and the
 * emulator, shown to the twins. */
#define _GNU_SOURCE /* dladdr() */
#include "fake_cuda.h"

#include "fake_calls.h"

#include <dlfcn.h>
#include <string.h>

#define FLAGS_MAX 2U

/* CUdriverProcAddressQueryResult */
enum { FOUND, SYMBOL_NOT_FOUND, VERSION_NOT_SUFFICIENT };

typedef void any_fn(void);

#define CALL(name, version, function)                                                              \
    {                                                                                              \
        name, version, (any_fn *)(function)                                                        \
    }

/* Of several forms the newest comes last. Forms that CUDA had before and that differ (32-bit sizes)
 * are not there. Source: cudaTypedefs.h of CUDA 13.0. */
static const struct {
    const char *name;
    int version;
    any_fn *function;
} calls[] = {
    CALL("cuInit", 2000, cuInit),
    CALL("cuDriverGetVersion", 2020, cuDriverGetVersion),
    CALL("cuGetErrorName", 6000, cuGetErrorName),
    CALL("cuGetErrorString", 6000, cuGetErrorString),
    CALL("cuDeviceGetCount", 2000, cuDeviceGetCount),
    CALL("cuDeviceGet", 2000, cuDeviceGet),
    CALL("cuDeviceGetName", 2000, cuDeviceGetName),
    CALL("cuDeviceGetUuid", 9020, cuDeviceGetUuid_v2),
    CALL("cuDeviceGetPCIBusId", 4010, cuDeviceGetPCIBusId),
    CALL("cuDeviceTotalMem", 3020, cuDeviceTotalMem_v2),
    CALL("cuDeviceGetAttribute", 2000, cuDeviceGetAttribute),
    CALL("cuDevicePrimaryCtxRetain", 7000, cuDevicePrimaryCtxRetain),
    CALL("cuDevicePrimaryCtxRelease", 7000, cuDevicePrimaryCtxRelease_v2),
    CALL("cuCtxSetCurrent", 4000, cuCtxSetCurrent),
    CALL("cuCtxGetCurrent", 4000, cuCtxGetCurrent),
    CALL("cuCtxSynchronize", 2000, cuCtxSynchronize),
    CALL("cuCtxSynchronize", 13000, cuCtxSynchronize_v2),
    CALL("cuMemGetInfo", 3020, cuMemGetInfo_v2),
    CALL("cuMemAlloc", 3020, cuMemAlloc_v2),
    CALL("cuMemFree", 3020, cuMemFree_v2),
    CALL("cuMemcpyHtoD", 3020, cuMemcpyHtoD_v2),
    CALL("cuMemcpyDtoH", 3020, cuMemcpyDtoH_v2),
    CALL("cuMemsetD8Async", 3020, cuMemsetD8Async),
    CALL("cuMemsetD8", 3020, cuMemsetD8_v2),
    CALL("cuModuleLoadData", 2000, cuModuleLoadData),
    CALL("cuModuleUnload", 2000, cuModuleUnload),
    CALL("cuModuleGetFunction", 2000, cuModuleGetFunction),
    CALL("cuFuncGetAttribute", 2020, cuFuncGetAttribute),
    CALL("cuFuncSetAttribute", 9000, cuFuncSetAttribute),
    CALL("cuLaunchKernelEx", 11060, cuLaunchKernelEx),
    CALL("cuLaunchKernel", 4000, cuLaunchKernel),
    CALL("cuStreamCreate", 2000, cuStreamCreate),
    CALL("cuStreamDestroy", 4000, cuStreamDestroy_v2),
    CALL("cuStreamSynchronize", 2000, cuStreamSynchronize),
    CALL("cuEventCreate", 2000, cuEventCreate),
    CALL("cuEventDestroy", 4000, cuEventDestroy_v2),
    CALL("cuEventRecord", 2000, cuEventRecord),
    CALL("cuEventSynchronize", 2000, cuEventSynchronize),
    CALL("cuEventElapsedTime", 2000, cuEventElapsedTime),
    CALL("cuGetProcAddress", 11030, cuGetProcAddress),
    CALL("cuGetProcAddress", 12000, cuGetProcAddress_v2),
};

static int find(const char *symbol, int version, any_fn **out)
{
    int status = SYMBOL_NOT_FOUND;
    *out = NULL;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(calls[i].name, symbol) == 0) {
            status = status == FOUND ? FOUND : VERSION_NOT_SUFFICIENT;
            if (calls[i].version <= version) {
                *out = calls[i].function;
                status = FOUND;
            }
        }
    }
    return status;
}

tb_cu_result cuGetProcAddress_v2(const char *symbol, void **address, int cuda_version,
                                 uint64_t flags, int *status)
{
    any_fn *function = NULL;
    tb_cu_result result = tb_fake_enter("cuGetProcAddress", TB_FAKE_NOTHING, NULL);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    if (symbol == NULL || address == NULL || flags > FLAGS_MAX) {
        return tb_fake_leave(FAKE_INVALID_VALUE);
    }
    int found = find(symbol, cuda_version, &function);
    memcpy(address, &function, sizeof *address);
    if (status != NULL) {
        *status = found;
    }
    return tb_fake_leave(found == FOUND ? FAKE_SUCCESS : TB_CU_NOT_FOUND);
}

tb_cu_result cuGetProcAddress(const char *symbol, void **address, int cuda_version, uint64_t flags)
{
    return cuGetProcAddress_v2(symbol, address, cuda_version, flags, NULL);
}

/* The pointers that the product fetches are of these types: a warning where they differ. */
extern const tb_driver_calls tb_fake_calls;
const tb_driver_calls tb_fake_calls = {
    .init = cuInit,
    .version = cuDriverGetVersion,
    .error_name = cuGetErrorName,
    .error_string = cuGetErrorString,
    .device_count = cuDeviceGetCount,
    .device_get = cuDeviceGet,
    .device_name = cuDeviceGetName,
    .device_uuid = cuDeviceGetUuid_v2,
    .device_pci_id = cuDeviceGetPCIBusId,
    .device_memory = cuDeviceTotalMem_v2,
    .device_attribute = cuDeviceGetAttribute,
    .context_retain = cuDevicePrimaryCtxRetain,
    .context_release = cuDevicePrimaryCtxRelease_v2,
    .context_set = cuCtxSetCurrent,
    .synchronize = cuCtxSynchronize,
    .memory_info = cuMemGetInfo_v2,
    .alloc = cuMemAlloc_v2,
    .free = cuMemFree_v2,
    .upload = cuMemcpyHtoD_v2,
    .download = cuMemcpyDtoH_v2,
    .fill = cuMemsetD8Async,
    .module_load = cuModuleLoadData,
    .module_unload = cuModuleUnload,
    .module_function = cuModuleGetFunction,
    .function_get = cuFuncGetAttribute,
    .function_set = cuFuncSetAttribute,
    .launch = cuLaunchKernelEx,
    .stream_create = cuStreamCreate,
    .stream_destroy = cuStreamDestroy_v2,
    .stream_synchronize = cuStreamSynchronize,
    .event_create = cuEventCreate,
    .event_destroy = cuEventDestroy_v2,
    .event_record = cuEventRecord,
    .event_synchronize = cuEventSynchronize,
    .event_elapsed_ms = cuEventElapsedTime,
};

/* Twins call the emulator by its names, whoever opened this library and however. */
__attribute__((constructor)) static void show_emulator(void)
{
    Dl_info info;
    if (dladdr(&tilebound_emulated, &info) == 0 ||
        dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL) == NULL) {
        tb_fake_say("its emulator cannot be shown to the kernels: %s", dlerror());
    }
}
