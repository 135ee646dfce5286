#include "test_support.h"

#include "buffer.h"

#include <string.h>

static void buffer__appends_in_every_way(void **state)
{
    (void)state;
    tb_buffer buffer = {0};
    tb_error err;
    tb_buffer_text(&buffer, "layout ");
    tb_buffer_printf(&buffer, "%dx%d", 72, 96);
    tb_buffer_repeat(&buffer, '-', 3);
    tb_buffer_append(&buffer, "ab\0c", 4);
    tb_assert_ok(tb_buffer_check(&buffer, &err), &err);
    assert_int_equal(buffer.length, 19);
    assert_memory_equal(buffer.data, "layout 72x96---ab\0c", 20);
    tb_buffer_free(&buffer);
    assert_null(buffer.data);
    tb_buffer_free(&buffer);
}

static void buffer__appending_nothing_still_terminates(void **state)
{
    (void)state;
    tb_buffer buffer = {0};
    tb_buffer_append(&buffer, NULL, 0);
    assert_string_equal(buffer.data, "");
    tb_buffer_repeat(&buffer, 'x', 0);
    tb_buffer_printf(&buffer, "%s", "");
    assert_int_equal(buffer.length, 0);
    tb_buffer_free(&buffer);
}

static void buffer__grows_across_every_capacity(void **state)
{
    (void)state;
    tb_buffer buffer = {0};
    for (int i = 0; i < 7000; i++) {
        tb_buffer_printf(&buffer, "%05d", i);
    }
    assert_int_equal(buffer.length, 35000);
    assert_int_equal(strlen(buffer.data), 35000);
    assert_memory_equal(buffer.data + 5 * 6972, "06972", 5);
    tb_buffer_free(&buffer);
}

static void buffer__long_formatted_text_is_whole(void **state)
{
    (void)state;
    tb_buffer buffer = {0};
    tb_buffer_printf(&buffer, "%*d", 9600, 72);
    assert_int_equal(buffer.length, 9600);
    assert_string_equal(buffer.data + 9597, " 72");
    tb_buffer_free(&buffer);
}

static void buffer__failure_is_sticky(void **state)
{
    (void)state;
    tb_buffer buffer = {0};
    tb_error err;
    tb_buffer_text(&buffer, "kept");
    tb_buffer_repeat(&buffer, 'x', SIZE_MAX / 2);
    tb_buffer_text(&buffer, "lost");
    assert_string_equal(buffer.data, "kept");
    tb_assert_fails(tb_buffer_check(&buffer, &err), &err, TB_ENOMEM, "no memory");
    tb_buffer_free(&buffer);
    tb_assert_ok(tb_buffer_check(&buffer, &err), &err);
}

TB_TESTS(cmocka_unit_test(buffer__appends_in_every_way),
         cmocka_unit_test(buffer__appending_nothing_still_terminates),
         cmocka_unit_test(buffer__grows_across_every_capacity),
         cmocka_unit_test(buffer__long_formatted_text_is_whole),
         cmocka_unit_test(buffer__failure_is_sticky));
