#include "test_support.h"

#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void text__integers_are_plain_decimal(void **state)
{
    (void)state;
    int64_t value = 0;
    assert_true(tb_text_int("72", &value));
    assert_int_equal(value, 72);
    assert_true(tb_text_int("-96", &value));
    assert_int_equal(value, -96);
    assert_true(tb_text_int("9223372036854775807", &value));
    assert_true(value == INT64_MAX);
    assert_true(tb_text_int("-9223372036854775808", &value));
    assert_true(value == INT64_MIN);
}

static void text__what_is_no_integer_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "-",
        "--72",
        "+72",
        " 72",
        "72 ",
        "7 2",
        "0x48",
        "72.0",
        "7e3",
        "72k",
        "7_2",
        "7,2",
        "nine",
        "\n72",
        "72\n",
        "- 72",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t value = 96;
        assert_false(tb_text_int(wrong[i], &value));
        assert_int_equal(value, 96);
    }
}

static void text__doubles_are_finite_decimals(void **state)
{
    (void)state;
    double value = 0;
    assert_true(tb_text_double("7.3e12", &value));
    tb_assert_close(value, 7300000000000.0, 0);
    assert_true(tb_text_double("-0.72", &value));
    tb_assert_close(value, -0.72, 0);
    assert_true(tb_text_double(".5", &value));
    tb_assert_close(value, 0.5, 0);
    assert_true(tb_text_double("96.", &value));
    tb_assert_close(value, 96, 0);
    assert_true(tb_text_double("1E+3", &value));
    tb_assert_close(value, 1000, 0);
    assert_true(tb_text_double("1e-2", &value));
    tb_assert_close(value, 0.01, 0);
    assert_true(tb_text_double("1e-999", &value)); /* nearest double: 0 */
    assert_true(value == 0);
}

static void text__what_is_no_double_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",      ".",  "-",  "e5", "1e",  "1e+",   "1e5.5", "0x1p3", "inf",      "nan",
        "1e999", " 1", "1 ", "+1", "1,5", "1.2.3", "-inf",  "1f",    "infinity", "--1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        double value = 96;
        assert_false(tb_text_double(wrong[i], &value));
        tb_assert_close(value, 96, 0);
    }
}

static void text__lists_have_one_kind_of_joint(void **state)
{
    (void)state;
    int64_t list[4] = {0};
    size_t count = 0;
    assert_true(tb_text_int_list("30x48x80", 4, list, &count));
    assert_int_equal(count, 3);
    assert_int_equal(list[0], 30);
    assert_int_equal(list[2], 80);
    assert_true(tb_text_int_list("-1,72", 4, list, &count));
    assert_int_equal(count, 2);
    assert_int_equal(list[0], -1);
    assert_int_equal(list[1], 72);
    assert_true(tb_text_int_list("96", 1, list, &count));
    assert_int_equal(count, 1);
    assert_int_equal(list[0], 96);
}

static void text__malformed_lists_write_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",      "x",     "30x",       "x30", "30x48,80", "30,48x", "30xx8",
        "30 x8", "30X48", "1x2x3x4x5", "a",   "3;4",      "1,,2",   "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t list[4] = {7, 7, 7, 7};
        size_t count = 96;
        assert_false(tb_text_int_list(wrong[i], 4, list, &count));
        assert_int_equal(count, 96);
        for (size_t j = 0; j < 4; j++) {
            assert_int_equal(list[j], 7);
        }
    }
}

static const char *nearest_key(const char *text)
{
    static const char *const keys[] = {"window", "stride", "dilation", "causal", "layout", "dim"};
    return tb_text_nearest(text, keys, sizeof keys / sizeof keys[0]);
}

static void text__nearest_name_forgives_one_slip(void **state)
{
    (void)state;
    assert_string_equal(nearest_key("widnow"), "window");  /* a swap is one step, not two */
    assert_string_equal(nearest_key("windwo"), "window");  /* at the end too */
    assert_string_equal(nearest_key("strides"), "stride"); /* insertion */
    assert_string_equal(nearest_key("casual"), "causal");  /* swap */
    assert_string_equal(nearest_key("dilatoin"), "dilation");
    assert_string_equal(nearest_key("din"), "dim");         /* substitution */
    assert_string_equal(nearest_key("LAYOUT"), "layout");   /* case is no slip */
    assert_string_equal(nearest_key("dlatin"), "dilation"); /* two of six letters */
}

static void text__nearest_name_takes_beginnings(void **state)
{
    (void)state;
    static const char *const devices[] = {"b200", "h100-sxm", "a100-sxm"};
    assert_string_equal(nearest_key("wi"), "window");
    assert_string_equal(nearest_key("causality"), "causal");
    assert_string_equal(tb_text_nearest("h100", devices, 3), "h100-sxm");
    assert_string_equal(tb_text_nearest("b2", devices, 3), "b200");
    assert_null(nearest_key("w")); /* one letter is no beginning */
}

