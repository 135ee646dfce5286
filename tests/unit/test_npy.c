#include "test_support.h"

#include "buffer.h"
#include "npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Begin a .npy of format `major`.0 with this dictionary (and the newline that ends it). */
static void begin_file(tb_buffer *file, int major, const char *dictionary)
{
    size_t length = strlen(dictionary) + 1;
    const unsigned char magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y', (unsigned char)major, 0};
    const unsigned char size[] = {(unsigned char)(length & 0xff), (unsigned char)(length >> 8), 0,
                                  0};
    tb_buffer_append(file, magic, sizeof magic);
    tb_buffer_append(file, size, major == 1 ? 2 : 4);
    tb_buffer_printf(file, "%s\n", dictionary);
}

static tb_status parse(const tb_buffer *file, tb_bit_matrix **out, tb_error *err)
{
    tb_file_bytes bytes = {.data = (const unsigned char *)file->data, .length = file->length};
    return tb_npy_parse_bits(bytes, "a.npy", out, err);
}

/* Check that a file of this dictionary and `length` zero elements is refused. */
static void assert_refused(const char *dictionary, size_t length, const char *part)
{
    tb_buffer file = {0};
    tb_bit_matrix *matrix = NULL;
    tb_error err;
    begin_file(&file, 1, dictionary);
    tb_buffer_repeat(&file, '\0', length);
    tb_assert_fails(parse(&file, &matrix, &err), &err, TB_EFILE, part);
    assert_string_equal(err.file, "a.npy");
    tb_assert_position(&err, 0, 0);
    assert_null(matrix);
    tb_buffer_free(&file);
}

/* Random elements of every shape that the packing treats apart agree with a plain loop. */
static void check_shape(gsl_rng *random, int64_t rows, int64_t cols, bool fortran)
{
    tb_buffer file = {0};
    char dictionary[200];
    (void)snprintf(dictionary, sizeof dictionary,
                   "{'descr': '|u1', 'fortran_order': %s, 'shape': (%lld, %lld), }",
                   fortran ? "True" : "False", (long long)rows, (long long)cols);
    begin_file(&file, 2, dictionary);
    size_t offset = file.length;
    for (int64_t i = 0; i < rows * cols; i++) {
        /* Any non-zero byte is set, 0x80 and 0x01 among them. */
        static const char values[] = {0, 0, 0, 1, 2, 0x40, (char)0x80, (char)0xff};
        tb_buffer_repeat(&file, values[tb_test_between(random, 0, 7)], 1);
    }
    tb_bit_matrix *matrix = NULL;
    tb_error err;
    tb_assert_ok(parse(&file, &matrix, &err), &err);
    assert_int_equal(matrix->rows, rows);
    assert_int_equal(matrix->cols, cols);
    for (int64_t r = 0; r < rows; r++) {
        const uint64_t *row = tb_bit_matrix_row(matrix, r);
        for (int64_t c = 0; c < cols; c++) {
            int64_t at = fortran ? c * rows + r : r * cols + c;
            assert_int_equal(tb_bits_get(row, c), file.data[offset + (size_t)at] != 0);
        }
        /* Bits past the end stay zero. */
        assert_false(tb_bits_any(row, cols, matrix->row_words * 64));
    }
    tb_bit_matrix_destroy(matrix);
    tb_buffer_free(&file);
}

static void npy__elements_of_both_orders_become_bits(void **state)
{
    (void)state;
    gsl_rng *random = tb_test_random();
    int cases = tb_test_cases(400);
    for (int c = 0; c < cases; c++) {
        int64_t rows = tb_test_between(random, 1, 150), cols = tb_test_between(random, 1, 150);
        check_shape(random, rows, cols, c % 2 == 0);
    }
    check_shape(random, 128, 64, false);
    check_shape(random, 128, 64, true);
    check_shape(random, 1, 1, true);
    check_shape(random, 4172, 3, true); /* more rows than are gathered at once */
    check_shape(random, 3, 4172, true);
    print_message("%d cases\n", cases);
    gsl_rng_free(random);
}

