/* Kernels and memory of an open GPU. */
#include "gpu_parts.h"
#include "image_cache.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_PER_GIB  1073741824.0
#define WITHOUT_ASKING (48 << 10) /* dynamic shared memory that every kernel may have */

tb_status tb_gpu_alloc(tb_gpu *gpu, const char *what, int64_t bytes, tb_cu_address *out,
                       tb_error *err)
{
    size_t free_bytes = 0, total = 0;
    tb_cu_result result = gpu->driver.calls.alloc(out, bytes > 0 ? (size_t)bytes : 1);
    if (result == TB_CU_OUT_OF_MEMORY && gpu->driver.calls.memory_info(&free_bytes, &total) == 0) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "%s takes %.3g GiB of GPU memory, and %.3g of %.3g GiB are free; make the "
                       "problem smaller, or free the GPU of other programs",
                       what, (double)bytes / BYTES_PER_GIB, (double)free_bytes / BYTES_PER_GIB,
                       (double)total / BYTES_PER_GIB);
    }
    return result == 0 ? TB_OK : tb_driver_failed(&gpu->driver, "cuMemAlloc", result, err);
}

void tb_gpu_free(tb_gpu *gpu, tb_cu_address address)
{
    if (address != 0) {
        (void)gpu->driver.calls.free(address);
    }
}

static const tb_gpu_loaded *find_loaded(const tb_gpu *gpu, const tb_cuda_variant *variant)
{
    for (size_t i = 0; i < gpu->loaded_count; i++) {
        if (gpu->loaded[i].variant == variant) {
            return &gpu->loaded[i];
        }
    }
    return NULL;
}

static tb_status make_room(tb_gpu *gpu, tb_error *err)
{
    if (gpu->loaded_count < gpu->loaded_capacity) {
        return TB_OK;
    }
    size_t larger = gpu->loaded_capacity + 16;
    tb_gpu_loaded *grown = realloc(gpu->loaded, larger * sizeof *grown);
    if (grown == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory for a kernel");
    }
    gpu->loaded = grown;
    gpu->loaded_capacity = larger;
    return TB_OK;
}

/* From the cache, else from the compiler. */
static tb_status find_image(tb_gpu *gpu, const tb_cuda_variant *variant, tb_cubin *out,
                            bool *is_from_cache, tb_error *err)
{
    tb_image_place place;
    tb_image_place_find(variant, gpu->info.sm, gpu->info.compiler_version,
                        tb_nvrtc_is_emulated(gpu->nvrtc), &place);
    *is_from_cache = tb_image_read(&place, out);
    if (*is_from_cache) {
        return TB_OK;
    }
    tb_status status = tb_nvrtc_compile(gpu->nvrtc, variant, gpu->info.sm, out, err);
    if (status == TB_OK) {
        tb_image_write(&place, out);
    }
    return status;
}

static tb_status read_usage(tb_gpu *gpu, const tb_gpu_loaded *of, tb_gpu_kernel *out, tb_error *err)
{
    static const int wanted[] = {TB_CU_FUNCTION_REGISTERS, TB_CU_FUNCTION_STATIC_SHARED_BYTES,
                                 TB_CU_FUNCTION_LOCAL_BYTES};
    int value[3] = {0};
    for (int i = 0; i < 3; i++) {
        tb_cu_result result =
            gpu->driver.calls.function_get(&value[i], wanted[i], of->kernel.function);
        if (result != 0) {
            return tb_driver_failed(&gpu->driver, "cuFuncGetAttribute", result, err);
        }
    }
    out->registers = value[0];
    out->static_shared_bytes = value[1];
    out->local_bytes = value[2];
    return TB_OK;
}

/* What the compiler said of the kernel must be what the driver has loaded. */
static tb_status check_usage(const tb_cuda_variant *variant, const tb_cubin *image,
                             const tb_gpu_kernel *kernel, tb_error *err)
{
    if (image->usage.registers == 0 || image->usage.registers == kernel->registers) {
        return TB_OK; /* 0: PTX, which the driver compiled */
    }
    return tb_fail(err, TB_EINTERNAL,
                   "the driver says that %s takes %lld registers, and the compiler said %lld; "
                   "another image was loaded than was made",
                   variant->name, (long long)kernel->registers, (long long)image->usage.registers);
}

static tb_status load_image(tb_gpu *gpu, const tb_cuda_variant *variant, const tb_cubin *image,
                            tb_gpu_loaded *made, tb_error *err)
{
    const tb_driver_calls *calls = &gpu->driver.calls;
    tb_cu_result result = calls->module_load(&made->module, image->data);
    if (result != 0) {
        return tb_driver_failed(&gpu->driver, "cuModuleLoadData", result, err);
    }
    const char *call = "cuModuleGetFunction";
    result = calls->module_function(&made->kernel.function, made->module, variant->kernel);
    if (result == 0 && variant->shared_bytes > WITHOUT_ASKING) {
        call = "cuFuncSetAttribute";
        result = calls->function_set(made->kernel.function, TB_CU_FUNCTION_MAX_DYNAMIC_SHARED_BYTES,
                                     (int)variant->shared_bytes);
    }
    tb_status status = result == 0 ? TB_OK : tb_driver_failed(&gpu->driver, call, result, err);
    if (status == TB_OK) {
        status = read_usage(gpu, made, &made->kernel, err);
    }
    if (status == TB_OK) {
        status = check_usage(variant, image, &made->kernel, err);
    }
    if (status != TB_OK) {
        (void)calls->module_unload(made->module);
    }
    return status;
}

tb_status tb_gpu_load(tb_gpu *gpu, const tb_cuda_variant *variant, tb_gpu_kernel *out,
                      tb_error *err)
{
    const tb_gpu_loaded *found = find_loaded(gpu, variant);
    if (found != NULL) {
        *out = found->kernel;
        return TB_OK;
    }
    tb_cubin image = {0};
    tb_gpu_loaded made = {.variant = variant};
    tb_status status = make_room(gpu, err);
    if (status == TB_OK) {
        status = find_image(gpu, variant, &image, &made.kernel.is_from_cache, err);
    }
    if (status == TB_OK) {
        status = load_image(gpu, variant, &image, &made, err);
    }
    tb_cubin_release(&image);
    if (status == TB_OK) {
        gpu->loaded[gpu->loaded_count++] = made;
        *out = made.kernel;
    }
    return status;
}

void tb_gpu_unload(tb_gpu *gpu)
{
    for (size_t i = 0; i < gpu->loaded_count; i++) {
        (void)gpu->driver.calls.module_unload(gpu->loaded[i].module);
    }
    free(gpu->loaded);
    gpu->loaded = NULL;
    gpu->loaded_count = gpu->loaded_capacity = 0;
}
