#include "nvrtc.h"

#include "cuda_sources.h"
#include "nvrtc_library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX (TB_CUDA_OPTIONS_MAX + 5)
#define SOURCES_MAX 64
/* NVRTC_ERROR_INVALID_OPTION; source: nvrtc.h of CUDA 13.0. */
#define INVALID_OPTION 5
/* Goes before the version in what ptxas writes into every cubin. */
#define RELEASE "Cuda compilation tools, release "

struct tb_nvrtc {
    tb_nvrtc_calls calls;
    tb_library library;
    int major, minor;
    int arch_count;
    int *arches; /* owned */
};

static tb_status no_memory(tb_error *err)
{
    return tb_fail(err, TB_ENOMEM, "no memory for NVRTC");
}

static tb_status failed(const tb_nvrtc *nvrtc, const char *what, nvrtcResult result, tb_error *err)
{
    return tb_fail(err, TB_EINTERNAL, "NVRTC %d.%d: %s: %s", nvrtc->major, nvrtc->minor, what,
                   nvrtc->calls.error_text(result));
}

static tb_status read_arches(tb_nvrtc *nvrtc, tb_error *err)
{
    nvrtcResult result = nvrtc->calls.version(&nvrtc->major, &nvrtc->minor);
    if (result == 0) {
        result = nvrtc->calls.arch_count(&nvrtc->arch_count);
    }
    if (result == 0 && nvrtc->arch_count > 0) {
        nvrtc->arches = calloc((size_t)nvrtc->arch_count, sizeof *nvrtc->arches);
        if (nvrtc->arches == NULL) {
            return no_memory(err);
        }
        result = nvrtc->calls.arches(nvrtc->arches);
    }
    return result == 0 ? TB_OK : failed(nvrtc, "its version and architectures", result, err);
}

tb_status tb_nvrtc_open(tb_nvrtc **out, tb_error *err)
{
    tb_nvrtc *nvrtc = calloc(1, sizeof *nvrtc);
    if (nvrtc == NULL) {
        return no_memory(err);
    }
    tb_status status = tb_nvrtc_library_open(&nvrtc->calls, &nvrtc->library, err);
    if (status == TB_OK) {
        status = read_arches(nvrtc, err);
    }
    if (status != TB_OK) {
        tb_nvrtc_close(nvrtc);
        return status;
    }
    *out = nvrtc;
    return TB_OK;
}

void tb_nvrtc_close(tb_nvrtc *nvrtc)
{
    if (nvrtc != NULL) {
        free(nvrtc->arches);
        free(nvrtc);
    }
}

const char *tb_nvrtc_path(const tb_nvrtc *nvrtc)
{
    return nvrtc->library.path;
}

bool tb_nvrtc_knows(const tb_nvrtc *nvrtc, int sm)
{
    for (int i = 0; i < nvrtc->arch_count; i++) {
        if (nvrtc->arches[i] == sm) {
            return true;
        }
    }
    return false;
}

void tb_nvrtc_version(const tb_nvrtc *nvrtc, int *major, int *minor)
{
    *major = nvrtc->major;
    *minor = nvrtc->minor;
}

bool tb_nvrtc_is_emulated(const tb_nvrtc *nvrtc)
{
    return nvrtc->library.is_emulated;
}

/* The newest architecture that it knows, of those below `sm` if all are; else 0. */
static int newest_below(const tb_nvrtc *nvrtc, int sm)
{
    int newest = 0;
    for (int i = 0; i < nvrtc->arch_count; i++) {
        newest = nvrtc->arches[i] > newest ? nvrtc->arches[i] : newest;
    }
    return newest < sm ? newest : 0;
}

/* Every embedded text may be included by every other. */
static tb_status create_program(const tb_nvrtc *nvrtc, const tb_cuda_variant *variant,
                                nvrtcProgram *out, tb_error *err)
{
    const char *texts[SOURCES_MAX], *names[SOURCES_MAX];
    const char *text = tb_cuda_source_find(variant->source);
    int count = 0;
    if (text == NULL) {
        return tb_fail(err, TB_EINVAL, "variant %s: there is no source %s", variant->name,
                       variant->source);
    }
    for (const tb_cuda_source *s = tb_cuda_sources; s->name != NULL && count < SOURCES_MAX; s++) {
        texts[count] = s->text;
        names[count++] = s->name;
    }
    nvrtcResult result = nvrtc->calls.create(out, text, variant->source, count, texts, names);
    return result == 0 ? TB_OK : failed(nvrtc, variant->name, result, err);
}

static tb_status read_log(const tb_nvrtc *nvrtc, nvrtcProgram program, tb_cubin *out, tb_error *err)
{
    size_t bytes = 0; /* with its end */
    nvrtcResult result = nvrtc->calls.log_size(program, &bytes);
    if (result == 0) {
        out->log = calloc(bytes + 1, 1);
        if (out->log == NULL) {
            return no_memory(err);
        }
        result = nvrtc->calls.log(program, out->log);
    }
    return result == 0 ? TB_OK : failed(nvrtc, "its log", result, err);
}

