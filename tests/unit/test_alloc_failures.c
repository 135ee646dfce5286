/* Every allocation fails once: TB_ENOMEM each time, no crash, and (under ASan) no leak. Linked with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. */
#include "failing_alloc.h"
#include "test_support.h"

#include "bits.h"
#include "data_path.h"
#include "document.h"
#include "file.h"
#include "mask_file.h"
#include "npy.h"
#include "pbm.h"
#include "yaml_doc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* jansson is a shared library, out of the linker's reach; this is its own hook (jansson.h, which is
 * only base's to include). */
void json_set_alloc_funcs(void *(*malloc_fn)(size_t), void (*free_fn)(void *));

static tb_status parse_yaml(tb_error *err)
{
    static const char text[] = "schema: tilebound/suite/1\n"
                               "problems:\n"
                               "- {name: hunyuan, layout: [30, 48, 80], window: [18, 24, 24]}\n"
                               "- {name: flux, layout: [256, 256], note: \"a longer text\"}\n";
    tb_yaml *doc = NULL;
    tb_status status = tb_yaml_parse(text, sizeof text - 1, "a.yaml", &doc, err);
    tb_yaml_destroy(doc);
    return status;
}

static char *large_yaml; /* enough nodes that the parser's stack and its arena grow */

static tb_status parse_large_yaml(tb_error *err)
{
    tb_yaml *doc = NULL;
    tb_status status = tb_yaml_parse(large_yaml, strlen(large_yaml), "a.yaml", &doc, err);
    tb_yaml_destroy(doc);
    return status;
}

static void alloc_failures__yaml(void **state)
{
    (void)state;
    tb_test_fail_each("yaml", parse_yaml);
    tb_buffer text = {0};
    for (int i = 0; i < 2000; i++) {
        tb_buffer_printf(&text, "key%d: [72, 96]\n", i);
    }
    large_yaml = text.data;
    tb_test_fail_each("large yaml", parse_large_yaml);
    tb_buffer_free(&text);
}

static const char *input_path;

static tb_status read_yaml(tb_error *err)
{
    tb_yaml *doc = NULL;
    tb_status status = tb_yaml_read(input_path, &doc, err);
    tb_yaml_destroy(doc);
    return status;
}

static void alloc_failures__yaml_file(void **state)
{
    (void)state;
    input_path = tb_test_file("a.yaml", "a: 72\n", 6);
    tb_test_fail_each("yaml file", read_yaml);
}

static tb_document *build_document(void)
{
    tb_document *doc = tb_document_create("result", "0.1.0");
    tb_document_ints(doc, "layout", (const int64_t[]){30, 48, 80}, 3);
    tb_document_bools(doc, "causal", (const bool[]){true, false}, 2);
    tb_document_open_array(doc, "runs");
    for (int i = 0; i < 3; i++) {
        tb_document_open_object(doc, NULL);
        tb_document_text(doc, "name", "a, \"b\" \xff");
        tb_document_double(doc, "time_us", 7.3e12);
        tb_document_double(doc, "none", (double)i / 0.0);
        tb_document_open_object(doc, "bound");
        tb_document_bool(doc, "whole", true);
        tb_document_null(doc, "basis");
        tb_document_close(doc);
        tb_document_open_array(doc, "notes");
        tb_document_text(doc, NULL, "first");
        tb_document_close(doc);
        tb_document_close(doc);
    }
    tb_document_close(doc);
    return doc;
}

/* Print behind text that is there already, which a failure must leave. */
static tb_status print_document(const char *rows, bool csv, tb_error *err)
{
    tb_buffer out = {0};
    tb_buffer_text(&out, "kept");
    tb_document *doc = build_document();
    tb_status status = tb_buffer_check(&out, err);
    if (status == TB_OK) {
        status = csv ? tb_document_csv(doc, rows, &out, err) : tb_document_json(doc, &out, err);
    }
    if (status != TB_OK && out.data != NULL) {
        assert_string_equal(out.data, "kept");
    }
    tb_document_destroy(doc);
    tb_buffer_free(&out);
    return status;
}

