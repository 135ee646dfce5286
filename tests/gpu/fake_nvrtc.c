/* libnvrtc.so.13: compiles what it is given with the host compiler, for the emulator. The options
 * and architectures that it takes are those of NVRTC 13.0 that we use. */
#include "fake_nvrtc.h"

#include "fake_gpu.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const int tilebound_emulated = 1;

static atomic_int alive;

__attribute__((destructor)) static void tell_leaks(void)
{
    int left = atomic_load(&alive);
    if (left > 0) {
        tb_fake_leak("%d programs of NVRTC", left);
    }
}

/* 0 = go on. */
static nvrtcResult begin(const char *name)
{
    int code = tb_fake_fail(name);
    return code == -1 ? INTERNAL_ERROR : (nvrtcResult)code;
}

static nvrtcResult begin_with(const char *name, nvrtcProgram program)
{
    nvrtcResult result = begin(name);
    if (result != SUCCESS) {
        return result;
    }
    return program == NULL || program->self != program ? INVALID_PROGRAM : SUCCESS;
}

nvrtcResult nvrtcVersion(int *major, int *minor);
nvrtcResult nvrtcVersion(int *major, int *minor)
{
    nvrtcResult result = begin("nvrtcVersion");
    if (result == SUCCESS) {
        *major = 13;
        *minor = 0;
    }
    return result;
}

nvrtcResult nvrtcGetNumSupportedArchs(int *count);
nvrtcResult nvrtcGetNumSupportedArchs(int *count)
{
    nvrtcResult result = begin("nvrtcGetNumSupportedArchs");
    if (result == SUCCESS) {
        *count = tb_fake_arch_count();
    }
    return result;
}

nvrtcResult nvrtcGetSupportedArchs(int *sm);
nvrtcResult nvrtcGetSupportedArchs(int *sm)
{
    nvrtcResult result = begin("nvrtcGetSupportedArchs");
    if (result == SUCCESS) {
        memcpy(sm, tb_fake_arches, (size_t)tb_fake_arch_count() * sizeof *sm);
    }
    return result;
}

static void destroy(nvrtcProgram program)
{
    for (int i = 0; i < TB_FAKE_HEADERS_MAX; i++) {
        free((char *)(uintptr_t)program->headers[i].name);
        free((char *)(uintptr_t)program->headers[i].text);
    }
    tb_buffer_free(&program->log);
    tb_buffer_free(&program->cubin);
    tb_buffer_free(&program->ptx);
    free(program->name);
    free(program->source);
    free(program);
}

static bool copy_texts(nvrtcProgram program, const char *source, const char *name, int count,
                       const char *const *headers, const char *const *names)
{
    program->source = strdup(source);
    program->name = strdup(name != NULL ? name : "default_program");
    bool is_copied = program->source != NULL && program->name != NULL;
    for (int i = 0; is_copied && i < count; i++) {
        program->headers[i] = (tb_cuda_source){strdup(names[i]), strdup(headers[i])};
        is_copied = program->headers[i].name != NULL && program->headers[i].text != NULL;
    }
    return is_copied;
}

nvrtcResult nvrtcCreateProgram(nvrtcProgram *program, const char *source, const char *name,
                               int header_count, const char *const *headers,
                               const char *const *header_names);
nvrtcResult nvrtcCreateProgram(nvrtcProgram *program, const char *source, const char *name,
                               int header_count, const char *const *headers,
                               const char *const *header_names)
{
    nvrtcResult result = begin("nvrtcCreateProgram");
    if (result != SUCCESS) {
        return result;
    }
    if (program == NULL || source == NULL || header_count < 0 ||
        header_count > TB_FAKE_HEADERS_MAX) {
        return INVALID_INPUT;
    }
    nvrtcProgram made = calloc(1, sizeof *made);
    if (made == NULL) {
        return OUT_OF_MEMORY;
    }
    if (!copy_texts(made, source, name, header_count, headers, header_names)) {
        destroy(made);
        return OUT_OF_MEMORY;
    }
    made->self = made;
    (void)atomic_fetch_add(&alive, 1);
    *program = made;
    return result;
}

