/* Modules: host twins that NVRTC made, with what is noted of them. */
#include "fake_cuda.h"

#include "fake_calls.h"
#include "fake_ptx.h"

#include <stdlib.h>
#include <string.h>

static int device_attribute(tb_device_key key, double otherwise)
{
    return (int)tb_device_get(tb_fake.model, key, otherwise);
}

static int64_t shared_limit(void)
{
    return (int64_t)device_attribute(TB_DEVICE_SMEM_MAX_PER_BLOCK_KIB, 99) * 1024;
}

/* A cubin runs on its own major architecture, from its minor one on; PTX on all that are newer. */
static bool runs_here(int sm, bool is_ptx)
{
    int ours = (int)tb_fake.model->compute_capability;
    return sm <= ours && (is_ptx || sm / 10 == ours / 10);
}

static bool add_functions(tb_cu_module module, const tb_fake_notes *notes)
{
    for (int i = 0; i < notes->count; i++) {
        const char *name = notes->kernel[i].name;
        struct CUfunc_st *function = &module->function[module->count++];
        function->module = module;
        memcpy(function->name, name, sizeof function->name);
        function->entry = tb_twin_entry(module->twin, name);
        function->params_bytes = tb_twin_params_bytes(module->twin, name);
        function->threads = tb_twin_threads(module->twin, name);
        function->registers = notes->kernel[i].registers;
        function->dynamic_bytes = TB_FAKE_DEFAULT_BYTES;
        if (function->entry == NULL || function->params_bytes == 0 || function->threads == 0) {
            return false;
        }
    }
    return true;
}

static void free_module(tb_cu_module module)
{
    tb_twin_destroy(module->twin);
    free(module);
}

static tb_cu_result load(tb_fake_gpu *gpu, const unsigned char *image, bool is_ptx,
                         tb_cu_module *out)
{
    tb_fake_notes notes;
    tb_error err;
    size_t bytes = tb_fake_image_object(image);
    if (bytes == 0 || !tb_fake_image_open(image, bytes, &notes)) {
        return FAKE_INVALID_IMAGE;
    }
    if (!runs_here(notes.sm, is_ptx)) {
        return TB_CU_NO_BINARY_FOR_GPU;
    }
    tb_cu_module made = calloc(1, sizeof *made);
    if (made == NULL) {
        return TB_CU_OUT_OF_MEMORY;
    }
    if (tb_twin_create_image(image, bytes, &made->twin, &err) != TB_OK) {
        tb_fake_say("cuModuleLoadData: %s", err.message);
        free_module(made);
        return FAKE_INVALID_IMAGE;
    }
    if (!add_functions(made, &notes)) {
        free_module(made);
        return FAKE_INVALID_IMAGE;
    }
    tb_fake_own(gpu, TB_FAKE_MODULE, &made->object);
    *out = made;
    return FAKE_SUCCESS;
}

static tb_cu_result load_any(tb_fake_gpu *gpu, const void *image, tb_cu_module *out)
{
    tb_buffer of_ptx = {0};
    if (image == NULL || out == NULL) {
        return FAKE_INVALID_VALUE;
    }
    if (*(const char *)image != '.') {
        return load(gpu, image, false, out);
    }
    tb_cu_result result = FAKE_INVALID_IMAGE;
    if (tb_fake_ptx_read(image, &of_ptx)) {
        result = load(gpu, (const unsigned char *)of_ptx.data, true, out);
    }
    tb_buffer_free(&of_ptx);
    return result;
}

tb_cu_result cuModuleLoadData(tb_cu_module *module, const void *image)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuModuleLoadData", TB_FAKE_CONTEXT, &gpu);
    return result == FAKE_SUCCESS ? tb_fake_leave(load_any(gpu, image, module)) : result;
}

tb_cu_result cuModuleUnload(tb_cu_module module)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuModuleUnload", TB_FAKE_CONTEXT, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    if (!tb_fake_owns(gpu, TB_FAKE_MODULE, module)) {
        return tb_fake_leave(FAKE_INVALID_HANDLE);
    }
    tb_fake_disown(gpu, &module->object);
    tb_fake_destroy(gpu, &module->object);
    return tb_fake_leave(FAKE_SUCCESS);
}

tb_cu_result cuModuleGetFunction(tb_cu_function *function, tb_cu_module module, const char *name)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuModuleGetFunction", TB_FAKE_CONTEXT, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    if (!tb_fake_owns(gpu, TB_FAKE_MODULE, module)) {
        return tb_fake_leave(FAKE_INVALID_HANDLE);
    }
    for (int i = 0; i < module->count; i++) {
        if (strcmp(module->function[i].name, name) == 0) {
            *function = &module->function[i];
            return tb_fake_leave(FAKE_SUCCESS);
        }
    }
    return tb_fake_leave(TB_CU_NOT_FOUND);
}

bool tb_fake_is_function(const tb_fake_gpu *gpu, tb_cu_function function)
{
    for (const tb_fake_object *at = gpu->objects; at != NULL; at = at->next) {
        const struct CUmod_st *module = (const struct CUmod_st *)at;
        for (int i = 0; at->kind == TB_FAKE_MODULE && i < module->count; i++) {
            if (function == &module->function[i]) {
                return true;
            }
        }
    }
    return false;
}

static tb_cu_result get(const struct CUfunc_st *function, int attribute, int *value)
{
    switch (attribute) {
    case 0: /* threads a CTA, at most */
        *value = function->threads;
        return FAKE_SUCCESS;
    case TB_CU_FUNCTION_STATIC_SHARED_BYTES:
    case TB_CU_FUNCTION_LOCAL_BYTES:
        *value = 0;
        return FAKE_SUCCESS;
    case TB_CU_FUNCTION_REGISTERS:
        *value = function->registers;
        return FAKE_SUCCESS;
    case TB_CU_FUNCTION_MAX_DYNAMIC_SHARED_BYTES:
        *value = (int)function->dynamic_bytes;
        return FAKE_SUCCESS;
    default:
        return FAKE_INVALID_VALUE;
    }
}

tb_cu_result cuFuncGetAttribute(int *value, int attribute, tb_cu_function function)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuFuncGetAttribute", TB_FAKE_CONTEXT, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    return tb_fake_leave(tb_fake_is_function(gpu, function) ? get(function, attribute, value)
                                                            : FAKE_INVALID_HANDLE);
}

tb_cu_result cuFuncSetAttribute(tb_cu_function function, int attribute, int value)
{
    tb_fake_gpu *gpu = NULL;
    tb_cu_result result = tb_fake_enter("cuFuncSetAttribute", TB_FAKE_CONTEXT, &gpu);
    if (result != FAKE_SUCCESS) {
        return result;
    }
    if (!tb_fake_is_function(gpu, function)) {
        return tb_fake_leave(FAKE_INVALID_HANDLE);
    }
    if (attribute != TB_CU_FUNCTION_MAX_DYNAMIC_SHARED_BYTES || value < 0 ||
        value > shared_limit()) {
        return tb_fake_leave(FAKE_INVALID_VALUE);
    }
    function->dynamic_bytes = value;
    return tb_fake_leave(FAKE_SUCCESS);
}
