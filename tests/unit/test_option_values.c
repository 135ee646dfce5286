/* What the option parser takes for an option's value, and what it refuses. */
#include "test_support.h"

#include "probe_command.h"

#include <string.h>

static void option_values__every_kind_is_stored_where_its_table_says(void **state)
{
    (void)state;
    tb_test_parsed p =
        TB_TEST_PARSE("a", "-f", "-o", "out.txt", "--width", "-8", "--at-least", "7.25", "-t",
                      "4x8x16", "--causal=1,0,0,1", "-n24", "--format", "csv", "b");
    tb_test_is_parsed(&p);
    assert_true(p.args.fast);
    assert_false(p.args.slow);
    assert_string_equal(p.args.file, "out.txt");
    assert_null(p.args.kernel);
    assert_false(p.args.batch.given);
    assert_true(p.args.width.given);
    assert_int_equal(p.args.width.value, -8);
    assert_true(p.args.least.given);
    tb_assert_close(p.args.least.value, 7.25, 0);
    assert_int_equal(p.args.tile.count, 3);
    assert_int_equal(p.args.tile.values[2], 16);
    assert_int_equal(p.args.causal.count, 4);
    assert_int_equal(p.args.causal.values[3], 1);
    assert_int_equal(p.args.inner.heads.value, 24);
    assert_true(p.args.inner.format.given);
    assert_int_equal(p.args.inner.format.index, 2);
    assert_string_equal(p.positional[0], "a");
    assert_string_equal(p.positional[1], "b");
    assert_null(p.positional[2]);
}

static void option_values__missing_values_say_what_is_missing(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("a", "--batch");
    tb_test_is_refused(&p, "--batch needs a value: N");
    p = TB_TEST_PARSE("a", "-o");
    tb_test_is_refused(&p, "--output needs a value: FILE");
    p = TB_TEST_PARSE("a", "-t");
    tb_test_is_refused(&p, "--q-tile needs a value: 4x8x8");
}

/* A choice has no word for its value: its choices must stand for it. */
static void option_values__missing_choices_say_what_is_missing(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("a", "--format");
    tb_assert_fails(p.status, &p.err, TB_EINVAL, "--format needs a value: ");
    assert_null(strstr(p.err.message, "null"));
    assert_non_null(strstr(p.err.message, "json"));
}

static void option_values__empty_values_are_refused(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("a", "--kernel=");
    tb_test_is_refused(&p, "--kernel is empty; give NAME");
    p = TB_TEST_PARSE("a", "-o", "");
    tb_test_is_refused(&p, "--output is empty; give FILE");
    p = TB_TEST_PARSE("a", "-o=");
    tb_test_is_refused(&p, "--output is empty; give FILE");
    p = TB_TEST_PARSE("a", "--batch=");
    tb_test_is_refused(&p, "--batch '' is not a whole decimal number");
    p = TB_TEST_PARSE("a", "--q-tile", "");
    tb_test_is_refused(&p,
                       "--q-tile '' is not 1 to 4 whole numbers joined by 'x' or ',', as 30x48x80");
    p = TB_TEST_PARSE("a", "--at-least=");
    tb_test_is_refused(&p, "--at-least '' is not a decimal number");
    p = TB_TEST_PARSE("a", "--format=");
    tb_test_is_refused(&p, "--format '' is unknown; it is one of table, json, csv");
}

static void option_values__flags_take_no_value(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("a", "--fast=yes");
    tb_test_is_refused(&p, "--fast takes no value");
    p = TB_TEST_PARSE("a", "--fast=");
    tb_test_is_refused(&p, "--fast takes no value");
    p = TB_TEST_PARSE("a", "-fast"); /* letters are not bundled: this is -f with a value */
    tb_test_is_refused(&p, "--fast takes no value");
    p = TB_TEST_PARSE("a", "--fast", "yes"); /* the next word is a word */
    tb_test_is_parsed(&p);
    assert_string_equal(p.positional[1], "yes");
}

