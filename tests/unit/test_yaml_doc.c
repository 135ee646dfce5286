/* What the parser takes and refuses; test_yaml_node.c has the getters. */
#include "test_support.h"

#include "buffer.h"
#include "yaml_doc.h"

#include <stdlib.h>
#include <string.h>

static tb_yaml *parse(const char *text)
{
    tb_yaml *doc = NULL;
    tb_error err;
    tb_assert_ok(tb_yaml_parse(text, strlen(text), "a.yaml", &doc, &err), &err);
    return doc;
}

/* Check that `text` is refused with `part` in the message, at this place. */
static void assert_refused(const char *text, const char *part, int line, int column)
{
    tb_yaml *doc = NULL;
    tb_error err;
    tb_assert_fails(tb_yaml_parse(text, strlen(text), "a.yaml", &doc, &err), &err, TB_EFILE, part);
    assert_string_equal(err.file, "a.yaml");
    tb_assert_position(&err, line, column);
    assert_null(doc);
}

static void assert_place(const tb_yaml_node *node, int line, int column)
{
    tb_error err;
    assert_int_equal(tb_yaml_fail(node, &err, "here"), TB_EFILE);
    assert_string_equal(err.message, "here");
    assert_string_equal(err.file, "a.yaml");
    tb_assert_position(&err, line, column);
}

static void yaml__keys_and_values_know_their_places(void **state)
{
    (void)state;
    tb_yaml *doc = parse("# comment\n"
                         "problem:\n"
                         "  layout: [30, 48,\n"
                         "           80]\n"
                         "  \"\xc3\xa9\": x\n"); /* one character, two bytes */
    const tb_yaml_node *root = tb_yaml_root(doc);
    assert_true(tb_yaml_is_map(root));
    assert_int_equal(tb_yaml_count(root), 1);
    assert_string_equal(tb_yaml_key(root, 0), "problem");
    assert_place(tb_yaml_key_node(root, 0), 2, 1);
    const tb_yaml_node *problem = tb_yaml_item(root, 0);
    assert_place(problem, 3, 3);
    assert_int_equal(tb_yaml_count(problem), 2);
    assert_place(tb_yaml_key_node(problem, 0), 3, 3);
    const tb_yaml_node *layout = tb_yaml_get(problem, "layout");
    assert_true(tb_yaml_is_list(layout));
    assert_place(layout, 3, 11);
    assert_int_equal(tb_yaml_count(layout), 3);
    assert_place(tb_yaml_item(layout, 1), 3, 16);
    assert_place(tb_yaml_item(layout, 2), 4, 12);
    assert_place(tb_yaml_item(problem, 1), 5, 8); /* columns count characters */
    tb_yaml_destroy(doc);
}

static void yaml__block_lists_of_mappings_nest(void **state)
{
    (void)state;
    tb_yaml *doc = parse("problems:\n"
                         "- name: hunyuan\n"
                         "  layout: [30, 48, 80]\n"
                         "- name: flux\n"
                         "  runs: [{time_us: 7.2}, {time_us: 9.6}]\n");
    const tb_yaml_node *list = tb_yaml_get(tb_yaml_root(doc), "problems");
    assert_int_equal(tb_yaml_count(list), 2);
    const char *name = NULL;
    tb_error err;
    tb_assert_ok(tb_yaml_text(tb_yaml_get(tb_yaml_item(list, 1), "name"), &name, &err), &err);
    assert_string_equal(name, "flux");
    const tb_yaml_node *runs = tb_yaml_get(tb_yaml_item(list, 1), "runs");
    assert_int_equal(tb_yaml_count(runs), 2);
    double time_us = 0;
    tb_assert_ok(
        tb_yaml_double(tb_yaml_get(tb_yaml_item(runs, 1), "time_us"), 0, 1e9, &time_us, &err),
        &err);
    tb_assert_close(time_us, 9.6, 0);
    tb_yaml_destroy(doc);
}

