#include "nvrtc_library.h"

#include "arena.h"
#include "file.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOOLKIT  "/usr/local/cuda"
#define BUILTINS "libnvrtc-builtins.so"

static const char *const library_names[] = {"libnvrtc.so.13", "libnvrtc.so.12"};

#define CALL(member, name)                                                                         \
    {                                                                                              \
        name, offsetof(tb_nvrtc_calls, member)                                                     \
    }

static const struct {
    const char *name;
    size_t at;
} calls[] = {
    CALL(version, "nvrtcVersion"),
    CALL(arch_count, "nvrtcGetNumSupportedArchs"),
    CALL(arches, "nvrtcGetSupportedArchs"),
    CALL(create, "nvrtcCreateProgram"),
    CALL(destroy, "nvrtcDestroyProgram"),
    CALL(compile, "nvrtcCompileProgram"),
    CALL(log_size, "nvrtcGetProgramLogSize"),
    CALL(log, "nvrtcGetProgramLog"),
    CALL(cubin_size, "nvrtcGetCUBINSize"),
    CALL(cubin, "nvrtcGetCUBIN"),
    CALL(error_text, "nvrtcGetErrorString"),
};

#ifdef TB_HAS_NVRTC_H
/* Pointers of two types make no conditional expression: a warning where ours differ. */
#define TB_IS_TYPED(member, call)                                                                  \
    _Static_assert(sizeof(1 ? ((tb_nvrtc_calls *)0)->member : (call)) > 0, #call)
TB_IS_TYPED(version, nvrtcVersion);
TB_IS_TYPED(arch_count, nvrtcGetNumSupportedArchs);
TB_IS_TYPED(arches, nvrtcGetSupportedArchs);
TB_IS_TYPED(create, nvrtcCreateProgram);
TB_IS_TYPED(destroy, nvrtcDestroyProgram);
TB_IS_TYPED(compile, nvrtcCompileProgram);
TB_IS_TYPED(log_size, nvrtcGetProgramLogSize);
TB_IS_TYPED(log, nvrtcGetProgramLog);
TB_IS_TYPED(cubin_size, nvrtcGetCUBINSize);
TB_IS_TYPED(cubin, nvrtcGetCUBIN);
TB_IS_TYPED(error_text, nvrtcGetErrorString);
#endif

/* ISO C has no conversion of what dlsym() gives; POSIX promises that the bytes are a function's. */
static bool find_call(void *library, const char *name, void *to)
{
    void *found = dlsym(library, name);
    memcpy(to, &found, sizeof found);
    return found != NULL;
}

static bool find_calls(void *library, tb_nvrtc_calls *out)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (!find_call(library, calls[i].name, (char *)out + calls[i].at)) {
            return false;
        }
    }
    return true;
}

/* NVRTC finds its own second library along the loader's path alone: one that lies beside it must be
 * open before. */
static void open_builtins(const char *folder, tb_arena *arena)
{
    const char *const *names = NULL;
    size_t count = 0;
    if (tb_file_list(folder, "", arena, &names, &count, NULL) != TB_OK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char path[1024];
        if (strncmp(names[i], BUILTINS, strlen(BUILTINS)) == 0 &&
            snprintf(path, sizeof path, "%s/%s", folder, names[i]) < (int)sizeof path) {
            (void)dlopen(path, RTLD_NOW | RTLD_GLOBAL);
        }
    }
}

/* What is looked through: the first library with all calls ends the search. */
typedef struct search {
    tb_arena *arena;
    tb_nvrtc_calls *calls;
    char *path;
    size_t capacity;
    bool found;
} search;

static void try_file(search *s, const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return;
    }
    s->found = find_calls(library, s->calls);
    if (s->found) {
        (void)snprintf(s->path, s->capacity, "%s", path);
    } else {
        (void)dlclose(library);
    }
}

static void try_folder(search *s, const char *folder)
{
    for (size_t i = 0; !s->found && i < sizeof library_names / sizeof *library_names; i++) {
        char path[1024];
        if (snprintf(path, sizeof path, "%s/%s", folder, library_names[i]) < (int)sizeof path &&
            tb_file_exists(path)) {
            open_builtins(folder, s->arena);
            try_file(s, path);
        }
    }
}

/* lib64, lib, and those of the targets of a toolkit. */
static void try_toolkit(search *s, const char *toolkit)
{
    char folder[768];
    const char *const *targets = NULL;
    size_t count = 0;
    if (toolkit == NULL || toolkit[0] != '/' || strlen(toolkit) > sizeof folder / 2) {
        return;
    }
    (void)snprintf(folder, sizeof folder, "%s/lib64", toolkit);
    try_folder(s, folder);
    (void)snprintf(folder, sizeof folder, "%s/lib", toolkit);
    try_folder(s, folder);
    (void)snprintf(folder, sizeof folder, "%s/targets", toolkit);
    if (s->found || tb_file_list(folder, "", s->arena, &targets, &count, NULL) != TB_OK) {
        return;
    }
    for (size_t i = 0; !s->found && i < count; i++) {
        if (snprintf(folder, sizeof folder, "%s/targets/%s/lib", toolkit, targets[i]) <
            (int)sizeof folder) {
            try_folder(s, folder);
        }
    }
}

tb_status tb_nvrtc_library_open(tb_nvrtc_calls *out, char *path, size_t capacity, tb_error *err)
{
    search s = {.arena = tb_arena_create(), .calls = out, .path = path, .capacity = capacity};
    if (s.arena == NULL) {
        return tb_fail(err, TB_ENOMEM, "no memory to look for NVRTC");
    }
    for (size_t i = 0; !s.found && i < sizeof library_names / sizeof *library_names; i++) {
        try_file(&s, library_names[i]);
    }
    const char *const toolkits[] = {getenv("CUDA_HOME"), getenv("CUDA_PATH"), TOOLKIT};
    for (size_t i = 0; !s.found && i < sizeof toolkits / sizeof *toolkits; i++) {
        try_toolkit(&s, toolkits[i]);
    }
    tb_arena_destroy(s.arena);
    return s.found
               ? TB_OK
               : tb_fail(err, TB_EUNAVAILABLE,
                         "NVRTC is not here: no %s or %s along the loader's path, in $CUDA_HOME, "
                         "$CUDA_PATH or " TOOLKIT "; install the CUDA toolkit, or name its "
                         "folder in CUDA_HOME",
                         library_names[0], library_names[1]);
}
