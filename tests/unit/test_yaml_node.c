/* The typed getters and their complaints; test_yaml_doc.c has the parser. */
#include "test_support.h"

#include "yaml_doc.h"

#include <math.h>
#include <string.h>

/* The document of the test that runs; freed by close_document(). */
static tb_yaml *doc;

static const tb_yaml_node *root_of(const char *text)
{
    tb_error err;
    tb_yaml_destroy(doc);
    doc = NULL;
    tb_assert_ok(tb_yaml_parse(text, strlen(text), "a.yaml", &doc, &err), &err);
    return tb_yaml_root(doc);
}

static int close_document(void **state)
{
    (void)state;
    tb_yaml_destroy(doc);
    doc = NULL;
    return 0;
}

static const char *const keys[] = {"layout", "window", "stride", "causal", NULL};

static void yaml__known_keys_pass(void **state)
{
    (void)state;
    tb_error err;
    tb_assert_ok(tb_yaml_check_keys(root_of("{window: 72, causal: ~}"), keys, &err), &err);
    tb_assert_ok(tb_yaml_check_keys(root_of("{}"), keys, &err), &err);
}

static void yaml__unknown_key_names_nearest(void **state)
{
    (void)state;
    tb_error err;
    tb_assert_fails(tb_yaml_check_keys(root_of("layout: 72\nwidnow: 96\n"), keys, &err), &err,
                    TB_EFILE, "unknown key 'widnow'; did you mean 'window'?");
    tb_assert_position(&err, 2, 1);
}

static void yaml__unknown_key_lists_known_ones_when_none_is_near(void **state)
{
    (void)state;
    tb_error err;
    tb_assert_fails(tb_yaml_check_keys(root_of("a: 1"), keys, &err), &err, TB_EFILE,
                    "unknown key 'a'; the known keys are layout, window, stride, causal");
}

static void yaml__scalars_have_no_keys(void **state)
{
    (void)state;
    tb_error err;
    tb_assert_fails(tb_yaml_check_keys(root_of("72"), keys, &err), &err, TB_EFILE,
                    "'72'; needs a mapping; the keys are layout, window");
    tb_assert_fails(tb_yaml_check_keys(root_of("[72]"), keys, &err), &err, TB_EFILE,
                    "a list; needs a mapping");
}

static void yaml__long_and_odd_keys_are_cut_in_messages(void **state)
{
    (void)state;
    tb_error err;
    char text[400];
    memset(text, 'k', 200);
    memcpy(text + 58, "\xe2\x82\xac", 3); /* a character across the cut stays whole or goes */
    memcpy(text + 200, ": 1", 4);
    tb_assert_fails(tb_yaml_check_keys(root_of(text), keys, &err), &err, TB_EFILE, "kkk...'; the");
    assert_null(strstr(err.message, "\xe2\x82'"));
    tb_assert_fails(tb_yaml_check_keys(root_of("\"\\x1b[31m\\n\": 1"), keys, &err), &err, TB_EFILE,
                    "unknown key '?[31m?'");
}

static void yaml__many_known_keys_fit_the_message(void **state)
{
    (void)state;
    static const char *const long_keys[] = {"qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
                                            "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
                                            "rqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
                                            "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
                                            "sqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
                                            "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
                                            "tqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
                                            "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
                                            "uqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
                                            "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
                                            "vqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
                                            "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
                                            "wqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
                                            "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
                                            NULL};
    tb_error err;
    tb_assert_fails(tb_yaml_check_keys(root_of("a: 1"), long_keys, &err), &err, TB_EFILE,
                    "the known keys are qqq");
    assert_true(strlen(err.message) < sizeof err.message);
}