static void npy__headers_of_every_kind_are_read(void **state)
{
    (void)state;
    static const char *const right[] = {
        "{'descr': '|b1', 'fortran_order': False, 'shape': (2, 3), }",
        "{'shape':(2,3),'descr':'|i1','fortran_order':False}",
        "  { \"descr\" :\t\"?\" , \"fortran_order\" : False , \"shape\" : ( 2 , 3 , ) , }   ",
        "{'descr': '<u1', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': 'bool', 'fortran_order': False, 'shape': (2, 3)}",
    };
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        for (int major = 1; major <= 3; major++) {
            tb_buffer file = {0};
            tb_bit_matrix *matrix = NULL;
            tb_error err;
            begin_file(&file, major, right[i]);
            tb_buffer_append(&file, "\0\1\0\0\0\1", 6);
            tb_assert_ok(parse(&file, &matrix, &err), &err);
            assert_int_equal(*tb_bit_matrix_row(matrix, 0), 2); /* bit 1 */
            assert_int_equal(*tb_bit_matrix_row(matrix, 1), 4); /* bit 2 */
            tb_bit_matrix_destroy(matrix);
            tb_buffer_free(&file);
        }
    }
}

static void npy__other_dtypes_say_what_would_be_right(void **state)
{
    (void)state;
    assert_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24,
                   "dtype '<f4'; needs bool, uint8 or int8 (mask.astype(bool))");
    assert_refused("{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }", 48,
                   "dtype '<i8'; needs");
    assert_refused("{'descr': '', 'fortran_order': False, 'shape': (2, 3), }", 6,
                   "dtype ''; needs");
    assert_refused("{'descr': [('a', '|b1')], 'fortran_order': False, 'shape': (2, 3), }", 6,
                   "a structured dtype; needs bool");
}

static void npy__shapes_must_be_two_dimensional(void **state)
{
    (void)state;
#define SHAPED(shape) "{'descr': '|b1', 'fortran_order': False, 'shape': " shape ", }"
    assert_refused(SHAPED("(72,)"), 72, "a 1-D array; needs 2 dimensions, queries x keys");
    assert_refused(SHAPED("()"), 1, "a 0-D array; needs 2 dimensions");
    assert_refused(SHAPED("(2, 3, 4)"), 24, "a 3-D array; needs 2 dimensions");
    assert_refused(SHAPED("(0, 96)"), 0, "an empty array of 0 x 96; needs at least one row");
    assert_refused(SHAPED("(72, 0)"), 0, "an empty array of 72 x 0");
    assert_refused(SHAPED("(-2, 3)"), 6, "needs a tuple of sizes below 2^63");
    assert_refused(SHAPED("(2 3)"), 6, "needs a tuple of sizes");
    assert_refused(SHAPED("(2, 3"), 6, "needs a tuple of sizes");
    assert_refused(SHAPED("[2, 3]"), 6, "needs a tuple such as (64, 64)");
    assert_refused(SHAPED("(2, 99999999999999999999)"), 6, "sizes below 2^63");
    assert_refused(SHAPED("(2, 999999999999999999999999999999)"), 6, "sizes below 2^63");
    /* 2^32 x 2^32 elements: the product wraps to 0. */
    assert_refused(SHAPED("(4294967296, 4294967296)"), 0, "must have fewer than 2^63");
}

static void npy__bytes_must_be_as_many_as_the_shape_says(void **state)
{
    (void)state;
    assert_refused(SHAPED("(72, 96)"), 6911, "cut off: 6911 bytes of elements; needs 6912, as 72");
    assert_refused(SHAPED("(72, 96)"), 6913, "too long: 6913 bytes of elements; needs 6912");
    /* A header that promises a terabyte allocates nothing. */
    assert_refused(SHAPED("(1048576, 1048576)"), 72, "cut off: 72 bytes");
}

static void npy__malformed_headers_are_refused(void **state)
{
    (void)state;
    assert_refused("", 6, "needs a dictionary in braces");
    assert_refused("[]", 6, "needs a dictionary in braces");
    assert_refused("{}", 6, "lacks a key; needs 'descr', 'fortran_order' and 'shape'");
    assert_refused("{'descr': '|b1', 'shape': (2, 3)}", 6, "lacks a key");
    assert_refused("{'descr': '|b1', 'descr': '|b1'}", 6, "unknown or repeated key 'descr'");
    assert_refused("{'order': False}", 6, "unknown or repeated key 'order'");
    assert_refused("{'descr': '|b1' 'shape': (2, 3)}", 6, "needs a comma between entries");
    assert_refused("{'descr' '|b1'}", 6, "needs a key in quotes and a colon");
    assert_refused("{'descr: 1}", 6, "needs a key in quotes and a colon");
    assert_refused("{descr: '|b1'}", 6, "needs a key in quotes and a colon");
    assert_refused("{'a key far longer than any that NumPy writes': 1}", 6,
                   "needs a key in quotes");
    assert_refused("{'descr': |b1}", 6, "needs a dtype such as '|b1'");
    assert_refused("{'fortran_order': 0}", 6, "needs True or False");
    assert_refused("{'fortran_order': Falsehood}", 6, "needs a comma between entries");
    assert_refused("{'fortran_order': TrueTrueTrue}", 6, "needs True or False");
    assert_refused(SHAPED("(2, 3)") " x", 6, "needs nothing but blanks after the dictionary");
}

