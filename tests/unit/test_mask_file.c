#include "test_support.h"

#include "mask_file.h"

#include <string.h>

static void assert_is_mask(const char *name, const char *data, size_t length)
{
    tb_bit_matrix *matrix = NULL;
    tb_error err;
    tb_assert_ok(tb_mask_file_read(tb_test_file(name, data, length), &matrix, &err), &err);
    assert_int_equal(matrix->rows, 1);
    assert_int_equal(matrix->cols, 3);
    assert_int_equal(*matrix->words, 5);
    tb_bit_matrix_destroy(matrix);
}

static void mask_file__kind_is_told_by_the_first_bytes(void **state)
{
    (void)state;
    static const char npy[] = "\x93NUMPY\1\0\x3a\0{'descr': '|b1', 'fortran_order': False, "
                              "'shape': (1, 3)}\n\1\0\1";
    assert_is_mask("mask", npy, sizeof npy - 1);
    assert_is_mask("mask.npy", "P1 3 1 101", 10); /* whatever its name says */
    assert_is_mask("mask.txt", "P4 3 1 \xa0", 8);
}

static void mask_file__other_files_are_refused(void **state)
{
    (void)state;
    tb_bit_matrix *matrix = NULL;
    tb_error err;
    const char *path = tb_test_file("mask.png", "\x89PNG", 4);
    tb_assert_fails(tb_mask_file_read(path, &matrix, &err), &err, TB_EFILE,
                    "not a mask file; a mask must be a NumPy .npy of bool or uint8, or a PBM");
    assert_string_equal(err.file, path);
    tb_assert_fails(tb_mask_file_read(tb_test_file("empty", "", 0), &matrix, &err), &err, TB_EFILE,
                    "an empty file; a mask must be");
    tb_assert_fails(tb_mask_file_read(tb_test_path("absent"), &matrix, &err), &err, TB_EFILE,
                    "cannot read");
    tb_assert_fails(tb_mask_file_read(tb_test_path(""), &matrix, &err), &err, TB_EFILE,
                    "is a directory");
    assert_null(matrix);
}

TB_TESTS(cmocka_unit_test(mask_file__kind_is_told_by_the_first_bytes),
         cmocka_unit_test(mask_file__other_files_are_refused));