static void text__far_names_have_no_nearest(void **state)
{
    (void)state;
    static const char *const letters[] = {"B", "H"};
    char lengthy[200];
    memset(lengthy, 'w', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    assert_null(nearest_key("temperature"));
    assert_null(nearest_key("xyz"));
    assert_null(nearest_key(""));
    assert_null(nearest_key(lengthy));
    assert_null(tb_text_nearest("window", NULL, 0));
    assert_null(tb_text_nearest("N", letters, 2));
}

static void text__nearest_of_equally_near_is_the_first(void **state)
{
    (void)state;
    static const char *const names[] = {"l2_bytes", "l1_bytes", "l3_bytes"};
    assert_string_equal(tb_text_nearest("l4_bytes", names, 3), "l2_bytes");
    assert_string_equal(tb_text_nearest("l1_byte", names, 3), "l1_bytes");
}

static void text__utf8_steps_refuse_what_is_not_utf8(void **state)
{
    (void)state;
    assert_int_equal(tb_text_utf8_step("a"), 1);
    assert_int_equal(tb_text_utf8_step("\xc3\xa9"), 2);         /* e acute */
    assert_int_equal(tb_text_utf8_step("\xe2\x82\xac"), 3);     /* euro */
    assert_int_equal(tb_text_utf8_step("\xf0\x9f\x98\x80"), 4); /* an emoji */
    assert_int_equal(tb_text_utf8_step("\xf4\x8f\xbf\xbf"), 4); /* U+10FFFF */
    static const char *const wrong[] = {
        "",
        "\x80",
        "\xc3",
        "\xc3(",
        "\xc0\x80",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xe2\x82",
        "\xff",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(tb_text_utf8_step(wrong[i]), 0);
    }
}

static void text__width_counts_characters(void **state)
{
    (void)state;
    assert_int_equal(tb_text_width(""), 0);
    assert_int_equal(tb_text_width("30x48x80"), 8);
    assert_int_equal(tb_text_width("72 \xc2\xb5s \xe2\x89\xa5 0"), 9);
}

static void text__thousands_are_grouped(void **state)
{
    (void)state;
    char b[32];
    assert_string_equal(tb_text_grouped(72, b), "72");
    assert_string_equal(tb_text_grouped(960, b), "960");
    assert_string_equal(tb_text_grouped(7200, b), "7,200");
    assert_string_equal(tb_text_grouped(-115200, b), "-115,200");
    assert_string_equal(tb_text_grouped(-960, b), "-960");
    assert_string_equal(tb_text_grouped(13271040000, b), "13,271,040,000");
    assert_string_equal(tb_text_grouped(INT64_MAX, b), "9,223,372,036,854,775,807");
    assert_string_equal(tb_text_grouped(INT64_MIN, b), "-9,223,372,036,854,775,808");
}

static void text__shortest_form_is_short(void **state)
{
    (void)state;
    char b[32];
    assert_string_equal(tb_text_shortest(0.1, b), "0.1");
    assert_string_equal(tb_text_shortest(7.3e12, b), "7300000000000");
    assert_string_equal(tb_text_shortest(171.6, b), "171.6");
    assert_string_equal(tb_text_shortest(1.0 / 3.0, b), "0.3333333333333333");
    assert_string_equal(tb_text_shortest(0.1 + 0.2, b), "0.30000000000000004");
    assert_string_equal(tb_text_shortest(5e-324, b), "5e-324"); /* the least subnormal */
    assert_string_equal(tb_text_shortest(-1e22, b), "-1e+22");
    assert_string_equal(tb_text_shortest(0, b), "0");
}

static void text__shortest_form_reads_back(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(200000), tried = 0;
    for (int c = 0; c < cases; c++) {
        uint64_t bits = (uint64_t)gsl_rng_get(random) << 32 | gsl_rng_get(random);
        double value, again = 0;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value)) {
            char b[32];
            assert_true(strlen(tb_text_shortest(value, b)) < sizeof b);
            assert_true(tb_text_double(b, &again));
            assert_memory_equal(&value, &again, sizeof value);
            tried++;
        }
    }
    print_message("%d cases\n", tried);
    gsl_rng_free(random);
}

TB_TESTS(cmocka_unit_test(text__integers_are_plain_decimal),
         cmocka_unit_test(text__what_is_no_integer_is_refused),
         cmocka_unit_test(text__doubles_are_finite_decimals),
         cmocka_unit_test(text__what_is_no_double_is_refused),
         cmocka_unit_test(text__lists_have_one_kind_of_joint),
         cmocka_unit_test(text__malformed_lists_write_nothing),
         cmocka_unit_test(text__nearest_name_forgives_one_slip),
         cmocka_unit_test(text__nearest_name_takes_beginnings),
         cmocka_unit_test(text__far_names_have_no_nearest),
         cmocka_unit_test(text__nearest_of_equally_near_is_the_first),
         cmocka_unit_test(text__utf8_steps_refuse_what_is_not_utf8),
         cmocka_unit_test(text__width_counts_characters),
         cmocka_unit_test(text__thousands_are_grouped),
         cmocka_unit_test(text__shortest_form_is_short),
         cmocka_unit_test(text__shortest_form_reads_back));
