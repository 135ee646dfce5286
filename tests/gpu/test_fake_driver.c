/* The emulated driver: order of calls, handles, memory, what it refuses. The tests run in this
 * order: cuInit once a process. */
#include "driver_session.h"
#include "test_support.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef tb_cu_result get_address_fn(const char *symbol, void **address, int cuda_version,
                                    uint64_t flags, int *status);

/* By base name and version: as the forms of a call came into CUDA. */
static void lookup__gives_the_form_of_a_version(void **state)
{
    (void)state;
    const tb_driver *driver = tb_session_driver();
    get_address_fn *get = NULL;
    void *address = NULL, *direct = NULL, *other = NULL;
    int status = -1;
    assert_true(driver->library.is_emulated);
    assert_int_equal(driver->version, 13000);
    assert_true(tb_library_symbol(&driver->library, "cuGetProcAddress_v2", &get));
    assert_true(tb_library_symbol(&driver->library, "cuMemAlloc_v2", &direct));
    assert_int_equal(get("cuMemAlloc", &address, 12080, 0, &status), 0);
    assert_ptr_equal(address, direct);
    assert_int_equal(status, 0);
    assert_int_equal(get("cuMemAlloc", &address, 3010, 0, &status), TB_CU_NOT_FOUND);
    assert_null(address);
    assert_int_equal(status, 2);
    assert_int_equal(get("cuMemAlloc_v2", &address, 13000, 0, &status), TB_CU_NOT_FOUND);
    assert_int_equal(status, 1);
    assert_int_equal(get("cuCtxSynchronize", &address, 12080, 0, &status), 0);
    assert_int_equal(get("cuCtxSynchronize", &other, 13000, 0, &status), 0);
    assert_ptr_not_equal(address, other);
}