static tb_status read_image(const tb_nvrtc *nvrtc, nvrtcProgram program, tb_cubin *out,
                            tb_error *err)
{
    const tb_nvrtc_calls *calls = &nvrtc->calls;
    nvrtcResult result = (out->is_ptx ? calls->ptx_size : calls->cubin_size)(program, &out->bytes);
    if (result == 0) {
        out->data = calloc(out->bytes + 1, 1);
        if (out->data == NULL) {
            return no_memory(err);
        }
        result = (out->is_ptx ? calls->ptx : calls->cubin)(program, (char *)out->data);
    }
    return result == 0 ? TB_OK : failed(nvrtc, "its image", result, err);
}

/* "13.0.88" of "Cuda compilation tools, release 13.0, V13.0.88" in the cubin's notes. */
static void read_compiler(const tb_nvrtc *nvrtc, tb_cubin *out)
{
    size_t length = strlen(RELEASE);
    (void)snprintf(out->compiler, sizeof out->compiler, "%d.%d", nvrtc->major, nvrtc->minor);
    for (size_t i = 0; i + length < out->bytes; i++) {
        if (memcmp(out->data + i, RELEASE, length) == 0) { /* data ends with a NUL of ours */
            (void)sscanf((const char *)out->data + i + length, "%*[0-9.], V%31[0-9.]",
                         out->compiler);
            return;
        }
    }
}

/* The first line of the log that speaks of an error, else its first. */
static tb_status does_not_compile(const tb_cuda_variant *variant, int sm, const char *log,
                                  tb_error *err)
{
    const char *line = strstr(log, "error");
    while (line != NULL && line > log && line[-1] != '\n') {
        line--;
    }
    line = line != NULL ? line : log;
    return tb_fail(err, TB_EINVAL, "variant %s does not compile for sm_%d: %.*s", variant->name, sm,
                   (int)strcspn(line, "\n"), line);
}

/* Without NVRTC's cache, which where there is a driver gives back what was compiled before, without
 * the log that tells registers and spills. An NVRTC older than its cache does not know the option.
 */
static nvrtcResult compile_anew(const tb_nvrtc *nvrtc, nvrtcProgram program, const char **options,
                                int count)
{
    options[count] = "--no-cache";
    nvrtcResult result = nvrtc->calls.compile(program, count + 1, options);
    return result == INVALID_OPTION ? nvrtc->calls.compile(program, count, options) : result;
}

/* Compile a program and read what came of it. */
static tb_status compile_program(const tb_nvrtc *nvrtc, const tb_cuda_variant *variant, int sm,
                                 nvrtcProgram program, tb_cubin *out, tb_error *err)
{
    char arch[32];
    const char *options[OPTIONS_MAX] = {arch, "--std=c++17", "--ptxas-options=-v"};
    int count = 3;
    (void)snprintf(arch, sizeof arch, "--gpu-architecture=%s_%d", out->is_ptx ? "compute" : "sm",
                   out->is_ptx ? newest_below(nvrtc, sm) : sm);
    for (const char *const *option = variant->options; *option != NULL; option++) {
        options[count++] = *option;
    }
    nvrtcResult result = compile_anew(nvrtc, program, options, count);
    tb_status status = read_log(nvrtc, program, out, err);
    if (status == TB_OK && result != 0) {
        return does_not_compile(variant, sm, out->log, err);
    }
    if (status == TB_OK) {
        status = read_image(nvrtc, program, out, err);
    }
    if (status == TB_OK && !out->is_ptx &&
        !tb_ptxas_log_read(out->log, variant->kernel, &out->usage)) {
        return tb_fail(err, TB_EINVAL, "variant %s: source %s has no kernel %s", variant->name,
                       variant->source, variant->kernel);
    }
    if (status == TB_OK) {
        read_compiler(nvrtc, out);
    }
    return status;
}

tb_status tb_nvrtc_compile(const tb_nvrtc *nvrtc, const tb_cuda_variant *variant, int sm,
                           tb_cubin *out, tb_error *err)
{
    bool is_known = tb_nvrtc_knows(nvrtc, sm);
    if (!is_known && newest_below(nvrtc, sm) == 0) {
        return tb_fail(err, TB_EUNAVAILABLE,
                       "NVRTC %d.%d does not compile for sm_%d; a newer CUDA "
                       "toolkit does",
                       nvrtc->major, nvrtc->minor, sm);
    }
    nvrtcProgram program = NULL;
    tb_cubin cubin = {.is_ptx = !is_known};
    tb_status status = create_program(nvrtc, variant, &program, err);
    if (status == TB_OK) {
        status = compile_program(nvrtc, variant, sm, program, &cubin, err);
        (void)nvrtc->calls.destroy(&program);
    }
    if (status != TB_OK) {
        tb_cubin_release(&cubin);
        return status;
    }
    *out = cubin;
    return TB_OK;
}

void tb_cubin_release(tb_cubin *cubin)
{
    free(cubin->data);
    free(cubin->log);
}
