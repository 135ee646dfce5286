/* A tree printed as YAML reads back as the same tree, wherever it came from. */
#include "test_support.h"

#include "yaml_builder.h"
#include "yaml_print.h"
#include "yaml_write.h"

#include <stdlib.h>
#include <string.h>

static tb_yaml *parse(const char *text)
{
    tb_yaml *doc = NULL;
    tb_error err;
    tb_assert_ok(tb_yaml_parse(text, strlen(text), "a.yaml", &doc, &err), &err);
    return doc;
}

static void assert_same(const tb_yaml_node *a, const tb_yaml_node *b)
{
    assert_int_equal(tb_yaml_is_map(a), tb_yaml_is_map(b));
    assert_int_equal(tb_yaml_is_list(a), tb_yaml_is_list(b));
    assert_int_equal(tb_yaml_is_null(a), tb_yaml_is_null(b));
    assert_int_equal(tb_yaml_count(a), tb_yaml_count(b));
    const char *left = NULL, *right = NULL;
    if (tb_yaml_is_scalar(a)) {
        tb_error err;
        tb_assert_ok(tb_yaml_text(a, &left, &err), &err);
        tb_assert_ok(tb_yaml_text(b, &right, &err), &err);
        assert_string_equal(left, right);
    }
    for (size_t i = 0; i < tb_yaml_count(a); i++) {
        if (tb_yaml_is_map(a)) {
            assert_string_equal(tb_yaml_key(a, i), tb_yaml_key(b, i));
        }
        assert_same(tb_yaml_item(a, i), tb_yaml_item(b, i));
    }
}

/* Print, check the text where one is given, and read it back. */
static void check(const tb_yaml *doc, const char *want)
{
    tb_buffer text = {0};
    tb_error err;
    tb_yaml_write(&text, doc);
    tb_assert_ok(tb_buffer_check(&text, &err), &err);
    if (want != NULL) {
        assert_string_equal(text.data, want);
    }
    tb_yaml *again = parse(text.data);
    assert_same(tb_yaml_root(doc), tb_yaml_root(again));
    tb_yaml_destroy(again);
    tb_buffer_free(&text);
}

/* A text printed alone reads back as it was, line ends and all. */
static void check_text(const char *text)
{
    tb_buffer out = {0};
    tb_error err;
    const char *back = NULL;
    tb_buffer_text(&out, "key: ");
    tb_yaml_print_text(&out, text);
    tb_assert_ok(tb_buffer_check(&out, &err), &err);
    tb_yaml *doc = parse(out.data);
    tb_assert_ok(tb_yaml_text(tb_yaml_item(tb_yaml_root(doc), 0), &back, &err), &err);
    assert_string_equal(back, text);
    tb_yaml_destroy(doc);
    tb_buffer_free(&out);
}

static void yaml__lines_above_flow_below(void **state)
{
    (void)state;
    static const char text[] = "schema: tilebound/profile/1\n"
                               "notes:\n"
                               "  - 'cold, alone'\n"
                               "runs:\n"
                               "  - id: a\n"
                               "    problem: {layout: [30, 48, 80], dim: 128}\n"
                               "    time_us: {median: 79043, n: 1}\n"
                               "  - []\n"
                               "none: []\n"
                               "unknown: null\n";
    tb_yaml *doc = parse(text);
    check(doc, text);
    tb_yaml_destroy(doc);
}

static void yaml__text_is_quoted_where_it_must_be(void **state)
{
    (void)state;
    tb_yaml *doc = parse("a: 'null'\nb: '72'\nc: -7.3\nd: \"line\\nend\"\ne: 'it''s'\nf: '- x'\n"
                         "g: 'a: b'\nh: 'a #b'\ni: '#b'\nj: ''\nk: \"\\u2028\\u0085\\\\\\\"\"\n"
                         "l: \"\xc3\xa9\"\n\"x: y\": 1\nm: 'true'\nn: '['\no: ' x'\np: 'x '\n");
    check(doc, "a: 'null'\nb: '72'\nc: -7.3\nd: \"line\\u000aend\"\ne: 'it''s'\nf: '- x'\n"
               "g: 'a: b'\nh: 'a #b'\ni: '#b'\nj: ''\nk: \"\\u2028\\u0085\\\\\\\"\"\n"
               "l: '\xc3\xa9'\n'x: y': 1\nm: 'true'\nn: '['\no: ' x'\np: 'x '\n");
    tb_yaml_destroy(doc);
}

