/* The calls of the driver that the emulated one has, as their newest forms are named; see
 * fake_cuda_lookup.c for the versions. */
#ifndef TB_FAKE_CALLS_H
#define TB_FAKE_CALLS_H

#include "driver.h"

tb_cu_result cuInit(unsigned flags);
tb_cu_result cuDriverGetVersion(int *version);
tb_cu_result cuGetErrorName(tb_cu_result result, const char **name);
tb_cu_result cuGetErrorString(tb_cu_result result, const char **text);
tb_cu_result cuDeviceGetCount(int *count);
tb_cu_result cuDeviceGet(tb_cu_device *device, int ordinal);
tb_cu_result cuDeviceGetName(char *name, int capacity, tb_cu_device device);
tb_cu_result cuDeviceGetUuid_v2(tb_cu_uuid *uuid, tb_cu_device device);
tb_cu_result cuDeviceGetPCIBusId(char *id, int capacity, tb_cu_device device);
tb_cu_result cuDeviceTotalMem_v2(size_t *bytes, tb_cu_device device);
tb_cu_result cuDeviceGetAttribute(int *value, int attribute, tb_cu_device device);
tb_cu_result cuDevicePrimaryCtxRetain(tb_cu_context *context, tb_cu_device device);
tb_cu_result cuDevicePrimaryCtxRelease_v2(tb_cu_device device);
tb_cu_result cuCtxSetCurrent(tb_cu_context context);
tb_cu_result cuCtxGetCurrent(tb_cu_context *context);
tb_cu_result cuCtxSynchronize(void);
tb_cu_result cuCtxSynchronize_v2(tb_cu_context context);
tb_cu_result cuMemGetInfo_v2(size_t *free_bytes, size_t *total_bytes);
tb_cu_result cuMemAlloc_v2(tb_cu_address *address, size_t bytes);
tb_cu_result cuMemFree_v2(tb_cu_address address);
tb_cu_result cuMemcpyHtoD_v2(tb_cu_address to, const void *from, size_t bytes);
tb_cu_result cuMemcpyDtoH_v2(void *to, tb_cu_address from, size_t bytes);
tb_cu_result cuMemsetD8Async(tb_cu_address to, unsigned char value, size_t bytes,
                             tb_cu_stream stream);
tb_cu_result cuMemsetD8_v2(tb_cu_address to, unsigned char value, size_t bytes);
tb_cu_result cuModuleLoadData(tb_cu_module *module, const void *image);
tb_cu_result cuModuleUnload(tb_cu_module module);
tb_cu_result cuModuleGetFunction(tb_cu_function *function, tb_cu_module module, const char *name);
tb_cu_result cuFuncGetAttribute(int *value, int attribute, tb_cu_function function);
tb_cu_result cuFuncSetAttribute(tb_cu_function function, int attribute, int value);
tb_cu_result cuLaunchKernelEx(const tb_cu_launch_config *config, tb_cu_function function,
                              void **params, void **extra);
tb_cu_result cuLaunchKernel(tb_cu_function function, unsigned grid_x, unsigned grid_y,
                            unsigned grid_z, unsigned cta_x, unsigned cta_y, unsigned cta_z,
                            unsigned shared_bytes, tb_cu_stream stream, void **params,
                            void **extra);
tb_cu_result cuStreamCreate(tb_cu_stream *stream, unsigned flags);
tb_cu_result cuStreamDestroy_v2(tb_cu_stream stream);
tb_cu_result cuStreamSynchronize(tb_cu_stream stream);
tb_cu_result cuEventCreate(tb_cu_event *event, unsigned flags);
tb_cu_result cuEventDestroy_v2(tb_cu_event event);
tb_cu_result cuEventRecord(tb_cu_event event, tb_cu_stream stream);
tb_cu_result cuEventSynchronize(tb_cu_event event);
tb_cu_result cuEventElapsedTime(float *ms, tb_cu_event from, tb_cu_event to);
tb_cu_result cuGetProcAddress(const char *symbol, void **address, int cuda_version, uint64_t flags);
tb_cu_result cuGetProcAddress_v2(const char *symbol, void **address, int cuda_version,
                                 uint64_t flags, int *status);

#endif