static void yaml__schema_must_be_the_kind(void **state)
{
    (void)state;
    tb_error err;
    (void)root_of("schema: tilebound/kernel/1\n");
    tb_assert_ok(tb_yaml_check_schema(doc, "kernel", &err), &err);
    tb_assert_fails(tb_yaml_check_schema(doc, "device", &err), &err, TB_EFILE,
                    "schema is 'tilebound/kernel/1'; needs tilebound/device/1");
    tb_assert_position(&err, 1, 9);
    (void)root_of("name: fna\n");
    tb_assert_fails(tb_yaml_check_schema(doc, "kernel", &err), &err, TB_EFILE,
                    "needs key 'schema', as schema: tilebound/kernel/1");
    (void)root_of("schema: ~\n");
    tb_assert_fails(tb_yaml_check_schema(doc, "kernel", &err), &err, TB_EFILE, "schema is null");
    (void)root_of("[72]\n");
    tb_assert_fails(tb_yaml_check_schema(doc, "kernel", &err), &err, TB_EFILE,
                    "a list; needs a mapping with schema: tilebound/kernel/1");
}

static void yaml__lookups_chain_through_what_is_absent(void **state)
{
    (void)state;
    const tb_yaml_node *root = root_of("{a: {b: 72}, c: ~, d: [96]}");
    assert_non_null(tb_yaml_get(tb_yaml_get(root, "a"), "b"));
    assert_null(tb_yaml_get(tb_yaml_get(root, "x"), "b"));
    assert_null(tb_yaml_get(root, "c"));
    assert_null(tb_yaml_get(tb_yaml_get(root, "d"), "b"));
    assert_false(tb_yaml_is_map(NULL) || tb_yaml_is_list(NULL) || tb_yaml_is_scalar(NULL) ||
                 tb_yaml_is_null(NULL));
}

static void yaml__needed_key_is_named(void **state)
{
    (void)state;
    tb_error err;
    const tb_yaml_node *value = NULL;
    const tb_yaml_node *root = root_of("problem:\n  layout: 72\n  window:\n");
    const tb_yaml_node *problem = tb_yaml_get(root, "problem");
    tb_assert_ok(tb_yaml_need(problem, "layout", &value, &err), &err);
    assert_ptr_equal(value, tb_yaml_get(problem, "layout"));
    tb_assert_fails(tb_yaml_need(problem, "stride", &value, &err), &err, TB_EFILE,
                    "needs key 'stride'");
    tb_assert_position(&err, 2, 3);
    tb_assert_fails(tb_yaml_need(problem, "window", &value, &err), &err, TB_EFILE,
                    "key 'window' is null; needs a value");
    tb_assert_fails(tb_yaml_need(value, "stride", &value, &err), &err, TB_EFILE,
                    "'72'; needs a mapping with key 'stride'");
    assert_ptr_equal(value, tb_yaml_get(problem, "layout"));
}

static void assert_no_int(const char *text, int64_t min, int64_t max, const char *part)
{
    tb_error err;
    int64_t value = 96;
    tb_assert_fails(tb_yaml_int(root_of(text), min, max, &value, &err), &err, TB_EFILE, part);
    assert_int_equal(value, 96);
}

static void yaml__integers_are_plain_decimal_within_range(void **state)
{
    (void)state;
    tb_error err;
    int64_t value = 0;
    tb_assert_ok(tb_yaml_int(root_of("72"), 72, 72, &value, &err), &err);
    assert_int_equal(value, 72);
    tb_assert_ok(tb_yaml_int(root_of("-9223372036854775808"), INT64_MIN, 0, &value, &err), &err);
    assert_true(value == INT64_MIN);
    assert_no_int("73", 1, 72, "'73' is out of range; needs an integer from 1 to 72");
    assert_no_int("0", 1, INT64_MAX, "'0' is out of range; needs an integer of at least 1");
    assert_no_int("7", INT64_MIN, -1, "needs an integer of at most -1");
    assert_no_int("seven", INT64_MIN, INT64_MAX,
                  "'seven' is not a plain decimal integer; needs an integer");
    assert_no_int("7.0", 1, 72, "'7.0' is not a plain decimal integer; needs an integer from 1");
    assert_no_int("0x48", 1, 72, "'0x48' is not a plain decimal integer");
    assert_no_int("010", 1, 72, "'010' is not a plain decimal integer");
    assert_no_int("1_000", 1, 72, "is not a plain decimal integer");
    assert_no_int("9223372036854775808", 1, 72, "is out of range");
    assert_no_int("\"12\"", 1, 72, "'12' is quoted; needs an integer from 1 to 72 without quotes");
    assert_no_int("~", 1, 72, "null is not a plain decimal integer");
    assert_no_int("[72]", 1, 72, "a list is not a plain decimal integer");
    assert_no_int("{a: 72}", 1, 72, "a mapping is not a plain decimal integer");
}

