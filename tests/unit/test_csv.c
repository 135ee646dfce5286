#include "test_support.h"

#include "csv.h"

static void assert_cell(const char *text, const char *want)
{
    tb_buffer out = {0};
    tb_csv_text(&out, text);
    assert_string_equal(out.data, want);
    tb_buffer_free(&out);
}

static void csv__plain_text_stays_as_it_is(void **state)
{
    (void)state;
    assert_cell("30x48x80", "30x48x80");
    assert_cell("", "");
    assert_cell("two words; no comma", "two words; no comma");
}

static void csv__separators_are_quoted(void **state)
{
    (void)state;
    assert_cell("72,96", "\"72,96\"");
    assert_cell("a \"b\"", "\"a \"\"b\"\"\"");
    assert_cell("two\nlines", "\"two\nlines\"");
    assert_cell("\"", "\"\"\"\"");
    assert_cell("a\rb", "\"a\rb\"");
}

static void csv__formulas_become_text(void **state)
{
    (void)state;
    assert_cell("=1+2", "'=1+2");
    assert_cell("+72", "'+72");
    assert_cell("-96", "'-96");
    assert_cell("@x", "'@x");
    assert_cell("\tx", "'\tx");
    assert_cell("\rx", "\"'\rx\"");
    assert_cell("=A1,\"x\"", "\"'=A1,\"\"x\"\"\"");
    assert_cell("1=2", "1=2");
}

TB_TESTS(cmocka_unit_test(csv__plain_text_stays_as_it_is),
         cmocka_unit_test(csv__separators_are_quoted), cmocka_unit_test(csv__formulas_become_text));