static void npy__files_cut_anywhere_are_refused(void **state)
{
    (void)state;
    tb_buffer file = {0};
    begin_file(&file, 1, SHAPED("(2, 3)"));
    tb_buffer_repeat(&file, '\1', 6);
    tb_bit_matrix *matrix = NULL;
    tb_error err;
    for (size_t length = 0; length < file.length; length++) {
        tb_buffer cut = {.data = malloc(length + 1),
                         .length = length}; /* so that ASan sees reads */
        assert_non_null(cut.data);
        memcpy(cut.data, file.data, length);
        tb_assert_fails(parse(&cut, &matrix, &err), &err, TB_EFILE, "; needs ");
        free(cut.data);
    }
    file.data[6] = 4;
    tb_assert_fails(parse(&file, &matrix, &err), &err, TB_EFILE, ".npy format 4.0; needs 1.0, 2.0");
    file.data[0] = 'x';
    tb_assert_fails(parse(&file, &matrix, &err), &err, TB_EFILE, "not a .npy file; needs one that");
    tb_buffer_free(&file);
}

static void npy__int32_arrays_are_written_as_numpy_does(void **state)
{
    (void)state;
    static const int32_t values[] = {72, -1, 96, 65536, INT32_MIN, INT32_MAX};
    static const int64_t shape[] = {2, 3};
    const char *path = tb_test_path("out.npy");
    tb_error err;
    tb_assert_ok(tb_npy_write_i32(path, shape, 2, values, &err), &err);
    size_t length = 0;
    char *data = tb_test_read(path, &length);
    /* 128 bytes of header (NumPy pads to a multiple of 64), then 6 little-endian values. */
    static const char start[] = "\x93NUMPY\1\0\x76\0{'descr': '<i4', 'fortran_order': False, "
                                "'shape': (2, 3), }  ";
    assert_int_equal(length, 128 + 24);
    assert_memory_equal(data, start, sizeof start - 1);
    assert_memory_equal(data + 126, " \n", 2);
    assert_memory_equal(
        data + 128, "\x48\0\0\0\xff\xff\xff\xff\x60\0\0\0\0\0\1\0\0\0\0\x80\xff\xff\xff\x7f", 24);
    free(data);
}

static void npy__int32_arrays_of_every_rank_are_written(void **state)
{
    (void)state;
    static int32_t values[3000];
    static const int64_t shape[8] = {3000, 1, 1, 1, 1, 1, 1, 1};
    const char *path = tb_test_path("rank.npy");
    tb_error err;
    for (size_t rank = 1; rank <= 8; rank++) {
        tb_assert_ok(tb_npy_write_i32(path, shape, rank, values, &err), &err);
        size_t length = 0;
        char *data = tb_test_read(path, &length);
        assert_int_equal(length % 64, 12000 % 64);
        assert_non_null(strstr(data + 10, rank == 1 ? "(3000,)" : "(3000, 1"));
        free(data);
    }
    tb_assert_fails(tb_npy_write_i32(tb_test_path("no/out.npy"), shape, 1, values, &err), &err,
                    TB_EIO, "cannot write");
}

TB_TESTS(cmocka_unit_test(npy__elements_of_both_orders_become_bits),
         cmocka_unit_test(npy__headers_of_every_kind_are_read),
         cmocka_unit_test(npy__other_dtypes_say_what_would_be_right),
         cmocka_unit_test(npy__shapes_must_be_two_dimensional),
         cmocka_unit_test(npy__bytes_must_be_as_many_as_the_shape_says),
         cmocka_unit_test(npy__malformed_headers_are_refused),
         cmocka_unit_test(npy__files_cut_anywhere_are_refused),
         cmocka_unit_test(npy__int32_arrays_are_written_as_numpy_does),
         cmocka_unit_test(npy__int32_arrays_of_every_rank_are_written));
