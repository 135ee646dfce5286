#include "test_support.h"

#include "document.h"
#include "yaml_doc.h"

#include <math.h>
#include <string.h>

static void assert_json(const tb_document *doc, const char *want)
{
    tb_buffer out = {0};
    tb_error err;
    tb_assert_ok(tb_document_json(doc, &out, &err), &err);
    assert_string_equal(out.data, want);
    tb_buffer_free(&out);
}

static void assert_csv(const tb_document *doc, const char *rows, const char *want)
{
    tb_buffer out = {0};
    tb_error err;
    tb_assert_ok(tb_document_csv(doc, rows, &out, &err), &err);
    assert_string_equal(out.data == NULL ? "" : out.data, want);
    tb_buffer_free(&out);
}

/* A small predict result with everything that one has. */
static tb_document *make_result(void)
{
    static const int64_t layout[] = {30, 48, 80};
    static const bool causal[] = {false, false, true};
    tb_document *doc = tb_document_create("result", "0.1.0");
    tb_document_open_object(doc, "problem");
    tb_document_ints(doc, "layout", layout, 3);
    tb_document_text(doc, "dtype", "bf16");
    tb_document_bools(doc, "causal", causal, 3);
    tb_document_close(doc);
    tb_document_open_object(doc, "bound");
    tb_document_double(doc, "flop_speedup", 100.0 / 9.0);
    tb_document_bool(doc, "fully_block_sparse", false);
    tb_document_null(doc, "time");
    tb_document_close(doc);
    tb_document_int(doc, "dense", 13271040000);
    return doc;
}

static void document__json_is_indented_and_arrays_of_numbers_are_not(void **state)
{
    (void)state;
    tb_document *doc = make_result();
    assert_json(doc, "{\n"
                     "  \"schema\": \"tilebound/result/1\",\n"
                     "  \"tilebound\": \"0.1.0\",\n"
                     "  \"problem\": {\n"
                     "    \"layout\": [30, 48, 80],\n"
                     "    \"dtype\": \"bf16\",\n"
                     "    \"causal\": [false, false, true]\n"
                     "  },\n"
                     "  \"bound\": {\n"
                     "    \"flop_speedup\": 11.11111111111111,\n"
                     "    \"fully_block_sparse\": false,\n"
                     "    \"time\": null\n"
                     "  },\n"
                     "  \"dense\": 13271040000\n"
                     "}\n");
    tb_document_destroy(doc);
}

static void document__json_nests_objects_and_texts_in_arrays(void **state)
{
    (void)state;
    tb_document *doc = tb_document_create("x", "1");
    tb_document_open_array(doc, "stages");
    for (int i = 0; i < 2; i++) {
        tb_document_open_object(doc, NULL);
        tb_document_int(doc, "i", 72 + i);
        tb_document_close(doc);
    }
    tb_document_close(doc);
    tb_document_open_array(doc, "warnings");
    tb_document_text(doc, NULL, "first");
    tb_document_close(doc);
    tb_document_open_array(doc, "grid");
    tb_document_ints(doc, NULL, (const int64_t[]){72, 96}, 2);
    tb_document_close(doc);
    tb_document_open_array(doc, "none");
    tb_document_close(doc);
    tb_document_open_object(doc, "empty");
    tb_document_close(doc);
    assert_json(doc, "{\n"
                     "  \"schema\": \"tilebound/x/1\",\n"
                     "  \"tilebound\": \"1\",\n"
                     "  \"stages\": [\n"
                     "    {\n"
                     "      \"i\": 72\n"
                     "    },\n"
                     "    {\n"
                     "      \"i\": 73\n"
                     "    }\n"
                     "  ],\n"
                     "  \"warnings\": [\n"
                     "    \"first\"\n"
                     "  ],\n"
                     "  \"grid\": [\n"
                     "    [72, 96]\n"
                     "  ],\n"
                     "  \"none\": [],\n"
                     "  \"empty\": {}\n"
                     "}\n");
    tb_document_destroy(doc);
}

static void document__numbers_travel_in_the_shortest_form(void **state)
{
    (void)state;
    tb_document *doc = tb_document_create("x", "1");
    tb_document_double(doc, "a", 0.1);
    tb_document_double(doc, "b", 7.3e12);
    tb_document_double(doc, "c", 1e-7);
    tb_document_int(doc, "d", INT64_MIN);
    tb_document_double(doc, "e", nan(""));
    tb_document_double(doc, "f", -HUGE_VAL);
    assert_json(doc, "{\n"
                     "  \"schema\": \"tilebound/x/1\",\n"
                     "  \"tilebound\": \"1\",\n"
                     "  \"a\": 0.1,\n"
                     "  \"b\": 7300000000000,\n"
                     "  \"c\": 1e-07,\n"
                     "  \"d\": -9223372036854775808,\n"
                     "  \"e\": null,\n"
                     "  \"f\": null\n"
                     "}\n");
    assert_int_equal(tb_document_nulled(doc), 2);
    tb_document_destroy(doc);
}

static void document__text_is_escaped_and_made_utf8(void **state)
{
    (void)state;
    tb_document *doc = tb_document_create("x", "1");
    tb_document_text(doc, "quotes", "a \"b\" \\ \n\t\x01");
    tb_document_text(doc, "utf8", "72 \xc2\xb5s");
    tb_document_text(doc, "latin1", "72 \xb5s \xed\xa0\x80");
    tb_document_text(doc, "key \xff\"", NULL);
    assert_json(doc, "{\n"
                     "  \"schema\": \"tilebound/x/1\",\n"
                     "  \"tilebound\": \"1\",\n"
                     "  \"quotes\": \"a \\\"b\\\" \\\\ \\n\\t\\u0001\",\n"
                     "  \"utf8\": \"72 \xc2\xb5s\",\n"
                     "  \"latin1\": \"72 ?s ???\",\n"
                     "  \"key ?\\\"\": null\n"
                     "}\n");
    tb_document_destroy(doc);
}