nvrtcResult nvrtcDestroyProgram(nvrtcProgram *program);
nvrtcResult nvrtcDestroyProgram(nvrtcProgram *program)
{
    nvrtcResult result = begin_with("nvrtcDestroyProgram", program != NULL ? *program : NULL);
    if (result == SUCCESS) {
        (*program)->self = NULL;
        destroy(*program);
        *program = NULL;
        (void)atomic_fetch_sub(&alive, 1);
    }
    return result;
}

nvrtcResult nvrtcCompileProgram(nvrtcProgram program, int option_count, const char *const *options);
nvrtcResult nvrtcCompileProgram(nvrtcProgram program, int option_count, const char *const *options)
{
    nvrtcResult result = begin_with("nvrtcCompileProgram", program);
    if (result != SUCCESS) {
        return result;
    }
    tb_buffer_free(&program->log);
    tb_buffer_free(&program->cubin);
    tb_buffer_free(&program->ptx);
    return tb_fake_nvrtc_compile(program, option_count, options);
}

static nvrtcResult text_size(const tb_buffer *text, size_t *bytes)
{
    *bytes = text->length + 1;
    return SUCCESS;
}

static nvrtcResult copy_text(const tb_buffer *text, char *out)
{
    if (text->length > 0) {
        memcpy(out, text->data, text->length);
    }
    out[text->length] = '\0';
    return SUCCESS;
}

nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram program, size_t *bytes);
nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram program, size_t *bytes)
{
    nvrtcResult result = begin_with("nvrtcGetProgramLogSize", program);
    return result == SUCCESS ? text_size(&program->log, bytes) : result;
}

nvrtcResult nvrtcGetProgramLog(nvrtcProgram program, char *log);
nvrtcResult nvrtcGetProgramLog(nvrtcProgram program, char *log)
{
    nvrtcResult result = begin_with("nvrtcGetProgramLog", program);
    return result == SUCCESS ? copy_text(&program->log, log) : result;
}

nvrtcResult nvrtcGetCUBINSize(nvrtcProgram program, size_t *bytes);
nvrtcResult nvrtcGetCUBINSize(nvrtcProgram program, size_t *bytes)
{
    nvrtcResult result = begin_with("nvrtcGetCUBINSize", program);
    if (result == SUCCESS) {
        *bytes = program->cubin.length; /* 0 of a virtual architecture */
    }
    return result;
}

nvrtcResult nvrtcGetCUBIN(nvrtcProgram program, char *cubin);
nvrtcResult nvrtcGetCUBIN(nvrtcProgram program, char *cubin)
{
    nvrtcResult result = begin_with("nvrtcGetCUBIN", program);
    if (result == SUCCESS && program->cubin.length > 0) {
        memcpy(cubin, program->cubin.data, program->cubin.length);
    }
    return result;
}

nvrtcResult nvrtcGetPTXSize(nvrtcProgram program, size_t *bytes);
nvrtcResult nvrtcGetPTXSize(nvrtcProgram program, size_t *bytes)
{
    nvrtcResult result = begin_with("nvrtcGetPTXSize", program);
    return result == SUCCESS ? text_size(&program->ptx, bytes) : result;
}

nvrtcResult nvrtcGetPTX(nvrtcProgram program, char *ptx);
nvrtcResult nvrtcGetPTX(nvrtcProgram program, char *ptx)
{
    nvrtcResult result = begin_with("nvrtcGetPTX", program);
    return result == SUCCESS ? copy_text(&program->ptx, ptx) : result;
}

const char *nvrtcGetErrorString(nvrtcResult result);
const char *nvrtcGetErrorString(nvrtcResult result)
{
    static const char *const names[] = {"NVRTC_SUCCESS",
                                        "NVRTC_ERROR_OUT_OF_MEMORY",
                                        "NVRTC_ERROR_PROGRAM_CREATION_FAILURE",
                                        "NVRTC_ERROR_INVALID_INPUT",
                                        "NVRTC_ERROR_INVALID_PROGRAM",
                                        "NVRTC_ERROR_INVALID_OPTION",
                                        "NVRTC_ERROR_COMPILATION"};
    if (begin("nvrtcGetErrorString") != SUCCESS || (size_t)result > INTERNAL_ERROR) {
        return "NVRTC_ERROR unknown";
    }
    return (size_t)result < sizeof names / sizeof *names ? names[(size_t)result]
                                                         : "NVRTC_ERROR_INTERNAL_ERROR";
}