static tb_status print_json(tb_error *err)
{
    return print_document(NULL, false, err);
}

static tb_status print_csv_line(tb_error *err)
{
    return print_document(NULL, true, err);
}

static tb_status print_csv_rows(tb_error *err)
{
    return print_document("runs", true, err);
}

static void alloc_failures__document(void **state)
{
    (void)state;
    json_set_alloc_funcs(__wrap_malloc, free);
    tb_test_fail_each("json", print_json);
    tb_test_fail_each("csv of the document", print_csv_line);
    tb_test_fail_each("csv of rows", print_csv_rows);
    json_set_alloc_funcs(malloc, free);
}

static tb_status make_matrix(tb_error *err)
{
    tb_bit_matrix *matrix = NULL;
    tb_status status = tb_bit_matrix_create(72, 96, &matrix, err);
    tb_bit_matrix_destroy(matrix);
    return status;
}

static tb_status read_mask(tb_error *err)
{
    tb_bit_matrix *matrix = NULL;
    tb_status status = tb_mask_file_read(input_path, &matrix, err);
    tb_bit_matrix_destroy(matrix);
    return status;
}

static void alloc_failures__masks(void **state)
{
    (void)state;
    static const char npy[] = "\x93NUMPY\1\0\x3a\0{'descr': '|b1', 'fortran_order': False, "
                              "'shape': (1, 3)}\n\1\0\1";
    tb_test_fail_each("bit matrix", make_matrix);
    input_path = tb_test_file("mask.npy", npy, sizeof npy - 1);
    tb_test_fail_each("npy", read_mask);
    input_path = tb_test_file("mask.pbm", "P1 3 1 101", 10);
    tb_test_fail_each("pbm", read_mask);
    input_path = tb_test_file("raw.pbm", "P4 3 1 \xa0", 8);
    tb_test_fail_each("raw pbm", read_mask);
}

static const char *output_path;

static tb_status write_npy(tb_error *err)
{
    static const int32_t values[] = {72, 96};
    return tb_npy_write_i32(output_path, (const int64_t[]){2}, 1, values, err);
}

static void alloc_failures__written_file(void **state)
{
    (void)state;
    output_path = tb_test_path("out.npy");
    tb_test_fail_each("npy file", write_npy);
}

static tb_status list_directory(tb_error *err)
{
    const char *const *names;
    size_t count;
    tb_arena *arena = tb_arena_create();
    tb_status status = arena == NULL ? tb_fail(err, TB_ENOMEM, "no memory for an arena")
                                     : tb_file_list(input_path, ".x", arena, &names, &count, err);
    tb_arena_destroy(arena);
    return status;
}

static void alloc_failures__directory(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) { /* more names than one chunk of the arena holds */
        char name[32];
        (void)snprintf(name, sizeof name, "kernel-%d.x", i);
        (void)tb_test_file(name, "", 0);
    }
    input_path = tb_test_path("");
    tb_test_fail_each("directory", list_directory);
}

static tb_status find_data(tb_error *err)
{
    const char *path;
    tb_arena *arena = tb_arena_create();
    tb_status status = arena == NULL ? tb_fail(err, TB_ENOMEM, "no memory for an arena")
                                     : tb_data_path(arena, "models/kernels", &path, err);
    tb_arena_destroy(arena);
    return status;
}

static void alloc_failures__data_path(void **state)
{
    (void)state;
    tb_test_fail_each("data path", find_data);
}

TB_TESTS(cmocka_unit_test(alloc_failures__yaml), cmocka_unit_test(alloc_failures__yaml_file),
         cmocka_unit_test(alloc_failures__document), cmocka_unit_test(alloc_failures__masks),
         cmocka_unit_test(alloc_failures__written_file),
         cmocka_unit_test(alloc_failures__directory), cmocka_unit_test(alloc_failures__data_path));
