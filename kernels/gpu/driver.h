/* The calls of CUDA's driver that we make, declared here so that every build has them; driver.c
 * checks them against the toolkit's headers where those are. */
#ifndef TB_DRIVER_H
#define TB_DRIVER_H

#include "library.h"

#include <stdint.h>

typedef int tb_cu_result; /* CUresult: 0 = well */
typedef int tb_cu_device;
typedef uint64_t tb_cu_address; /* CUdeviceptr */
typedef struct CUctx_st *tb_cu_context;
typedef struct CUmod_st *tb_cu_module;
typedef struct CUfunc_st *tb_cu_function;
typedef struct CUstream_st *tb_cu_stream;
typedef struct CUevent_st *tb_cu_event;

typedef struct tb_cu_uuid {
    char bytes[16];
} tb_cu_uuid;

/* CUlaunchConfig */
typedef struct tb_cu_launch_config {
    unsigned grid[3], cta[3];
    unsigned shared_bytes; /* dynamic */
    tb_cu_stream stream;
    void *attributes;
    unsigned attribute_count;
} tb_cu_launch_config;

/* CUdevice_attribute; source: cuda.h of CUDA 13.0 */
typedef enum tb_cu_attribute {
    TB_CU_CLOCK_KHZ = 13,
    TB_CU_SM_COUNT = 16,
    TB_CU_MEMORY_CLOCK_KHZ = 36,
    TB_CU_MEMORY_BUS_BITS = 37,
    TB_CU_L2_BYTES = 38,
    TB_CU_THREADS_PER_SM = 39,
    TB_CU_CAPABILITY_MAJOR = 75,
    TB_CU_CAPABILITY_MINOR = 76,
    TB_CU_SHARED_BYTES_PER_SM = 81,
    TB_CU_REGISTERS_PER_SM = 82,
    TB_CU_SHARED_BYTES_PER_CTA_OPTIN = 97
} tb_cu_attribute;

/* CUfunction_attribute */
typedef enum tb_cu_function_attribute {
    TB_CU_FUNCTION_STATIC_SHARED_BYTES = 1,
    TB_CU_FUNCTION_LOCAL_BYTES = 3,
    TB_CU_FUNCTION_REGISTERS = 4,
    TB_CU_FUNCTION_MAX_DYNAMIC_SHARED_BYTES = 8
} tb_cu_function_attribute;

/* CUresult values that we speak of */
enum {
    TB_CU_OUT_OF_MEMORY = 2,
    TB_CU_STUB_LIBRARY = 34,
    TB_CU_NO_DEVICE = 100,
    TB_CU_INVALID_DEVICE = 101,
    TB_CU_NO_BINARY_FOR_GPU = 209,
    TB_CU_NOT_FOUND = 500,
    TB_CU_UNKNOWN = 999
};

#define TB_CU_STREAM_NON_BLOCKING 1u
#define TB_CU_EVENT_DEFAULT       0u

/* One pointer a call, fetched through cuGetProcAddress_v2 with the version in driver.c. */
typedef struct tb_driver_calls {
    tb_cu_result (*init)(unsigned flags);
    tb_cu_result (*version)(int *version); /* 13000 */
    tb_cu_result (*error_name)(tb_cu_result result, const char **name);
    tb_cu_result (*error_string)(tb_cu_result result, const char **text);
    tb_cu_result (*device_count)(int *count);
    tb_cu_result (*device_get)(tb_cu_device *device, int ordinal);
    tb_cu_result (*device_name)(char *name, int capacity, tb_cu_device device);
    tb_cu_result (*device_uuid)(tb_cu_uuid *uuid, tb_cu_device device);
    tb_cu_result (*device_pci_id)(char *id, int capacity, tb_cu_device device);
    tb_cu_result (*device_memory)(size_t *bytes, tb_cu_device device);
    tb_cu_result (*device_attribute)(int *value, int attribute, tb_cu_device device);
    tb_cu_result (*context_retain)(tb_cu_context *context, tb_cu_device device); /* the primary */
    tb_cu_result (*context_release)(tb_cu_device device);
    tb_cu_result (*context_set)(tb_cu_context context);
    tb_cu_result (*synchronize)(void); /* the context */
    tb_cu_result (*memory_info)(size_t *free_bytes, size_t *total_bytes);
    tb_cu_result (*alloc)(tb_cu_address *address, size_t bytes);
    tb_cu_result (*free)(tb_cu_address address);
    tb_cu_result (*upload)(tb_cu_address to, const void *from, size_t bytes);
    tb_cu_result (*download)(void *to, tb_cu_address from, size_t bytes);
    tb_cu_result (*fill)(tb_cu_address to, unsigned char value, size_t bytes, tb_cu_stream stream);
    tb_cu_result (*module_load)(tb_cu_module *module, const void *image);
    tb_cu_result (*module_unload)(tb_cu_module module);
    tb_cu_result (*module_function)(tb_cu_function *function, tb_cu_module module,
                                    const char *name);
    tb_cu_result (*function_get)(int *value, int attribute, tb_cu_function function);
    tb_cu_result (*function_set)(tb_cu_function function, int attribute, int value);
    tb_cu_result (*launch)(const tb_cu_launch_config *config, tb_cu_function function,
                           void **params, void **extra);
    tb_cu_result (*stream_create)(tb_cu_stream *stream, unsigned flags);
    tb_cu_result (*stream_destroy)(tb_cu_stream stream);
    tb_cu_result (*stream_synchronize)(tb_cu_stream stream);
    tb_cu_result (*event_create)(tb_cu_event *event, unsigned flags);
    tb_cu_result (*event_destroy)(tb_cu_event event);
    tb_cu_result (*event_record)(tb_cu_event event, tb_cu_stream stream);
    tb_cu_result (*event_synchronize)(tb_cu_event event);
    tb_cu_result (*event_elapsed_ms)(float *ms, tb_cu_event from, tb_cu_event to);
} tb_driver_calls;

typedef struct tb_driver {
    tb_library library;
    tb_driver_calls calls;
    int version; /* CUDA that the driver speaks: 13000 = 13.0 */
} tb_driver;

/**
 * Open libcuda.so.1 and find its calls; nothing is initialised.
 *
 * @return TB_OK; TB_EUNAVAILABLE for no driver, or one older than CUDA 12.0; TB_ENOMEM
 */
TB_NODISCARD tb_status tb_driver_open(tb_driver *out, tb_error *err);

/** A message of a call that failed: "cuMemAlloc: out of memory (CUDA_ERROR_OUT_OF_MEMORY)". The
 *  status is TB_EUNAVAILABLE for what belongs to the machine (no device, no memory), else
 *  TB_EINTERNAL. */
tb_status tb_driver_failed(const tb_driver *driver, const char *call, tb_cu_result result,
                           tb_error *err);

/** A UUID as NVIDIA's tools print it: "GPU-...". */
void tb_driver_print_uuid(const tb_cu_uuid *uuid, char text[48]);

#endif
