/* Device memory of the emulator, as a driver would see it. */
#include "emu.h"
#include "test_support.h"

#include <stdlib.h>
#include <string.h>

static tb_emu_memory *create(void)
{
    tb_emu_memory *memory = NULL;
    tb_error err;
    tb_assert_ok(tb_emu_memory_create(&memory, &err), &err);
    return memory;
}

static unsigned char *alloc(tb_emu_memory *memory, const char *name, int64_t bytes)
{
    void *buffer = NULL;
    tb_error err;
    tb_assert_ok(tb_emu_alloc(memory, name, bytes, &buffer, &err), &err);
    assert_int_equal((uintptr_t)buffer % 256, 0);
    return buffer;
}

static void buffers__give_back_what_was_uploaded(void **state)
{
    (void)state;
    tb_error err;
    tb_emu_memory *memory = create();
    unsigned char *buffer = alloc(memory, "x", 1001), in[1001], out[1001];
    for (size_t i = 0; i < sizeof in; i++) {
        in[i] = (unsigned char)(i * 7);
    }
    tb_assert_ok(tb_emu_upload(memory, buffer, in, 1001, &err), &err);
    tb_assert_ok(tb_emu_download(memory, buffer, out, 1001, &err), &err);
    assert_memory_equal(in, out, sizeof in);
    tb_assert_ok(tb_emu_download(memory, buffer + 500, out, 77, &err), &err);
    assert_memory_equal(in + 500, out, 77);
    tb_assert_ok(tb_emu_upload(memory, buffer + 1001, in, 0, &err), &err); /* nothing, at its end */
    tb_emu_memory_destroy(memory);
    tb_emu_memory_destroy(NULL);
}

static void bytes__that_nobody_wrote_are_not_downloaded(void **state)
{
    (void)state;
    tb_error err;
    tb_emu_memory *memory = create();
    unsigned char *buffer = alloc(memory, "scores", 256), zeros[256] = {0};
    tb_assert_fails(tb_emu_download(memory, buffer, zeros, 256, &err), &err, TB_EINVAL,
                    "byte 0 of scores was never written");
    tb_assert_ok(tb_emu_upload(memory, buffer, zeros, 37, &err), &err);
    tb_assert_ok(tb_emu_upload(memory, buffer + 38, zeros, 218, &err), &err);
    tb_assert_fails(tb_emu_download(memory, buffer, zeros, 256, &err), &err, TB_EINVAL,
                    "byte 37 of scores was never written");
    tb_assert_ok(tb_emu_download(memory, buffer, zeros, 37, &err), &err);
    tb_assert_ok(tb_emu_download(memory, buffer + 38, zeros, 218, &err), &err);
    tb_assert_ok(tb_emu_upload(memory, buffer + 37, zeros, 1, &err), &err);
    tb_assert_ok(tb_emu_download(memory, buffer, zeros, 256, &err), &err);
    tb_emu_forget(memory, buffer);
    tb_assert_fails(tb_emu_download(memory, buffer + 255, zeros, 1, &err), &err, TB_EINVAL,
                    "byte 255 of scores");
    tb_emu_memory_destroy(memory);
}

static void copies__stay_inside_one_buffer(void **state)
{
    (void)state;
    static const char part[] = "not inside one buffer";
    tb_error err;
    tb_emu_memory *memory = create();
    unsigned char *a = alloc(memory, "a", 100), bytes[200] = {0};
    (void)alloc(memory, "b", 100);
    tb_assert_fails(tb_emu_upload(memory, a, bytes, 101, &err), &err, TB_EINVAL, part);
    tb_assert_fails(tb_emu_upload(memory, a + 50, bytes, 51, &err), &err, TB_EINVAL, part);
    tb_assert_fails(tb_emu_upload(memory, a - 1, bytes, 1, &err), &err, TB_EINVAL, part);
    tb_assert_fails(tb_emu_upload(memory, a, bytes, -1, &err), &err, TB_EINVAL, part);
    tb_assert_fails(tb_emu_download(memory, a + 101, bytes, 0, &err), &err, TB_EINVAL, part);
    tb_assert_fails(tb_emu_upload(memory, bytes, bytes, 1, &err), &err, TB_EINVAL, part);
    tb_emu_memory_destroy(memory);
}

static void buffers__come_and_go_in_any_order(void **state)
{
    (void)state;
    enum { BUFFERS = 40 };
    tb_error err;
    tb_emu_memory *memory = create();
    gsl_rng *random = tb_test_random();
    unsigned char *buffers[BUFFERS] = {NULL};
    for (int i = 0; i < 1000; i++) {
        int at = (int)tb_test_between(random, 0, BUFFERS - 1);
        unsigned char mark = (unsigned char)at, read = 0;
        if (buffers[at] == NULL) {
            buffers[at] = alloc(memory, "one of many", at);
            if (at > 0) {
                tb_assert_ok(tb_emu_upload(memory, buffers[at] + at - 1, &mark, 1, &err), &err);
            }
        } else {
            if (at > 0) {
                tb_assert_ok(tb_emu_download(memory, buffers[at] + at - 1, &read, 1, &err), &err);
                assert_int_equal(read, at);
            }
            tb_emu_free(memory, buffers[at]);
            tb_emu_free(memory, NULL);
            buffers[at] = NULL;
        }
    }
    gsl_rng_free(random);
    tb_emu_memory_destroy(memory);
}

static void buffers__of_no_size_or_any_are_refused_or_made(void **state)
{
    (void)state;
    tb_error err;
    void *buffer = NULL;
    tb_emu_memory *memory = create();
    assert_non_null(alloc(memory, "empty", 0));
    tb_assert_fails(tb_emu_alloc(memory, "x", -1, &buffer, &err), &err, TB_EINVAL, "-1 bytes");
    tb_assert_fails(tb_emu_alloc(memory, "huge", INT64_MAX, &buffer, &err), &err, TB_ENOMEM,
                    "buffer huge");
    assert_null(buffer);
    tb_emu_memory_destroy(memory);
}

/* As a memset of the driver: what is filled is written, and no more. */
static void bytes__that_are_filled_are_written(void **state)
{
    (void)state;
    tb_error err;
    unsigned char back[72];
    tb_emu_memory *memory = create();
    unsigned char *buffer = alloc(memory, "q", 72);
    tb_assert_ok(tb_emu_fill(memory, buffer + 3, 7, 60, &err), &err);
    tb_assert_ok(tb_emu_download(memory, buffer + 3, back, 60, &err), &err);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(back[i], 7);
    }
    tb_assert_fails(tb_emu_download(memory, buffer + 3, back, 61, &err), &err, TB_EINVAL,
                    "byte 63 of q");
    tb_assert_fails(tb_emu_fill(memory, buffer + 3, 7, 70, &err), &err, TB_EINVAL,
                    "not inside one buffer");
    tb_emu_memory_destroy(memory);
}

TB_TESTS(cmocka_unit_test(buffers__give_back_what_was_uploaded),
         cmocka_unit_test(bytes__that_nobody_wrote_are_not_downloaded),
         cmocka_unit_test(bytes__that_are_filled_are_written),
         cmocka_unit_test(copies__stay_inside_one_buffer),
         cmocka_unit_test(buffers__come_and_go_in_any_order),
         cmocka_unit_test(buffers__of_no_size_or_any_are_refused_or_made));