static void yaml__json_is_read(void **state)
{
    (void)state;
    tb_yaml *doc = parse("{\n\t\"schema\": \"tilebound/problem/1\",\"a\":[1,2],\n"
                         "\t\"b\": {\"c\": null, \"d\": true, \"e\\n\\u00e9\\/\": -7.3e12}}\n");
    const tb_yaml_node *root = tb_yaml_root(doc), *b = tb_yaml_get(root, "b");
    tb_error err;
    tb_assert_ok(tb_yaml_check_schema(doc, "problem", &err), &err);
    assert_int_equal(tb_yaml_count(tb_yaml_get(root, "a")), 2);
    assert_null(tb_yaml_get(b, "c"));
    double value = 0;
    tb_assert_ok(tb_yaml_double(tb_yaml_get(b, "e\n\xc3\xa9/"), -1e13, 0, &value, &err), &err);
    tb_assert_close(value, -7.3e12, 0);
    tb_yaml_destroy(doc);
}

static void yaml__nulls_are_plain_and_text_is_quoted(void **state)
{
    (void)state;
    tb_yaml *doc = parse("- ~\n- null\n-\n- '~'\n- \"null\"\n- ''\n- Null\n");
    static const bool null[] = {true, true, true, false, false, false, false};
    const tb_yaml_node *root = tb_yaml_root(doc);
    assert_int_equal(tb_yaml_count(root), 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(tb_yaml_is_null(tb_yaml_item(root, i)), null[i]);
        assert_int_equal(tb_yaml_is_scalar(tb_yaml_item(root, i)), !null[i]);
    }
    tb_yaml_destroy(doc);
    doc = parse("a:\nb: ~\nc: null # no value\n");
    assert_int_equal(tb_yaml_count(tb_yaml_root(doc)), 3);
    assert_null(tb_yaml_get(tb_yaml_root(doc), "a"));
    assert_true(tb_yaml_is_null(tb_yaml_item(tb_yaml_root(doc), 0)));
    assert_null(tb_yaml_get(tb_yaml_root(doc), "c"));
    tb_yaml_destroy(doc);
}

static void yaml__anchors_aliases_and_tags_are_refused(void **state)
{
    (void)state;
    assert_refused("a: &x 72\n", "an anchor; anchors and aliases are not read", 1, 4);
    assert_refused("a:\n  - &x [72]\n", "an anchor", 2, 5);
    assert_refused("&x {a: 72}\n", "an anchor", 1, 1);
    assert_refused("a: 72\nb: *x\n", "an alias; anchors and aliases are not read", 2, 4);
    assert_refused("a: !!int 72\n", "a tag; tags are not read", 1, 4);
    assert_refused("a: ! 72\n", "a tag", 1, 4);
    assert_refused("a: !x [72]\n", "a tag", 1, 4);
    assert_refused("a: !x {b: 72}\n", "a tag", 1, 4);
}

static void yaml__laughter_bomb_is_refused_at_its_first_anchor(void **state)
{
    (void)state;
    assert_refused("a: &a [lol, lol]\nb: &b [*a, *a]\nc: [*b, *b]\n", "an anchor", 1, 4);
}

static void nest(tb_buffer *text, const char *open, const char *close, size_t levels)
{
    for (size_t i = 0; i < levels; i++) {
        tb_buffer_text(text, open);
    }
    tb_buffer_text(text, "72");
    for (size_t i = 0; i < levels; i++) {
        tb_buffer_text(text, close);
    }
}

static void yaml__nesting_has_a_limit(void **state)
{
    (void)state;
    tb_buffer text = {0};
    nest(&text, "[", "]", TB_YAML_MAX_DEPTH);
    tb_yaml_destroy(parse(text.data));
    tb_buffer_free(&text);
    nest(&text, "[", "]", TB_YAML_MAX_DEPTH + 1);
    assert_refused(text.data, "nested too deeply; at most 32 levels", 1, 33);
    tb_buffer_free(&text);
    nest(&text, "{a: ", "}", TB_YAML_MAX_DEPTH + 1);
    assert_refused(text.data, "nested too deeply", 1, 129); /* 32 * 4 + 1 */
    tb_buffer_free(&text);
    nest(&text, "[", "]", 5000);
    assert_refused(text.data, "nested too deeply", 1, 33);
    tb_buffer_free(&text);
}