static void calls__out_of_order_are_refused(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    int count = 0;
    tb_cu_address address = 0;
    tb_cu_context context = NULL;
    assert_int_equal(cu->device_count(&count), 3);
    assert_int_equal(cu->alloc(&address, 72), 3);
    assert_int_equal(cu->init(7), 1);
    assert_int_equal(cu->init(0), 0);
    assert_int_equal(cu->device_count(&count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(cu->alloc(&address, 72), 201); /* no context */
    assert_int_equal(cu->context_retain(&context, 1), TB_CU_INVALID_DEVICE);
    assert_int_equal(cu->context_release(0), 201); /* never retained */
    assert_int_equal(cu->context_retain(&context, 0), 0);
    assert_int_equal(cu->alloc(&address, 72), 201); /* not current */
    assert_int_equal(cu->context_set(context), 0);
    assert_int_equal(cu->alloc(&address, 72), 0);
    assert_int_equal(cu->free(address), 0);
    assert_int_equal(cu->context_release(0), 0);
    assert_int_equal(cu->free(address), 201);
    assert_int_equal(cu->context_set(context), 201);
}

/* TB_TEST_INJECTION was named to the driver before its cuInit. */
static void init__has_injected_once(void **state)
{
    (void)state;
    void *library = dlopen(TB_TEST_INJECTION, RTLD_NOW | RTLD_NOLOAD);
    assert_non_null(library);
    const int *count = dlsym(library, "tb_test_injections");
    assert_non_null(count);
    assert_int_equal(tb_session_calls()->init(0), 0);
    assert_int_equal(*count, 1);
    (void)dlclose(library);
}

static void fork__has_no_gpu(void **state)
{
    (void)state;
    int code = 0;
    pid_t child = fork();
    if (child == 0) {
        int count = 0;
        const tb_driver_calls *cu = tb_session_calls();
        _exit(cu->init(0) == 3 && cu->device_count(&count) == 3 ? 72 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 72);
}

static void device__is_that_of_its_file(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    char name[96], pci[16];
    int value = 0;
    size_t bytes = 0;
    tb_cu_uuid uuid;
    assert_int_equal(cu->device_name(name, sizeof name, 0), 0);
    assert_string_equal(name, "NVIDIA H100 SXM5");
    assert_int_equal(cu->device_memory(&bytes, 0), 0);
    assert_int_equal(bytes, 80000000000);
    assert_int_equal(cu->device_attribute(&value, TB_CU_SM_COUNT, 0), 0);
    assert_int_equal(value, 132);
    assert_int_equal(cu->device_attribute(&value, TB_CU_CAPABILITY_MAJOR, 0), 0);
    assert_int_equal(value, 9);
    assert_int_equal(cu->device_attribute(&value, TB_CU_SHARED_BYTES_PER_CTA_OPTIN, 0), 0);
    assert_int_equal(value, 232448);
    assert_int_equal(cu->device_attribute(&value, 9999, 0), 1);
    assert_int_equal(cu->device_uuid(&uuid, 0), 0);
    assert_int_equal(cu->device_pci_id(pci, sizeof pci, 0), 0);
    assert_string_equal(pci, "0000:01:00.0");
    assert_int_equal(cu->device_pci_id(pci, 5, 0), 1);
}

static void memory__is_copied_and_guarded(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    char data[72], back[72] = {0};
    size_t before = 0, after = 0, total = 0;
    tb_session_begin();
    memset(data, 7, sizeof data);
    assert_int_equal(cu->memory_info(&before, &total), 0);
    tb_cu_address address = tb_session_alloc(sizeof data), none = 0;
    assert_int_equal(cu->memory_info(&after, &total), 0);
    assert_int_equal(before - after, sizeof data);
    assert_int_equal(cu->download(back, address, sizeof back), 1); /* never written */
    assert_int_equal(cu->upload(address, data, 70), 0);
    assert_int_equal(cu->download(back, address, sizeof back), 1); /* its last 2 */
    assert_int_equal(cu->fill(address + 70, 7, 2, NULL), 0);
    assert_int_equal(cu->download(back, address, sizeof back), 0);
    assert_memory_equal(back, data, sizeof data);
    assert_int_equal(cu->upload(address + 1, data, sizeof data), 1); /* past its end */
    assert_int_equal(cu->alloc(&none, 0), 1);
    assert_int_equal(cu->alloc(&none, total), TB_CU_OUT_OF_MEMORY); /* 72 are taken */
    assert_int_equal(cu->free(address + 8), 1);
    assert_int_equal(cu->free(address), 0);
    assert_int_equal(cu->free(address), 1);
    assert_int_equal(cu->free(0), 0);
    tb_session_end();
}

static void handles__that_do_not_live_are_refused(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    tb_cu_stream stream = NULL;
    tb_cu_event event = NULL, other = NULL;
    tb_session_begin();
    float ms = 72;
    assert_int_equal(cu->stream_create(&stream, TB_CU_STREAM_NON_BLOCKING), 0);
    assert_int_equal(cu->event_create(&event, TB_CU_EVENT_DEFAULT), 0);
    assert_int_equal(cu->event_create(&other, TB_CU_EVENT_DEFAULT), 0);
    assert_int_equal(cu->event_record((tb_cu_event)(void *)stream, stream), 400);
    assert_int_equal(cu->event_record(event, stream), 0);
    assert_int_equal(cu->event_elapsed_ms(&ms, event, event), 600); /* not waited for */
    assert_int_equal(cu->event_synchronize(event), 0);
    assert_int_equal(cu->event_elapsed_ms(&ms, event, other), 400); /* not recorded */
    assert_true(ms == 72.0F);
    assert_int_equal(cu->event_elapsed_ms(&ms, event, event), 0);
    assert_true(ms == 0.0F);
    assert_int_equal(cu->event_destroy(event), 0);
    assert_int_equal(cu->event_destroy(event), 400);
    assert_int_equal(cu->event_destroy(other), 0);
    assert_int_equal(cu->stream_destroy(stream), 0);
    assert_int_equal(cu->stream_synchronize(stream), 400);
    tb_session_end();
}

static void leaks__are_told(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    const char *path = tb_test_path("leaks");
    tb_cu_event event = NULL;
    size_t length = 0;
    assert_int_equal(setenv("TILEBOUND_TEST_LEAKS", path, 1), 0);
    tb_session_begin();
    tb_cu_address kept = tb_session_alloc(72);
    (void)tb_session_alloc(99);
    assert_int_equal(cu->free(kept), 0);
    assert_int_equal(cu->event_create(&event, TB_CU_EVENT_DEFAULT), 0);
    tb_session_end();
    assert_int_equal(unsetenv("TILEBOUND_TEST_LEAKS"), 0);
    char *text = tb_test_read(path, &length);
    assert_non_null(strstr(text, "1 allocations of GPU 0 (99 bytes"));
    assert_non_null(strstr(text, "1 events of GPU 0"));
    assert_null(strstr(text, "modules"));
    free(text);
}

static void failures__come_when_they_are_asked_for(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    const char *path = tb_test_path("calls");
    size_t length = 0;
    tb_cu_address first = 0, second = 0;
    tb_session_begin();
    assert_int_equal(setenv("TILEBOUND_TEST_CALLS", path, 1), 0);
    assert_int_equal(setenv("TILEBOUND_TEST_FAIL", "cuMemAlloc:2:46", 1), 0);
    assert_int_equal(cu->alloc(&first, 72), 0);
    assert_int_equal(cu->alloc(&second, 72), 46);
    assert_int_equal(cu->alloc(&second, 72), 0);
    assert_int_equal(setenv("TILEBOUND_TEST_FAIL", "cuMemFree", 1), 0);
    assert_int_equal(cu->free(second), TB_CU_UNKNOWN);
    assert_int_equal(cu->free(second), 0);
    assert_int_equal(unsetenv("TILEBOUND_TEST_FAIL"), 0);
    assert_int_equal(unsetenv("TILEBOUND_TEST_CALLS"), 0);
    assert_int_equal(cu->free(first), 0);
    tb_session_end();
    char *text = tb_test_read(path, &length);
    assert_string_equal(text, "cuMemAlloc\ncuMemFree\n");
    free(text);
}

/* Before any cuInit. */
static int set_injection(void **state)
{
    (void)state;
    return setenv("CUDA_INJECTION64_PATH", TB_TEST_INJECTION, 1);
}

TB_TESTS(cmocka_unit_test(lookup__gives_the_form_of_a_version),
         cmocka_unit_test_setup(calls__out_of_order_are_refused, set_injection),
         cmocka_unit_test(init__has_injected_once), cmocka_unit_test(fork__has_no_gpu),
         cmocka_unit_test(device__is_that_of_its_file),
         cmocka_unit_test(memory__is_copied_and_guarded),
         cmocka_unit_test(handles__that_do_not_live_are_refused), cmocka_unit_test(leaks__are_told),
         cmocka_unit_test(failures__come_when_they_are_asked_for));
