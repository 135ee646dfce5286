#include "test_support.h"

#include <string.h>

static void status__every_code_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(tb_status_name(TB_OK), "TB_OK");
    assert_string_equal(tb_status_name(TB_ETHRESHOLD), "TB_ETHRESHOLD");
    assert_string_equal(tb_status_name(TB_EINTERNAL), "TB_EINTERNAL");
    for (int code = 0; code < TB_STATUS_COUNT; code++) {
        assert_ptr_equal(strstr(tb_status_name((tb_status)code), "TB_"),
                         tb_status_name((tb_status)code));
    }
    assert_string_equal(tb_status_name((tb_status)72), "unknown status");
}

static void status__failure_without_error_only_returns_code(void **state)
{
    (void)state;
    assert_int_equal(tb_fail(NULL, TB_EINVAL, "%d", 72), TB_EINVAL);
    assert_int_equal(tb_fail_at(NULL, TB_EFILE, "f", 7, 2, "%d", 72), TB_EFILE);
}

static void status__failure_fills_code_place_and_message(void **state)
{
    (void)state;
    tb_error err;
    assert_int_equal(tb_fail_at(&err, TB_EFILE, "a.yaml", 72, 96, "window %d", 18), TB_EFILE);
    assert_int_equal(err.code, TB_EFILE);
    assert_string_equal(err.file, "a.yaml");
    tb_assert_position(&err, 72, 96);
    assert_string_equal(err.message, "window 18");
    assert_int_equal(tb_fail(&err, TB_EIO, "no"), TB_EIO);
    assert_string_equal(err.file, "");
    tb_assert_position(&err, 0, 0);
}

static void status__message_stays_on_one_line(void **state)
{
    (void)state;
    tb_error err;
    (void)tb_fail_at(&err, TB_EFILE, "a\nb", 1, 1, "key 'x\r\ny\x1b[31m\x7f'");
    assert_string_equal(err.file, "a?b");
    assert_string_equal(err.message, "key 'x??y?[31m?'");
}

static void status__cut_message_ends_with_a_whole_character(void **state)
{
    (void)state;
    tb_error err;
    char text[1024] = {0};
    /* 767 bytes fit. With 'a' and then two-byte characters, byte 767 is the end of one: 1 + 2 *
     * 383. With "aa" it would be the first half of one, which must go: 2 + 2 * 382 = 766. */
    for (size_t lead = 1; lead <= 2; lead++) {
        memset(text, 'a', lead);
        for (size_t i = lead; i + 2 < sizeof text; i += 2) {
            memcpy(text + i, "\xc3\xa9", 2);
        }
        (void)tb_fail(&err, TB_EFILE, "%s", text);
        size_t length = strlen(err.message);
        /* A text that fills the field exactly loses its last character too: it cannot be told. */
        assert_true(length >= 764 && length <= 767);
        assert_int_equal((length - lead) % 2, 0);
    }
}

static void status__message_may_quote_the_error_it_replaces(void **state)
{
    (void)state;
    tb_error err;
    (void)tb_fail(&err, TB_EINVAL, "stride 96");
    (void)tb_fail(&err, TB_EFILE, "suite: %s", err.message);
    assert_string_equal(err.message, "suite: stride 96");
}

TB_TESTS(cmocka_unit_test(status__every_code_has_a_name),
         cmocka_unit_test(status__failure_without_error_only_returns_code),
         cmocka_unit_test(status__failure_fills_code_place_and_message),
         cmocka_unit_test(status__message_stays_on_one_line),
         cmocka_unit_test(status__cut_message_ends_with_a_whole_character),
         cmocka_unit_test(status__message_may_quote_the_error_it_replaces));