static void yaml__duplicate_keys_name_both_places(void **state)
{
    (void)state;
    assert_refused("window: 72\nstride: 96\nwindow: 18\n",
                   "key 'window' is already at line 1, column 1; write it once", 3, 1);
    assert_refused("a:\n  b: {x: 1, y: 2, \"x\": 3}\n", "key 'x' is already at line 2, column 7", 2,
                   19);
    /* Of several, the first that repeats: c does at 4:1, b at 5:1. */
    assert_refused("a: 1\nb: 1\nc: 1\nc: 2\nb: 2\n", "key 'c' is already at line 3", 4, 1);
    /* Of three alike, the second, and the place of the first. */
    assert_refused("a: 1\nb: 1\na: 2\na: 3\n", "key 'a' is already at line 1", 3, 1);
    tb_yaml_destroy(parse("a: {x: 1}\nb: {x: 1}\nA: 1\n"));
}

static void yaml__keys_are_text(void **state)
{
    (void)state;
    assert_refused("? [a, b]\n: 72\n", "a list or mapping as a key; keys must be text", 1, 3);
    assert_refused("{{a: 1}: 72}\n", "a list or mapping as a key", 1, 2);
    assert_refused("?\n: 72\n", "an empty key; write a name before the colon", 1, 2);
    assert_refused("a: 1\n\"\": 72\n", "an empty key", 2, 1);
    tb_yaml *doc = parse("null: 72\n12: 96\n"); /* keys are never null nor numbers */
    assert_non_null(tb_yaml_get(tb_yaml_root(doc), "null"));
    assert_non_null(tb_yaml_get(tb_yaml_root(doc), "12"));
    tb_yaml_destroy(doc);
}

static void yaml__a_file_is_one_document(void **state)
{
    (void)state;
    assert_refused("a: 72\n---\nb: 96\n", "a second document; a file must hold one document", 2, 1);
    assert_refused("", "an empty document; the file must hold one mapping", 1, 1);
    assert_refused("# only a comment\n", "an empty document", 1, 1);
    tb_yaml_destroy(parse("---\na: 72\n...\n"));
    tb_yaml_destroy(parse("%YAML 1.1\n---\na: 72\n"));
    tb_error err;
    tb_yaml *doc = NULL;
    tb_assert_fails(tb_yaml_parse(NULL, 0, "a.yaml", &doc, &err), &err, TB_EFILE, "empty document");
}

static void yaml__libyaml_complaints_have_places(void **state)
{
    (void)state;
    assert_refused("a: [72, 96\nb: 18\n", "not valid YAML: did not find expected ',' or ']'", 2, 2);
    assert_refused("a: @x\n", "not valid YAML: found character that cannot start any token", 1, 4);
    assert_refused("a: 72\n b: 96\n", "not valid YAML: mapping values are not allowed", 2, 3);
    assert_refused("a: \"72\n", "not valid YAML: found unexpected end of stream", 2, 1);
    assert_refused("a: 'x\\q'\nb: \"\\q\"\n", "not valid YAML: found unknown escape character", 2,
                   5);
}

static void yaml__bytes_that_are_no_text_are_refused(void **state)
{
    (void)state;
    assert_refused("a: 72\nb: \xc3\xa9 \xff\n", "not text: invalid leading UTF-8 octet", 2, 6);
    assert_refused("a: \xed\xa0\x80\n", "not text: ", 1, 4);
    assert_refused("a: \x01\n", "not text: control characters are not allowed", 1, 4);
    assert_refused("a: 72\nb: \"x\\0y\"\n", "a NUL character; write text without \\0", 2, 4);
    tb_yaml *doc = NULL;
    tb_error err;
    tb_assert_fails(tb_yaml_parse("a: \0", 4, "a.yaml", &doc, &err), &err, TB_EFILE, "not text: ");
}

static void yaml__byte_order_mark_is_skipped(void **state)
{
    (void)state;
    tb_yaml *doc = parse("\xef\xbb\xbf"
                         "a: 72\n");
    assert_non_null(tb_yaml_get(tb_yaml_root(doc), "a"));
    tb_yaml_destroy(doc);
}

static void yaml__large_files_are_refused_unread(void **state)
{
    (void)state;
    tb_yaml *doc = NULL;
    tb_error err;
    tb_assert_fails(tb_yaml_parse("", TB_YAML_MAX_BYTES + 1, "a.yaml", &doc, &err), &err, TB_EFILE,
                    "too large; at most 67108864 bytes");
}