static void option_values__numbers_are_whole_and_in_range(void **state)
{
    (void)state;
    static const char *const bad[] = {"x", "7x", "0x7", "+7", " 7", "7 ", "7.0", "1e3", "--7"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tb_test_parsed p = TB_TEST_PARSE("a", "-b", bad[i]);
        tb_assert_fails(p.status, &p.err, TB_EINVAL, "is not a whole decimal number");
    }
    tb_test_parsed p = TB_TEST_PARSE("a", "-b", "0");
    tb_test_is_refused(&p, "--batch 0 is out of range; it must be at least 1");
    p = TB_TEST_PARSE("a", "-b-7");
    tb_test_is_refused(&p, "--batch -7 is out of range; it must be at least 1");
    p = TB_TEST_PARSE("a", "--width", "73");
    tb_test_is_refused(&p, "--width 73 is out of range; it must be from -8 to 72");
    p = TB_TEST_PARSE("a", "--width=-9");
    tb_test_is_refused(&p, "--width -9 is out of range; it must be from -8 to 72");
    p = TB_TEST_PARSE("a", "-b", "9223372036854775807");
    tb_test_is_parsed(&p);
    assert_int_equal(p.args.batch.value, INT64_MAX);
    p = TB_TEST_PARSE("a", "-b", "9223372036854775808");
    tb_assert_fails(p.status, &p.err, TB_EINVAL, "--batch '9223372036854775808' is ");
    p = TB_TEST_PARSE("a", "-b", "007"); /* as people may write it */
    tb_test_is_parsed(&p);
    assert_int_equal(p.args.batch.value, 7);
}

static void option_values__numbers_with_a_point_are_in_range(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("a", "--at-least", "96");
    tb_test_is_parsed(&p);
    p = TB_TEST_PARSE("a", "--at-least=.5");
    tb_test_is_parsed(&p);
    tb_assert_close(p.args.least.value, 0.5, 0);
    p = TB_TEST_PARSE("a", "--at-least", "96.1");
    tb_test_is_refused(&p, "--at-least 96.1 is out of range; it must be from 0 to 96");
    p = TB_TEST_PARSE("a", "--at-least", "-1e-9");
    tb_test_is_refused(&p, "--at-least -1e-9 is out of range; it must be from 0 to 96");
    p = TB_TEST_PARSE("a", "--at-least", "7."); /* is one to C, too */
    tb_test_is_parsed(&p);
    static const char *const bad[] = {"nan", "inf", "0x2", "7,5", ".", "1e999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        p = TB_TEST_PARSE("a", "--at-least", bad[i]);
        tb_assert_fails(p.status, &p.err, TB_EINVAL, "is not a decimal number");
    }
}

static void option_values__lists_have_one_to_four_entries_in_range(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("a", "-t7");
    tb_test_is_parsed(&p);
    assert_int_equal(p.args.tile.count, 1);
    p = TB_TEST_PARSE("a", "-t", "7,9,11,13");
    tb_test_is_parsed(&p);
    assert_int_equal(p.args.tile.count, 4);
    assert_int_equal(p.args.tile.values[3], 13);
    static const char *const bad[] = {"7x9x11x13x15", "7x", "x7", "7,9x11", "7 9", "7xx9", "a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        p = TB_TEST_PARSE("a", "-t", bad[i]);
        tb_assert_fails(p.status, &p.err, TB_EINVAL, "is not 1 to 4 whole numbers joined by");
        assert_int_equal(p.args.tile.count, 0);
    }
    p = TB_TEST_PARSE("a", "-t", "7x0x9");
    tb_test_is_refused(&p, "--q-tile 0 is out of range; it must be at least 1");
    p = TB_TEST_PARSE("a", "--causal", "1,0,2");
    tb_test_is_refused(&p, "--causal 2 is out of range; it must be from 0 to 1");
}

static void option_values__choices_are_names_or_the_nearest_is_named(void **state)
{
    (void)state;
    tb_test_parsed p = TB_TEST_PARSE("a", "--format", "jsno");
    tb_test_is_refused(&p, "--format 'jsno' is unknown; did you mean 'json'?");
    p = TB_TEST_PARSE("a", "--format", "JSON");
    tb_test_is_refused(&p, "--format 'JSON' is unknown; did you mean 'json'?");
    p = TB_TEST_PARSE("a", "--format", "xml");
    tb_test_is_refused(&p, "--format 'xml' is unknown; it is one of table, json, csv");
    assert_false(p.args.inner.format.given);
}

TB_TESTS(cmocka_unit_test(option_values__every_kind_is_stored_where_its_table_says),
         cmocka_unit_test(option_values__missing_values_say_what_is_missing),
         cmocka_unit_test(option_values__missing_choices_say_what_is_missing),
         cmocka_unit_test(option_values__empty_values_are_refused),
         cmocka_unit_test(option_values__flags_take_no_value),
         cmocka_unit_test(option_values__numbers_are_whole_and_in_range),
         cmocka_unit_test(option_values__numbers_with_a_point_are_in_range),
         cmocka_unit_test(option_values__lists_have_one_to_four_entries_in_range),
         cmocka_unit_test(option_values__choices_are_names_or_the_nearest_is_named));
