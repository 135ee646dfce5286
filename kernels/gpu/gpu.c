/* Opening the process' GPU: the order of the libraries matters, see tb_cupti_open(). */
#include "gpu_parts.h"

#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CUPTI and the primary context belong to a process, and so does this. */
static struct {
    char which[64]; /* "" = the first */
    bool is_events;
    tb_gpu *gpu;
    bool has_failed;
    tb_error failure;
} process;

tb_status tb_gpu_choose(const char *which, bool is_events, tb_error *err)
{
    int64_t index;
    if (process.gpu != NULL || process.has_failed) {
        return tb_fail(err, TB_EINVAL, "the GPU is in use already; choose it before");
    }
    if (which != NULL && strncmp(which, "GPU-", 4) != 0 &&
        (!tb_text_int(which, &index) || index < 0)) {
        return tb_fail(err, TB_EINVAL,
                       "no GPU '%s'; give an index (0) or a UUID (GPU-...), as nvidia-smi -L has "
                       "them",
                       which);
    }
    (void)snprintf(process.which, sizeof process.which, "%s", which != NULL ? which : "");
    process.is_events = is_events;
    return TB_OK;
}

/* The integers that the driver tells of a device. */
static tb_status read_attributes(const tb_gpu *gpu, tb_gpu_info *info, tb_error *err)
{
    enum { COUNT = 11 };
    int value[COUNT] = {0};
    static const int wanted[COUNT] = {
        TB_CU_CAPABILITY_MAJOR, TB_CU_CAPABILITY_MINOR,    TB_CU_SM_COUNT,
        TB_CU_L2_BYTES,         TB_CU_SHARED_BYTES_PER_SM, TB_CU_SHARED_BYTES_PER_CTA_OPTIN,
        TB_CU_REGISTERS_PER_SM, TB_CU_THREADS_PER_SM,      TB_CU_CLOCK_KHZ,
        TB_CU_MEMORY_CLOCK_KHZ, TB_CU_MEMORY_BUS_BITS};
    for (int i = 0; i < COUNT; i++) {
        tb_cu_result result = gpu->driver.calls.device_attribute(&value[i], wanted[i], gpu->device);
        if (result != 0) {
            return tb_driver_failed(&gpu->driver, "cuDeviceGetAttribute", result, err);
        }
    }
    info->sm = value[0] * 10 + value[1];
    info->sms = value[2];
    info->l2_bytes = value[3];
    info->shared_bytes_per_sm = value[4];
    info->shared_bytes_per_cta = value[5];
    info->registers_per_sm = value[6];
    info->threads_per_sm = value[7];
    info->clock_mhz = value[8] / 1e3;
    info->memory_clock_mhz = value[9] / 1e3;
    info->memory_bus_bits = value[10];
    return TB_OK;
}

static tb_status read_info(tb_gpu *gpu, int index, tb_error *err)
{
    const tb_driver_calls *calls = &gpu->driver.calls;
    tb_gpu_info info = {.index = index, .cuda_version = gpu->driver.version};
    tb_cu_uuid uuid;
    size_t bytes = 0;
    tb_cu_result result = calls->device_get(&gpu->device, index);
    const char *call = "cuDeviceGet";
    if (result == 0) {
        call = "cuDeviceGetName";
        result = calls->device_name(info.name, (int)sizeof info.name, gpu->device);
    }
    if (result == 0) {
        call = "cuDeviceGetUuid";
        result = calls->device_uuid(&uuid, gpu->device);
    }
    if (result == 0) {
        call = "cuDeviceGetPCIBusId";
        result = calls->device_pci_id(info.pci, (int)sizeof info.pci, gpu->device);
    }
    if (result == 0) {
        call = "cuDeviceTotalMem";
        result = calls->device_memory(&bytes, gpu->device);
    }
    if (result != 0) {
        return tb_driver_failed(&gpu->driver, call, result, err);
    }
    tb_driver_print_uuid(&uuid, info.uuid);
    info.memory_bytes = (int64_t)bytes;
    gpu->info = info;
    return read_attributes(gpu, &gpu->info, err);
}

static bool is_chosen(const tb_gpu_info *info)
{
    int64_t index = 0;
    const char *which = process.which;
    return strncmp(which, "GPU-", 4) == 0
               ? strncmp(info->uuid, which, strlen(which)) == 0
               : which[0] == '\0' || (tb_text_int(which, &index) && index == info->index);
}