static void document__json_reads_back_as_yaml(void **state)
{
    (void)state;
    tb_document *doc = make_result();
    tb_buffer out = {0};
    tb_error err;
    tb_yaml *read = NULL;
    tb_assert_ok(tb_document_json(doc, &out, &err), &err);
    tb_assert_ok(tb_yaml_parse(out.data, out.length, "result", &read, &err), &err);
    tb_assert_ok(tb_yaml_check_schema(read, "result", &err), &err);
    const tb_yaml_node *root = tb_yaml_root(read);
    double speedup = 0;
    int64_t layout[3];
    size_t rank = 0;
    tb_assert_ok(tb_yaml_double(tb_yaml_get(tb_yaml_get(root, "bound"), "flop_speedup"), 0, 100,
                                &speedup, &err),
                 &err);
    tb_assert_close(speedup, 100.0 / 9.0, 0); /* to the last bit */
    tb_assert_ok(tb_yaml_int_list(tb_yaml_get(tb_yaml_get(root, "problem"), "layout"), 3, 1, 96,
                                  layout, &rank, &err),
                 &err);
    assert_int_equal(layout[2], 80);
    tb_yaml_destroy(read);
    tb_buffer_free(&out);
    tb_document_destroy(doc);
}

static void document__csv_of_a_whole_document_is_one_line(void **state)
{
    (void)state;
    tb_document *doc = make_result();
    tb_document_open_array(doc, "stages"); /* arrays of objects are left out */
    tb_document_open_object(doc, NULL);
    tb_document_int(doc, "i", 72);
    tb_document_close(doc);
    tb_document_close(doc);
    assert_csv(doc, NULL,
               "schema,tilebound,problem.layout,problem.dtype,problem.causal,bound.flop_speedup,"
               "bound.fully_block_sparse,bound.time,dense\n"
               "tilebound/result/1,0.1.0,30x48x80,bf16,0x0x1,11.11111111111111,false,,"
               "13271040000\n");
    tb_document_destroy(doc);
}

static void open_row(tb_document *doc, const char *name)
{
    tb_document_open_object(doc, NULL);
    tb_document_text(doc, "name", name);
}

static void document__csv_columns_are_the_union_of_the_rows(void **state)
{
    (void)state;
    tb_document *doc = tb_document_create("x", "1");
    tb_document_open_array(doc, "runs");
    open_row(doc, "a,b");
    tb_document_open_object(doc, "time");
    tb_document_double(doc, "mean_us", 7.2);
    tb_document_close(doc);
    tb_document_close(doc);
    open_row(doc, "=cmd()");
    tb_document_int(doc, "dim", -96);
    tb_document_open_array(doc, "notes");
    tb_document_text(doc, NULL, "say \"x\"");
    tb_document_text(doc, NULL, "y");
    tb_document_close(doc);
    tb_document_close(doc);
    tb_document_open_object(doc, NULL);
    tb_document_int(doc, "dim", 72);
    tb_document_ints(doc, "none", NULL, 0);
    tb_document_close(doc);
    tb_document_close(doc);
    assert_csv(doc, "runs",
               "name,time.mean_us,dim,notes,none\n"
               "\"a,b\",7.2,,,\n"
               "'=cmd(),,-96,\"say \"\"x\"\"; y\",\n"
               ",,72,,\n");
    tb_document_destroy(doc);
}

static void document__csv_of_no_rows_is_an_empty_header(void **state)
{
    (void)state;
    tb_document *doc = tb_document_create("x", "1");
    tb_document_open_array(doc, "runs");
    tb_document_close(doc);
    assert_csv(doc, "runs", "\n");
    tb_document_destroy(doc);
}

static void document__absent_document_is_out_of_memory(void **state)
{
    (void)state;
    tb_buffer out = {0};
    tb_error err;
    tb_document_open_object(NULL, "a");
    tb_document_int(NULL, "b", 72);
    tb_document_close(NULL);
    tb_assert_fails(tb_document_json(NULL, &out, &err), &err, TB_ENOMEM, "no memory");
    tb_assert_fails(tb_document_csv(NULL, "a", &out, &err), &err, TB_ENOMEM, "no memory");
    assert_int_equal(tb_document_nulled(NULL), 0);
    assert_int_equal(out.length, 0);
    tb_document_destroy(NULL);
}

TB_TESTS(cmocka_unit_test(document__json_is_indented_and_arrays_of_numbers_are_not),
         cmocka_unit_test(document__json_nests_objects_and_texts_in_arrays),
         cmocka_unit_test(document__numbers_travel_in_the_shortest_form),
         cmocka_unit_test(document__text_is_escaped_and_made_utf8),
         cmocka_unit_test(document__json_reads_back_as_yaml),
         cmocka_unit_test(document__csv_of_a_whole_document_is_one_line),
         cmocka_unit_test(document__csv_columns_are_the_union_of_the_rows),
         cmocka_unit_test(document__csv_of_no_rows_is_an_empty_header),
         cmocka_unit_test(document__absent_document_is_out_of_memory));
