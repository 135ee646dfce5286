#include "test_support.h"

#include "buffer.h"
#include "pbm.h"

#include <string.h>

static tb_status parse(const char *data, size_t length, tb_bit_matrix **out, tb_error *err)
{
    tb_file_bytes bytes = {.data = (const unsigned char *)data, .length = length};
    return tb_pbm_parse_bits(bytes, "a.pbm", out, err);
}

static void assert_refused_bytes(const char *data, size_t length, const char *part, int line,
                                 int column)
{
    tb_bit_matrix *matrix = NULL;
    tb_error err;
    tb_assert_fails(parse(data, length, &matrix, &err), &err, TB_EFILE, part);
    assert_string_equal(err.file, "a.pbm");
    tb_assert_position(&err, line, column);
    assert_null(matrix);
}

static void assert_refused(const char *text, const char *part, int line, int column)
{
    assert_refused_bytes(text, strlen(text), part, line, column);
}

/* Check that `data` is the 2 x 3 image 101 / 011. */
static void assert_is_example(const char *data, size_t length)
{
    tb_bit_matrix *matrix = NULL;
    tb_error err;
    tb_assert_ok(parse(data, length, &matrix, &err), &err);
    assert_int_equal(matrix->rows, 2);
    assert_int_equal(matrix->cols, 3);
    assert_int_equal(*tb_bit_matrix_row(matrix, 0), 5); /* bits 0 and 2 */
    assert_int_equal(*tb_bit_matrix_row(matrix, 1), 6); /* bits 1 and 2 */
    tb_bit_matrix_destroy(matrix);
}

static void pbm__plain_images_are_read_in_every_layout(void **state)
{
    (void)state;
    static const char *const same[] = {
        "P1\n3 2\n1 0 1\n0 1 1\n",
        "P1 3 2 101011",
        "P1\n# a comment\n3 # width\n#\n2\n1#x\n0 1\r\n0\t1\v\f1#end",
        "P1#c\n3\n\n2 10 10 11\n \n# more\n",
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_is_example(same[i], strlen(same[i]));
    }
}

static void pbm__raw_rows_are_whole_bytes_high_bit_first(void **state)
{
    (void)state;
    /* 101 and 011 in the high bits; the padding below is whatever the writer left. */
    assert_is_example("P4\n3 2\n\xa0\x60", 9);
    assert_is_example("P4\n3 2\n\xbf\x7f", 9);
    assert_is_example("P4 # comment\n3 2 \xbf\x7f", 19);
}

/* Print a random image both ways and read both back. */
static void check_size(gsl_rng *random, int64_t rows, int64_t cols)
{
    tb_buffer plain = {0}, raw = {0};
    bool bits[150 * 150];
    tb_buffer_printf(&plain, "P1\n%lld %lld\n", (long long)cols, (long long)rows);
    tb_buffer_printf(&raw, "P4\n%lld %lld\n", (long long)cols, (long long)rows);
    for (int64_t r = 0; r < rows; r++) {
        unsigned byte = 0;
        for (int64_t c = 0; c < (cols + 7) / 8 * 8; c++) {
            bool bit = tb_test_between(random, 0, 1) == 1;
            byte = byte << 1 | bit;
            if (c < cols) {
                bits[r * cols + c] = bit;
                tb_buffer_text(&plain, bit ? "1" : "0");
                tb_buffer_text(&plain, tb_test_between(random, 0, 9) == 0 ? "\n" : "");
            }
            if (c % 8 == 7) {
                tb_buffer_repeat(&raw, (char)(byte & 0xff), 1);
            }
        }
    }
    const tb_buffer *const files[] = {&plain, &raw};
    for (size_t f = 0; f < 2; f++) {
        tb_bit_matrix *matrix = NULL;
        tb_error err;
        tb_assert_ok(parse(files[f]->data, files[f]->length, &matrix, &err), &err);
        for (int64_t r = 0; r < rows; r++) {
            const uint64_t *row = tb_bit_matrix_row(matrix, r);
            for (int64_t c = 0; c < cols; c++) {
                assert_int_equal(tb_bits_get(row, c), bits[r * cols + c]);
            }
            assert_false(tb_bits_any(row, cols, matrix->row_words * 64));
        }
        tb_bit_matrix_destroy(matrix);
    }
    tb_buffer_free(&plain);
    tb_buffer_free(&raw);
}

