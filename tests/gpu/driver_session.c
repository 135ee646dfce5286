#include "driver_session.h"

#include "test_support.h"

static tb_driver driver;
static bool is_open;

const tb_driver *tb_session_driver(void)
{
    tb_error err;
    if (!is_open) {
        tb_assert_ok(tb_driver_open(&driver, &err), &err);
        is_open = true;
    }
    return &driver;
}

const tb_driver_calls *tb_session_calls(void)
{
    return &tb_session_driver()->calls;
}

void tb_session_begin(void)
{
    const tb_driver_calls *cu = tb_session_calls();
    tb_cu_device device = -1;
    tb_cu_context context = NULL;
    assert_int_equal(cu->init(0), 0);
    assert_int_equal(cu->device_get(&device, 0), 0);
    assert_int_equal(cu->context_retain(&context, device), 0);
    assert_int_equal(cu->context_set(context), 0);
}

void tb_session_end(void)
{
    assert_int_equal(tb_session_calls()->context_release(0), 0);
}

tb_cubin tb_session_compile(const char *variant, int sm)
{
    tb_nvrtc *nvrtc = NULL;
    tb_cubin cubin = {0};
    tb_error err;
    const tb_cuda_variant *found = tb_cuda_variant_find(variant);
    assert_non_null(found);
    tb_assert_ok(tb_nvrtc_open(&nvrtc, &err), &err);
    assert_true(tb_nvrtc_is_emulated(nvrtc));
    tb_assert_ok(tb_nvrtc_compile(nvrtc, found, sm, &cubin, &err), &err);
    tb_nvrtc_close(nvrtc);
    return cubin;
}

tb_session_kernel tb_session_load(void)
{
    const tb_driver_calls *cu = tb_session_calls();
    tb_session_kernel kernel = {0};
    tb_cubin cubin = tb_session_compile("microbench", 90);
    assert_int_equal(cu->module_load(&kernel.module, cubin.data), 0);
    assert_int_equal(cu->module_function(&kernel.function, kernel.module, "microbench"), 0);
    kernel.registers = cubin.usage.registers;
    tb_cubin_release(&cubin);
    return kernel;
}

void tb_session_unload(const tb_session_kernel *kernel)
{
    assert_int_equal(tb_session_calls()->module_unload(kernel->module), 0);
}

tb_cu_address tb_session_alloc(size_t bytes)
{
    tb_cu_address address = 0;
    assert_int_equal(tb_session_calls()->alloc(&address, bytes), 0);
    assert_int_equal(address % 256, 0);
    return address;
}

tb_cu_launch_config tb_session_config(unsigned ctas)
{
    return (tb_cu_launch_config){.grid = {ctas, 1, 1},
                                 .cta = {TB_MICROBENCH_THREADS, 1, 1},
                                 .shared_bytes = TB_MICROBENCH_SHARED_BYTES};
}

tb_cu_result tb_session_launch(const tb_session_kernel *kernel, unsigned ctas,
                               const tb_microbench_params *params,
                               const tb_cu_launch_config *config)
{
    tb_microbench_params copy = *params;
    void *list[] = {&copy};
    tb_cu_launch_config fitting = tb_session_config(ctas);
    return tb_session_calls()->launch(config != NULL ? config : &fitting, kernel->function, list,
                                      NULL);
}