/* Random texts of awkward characters, as plain scalars that another format gave. */
static void yaml__whatever_text_reads_back(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "a", "7",  " ",  ":",  "#",    "-",        "'",
        "~", "\"", "\n", "\t", "\\",   "{",        "]",
        ",", "&",  "*",  "!",  "\x7f", "\xc2\x85", "\xe2\x80\xa9",
        "%", "@",  "`",  ">",  "|",    "null",     "\xf0\x9f\x8c\x90"};
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(2000);
    for (int i = 0; i < cases; i++) {
        char text[64] = "";
        tb_error err;
        tb_yaml *doc = NULL;
        for (int64_t n = tb_test_between(random, 1, 6); n > 0; n--) {
            strcat(text, pieces[tb_test_between(random, 0, sizeof pieces / sizeof *pieces - 1)]);
        }
        tb_yaml_builder *builder = tb_yaml_builder_create("built");
        tb_yaml_place place = {7, 12};
        bool plain = strcmp(text, "~") != 0 && strcmp(text, "null") != 0; /* texts, not nulls */
        tb_assert_ok(tb_yaml_open_map(builder, place, &err), &err);
        tb_assert_ok(tb_yaml_add_scalar(builder, place, "key", 3, true, &err), &err);
        tb_assert_ok(tb_yaml_add_scalar(builder, place, text, strlen(text), plain, &err), &err);
        tb_assert_ok(tb_yaml_close(builder, &err), &err);
        tb_assert_ok(tb_yaml_builder_finish(builder, &doc, &err), &err);
        tb_yaml_builder_destroy(builder);
        check(doc, NULL);
        check_text(text);
        tb_yaml_destroy(doc);
    }
    print_message("%d texts\n", cases);
    gsl_rng_free(random);
}

/* A copy keeps the places of what it copies, and refuses what a file may not have. */
static void yaml__copies_keep_their_places(void **state)
{
    (void)state;
    tb_error err;
    tb_yaml *from = parse("a: 1\nruns:\n  - {id: x, list: [7, null]}\n"), *doc = NULL;
    tb_yaml_builder *builder = tb_yaml_builder_create("built");
    assert_false(tb_yaml_builder_has_root(builder));
    tb_assert_ok(tb_yaml_add_copy(builder, tb_yaml_root(from), &err), &err);
    assert_true(tb_yaml_builder_has_root(builder));
    tb_assert_ok(tb_yaml_builder_finish(builder, &doc, &err), &err);
    tb_yaml_builder_destroy(builder);
    assert_same(tb_yaml_root(from), tb_yaml_root(doc));
    tb_yaml_destroy(from);
    const tb_yaml_node *runs = tb_yaml_get(tb_yaml_root(doc), "runs");
    assert_int_equal(tb_yaml_fail(tb_yaml_item(runs, 0), &err, "here"), TB_EFILE);
    tb_assert_position(&err, 3, 5);
    tb_yaml_destroy(doc);
    builder = tb_yaml_builder_create("built");
    tb_assert_fails(tb_yaml_builder_finish(builder, &doc, &err), &err, TB_EFILE, "empty document");
    tb_assert_ok(tb_yaml_open_map(builder, (tb_yaml_place){1, 1}, &err), &err);
    tb_assert_ok(tb_yaml_add_scalar(builder, (tb_yaml_place){1, 1}, "k", 1, true, &err), &err);
    tb_assert_ok(tb_yaml_add_scalar(builder, (tb_yaml_place){1, 4}, "v", 1, true, &err), &err);
    tb_assert_ok(tb_yaml_add_scalar(builder, (tb_yaml_place){2, 1}, "k", 1, true, &err), &err);
    tb_assert_ok(tb_yaml_add_scalar(builder, (tb_yaml_place){2, 4}, "v", 1, true, &err), &err);
    tb_assert_fails(tb_yaml_close(builder, &err), &err, TB_EFILE, "'k' is already at line 1");
    tb_assert_position(&err, 2, 1);
    tb_yaml_builder_destroy(builder);
}

TB_TESTS(cmocka_unit_test(yaml__lines_above_flow_below),
         cmocka_unit_test(yaml__text_is_quoted_where_it_must_be),
         cmocka_unit_test(yaml__whatever_text_reads_back),
         cmocka_unit_test(yaml__copies_keep_their_places));