/* The first GPU that fits the choice. */
static tb_status choose_device(tb_gpu *gpu, tb_error *err)
{
    int count = 0;
    tb_cu_result result = gpu->driver.calls.device_count(&count);
    if (result != 0) {
        return tb_driver_failed(&gpu->driver, "cuDeviceGetCount", result, err);
    }
    for (int i = 0; i < count; i++) {
        tb_status status = read_info(gpu, i, err);
        if (status != TB_OK || is_chosen(&gpu->info)) {
            return status;
        }
    }
    return count == 0 ? tb_fail(err, TB_EUNAVAILABLE,
                                "the driver sees no GPU; see that CUDA_VISIBLE_DEVICES hides none, "
                                "and that nvidia-smi lists one")
                      : tb_fail(err, TB_EINVAL,
                                "no GPU '%s' among the %d here; nvidia-smi -L "
                                "lists them",
                                process.which, count);
}

/* What our kernels are compiled for on it. */
static tb_status choose_arch(tb_gpu *gpu, tb_error *err)
{
    for (int i = TB_CUDA_ARCH_COUNT - 1; i >= 0; i--) {
        if (tb_cuda_arch_sm[i] <= gpu->info.sm) {
            gpu->planning = (tb_cuda_device){.arch = (tb_cuda_arch)(1 << i), .sms = gpu->info.sms};
            return TB_OK;
        }
    }
    return tb_fail(err, TB_EUNAVAILABLE,
                   "%s has compute capability %d.%d; our kernels need 8.0 or later", gpu->info.name,
                   gpu->info.sm / 10, gpu->info.sm % 10);
}

static tb_status open_context(tb_gpu *gpu, tb_error *err)
{
    const tb_driver_calls *calls = &gpu->driver.calls;
    tb_cu_result result = calls->context_retain(&gpu->context, gpu->device);
    if (result != 0) {
        return tb_driver_failed(&gpu->driver, "cuDevicePrimaryCtxRetain", result, err);
    }
    gpu->has_context = true;
    result = calls->context_set(gpu->context);
    if (result != 0) {
        return tb_driver_failed(&gpu->driver, "cuCtxSetCurrent", result, err);
    }
    result = calls->stream_create(&gpu->stream, TB_CU_STREAM_NON_BLOCKING);
    if (result != 0) {
        return tb_driver_failed(&gpu->driver, "cuStreamCreate", result, err);
    }
    gpu->has_stream = true;
    for (int i = 0; i <= TB_GPU_GROUPS; i++) {
        result = calls->event_create(&gpu->event[i], TB_CU_EVENT_DEFAULT);
        if (result != 0) {
            return tb_driver_failed(&gpu->driver, "cuEventCreate", result, err);
        }
        gpu->events++;
    }
    return TB_OK;
}

static tb_status open_compiler(tb_gpu *gpu, tb_error *err)
{
    int major = 0, minor = 0;
    tb_status status = tb_nvrtc_open(&gpu->nvrtc, err);
    if (status != TB_OK) {
        return status;
    }
    tb_nvrtc_version(gpu->nvrtc, &major, &minor);
    if (major > gpu->driver.version / 1000) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "NVRTC is of CUDA %d.%d and the driver speaks %d.%d; update the driver, or "
                       "put libnvrtc.so.%d on LD_LIBRARY_PATH alone",
                       major, minor, gpu->driver.version / 1000, gpu->driver.version % 1000 / 10,
                       gpu->driver.version / 1000);
    }
    (void)snprintf(gpu->info.compiler_version, sizeof gpu->info.compiler_version, "%d.%d", major,
                   minor);
    return TB_OK;
}

/* Before cuInit, or it sees no kernels. */
static tb_status open_cupti(tb_gpu *gpu, tb_error *err)
{
    tb_error why = {0};
    if (process.is_events) {
        (void)snprintf(gpu->why_no_cupti, sizeof gpu->why_no_cupti, "CUDA events were asked for");
        return TB_OK;
    }
    tb_status status = tb_cupti_open(true, &gpu->cupti, &why);
    if (status == TB_ENOMEM) {
        return tb_fail(err, status, "%s", why.message);
    }
    (void)snprintf(gpu->why_no_cupti, sizeof gpu->why_no_cupti, "%s", why.message);
    return TB_OK;
}

