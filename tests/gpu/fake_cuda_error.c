/* What the driver's errors are called. */
#include "fake_cuda.h"

#include "fake_calls.h"

/* Source: cuda.h of CUDA 13.0. */
static const struct {
    tb_cu_result code;
    const char *name, *text;
} errors[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {4, "CUDA_ERROR_DEINITIALIZED", "driver shutting down"},
    {34, "CUDA_ERROR_STUB_LIBRARY", "CUDA driver is a stub library"},
    {35, "CUDA_ERROR_CALL_REQUIRES_NEWER_DRIVER", "API call requires a newer CUDA driver"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE", "CUDA-capable device(s) is/are busy or unavailable"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain."},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {702, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {716, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {800, "CUDA_ERROR_NOT_PERMITTED", "operation not permitted"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
     "system has unsupported display driver / cuda driver combination"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

static const size_t error_count = sizeof errors / sizeof *errors;

/* errors[] at the code, or past its end. */
static size_t find(tb_cu_result code)
{
    size_t at = 0;
    while (at < error_count && errors[at].code != code) {
        at++;
    }
    return at;
}

tb_cu_result cuGetErrorName(tb_cu_result result, const char **name)
{
    tb_cu_result wrong = tb_fake_enter("cuGetErrorName", TB_FAKE_NOTHING, NULL);
    if (wrong != FAKE_SUCCESS) {
        return wrong;
    }
    size_t at = find(result);
    *name = at < error_count ? errors[at].name : NULL;
    return tb_fake_leave(*name != NULL ? FAKE_SUCCESS : FAKE_INVALID_VALUE);
}

tb_cu_result cuGetErrorString(tb_cu_result result, const char **text)
{
    tb_cu_result wrong = tb_fake_enter("cuGetErrorString", TB_FAKE_NOTHING, NULL);
    if (wrong != FAKE_SUCCESS) {
        return wrong;
    }
    size_t at = find(result);
    *text = at < error_count ? errors[at].text : NULL;
    return tb_fake_leave(*text != NULL ? FAKE_SUCCESS : FAKE_INVALID_VALUE);
}
