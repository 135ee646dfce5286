/* GPUs as the environment names them; what a process leaves behind at its end. */
#include "driver_session.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GPUS 3

/* Run it in a process of its own, which must come to its end. */
static void in_child(void (*body)(void))
{
    int code = 0;
    (void)tb_session_calls(); /* opened, not used */
    pid_t child = fork();
    if (child == 0) {
        body();
        exit(72);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 72);
}

/* In a child of a test: no assertion, which would run the other tests there. */
static void must(bool is_so)
{
    if (!is_so) {
        _exit(1);
    }
}

static void keep_a_context(void)
{
    const tb_driver_calls *cu = tb_session_calls();
    tb_cu_context context = NULL;
    tb_cu_address address = 0;
    must(cu->init(0) == 0 && cu->context_retain(&context, 0) == 0);
    must(cu->context_set(context) == 0 && cu->alloc(&address, 72) == 0);
}

static void exit__tells_what_was_left(void **state)
{
    (void)state;
    const char *path = tb_test_path("left");
    size_t length = 0;
    assert_int_equal(setenv("TILEBOUND_TEST_LEAKS", path, 1), 0);
    in_child(keep_a_context);
    assert_int_equal(unsetenv("TILEBOUND_TEST_LEAKS"), 0);
    char *text = tb_test_read(path, &length);
    assert_non_null(strstr(text, "the context of GPU 0, retained 1 times\n"));
    assert_non_null(strstr(text, "1 allocations of GPU 0 (72 bytes"));
    free(text);
}

static void find_none(void)
{
    int count = 72;
    must(tb_session_calls()->init(0) == TB_CU_NO_DEVICE);
    must(tb_session_calls()->device_count(&count) == 3 && count == 72);
}

static void init__finds_no_gpu_where_there_is_none(void **state)
{
    (void)state;
    assert_int_equal(setenv("TILEBOUND_TEST_GPU_COUNT", "0", 1), 0);
    in_child(find_none);
    assert_int_equal(setenv("TILEBOUND_TEST_GPU_COUNT", "1", 1), 0);
    assert_int_equal(setenv("TILEBOUND_TEST_GPU", "h1000", 1), 0);
    in_child(find_none);
    assert_int_equal(unsetenv("TILEBOUND_TEST_GPU"), 0);
}

static void gpus__are_as_many_and_such_as_are_asked_for(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    bool (*tell)(int ordinal, tb_fake_device *out) = NULL;
    tb_fake_device device;
    tb_cu_uuid uuid[GPUS];
    int count = 0, value = 0;
    size_t bytes = 0;
    assert_int_equal(setenv("TILEBOUND_TEST_GPU_COUNT", "3", 1), 0);
    assert_int_equal(setenv("TILEBOUND_TEST_GPU", "rtx-4090", 1), 0);
    assert_int_equal(setenv("TILEBOUND_TEST_GPU_MEMORY", "7200", 1), 0);
    /* NVML asks before anyone has initialised CUDA */
    assert_true(tb_library_symbol(&tb_session_driver()->library, "tilebound_fake_device", &tell));
    assert_true(tell(2, &device));
    assert_false(tell(3, &device));
    assert_int_equal(device.sm, 89);
    assert_int_equal(device.sms, 128);
    assert_int_equal(cu->init(0), 0);
    assert_int_equal(cu->device_count(&count), 0);
    assert_int_equal(count, GPUS);
    for (int i = 0; i < GPUS; i++) {
        assert_int_equal(cu->device_attribute(&value, TB_CU_CAPABILITY_MINOR, i), 0);
        assert_int_equal(value, 9);
        assert_int_equal(cu->device_uuid(&uuid[i], i), 0);
        assert_true(i == 0 || memcmp(&uuid[i], &uuid[i - 1], sizeof uuid[i]) != 0);
    }
    assert_memory_equal(uuid[2].bytes, device.uuid, 16);
    assert_int_equal(cu->device_memory(&bytes, 1), 0);
    assert_int_equal(bytes, 7200);
}

/* A GPU knows nothing of another's memory. */
static void gpus__have_memory_of_their_own(void **state)
{
    (void)state;
    const tb_driver_calls *cu = tb_session_calls();
    tb_cu_context context[2] = {NULL};
    tb_cu_address address = 0, other = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cu->context_retain(&context[i], i), 0);
    }
    assert_int_equal(cu->context_set(context[0]), 0);
    assert_int_equal(cu->alloc(&address, 7000), 0);
    assert_int_equal(cu->alloc(&other, 400), TB_CU_OUT_OF_MEMORY);
    assert_int_equal(cu->context_set(context[1]), 0);
    assert_int_equal(cu->alloc(&other, 7000), 0);
    assert_int_equal(cu->upload(address, "seventy-two", 11), 1);
    assert_int_equal(cu->free(address), 1);
    assert_int_equal(cu->upload(other, "seventy-two", 11), 0);
    assert_int_equal(cu->free(other), 0);
    assert_int_equal(cu->context_set(context[0]), 0);
    assert_int_equal(cu->free(address), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cu->context_release(i), 0);
    }
}

TB_TESTS(cmocka_unit_test(exit__tells_what_was_left),
         cmocka_unit_test(init__finds_no_gpu_where_there_is_none),
         cmocka_unit_test(gpus__are_as_many_and_such_as_are_asked_for),
         cmocka_unit_test(gpus__have_memory_of_their_own));