/* Clocks are good to know, not needed. */
static tb_status open_nvml(tb_gpu *gpu, tb_error *err)
{
    tb_error why = {0};
    tb_status status = tb_nvml_open(gpu->info.uuid, &gpu->nvml, &why);
    if (status == TB_ENOMEM) {
        return tb_fail(err, status, "%s", why.message);
    }
    (void)snprintf(gpu->info.driver_version, sizeof gpu->info.driver_version, "%s",
                   gpu->nvml != NULL ? tb_nvml_driver(gpu->nvml) : "");
    return TB_OK;
}

static bool is_any_emulated(const tb_gpu *gpu)
{
    return gpu->driver.library.is_emulated || tb_nvrtc_is_emulated(gpu->nvrtc) ||
           (gpu->cupti != NULL && tb_cupti_library(gpu->cupti)->is_emulated) ||
           (gpu->nvml != NULL && tb_nvml_library(gpu->nvml)->is_emulated);
}

static tb_status open_all(tb_gpu *gpu, tb_error *err)
{
    tb_status status = tb_driver_open(&gpu->driver, err);
    if (status == TB_OK) {
        status = open_cupti(gpu, err);
    }
    if (status == TB_OK) {
        tb_cu_result result = gpu->driver.calls.init(0);
        status = result == 0 ? TB_OK : tb_driver_failed(&gpu->driver, "cuInit", result, err);
    }
    if (status == TB_OK) {
        status = choose_device(gpu, err);
    }
    if (status == TB_OK) {
        status = choose_arch(gpu, err);
    }
    if (status == TB_OK) {
        status = open_compiler(gpu, err);
    }
    if (status == TB_OK) {
        status = open_context(gpu, err);
    }
    if (status == TB_OK) {
        status = open_nvml(gpu, err);
    }
    if (status == TB_OK) {
        gpu->info.is_emulated = is_any_emulated(gpu);
    }
    return status;
}

static void destroy(tb_gpu *gpu)
{
    const tb_driver_calls *calls = &gpu->driver.calls;
    tb_gpu_unload(gpu);
    for (int i = 0; i < gpu->events; i++) {
        (void)calls->event_destroy(gpu->event[i]);
    }
    if (gpu->has_stream) {
        (void)calls->stream_destroy(gpu->stream);
    }
    tb_cupti_close(gpu->cupti);
    if (gpu->has_context) {
        (void)calls->context_release(gpu->device);
    }
    tb_nvml_close(gpu->nvml);
    tb_nvrtc_close(gpu->nvrtc);
    tb_kernel_records_free(&gpu->records);
    free(gpu->matched);
    free(gpu);
}

tb_status tb_gpu_get(tb_gpu **out, tb_error *err)
{
    if (process.has_failed) {
        return tb_fail(err, process.failure.code, "%s", process.failure.message);
    }
    if (process.gpu != NULL) {
        *out = process.gpu;
        return TB_OK;
    }
    tb_gpu *gpu = calloc(1, sizeof *gpu);
    if (gpu == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a GPU");
    }
    tb_status status = open_all(gpu, &process.failure);
    if (status != TB_OK) {
        destroy(gpu);
        process.has_failed = true;
        return tb_fail(err, status, "%s", process.failure.message);
    }
    *out = process.gpu = gpu;
    return TB_OK;
}

void tb_gpu_close(void)
{
    if (process.gpu != NULL) {
        destroy(process.gpu);
    }
    process.gpu = NULL;
    process.has_failed = false;
}

const tb_gpu_info *tb_gpu_info_of(const tb_gpu *gpu)
{
    return &gpu->info;
}

const tb_driver *tb_gpu_driver(const tb_gpu *gpu)
{
    return &gpu->driver;
}

tb_cu_stream tb_gpu_stream(const tb_gpu *gpu)
{
    return gpu->stream;
}

tb_cuda_device tb_gpu_device(const tb_gpu *gpu)
{
    return gpu->planning;
}

tb_cupti *tb_gpu_cupti(const tb_gpu *gpu, const char **why_not)
{
    if (why_not != NULL) {
        *why_not = gpu->why_no_cupti;
    }
    return gpu->cupti;
}

void tb_gpu_drop_cupti(tb_gpu *gpu, const char *why)
{
    tb_cupti_close(gpu->cupti);
    gpu->cupti = NULL;
    (void)snprintf(gpu->why_no_cupti, sizeof gpu->why_no_cupti, "%s", why);
}

void tb_gpu_read_state(const tb_gpu *gpu, tb_gpu_state *out)
{
    *out = (tb_gpu_state){0};
    if (gpu->nvml != NULL) {
        tb_nvml_read(gpu->nvml, out);
    }
}