static void assert_memory_bound(const char *what, tb_buffer *text)
{
    tb_error err;
    tb_yaml *doc = NULL;
    tb_assert_ok(tb_buffer_check(text, &err), &err);
    tb_assert_ok(tb_yaml_parse(text->data, text->length, "a.yaml", &doc, &err), &err);
    print_message("%s: %zu bytes, tree %zu\n", what, text->length, tb_yaml_bytes(doc));
    /* A node takes 32 bytes and each of a pair's two takes at least one byte of the file; its text
     * takes no more than the file's, and the arena's last chunk may be nearly empty. */
    assert_true(tb_yaml_bytes(doc) <= 40 * text->length + ((size_t)1 << 20));
    tb_yaml_destroy(doc);
    tb_buffer_free(text);
}

static void yaml__memory_is_in_proportion_to_the_file(void **state)
{
    (void)state;
    int n = tb_test_cases(200000);
    tb_buffer text = {0};
    tb_buffer_text(&text, "[");
    for (int i = 0; i < n; i++) {
        tb_buffer_text(&text, "7,");
    }
    tb_buffer_text(&text, "2]");
    assert_memory_bound("commas", &text);
    tb_buffer_text(&text, "[");
    for (int i = 0; i < n; i++) {
        tb_buffer_text(&text, "[],");
    }
    tb_buffer_text(&text, "[]]");
    assert_memory_bound("empty lists", &text);
    tb_buffer_text(&text, "{");
    for (int i = 0; i < n; i++) {
        tb_buffer_printf(&text, "%x,", (unsigned)i);
    }
    tb_buffer_text(&text, "last}");
    assert_memory_bound("keys without values", &text);
    for (int i = 0; i < n; i++) {
        tb_buffer_text(&text, "- x\n");
    }
    assert_memory_bound("lines", &text);
}

static void yaml__many_keys_take_no_quadratic_time(void **state)
{
    (void)state;
    tb_buffer text = {0};
    for (int i = 0; i < tb_test_cases(100000); i++) {
        tb_buffer_printf(&text, "key%d: %d\n", i, i);
    }
    tb_buffer_text(&text, "key72: 96\n");
    tb_yaml *doc = NULL;
    tb_error err;
    tb_assert_fails(tb_yaml_parse(text.data, text.length, "a.yaml", &doc, &err), &err, TB_EFILE,
                    "key 'key72' is already at line 73, column 1");
    tb_buffer_free(&text);
}

static void yaml__files_are_read_by_path(void **state)
{
    (void)state;
    static const char text[] = "schema: tilebound/device/1\nname: h100\n";
    const char *path = tb_test_file("h100.yaml", text, sizeof text - 1);
    tb_yaml *doc = NULL;
    tb_error err;
    tb_assert_ok(tb_yaml_read(path, &doc, &err), &err);
    tb_assert_ok(tb_yaml_check_schema(doc, "device", &err), &err);
    assert_int_equal(tb_yaml_fail(tb_yaml_root(doc), &err, "x"), TB_EFILE);
    assert_string_equal(err.file, path);
    tb_yaml_destroy(doc);
    tb_assert_fails(tb_yaml_read(tb_test_path("absent.yaml"), &doc, &err), &err, TB_EFILE,
                    "cannot read");
    tb_yaml_destroy(NULL);
}

TB_TESTS(cmocka_unit_test(yaml__keys_and_values_know_their_places),
         cmocka_unit_test(yaml__block_lists_of_mappings_nest), cmocka_unit_test(yaml__json_is_read),
         cmocka_unit_test(yaml__nulls_are_plain_and_text_is_quoted),
         cmocka_unit_test(yaml__anchors_aliases_and_tags_are_refused),
         cmocka_unit_test(yaml__laughter_bomb_is_refused_at_its_first_anchor),
         cmocka_unit_test(yaml__nesting_has_a_limit),
         cmocka_unit_test(yaml__duplicate_keys_name_both_places),
         cmocka_unit_test(yaml__keys_are_text), cmocka_unit_test(yaml__a_file_is_one_document),
         cmocka_unit_test(yaml__libyaml_complaints_have_places),
         cmocka_unit_test(yaml__bytes_that_are_no_text_are_refused),
         cmocka_unit_test(yaml__byte_order_mark_is_skipped),
         cmocka_unit_test(yaml__large_files_are_refused_unread),
         cmocka_unit_test(yaml__memory_is_in_proportion_to_the_file),
         cmocka_unit_test(yaml__many_keys_take_no_quadratic_time),
         cmocka_unit_test(yaml__files_are_read_by_path));
