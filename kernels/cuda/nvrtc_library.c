#include "nvrtc_library.h"

static const char *const names[] = {"libnvrtc.so.13", "libnvrtc.so.12", NULL};
static const char *const beside[] = {"libnvrtc-builtins.so", NULL};

static const tb_library_wanted wanted = {
    .what = "NVRTC",
    .names = names,
    .beside = beside,
    .is_of_toolkit = true,
    .remedy = "install the CUDA toolkit, or name its folder in CUDA_HOME",
};

#define CALL(member, name)                                                                         \
    {                                                                                              \
        name, offsetof(tb_nvrtc_calls, member), false                                              \
    }

static const tb_library_call calls[] = {
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
    CALL(ptx_size, "nvrtcGetPTXSize"),
    CALL(ptx, "nvrtcGetPTX"),
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
TB_IS_TYPED(ptx_size, nvrtcGetPTXSize);
TB_IS_TYPED(ptx, nvrtcGetPTX);
TB_IS_TYPED(error_text, nvrtcGetErrorString);
#endif

tb_status tb_nvrtc_library_open(tb_nvrtc_calls *out, tb_library *library, tb_error *err)
{
    return tb_library_open(&wanted, calls, sizeof calls / sizeof *calls, out, library, err);
}
