/* CSV to cells with places: what RFC 4180 says, and what is refused. */
#include "test_support.h"

#include "csv_doc.h"

#include <stdlib.h>
#include <string.h>

static tb_csv *parse(const char *text)
{
    tb_csv *doc = NULL;
    tb_error err;
    tb_assert_ok(tb_csv_parse(text, strlen(text), "a.csv", &doc, &err), &err);
    return doc;
}

static void refused(const char *text, size_t length, const char *part, int line, int column)
{
    tb_csv *doc = NULL;
    tb_error err;
    tb_assert_fails(tb_csv_parse(text, length, "a.csv", &doc, &err), &err, TB_EFILE, part);
    assert_string_equal(err.file, "a.csv");
    tb_assert_position(&err, line, column);
    assert_null(doc);
}

static void refused_text(const char *text, const char *part, int line, int column)
{
    refused(text, strlen(text), part, line, column);
}

static void assert_cell(const tb_csv_cell *cell, const char *text, int line, int column)
{
    assert_string_equal(cell->text, text);
    assert_int_equal(cell->line, line);
    assert_int_equal(cell->column, column);
}

static void csv__cells_know_their_places(void **state)
{
    (void)state;
    tb_csv *doc = parse("id,time_us\na,7.3\n bb ,\n");
    assert_int_equal(tb_csv_columns(doc), 2);
    assert_int_equal(tb_csv_rows(doc), 2);
    assert_string_equal(tb_csv_name(doc), "a.csv");
    assert_cell(tb_csv_header(doc, 1), "time_us", 1, 4);
    assert_cell(tb_csv_at(doc, 0, 1), "7.3", 2, 3);
    assert_cell(tb_csv_at(doc, 1, 0), " bb ", 3, 1); /* spaces belong to a cell */
    assert_cell(tb_csv_at(doc, 1, 1), "", 3, 6);
    tb_error err;
    assert_int_equal(tb_csv_fail(doc, tb_csv_at(doc, 0, 1), &err, "%d is wrong", 72), TB_EFILE);
    assert_string_equal(err.message, "72 is wrong");
    tb_assert_position(&err, 2, 3);
    tb_csv_destroy(doc);
}

static void csv__quotes_hold_commas_quotes_and_lines(void **state)
{
    (void)state;
    tb_csv *doc = parse("a,b,c\n\"30,48\",\"say \"\"no\"\"\",\"two\r\nlines\"\n\"\",\"\"\"\",x\n");
    assert_int_equal(tb_csv_rows(doc), 2);
    assert_cell(tb_csv_at(doc, 0, 0), "30,48", 2, 1);
    assert_cell(tb_csv_at(doc, 0, 1), "say \"no\"", 2, 9);
    assert_cell(tb_csv_at(doc, 0, 2), "two\r\nlines", 2, 22);
    assert_cell(tb_csv_at(doc, 1, 0), "", 4, 1); /* a line later than its row says */
    assert_cell(tb_csv_at(doc, 1, 1), "\"", 4, 4);
    assert_cell(tb_csv_at(doc, 1, 2), "x", 4, 9);
    tb_csv_destroy(doc);
}

static void csv__every_line_end_ends_a_line(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a,b\n7,9\n12,\n",
        "a,b\r\n7,9\r\n12,\r\n",
        "a,b\r7,9\r12,\r",
        "a,b\n7,9\n12,",
        ("\xef\xbb\xbf"
         "a,b\n7,9\n12,\n"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        tb_csv *doc = parse(texts[i]);
        assert_int_equal(tb_csv_rows(doc), 2);
        assert_cell(tb_csv_header(doc, 0), "a", 1, 1);
        assert_cell(tb_csv_at(doc, 0, 1), "9", 2, 3);
        assert_cell(tb_csv_at(doc, 1, 1), "", 3, 4);
        tb_csv_destroy(doc);
    }
    tb_csv *doc = parse("\n\na,b\n\n7,9\n\n"); /* empty lines count, and hold nothing */
    assert_int_equal(tb_csv_rows(doc), 1);
    assert_cell(tb_csv_at(doc, 0, 0), "7", 5, 1);
    tb_csv_destroy(doc);
}

static void csv__columns_count_characters(void **state)
{
    (void)state;
    tb_csv *doc = parse("\xc3\xa9t\xc3\xa9,b\n"); /* two of two bytes each */
    assert_int_equal(tb_csv_rows(doc), 0);
    assert_cell(tb_csv_header(doc, 1), "b", 1, 5);
    tb_csv_destroy(doc);
}

static void csv__what_is_not_csv_is_refused_in_its_place(void **state)
{
    (void)state;
    refused_text("", "its first line must name the columns", 1, 1);
    refused_text("\n\r\n", "its first line must name the columns", 1, 1);
    refused_text("a,b\n1,\"2\n3", "a quoted cell that does not end", 2, 3);
    refused_text("a,b\n1,\"2\"3\n", "text after a closing quote", 2, 6);
    refused_text("a,b\n1,2\"3\n", "a quote inside a cell", 2, 4);
    refused_text("a,b\n1\n", "1 cells for the 2 columns", 2, 1);
    refused_text("a,b\n1,2,3\n", "a cell beyond the 2 columns that the first line names", 2, 5);
    refused_text("a,,b\n", "a column without a name", 1, 3);
    refused_text("a,b,a\n", "column 'a' is named twice", 1, 5);
    refused_text("a,b\n\xff,2\n", "the file must be UTF-8", 2, 1);
    refused("a,b\n1,\0\n", 8, "a NUL character", 2, 3);
    char wide[2 * TB_CSV_MAX_COLUMNS + 4];
    memset(wide, ',', sizeof wide);
    wide[sizeof wide - 1] = '\0';
    refused_text(wide, "a cell beyond the 256 columns that are read", 1, 257);
}

static void csv__a_large_file_is_refused(void **state)
{
    (void)state;
    tb_csv *doc = NULL;
    tb_error err;
    char *text = calloc(1, TB_CSV_MAX_BYTES + 1);
    assert_non_null(text);
    tb_assert_fails(tb_csv_parse(text, TB_CSV_MAX_BYTES + 1, "a.csv", &doc, &err), &err, TB_EFILE,
                    "too large");
    free(text);
}

static void csv__files_are_read(void **state)
{
    (void)state;
    tb_csv *doc = NULL;
    tb_error err;
    tb_assert_ok(tb_csv_read(tb_test_file("a.csv", "a\n72\n", 5), &doc, &err), &err);
    assert_string_equal(tb_csv_at(doc, 0, 0)->text, "72");
    tb_csv_destroy(doc);
    doc = NULL;
    tb_assert_fails(tb_csv_read(tb_test_path("none.csv"), &doc, &err), &err, TB_EFILE, "");
    assert_null(doc);
    tb_csv_destroy(NULL);
}

TB_TESTS(cmocka_unit_test(csv__cells_know_their_places),
         cmocka_unit_test(csv__quotes_hold_commas_quotes_and_lines),
         cmocka_unit_test(csv__every_line_end_ends_a_line),
         cmocka_unit_test(csv__columns_count_characters),
         cmocka_unit_test(csv__what_is_not_csv_is_refused_in_its_place),
         cmocka_unit_test(csv__a_large_file_is_refused), cmocka_unit_test(csv__files_are_read));