static void assert_no_double(const char *text, double min, double max, const char *part)
{
    tb_error err;
    double value = 96;
    tb_assert_fails(tb_yaml_double(root_of(text), min, max, &value, &err), &err, TB_EFILE, part);
    tb_assert_close(value, 96, 0);
}

static void yaml__doubles_are_finite_within_range(void **state)
{
    (void)state;
    tb_error err;
    double value = 0;
    tb_assert_ok(tb_yaml_double(root_of("7.3e12"), 0, HUGE_VAL, &value, &err), &err);
    tb_assert_close(value, 7.3e12, 0);
    tb_assert_ok(tb_yaml_double(root_of("72"), 72, 72, &value, &err), &err);
    tb_assert_close(value, 72, 0);
    assert_no_double("1.5", 0, 1, "'1.5' is out of range; needs a number from 0 to 1");
    assert_no_double("-1", 0.1, HUGE_VAL, "needs a number of at least 0.1");
    assert_no_double("7", -HUGE_VAL, 5e-324, "needs a number of at most 5e-324");
    assert_no_double(".inf", -HUGE_VAL, HUGE_VAL, "'.inf' is not a finite decimal number; needs a");
    assert_no_double(".nan", 0, 1, "'.nan' is not a finite decimal number; needs a number from 0");
    assert_no_double("'0.5'", 0, 1, "'0.5' is quoted; needs a number from 0 to 1 without quotes");
    assert_no_double("1,5", 0, 1, "is not a finite decimal number");
    assert_no_double("[]", 0, 1, "a list is not a finite decimal number");
}

static void yaml__booleans_are_true_and_false(void **state)
{
    (void)state;
    tb_error err;
    bool value = false;
    tb_assert_ok(tb_yaml_bool(root_of("true"), &value, &err), &err);
    assert_true(value);
    tb_assert_ok(tb_yaml_bool(root_of("false"), &value, &err), &err);
    assert_false(value);
    static const char *const wrong[] = {"yes", "on", "1", "True", "'true'", "~", "[true]"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        tb_assert_fails(tb_yaml_bool(root_of(wrong[i]), &value, &err), &err, TB_EFILE,
                        "is not a boolean; needs true or false, without quotes");
    }
}

static void yaml__text_is_any_scalar_but_null(void **state)
{
    (void)state;
    tb_error err;
    const char *text = NULL;
    tb_assert_ok(tb_yaml_text(root_of("12"), &text, &err), &err);
    assert_string_equal(text, "12");
    tb_assert_ok(tb_yaml_text(root_of("''"), &text, &err), &err);
    assert_string_equal(text, "");
    tb_assert_ok(tb_yaml_text(root_of("|\n  two\n  lines\n"), &text, &err), &err);
    assert_string_equal(text, "two\nlines\n");
    tb_assert_fails(tb_yaml_text(root_of("~"), &text, &err), &err, TB_EFILE, "null; needs text");
    tb_assert_fails(tb_yaml_text(root_of("[a]"), &text, &err), &err, TB_EFILE,
                    "a list; needs text");
}

static void yaml__choice_names_the_nearest(void **state)
{
    (void)state;
    static const char *const dtypes[] = {"bf16", "fp16", "fp8-e4m3"};
    tb_error err;
    size_t choice = 96;
    tb_assert_ok(tb_yaml_choice(root_of("fp16"), dtypes, 3, &choice, &err), &err);
    assert_int_equal(choice, 1);
    tb_assert_fails(tb_yaml_choice(root_of("bf61"), dtypes, 3, &choice, &err), &err, TB_EFILE,
                    "'bf61' is not known here; did you mean 'bf16'?");
    tb_assert_fails(tb_yaml_choice(root_of("int4"), dtypes, 3, &choice, &err), &err, TB_EFILE,
                    "'int4' is not known here; needs one of bf16, fp16, fp8-e4m3");
    tb_assert_fails(tb_yaml_choice(root_of("[bf16]"), dtypes, 3, &choice, &err), &err, TB_EFILE,
                    "a list is not known here; needs one of bf16");
    assert_int_equal(choice, 1);
}