static void pbm__random_images_read_back(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(400);
    for (int c = 0; c < cases; c++) {
        check_size(random, tb_test_between(random, 1, 150), tb_test_between(random, 1, 150));
    }
    check_size(random, 72, 64);
    check_size(random, 96, 128);
    print_message("%d cases\n", cases);
    gsl_rng_free(random);
}

static void pbm__complaints_have_lines_and_columns(void **state)
{
    (void)state;
    assert_refused("P1\n3 2\n1 0 1\n0 2 1\n", "'2' is no pixel; needs 0 or 1", 4, 3);
    assert_refused("P1\n3 2\n1 0 1\n0 \xff 1\n", "'?' is no pixel", 4, 3);
    assert_refused("P1\n3 2\n1 0 1\n1    1 ", "cut off at row 2 of 2; needs 3 pixels a row", 4, 8);
    assert_refused("P1\n3 2\n1 0 1\n0 1 1\n0", "text after the last pixel; needs exactly one", 5,
                   1);
    assert_refused("P1\n3\n# x\n  0", "no height; needs a number of at least 1", 4, 3);
    assert_refused("P1\nx 2", "no width; needs a number of at least 1", 2, 1);
    assert_refused("P1\n-3 2", "no width", 2, 1);
    assert_refused("P1\n3", "no height", 2, 2);
    assert_refused("P1", "no width", 1, 3);
    assert_refused("P13 2\n", "no blank after P1; needs one, then the width", 1, 3);
}

static void pbm__other_images_are_refused(void **state)
{
    (void)state;
    assert_refused("P5\n3 2\n255\n123456", "a P5 image; needs a bitmap, P1 or P4", 1, 1);
    assert_refused("P2\n3 2\n", "a P2 image; needs a bitmap", 1, 1);
    assert_refused("P8\n3 2\n", "not a PBM; needs P1 or P4", 1, 1);
    assert_refused("P", "not a PBM", 1, 1);
    assert_refused("", "not a PBM", 1, 1);
    assert_refused_bytes(NULL, 0, "not a PBM", 1, 1);
}

static void pbm__sizes_must_fit_the_file(void **state)
{
    (void)state;
    assert_refused("P1\n72 96\n1 0 1\n",
                   "96 rows of 72 pixels do not fit in the 7 bytes that follow; needs the whole", 2,
                   6);
    assert_refused_bytes("P4\n72 96\n\xff\xff", 11, "96 rows of 72 pixels do not fit in the 2", 3,
                         1);
    assert_refused_bytes("P4\n3 2\n\xff\xff\xff", 10, "1 bytes after the last row; needs exactly",
                         3, 3);
    assert_refused("P4\n3 2", "no blank after the height; needs one, then the pixels", 2, 4);
    assert_refused("P4\n3 2#\n", "no blank after the height", 2, 4);
    /* 2^32 x 2^32 pixels: the product wraps to 0. */
    assert_refused("P1\n4294967296 4294967296\n", "do not fit in the 1 bytes", 2, 22);
    assert_refused("P4\n9223372036854775807 9223372036854775807\n", "do not fit in the 0 bytes", 3,
                   1);
    assert_refused("P1\n9223372036854775808 1\n", "the width is too large; needs less than 2^63", 2,
                   1);
}

static void pbm__cut_raw_files_are_refused(void **state)
{
    (void)state;
    static const char whole[] = "P4\n72 2\n123456789987654321";
    for (size_t length = 0; length + 1 < sizeof whole; length++) {
        tb_buffer cut = {0};
        tb_bit_matrix *matrix = NULL;
        tb_error err;
        tb_buffer_append(&cut, whole, length);
        tb_assert_fails(parse(cut.data, length, &matrix, &err), &err, TB_EFILE, "; needs ");
        tb_buffer_free(&cut);
    }
}

TB_TESTS(cmocka_unit_test(pbm__plain_images_are_read_in_every_layout),
         cmocka_unit_test(pbm__raw_rows_are_whole_bytes_high_bit_first),
         cmocka_unit_test(pbm__random_images_read_back),
         cmocka_unit_test(pbm__complaints_have_lines_and_columns),
         cmocka_unit_test(pbm__other_images_are_refused),
         cmocka_unit_test(pbm__sizes_must_fit_the_file),
         cmocka_unit_test(pbm__cut_raw_files_are_refused));