static void yaml__lists_of_integers_are_checked_whole(void **state)
{
    (void)state;
    tb_error err;
    int64_t list[4] = {7, 7, 7, 7};
    size_t count = 96;
    tb_assert_fails(tb_yaml_int_list(root_of("[30, 48, 0]"), 4, 1, 99, list, &count, &err), &err,
                    TB_EFILE, "'0' is out of range; needs an integer from 1 to 99");
    tb_assert_position(&err, 1, 10);
    tb_assert_fails(tb_yaml_int_list(root_of("[1, 2, 3, 4, 5]"), 4, 1, 99, list, &count, &err),
                    &err, TB_EFILE, "a list of 5; needs at most 4 integers");
    tb_assert_fails(tb_yaml_int_list(root_of("30x48"), 4, 1, 99, list, &count, &err), &err,
                    TB_EFILE, "'30x48'; needs a list of integers, such as [30, 48, 80]");
    assert_int_equal(list[0], 7); /* failure writes nothing */
    assert_int_equal(count, 96);
    tb_assert_ok(tb_yaml_int_list(root_of("[30, 48, 80]"), 4, 1, 99, list, &count, &err), &err);
    assert_int_equal(count, 3);
    assert_int_equal(list[0], 30);
    assert_int_equal(list[2], 80);
    assert_int_equal(list[3], 7);
    tb_assert_ok(tb_yaml_int_list(root_of("[]"), 4, 1, 99, list, &count, &err), &err);
    assert_int_equal(count, 0);
}

static void yaml__lists_of_booleans_are_checked_whole(void **state)
{
    (void)state;
    tb_error err;
    bool list[4] = {true, true, true, true};
    size_t count = 96;
    tb_assert_fails(tb_yaml_bool_list(root_of("[false, 0]"), 4, list, &count, &err), &err, TB_EFILE,
                    "'0' is not a boolean");
    tb_assert_fails(tb_yaml_bool_list(root_of("true"), 4, list, &count, &err), &err, TB_EFILE,
                    "needs a list of booleans, such as [true, false]");
    assert_true(list[0]);
    tb_assert_ok(tb_yaml_bool_list(root_of("[false, true]"), 4, list, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_false(list[0]);
    assert_true(list[1]);
}

static void yaml__errors_are_optional(void **state)
{
    (void)state;
    int64_t value;
    assert_int_equal(tb_yaml_int(root_of("x"), 0, 1, &value, NULL), TB_EFILE);
    assert_int_equal(tb_yaml_check_keys(root_of("x: 1"), keys, NULL), TB_EFILE);
    tb_yaml *none = NULL;
    assert_int_equal(tb_yaml_parse("[", 1, "a.yaml", &none, NULL), TB_EFILE);
    assert_null(none);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_document)

TB_TESTS(TEST(yaml__known_keys_pass), TEST(yaml__unknown_key_names_nearest),
         TEST(yaml__unknown_key_lists_known_ones_when_none_is_near),
         TEST(yaml__scalars_have_no_keys), TEST(yaml__long_and_odd_keys_are_cut_in_messages),
         TEST(yaml__many_known_keys_fit_the_message), TEST(yaml__schema_must_be_the_kind),
         TEST(yaml__lookups_chain_through_what_is_absent), TEST(yaml__needed_key_is_named),
         TEST(yaml__integers_are_plain_decimal_within_range),
         TEST(yaml__doubles_are_finite_within_range), TEST(yaml__booleans_are_true_and_false),
         TEST(yaml__text_is_any_scalar_but_null), TEST(yaml__choice_names_the_nearest),
         TEST(yaml__lists_of_integers_are_checked_whole),
         TEST(yaml__lists_of_booleans_are_checked_whole), TEST(yaml__errors_are_optional));
